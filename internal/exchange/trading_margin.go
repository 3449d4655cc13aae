package exchange

import (
	"math"

	"carry"
)

// positionMargin is what a position binds and where it would be liquidated.
type positionMargin struct {
	notional             float64 // signed, at mark, USDT
	initial, maintenance float64 // USDT
	liquidation          float64 // mark, 0: none
}

// marginOf judges a pair's contracts at the last marks; all is cross.
func (t *Trading) marginOf(i int32) (m positionMargin) {
	_, perp, _, contracts := t.venue.Exchange().Balances()
	mark := t.market.Mark[i]
	if contracts[i] == 0 || !(mark > 0) {
		return m
	}
	q := t.info.Pairs[i].QtyFloat(contracts[i])
	m.notional = q * mark
	m.initial = math.Abs(m.notional) / float64(t.leverageOf(t.symbol(FuturesMarket, i)))
	var brackets []carry.Bracket
	if r := t.rules[i]; r != nil {
		brackets = r.Brackets
	}
	m.maintenance = carry.MaintenanceMargin(brackets, math.Abs(m.notional))
	cost, _ := t.venue.Exchange().EntryCost(i).Decimal(16).Float64()
	balance, maintenance, _ := t.venue.Exchange().Margin()
	p := carry.Margined{Side: carry.Buy, Qty: math.Abs(q), Entry: cost / q, Wallet: perp.Float(),
		OtherMaintenance: maintenance - m.maintenance, OtherProfit: balance - perp.Float() - (m.notional - cost)}
	if q < 0 {
		p.Side = carry.Sell
	}
	if m.liquidation = p.Price(brackets); math.IsInf(m.liquidation, 0) {
		m.liquidation = 0
	}
	return m
}
