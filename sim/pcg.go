package sim

import "math/bits"

// Concern names what a stream of random numbers is used for. Every (seed,
// concern, index) has a stream of its own, so that drawing more for one concern
// or adding a coin shifts nothing elsewhere.
type Concern uint64

// The generated market's concerns. Their values are part of its format.
const (
	concernRegime   Concern = iota + 1 // the common climate
	concernFactor                      // the common return
	concernOutage                      // spot outages
	concernEpisode                     // crashes, pumps, stress: one stream per window
	concernProfile                     // what a coin is
	concernPrice                       // a coin's own return
	concernRange                       // highs and lows
	concernPremium                     // a coin's premium
	concernVolume                      // volumes and the last tick
	concernLife                        // listing and delisting
	concernPoison                      // the poisoned future
	concernTransfer                    // what becomes of a transfer
	concernADL                         // whose short is taken away
)

// Stream is the generator PCG-DXSM with 128 bits of state (O'Neill; the same as
// PCG of math/rand/v2, which the tests hold it against). It is kept here so that
// a new Go release cannot change a market.
type Stream struct{ hi, lo uint64 }

// NewStream returns the stream of a seed, a concern and an index. The three are
// mixed by SplitMix64, so neighbours have unrelated states; two streams of one
// run overlap with a probability below 2^-70.
func NewStream(seed uint64, concern Concern, index uint64) Stream {
	x := splitMix(seed ^ 0x6361727279)
	x = splitMix(x ^ uint64(concern))
	x = splitMix(x ^ index)
	return Stream{hi: splitMix(x + 0x9e3779b97f4a7c15), lo: splitMix(x + 0x3c6ef372fe94f82a)}
}

// splitMix is one output of SplitMix64 (Steele, Lea, Flood 2014) from state x.
func splitMix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Uint64 is the next 64 random bits.
func (s *Stream) Uint64() uint64 {
	const (
		mulHi, mulLo = 2549297995355413924, 4865540595714422341
		incHi, incLo = 6364136223846793005, 1442695040888963407
	)
	hi, lo := bits.Mul64(s.lo, mulLo)
	hi += s.hi*mulLo + s.lo*mulHi
	lo, c := bits.Add64(lo, incLo, 0)
	hi, _ = bits.Add64(hi, incHi, c)
	s.lo, s.hi = lo, hi
	hi ^= hi >> 32
	hi *= 0xda942042e4dd58b5
	hi ^= hi >> 48
	return hi * (lo | 1)
}

// Float64 is uniform in (0, 1): the middle of one of 2^52 equal cells, so that
// neither 0 nor 1 can occur.
func (s *Stream) Float64() float64 { return unit(s.Uint64()) }

// Between is uniform in (a, b).
func (s *Stream) Between(a, b float64) float64 { return a + float64((b-a)*s.Float64()) }

// Intn is an integer in [0, n), n > 0, by multiplication (bias below n/2^64).
func (s *Stream) Intn(n int) int {
	hi, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(hi)
}

// Normal is a standard normal variate.
func (s *Stream) Normal() float64 { return normalQuantile(s.Float64()) }

// Exponential is an exponential variate of mean 1.
func (s *Stream) Exponential() float64 { return -ln(s.Float64()) }

// unit maps the upper 52 bits to the middle of their cell in (0, 1).
func unit(u uint64) float64 {
	return float64((float64(u>>12) + 0.5) * (1.0 / (1 << 52)))
}
