package sim

import (
	"math"
	"strings"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

func TestSpreadNarrowsWithTradedValue(t *testing.T) {
	s := DefaultSpread
	for _, e := range []struct{ value, bp float64 }{
		{3e8, 2}, {1.2e9, 1}, {7.5e7, 4}, {3e12, 0.2}, {1, 30}, {0, 30}, {math.NaN(), 30}, {-1, 30},
	} {
		if got := s.HalfSpreadFrac(e.value) * 1e4; math.Abs(got-e.bp) > 1e-9 {
			t.Errorf("%v USDT a day: half spread %v bp, want %v", e.value, got, e.bp)
		}
	}
	if (NoSpread{}).HalfSpreadFrac(1) != 0 || (FixedSpread{0.001}).HalfSpreadFrac(1) != 0.001 {
		t.Error("the simple models are not what they say")
	}
}

func TestImpactFollowsTheSquareRoot(t *testing.T) {
	i := DefaultImpact
	// 1 % of a day's value at 4 % daily volatility costs 0.4 %.
	if got := i.ImpactFrac(1e6, 1e8, 0.04); math.Abs(got-0.004) > 1e-15 {
		t.Errorf("impact is %v, want 0.004", got)
	}
	if a, b := i.ImpactFrac(1e6, 1e8, 0.04), i.ImpactFrac(4e6, 1e8, 0.04); math.Abs(b-2*a) > 1e-15 {
		t.Errorf("four times the size costs %v after %v, want twice", b, a)
	}
	for _, e := range []struct{ value, daily, vol, want float64 }{
		{0, 1e8, 0.04, 0}, {1e6, 0, 0.04, 0.05}, {1e6, math.NaN(), 0.04, 0.05}, {1e12, 1e6, 0.04, 0.05}, {1e6, 1e8, math.NaN(), 0.05},
	} {
		if got := i.ImpactFrac(e.value, e.daily, e.vol); got != e.want {
			t.Errorf("value %v of %v at %v costs %v, want %v", e.value, e.daily, e.vol, got, e.want)
		}
	}
}

// The dates and figures of binance.md §2.4.
func TestFeesByDateTierAndBNB(t *testing.T) {
	in2021, in2024 := noon, carry.Time(1722124800000) // 2024-07-28
	for _, e := range []struct {
		fees       BinanceFees
		at         carry.Time
		spot, perp float64
	}{
		{BinanceFees{}, in2021, 0.001, 0.0004},
		{BinanceFees{}, 1699920000000, 0.001, 0.0004}, // 2023-11-14: a recorded trade still paid 0.04 %
		{BinanceFees{}, 1700006400000, 0.001, 0.0005}, // the day after: the flattering one is not assumed
		{BinanceFees{}, in2024, 0.001, 0.0005},
		{BinanceFees{VIP: 1}, in2024, 0.001, 0.0004},
		{BinanceFees{VIP: 9}, in2024, 0.00024, 0.00017},
		{BinanceFees{BNB: true}, in2021, 0.00075, 0.00036},
		{BinanceFees{BNB: true}, in2024, 0.00075, 0.00045},
	} {
		f := e.fees.At(e.at)
		if feeTicks(f.SpotTaker) != feeTicks(e.spot) || feeTicks(f.PerpTaker) != feeTicks(e.perp) {
			t.Errorf("%s at %s: spot %v, perpetual %v; want %v, %v", e.fees, e.at, f.SpotTaker, f.PerpTaker, e.spot, e.perp)
		}
	}
	for vip := 0; vip < len(vipFees); vip++ {
		f := BinanceFees{VIP: vip}.At(in2024)
		if f.SpotMaker > f.SpotTaker || f.PerpMaker > f.PerpTaker {
			t.Errorf("tier %d: makers pay more than takers: %+v", vip, f)
		}
		if vip > 0 {
			if g := (BinanceFees{VIP: vip - 1}).At(in2024); f.SpotTaker > g.SpotTaker || f.PerpTaker > g.PerpTaker {
				t.Errorf("tier %d pays more than the tier below", vip)
			}
		}
	}
	if (BinanceFees{VIP: 10}).Validate() == nil || (BinanceFees{VIP: -1}).Validate() == nil || (BinanceFees{VIP: 9}).Validate() != nil {
		t.Error("tiers 0 to 9 exist and no other")
	}
}

// Every model says its name and figures, which the report prints.
func TestModelsSayTheirNames(t *testing.T) {
	for s, want := range map[string]string{
		NoSpread{}.String(): "none", FixedSpread{0.001}.String(): "0.001", DefaultSpread.String(): "300 million",
		NoImpact{}.String(): "none", FixedImpact{0.002}.String(): "0.002", DefaultImpact.String(): "square root",
		NoFees{}.String(): "none", FixedFees{0.001, 0.0005}.String(): "0.0005", BinanceFees{VIP: 3, BNB: true}.String(): "VIP 3",
		ConstantLatency{250}.String(): "250 ms",
	} {
		if !strings.Contains(s, want) {
			t.Errorf("a model calls itself %q, without %q", s, want)
		}
	}
}

// Within a bar the price visits open, both extremes and close, never leaves the
// bar, and goes to the nearer extreme first.
func TestPathStaysInItsBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(1, 100).Draw(t, "low")
		high := low + rapid.Float64Range(0, 50).Draw(t, "range")
		open := low + (high-low)*rapid.Float64Range(0, 1).Draw(t, "open")
		last := low + (high-low)*rapid.Float64Range(0, 1).Draw(t, "close")
		f := rapid.Float64Range(-0.1, 1.1).Draw(t, "f")
		if p := barPath(open, high, low, last, f); p < low-1e-9 || p > high+1e-9 {
			t.Fatalf("at %v of the bar the price is %v", f, p)
		}
		if barPath(open, high, low, last, 0) != open || barPath(open, high, low, last, 1) != last {
			t.Fatal("the path does not go from open to close")
		}
		first, second := barPath(open, high, low, last, 1.0/3), barPath(open, high, low, last, 2.0/3)
		if math.Abs(first-open) > math.Abs(second-open)+1e-9 {
			t.Fatalf("from %v the path goes to %v first and then to %v", open, first, second)
		}
		if max(first, second) < high-1e-9 || min(first, second) > low+1e-9 {
			t.Fatalf("the path misses an extreme: %v, %v of %v..%v", first, second, low, high)
		}
	})
}

// Orders due at the same moment keep the order in which they came.
func TestQueueIsInOrderOfTimeThenArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		type want struct{ at, n int }
		var left []want
		for n := range rapid.IntRange(1, 60).Draw(t, "n") {
			if len(left) > 0 && rapid.IntRange(0, 2).Draw(t, "pop") == 0 {
				it := q.pop()
				first := left[0]
				for _, w := range left {
					if w.at < first.at {
						first = w
					}
				}
				if int(it.at) != first.at || int(it.cmd.ID) != first.n {
					t.Fatalf("got number %d for %d, want number %d for %d", it.cmd.ID, it.at, first.n, first.at)
				}
				for k, w := range left {
					if w == first {
						left = append(left[:k:k], left[k+1:]...)
						break
					}
				}
				continue
			}
			at := rapid.IntRange(0, 5).Draw(t, "at")
			q.push(carry.Time(at), carry.Command{ID: uint32(n)})
			left = append(left, want{at, n})
		}
		if q.before(100) != (len(left) > 0) || q.before(0) {
			t.Fatal("the queue does not know what is due")
		}
	})
}
