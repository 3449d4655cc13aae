package lab

import (
	"math"

	"carry"
)

// riseHours are the spans over which the worst rise is looked for.
var riseHours = [...]int{1, 4, 24}

// Rise is the worst that a short met within some hours: from a bar's opening to the
// highest mark until the span's end. Of a basket all coins are at their highs
// together, which is worse than what can have happened.
type Rise struct {
	Hours  int        `json:"hours"`
	Basket float64    `json:"basket_frac"` // of all coins, equal weight
	At     carry.Time `json:"basket_at_ms"`
	Single float64    `json:"coin_frac"` // of the worst coin alone
	Coin   string     `json:"coin"`
}

// rises watches the bars of a market for its worst rises.
type rises struct {
	info  *carry.TapeInfo
	worst [len(riseHours)]Rise
	// base and high are rings of the last bars' openings and highs, by pair.
	base, high [][]float64
	n          int
	top        []float64
}

func newRises(info *carry.TapeInfo) *rises {
	r := &rises{info: info, top: make([]float64, len(info.Pairs))}
	for k, h := range riseHours {
		r.worst[k] = Rise{Hours: h}
	}
	for range r.bars(len(riseHours) - 1) {
		r.base = append(r.base, make([]float64, len(info.Pairs)))
		r.high = append(r.high, make([]float64, len(info.Pairs)))
	}
	return r
}

// bars is how many bars a span has.
func (r *rises) bars(k int) int {
	return max(1, int(carry.Time(riseHours[k])*carry.Hour/r.info.Step))
}

// block takes the bars of a block.
func (r *rises) block(b *carry.Block) {
	for row := range b.N {
		base, high := r.base[r.n%len(r.base)], r.high[r.n%len(r.high)]
		for i := range base {
			k := row*b.P + i
			if base[i], high[i] = b.MarkOpen[k], b.MarkHigh[k]; base[i] != base[i] || high[i] != high[i] {
				base[i], high[i] = b.Perp.Open[k], b.Perp.High[k]
			}
		}
		r.n++
		for k := range riseHours {
			if n := r.bars(k); r.n >= n {
				r.look(k, n, b.Start+carry.Time(row+1-n)*b.Step)
			}
		}
	}
}

// look holds the last n bars, which began at a time, against the worst.
func (r *rises) look(k, n int, from carry.Time) {
	w, ring := &r.worst[k], len(r.base)
	for i := range r.top {
		r.top[i] = math.Inf(-1)
	}
	for back := range n {
		for i, h := range r.high[(r.n-1-back)%ring] {
			if h > r.top[i] {
				r.top[i] = h
			}
		}
	}
	sum, coins := 0.0, 0
	for i, base := range r.base[(r.n-n)%ring] {
		if !(base > 0) || math.IsInf(r.top[i], -1) {
			continue
		}
		rise := r.top[i]/base - 1
		sum += rise
		coins++
		if rise > w.Single {
			w.Single, w.Coin = rise, r.info.Pairs[i].Coin
		}
	}
	if mean := sum / float64(coins); coins > 0 && mean > w.Basket {
		w.Basket, w.At = mean, from
	}
}
