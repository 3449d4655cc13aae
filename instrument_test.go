package carry

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// btc2021 is Binance's ladder of 2021-03-18 (binance.md §2.6) with cum left to
// the recursion.
func btc2021() []Bracket {
	steps := []struct{ most, mmr, leverage float64 }{{50e3, .004, 125}, {250e3, .005, 100}, {1e6, .01, 50},
		{10e6, .025, 20}, {20e6, .05, 10}, {50e6, .10, 5}, {100e6, .125, 4}, {200e6, .15, 3}, {300e6, .25, 2}, {math.Inf(1), .5, 1}}
	out := make([]Bracket, len(steps))
	for i, s := range steps {
		out[i] = Bracket{Cap: s.most, MMR: s.mmr, MaxLeverage: s.leverage}
		if i > 0 {
			out[i].Floor = steps[i-1].most
			out[i].Cum = out[i-1].Cum + out[i].Floor*(s.mmr-steps[i-1].mmr)
		}
	}
	return out
}

func TestMaintenanceMarginOnRealBrackets(t *testing.T) {
	// Recorded 2024-10-24: BTC with Binance's own cum.
	btc := []Bracket{{0, 50e3, .004, 0, 125}, {50e3, 600e3, .005, 50, 100}, {600e3, 3e6, .0065, 950, 75}, {3e6, 12e6, .01, 11450, 50}, {12e6, 70e6, .02, 131450, 25}}
	for _, e := range []struct{ notional, want float64 }{
		{0, 0}, {1000, 4}, {49999, 199.996}, {50e3, 200}, {100e3, 450}, {600e3, 2950}, {3e6, 18550}, {12e6, 108550},
		{20e6, 268550}, {100e6, 1868550}, // beyond the last one recorded
	} {
		if got := MaintenanceMargin(btc, e.notional); math.Abs(got-e.want) > 1e-9*math.Max(1, e.want) {
			t.Errorf("notional %.0f: maintenance %v, want %v", e.notional, got, e.want)
		}
	}
	// The official cross example: 109.488 BTC at mark 31967.27 in the bracket of
	// MMR 2.5 % with cum 16,300 (§2.6): the recursion finds the same cum.
	if got := btc2021()[3].Cum; math.Abs(got-16300) > 1e-9 {
		t.Errorf("cum of the fourth bracket is %v, Binance prints 16300", got)
	}
	if got, want := MaintenanceMargin(btc2021(), 109.488*31967.27), 109.488*31967.27*.025-16300; math.Abs(got-want) > 1e-6 {
		t.Errorf("maintenance of the official example is %v, want %v", got, want)
	}
	if got := MaintenanceMargin(nil, 1000); got != 25 {
		t.Errorf("without brackets maintenance is %v, want 2.5 %% of notional", got)
	}
}

// cum exists so that a position that grows over a bracket's floor is not asked
// for more at a stroke.
func TestMaintenanceMarginHasNoJumps(t *testing.T) {
	ladder := btc2021()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Float64Range(1, 6e8).Draw(t, "notional")
		if k := rapid.IntRange(0, len(ladder)).Draw(t, "edge"); k > 0 && k < len(ladder) {
			n = ladder[k].Floor
		}
		a, b := MaintenanceMargin(ladder, n*(1-1e-9)), MaintenanceMargin(ladder, n)
		if b < a || b-a > n*1e-9*0.5+1e-6 {
			t.Fatalf("maintenance goes from %v to %v at notional %v", a, b, n)
		}
	})
}

// The remembered rung is the one that a search finds, wherever the position goes
// and whatever ladder follows.
func TestMarginRungIsTheOneSearchedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ladder := btc2021()[:rapid.IntRange(0, 10).Draw(t, "rungs")]
		var r MarginRung
		for range 20 {
			n := math.Pow(10, rapid.Float64Range(0, 9).Draw(t, "magnitude"))
			if k := rapid.IntRange(0, 2*len(ladder)).Draw(t, "edge"); k > 0 && k < len(ladder) {
				n = ladder[k].Floor
			}
			if got, want := r.Margin(ladder, n), MaintenanceMargin(ladder, n); got != want {
				t.Fatalf("%v by the rung, %v by the ladder, at %v", got, want, n)
			}
		}
	})
	r := MarginRung{}
	if got := r.Margin(btc2021(), math.NaN()); got == got {
		t.Errorf("the margin of no figure is %v", got)
	}
}

func TestQuantitiesOfAPair(t *testing.T) {
	shib := Pair{Coin: "SHIB", Mult: 1000, QtyDp: 0}
	btc := Pair{Coin: "BTC", Mult: 1, QtyDp: 5}
	if shib.QtyUnit() != 1 || btc.QtyUnit() != 100000 {
		t.Errorf("units are %d and %d", shib.QtyUnit(), btc.QtyUnit())
	}
	if got := btc.QtyFloat(999); got != 0.00999 {
		t.Errorf("999 quanta of BTC are %v", got)
	}
	// 0.29 is a float below 0.29: what is judged is never rounded up.
	for x, want := range map[float64]Qty{0.00999: 999, 0.009999: 999, 0.29: 28999, 0: 0, -1: 0, 1e20: 0} {
		if got := btc.QtyFloor(x); got != want {
			t.Errorf("%v BTC are %d quanta, want %d", x, got, want)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := btc.QtyFloor(x); got != 0 {
			t.Errorf("%v BTC are %d quanta", x, got)
		}
	}
	if Spot.Other() != Perp || Perp.Other() != Spot || Spot.String() != "spot" || Perp.String() != "perp" {
		t.Error("the legs are not each other's opposite")
	}
}
