package reports

import (
	"math"

	"carry"
)

// attributionPart is one line of the waterfall.
type attributionPart struct {
	name  string
	value func(a *carry.Attribution) float64
}

// attributionParts are all parts of an attribution, in the order in which they
// are told. They add up to Total.
func attributionParts() []attributionPart {
	return []attributionPart{
		{"Funding received", func(a *carry.Attribution) float64 { return a.FundingReceived }},
		{"Funding paid", func(a *carry.Attribution) float64 { return a.FundingPaid }},
		{"Basis", func(a *carry.Attribution) float64 { return a.Basis }},
		{"Spot fees", func(a *carry.Attribution) float64 { return a.SpotFees }},
		{"Futures fees", func(a *carry.Attribution) float64 { return a.PerpFees }},
		{"Slippage", func(a *carry.Attribution) float64 { return a.Slippage }},
		{"Liquidation", func(a *carry.Attribution) float64 { return a.Liquidation }},
		{"Interest on idle cash", func(a *carry.Attribution) float64 { return a.Interest }},
		{"Rounding", func(a *carry.Attribution) float64 { return a.Dust }},
	}
}

func netFunding(a *carry.Attribution) float64 { return a.FundingReceived + a.FundingPaid }
func fees(a *carry.Attribution) float64       { return a.SpotFees + a.PerpFees }
func others(a *carry.Attribution) float64     { return a.Liquidation + a.Dust + a.Interest }

// bar is one row of the waterfall; positions are percent of the width.
type bar struct {
	Label, Class, X, Width, Link string
	Value, Share                 string
	Sum                          bool
}

func attributionSection(v *view) *content {
	a := &v.run.Attribution
	c := &content{Title: attributionTitle(v), Lead: "Each bar starts where the last one ended, in USDT and as a share of the starting capital."}
	c.Parts = append(c.Parts, part{"bars", waterfall(a, v.run.Capital)})
	c.Parts = append(c.Parts, note("The bars add up to the change of equity. What the exact books leave unexplained (residual): "+
		orMissing(v.run.Residual)+" USDT. Basis is the change of the premium between entry and exit, or to the last mark for what is still open."))
	return c
}

func attributionTitle(v *view) string {
	a := &v.run.Attribution
	if !(v.run.Capital > 0) {
		return "Where the change of equity came from"
	}
	cost := -(fees(a) + a.Slippage)
	title := "Funding brought " + percent(netFunding(a)/v.run.Capital, 1) + " of the capital; fees and slippage took " + share(cost/v.run.Capital, 1)
	if f := netFunding(a); f > 0 && cost > 0 {
		title += ", " + share(cost/f, 0) + " of it"
	}
	return title
}

// waterfall lays the parts out as floating bars, without those that are zero
// after the first six.
func waterfall(a *carry.Attribution, capital float64) []bar {
	type step struct {
		name     string
		from, to float64
	}
	var steps []step
	at, low, high := 0.0, 0.0, 0.0
	for i, p := range attributionParts() {
		x := finiteOr(p.value(a), 0)
		if i >= 7 && x == 0 {
			continue
		}
		steps = append(steps, step{p.name, at, at + x})
		at += x
		low, high = math.Min(low, at), math.Max(high, at)
	}
	total := finiteOr(a.Total, 0)
	low, high = math.Min(low, total), math.Max(high, total)
	if high == low {
		high = low + 1
	}
	place := func(x float64) string { return percentOf(x-low, high-low) }
	var bars []bar
	for _, s := range steps {
		left, width := math.Min(s.from, s.to), math.Abs(s.to-s.from)
		if width > 0 {
			width = math.Max(width, (high-low)*0.003)
		}
		class := "gain"
		if s.to < s.from {
			class = "loss"
		} else if s.to == s.from {
			class = "" // nothing to draw but the line to the next
		}
		bars = append(bars, bar{Label: s.name, Class: class, X: place(left), Width: percentOf(width, high-low),
			Link: place(s.to), Value: money(s.to - s.from), Share: shareOf(s.to-s.from, capital)})
	}
	return append(bars, bar{Label: "Change of equity", Class: "total", X: place(math.Min(0, total)),
		Width: percentOf(math.Max(math.Abs(total), (high-low)*0.002), high-low), Value: money(a.Total) + noBreak + "USDT", Share: shareOf(a.Total, capital), Sum: true})
}

func shareOf(x, capital float64) string {
	if !(capital > 0) {
		return missing
	}
	return percent(x/capital, 1)
}

func finiteOr(v, other float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return other
	}
	return v
}
