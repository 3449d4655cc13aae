package carry

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"

	"github.com/shopspring/decimal"
)

// Unit is the number of fixed-point steps in one USDT, one coin or a rate of 1:
// eight decimals, as Binance keeps its accounts.
const Unit = 100_000_000

// Amount is USDT in steps of 1e-8. int64 holds 92 billion USDT.
type Amount int64

// Price is USDT per unit of the instrument in steps of 1e-8. A perpetual on a
// multiplied contract (1000SHIB) is priced per contract, not per coin.
type Price int64

// Qty is a quantity of an instrument in quanta of its pair: 10^-Pair.QtyDp
// coins on spot, contracts on the perpetual. The quantum is the finest lot of
// both legs, so that cheap coins, which overflow a fixed 1e-8, still fit.
type Qty int64

// SettledRate is a funding rate that has been paid, as a fraction of notional
// per settlement in steps of 1e-8. It is an integer because about 40 % of
// settlements are exactly 0.01 % and comparisons must see that.
type SettledRate int64

// PredictedRate is the rate a settlement would have if the premium stayed as it
// is: a fraction of notional per settlement. It is known before the settlement
// and is a different type from SettledRate so that neither can stand in for
// the other.
type PredictedRate float64

// ErrOverflow says that a figure does not fit its fixed-point type.
var ErrOverflow = errors.New("figure does not fit its fixed-point type")

// ParseFixed reads decimal text into steps of 1e-8. Text with more than eight
// decimals, exponents beyond ±30 or a value outside int64 is an error.
func ParseFixed(s string) (int64, error) {
	if len(s) == 0 || len(s) > 40 {
		return 0, fmt.Errorf("%q is not a decimal number", s)
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a decimal number", s)
	}
	if e := d.Exponent(); e > 30 || e < -30 {
		return 0, fmt.Errorf("%q: exponent out of range", s)
	}
	scaled := d.Shift(8)
	if !scaled.IsInteger() {
		return 0, fmt.Errorf("%q has more than eight decimals", s)
	}
	if !scaled.BigInt().IsInt64() {
		return 0, fmt.Errorf("%q: %w", s, ErrOverflow)
	}
	return scaled.IntPart(), nil
}

// FormatFixed writes steps of 1e-8 as plain decimal text with all eight
// decimals, never in scientific notation.
func FormatFixed(v int64) string { return string(AppendFixed(nil, v)) }

// AppendFixed is FormatFixed into a buffer, without allocating.
func AppendFixed(dst []byte, v int64) []byte {
	u := uint64(v)
	if v < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = strconv.AppendUint(dst, u/Unit, 10)
	dst = append(dst, '.')
	frac := u % Unit
	for div := uint64(Unit / 10); div > 0; div /= 10 {
		dst = append(dst, byte('0'+frac/div%10))
	}
	return dst
}

// String writes the amount with eight decimals.
func (a Amount) String() string { return FormatFixed(int64(a)) }

// Float is the nearest float64, in USDT.
func (a Amount) Float() float64 { return float64(a) / Unit }

// String writes the price with eight decimals.
func (p Price) String() string { return FormatFixed(int64(p)) }

// Float is the nearest float64, in USDT.
func (p Price) Float() float64 { return float64(p) / Unit }

// Float is the rate as a fraction of notional per settlement.
func (r SettledRate) Float() float64 { return float64(r) / Unit }

// PriceFromFloat returns the price nearest to x. A quote on the tape is the
// float64 nearest to a multiple of 1e-8, so rounding restores it exactly below
// 2^51 steps (22.5 million USDT); flooring would be wrong for one price in seven.
func PriceFromFloat(x float64) Price {
	return Price(math.Floor(float64(x*Unit) + 0.5))
}

// AmountFloor turns a judged figure into money to be sent, rounded down to a
// whole cent so that a float's last bits can never overdraw a wallet. NaN,
// infinities and negative figures give 0.
func AmountFloor(x float64) Amount {
	if !(x > 0) || x > 9e10 {
		return 0
	}
	return Amount(math.Floor(float64(x*100))) * (Unit / 100)
}

// RateTicks rounds a predicted rate to steps of 1e-8, the grid on which rates
// are compared.
func RateTicks(r float64) int64 { return int64(math.Floor(float64(r*Unit) + 0.5)) }

// Pow10 holds the powers of ten that fit an int64.
var Pow10 = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// Wide is a signed 128-bit integer. It holds coin balances (1e-8 coins, which
// overflow int64 on coins worth a hundredth of a cent) and exact products of a
// price and a quantity (1e-16 USDT).
type Wide struct {
	Hi int64
	Lo uint64
}

// WideFrom widens an int64.
func WideFrom(v int64) Wide { return Wide{Hi: v >> 63, Lo: uint64(v)} }

// WideMul is the exact product of two int64s.
func WideMul(a, b int64) Wide {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	// Two's complement: the unsigned product counts 2^64 too much per negative factor.
	h := int64(hi)
	if a < 0 {
		h -= b
	}
	if b < 0 {
		h -= a
	}
	return Wide{Hi: h, Lo: lo}
}

// Add returns w + v. It wraps at 2^127, which sums of money stay 16 orders of
// magnitude away from.
func (w Wide) Add(v Wide) Wide {
	lo, carry := bits.Add64(w.Lo, v.Lo, 0)
	return Wide{Hi: w.Hi + v.Hi + int64(carry), Lo: lo}
}

// Neg returns -w.
func (w Wide) Neg() Wide {
	lo, borrow := bits.Sub64(0, w.Lo, 0)
	return Wide{Hi: -w.Hi - int64(borrow), Lo: lo}
}

// Sub returns w - v.
func (w Wide) Sub(v Wide) Wide {
	lo, borrow := bits.Sub64(w.Lo, v.Lo, 0)
	return Wide{Hi: w.Hi - v.Hi - int64(borrow), Lo: lo}
}

// Sign is -1, 0 or 1.
func (w Wide) Sign() int {
	switch {
	case w.Hi < 0:
		return -1
	case w.Hi == 0 && w.Lo == 0:
		return 0
	}
	return 1
}

// Cmp compares w with v: -1, 0 or 1.
func (w Wide) Cmp(v Wide) int { return w.Sub(v).Sign() }

// Int64 returns w and whether it fits.
func (w Wide) Int64() (int64, bool) {
	return int64(w.Lo), w.Hi == int64(w.Lo)>>63
}

// Float is the nearest float64 to w, up to a double rounding in the last bit.
// It goes by magnitude: the halves of a small negative figure would cancel.
func (w Wide) Float() float64 {
	if w.Hi < 0 {
		return -w.Neg().Float()
	}
	return float64(float64(w.Hi)*(1<<64)) + float64(w.Lo)
}

// String writes w as a decimal integer.
func (w Wide) String() string { return w.Decimal(0).String() }

// Decimal is w / 10^dp, exactly.
func (w Wide) Decimal(dp int32) decimal.Decimal {
	hi := decimal.NewFromInt(w.Hi).Mul(decimal.New(1, 0).Add(decimal.NewFromUint64(math.MaxUint64)))
	return hi.Add(decimal.NewFromUint64(w.Lo)).Shift(-dp)
}

// QuoFloor divides by d > 0 rounding toward minus infinity, and returns the
// remainder in [0, d).
func (w Wide) QuoFloor(d int64) (Wide, int64) {
	if d <= 0 {
		panic("carry: QuoFloor by a divisor that is not positive")
	}
	neg := w.Hi < 0
	m := w
	if neg {
		m = w.Neg()
	}
	qhi := uint64(m.Hi) / uint64(d)
	rhi := uint64(m.Hi) % uint64(d)
	qlo, r := bits.Div64(rhi, m.Lo, uint64(d))
	q := Wide{Hi: int64(qhi), Lo: qlo}
	if !neg {
		return q, int64(r)
	}
	q = q.Neg()
	if r == 0 {
		return q, 0
	}
	return q.Sub(Wide{Lo: 1}), d - int64(r)
}
