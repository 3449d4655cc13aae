package reports

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carry"
)

func TestDecimationLosesNoExtreme(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 400).Draw(t, "values")
		columns := rapid.IntRange(1, 50).Draw(t, "columns")
		l := line{step: carry.Hour, n: len(values), value: func(i int) float64 { return values[i] }}
		pts := decimate(l, columns)
		if len(pts) > 2*columns+2 {
			t.Fatalf("%d points from %d columns", len(pts), columns)
		}
		low, high := math.Inf(1), math.Inf(-1)
		for i, p := range pts {
			low, high = math.Min(low, p.value), math.Max(high, p.value)
			if values[p.at/carry.Hour] != p.value {
				t.Fatalf("the point at %v is no sample", p.at)
			}
			if i > 0 && p.at <= pts[i-1].at {
				t.Fatal("time does not rise")
			}
		}
		for _, v := range values {
			if v < low || v > high {
				t.Fatalf("%v was lost: [%v, %v]", v, low, high)
			}
		}
		if pts[0].at != 0 || pts[len(pts)-1].at != carry.Time(len(values)-1)*carry.Hour {
			t.Fatal("an end was lost")
		}
	})
}

func TestDecimationKeepsGaps(t *testing.T) {
	values := make([]float64, 1000)
	for i := range values {
		values[i] = 1
		if i >= 300 && i < 600 {
			values[i] = math.Inf(1)
		}
	}
	pts := decimate(line{step: 1, n: 1000, value: func(i int) float64 { return values[i] }}, 20)
	gaps := 0
	for _, p := range pts {
		if math.IsNaN(p.value) {
			gaps++
			if p.at < 300 || p.at >= 600 {
				t.Errorf("gap at %d", p.at)
			}
		}
	}
	if gaps == 0 {
		t.Error("the gap was bridged")
	}
}

// TestWorstFallAgreesWithReturns compares the curve's search with the one over
// returns, which knows nothing of it.
func TestWorstFallAgreesWithReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SliceOfN(rapid.Float64Range(-0.3, 0.3), 1, 60).Draw(t, "returns")
		c := carry.Curve{Step: carry.Day, Equity: []float64{100}}
		for _, x := range r {
			c.Equity = append(c.Equity, c.Equity[len(c.Equity)-1]*(1+x))
		}
		f := WorstFall(&c, 100)
		if want := MaxDrawdown(r); math.Abs(f.Depth-want) > 1e-12 {
			t.Fatalf("depth %v, want %v", f.Depth, want)
		}
		peak, low := c.Equity[f.PeakAt/carry.Day], c.Equity[f.LowAt/carry.Day]
		if math.Abs(low/peak-1-f.Depth) > 1e-12 {
			t.Fatalf("from %v to %v is not %v", peak, low, f.Depth)
		}
		end := c.Equity[f.EndAt/carry.Day]
		if f.Recovered != (end >= peak) {
			t.Fatalf("recovered %v, but %v against %v", f.Recovered, end, peak)
		}
	})
}

func TestFallBetweenSamplesIsNotLost(t *testing.T) {
	res := &carry.Result{Capital: 100, From: 0, To: 4 * carry.Day, Final: 101,
		Curve:    carry.Curve{Step: carry.Day, Equity: []float64{100, 99, 98, 101, 101}},
		Extremes: carry.Extremes{MaxDrawdown: -0.2, MaxDrawdownAt: 36 * carry.Hour, PeakAt: 0}}
	f := Measure(res).Fall
	if f.Depth != -0.2 || f.LowAt != 36*carry.Hour || !f.Recovered || f.EndAt != 3*carry.Day {
		t.Errorf("fall %+v, want −20 %% at 36 h, back after three days", f)
	}
	res.Extremes.MaxDrawdown = -0.01 // the curve knows better
	if f := Measure(res).Fall; math.Abs(f.Depth+0.02) > 1e-12 {
		t.Errorf("fall %+v, want the curve's −2 %%", f)
	}
}

func TestStartingCapitalIsAPeak(t *testing.T) {
	f := WorstFall(&carry.Curve{Step: carry.Day, Equity: []float64{90, 95}}, 100)
	if math.Abs(f.Depth+0.1) > 1e-12 || f.Recovered {
		t.Errorf("fall %+v, want 10 %% from the capital, not recovered", f)
	}
	if d := MaxDrawdown([]float64{-0.1, 0.05}); math.Abs(d+0.1) > 1e-12 {
		t.Errorf("drawdown %v, want −0.1", d)
	}
}

func TestIntervalHoldsTheFigureAndIsRepeatable(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	r := make([]float64, 1000)
	for i := range r {
		r[i] = 0.0004 + 0.004*rng.NormFloat64()
	}
	low, high := AnnualInterval(r, DaysPerYear)
	low2, high2 := AnnualInterval(r, DaysPerYear)
	if low != low2 || high != high2 {
		t.Error("the interval is not repeatable")
	}
	if c := CAGR(r, DaysPerYear); !(low < c && c < high) {
		t.Errorf("%v is outside [%v, %v]", c, low, high)
	}
	// For independent days the width is known: 3.92 sd √(365²/n) in logs.
	width := math.Log1p(high) - math.Log1p(low)
	if want := 3.92 * 0.004 * 365 / math.Sqrt(1000); math.Abs(width/want-1) > 0.15 {
		t.Errorf("width %v, theory says %v", width, want)
	}
}

func TestIntervalWidensWithAutocorrelation(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	iid, ar := make([]float64, 1500), make([]float64, 1500)
	x := 0.0
	for i := range iid {
		e := 0.004 * rng.NormFloat64()
		iid[i], x = e, 0.9*x+math.Sqrt(1-0.81)*e
		ar[i] = x
	}
	l1, h1 := AnnualInterval(iid, DaysPerYear)
	l2, h2 := AnnualInterval(ar, DaysPerYear)
	if h2-l2 < 1.8*(h1-l1) {
		t.Errorf("days that hang together: width %v, independent ones %v", h2-l2, h1-l1)
	}
	if s, lo := Sharpe(ar, 0, 365), SharpeLo(ar, 30, 365); math.Abs(lo) > 0.6*math.Abs(s) {
		t.Errorf("Lo's correction leaves %v of %v", lo, s)
	}
}

func TestFiguresThatCannotBeGivenAreNaN(t *testing.T) {
	for name, x := range map[string]float64{
		"CAGR of nothing": CAGR(nil, 365), "CAGR of a lost account": CAGR([]float64{0.1, -1, 0.2}, 365), "volatility of one": Volatility([]float64{1}, 365),
		"Sharpe of a constant": Sharpe([]float64{0.5, 0.5, 0.5}, 0, 365), "Sortino without loss": Sortino([]float64{0.1}, 0, 365), "Omega without loss": Omega([]float64{0.1}, 0, 365),
		"Calmar without fall": Calmar([]float64{0.1}, 365), "VaR of nothing": ValueAtRisk(nil, 0.05), "CVaR of nothing": ConditionalVaR(nil, 0.05),
		"ulcer of one, n−1": Ulcer([]float64{0.1}, true), "Lo of few": SharpeLo([]float64{0.1, 0.2}, 30, 365),
	} {
		if !math.IsNaN(x) {
			t.Errorf("%s is %v, want NaN", name, x)
		}
	}
}

func TestSamplingIntervals(t *testing.T) {
	c := carry.Curve{Step: carry.Hour}
	for i := range 24*60 + 5 {
		c.Equity = append(c.Equity, 100*math.Pow(1.001, float64(i)))
	}
	for interval, n := range map[carry.Time]int{8 * carry.Hour: 180, carry.Day: 60, 30 * carry.Day: 2, carry.Minute: 0, 90 * carry.Minute: 0} {
		r := CurveReturns(&c, interval)
		if len(r) != n {
			t.Errorf("%v: %d returns, want %d", interval, len(r), n)
		}
		for _, x := range r {
			if want := math.Pow(1.001, float64(interval/carry.Hour)) - 1; math.Abs(x-want) > 1e-9 {
				t.Errorf("return %v, want %v", x, want)
			}
		}
	}
}

func TestTicksAreRoundAndInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e4, 1e4).Draw(t, "low")
		high := low + rapid.Float64Range(1e-4, 1e5).Draw(t, "span")
		ticks := valueTicks(low, high, 5)
		if len(ticks) < 1 || len(ticks) > 6 {
			t.Fatalf("%d ticks in [%v, %v]", len(ticks), low, high)
		}
		for _, x := range ticks {
			if x.At < low-1e-6*(high-low) || x.At > high+1e-6*(high-low) {
				t.Fatalf("%v is outside [%v, %v]", x.At, low, high)
			}
		}
	})
	for _, span := range []carry.Time{5 * carry.Hour, 3 * carry.Day, 50 * carry.Day, 400 * carry.Day, 1900 * carry.Day, 9000 * carry.Day} {
		from := monthStart(2020, 12) + 5*carry.Hour
		ticks := timeTicks(from, from+span, 12)
		if len(ticks) < 2 || len(ticks) > 14 {
			t.Errorf("%s: %d ticks", spanWords(span), len(ticks))
		}
		for i, x := range ticks {
			if x.At < float64(from) || x.At > float64(from+span) || i > 0 && x.At <= ticks[i-1].At || x.Label == "" {
				t.Errorf("%s: tick %+v", spanWords(span), x)
			}
		}
	}
}

func TestLabelsAreSpread(t *testing.T) {
	ys := []float64{10, 11, 12, 230, 231}
	spread(ys, 15, 6, 240)
	for i := 1; i < len(ys); i++ {
		if ys[i]-ys[i-1] < 15 {
			t.Errorf("%v are too close", ys)
		}
	}
	if ys[0] < 6 || ys[4] > 240 {
		t.Errorf("%v leave the chart", ys)
	}
}

func TestWaterfallAddsUp(t *testing.T) {
	run := invent(3, 1).Run
	sum := 0.0
	for _, p := range attributionParts() {
		sum += p.value(&run.Attribution)
	}
	if math.Abs(sum-run.Attribution.Total) > 1e-6 {
		t.Errorf("the parts of an attribution make %v, not %v: a part is missing from the list", sum, run.Attribution.Total)
	}
	bars := waterfall(&run.Attribution, run.Capital)
	if last := bars[len(bars)-1]; !last.Sum || !strings.Contains(last.Value, amount(run.Attribution.Total)) {
		t.Errorf("the last bar is %+v", last)
	}
}
