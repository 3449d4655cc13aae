package carry

import "math"

// Margined is one position and what bears it, for its liquidation price. With
// isolated margin Wallet is the position's own and the others are nothing.
type Margined struct {
	Side   Side    // Buy: long
	Qty    float64 // contracts, ≥ 0
	Entry  float64 // mean entry price, USDT
	Wallet float64 // balance without unrealised profit, USDT
	// Of all other cross positions, at their marks, USDT.
	OtherMaintenance, OtherProfit float64
}

// PriceAt is the mark at which the margin balance falls to the maintenance
// margin of one bracket:
//
//	LP = (WB − TMM1 + UPNL1 + cum − side·q·EP) / (q·MMR − side·q)
//
// Source: Binance's FAQ, binance.md §2.6, whose worked examples it gives to the
// last digit.
func (m *Margined) PriceAt(mmr, cum float64) float64 {
	signed := float64(float64(m.Side) * m.Qty)
	free := m.Wallet - m.OtherMaintenance + m.OtherProfit + cum
	return (free - float64(signed*m.Entry)) / (float64(m.Qty*mmr) - signed)
}

// Price is the mark at which the position is liquidated: PriceAt of the bracket
// in which its notional then lies. +Inf for no position, 0 for a long that no
// price liquidates.
func (m *Margined) Price(brackets []Bracket) float64 {
	if m.Qty <= 0 {
		return math.Inf(1)
	}
	if len(brackets) == 0 {
		return max(m.PriceAt(0.025, 0), 0)
	}
	p := 0.0
	for k := range brackets {
		b := &brackets[k]
		p = m.PriceAt(b.MMR, b.Cum)
		if v := m.Qty * p; v >= b.Floor && v < b.Cap {
			return p
		}
	}
	return max(p, 0)
}
