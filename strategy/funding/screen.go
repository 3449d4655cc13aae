package funding

import (
	"carry"
)

// window is one coin's settlements of the last screenN × 8 h. Sums are
// integers, so that the mean does not depend on the order of additions and a
// rate of exactly 0.01 % stays exact.
type window struct {
	ring  []settled
	head  int
	n     int
	sum   int64   // of rates, 1e-8
	hours float64 // covered
	worst int64   // smallest rate in the window
	times int     // that it stands there
}

type settled struct {
	at    carry.Time
	rate  int64
	hours float64
}

func (w *window) add(s settled) {
	if w.n == len(w.ring) {
		w.grow()
	}
	at := w.head + w.n
	if at >= len(w.ring) {
		at -= len(w.ring)
	}
	w.ring[at] = s
	w.n++
	w.sum += s.rate
	w.hours += s.hours
	w.mind(s.rate)
}

// mind takes a rate into the worst one.
func (w *window) mind(rate int64) {
	switch {
	case w.times == 0 || rate < w.worst:
		w.worst, w.times = rate, 1
	case rate == w.worst:
		w.times++
	}
}

func (w *window) grow() {
	next := make([]settled, 2*len(w.ring)+104) // a month of three a day, and one more
	for k := 0; k < w.n; k++ {
		next[k] = w.ring[(w.head+k)%len(w.ring)]
	}
	w.ring, w.head = next, 0
}

// drop forgets settlements at or before from.
func (w *window) drop(from carry.Time) {
	for w.n > 0 && w.ring[w.head].at <= from {
		s := &w.ring[w.head]
		w.sum -= s.rate
		w.hours -= s.hours
		if s.rate == w.worst {
			w.times--
		}
		w.head++
		if w.head == len(w.ring) {
			w.head = 0
		}
		w.n--
	}
	// Rates repeat, so that the worst one seldom leaves altogether.
	if w.times == 0 {
		for k := 0; k < w.n; k++ {
			w.mind(w.ring[(w.head+k)%len(w.ring)].rate)
		}
	}
}

// mean8h is the mean rate per eight hours over a window of n × 8 h, and whether
// the window is full: settlements may be 8, 4, 2 or 1 hours apart, but all of
// the span must be covered.
func (w *window) mean8h(n int) (float64, bool) {
	return float64(w.sum) / carry.Unit / float64(n), w.hours >= float64(8*n)
}
