package venuetest

import (
	"context"

	"carry"
	"carry/internal/risk"
)

// chapters are the contract.
var chapters = [...]struct {
	name string
	play func(w *witness)
}{
	{"a hedge is opened and closed", openAndClose},
	{"a resting order rests until it is canceled", restAndCancel},
	{"a post-only order never takes", postOnly},
	{"what cannot be had at once is canceled", immediate},
	{"reduce-only reduces", reduceOnly},
	{"transfers move what can be moved", transfers},
	{"timers come back", timers},
	{"nothing passes without approval", unapproved},
}

// qty is about value USDT of pair 0's leg in whole lots of a market order.
func (w *witness) qty(leg carry.Leg, value float64) carry.Qty {
	return w.rules.Legs[leg].FloorQty(w.stage.Pairs[0].QtyFloor(value / w.market.Mid(leg, 0)))
}

func (w *witness) order(leg carry.Leg, side carry.Side, q carry.Qty) carry.Command {
	return carry.Command{Kind: carry.CmdOrder, Leg: leg, Side: side, Qty: q, Ref: carry.PriceFromFloat(w.market.Mid(leg, 0)),
		ReduceOnly: leg == carry.Perp && side == carry.Buy, Code: carry.CodeHold}
}

// limit is the order at a fraction above (or below) the middle.
func (w *witness) limit(c carry.Command, life carry.Life, away float64) carry.Command {
	f, x := &w.rules.Legs[c.Leg], w.market.Mid(c.Leg, 0)*(1+away)
	c.Life, c.Limit = life, f.TickDown(x)
	if away > 0 {
		c.Limit = f.TickUp(x)
	}
	return c
}

// fills sends a market order and waits until it is done; all of it must fill.
func (w *witness) fills(c carry.Command) *told {
	w.t.Helper()
	o := w.send(c)
	w.until("the order is done", func() bool { return o.done })
	if o.filled != c.Qty {
		w.t.Fatalf("%s %s of %d: %d filled, then %s (%s)", c.Leg, c.Side, c.Qty, o.filled, o.final().Kind, o.final().Code)
	}
	return o
}

func openAndClose(w *witness) {
	w.ready()
	q := w.qty(carry.Perp, 200)
	short := w.fills(w.order(carry.Perp, carry.Sell, q))
	if short.final().At < short.cmd.At {
		w.t.Error("a fill before its order")
	}
	mult := carry.Qty(w.stage.Pairs[0].Mult)
	w.fills(w.order(carry.Spot, carry.Buy, w.rules.Legs[carry.Spot].CeilQty(q*mult)))
	a := w.book.Account()
	if a.PerpQty[0] != -q || a.SpotCoins[0].Sign() <= 0 {
		w.t.Fatalf("after opening %d contracts the account has %d and %s coins", q, a.PerpQty[0], a.SpotCoins[0])
	}
	// A sale of more than there is, and then of what there is.
	more := w.send(w.order(carry.Spot, carry.Sell, w.rules.Legs[carry.Spot].CeilQty(3*q*mult)))
	w.until("the sale is refused", func() bool { return more.done })
	if e := more.final(); e.Kind != carry.EvReject || e.Code != carry.CodeInsufficient {
		w.t.Errorf("a sale of coins that are not there: %s (%s)", e.Kind, e.Code)
	}
	w.fills(w.order(carry.Perp, carry.Buy, q))
	quanta, _ := a.SpotCoins[0].QuoFloor(carry.Pow10[8-w.stage.Pairs[0].QtyDp])
	have, _ := quanta.Int64()
	w.fills(w.order(carry.Spot, carry.Sell, w.rules.Legs[carry.Spot].FloorQty(carry.Qty(have))))
	if a.PerpQty[0] != 0 || a.PerpCost[0] != (carry.Wide{}) {
		w.t.Errorf("after closing, %d contracts at %s are left", a.PerpQty[0], a.PerpCost[0])
	}
}

func restAndCancel(w *witness) {
	for _, leg := range [...]carry.Leg{carry.Spot, carry.Perp} {
		w.ready()
		side, away := carry.Buy, -0.04
		if leg == carry.Perp {
			side, away = carry.Sell, 0.04
		}
		c := w.limit(w.order(leg, side, w.qty(leg, 200)), carry.GTC, away)
		o := w.send(c)
		w.until("the order rests", func() bool { return o.acked || o.done })
		if o.done {
			w.t.Fatalf("%s order 4 %% away: %s (%s)", leg, o.final().Kind, o.final().Code)
		}
		cancel := carry.Command{Kind: carry.CmdCancel, Pair: 0, Leg: leg, Side: side, Order: o.cmd.Order}
		w.send(cancel)
		w.until("the order is canceled", func() bool { return o.done })
		if e := o.final(); e.Kind != carry.EvCanceled || e.Code != carry.CodeCanceled || e.Qty != c.Qty {
			w.t.Errorf("canceled %s order: %s (%s) of %d", leg, e.Kind, e.Code, e.Qty)
		}
		w.send(cancel)
		w.until("the second cancel is refused", func() bool { return len(o.refusals) > 0 })
	}
}

func postOnly(w *witness) {
	for _, leg := range [...]carry.Leg{carry.Spot, carry.Perp} {
		w.ready()
		side, away := carry.Buy, 0.02
		if leg == carry.Perp {
			side, away = carry.Sell, -0.02
		}
		o := w.send(w.limit(w.order(leg, side, w.qty(leg, 200)), carry.PostOnly, away))
		w.until("the order is refused", func() bool { return o.done })
		if e := o.final(); e.Kind == carry.EvFill || e.Code != carry.CodePostOnly || o.filled != 0 {
			w.t.Errorf("post-only %s order through the market: %s (%s)", leg, e.Kind, e.Code)
		}
	}
}

func immediate(w *witness) {
	w.ready()
	c := w.limit(w.order(carry.Spot, carry.Buy, w.qty(carry.Spot, 200)), carry.IOC, -0.03)
	o := w.send(c)
	w.until("the order is done", func() bool { return o.done })
	if e := o.final(); e.Kind != carry.EvCanceled || e.Qty != c.Qty || o.acked {
		w.t.Errorf("an immediate order 3 %% below: %s (%s) of %d", e.Kind, e.Code, e.Qty)
	}
	w.ready()
	through := w.send(w.limit(w.order(carry.Spot, carry.Buy, w.qty(carry.Spot, 200)), carry.IOC, 0.03))
	w.until("the order is done", func() bool { return through.done })
	if through.filled != through.cmd.Qty {
		w.t.Errorf("an immediate order 3 %% above: %d of %d filled", through.filled, through.cmd.Qty)
	}
}

func reduceOnly(w *witness) {
	w.ready()
	q := w.qty(carry.Perp, 200)
	flat := w.send(w.order(carry.Perp, carry.Buy, q))
	w.until("the order is refused", func() bool { return flat.done })
	if e := flat.final(); e.Kind != carry.EvReject || e.Code != carry.CodeReduceOnly {
		w.t.Errorf("reduce-only with nothing to reduce: %s (%s)", e.Kind, e.Code)
	}
	w.ready()
	w.fills(w.order(carry.Perp, carry.Sell, q))
	w.ready()
	over := w.send(w.order(carry.Perp, carry.Buy, 2*q))
	w.until("the order is done", func() bool { return over.done })
	if got := w.book.Account().PerpQty[0]; got > 0 {
		w.t.Errorf("reduce-only went through zero to %d", got)
	}
}

func transfers(w *witness) {
	w.ready()
	a := w.book.Account()
	spot, perp := a.SpotUSDT, a.PerpUSDT
	move := func(from carry.Wallet, amount carry.Amount) carry.Event {
		o := w.send(carry.Command{Kind: carry.CmdTransfer, Pair: -1, Wallet: from, Amount: amount})
		w.until("the transfer is done", func() bool { return o.done })
		return o.final()
	}
	const sum = 123*carry.Unit + 45
	if ev := move(carry.SpotWallet, sum); ev.Code != carry.OK || a.SpotUSDT != spot-sum || a.PerpUSDT != perp+sum {
		w.t.Errorf("moved to futures: %s, %s and %s", ev.Code, a.SpotUSDT, a.PerpUSDT)
	}
	if ev := move(carry.PerpWallet, sum); ev.Code != carry.OK || a.SpotUSDT != spot || a.PerpUSDT != perp {
		w.t.Errorf("moved back: %s, %s and %s", ev.Code, a.SpotUSDT, a.PerpUSDT)
	}
	for _, from := range [...]carry.Wallet{carry.SpotWallet, carry.PerpWallet} {
		if ev := move(from, 1_000_000_000*carry.Unit); ev.Code != carry.CodeNotWithdrawable || a.SpotUSDT != spot || a.PerpUSDT != perp {
			w.t.Errorf("a billion from %s: %s, %s and %s", from, ev.Code, a.SpotUSDT, a.PerpUSDT)
		}
	}
}

func timers(w *witness) {
	w.ready()
	at := w.now + 7*carry.Second
	w.send(carry.Command{Kind: carry.CmdTimer, Pair: -1, ID: 42, At: at})
	w.until("the timer comes back", func() bool { return w.last.Kind == carry.EvTimer && w.last.ID == 42 })
	if w.now < at {
		w.t.Errorf("a timer of %s came at %s", at, w.now)
	}
	due := w.now
	w.until("the market is shown after it", func() bool { return w.last.Kind == carry.EvMarket })
	if w.now-due > carry.Minute {
		w.t.Errorf("the market is shown %d s after the timer", (w.now-due)/carry.Second)
	}
}

func unapproved(w *witness) {
	w.ready()
	if err := w.stage.Venue.Submit(context.Background(), risk.Approved{}); err == nil {
		w.t.Error("a command without the gate's approval was taken")
	}
}
