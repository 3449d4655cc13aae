package sim

import (
	"math"

	"carry"
)

// touch is a leg's market at a moment: the path's price, half the spread, what
// impact depends on, and how much can still be had of the bar.
type touch struct {
	path, half, daily, vol float64
	room                   float64 // base units
	worked                 float64 // USDT taken before that the book is not refilled with
}

// arrive lets an order reach the book: it takes what it can within its limit, a
// market order within the band that protects it; the rest rests or is canceled.
// It returns the quantity taken.
func (x *Exchange) arrive(c *carry.Command, t *touch, at carry.Time) carry.Qty {
	pair := &x.info.Pairs[c.Pair]
	f := &x.rules[c.Pair].Legs[c.Leg]
	ref := x.reference(c, t)
	t.worked = x.worked(c, at)
	x.feesNow(at)
	code := f.CheckCommand(c, ref, pair.QtyUnit())
	switch {
	case code != carry.OK:
	case c.Life.Rests() && f.MaxOrders > 0 && x.restingOn(c.Pair, c.Leg) >= f.MaxOrders:
		code = carry.CodeManyOrders
	case len(x.resting) > 0 && x.find(c.Order) >= 0:
		code = carry.CodeDuplicate
	case c.Life == carry.PostOnly && x.crosses(c, t):
		code = carry.CodePostOnly
	}
	if code != carry.OK {
		x.reject(c, at, code)
		return 0
	}
	taken, why := x.take(c, t, ref, at)
	if taken < 0 {
		return 0 // refused
	}
	left := c.Qty - taken
	switch {
	case left == 0 || x.done(c, taken):
	case !c.Life.Rests():
		x.cancel(c, left, at, why)
	default:
		x.rest(c, left, taken, at)
	}
	return taken
}

// done tells whether a reduce-only order that took something has nothing left to
// reduce.
func (x *Exchange) done(c *carry.Command, taken carry.Qty) bool {
	return c.ReduceOnly && taken > 0 && x.acct.qty[c.Pair] == 0
}

// reference is the price of the percent-price rule: the perpetual's mark; on spot
// the last price, which stands in for its mean over five minutes.
func (x *Exchange) reference(c *carry.Command, t *touch) carry.Price {
	if c.Leg == carry.Perp && x.mark[c.Pair] > 0 {
		return carry.PriceFromFloat(x.mark[c.Pair])
	}
	return carry.PriceFromFloat(t.path)
}

// crosses tells whether a limit would take from the touch.
func (x *Exchange) crosses(c *carry.Command, t *touch) bool {
	p := x.fillPrice(c, 0, t)
	return c.Side == carry.Buy && c.Limit >= p || c.Side == carry.Sell && c.Limit <= p
}

// take fills what an order can have at once. It returns the quantity, or -1
// where the order was refused, and why there is not more.
func (x *Exchange) take(c *carry.Command, t *touch, ref carry.Price, at carry.Time) (carry.Qty, carry.Code) {
	if c.Life == carry.PostOnly || c.Life == carry.GTC && !x.crosses(c, t) {
		return 0, carry.OK
	}
	q, why := c.Qty, carry.CodeVolume
	if room := x.roomFor(c, t); room < q {
		q = room
	}
	if q > 0 && !x.within(c, q, t, ref) {
		q, why = x.mostWithin(c, q, t, ref), carry.CodeExpired
		if c.Limit == 0 {
			why = carry.CodePriceBand
		}
	}
	if q == 0 || c.Life == carry.FOK && q < c.Qty {
		return 0, why
	}
	d := deal{c: c, q: q, left: c.Qty - q, price: x.fillPrice(c, q, t), at: at}
	if code := x.deal(&d); code != carry.OK {
		x.reject(c, at, code)
		return -1, code
	}
	x.treads(c, t.path*x.info.Pairs[c.Pair].QtyFloat(d.q), at)
	return d.q, why
}

// roomFor is what the bar still has for us, in whole lots of the order.
func (x *Exchange) roomFor(c *carry.Command, t *touch) carry.Qty {
	if math.IsInf(t.room, 1) {
		return math.MaxInt64
	}
	q := x.info.Pairs[c.Pair].QtyFloor(t.room)
	if step := x.rules[c.Pair].Legs[c.Leg].Step; step > 1 {
		q -= q % step
	}
	return q
}

// within tells whether the order accepts the price of q: its limit, or for a
// market order the percent-price band. On a leg's first day nothing is known of
// its volume, and the impact then assumed is a cost that nobody quoted: the touch
// must lie in the band.
func (x *Exchange) within(c *carry.Command, q carry.Qty, t *touch, ref carry.Price) bool {
	if c.Limit == 0 && !(t.daily > 0) {
		q = 0
	}
	p := x.fillPrice(c, q, t)
	switch {
	case c.Limit == 0:
		return x.opt.Frictionless || x.rules[c.Pair].Legs[c.Leg].InBand(p, ref)
	case c.Side == carry.Buy:
		return p <= c.Limit
	}
	return p >= c.Limit
}

// mostWithin is the largest quantity up to q whose price is accepted; a larger
// order never gets a better price.
func (x *Exchange) mostWithin(c *carry.Command, q carry.Qty, t *touch, ref carry.Price) carry.Qty {
	step := max(x.rules[c.Pair].Legs[c.Leg].Step, 1)
	lo, hi := carry.Qty(0), q/step // in steps; hi is too much
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if x.within(c, mid*step, t, ref) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo * step
}

// rest puts what is left of an order in the book.
func (x *Exchange) rest(c *carry.Command, left, taken carry.Qty, at carry.Time) {
	if code := x.affords(c, left); code != carry.OK {
		if taken > 0 {
			x.cancel(c, left, at, code)
		} else {
			x.reject(c, at, code)
		}
		return
	}
	x.resting = append(x.resting, resting{cmd: *c, left: left})
	ev := x.outcome(carry.EvAck, c, at, carry.OK)
	ev.Qty = left
	x.emit(ev)
}

// reached fills resting order k after its leg's path went to price p, by room
// base units at most. Touched is not filled: others were there first, so the
// path must go a tick beyond the limit. It returns the quantity filled and
// whether the order is gone.
func (x *Exchange) reached(k int, p, room float64, at carry.Time) (carry.Qty, bool) {
	o := &x.resting[k]
	c := &o.cmd
	tick := x.rules[c.Pair].Legs[c.Leg].Tick
	price := carry.PriceFromFloat(p)
	if c.Side == carry.Buy && price > c.Limit-tick || c.Side == carry.Sell && price < c.Limit+tick {
		return 0, false
	}
	q := min(o.left, x.roomFor(c, &touch{room: room}))
	if q == 0 {
		return 0, false
	}
	d := deal{c: c, q: q, left: o.left - q, price: c.Limit, maker: true, at: at}
	if code := x.deal(&d); code != carry.OK {
		gone := *o
		x.remove(k)
		x.cancel(&gone.cmd, gone.left, at, code)
		return 0, true
	}
	if o.left = d.left; d.left == 0 {
		x.remove(k)
		return d.q, true
	}
	return d.q, false
}
