package sim

import (
	"math/bits"

	"carry"
)

// account is the exchange's own book of one customer: the venue's truth, kept
// with other code than internal/book so that each can find the other's errors.
type account struct {
	spotUSDT, perpUSDT carry.Amount // perpUSDT includes what is isolated
	coins              []carry.Wide // 1e-8 coins
	perpCoins          []carry.Wide // in the futures wallet, no margin
	bnb                [2]carry.Amount
	qty                []carry.Qty  // contracts, negative for a short
	cost               []carry.Wide // signed entry notional, 1e-16 USDT
	// isolated is the margin of each position by itself, and its sum; both stay
	// nothing with cross margin.
	isolated    []carry.Amount
	isolatedSum carry.Amount
	// Floats of the same for margin judgements, and the list of pairs with
	// contracts, in pair order.
	qtyF, costF []float64
	open        []int32
}

func newAccount(n int) account {
	return account{coins: make([]carry.Wide, n), perpCoins: make([]carry.Wide, n), isolated: make([]carry.Amount, n), qty: make([]carry.Qty, n), cost: make([]carry.Wide, n),
		qtyF: make([]float64, n), costF: make([]float64, n), open: make([]int32, 0, n)}
}

// notional is price × quantity in 1e-16 USDT. Quantities are in quanta of
// 10^-dp.
func notional(price carry.Price, q carry.Qty, dp int8) carry.Wide {
	return scale(carry.WideMul(int64(price), int64(q)), 8-dp)
}

// scale multiplies by 10^k, 0 ≤ k ≤ 8, by shifts of at most 10^4 so that the
// partial products stay within 128 bits for any money there is.
func scale(w carry.Wide, k int8) carry.Wide {
	for ; k > 0; k-- {
		double := w.Add(w)
		eight := double.Add(double)
		eight = eight.Add(eight)
		w = eight.Add(double)
	}
	return w
}

// floorTo8 rounds 1e-16 USDT down to 1e-8, toward minus infinity: against
// the customer whichever way the money goes.
func floorTo8(w carry.Wide) carry.Amount {
	q, _ := w.QuoFloor(carry.Unit)
	v, ok := q.Int64()
	if !ok {
		panic("sim: amount of money beyond int64")
	}
	return carry.Amount(v)
}

// feeOn is value × rate rounded up to 1e-8: one ceiling of the exact product,
// as the floor of its negative.
func feeOn(value carry.Wide, rate int64) carry.Amount { return -floorTo8(mulRate(value.Neg(), rate)) }

// mulRate is w × rate / 1e8 for a rate in steps of 1e-8, floored to 1e-16.
func mulRate(w carry.Wide, rate int64) carry.Wide {
	hi, rem := w.QuoFloor(carry.Unit)
	part := mulWide(hi, rate)
	low, _ := carry.WideMul(rem, rate).QuoFloor(carry.Unit)
	return part.Add(low)
}

// mulWide is w × m for |m| < 2^31 and |w| < 2^95.
func mulWide(w carry.Wide, m int64) carry.Wide {
	neg := w.Sign() < 0
	if neg {
		w = w.Neg()
	}
	lo := carry.WideMul(int64(w.Lo&0xffffffff), m)
	mid := carry.WideMul(int64(w.Lo>>32), m)
	high := carry.WideMul(w.Hi, m)
	sum := lo.Add(shl(mid, 32)).Add(carry.Wide{Hi: int64(high.Lo)})
	if neg {
		return sum.Neg()
	}
	return sum
}

func shl(w carry.Wide, n uint) carry.Wide {
	return carry.Wide{Hi: w.Hi<<n | int64(w.Lo>>(64-n)), Lo: w.Lo << n}
}

// trade changes the contracts of pair i by a fill and returns the profit
// realised. The fill must not cross through zero.
func (a *account) trade(i int32, pair *carry.Pair, side carry.Side, q carry.Qty, price carry.Price) carry.Amount {
	signed := carry.Qty(side) * q
	value := notional(price, signed, pair.QtyDp)
	old := a.qty[i]
	var realised carry.Amount
	if old == 0 || (old < 0) == (signed < 0) {
		a.cost[i] = a.cost[i].Add(value)
	} else {
		realised = a.realise(i, old, q, value)
	}
	a.qty[i] = old + signed
	a.mirror(i, pair)
	return realised
}

// realise closes q of |old| contracts for value (signed, 1e-16). The profit is
// −cost × q/|old| − value, rounded down to 1e-8; what rounding leaves stays in
// the entry cost of the rest and is dropped when nothing is left.
func (a *account) realise(i int32, old, q carry.Qty, value carry.Wide) carry.Amount {
	size := old
	if size < 0 {
		size = -size
	}
	share := a.cost[i].Neg()
	if q != size {
		// share × q / size in two steps, to stay within 128 bits. Both floors are
		// of integers, so the result is the floor of the exact quotient.
		whole, rem := share.QuoFloor(int64(size))
		part, _ := carry.WideMul(rem, int64(q)).QuoFloor(int64(size))
		share = mulQty(whole, q).Add(part)
	}
	profit := floorTo8(share.Sub(value))
	a.cost[i] = a.cost[i].Add(value).Add(carry.WideMul(int64(profit), carry.Unit))
	if q == size {
		a.cost[i] = carry.Wide{}
	}
	return profit
}

// fundingOn is price × quantity × rate rounded down to 1e-8 USDT: one floor of
// the exact product, since nested floors of integers are one floor.
func fundingOn(price carry.Price, q carry.Qty, dp int8, rate int64) carry.Amount {
	// Nearly always price × |quantity| fits 63 bits: then a product and a quotient
	// of two words are enough.
	hi, lo := bits.Mul64(uint64(price), uint64(max(q, -q)))
	if hi != 0 || int64(lo) < 0 || price < 0 {
		return floorTo8(mulRate(notional(price, q, dp), rate))
	}
	neg := (q < 0) != (rate < 0)
	hi, lo = bits.Mul64(lo, uint64(max(rate, -rate)))
	d := uint64(carry.Pow10[8+dp])
	if hi >= d>>1 { // the quotient would not be an int64
		return floorTo8(mulRate(notional(price, q, dp), rate))
	}
	quo, rem := bits.Div64(hi, lo, d)
	if !neg {
		return carry.Amount(quo)
	}
	if rem != 0 {
		quo++
	}
	return -carry.Amount(quo)
}

// mulQty is w × q for a non-negative q of any size where the product fits.
func mulQty(w carry.Wide, q carry.Qty) carry.Wide {
	lo := mulWide(w, int64(q)&0x7fffffff)
	hi := mulWide(w, int64(q)>>31)
	return lo.Add(shl(hi, 31))
}

// mirror keeps the floats and the list of open pairs in step.
func (a *account) mirror(i int32, pair *carry.Pair) {
	was := a.qtyF[i] != 0
	a.qtyF[i] = pair.QtyFloat(a.qty[i])
	a.costF[i] = a.cost[i].Float() / (carry.Unit * float64(carry.Unit))
	is := a.qty[i] != 0
	switch {
	case is && !was:
		k := 0
		for k < len(a.open) && a.open[k] < i {
			k++
		}
		a.open = append(a.open, 0)
		copy(a.open[k+1:], a.open[k:])
		a.open[k] = i
	case was && !is:
		k := 0
		for a.open[k] != i {
			k++
		}
		a.open = append(a.open[:k], a.open[k+1:]...)
	}
}
