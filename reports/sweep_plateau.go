package reports

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// plateaus are each run's plateau score: the median net return of the run and
// its neighbours, or the run's own where that is less. On a grid these are one step away along one axis; else the
// nearest runs, twice as many as axes, by the ranks of their values. A peak among
// bad neighbours scores badly; failed neighbours count as the worst run.
func (t *SweepTable) plateaus() []float64 {
	worst, _ := t.netSpan()
	score := func(i int) float64 {
		if x := t.Net[i]; !math.IsNaN(finite(x)) {
			return x
		}
		return worst
	}
	out := make([]float64, len(t.Net))
	near := t.neighbours()
	for i := range t.Net {
		if math.IsNaN(finite(t.Net[i])) {
			out[i] = math.NaN()
			continue
		}
		around := []float64{t.Net[i]}
		for _, k := range near(i) {
			around = append(around, score(k))
		}
		slices.Sort(around)
		out[i] = math.Min(t.Net[i], quantile(around, 0.5))
	}
	return out
}

func (t *SweepTable) bestPlateau() (best int, score float64) {
	best = -1
	for i, x := range t.plateaus() {
		if !math.IsNaN(x) && (best < 0 || x > score) {
			best, score = i, x
		}
	}
	return best, score
}

func (t *SweepTable) neighbours() func(i int) []int {
	if t.Rows != nil {
		return t.nearest()
	}
	return func(i int) []int {
		var out []int
		stride := 1
		for k := len(t.Axes) - 1; k >= 0; k-- {
			n := len(t.Axes[k].Values)
			at := i / stride % n
			if at > 0 {
				out = append(out, i-stride)
			}
			if at < n-1 {
				out = append(out, i+stride)
			}
			stride *= n
		}
		return out
	}
}

// nearest finds neighbours among runs that are no grid.
func (t *SweepTable) nearest() func(i int) []int {
	n := len(t.Rows)
	place := make([][]float64, n)
	for i := range place {
		place[i] = make([]float64, len(t.Axes))
	}
	for k := range t.Axes {
		for i, r := range ranks(t.column(k)) {
			place[i][k] = r
		}
	}
	return func(i int) []int {
		far := make([]float64, n)
		order := make([]int, 0, n)
		for j := range n {
			for k := range place[j] {
				d := place[j][k] - place[i][k]
				far[j] += d * d
			}
			if j != i {
				order = append(order, j)
			}
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(far[a], far[b]) })
		return order[:min(2*len(t.Axes), len(order))]
	}
}

// column is an axis' values as numbers; words are numbered by first appearance.
func (t *SweepTable) column(k int) []float64 {
	out := make([]float64, len(t.Net))
	seen := map[string]float64{}
	for i := range out {
		text := t.values(i)[k]
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			if _, ok := seen[text]; !ok {
				seen[text] = float64(len(seen))
			}
			x = seen[text]
		}
		out[i] = x
	}
	return out
}

// ranks are the places in order as shares from 0 to 1, equal values the same.
func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	out := make([]float64, len(v))
	for i, k := range order {
		out[k] = float64(i) / math.Max(1, float64(len(v)-1))
		if i > 0 && v[k] == v[order[i-1]] {
			out[k] = out[order[i-1]]
		}
	}
	return out
}
