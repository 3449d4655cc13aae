// Package refengine is a slow reference of the exchange's accounting in
// decimal arithmetic. From a stream of events it looks only at what was traded
// (pair, side, quantity, prices, rate, sums moved between wallets) and works
// out amounts, fees, funding and balances anew; Check then holds the event's
// own figures against them, to the last decimal. Only tests use it.
//
// All money is in decimal.Decimal of whole USDT and coins, without any scaled
// integer, so that an error of scale elsewhere can not repeat itself here.
package refengine

import (
	"fmt"

	"carry"

	"github.com/shopspring/decimal"
)

// Engine is one account as the rules of the exchange would keep it.
type Engine struct {
	// LiquidationFee is the liquidation fee as a fraction of notional; nil takes
	// LiquidationFeeFrac of the pair's last EvRules.
	LiquidationFee func(pair int32, at carry.Time) float64
	// SettledFees are the fees of EvSettled; nil charges them as for a fill.
	SettledFees func(code carry.Code, at carry.Time) carry.Fees
	// BuyFeeInUSDT charges spot buys on the cash paid, in USDT, as an account
	// does that pays its fees in BNB bought beforehand; otherwise the fee is taken
	// from the coins.
	BuyFeeInUSDT bool
	// PlainFees are the fees without the discount for BNB, for an account with a
	// stock of BNB that may run out; feesAt then tells those with it. nil: there is
	// no such stock.
	PlainFees func(carry.Time) carry.Fees
	// IsolatedX > 0 gives every position a margin of its own, notional/IsolatedX.
	IsolatedX float64

	pairs   []carry.Pair
	feesAt  func(carry.Time) carry.Fees
	capital decimal.Decimal
	state   state
	held    []holding
	rules   []*float64 // liquidation fee by pair, once told
}

// state is what no pair owns.
type state struct {
	wallets [2]decimal.Decimal // USDT
	bnb     [2]decimal.Decimal // for fees
	flows   decimal.Decimal    // USDT, opening balances included
	opened  bool
}

// holding is what one pair owns.
type holding struct {
	coins     decimal.Decimal
	contracts decimal.Decimal // negative: short
	cost      decimal.Decimal // USDT, signed notional at entry
	margin    decimal.Decimal // USDT, isolated
	away      decimal.Decimal // coins in the futures wallet
}

// figures are an event's numbers as they must be, in USDT and coins.
type figures struct {
	amount, fee, feeCoins     decimal.Decimal
	balance, balance2, coins  decimal.Decimal
	feeBNB, bnb, bnb2, coins2 decimal.Decimal
}

// New returns the reference of an account that starts with capital USDT in its
// two wallets together. feesAt tells the fees in force; rates are rounded to
// steps of 1e-8.
func New(pairs []carry.Pair, feesAt func(carry.Time) carry.Fees, capital carry.Amount) *Engine {
	return &Engine{pairs: pairs, feesAt: feesAt, capital: steps(int64(capital)),
		held: make([]holding, len(pairs)), rules: make([]*float64, len(pairs))}
}

// Check works out the event's figures, compares them with the event's and goes
// on from there. The error names the figure and both values; the account is
// then as before the event. Amount, Fee, FeeCoins, Balance, Balance2 and Coins
// are not looked at before the comparison, except for what only the event can
// know: the snapshot's split, and the sums of flows and transfers.
func (e *Engine) Check(ev *carry.Event) error {
	want := *ev
	after, held, err := e.work(&want)
	if err != nil {
		return err
	}
	// Figures that the event's kind does not have are not the reference's business.
	spotTrade := ev.Leg == carry.Spot && (ev.Kind == carry.EvFill || ev.Kind == carry.EvSettled)
	if ev.Kind == carry.EvTransferred && ev.Asset.Pair() >= 0 {
		spotTrade = true // it tells coins as well
	}
	if ev.FeeBNB == 0 && ev.Kind != carry.EvSnapshot && ev.Asset != carry.BNB {
		want.BNB, want.BNB2 = ev.BNB, ev.BNB2
	} else if ev.FeeBNB != 0 {
		want.BNB2 = ev.BNB2
	}
	twoWallets := ev.Kind == carry.EvSnapshot || ev.Kind == carry.EvTransferred && ev.Code == carry.OK
	if !spotTrade {
		want.Coins = ev.Coins
	}
	if !twoWallets {
		want.Balance2 = ev.Balance2
	}
	for _, f := range [...]struct {
		name      string
		want, got decimal.Decimal
	}{
		{"amount", steps(int64(want.Amount)), steps(int64(ev.Amount))},
		{"fee", steps(int64(want.Fee)), steps(int64(ev.Fee))},
		{"fee in coins", want.FeeCoins.Decimal(8), ev.FeeCoins.Decimal(8)},
		{"balance", steps(int64(want.Balance)), steps(int64(ev.Balance))},
		{"second balance", steps(int64(want.Balance2)), steps(int64(ev.Balance2))},
		{"coins", want.Coins.Decimal(8), ev.Coins.Decimal(8)},
		{"coins in futures", want.Coins2.Decimal(8), ev.Coins2.Decimal(8)},
		{"fee in BNB", steps(int64(want.FeeBNB)), steps(int64(ev.FeeBNB))},
		{"BNB", steps(int64(want.BNB)), steps(int64(ev.BNB))},
		{"BNB in futures", steps(int64(want.BNB2)), steps(int64(ev.BNB2))},
	} {
		if !f.want.Equal(f.got) {
			return fmt.Errorf("event %d (%s%s): %s is %s by the reference, %s by the event",
				ev.Seq, ev.Kind, e.of(ev), f.name, f.want.StringFixed(8), f.got.StringFixed(8))
		}
	}
	e.commit(ev, after, held)
	return nil
}

// Complete writes the figures into the event instead of comparing them, so that
// a test can make a valid stream of events.
func (e *Engine) Complete(ev *carry.Event) error {
	after, held, err := e.work(ev)
	if err != nil {
		return err
	}
	e.commit(ev, after, held)
	return nil
}

func (e *Engine) of(ev *carry.Event) string {
	if ev.Pair < 0 || int(ev.Pair) >= len(e.pairs) || !concernsPair(ev.Kind) {
		return ""
	}
	return fmt.Sprintf(" of %s %s", e.pairs[ev.Pair].Coin, ev.Leg)
}

func concernsPair(k carry.EventKind) bool {
	return k == carry.EvPaid || k == carry.EvFill || k == carry.EvSettled || k == carry.EvLiquidated
}

// moves is the pair whose holding the event changes, or -1.
func moves(ev *carry.Event) int {
	if ev.Kind == carry.EvTransferred && ev.Code == carry.OK {
		return ev.Asset.Pair()
	}
	if concernsPair(ev.Kind) {
		return int(ev.Pair)
	}
	return -1
}

func (e *Engine) commit(ev *carry.Event, after state, held holding) {
	e.state = after
	if i := moves(ev); i >= 0 {
		e.held[i] = held
	}
	if ev.Kind == carry.EvRules && ev.Rules != nil && ev.Pair >= 0 && int(ev.Pair) < len(e.rules) {
		frac := ev.Rules.LiquidationFeeFrac
		e.rules[ev.Pair] = &frac
	}
}

// work replaces the event's figures by the reference's and returns the account
// after it.
func (e *Engine) work(ev *carry.Event) (state, holding, error) {
	s, h := e.state, holding{}
	if concernsPair(ev.Kind) {
		if ev.Pair < 0 || int(ev.Pair) >= len(e.pairs) {
			return s, h, fmt.Errorf("event %d (%s): pair %d is not of this universe", ev.Seq, ev.Kind, ev.Pair)
		}
	}
	if i := moves(ev); i >= 0 {
		h = e.held[i]
	}
	var f figures
	var err error
	switch ev.Kind {
	case carry.EvSnapshot:
		f, err = e.snapshot(ev, &s)
	case carry.EvFlow:
		f = flow(ev, &s)
	case carry.EvTransferred:
		if ev.Code != carry.OK {
			return s, h, nil
		}
		f = e.transfer(ev, &s, &h)
	case carry.EvPaid:
		f, err = e.funding(ev, &s, &h)
	case carry.EvLiquidated:
		f, err = e.liquidation(ev, &s, &h)
	case carry.EvFill, carry.EvSettled:
		if ev.Leg == carry.Spot {
			f = e.spotFill(ev, &s, &h)
		} else {
			f, err = e.perpFill(ev, &s, &h)
		}
	default:
		return s, h, nil
	}
	if err == nil {
		err = f.into(ev)
	}
	if err != nil {
		return s, h, fmt.Errorf("event %d (%s%s): %w", ev.Seq, ev.Kind, e.of(ev), err)
	}
	return s, h, nil
}

// into writes the figures in the event's fixed point.
func (f *figures) into(ev *carry.Event) (err error) {
	amount := func(d decimal.Decimal) carry.Amount {
		v := d.Shift(8)
		if !v.IsInteger() || !v.BigInt().IsInt64() {
			err = fmt.Errorf("%s is no amount of the exchange: %w", d, carry.ErrOverflow)
			return 0
		}
		return carry.Amount(v.IntPart())
	}
	wide := func(d decimal.Decimal) carry.Wide {
		v := d.Shift(8)
		if !v.IsInteger() || v.BigInt().BitLen() > 126 {
			err = fmt.Errorf("%s is no coin balance of the exchange: %w", d, carry.ErrOverflow)
			return carry.Wide{}
		}
		return wideOf(v)
	}
	ev.Amount, ev.Fee, ev.FeeCoins = amount(f.amount), amount(f.fee), wide(f.feeCoins)
	ev.Balance, ev.Balance2, ev.Coins, ev.Coins2 = amount(f.balance), amount(f.balance2), wide(f.coins), wide(f.coins2)
	ev.FeeBNB, ev.BNB, ev.BNB2 = amount(f.feeBNB), amount(f.bnb), amount(f.bnb2)
	return err
}

// wideOf takes an integer apart into two's complement words.
func wideOf(d decimal.Decimal) carry.Wide {
	word := decimal.New(1, 0).Add(decimal.NewFromUint64(1<<64 - 1))
	hi, lo := d.QuoRem(word, 0)
	if lo.IsNegative() {
		hi, lo = hi.Sub(decimal.New(1, 0)), lo.Add(word)
	}
	return carry.Wide{Hi: hi.IntPart(), Lo: lo.BigInt().Uint64()}
}

// steps is a figure in steps of 1e-8.
func steps(v int64) decimal.Decimal { return decimal.New(v, -8) }

// Wallets are the USDT of the spot and the futures wallet.
func (e *Engine) Wallets() (spot, futures decimal.Decimal) {
	return e.state.wallets[carry.SpotWallet], e.state.wallets[carry.PerpWallet]
}

// BNB is the stock for fees in both wallets; Equity does not count it.
func (e *Engine) BNB() decimal.Decimal { return e.state.bnb[0].Add(e.state.bnb[1]) }

// Coins is the pair's spot balance, Contracts its position (negative: short)
// and Cost the position's signed notional at entry, USDT.
func (e *Engine) Coins(pair int) decimal.Decimal { return e.held[pair].coins }

// Contracts is the pair's position, negative for a short.
func (e *Engine) Contracts(pair int) decimal.Decimal { return e.held[pair].contracts }

// Cost is the signed notional at entry of the pair's contracts, USDT.
func (e *Engine) Cost(pair int) decimal.Decimal { return e.held[pair].cost }

// Flows is the sum of the owner's deposits less withdrawals, USDT.
func (e *Engine) Flows() decimal.Decimal { return e.state.flows }

// Equity is both wallets, coins at spot and contracts at mark less their cost,
// USDT. Prices are indexed by pair and count only where something is held.
func (e *Engine) Equity(spot, mark []carry.Price) decimal.Decimal {
	sum := e.state.wallets[0].Add(e.state.wallets[1])
	for i, h := range e.held {
		if !h.coins.IsZero() {
			sum = sum.Add(h.coins.Mul(steps(int64(spot[i]))))
		}
		if !h.contracts.IsZero() {
			sum = sum.Add(h.contracts.Mul(steps(int64(mark[i])))).Sub(h.cost)
		}
	}
	return sum
}
