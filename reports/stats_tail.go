package reports

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// quantile of sorted values, linear between order statistics at (n−1)p: the
// usual definition (Hyndman and Fan's type 7), which gonum does not have.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p * float64(len(sorted)-1)
	i := int(math.Floor(at))
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// ValueAtRisk is the historical tail quantile of returns, a fraction that is
// negative for a loss; tail is 0.05 for the worst twentieth.
func ValueAtRisk(r []float64, tail float64) float64 {
	sorted := slices.Clone(r)
	slices.Sort(sorted)
	return quantile(sorted, tail)
}

// ConditionalVaR is the mean of the returns that are at or below ValueAtRisk.
func ConditionalVaR(r []float64, tail float64) float64 {
	limit := ValueAtRisk(r, tail)
	sum, n := 0.0, 0
	for _, x := range r {
		if x <= limit {
			sum += x
			n++
		}
	}
	return sum / float64(n) // NaN without returns
}

// WorstMean is the mean of the lowest ⌊(n−1)·tail⌋+1 returns: empyrical's form
// of the conditional value at risk.
func WorstMean(r []float64, tail float64) float64 {
	if len(r) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(r)
	slices.Sort(sorted)
	return stat.Mean(sorted[:int(float64(len(r)-1)*tail)+1], nil)
}

// moments are the population mean, standard deviation, skewness and raw
// kurtosis (3 for a normal distribution).
func moments(r []float64) (mean, sd, skew, kurtosis float64) {
	mean = stat.Mean(r, nil)
	m2 := stat.MomentAbout(2, r, mean, nil)
	sd = math.Sqrt(m2)
	return mean, sd, stat.MomentAbout(3, r, mean, nil) / (m2 * sd), stat.MomentAbout(4, r, mean, nil) / (m2 * m2)
}

// CornishFisherVaR is the tail quantile of a normal distribution corrected for
// skewness and kurtosis (Cornish and Fisher 1938), with the sample deviation.
func CornishFisherVaR(r []float64, tail float64) float64 {
	if len(r) < 2 {
		return math.NaN()
	}
	mean, _, s, k := moments(r)
	k -= 3
	z := distuv.UnitNormal.Quantile(tail)
	w := z + (z*z-1)*s/6 + (z*z*z-3*z)*k/24 - (2*z*z*z-5*z)*s*s/36
	return mean + w*stat.StdDev(r, nil)
}
