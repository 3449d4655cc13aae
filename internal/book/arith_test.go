package book

import (
	"math"
	"math/big"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// bigOf is the oracle's view of a 128-bit integer.
func bigOf(w carry.Wide) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(w.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(w.Lo))
}

// inLimit is the book's range, in the oracle's words.
func inLimit(v *big.Int) bool {
	return new(big.Int).Abs(v).Cmp(new(big.Int).Lsh(big.NewInt(1), 125)) < 0
}

// floorQuo is ⌊n/d⌋ for d > 0, where Euclid's division is the same.
func floorQuo(n, d *big.Int) *big.Int {
	q, _ := new(big.Int).DivMod(n, d, new(big.Int))
	return q
}

// words draws 64-bit words whose sizes spread over all lengths and whose bits
// are often all ones or all zeros, where carries and guessed digits go wrong.
func words(t *rapid.T, name string) uint64 {
	v := rapid.OneOf(
		rapid.Uint64(),
		rapid.SampledFrom([]uint64{0, 1, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<63 - 1, 1 << 63, math.MaxUint64}),
	).Draw(t, name)
	return v >> rapid.IntRange(0, 63).Draw(t, name+"Shift")
}

func drawWide(t *rapid.T, name string) carry.Wide {
	w := carry.Wide{Hi: int64(words(t, name+"Hi") >> 3), Lo: words(t, name+"Lo")}
	if rapid.Bool().Draw(t, name+"Neg") {
		return opposite(w)
	}
	return w
}

func drawInt(t *rapid.T, name string) int64 { return int64(words(t, name)) }

func TestProductsAndQuotientsAgreeWithMathBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawWide(t, "a"), drawInt(t, "b")
		d := drawInt(t, "d")>>1&math.MaxInt64 | 1
		exact := new(big.Int).Mul(bigOf(a), big.NewInt(b))
		var c calc
		if got := c.mul(a, b); c.over == inLimit(exact) || !c.over && bigOf(got).Cmp(exact) != 0 {
			t.Fatalf("%v × %d = %v (overflow %t), want %v", bigOf(a), b, bigOf(got), c.over, exact)
		}
		want := floorQuo(exact, big.NewInt(d))
		c = calc{}
		if got := c.mulDiv(a, b, d); c.over == inLimit(want) || !c.over && bigOf(got).Cmp(want) != 0 {
			t.Fatalf("⌊%v × %d / %d⌋ = %v (overflow %t), want %v", bigOf(a), b, d, bigOf(got), c.over, want)
		}
	})
}

func TestProductAndLongDivisionOfThreeWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := mag{words(t, "n0"), words(t, "n1"), words(t, "n2")}
		d := words(t, "d") | 1
		q, r := divMag(n, d)
		back := new(big.Int).Mul(magBig(q), new(big.Int).SetUint64(d))
		back.Add(back, new(big.Int).SetUint64(r))
		if r >= d || back.Cmp(magBig(n)) != 0 {
			t.Fatalf("%v / %d = %v rest %d", magBig(n), d, magBig(q), r)
		}
		n[2] = 0
		want := new(big.Int).Mul(magBig(n), new(big.Int).SetUint64(d))
		if got := magBig(mulMag(n, d)); got.Cmp(want) != 0 {
			t.Fatalf("%v × %d = %v", magBig(n), d, got)
		}
	})
}

func magBig(m mag) *big.Int {
	v := new(big.Int)
	for i := 2; i >= 0; i-- {
		v.Lsh(v, 64)
		v.Or(v, new(big.Int).SetUint64(m[i]))
	}
	return v
}

func TestSumsAgreeWithMathBigAndNeverWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawWide(t, "a"), drawWide(t, "b")
		for _, op := range []struct {
			name string
			got  func(c *calc) carry.Wide
			want *big.Int
		}{
			{"+", func(c *calc) carry.Wide { return c.add(a, b) }, new(big.Int).Add(bigOf(a), bigOf(b))},
			{"−", func(c *calc) carry.Wide { return c.sub(a, b) }, new(big.Int).Sub(bigOf(a), bigOf(b))},
		} {
			var c calc
			got := op.got(&c)
			if c.over == inLimit(op.want) || !c.over && bigOf(got).Cmp(op.want) != 0 {
				t.Fatalf("%v %s %v = %v (overflow %t), want %v", bigOf(a), op.name, bigOf(b), bigOf(got), c.over, op.want)
			}
		}
		x, y := drawInt(t, "x"), drawInt(t, "y")
		var c calc
		sum := new(big.Int).Add(big.NewInt(x), big.NewInt(y))
		if got := c.amounts(carry.Amount(x), carry.Amount(y)); c.over == sum.IsInt64() || !c.over && int64(got) != sum.Int64() {
			t.Fatalf("%d + %d = %d (overflow %t)", x, y, got, c.over)
		}
		c = calc{}
		if got := c.amount(a); c.over == bigOf(a).IsInt64() || !c.over && int64(got) != bigOf(a).Int64() {
			t.Fatalf("%v narrowed to %d (overflow %t)", bigOf(a), got, c.over)
		}
		if got, want := bigOf(usdt16(carry.Amount(x))), new(big.Int).Mul(big.NewInt(x), big.NewInt(1e8)); got.Cmp(want) != 0 {
			t.Fatalf("%d in 1e-16 is %v, want %v", x, got, want)
		}
	})
}

// A short's cost is a negative 128-bit figure; its float must be as good as a
// positive one's.
func TestFloatIsWithinOneStepOfMathBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWide(t, "w")
		want, _ := new(big.Float).SetInt(bigOf(w)).Float64()
		got := float(w)
		if got != want && got != math.Nextafter(want, math.Inf(1)) && got != math.Nextafter(want, math.Inf(-1)) {
			t.Fatalf("float of %v is %v, want %v", bigOf(w), got, want)
		}
	})
	if got := float(widen(-5)); got != -5 {
		t.Errorf("float of −5 is %v", got)
	}
}
