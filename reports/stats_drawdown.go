package reports

import (
	"math"

	"carry"
)

// drawdowns calls f with the fall from the running peak after each return
// (≤ 0, fraction of the peak). The start value 1 counts as a peak.
func drawdowns(r []float64, f func(i int, dd float64)) {
	value, peak := 1.0, 1.0
	for i, x := range r {
		value *= 1 + x
		if value > peak {
			peak = value
		}
		f(i, value/peak-1)
	}
}

// MaxDrawdown is the deepest fall from a peak as a fraction ≤ 0, the start
// value included.
func MaxDrawdown(r []float64) float64 {
	deepest := 0.0
	drawdowns(r, func(_ int, dd float64) { deepest = math.Min(deepest, dd) })
	return deepest
}

// TimeUnderWater is the share of periods that end below the running peak, and
// the longest unbroken series of such periods.
func TimeUnderWater(r []float64) (frac float64, longest int) {
	if len(r) == 0 {
		return math.NaN(), 0
	}
	under, streak := 0, 0
	drawdowns(r, func(_ int, dd float64) {
		if dd >= 0 {
			streak = 0
			return
		}
		under++
		streak++
		longest = max(longest, streak)
	})
	return float64(under) / float64(len(r)), longest
}

// Ulcer is the ulcer index of Martin: √(Σ dd²/n). With sample it divides by
// n−1, as quantstats does.
func Ulcer(r []float64, sample bool) float64 {
	n := float64(len(r))
	if sample {
		n--
	}
	if n <= 0 {
		return math.NaN()
	}
	sum := 0.0
	drawdowns(r, func(_ int, dd float64) { sum += dd * dd })
	return math.Sqrt(sum / n)
}

// Pain is the pain index: the mean depth of drawdown, as a fraction ≥ 0.
func Pain(r []float64) float64 {
	sum := 0.0
	drawdowns(r, func(_ int, dd float64) { sum -= dd })
	return sum / float64(len(r)) // NaN without returns
}

// Martin is CAGR over the ulcer index, the ulcer performance index as Martin
// defined it.
func Martin(r []float64, perYear float64) float64 { return CAGR(r, perYear) / Ulcer(r, false) }

// Fall is the deepest drawdown of an equity curve.
type Fall struct {
	Depth  float64 // fraction ≤ 0; 0 where the curve never fell
	PeakAt carry.Time
	LowAt  carry.Time
	// EndAt is when the peak was reached again, or the end of the curve.
	EndAt     carry.Time
	Recovered bool
}

// WorstFall finds the deepest drawdown of a curve. The capital at the start
// counts as a peak; samples that are NaN are passed over.
func WorstFall(c *carry.Curve, capital float64) Fall {
	worst := Fall{PeakAt: c.Start, LowAt: c.Start, EndAt: c.Start, Recovered: true}
	peak, peakAt := capital, c.Start
	under := false // inside the drawdown that is the worst so far
	worstPeak := 0.0
	for i, e := range c.Equity {
		at := c.At(i)
		if under && e >= worstPeak {
			worst.EndAt, worst.Recovered, under = at, true, false
		}
		if e >= peak || !(peak > 0) {
			if e > peak || !(peak > 0) {
				peak = e
			}
			peakAt = at
			continue
		}
		if dd := e/peak - 1; dd < worst.Depth {
			worst = Fall{Depth: dd, PeakAt: peakAt, LowAt: at}
			worstPeak, under = peak, true
		}
	}
	if under && len(c.Equity) > 0 {
		worst.EndAt = c.At(len(c.Equity) - 1)
	}
	return worst
}
