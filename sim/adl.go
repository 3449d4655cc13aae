package sim

import (
	"fmt"

	"carry"
)

// ADLModel tells whether a winning short is taken away in a bar, to pay for
// longs that went bankrupt: binance.md §2.6. fallFrac is how far the perpetual
// fell below the bar's open.
type ADLModel interface {
	Takes(pair int32, bar carry.Time, fallFrac float64) bool
	String() string
}

// NoADL takes nothing.
type NoADL struct{}

// Takes is false.
func (NoADL) Takes(int32, carry.Time, float64) bool { return false }

// String names the model.
func (NoADL) String() string { return "none" }

// CrashADL takes a short by chance in every bar in which the perpetual falls by
// FallFrac or more. On 2025-10-10 books that were hedged became naked that way.
type CrashADL struct {
	FallFrac, ChanceFrac float64
	Seed                 uint64
}

// Takes draws from a stream of its own for every pair and bar.
func (c CrashADL) Takes(pair int32, bar carry.Time, fall float64) bool {
	if !(fall >= c.FallFrac) {
		return false
	}
	r := NewStream(c.Seed^uint64(pair)<<40, concernADL, uint64(bar))
	return r.Float64() < c.ChanceFrac
}

// String names the model with its figures.
func (c CrashADL) String() string {
	return fmt.Sprintf("a short goes with a chance of %g in an hour that falls by %g", c.ChanceFrac, c.FallFrac)
}

// deleverage takes away winning shorts after a bar: whole, at the mark of its
// path's lowest point, for a taker's fee. The price would be a bankrupt long's
// bankruptcy price, which is not known and not below it.
func (x *Exchange) deleverage(b *carry.Block, base int, start, at carry.Time) {
	if _, none := x.opt.ADL.(NoADL); none {
		return
	}
	for k := 0; k < len(x.acct.open); k++ {
		i := x.acct.open[k]
		row := bar{b, base + int(i)}
		if x.acct.qty[i] >= 0 || !row.trades(carry.Perp) {
			continue
		}
		low := row.extreme(carry.Perp, carry.Sell, 0, 1)
		price := x.rules[i].Legs[carry.Perp].TickUp(low)
		wins := x.acct.costF[i] < float64(x.acct.qtyF[i]*price.Float())
		if !wins || !x.opt.ADL.Takes(i, start, 1-b.Perp.Low[row.k]/b.Perp.Open[row.k]) {
			continue
		}
		q := -x.acct.qty[i]
		fee := feeOn(notional(price, q, x.info.Pairs[i].QtyDp), feeTicks(x.feesNow(at).PerpTaker))
		x.forced(i, q, price, carry.PriceFromFloat(low), fee, at, carry.CodeADL)
		k--
	}
}
