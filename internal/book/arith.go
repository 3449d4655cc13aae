package book

import (
	"math/bits"

	"carry"
)

// The book's own integers. Products are made of 32-bit halves and quotients by
// long division on 32-bit digits, so that an error in the simulator's way of
// multiplying and rounding can not be repeated here.

// limitHi bounds every figure: |x| < 2^125 (4e21 USDT in 1e-16). Two such
// figures can be added or subtracted without looking, so callers may take
// differences of what the book returns.
const limitHi = 1 << 61

// perUSDT8 turns 1e-8 USDT into 1e-16 USDT.
const perUSDT8 = carry.Unit

// calc computes and remembers whether any step left the range, so that a chain
// of steps is checked once, before anything is written.
type calc struct{ over bool }

func (c *calc) keep(w carry.Wide) carry.Wide {
	if w.Hi >= limitHi || w.Hi < -limitHi || w.Hi == -limitHi && w.Lo == 0 {
		c.over = true
		return carry.Wide{}
	}
	return w
}

func (c *calc) add(a, b carry.Wide) carry.Wide {
	lo, hi := a.Lo+b.Lo, a.Hi+b.Hi
	if lo < a.Lo {
		hi++
	}
	return c.keep(carry.Wide{Hi: hi, Lo: lo})
}

func (c *calc) sub(a, b carry.Wide) carry.Wide { return c.keep(minus(a, b)) }

// amounts adds two figures of 1e-8 USDT.
func (c *calc) amounts(a, b carry.Amount) carry.Amount {
	s := a + b
	if (a^s)&(b^s) < 0 {
		c.over = true
		return 0
	}
	return s
}

// amount narrows to 1e-8 USDT.
func (c *calc) amount(w carry.Wide) carry.Amount {
	v := int64(w.Lo)
	if w.Hi != v>>63 {
		c.over = true
		return 0
	}
	return carry.Amount(v)
}

// mul is a·b.
func (c *calc) mul(a carry.Wide, b int64) carry.Wide {
	n := mulMag(magnitude(a), absolute(b))
	return c.signed(n, (a.Hi < 0) != (b < 0))
}

// mulDiv is a·b/d rounded toward minus infinity, for d > 0; the product may
// have 191 bits.
func (c *calc) mulDiv(a carry.Wide, b, d int64) carry.Wide {
	neg := (a.Hi < 0) != (b < 0)
	q, r := divMag(mulMag(magnitude(a), absolute(b)), uint64(d))
	w := c.signed(q, neg)
	if neg && r != 0 {
		w = c.sub(w, carry.Wide{Lo: 1})
	}
	return w
}

// toUSDT8 rounds 1e-16 USDT toward minus infinity to 1e-8.
func (c *calc) toUSDT8(w carry.Wide) carry.Amount {
	return c.amount(c.mulDiv(w, 1, perUSDT8))
}

func (c *calc) signed(n mag, neg bool) carry.Wide {
	if n[2] != 0 || n[1] >= limitHi {
		c.over = true
		return carry.Wide{}
	}
	w := carry.Wide{Hi: int64(n[1]), Lo: n[0]}
	if neg {
		return opposite(w)
	}
	return w
}

// widen is v as a 128-bit integer.
func widen(v int64) carry.Wide {
	if v < 0 {
		return carry.Wide{Hi: -1, Lo: uint64(v)}
	}
	return carry.Wide{Lo: uint64(v)}
}

// usdt16 is an amount in 1e-16 USDT; it always fits.
func usdt16(a carry.Amount) carry.Wide {
	hi, lo := product(absolute(int64(a)), perUSDT8)
	w := carry.Wide{Hi: int64(hi), Lo: lo}
	if a < 0 {
		return opposite(w)
	}
	return w
}

// minus is a−b for figures within the limit.
func minus(a, b carry.Wide) carry.Wide {
	hi := a.Hi - b.Hi
	if a.Lo < b.Lo {
		hi--
	}
	return carry.Wide{Hi: hi, Lo: a.Lo - b.Lo}
}

func opposite(w carry.Wide) carry.Wide { return minus(carry.Wide{}, w) }

// float is the nearest float64 to w, up to a double rounding in the last bit.
// It goes by magnitude: adding −2^64 and a rounded Lo would lose a small
// negative figure altogether.
func float(w carry.Wide) float64 {
	m := magnitude(w)
	f := float64(float64(m[1])*(1<<64)) + float64(m[0])
	if w.Hi < 0 {
		return -f
	}
	return f
}

// mag is an unsigned number, least significant word first.
type mag [3]uint64

func absolute(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

func magnitude(w carry.Wide) mag {
	if w.Hi < 0 {
		w = opposite(w)
	}
	return mag{w.Lo, uint64(w.Hi)}
}

// product is the full product of two words by halves.
func product(a, b uint64) (hi, lo uint64) {
	const half = 1<<32 - 1
	a0, a1, b0, b1 := a&half, a>>32, b&half, b>>32
	low := a0 * b0
	mid := a1*b0 + low>>32 // at most (2^32−1)^2 + 2^32−1 < 2^64
	cross := a0*b1 + mid&half
	return a1*b1 + mid>>32 + cross>>32, cross<<32 | low&half
}

// mulMag is the product of a number of at most two words with a word.
func mulMag(a mag, b uint64) mag {
	h0, l0 := product(a[0], b)
	if a[1] == 0 {
		return mag{l0, h0}
	}
	h1, l1 := product(a[1], b)
	m := h0 + l1
	if m < h0 {
		h1++
	}
	return mag{l0, m, h1}
}

// divMag divides by d > 0, digit by digit.
func divMag(n mag, d uint64) (q mag, r uint64) {
	if d>>32 == 0 {
		for i := 2; i >= 0; i-- {
			if r == 0 && n[i] == 0 {
				continue
			}
			t := r<<32 | n[i]>>32
			high := t / d
			t = (t-high*d)<<32 | n[i]&(1<<32-1)
			low := t / d
			q[i], r = high<<32|low, t-low*d
		}
		return q, r
	}
	// Bring d's first bit to the top, so that a digit's guess is off by 2 at most.
	shift := uint(bits.LeadingZeros64(d))
	d <<= shift
	// shift ≤ 31, so what leaves the top word is smaller than d.
	r = n[2] >> (64 - shift)
	n = mag{n[0] << shift, n[1]<<shift | n[0]>>(64-shift), n[2]<<shift | n[1]>>(64-shift)}
	for i := 2; i >= 0; i-- {
		if r == 0 && n[i] == 0 {
			continue // most figures have one word or two
		}
		high, rest := digit(r, n[i]>>32, d)
		low, rest := digit(rest, n[i]&(1<<32-1), d)
		q[i], r = high<<32|low, rest
	}
	return q, r >> shift
}

// digit is one step of long division (Knuth, TAOCP 4.3.1 D3): the 96-bit number
// r·2^32+u by d, whose top bit is set, with r < d. The guess is at most 2 too
// large, so q·d0 ≤ (2^32+1)(2^32−1) does not wrap; d has two digits, so the
// test on both is exact and nothing needs to be added back.
func digit(r, u, d uint64) (q, rest uint64) {
	d1, d0 := d>>32, d&(1<<32-1)
	q = r / d1
	t := r - q*d1
	for q*d0 > t<<32|u {
		q--
		t += d1
		if t>>32 != 0 {
			break
		}
	}
	return q, r<<32 + u - q*d
}
