package sim

import "carry"

// fair is the premium at which holding the hedge earns what the demand for
// leverage offers, demand being a rate per settlement: carry.FairPremium, that
// is 5 bp below it where it is less than the interest term and 5 bp above it
// where it is more. Where demand is about the interest term, within the
// climate's band, any premium of the clamp's range will do; there the fair value
// goes from one edge to the other.
func (w *weather) fair(demand float64) float64 {
	const interest = carry.DefaultInterest8h
	if demand < interest-w.band || demand > interest+w.band {
		return carry.FairPremium(demand, 1, interest)
	}
	return w.fairLow + float64((demand-(interest-w.band))*w.fairSlope)
}

// setBand derives the line between the edges of the band.
func (w *weather) setBand(band float64) {
	const interest = carry.DefaultInterest8h
	w.band = band
	w.fairLow = carry.FairPremium(interest-band, 1, interest)
	w.fairSlope = (carry.FairPremium(interest+band, 1, interest) - w.fairLow) / (2 * band)
}

// sample adds the bar's closing premium to the interval's average. As on the
// exchange later samples weigh more: the k-th of the interval has weight k.
func (c *coinState) sample() {
	c.weight++
	c.weightSum += c.weight
	c.premiumSum += float64(c.weight * c.premiumClose)
}

// settle is the settlement at t, which must be the coin's next slot; false where
// the coin does not trade. Its rate is carry.FundingRate of the average premium
// over the bars that closed since the last slot (or the listing), weights 1, 2,
// 3, …, clipped to 0.75 of the first bracket's maintenance margin rate.
func (c *coinState) settle(t carry.Time) (carry.Settlement, bool) {
	s := carry.Settlement{At: t, IntervalH: float64(c.intervalH)}
	ok := c.weightSum > 0 && !c.over
	if ok {
		rate := carry.FundingRate(t, c.premiumSum/c.weightSum, carry.DefaultInterest8h, s.IntervalH, c.cap)
		s.Rate = carry.SettledRate(carry.RateTicks(rate))
		mark := c.close * (1 + c.premiumClose) * c.mult
		s.Mark = carry.PriceFromFloat(float64(grid(mark, c.markScale)) / c.markScale)
	}
	c.premiumSum, c.weightSum, c.weight = 0, 0, 0
	c.intervalH = c.intervalAt(t)
	interval := carry.Time(c.intervalH) * carry.Hour
	c.nextSlot = t.Floor(interval) + interval
	c.perSlot = 1
	if t < carry.FundingPerInterval {
		c.perSlot = float64(c.intervalH) / 8
	}
	return s, ok
}

// intervalAt is the hours between settlements from slot t on. A longer interval
// begins at one of its own slots, so that every settlement is its interval after
// the one before.
func (c *coinState) intervalAt(t carry.Time) int64 {
	e := &c.episodes.list[1]
	h := int64(8)
	if t >= e.start && t < e.end {
		h = e.intervalH(hours(e.start, t))
	}
	length := carry.Time(h) * carry.Hour
	switch {
	case length%c.step != 0:
		return 8 // bars too long to show it
	case t%length != 0:
		return c.intervalH
	}
	return h
}
