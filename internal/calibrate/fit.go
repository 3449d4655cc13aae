package calibrate

import (
	"math"
	"slices"
)

// Line is a straight line fitted by least squares.
type Line struct {
	Intercept, Slope, R2 float64
	N                    int
}

// FitLine fits y = Intercept + Slope × x.
func FitLine(x, y []float64) Line {
	n := float64(len(x))
	mx, my := mean(x), mean(y)
	var sxx, sxy, syy float64
	for i := range x {
		sxx += square(x[i] - mx)
		sxy += float64((x[i] - mx) * (y[i] - my))
		syy += square(y[i] - my)
	}
	l := Line{N: int(n), Slope: sxy / sxx}
	l.Intercept = my - float64(l.Slope*mx)
	var left float64
	for i := range x {
		e := y[i] - l.Intercept - float64(l.Slope*x[i])
		left += square(e)
	}
	l.R2 = 1 - left/syy
	return l
}

// FitFactor fits y = factor × x through the origin and tells the share of y's
// variance that it explains (negative: worse than y's mean).
func FitFactor(x, y []float64) (factor, r2 float64) {
	var xx, xy float64
	for i := range x {
		xx += square(x[i])
		xy += float64(x[i] * y[i])
	}
	factor = xy / xx
	my := mean(y)
	var left, all float64
	for i := range y {
		left += square(y[i] - float64(factor*x[i]))
		all += square(y[i] - my)
	}
	return factor, 1 - left/all
}

// square cannot be fused into a sum, so that all machines print the same table.
func square(x float64) float64 { return float64(x * x) }

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// Quantile is the p-quantile of v, the sample at or above which 1−p lie; NaN
// for no sample.
func Quantile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Clone(v)
	slices.Sort(v)
	return v[min(int(math.Ceil(p*float64(len(v)-1))), len(v)-1)]
}
