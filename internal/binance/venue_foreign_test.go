package binance

import (
	"testing"

	"carry"
	"carry/internal/binance/wire"
	"carry/internal/book"
)

// Coins and money that came or went without a trade are booked as the owner's, at
// the last price: afterwards both views and the books agree, and none of it is
// profit.
func TestDepositsByOthersAreTheOwners(t *testing.T) {
	pairs := []carry.Pair{{Coin: "ETH", SpotSymbol: "ETHUSDT", PerpSymbol: "ETHUSDT", QtyDp: 3, Mult: 1}, {Coin: "BTC", SpotSymbol: "BTCUSDT", PerpSymbol: "BTCUSDT", QtyDp: 5, Mult: 1}}
	v := &Venue{o: VenueOptions{Pairs: pairs, Log: func(string) {}}, mirror: newMirror(pairs)}
	v.market.reset(pairs)
	v.market.spotLast = []float64{1800.37, 43_210.01}
	books := book.New(pairs)
	tell := func() (kinds string) {
		t.Helper()
		for k := range v.out {
			ev := &v.out[k]
			ev.Seq = uint64(k + 1)
			if err := books.Apply(ev); err != nil {
				t.Fatal(err)
			}
			kinds += ev.Kind.String() + " "
		}
		v.out = v.out[:0]
		return kinds
	}
	v.mirror.ours.usdt = [2]carry.Amount{1000 * carry.Unit, 500 * carry.Unit}
	v.mirror.their.usdt = v.mirror.ours.usdt
	v.emit(carry.Event{Kind: carry.EvSnapshot, At: 1, Pair: -1, Balance: 1000 * carry.Unit, Balance2: 500 * carry.Unit})
	tell()
	for _, s := range []struct {
		name string
		do   func(h *holdings)
		want string
	}{
		{"coins came", func(h *holdings) { h.coins[0] = h.coins[0].Add(carry.WideFrom(250_000_000)) }, "flow fill "},
		{"a part of them went", func(h *holdings) { h.coins[0] = h.coins[0].Sub(carry.WideFrom(100_300_000)) }, "fill flow "},
		{"money came", func(h *holdings) { h.usdt[0] += 77 }, "flow "},
		{"money went from futures, coins came", func(h *holdings) { h.usdt[1] -= 12_345; h.coins[1] = carry.WideFrom(5_000) }, "flow fill flow "},
		{"nothing happened", func(*holdings) {}, ""},
	} {
		s.do(&v.mirror.their)
		v.bookCoins(9)
		v.bookMoney(9)
		if got := tell(); got != s.want {
			t.Errorf("%s: told %q, want %q", s.name, got, s.want)
		}
		if what := v.mirror.differs(); what != "" {
			t.Errorf("%s: %s", s.name, what)
		}
		for i := range pairs {
			if books.Account().SpotCoins[i] != v.mirror.their.coins[i] {
				t.Errorf("%s: the books hold %v of %s", s.name, books.Account().SpotCoins[i], pairs[i].Coin)
			}
		}
		if a := books.Account(); a.SpotUSDT != v.mirror.their.usdt[0] || a.PerpUSDT != v.mirror.their.usdt[1] {
			t.Errorf("%s: the books hold %s and %s USDT", s.name, a.SpotUSDT, a.PerpUSDT)
		}
		total, err := books.Total([]carry.Price{carry.PriceFromFloat(1800.37), carry.PriceFromFloat(43_210.01)}, make([]carry.Price, 2))
		if err != nil {
			t.Fatal(err)
		}
		if got := total.Total.Decimal(16).InexactFloat64(); got > 1e-7 || got < -1e-7 {
			t.Errorf("%s: a profit of %g", s.name, got)
		}
	}
	// What is less than a quantum cannot be a fill: it stays known.
	v.mirror.their.coins[0] = v.mirror.their.coins[0].Add(carry.WideFrom(7))
	v.bookCoins(9)
	if v.mirror.differs() == "" || len(v.out) != 0 {
		t.Error("seven hundred-millionths of a coin were booked")
	}
	if v.mirror.accept(); v.mirror.differs() != "" {
		t.Errorf("known, and still told: %s", v.mirror.differs())
	}
}

// A trade by hand that turns a short round is two fills, which the books take;
// everything realised belongs to the first.
func TestATradeThatTurnsAShortRound(t *testing.T) {
	pairs := []carry.Pair{{Coin: "ETH", SpotSymbol: "ETHUSDT", PerpSymbol: "ETHUSDT", QtyDp: 3, Mult: 1}}
	v := &Venue{o: VenueOptions{Pairs: pairs, Log: func(string) {}}, mirror: newMirror(pairs), flights: newFlights()}
	v.market.reset(pairs)
	books := book.New(pairs)
	v.mirror.ours.usdt[carry.PerpWallet] = 5000 * carry.Unit
	v.emit(carry.Event{Kind: carry.EvSnapshot, At: 1, Pair: -1, Balance2: 5000 * carry.Unit})
	short := &wire.OrderNews{Market: wire.Futures, Symbol: "ETHUSDT", Client: "hand-1", Side: carry.Sell, TradeID: 1, At: 2, Execution: "TRADE",
		LastQty: "0.500", Price: 1800 * carry.Unit, FeeAsset: "USDT", Fee: "0.36"}
	round := &wire.OrderNews{Market: wire.Futures, Symbol: "ETHUSDT", Client: "hand-2", Side: carry.Buy, TradeID: 2, At: 3, Execution: "TRADE",
		LastQty: "0.800", Price: 1700 * carry.Unit, FeeAsset: "USDT", Fee: "0.544", Realised: 50 * carry.Unit}
	for _, n := range []*wire.OrderNews{short, round, round} { // the last is told again
		if v.flights.traded[n.Market][n.TradeID] {
			continue
		}
		if err := v.foreignTrade(n, 0); err != nil {
			t.Fatal(err)
		}
	}
	for k := range v.out {
		ev := &v.out[k]
		ev.Seq = uint64(k + 1)
		if err := books.Apply(ev); err != nil {
			t.Fatal(err)
		}
	}
	a := books.Account()
	if want := (5000+50)*carry.Unit - 36_000_000 - 54_400_000; a.PerpQty[0] != 300 || a.PerpUSDT != carry.Amount(want) || len(v.out) != 4 {
		t.Errorf("%d events, %d contracts and %s USDT", len(v.out), a.PerpQty[0], a.PerpUSDT)
	}
}

// A session that is started again and again within an hour pauses.
func TestStartsWithinAnHourAreCounted(t *testing.T) {
	p := NewPast(0)
	hour := uint32(carry.Hour)
	for _, token := range []uint32{0, 5, 1000, 2000, hour, 4_294_000_000} {
		p.Event(&carry.Event{Kind: carry.EvSnapshot, At: 1, ID: token})
	}
	for _, c := range []struct {
		now  uint32
		want int
	}{{hour + 1, 4}, {hour + 5, 3}, {hour + 1001, 2}, {2*hour + 1, 0}, {1_000_000, 4}} {
		if got := p.recent(c.now, carry.Hour); got != c.want {
			t.Errorf("at %d: %d starts, want %d", c.now, got, c.want)
		}
	}
}
