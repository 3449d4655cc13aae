package sim

import (
	"math"
	"math/rand/v2"
	"testing"
)

// math/rand/v2 has the same generator, written by others.
func TestStreamIsPCG(t *testing.T) {
	for seed := range uint64(20) {
		s := NewStream(seed, concernPrice, seed*7)
		oracle := rand.NewPCG(s.hi, s.lo)
		for i := range 1000 {
			if got, want := s.Uint64(), oracle.Uint64(); got != want {
				t.Fatalf("seed %d, draw %d: %x, want %x", seed, i, got, want)
			}
		}
	}
}

// The published first outputs of SplitMix64 from the seeds 0 and 1234567.
func TestSplitMix(t *testing.T) {
	const gamma = 0x9e3779b97f4a7c15
	for _, c := range []struct {
		seed uint64
		want []uint64
	}{
		{0, []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f}},
		{1234567, []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821}},
	} {
		x := c.seed
		for i, want := range c.want {
			if got := splitMix(x); got != want {
				t.Errorf("seed %d, output %d: %x, want %x", c.seed, i, got, want)
			}
			x += gamma
		}
	}
}

// Streams that differ in one number only must have nothing to do with each
// other: no common state and no correlation.
func TestStreamsAreUnrelated(t *testing.T) {
	seen := map[Stream]string{}
	var all []Stream
	for seed := range uint64(8) {
		for concern := concernRegime; concern <= concernPoison; concern++ {
			for index := range uint64(8) {
				s := NewStream(seed, concern, index)
				if _, dup := seen[s]; dup {
					t.Fatalf("seed %d concern %d index %d repeats a state", seed, concern, index)
				}
				seen[s] = "taken"
				all = append(all, s)
			}
		}
	}
	const n = 4000
	prev := make([]float64, n)
	worst := 0.0
	for k := range all {
		cur := make([]float64, n)
		sum := 0.0
		for i := range cur {
			cur[i] = all[k].Float64() - 0.5
			sum += cur[i] * prev[i]
		}
		// Products of independent uniforms have variance 1/144.
		worst = max(worst, math.Abs(sum)*12/math.Sqrt(n))
		prev = cur
	}
	if worst > 4.5 {
		t.Errorf("neighbouring streams correlate: %.1f standard errors", worst)
	}
}

func TestVariates(t *testing.T) {
	s := NewStream(3, concernPrice, 0)
	const n = 400_000
	var sum, sum2, sum4, expSum, low float64
	for range n {
		z := s.Normal()
		sum += z
		sum2 += z * z
		sum4 += z * z * z * z
		expSum += s.Exponential()
		if z < -1.959963984540054 {
			low++
		}
		if k := s.Intn(7); k < 0 || k > 6 {
			t.Fatalf("Intn(7) = %d", k)
		}
		if u := s.Float64(); u <= 0 || u >= 1 {
			t.Fatalf("Float64 = %v", u)
		}
	}
	for _, c := range []struct {
		name           string
		got, want, tol float64
	}{
		{"mean", sum / n, 0, 0.008}, {"variance", sum2 / n, 1, 0.012}, {"kurtosis", sum4 / n, 3, 0.08},
		{"share below −1.96", low / n, 0.025, 0.0013}, {"exponential mean", expSum / n, 1, 0.008},
	} {
		if math.Abs(c.got-c.want) > c.tol {
			t.Errorf("%s = %.4f, want %.4f ± %.4f", c.name, c.got, c.want, c.tol)
		}
	}
	if unit(0) <= 0 || unit(math.MaxUint64) >= 1 {
		t.Errorf("unit leaves (0, 1): %v %v", unit(0), unit(math.MaxUint64))
	}
}
