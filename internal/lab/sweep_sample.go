package lab

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"strconv"
)

// at is the axis' value at u in [0, 1).
func (a *Axis) at(u float64) string {
	if n := len(a.Values); n > 0 {
		return a.Values[min(int(u*float64(n)), n-1)]
	}
	x := a.Min + float64(u*(a.Max-a.Min)) // rounded twice, so that every processor plans the same trials
	if a.Log {
		x = a.Min * math.Pow(a.Max/a.Min, u)
	}
	digits := 12
	if a.Round > 0 {
		x = math.Round(x/a.Round) * a.Round
		digits = 9 // takes the product's noise off
	}
	// Twelve digits are more than any parameter means, and short to read.
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	return strconv.FormatFloat(x, 'f', -1, 64)
}

func (s *Sweep) sampled(u []float64) []string {
	out := make([]string, len(u))
	for k := range u {
		out[k] = s.Axes[k].at(u[k])
	}
	return out
}

// randomPoint is point i: its own stream of the generator.
func randomPoint(seed uint64, i, dimensions int) []float64 {
	rng := rand.New(rand.NewPCG(seed, uint64(i)))
	out := make([]float64, dimensions)
	for k := range out {
		out[k] = rng.Float64()
	}
	return out
}

// sobolDimensions is how many the table below has.
const sobolDimensions = 21

// sobolTable holds, for dimensions 2 and up, the degree and inner coefficients
// of a primitive polynomial and the first direction numbers (Joe and Kuo 2008,
// new-joe-kuo-6.21201).
var sobolTable = [sobolDimensions - 1]struct {
	degree, inner uint32
	first         [7]uint32
}{
	{1, 0, [7]uint32{1}},
	{2, 1, [7]uint32{1, 3}},
	{3, 1, [7]uint32{1, 3, 1}},
	{3, 2, [7]uint32{1, 1, 1}},
	{4, 1, [7]uint32{1, 1, 3, 3}},
	{4, 4, [7]uint32{1, 3, 5, 13}},
	{5, 2, [7]uint32{1, 1, 5, 5, 17}},
	{5, 4, [7]uint32{1, 1, 5, 5, 5}},
	{5, 7, [7]uint32{1, 1, 7, 11, 19}},
	{5, 11, [7]uint32{1, 1, 5, 1, 1}},
	{5, 13, [7]uint32{1, 1, 1, 3, 11}},
	{5, 14, [7]uint32{1, 3, 5, 5, 31}},
	{6, 1, [7]uint32{1, 3, 3, 9, 7, 49}},
	{6, 13, [7]uint32{1, 1, 1, 15, 21, 21}},
	{6, 16, [7]uint32{1, 3, 1, 13, 27, 49}},
	{6, 19, [7]uint32{1, 1, 1, 15, 7, 5}},
	{6, 22, [7]uint32{1, 3, 1, 15, 13, 25}},
	{6, 25, [7]uint32{1, 1, 5, 5, 19, 61}},
	{7, 1, [7]uint32{1, 3, 7, 11, 23, 15, 103}},
	{7, 4, [7]uint32{1, 3, 7, 13, 13, 15, 69}},
}

// directions are dimension d's direction numbers as fractions of 2³².
func directions(d int) [32]uint32 {
	var v [32]uint32
	if d == 0 {
		for k := range v {
			v[k] = 1 << (31 - k)
		}
		return v
	}
	row := &sobolTable[d-1]
	s := int(row.degree)
	for k := range v {
		if k < s {
			v[k] = row.first[k] << (31 - k)
			continue
		}
		v[k] = v[k-s] ^ v[k-s]>>s
		for j := 1; j < s; j++ {
			if row.inner>>(s-1-j)&1 == 1 {
				v[k] ^= v[k-j]
			}
		}
	}
	return v
}

// sobolPoint is point i of Sobol's sequence in the order of Gray codes (Antonov
// and Saleev 1979), shifted by a random pattern of bits unless seed is 0, which
// keeps its evenness.
func sobolPoint(seed uint64, i, dimensions int) []float64 {
	shift := rand.New(rand.NewPCG(seed, 0))
	out := make([]float64, dimensions)
	for d := range out {
		var x uint32
		v := directions(d)
		for gray := uint32(i) ^ uint32(i)>>1; gray != 0; gray &= gray - 1 {
			x ^= v[bits.TrailingZeros32(gray)]
		}
		if seed != 0 {
			x ^= shift.Uint32()
		}
		out[d] = float64(x) / (1 << 32)
	}
	return out
}
