package reports

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"carry"
)

// The summary's page: 80 columns, and few enough lines for one screen.
const (
	summaryWidth    = 78
	summaryWarnings = 6
	summaryYears    = 8
)

// WriteSummary writes the result for a terminal: plain ASCII, at most 79
// columns and about 40 lines, with the report's own sentences as the verdict.
func WriteSummary(w io.Writer, doc *Document) error {
	if doc == nil || doc.Run == nil {
		return fmt.Errorf("write summary: %w", ErrNoRun)
	}
	v := newView(doc)
	s := &lister{w: bufio.NewWriter(w)}
	s.heading(v)
	s.yearTable(v)
	s.paragraph("VERDICT: ", strings.Join(v.verdict, " "), "  ")
	s.money(v)
	s.risk(v)
	s.warnings(v)
	if len(v.run.NotIncluded) > 0 {
		s.paragraph("NOT in these numbers: ", strings.Join(v.run.NotIncluded, ", ")+".", "  ")
	}
	m := &v.run.Manifest
	s.paragraph("reproduce: ", orMissing(m.Command), "  ")
	s.line("  tape " + shorten(orMissing(m.TapeHash), 14) + "  seed " + fixedInt(m.Seed) + "  journal " + shorten(orMissing(m.JournalHash), 14))
	if s.err == nil {
		s.err = s.w.Flush()
	}
	if s.err != nil {
		return fmt.Errorf("write summary: %w", s.err)
	}
	return nil
}

// lister writes ASCII lines and keeps the first error.
type lister struct {
	w   *bufio.Writer
	err error
}

func (s *lister) line(text string) {
	if s.err != nil {
		return
	}
	_, s.err = s.w.WriteString(strings.TrimRight(ascii(text), " ") + "\n")
}

// paragraph wraps text behind its first words; later lines are indented.
func (s *lister) paragraph(first, text, indent string) {
	lead := first[:len(first)-len(strings.TrimLeft(first, " "))]
	for _, l := range wrap(ascii(first+text), summaryWidth-len(indent)) {
		s.line(lead + l)
		lead = indent
	}
}

func (s *lister) heading(v *view) {
	if v.run.Manifest.Generated {
		s.line("GENERATED MARKET, not history. For real prices: crawl import DIR")
	}
	parts := []string{v.run.From.Date() + ".." + v.run.To.Date()}
	if n := len(v.run.Coins); n > 0 {
		parts = append(parts, count(n, "coin", "coins"))
	}
	if v.run.Strategy != "" {
		parts = append(parts, v.run.Strategy+" "+v.run.Preset)
	}
	for _, p := range v.run.Params {
		if p.Name == "leverageTargetX" {
			parts = append(parts, "target leverage "+p.Value+"x")
		}
	}
	if t := v.run.Counts.TradedUSDT; t > 0 {
		a := &v.run.Attribution
		parts = append(parts, "cost "+fixed(-(fees(a)+a.Slippage)/t*4e4, 0)+" bp a round trip")
	}
	s.paragraph("", strings.Join(parts, ", "), "  ")
}

// yearTable compares the run with as many baselines as fit; the newest years
// stay where there are too many.
func (s *lister) yearTable(v *view) {
	if len(v.run.Years) == 0 && !(v.run.Capital > 0) {
		return
	}
	years := v.run.Years
	years = years[max(0, len(years)-summaryYears):]
	first := 22
	for i := range years {
		first = max(first, len(yearName(&years[i]))+3)
	}
	header := pad("", first)
	var width []int
	for i := -1; i < len(v.base); i++ {
		name := v.run.Name
		if i >= 0 {
			name = v.base[i].Name
		}
		name = ascii(shorten(name, 14))
		w := max(9, len(name)+2)
		if len(header)+w > summaryWidth+1 {
			break
		}
		width = append(width, w)
		header += padLeft(name, w)
	}
	s.line(header)
	row := func(title string, of func(i int) float64) {
		text := pad("  "+title, first)
		for i, w := range width {
			text += padLeft(ascii(percent(of(i-1), 1)), w)
		}
		s.line(text)
	}
	if v.tooShort {
		row("whole run", func(i int) float64 { return v.metrics(i).Total })
	} else {
		row("per year on capital", func(i int) float64 { return v.metrics(i).Annual })
	}
	if all := len(v.run.Years); all > len(years) {
		s.line("  (the last " + strconv.Itoa(summaryYears) + " of " + strconv.Itoa(all) + " years)")
	}
	for i := range years {
		y := &years[i]
		row(yearName(y), func(i int) float64 {
			if i < 0 {
				return y.Return
			}
			return yearReturn(v.base[i], y.Year)
		})
	}
	if left := len(v.base) + 1 - len(width); left > 0 {
		s.line("  and " + count(left, "more baseline", "more baselines") + " in the report")
	}
}

// metrics are the run's (−1) or a baseline's.
func (v *view) metrics(i int) *Metrics {
	if i < 0 {
		return &v.m
	}
	return &v.baseM[i]
}

func (s *lister) money(v *view) {
	a := &v.run.Attribution
	s.line("  " + amount(v.run.Capital) + " -> " + amount(v.run.Final) + " USDT")
	if len(v.run.Flows) > 0 || v.run.Adjust != nil {
		s.paragraph("    ", profitLine(v.run), "    ")
	}
	s.paragraph("    ", "funding received "+money(a.FundingReceived)+"  paid "+money(a.FundingPaid)+"  basis "+money(a.Basis)+
		"  fees "+money(fees(a))+"  slippage "+money(a.Slippage)+"  liquidation "+money(a.Liquidation)+"  interest "+money(a.Interest)+
		"  dust "+signed(a.Dust, 2)+"  residual "+orMissing(v.run.Residual), "    ")
	if residualOpen(v.run) {
		s.line("  THE BOOKS DO NOT CLOSE: do not trust these figures")
	}
}

// profitLine tells what was earned where the owner moved money or wants the
// profit adjusted.
func profitLine(r *carry.Result) string {
	text := "profit " + money(r.Profit())
	if n := len(r.Flows); n > 0 {
		text += ", " + strconv.Itoa(n) + " deposits and withdrawals of " + money(r.Flowed()) + " left out; returns are chained at each"
	}
	if a := r.Adjust; a != nil {
		text += "; " + money(a.Amount) + " of it by hand: " + a.Note
	}
	return text
}

func (s *lister) risk(v *view) {
	m, x, n := &v.m, &v.run.Extremes, &v.run.Counts
	if len(v.run.Curve.Equity) > 0 {
		s.line("  worst drawdown " + percent(m.Fall.Depth, 1) + " (low on " + m.Fall.LowAt.Date() + ", every sample at marks)")
	}
	if !v.tooShort {
		s.paragraph("  Sharpe ", fixed(m.Sharpe30d, 1)+" (30-day), "+fixed(m.Sharpe1d, 1)+" (daily); 95 % interval "+
			percent(m.Low, 1)+" to "+percent(m.High, 1)+" a year", "    ")
	}
	text := fixed(float64(n.Reductions), 0) + ", transfers " + fixed(float64(n.Transfers), 0)
	if n.Liquidations > 0 {
		text += ", LIQUIDATIONS " + fixed(float64(n.Liquidations), 0)
	}
	if x.NearestLiquidationAt != 0 {
		text += "; nearest liquidation " + percent(x.NearestLiquidation, 1) + " (" + x.NearestLiquidationAt.Date() + ")"
	}
	s.paragraph("  reductions ", text, "    ")
}

func (s *lister) warnings(v *view) {
	shown := v.run.Warnings
	if len(shown) > summaryWarnings {
		shown = shown[:summaryWarnings]
	}
	for _, w := range shown {
		s.paragraph("  ! ", firstLine(w), "    ")
	}
	if left := len(v.run.Warnings) - len(shown); left > 0 {
		s.line("  and " + count(left, "more warning", "more warnings") + " in the report")
	}
}

// firstLine keeps a warning to two lines of the terminal.
func firstLine(w carry.Warning) string { return shorten(w.Text, 2*summaryWidth-12) }

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-len([]rune(s))))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-len([]rune(s)))) + s
}
