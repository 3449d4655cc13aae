package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"carry"
	"carry/internal/lab"
	"carry/sim"
	"carry/strategy"
)

// timedTape is a generated market whose blocks are handed out one at a time; it
// notes the CPU time between two calls, which is the engine's.
type timedTape struct {
	*sim.Market
	last   time.Duration
	engine time.Duration
	floor  time.Duration
	sum    float64
	bars   int
}

// Next stops the clock, makes the next block, lets the floor run over it while
// it is as warm as it will be for the engine, and starts the clock again.
func (t *timedTape) Next(b *carry.Block) error {
	if t.last > 0 {
		t.engine += cpu() - t.last
	}
	err := t.Market.Next(b)
	if err == nil {
		sumBlock(b) // both loops find the block in the cache
		start := cpu()
		t.sum += sumBlock(b)
		t.floor += cpu() - start
		t.bars += 2 * b.N * b.P
	}
	t.last = cpu()
	return err
}

// sumBlock is the floor: one float64 loop in time order over all columns of
// both legs, without conditions, one sum a leg.
// It stays in the cache and does nothing else: no engine comes near it.
func sumBlock(b *carry.Block) float64 {
	spot, perp := 0.0, 0.0
	for r := 0; r < b.N; r++ {
		lo, hi := r*b.P, (r+1)*b.P
		so, sh, sl, sc, sv := b.Spot.Open[lo:hi], b.Spot.High[lo:hi], b.Spot.Low[lo:hi], b.Spot.Close[lo:hi], b.Spot.Volume[lo:hi]
		po, ph, pl, pc, pv := b.Perp.Open[lo:hi], b.Perp.High[lo:hi], b.Perp.Low[lo:hi], b.Perp.Close[lo:hi], b.Perp.Volume[lo:hi]
		for i := range so {
			spot = spot + so[i] + sh[i] + sl[i] + sc[i] + sv[i]
			perp = perp + po[i] + ph[i] + pl[i] + pc[i] + pv[i]
		}
	}
	return spot + perp
}

// busy are settings under which about thirty pairs are open and much is traded.
func busy(target string) [][2]string {
	return [][2]string{{"coinsTargetN", target}, {"openRateMinFrac", "0.00005"}, {"openMeanMinFrac", "0.00005"}, {"closeMeanMaxFrac", "0"},
		{"capitalUSDT", "600000"}, {"topUpBelowFrac", "0.95"}, {"riseTrimFrac", "0.1"}, {"reopenAfterH", "0"},
		{"maxBarVolumeFrac", "0.0005"}, {"openPremiumMinFrac", "off"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}}
}

// everything keeps all pairs open from the first hour to the last.
func everything() [][2]string {
	return [][2]string{{"coinsTargetN", "74"}, {"openRateMinFrac", "off"}, {"openMeanMinFrac", "off"}, {"closeMeanMaxFrac", "off"},
		{"closeRateMaxFrac", "off"}, {"negPremiumFloorFrac", "off"}, {"minVolumeUSDT", "0"}, {"minAgeD", "0"},
		{"capitalUSDT", "1000000"}, {"openPremiumMinFrac", "off"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}, {"maxBarVolumeFrac", "off"}}
}

// timed makes one run and returns its CPU times and counts.
func timed(coins, years int, set [][2]string, noJournal bool) (*timedTape, *carry.Result, error) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed, o.NoListings, o.NoDelistings = coins, 1, true, true
	o.To = o.From + carry.Time(years*365)*carry.Day
	m, err := sim.NewMarket(o)
	if err != nil {
		return nil, nil, err
	}
	tape := &timedTape{Market: m}
	e, err := strategy.Find("funding", "")
	if err != nil {
		return nil, nil, err
	}
	spec := &lab.Spec{Entry: e, Settings: e.New(), Models: lab.DefaultModels(), NoBaselines: true, NoJournal: noJournal,
		Open: func(carry.Time, carry.Time, []string) (carry.Tape, error) { return tape, nil }}
	for _, nv := range set {
		if err := spec.Set(nv[0], nv[1]); err != nil {
			return nil, nil, err
		}
	}
	out, err := lab.Execute(context.Background(), spec, nil)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	return tape, out.Run, nil
}

// engine compares the whole engine with the floor, block by block in one run.
func engine(r *report, rounds, coins, years int) error {
	for _, c := range []struct {
		name string
		set  [][2]string
		aim  float64
		bare bool
	}{
		{"engine, about 30 pairs open", busy("33"), 4, false},
		{"engine without journal, about 30 pairs open", busy("33"), 0, true},
		{"engine, all pairs open", everything(), 8, false},
	} {
		var ratio, rate, floor []float64
		var res *carry.Result
		for range rounds {
			t, run, err := timed(coins, years, c.set, c.bare)
			if err != nil {
				return err
			}
			ratio = append(ratio, t.engine.Seconds()/t.floor.Seconds())
			rate = append(rate, float64(t.bars)/t.engine.Seconds()/1e6)
			floor = append(floor, float64(t.bars)/t.floor.Seconds()/1e6)
			res = run
		}
		n := &res.Counts
		note := fmt.Sprintf("%.1f pairs open on average, %d fills, %d funding postings; %.0f M bars/s against the floor's %.0f M",
			n.MeanOpen, n.Fills, n.Postings, median(rate), median(floor))
		f := figure{Name: "floor time / " + c.name + ": 1/", Value: median(ratio), Unit: "x", Note: note}
		if c.aim > 0 {
			f.Aim, f.Met = fmt.Sprintf("1/%g", c.aim), verdict(median(ratio) <= c.aim)
		}
		r.add(f)
	}
	return nil
}
