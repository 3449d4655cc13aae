package reports

import (
	"math"

	"carry"
)

// FairPremium is the premium at which a short perpetual, hedged on spot, earns
// nothing over money at rate r (a fraction a year): the rate for eight hours that
// Binance's formula makes of a premium p, p + clamp(0.01 % − p, ±0.05 %), is r/1095
// at p = r/1095 − 0.05 % where r is below 10.95 % (the formula's interest of 0.01 %
// is 10.95 % a year), and at r/1095 + 0.05 % above; in between, at r = 10.95 %
// itself, any premium within 0.05 % of it is (He, Manela, Ross, von Wachter 2022).
func FairPremium(r float64) float64 {
	const edge, perDay, band = 0.1095, 1095, 0.0005
	switch {
	case r < edge:
		return r/perDay - band
	case r > edge:
		return r/perDay + band
	}
	return r / perDay
}

// billYield is the cash baseline's rate at a time, a fraction a year by its growth
// over a day; NaN where there is none.
func (v *view) billYield(at carry.Time) float64 {
	for _, b := range v.base {
		if b.Strategy != "cash" || b.Curve.Step <= 0 {
			continue
		}
		e, steps := b.Curve.Equity, max(1, int(carry.Day/b.Curve.Step))
		i := int((at - b.Curve.Start) / b.Curve.Step)
		i = max(0, min(i, len(e)-1-steps))
		if i+steps >= len(e) || !(e[i] > 0) {
			return math.NaN()
		}
		return math.Log(e[i+steps]/e[i]) * float64(365*carry.Day) / float64(carry.Time(steps)*b.Curve.Step)
	}
	return math.NaN()
}

// fairAtEntry is the mean fair premium over the trips' entries; NaN without a
// cash baseline.
func (v *view) fairAtEntry() float64 {
	sum, n := 0.0, 0
	for _, t := range v.run.Trips {
		if f := FairPremium(v.billYield(t.OpenAt)); !math.IsNaN(finite(t.EntryPremium)) && f == f {
			sum, n = sum+f, n+1
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
