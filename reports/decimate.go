package reports

import (
	"math"

	"carry"
)

// line is one curve to be drawn, read through a function so that no curve is
// copied to change its scale.
type line struct {
	name  string
	start carry.Time
	step  carry.Time
	n     int
	value func(i int) float64
}

// point is a sample that is drawn; a NaN value is a gap.
type point struct {
	at    carry.Time
	value float64
}

// decimate keeps, of each of columns equal spans, the smallest and the largest
// sample in their order of time, and the first and last sample of all. Drawn in
// that many pixels it looks the same as all samples. Up to 2×columns samples
// are kept whole.
func decimate(l line, columns int) []point {
	if l.n <= 2*columns {
		out := make([]point, l.n)
		for i := range out {
			out[i] = point{l.start + carry.Time(i)*l.step, finite(l.value(i))}
		}
		return out
	}
	out := make([]point, 0, 2*columns+2)
	add := func(i int) {
		if i < 0 || len(out) > 0 && out[len(out)-1].at == l.start+carry.Time(i)*l.step {
			return
		}
		out = append(out, point{l.start + carry.Time(i)*l.step, finite(l.value(i))})
	}
	add(0)
	for c := range columns {
		from, to := c*l.n/columns, (c+1)*l.n/columns
		low, high := extremes(l, from, to)
		if low < 0 {
			add(from) // nothing but gaps
			continue
		}
		add(min(low, high))
		add(max(low, high))
	}
	add(l.n - 1)
	return out
}

// extremes are the indices of the smallest and largest finite sample of
// [from, to), or −1.
func extremes(l line, from, to int) (low, high int) {
	low, high = -1, -1
	var least, most float64
	for i := from; i < to; i++ {
		v := finite(l.value(i))
		if math.IsNaN(v) {
			continue
		}
		if low < 0 || v < least {
			low, least = i, v
		}
		if high < 0 || v > most {
			high, most = i, v
		}
	}
	return low, high
}

// finite turns infinities into gaps.
func finite(v float64) float64 {
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}
