package hedge

import "carry"

// stranger is what of a pair's legs is not ours.
type stranger struct {
	coins carry.Wide // 1e-8 coins
	qty   carry.Qty  // contracts
}

// isForeign tells whether a fill is of no order that this desk ever sent.
func (d *Desk) isForeign(ev *carry.Event) bool { return ev.Order == 0 || ev.Order > d.nextID }

// foreign answers a fill that is not ours, as foreignChange says: halt leaves the
// foreign part alone and the pool in HALT until a person resumes; ignore leaves
// it alone; adopt takes it as ours, after which the legs are made equal (S16).
func (d *Desk) foreign(ev *carry.Event) {
	i := int(ev.Pair)
	d.touch(i)
	q := d.pairs[i].QtyFloat(ev.Qty) * float64(ev.Side)
	d.note(i, carry.CodeForeign, [3]float64{q, ev.Price.Float(), float64(ev.Leg)})
	d.wakeBy(d.now)
	if d.p.ForeignChange == "adopt" {
		d.settleState(i)
		return
	}
	if d.strange == nil {
		n := len(d.pairs)
		d.strange, d.own = make([]stranger, n), carry.NewAccount(n)
	}
	s, dp := &d.strange[i], d.pairs[i].QtyDp
	if ev.Leg == carry.Spot {
		coins := carry.WideMul(int64(ev.Side)*int64(ev.Qty), carry.Pow10[8-dp]).Sub(ev.FeeCoins)
		// Coins of ours that somebody sold are gone, whatever we think of it.
		if s.coins = s.coins.Add(coins); s.coins.Sign() < 0 {
			s.coins = carry.Wide{}
		}
	} else {
		s.qty += carry.Qty(ev.Side) * ev.Qty
		if most := max(0, d.whole.PerpQty[i]); s.qty > most {
			s.qty = most
		}
	}
	d.foreigner = d.foreigner || d.p.ForeignChange == "halt"
	d.ownShare()
	d.weigh(i)
	d.settleState(i)
}

// foreignMoney answers USDT that came or went and nobody knows why. There is no
// share to be told apart: halt stops openings until a person resumes.
func (d *Desk) foreignMoney(ev *carry.Event) {
	d.note(-1, carry.CodeForeign, [3]float64{ev.Amount.Float(), ev.Balance.Float(), float64(ev.Wallet)})
	d.foreigner = d.foreigner || d.p.ForeignChange == "halt"
	d.wakeBy(d.now)
}

// ownShare makes the view of the account without what is foreign in it.
func (d *Desk) ownShare() {
	w, o := d.whole, d.own
	o.SpotUSDT, o.PerpUSDT = w.SpotUSDT, w.PerpUSDT
	copy(o.SpotCoins, w.SpotCoins)
	copy(o.SpotCoinsF, w.SpotCoinsF)
	copy(o.PerpQty, w.PerpQty)
	copy(o.PerpQtyF, w.PerpQtyF)
	copy(o.PerpCost, w.PerpCost)
	copy(o.PerpCostF, w.PerpCostF)
	for i := range d.strange {
		s := &d.strange[i]
		if s.coins.Sign() != 0 {
			if o.SpotCoins[i] = w.SpotCoins[i].Sub(s.coins); o.SpotCoins[i].Sign() < 0 {
				o.SpotCoins[i] = carry.Wide{}
			}
			o.SpotCoinsF[i] = o.SpotCoins[i].Float() / carry.Unit
		}
		if s.qty != 0 {
			o.PerpQty[i] = min(0, w.PerpQty[i]-s.qty)
			o.PerpQtyF[i] = d.pairs[i].QtyFloat(o.PerpQty[i])
			o.PerpCostF[i] = 0
			if w.PerpQtyF[i] != 0 {
				o.PerpCostF[i] = w.PerpCostF[i] * (o.PerpQtyF[i] / w.PerpQtyF[i])
			}
		}
	}
	d.acct = o
}
