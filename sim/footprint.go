package sim

import (
	"math"

	"carry"
)

// footprint is what we took from one side of a leg's book and what it has not
// been refilled with: Value USDT as of At. Impact laws price one order; slices
// that follow each other would each be cheaper than the whole, and cutting finer
// would be a gain that no market gives.
type footprint struct {
	value float64
	at    carry.Time
}

// footprints are a pair's, by leg and side (0: bought, 1: sold).
type footprints [2][2]footprint

func sideIndex(s carry.Side) int {
	if s == carry.Buy {
		return 0
	}
	return 1
}

// worked is what the book remembers of our taking on that side, USDT: it halves
// every ImpactHalfLife. Half-lives of minutes are what studies of large orders
// report for most of the impact; nothing recorded here measures it.
func (x *Exchange) worked(c *carry.Command, at carry.Time) float64 {
	if x.opt.ImpactHalfLife <= 0 {
		return 0
	}
	p := &x.prints[c.Pair][c.Leg][sideIndex(c.Side)]
	if p.value == 0 {
		return 0
	}
	halvings := float64(at-p.at) / float64(x.opt.ImpactHalfLife)
	if halvings > 20 {
		p.value = 0
		return 0
	}
	p.value, p.at = float64(p.value*exp(-float64(halvings*math.Ln2))), at
	return p.value
}

// treads adds what an order took, USDT, to the side's footprint.
func (x *Exchange) treads(c *carry.Command, valueUSDT float64, at carry.Time) {
	if x.opt.ImpactHalfLife <= 0 {
		return
	}
	left := x.worked(c, at)
	x.prints[c.Pair][c.Leg][sideIndex(c.Side)] = footprint{left + valueUSDT, at}
}

// conceded is the mean fraction of price that an order of value USDT gives up
// after worked USDT of the same side: what both together cost less what the
// first has paid, so that slices without a pause cost what one order costs.
func conceded(m ImpactModel, value, worked, daily, vol float64) float64 {
	if worked <= 0 || value <= 0 {
		return m.ImpactFrac(value, daily, vol)
	}
	both := worked + value
	return (float64(both*m.ImpactFrac(both, daily, vol)) - float64(worked*m.ImpactFrac(worked, daily, vol))) / value
}
