package main

import (
	"io"
	"math"
	"strings"

	"carry"
	"carry/internal/lab"
	"carry/reports"
)

// saveHeatMap writes the sweep's page and picture.
func saveHeatMap(out *lab.Output, sweep *lab.Sweep, trials []lab.Trial, baselines []*carry.Result) error {
	t := sweepTable(sweep, trials, baselines)
	if err := out.File("sweep.html", func(w io.Writer) error { return reports.WriteSweepHTML(w, t) }); err != nil {
		return err
	}
	if len(t.Axes) > 2 {
		return nil // a picture needs one or two axes
	}
	return out.File("sweep.png", func(w io.Writer) error { return reports.WriteHeatmap(w, t) })
}

// sweepTable turns trials into the report's table, failed ones as NaN.
func sweepTable(sweep *lab.Sweep, trials []lab.Trial, baselines []*carry.Result) *reports.SweepTable {
	t := &reports.SweepTable{}
	for _, a := range sweep.Axes {
		t.Axes = append(t.Axes, reports.SweepAxis{Name: a.Name, Values: a.Values})
	}
	drawdown := reports.SweepColumn{Name: "worst drawdown", Percent: true}
	fills := reports.SweepColumn{Name: "fills"}
	liquidations := reports.SweepColumn{Name: "liquidations"}
	for i := range trials {
		net, dd, n, l := math.NaN(), math.NaN(), math.NaN(), math.NaN()
		if r := trials[i].Result; r != nil {
			net, dd = netAnnual(r), r.Extremes.MaxDrawdown
			n, l = float64(r.Counts.Fills), float64(r.Counts.Liquidations)
			t.From, t.To = r.From, r.To
			t.Generated, t.Source, t.Command = r.Manifest.Generated, r.Manifest.Source, r.Manifest.Command
		}
		t.Net = append(t.Net, net)
		drawdown.Values = append(drawdown.Values, dd)
		fills.Values = append(fills.Values, n)
		liquidations.Values = append(liquidations.Values, l)
	}
	t.Columns = []reports.SweepColumn{drawdown, fills, liquidations}
	for _, b := range baselines {
		t.Baselines = append(t.Baselines, reports.SweepBaseline{Name: b.Name, Net: netAnnual(b)})
	}
	names := make([]string, len(sweep.Axes))
	for k, a := range sweep.Axes {
		names[k] = a.Name
	}
	t.Title = strings.Join(names, " x ")
	return t
}
