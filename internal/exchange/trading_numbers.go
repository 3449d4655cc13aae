package exchange

import (
	"math"
	"strconv"
	"strings"

	"carry"

	"github.com/shopspring/decimal"
)

// qtyText writes a quantity in quanta of a pair with its decimals.
func qtyText(p *carry.Pair, q carry.Qty) string {
	return decimal.New(int64(q), -int32(p.QtyDp)).StringFixed(int32(p.QtyDp))
}

// coinText writes 1e-8 coins.
func coinText(w carry.Wide) string { return w.Decimal(8).StringFixed(8) }

// readQty reads a quantity exactly; false where it is no number or finer than a
// quantum.
func readQty(p *carry.Pair, text string) (carry.Qty, bool) {
	d, ok := readDecimal(text)
	if !ok {
		return 0, false
	}
	q := d.Shift(int32(p.QtyDp))
	if !q.IsInteger() || !q.BigInt().IsInt64() {
		return 0, false
	}
	return carry.Qty(q.IntPart()), true
}

// readDecimal reads plain decimal text, as Binance accepts it.
func readDecimal(text string) (decimal.Decimal, bool) {
	if text == "" || len(text) > 30 || strings.Trim(text, "0123456789.") != "" {
		return decimal.Decimal{}, false
	}
	d, err := decimal.NewFromString(text)
	return d, err == nil
}

// figure writes a quote or a rate. In lockstep it has all its digits; otherwise
// it is rounded as on the wire. Not a number: not known.
func (t *Trading) figure(x float64, dp int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	if t.opt.Lockstep {
		dp = -1
	}
	return strconv.FormatFloat(x, 'f', dp, 64)
}

// wireSide is a side in Binance's words.
func wireSide(s carry.Side) string {
	if s == carry.Buy {
		return "BUY"
	}
	return "SELL"
}

// legOf is a market's leg.
func legOf(m Market) carry.Leg { return carry.Leg(m) }
