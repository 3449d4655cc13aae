package sim

import (
	"math"

	"carry"
)

// Frames is a block turned into what a venue needs: one Market per instant and
// the raw bars that follow it. It depends only on tape and quoting models, so
// that all runs of a sweep share one.
type Frames struct {
	Start carry.Time
	Step  carry.Time
	N     int
	// Markets[r] is the cross-section at Start + r×Step, made of bars that have
	// closed by then.
	Markets []carry.Market
	// Block holds the bars that open at those instants. It is nil in the last
	// frame of a tape, after which nothing trades.
	Block *carry.Block
	// settledAt[r] is where the settlements of instant r begin in
	// Block.Settled; it has N+1 entries.
	settledAt []int
	rows      []row
	cols      columns
	slow      []*slowFacts // versions in use, reused
	slowN     int
}

// columns are a frame's fast facts, time-major; the row after the last instant
// is where the next block begins.
type columns struct {
	spotLast, perpLast, mark []float64
	spotValue, perpValue     []float64
	predicted                []carry.PredictedRate
	flags                    []carry.Flags
}

// slowFacts change at most a few times a day; frames share a version until one
// of them does.
type slowFacts struct {
	intervalH                     []float64
	spotHalf, perpHalf            []float64 // half spread, fraction
	spotDaily, perpDaily, volFrac []float64 // mean daily value, USDT; daily volatility
	spotDay, perpDay              []float64 // value of the last full day, USDT
	spotTick, spotInv             []float64
	perpTick, perpInv             []float64
}

func newSlowFacts(n int) *slowFacts {
	s := &slowFacts{}
	for _, c := range s.columns() {
		*c = make([]float64, n)
	}
	return s
}

func (s *slowFacts) columns() [12]*[]float64 {
	return [...]*[]float64{&s.intervalH, &s.spotHalf, &s.perpHalf, &s.spotDaily, &s.perpDaily, &s.volFrac, &s.spotDay, &s.perpDay,
		&s.spotTick, &s.spotInv, &s.perpTick, &s.perpInv}
}

func (s *slowFacts) copyFrom(t *slowFacts) {
	theirs := t.columns()
	for k, c := range s.columns() {
		copy(*c, *theirs[k])
	}
}

// row is one instant's synthetic quotes. They round outward; a last price that
// is on a tick but for a float's last bits counts as on it.
type row struct {
	m    *carry.Market
	slow *slowFacts
}

// Bid is the last price less half the spread, rounded down to the tick.
func (r *row) Bid(leg carry.Leg, i int) float64 {
	s := r.slow
	if leg == carry.Perp {
		return math.Floor(float64(r.m.PerpLast[i]*(1-s.perpHalf[i])*s.perpInv[i])+1e-6) * s.perpTick[i]
	}
	return math.Floor(float64(r.m.SpotLast[i]*(1-s.spotHalf[i])*s.spotInv[i])+1e-6) * s.spotTick[i]
}

// Ask is the last price plus half the spread, rounded up to the tick.
func (r *row) Ask(leg carry.Leg, i int) float64 {
	s := r.slow
	if leg == carry.Perp {
		return math.Ceil(float64(r.m.PerpLast[i]*(1+s.perpHalf[i])*s.perpInv[i])-1e-6) * s.perpTick[i]
	}
	return math.Ceil(float64(r.m.SpotLast[i]*(1+s.spotHalf[i])*s.spotInv[i])-1e-6) * s.spotTick[i]
}

// half is half the quoted spread of a leg, rounding to ticks included.
func (r *row) half(leg carry.Leg, i int) float64 {
	last := r.m.SpotLast[i]
	if leg == carry.Perp {
		last = r.m.PerpLast[i]
	}
	return r.Ask(leg, i)/last - 1
}

func (r *row) daily(leg carry.Leg, i int) float64 {
	if leg == carry.Perp {
		return r.slow.perpDaily[i]
	}
	return r.slow.spotDaily[i]
}

func growF(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

func (c *columns) resize(n int) {
	for _, s := range [...]*[]float64{&c.spotLast, &c.perpLast, &c.mark, &c.spotValue, &c.perpValue} {
		*s = growF(*s, n)
	}
	if cap(c.predicted) < n {
		c.predicted = make([]carry.PredictedRate, n)
		c.flags = make([]carry.Flags, n)
	}
	c.predicted, c.flags = c.predicted[:n], c.flags[:n]
}

// market points m at row r of p pairs.
func (c *columns) market(m *carry.Market, r, p int) {
	lo, hi := r*p, (r+1)*p
	m.SpotLast, m.PerpLast, m.Mark = c.spotLast[lo:hi], c.perpLast[lo:hi], c.mark[lo:hi]
	m.SpotValue, m.PerpValue = c.spotValue[lo:hi], c.perpValue[lo:hi]
	m.Predicted, m.Flags = c.predicted[lo:hi], c.flags[lo:hi]
}

// save copies row r of p pairs to where it outlives the block.
func (c *columns) save(to *lastRow, r, p int) {
	lo, hi := r*p, (r+1)*p
	copy(to.spotLast, c.spotLast[lo:hi])
	copy(to.perpLast, c.perpLast[lo:hi])
	copy(to.mark, c.mark[lo:hi])
	copy(to.spotValue, c.spotValue[lo:hi])
	copy(to.perpValue, c.perpValue[lo:hi])
}

// restore makes it the first row.
func (c *columns) restore(from *lastRow) {
	copy(c.spotLast, from.spotLast)
	copy(c.perpLast, from.perpLast)
	copy(c.mark, from.mark)
	copy(c.spotValue, from.spotValue)
	copy(c.perpValue, from.perpValue)
}

// prepare makes room for n instants of p pairs.
func (f *Frames) prepare(start, step carry.Time, n, p int) {
	f.Start, f.Step, f.N = start, step, n
	f.cols.resize((n + 1) * p)
	if cap(f.Markets) < n {
		f.Markets, f.rows, f.settledAt = make([]carry.Market, n), make([]row, n), make([]int, n+1)
	}
	f.Markets, f.rows, f.settledAt = f.Markets[:n], f.rows[:n], f.settledAt[:n+1]
	f.slowN = 0
}

// version returns a copy of the slow facts that will not change any more.
func (f *Frames) version(now *slowFacts) *slowFacts {
	if f.slowN == len(f.slow) {
		f.slow = append(f.slow, newSlowFacts(len(now.intervalH)))
	}
	v := f.slow[f.slowN]
	f.slowN++
	v.copyFrom(now)
	return v
}
