package sim

import "carry"

// setLeverage changes the leverage of a pair: between 1 and what its brackets
// allow for what is held (binance.md §3.4, -2028).
func (x *Exchange) setLeverage(c *carry.Command, at carry.Time) {
	held := -float64(x.acct.qtyF[c.Pair] * x.mark[c.Pair])
	want := float64(c.ID)
	if want < 1 || x.acct.qty[c.Pair] != 0 && held > largest(x.brackets[c.Pair], want) {
		x.reject(c, at, carry.CodeLeverage)
		return
	}
	x.leverage[c.Pair] = want
}
