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
		d.values[d.nValue%volumeDays] = min(spot, perp)
		d.nValue++
		d.median = median(d.values[:min(d.nValue, volumeDays)])
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

// median of at most seven values; the mean of the middle two if even.
func median(v []float64) float64 {
	var s [volumeDays]float64
	n := copy(s[:], v)
	for k := 1; k < n; k++ {
		for j := k; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
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
