package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"carry"
	"carry/internal/cli"
	"carry/internal/lab"
)

type sweepCmd struct {
	marketFlags
	strategyFlags
	Axis    []string `help:"A parameter and its values: --axis openRateMinFrac=0.0001,0.0002. Repeat for more." placeholder:"NAME=V,V" sep:"none" required:""`
	Workers int      `help:"Worker goroutines; 0: one for each core." default:"0"`
	Out     string   `help:"Folder for table, heat map and page." default:"out" placeholder:"DIR"`
}

// maxTrials bounds a grid that was mistyped.
const maxTrials = 100_000

// Run makes all combinations.
func (c *sweepCmd) Run(s *streams) error {
	sweep := &lab.Sweep{Workers: c.Workers}
	for _, text := range c.Axis {
		a, err := lab.ParseAxis(text)
		if err != nil {
			return cli.Fail(cli.Usage, err, "")
		}
		sweep.Axes = append(sweep.Axes, a)
	}
	if n := sweep.Size(); n > maxTrials {
		return cli.Failf(cli.Usage, "", "%d combinations are more than %d", n, maxTrials)
	}
	base, err := c.spec(&c.marketFlags, s)
	if err != nil {
		return err
	}
	if err := knownAxes(base, sweep.Axes); err != nil {
		return err
	}
	m, err := c.pick(s.ctx, s.stderr)
	if err != nil {
		return err
	}
	defer m.close()
	bills, err := m.bills(s.ctx)
	if err != nil {
		return err
	}
	sweep.Base = func() (*lab.Spec, error) {
		spec, err := c.spec(&c.marketFlags, s)
		if err == nil {
			spec.Open, spec.Seed, spec.Bills = m.open, m.seed, bills
		}
		return spec, err
	}
	out, err := openOutput(c.Out)
	if err != nil {
		return err
	}
	defer out.Discard()
	fmt.Fprintf(s.stderr, "%d combinations\n", sweep.Size())
	trials, err := sweep.Run(s.ctx)
	if err != nil {
		return err
	}
	baselines, err := sweep.Baselines(s.ctx)
	if err != nil {
		return err
	}
	if err := saveSweep(out, sweep, trials, baselines); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	if err := printSweep(s.stdout, sweep, trials, baselines); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "table: %s   page: %s\n", out.Path("sweep.csv"), out.Path("sweep.html"))
	return failedAll(trials)
}

// knownAxes refuses a sweep whose axis is no parameter, before anything runs.
func knownAxes(spec *lab.Spec, axes []lab.Axis) error {
	for _, a := range axes {
		if err := spec.Set(a.Name, a.Values[0]); err != nil {
			return cli.Fail(cli.Usage, err, "backtest params lists names and ranges")
		}
	}
	return nil
}

func failedAll(trials []lab.Trial) error {
	for i := range trials {
		if trials[i].Err == "" {
			return nil
		}
	}
	return cli.Failf(cli.Usage, "", "no combination could run: %s", trials[0].Err)
}

// netAnnual is the compound annual return on capital.
func netAnnual(r *carry.Result) float64 { return lab.Annual(r.Final/r.Capital-1, r.To-r.From) }

func saveSweep(out *lab.Output, sweep *lab.Sweep, trials []lab.Trial, baselines []*carry.Result) error {
	err := out.File("sweep.csv", func(w io.Writer) error { return sweepCSV(w, sweep, trials) })
	if err != nil {
		return err
	}
	return saveHeatMap(out, sweep, trials, baselines)
}

func sweepCSV(w io.Writer, sweep *lab.Sweep, trials []lab.Trial) error {
	c := csv.NewWriter(w)
	header := []string{"trial"}
	for _, a := range sweep.Axes {
		header = append(header, a.Name)
	}
	header = append(header, "annual_frac", "final_usdt", "max_drawdown_frac", "fills", "liquidations", "funding_usdt",
		"fees_usdt", "slippage_usdt", "mean_open_pairs", "journal_sha256", "error")
	if err := c.Write(header); err != nil {
		return err
	}
	for i := range trials {
		t := &trials[i]
		row := append([]string{strconv.Itoa(t.No)}, t.Values...)
		if r := t.Result; r != nil {
			a := &r.Attribution
			row = append(row, num(netAnnual(r)), r.FinalExact, num(r.Extremes.MaxDrawdown), strconv.Itoa(r.Counts.Fills),
				strconv.Itoa(r.Counts.Liquidations), num(a.FundingReceived+a.FundingPaid), num(a.SpotFees+a.PerpFees),
				num(a.Slippage), num(r.Counts.MeanOpen), r.Manifest.JournalHash, "")
		} else {
			row = append(row, "", "", "", "", "", "", "", "", "", "", t.Err)
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func num(x float64) string { return strconv.FormatFloat(x, 'f', 8, 64) }

// printSweep shows the best combinations beside the baselines.
func printSweep(w io.Writer, sweep *lab.Sweep, trials []lab.Trial, baselines []*carry.Result) error {
	best := math.Inf(-1)
	for _, b := range baselines {
		best = max(best, netAnnual(b))
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range sweep.Axes {
		fmt.Fprintf(tw, "%s\t", a.Name)
	}
	fmt.Fprintf(tw, "%% a year\tdrawdown %%\tfills\n")
	beat := 0
	for i := range trials {
		t := &trials[i]
		if t.Result != nil && netAnnual(t.Result) > best {
			beat++
		}
		if i >= 30 {
			continue
		}
		for _, v := range t.Values {
			fmt.Fprintf(tw, "%s\t", v)
		}
		if t.Result == nil {
			fmt.Fprintf(tw, "refused\t\t\n")
			continue
		}
		fmt.Fprintf(tw, "%.2f\t%.2f\t%d\n", 100*netAnnual(t.Result), 100*t.Result.Extremes.MaxDrawdown, t.Result.Counts.Fills)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if len(trials) > 30 {
		fmt.Fprintf(w, "... and %d more in sweep.csv\n", len(trials)-30)
	}
	for _, b := range baselines {
		fmt.Fprintf(w, "%-16s %6.2f %% a year\n", b.Name, 100*netAnnual(b))
	}
	if beat == 0 {
		_, err := fmt.Fprintln(w, "NOTHING here beats the best baseline.")
		return err
	}
	_, err := fmt.Fprintf(w, "%d of %d combinations beat the best baseline. The best of many trials looks\n"+
		"better than it is: do not choose parameters from one such table.\n", beat, len(trials))
	return err
}
