package sim

import (
	"cmp"
	"math"
	"slices"

	"carry"
)

// endPair values a pair out when its market ends: the contracts are bought back
// and the coins sold at the last prices, with fee and half a spread. Where the
// exchange delisted the contract that is about what happens; where only the
// data end it is a fiction, and the code says which.
func (x *Exchange) endPair(e *carry.PairEnd, m *carry.Market, at carry.Time) {
	i := e.Pair
	x.endedUntil[i] = e.Until
	if e.Until == 0 {
		x.endedUntil[i] = math.MaxInt64
	}
	code := carry.CodeDataEnd
	if e.Delisted {
		code = carry.CodeDelisted
	}
	pair := &x.info.Pairs[i]
	x.cancelAll(at, code, func(o *resting) bool { return o.cmd.Pair == i })
	if q := x.acct.qty[i]; q != 0 {
		c := carry.Command{Pair: i, Leg: carry.Perp, Side: carry.Buy, Qty: -q, ReduceOnly: true, Ref: carry.PriceFromFloat(m.Mark[i])}
		price := carry.PriceFromFloat(m.Ask(carry.Perp, int(i)))
		if q > 0 {
			c.Side, c.Qty, price = carry.Sell, q, carry.PriceFromFloat(m.Bid(carry.Perp, int(i)))
		}
		if x.deal(&deal{c: &c, q: c.Qty, price: price, at: at}) == carry.OK {
			x.markSettled(code)
		}
	}
	unit, _ := x.acct.coins[i].QuoFloor(carry.Pow10[8-pair.QtyDp])
	if q, ok := unit.Int64(); ok && q > 0 {
		c := carry.Command{Pair: i, Leg: carry.Spot, Side: carry.Sell, Qty: carry.Qty(q), Ref: carry.PriceFromFloat(m.SpotLast[i])}
		d := deal{c: &c, q: c.Qty, price: carry.PriceFromFloat(m.Bid(carry.Spot, int(i))), at: at}
		if x.deal(&d) == carry.OK {
			x.markSettled(code)
		}
	}
}

// sortEnds puts ends in the order in which a run meets them.
func sortEnds(ends []carry.PairEnd) {
	slices.SortStableFunc(ends, func(a, b carry.PairEnd) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Pair, b.Pair))
	})
}

// markSettled turns the fill just emitted into a settlement by the venue.
func (x *Exchange) markSettled(code carry.Code) {
	ev := &x.out[len(x.out)-1]
	ev.Kind, ev.Code = carry.EvSettled, code
}
