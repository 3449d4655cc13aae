package main

import (
	"bytes"
	"fmt"

	"carry"
	"carry/internal/lab"
)

// claims holds the author's words against the history (S24).
func claims(l *laboratory, w *bytes.Buffer) error {
	fmt.Fprint(w, "# The author's claims, checked\n\nMade by `make claims` from the recorded history. Each claim is the original\n"+
		"author's; each answer is what this program finds on real data.\n")
	for _, part := range []func(*laboratory, *bytes.Buffer) error{earns, leverageSafe, leftAlone} {
		if err := part(l, w); err != nil {
			return err
		}
	}
	return nil
}

// earns: "20 % a year before costs, 10-15 % after".
func earns(l *laboratory, w *bytes.Buffer) error {
	fmt.Fprint(w, "\n## \"20 % a year before costs, 10 to 15 % after\"\n\nPercent of capital by year; before costs means without fees, spread and impact.\n\n")
	fmt.Fprintln(w, "| preset | costs | 2020 | 2021 | 2022 | 2023 | 2024 | 2025 (half) |\n|---|---|---:|---:|---:|---:|---:|---:|")
	held, total := 0, 0
	for _, preset := range []string{"seed", "default"} {
		for _, c := range []struct {
			name string
			set  []setting
		}{{"none", free()}, {"all", nil}} {
			r, err := l.run("funding", preset, 0, 0, c.set...)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "| %s | %s |", preset, c.name)
			for _, y := range r.Years {
				fmt.Fprintf(w, " %s |", pct(y.Return))
				if c.name == "all" {
					total++
					if y.Return >= 0.10 {
						held++
					}
				}
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintf(w, "\n**Answer.** After costs a year reached 10 %% in %d of %d cases.\n", held, total)
	return nil
}

// leverageSafe: "2x leverage is safe up to +50 %".
func leverageSafe(_ *laboratory, w *bytes.Buffer) error {
	fmt.Fprint(w, "\n## \"Twice leverage is safe up to a rise of 50 %\"\n\nA short is liquidated at (1 + 1/L) / (1 + m) of its entry price, m the maintenance\nrate of its bracket, if nothing is moved.\n\n| leverage | m 1 % | m 2.5 % |\n|---|---:|---:|\n")
	for _, x := range []float64{2, 3, 5, 10} {
		fmt.Fprintf(w, "| %g× | %s | %s |\n", x, pct((1+1/x)/1.01-1), pct((1+1/x)/1.025-1))
	}
	fmt.Fprintln(w, "\n**Answer.** Nearly: 48.5 %, or 46.3 % in the higher bracket.")
	return nil
}

// leftAlone counts how often a book that nobody touches is liquidated.
func leftAlone(l *laboratory, w *bytes.Buffer) error {
	fmt.Fprint(w, "\n## May it be left alone?\n\nAn equal-weight book of all coins is opened on every Monday at the given leverage and\nthen not touched: no transfers, no reduction, no trimming. Share of starts in which the\nexchange liquidated a short within 30 and 90 days.\n\n| leverage | starts | within 30 days | within 90 days |\n|---|---:|---:|---:|\n")
	for _, x := range []string{"1.5", "2", "3"} {
		starts, month, quarter := 0, 0, 0
		for t := day("2020-12-07"); t <= day("2025-03-24"); t += carry.Week {
			set := append(unguarded(), setting{"leverageTargetX", x})
			r, err := l.run("hold", "default", t, t+90*carry.Day, set...)
			if err != nil {
				return err
			}
			starts++
			if first := firstLiquidation(r); first > 0 {
				quarter++
				if first <= t+30*carry.Day {
					month++
				}
			}
		}
		fmt.Fprintf(w, "| %s× | %d | %.0f %% | %.0f %% |\n", x, starts, 100*float64(month)/float64(starts), 100*float64(quarter)/float64(starts))
	}
	fmt.Fprintln(w, "\n**Answer.** No. Margin has to be watched every day.")
	return nil
}

// firstLiquidation is when the first short was lost, 0 if none was.
func firstLiquidation(r *carry.Result) carry.Time {
	for _, h := range r.Happenings {
		if h.Code == carry.CodeLiquidated.String() {
			return h.At
		}
	}
	return 0
}

// crashes replays three days on which shorts were lost.
func crashes(l *laboratory, w *bytes.Buffer) error {
	fmt.Fprint(w, `# Three days that liquidate

Made by `+"`make claims`"+` from the recorded history. A book of all coins, equal weight, is
opened ten days before and followed to five days after, at four leverages, once left
alone and once with the alarm, reduction and rebalancing of S12-S14. Thresholds scale
with the leverage: alarm at 1.25×, reduction at 1.5×, emergency at 2.5× the target.
Change of equity in percent of capital.
`)
	for _, c := range []struct{ name, day, coins string }{
		{"2021-01-29: DOGE rises tenfold within a day", "2021-01-29", ""},
		{"2021-05-19: the crash", "2021-05-19", ""},
		{"2022-11-09: SOL and FTX", "2022-11-09", ""},
		{"2021-01-29, DOGE alone", "2021-01-29", "DOGE"},
		{"2022-11-09, SOL alone", "2022-11-09", "SOL"},
	} {
		fmt.Fprintf(w, "\n## %s\n\n| leverage | left alone: liquidated | equity | with S12-S14: liquidated | reductions | equity |\n|---|---:|---:|---:|---:|---:|\n", c.name)
		for _, x := range []float64{2, 3, 5, 10} {
			bare, err := crash(l, c.day, c.coins, x, false)
			if err != nil {
				return err
			}
			kept, err := crash(l, c.day, c.coins, x, true)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "| %g× | %d | %s | %d | %d | %s |\n", x, bare.Counts.Liquidations, pct(bare.Final/bare.Capital-1),
				kept.Counts.Liquidations, kept.Counts.Reductions, pct(kept.Final/kept.Capital-1))
		}
	}
	return nil
}

func crash(l *laboratory, date, coins string, x float64, guarded bool) (*carry.Result, error) {
	t := day(date)
	num := func(v float64) string { return fmt.Sprintf("%g", v) }
	set := []setting{{"exchangeLeverageX", "50"}, {"leverageReduceX", num(1.5 * x)},
		{"leverageAlarmX", num(1.25 * x)}, {"leverageTargetX", num(x)}, {"leverageEmergencyX", num(2.5 * x)}}
	if !guarded {
		set = append([]setting{{"exchangeLeverageX", "50"}, {"leverageTargetX", num(x)}}, unguarded()...)
	}
	s, err := l.spec("hold", "default", t-10*carry.Day, t+5*carry.Day, set...)
	if err != nil {
		return nil, err
	}
	if coins != "" {
		s.Coins = []string{coins}
	}
	out, err := lab.Execute(l.ctx, s, nil)
	if err != nil {
		return nil, err
	}
	return out.Run, nil
}
