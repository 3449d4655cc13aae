package main

import (
	"io"
	"math"
	"strings"

	"carry/internal/lab"
	"carry/reports"
)

// saveHeatMap writes the sweep's page and picture.
func (v *verdictOf) saveHeatMap(out *lab.Output) error {
	t := v.table()
	if err := out.File("sweep.html", func(w io.Writer) error { return reports.WriteSweepHTML(w, t) }); err != nil {
		return err
	}
	if len(t.Axes) > 2 || t.Rows != nil {
		return nil // a picture needs a grid of one or two axes
	}
	return out.File("sweep.png", func(w io.Writer) error { return reports.WriteHeatmap(w, t) })
}

// table turns trials into the report's table, failed ones as NaN.
func (v *verdictOf) table() *reports.SweepTable {
	sweep, info := v.board.Sweep, &v.board.Info
	t := &reports.SweepTable{From: info.From, To: info.To, Generated: info.Generated, Source: info.Source, Command: v.command,
		Contest: v.contest, Judgement: v.judgement, Walk: v.walk}
	grid := sweep.Method == "" || sweep.Method == "grid"
	names := make([]string, len(sweep.Axes))
	for k, a := range sweep.Axes {
		names[k] = a.Name
		t.Axes = append(t.Axes, reports.SweepAxis{Name: a.Name, Values: a.Values})
	}
	columns := []reports.SweepColumn{{Name: "worst drawdown", Percent: true}, {Name: "fills"}, {Name: "liquidations"}}
	for i := range v.trials {
		row := &v.trials[i]
		net := math.NaN()
		if !row.Failed() {
			net = row.Annual()
		}
		t.Net = append(t.Net, net)
		if !grid {
			t.Rows = append(t.Rows, row.Values)
		}
		for k, name := range []string{"max_drawdown_frac", "fills", "liquidations"} {
			columns[k].Values = append(columns[k].Values, row.Value(name))
		}
	}
	t.Columns = columns
	for k := range v.baselines {
		t.Baselines = append(t.Baselines, reports.SweepBaseline{Name: v.baselines[k].Name, Net: v.baselines[k].Annual()})
	}
	t.Title = strings.Join(names, " x ")
	if sweep.Name != "" {
		t.Title = sweep.Name + ": " + t.Title
	}
	return t
}
