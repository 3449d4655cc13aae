package reports

import (
	"errors"
	"fmt"
	"io"
	"math"

	"carry"
)

// Comparison sets two or more runs side by side. The first is the one that the
// others are measured against.
type Comparison struct {
	Runs []*carry.Result
	// Names say which is which, in the order of Runs.
	Names []string
	// From and To are the span that all of them cover.
	From, To carry.Time
	Now      string
}

// ErrCompare says that runs have nothing in common.
var ErrCompare = errors.New("these runs cannot be compared")

// compared is one run cut to the common span.
type compared struct {
	name  string
	run   *carry.Result
	m     Metrics
	daily []float64
}

// common cuts every run to the span that all cover.
func (c *Comparison) common() ([]compared, error) {
	if len(c.Runs) < 2 || len(c.Names) != len(c.Runs) {
		return nil, fmt.Errorf("%w: there are %d", ErrCompare, len(c.Runs))
	}
	c.From, c.To = c.Runs[0].From, c.Runs[0].To
	for _, r := range c.Runs {
		c.From, c.To = max(c.From, r.From), min(c.To, r.To)
	}
	if c.To-c.From < 2*carry.Day {
		return nil, fmt.Errorf("%w: they have less than two days in common", ErrCompare)
	}
	out := make([]compared, len(c.Runs))
	for i, r := range c.Runs {
		cut := cutTo(r, c.From, c.To)
		if cut == nil {
			return nil, fmt.Errorf("%w: %s has no samples between %s and %s", ErrCompare, c.Names[i], c.From, c.To)
		}
		cut.Name = c.Names[i]
		out[i] = compared{c.Names[i], cut, Measure(cut), CurveReturns(&cut.Curve, carry.Day)}
	}
	return out, nil
}

// cutTo is a run as if it had begun and ended with the span; only what follows
// from the curve is kept of it.
func cutTo(r *carry.Result, from, to carry.Time) *carry.Result {
	c := &r.Curve
	if c.Step <= 0 || from < c.Start {
		return nil
	}
	a := int((from - c.Start + c.Step - 1) / c.Step)
	b := min(int((to-c.Start)/c.Step)+1, len(c.Equity))
	if b-a < 2 || !(c.Equity[a] > 0) {
		return nil
	}
	part := func(v []float64) []float64 {
		if len(v) < b {
			return nil
		}
		return v[a:b]
	}
	out := *r
	out.From, out.To = c.At(a), c.At(b-1)
	out.Capital, out.Final = c.Equity[a], c.Equity[b-1]
	out.Curve = carry.Curve{Start: c.At(a), Step: c.Step, Equity: part(c.Equity), Leverage: part(c.Leverage),
		LiquidationUp: part(c.LiquidationUp), Notional: part(c.Notional)}
	if r.From < out.From || r.To > out.To {
		out.Extremes.MaxDrawdownAt = 0 // of the whole run; the curve tells that of the span
	}
	return &out
}

// WriteCompareHTML writes the page that sets the runs side by side.
func WriteCompareHTML(w io.Writer, c *Comparison) error {
	runs, err := c.common()
	if err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	generated := false
	for _, r := range runs {
		generated = generated || r.run.Manifest.Generated
	}
	title := runs[0].name + " against " + runs[1].name
	if n := len(runs) - 2; n > 0 {
		title += " and " + count(n, "more run", "more runs")
	}
	h := head{Title: title, Generated: generated, Lines: []string{longDate(c.From) + " – " + longDate(c.To) + " · the span that all cover"}}
	p := page{Title: title, Foot: "made " + orMissing(c.Now)}
	var add adder = func(id, name string, plain bool, x content) {
		p.Sections = append(p.Sections, filled{ID: id, Name: name, Plain: plain, content: x})
	}
	add("title", "", true, content{Parts: []part{{"head", h}}})
	add("verdict", "", true, content{Parts: []part{{"verdict", compareVerdict(runs)}}})
	for _, chart := range compareCharts(c, runs) {
		add(chart.id, chart.name, false, chart.content)
	}
	add("figures", "Figures", false, content{Title: "Figures side by side", Lead: "Press a heading to sort.", Parts: []part{figuresTable(runs).part()}})
	add("years", "Years", false, content{Title: "Return by calendar year", Parts: []part{yearsTable(runs).part()}})
	add("differences", "Differences", false, content{Title: "Is the difference luck?",
		Lead:  "Daily returns of each run less those of " + runs[0].name + ". The interval is that of the mean difference a year; the p-value that of no lead over it (stationary bootstrap, 2,000 resamples, one test at a time).",
		Parts: []part{differenceTable(runs).part()}})
	if t := settingsTable(runs); len(t.Rows) > 0 {
		add("settings", "Settings", false, content{Title: "Settings that differ", Parts: []part{t.part()}})
	}
	return writePage(w, &p)
}

// compareVerdict says who made more, and whether the difference can be told
// from luck.
func compareVerdict(runs []compared) []string {
	best := 0
	for i := range runs {
		if runs[i].m.Annual > runs[best].m.Annual {
			best = i
		}
	}
	out := []string{runs[best].name + " made most: " + percent(runs[best].m.Annual, 1) + " a year."}
	for i := 1; i < len(runs); i++ {
		d := difference(runs[i].daily, runs[0].daily)
		lead := runs[i].m.Annual - runs[0].m.Annual
		s := runs[i].name + " made " + share(math.Abs(lead), 1) + " a year " + moreOrLess(lead) + " than " + runs[0].name
		switch {
		case math.IsNaN(d.low):
			s += "; the span is too short to tell that from chance."
		case d.low > 0 || d.high < 0:
			s += ", more than chance explains (95" + noBreak + "% " + percent(d.low, 1) + " to " + percent(d.high, 1) + ")."
		default:
			s += ", which chance explains (95" + noBreak + "% " + percent(d.low, 1) + " to " + percent(d.high, 1) + ")."
		}
		out = append(out, s)
	}
	return out
}

func moreOrLess(x float64) string {
	if x < 0 {
		return "less"
	}
	return "more"
}

type chartSection struct {
	id, name string
	content  content
}

func compareCharts(c *Comparison, runs []compared) []chartSection {
	grow := &chartPlan{id: "chart-equity", label: "Growth of 1", unit: unitGrowth, from: c.From, to: c.To, class: seriesClass, height: 300}
	fall := &chartPlan{id: "chart-drawdown", label: "Fall from the last peak", unit: unitPercent, from: c.From, to: c.To, class: seriesClass, height: 200}
	roll := &chartPlan{id: "chart-rolling", label: "Return of the last 90 days, a year", unit: unitPercent, from: c.From, to: c.To, class: seriesClass, withZero: true, height: 200}
	for _, r := range runs {
		grow.lines, fall.lines = append(grow.lines, growthLine(r.run)), append(fall.lines, fallLine(r.run))
		if l := rollingLine(r.run, rollingSpan); l.n > 1 {
			roll.lines = append(roll.lines, l)
		}
	}
	var out []chartSection
	for _, x := range []struct {
		name, title string
		plan        *chartPlan
	}{{"Equity", "Growth of 1 on all capital", grow}, {"Drawdown", "Fall from the last peak", fall}, {"Last 90 days", "Return of the last 90 days, compounded to a year", roll}} {
		if chart := x.plan.chart(); chart != nil {
			parts := []part{{"chart", chart}}
			if len(out) == 0 {
				parts = append(parts, note(chartHint))
			}
			out = append(out, chartSection{x.plan.id + "-section", x.name, content{Title: x.title, Parts: parts}})
		}
	}
	return out
}

// figuresTable has a row for each run.
func figuresTable(runs []compared) *table {
	t := &table{Label: "Figures", Sortable: true, Columns: []column{words("Run"), number("Net a year"), number("95 % from"), number("to"), number("Volatility"),
		number("Sharpe 30 d"), number("Sharpe 1 d"), number("Worst fall"), number("Under water"), number("Exposure"), number("Costs"), number("Fills"), number("Liquidations")}}
	for _, r := range runs {
		m, a := &r.m, &r.run.Attribution
		cost := -(fees(a) + a.Slippage) / r.run.Capital
		t.Rows = append(t.Rows, []cell{rowHead(r.name), figure(m.Annual, percent(m.Annual, 2)), figure(m.Low, percent(m.Low, 1)), figure(m.High, percent(m.High, 1)),
			figure(m.Volatility, share(m.Volatility, 1)), figure(m.Sharpe30d, fixed(m.Sharpe30d, 2)), figure(m.Sharpe1d, fixed(m.Sharpe1d, 2)),
			figure(m.Fall.Depth, percent(m.Fall.Depth, 1)), figure(m.UnderFrac, share(m.UnderFrac, 0)), figure(m.Exposure, share(m.Exposure, 0)),
			figure(cost, share(cost, 1)), figure(float64(r.run.Counts.Fills), fixed(float64(r.run.Counts.Fills), 0)),
			figure(float64(r.run.Counts.Liquidations), fixed(float64(r.run.Counts.Liquidations), 0))})
	}
	return t
}

func yearsTable(runs []compared) *table {
	t := &table{Label: "Years", Columns: []column{words("Year")}}
	for _, r := range runs {
		t.Columns = append(t.Columns, number(r.name))
	}
	for y := runs[0].run.From.Year(); y <= runs[0].run.To.Year(); y++ {
		from, to := max(monthStart(y, 1), runs[0].run.From), min(monthStart(y+1, 1), runs[0].run.To)
		if to <= from {
			continue
		}
		row := []cell{rowHead(fixedInt(uint64(y)))}
		for _, r := range runs {
			x := equityAt(&r.run.Curve, r.run.Capital, to)/equityAt(&r.run.Curve, r.run.Capital, from) - 1
			row = append(row, figure(x, percent(x, 1)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// gap is what a run's daily returns have over another's.
type gap struct{ mean, low, high, p, correlation float64 }

func difference(a, b []float64) gap {
	n := min(len(a), len(b))
	d := excessOver(a[:n], b[:n])
	g := gap{mean: math.NaN(), low: math.NaN(), high: math.NaN(), p: math.NaN(), correlation: math.NaN()}
	if n < 60 {
		return g
	}
	yearly := func(r []float64) float64 { return meanOf(r) * DaysPerYear }
	i := intervals(d, judgeDraws, yearly)[0]
	g.mean, g.low, g.high = yearly(d), i.Low, i.High
	g.p = NewSuperiority([][]float64{d}, BlockLength(d), judgeDraws, FixedUniform(3)).SPA(true).Consistent
	g.correlation = commonCorrelation(a, b)
	return g
}

func differenceTable(runs []compared) *table {
	t := &table{Label: "Differences", Columns: []column{words("Run"), number("Mean difference a year"), number("95 % from"), number("to"), number("p"), number("Correlation of days")}}
	for _, r := range runs[1:] {
		d := difference(r.daily, runs[0].daily)
		t.Rows = append(t.Rows, []cell{rowHead(r.name), figure(d.mean, percent(d.mean, 2)), figure(d.low, percent(d.low, 2)), figure(d.high, percent(d.high, 2)),
			figure(d.p, pText(d.p)), figure(d.correlation, fixed(d.correlation, 2))})
	}
	return t
}

// settingsTable has the parameters in which any two runs differ.
func settingsTable(runs []compared) *table {
	t := &table{Label: "Settings", Columns: []column{words("Parameter")}}
	for _, r := range runs {
		t.Columns = append(t.Columns, number(r.name))
	}
	value := func(r *carry.Result, name string) string {
		for _, p := range r.Params {
			if p.Name == name {
				return p.Value
			}
		}
		return missing
	}
	seen := map[string]bool{}
	row := func(name string, of func(r *carry.Result) string) {
		cells, differs := []cell{rowHead(name)}, false
		for _, r := range runs {
			v := of(r.run)
			differs = differs || v != of(runs[0].run)
			cells = append(cells, cell{Text: v, Class: "num"})
		}
		if differs {
			t.Rows = append(t.Rows, cells)
		}
	}
	row("strategy", func(r *carry.Result) string { return r.Strategy + " " + r.Preset })
	row("data", func(r *carry.Result) string { return shorten(orMissing(r.Manifest.TapeHash), 12) })
	for _, r := range runs {
		for _, p := range r.run.Params {
			if !seen[p.Name] {
				seen[p.Name] = true
				row(p.Name, func(r *carry.Result) string { return value(r, p.Name) })
			}
		}
	}
	return t
}
