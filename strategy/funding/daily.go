package funding

import (
	"math"

	"carry"
)

const (
	volumeDays     = 7
	volatilityDays = 30
)

// daily keeps what the universe's filters need of one coin's days.
type daily struct {
	values   [volumeDays]float64
	sorted   [volumeDays]float64 // the same by size
	returns  [volatilityDays]float64
	nValue   int
	nReturn  int
	lastDay  float64 // spot price at the last midnight
	median   float64
	vol      float64 // of the returns, once asked for
	volKnown bool
}

// close ends a day that traded spot and perp USDT at a midnight price.
func (d *daily) close(spot, perp, price float64) {
	if spot > 0 && perp > 0 {
		d.count(min(spot, perp))
	}
	if d.lastDay > 0 && price > 0 {
		d.returns[d.nReturn%volatilityDays] = price/d.lastDay - 1
		d.nReturn++
		d.volKnown = false
	}
	d.lastDay = price
}

// volatility is the standard deviation of the daily returns. It is made only
// when asked for: most coins fail a cheaper test first.
func (d *daily) volatility() float64 {
	if !d.volKnown {
		d.vol, d.volKnown = stdDev(d.returns[:min(d.nReturn, volatilityDays)]), true
	}
	return d.vol
}

// count takes a day's value in place of the oldest one. Values stay sorted, so
// that a median costs a few moves.
func (d *daily) count(value float64) {
	n := min(d.nValue, volumeDays)
	if n == volumeDays {
		k := 0
		for d.sorted[k] != d.values[d.nValue%volumeDays] {
			k++
		}
		copy(d.sorted[k:], d.sorted[k+1:])
		n--
	}
	k := n
	for ; k > 0 && d.sorted[k-1] > value; k-- {
		d.sorted[k] = d.sorted[k-1]
	}
	d.sorted[k] = value
	d.values[d.nValue%volumeDays] = value
	d.nValue++
	d.median = middle(d.sorted[:n+1])
}

// middle is the median of sorted values; the mean of the middle two if even.
func middle(s []float64) float64 {
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// stdDev is the sample standard deviation; 0 for fewer than two values.
func stdDev(v []float64) float64 {
	if len(v) < 2 {
		return 0
	}
	mean := 0.0
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	sum := 0.0
	for _, x := range v {
		sum += float64((x - mean) * (x - mean))
	}
	return math.Sqrt(sum / float64(len(v)-1))
}

func isMidnight(t carry.Time) bool { return t%carry.Day == 0 }
