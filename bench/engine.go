package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"carry"
	"carry/internal/lab"
	"carry/sim"
	"carry/strategy"
)

// history is a generated market kept in memory, so that the floor and the engine
// run over the same bars, in turn, both from memory.
type history struct {
	info   *carry.TapeInfo
	blocks []*carry.Block
	next   int
}

func keep(coins, years int) (*history, error) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed, o.NoListings, o.NoDelistings = coins, 1, true, true
	o.To = o.From + carry.Time(years*365)*carry.Day
	m, err := sim.NewMarket(o)
	if err != nil {
		return nil, err
	}
	h := &history{info: m.Info()}
	for {
		b := new(carry.Block)
		if err := m.Next(b); errors.Is(err, io.EOF) {
			return h, nil
		} else if err != nil {
			return nil, err
		}
		h.blocks = append(h.blocks, b)
	}
}

// Info implements carry.Tape.
func (h *history) Info() *carry.TapeInfo { return h.info }

// Next implements carry.Tape; a block is handed out as it is, not copied.
func (h *history) Next(b *carry.Block) error {
	if h.next == len(h.blocks) {
		return io.EOF
	}
	*b = *h.blocks[h.next]
	h.next++
	return nil
}

// bars is the number of bars of both legs.
func (h *history) bars() float64 {
	n := 0
	for _, b := range h.blocks {
		n += 2 * b.N * b.P
	}
	return float64(n)
}

// sumBlock is the floor: one float64 loop in time order over all columns of
// both legs, without conditions, one sum a leg. It does nothing else: no engine
// comes near it.
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

// floors times the floor over the whole history from memory, and, block by
// block, over what the pass before has just brought into the cache.
func (h *history) floors() (memory, cached time.Duration, sum float64) {
	start := cpu()
	for _, b := range h.blocks {
		sum += sumBlock(b)
	}
	memory = cpu() - start
	for _, b := range h.blocks {
		sum += sumBlock(b)
		start = cpu()
		sum += sumBlock(b)
		cached += cpu() - start
	}
	return memory, cached, sum
}

// busyTarget is the number of coins the capital is spread over; about thirty of
// them are open on average.
const busyTarget = "33"

// busy are settings under which about thirty pairs are open and much is traded.
func busy(target string) [][2]string {
	return [][2]string{{"coinsTargetN", target}, {"openRateMinFrac", "0.0001"}, {"openMeanMinFrac", "0.00008"}, {"closeMeanMaxFrac", "0.00004"},
		{"capitalUSDT", "600000"}, {"topUpBelowFrac", "0.95"}, {"riseTrimFrac", "0.1"}, {"reopenAfterH", "0"},
		{"maxBarVolumeFrac", "0.0005"}, {"slicesMaxN", "3"}, {"openPremiumMinFrac", "off"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}}
}

// everything keeps all pairs open from the first hour to the last.
func everything() [][2]string {
	return [][2]string{{"coinsTargetN", "74"}, {"openRateMinFrac", "off"}, {"openMeanMinFrac", "off"}, {"closeMeanMaxFrac", "off"},
		{"closeRateMaxFrac", "off"}, {"negPremiumFloorFrac", "off"}, {"minVolumeUSDT", "0"}, {"minAgeD", "0"},
		{"capitalUSDT", "1000000"}, {"openPremiumMinFrac", "off"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}, {"maxBarVolumeFrac", "off"}, {"slicesMaxN", "3"}}
}

// run makes one run over the history.
func (h *history) run(set [][2]string, noJournal bool) (*carry.Result, error) {
	h.next = 0
	e, err := strategy.Find("funding", "")
	if err != nil {
		return nil, err
	}
	spec := &lab.Spec{Entry: e, Settings: e.New(), Models: lab.DefaultModels(), NoBaselines: true, NoJournal: noJournal,
		Open: func(carry.Time, carry.Time, []string) (carry.Tape, error) { return h, nil }}
	for _, nv := range set {
		if err := spec.Set(nv[0], nv[1]); err != nil {
			return nil, err
		}
	}
	out, err := lab.Execute(context.Background(), spec, nil)
	if err != nil {
		return nil, err
	}
	return out.Run, nil
}

// engineCase is one load of the engine.
type engineCase struct {
	name string
	set  [][2]string
	aim  float64 // 0: none
	bare bool    // without the journal
}

// engine compares the whole engine with the floor in paired passes over the same
// history.
func engine(r *report, rounds, coins, years int) error {
	h, err := keep(coins, years)
	if err != nil {
		return err
	}
	for _, c := range []engineCase{
		{"engine, about 30 pairs open", busy(busyTarget), 4, false},
		{"engine without journal, about 30 pairs open", busy(busyTarget), 0, true},
		{"engine, all pairs open", everything(), 8, false},
	} {
		if err := h.compare(r, rounds, c); err != nil {
			return err
		}
	}
	return h.allocations(r)
}

func (h *history) compare(r *report, rounds int, c engineCase) error {
	var ratio, strict, rate, memory, cached []float64
	var res *carry.Result
	for range rounds {
		fromMemory, inCache, _ := h.floors()
		start := cpu()
		var err error
		if res, err = h.run(c.set, c.bare); err != nil {
			return err
		}
		took := (cpu() - start).Seconds()
		ratio, strict = append(ratio, took/fromMemory.Seconds()), append(strict, took/inCache.Seconds())
		rate = append(rate, h.bars()/took/1e6)
		memory, cached = append(memory, h.bars()/fromMemory.Seconds()/1e6), append(cached, h.bars()/inCache.Seconds()/1e6)
	}
	n := &res.Counts
	f := figure{Name: "floor time / " + c.name + ": 1/", Value: median(ratio), Unit: "x",
		Note: fmt.Sprintf("%.1f pairs open on average, %d fills, %d funding postings; %.0f M bars/s against %.0f M of the floor, both from memory",
			n.MeanOpen, n.Fills, n.Postings, median(rate), median(memory))}
	if c.aim > 0 {
		f.Aim, f.Met = fmt.Sprintf("1/%g", c.aim), verdict(median(ratio) <= c.aim)
	}
	r.add(f)
	r.add(figure{Name: "the same against a floor whose bars are in the cache: 1/", Value: median(strict), Unit: "x",
		Note: fmt.Sprintf("floor %.0f M bars/s", median(cached))})
	return nil
}

// allocations compares what a run over the whole history allocates with a run
// over its first third.
func (h *history) allocations(r *report) error {
	third := &history{info: new(carry.TapeInfo), blocks: h.blocks[:len(h.blocks)/3]}
	*third.info = *h.info
	third.info.To = third.blocks[len(third.blocks)-1].End()
	allocs := func(h *history) (float64, *carry.Result, error) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res, err := h.run(busy(busyTarget), false)
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs - before.Mallocs), res, err
	}
	few, one, err := allocs(third)
	if err != nil {
		return err
	}
	many, all, err := allocs(h)
	if err != nil {
		return err
	}
	more := float64(all.Counts.Bars - one.Counts.Bars)
	r.add(figure{Name: "allocations for each further 1000 bars", Value: (many - few) / more * 1000, Unit: "", Aim: "0",
		Met: verdict((many-few)/more*1000 < 0.5), Note: fmt.Sprintf("%.0f allocations for %d M bars, %.0f for %d M; what is left belongs to %d further events and %d further trips, not to bars",
			few, one.Counts.Bars/1e6, many, all.Counts.Bars/1e6, all.Counts.Events-one.Counts.Events, len(all.Trips)-len(one.Trips))})
	return nil
}
