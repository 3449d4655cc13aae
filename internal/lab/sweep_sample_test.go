package lab

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The first points of Sobol's sequence in two dimensions, as every text has them.
func TestSobolsFirstPoints(t *testing.T) {
	want := [][2]float64{{0, 0}, {0.5, 0.5}, {0.75, 0.25}, {0.25, 0.75}, {0.375, 0.375}, {0.875, 0.875}, {0.625, 0.125}, {0.125, 0.625}}
	for i, w := range want {
		if got := sobolPoint(0, i, 2); got[0] != w[0] || got[1] != w[1] {
			t.Errorf("point %d is %v, want %v", i, got, w)
		}
	}
}

// Every run of 2^m points that starts at a multiple of 2^m has one in each of the
// 2^m equal parts of every axis, with any shift.
func TestSobolIsEvenInEveryDimension(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.IntRange(0, 9).Draw(t, "m")
		start := rapid.IntRange(0, 20).Draw(t, "start") << m
		seed := rapid.Uint64().Draw(t, "seed")
		for d := range sobolDimensions {
			seen := make([]bool, 1<<m)
			for i := range 1 << m {
				at := int(sobolPoint(seed, start+i, sobolDimensions)[d] * float64(int(1)<<m))
				if seen[at] {
					t.Fatalf("dimension %d: two of %d points from %d on are in part %d", d, 1<<m, start, at)
				}
				seen[at] = true
			}
		}
	})
}

// The polynomials are primitive, without which the sequence would repeat.
func TestSobolsPolynomialsArePrimitive(t *testing.T) {
	for d, row := range sobolTable {
		n := int(row.degree)
		poly := uint32(1)<<n | row.inner<<1 | 1
		if row.degree == 1 {
			poly = 3
		}
		x, order := uint32(1), 0
		for {
			x <<= 1
			if x>>n&1 == 1 {
				x ^= poly
			}
			order++
			if x == 1 || order > 1<<n {
				break
			}
		}
		if order != 1<<n-1 {
			t.Errorf("dimension %d: x has order %d, want %d", d+2, order, 1<<n-1)
		}
		for k, v := range row.first[:n] {
			if v%2 == 0 || v >= 1<<(k+1) {
				t.Errorf("dimension %d: direction number %d is %d", d+2, k+1, v)
			}
		}
	}
}

func TestTrialsDependOnPlanAndNumberAlone(t *testing.T) {
	axes := []Axis{{Name: "a", Min: 0.001, Max: 1, Log: true}, {Name: "b", Values: []string{"x", "y", "z"}}, {Name: "c", Min: 1, Max: 9, Round: 2}}
	for _, method := range []string{"random", "sobol"} {
		long := &Sweep{Axes: axes, Method: method, Trials: 64, Seed: 7}
		short := &Sweep{Axes: axes, Method: method, Trials: 5, Seed: 7}
		other := &Sweep{Axes: axes, Method: method, Trials: 64, Seed: 8}
		distinct := map[string]bool{}
		same := 0
		for i := range 64 {
			v := long.values(i)
			distinct[fmt.Sprint(v)] = true
			if i < 5 && !slices.Equal(v, short.values(i)) {
				t.Errorf("%s: trial %d depends on the number of trials", method, i)
			}
			if slices.Equal(v, other.values(i)) {
				same++
			}
			if !slices.Contains([]string{"2", "4", "6", "8", "10"}, v[2]) || !slices.Contains(axes[1].Values, v[1]) {
				t.Errorf("%s: trial %d is %v", method, i, v)
			}
		}
		if len(distinct) < 60 || same > 4 {
			t.Errorf("%s: %d distinct trials, %d the same with another seed", method, len(distinct), same)
		}
	}
}
