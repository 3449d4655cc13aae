package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strconv"

	"carry"
	"carry/internal/lab"
	"carry/sim"
	"carry/strategy"
)

// sweepSize is the number of combinations that are measured, and sweepCheck how
// many of them are repeated as single runs, each over sweepDays of 74 coins.
const (
	sweepTrials = 1000
	sweepCheck  = 10
	sweepDays   = 90
)

// sweep measures many combinations over one market: CPU against the floor, one
// worker against two, memory, and that a trial is what a single run is.
func sweep(r *report, coins, days int) error {
	for _, c := range []struct {
		name string
		bare bool
		aim  float64
	}{{"sweep", false, 3}, {"sweep without journal", true, 2}} {
		one, err := sweepOnce(coins, days, 1, c.bare)
		if err != nil {
			return err
		}
		note := fmt.Sprintf("%d combinations x %d bars, %.1f pairs open on average; %.0f M combination-bars a CPU second, the floor %.0f M; the strongest published peer claims 110 to 200 M on simpler models",
			sweepTrials, one.bars, one.open, one.rate/1e6, one.floor/1e6)
		r.add(figure{Name: "floor time / " + c.name + ", per combination: 1/", Value: one.floor / one.rate, Unit: "x", Aim: fmt.Sprintf("1/%g", c.aim),
			Met: verdict(one.floor/one.rate <= c.aim), Note: note})
		if c.bare {
			continue
		}
		two, err := sweepOnce(coins, days, 2, c.bare)
		if err != nil {
			return err
		}
		ratio := two.seconds / one.seconds
		r.add(figure{Name: "sweep: CPU per combination, two workers / one", Value: ratio, Unit: "x", Aim: "≤ 1.05", Met: verdict(ratio <= 1.05)})
		kept := math.Max(one.kept, two.kept)
		r.add(figure{Name: "sweep: kept per combination", Value: kept / 1024, Unit: "KiB", Aim: "≤ 64", Met: verdict(kept <= 64*1024)})
		r.add(figure{Name: "sweep: trials that equal their single run", Value: float64(one.equal), Unit: fmt.Sprintf("of %d", sweepCheck), Met: verdict(one.equal == sweepCheck)})
	}
	return nil
}

// swept is one measurement.
type swept struct {
	seconds, rate, floor float64 // CPU; combination-bars a CPU second
	bars                 int
	open, kept           float64
	equal                int
}

// sweepOnce runs all combinations of a market that is generated once a chunk.
func sweepOnce(coins, days, workers int, bare bool) (*swept, error) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed, o.NoListings, o.NoDelistings = coins, 1, true, true
	o.To = o.From + carry.Time(days)*carry.Day
	h, err := hold(o)
	if err != nil {
		return nil, err
	}
	e, err := strategy.Find("funding", "")
	if err != nil {
		return nil, err
	}
	base := func(string, string) (*lab.Spec, error) {
		s := &lab.Spec{Entry: e, Settings: e.New(), Models: lab.DefaultModels(), Open: h.open, Seed: 1}
		for _, nv := range [][2]string{{"openRateMinFrac", "0.00005"}, {"openMeanMinFrac", "0.00005"}, {"capitalUSDT", "600000"}, {"minAgeD", "0"}, {"minVolumeUSDT", "0"},
			{"openPremiumMinFrac", "off"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}} {
			if err := s.Set(nv[0], nv[1]); err != nil {
				return nil, err
			}
		}
		return s, nil
	}
	s := &lab.Sweep{Method: "grid", Workers: workers, NoJournal: bare, Base: base, Axes: []lab.Axis{
		{Name: "coinsTargetN", Values: numbers(15, 24)}, {Name: "topUpBelowFrac", Values: []string{"0.5", "0.6", "0.7", "0.75", "0.8"}},
		{Name: "reopenAfterH", Values: []string{"0", "12", "24", "48"}}, {Name: "leverageTargetX", Values: []string{"1", "1.25", "1.5", "1.75", "2"}}}}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpu()
	trials, err := s.Run(context.Background())
	if err != nil {
		return nil, err
	}
	out := &swept{seconds: (cpu() - start).Seconds(), bars: h.bars}
	runtime.GC()
	runtime.ReadMemStats(&after)
	out.kept = float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc)) / float64(len(trials))
	out.rate = float64(len(trials)) * float64(h.bars) / out.seconds
	out.floor = h.floor()
	for k := range trials {
		if trials[k].Result == nil {
			return nil, fmt.Errorf("combination %v: %s", trials[k].Values, trials[k].Err)
		}
		out.open += trials[k].Result.Counts.MeanOpen / float64(len(trials))
	}
	for k := 0; k < len(trials) && !bare; k += len(trials) / sweepCheck {
		spec, err := base("", "")
		if err != nil {
			return nil, err
		}
		spec.NoBaselines = true
		for a, v := range trials[k].Values {
			if err := spec.Set(s.Axes[a].Name, v); err != nil {
				return nil, err
			}
		}
		alone, err := lab.Execute(context.Background(), spec, nil)
		if err != nil {
			return nil, err
		}
		if alone.Run.Manifest.JournalHash == trials[k].Result.Manifest.JournalHash && alone.Run.FinalExact == trials[k].Result.FinalExact {
			out.equal++
		}
	}
	return out, nil
}

func numbers(from, to int) (out []string) {
	for n := from; n <= to; n++ {
		out = append(out, strconv.Itoa(n))
	}
	return out
}
