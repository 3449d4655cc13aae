package hedge

import (
	"math"

	"carry"
)

// judge asks the policy about every pair, closes and trims what must go and
// collects what may be opened.
func (d *Desk) judge(m *carry.Market, s *survey) {
	d.cands, d.reserved = d.cands[:0], 0
	dormant, calm := d.policy.Dormant(), d.policy.Calm()
	mayOpen := d.mayOpen(s)
	if !mayOpen {
		for k := 0; k < len(d.active); k++ {
			d.judgePair(d.active[k], m, s, calm, false)
		}
		return
	}
	for i := range d.st {
		if d.st[i].active || !dormant[i] {
			d.judgePair(i, m, s, calm, true)
		}
	}
}

func (d *Desk) judgePair(i int, m *carry.Market, s *survey, calm []bool, mayOpen bool) {
	st := &d.st[i]
	if st.orders > 0 || st.state >= Repair {
		if st.filling {
			d.reserved += max(0, s.coin-d.value(i)) // its next slices' room
		}
		return
	}
	closeOnly := !mayOpen || d.full(i, s)
	if closeOnly && !st.holds {
		st.filling = false
		return // dust
	}
	if closeOnly && calm != nil && calm[i] && d.settled(i, s) {
		if st.filling = false; st.state != Held {
			d.settleState(i)
		}
		return
	}
	held := st.active && d.held(i)
	v := &d.verdict
	*v = Verdict{CloseOnly: closeOnly, Filling: st.filling}
	d.policy.Judge(i, m, held, v)
	if st.ends {
		v.Open, v.Close, v.Patient = carry.CodeDelisted, carry.CodeDelisted, false
	}
	if held && d.tradable(i, m) && (d.closes(i, m, v) || d.trims(i, m, s)) {
		return
	}
	d.wanted(i, m, s, v)
	if st.active {
		d.settleState(i)
	}
}

// settled tells whether a pair without a reason to close has nothing to be done
// about: no closing under way or waiting, and nothing to trim.
func (d *Desk) settled(i int, s *survey) bool {
	st := &d.st[i]
	return st.closing == carry.OK && st.waitFrom == 0 && st.trimTo == 0 && !st.ends &&
		(d.p.RiseTrimFrac == 0 || d.value(i) <= s.coin*(1+d.p.RiseTrimFrac))
}

// wanted makes a pair a candidate for opening, or notes why it is none.
func (d *Desk) wanted(i int, m *carry.Market, s *survey, v *Verdict) {
	st := &d.st[i]
	if st.why = v.Open; v.CloseOnly || v.Open != carry.OK || v.Close != carry.OK || d.now < st.reopenAt {
		st.filling = false
		return
	}
	if size := d.size(i, m, s); size > 0 && d.tradable(i, m) {
		d.cands = append(d.cands, candidate{i: i, rank: v.Rank, mean: v.Mean, value: size, why: v.Why, x: v.X})
	}
}

// mayOpen tells whether anything at all could be opened now: it saves asking
// about every pair while everything is invested.
func (d *Desk) mayOpen(s *survey) bool {
	return d.pool == poolNormal && !d.halted() && d.p.Direction != "close" && d.p.Direction != "hold" && d.capacity(s) >= d.worth
}

// capacity is how much notional limits, margin and cash leave for openings.
func (d *Desk) capacity(s *survey) float64 {
	room := s.total - s.notional - s.pending
	margin := float64(d.p.LeverageTargetX*s.margin) - s.notional - s.pending
	// Fees, and the price may move before the fill.
	cash := s.free/(1+d.terms.SpotFeeFrac+0.005) - s.buying
	return min(room, margin, cash)
}

// full tells whether a coin is neither being filled nor below the band.
func (d *Desk) full(i int, s *survey) bool {
	value := d.value(i)
	return value > 0 && !d.st[i].filling && value >= d.p.TopUpBelowFrac*s.coin
}

// closes carries out a closing that is due, or starts and ends its wait.
func (d *Desk) closes(i int, m *carry.Market, v *Verdict) bool {
	st := &d.st[i]
	if d.halted() && st.closing != carry.CodeOperatorClose {
		return false
	}
	if st.closing != carry.OK {
		if d.mayOrder(i, m) {
			d.closeOn(i, m, st.closing, v.X)
		}
		return true
	}
	if v.Close == carry.OK {
		st.waitFrom = 0
		return false
	}
	if d.p.Direction == "open" || d.p.Direction == "hold" {
		return false
	}
	if v.Patient {
		if st.waitFrom == 0 {
			st.waitFrom, st.waitCode = d.now, v.Close
		}
		if m.ClosePremium(i) > d.p.ClosePremiumMax && d.now-st.waitFrom < hours(d.p.CloseWaitMaxH) {
			st.why = v.Close
			return true // waiting: neither closed nor opened
		}
	}
	if !d.mayOrder(i, m) {
		return true
	}
	st.closing, st.state, st.why, st.filling, st.trimTo = v.Close, Closing, v.Close, false, 0
	d.closeOn(i, m, v.Close, v.X)
	return true
}

// closeOn sends the next slice of a closing; where nothing can be sent any more,
// what is left is below the smallest order and the pair is flat.
func (d *Desk) closeOn(i int, m *carry.Market, code carry.Code, x [3]float64) {
	d.st[i].state = Closing
	d.closeBoth(i, math.Inf(1), m, code, x)
	if d.st[i].orders == 0 {
		d.closed(i)
	}
}

// trims cuts a coin that rose far over its limit back to it, slice by slice (S4).
func (d *Desk) trims(i int, m *carry.Market, s *survey) bool {
	if d.p.RiseTrimFrac == 0 || d.p.Direction == "open" || d.halted() {
		return false
	}
	st, value := &d.st[i], d.value(i)
	x := [3]float64{value, s.coin, m.Mark[i]}
	if st.trimTo > 0 {
		if left := -d.acct.PerpQty[i] - st.trimTo; left > 0 {
			if d.mayOrder(i, m) {
				d.closeBoth(i, float64(d.pairs[i].QtyFloat(left)*m.Mark[i]), m, carry.CodeTrimRise, x)
			}
			return true
		}
		st.trimTo = 0
	}
	if value <= s.coin*(1+d.p.RiseTrimFrac) {
		return false
	}
	if !d.mayOrder(i, m) {
		return true
	}
	st.state, st.filling = Reducing, false
	sent := d.closeBoth(i, value-s.coin, m, carry.CodeTrimRise, x)
	if sent > 0 && value-s.coin > sent {
		st.trimTo = max(1, d.pairs[i].QtyFloor(s.coin/m.Mark[i]))
	}
	return sent > 0
}

// open sends the best candidates both legs, within the limits, the margin and
// the cash there is (S3, S7, S10).
func (d *Desk) open(m *carry.Market, s *survey) {
	if len(d.cands) == 0 || !d.mayOpen(s) {
		return
	}
	d.sort(d.cands)
	limit := d.capacity(s) - d.reserved
	for k := range d.cands {
		c := &d.cands[k]
		size := min(c.value, limit)
		if size <= 0 || size < d.least(c.i, m) || (d.st[c.i].state == Flat && size < d.worth) {
			continue
		}
		if d.st[c.i].state == Held && size < d.worth {
			continue
		}
		// Room is kept for all slices of the better before the next gets any.
		limit -= size
		if !d.mayOrder(c.i, m) {
			continue
		}
		if !d.openSlice(c.i, size, m, c.why, c.x) {
			limit += size
		}
	}
}

// openSlice sends the next slice of an opening; what would be left below the
// smallest order goes with it.
func (d *Desk) openSlice(i int, size float64, m *carry.Market, why carry.Code, x [3]float64) bool {
	st, value := &d.st[i], size
	if st.state != Opening {
		if st.code = why; d.acct.PerpQty[i] != 0 {
			st.code = carry.CodeTopUp
		}
	}
	if size > d.slice {
		if value = d.slice; size-value < d.least(i, m) {
			value = size
		}
	}
	d.setLeverage(i)
	sent := d.openBoth(i, value, m, st.code, x)
	if sent == 0 {
		return false
	}
	st.state, st.why, st.trimTo = Opening, carry.OK, 0
	st.hourUsed += sent
	d.sliced(i)
	if size > value {
		d.wakeBy(st.nextSlice)
	}
	return true
}

// size is how much of a coin is wanted now: up to its limit, and within an hour
// at most a share of the last bar's traded value. A coin that is full is refilled
// only from below the band; one whose gates closed half way stays as it is.
func (d *Desk) size(i int, m *carry.Market, s *survey) float64 {
	st, value := &d.st[i], d.value(i)
	switch {
	case value == 0 || value < d.p.TopUpBelowFrac*s.coin:
		st.filling = true
	case value >= 0.95*s.coin:
		st.filling = false
	}
	if !st.filling {
		return 0
	}
	size := s.coin - value
	if d.p.MaxBarVolumeFrac > 0 {
		if hour := d.now.Floor(carry.Hour); hour != st.hour {
			st.hour, st.hourUsed = hour, 0
		}
		size = min(size, float64(d.p.MaxBarVolumeFrac*min(m.SpotValue[i], m.PerpValue[i]))-st.hourUsed)
	}
	return size
}
