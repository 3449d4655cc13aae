package hedge

import (
	"math"

	"carry"
)

// poolState is the futures wallet's condition.
type poolState uint8

const (
	poolNormal    poolState = iota
	poolAlarm               // above leverageAlarmX: no openings
	poolReduce              // above leverageReduceX: both legs are cut
	poolEmergency           // above leverageEmergencyX: largest first, no gates
)

// calmX is how near the target is near enough.
const calmX = 1.001

func usedLeverage(notional, margin float64) float64 {
	switch {
	case notional <= 0:
		return 0
	case margin <= 0:
		return math.Inf(1)
	}
	return notional / margin
}

// watchPool moves the state up at once and back to normal only at the target,
// so that it does not flutter around a threshold.
func (d *Desk) watchPool(s *survey) {
	want := d.pool
	switch {
	case s.used > d.p.LeverageEmergencyX:
		want = poolEmergency
	case s.used > d.p.LeverageReduceX && want < poolReduce:
		want = poolReduce
	case s.used > d.p.LeverageAlarmX && want < poolAlarm:
		want = poolAlarm
	case s.used <= calmX*d.p.LeverageTargetX:
		want = poolNormal
	}
	if want == d.pool {
		return
	}
	x := [3]float64{s.used, d.p.LeverageTargetX, 0}
	switch want {
	case poolNormal:
		d.refused, d.reducing, d.proceeds = false, false, 0
		d.note(-1, carry.CodeCalm, x)
	case poolAlarm:
		d.note(-1, carry.CodeAlarm, x)
	case poolReduce:
		d.note(-1, carry.CodeReduceLeverage, x)
	case poolEmergency:
		d.note(-1, carry.CodeEmergency, x)
	}
	d.pool = want
}

// shortfall is how much notional must go for used leverage to be L again, with
// y USDT moved in first. With the proceeds of the coins transferred one unit of
// notional sold brings 1 − c of margin: x = (V − L F)/(1 + L (1 − c));
// without, x = V − L F (strategy.md, "Reduction amount"; 20,020 against 60,000
// for +30 % on 100,000 at 2×).
func shortfall(v, f, l, c float64, proceedsMove bool) float64 {
	x := v - float64(l*f)
	if x <= 0 {
		return 0
	}
	if proceedsMove {
		x /= 1 + float64(l*(1-c))
	}
	return x
}

// reduce sends what is free to the futures wallet and cuts pairs from the queue
// until the rest is at the target (S13). What is to be cut is found anew for every
// slice, from what is held then.
func (d *Desk) reduce(m *carry.Market, s *survey) {
	if d.inFlight > d.frozenOrders() {
		d.wakeBy(d.now + max(carry.Second, carry.Time(d.p.SliceGapS*float64(carry.Second))))
		return // what is on its way is not known yet
	}
	l := d.p.LeverageTargetX
	f := s.margin
	// A transfer that has not come back by now cannot be counted on.
	moves := d.mayTransfer() && !d.lostTransfer
	if d.transferID != 0 && moves && d.transferFrom == carry.SpotWallet {
		f += d.transferUSDT
	}
	if y := min(d.movable(s), s.notional/l-f); y > 0 && moves {
		if d.transferID == 0 {
			s.free -= d.transfer(carry.SpotWallet, y, carry.CodeReduceLeverage, s)
		}
		f += y
	}
	cost := float64(2*d.terms.SpotFeeFrac) + d.terms.PerpFeeFrac
	if s.notional <= calmX*l*f {
		return
	}
	x := shortfall(s.notional, f, l, cost, moves)
	d.rankReductions(m)
	d.cutQueue(m, s, x, d.reductionCode())
	d.reducing = moves
}

// cutQueue cuts x USDT of notional from the queue: the head wholly, the last pair
// partly, each by a slice at a time.
func (d *Desk) cutQueue(m *carry.Market, s *survey, x float64, code carry.Code) {
	for k := range d.queue {
		if x <= 0 {
			return
		}
		c := &d.queue[k]
		c.x[0] = s.used
		cut := min(x, c.value)
		st := &d.st[c.i]
		if !d.mayOrder(c.i, m) {
			st.more = true
			x -= cut
			continue
		}
		sent := d.closeBoth(c.i, cut, m, code, c.x)
		if st.more = sent > 0 && sent < cut; sent > 0 {
			st.state, st.filling = Reducing, false
		}
		if x -= sent; sent > 0 && sent < cut {
			x -= cut - sent // the next slices' part
		}
	}
}

// movable is what a reduction may send to the futures wallet: all that is free
// with a rebalancing ratio or while a pair can only be saved by margin; else its
// own proceeds.
func (d *Desk) movable(s *survey) float64 {
	if d.p.BalanceBandFrac > 0 {
		return s.free
	}
	for _, i := range d.active {
		if d.st[i].state == Blocked && d.acct.PerpQty[i] != 0 {
			return s.free
		}
	}
	return min(s.free, d.proceeds)
}

// frozenOrders are those on their way whose outcome is unknown: a reduction does
// not wait for them.
func (d *Desk) frozenOrders() int {
	n := 0
	if d.frozen > 0 {
		for _, i := range d.active {
			if d.st[i].state == Frozen {
				n += d.st[i].orders
			}
		}
	}
	return n
}

func (d *Desk) reductionCode() carry.Code {
	if d.pool == poolEmergency {
		return carry.CodeEmergency
	}
	return carry.CodeReduceLeverage
}

// mayTransfer tells whether a reduction may move USDT into the futures wallet
// and whether that can be relied on.
func (d *Desk) mayTransfer() bool {
	return !d.refused && (d.p.BalanceBandFrac > 0 || d.p.ReduceMayTransfer)
}

// rankReductions fills the queue: lowest rate + closing premium first; in an
// emergency the largest first. Pairs that cannot trade now are left out, and so
// are those whose legs are being made equal: another slice could part them further.
func (d *Desk) rankReductions(m *carry.Market) {
	d.queue = d.queue[:0]
	for _, i := range d.active {
		if d.acct.PerpQty[i] == 0 || !d.tradable(i, m) || d.st[i].orders > 0 || d.st[i].state == Repair {
			continue
		}
		pc := m.ClosePremium(i)
		r := float64(m.Rate8h(i)) / carry.Unit
		c := candidate{i: i, rank: -(r + pc), value: d.value(i), x: [3]float64{0, r, pc}}
		if d.pool == poolEmergency {
			c.rank = c.value
		}
		c.mean = c.value
		d.queue = append(d.queue, c)
	}
	d.sort(d.queue)
}

// sort orders by rank, then mean, highest first, then symbol. Insertion
// allocates nothing; lists are short.
func (d *Desk) sort(c []candidate) {
	for k := 1; k < len(c); k++ {
		for j := k; j > 0 && d.ahead(&c[j], &c[j-1]); j-- {
			c[j], c[j-1] = c[j-1], c[j]
		}
	}
}

func (d *Desk) ahead(a, b *candidate) bool {
	switch {
	case a.rank != b.rank:
		return a.rank > b.rank
	case a.mean != b.mean:
		return a.mean > b.mean
	}
	return d.pairs[a.i].Coin < d.pairs[b.i].Coin
}

// moveProceeds sends what a reduction's sales brought to the futures wallet, as
// soon as all of them and the transfer before are through.
func (d *Desk) moveProceeds() {
	if !d.reducing || d.proceeds <= 0 || d.inFlight > d.frozenOrders() || d.transferID != 0 || !d.mayTransfer() {
		return
	}
	a := d.whole
	most := a.SpotUSDT.Float()
	if d.p.BalanceBandFrac == 0 {
		most = min(most, d.proceeds)
	}
	v, f := 0.0, a.PerpUSDT.Float()
	for _, i := range d.active {
		if q := a.PerpQtyF[i]; q != 0 {
			value := float64(q * d.mark[i])
			v -= value
			f += value - a.PerpCostF[i]
		}
	}
	s := survey{used: usedLeverage(v, f)}
	if d.transfer(carry.SpotWallet, min(most, v/d.p.LeverageTargetX-f), carry.CodeReduceLeverage, &s) > 0 {
		d.proceeds = 0
	}
}
