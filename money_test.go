package carry

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// bigOf is a Wide as math/big has it.
func bigOf(w Wide) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(w.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(w.Lo))
}

// wideOf is the inverse, for figures within 127 bits.
func wideOf(v *big.Int) Wide {
	lo := new(big.Int).And(v, new(big.Int).SetUint64(math.MaxUint64))
	return Wide{Hi: new(big.Int).Rsh(v, 64).Int64(), Lo: lo.Uint64()}
}

// drawWide is a figure of up to 2^120, of all magnitudes and signs.
func drawWide(t *rapid.T, name string) Wide {
	hi := rapid.Int64Range(-1<<56, 1<<56).Draw(t, name+" hi") >> rapid.IntRange(0, 57).Draw(t, name+" shift")
	return Wide{Hi: hi, Lo: rapid.Uint64().Draw(t, name+" lo")}
}

func sameBig(t *rapid.T, what string, got Wide, want *big.Int) {
	if bigOf(got).Cmp(want) != 0 {
		t.Fatalf("%s: got %s, math/big says %s", what, got, want)
	}
}

// Wide carries coin balances and exact products of money; math/big is slower
// and nobody doubts it.
func TestWideIsMathBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawWide(t, "a"), drawWide(t, "b")
		x, y := rapid.Int64().Draw(t, "x"), rapid.Int64().Draw(t, "y")
		d := rapid.Int64Range(1, math.MaxInt64).Draw(t, "d") >> rapid.IntRange(0, 62).Draw(t, "d shift")
		d = max(d, 1)
		sameBig(t, "from", WideFrom(x), big.NewInt(x))
		sameBig(t, "mul", WideMul(x, y), new(big.Int).Mul(big.NewInt(x), big.NewInt(y)))
		sameBig(t, "add", a.Add(b), new(big.Int).Add(bigOf(a), bigOf(b)))
		sameBig(t, "sub", a.Sub(b), new(big.Int).Sub(bigOf(a), bigOf(b)))
		sameBig(t, "neg", a.Neg(), new(big.Int).Neg(bigOf(a)))
		if got, want := a.Sign(), bigOf(a).Sign(); got != want {
			t.Fatalf("sign of %s is %d, not %d", a, got, want)
		}
		if got, want := a.Cmp(b), bigOf(a).Cmp(bigOf(b)); got != want {
			t.Fatalf("%s against %s: %d, not %d", a, b, got, want)
		}
		// big.Int.DivMod is Euclidean, which for a positive divisor is the floor.
		q, r := new(big.Int).DivMod(bigOf(a), big.NewInt(d), new(big.Int))
		gotQ, gotR := a.QuoFloor(d)
		sameBig(t, "quotient", gotQ, q)
		if gotR != r.Int64() {
			t.Fatalf("%s by %d leaves %d, not %s", a, d, gotR, r)
		}
		if v, ok := a.Int64(); ok != bigOf(a).IsInt64() || (ok && v != bigOf(a).Int64()) {
			t.Fatalf("%s as int64: %d, %t", a, v, ok)
		}
		if a.String() != bigOf(a).String() {
			t.Fatalf("%s is written %s", bigOf(a), a)
		}
		if back := wideOf(bigOf(a)); back != a {
			t.Fatalf("%v through math/big is %v", a, back)
		}
	})
}

// A float of a Wide may be off by one rounding more than the nearest one, never
// by a wrong word or sign.
func TestWideFloatIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawWide(t, "a")
		want, _ := new(big.Float).SetInt(bigOf(a)).Float64()
		if got := a.Float(); math.Abs(got-want) > math.Abs(want)*0x1p-52 {
			t.Fatalf("%s as float is %v, nearest is %v", a, got, want)
		}
		dp := int32(rapid.IntRange(0, 16).Draw(t, "dp"))
		if got := a.Decimal(dp).Shift(dp).BigInt(); got.Cmp(bigOf(a)) != 0 {
			t.Fatalf("%s / 10^%d as decimal loses digits: %s", a, dp, got)
		}
	})
	for _, v := range []int64{-1, -3, -1 << 53, 1, 1 << 62, math.MinInt64, math.MaxInt64} {
		if got := WideFrom(v).Float(); got != float64(v) {
			t.Errorf("%d as float is %v", v, got)
		}
	}
}

func TestQuoFloorRefusesAnImpossibleDivisor(t *testing.T) {
	for _, d := range []int64{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a division by %d went through", d)
				}
			}()
			WideFrom(1).QuoFloor(d)
		}()
	}
}

func TestFixedTextGoesThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64().Draw(t, "v") >> rapid.IntRange(0, 63).Draw(t, "shift")
		s := FormatFixed(v)
		want := new(big.Rat).SetFrac(big.NewInt(v), big.NewInt(Unit)).FloatString(8)
		if s != want {
			t.Fatalf("%d steps are written %s, math/big writes %s", v, s, want)
		}
		back, err := ParseFixed(s)
		if err != nil || back != v {
			t.Fatalf("%s was read as %d, %v", s, back, err)
		}
		if trimmed := strings.TrimSuffix(strings.TrimRight(s, "0"), "."); trimmed != "" && trimmed != "-" {
			if back, err = ParseFixed(trimmed); err != nil || back != v {
				t.Fatalf("%s was read as %d, %v", trimmed, back, err)
			}
		}
	})
	for v, want := range map[int64]string{
		0: "0.00000000", 1: "0.00000001", -1: "-0.00000001", 123456789012: "1234.56789012",
		math.MaxInt64: "92233720368.54775807", math.MinInt64: "-92233720368.54775808",
	} {
		if got := FormatFixed(v); got != want {
			t.Errorf("%d is written %s, not %s", v, got, want)
		}
		if Amount(v).String() != want || Price(v).String() != want {
			t.Errorf("amount and price of %d are written %s and %s", v, Amount(v), Price(v))
		}
	}
}

func TestFixedTextThatIsRefused(t *testing.T) {
	for s, word := range map[string]string{
		"": "not a decimal", "abc": "not a decimal", "1.2.3": "not a decimal", "1,5": "not a decimal",
		"NaN": "not a decimal", "Inf": "not a decimal", "0x10": "not a decimal", " 1": "not a decimal",
		strings.Repeat("1", 41):         "not a decimal",
		"0.000000001":                   "eight decimals",
		"1e-9":                          "eight decimals",
		"92233720368.54775808":          "does not fit",
		"-92233720368.54775809":         "does not fit",
		"1e30":                          "does not fit",
		"1e31":                          "exponent",
		"1e-31":                         "exponent",
		"0.000000000000000000000000001": "eight decimals",
	} {
		if v, err := ParseFixed(s); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q was read as %d, %v; want an error about %q", s, v, err, word)
		}
	}
	for s, want := range map[string]int64{"1e3": 1000 * Unit, "1.50000000000": 150000000, "-0": 0, "+2": 2 * Unit, "1E-8": 1} {
		if v, err := ParseFixed(s); err != nil || v != want {
			t.Errorf("%q was read as %d, %v; want %d", s, v, err, want)
		}
	}
}

// A quote on the tape is the float64 nearest to its text. Every one of ten
// million neighbouring ticks must come back, and so must random ones up to
// prices that no coin has; flooring loses one in seven.
func TestEveryTickSurvivesItsFloat(t *testing.T) {
	floored := 0
	for k := int64(1); k <= 1e7; k++ {
		x := float64(k) / Unit // correctly rounded, as is parsing the text
		if p := PriceFromFloat(x); int64(p) != k {
			t.Fatalf("tick %d came back as %d", k, p)
		}
		if int64(math.Floor(x*Unit)) != k {
			floored++
		}
	}
	t.Logf("flooring would have lost %d of 10000000 ticks", floored)
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.Int64Range(1, 1<<51).Draw(t, "k") >> rapid.IntRange(0, 50).Draw(t, "shift")
		if p := PriceFromFloat(Price(k).Float()); int64(p) != k {
			t.Fatalf("tick %d (%s USDT) came back as %d", k, Price(k), p)
		}
	})
}

// Money that is sent is judged in floats and must never overdraw by a float's
// last bit.
func TestAmountFloorNeverRoundsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(0, 9e9).Draw(t, "x")
		a := AmountFloor(x)
		exact := new(big.Rat).SetFloat64(x)
		got := new(big.Rat).SetFrac(big.NewInt(int64(a)), big.NewInt(Unit))
		// x × 100 is rounded once before the floor: at most one cent is at stake,
		// and only where x is a cent up to its last bit.
		if diff := new(big.Rat).Sub(got, exact); diff.Sign() > 0 {
			if f, _ := diff.Float64(); f > x*0x1p-52 {
				t.Fatalf("%v USDT became %s", x, a)
			}
		}
		if int64(a)%(Unit/100) != 0 {
			t.Fatalf("%s is not whole cents", a)
		}
		if x-a.Float() > 0.01000001 {
			t.Fatalf("%v USDT became %s: more than a cent less", x, a)
		}
	})
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -5, 0, 0.0099, 1e12} {
		if a := AmountFloor(x); a != 0 {
			t.Errorf("%v USDT became %s; nothing can be sent", x, a)
		}
	}
	if a := AmountFloor(10.999); a.String() != "10.99000000" {
		t.Errorf("10.999 USDT became %s", a)
	}
}

// Forty per cent of settlements are exactly 0.01 %: the grid must see it
// however the float came about.
func TestRatesMeetOnTheirGrid(t *testing.T) {
	hundredth := 0.0
	for range 10 {
		hundredth += 0.00001 // not the float nearest to 0.0001
	}
	for _, e := range []struct {
		rate float64
		want int64
	}{{0.0001, 10000}, {hundredth, 10000}, {0.0003 - 0.0002, 10000}, {-0.002, -200000}, {0.000099999999, 10000}, {0, 0}} {
		if got := RateTicks(e.rate); got != e.want {
			t.Errorf("rate %v is %d steps, not %d", e.rate, got, e.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.Int64Range(-1e8, 1e8).Draw(t, "k")
		if got := RateTicks(SettledRate(k).Float()); got != k {
			t.Fatalf("%d steps came back as %d", k, got)
		}
	})
}
