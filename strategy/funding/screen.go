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
	w.ring[(w.head+w.n)%len(w.ring)] = s
	w.n++
	w.sum += s.rate
	w.hours += s.hours
	if w.n == 1 || s.rate < w.worst {
		w.worst = s.rate
	}
}

func (w *window) grow() {
	next := make([]settled, 2*len(w.ring)+32)
	for k := 0; k < w.n; k++ {
		next[k] = w.ring[(w.head+k)%len(w.ring)]
	}
	w.ring, w.head = next, 0
}

// drop forgets settlements at or before from.
func (w *window) drop(from carry.Time) {
	search := false
	for w.n > 0 && w.ring[w.head].at <= from {
		s := &w.ring[w.head]
		w.sum -= s.rate
		w.hours -= s.hours
		search = search || s.rate == w.worst
		w.head++
		if w.head == len(w.ring) {
			w.head = 0
		}
		w.n--
	}
	if search {
		w.findWorst()
	}
}

func (w *window) findWorst() {
	for k := 0; k < w.n; k++ {
		if r := w.ring[(w.head+k)%len(w.ring)].rate; k == 0 || r < w.worst {
			w.worst = r
		}
	}
}

// mean8h is the mean rate per eight hours over a window of n × 8 h, and whether
// the window is full: settlements may be 8, 4, 2 or 1 hours apart, but all of
// the span must be covered.
func (w *window) mean8h(n int) (float64, bool) {
	return float64(w.sum) / carry.Unit / float64(n), w.hours >= float64(8*n)
}
