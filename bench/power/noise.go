package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"carry"
	"carry/sim"
)

// shuffleH is the length of the blocks in which funding and premium are
// shuffled: a day, three settlements. Within a block they are as tied as in
// the market; beyond it nothing is left to know.
const shuffleH = 24

// regimeDays is how long a planted edge stays with a coin.
const regimeDays = 120

// history is a generated market held in memory as one block.
type history struct {
	info   carry.TapeInfo
	block  carry.Block
	weekly int // bars of the blocks it is read in
}

// record generates a market in which all coins trade all the time.
func record(seed uint64, coins, days int) (*history, error) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed = coins, seed
	o.To = o.From + carry.Time(days)*carry.Day
	o.NoListings, o.NoDelistings, o.NoOutages, o.NoEpisodes = true, true, true, true
	m, err := sim.NewMarket(o)
	if err != nil {
		return nil, err
	}
	h := &history{info: *m.Info(), weekly: 168}
	var part carry.Block
	h.block.Start, h.block.Step = h.info.From, h.info.Step
	h.block.Resize(int((h.info.To-h.info.From)/h.info.Step), coins)
	at := 0
	for {
		err := m.Next(&part)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		from, to := columns(&part), columns(&h.block)
		for k := range from {
			copy(to[k][at*coins:], from[k])
		}
		at += part.N
		h.block.Settled = append(h.block.Settled, part.Settled...)
	}
	if at != h.block.N {
		return nil, fmt.Errorf("the market has %d bars of %d", at, h.block.N)
	}
	return h, nil
}

func columns(b *carry.Block) [14][]float64 {
	return [...][]float64{
		b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close, b.Spot.Volume,
		b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close, b.Perp.Volume,
		b.MarkOpen, b.MarkHigh, b.MarkClose, b.Premium,
	}
}

// shuffle turns the history into noise: funding and premium of every coin and
// block come from another coin and another block, drawn without order. Spot
// prices and volumes stay. The mean rate is taken off, so that a set that is only
// more invested than holding has no true lead either. edgeFrac a year is then planted in the settled rates:
// each coin has it for regimeDays and has to pay it for the next.
func (h *history) shuffle(seed uint64, edgeFrac float64) {
	rng := rand.New(rand.NewPCG(seed, 0x6e6f697365))
	coins, blocks := h.block.P, h.block.N/shuffleH
	order := rng.Perm(coins * blocks)
	was := copyPremiums(&h.block)
	rates := h.ratesBySlot()
	mean := h.meanRate()
	ticks := make([]float64, coins)
	for k := range h.info.Rules {
		r := &h.info.Rules[k]
		if t := r.Legs[carry.Perp].Tick.Float(); t > 0 {
			ticks[r.Pair] = t
		}
	}
	for to, from := range order {
		for r := range shuffleH {
			i := (to/coins*shuffleH+r)*coins + to%coins
			k := (from/coins*shuffleH+r)*coins + from%coins
			h.dress(i, &was, k, ticks[to%coins], float64(h.info.Pairs[to%coins].Mult))
		}
	}
	phase := make([]int, coins)
	for p := range phase {
		phase[p] = rng.IntN(2 * regimeDays)
	}
	for k := range h.block.Settled {
		s := &h.block.Settled[k]
		hour := int((s.At - h.block.Start) / carry.Hour)
		block := hour / shuffleH
		if block >= blocks {
			continue
		}
		from := order[block*coins+int(s.Pair)]
		rate := rates[slot{from % coins, from/coins*shuffleH + hour%shuffleH}]
		sign := 1.0
		if (hour/24+phase[s.Pair])%(2*regimeDays) >= regimeDays {
			sign = -1
		}
		s.Rate = rate - mean + carry.SettledRate(carry.RateTicks(sign*edgeFrac/1095))
	}
}

type slot struct{ pair, hour int }

func (h *history) ratesBySlot() map[slot]carry.SettledRate {
	out := make(map[slot]carry.SettledRate, len(h.block.Settled))
	for _, s := range h.block.Settled {
		out[slot{int(s.Pair), int((s.At - h.block.Start) / carry.Hour)}] = s.Rate
	}
	return out
}

func (h *history) meanRate() carry.SettledRate {
	sum := int64(0)
	for _, s := range h.block.Settled {
		sum += int64(s.Rate)
	}
	return carry.SettledRate(sum / int64(len(h.block.Settled)))
}

// premiums are the perpetual's and the mark's prices over spot's, and the index.
type premiums struct{ open, high, low, close, markOpen, markHigh, markClose, index []float64 }

func copyPremiums(b *carry.Block) premiums {
	over := func(a, base []float64, p *carry.Block) []float64 {
		out := make([]float64, len(a))
		for i := range a {
			out[i] = a[i] / base[i]
		}
		return out
	}
	s, f := &b.Spot, &b.Perp
	return premiums{over(f.Open, s.Open, b), over(f.High, s.High, b), over(f.Low, s.Low, b), over(f.Close, s.Close, b),
		over(b.MarkOpen, s.Open, b), over(b.MarkHigh, s.High, b), over(b.MarkClose, s.Close, b), append([]float64(nil), b.Premium...)}
}

// dress gives bar i the premium of bar k; mult turns the source's ratio, which
// holds its own contract's multiplier, into one for this contract.
func (h *history) dress(i int, was *premiums, k int, tick, mult float64) {
	b := &h.block
	own := math.Round(was.close[k] * 1) // a contract of 1000 coins has a ratio near 1000
	scale := mult / math.Max(1, math.Pow(10, math.Round(math.Log10(math.Max(own, 1)))))
	put := func(to *float64, spot, ratio float64) {
		*to = math.Max(1, math.Round(spot*ratio*scale/tick)) * tick
	}
	put(&b.Perp.Open[i], b.Spot.Open[i], was.open[k])
	put(&b.Perp.Close[i], b.Spot.Close[i], was.close[k])
	put(&b.Perp.High[i], b.Spot.High[i], was.high[k])
	put(&b.Perp.Low[i], b.Spot.Low[i], was.low[k])
	f := &b.Perp
	f.High[i] = max(f.High[i], f.Open[i], f.Close[i])
	f.Low[i] = min(f.Low[i], f.Open[i], f.Close[i])
	put(&b.MarkOpen[i], b.Spot.Open[i], was.markOpen[k])
	put(&b.MarkClose[i], b.Spot.Close[i], was.markClose[k])
	put(&b.MarkHigh[i], b.Spot.High[i], was.markHigh[k])
	b.MarkHigh[i] = max(b.MarkHigh[i], b.MarkOpen[i], b.MarkClose[i])
	b.Premium[i] = was.index[k]
}

// open reads the history from the beginning.
func (h *history) open(_, _ carry.Time, _ []string) (carry.Tape, error) { return &reader{h: h}, nil }

// reader hands the history out in weeks.
type reader struct {
	h    *history
	at   int
	next int // settlement
}

// Info describes the tape.
func (r *reader) Info() *carry.TapeInfo { return &r.h.info }

// Next copies the next week.
func (r *reader) Next(b *carry.Block) error {
	src := &r.h.block
	if r.at >= src.N {
		return io.EOF
	}
	n := min(r.h.weekly, src.N-r.at)
	b.Start, b.Step = src.Start+carry.Time(r.at)*src.Step, src.Step
	b.Resize(n, src.P)
	from, to := columns(src), columns(b)
	for k := range from {
		copy(to[k], from[k][r.at*src.P:(r.at+n)*src.P])
	}
	for r.next < len(src.Settled) && src.Settled[r.next].At < b.End() {
		b.Settled = append(b.Settled, src.Settled[r.next])
		r.next++
	}
	r.at += n
	return nil
}
