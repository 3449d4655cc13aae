package swarm

import (
	"cmp"
	"math"
	"slices"

	"carry"
	"carry/sim"
)

// roughKind is a kind of happening that a generated market of two days hardly
// ever has.
type roughKind uint8

const (
	leap     roughKind = iota // the price is by times itself from one bar on
	halt                      // one leg or both do not trade
	newRules                  // lots become coarser
	delist                    // the contract is settled
)

// rough is one such happening.
type rough struct {
	kind       roughKind
	pair       int
	at, until  carry.Time
	by         float64
	spot, perp bool
	lots       carry.Qty
	notice     carry.Time // how long before its end a delisting is told
}

// roughTape is a generated market with all of them.
type roughTape struct {
	*sim.Market
	info  carry.TapeInfo
	rough []rough
	times []float64 // what each pair's prices are multiplied with by now
}

// roughMarket makes a seed's market anew.
func (d *draw) roughMarket() (carry.Tape, error) {
	m, err := sim.NewMarket(d.market)
	if err != nil {
		return nil, err
	}
	t := &roughTape{Market: m, info: *m.Info(), rough: d.rough, times: make([]float64, d.market.Coins)}
	for i := range t.times {
		t.times[i] = 1
	}
	t.info.Rules, t.info.Ends = slices.Clone(t.info.Rules), slices.Clone(t.info.Ends)
	for k := range d.rough {
		t.announce(&d.rough[k], d.from)
	}
	slices.SortStableFunc(t.info.Rules, func(a, b carry.Rules) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Pair, b.Pair)) })
	slices.SortStableFunc(t.info.Ends, func(a, b carry.PairEnd) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Pair, b.Pair)) })
	return t, nil
}

// announce writes what can be known of a happening beforehand.
func (t *roughTape) announce(h *rough, from carry.Time) {
	pair := int32(h.pair)
	last := t.info.Rules[h.pair]
	for _, r := range t.info.Rules {
		if r.Pair == pair && r.From <= h.at && r.From >= last.From {
			last = r
		}
	}
	switch h.kind {
	case newRules:
		last.From, last.Recorded = h.at, h.at
		for leg := range last.Legs {
			f := &last.Legs[leg]
			f.Step *= h.lots
			f.MarketStep, f.MinQty = f.Step, f.Step
			f.MaxQty -= f.MaxQty % f.Step
			f.MarketMax -= f.MarketMax % f.Step
		}
		t.info.Rules = append(t.info.Rules, last)
	case delist:
		if told := max(h.at-h.notice, from); told < h.at {
			last.From, last.Recorded, last.EndsAt = told, told, h.at
			t.info.Rules = append(t.info.Rules, last)
		}
		t.info.Ends = append(t.info.Ends, carry.PairEnd{Pair: pair, At: h.at, Delisted: true})
	}
}

// Info implements carry.Tape.
func (t *roughTape) Info() *carry.TapeInfo { return &t.info }

// Next implements carry.Tape.
func (t *roughTape) Next(b *carry.Block) error {
	if err := t.Market.Next(b); err != nil {
		return err
	}
	s := 0
	for r := range b.N {
		at := b.Start + carry.Time(r)*b.Step
		for ; s < len(b.Settled) && b.Settled[s].At <= at; s++ {
			b.Settled[s].Mark = carry.PriceFromFloat(b.Settled[s].Mark.Float() * t.times[b.Settled[s].Pair])
		}
		for i := range b.P {
			t.bar(b, r*b.P+i, i, at)
		}
	}
	b.Settled = slices.DeleteFunc(b.Settled, func(s carry.Settlement) bool { return t.gone(int(s.Pair), s.At-1) })
	return nil
}

// gone tells whether a pair's contract was settled before.
func (t *roughTape) gone(i int, at carry.Time) bool {
	for k := range t.rough {
		if h := &t.rough[k]; h.kind == delist && h.pair == i && at >= h.at {
			return true
		}
	}
	return false
}

// bar changes one bar.
func (t *roughTape) bar(b *carry.Block, k, i int, at carry.Time) {
	before, spot, perp := t.times[i], false, false
	for n := range t.rough {
		h := &t.rough[n]
		switch {
		case h.pair != i:
		case h.kind == leap && h.at == at:
			t.times[i] *= h.by
		case h.kind == halt && h.at <= at && at < h.until:
			spot, perp = spot || h.spot, perp || h.perp
		}
	}
	if t.gone(i, at) {
		spot, perp = true, true
		b.MarkOpen[k], b.MarkHigh[k], b.MarkClose[k], b.Premium[k] = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	}
	after := t.times[i]
	for _, bars := range [...]*carry.Bars{&b.Spot, &b.Perp} {
		bars.Open[k] *= before
		bars.Close[k] *= after
		bars.High[k] = max(bars.High[k]*after, bars.Open[k])
		bars.Low[k] = min(bars.Low[k]*after, bars.Open[k])
		bars.Volume[k] /= after
	}
	b.MarkOpen[k] *= before
	b.MarkClose[k] *= after
	b.MarkHigh[k] = max(b.MarkHigh[k]*after, b.MarkOpen[k])
	if spot {
		blank(&b.Spot, k)
	}
	if perp {
		blank(&b.Perp, k)
	}
}

func blank(b *carry.Bars, k int) {
	b.Open[k], b.High[k], b.Low[k], b.Close[k], b.Volume[k] = math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
}
