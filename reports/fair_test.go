package reports

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"carry"
)

// A short at the fair premium earns by Binance's formula what money earns.
func TestFairPremiumEarnsWhatMoneyEarns(t *testing.T) {
	if got := FairPremium(0.04) * 1e4; math.Abs(got+4.63) > 0.01 {
		t.Errorf("%.2f bp at 4 %%, published: about -4.6", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.Float64Range(0, 0.5).Draw(t, "r")
		p := FairPremium(r)
		rate := p + min(max(0.0001-p, -0.0005), 0.0005)
		if math.Abs(rate*1095-r) > 1e-12 {
			t.Fatalf("money at %v a year, a short at %v", r, rate*1095)
		}
	})
}

// The yield is read off the cash baseline's curve.
func TestBillYieldIsTheBaselines(t *testing.T) {
	cash := &carry.Result{Strategy: "cash", Name: "cash", Curve: carry.Curve{Start: 0, Step: carry.Hour}}
	e := 1000.0
	for i := range 24 * 20 {
		cash.Curve.Equity = append(cash.Curve.Equity, e)
		if i < 240 {
			e *= math.Exp(0.02 / 8760)
		} else {
			e *= math.Exp(0.05 / 8760)
		}
	}
	v := &view{run: &carry.Result{}, base: []*carry.Result{cash}}
	for at, want := range map[carry.Time]float64{0: 0.02, 5 * carry.Day: 0.02, 15 * carry.Day: 0.05, 400 * carry.Day: 0.05} {
		if got := v.billYield(at); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v at day %d, want %v", got, at/carry.Day, want)
		}
	}
	if f := (&view{run: &carry.Result{}}).billYield(0); f == f {
		t.Errorf("a yield of %v without a baseline", f)
	}
}
