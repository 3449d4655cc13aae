package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"

	"carry"
	"carry/internal/lab"
	"carry/reports"
)

// around is what is varied: every parameter that decides what is opened, how long
// it is kept and how large, from well below to well above the presets' values.
var around = []lab.Axis{
	{Name: "screenN", Min: 30, Max: 200, Round: 1},
	{Name: "openMeanMinFrac", Min: 0.00002, Max: 0.0003, Round: 0.00001},
	{Name: "openRateMinFrac", Min: 0.00002, Max: 0.0003, Round: 0.00001},
	{Name: "closeMeanMaxFrac", Min: -0.0001, Max: 0.00001, Round: 0.00001},
	{Name: "closeRateMaxFrac", Min: -0.004, Max: -0.0005, Round: 0.0001},
	{Name: "openPremiumMinFrac", Min: -0.001, Max: 0.001, Round: 0.0001},
	{Name: "coinsTargetN", Min: 3, Max: 22, Round: 1},
	{Name: "leverageTargetX", Min: 1, Max: 2.4, Round: 0.1},
	{Name: "topUpBelowFrac", Min: 0.5, Max: 0.95, Round: 0.05},
	{Name: "reopenAfterH", Min: 0, Max: 72, Round: 1},
}

// trialsAround is how many sets the sweep tries.
const trialsAround = 256

// sweep asks whether any set of parameters beats holding, or bills, out of sample.
func sweep(l *laboratory, w *bytes.Buffer) error {
	dir, err := os.MkdirTemp("", "carry-claims-sweep-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	presets, err := l.compete(dir, &lab.Sweep{Axes: []lab.Axis{{Name: "preset", Values: []string{"default", "seed"}}}})
	if err != nil {
		return err
	}
	sets, err := l.compete(dir, &lab.Sweep{Axes: around, Method: "sobol", Trials: trialsAround, Seed: 1})
	if err != nil {
		return err
	}
	sets.contest.Tried = len(sets.contest.Trials) + len(presets.contest.Trials)
	judged, err := reports.Judge(sets.contest)
	if err != nil {
		return err
	}
	walk, err := sets.board.Walk(l.ctx, sets.contest, lab.WalkPlan{Kind: "anchored", InDays: 548, OutDays: 182}, lab.MedianHold(sets.trials))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, `# Does any set of parameters beat holding, or bills?

Made by `+"`make claims`"+` from the recorded history, %s to %s. %d sets (Sobol) around the
two presets: thresholds, window, number of coins, leverage, patience. All on a capital of
10,000 USDT, all costs, idle cash earns nothing; the ways of holding pay the same costs
under the same margin policy. The default was chosen on these very data, by people who
had seen them: its own row is no evidence. Nearly all coins of the data still trade.
Percent a year on all capital.

`, sets.board.Info.From.Date(), sets.board.Info.To.Date(), trialsAround)
	standings(w, presets, sets)
	fmt.Fprintf(w, "\n## In sample, all sets together\n\n")
	for _, s := range judged.Verdict(sets.contest) {
		fmt.Fprintf(w, "- %s\n", s)
	}
	sensitivity(w, sets)
	return outOfSample(w, sets, walk)
}

// competition is a finished sweep.
type competition struct {
	board             *lab.Board
	trials, baselines []lab.TrialRow
	contest           *reports.Contest
}

// compete runs a sweep of the funding strategy over the whole history.
func (l *laboratory) compete(dir string, s *lab.Sweep) (*competition, error) {
	s.Base = func(_, preset string) (*lab.Spec, error) { return l.spec("funding", preset, 0, 0) }
	// The longest window of any set delays all, so that they can be compared.
	s.From = l.warm
	board, err := s.OpenBoard(dir)
	if err != nil {
		return nil, err
	}
	if l.warm == 0 {
		l.warm = board.Info.From
	}
	if err := board.Run(l.ctx, board.Task(0, 1), nil); err != nil {
		return nil, err
	}
	c := &competition{board: board}
	if c.trials, c.baselines, err = board.Collect(); err != nil {
		return nil, err
	}
	c.contest, err = board.Contest(c.trials, c.baselines, 0)
	return c, err
}

// since2022 are the days after the great bull market.
func (c *competition) since2022(r []float64) []float64 {
	return r[max(0, min(len(r), int((day("2022-01-01")-c.board.Info.From)/carry.Day))):]
}

func (c *competition) row(w *bytes.Buffer, name string, daily []float64) {
	fmt.Fprintf(w, "| %s | %s | %s | %s |\n", name, pct(reports.CAGR(daily, reports.DaysPerYear)),
		pct(reports.CAGR(c.since2022(daily), reports.DaysPerYear)), pct(reports.MaxDrawdown(daily)))
}

func standings(w *bytes.Buffer, presets, sets *competition) {
	fmt.Fprintf(w, "| | whole span | since 2022 | worst fall, daily |\n|---|---:|---:|---:|\n")
	for _, t := range presets.contest.Trials {
		presets.row(w, t.Name, t.Daily)
	}
	ranked := slices.Clone(sets.contest.Trials)
	slices.SortStableFunc(ranked, func(a, b reports.Contestant) int {
		x, y := reports.CAGR(a.Daily, reports.DaysPerYear), reports.CAGR(b.Daily, reports.DaysPerYear)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return a.No - b.No
	})
	n := len(ranked)
	for _, p := range []struct {
		name string
		k    int
	}{{"best of the sets", 0}, {"a quarter from the top", n / 4}, {"median of the sets", n / 2}, {"a quarter from the bottom", 3 * n / 4}, {"worst of the sets", n - 1}} {
		sets.row(w, p.name, ranked[p.k].Daily)
	}
	for _, h := range append(slices.Clone(sets.contest.Holds), *sets.contest.Cash) {
		sets.row(w, "**"+h.Name+"**", h.Daily)
	}
	if refused := len(sets.trials) - n; refused > 0 {
		fmt.Fprintf(w, "\n%d of %d sets were refused, because their settings contradict each other.", refused, len(sets.trials))
	}
	fmt.Fprintf(w, "\nThe best set: %s.\n", ranked[0].Name)
	cash := reports.CAGR(sets.since2022(sets.contest.Cash.Daily), reports.DaysPerYear)
	beat := 0
	for _, t := range ranked {
		if reports.CAGR(sets.since2022(t.Daily), reports.DaysPerYear) > cash {
			beat++
		}
	}
	fmt.Fprintf(w, "Since 2022 bills made %s %% a year; %d of %d sets made more.\n", pct(cash), beat, n)
}

// sensitivity tells what each parameter does by itself: the mean of the sets in
// the lowest, middle and highest third of its range.
func sensitivity(w *bytes.Buffer, c *competition) {
	fmt.Fprintf(w, "\n## What each parameter does\n\nMean of the sets in the lower, middle and upper third of each range, whole span.\n\n| parameter | range | lower | middle | upper |\n|---|---|---:|---:|---:|\n")
	for k, a := range c.board.Sweep.Axes {
		var sum [3]float64
		var n [3]int
		for i := range c.trials {
			t := &c.trials[i]
			if t.Failed() {
				continue
			}
			v, err := strconv.ParseFloat(t.Values[k], 64)
			if err != nil {
				continue
			}
			third := min(int(3*(v-a.Min)/(a.Max-a.Min)), 2)
			sum[third] += t.Annual()
			n[third]++
		}
		plain := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
		fmt.Fprintf(w, "| `%s` | %s to %s |", a.Name, plain(a.Min), plain(a.Max))
		for j := range sum {
			fmt.Fprintf(w, " %s |", pct(sum[j]/float64(n[j])))
		}
		fmt.Fprintln(w)
	}
}

// outOfSample is the walk-forward: what was best so far, tried on what came next.
func outOfSample(w *bytes.Buffer, c *competition, walk *reports.Walk) error {
	fmt.Fprintf(w, "\n## Out of sample\n\nWalk-forward, anchored: the set that grew most up to a day, %d days left out for windows and\nholdings, then run anew over the next half year. \"Hold\" is the way of holding that had been\nbest by then.\n\n",
		int(walk.Embargo/carry.Day))
	fmt.Fprintf(w, "| half year from | chosen in sample | there | out of sample | hold | bills |\n|---|---:|---:|---:|---:|---:|\n")
	index := func(at carry.Time) int { return int((at - c.board.Info.From) / carry.Day) }
	for _, p := range walk.Parts {
		fmt.Fprintf(w, "| %s | set %d | %s | %s | %s | %s |\n", p.OutFrom.Date(), p.Chosen, pct(p.In), pct(p.Out), pct(p.Hold),
			pct(reports.CAGR(c.contest.Cash.Daily[index(p.OutFrom):index(p.OutTo)], reports.DaysPerYear)))
	}
	first := index(walk.Start)
	bills := reports.Contestant{Name: c.contest.Cash.Name, Daily: c.contest.Cash.Daily[first : first+len(walk.Daily)]}
	alone := &reports.Contest{Trials: []reports.Contestant{{Name: "walk-forward", Daily: walk.Daily}}, Holds: walk.Holds, Cash: &bills}
	judged, err := reports.Judge(alone)
	if err != nil {
		return err
	}
	own, cash := reports.CAGR(walk.Daily, reports.DaysPerYear), reports.CAGR(bills.Daily, reports.DaysPerYear)
	name, best := walk.BestHold()
	fmt.Fprintf(w, "\nStitched together from %s: the chosen sets %s %% a year, %s %s %%, bills %s %%. Of what the sets had\nmade in sample, %.0f %% was left.\n",
		walk.Start.Date(), pct(own), name, pct(best), pct(cash), 100*walk.Efficiency())
	fmt.Fprintf(w, "\n**Answer.** %s\n", answer(judged, own, best, cash))
	return nil
}

// answer says it in words, from the figures.
func answer(j *reports.Judgement, own, best, cash float64) string {
	billsP := 1.0
	for _, a := range j.Against {
		if a.Cash {
			billsP = a.P()
		}
	}
	s := "No: out of sample, after costs, the sets chosen on the past did not beat holding"
	switch {
	case j.Yes:
		s = fmt.Sprintf("Yes: out of sample, after costs, the sets chosen on the past beat every way of holding (confidence %.0f %%)", 100*(1-j.P))
	case own > best:
		s = fmt.Sprintf("Not proved: out of sample, after costs, the sets chosen on the past made more than holding, but chance does as well in %.0f of 100 cases", 100*j.P)
	}
	switch {
	case own > cash && billsP < reports.Level:
		return s + fmt.Sprintf("; they beat bills (p %.2f).", billsP)
	case own > cash:
		return s + fmt.Sprintf("; they made more than bills, which may be chance (p %.2f).", billsP)
	}
	return s + ", and government bills made more than they did."
}
