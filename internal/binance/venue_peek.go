package binance

import (
	"slices"

	"carry"
)

// Peek is the market as the streams have it now, for people to look at: nothing is
// decided on it, and nothing of the venue changes. nil before the first
// cross-section. It is for the goroutine of Next, and valid until the following
// call of either.
func (v *Venue) Peek() *carry.Market {
	m := &v.market
	if m.cut.At == 0 {
		return nil
	}
	p := m.cut // quotes are those of the moment anyway
	p.At, p.Within, p.WarmUp = max(v.last, v.c.Now()), true, false
	p.SpotLast, p.PerpLast, p.Mark = slices.Clone(m.cut.SpotLast), slices.Clone(m.cut.PerpLast), slices.Clone(m.cut.Mark)
	p.Predicted, p.IntervalH = slices.Clone(m.cut.Predicted), slices.Clone(m.interval)
	for i := range p.Pairs {
		known(&p.SpotLast[i], m.now[carry.Spot][i])
		known(&p.PerpLast[i], m.now[carry.Perp][i])
		known(&p.Mark[i], m.mark[i])
		if r := m.rate[i]; r == r {
			p.Predicted[i] = carry.PredictedRate(r)
		}
	}
	return &p
}

// known takes over what is a number.
func known(to *float64, v float64) {
	if v == v {
		*to = v
	}
}

// Peek is Venue.Peek.
func (w *Watch) Peek() *carry.Market { return w.v.Peek() }
