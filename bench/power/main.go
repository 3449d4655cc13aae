// Command power measures how often the verdict on a sweep is wrong: on noise,
// where yes is false, and on edges of known size, where no is. Every market,
// resample and trial is seeded, so the counts are the same each time. It writes
// docs/results/power.json and the table in docs/RESEARCH.md.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"carry"
	"carry/internal/lab"
	"carry/reports"
)

// What the markets and sweeps of a measurement are.
const (
	coins = 8
	days  = 900
)

// row is one point of the power curve.
type row struct {
	What    string  `json:"what"`
	Edge    float64 `json:"edge_frac_a_year"`
	Markets int     `json:"markets"`
	Yes     int     `json:"yes"`
	// Lead is the mean lead of the top set over the best hold, a year.
	Lead float64 `json:"mean_lead_frac_a_year"`
	// Deflated counts markets with a deflated Sharpe ratio above 95 %, PBO those
	// with a probability of overfitting above one half.
	Deflated int `json:"deflated_above_95"`
	Overfit  int `json:"pbo_above_half"`
}

func main() {
	check := flag.Bool("check", false, "fail where the counts are not those of docs/results/power.json")
	quick := flag.Int("markets", 100, "markets for each edge")
	flag.Parse()
	if err := run(*check, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "power:", err)
		os.Exit(1)
	}
}

// errJudged says that the verdict is not as good as it must be.
var errJudged = errors.New("the verdict misses its aim")

func run(check bool, markets int) error {
	var rows []row
	for _, p := range []struct {
		what string
		edge float64
		n    int
	}{
		{"boundary", 0, markets}, {"noise", 0, markets}, {"edge", 0.05, markets / 2}, {"edge", 0.075, markets / 2}, {"edge", 0.10, markets / 2}, {"edge", planted, markets},
	} {
		r, err := measure(p.what, p.edge, p.n)
		if err != nil {
			return err
		}
		fmt.Printf("%-8s %4.1f %% a year: yes in %d of %d, top set %+.1f %% over the best hold\n", r.What, 100*r.Edge, r.Yes, r.Markets, 100*r.Lead)
		rows = append(rows, r)
	}
	for _, noise := range rows[:2] {
		if 100*noise.Yes > 11*noise.Markets {
			return fmt.Errorf("%w: a false yes in %d of %d (%s)", errJudged, noise.Yes, noise.Markets, noise.What)
		}
	}
	if last := rows[len(rows)-1]; 100*last.Yes < 80*last.Markets {
		return fmt.Errorf("%w: a yes to the planted edge in %d of %d", errJudged, last.Yes, last.Markets)
	}
	text, err := json.MarshalIndent(rows, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join("docs", "results", "power.json")
	if check {
		was, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(bytes.TrimSpace(was), text) {
			return fmt.Errorf("%s is not what the program says now:\n%s", path, text)
		}
		return nil
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// planted is the edge to which the verdict must say yes.
const planted = 0.15

// measure judges one sweep on each of n markets.
func measure(what string, edge float64, n int) (row, error) {
	out := row{What: what, Edge: edge, Markets: n}
	leads := make([]float64, n)
	verdicts := make([]*reports.Judgement, n)
	errs := make([]error, n)
	queue := make(chan int, n)
	for i := range n {
		queue <- i
	}
	close(queue)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range queue {
				if what == "boundary" {
					verdicts[i], leads[i], errs[i] = boundary(uint64(1000 + i))
					continue
				}
				verdicts[i], leads[i], errs[i] = judge(uint64(1000+i), edge)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return out, err
	}
	for i, j := range verdicts {
		if j.Yes {
			out.Yes++
		}
		if j.Deflated.DSR2014 > 0.95 {
			out.Deflated++
		}
		if j.Overfit != nil && j.Overfit.PBO > 0.5 {
			out.Overfit++
		}
		out.Lead += leads[i] / float64(n)
	}
	out.Lead = math.Round(out.Lead*1e4) / 1e4
	return out, nil
}

// boundary judges sets that are as good as holding, exactly: the hold's returns
// plus noise that is tied from day to day, and from set to set. This is where a
// test of 5 % is wrong most often; on the noise of a market sets also pay for
// their trading and are worse than holding.
func boundary(seed uint64) (*reports.Judgement, float64, error) {
	rng := rand.New(rand.NewPCG(seed, 0x626f756e64))
	const sets, daily, tied = 24, 3e-4, 0.7
	hold := make([]float64, days)
	for t := range hold {
		hold[t] = 0.05/365 + daily*rng.NormFloat64()
	}
	c := &reports.Contest{Holds: []reports.Contestant{{Name: "hold", Daily: hold}}}
	state, all := make([]float64, sets), 0.0
	for k := range sets {
		c.Trials = append(c.Trials, reports.Contestant{No: k, Daily: make([]float64, days)})
	}
	for t := range days {
		all = tied*all + rng.NormFloat64()
		for k := range sets {
			state[k] = tied*state[k] + rng.NormFloat64()
			c.Trials[k].Daily[t] = hold[t] + daily*(0.5*all+state[k])
		}
	}
	j, err := reports.Judge(c)
	if err != nil {
		return nil, 0, err
	}
	return j, reports.CAGR(c.Trials[j.Top].Daily, reports.DaysPerYear) - reports.CAGR(hold, reports.DaysPerYear), nil
}

// judge makes a market, sweeps it and asks for the verdict.
func judge(seed uint64, edge float64) (*reports.Judgement, float64, error) {
	h, err := record(seed, coins, days)
	if err != nil {
		return nil, 0, err
	}
	h.shuffle(seed, edge)
	sweep := &lab.Sweep{Workers: 1, Chunk: 64, NoJournal: true, From: h.info.From + 60*carry.Day, Axes: []lab.Axis{
		{Name: "openMeanMinFrac", Values: []string{"-0.0001", "0", "0.0001", "0.0002"}},
		{Name: "screenN", Values: []string{"21", "60", "120"}},
		{Name: "coinsTargetN", Values: []string{"4", "8"}},
	}}
	sweep.Base = func(name, preset string) (*lab.Spec, error) {
		entry, err := lab.Strategy("funding", preset)
		if err != nil {
			return nil, err
		}
		s := &lab.Spec{Open: h.open, Entry: entry, Settings: entry.New(), Models: lab.DefaultModels(), Seed: seed}
		for _, v := range [][2]string{{"minAgeD", "0"}, {"minVolumeUSDT", "0"}, {"openRateMinFrac", "-0.001"}, {"closeMeanMaxFrac", "-0.00015"}, {"worstRateMinFrac", "-0.04"}} {
			if err := s.Set(v[0], v[1]); err != nil {
				return nil, err
			}
		}
		return s, nil
	}
	return verdict(sweep)
}

func verdict(sweep *lab.Sweep) (*reports.Judgement, float64, error) {
	ctx := context.Background()
	trials, err := sweep.Run(ctx)
	if err != nil {
		return nil, 0, err
	}
	baselines, err := sweep.Baselines(ctx)
	if err != nil {
		return nil, 0, err
	}
	c := &reports.Contest{}
	for _, b := range baselines {
		if b.Name != "cash (bills)" {
			c.Holds = append(c.Holds, reports.Contestant{Name: b.Name, Daily: reports.CurveReturns(&b.Curve, carry.Day)})
		}
	}
	for k := range trials {
		if trials[k].Err != "" {
			return nil, 0, fmt.Errorf("trial %v: %s", trials[k].Values, trials[k].Err)
		}
		c.Trials = append(c.Trials, reports.Contestant{No: k, Daily: reports.CurveReturns(&trials[k].Result.Curve, carry.Day)})
	}
	j, err := reports.Judge(c)
	if err != nil {
		return nil, 0, err
	}
	best := math.Inf(-1)
	for _, h := range c.Holds {
		best = max(best, reports.CAGR(h.Daily, reports.DaysPerYear))
	}
	return j, reports.CAGR(c.Trials[j.Top].Daily, reports.DaysPerYear) - best, nil
}
