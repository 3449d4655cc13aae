package hedge

import (
	"carry"
)

// watch looks at every pair that owns something: are outcomes overdue, can both
// legs be traded, do they agree?
func (d *Desk) watch(m *carry.Market) {
	if d.transferID != 0 && !d.lostTransfer {
		d.watchTransfer()
	}
	for k := 0; k < len(d.active); k++ {
		i := d.active[k]
		st := &d.st[i]
		if st.orders > 0 {
			d.watchOrders(i)
			continue
		}
		if m.Flags[i]&carry.Tradable != carry.Tradable || st.state == Blocked {
			d.watchMarket(i, m)
		}
		if !st.uneven && !st.gap.seen() && st.state != Repair {
			continue
		}
		if st.dustBid > 1.5*m.SpotLast[i] && !st.gap.seen() && st.state != Repair {
			continue // far from worth an order: the commonest case of a closed pair
		}
		gap := d.gap(i)
		if !st.uneven || d.rules[i] == nil || !d.excessive(i, gap, m) {
			if st.gap.seen() || st.state == Repair {
				d.legsAgree(i)
			}
			continue
		}
		d.verify(i, gap, m)
	}
}

// watchMarket blocks a held pair of which one leg cannot be traded, and lets it
// go on when both can.
func (d *Desk) watchMarket(i int, m *carry.Market) {
	st := &d.st[i]
	halted := m.Flags[i]&carry.Tradable != carry.Tradable
	x := [3]float64{float64(m.Flags[i] & carry.SpotFresh), float64(m.Flags[i] & carry.PerpFresh), 0}
	switch {
	case halted && st.state != Blocked && d.held(i):
		st.interrupt(Blocked)
		d.note(i, carry.CodeBlocked, x)
	case !halted && st.state == Blocked:
		st.state = st.before
		d.note(i, carry.CodeUnblocked, x)
	}
}

// excessive tells whether the leg to be cut is worth an order that the exchange
// takes, and trades now (S15: the tolerance is the larger of legGapMaxLots common
// lots and that leg's smallest order).
func (d *Desk) excessive(i int, gap float64, m *carry.Market) bool {
	if gap > 0 {
		return m.Flags[i]&carry.SpotFresh != 0 && gap > d.leastNotional(i, carry.Spot)/m.Bid(carry.Spot, i)
	}
	return m.Flags[i]&carry.PerpFresh != 0 && -gap > d.leastNotional(i, carry.Perp)/m.Ask(carry.Perp, i)*float64(d.pairs[i].Mult)
}

// apart is excessive by the last mark, whether the leg trades or not.
func (d *Desk) apart(i int) bool {
	if !d.st[i].uneven || d.rules[i] == nil {
		return false
	}
	gap, leg := d.gap(i), carry.Spot
	if gap < 0 {
		gap, leg = -gap, carry.Perp
	}
	return gap > d.leastNotional(i, leg)/d.mark[i]*float64(d.pairs[i].Mult)
}

// verify acts on a difference only when it was seen verifyReadsN times alike,
// verifyDelayS apart, or is the exchange's own doing (S16).
func (d *Desk) verify(i int, gap float64, m *carry.Market) {
	st := &d.st[i]
	r, delay := &st.gap, carry.Time(d.p.VerifyDelayS*float64(carry.Second))
	if st.state != Blocked {
		st.interrupt(Repair)
	}
	switch {
	case r.n == 0 || r.gap != gap:
		*r = reading{gap: gap, n: 1, at: d.now, sure: r.sure}
	case d.now-r.at >= delay:
		r.n, r.at = r.n+1, d.now
	}
	if r.n < d.p.VerifyReadsN && !r.sure {
		d.wakeBy(r.at + delay)
		return
	}
	if st.askAgain > d.now {
		d.wakeBy(st.askAgain)
		return
	}
	if !d.retry(i, gap, m) {
		d.cut(i, gap, m)
	}
	if st.orders == 0 {
		d.legsAgree(i) // whole lots of the excess are below the smallest order
	}
}

// legsAgree ends a repair: the pair goes on with what it was doing.
func (d *Desk) legsAgree(i int) {
	st := &d.st[i]
	st.gap, st.retried = reading{}, false
	if st.state == Repair {
		st.state = st.before
		if d.flat(i) {
			d.closed(i)
		}
		d.settleState(i)
	}
}

// retry sends the leg that was refused while its pair was being opened once
// more, for what is missing.
func (d *Desk) retry(i int, gap float64, m *carry.Market) bool {
	st := &d.st[i]
	if st.retried || st.before != Opening || d.halted() || d.pool != poolNormal || !d.tradable(i, m) {
		return false
	}
	st.retried = true
	pair, r := &d.pairs[i], d.rules[i]
	x := [3]float64{gap, float64(st.gap.n), 0}
	if gap > 0 { // contracts are missing
		q := r.Legs[carry.Perp].FloorQty(min(d.excess(i, carry.Spot)/carry.Qty(pair.Mult), d.lots[i].most))
		bid := m.Bid(carry.Perp, i)
		if r.Legs[carry.Perp].Check(q, carry.PriceFromFloat(bid), 0, pair.QtyUnit(), false) != carry.OK {
			return false
		}
		if !d.roomFor(i, float64(pair.QtyFloat(q)*bid), m) {
			return false // prices leapt meanwhile
		}
		d.order(i, carry.Perp, carry.Sell, q, m, carry.CodeRetry, x)
		d.pends(i, carry.Perp, float64(pair.QtyFloat(q)*bid))
		return true
	}
	q := d.buyFor(i, d.excess(i, carry.Perp))
	ask := m.Ask(carry.Spot, i)
	if r.Legs[carry.Spot].Check(q, carry.PriceFromFloat(ask), 0, pair.QtyUnit(), false) != carry.OK {
		return false
	}
	d.order(i, carry.Spot, carry.Buy, q, m, carry.CodeRetry, x)
	d.pends(i, carry.Spot, float64(pair.QtyFloat(q)*ask))
	return true
}

// roomFor tells whether the last limits leave room for a short of this value, a
// tenth over the coin's included.
func (d *Desk) roomFor(pair int, usdt float64, m *carry.Market) bool {
	if d.value(pair)+usdt > d.coin*1.1 {
		return false
	}
	for _, i := range d.active {
		usdt += d.st[i].pendPerp - float64(d.whole.PerpQtyF[i]*m.Mark[i])
	}
	return usdt <= d.total*1.01
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

// failedWait is how long a coin rests after an opening of which one leg failed.
const failedWait = carry.Day

// cut reduces the larger leg to the smaller; it never adds (S15).
func (d *Desk) cut(i int, gap float64, m *carry.Market) {
	st, x := &d.st[i], [3]float64{gap, float64(d.st[i].gap.n), 0}
	if st.before == Opening {
		// What the exchange did not let be opened it will not an hour later.
		st.filling, st.reopenAt = false, max(st.reopenAt, d.now+failedWait)
	}
	if gap > 0 {
		f := &d.rules[i].Legs[carry.Spot]
		q := f.FloorQty(min(d.excess(i, carry.Spot), d.sellable(i)))
		// Whole lots of it may be worth less than the smallest order.
		if f.Check(q, carry.PriceFromFloat(m.Bid(carry.Spot, i)), 0, d.pairs[i].QtyUnit(), false) == carry.OK {
			d.order(i, carry.Spot, carry.Sell, q, m, carry.CodeRepair, x)
		}
		return
	}
	f := &d.rules[i].Legs[carry.Perp]
	if q := f.FloorQty(min(d.excess(i, carry.Perp), -d.acct.PerpQty[i])); q > 0 {
		d.order(i, carry.Perp, carry.Buy, q, m, carry.CodeRepair, x)
	}
}
