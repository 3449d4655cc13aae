package reports

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Overfit is the outcome of combinatorially symmetric cross-validation.
type Overfit struct {
	Blocks, Splits int
	// PBO is the share of splits in which the trial that was best in sample
	// came out below the median of all trials out of sample.
	PBO float64
	// Loss is the share in which it lost money out of sample.
	Loss float64
	// Slope, Intercept and R2 are of the line through (in sample, out of sample)
	// of the chosen trials.
	Slope, Intercept, R2 float64
	LogitMean            float64
	// Logit, In and Out are by split, in lexicographic order of the blocks that
	// are in sample; In and Out are Sharpe ratios a period.
	Logit, In, Out []float64
}

// ErrBlocks says that a series cannot be cut into so many blocks.
var ErrBlocks = errors.New("cross-validation needs an even number of blocks, each of two returns or more, and two trials or more")

// blockSums are the sums by block and trial from which every split's ratio
// follows.
type blockSums struct {
	n             float64
	sum, square   [][]float64 // [block][trial]
	blocks, trial int
}

// CrossValidate is CSCV (Bailey, Borwein, López de Prado and Zhu 2017) on
// trials[k] = returns of trial k, cut into an even number of blocks of equal
// length; what is left over at the end is not used.
func CrossValidate(trials [][]float64, blocks int) (*Overfit, error) {
	if len(trials) < 2 || blocks < 2 || blocks%2 != 0 || len(trials[0])/blocks < 2 {
		return nil, fmt.Errorf("%w: %d trials, %d blocks", ErrBlocks, len(trials), blocks)
	}
	s := sumBlocks(trials, blocks)
	out := &Overfit{Blocks: blocks}
	below, lost := 0, 0
	in := make([]float64, s.trial)
	outside := make([]float64, s.trial)
	combinations(blocks, blocks/2, func(chosen []bool) {
		s.ratios(chosen, true, in)
		s.ratios(chosen, false, outside)
		best := 0
		for k, x := range in {
			if x > in[best] {
				best = k
			}
		}
		rank := 1.0 // average rank among equals, the lowest is 1
		for k, x := range outside {
			if x < outside[best] {
				rank++
			} else if x == outside[best] && k != best {
				rank += 0.5
			}
		}
		w := rank / float64(s.trial+1)
		logit := math.Log(w / (1 - w))
		if logit <= 0 {
			below++
		}
		if outside[best] < 0 {
			lost++
		}
		out.Logit = append(out.Logit, logit)
		out.In, out.Out = append(out.In, in[best]), append(out.Out, outside[best])
	})
	out.Splits = len(out.Logit)
	n := float64(out.Splits)
	out.PBO, out.Loss = float64(below)/n, float64(lost)/n
	out.LogitMean = stat.Mean(out.Logit, nil)
	out.Intercept, out.Slope = stat.LinearRegression(out.In, out.Out, nil, false)
	out.R2 = stat.RSquared(out.In, out.Out, nil, out.Intercept, out.Slope)
	return out, nil
}

func sumBlocks(trials [][]float64, blocks int) *blockSums {
	length := len(trials[0]) / blocks
	s := &blockSums{n: float64(length), blocks: blocks, trial: len(trials)}
	for b := range blocks {
		sum, square := make([]float64, len(trials)), make([]float64, len(trials))
		for k, r := range trials {
			for _, x := range r[b*length : (b+1)*length] {
				sum[k] += x
				square[k] += x * x
			}
		}
		s.sum, s.square = append(s.sum, sum), append(s.square, square)
	}
	return s
}

// ratios fills out with the Sharpe ratio a period of each trial over the blocks
// that are chosen, or over the others. A trial that never moves has ratio 0.
func (s *blockSums) ratios(chosen []bool, want bool, out []float64) {
	n := s.n * float64(s.blocks/2)
	for k := range out {
		var sum, square float64
		for b, in := range chosen {
			if in == want {
				sum += s.sum[b][k]
				square += s.square[b][k]
			}
		}
		mean := sum / n
		variance := (square - n*mean*mean) / (n - 1)
		out[k] = 0
		if variance > 1e-24 {
			out[k] = mean / math.Sqrt(variance)
		}
	}
}

// combinations calls f with every choice of k among n, in lexicographic order.
func combinations(n, k int, f func(chosen []bool)) {
	at := make([]int, k)
	for i := range at {
		at[i] = i
	}
	chosen := make([]bool, n)
	for {
		clear(chosen)
		for _, i := range at {
			chosen[i] = true
		}
		f(chosen)
		i := k - 1
		for i >= 0 && at[i] == n-k+i {
			i--
		}
		if i < 0 {
			return
		}
		at[i]++
		for j := i + 1; j < k; j++ {
			at[j] = at[j-1] + 1
		}
	}
}

// PurgedPaths is the plan of combinatorial purged cross-validation (López de
// Prado 2018, chapter 12): every choice of k test groups among n, and to which
// path each test group of a split belongs.
type PurgedPaths struct {
	Test [][]int // by split: its test groups in order
	Path [][]int // by split, beside Test: the path that the group extends
}

// Paths is their number, k/n·C(n,k).
func (p *PurgedPaths) Paths() int {
	most := 0
	for _, row := range p.Path {
		for _, x := range row {
			most = max(most, x+1)
		}
	}
	return most
}

// PlanPurged lays out the splits of n groups with k of them under test.
func PlanPurged(n, k int) *PurgedPaths {
	p := &PurgedPaths{}
	met := make([]int, n)
	combinations(n, k, func(chosen []bool) {
		var test, path []int
		for g, in := range chosen {
			if in {
				test, path = append(test, g), append(path, met[g])
				met[g]++
			}
		}
		p.Test, p.Path = append(p.Test, test), append(p.Path, path)
	})
	return p
}

// MeanCorrelation is the mean of all pairwise correlations of the trials.
func MeanCorrelation(trials [][]float64) float64 {
	c := correlations(trials)
	if c == nil {
		return math.NaN()
	}
	n, sum := c.SymmetricDim(), 0.0
	for i := range n {
		for j := range i {
			sum += c.At(i, j)
		}
	}
	return sum / (float64(n) * float64(n-1) / 2)
}

// EffectiveByCorrelation is ρ + (1−ρ)·n, rounded up to the next whole number as
// Bailey and López de Prado's own code does: how many independent trials n
// equally correlated ones are worth.
func EffectiveByCorrelation(n int, meanCorrelation float64) float64 {
	return math.Floor(meanCorrelation+(1-meanCorrelation)*float64(n)) + 1
}

// EffectiveRank is exp of the entropy of the correlation matrix's eigenvalues
// (Roy and Vetterli 2007): how many independent series these are, from 1 to
// their number, and the share of the largest eigenvalue. Series that never move
// do not count.
func EffectiveRank(series [][]float64) (rank, first float64) {
	c := correlations(series)
	if c == nil {
		return float64(len(series)), 1
	}
	return eigenRank(c)
}

// rankOf is EffectiveRank of a given correlation matrix.
func rankOf(c [][]float64) (rank, first float64) {
	m := mat.NewSymDense(len(c), nil)
	for i := range c {
		for j := range i + 1 {
			m.SetSym(i, j, c[i][j])
		}
	}
	return eigenRank(m)
}

func eigenRank(c *mat.SymDense) (rank, first float64) {
	var e mat.EigenSym
	if !e.Factorize(c, false) {
		return math.NaN(), math.NaN()
	}
	values := e.Values(nil)
	sort.Float64s(values)
	total, entropy := 0.0, 0.0
	for _, v := range values {
		total += math.Max(v, 0)
	}
	for _, v := range values {
		if p := v / total; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	return math.Exp(entropy), values[len(values)-1] / total
}

// correlations is the correlation matrix of the series that move, nil where
// fewer than two do.
func correlations(series [][]float64) *mat.SymDense {
	var moving [][]float64
	for _, s := range series {
		if len(s) > 1 && stat.Variance(s, nil) > 0 {
			moving = append(moving, s)
		}
	}
	if len(moving) < 2 {
		return nil
	}
	n := len(moving[0])
	x := mat.NewDense(n, len(moving), nil)
	for k, s := range moving {
		x.SetCol(k, s)
	}
	c := mat.NewSymDense(len(moving), nil)
	stat.CorrelationMatrix(c, x, nil)
	return c
}
