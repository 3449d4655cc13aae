package reports

import (
	"math"

	"carry"
)

// verdict is the result in a few sentences, all of them computed. The order is
// fixed: what it made, when, against what, since when not, how far it fell,
// and whether luck would do.
func verdict(v *view) []string {
	if len(v.run.Curve.Equity) == 0 || !(v.run.Capital > 0) || v.span <= 0 {
		return []string{"This run has no equity curve, so there is nothing to judge."}
	}
	var out []string
	for _, s := range []string{v.madeSentence(), v.bestYearSentence(), v.baselineSentence(),
		v.regimeSentence(), v.fallSentence(), v.luckSentence(), v.liquidatedSentence()} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (v *view) madeSentence() string {
	market := "It"
	if v.run.Manifest.Generated {
		market = "On a generated market it"
	}
	path := amount(v.run.Capital) + " → " + amount(v.run.Final) + noBreak + "USDT"
	switch {
	case !(v.run.Final > 0):
		return market + " lost the whole account: " + path + "."
	case v.tooShort:
		return market + " made " + percent(v.m.Total, 2) + " on capital after costs in " + spanWords(v.span) +
			" (" + path + "), too short a span for a yearly figure."
	}
	return market + " made " + percent(v.m.Annual, 1) + " a year on capital after costs (" + path + " in " + spanWords(v.span) + ")."
}

func (v *view) bestYearSentence() string {
	if v.best < 0 || len(v.run.Years) < 2 || v.span < 365*carry.Day {
		return ""
	}
	best := v.run.Years[v.best]
	made := best.Attribution.Total
	year := best.From.UTC().Format("2006")
	if best.From == 0 {
		year = carry.Time(monthStart(best.Year, 1)).UTC().Format("2006")
	}
	switch {
	case made <= 0:
		return "No year made money."
	case v.gains <= 0:
		return "Only what " + year + " made (" + money(made) + noBreak + "USDT) kept the loss that small."
	case made > v.gains:
		return year + " made more than the whole profit; the other years together lost " +
			amount(made-v.gains) + noBreak + "USDT."
	}
	return share(made/v.gains, 0) + " of the profit fell in " + year + "."
}

// baselineSentence sorts the baselines into beaten and not beaten over the
// whole span.
func (v *view) baselineSentence() string {
	if v.tooShort {
		return v.compare("Over these "+spanWords(v.span), v.m.Total, func(i int) float64 { return v.baseM[i].Total }, "")
	}
	return v.compare("Over the whole span", v.m.Annual, func(i int) float64 { return v.baseM[i].Annual }, "")
}

func (v *view) regimeSentence() string {
	if v.regime == 0 {
		return ""
	}
	since := annualSince(v.run, v.regime)
	return v.compare("Since "+regimeName(v.regime), since,
		func(i int) float64 { return annualSince(v.base[i], v.regime) }, "made "+percent(since, 1)+" a year: ")
}

// compare writes "WHEN it beat a (+1.0 %), but has NOT beaten b (+2.0 %)".
func (v *view) compare(when string, own float64, of func(i int) float64, made string) string {
	if math.IsNaN(own) || len(v.base) == 0 {
		return ""
	}
	var beaten, not []string
	for i, b := range v.base {
		other := of(i)
		entry := b.Name + " (" + percent(other, 1) + ")"
		switch {
		case math.IsNaN(other):
		case own > other:
			beaten = append(beaten, entry)
		default:
			not = append(not, entry)
		}
	}
	start := when + " it " + made
	if made != "" {
		start += "it "
	}
	switch {
	case len(beaten) == 0 && len(not) == 0:
		return ""
	case len(not) == 0:
		return start + "beat " + listWords(beaten, "and") + "."
	case len(beaten) == 0:
		return start + "has NOT beaten " + listWords(not, "or") + "."
	}
	return start + "beat " + listWords(beaten, "and") + " but has NOT beaten " + listWords(not, "or") + "."
}

func (v *view) fallSentence() string {
	f := v.m.Fall
	switch {
	case f.Depth == 0:
		return "It never fell below an earlier peak at the sampled moments."
	case f.Recovered:
		return "Its worst fall was " + percent(f.Depth, 1) + " (" + fallDates(f) +
			"); the old peak was back " + spanWords(f.EndAt-f.PeakAt) + " after it was left."
	}
	return "Its worst fall was " + percent(f.Depth, 1) + " (" + fallDates(f) +
		"), not recovered when the run ended " + spanWords(f.EndAt-f.PeakAt) + " after the peak."
}

// fallDates are a fall's peak and low, once where they share a day.
func fallDates(f Fall) string {
	if f.PeakAt.Date() == f.LowAt.Date() {
		return "on " + longDate(f.LowAt)
	}
	return longDate(f.PeakAt) + " to " + longDate(f.LowAt)
}

func (v *view) luckSentence() string {
	if v.tooShort || math.IsNaN(v.m.Low) || v.m.Low > 0 || v.m.High < 0 {
		return ""
	}
	return "The 95" + noBreak + "% interval of the yearly return (" + percent(v.m.Low, 1) + " to " + percent(v.m.High, 1) +
		") holds zero: chance alone could have made this."
}

func (v *view) liquidatedSentence() string {
	n := v.run.Counts.Liquidations
	if n == 0 {
		return ""
	}
	return "The exchange LIQUIDATED " + count(n, "position", "positions") + "."
}
