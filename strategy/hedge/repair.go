package hedge

import (
	"math"

	"carry"
)

// repair cuts the larger leg of a pair at rest whose legs differ by more than
// the tolerance; it never adds (S15). The tolerance is the larger of
// legGapMaxLots common lots and the smallest order of the leg to be cut.
func (d *Desk) repair(m *carry.Market) {
	for i := range d.st {
		short, coins := d.acct.PerpQtyF[i], d.acct.SpotCoinsF[i]
		if (short == 0 && coins == 0) || d.st[i].orders > 0 || d.rules[i] == nil || d.st[i].ended {
			continue
		}
		gap := coins + float64(short*float64(d.pairs[i].Mult))
		switch {
		case gap > d.tolerance(i, carry.Spot, m.SpotBid[i]) && m.Flags[i]&carry.SpotFresh != 0:
			d.cut(i, carry.Spot, gap, m)
		case -gap > d.tolerance(i, carry.Perp, m.PerpAsk[i]/float64(d.pairs[i].Mult)) && m.Flags[i]&carry.PerpFresh != 0:
			d.cut(i, carry.Perp, -gap, m)
		}
	}
}

// tolerance is in coins; price is per coin.
func (d *Desk) tolerance(i int, leg carry.Leg, price float64) float64 {
	r, pair := d.rules[i], &d.pairs[i]
	lot := math.Max(pair.QtyFloat(r.Legs[carry.Spot].Lot()), pair.QtyFloat(r.Legs[carry.Perp].Lot())*float64(pair.Mult))
	least := r.Legs[leg].MinNotional.Float() / price
	return math.Max(float64(d.p.LegGapMaxLots)*lot, least)
}

func (d *Desk) cut(i int, leg carry.Leg, coins float64, m *carry.Market) {
	pair, f := &d.pairs[i], &d.rules[i].Legs[leg]
	x := [3]float64{coins, 0, 0}
	if leg == carry.Spot {
		q := f.FloorQty(pair.QtyFloor(coins))
		if most := d.sellable(i); q > most {
			q = f.FloorQty(most)
		}
		if q > 0 {
			d.order(i, carry.Spot, carry.Sell, q, m, carry.CodeRepair, x)
		}
		return
	}
	q := f.FloorQty(pair.QtyFloor(coins / float64(pair.Mult)))
	if held := -d.acct.PerpQty[i]; q > held {
		q = held
	}
	if q > 0 {
		d.order(i, carry.Perp, carry.Buy, q, m, carry.CodeRepair, x)
	}
}
