package book

import (
	"errors"
	"math"
	"strings"
	"testing"

	"carry"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// ledgerSum adds up postings, as a person with the postings file would.
type ledgerSum map[carry.Wallet]map[int32]decimal.Decimal

func (l ledgerSum) add(p *Posting) {
	if l[p.Wallet] == nil {
		l[p.Wallet] = map[int32]decimal.Decimal{}
	}
	l[p.Wallet][p.Asset] = l[p.Wallet][p.Asset].Add(p.Amount.Decimal(8))
}

// life is a book, its oracle and a ledger side by side.
type life struct {
	*rapid.T
	stream *stream
	book   *Book
	ledger ledgerSum
	spot   []carry.Price
	mark   []carry.Price
}

func newLife(t *rapid.T) *life {
	s := newStream()
	l := &life{T: t, stream: s, book: New(s.pairs), ledger: ledgerSum{},
		spot: make([]carry.Price, len(s.pairs)), mark: make([]carry.Price, len(s.pairs))}
	l.book.OnPosting = l.ledger.add
	l.step(s.open(draws{t}))
	return l
}

// step lets the oracle fill in the figures, tries every wrong one on the book
// and then the right ones.
func (l *life) step(ev carry.Event) {
	if err := l.stream.oracle.Complete(&ev); err != nil {
		l.Fatal(err)
	}
	before := l.book.pairs[ev.Pair]
	for _, w := range wrongs(&ev) {
		err := l.book.Apply(&w.ev)
		var m *Mismatch
		if !errors.As(err, &m) || !errors.Is(err, ErrBooks) || m.Figure != w.figure || m.Seq != ev.Seq {
			l.Fatalf("%s with a wrong %s went through or by another name: %v", ev.Kind, w.figure, err)
		}
		if l.book.pairs[ev.Pair] != before {
			l.Fatalf("a refused %s changed the books", ev.Kind)
		}
	}
	if err := l.book.Apply(&ev); err != nil {
		l.Fatalf("%+v: %v", ev, err)
	}
}

type wrong struct {
	figure string
	ev     carry.Event
}

// wrongs are copies of an event with one figure one step off.
func wrongs(ev *carry.Event) []wrong {
	var out []wrong
	bend := func(figure string, f func(*carry.Event, int64)) {
		for _, d := range []int64{-1, 1} {
			w := wrong{figure, *ev}
			f(&w.ev, d)
			out = append(out, w)
		}
	}
	balance := func(e *carry.Event, d int64) { e.Balance += carry.Amount(d) }
	switch ev.Kind {
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		if ev.Leg == carry.Spot {
			bend("coins", func(e *carry.Event, d int64) { e.Coins = e.Coins.Add(carry.WideFrom(d)) })
			bend("amount", func(e *carry.Event, d int64) { e.Amount += carry.Amount(d) })
		} else if ev.Kind != carry.EvLiquidated || ev.Balance != 0 {
			// With the insurance fund the amount is what makes the wallet 0: then a
			// wrong one is a wrong balance.
			bend("amount", func(e *carry.Event, d int64) { e.Amount += carry.Amount(d) })
		} else {
			out = append(out, wrong{"futures USDT", *ev})
			out[len(out)-1].ev.Amount++
		}
		if ev.Kind != carry.EvLiquidated || ev.Balance != 0 {
			bend(walletNames[ev.Leg], balance)
			bend(walletNames[ev.Leg], func(e *carry.Event, d int64) { e.Fee += carry.Amount(max(d, -int64(e.Fee)) | 1) })
		}
	case carry.EvPaid:
		bend("amount", func(e *carry.Event, d int64) { e.Amount += carry.Amount(d) })
		bend("futures USDT", balance)
		bend("contracts", func(e *carry.Event, d int64) { e.Qty += carry.Qty(d) })
	case carry.EvFlow:
		bend(walletNames[ev.Wallet], balance)
	case carry.EvTransferred:
		if ev.Code == carry.OK {
			bend("spot USDT", balance)
			bend("futures USDT", func(e *carry.Event, d int64) { e.Balance2 += carry.Amount(d) })
		}
	}
	return out
}

// check holds the book against the oracle, the ledger and the identity.
func (l *life) check() {
	for i, p := range l.stream.prices {
		l.spot[i] = carry.Price(rapid.Int64Range(1, 3*p).Draw(l.T, "spot price"))
		l.mark[i] = carry.Price(rapid.Int64Range(1, 3*p).Draw(l.T, "mark price"))
	}
	residual, err := l.book.Residual(l.spot, l.mark)
	if err != nil || residual != (carry.Wide{}) {
		l.Fatalf("residual %v, %v", residual, err)
	}
	equity, err := l.book.Equity(l.spot, l.mark)
	if want := l.stream.oracle.Equity(l.spot, l.mark); err != nil || !equity.Decimal(16).Equal(want) {
		l.Fatalf("equity %s, oracle %s (%v)", equity.Decimal(16), want, err)
	}
	if !l.book.Flows().Decimal(16).Equal(l.stream.oracle.Flows()) {
		l.Fatalf("flows %s, oracle %s", l.book.Flows().Decimal(16), l.stream.oracle.Flows())
	}
	a := l.book.Account()
	spot, futures := l.stream.oracle.Wallets()
	l.same("spot USDT", carry.WideFrom(int64(a.SpotUSDT)).Decimal(8), spot, l.ledger[carry.SpotWallet][USDT])
	l.same("futures USDT", carry.WideFrom(int64(a.PerpUSDT)).Decimal(8), futures, l.ledger[carry.PerpWallet][USDT])
	for i := range l.stream.pairs {
		coins, cost := l.stream.oracle.Coins(i), l.stream.oracle.Cost(i)
		l.same("coins", a.SpotCoins[i].Decimal(8), coins, l.ledger[carry.SpotWallet][int32(i)])
		l.same("contracts", decimal.New(int64(a.PerpQty[i]), -int32(l.stream.pairs[i].QtyDp)), l.stream.oracle.Contracts(i))
		l.same("cost", a.PerpCost[i].Decimal(16), cost)
		l.near("coins", a.SpotCoinsF[i], coins)
		l.near("contracts", a.PerpQtyF[i], l.stream.oracle.Contracts(i))
		l.near("cost", a.PerpCostF[i], cost)
	}
}

func (l *life) same(name string, got decimal.Decimal, want ...decimal.Decimal) {
	for _, w := range want {
		if !got.Equal(w) {
			l.Fatalf("%s: %s, want %s", name, got, w)
		}
	}
}

func (l *life) near(name string, got float64, want decimal.Decimal) {
	w, _ := want.Float64()
	if math.Abs(got-w) > 4e-16*math.Abs(w) {
		l.Fatalf("mirror of %s: %v, want %v", name, got, w)
	}
}

func TestBookFollowsTheOracleAndTheIdentityHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, d := newLife(t), draws{t}
		t.Repeat(map[string]func(*rapid.T){
			"":           func(*rapid.T) { l.check() },
			"buy":        func(*rapid.T) { l.step(l.stream.spotTrade(d, carry.Buy)) },
			"sell":       func(*rapid.T) { l.step(l.stream.spotTrade(d, carry.Sell)) },
			"perp":       func(*rapid.T) { l.step(l.stream.perpTrade(d)) },
			"perp again": func(*rapid.T) { l.step(l.stream.perpTrade(d)) },
			"reduce":     func(*rapid.T) { l.step(l.stream.reduction(d, carry.EvFill)) },
			"settle":     func(*rapid.T) { l.step(l.stream.reduction(d, carry.EvSettled)) },
			"liquidate":  func(*rapid.T) { l.step(l.stream.reduction(d, carry.EvLiquidated)) },
			"fund":       func(*rapid.T) { l.step(l.stream.funding(d)) },
			"transfer":   func(*rapid.T) { l.step(l.stream.cash(d, carry.EvTransferred)) },
			"flow":       func(*rapid.T) { l.step(l.stream.cash(d, carry.EvFlow)) },
			"market":     func(*rapid.T) { l.step(l.stream.stamp(carry.Event{Kind: carry.EvMarket})) },
		})
	})
}

// Figures of any size: the book either follows the oracle exactly or says that
// it can not; it never wraps.
func TestHugeFiguresAreExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStream()
		b := New(s.pairs)
		big := rapid.Int64Range(1, math.MaxInt64)
		for n := rapid.IntRange(1, 8).Draw(t, "events"); n > 0; n-- {
			i := rapid.Int32Range(0, 3).Draw(t, "pair")
			ev := s.stamp(carry.Event{Kind: carry.EvFill, Pair: i, Leg: carry.Leg(rapid.IntRange(0, 1).Draw(t, "leg")), Side: carry.Sell})
			if rapid.Bool().Draw(t, "buy") {
				ev.Side = carry.Buy
			}
			ev.Wallet = carry.Wallet(ev.Leg)
			ev.Qty = carry.Qty(big.Draw(t, "quantity")>>rapid.IntRange(0, 62).Draw(t, "less") | 1)
			ev.Price = carry.Price(big.Draw(t, "price")>>rapid.IntRange(0, 62).Draw(t, "cheaper") | 1)
			ev.Ref = carry.Price(big.Draw(t, "mid")>>rapid.IntRange(0, 62).Draw(t, "lower") | 1)
			if s.oracle.Complete(&ev) != nil {
				continue // not even the exchange's own figures fit, or it crosses zero
			}
			if err := b.Apply(&ev); err != nil {
				if !errors.Is(err, carry.ErrOverflow) {
					t.Fatalf("%+v: %v", ev, err)
				}
				return
			}
			prices := make([]carry.Price, len(s.pairs))
			for k := range prices {
				prices[k] = carry.Price(big.Draw(t, "valued at"))
			}
			equity, err := b.Equity(prices, prices)
			want := s.oracle.Equity(prices, prices)
			if err == nil && !equity.Decimal(16).Equal(want) {
				t.Fatalf("equity %s, oracle %s", equity.Decimal(16), want)
			}
			if err != nil && !errors.Is(err, carry.ErrOverflow) {
				t.Fatal(err)
			}
			if r, err := b.Residual(prices, prices); err == nil && r != (carry.Wide{}) {
				t.Fatalf("residual %v", r)
			}
		}
	})
}

// The two sides of the identity come from different fields: a wrong posting or
// a wrong balance is seen, at its exact size.
func TestResidualShowsATamperedBook(t *testing.T) {
	prices := []carry.Price{2, 3, 5, 7}
	for name, tamper := range map[string]func(*Book){
		"a part":     func(b *Book) { b.pairs[1].ledger.Dust.Lo++ },
		"a wallet":   func(b *Book) { b.wallets[1]++ },
		"coins":      func(b *Book) { b.pairs[2].coins.Lo++ },
		"contracts":  func(b *Book) { b.pairs[3].qty++ },
		"cost":       func(b *Book) { b.pairs[0].cost.Lo++ },
		"flows":      func(b *Book) { b.flows.Lo++ },
		"their sums": func(b *Book) { b.pairs[3].ledger.qty++ },
	} {
		b := New(testPairs())
		if r, err := b.Residual(prices, prices); err != nil || r != (carry.Wide{}) {
			t.Fatalf("an empty book has residual %v, %v", r, err)
		}
		tamper(b)
		if r, err := b.Residual(prices, prices); err != nil || r == (carry.Wide{}) {
			t.Errorf("%s tampered with: residual %v, %v", name, r, err)
		}
	}
}

func TestEventsThatCanNotBeAreRefused(t *testing.T) {
	fill := carry.Event{Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Sell, Qty: 5, Price: 100, Ref: 100}
	change := func(f func(*carry.Event)) carry.Event {
		ev := fill
		f(&ev)
		return ev
	}
	for want, ev := range map[string]carry.Event{
		"crosses through zero":    change(func(e *carry.Event) { e.Side, e.Qty = carry.Buy, 6 }),
		"no side":                 change(func(e *carry.Event) { e.Side = 0 }),
		"needs a quantity":        change(func(e *carry.Event) { e.Qty = 0 }),
		"reference price":         change(func(e *carry.Event) { e.Ref = 0 }),
		"a fee below nothing":     change(func(e *carry.Event) { e.Fee = -1 }),
		"charged in USDT":         change(func(e *carry.Event) { e.FeeCoins.Lo = 1 }),
		"no such leg":             change(func(e *carry.Event) { e.Leg = 2 }),
		"not of this universe":    change(func(e *carry.Event) { e.Pair = 4 }),
		"closes nothing":          change(func(e *carry.Event) { e.Kind = carry.EvLiquidated }),
		"no such wallet":          {Kind: carry.EvFlow, Wallet: 2},
		"less than nothing":       {Kind: carry.EvTransferred, Amount: -1},
		"do not know this kind":   {Kind: 0},
		"paid in the futures":     {Kind: carry.EvPaid, Qty: 5, Price: 100},
		"contracts is 0.005 by":   {Kind: carry.EvPaid, Qty: 6, Price: 100, Wallet: carry.PerpWallet},
		"does not fit":            {Kind: carry.EvFlow, Amount: math.MinInt64, Wallet: carry.PerpWallet},
		"spot USDT is 0.00000000": {Kind: carry.EvSnapshot, Balance: 1},
	} {
		b := New(testPairs())
		for _, first := range []carry.Event{{Kind: carry.EvSnapshot}, {Kind: carry.EvFlow, Amount: -5, Balance: -5, Wallet: carry.PerpWallet}, fill} {
			first.Balance = b.wallets[1] + first.Amount
			if err := b.Apply(&first); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Apply(&ev); !errors.Is(err, ErrBooks) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestMismatchNamesEventFigureAndBothValues(t *testing.T) {
	b := New(testPairs())
	err := b.Apply(&carry.Event{Kind: carry.EvFill, Seq: 17, Pair: 3, Side: carry.Buy, Qty: 10, Price: 3 * carry.Unit, Ref: 3 * carry.Unit,
		Amount: -3 * carry.Unit, Balance: -3*carry.Unit + 1})
	want := "books violated: event 17 (fill of ADA): spot USDT is -3.00000000 by the book, -2.99999999 by the venue"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
