package main

import (
	"bytes"
	"fmt"

	"carry"
	"carry/internal/lab"
)

// years is the long bear market, told by year and not by one number (S23).
func years(l *laboratory, w *bytes.Buffer) error {
	s, err := l.spec("funding", "default", 0, 0)
	if err != nil {
		return err
	}
	s.NoBaselines = false
	out, err := lab.Execute(l.ctx, s, nil)
	if err != nil {
		return err
	}
	seed, err := l.run("funding", "seed", 0, 0)
	if err != nil {
		return err
	}
	all := append([]*carry.Result{out.Run, seed}, out.Baselines...)
	out.Run.Name, seed.Name = "default", "seed"
	fmt.Fprintf(w, `# Results by year and regime

Made by `+"`make claims`"+` from the recorded history: %s to %s, %d coins, nearly all of
which still trade today, which flatters. Return on all capital, idle cash
included, after fees, spread and impact, percent. A part of a year is not
annualised. Compare every column with the last one: government bills.

`, out.Run.From.Date(), out.Run.To.Date(), len(out.Info.Pairs))
	table(w, all)
	fmt.Fprintf(w, "\n## Where the default's result came from\n\nUSDT on a capital of %.0f.\n\n", out.Run.Capital)
	fmt.Fprintln(w, "| year | funding | premium (basis) | fees | slippage | net |\n|---|---:|---:|---:|---:|---:|")
	for _, y := range out.Run.Years {
		a := &y.Attribution
		fmt.Fprintf(w, "| %d | %.0f | %.0f | %.0f | %.0f | %.0f |\n", y.Year, a.FundingReceived+a.FundingPaid, a.Basis,
			a.SpotFees+a.PerpFees, a.Slippage, a.Total)
	}
	regimes(w, all)
	m := &out.Run.Manifest
	fmt.Fprintf(w, "\nData: tape `%.16s…`; journal of the default run `%.16s…`.\n", m.TapeHash, m.JournalHash)
	return nil
}

func table(w *bytes.Buffer, all []*carry.Result) {
	fmt.Fprint(w, "| |")
	for _, r := range all {
		fmt.Fprintf(w, " %s |", r.Name)
	}
	fmt.Fprint(w, "\n|---|")
	for range all {
		fmt.Fprint(w, "---:|")
	}
	fmt.Fprint(w, "\n| **a year, whole span** |")
	for _, r := range all {
		fmt.Fprintf(w, " **%s** |", pct(lab.Annual(r.Growth()-1, r.To-r.From)))
	}
	fmt.Fprintln(w)
	for k, y := range all[0].Years {
		name := fmt.Sprint(y.Year)
		switch {
		case k == 0 && y.From.Date()[5:] != "01-01":
			name += " from " + y.From.Date()[5:]
		case k == len(all[0].Years)-1 && y.To.Date()[5:] != "01-01":
			name += " to " + y.To.Date()[5:]
		}
		fmt.Fprintf(w, "| %s |", name)
		for _, r := range all {
			fmt.Fprintf(w, " %s |", pct(r.Years[k].Return))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "| worst fall |")
	for _, r := range all {
		fmt.Fprintf(w, " %s |", pct(r.Extremes.MaxDrawdown))
	}
	fmt.Fprintln(w)
}

// regimes cuts the same runs at the market's turns.
func regimes(w *bytes.Buffer, all []*carry.Result) {
	fmt.Fprint(w, "\n## By regime\n\nPercent a year within the regime.\n\n| regime | from | to |")
	for _, r := range all {
		fmt.Fprintf(w, " %s |", r.Name)
	}
	fmt.Fprint(w, "\n|---|---|---|")
	for range all {
		fmt.Fprint(w, "---:|")
	}
	fmt.Fprintln(w)
	for _, g := range []struct{ name, from, to string }{
		{"bull", "2020-10-01", "2021-05-19"}, {"second bull", "2021-07-20", "2021-12-01"},
		{"long bear", "2021-12-01", "2023-10-16"}, {"recovery", "2023-10-16", "2024-04-01"},
		{"quiet", "2024-04-01", "2024-11-05"}, {"after the election", "2024-11-05", "2025-06-30"},
	} {
		a, b := day(g.from), day(g.to)
		if a < all[0].From || b > all[0].To {
			continue
		}
		fmt.Fprintf(w, "| %s | %s | %s |", g.name, g.from, g.to)
		for _, r := range all {
			fmt.Fprintf(w, " %s |", pct(lab.Annual(at(r, b)/at(r, a)-1, b-a)))
		}
		fmt.Fprintln(w)
	}
}

// at is the equity at a time within the run.
func at(r *carry.Result, t carry.Time) float64 {
	i := int((t - r.Curve.Start) / r.Curve.Step)
	return r.Curve.Equity[min(max(i, 0), len(r.Curve.Equity)-1)]
}
