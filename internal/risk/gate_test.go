package risk

import (
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// desk is a gate that knows two pairs at 100 USDT, of which 1 coin is short.
func desk(limits Limits) (*Gate, *carry.Account) {
	pairs := []carry.Pair{{Coin: "A", Mult: 1, QtyDp: 2}, {Coin: "B", Mult: 1, QtyDp: 2}}
	g := NewGate(pairs, limits)
	f := carry.Filters{Tick: carry.Unit / 100, Step: 10, MinQty: 10, MaxQty: 100_000, MinNotional: 5 * carry.Unit}
	for i := range pairs {
		g.Observe(&carry.Event{Kind: carry.EvRules, Pair: int32(i), Rules: &carry.Rules{Pair: int32(i), Legs: [2]carry.Filters{f, f}}})
	}
	g.Observe(&carry.Event{Kind: carry.EvMarket, Market: &carry.Market{Mark: []float64{100, 100}, WarmUp: true}})
	acct := carry.NewAccount(2)
	acct.PerpQty[0], acct.PerpQtyF[0] = -100, -1
	return g, acct
}

func order(leg carry.Leg, side carry.Side, q carry.Qty) carry.Command {
	return carry.Command{Kind: carry.CmdOrder, Order: 1, Leg: leg, Side: side, Qty: q, Ref: 100 * carry.Unit}
}

func short(q carry.Qty) carry.Command { return order(carry.Perp, carry.Sell, q) }

func cover(q carry.Qty) carry.Command {
	c := order(carry.Perp, carry.Buy, q)
	c.ReduceOnly = true
	return c
}

func with(c carry.Command, change func(c *carry.Command)) carry.Command {
	change(&c)
	return c
}

// Every refusal of the gate, and what passes beside it.
func TestGateRefusals(t *testing.T) {
	transfer := carry.Command{Kind: carry.CmdTransfer, Pair: -1, Amount: 100 * carry.Unit}
	for _, e := range []struct {
		name   string
		limits Limits
		killed bool
		c      carry.Command
		want   carry.Code
	}{
		{"no limits", Limits{}, false, short(100_000), carry.OK},
		{"a pair that is not there", Limits{}, false, with(short(100), func(c *carry.Command) { c.Pair = 2 }), carry.CodeGateFilter},
		{"no pair", Limits{}, false, with(short(100), func(c *carry.Command) { c.Pair = -1 }), carry.CodeGateFilter},
		{"no reference price", Limits{}, false, with(short(100), func(c *carry.Command) { c.Ref = 0 }), carry.CodeGateFilter},
		{"off the lot", Limits{}, false, short(105), carry.CodeGateFilter},
		{"too small", Limits{}, false, order(carry.Spot, carry.Sell, 0), carry.CodeGateFilter},
		{"too large", Limits{}, false, short(100_010), carry.CodeGateFilter},
		{"below the least value", Limits{}, false, with(short(10), func(c *carry.Command) { c.Ref = 10 * carry.Unit }), carry.CodeGateFilter},
		{"below it, but reducing", Limits{}, false, with(cover(10), func(c *carry.Command) { c.Ref = 10 * carry.Unit }), carry.OK},
		{"one order's value", Limits{OrderMaxUSDT: 200}, false, short(210), carry.CodeGateLimit},
		{"at one order's value", Limits{OrderMaxUSDT: 200}, false, short(200), carry.OK},
		{"one order's value on spot", Limits{OrderMaxUSDT: 200}, false, order(carry.Spot, carry.Buy, 210), carry.CodeGateLimit},
		{"closings of any value", Limits{OrderMaxUSDT: 200, PairMaxUSDT: 1, TotalMaxUSDT: 1}, false, cover(10_000), carry.OK},
		{"sales of any value", Limits{OrderMaxUSDT: 200}, false, order(carry.Spot, carry.Sell, 10_000), carry.OK},
		{"a pair's value with what is held", Limits{PairMaxUSDT: 250}, false, short(160), carry.CodeGateLimit},
		{"at a pair's value", Limits{PairMaxUSDT: 250}, false, short(150), carry.OK},
		{"another pair's value", Limits{PairMaxUSDT: 250}, false, with(short(250), func(c *carry.Command) { c.Pair = 1 }), carry.OK},
		{"the total with the other pair", Limits{TotalMaxUSDT: 300}, false, with(short(210), func(c *carry.Command) { c.Pair = 1 }), carry.CodeGateLimit},
		{"at the total", Limits{TotalMaxUSDT: 300}, false, with(short(200), func(c *carry.Command) { c.Pair = 1 }), carry.OK},
		{"a purchase that does not reduce counts as opening", Limits{PairMaxUSDT: 250}, false, order(carry.Perp, carry.Buy, 160), carry.CodeGateLimit},
		{"a transfer", Limits{}, false, transfer, carry.OK},
		{"a transfer of nothing", Limits{}, false, with(transfer, func(c *carry.Command) { c.Amount = 0 }), carry.CodeGateLimit},
		{"a transfer of less", Limits{}, false, with(transfer, func(c *carry.Command) { c.Amount = -1 }), carry.CodeGateLimit},
		{"a transfer of coins", Limits{}, false, with(transfer, func(c *carry.Command) { c.Asset, c.Qty, c.Amount = carry.CoinOf(0), 5, 0 }), carry.OK},
		{"a transfer of no coins", Limits{}, false, with(transfer, func(c *carry.Command) { c.Asset = carry.CoinOf(0) }), carry.CodeGateLimit},
		{"a transfer of coins where USDT are limited", Limits{TransferMaxUSDT: 99}, false, with(transfer, func(c *carry.Command) { c.Asset, c.Qty = carry.CoinOf(0), 5 }), carry.CodeGateLimit},
		{"a transfer too large", Limits{TransferMaxUSDT: 99}, false, transfer, carry.CodeGateLimit},
		{"killed: no opening", Limits{}, true, short(100), carry.CodeGateKilled},
		{"killed: no purchase", Limits{}, true, order(carry.Spot, carry.Buy, 100), carry.CodeGateKilled},
		{"killed: no purchase of contracts that does not reduce", Limits{}, true, order(carry.Perp, carry.Buy, 100), carry.CodeGateKilled},
		{"killed: no transfer", Limits{}, true, transfer, carry.CodeGateKilled},
		{"killed: contracts may be bought back", Limits{}, true, cover(100), carry.OK},
		{"killed: coins may be sold", Limits{}, true, order(carry.Spot, carry.Sell, 100), carry.OK},
		{"killed: orders may be cancelled", Limits{}, true, carry.Command{Kind: carry.CmdCancel, Order: 1}, carry.OK},
		{"killed: notes may be written", Limits{}, true, carry.Command{Kind: carry.CmdNote, Pair: -1}, carry.OK},
	} {
		g, acct := desk(e.limits)
		if e.killed {
			g.Observe(&carry.Event{Kind: carry.EvOperator, Code: carry.CodeKill})
		}
		a, code := g.Check(0, &e.c, acct)
		if code != e.want || a.Valid() != (e.want == carry.OK) {
			t.Errorf("%s: %s (approved %t), want %s", e.name, code, a.Valid(), e.want)
		}
		if a.Valid() && a.Command() != e.c {
			t.Errorf("%s: another command was approved: %+v", e.name, a.Command())
		}
		if g.Killed() != e.killed {
			t.Errorf("%s: killed is %t", e.name, g.Killed())
		}
	}
}

func TestNothingPassesWithoutRules(t *testing.T) {
	g := NewGate([]carry.Pair{{Mult: 1}}, Limits{})
	c := short(100)
	if _, code := g.Check(0, &c, carry.NewAccount(1)); code != carry.CodeGateFilter {
		t.Errorf("an order without known rules: %s", code)
	}
	if (Approved{}).Valid() {
		t.Error("the zero approval is valid")
	}
	g.Kill()
	if !g.Killed() {
		t.Error("the kill switch has no effect")
	}
	for _, code := range []carry.Code{carry.CodeResume, carry.CodePause, carry.CodeAlarmSent} {
		if g.Observe(&carry.Event{Kind: carry.EvOperator, Code: code}); !g.Killed() {
			t.Errorf("%s ends a kill", code)
		}
	}
	if g.Observe(&carry.Event{Kind: carry.EvOperator, Code: carry.CodeRevive}); g.Killed() {
		t.Error("a new start does not end a kill")
	}
}

// A limit holds however many orders are on their way: each counts until its
// outcome is known.
func TestLimitsCountWhatIsOnItsWay(t *testing.T) {
	g, acct := desk(Limits{PairMaxUSDT: 300, TotalMaxUSDT: 500})
	send := func(id carry.OrderID, pair int32, q carry.Qty) carry.Code {
		c := short(q)
		c.Order, c.Pair = id, pair
		_, code := g.Check(0, &c, acct)
		return code
	}
	done := func(kind carry.EventKind, id carry.OrderID, q carry.Qty) {
		g.Observe(&carry.Event{Kind: kind, Order: id, Leg: carry.Perp, Side: carry.Sell, Qty: q})
	}
	// 100 is held in pair 0.
	for _, e := range []struct {
		id   carry.OrderID
		pair int32
		q    carry.Qty
		want carry.Code
	}{{1, 0, 150, carry.OK}, {2, 0, 100, carry.CodeGateLimit}, {3, 0, 50, carry.OK}, {4, 1, 210, carry.CodeGateLimit}, {5, 1, 200, carry.OK}} {
		if got := send(e.id, e.pair, e.q); got != e.want {
			t.Fatalf("order %d: %s, want %s", e.id, got, e.want)
		}
	}
	done(carry.EvReject, 1, 150) // 150 USDT of room again
	if got := send(6, 0, 160); got != carry.CodeGateLimit {
		t.Errorf("more than the room that a reject left: %s", got)
	}
	if got := send(7, 0, 100); got != carry.OK {
		t.Errorf("within the room that a reject left: %s", got)
	}
	// A part fills: the book has it, the rest is still on its way.
	acct.PerpQtyF[0] = -1.4
	done(carry.EvFill, 7, 40)
	if got := send(8, 0, 60); got != carry.CodeGateLimit {
		t.Errorf("after a partial fill: %s", got)
	}
	if got := send(9, 0, 50); got != carry.OK {
		t.Errorf("after a partial fill, within the room: %s", got)
	}
	done(carry.EvCanceled, 7, 60)
	if got := send(10, 0, 60); got != carry.OK {
		t.Errorf("after the rest was cancelled: %s", got)
	}
	done(carry.EvCanceled, 10, 0) // whatever it says was left
	if got := send(11, 0, 60); got != carry.OK {
		t.Errorf("after an order was cancelled: %s", got)
	}
}

// However orders come, fill or fail, no pair and no total ever exceeds its limit.
func TestLimitsAreNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := Limits{PairMaxUSDT: float64(rapid.IntRange(100, 2000).Draw(t, "pair")), TotalMaxUSDT: float64(rapid.IntRange(100, 3000).Draw(t, "total"))}
		g, acct := desk(limits)
		acct.PerpQty[0], acct.PerpQtyF[0] = 0, 0
		var way []carry.Command
		for id := carry.OrderID(1); id < 60; id++ {
			if len(way) > 0 && rapid.Bool().Draw(t, "answer") {
				k := rapid.IntRange(0, len(way)-1).Draw(t, "which")
				c := way[k]
				way = append(way[:k:k], way[k+1:]...)
				kind := carry.EvReject
				if rapid.Bool().Draw(t, "fills") {
					kind = carry.EvFill
					acct.PerpQtyF[c.Pair] -= float64(c.Qty) / 100
				}
				g.Observe(&carry.Event{Kind: kind, Pair: c.Pair, Order: c.Order, Leg: c.Leg, Side: c.Side, Qty: c.Qty})
			}
			c := short(10 * carry.Qty(rapid.IntRange(1, 100).Draw(t, "q")))
			c.Order, c.Pair = id, int32(rapid.IntRange(0, 1).Draw(t, "which pair"))
			if _, code := g.Check(0, &c, acct); code == carry.OK {
				way = append(way, c)
			}
			total := 0.0
			for i := range acct.PerpQtyF {
				v := -acct.PerpQtyF[i] * 100
				for _, c := range way {
					if int(c.Pair) == i {
						v += float64(c.Qty)
					}
				}
				if total += v; v > limits.PairMaxUSDT+1e-6 {
					t.Fatalf("pair %d may reach %v of %v", i, v, limits.PairMaxUSDT)
				}
			}
			if total > limits.TotalMaxUSDT+1e-6 {
				t.Fatalf("the total may reach %v of %v", total, limits.TotalMaxUSDT)
			}
		}
	})
}

// The gate judges by the cross-section it was shown; what becomes of that memory
// afterwards (it is reused for the next week) must not reach it.
func TestGateKeepsNoBorrowedPrices(t *testing.T) {
	g, acct := desk(Limits{PairMaxUSDT: 250})
	m := &carry.Market{Mark: []float64{100, 100}}
	g.Observe(&carry.Event{Kind: carry.EvMarket, Market: m})
	m.Mark[0] = 1
	c := short(160)
	if _, code := g.Check(0, &c, acct); code != carry.CodeGateLimit {
		t.Errorf("with its market overwritten the gate says %s", code)
	}
}

// At most so many orders a minute, closings included: it is the exchange's
// patience that runs out.
func TestOrdersPerMinute(t *testing.T) {
	g, acct := desk(Limits{OrdersPerMinuteN: 3})
	at := carry.Time(1621382400000)
	for k, e := range []struct {
		after carry.Time
		want  carry.Code
	}{{0, carry.OK}, {1, carry.OK}, {2, carry.OK}, {3, carry.CodeGateRate}, {59_999, carry.CodeGateRate}, {60_000, carry.OK}, {60_001, carry.OK}} {
		c := cover(100)
		if _, code := g.Check(at+e.after, &c, acct); code != e.want {
			t.Errorf("order %d after %d ms: %s, want %s", k, e.after, code, e.want)
		}
	}
	// Refused orders do not use up the minute.
	g, _ = desk(Limits{OrdersPerMinuteN: 1})
	bad, good := short(105), short(100)
	for range 5 {
		g.Check(at, &bad, acct)
	}
	if _, code := g.Check(at, &good, acct); code != carry.OK {
		t.Errorf("after five orders that never left: %s", code)
	}
}
