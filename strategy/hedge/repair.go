package hedge

import (
	"carry"
)

// repair cuts the larger leg of a pair at rest whose legs differ by more than
// the tolerance; it never adds (S15). The tolerance is the larger of
// legGapMaxLots common lots and the smallest order of the leg to be cut.
func (d *Desk) repair(m *carry.Market) {
	if d.unevenN == 0 {
		return
	}
	for k := 0; k < len(d.active); k++ {
		i := d.active[k]
		if !d.st[i].uneven || d.st[i].orders > 0 || d.rules[i] == nil {
			continue
		}
		gap := d.gap(i)
		switch {
		case gap > 0 && m.Flags[i]&carry.SpotFresh != 0 && gap > d.leastNotional(i, carry.Spot)/m.Bid(carry.Spot, i):
			d.cut(i, carry.Spot, gap, m)
		case gap < 0 && m.Flags[i]&carry.PerpFresh != 0 &&
			-gap > d.leastNotional(i, carry.Perp)/m.Ask(carry.Perp, i)*float64(d.pairs[i].Mult):
			d.cut(i, carry.Perp, -gap, m)
		}
	}
}

// leastNotional is the smallest order of a leg, USDT.
func (d *Desk) leastNotional(i int, leg carry.Leg) float64 {
	return d.rules[i].Legs[leg].MinNotional.Float()
}

// excess is by how much a leg is the larger one, in whole quanta of its own,
// exactly: from floats a lot could be lost.
func (d *Desk) excess(i int, leg carry.Leg) carry.Qty {
	pair, a := &d.pairs[i], d.acct
	unit := carry.Pow10[8-pair.QtyDp]
	gap := a.SpotCoins[i].Add(carry.WideMul(int64(a.PerpQty[i])*pair.Mult, unit)) // 1e-8 coins
	if leg == carry.Perp {
		gap, unit = gap.Neg(), unit*pair.Mult
	}
	quanta, _ := gap.QuoFloor(unit)
	q, ok := quanta.Int64()
	if !ok || q < 0 {
		return 0
	}
	return carry.Qty(q)
}

func (d *Desk) cut(i int, leg carry.Leg, coins float64, m *carry.Market) {
	f := &d.rules[i].Legs[leg]
	x := [3]float64{coins, 0, 0}
	if leg == carry.Spot {
		q := f.FloorQty(min(d.excess(i, carry.Spot), d.sellable(i)))
		// Whole lots of it may be worth less than the smallest order.
		if f.Check(q, carry.PriceFromFloat(m.Bid(carry.Spot, i)), 0, d.pairs[i].QtyUnit(), false) == carry.OK {
			d.order(i, carry.Spot, carry.Sell, q, m, carry.CodeRepair, x)
		}
		return
	}
	if q := f.FloorQty(min(d.excess(i, carry.Perp), -d.acct.PerpQty[i])); q > 0 {
		d.order(i, carry.Perp, carry.Buy, q, m, carry.CodeRepair, x)
	}
}
