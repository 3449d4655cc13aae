package reports

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// The bootstrap's own random stream. Seed and stream are fixed so that the same
// result always prints the same interval.
const (
	intervalSeed   = 0x63617272795f6369
	intervalStream = 1
	intervalDraws  = 2000
)

// BlockLength is the mean block length for a stationary bootstrap that fits the
// series' autocorrelation: (2g²/d)^(1/3) n^(1/3), Politis and White 2004 as
// corrected by Patton, Politis and White 2009. At least 1, at most
// min(3√n, n/3).
func BlockLength(r []float64) float64 {
	n := len(r)
	if n < 10 {
		return 1
	}
	mean := stat.Mean(r, nil)
	eps := make([]float64, n)
	for i, x := range r {
		eps[i] = x - mean
	}
	cov, bandwidth := autocovariances(eps)
	if !(cov[0] > 0) {
		return 1
	}
	g, longRun := 0.0, cov[0]
	for k := 1; k <= bandwidth; k++ {
		weight := 1.0 // flat-top window
		if x := float64(k) / float64(bandwidth); x > 0.5 {
			weight = 2 * (1 - x)
		}
		g += 2 * weight * float64(k) * cov[k]
		longRun += 2 * weight * cov[k]
	}
	limit := math.Ceil(math.Min(3*math.Sqrt(float64(n)), float64(n)/3))
	b := math.Cbrt(2*g*g/(2*longRun*longRun)) * math.Cbrt(float64(n))
	if !(b >= 1) {
		return 1
	}
	return math.Min(b, limit)
}

// autocovariances of centred eps, and the bandwidth: twice the lag after which
// kn correlations in a row are insignificant.
func autocovariances(eps []float64) (cov []float64, bandwidth int) {
	n := len(eps)
	kn := max(5, int(math.Log10(float64(n))))
	most := min(int(math.Ceil(math.Sqrt(float64(n))))+kn, n-2)
	critical := 2 * math.Sqrt(math.Log10(float64(n))/float64(n))
	cov = make([]float64, most+1)
	found, quiet := -1, 0
	for i := range cov {
		var cross, head, tail float64
		for j := i; j < n; j++ {
			cross += eps[j] * eps[j-i]
		}
		for j := i + 1; j < n; j++ {
			head += eps[j] * eps[j]
			tail += eps[j-i-1] * eps[j-i-1]
		}
		cov[i] = cross / float64(n)
		if found < 0 && quiet >= kn {
			found = i - kn
		}
		if math.Abs(cross) < critical*math.Sqrt(head*tail) {
			quiet++
		} else {
			quiet = 0
		}
	}
	if found < 0 {
		return cov, most
	}
	return cov, min(2*max(found, 1), most)
}

// AnnualInterval is the 95 % percentile interval of CAGR by the stationary
// bootstrap of Politis and Romano (1994): blocks of geometric length with mean
// BlockLength, taken from the series joined end to start. It measures how much
// of the figure the order and choice of days could have made, not what a
// different market would do. NaN below 30 returns or where a return is ≤ −1.
func AnnualInterval(r []float64, perYear float64) (low, high float64) {
	n := len(r)
	if n < 30 {
		return math.NaN(), math.NaN()
	}
	// until[i] is the log growth before day i of the series laid end to end
	// twice, so that a block of any length up to n is one subtraction.
	until := make([]float64, 2*n+1)
	for i := range 2 * n {
		x := r[i%n]
		if !(x > -1) {
			return math.NaN(), math.NaN()
		}
		until[i+1] = until[i] + math.Log1p(x)
	}
	rng := rand.New(rand.NewPCG(intervalSeed, intervalStream))
	// A geometric length is an exponential one, rounded up.
	scale := -1 / math.Log1p(-1/BlockLength(r)) // 0 for blocks of one day
	annual := make([]float64, intervalDraws)
	for d := range annual {
		sum := 0.0
		for left := n; left > 0; {
			length := min(left, 1+int(scale*rng.ExpFloat64()))
			from := rng.IntN(n)
			sum += until[from+length] - until[from]
			left -= length
		}
		annual[d] = math.Exp(sum*perYear/float64(n)) - 1
	}
	slices.Sort(annual)
	return quantile(annual, 0.025), quantile(annual, 0.975)
}
