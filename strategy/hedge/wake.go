package hedge

import (
	"carry"
)

// wakeBy asks for a cross-section at a time that does not wait for the next one:
// a slice, a verification or the end of a blackout is due then.
func (d *Desk) wakeBy(at carry.Time) {
	if at <= d.now {
		at = d.now + 1
	}
	if d.wakeNext == 0 || at < d.wakeNext {
		d.wakeNext = at
	}
}

// setTimer turns the earliest wish into a command, unless an earlier timer is on
// its way already.
func (d *Desk) setTimer() {
	at := d.wakeNext
	d.wakeNext = 0
	if at == 0 || (d.timerAt > d.now && d.timerAt <= at) {
		return
	}
	d.timerID++
	d.timerAt = at
	d.out = append(d.out, carry.Command{Kind: carry.CmdTimer, Pair: -1, ID: d.timerID, At: at})
}

// tradable tells whether both legs can be traded on quotes that are young enough
// and of nearly the same time.
func (d *Desk) tradable(i int, m *carry.Market) bool {
	if m.Flags[i]&carry.Tradable != carry.Tradable {
		return false
	}
	if m.QuoteAgeMs[carry.Spot] == nil {
		return true
	}
	spot, perp := m.QuoteAgeMs[carry.Spot][i], m.QuoteAgeMs[carry.Perp][i]
	skew := spot - perp
	if skew < 0 {
		skew = -skew
	}
	return float64(max(spot, perp)) <= d.p.QuoteMaxAgeS*1000 && float64(skew) <= d.p.LegSkewMaxS*1000
}

// blackout is the time at which pair i may be ordered again around a settlement;
// 0 if it may now. Settlements are at multiples of the interval from midnight.
func (d *Desk) blackout(i int, m *carry.Market) carry.Time {
	if d.p.SettleBlackoutS == 0 {
		return 0
	}
	b := carry.Time(d.p.SettleBlackoutS * float64(carry.Second))
	period := carry.Time(m.IntervalH[i]) * carry.Hour
	if period <= 0 {
		return 0
	}
	since := d.now % period
	switch {
	case since < b:
		return d.now - since + b
	case period-since <= b:
		return d.now - since + period + b
	}
	return 0
}

// mayOrder tells whether the next slice of a pair may go now, and asks to be
// woken when it may.
func (d *Desk) mayOrder(i int, m *carry.Market) bool {
	st := &d.st[i]
	at := st.askAgain
	if d.pool != poolEmergency {
		at = max(at, st.nextSlice, d.blackout(i, m))
	}
	if at <= d.now {
		return true
	}
	d.wakeBy(at)
	return false
}

// sliced notes that a slice went out.
func (d *Desk) sliced(i int) {
	gap := carry.Time(d.p.SliceGapS * float64(carry.Second))
	d.st[i].nextSlice = d.now + gap
}
