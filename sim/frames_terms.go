package sim

import "carry"

// Terms are what a leg's orders cost at an instant of the frames: half the quoted
// spread with its rounding to ticks, as a fraction of the price, and what an impact
// model asks for: the mean value traded in a day, USDT, and the volatility of a day.
func (f *Frames) Terms(r int, leg carry.Leg, pair int) (halfFrac, dailyUSDT, volFrac float64) {
	q := &f.rows[r]
	return q.half(leg, pair), q.daily(leg, pair), q.slow.volFrac[pair]
}
