package sim

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The ¾ law: sixteen times the size costs eight times as much per unit, with
// volatility it is proportional, and what is unknown costs the most.
func TestBookImpactFollowsItsLaw(t *testing.T) {
	i := CalibratedImpact
	// 1e-4 of a day at 4 % daily volatility: 7.1 × 0.04 × 0.001.
	if got := i.ImpactFrac(1e4, 1e8, 0.04); math.Abs(got-0.000284) > 1e-15 {
		t.Errorf("impact is %v, want 0.000284", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		daily := rapid.Float64Range(1e6, 1e11).Draw(t, "daily")
		value := daily * rapid.Float64Range(1e-9, 1e-5).Draw(t, "share")
		vol := rapid.Float64Range(0.001, 0.2).Draw(t, "vol")
		x := i.ImpactFrac(value, daily, vol)
		if y := i.ImpactFrac(16*value, daily, vol); math.Abs(y/x-8) > 1e-9 {
			t.Fatalf("16 times the size costs %v times as much", y/x)
		}
		if y := i.ImpactFrac(value, daily, 2*vol); math.Abs(y/x-2) > 1e-9 {
			t.Fatalf("twice the volatility costs %v times as much", y/x)
		}
		if math.Abs(x-i.Factor*vol*math.Pow(value/daily, 0.75)) > 1e-12*x+1e-18 {
			t.Fatalf("impact %v is not the law", x)
		}
	})
	for _, e := range []struct{ value, daily, vol, want float64 }{
		{0, 1e8, 0.04, 0}, {-1, 1e8, 0.04, 0}, {1e6, 0, 0.04, 0.05}, {1e6, math.NaN(), 0.04, 0.05}, {1e12, 1e6, 0.04, 0.05}, {1e6, 1e8, math.NaN(), 0.05},
	} {
		if got := i.ImpactFrac(e.value, e.daily, e.vol); got != e.want {
			t.Errorf("value %v of %v at %v costs %v, want %v", e.value, e.daily, e.vol, got, e.want)
		}
	}
}

// At every size and liquidity: pessimistic ≥ calibrated, the dearer of two is
// one of them and not the cheaper, and a scale scales.
func TestCostModelsAreOrdered(t *testing.T) {
	dearer := DearerImpact{A: DefaultImpact, B: CalibratedImpact}
	rapid.Check(t, func(t *rapid.T) {
		daily := rapid.Float64Range(1, 1e12).Draw(t, "daily")
		value := rapid.Float64Range(0, 1e9).Draw(t, "value")
		vol := rapid.Float64Range(0, 1).Draw(t, "vol")
		c, r := CalibratedImpact.ImpactFrac(value, daily, vol), DefaultImpact.ImpactFrac(value, daily, vol)
		if p := PessimisticImpact.ImpactFrac(value, daily, vol); p < c {
			t.Fatalf("pessimistic impact %v is below %v", p, c)
		}
		if d := dearer.ImpactFrac(value, daily, vol); d < c || d < r || (d != c && d != r) {
			t.Fatalf("the dearer of %v and %v is %v", c, r, d)
		}
		s := CalibratedSpread.HalfSpreadFrac(daily)
		if p := PessimisticSpread.HalfSpreadFrac(daily); p < s {
			t.Fatalf("pessimistic half spread %v is below %v", p, s)
		}
		if got := (ScaledSpread{CalibratedSpread, 2}).HalfSpreadFrac(daily); got != 2*s {
			t.Fatalf("twice %v is %v", s, got)
		}
		if got := (ScaledImpact{CalibratedImpact, 0.5}).ImpactFrac(value, daily, vol); got != c/2 {
			t.Fatalf("half of %v is %v", c, got)
		}
	})
}

// Sweeps group runs by what a model calls itself, so each name must be its own.
func TestCostModelsHaveNamesOfTheirOwn(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range []SpreadModel{NoSpread{}, FixedSpread{0.001}, DefaultSpread, CalibratedSpread, PessimisticSpread,
		ScaledSpread{CalibratedSpread, 2}, ScaledSpread{CalibratedSpread, 0.5}, ScaledSpread{DefaultSpread, 2}} {
		if seen[m.String()] {
			t.Errorf("two spread models are called %q", m)
		}
		seen[m.String()] = true
	}
	for _, m := range []ImpactModel{FixedImpact{0.002}, DefaultImpact, CalibratedImpact, PessimisticImpact,
		DearerImpact{DefaultImpact, CalibratedImpact}, ScaledImpact{CalibratedImpact, 2}, ScaledImpact{DefaultImpact, 2}} {
		if seen[m.String()] {
			t.Errorf("two models are called %q", m)
		}
		seen[m.String()] = true
	}
	for s, want := range map[string]string{
		CalibratedSpread.String(): "calibrated: 6.9e-05", PessimisticImpact.String(): "pessimistic: 9.8", ScaledSpread{DefaultSpread, 2}.String(): "2 times volume",
	} {
		if !strings.Contains(s, want) {
			t.Errorf("a model calls itself %q, without %q", s, want)
		}
	}
}
