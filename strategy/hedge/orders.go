package hedge

import (
	"math"

	"carry"
)

// order sends one leg. The pair counts as busy until the outcome is known, so
// that late news never causes a second opening or closing (S16).
func (d *Desk) order(i int, leg carry.Leg, side carry.Side, q carry.Qty, m *carry.Market, code carry.Code, x [3]float64) {
	d.nextID++
	d.out = append(d.out, carry.Command{Kind: carry.CmdOrder, Pair: int32(i), Leg: leg, Side: side, Qty: q,
		Order: d.nextID, ReduceOnly: leg == carry.Perp && side == carry.Buy, Ref: carry.PriceFromFloat(m.Mid(leg, i)), Code: code, X: x})
	d.st[i].orders++
	d.inFlight++
	d.touch(i)
}

// note records a decision that is no order.
func (d *Desk) note(i int, code carry.Code, x [3]float64) {
	d.out = append(d.out, carry.Command{Kind: carry.CmdNote, Pair: int32(i), Code: code, X: x})
}

// orderDone takes an outcome over. The account in the event already has it.
func (d *Desk) orderDone(ev *carry.Event) {
	s := &d.st[ev.Pair]
	if ev.Code == carry.CodeUnknownOrder {
		return // a cancel's answer
	}
	if ev.Left > 0 {
		d.touch(int(ev.Pair))
		return
	}
	if s.orders > 0 {
		s.orders--
		d.inFlight--
	}
	d.touch(int(ev.Pair))
	switch {
	case ev.Leg == carry.Perp && ev.Side == carry.Sell:
		s.pendPerp = 0
	case ev.Leg == carry.Spot && ev.Side == carry.Buy:
		s.pendSpot = 0
	case d.reducing && ev.Kind == carry.EvFill && ev.Leg == carry.Spot && ev.Side == carry.Sell:
		d.proceeds += (ev.Amount - ev.Fee).Float()
	}
	if s.orders > 0 {
		return
	}
	reduced := ev.Kind == carry.EvFill && (ev.Leg == carry.Perp) == (ev.Side == carry.Buy)
	if (reduced || s.closing != carry.OK) && d.flat(int(ev.Pair)) {
		d.closed(s)
	}
	d.moveProceeds()
}

// closed begins the wait after any close, whoever asked for it.
func (d *Desk) closed(s *pairState) {
	s.closing, s.waitFrom = carry.OK, 0
	s.reopenAt = d.now + hours(d.p.ReopenAfterH)
}

func hours(h float64) carry.Time { return carry.Time(math.Floor(h * float64(carry.Hour))) }

// pairEnded forgets a pair whose market is gone, for good or for a while; stale
// flags keep it closed.
func (d *Desk) pairEnded(ev *carry.Event) {
	s := &d.st[ev.Pair]
	d.inFlight -= s.orders
	*s = pairState{active: s.active, uneven: s.uneven}
}

// flat tells whether nothing of the pair can be closed any more; a remainder
// below the smallest order is dust.
func (d *Desk) flat(i int) bool { return d.acct.PerpQty[i] == 0 && d.sellable(i) == 0 }

// sellable is the pair's coins in whole spot lots; 0 below the smallest order.
func (d *Desk) sellable(i int) carry.Qty {
	if d.acct.SpotCoinsF[i] < d.lots[i].spotLeast || d.rules[i] == nil {
		return 0
	}
	quanta, _ := d.acct.SpotCoins[i].QuoFloor(carry.Pow10[8-d.pairs[i].QtyDp])
	q, ok := quanta.Int64()
	if !ok {
		q = math.MaxInt64
	}
	f := &d.rules[i].Legs[carry.Spot]
	lots := carry.Qty(q) - carry.Qty(q)%f.Lot()
	if lots < f.MinQty {
		return 0
	}
	return lots
}

// minNotional is the smallest order worth sending.
func (d *Desk) minNotional(i int, m *carry.Market) float64 {
	return max(d.slice, d.least(i, m))
}

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
	d.order(i, carry.Spot, carry.Buy, buy, m, code, x)
	d.st[i].pendPerp += sent
	d.st[i].pendSpot += sent
	return sent
}

// closeBoth reduces both legs by about value USDT, at least by an order that both
// accept; what would be left below the smallest order goes too. value = +Inf
// closes everything. What one order of a leg cannot take stays whole, both legs
// of it, for the next cycle. It returns the notional sent.
func (d *Desk) closeBoth(i int, value float64, m *carry.Market, code carry.Code, x [3]float64) float64 {
	held := -d.acct.PerpQty[i]
	pair, r := &d.pairs[i], d.rules[i]
	coins := d.sellable(i)
	q := held
	if held > 0 {
		worth := float64(pair.QtyFloat(held) * m.Ask(carry.Perp, i))
		least := d.least(i, m)
		if value = max(value, least); value < worth-max(least, d.slice) {
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
