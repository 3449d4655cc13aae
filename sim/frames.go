package sim

import "carry"

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
	// daily[r*P+p] facts for the cost models.
	spotDaily, perpDaily, dailyVol []float64
	cols                           columns
}

// columns are the float columns of a frame's markets, time-major.
type columns struct {
	spotBid, spotAsk, perpBid, perpAsk []float64
	spotLast, perpLast, mark           []float64
	spotValue, perpValue, intervalH    []float64
	predicted                          []carry.PredictedRate
	flags                              []carry.Flags
}

func growF(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

func (c *columns) resize(n int) {
	for _, s := range []*[]float64{&c.spotBid, &c.spotAsk, &c.perpBid, &c.perpAsk, &c.spotLast, &c.perpLast,
		&c.mark, &c.spotValue, &c.perpValue, &c.intervalH} {
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
	m.SpotBid, m.SpotAsk = c.spotBid[lo:hi], c.spotAsk[lo:hi]
	m.PerpBid, m.PerpAsk = c.perpBid[lo:hi], c.perpAsk[lo:hi]
	m.SpotLast, m.PerpLast, m.Mark = c.spotLast[lo:hi], c.perpLast[lo:hi], c.mark[lo:hi]
	m.SpotValue, m.PerpValue = c.spotValue[lo:hi], c.perpValue[lo:hi]
	m.IntervalH, m.Predicted, m.Flags = c.intervalH[lo:hi], c.predicted[lo:hi], c.flags[lo:hi]
}
