package sim

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"carry"
)

// Cutting an order into slices that follow each other at once must cost what the
// whole costs; time between them makes it cheaper, never cheaper than if nobody
// remembered; a sale pays nothing for what was bought before.
func TestSlicesPayForEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		law := []ImpactModel{SquareRootImpact{Factor: 1, MaxFrac: 0.5}, CalibratedImpact, DearerImpact{SquareRootImpact{1, 0.5}, CalibratedImpact},
			FixedImpact{0.001}, NoImpact{}}[rapid.IntRange(0, 4).Draw(t, "law")]
		const daily, vol = 1e8, 0.04
		slices := rapid.SliceOfN(rapid.Float64Range(10, 1e5), 1, 12).Draw(t, "slices")
		gap := carry.Time(rapid.Int64Range(1, int64(carry.Hour)).Draw(t, "gap"))
		x := &Exchange{opt: Options{Impact: law, ImpactHalfLife: 15 * carry.Minute}, prints: make([]footprints, 1)}
		cost := func(c *carry.Command, gap carry.Time, from carry.Time) (sum float64) {
			for k, v := range slices {
				at := from + carry.Time(k)*gap
				sum += v * conceded(law, v, x.worked(c, at), daily, vol)
				x.treads(c, v, at)
			}
			return sum
		}
		whole, alone := 0.0, 0.0
		for _, v := range slices {
			whole += v
			alone += v * law.ImpactFrac(v, daily, vol)
		}
		whole *= law.ImpactFrac(whole, daily, vol)
		buy, sell := &carry.Command{Side: carry.Buy}, &carry.Command{Side: carry.Sell}
		at := carry.Time(1e12)
		atOnce := cost(buy, 0, at)
		if math.Abs(atOnce-whole) > 1e-9*whole {
			t.Fatalf("slices without a pause cost %v, the whole %v", atOnce, whole)
		}
		if got := x.worked(sell, at); got != 0 {
			t.Fatalf("a sale meets a footprint of %v", got)
		}
		later := cost(buy, gap, at+1000*carry.Hour)
		if later > whole*(1+1e-9) || later < alone*(1-1e-9) {
			t.Fatalf("slices every %d ms cost %v, not within %v (each alone) and %v (the whole)", gap, later, alone, whole)
		}
	})
}

// Half of a footprint is gone after the half-life, all of it after a day.
func TestFootprintsFade(t *testing.T) {
	x := &Exchange{opt: Options{ImpactHalfLife: 15 * carry.Minute}, prints: make([]footprints, 1)}
	c := &carry.Command{Side: carry.Sell, Leg: carry.Perp}
	x.treads(c, 1000, noon)
	for after, want := range map[carry.Time]float64{0: 1000, 15 * carry.Minute: 500} {
		if got := x.worked(c, noon+after); math.Abs(got-want) > 1e-9 {
			t.Errorf("%d ms later %v, want %v", after, got, want)
		}
		x.prints[0] = footprints{}
		x.treads(c, 1000, noon)
	}
	if got := x.worked(c, noon+carry.Day); got != 0 {
		t.Errorf("a day later %v", got)
	}
	x.opt.ImpactHalfLife = 0
	if got := x.worked(c, noon); got != 0 {
		t.Errorf("a book that forgets at once remembers %v", got)
	}
}
