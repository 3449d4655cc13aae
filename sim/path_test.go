package sim

import (
	"math"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// drawBar is one pair's bar with prices of any shape.
func drawBar(t *rapid.T) bar {
	h := newHand(1, 1)
	for leg := carry.Spot; leg <= carry.Perp; leg++ {
		p := [4]float64{}
		for k := range p {
			p[k] = rapid.Float64Range(50, 150).Draw(t, "price")
		}
		h.set(0, 0, leg, p[0], max(p[0], p[1], p[2], p[3]), min(p[0], p[1], p[2], p[3]), p[3])
	}
	if rapid.Bool().Draw(t, "marks") {
		b := &h.block
		b.MarkOpen[0], b.MarkClose[0] = b.Perp.Open[0]*1.001, b.Perp.Close[0]*0.999
		b.MarkHigh[0] = max(b.MarkOpen[0], b.MarkClose[0], b.Perp.High[0]*rapid.Float64Range(0.9, 1.1).Draw(t, "mark's high"))
	}
	if rapid.IntRange(0, 4).Draw(t, "halt") == 0 {
		h.block.Spot.Volume[0] = 0
	}
	return bar{&h.block, 0}
}

// A path begins at the bar's open, ends at its close, never leaves the bar, and
// its extreme over a part is what a walk in small steps finds.
func TestBothLegsStayInTheirBars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := drawBar(t)
		for leg := carry.Spot; leg <= carry.Perp; leg++ {
			s := row.of(leg)
			if row.path(leg, 0) != s.Open[0] || row.path(leg, 1) != s.Close[0] {
				t.Fatalf("%s goes from %v to %v, the bar from %v to %v", leg, row.path(leg, 0), row.path(leg, 1), s.Open[0], s.Close[0])
			}
			from := rapid.Float64Range(0, 1).Draw(t, "from")
			to := rapid.Float64Range(from, 1).Draw(t, "to")
			high, low := math.Inf(-1), math.Inf(1)
			for k := range 400 {
				p := row.path(leg, from+(to-from)*float64(k)/399)
				high, low = max(high, p), min(low, p)
			}
			if low < s.Low[0]-1e-9 || high > s.High[0]+1e-9 {
				t.Fatalf("%s leaves its bar: %v to %v", leg, low, high)
			}
			// Between corners the perpetual's path is a product of two lines; its
			// bow is what steps may find beyond its ends.
			bow := 0.02 * (s.High[0] - s.Low[0] + 60)
			if got := row.extreme(leg, carry.Buy, from, to); got > high+1 || got < high-bow {
				t.Fatalf("highest of %s from %v to %v is %v, a walk finds %v", leg, from, to, got, high)
			}
			if got := row.extreme(leg, carry.Sell, from, to); got < low-1 || got > low+bow {
				t.Fatalf("lowest of %s from %v to %v is %v, a walk finds %v", leg, from, to, got, low)
			}
		}
		if high := row.b.MarkHigh[0]; high == high {
			for k := range 50 {
				if m := row.mark(float64(k)/49, 100); m > high+1e-9 {
					t.Fatalf("the mark goes to %v, its high is %v", m, high)
				}
			}
		}
	})
}

// Both legs meet one market: with the same premium at both ends of a bar it is
// the same all the way, however far spot goes, where each leg's own way would
// show premiums that nobody had.
func TestPerpetualFollowsSpot(t *testing.T) {
	h := newHand(1, 1)
	h.set(0, 0, carry.Spot, 100, 150, 60, 90)
	h.set(0, 0, carry.Perp, 101, 151.5, 60.6, 90.9) // 1 % all along
	row := bar{&h.block, 0}
	for k := range 60 {
		f := float64(k) / 59
		if p := row.path(carry.Perp, f)/row.path(carry.Spot, f) - 1; math.Abs(p-0.01) > 1e-9 {
			t.Fatalf("at %v the premium is %v", f, p)
		}
	}
	// It moves evenly from one end's to the other's.
	h.set(0, 0, carry.Perp, 101, 200, 10, 92.7)
	if p := row.path(carry.Perp, 0.5)/row.path(carry.Spot, 0.5) - 1; math.Abs(p-0.02) > 1e-9 {
		t.Errorf("half way from 1 %% to 3 %% the premium is %v", p)
	}
}

// A moment is what path and mark say of it, to the last bit.
func TestMomentsAreOnThePath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b carry.Block
		b.Resize(1, 1)
		price := func(name string) float64 { return rapid.Float64Range(50, 150).Draw(t, name) }
		for _, leg := range [...]*carry.Bars{&b.Spot, &b.Perp} {
			o, c := price("open"), price("close")
			leg.Open[0], leg.Close[0] = o, c
			leg.High[0], leg.Low[0] = max(o, c)*rapid.Float64Range(1, 1.2).Draw(t, "up"), min(o, c)*rapid.Float64Range(0.8, 1).Draw(t, "down")
			leg.Volume[0] = float64(rapid.IntRange(0, 1).Draw(t, "volume"))
		}
		o, c := price("mark open"), price("mark close")
		b.MarkOpen[0], b.MarkClose[0], b.MarkHigh[0] = o, c, max(o, c)*1.05
		if rapid.Bool().Draw(t, "no mark") {
			b.MarkOpen[0], b.MarkHigh[0], b.MarkClose[0] = math.NaN(), math.NaN(), math.NaN()
		}
		f := rapid.SampledFrom([]float64{0, 0.001, 1.0 / 3, 0.5, 2.0 / 3, 0.9, 1}).Draw(t, "f")
		m := &carry.Market{SpotLast: []float64{100}, PerpLast: []float64{101}, Mark: []float64{100.5}}
		at := bar{&b, 0}
		spot, perp, mark := 100.0, 101.0, at.mark(f, 100.5)
		if at.trades(carry.Perp) {
			perp = at.path(carry.Perp, f)
		}
		switch {
		case at.trades(carry.Spot):
			spot = at.path(carry.Spot, f)
		case at.trades(carry.Perp):
			spot *= perp / 101
		}
		if at.moment(f, m, 0); m.SpotLast[0] != spot || m.PerpLast[0] != perp || m.Mark[0] != mark {
			t.Fatalf("%v %v %v, by the path %v %v %v", m.SpotLast[0], m.PerpLast[0], m.Mark[0], spot, perp, mark)
		}
	})
}
