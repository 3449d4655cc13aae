package calibrate

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carry/internal/testenv"
	"carry/sim"
)

var update = flag.Bool("update", false, "rewrite the measured part of docs/COSTS.md")

// near holds a constant of sim against the fit, to the digits that it has.
func near(t *testing.T, name string, constant, fitted, tolerance float64) {
	t.Helper()
	if !(math.Abs(constant-fitted) <= tolerance) {
		t.Errorf("%s is %g in sim, the recorded data say %g", name, constant, fitted)
	}
}

// The constants in sim are the fit to the recorded data, and what the page
// tells was measured is what this measures.
func TestConstantsAreTheFit(t *testing.T) {
	c, err := Measure(filepath.Join(testenv.Shared(t), "data"))
	if err != nil {
		t.Fatal(err)
	}
	spread, worse := sim.CalibratedSpread, sim.PessimisticSpread
	near(t, "CalibratedSpread", spread.AtReferenceFrac*1e4, c.Spread.Root*1e4, 0.005)
	near(t, "PessimisticSpread", worse.AtReferenceFrac*1e4, c.Spread.Root*c.Spread.P90*1e4, 0.05)
	near(t, "the spread's exponent", -0.5, c.Spread.Free.Slope, 0.05)
	if spread.ReferenceUSDT != ReferenceUSDT || worse.ReferenceUSDT != ReferenceUSDT {
		t.Error("the references differ")
	}
	for _, leg := range c.Tickers {
		if p := Quantile(leg.Half, 0.99); spread.MaxFrac < p {
			t.Errorf("1 %% of %s pairs were quoted wider than the calibrated maximum: %g > %g", leg.Leg, p, spread.MaxFrac)
		}
		if p := Quantile(leg.Half, 1); worse.MaxFrac < p {
			t.Errorf("a %s pair was quoted wider than the pessimistic maximum: %g > %g", leg.Leg, p, worse.MaxFrac)
		}
	}
	near(t, "CalibratedImpact", sim.CalibratedImpact.Factor, c.Impact.Factor, 0.05)
	near(t, "PessimisticImpact", sim.PessimisticImpact.Factor, Quantile(c.Implied, 0.9), 0.05)
	charges := []Charge{
		Charged("volume", c.Points, sim.DefaultSpread.HalfSpreadFrac),
		Charged("calibrated", c.Points, sim.CalibratedSpread.HalfSpreadFrac),
		Charged("pessimistic", c.Points, sim.PessimisticSpread.HalfSpreadFrac),
	}
	for _, x := range charges {
		if x.Under > 0 {
			t.Errorf("%s charges %d of %d legs less than they were quoted", x.Name, x.Under, x.Of)
		}
	}
	holdPage(t, c.Table(charges))
}

// The claims of docs/COSTS.md that are words.
func TestWhatThePageSays(t *testing.T) {
	c, err := Measure(filepath.Join(testenv.Shared(t), "data"))
	if err != nil {
		t.Fatal(err)
	}
	// The ¾ law explains the books better than the root, and the depth agrees
	// with it within a third, while the root is off by a factor above three.
	by := make(map[float64]ImpactFit)
	for _, f := range c.Impacts {
		if f.Name == Perp {
			by[f.Exponent] = f
		}
	}
	if !(by[ThreeQuarters].R2 > by[SquareRoot].R2) {
		t.Error("the square root explains the books better")
	}
	if r := Quantile(c.Implied, 0.5) / c.Impact.Factor; r < 2.0/3 || r > 4.0/3 {
		t.Errorf("the depth implies %.2f times the books' factor", r)
	}
	for _, d := range c.Depth {
		if d.Root/by[SquareRoot].Factor < 2.9 {
			t.Errorf("%s: the root law's factors agree, %.2f and %.2f", d.Symbol, d.Root, by[SquareRoot].Factor)
		}
	}
	// The assumed models against the calibrated ones.
	if r := sim.DefaultSpread.AtReferenceFrac / (c.Spread.Root * c.Spread.P90); math.Abs(r-1) > 0.1 {
		t.Errorf("the default spread is %.2f of the 90th percentile", r)
	}
	for _, share := range []float64{1e-7, 1e-5, 3.8e-4} {
		if sim.DefaultImpact.ImpactFrac(share, 1, 0.04) < sim.CalibratedImpact.ImpactFrac(share, 1, 0.04) {
			t.Errorf("at %g of a day the default is cheaper than the calibrated impact", share)
		}
	}
	if sim.DefaultImpact.ImpactFrac(4.2e-4, 1, 0.04) > sim.CalibratedImpact.ImpactFrac(4.2e-4, 1, 0.04) {
		t.Error("above 0.04 % of a day the default is still dearer")
	}
	// No cell of spot costs more than the law of the perpetual's factor.
	for i := range c.Cells {
		if x := &c.Cells[i]; x.Leg == Spot && x.CostFrac > sim.CalibratedImpact.Factor*x.Law(ThreeQuarters) {
			t.Errorf("spot %s of %.0f costs more than the law", x.Symbol, x.ValueUSDT)
		}
	}
}

const (
	pageFrom = "<!-- measured: go test ./internal/calibrate -update -->\n\n"
	pageTo   = "\n<!-- end -->"
)

// holdPage compares the table with the page, or writes it there.
func holdPage(t *testing.T, table string) {
	t.Helper()
	path := filepath.Join(testenv.Root(t), "docs", "COSTS.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), pageFrom)
	old, after, ok2 := strings.Cut(rest, pageTo)
	if !ok || !ok2 {
		t.Fatalf("%s has no measured part", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+pageFrom+table+pageTo+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table {
		t.Errorf("docs/COSTS.md does not show what was measured; look at the difference and run with -update:\n%s", table)
	}
}
