package binance

import (
	"testing"

	"carry"
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
