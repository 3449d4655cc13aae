package hedge

import (
	"math"

	"carry"
)

// least is the smallest order value that both legs accept, with 2 % room for the
// price to move.
func (d *Desk) least(i int, m *carry.Market) float64 {
	r, least := d.rules[i], 0.0
	for leg := range r.Legs {
		price := m.Ask(carry.Leg(leg), i)
		f := &r.Legs[leg]
		lots := f.MinQty
		if lot := f.Lot(); lots < lot {
			lots = lot
		}
		least = max(least, 1.02*max(f.MinNotional.Float(), price*d.pairs[i].QtyFloat(lots)))
	}
	return least
}

// contractsFor is the number of whole contract lots worth at most value, and no
// more than one order of each leg takes.
func (d *Desk) contractsFor(i int, value float64, m *carry.Market) carry.Qty {
	q := min(d.pairs[i].QtyFloor(value/m.Ask(carry.Perp, i)), d.lots[i].most)
	return d.rules[i].Legs[carry.Perp].FloorQty(q)
}

// buyFor is the spot quantity that leaves at least the coins of q contracts
// after the fee taken in coins.
func (d *Desk) buyFor(i int, q carry.Qty) carry.Qty {
	coins := q * carry.Qty(d.pairs[i].Mult)
	if d.terms.FeeInCoin {
		coins = carry.Qty(math.Ceil(float64(coins) / (1 - d.terms.SpotFeeFrac)))
	}
	return d.rules[i].Legs[carry.Spot].CeilQty(coins)
}

// openBoth orders both legs of about value USDT and returns the notional sent,
// 0 if the rules allow none.
func (d *Desk) openBoth(i int, value float64, m *carry.Market, code carry.Code, x [3]float64) float64 {
	q := d.contractsFor(i, value, m)
	if q == 0 {
		return 0
	}
	r, pair := d.rules[i], &d.pairs[i]
	buy := d.buyFor(i, q)
	spotMid, perpMid := m.Ask(carry.Spot, i), m.Bid(carry.Perp, i)
	if r.Legs[carry.Perp].Check(q, carry.PriceFromFloat(perpMid), 0, pair.QtyUnit(), false) != carry.OK ||
		r.Legs[carry.Spot].Check(buy, carry.PriceFromFloat(spotMid), 0, pair.QtyUnit(), false) != carry.OK {
		return 0
	}
	sent := float64(pair.QtyFloat(q) * perpMid)
	d.order(i, carry.Perp, carry.Sell, q, m, code, x)
	d.pends(i, carry.Perp, sent)
	d.order(i, carry.Spot, carry.Buy, buy, m, code, x)
	d.pends(i, carry.Spot, sent)
	return sent
}

// closeBoth reduces both legs by about value USDT, at least by an order that both
// accept and at most by a slice; what would be left below the smallest order goes
// too. value = +Inf closes everything. What one slice or one order of a leg cannot
// take stays whole, both legs of it, for the next. It returns the notional sent.
func (d *Desk) closeBoth(i int, value float64, m *carry.Market, code carry.Code, x [3]float64) float64 {
	held := -d.acct.PerpQty[i]
	pair, r := &d.pairs[i], d.rules[i]
	coins := d.sellable(i)
	q, asked := held, value
	if held > 0 {
		worth := float64(pair.QtyFloat(held) * m.Ask(carry.Perp, i))
		least := d.least(i, m)
		if d.pool != poolEmergency {
			value = min(value, d.slice)
		}
		if value = max(value, least); value < worth-least {
			q = min(d.contractsUp(i, value, m), held)
		}
		q = r.Legs[carry.Perp].FloorQty(min(q, d.lots[i].most))
	}
	all := q == held
	sell := q * carry.Qty(pair.Mult)
	if all || sell > coins {
		sell = coins
	}
	sell = r.Legs[carry.Spot].FloorQty(sell)
	sent := 0.0
	if q > 0 {
		d.order(i, carry.Perp, carry.Buy, q, m, code, x)
		sent = float64(pair.QtyFloat(q) * m.Ask(carry.Perp, i))
	}
	if sell > 0 && r.Legs[carry.Spot].Check(sell, carry.PriceFromFloat(m.Bid(carry.Spot, i)), 0, pair.QtyUnit(), false) == carry.OK {
		d.order(i, carry.Spot, carry.Sell, sell, m, code, x)
	}
	if d.st[i].orders == 0 {
		return 0
	}
	d.sliced(i)
	if !all && sent < asked {
		d.wakeBy(d.st[i].nextSlice)
	}
	return sent
}

// contractsUp is value in contract lots, rounded up, so that a reduction never
// falls short of its aim.
func (d *Desk) contractsUp(i int, value float64, m *carry.Market) carry.Qty {
	f := &d.rules[i].Legs[carry.Perp]
	q := f.CeilQty(carry.Qty(math.Ceil(value / m.Ask(carry.Perp, i) * float64(d.pairs[i].QtyUnit()))))
	if q < f.MinQty {
		q = f.MinQty
	}
	if q == 0 {
		q = f.Lot()
	}
	return q
}
