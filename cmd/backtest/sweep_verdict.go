package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"carry/internal/lab"
	"carry/reports"
)

// verdictOf is a finished sweep with what it is worth.
type verdictOf struct {
	board             *lab.Board
	trials, baselines []lab.TrialRow
	command           string
	tried             int
	contest           *reports.Contest
	judgement         *reports.Judgement // nil where there is nothing to judge
	walk              *reports.Walk
	why               string // why there is no judgement
}

// judge tests the trials against holding and walks them forward.
func (v *verdictOf) judge(ctx context.Context, cut lab.WalkPlan) error {
	var err error
	if v.contest, err = v.board.Contest(v.trials, v.baselines, 0); err != nil {
		return err
	}
	v.walk, err = v.board.Walk(ctx, v.contest, cut, lab.MedianHold(v.trials))
	return err
}

// deflate judges, now that the ledger has said how many trials there ever were.
func (v *verdictOf) deflate() error {
	v.contest.Tried = v.tried
	j, err := reports.Judge(v.contest)
	if errors.Is(err, reports.ErrContest) {
		v.why = err.Error()
		return nil
	}
	v.judgement = j
	return err
}

func (v *verdictOf) save(out *lab.Output) error {
	err := out.File("sweep.csv", v.csv)
	if err != nil {
		return err
	}
	return v.saveHeatMap(out)
}

func (v *verdictOf) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	header := []string{"trial"}
	for _, a := range v.board.Sweep.Axes {
		header = append(header, a.Name)
	}
	header = append(header, "annual_frac", "final_usdt")
	names := []string{"max_drawdown_frac", "fills", "liquidations", "funding_usdt", "fees_usdt", "slippage_usdt", "mean_open_pairs"}
	header = append(header, names...)
	if err := c.Write(append(header, "journal_sha256", "error")); err != nil {
		return err
	}
	for i := range v.trials {
		t := &v.trials[i]
		row := append([]string{strconv.Itoa(t.No)}, t.Values...)
		row = append(row, num(t.Annual()), t.Final)
		for _, name := range names {
			row = append(row, num(t.Value(name)))
		}
		if err := c.Write(append(row, t.Journal, t.Error)); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// num is empty where there is no figure; counts have no decimals.
func num(x float64) string {
	switch {
	case math.IsNaN(x):
		return ""
	case x == math.Trunc(x) && math.Abs(x) < 1e9:
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'f', 8, 64)
}

// tableMost is how many combinations the terminal shows.
const tableMost = 30

// print shows the combinations beside the baselines, and the verdict.
func (v *verdictOf) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range v.board.Sweep.Axes {
		fmt.Fprintf(tw, "%s\t", a.Name)
	}
	fmt.Fprintf(tw, "%% a year\tdrawdown %%\tfills\n")
	for i := range v.trials[:min(len(v.trials), tableMost)] {
		t := &v.trials[i]
		for _, x := range t.Values {
			fmt.Fprintf(tw, "%s\t", x)
		}
		if t.Failed() {
			fmt.Fprintf(tw, "refused\t\t\n")
			continue
		}
		fmt.Fprintf(tw, "%.2f\t%.2f\t%.0f\n", 100*t.Annual(), 100*t.Value("max_drawdown_frac"), t.Value("fills"))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if n := len(v.trials) - tableMost; n > 0 {
		fmt.Fprintf(w, "... and %d more in sweep.csv\n", n)
	}
	best := math.Inf(-1)
	for i := range v.baselines {
		b := &v.baselines[i]
		best = max(best, b.Annual())
		fmt.Fprintf(w, "%-16s %6.2f %% a year\n", b.Name, 100*b.Annual())
	}
	beat := 0
	for i := range v.trials {
		if v.trials[i].Annual() > best {
			beat++
		}
	}
	fmt.Fprintf(w, "%d of %d combinations made more than the best baseline.\n", beat, len(v.trials))
	return v.printVerdict(w)
}

func (v *verdictOf) printVerdict(w io.Writer) error {
	if v.judgement == nil {
		_, err := fmt.Fprintf(w, "No test against luck: %s.\n", v.why)
		return err
	}
	sentences := v.judgement.Verdict(v.contest)
	if v.walk != nil && len(v.walk.Parts) > 0 {
		sentences = append(sentences, v.walk.Sentence())
	}
	return reports.WriteVerdict(w, sentences)
}
