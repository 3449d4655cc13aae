package funding

import (
	"math"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// The window against a list that is searched anew each time: sum, span and
// worst rate of the settlements in the last N × 8 hours, whatever intervals
// follow each other.
func TestWindowIsThatOfANaiveList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 40).Draw(t, "n")
		span := carry.Time(n) * 8 * carry.Hour
		var w window
		var all []settled
		at := carry.Time(0)
		for range rapid.IntRange(1, 150).Draw(t, "settlements") {
			hours := rapid.SampledFrom([]float64{8, 8, 8, 4, 2, 1}).Draw(t, "hours")
			at += carry.Time(hours) * carry.Hour
			if rapid.IntRange(0, 20).Draw(t, "gap") == 0 {
				at += 8 * carry.Hour // one is missing
			}
			s := settled{at: at, rate: rapid.Int64Range(-20000, 20000).Draw(t, "rate"), hours: hours}
			all = append(all, s)
			w.add(s)
			w.drop(at - span)
			var sum, worst int64 = 0, math.MaxInt64
			covered := 0.0
			for _, x := range all {
				if x.at > at-span {
					sum, covered, worst = sum+x.rate, covered+x.hours, min(worst, x.rate)
				}
			}
			mean, full := w.mean8h(n)
			if full != (covered >= float64(8*n)) || w.worst != worst || math.Abs(mean-float64(sum)/1e8/float64(n)) > 1e-18 {
				t.Fatalf("mean %v, full %t, worst %d; the list says sum %d, %v hours, worst %d", mean, full, w.worst, sum, covered, worst)
			}
		}
	})
}

// The same earnings a day are the same mean, whatever the interval: 0.01 % every
// eight hours, 0.005 % every four, 0.00125 % every hour.
func TestMeanIsPerEightHours(t *testing.T) {
	for _, e := range []struct {
		hours float64
		rate  int64
	}{{8, 10_000}, {4, 5_000}, {2, 2_500}, {1, 1_250}} {
		var w window
		for k := 1; k <= int(100*8/e.hours); k++ {
			at := carry.Time(float64(k)*e.hours) * carry.Hour
			w.add(settled{at, e.rate, e.hours})
			w.drop(at - 800*carry.Hour)
			if _, full := w.mean8h(100); full != (k == int(100*8/e.hours)) {
				t.Fatalf("every %v h: after %d settlements full is %t", e.hours, k, full)
			}
		}
		if mean, _ := w.mean8h(100); mean != 0.0001 {
			t.Errorf("every %v h the mean is %v, want exactly 0.01 %%", e.hours, mean)
		}
	}
}

// A missing settlement leaves a hole as long as it is in the window.
func TestWindowWithAHoleIsNotFull(t *testing.T) {
	var w window
	for k := 1; k <= 300; k++ {
		at := carry.Time(k) * 8 * carry.Hour
		if k == 150 {
			continue
		}
		w.add(settled{at, 10_000, 8})
		w.drop(at - 800*carry.Hour)
		if _, full := w.mean8h(100); full != (k >= 100 && (k < 150 || k >= 250)) {
			t.Errorf("settlement %d: full is %t", k, full)
		}
	}
}

func TestMedianAndDeviation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 4*volumeDays).Draw(t, "v")
		var d daily
		for _, x := range v {
			d.count(x)
		}
		m, below, above := d.median, 0, 0
		v = v[max(0, len(v)-volumeDays):]
		for _, x := range v {
			if x < m {
				below++
			}
			if x > m {
				above++
			}
		}
		if below > len(v)/2 || above > len(v)/2 {
			t.Fatalf("median of the last days, %v, is %v", v, m)
		}
	})
	var four daily
	for _, x := range []float64{4, 1, 3, 2} {
		four.count(x)
	}
	if four.median != 2.5 {
		t.Errorf("median of four is %v", four.median)
	}
	if got := stdDev([]float64{1, 2, 3, 4}); math.Abs(got-math.Sqrt(5.0/3)) > 1e-15 {
		t.Errorf("deviation of 1 to 4 is %v", got)
	}
	if stdDev(nil) != 0 || stdDev([]float64{5}) != 0 {
		t.Error("one value deviates")
	}
}

// The smaller leg's traded value counts, over the last seven days on which both
// traded; returns from midnight to midnight, over thirty.
func TestDaysOfACoin(t *testing.T) {
	var d daily
	price := 100.0
	var returns []float64
	for k := range 50 {
		next := price * (1 + 0.01*float64(k%7-3))
		if k > 0 {
			returns = append(returns, next/price-1)
		}
		price = next
		d.close(1e6*float64(k+1), 3e6, price)
	}
	// The smaller leg: 3 million from the third day on.
	if math.Abs(d.median-3e6) > 1 {
		t.Errorf("the median day is %v, want 3 million", d.median)
	}
	if want := stdDev(returns[len(returns)-30:]); math.Abs(d.volatility()-want) > 1e-12 {
		t.Errorf("volatility is %v, want %v", d.volatility(), want)
	}
	before := d.median
	d.close(0, 5e6, price) // a day on which spot was halted is no thin day
	if d.median != before {
		t.Errorf("a day without spot moved the median from %v to %v", before, d.median)
	}
}
