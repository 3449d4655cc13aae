package reports

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Superiority tests whether the best of many trials beats a benchmark by more
// than luck. Excess[k] are trial k's returns minus the benchmark's, all of one
// length. The same resamples serve every trial, so that their dependence is
// kept.
type Superiority struct {
	Excess  [][]float64
	Block   float64 // mean length of the resampled runs
	Indices [][]int32

	mean, omega []float64   // of each trial; omega is √n × the mean's standard error
	boot        [][]float64 // [draw][trial] mean of the resample
}

// NewSuperiority prepares the tests.
func NewSuperiority(excess [][]float64, block float64, draws int, u Uniform) *Superiority {
	s := &Superiority{Excess: excess, Block: block}
	n := 0
	if len(excess) > 0 {
		n = len(excess[0])
	}
	s.Indices = StationaryIndices(n, draws, block, u)
	for _, d := range excess {
		s.mean = append(s.mean, stat.Mean(d, nil))
		s.omega = append(s.omega, longRunDeviation(d, block))
	}
	s.boot = resampledMeans(excess, s.Indices)
	return s
}

// resampledMeans are the means of each series over each resample, by one matrix
// product of how often a position was drawn with the series.
func resampledMeans(series [][]float64, indices [][]int32) [][]float64 {
	out := make([][]float64, len(indices))
	if len(series) == 0 || len(indices) == 0 || len(series[0]) == 0 {
		return out
	}
	n := len(series[0])
	drawn, columns := mat.NewDense(len(indices), n, nil), mat.NewDense(n, len(series), nil)
	for b, at := range indices {
		row := drawn.RawRowView(b)
		for _, i := range at {
			row[i]++
		}
	}
	for k, r := range series {
		columns.SetCol(k, r)
	}
	var means mat.Dense
	means.Mul(drawn, columns)
	means.Scale(1/float64(n), &means)
	for b := range out {
		out[b] = means.RawRowView(b)
	}
	return out
}

// longRunDeviation is the stationary bootstrap's own estimate of √n × the
// standard error of the mean: ω² = γ0 + 2Σ κ(i)γ_i with
// κ(i) = (n−i)/n·(1−q)^i + i/n·(1−q)^(n−i), q = 1/block (Politis and Romano
// 1994; Hansen 2005).
func longRunDeviation(d []float64, block float64) float64 {
	n := len(d)
	if n == 0 {
		return math.NaN()
	}
	mean := stat.Mean(d, nil)
	keep := 1 - 1/math.Max(1, block)
	centred := make([]float64, n)
	for i, x := range d {
		centred[i] = x - mean
	}
	sum := 0.0
	for i := range n {
		kernel := float64(n-i)/float64(n)*math.Pow(keep, float64(i)) + float64(i)/float64(n)*math.Pow(keep, float64(n-i))
		if i > 0 && kernel < 1e-12 {
			continue
		}
		cov := 0.0
		for j := i; j < n; j++ {
			cov += centred[j] * centred[j-i]
		}
		cov /= float64(n)
		if i > 0 {
			cov *= 2
		} else {
			kernel = 1
		}
		sum += kernel * cov
	}
	return math.Sqrt(math.Max(sum, 0))
}

// scale is √n over omega for a studentised test, √n for a plain one; 0 where a
// trial never differs from the benchmark.
func (s *Superiority) scale(k int, studentise bool) float64 {
	root := math.Sqrt(float64(len(s.Excess[k])))
	if !studentise {
		return root
	}
	if !(s.omega[k] > 0) {
		return 0
	}
	return root / s.omega[k]
}

// TStat is trial k's mean excess in standard errors.
func (s *Superiority) TStat(k int) float64 { return s.mean[k] * s.scale(k, true) }

// RealityCheck is White's test (2000): the largest √n·mean and the share of
// resamples, centred at the estimates, whose largest exceeds it.
func (s *Superiority) RealityCheck() (statistic, p float64) {
	return s.pValue(false, math.Inf(-1), func(int) bool { return true })
}

// SPA are Hansen's p-values (2005): with trials that are clearly worse than the
// benchmark left out (Consistent, the one to read), with all bad ones lifted to
// zero (Lower) and with none (Upper).
type SPA struct {
	Statistic                float64
	Lower, Consistent, Upper float64
}

// SPA is Hansen's test of superior predictive ability.
func (s *Superiority) SPA(studentise bool) SPA {
	n := 0.0
	if len(s.Excess) > 0 {
		n = float64(len(s.Excess[0]))
	}
	limit := math.Sqrt(2 * math.Log(math.Log(n)))
	var out SPA
	// A trial that is not recentred keeps its own bad mean in the resamples.
	out.Statistic, out.Lower = s.pValue(studentise, 0, func(k int) bool { return s.mean[k] >= 0 })
	_, out.Consistent = s.pValue(studentise, 0, func(k int) bool { return s.mean[k] >= -s.omega[k]/math.Sqrt(n)*limit })
	_, out.Upper = s.pValue(studentise, 0, func(int) bool { return true })
	return out
}

// pValue compares the largest statistic with that of the resamples, from which
// the mean of each trial that is centred was taken off.
func (s *Superiority) pValue(studentise bool, floor float64, centred func(k int) bool) (statistic, p float64) {
	statistic = floor
	off := make([]float64, len(s.mean))
	for k, m := range s.mean {
		statistic = math.Max(statistic, m*s.scale(k, studentise))
		if centred(k) {
			off[k] = m
		}
	}
	above := 0
	for _, boot := range s.boot {
		best := floor
		for k, m := range boot {
			best = math.Max(best, (m-off[k])*s.scale(k, studentise))
		}
		if best > statistic {
			above++
		}
	}
	if len(s.boot) == 0 || len(s.mean) == 0 {
		return statistic, math.NaN()
	}
	return statistic, float64(above) / float64(len(s.boot))
}

// StepM lists the trials that beat the benchmark while the chance of any false
// one among them stays below alpha (Romano and Wolf 2005, studentised), and the
// critical value of the last step.
func (s *Superiority) StepM(alpha float64) (better []int, critical float64) {
	left := make([]int, len(s.mean))
	for k := range left {
		left[k] = k
	}
	for {
		critical = s.criticalValue(left, alpha)
		var rest []int
		for _, k := range left {
			if s.TStat(k) > critical {
				better = append(better, k)
			} else {
				rest = append(rest, k)
			}
		}
		if len(rest) == len(left) || len(rest) == 0 {
			sort.Ints(better)
			return better, critical
		}
		left = rest
	}
}

func (s *Superiority) criticalValue(among []int, alpha float64) float64 {
	best := make([]float64, len(s.boot))
	for b, boot := range s.boot {
		best[b] = math.Inf(-1)
		for _, k := range among {
			best[b] = math.Max(best[b], (boot[k]-s.mean[k])*s.scale(k, true))
		}
	}
	slices.Sort(best)
	return quantile(best, 1-alpha)
}
