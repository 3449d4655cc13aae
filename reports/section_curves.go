package reports

import (
	"math"

	"carry"
)

const chartHint = "Drag to zoom, double-click to go back; the charts over time move together. With the keyboard: Tab to a chart, arrows, + and −, Esc."

func equitySection(v *view) *content {
	p := &chartPlan{id: "chart-equity", label: "Growth of 1 for the run and its baselines", unit: unitGrowth, from: v.run.From, to: v.run.To,
		class: seriesClass, lines: []line{growthLine(v.run)}, height: 300}
	for _, b := range v.base {
		p.lines = append(p.lines, growthLine(b))
	}
	c := &content{Title: equityTitle(v), Lead: "Growth of 1 on all capital, idle cash included, after costs."}
	if chart := p.chart(); chart != nil {
		c.Parts = append(c.Parts, part{"chart", chart}, note(chartHint))
	} else {
		c.Parts = append(c.Parts, paragraph("Fewer than two samples: nothing to draw."))
	}
	return c
}

func equityTitle(v *view) string {
	title := amount(v.run.Capital) + " USDT became " + amount(v.run.Final)
	if ref, _ := v.reference(); ref != nil && ref.Capital > 0 {
		title += "; " + ref.Name + " would have made it " + amount(ref.Final/ref.Capital*v.run.Capital)
	}
	return title
}

func drawdownSection(v *view) *content {
	p := &chartPlan{id: "chart-drawdown", label: "Fall from the last peak", unit: unitPercent, from: v.run.From, to: v.run.To,
		class: func(int) string { return "fall" }, lines: []line{fallLine(v.run)}, fromZero: true, height: 180}
	chart := p.chart()
	if chart == nil {
		return nil
	}
	under := ""
	if v.m.Days > 0 {
		under = " " + share(v.m.UnderFrac, 0) + " of days ended below the peak, at most " + spanWords(v.m.UnderLong) + " in a row."
	}
	return &content{Title: drawdownTitle(v.m.Fall), Lead: "Fall from the last peak, at marks, at every sample." + under,
		Parts: []part{{"chart", chart}}}
}

func drawdownTitle(f Fall) string {
	switch {
	case f.Depth == 0:
		return "The book never stood below an earlier peak"
	case f.Recovered:
		return "The book fell " + share(-f.Depth, 1) + " at worst, in " + monthOf(f.LowAt) + ", and took " + spanWords(f.EndAt-f.PeakAt) + " to recover"
	}
	return "The book fell " + share(-f.Depth, 1) + " at worst, in " + monthOf(f.LowAt) + ", and had not recovered by the end"
}

const rollingSpan = 90 * carry.Day

func rollingSection(v *view) *content {
	own := rollingLine(v.run, rollingSpan)
	if own.n < 2 {
		return nil
	}
	p := &chartPlan{id: "chart-rolling", label: "Return of the last 90 days, a year", unit: unitPercent, from: v.run.From, to: v.run.To,
		class: seriesClass, lines: []line{own}, withZero: true, height: 200}
	for _, b := range v.base {
		if l := rollingLine(b, rollingSpan); l.n > 1 {
			p.lines = append(p.lines, l)
		}
	}
	chart := p.chart()
	if chart == nil {
		return nil
	}
	best, bestAt := math.Inf(-1), carry.Time(0)
	for i := range own.n {
		if x := own.value(i); x > best {
			best, bestAt = x, own.start+carry.Time(i)*own.step
		}
	}
	last := own.value(own.n - 1)
	title := "The last 90 days earned " + percent(last, 1) + " a year; the best 90 days, to " + monthOf(bestAt) + ", " + percent(best, 1)
	if math.IsNaN(last) || math.IsInf(best, 0) {
		title = "Return of the last 90 days"
	}
	return &content{Title: title, Lead: "Net return of the 90 days before each moment, compounded to a year.", Parts: []part{{"chart", chart}}}
}

// distanceCeiling is where the chart of distances to liquidation is cut off:
// beyond a tripling nobody worries.
const distanceCeiling = 2.0

func leverageSection(v *view) *content {
	c, x := &v.run.Curve, &v.run.Extremes
	out := &content{Title: leverageTitle(v), Lead: "Used leverage is the shorts' value at mark over the futures wallet's margin balance. " +
		"The distance is the rise of all coins together at which that wallet would be liquidated."}
	lev := &chartPlan{id: "chart-leverage", label: "Used leverage", unit: unitTimes, from: v.run.From, to: v.run.To, withZero: true,
		class: func(int) string { return "s0" }, lines: []line{columnLine(v.run, "used leverage", c.Leverage)}, height: 180}
	if chart := lev.chart(); chart != nil {
		out.Parts = append(out.Parts, part{"chart", chart})
	}
	far := &chartPlan{id: "chart-distance", label: "Distance to liquidation", unit: unitPercent, from: v.run.From, to: v.run.To, withZero: true,
		class: func(int) string { return "s1" }, lines: []line{columnLine(v.run, "rise to liquidation", c.LiquidationUp)}, ceiling: distanceCeiling, height: 180}
	if chart := far.chart(); chart != nil {
		out.Parts = append(out.Parts, part{"chart", chart}, note("Distances above "+percent(distanceCeiling, 0)+" are cut off; gaps are times without shorts."))
	}
	if len(out.Parts) == 0 {
		if x.NearestLiquidationAt == 0 {
			return nil
		}
		out.Parts = append(out.Parts, paragraph("The result holds no samples of leverage."))
	}
	return out
}

func leverageTitle(v *view) string {
	x := &v.run.Extremes
	if x.NearestLiquidationAt == 0 || math.IsInf(x.NearestLiquidation, 0) || math.IsNaN(x.NearestLiquidation) {
		return "No short was open at any sample"
	}
	return "On " + longDate(x.NearestLiquidationAt) + " a rise of " + share(x.NearestLiquidation, 1) +
		" would have liquidated it; leverage peaked at " + times(x.MaxLeverage)
}
