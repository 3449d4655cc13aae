package carry

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// day reads a date or time for a test.
func day(t testing.TB, s string) Time {
	t.Helper()
	at, err := ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Binance's own worked examples (binance.md §2.1), as printed there in percent.
func TestFundingRateWorkedExamples(t *testing.T) {
	old, after := day(t, "2021-05-19"), day(t, "2025-10-01")
	for _, e := range []struct {
		at               Time
		premium, hours   float64
		capFrac, percent float64
	}{
		{old, 0.03, 8, 0, 0.01}, {old, 0.06, 8, 0, 0.01}, {old, 0.10, 8, 0, 0.05},
		{old, -0.04, 8, 0, 0.01}, {old, -0.10, 8, 0, -0.05},
		// Until 2025-09-18 the interval did not matter.
		{old, 0.03, 4, 0, 0.01}, {old, 0.10, 1, 0, 0.05},
		// Since then the rate is divided by 8/N.
		{after, 0.03, 4, 0, 0.005}, {after, 0.10, 4, 0, 0.025}, {after, -0.10, 4, 0, -0.025},
		{after, 0.03, 8, 0, 0.01}, {after, 0.10, 1, 0, 0.00625}, {after, 0.03, 2, 0, 0.0025},
		// Caps: BTC 0.75 × 0.40 % = 0.30 %, 50x coins 0.75 %.
		{old, 0.50, 8, 0.0030, 0.30}, {old, -0.50, 8, 0.0030, -0.30}, {old, 2, 8, 0.0075, 0.75}, {old, 0.10, 8, 0.0030, 0.05},
	} {
		got := FundingRate(e.at, e.premium/100, DefaultInterest8h, e.hours, e.capFrac)
		if RateTicks(got) != RateTicks(e.percent/100) {
			t.Errorf("%s, premium %v %%, every %v h, cap %v: %.6f %%, want %v %%", e.at, e.premium, e.hours, e.capFrac, got*100, e.percent)
		}
	}
}

// The new formula holds from 2025-09-18 08:01 UTC: the settlement at 08:00 is
// still by the old one.
func TestFundingFormulaChangesInTheRightMinute(t *testing.T) {
	change := day(t, "2025-09-18T08:01Z")
	if FundingPerInterval != change {
		t.Fatalf("the change is dated %s", FundingPerInterval)
	}
	before := FundingRate(change-1, 0.0003, DefaultInterest8h, 4, 0)
	from := FundingRate(change, 0.0003, DefaultInterest8h, 4, 0)
	if before != 0.0001 || from != 0.00005 {
		t.Errorf("0.03 %% at 4 h gives %v before and %v after", before, from)
	}
}

func TestFundingRateHasItsShape(t *testing.T) {
	old := day(t, "2022-01-01")
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Float64Range(-0.05, 0.05).Draw(t, "p")
		q := rapid.Float64Range(-0.05, 0.05).Draw(t, "q")
		interest := rapid.SampledFrom([]float64{0, DefaultInterest8h}).Draw(t, "interest")
		limit := rapid.SampledFrom([]float64{0, 0.003, 0.0075, 0.03}).Draw(t, "cap")
		f := FundingRate(old, p, interest, 8, limit)
		if math.Abs(p-interest) < 0.0005 && f != interest {
			t.Fatalf("premium %v: inside the dead zone the rate is the interest, not %v", p, f)
		}
		if p < q && f > FundingRate(old, q, interest, 8, limit)+1e-18 {
			t.Fatalf("premium %v pays more than the higher %v", p, q)
		}
		if limit > 0 && math.Abs(f) > limit {
			t.Fatalf("rate %v beyond its cap %v", f, limit)
		}
		if limit == 0 && math.Abs(math.Abs(f-p)-min(0.0005, math.Abs(interest-p))) > 1e-15 {
			t.Fatalf("premium %v is pulled to %v", p, f)
		}
	})
	if f := FundingRate(old, math.NaN(), DefaultInterest8h, 8, 0.003); f == f {
		t.Errorf("an unknown premium gives the rate %v", f)
	}
}

// At the fair premium a short earns per settlement what the capital costs: the
// rate that FundingRate makes of it is r/n again.
func TestFairPremiumIsTheInverseOfTheClamp(t *testing.T) {
	old := day(t, "2022-01-01")
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]float64{1095, 2190}).Draw(t, "n")
		r := rapid.Float64Range(-0.5, 0.9).Draw(t, "r")
		if math.Abs(r/n-DefaultInterest8h) < 1e-9 {
			return
		}
		got := FundingRate(old, FairPremium(r, n, DefaultInterest8h), DefaultInterest8h, 8, 0)
		if math.Abs(got-r/n) > 1e-12 {
			t.Fatalf("capital at %v a year costs %v a settlement, the fair premium pays %v", r, r/n, got)
		}
	})
}
