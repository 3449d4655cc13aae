package reports

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Uniform gives independent numbers in [0, 1).
type Uniform func() float64

// FixedUniform is a generator of our own seed and the given stream, so that
// the same question always gets the same answer.
func FixedUniform(stream uint64) Uniform { return rand.New(rand.NewPCG(intervalSeed, stream)).Float64 }

// StationaryIndices are draws resamples of n positions by the stationary
// bootstrap (Politis and Romano 1994): runs of geometric length with mean block,
// wrapping at the end. One number is drawn for each position and one more for
// each new run.
func StationaryIndices(n, draws int, block float64, u Uniform) [][]int32 {
	out := make([][]int32, draws)
	flat := make([]int32, n*draws)
	change := 1 / math.Max(1, block)
	for d := range out {
		row := flat[d*n : (d+1)*n : (d+1)*n]
		at := int32(u() * float64(n))
		for i := range row {
			if i > 0 {
				if u() < change {
					at = int32(u() * float64(n))
				} else if at++; int(at) == n {
					at = 0
				}
			}
			row[i] = at
		}
		out[d] = row
	}
	return out
}

// Interval is a 95 % interval; NaN where there is too little to tell.
type Interval struct{ Low, High float64 }

// intervalStat is one statistic of which an interval is wanted.
type intervalStat func(r []float64) float64

// intervals are 95 % percentile intervals of several statistics by the same
// resamples of r with the automatic block length. Below 30 returns they are NaN.
func intervals(r []float64, draws int, stats ...intervalStat) []Interval {
	out := make([]Interval, len(stats))
	for i := range out {
		out[i] = Interval{math.NaN(), math.NaN()}
	}
	if len(r) < 30 {
		return out
	}
	values := make([][]float64, len(stats))
	sample := make([]float64, len(r))
	u, block := FixedUniform(2), BlockLength(r)
	for range draws {
		for i, at := range StationaryIndices(len(r), 1, block, u)[0] {
			sample[i] = r[at]
		}
		for k, f := range stats {
			if x := f(sample); !math.IsNaN(x) {
				values[k] = append(values[k], x)
			}
		}
	}
	for k, v := range values {
		if len(v) < draws/2 {
			continue
		}
		slices.Sort(v)
		out[k] = Interval{quantile(v, 0.025), quantile(v, 0.975)}
	}
	return out
}

// grouped are the compound returns of k consecutive returns each; an incomplete
// last group is left out.
func grouped(r []float64, k int) []float64 {
	out := make([]float64, len(r)/k)
	for i := range out {
		growth := 1.0
		for _, x := range r[i*k : (i+1)*k] {
			growth *= 1 + x
		}
		out[i] = growth - 1
	}
	return out
}
