package strategy_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// keeper stands between loop and core and demands, after every event, what must
// hold of a hedged book whatever the exchange does.
type keeper struct {
	fail  func(format string, args ...any)
	core  carry.Core
	w     *theatre
	slice float64                         // USDT, the largest
	coin  float64                         // limit of a coin, USDT
	total float64                         // limit of all, USDT
	way   map[carry.OrderID]carry.Command // orders whose outcome is not known
	taken map[int32]bool                  // a leg was taken away, not yet made good
	seen  map[string]int
	low   []float64 // price of each coin so far
}

// Step passes an event on and judges the answer.
func (k *keeper) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	switch ev.Kind {
	case carry.EvFill, carry.EvReject, carry.EvCanceled:
		if c, ok := k.way[ev.Order]; ok {
			if c.Qty = ev.Left; ev.Left == 0 {
				delete(k.way, ev.Order)
			} else {
				k.way[ev.Order] = c
			}
		}
		if ev.Code == carry.CodeGateFilter {
			k.fail("%s: the gate refused %s %s of %d", ev.At, ev.Leg, ev.Side, ev.Qty)
		}
	case carry.EvLiquidated:
		k.taken[ev.Pair] = true
	}
	halted := k.w.trace.desk.Pool() == "HALT"
	from := len(out)
	out = k.core.Step(ev, out)
	for _, c := range out[from:] {
		if c.Kind == carry.CmdOrder {
			k.order(ev, &c, halted)
		}
	}
	for i := range k.w.pairs {
		k.legs(ev, int32(i))
	}
	return out
}

// order holds one order against filters, limits and what may be on its way.
func (k *keeper) order(ev *carry.Event, c *carry.Command, halted bool) {
	k.seen[c.Code.String()]++
	a, i := ev.Account, c.Pair
	for _, o := range k.way {
		if o.Pair == i && o.Leg == c.Leg {
			k.fail("%s: #%d of %d/%s while #%d is not known", ev.At, c.Order, i, c.Leg, o.Order)
		}
	}
	if k.w.rules[i].Legs[c.Leg].Check(c.Qty, c.Ref, c.Limit, k.w.pairs[i].QtyUnit(), c.ReduceOnly) != carry.OK {
		k.fail("%s: #%d breaks the filters: %+v", ev.At, c.Order, c)
	}
	if ev.Kind != carry.EvMarket {
		k.fail("%s: #%d in answer to %s", ev.At, c.Order, ev.Kind)
		return
	}
	q := k.w.pairs[i].QtyFloat(c.Qty)
	adds := (c.Leg == carry.Perp) == (c.Side == carry.Sell)
	switch {
	case c.Leg == carry.Perp && c.Side == carry.Buy && (!c.ReduceOnly || c.Qty > -a.PerpQty[i]):
		k.fail("%s: #%d buys back %v of %v", ev.At, c.Order, q, -a.PerpQtyF[i])
	case c.Leg == carry.Spot && c.Side == carry.Sell && q > a.SpotCoinsF[i]+1e-9:
		k.fail("%s: #%d sells %v of %v", ev.At, c.Order, q, a.SpotCoinsF[i])
	case adds && halted:
		k.fail("%s: #%d adds in HALT", ev.At, c.Order)
	case adds && ev.Market.Flags[i]&carry.Tradable != carry.Tradable:
		k.fail("%s: #%d adds while a leg is halted", ev.At, c.Order)
	}
	if adds && c.Leg == carry.Perp {
		coin, total := 0.0, 0.0
		for p := range k.w.pairs {
			v := -a.PerpQtyF[p] * ev.Market.Mark[p]
			for _, o := range k.way {
				if o.Pair == int32(p) && o.Leg == carry.Perp && o.Side == carry.Sell {
					v += k.w.pairs[p].QtyFloat(o.Qty) * o.Ref.Float()
				}
			}
			if total += v; p == int(i) {
				coin = v
			}
		}
		own, most := q*c.Ref.Float(), 1.01
		if c.Code == carry.CodeRetry {
			most = 1.15 // half of an opening that had its room, completed at today's price
		}
		if coin+own > k.coin*most || total+own > k.total*most {
			k.fail("%s: #%d (%s) of %.0f on %.0f of the coin and %.0f in all\n%s", ev.At, c.Order, c.Code, own, coin, total, tail(k.w.trace.out.String()))
		}
		if own > k.slice*1.01+11 && c.Code != carry.CodeRetry {
			k.fail("%s: #%d of %.0f is larger than a slice of %.0f", ev.At, c.Order, own, k.slice)
		}
	}
	k.way[c.Order] = *c
}

// legs bounds the difference between a pair's legs: a slice and a lot while an
// order is open or a difference is being verified, after which it is gone.
func (k *keeper) legs(ev *carry.Event, i int32) {
	a := ev.Account
	// A slice was so many coins at its price; the lowest met bounds them all.
	if k.low == nil {
		k.low = make([]float64, len(k.w.pairs))
	}
	if p := k.w.market.Mark[i]; k.low[i] == 0 || p < k.low[i] {
		k.low[i] = p
	}
	gap := math.Abs(a.SpotCoinsF[i]+a.PerpQtyF[i]) * k.low[i]
	if gap <= 10.5*1.1 {
		delete(k.taken, i)
	}
	if k.taken[i] {
		return
	}
	if gap > k.slice*1.25+25 {
		k.fail("%s: the legs of %d differ by %.2f USDT, a slice is %.0f", ev.At, i, gap, k.slice)
	}
}

// weather draws what happens next to the scripted exchange.
type weather struct {
	rt     *rapid.T
	w      *theatre
	faults bool
}

func (x *weather) chance(name string, of int) bool {
	return rapid.IntRange(0, of-1).Draw(x.rt, name) == 0
}

// step lets one thing happen.
func (x *weather) step() error {
	w := x.w
	coin := w.pairs[rapid.IntRange(0, len(w.pairs)-1).Draw(x.rt, "coin")].Coin
	switch rapid.IntRange(0, 9).Draw(x.rt, "what") {
	case 0:
		by := rapid.Float64Range(-0.06, 0.07).Draw(x.rt, "move")
		if i, _ := w.pair(coin); x.calm(i) && x.chance("leap", 4) {
			by = 0.34
		}
		i, _ := w.pair(coin)
		p := w.market.SpotLast[i] * (1 + by)
		return w.quote([]string{coin}, args{"spot": fmt.Sprint(p), "perp": fmt.Sprint(p * (1 + rapid.Float64Range(-0.002, 0.003).Draw(x.rt, "premium")))})
	case 1:
		return w.quote([]string{coin}, args{"rate": fmt.Sprint(rapid.SampledFrom([]float64{0.0003, 0.0005, 0.00005, -0.003}).Draw(x.rt, "rate"))})
	case 2:
		if x.faults && x.chance("halt", 3) {
			return w.quote([]string{coin}, args{"halt": rapid.SampledFrom([]string{"spot", "perp"}).Draw(x.rt, "leg")})
		}
		return w.quote([]string{coin}, args{"trade": "both"})
	case 3:
		if i, _ := w.pair(coin); x.faults && x.chance("adl", 4) && w.run.Book.Account().PerpQtyF[i] < -0.5 && x.calm(i) {
			return w.takeAway([]string{"adl", coin, "0.4"}, nil)
		}
		return w.wait([]string{"1h"}, nil)
	case 4:
		return w.wait([]string{rapid.SampledFrom([]string{"1s", "5s", "6s", "90s"}).Draw(x.rt, "wait")}, nil)
	default:
		return x.answer()
	}
}

// calm tells whether a pair has nothing on its way: the exchange takes shorts
// away at any time, but what a story's answer then fills must still be there.
func (x *weather) calm(i int) bool {
	for _, c := range x.w.script.way {
		if int(c.Pair) == i {
			return false
		}
	}
	return true
}

// answer gives one order or transfer on its way an outcome.
func (x *weather) answer() error {
	w := x.w
	if len(w.script.way) == 0 {
		return w.wait([]string{"5s"}, nil)
	}
	c := w.script.way[rapid.IntRange(0, len(w.script.way)-1).Draw(x.rt, "which")]
	kind := 9
	if x.faults {
		kind = rapid.IntRange(0, 9).Draw(x.rt, "outcome")
	}
	if c.Kind == carry.CmdTransfer {
		switch kind {
		case 0:
			return w.answerTransfer(carry.CodeUnknown)
		case 1:
			return w.answerTransfer(carry.CodeNotWithdrawable)
		}
		a := w.run.Book.Account()
		if have := [2]carry.Amount{a.SpotUSDT, a.PerpUSDT}[c.Wallet]; have < c.Amount {
			return w.answerTransfer(carry.CodeInsufficient)
		}
		return w.answerTransfer(carry.OK)
	}
	who := []string{fmt.Sprintf("#%d", c.Order)}
	a := w.run.Book.Account()
	cost := w.pairs[c.Pair].QtyFloat(c.Qty) * w.quotes.Ask(carry.Spot, int(c.Pair))
	switch {
	case kind == 0, c.Leg == carry.Spot && c.Side == carry.Buy && a.SpotUSDT.Float() < cost:
		return w.reject(who, args{"code": "insufficient-balance"})
	case kind == 1:
		return w.lost(who, nil)
	case kind == 2:
		return w.cancel(who, args{})
	case kind == 3 && c.Qty > 3:
		return w.fill(who, args{"part": "0.5"})
	}
	return w.fill(who, args{})
}

// TestHedgedBookKeepsItsRules lets random things happen to a book, faults of every
// kind among them, and holds it against the invariants at every event. Then the
// faults stop: within a minute everything is known and the legs agree.
func TestHedgedBookKeepsItsRules(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := &theatre{t: t}
		slice := rapid.SampledFrom([]float64{150, 400, 1000}).Draw(rt, "slice")
		band := rapid.SampledFrom([]string{"0.05", "off"}).Draw(rt, "band")
		kv := args{"coins": "A,B,C", "spot": "10000", "futures": "5000", "coinLimitUSDT": "1000", "totalLimitUSDT": "2500", "sliceUSDT": fmt.Sprint(slice),
			"slicesMaxN": "100", "balanceBandFrac": band, "reopenAfterH": rapid.SampledFrom([]string{"0", "2"}).Draw(rt, "reopen"),
			"topUpBelowFrac": "0.75", "riseTrimFrac": rapid.SampledFrom([]string{"off", "0.3"}).Draw(rt, "trim"), "openPremiumMinFrac": "off", "negPremiumFloorFrac": "-0.01",
			"openRateMinFrac": "0.0001", "settleBlackoutS": "60"}
		if err := w.begin(nil, kv); err != nil {
			rt.Fatal(err)
		}
		k := &keeper{fail: rt.Errorf, core: w.trace.core, w: w, slice: slice, coin: 1000, total: 2500, way: map[carry.OrderID]carry.Command{},
			taken: map[int32]bool{}, seen: seen}
		w.trace.core = k
		x := &weather{rt: rt, w: w, faults: true}
		for range rapid.IntRange(20, 120).Draw(rt, "steps") {
			if err := x.step(); err != nil {
				rt.Fatalf("%v\n%s", err, w.trace.take())
			}
		}
		x.faults = false
		rest(rt, x)
	})
	t.Log(seen)
	for _, c := range []string{"open", "top-up", "close-rate", "repair", "retry"} {
		if seen[c] == 0 {
			t.Errorf("%s never happened: the test does not test it", c)
		}
	}
}

// rest lets everything be answered and trade, and demands that the book comes to
// rest.
func rest(rt *rapid.T, x *weather) {
	w := x.w
	for _, p := range w.pairs {
		if err := w.quote([]string{p.Coin}, args{"trade": "both"}); err != nil {
			rt.Fatal(err)
		}
	}
	for range 60 {
		for n := 0; len(w.script.way) > 0; n++ {
			if err := x.answer(); err != nil {
				rt.Fatalf("%v\n%s", err, w.trace.take())
			}
			if n > 200 {
				rt.Fatalf("there is no end of orders:\n%s", w.trace.take())
			}
		}
		if err := w.wait([]string{"5s"}, nil); err != nil {
			rt.Fatalf("%v\n%s", err, w.trace.take())
		}
	}
	a := w.run.Book.Account()
	for i, p := range w.pairs {
		if gap := math.Abs(a.SpotCoinsF[i]+a.PerpQtyF[i]) * w.market.Mark[i]; gap > 10.5*1.1 {
			rt.Fatalf("at rest the legs of %s differ by %.2f USDT:\n%s", p.Coin, gap, tail(w.trace.take()))
		}
		if s := w.trace.desk.State(i).String(); s == "REPAIR" || s == "FROZEN" || s == "BLOCKED" {
			rt.Fatalf("at rest %s is %s:\n%s", p.Coin, s, tail(w.trace.take()))
		}
	}
	if pool := w.trace.desk.Pool(); pool == "HALT" {
		rt.Fatalf("at rest the pool is in HALT")
	}
}

func tail(s string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}
