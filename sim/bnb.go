package sim

import "carry"

// priceBNB takes BNB's price from a cross-section that has it.
func (x *Exchange) priceBNB(m *carry.Market) {
	if x.bnbPair >= 0 && m.SpotLast[x.bnbPair] > 0 {
		x.bnbPrice = carry.PriceFromFloat(m.SpotLast[x.bnbPair])
	}
}

// stockBNB turns BNBUSDT of the capital into BNB at its price, half of it from
// each wallet.
func (x *Exchange) stockBNB() {
	half := x.opt.BNBUSDT / 2
	// Rounded down, so that the account is worth no more than before.
	q, _ := carry.WideMul(int64(half), carry.Unit).QuoFloor(int64(x.bnbPrice))
	stock, _ := q.Int64()
	x.acct.spotUSDT -= half
	x.acct.perpUSDT -= half
	x.acct.bnb = [2]carry.Amount{carry.Amount(stock), carry.Amount(stock)}
}
