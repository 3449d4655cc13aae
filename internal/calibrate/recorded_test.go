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

// The history is read once for all that is held against it.
func TestRecordedHistory(t *testing.T) {
	c, err := Measure(filepath.Join(testenv.Shared(t), "data"))
	if err != nil {
		t.Fatal(err)
	}
	charges := []Charge{
		Charged("volume", c.Points, sim.DefaultSpread.HalfSpreadFrac),
		Charged("calibrated", c.Points, sim.CalibratedSpread.HalfSpreadFrac),
		Charged("pessimistic", c.Points, sim.PessimisticSpread.HalfSpreadFrac),
	}
	t.Run("spread constants are the fit", func(t *testing.T) { holdSpread(t, c, charges) })
	t.Run("impact constants are the fit", func(t *testing.T) { holdImpact(t, c) })
	t.Run("the defaults are no cheaper", func(t *testing.T) { holdDefaults(t, c) })
	t.Run("docs/COSTS.md shows the tables", func(t *testing.T) { holdPage(t, c.Table(charges)) })
}

func holdSpread(t *testing.T, c *Costs, charges []Charge) {
	fit, worse := sim.CalibratedSpread, sim.PessimisticSpread
	near(t, "CalibratedSpread", fit.AtReferenceFrac*1e4, c.Spread.Root*1e4, 0.005)
	near(t, "PessimisticSpread", worse.AtReferenceFrac*1e4, c.Spread.Root*c.Spread.P90*1e4, 0.05)
	near(t, "the spread's exponent", -0.5, c.Spread.Free.Slope, 0.05)
	if fit.ReferenceUSDT != ReferenceUSDT || worse.ReferenceUSDT != ReferenceUSDT {
		t.Error("the references differ")
	}
	for _, leg := range c.Tickers {
		if p := Quantile(leg.Half, 0.99); fit.MaxFrac < p {
			t.Errorf("1 %% of %s pairs were quoted wider than the calibrated maximum: %g > %g", leg.Leg, p, fit.MaxFrac)
		}
		if p := Quantile(leg.Half, 1); worse.MaxFrac < p {
			t.Errorf("a %s pair was quoted wider than the pessimistic maximum: %g > %g", leg.Leg, p, worse.MaxFrac)
		}
	}
	oneTick := 0
	for _, p := range c.Points {
		if math.Abs(p.HalfFrac/p.HalfTick-1) < 1e-6 {
			oneTick++
		}
	}
	if oneTick != 40 || len(c.Points) != 42 {
		t.Errorf("%d of %d legs were quoted one tick wide, the page says 40 of 42", oneTick, len(c.Points))
	}
	for _, x := range charges {
		if x.Under > 0 {
			t.Errorf("%s charges %d of %d legs less than they were quoted", x.Name, x.Under, x.Of)
		}
	}
}

func holdImpact(t *testing.T, c *Costs) {
	near(t, "CalibratedImpact", sim.CalibratedImpact.Factor, c.Impact.Factor, 0.05)
	near(t, "PessimisticImpact", sim.PessimisticImpact.Factor, Quantile(c.Implied, 0.9), 0.05)
	by := make(map[float64]ImpactFit)
	for _, f := range c.Impacts {
		if f.Name == Perp {
			by[f.Exponent] = f
		}
	}
	if !(by[ThreeQuarters].R2 > by[SquareRoot].R2 && by[ThreeQuarters].R2 > by[1].R2) {
		t.Error("another exponent explains the books better")
	}
	// The depth agrees with the ¾ law within a third; with the root law it is
	// about three times off or more, everywhere.
	if r := Quantile(c.Implied, 0.5) / c.Impact.Factor; r < 2.0/3 || r > 4.0/3 {
		t.Errorf("the depth implies %.2f times the books' factor", r)
	}
	for _, d := range c.Depth {
		if d.Root/by[SquareRoot].Factor < 2.9 {
			t.Errorf("%s: the root law's factors agree, %.2f and %.2f", d.Symbol, d.Root, by[SquareRoot].Factor)
		}
	}
	for i := range c.Cells {
		if x := &c.Cells[i]; x.Leg == Spot && x.CostFrac > sim.CalibratedImpact.Factor*x.Law(ThreeQuarters) {
			t.Errorf("spot %s of %.0f costs more than the law with the perpetual's factor", x.Symbol, x.ValueUSDT)
		}
	}
}

// Why the assumed models may stay: the spread is the 90th percentile, the impact
// dearer up to 0.04 % of a day, beyond which it is not.
func holdDefaults(t *testing.T, c *Costs) {
	if r := sim.DefaultSpread.AtReferenceFrac / (c.Spread.Root * c.Spread.P90); math.Abs(r-1) > 0.1 {
		t.Errorf("the default spread is %.2f of the 90th percentile", r)
	}
	for _, share := range []float64{1e-7, 1e-5, 3.8e-4} {
		if sim.DefaultImpact.ImpactFrac(share, 1, 0.04) < sim.CalibratedImpact.ImpactFrac(share, 1, 0.04) {
			t.Errorf("at %g of a day the root law is cheaper than the calibrated impact", share)
		}
	}
	if sim.DefaultImpact.ImpactFrac(4.2e-4, 1, 0.04) > sim.CalibratedImpact.ImpactFrac(4.2e-4, 1, 0.04) {
		t.Error("above 0.04 % of a day the root law is still dearer")
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
