package hedge

import "carry"

// State is where a pair stands. What is held is in the account; the state says
// what the desk is doing about it.
type State uint8

// A pair's states.
const (
	Flat     State = iota // nothing that could be closed is held
	Opening               // being bought up to its limit, slice by slice
	Held                  // kept
	Reducing              // being cut: to its limit, or for the pool's leverage
	Closing               // on its way to nothing
	Repair                // the legs differ; verified, then made equal
	Frozen                // an order's outcome is unknown: nothing is sent
	Blocked               // one leg has no market
)

var stateNames = [...]string{"FLAT", "OPENING", "HELD", "REDUCING", "CLOSING", "REPAIR", "FROZEN", "BLOCKED"}

// String is the state's name on the status page and in traces.
func (s State) String() string { return stateNames[s] }

// interrupt moves a pair into a state from which it returns to what it was doing.
func (s *pairState) interrupt(to State) {
	if s.state != Repair && s.state != Frozen && s.state != Blocked {
		s.before = s.state
	}
	s.state = to
}

// interrupted tells whether a pair is kept from what it was doing.
func (s *pairState) interrupted() bool {
	return s.state == Repair || s.state == Frozen || s.state == Blocked
}

// settleState moves a pair on that has nothing on its way: what was cut is held,
// what was filled is held, what is gone is flat.
func (d *Desk) settleState(i int) {
	st := &d.st[i]
	if st.orders > 0 || st.interrupted() || st.closing != carry.OK {
		return
	}
	held := d.held(i)
	switch {
	case !held:
		st.state = Flat
	case st.state == Reducing && (st.trimTo > 0 || st.more && (d.pool >= poolReduce || d.withdraw > 0)):
	case st.state == Opening && st.filling:
	default:
		st.state = Held
	}
}

// PairStatus is one pair's line of the status page.
type PairStatus struct {
	Coin  string
	State State
	// Value is the short notional at mark, orders on their way included, USDT.
	Value float64
	// Why is the reason why nothing is opened, or for the closing under way.
	Why carry.Code
}

// QueueLine is one pair's place in the reduction queue.
type QueueLine struct {
	Coin                 string
	Rate8h, ClosePremium float64
	Value                float64 // USDT
	// Skipped is true where a leg cannot be traded now, or the legs are being made
	// equal.
	Skipped bool
}

// Status is what a person wants to see of a desk.
type Status struct {
	Pool string
	// Used is used leverage; Notional and Margin in USDT.
	Used, Notional, Margin, Free, Equity float64
	// Total is the limit of the notional, Coin that of one coin, USDT.
	Total, Coin float64
	// Halted: repair and reduce only. Paused and Killed: a person asked for it.
	Halted, Paused, Killed bool
	Pairs                  []PairStatus
	// Queue is the order in which positions would be reduced, the first first.
	Queue []QueueLine
}

// Status describes the desk at a cross-section. It may be called between two
// steps only, and changes nothing: who is looked at decides as if nobody looked.
func (d *Desk) Status(m *carry.Market) Status {
	if d.whole == nil {
		return Status{Pool: d.poolName()} // nothing was told yet
	}
	looked := *d // a survey notes limits, a ranking its queue
	looked.queue = nil
	return looked.status(m)
}

func (d *Desk) status(m *carry.Market) Status {
	s := d.survey(m)
	out := Status{Pool: d.poolName(), Used: s.used, Notional: s.notional, Margin: s.margin, Free: s.free, Equity: s.equity,
		Total: s.total, Coin: s.coin, Halted: d.halted(), Paused: d.paused, Killed: d.killed}
	for i := range d.st {
		out.Pairs = append(out.Pairs, PairStatus{Coin: d.pairs[i].Coin, State: d.st[i].state, Value: d.value(i), Why: d.st[i].why})
	}
	d.rankReductions(m)
	for k := range d.queue {
		c := &d.queue[k]
		out.Queue = append(out.Queue, QueueLine{Coin: d.pairs[c.i].Coin, Rate8h: c.x[1], ClosePremium: c.x[2], Value: c.value})
	}
	for _, i := range d.active {
		if d.acct.PerpQty[i] != 0 && (!d.tradable(i, m) || d.st[i].state == Repair) {
			out.Queue = append(out.Queue, QueueLine{Coin: d.pairs[i].Coin, Value: d.value(i), Skipped: true})
		}
	}
	return out
}

// State is pair i's state.
func (d *Desk) State(i int) State { return d.st[i].state }

// Pool is the pool's state in a word.
func (d *Desk) Pool() string { return d.poolName() }
