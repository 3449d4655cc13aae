package reports

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"carry"
)

// head is what the template "head" prints.
type head struct {
	Title     string
	Lines     []string
	Generated bool
}

func documentTitle(v *view) string {
	name := v.run.Strategy
	switch {
	case name == "" && v.run.Name == "":
		name = "Carry"
	case name == "":
		name = v.run.Name
	}
	if v.run.Preset != "" {
		name += ", preset " + v.run.Preset
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:] + ": " + spanDates(v.run)
}

func spanDates(r *carry.Result) string {
	return longDate(r.From) + " – " + longDate(r.To)
}

// foot names the inputs that reproduce the run on every page.
func foot(v *view) string {
	m := v.run.Manifest
	parts := []string{"program " + orMissing(m.Program), "tape " + orMissing(m.TapeHash), "parameters " + orMissing(m.ParamsHash),
		"seed " + fixedInt(m.Seed), "journal " + orMissing(m.JournalHash)}
	if v.doc.Now != "" {
		parts = append(parts, "made "+v.doc.Now)
	}
	return strings.Join(parts, " · ")
}

func orMissing(s string) string {
	if s == "" {
		return missing
	}
	return s
}

func titleSection(v *view) *content {
	h := head{Title: documentTitle(v), Generated: v.run.Manifest.Generated}
	what := []string{spanWords(v.span), amount(v.run.Capital) + noBreak + "USDT"}
	if n := len(v.run.Coins); n > 0 {
		what = append(what, count(n, "coin", "coins"))
	}
	if v.run.Manifest.Source != "" {
		what = append(what, v.run.Manifest.Source)
	}
	h.Lines = append(h.Lines, strings.Join(what, " · "))
	h.Lines = append(h.Lines, "data "+orMissing(v.run.Manifest.TapeHash))
	return &content{Parts: []part{{"head", h}}}
}

func verdictSection(v *view) *content {
	return &content{Parts: []part{{"verdict", v.verdict}}}
}

// tile is one figure of the first screen.
type tile struct{ Value, What, Aside string }

func tilesSection(v *view) *content {
	m, x := &v.m, &v.run.Extremes
	net := tile{percent(m.Annual, 1), "net a year on capital", "95" + noBreak + "% interval " + percent(m.Low, 1) + " to " + percent(m.High, 1)}
	if v.tooShort {
		net = tile{percent(m.Total, 2), "net in " + spanWords(v.span), "too short for a yearly figure"}
	} else if math.IsNaN(m.Low) {
		net.Aside = "no interval: too few days or a lost account"
	}
	fall := tile{percent(m.Fall.Depth, 1), "worst drawdown", "low on " + longDate(m.Fall.LowAt)}
	if m.Fall.Depth == 0 {
		fall.Aside = "at the sampled moments"
	}
	fall.Aside += between(v.ci[3], func(x float64) string { return percent(x, 1) })
	nearest := tile{missing, "nearest liquidation", "no short was ever open"}
	if x.NearestLiquidationAt != 0 && !math.IsInf(x.NearestLiquidation, 0) && !math.IsNaN(x.NearestLiquidation) {
		nearest = tile{percent(x.NearestLiquidation, 1), "rise of all coins to the nearest liquidation", "on " + longDate(x.NearestLiquidationAt)}
	}
	if n := v.run.Counts.Liquidations; n > 0 {
		nearest.Aside = count(n, "position", "positions") + " liquidated"
	}
	return &content{Parts: []part{{"tiles", []tile{
		net,
		{share(m.Volatility, 1), "volatility a year", "of daily returns" + between(v.ci[0], func(x float64) string { return share(x, 1) })},
		{fixed(m.Sharpe30d, 1), "Sharpe, 30-day returns", count(m.Months, "return", "returns") + "; the one to quote" +
			between(v.ci[1], func(x float64) string { return fixed(x, 1) })},
		{fixed(m.Sharpe1d, 1), "Sharpe, daily returns", dailyAside(m) + between(v.ci[2], func(x float64) string { return fixed(x, 1) })},
		fall, nearest,
	}}}}
}

// between writes a 95 % interval behind an aside; nothing where there is none.
func between(i Interval, write func(float64) string) string {
	if math.IsNaN(i.Low) || math.IsNaN(i.High) {
		return ""
	}
	return "; 95" + noBreak + "% " + write(i.Low) + " to " + write(i.High)
}

// dailyAside says which way the daily Sharpe ratio misleads.
func dailyAside(m *Metrics) string {
	switch {
	case m.Sharpe1d > 1.1*m.Sharpe30d && m.Sharpe30d > 0:
		return "flatters: good days come in rows"
	case m.Sharpe30d > 1.1*m.Sharpe1d && m.Sharpe1d > 0:
		return "lower: moves undo themselves"
	}
	return count(m.Days, "return", "returns")
}

// box is the panel that must be read; its lists may have no name.
type box struct {
	Title string
	Lists []boxList
}

type boxList struct {
	Name  string
	Items []string
}

// keyAssumptions is how many assumptions stand on the first screen.
const keyAssumptions = 5

func readFirstSection(v *view) *content {
	b := box{Title: "Read this first"}
	var warnings []string
	if v.tooShort {
		warnings = append(warnings, "The span is only "+spanWords(v.span)+": every ratio below is mostly chance.")
	}
	if residualOpen(v.run) {
		warnings = append(warnings, "The books do NOT close: a change of "+v.run.Residual+" USDT is unexplained. Do not trust these figures.")
	}
	for _, w := range v.run.Warnings {
		warnings = append(warnings, w.Text)
	}
	if len(warnings) > 0 {
		b.Lists = append(b.Lists, boxList{"", warnings})
	}
	if a := v.run.Assumptions; len(a) > 0 {
		b.Lists = append(b.Lists, boxList{"It supposes", a[:min(len(a), keyAssumptions)]})
	}
	if len(v.run.NotIncluded) > 0 {
		b.Lists = append(b.Lists, boxList{"NOT in these numbers", []string{strings.Join(v.run.NotIncluded, "; ") + "."}})
	}
	if len(b.Lists) == 0 {
		b.Lists = []boxList{{"", []string{"The run gave no warning."}}}
	}
	return &content{Parts: []part{{"box", b}}}
}

// link is one entry of the contents.
type link struct{ ID, Name string }

func contentsSection(*view) *content { return &content{} }
