package sim

import (
	"math"

	"carry"
)

// episodeKind is a shape that prices and premium follow for some days.
type episodeKind uint8

const (
	// crash: the whole market falls within five hours, like 2021-05-19, and
	// regains a third; perpetuals fall far below spot at the bottom.
	crash episodeKind = iota + 1
	// pump: one coin multiplies within twenty hours, like DOGE on 2021-01-29,
	// and gives back almost half.
	pump
	// stress: one coin falls for a day and a half and its perpetual stays far
	// below spot for nine days, like SOL in November 2022; the funding interval
	// goes from 8 to 4 to 2 hours and back.
	stress
)

// Hours of the shapes.
const (
	crashFallH, crashH = 5.0, 60.0
	pumpRiseH, pumpH   = 20.0, 110.0
	stressFallH        = 36.0
	stressPlateauH     = 216.0
	stressH            = 288.0
	stress4hFrom       = 24.0
	stress2hFrom       = 60.0
)

// episode is one such event of one coin.
type episode struct {
	kind       episodeKind
	start, end carry.Time
	size       float64 // ln of the price multiple at the extreme
	premium    float64 // added to the premium at the extreme, fraction
}

// shape returns the episode's share of size in the log price since its start,
// and its addition to the premium, h ≥ 0 hours after the start.
func (e *episode) shape(h float64) (logPrice, premium float64) {
	switch e.kind {
	case crash:
		if h < crashFallH {
			x := h / crashFallH
			return float64(e.size*x) * x, float64(e.premium*x) * x
		}
		h -= crashFallH
		return e.size * (1 - float64(0.35*(1-halving(h/3)))), e.premium * halving(h/2)
	case pump:
		if h < pumpRiseH {
			x := h / pumpRiseH
			return float64(e.size*x) * x, float64(e.premium*x) * x
		}
		h -= pumpRiseH
		return e.size * (1 - float64(0.45*(1-halving(h/12)))), e.premium * halving(h/10)
	case stress:
		fall := min(h/stressFallH, 1)
		back := 1 - halving(max(h-stressPlateauH, 0)/24)
		pull := min(h/24, 1) * halving(max(h-stressPlateauH, 0)/6)
		return e.size * (fall - float64(0.2*back)), e.premium * pull
	}
	return 0, 0
}

// halving is 2^-x.
func halving(x float64) float64 { return exp(-math.Ln2 * x) }

// intervalH is the hours between settlements h hours after the start.
func (e *episode) intervalH(h float64) int64 {
	if e.kind == stress && h >= stress4hFrom && h < stressPlateauH {
		if h < stress2hFrom {
			return 4
		}
		return 2
	}
	return 8
}

// episodes places a coin's events window by window: [0] the market's crash,
// [1] the coin's own event. Index −1 is the market itself.
type episodes struct {
	list   [2]episode
	off    bool
	seed   uint64
	from   carry.Time
	step   carry.Time
	coin   int
	roles  cast
	window int64 // the one that list belongs to; −1 before the first
}

func newEpisodes(o MarketOptions, coin int, roles cast) episodes {
	e := episodes{off: o.NoEpisodes, seed: o.Seed, from: o.From, step: o.Step, coin: coin, roles: roles, window: -1}
	e.clear()
	return e
}

func (e *episodes) clear() {
	for i := range e.list {
		e.list[i] = episode{start: never, end: never}
	}
}

// load makes sure that list is of t's window and tells whether it changed.
func (e *episodes) load(t carry.Time) bool {
	k := int64((t - e.from) / episodeWindow)
	if t < e.from || k == e.window || e.off {
		return false
	}
	e.window = k
	e.clear()
	begin := e.from + carry.Time(k)*episodeWindow
	// The market's part is the same for all coins; each then draws its own.
	s := NewStream(e.seed, concernEpisode, uint64(k)<<32)
	place := func(s *Stream, a, b, hours float64) (start, end carry.Time) {
		start = (begin + carry.Time(float64(float64(episodeWindow)*s.Between(a, b)))).Floor(carry.Hour).Floor(e.step)
		return start, start + carry.Time(hours)*carry.Hour
	}
	depth := s.Between(0.33, 0.43)
	e.list[0].kind = crash
	e.list[0].start, e.list[0].end = place(&s, 0.08, 0.45, crashH)
	pumpAt, pumpEnd := place(&s, 0.02, 0.9, pumpH)
	stressAt, stressEnd := place(&s, 0.5, 0.9, stressH)

	own := NewStream(e.seed, concernEpisode, uint64(k)<<32|uint64(e.coin+1))
	e.list[0].size = ln(1 - float64(depth*own.Between(0.95, 1.12)))
	e.list[0].premium = -own.Between(0.008, 0.022)
	if u := own.Float64(); e.coin >= 2 {
		e.list[0].premium = -(0.02 + float64(0.18*float64(u*u)*u))
	}
	second := &e.list[1]
	switch lucky, unlucky := own.Float64(), own.Float64(); {
	case e.coin == e.roles.pump:
		*second = episode{kind: pump, start: pumpAt, end: pumpEnd, size: ln(own.Between(5, 10)), premium: own.Between(0.01, 0.03)}
	case e.coin == e.roles.stress:
		*second = episode{kind: stress, start: stressAt, end: stressEnd, size: ln(own.Between(0.4, 0.55)), premium: -own.Between(0.004, 0.009)}
	case e.coin >= 3 && lucky < 0.12:
		*second = episode{kind: pump, size: ln(own.Between(2, 4)), premium: own.Between(0.003, 0.012)}
		second.start, second.end = place(&own, 0.05, 0.95, pumpH)
	case e.coin >= 3 && unlucky < 0.10:
		*second = episode{kind: stress, size: ln(own.Between(0.55, 0.8)), premium: -own.Between(0.001, 0.004)}
		second.start, second.end = place(&own, 0.05, 0.95, stressH)
	}
	return true
}

// hours is the time from a to b in hours.
func hours(a, b carry.Time) float64 { return float64(b-a) / float64(carry.Hour) }
