package swarm

import (
	"math"

	"carry"
)

// hear judges an event as the core is told of it, and remembers it.
func (j *judge) hear(ev *carry.Event) {
	if ev.At < j.last {
		j.fail("time", "%s: %s after what happened at %s", ev.At, ev.Kind, j.last)
	}
	if ev.Seq <= j.seq {
		j.fail("time", "%s: event %d after event %d", ev.At, ev.Seq, j.seq)
	}
	j.last, j.seq = ev.At, ev.Seq
	j.ours.add(ev)
	switch ev.Kind {
	case carry.EvMarket:
		j.market = *ev.Market
		j.looked(ev.At)
		j.agreed()
	case carry.EvRules:
		j.legs[ev.Pair].taken = true // what was small enough may not be so any more
	case carry.EvOperator:
		j.asked(ev)
	case carry.EvLink:
		j.state.down = ev.Code != carry.OK
		j.seen["link"]++
	case carry.EvPaid, carry.EvLiquidated, carry.EvSettled:
		j.forced[1]++
		j.seen[ev.Kind.String()]++
		if ev.Kind == carry.EvSettled {
			j.endings(ev.Pair)
		}
	case carry.EvTransferred:
		j.transferred(ev)
	case carry.EvAck, carry.EvFill, carry.EvReject, carry.EvCanceled:
		j.news(ev)
	}
	a := ev.Account
	if what := j.ours.differs(a.SpotUSDT, a.PerpUSDT, a.SpotCoins, a.PerpQty); what != "" {
		j.fail("books", "%s: after %s the books are not the sum of what was told: %s", ev.At, ev.Kind, what)
	}
}

// looksMax bounds the cross-sections of a minute: a core that wants more turns
// round in itself.
const looksMax = 1500

func (j *judge) looked(at carry.Time) {
	if m := at.Floor(carry.Minute); m != j.looks.minute {
		j.looks.minute, j.looks.n = m, 0
	}
	if j.looks.n++; j.looks.n == looksMax {
		j.fail("limits", "%s: %d looks at the market within a minute", at, looksMax)
	}
}

// endings: what was on its way of a pair that ended has an outcome of its own.
func (j *judge) endings(pair int32) {
	l := &j.legs[pair]
	for leg, id := range l.way {
		if o := j.orders[id]; id != 0 && o != nil && o.unknown {
			o.unknown = false
			j.dark--
		}
		l.way[leg] = 0
	}
}

// asked notes what an operator wants.
func (j *judge) asked(ev *carry.Event) {
	j.seen[ev.Code.String()]++
	switch ev.Code {
	case carry.CodePause:
		j.state.paused = true
	case carry.CodeKill:
		j.state.paused, j.state.killed = true, true
	case carry.CodeResume:
		if !j.state.killed {
			j.state.paused, j.state.foreign = false, false
		}
	}
}

func (j *judge) transferred(ev *carry.Event) {
	if ev.Order != j.moving {
		j.fail("one-intent", "%s: news of transfer %d, on its way is %d", ev.At, ev.Order, j.moving)
	}
	if ev.Code == carry.CodeUnknown {
		j.lost = true
		j.seen["transfer unknown"]++
		return
	}
	j.moving, j.lost = 0, false
	j.seen["transfer "+ev.Code.String()]++
}

// news judges what is told of an order.
func (j *judge) news(ev *carry.Event) {
	o := j.orders[ev.Order]
	if o == nil {
		if ev.Kind == carry.EvFill {
			j.seen["foreign"]++
			l := &j.legs[ev.Pair]
			l.foreign, l.taken = true, true
			j.state.foreign = j.state.foreign || j.p.ForeignChange == "halt"
		}
		return
	}
	l := &j.legs[ev.Pair]
	l.since = 0
	if ev.Kind == carry.EvAck {
		if ev.Code == carry.CodeUnknown && !o.unknown {
			o.unknown = true
			j.dark++
			j.seen["unknown"]++
		}
		return
	}
	if o.heardOver {
		j.fail("fills", "%s: %s of order %d, which is over", ev.At, ev.Kind, ev.Order)
	}
	if ev.Kind == carry.EvFill {
		o.heard++
		if o.told += ev.Qty; o.told > o.executed || o.heard > o.fills {
			j.fail("fills", "%s: order %d was told %d, filled are %d", ev.At, ev.Order, o.told, o.executed)
		}
		if ev.Left > 0 {
			j.seen["partial"]++
			return
		}
	}
	o.heardOver = true
	l.dry = ev.Kind == carry.EvCanceled && ev.Code == carry.CodeVolume
	o.refused = o.arrived == 0
	if ev.Kind != carry.EvFill {
		j.seen[ev.Kind.String()+" "+ev.Code.String()]++
	}
	if o.told != o.executed && ev.Kind != carry.EvFill {
		j.fail("fills", "%s: order %d is over by %s (%s) with %d told of %d", ev.At, ev.Order, ev.Kind, ev.Code, o.told, o.executed)
	}
	if ev.Code == carry.CodeGateFilter {
		j.fail("limits", "%s: the gate refused order %d: a rule was not respected", ev.At, ev.Order)
	}
	if o.unknown {
		j.dark--
		o.unknown = false
	}
	if l.way[o.cmd.Leg] == ev.Order {
		l.way[o.cmd.Leg] = 0
	}
	if i := int(ev.Pair); l.way == [2]carry.OrderID{} && math.Abs(j.gap(i)) > 1.1*j.tolerance(i) {
		l.since = ev.At // from now on they differ
	}
}

// halted tells whether nothing may be opened now.
func (j *judge) halted() bool {
	return j.dark > 0 || j.lost || j.state.paused || j.state.down || j.state.foreign
}

// says judges a command.
func (j *judge) says(ev *carry.Event, c *carry.Command, before operator) {
	switch c.Kind {
	case carry.CmdTransfer:
		if j.moving != 0 {
			j.fail("one-intent", "%s: transfer %d while %d is on its way", ev.At, c.Order, j.moving)
		}
		j.moving = c.Order
		j.said(ev, c)
		j.seen["transfer"]++
	case carry.CmdOrder:
		j.said(ev, c)
		j.order(ev, c)
	}
}

// said notes a number: none is used twice.
func (j *judge) said(ev *carry.Event, c *carry.Command) {
	if j.orders[c.Order] != nil {
		j.fail("ids", "%s: number %d is used again", ev.At, c.Order)
	}
	j.orders[c.Order] = &life{cmd: *c, at: ev.At}
}

// order judges an order by what the account holds.
func (j *judge) order(ev *carry.Event, c *carry.Command) {
	j.seen[c.Code.String()]++
	i, l, a := c.Pair, &j.legs[c.Pair], ev.Account
	if id := l.way[c.Leg]; id != 0 {
		j.fail("one-intent", "%s: order %d of %s %s while %d is on its way", ev.At, c.Order, j.pairs[i].Coin, c.Leg, id)
	}
	if o := j.orders[l.way[1-c.Leg]]; o != nil && o.unknown {
		j.fail("halt", "%s: order %d of %s while %d is not known", ev.At, c.Order, j.pairs[i].Coin, o.cmd.Order)
	}
	l.way[c.Leg] = c.Order
	l.since = 0
	l.bulk = max(l.bulk, j.coins(c))
	if ev.Kind != carry.EvMarket {
		j.fail("time", "%s: order %d in answer to %s", ev.At, c.Order, ev.Kind)
	}
	switch {
	case c.Leg == carry.Perp && (c.Side == carry.Buy) != c.ReduceOnly:
		j.fail("reduce-only", "%s: order %d is reduce-only: %t, and it %ss contracts", ev.At, c.Order, c.ReduceOnly, c.Side)
	case c.Leg == carry.Perp && c.Side == carry.Buy && c.Qty > -a.PerpQty[i]:
		j.fail("reduce-only", "%s: order %d buys back %d of %d contracts", ev.At, c.Order, c.Qty, -a.PerpQty[i])
	case c.Leg == carry.Spot && c.Side == carry.Sell && j.coins(c) > a.SpotCoinsF[i]*(1+1e-12):
		j.fail("reduce-only", "%s: order %d sells %g of %g coins", ev.At, c.Order, j.coins(c), a.SpotCoinsF[i])
	}
	if c.Code == carry.CodeRepair {
		gap, change := j.gap(int(i)), j.coins(c)*float64(c.Side)
		if !l.foreign && math.Abs(gap+change) >= math.Abs(gap) {
			j.fail("reduce-only", "%s: repair %d makes a difference of %g to %g", ev.At, c.Order, gap, gap+change)
		}
		if opens(c) {
			j.fail("reduce-only", "%s: repair %d opens", ev.At, c.Order)
		}
	}
	if opens(c) {
		j.opening(ev, c)
	}
}

// opening judges an order that adds.
func (j *judge) opening(ev *carry.Event, c *carry.Command) {
	i := int(c.Pair)
	if j.halted() {
		j.fail("halt", "%s: order %d (%s) opens; unknown are %d orders, paused %t, link down %t", ev.At, c.Order, c.Code, j.dark, j.state.paused, j.state.down)
	}
	if !j.tradable(i) {
		j.fail("halt", "%s: order %d (%s) opens while a leg is halted", ev.At, c.Order, c.Code)
	}
	if b := carry.Time(j.p.SettleBlackoutS * float64(carry.Second)); b > 0 && c.Code != carry.CodeRetry {
		period := carry.Time(j.market.IntervalH[i]) * carry.Hour
		if since := ev.At % period; since < b || period-since <= b {
			j.fail("blackout", "%s: order %d (%s) within %s of a settlement", ev.At, c.Order, c.Code, b)
		}
	}
	if c.Leg != carry.Perp || j.seen["foreign"] > 0 {
		return // what is not ours is in no limit of ours
	}
	own := c.Ref.Float() * j.pairs[i].QtyFloat(c.Qty)
	held, all := 0.0, 0.0
	for p := range j.pairs {
		v := -ev.Account.PerpQtyF[p] * j.market.Mark[p]
		if o := j.orders[j.legs[p].way[carry.Perp]]; o != nil && o.cmd.Side == carry.Sell && o.cmd.Order != c.Order {
			v += j.pairs[p].QtyFloat(o.cmd.Qty-o.told) * o.cmd.Ref.Float()
		}
		if all += v; p == i {
			held = v
		}
	}
	most := 1.01
	if c.Code == carry.CodeRetry {
		most = 1.15 // half of an opening that had its room, completed at today's price
	}
	if l := j.limit.coin; l > 0 && held+own > l*most {
		j.fail("limits", "%s: order %d (%s) of %.0f on %.0f of %s, the limit is %.0f", ev.At, c.Order, c.Code, own, held, j.pairs[i].Coin, l)
	}
	if l := j.limit.total; l > 0 && all+own > l*most {
		j.fail("limits", "%s: order %d (%s) of %.0f on %.0f in all, the limit is %.0f", ev.At, c.Order, c.Code, own, all, l)
	}
	if s := j.slice(); s > 0 && own > s*1.02+1.1*j.tolerance(i)*j.market.Mark[i] && c.Code != carry.CodeRetry {
		j.fail("limits", "%s: order %d (%s) of %.0f is larger than a slice of %.0f", ev.At, c.Order, c.Code, own, s)
	}
	margin := ev.Account.PerpUSDT.Float()
	for p := range j.pairs {
		if q := ev.Account.PerpQtyF[p]; q != 0 {
			margin += q*j.market.Mark[p] - ev.Account.PerpCostF[p]
		}
	}
	if used := (all - own) / margin; c.Code != carry.CodeRetry && all > own && (margin <= 0 || used > j.p.LeverageAlarmX*1.001) {
		j.fail("limits", "%s: order %d (%s) opens at a used leverage of %.2f, the alarm is %.2f", ev.At, c.Order, c.Code, used, j.p.LeverageAlarmX)
	}
}

// slice is the largest order of an opening, USDT; 0 where it is not fixed.
func (j *judge) slice() float64 {
	if j.p.SlicesMaxN == 0 || j.limit.coin == 0 {
		return 0
	}
	return max(j.p.SliceUSDT, j.limit.coin/float64(j.p.SlicesMaxN))
}

// coins that an order moves.
func (j *judge) coins(c *carry.Command) float64 {
	q := j.pairs[c.Pair].QtyFloat(c.Qty)
	if c.Leg == carry.Perp {
		q *= float64(j.pairs[c.Pair].Mult)
	}
	return q
}

// gap is a pair's coins less those that its contracts stand for, by what was told.
func (j *judge) gap(i int) float64 {
	p := &j.pairs[i]
	return j.ours.coins[i].Float()/carry.Unit + p.QtyFloat(j.ours.qty[i])*float64(p.Mult)
}

// tolerance is what the legs may differ by at rest, coins: the settings' lots, or
// what the leg to be cut cannot trade, and a lot for the fee in coins.
func (j *judge) tolerance(i int) float64 {
	r := j.rules[i]
	if r == nil {
		return math.Inf(1)
	}
	p, spot, perp := &j.pairs[i], &r.Legs[carry.Spot], &r.Legs[carry.Perp]
	lot := max(p.QtyFloat(max(spot.Lot(), spot.MinQty)), p.QtyFloat(max(perp.Lot(), perp.MinQty))*float64(p.Mult))
	least := max(spot.MinNotional.Float(), perp.MinNotional.Float()) / (j.market.Mark[i] / float64(p.Mult))
	return max(float64(j.p.LegGapMaxLots)*lot, least*1.01) + lot
}

func (j *judge) tradable(i int) bool {
	return j.market.Flags[i]&carry.Tradable == carry.Tradable
}

// agree demands, while nothing is on its way, that the client's accounts are the
// exchange's.
func (j *judge) agree(at carry.Time) {
	rest := j.moving == 0 && j.dark == 0 && !j.state.down && (j.network == nil || at >= j.network.clear)
	for i := range j.legs {
		rest = rest && j.legs[i].way == [2]carry.OrderID{}
	}
	if !rest {
		return
	}
	j.seen["compared"]++
	t := &j.theirs
	if j.truth != nil {
		if what := t.differs(j.truth()); what != "" {
			j.fail("money", "%s: the exchange's accounts are not the sum of what happened: %s", at, what)
		}
	}
	if what := j.ours.differs(t.usdt[0], t.usdt[1], t.coins, t.qty); what != "" {
		j.fail("books", "%s: with nothing on its way the client's books are not the exchange's: %s", at, what)
	}
}

// agreed notes which pairs' legs agree with nothing on its way, before the core
// acts on it.
func (j *judge) agreed() {
	if j.market.WarmUp {
		return
	}
	for i := range j.legs {
		l := &j.legs[i]
		if gap := math.Abs(j.gap(i)); gap <= j.tolerance(i) && l.way == [2]carry.OrderID{} {
			l.base, l.bulk, l.taken = gap, 0, false
		}
	}
}

// compare judges a pair's legs at a cross-section: no further apart than one order
// made them, and not for long while nothing is on its way.
func (j *judge) compare(ev *carry.Event, i int) {
	l := &j.legs[i]
	gap, most := math.Abs(j.gap(i)), j.tolerance(i)
	if gap <= most {
		l.since = 0
		return
	}
	ours := !l.foreign || j.p.ForeignChange == "adopt" // what is not ours is left alone
	if !l.taken && ours && gap > l.base+l.bulk*1.003+most {
		j.fail("gap", "%s: the legs of %s differ by %g, the largest order was %g", ev.At, j.pairs[i].Coin, gap, l.bulk)
	}
	if l.way != [2]carry.OrderID{} || !j.tradable(i) || j.state.down || !ours {
		l.since = 0
		return
	}
	if l.since == 0 {
		l.since = ev.At
	}
	patience := carry.Time(float64(j.p.VerifyReadsN)*j.p.VerifyDelayS*float64(carry.Second)) + 2*carry.Minute
	if ev.At-l.since > patience {
		j.fail("gap", "%s: the legs of %s differ by %g, nothing is done about it since %s", ev.At, j.pairs[i].Coin, j.gap(i), l.since)
	}
}
