package reports

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"carry"
)

type adder func(id, name string, plain bool, c content)

// addPictures adds bars for one axis, a heat map for a grid of more, and what
// each axis alone does.
func (t *SweepTable) addPictures(add adder) {
	switch {
	case t.Rows == nil && len(t.Axes) == 1:
		add("map", "Along the axis", false, content{Title: "Net a year by " + t.Axes[0].Name, Lead: "Grey bars are baselines.", Parts: []part{{"bars", t.bars()}}})
		return
	case t.Rows == nil:
		net := t.grid("Net a year", t.Net)
		plateau := t.grid("Plateau score", t.plateaus())
		lead := "Light is more. Framed cells beat every baseline."
		if len(t.Axes) > 2 {
			lead += " A cell is the median over the other axes."
		}
		add("map", "Heat map", false, content{Title: "Net a year on capital, percent", Lead: lead, Parts: []part{net.part(),
			subtitle("Plateau score"), note("The median of a combination and its neighbours: a plateau is worth more than a peak."), plateau.part()}})
	}
	if t.Rows != nil || len(t.Axes) > 2 {
		var parts []part
		for k := range t.Axes {
			parts = append(parts, subtitle(t.Axes[k].Name), part{"bars", t.marginal(k)})
		}
		add("axes", "Axis by axis", false, content{Title: "What each parameter does on its own",
			Lead: "Median net return a year of the runs in each fifth of the axis, whatever the others are.", Parts: parts})
	}
}

// marginal are the medians along one axis: by value where there are few, by
// fifths of the runs where there are many.
func (t *SweepTable) marginal(k int) []bar {
	column := t.column(k)
	order := make([]int, len(column))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(column[a], column[b]) })
	distinct := 1
	for i := 1; i < len(order); i++ {
		if column[order[i]] != column[order[i-1]] {
			distinct++
		}
	}
	type bin struct {
		label string
		net   []float64
	}
	var bins []bin
	for i, j := range order {
		fresh := i == 0
		if distinct <= 12 {
			fresh = fresh || column[j] != column[order[i-1]]
		} else {
			fresh = fresh || i*5/len(order) != (i-1)*5/len(order)
		}
		text := t.values(j)[k]
		if fresh {
			bins = append(bins, bin{label: text})
		}
		b := &bins[len(bins)-1]
		if distinct > 12 {
			b.label = t.values(order[i-len(b.net)])[k] + " to " + text
		}
		b.net = append(b.net, t.Net[j])
	}
	var names []string
	var medians []float64
	for _, b := range bins {
		names, medians = append(names, b.label), append(medians, medianOf(b.net))
	}
	return plainBars(names, medians)
}

// medianOf leaves out what is not finite.
func medianOf(v []float64) float64 {
	var known []float64
	for _, x := range v {
		if !math.IsNaN(finite(x)) {
			known = append(known, x)
		}
	}
	slices.Sort(known)
	return quantile(known, 0.5)
}

// plainBars draws fractions as percent, from zero.
func plainBars(names []string, values []float64) []bar {
	low, high := 0.0, 0.0
	for _, x := range values {
		low, high = math.Min(low, finiteOr(x, 0)), math.Max(high, finiteOr(x, 0))
	}
	if high == low {
		high = low + 1
	}
	var out []bar
	for i, x := range values {
		b := bar{Label: names[i], Class: "gain", Value: percent(x, 2), X: percentOf(math.Min(finiteOr(x, 0), 0)-low, high-low),
			Width: percentOf(math.Abs(finiteOr(x, 0)), high-low)}
		if x < 0 {
			b.Class = "loss"
		}
		out = append(out, b)
	}
	return out
}

// addJudgement adds the tests and the walk-forward.
func (t *SweepTable) addJudgement(add adder) {
	if j := t.Judgement; j != nil {
		add("tests", "Is it luck?", false, content{Title: t.testsTitle(),
			Lead: "Each baseline against all combinations together. A p-value is the share of resampled histories, in which no combination has an edge, whose best does as well as the best did here.",
			Parts: []part{t.againstTable().part(), {"pairs", j.pairs(t.Contest)},
				note("Days are resampled in runs (stationary bootstrap) as long as their autocorrelation asks for; 2,000 resamples. Signs are turned for whole blocks of twice that length. A yes needs both p-values below 5" + noBreak + "% against every way of holding. Trials that only another sweep ran count too.")}})
	}
	if t.Walk != nil && len(t.Walk.Parts) > 0 {
		add("walk", "Walk-forward", false, t.walkContent())
	}
}

func (t *SweepTable) testsTitle() string {
	j := t.Judgement
	if j.Yes {
		return "The best set beats every way of holding by more than luck (p " + pText(j.P) + ")"
	}
	return "Nothing here beats holding by more than luck (p " + pText(j.P) + ")"
}

func (t *SweepTable) againstTable() *table {
	out := &table{Label: "Tests against the baselines", Columns: []column{words("Baseline"),
		{Title: "SPA p", Number: true, Help: "Hansen 2005, consistent, studentised"}, {Title: "sign-flip p", Number: true, Help: "signs of whole blocks of days turned at random"}, {Title: "lower", Number: true}, {Title: "upper", Number: true},
		{Title: "Reality check p", Number: true, Help: "White 2000"}, {Title: "Sets that beat it", Number: true, Help: "StepM at 5 %, Romano and Wolf 2005"},
		{Title: "Largest t", Number: true}, {Title: "Runs of days", Number: true, Help: "mean length of the resampled runs"}}}
	for _, a := range t.Judgement.Against {
		most := math.Inf(-1)
		for _, x := range a.TStat {
			most = math.Max(most, x)
		}
		out.Rows = append(out.Rows, []cell{rowHead(a.Name), figure(a.SPA.Consistent, pText(a.SPA.Consistent)), figure(a.Flip, pText(a.Flip)), figure(a.SPA.Lower, pText(a.SPA.Lower)),
			figure(a.SPA.Upper, pText(a.SPA.Upper)), figure(a.RealityCheck, pText(a.RealityCheck)),
			figure(float64(len(a.Better)), fixedInt(uint64(len(a.Better)))+" of "+fixedInt(uint64(len(a.TStat)))), figure(most, fixed(most, 2)), figure(a.Block, fixed(a.Block, 0))})
	}
	return out
}

// pairs are the remaining figures of a judgement.
func (j *Judgement) pairs(c *Contest) []pair {
	out := []pair{
		{Name: "Top set", Text: c.Trials[j.Top].Name},
		{Name: "Sharpe ratio of its 30-day returns, a year", Text: fixed(j.Sharpe.SR*math.Sqrt(DaysPerYear/30), 2)},
		{Name: "Probabilistic Sharpe ratio against 0", Text: share(j.Sharpe.PSR(0), 1) + " (2012), " + share(j.Sharpe.PSR2025(0), 1) + " (2025)"},
		{Name: "Trials ever run on these data", Text: fixedInt(uint64(j.Tried)) + "; worth " + fixed(j.Effective, 1) + " independent ones (effective rank), mean correlation " + fixed(j.MeanCorr, 2)},
		{Name: "Deflated Sharpe ratio of its lead over the best hold", Text: share(j.Deflated.DSR2014, 1) + " (2014), " + share(j.Deflated.DSR2025, 1) +
			" (2025), " + share(j.Deflated.DSR2025K, 1) + " (2025, variance of a maximum)"},
		{Name: "Minimum track record for that lead, 95 %", Text: j.trackRecord()},
	}
	if o := j.Overfit; o != nil {
		out = append(out, pair{Name: "Probability of backtest overfitting", Text: share(o.PBO, 1) + " of " + fixedInt(uint64(o.Splits)) + " splits into " +
			fixedInt(uint64(o.Blocks)) + " blocks; the chosen set lost money out of sample in " + share(o.Loss, 1) + "; slope in to out of sample " + fixed(o.Slope, 2)})
	}
	return out
}

func (j *Judgement) trackRecord() string {
	n := j.Excess.MinTRL(j.Deflated.Hurdle, 0.95)
	if math.IsInf(n, 0) || math.IsNaN(n) {
		return "never: it is below what the best of so many worthless sets is expected to show"
	}
	return fixed(n*30/DaysPerYear, 1) + " years; there are " + fixed(float64(j.Days)/DaysPerYear, 1)
}

// walkContent is the walk-forward: the stitched curve and the choices.
func (t *SweepTable) walkContent() content {
	w := t.Walk
	own := CAGR(w.Daily, DaysPerYear)
	best, name := math.Inf(-1), ""
	p := &chartPlan{id: "chart-walk", label: "Growth of 1 out of sample", unit: unitGrowth, from: w.Start, to: w.Start + carry.Time(len(w.Daily))*carry.Day,
		class: seriesClass, lines: []line{stitchedLine("walk-forward", w.Start, w.Daily)}, height: 260}
	for _, h := range w.Holds {
		p.lines = append(p.lines, stitchedLine(h.Name, w.Start, h.Daily))
		if g := CAGR(h.Daily, DaysPerYear); g > best {
			best, name = g, h.Name
		}
	}
	title := "Chosen on the past alone it made " + percent(own, 1) + " a year"
	if name != "" {
		title += "; " + name + " made " + percent(best, 1)
	}
	rows := &table{Label: "Parts of the walk-forward", Columns: []column{words("In sample"), words("Out of sample"), words("Chosen"), number("In, a year"), number("Out, a year"),
		{Title: "Hold, a year", Number: true, Help: "the way of holding that was best in sample, out of sample"}}}
	for _, q := range w.Parts {
		rows.Rows = append(rows.Rows, []cell{plain(longDate(q.InFrom) + " – " + longDate(q.InTo)), plain(longDate(q.OutFrom) + " – " + longDate(q.OutTo)), plain(q.Name),
			figure(q.In, percent(q.In, 1)), figure(q.Out, percent(q.Out, 1)), figure(q.Hold, percent(q.Hold, 1))})
	}
	c := content{Title: title, Lead: "In each part the set that grew most in sample is run anew from cash out of sample (" + w.Kind + ", " +
		strconv.Itoa(int(w.Embargo/carry.Day)) + " days left out between them: the screening window and the median hold). Efficiency " + share(w.Efficiency(), 0) + "."}
	if chart := p.chart(); chart != nil {
		c.Parts = append(c.Parts, part{"chart", chart}, note(chartHint))
	}
	c.Parts = append(c.Parts, rows.part(), note("A part pays for its opening, and is valued, not closed, at its end. Baselines are cut from their whole run and pay nothing at the seams."))
	return c
}

func stitchedLine(name string, start carry.Time, daily []float64) line {
	g := make([]float64, len(daily)+1)
	g[0] = 1
	for i, x := range daily {
		g[i+1] = g[i] * (1 + x)
	}
	return line{name: name, start: start, step: carry.Day, n: len(g), value: func(i int) float64 { return g[i] }}
}

// pText writes a p-value; resamples cannot tell smaller ones.
func pText(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fixed(p, 3)
}
