package reports

import (
	"math"
	"sort"
	"strconv"

	"carry"
)

// Charts over time are drawn on a grid of 10 000 × 10 000 units that the page
// stretches; script and paths share it. chartColumns is the number of spans of
// which the lowest and highest sample are kept.
const (
	chartUnits   = 10000
	chartColumns = 1400
	chartHeight  = 250
)

// timeChart is what the template "chart" prints.
type timeChart struct {
	ID, Label string
	T0, T1    int64
	Y0, Y1    string
	Unit      unit
	Zero      bool // hangs from zero: drawdowns
	Height    int
	Series    []chartSeries
	YTicks    []mark
	XTicks    []mark
	Ends      []mark
}

// chartSeries is one curve; Path is "Mx yl dx dy…" with a new M after a gap.
type chartSeries struct {
	Name, Class, Last string
	Path, Area        string
}

// Drawn are the series in the order of painting: the run on top.
func (c *timeChart) Drawn() []chartSeries {
	out := make([]chartSeries, 0, len(c.Series))
	for i := len(c.Series) - 1; i >= 0; i-- {
		out = append(out, c.Series[i])
	}
	return out
}

// mark is a label at a position: pixels for values, percent for times.
type mark struct {
	Pos   string
	Label string
	Class string
	Major bool
	Zero  bool
}

// chartPlan describes a chart over time before it is laid out.
type chartPlan struct {
	id, label string
	unit      unit
	from, to  carry.Time
	lines     []line
	class     func(i int) string
	fromZero  bool    // values ≤ 0 hanging from zero, filled
	withZero  bool    // the axis holds zero
	ceiling   float64 // values above are cut off; 0 for none
	height    int
}

// chart lays a plan out, or returns nil where fewer than two samples are
// finite.
func (p *chartPlan) chart() *timeChart {
	drawn := make([][]point, len(p.lines))
	low, high, n := math.Inf(1), math.Inf(-1), 0
	for i, l := range p.lines {
		drawn[i] = decimate(l, chartColumns)
		for _, pt := range drawn[i] {
			if !math.IsNaN(pt.value) {
				low, high = math.Min(low, pt.value), math.Max(high, pt.value)
				n++
			}
		}
	}
	if n < 2 || p.to <= p.from {
		return nil
	}
	low, high = p.domain(low, high)
	c := &timeChart{ID: p.id, Label: p.label, T0: int64(p.from), T1: int64(p.to), Y0: plainFloat(low), Y1: plainFloat(high),
		Unit: p.unit, Zero: p.fromZero, Height: p.height}
	if c.Height == 0 {
		c.Height = chartHeight
	}
	scale := func(v float64) float64 { return (1 - (v-low)/(high-low)) * float64(c.Height) }
	for i, l := range p.lines {
		s := chartSeries{Name: l.name, Class: p.class(i), Last: missing}
		if l.n > 0 {
			s.Last = p.unit.value(l.value(l.n - 1))
		}
		s.Path = p.path(drawn[i], low, high)
		if p.fromZero {
			s.Area = p.area(s.Path, drawn[i])
		}
		c.Series = append(c.Series, s)
	}
	for _, t := range labelTicks(valueTicks(low, high, max(2, c.Height/55)), p.unit) {
		c.YTicks = append(c.YTicks, mark{Pos: pixels(scale(t.At)), Label: t.Label, Zero: t.At == 0})
	}
	c.XTicks = timeMarks(p.from, p.to, 14)
	c.Ends = endLabels(p, drawn, scale, c.Height)
	return c
}

// domain is the span of values that the chart shows.
func (p *chartPlan) domain(low, high float64) (float64, float64) {
	if p.withZero {
		low, high = math.Min(low, 0), math.Max(high, 0)
	}
	if p.ceiling > 0 {
		high = math.Min(high, p.ceiling)
		low = math.Min(low, high)
	}
	pad := (high - low) * 0.05
	if !(pad > 0) {
		pad = math.Max(math.Abs(high)*0.01, 0.001)
	}
	if p.fromZero {
		return math.Min(low, 0) - pad, 0
	}
	if p.withZero && low == 0 {
		return 0, high + pad
	}
	return low - pad, high + pad
}

// path writes points as relative whole steps on the chart's grid.
func (p *chartPlan) path(pts []point, low, high float64) string {
	out := make([]byte, 0, 8*len(pts))
	open := false
	var px, py int64
	for _, pt := range pts {
		if math.IsNaN(pt.value) || pt.at < p.from || pt.at > p.to {
			open = false
			continue
		}
		x := int64(math.Round(float64(pt.at-p.from) / float64(p.to-p.from) * chartUnits))
		fy := (1 - (pt.value-low)/(high-low)) * chartUnits
		y := int64(math.Round(math.Max(-chartUnits, math.Min(2*chartUnits, fy))))
		if !open {
			out = append(out, 'M')
			out = strconv.AppendInt(out, x, 10)
			out = appendStep(out, y)
			out = append(out, 'l', '0', ' ', '0')
			open = true
		} else if x != px || y != py {
			out = appendStep(out, x-px)
			out = appendStep(out, y-py)
		}
		px, py = x, y
	}
	return string(out)
}

// appendStep separates by the minus sign where there is one, as SVG allows.
func appendStep(out []byte, v int64) []byte {
	if v >= 0 {
		out = append(out, ' ')
	}
	return strconv.AppendInt(out, v, 10)
}

// area closes a path along the top edge, where zero is.
func (p *chartPlan) area(path string, pts []point) string {
	if path == "" || len(pts) == 0 {
		return ""
	}
	for _, pt := range pts {
		if math.IsNaN(pt.value) {
			return ""
		}
	}
	x := func(t carry.Time) string {
		return strconv.FormatInt(int64(math.Round(float64(t-p.from)/float64(p.to-p.from)*chartUnits)), 10)
	}
	return path + "V0H" + x(pts[0].at) + "Z"
}

// endLabels name the curves at their right end, pushed apart to be readable; a
// single curve, which needs no name, gets its last value.
func endLabels(p *chartPlan, drawn [][]point, scale func(float64) float64, height int) []mark {
	type end struct {
		y       float64
		i, last int
	}
	var ends []end
	for i, pts := range drawn {
		for k := len(pts) - 1; k >= 0; k-- {
			if !math.IsNaN(pts[k].value) {
				ends = append(ends, end{scale(pts[k].value), i, k})
				break
			}
		}
	}
	sort.SliceStable(ends, func(a, b int) bool { return ends[a].y < ends[b].y })
	ys := make([]float64, len(ends))
	for i, e := range ends {
		ys[i] = e.y
	}
	spread(ys, 15, 6, float64(height)-4)
	marks := make([]mark, len(ends))
	for i, e := range ends {
		label := shorten(p.lines[e.i].name, 18)
		if len(drawn) == 1 {
			label = p.unit.value(drawn[0][e.last].value)
		}
		marks[i] = mark{Pos: pixels(ys[i]), Label: label, Class: p.class(e.i)}
	}
	return marks
}

// spread moves sorted positions at least gap apart, inside [low, high] as far
// as they fit.
func spread(ys []float64, gap, low, high float64) {
	for i := range ys {
		ys[i] = math.Max(ys[i], low)
		if i > 0 {
			ys[i] = math.Max(ys[i], ys[i-1]+gap)
		}
	}
	for i := len(ys) - 1; i >= 0; i-- {
		limit := high - gap*float64(len(ys)-1-i)
		ys[i] = math.Min(ys[i], limit)
	}
}

// timeMarks are the labels of a time axis in percent of its width.
func timeMarks(from, to carry.Time, n int) []mark {
	var out []mark
	for _, t := range timeTicks(from, to, n) {
		out = append(out, mark{Pos: percentOf(t.At-float64(from), float64(to-from)), Label: t.Label, Major: t.Major})
	}
	return out
}

func percentOf(part, whole float64) string {
	return strconv.FormatFloat(part/whole*100, 'f', 2, 64)
}

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func plainFloat(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

// sortKey is a cell's number for the script; empty sorts last.
func sortKey(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 8, 64)
}

// shorten cuts s to n runes.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// seriesClass is the style of the i-th curve of a comparison: the run is 0.
func seriesClass(i int) string {
	if i >= seriesStyles {
		i = 1 + (i-1)%(seriesStyles-1)
	}
	return "s" + strconv.Itoa(i)
}

// growthLine is a result's equity as growth of 1.
func growthLine(res *carry.Result) line {
	scale := 1.0
	if res.Capital > 0 {
		scale = 1 / res.Capital
	}
	equity := res.Curve.Equity
	return line{name: res.Name, start: res.Curve.Start, step: res.Curve.Step, n: len(equity),
		value: func(i int) float64 { return equity[i] * scale }}
}

// fallLine is the fall of a result's equity from its running peak.
func fallLine(res *carry.Result) line {
	falls := make([]float64, len(res.Curve.Equity))
	peak := res.Capital
	for i, e := range res.Curve.Equity {
		if e > peak || !(peak > 0) {
			peak = e
		}
		falls[i] = math.NaN()
		if peak > 0 {
			falls[i] = math.Min(0, e/peak-1)
		}
	}
	return line{name: res.Name, start: res.Curve.Start, step: res.Curve.Step, n: len(falls),
		value: func(i int) float64 { return falls[i] }}
}

// rollingLine is the return of the span before each sample, annualised on 365
// days; it starts one span after the run.
func rollingLine(res *carry.Result, span carry.Time) line {
	c := &res.Curve
	l := line{name: res.Name, start: c.Start, step: c.Step}
	if c.Step <= 0 || span%c.Step != 0 {
		return l
	}
	k := int(span / c.Step)
	l.n = len(c.Equity) - k
	if l.n < 1 {
		l.n = 0
		return l
	}
	l.start += span
	l.value = func(i int) float64 {
		if !(c.Equity[i] > 0) {
			return math.NaN()
		}
		return annualised(c.Equity[i+k]/c.Equity[i], span)
	}
	return l
}

// columnLine is one of the curve's further columns, or an empty line.
func columnLine(res *carry.Result, name string, column []float64) line {
	return line{name: name, start: res.Curve.Start, step: res.Curve.Step, n: len(column),
		value: func(i int) float64 { return column[i] }}
}
