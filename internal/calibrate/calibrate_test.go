package calibrate

import (
	"compress/gzip"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func close9(a, b float64) bool { return math.Abs(a-b) <= 1e-9*(1+math.Abs(b)) }

// A law that made the data is found in them.
func TestFitsFindTheLawThatMadeTheData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		half := rapid.Float64Range(1e-5, 1e-3).Draw(t, "half")
		factor := rapid.Float64Range(0.1, 20).Draw(t, "factor")
		var points []SpreadPoint
		var cells []Cell
		for i := range 12 {
			daily := ReferenceUSDT * math.Pow(3, float64(i-6))
			points = append(points, SpreadPoint{DailyUSDT: daily, HalfFrac: half * math.Sqrt(ReferenceUSDT/daily)})
			c := Cell{ValueUSDT: 1e4, Share: 1e-8 * math.Pow(3, float64(i)), VolFrac: 0.02 + 0.01*float64(i%3)}
			c.CostFrac = factor * c.Law(ThreeQuarters)
			cells = append(cells, c)
		}
		s := FitSpread("", points)
		if !close9(s.Root, half) || !close9(s.AtReference, half) || !close9(s.Free.Slope, -0.5) || !close9(s.P90, 1) || !close9(s.Free.R2, 1) {
			t.Fatalf("half %v: fitted %+v", half, s)
		}
		f := FitImpact("", ThreeQuarters, cells)
		if !close9(f.Factor, factor) || !close9(f.R2, 1) || f.MedianError > 1e-9 || !close9(FreeExponent(cells).Slope, 0.75) {
			t.Fatalf("factor %v: fitted %+v, free %+v", factor, f, FreeExponent(cells))
		}
		if wrong := FitImpact("", SquareRoot, cells); wrong.R2 >= f.R2 || wrong.MedianError < 0.01 {
			t.Fatalf("the wrong law fits as well: %+v", wrong)
		}
	})
}

// The error of a law that scatters is what was put in.
func TestResidualsAreTold(t *testing.T) {
	var points []SpreadPoint
	for i := range 11 { // observed over fitted: 2^-5 … 2^5
		daily := ReferenceUSDT * float64(1+i%2)
		points = append(points, SpreadPoint{DailyUSDT: daily, HalfFrac: 1e-4 * math.Exp2(float64(i-5)) * math.Sqrt(ReferenceUSDT/daily)})
	}
	f := FitSpread("", points)
	if !close9(f.Root, 1e-4) || !close9(f.P90, 16) || !close9(f.MedianError, 8) {
		t.Errorf("fitted %+v", f)
	}
	if !math.IsNaN(Quantile(nil, 0.5)) || Quantile([]float64{3, 1, 2}, 0) != 1 || Quantile([]float64{3, 1, 2}, 1) != 3 {
		t.Error("quantiles are wrong")
	}
}

// A book as thick everywhere as near the touch: walking it costs half the
// distance, and both sides cost the same.
func TestWalkingABook(t *testing.T) {
	var asks, bids []Level
	for i := range 100 {
		asks = append(asks, Level{1000 + float64(i), 1})
		bids = append(bids, Level{999 - float64(i), 1})
	}
	for _, e := range []struct {
		side  []Level
		value float64
		want  float64
		short bool
	}{
		{asks, 10, 0, false}, {asks, 1000, 0, false},
		{asks, 1000 + 1001, 2001.0/2/1000 - 1, false},
		{bids, 999 + 998, 1 - 1997.0/2/999, false},
		{asks[:1], 5000, 0, true},
		// 1 coin at 1000, 999 USDT at 1001 each.
		{asks[:2], 1000 + 1001 + 1001, 3002.0/3/1000 - 1, true},
	} {
		got, short := WalkFrac(e.side, e.value)
		if math.Abs(got-e.want) > 1e-12 || short != e.short {
			t.Errorf("%.0f USDT cost %v (short %v), want %v (%v)", e.value, got, short, e.want, e.short)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(1, 90000).Draw(t, "value")
		more := v * rapid.Float64Range(1, 2).Draw(t, "times")
		a, _ := WalkFrac(asks, v)
		b, _ := WalkFrac(asks, more)
		if b < a-1e-12 || a < 0 {
			t.Fatalf("%v costs %v, %v costs %v", v, a, more, b)
		}
	})
}

// A book shaped by a law implies that law's factor from its depth.
func TestDepthImpliesTheLawsFactor(t *testing.T) {
	for _, e := range []float64{SquareRoot, ThreeQuarters, 1} {
		const factor, vol, dv = 5.0, 0.03, 1e-7
		// The marginal price of a mean cost f·vol·s^e is its derivative s·d/ds + 1.
		share, paid := 0.0, 0.0
		for {
			price := (1 + e) * factor * vol * math.Pow(share+dv/2, e)
			if price > 0.01 {
				break
			}
			share += dv
			paid += price * dv
		}
		d := DepthPoint{Share: share, VolFrac: vol}
		if got := d.Implied(e); math.Abs(got/factor-1) > 1e-3 {
			t.Errorf("exponent %v: implied %v, want %v", e, got, factor)
		}
		d.Share *= 2
		if got := d.HalfDepth(e, factor); math.Abs(got/(paid/share)-1) > 1e-3 {
			t.Errorf("exponent %v: half the depth costs %v, summed %v", e, got, paid/share)
		}
	}
}

// A value that doubles after a week of 24 million a day is followed by a seventh
// of the step; hours of 1 % are near 4.9 % a day (the first has no hour before it).
func TestActivityIsTheQuotersSlowMeans(t *testing.T) {
	var spot, perp []Bar
	for h := range int64(9 * 24) {
		v, c := 1e6, 100.0
		if h >= 8*24 {
			v = 2e6
		}
		if h%2 == 1 {
			c = 101
		}
		spot = append(spot, Bar{OpenMs: h * hourMs, Close: c, ValueUSDT: v})
		perp = append(perp, Bar{OpenMs: h * hourMs, Close: c, ValueUSDT: 3 * v})
	}
	a := NewActivity(spot, perp)
	if _, _, ok := a.At(5*hourMs, Spot); ok {
		t.Error("the first day knows itself")
	}
	d, vol, ok := a.At(8*dayMs+hourMs, Spot)
	if !ok || !close9(d, 24e6) || math.Abs(vol-0.01*math.Sqrt(24)) > 0.0015 {
		t.Errorf("after eight days: %v %v %v", d, vol, ok)
	}
	if d, _, _ := a.At(9*dayMs, Perp); !close9(d, 3*(24e6+24e6/7)) {
		t.Errorf("after the step: %v", d)
	}
	if _, _, ok := a.At(11*dayMs, Perp); ok {
		t.Error("there is activity after the last bar")
	}
}

// Models rounded outward: a half spread of less than a tick is charged a tick.
func TestChargedRoundsOutward(t *testing.T) {
	points := []SpreadPoint{{DailyUSDT: 1, HalfFrac: 1e-4, HalfTick: 1e-4}, {DailyUSDT: 1, HalfFrac: 5e-4, HalfTick: 1e-4}}
	c := Charged("", points, func(float64) float64 { return 1e-5 })
	if c.Under != 1 || c.Of != 2 || !close9(c.MeanBp, (1.0-3.0)/2) {
		t.Errorf("%+v", c)
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestQuotesAndTheirSteps(t *testing.T) {
	q, err := ReadQuotes(write(t, "q.gz", "symbol,bid,bid_qty,ask,ask_qty\nA,64925.00,1,64925.10,2\nB,0.07450000,5,0.07460000,5\nC,1200,1,1300,1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.1, 0.0001, 100} {
		if !close9(q[i].StepUSDT, want) || ticksWide(&q[i]) != 1 {
			t.Errorf("%s: step %v, %d ticks wide; want %v, 1", q[i].Symbol, q[i].StepUSDT, ticksWide(&q[i]), want)
		}
	}
	if !close9(q[2].HalfFrac(), 50.0/1250) {
		t.Errorf("half spread %v", q[2].HalfFrac())
	}
	for text, want := range map[string]string{
		"symbol,bid,ask,ask_qty\n":                           "no column bid_qty",
		"symbol,bid,bid_qty,ask,ask_qty\nA,2,1,1,1\n":        "line 2",
		"symbol,bid,bid_qty,ask,ask_qty\nA,x,1,1,1\n":        "column bid",
		"symbol,bid,bid_qty,ask,ask_qty\nA,NaN,1,1,1\n":      "not finite",
		"symbol,bid,bid_qty,ask,ask_qty\nA,1,1,2,1\nB,1,1\n": "line 3",
	} {
		if _, err := ReadQuotes(write(t, "q.gz", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	if _, err := ReadQuotes(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file is read")
	}
}
