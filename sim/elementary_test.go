package sim

import (
	"math"
	"testing"
)

// The standard library is the oracle: it is accurate everywhere, only not the
// same bit for bit on every machine.
func TestElementaryFunctionsAgreeWithTheStandardLibrary(t *testing.T) {
	s := NewStream(1, concernPoison, 0)
	worst := map[string]float64{}
	check := func(name string, got, want, tol float64) {
		t.Helper()
		err := math.Abs(got - want)
		if want != 0 {
			err /= math.Abs(want)
		}
		if !(err <= tol) {
			t.Fatalf("%s = %.17g, want %.17g, off by %.2g", name, got, want, err)
		}
		worst[name] = max(worst[name], err)
	}
	for range 200_000 {
		x := s.Between(-700, 700)
		check("exp", exp(x), math.Exp(x), 4e-16)
		x = s.Between(-1, 1)
		check("exp near 0", exp(x), math.Exp(x), 4e-16)
		x = math.Exp(s.Between(-700, 700))
		check("ln", ln(x), math.Log(x), 4e-16)
		x = s.Between(0.5, 2)
		check("ln near 1", ln(x), math.Log(x), 4e-16)
		x, y := math.Exp(s.Between(-10, 10)), s.Between(-8, 8)
		check("power", power(x, y), math.Pow(x, y), 2e-14)
		p := s.Float64()
		check("normalQuantile", normalQuantile(p), -math.Sqrt2*math.Erfcinv(2*p), 1e-13)
	}
	t.Logf("worst relative errors: %v", worst)
}

// Erfcinv could share the quantile's source, so the quantile is also sent back
// through the distribution function, deep into both tails.
func TestNormalQuantileInvertsTheDistribution(t *testing.T) {
	for x := -8.0; x <= 8; x += 0.01 {
		p := 0.5 * math.Erfc(-x/math.Sqrt2)
		if x > 0 {
			// 1 − p keeps its digits where p is next to 1.
			p = 0.5 * math.Erfc(x/math.Sqrt2)
		}
		if got := normalQuantile(p); math.Abs(math.Abs(got)-math.Abs(x)) > 1e-12 {
			t.Fatalf("quantile of %.17g = %.17g, want ±%g", p, got, x)
		}
	}
}

func TestElementaryFunctionsAtTheirEdges(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"exp(0)", exp(0), 1}, {"exp(710)", exp(710), inf}, {"exp(-inf)", exp(-inf), 0}, {"exp(inf)", exp(inf), inf},
		{"exp(-800)", exp(-800), 0}, {"ln(1)", ln(1), 0}, {"ln(0)", ln(0), -inf}, {"ln(inf)", ln(inf), inf},
		{"quantile(.5)", normalQuantile(0.5), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	for name, x := range map[string]float64{"ln(-1)": ln(-1), "ln(NaN)": ln(math.NaN()), "exp(NaN)": exp(math.NaN())} {
		if x == x {
			t.Errorf("%s = %v, want NaN", name, x)
		}
	}
	// At the ends of the range the library's assembly is no oracle (on amd64
	// math.Log takes the smallest number for e^-709), so these values are from
	// the constants themselves: 2^-1074 and (1 - 2^-53)·2^1024.
	if got, want := ln(5e-324), -1074*math.Ln2; math.Abs(got-want) > 1e-12 {
		t.Errorf("ln of the smallest number = %v, want %v", got, want)
	}
	if got, want := ln(math.MaxFloat64), 1024*math.Ln2; math.Abs(got-want) > 1e-12 {
		t.Errorf("ln of the largest number = %v, want %v", got, want)
	}
	for k := -1070; k <= 1020; k += 10 {
		if got, want := exp(float64(k)*math.Ln2), math.Ldexp(1, k); math.Abs(got/want-1) > 2e-13 {
			t.Errorf("exp(%d ln 2) = %v, want %v", k, got, want)
		}
	}
}
