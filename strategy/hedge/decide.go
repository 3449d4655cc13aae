package hedge

import (
	"math"

	"carry"
)

// judge asks the policy about every pair, closes and trims what must go and
// collects what may be opened.
func (d *Desk) judge(m *carry.Market, s *survey) {
	d.cands = d.cands[:0]
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
	if st.orders > 0 {
		return
	}
	closeOnly := !mayOpen || d.full(i, s)
	if closeOnly && calm != nil && calm[i] && d.settled(i, s) {
		st.filling = false
		return
	}
	held := st.active && d.held(i)
	v := &d.verdict
	*v = Verdict{CloseOnly: closeOnly}
	d.policy.Judge(i, m, held, v)
	if held && m.Flags[i]&carry.Tradable == carry.Tradable {
		if d.closes(i, m, v) || d.trims(i, m, s) {
			return
		}
	}
	if v.CloseOnly || v.Open != carry.OK || v.Close != carry.OK || d.now < st.reopenAt {
		st.filling = false
		return
	}
	if size := d.size(i, m, s); size > 0 {
		d.cands = append(d.cands, candidate{i: i, rank: v.Rank, mean: v.Mean, value: size, why: v.Why, x: v.X})
	}
}

// settled tells whether a pair without a reason to close has nothing to be done
// about: no closing under way or waiting, and nothing to trim.
func (d *Desk) settled(i int, s *survey) bool {
	st := &d.st[i]
	return st.closing == carry.OK && st.waitFrom == 0 &&
		(d.p.RiseTrimFrac == 0 || d.value(i) <= s.coin*(1+d.p.RiseTrimFrac))
}

// mayOpen tells whether anything at all could be opened now: it saves asking
// about every pair while everything is invested.
func (d *Desk) mayOpen(s *survey) bool {
	return d.pool == poolNormal && d.p.Direction != "close" && d.p.Direction != "hold" && d.capacity(s) >= d.slice
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
	if st.closing != carry.OK {
		d.closeBoth(i, math.Inf(1), m, st.closing, v.X)
		if st.orders == 0 {
			d.closed(st) // what is left is below the smallest order
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
			return true // waiting: neither closed nor opened
		}
	}
	st.closing = v.Close
	d.closeBoth(i, math.Inf(1), m, v.Close, v.X)
	return true
}

// trims cuts a coin that rose far over its limit back to it (S4).
func (d *Desk) trims(i int, m *carry.Market, s *survey) bool {
	if d.p.RiseTrimFrac == 0 || d.p.Direction == "open" {
		return false
	}
	value := d.value(i)
	if value <= s.coin*(1+d.p.RiseTrimFrac) {
		return false
	}
	x := [3]float64{value, s.coin, m.Mark[i]}
	return d.closeBoth(i, value-s.coin, m, carry.CodeTrimRise, x) > 0
}

// open sends the best candidates both legs, within the limits, the margin and
// the cash there is (S3, S7, S10).
func (d *Desk) open(m *carry.Market, s *survey) {
	if len(d.cands) == 0 || !d.mayOpen(s) {
		return
	}
	d.sort(d.cands)
	limit := d.capacity(s)
	for k := range d.cands {
		c := &d.cands[k]
		if limit < d.slice {
			return
		}
		size := min(c.value, limit)
		if size <= 0 || size < d.minNotional(c.i, m) {
			continue
		}
		code := c.why
		if d.acct.PerpQty[c.i] != 0 {
			code = carry.CodeTopUp
		}
		sent := d.openBoth(c.i, size, m, code, c.x)
		limit -= sent
	}
}

// size is how much of a coin is wanted now: up to its limit, in orders of at
// most a share of the last bar's traded value. A coin that is full is refilled
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
		size = min(size, d.p.MaxBarVolumeFrac*min(m.SpotValue[i], m.PerpValue[i]))
	}
	return size
}
