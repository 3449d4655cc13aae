package swarm

import (
	"context"
	"errors"
	"io"

	"carry"
	"carry/internal/risk"
	"carry/sim"
)

// shaky is the simulated exchange behind a client whose way there misbehaves:
// orders get lost, answers get lost and are found later, news are late, the
// connection breaks, the exchange refuses. It keeps the promise of a venue: what
// is unknown is told as unknown until it is known, and nothing is sent again.
type shaky struct {
	in    *sim.Venue
	judge *judge
	f     faults
	dice  dice
	bug   func(ev *carry.Event) []carry.Event // what a bug makes of an outcome, nil: nothing

	gate   *risk.Gate // approves our own timers
	nobody *carry.Account
	now    carry.Time
	out    []carry.Event // told before the exchange goes on
	dark   map[carry.OrderID]carry.Time
	held   []carry.Event // outcomes that the client does not know yet
	errand []errand
	timers uint32
	down   bool
	mine   ledger
	over   bool
}

// errand is something of ours that is due at a time.
type errand struct {
	at carry.Time
	do func()
}

// ownTimer marks timers that are not the core's.
const ownTimer = 1 << 31

// proven is after how long an order that never arrived is known to be absent.
const proven = 65 * carry.Second

func newShaky(in *sim.Venue, pairs []carry.Pair, d *draw, j *judge, r dice) *shaky {
	return &shaky{in: in, judge: j, f: d.faults, dice: r, gate: risk.NewGate(pairs, risk.Limits{}), nobody: carry.NewAccount(len(pairs)),
		dark: map[carry.OrderID]carry.Time{}, mine: newLedger(pairs)}
}

// plan sets what happens by the clock.
func (v *shaky) plan(d *draw) error {
	for _, w := range d.wishes {
		if err := v.at(w.at, func() { v.tell(carry.Event{Kind: carry.EvOperator, At: v.now, Pair: w.pair, Code: w.code}) }); err != nil {
			return err
		}
	}
	for _, s := range d.faults.links {
		if err := errors.Join(v.at(s.from, v.breaks), v.at(s.to, v.mends)); err != nil {
			return err
		}
	}
	for range d.faults.crowd {
		if err := v.at(v.dice.time(d.from+carry.Hour, d.calm), func() { v.stranger() }); err != nil {
			return err
		}
	}
	return nil
}

// at has something done at a time.
func (v *shaky) at(t carry.Time, do func()) error {
	v.errand = append(v.errand, errand{t, do})
	v.timers++
	return v.own(carry.Command{Kind: carry.CmdTimer, Pair: -1, ID: ownTimer | v.timers, At: t})
}

// own sends a command past the client.
func (v *shaky) own(c carry.Command) error {
	a, code := v.gate.Check(v.now, &c, v.nobody)
	if code != carry.OK {
		return nil // not by today's rules
	}
	return v.in.Submit(context.Background(), a)
}

func (v *shaky) tell(ev carry.Event) {
	if ev.Code != carry.CodeResume {
		v.judge.wished(&ev)
	}
	if v.bug == nil {
		v.out = append(v.out, ev)
		return
	}
	v.out = append(v.out, v.bug(&ev)...)
}

// Next implements risk.Venue.
func (v *shaky) Next(ctx context.Context) (*carry.Event, error) {
	for {
		if len(v.out) > 0 {
			ev := v.out[0]
			v.out = v.out[1:]
			v.mine.complete(&ev)
			return &ev, nil
		}
		ev, err := v.in.Next(ctx)
		if errors.Is(err, io.EOF) && !v.over {
			v.over = true
			v.release(func(*carry.Event) bool { return true })
			continue
		}
		if err != nil {
			return nil, err
		}
		v.now = ev.At
		if ev.Kind == carry.EvTimer && ev.ID&ownTimer != 0 {
			v.due()
			continue
		}
		v.judge.happened(ev, v.in.Told())
		v.gate.Observe(ev)
		if v.pass(ev) {
			return ev, nil
		}
	}
}

// due does what is due by now.
func (v *shaky) due() {
	for k := 0; k < len(v.errand); k++ {
		if e := v.errand[k]; e.at <= v.now {
			v.errand = append(v.errand[:k], v.errand[k+1:]...)
			e.do()
			k--
		}
	}
}

// pass tells the client of an event, or keeps it for later. True: as it is.
func (v *shaky) pass(ev *carry.Event) bool {
	switch ev.Kind {
	case carry.EvMarket, carry.EvRates, carry.EvTimer, carry.EvRules:
		return len(v.out) == 0 || v.queue(ev)
	case carry.EvFill, carry.EvReject, carry.EvCanceled, carry.EvAck:
		if _, dark := v.dark[ev.Order]; dark || v.down {
			v.held = append(v.held, *ev)
			return false
		}
		if ev.Order >= strangers {
			ev.Order = 0 // the client has no number for it
		}
	case carry.EvPaid, carry.EvLiquidated, carry.EvSettled:
		// An account's balance is only what it is with everything before.
		v.release(func(*carry.Event) bool { return true })
	}
	v.tell(*ev)
	return false
}

func (v *shaky) queue(ev *carry.Event) bool {
	v.out = append(v.out, *ev)
	return false
}

// release tells what is held, of the orders that which says.
func (v *shaky) release(which func(ev *carry.Event) bool) {
	kept := v.held[:0:0]
	for k := range v.held {
		ev := v.held[k]
		if !which(&ev) {
			kept = append(kept, ev)
			continue
		}
		ev.At = v.now
		if ev.Order >= strangers {
			ev.Order = 0
		}
		v.tell(ev)
	}
	v.held = kept
}

// found makes an order's outcome known, and from now on its news.
func (v *shaky) found(id carry.OrderID) {
	delete(v.dark, id)
	if !v.down {
		v.release(func(ev *carry.Event) bool { return ev.Order == id })
	}
}

// breaks and mends are the connection's.
func (v *shaky) breaks() {
	if !v.down {
		v.down = true
		v.tell(carry.Event{Kind: carry.EvLink, At: v.now, Pair: -1, Code: carry.CodeStale})
	}
}

func (v *shaky) mends() {
	if v.down {
		v.down = false
		v.tell(carry.Event{Kind: carry.EvLink, At: v.now, Pair: -1})
		v.release(func(ev *carry.Event) bool { _, dark := v.dark[ev.Order]; return !dark })
	}
}

// strangers' orders have numbers beyond all of the client's.
const strangers carry.OrderID = 1 << 40

// stranger sells or buys beside the client, on its account.
func (v *shaky) stranger() {
	v.timers++
	i := int32(v.dice.IntN(len(v.mine.coins)))
	c := carry.Command{Kind: carry.CmdOrder, Pair: i, Leg: carry.Leg(v.dice.IntN(2)), Side: carry.Sell, Order: strangers + carry.OrderID(v.timers)}
	if v.dice.chance(0.5) {
		c.Side = carry.Buy
	}
	m := v.in.Seen()
	if m == nil || v.judge.rules[i] == nil || !(m.Mark[i] > 0) {
		return
	}
	f := &v.judge.rules[i].Legs[c.Leg]
	c.Ref = carry.PriceFromFloat(m.Mark[i])
	c.Qty = f.CeilQty(m.Pairs[i].QtyFloor(v.dice.between(20, 300) / m.Mark[i]))
	_ = v.own(c) // what the exchange thinks of it is the stranger's trouble
}

// Submit implements risk.Venue.
func (v *shaky) Submit(ctx context.Context, a risk.Approved) error {
	if !a.Valid() {
		return errors.New("a command came without the gate's approval")
	}
	c := a.Command()
	v.judge.arrives(&c, v.now)
	if c.Kind != carry.CmdOrder {
		return v.in.Submit(ctx, a)
	}
	stormy := false
	for _, s := range v.f.storms {
		stormy = stormy || s.has(v.now)
	}
	x, calm := v.dice.Float64(), v.now >= v.judge.d.calm
	fate := func(p float64) bool {
		x -= p
		return x < 0 && x >= -p && !calm
	}
	switch {
	case stormy || fate(v.f.busy):
		codes := [...]carry.Code{carry.CodeThrottled, carry.CodeFailed, carry.CodeClock, carry.CodeInsufficient, carry.CodeMargin}
		v.tell(outcome(carry.EvReject, &c, v.now, codes[v.dice.IntN(len(codes))]))
		return nil
	case fate(v.f.lost):
		v.tell(outcome(carry.EvAck, &c, v.now, carry.CodeUnknown))
		return v.at(v.now+proven, func() { v.tell(outcome(carry.EvReject, &c, v.now, carry.CodeExpired)) })
	case fate(v.f.answerLost):
		v.tell(outcome(carry.EvAck, &c, v.now, carry.CodeUnknown))
		v.hide(c.Order, v.f.late+5*carry.Second)
	case fate(v.f.slow):
		v.hide(c.Order, v.f.late)
	}
	return v.in.Submit(ctx, a)
}

// hide keeps an order's news for up to so long.
func (v *shaky) hide(id carry.OrderID, most carry.Time) {
	until := v.now + 1 + carry.Time(v.dice.Int64N(int64(most)))
	v.dark[id] = until
	_ = v.at(until, func() { v.found(id) }) // a timer always passes
}

func outcome(kind carry.EventKind, c *carry.Command, at carry.Time, code carry.Code) carry.Event {
	return carry.Event{Kind: kind, At: at, Pair: c.Pair, Leg: c.Leg, Side: c.Side, Order: c.Order, Qty: c.Qty, Ref: c.Ref, Code: code}
}
