package hedge

import "carry"

// outcomeWait is how long an order's outcome may take before it counts as
// unknown.
const outcomeWait = carry.Minute

// halted tells whether the pool is in HALT: repair and reduce only.
func (d *Desk) halted() bool {
	return d.frozen > 0 || d.lostTransfer || d.foreigner || d.paused || d.down
}

// watchOrders freezes a pair whose orders have not come back in time: nothing is
// sent for it, and nothing opened at all, until the truth is known.
func (d *Desk) watchOrders(i int) {
	st := &d.st[i]
	for leg := range st.work {
		if w := &st.work[leg]; w.id != 0 && d.now-w.sent > outcomeWait {
			d.freeze(i, w)
			return
		}
	}
}

// lostOrder answers the venue's word that it does not know what became of an
// order.
func (d *Desk) lostOrder(ev *carry.Event) {
	st := &d.st[ev.Pair]
	for leg := range st.work {
		if w := &st.work[leg]; w.id != 0 && w.id == ev.Order {
			d.freeze(int(ev.Pair), w)
		}
	}
}

func (d *Desk) freeze(i int, w *work) {
	st := &d.st[i]
	if st.state == Frozen {
		return
	}
	st.interrupt(Frozen)
	d.frozen++
	d.note(i, carry.CodeUnknown, [3]float64{float64(w.id), float64(d.now-w.sent) / float64(carry.Second), 0})
}

// known ends a pair's frost: its orders' outcomes are booked. Its legs are
// compared at the next cross-section.
func (d *Desk) known(i int) {
	st := &d.st[i]
	d.frozen--
	st.state, st.gap = st.before, reading{}
	d.note(i, carry.CodeKnown, [3]float64{})
	d.wakeBy(d.now)
}

// watchTransfer takes a transfer that has not come back for one whose outcome is
// unknown: nothing is sent after it, and nothing counts on it.
func (d *Desk) watchTransfer() {
	if d.transferGapOver() && d.now > d.transferAt {
		d.loseTransfer()
	}
}

func (d *Desk) loseTransfer() {
	if d.lostTransfer {
		return
	}
	d.lostTransfer = true
	d.note(-1, carry.CodeUnknown, [3]float64{float64(d.transferID), float64(d.now-d.transferAt) / float64(carry.Second), d.transferUSDT})
}

// poolName is the pool's state in a word.
func (d *Desk) poolName() string {
	if d.halted() {
		return "HALT"
	}
	return [...]string{"NORMAL", "ALARM", "REDUCE", "EMERGENCY"}[d.pool]
}
