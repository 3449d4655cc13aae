package venuetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/risk"
)

// Stage is an opened venue with a market that moves little: pair 0 trades on
// both legs all the time, each wallet holds at least 1,000 USDT, and nothing is
// held. Exchanges keep minutes of trading in the book for a few hundred USDT.
type Stage struct {
	Venue risk.Venue
	Pairs []carry.Pair
	// Feed brings more of the market when the venue waits for it; false at the
	// end. nil for a venue that needs none.
	Feed func() bool
	// Patience is how long, by the events' time, an outcome may take.
	Patience carry.Time
}

// RunVenue holds a venue against the contract. open is called once for every
// chapter of it.
func RunVenue(t *testing.T, name string, open func(t *testing.T) *Stage) {
	t.Helper()
	for _, c := range chapters {
		t.Run(name+"/"+c.name, func(t *testing.T) {
			hold(t, open(t), c.play)
		})
	}
}

// hold plays one chapter.
func hold(t reporter, stage *Stage, play func(w *witness)) {
	w := &witness{t: t, stage: stage, orders: make(map[carry.OrderID]*told)}
	w.gate, w.book = risk.NewGate(stage.Pairs, risk.Limits{}), book.New(stage.Pairs)
	play(w)
	w.settleAll()
}

// reporter is the part of testing.T that is needed, so that the contract itself
// can be tried on venues that break it.
type reporter interface {
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// witness drives a venue and holds every event against what must always be true.
type witness struct {
	t     reporter
	stage *Stage
	gate  *risk.Gate
	book  *book.Book

	seq    uint64
	id     carry.OrderID
	now    carry.Time
	market carry.Market // the last cross-section, its columns copied
	rules  carry.Rules  // of pair 0
	orders map[carry.OrderID]*told
	last   *carry.Event
}

// told is what a venue has said of one order or transfer.
type told struct {
	cmd      carry.Command
	filled   carry.Qty
	left     carry.Qty
	acked    bool
	done     bool
	events   []carry.Event
	refusals []carry.Code // of cancels of it
}

func (o *told) final() carry.Event { return o.events[len(o.events)-1] }

// step takes the next event; false at the end.
func (w *witness) step() bool {
	w.t.Helper()
	for {
		ev, err := w.stage.Venue.Next(context.Background())
		switch {
		case errors.Is(err, risk.ErrWait) && w.stage.Feed != nil && w.stage.Feed():
			continue
		case errors.Is(err, risk.ErrWait), errors.Is(err, io.EOF):
			return false
		case err != nil:
			w.t.Fatal(err)
		}
		w.see(ev)
		return true
	}
}

// see checks what holds for any event.
func (w *witness) see(ev *carry.Event) {
	w.t.Helper()
	w.seq++
	ev.Seq = w.seq
	if w.seq == 1 && ev.Kind != carry.EvSnapshot {
		w.t.Fatalf("the first event is %s, not the account as it is", ev.Kind)
	}
	if ev.At < w.now {
		w.t.Fatalf("%s at %s comes after an event at %s", ev.Kind, ev.At, w.now)
	}
	w.now = ev.At
	if err := w.book.Apply(ev); err != nil {
		w.t.Fatalf("the event's figures do not add up: %v", err)
	}
	w.gate.Observe(ev)
	switch ev.Kind {
	case carry.EvMarket:
		w.look(ev.Market)
	case carry.EvRules:
		if ev.Pair == 0 {
			w.rules = *ev.Rules
		}
	case carry.EvAck, carry.EvFill, carry.EvReject, carry.EvCanceled, carry.EvTransferred:
		w.outcome(ev)
	}
	kept := *ev
	kept.Market, kept.Rates, kept.Rules, kept.Account = nil, nil, nil, nil
	w.last = &kept
}

// look copies the cross-section: a market is valid during its event only.
func (w *witness) look(m *carry.Market) {
	if m.At != w.now {
		w.t.Errorf("a cross-section of %s is told at %s", m.At, w.now)
	}
	w.market = *m
	w.market.Flags = append([]carry.Flags(nil), m.Flags...)
	q := fixed{}
	for leg := carry.Spot; leg <= carry.Perp; leg++ {
		q[leg] = [2]float64{m.Bid(leg, 0), m.Ask(leg, 0)}
		if m.Flags[0]&carry.Tradable == carry.Tradable && !(q[leg][0] > 0 && q[leg][0] <= q[leg][1]) {
			w.t.Errorf("%s is quoted %v at %v", leg, q[leg][0], q[leg][1])
		}
	}
	w.market.Quotes = q
}

// fixed are pair 0's quotes by leg: bid and ask.
type fixed [2][2]float64

// Bid is the bid.
func (f fixed) Bid(leg carry.Leg, _ int) float64 { return f[leg][0] }

// Ask is the ask.
func (f fixed) Ask(leg carry.Leg, _ int) float64 { return f[leg][1] }

// outcome holds what is told of an order against what was told before.
func (w *witness) outcome(ev *carry.Event) {
	w.t.Helper()
	o := w.orders[ev.Order]
	if o == nil {
		w.t.Fatalf("%s of order %d, which was never sent", ev.Kind, ev.Order)
	}
	if ev.Kind == carry.EvReject && ev.Code == carry.CodeUnknownOrder {
		o.refusals = append(o.refusals, ev.Code)
		return
	}
	if o.done {
		w.t.Fatalf("%s of order %d after its end (%s)", ev.Kind, ev.Order, o.final().Kind)
	}
	kept := *ev
	kept.Rules, kept.Account = nil, nil
	o.events = append(o.events, kept)
	if ev.Kind != carry.EvTransferred && (ev.Pair != o.cmd.Pair || ev.Leg != o.cmd.Leg || ev.Side != o.cmd.Side) {
		w.t.Errorf("%s of order %d is of %d %s %s, the order of %d %s %s", ev.Kind, ev.Order, ev.Pair, ev.Leg, ev.Side, o.cmd.Pair, o.cmd.Leg, o.cmd.Side)
	}
	switch ev.Kind {
	case carry.EvAck:
		if ev.Code == carry.OK {
			o.acked = true
			w.equal(ev, "rests with", ev.Qty, o.left)
		}
	case carry.EvFill:
		w.fill(o, ev)
	case carry.EvCanceled:
		o.done = true
		w.equal(ev, "cancels", ev.Qty, o.left)
	case carry.EvReject:
		o.done = true
		if ev.Code == carry.OK || o.filled > 0 {
			w.t.Errorf("a reject for %s of order %d, of which %d are filled", ev.Code, ev.Order, o.filled)
		}
	case carry.EvTransferred:
		o.done = ev.Code != carry.CodeUnknown
	}
}

func (w *witness) equal(ev *carry.Event, what string, got, want carry.Qty) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("order %d %s %d, of which %d are left", ev.Order, what, got, want)
	}
}

// fill checks one fill: within the order, on the lot, at a price that the order
// accepts, for a fee, and the count of what is left.
func (w *witness) fill(o *told, ev *carry.Event) {
	w.t.Helper()
	c, f := &o.cmd, &w.rules.Legs[ev.Leg]
	o.filled += ev.Qty
	reduced := c.ReduceOnly && w.book.Account().PerpQty[c.Pair] == 0
	if o.left = c.Qty - o.filled; o.left < 0 || ev.Left != o.left && !(reduced && ev.Left == 0) {
		w.t.Errorf("order %d of %d: %d filled, but %d left", ev.Order, c.Qty, o.filled, ev.Left)
	}
	o.done = ev.Left == 0
	if f.Step > 0 && ev.Qty%f.Step != 0 || ev.Qty <= 0 {
		w.t.Errorf("order %d: a fill of %d, the lot is %d", ev.Order, ev.Qty, f.Step)
	}
	if c.Limit > 0 && (ev.Side == carry.Buy && ev.Price > c.Limit || ev.Side == carry.Sell && ev.Price < c.Limit) {
		w.t.Errorf("order %d at %s filled at %s", ev.Order, c.Limit, ev.Price)
	}
	if ev.Maker && !c.Life.Rests() || ev.Maker && !o.acked {
		w.t.Errorf("order %d never rested, but made", ev.Order)
	}
	if ev.Fee == 0 && ev.FeeCoins == (carry.Wide{}) && ev.FeeBNB == 0 {
		w.t.Errorf("order %d: a fill without a fee", ev.Order)
	}
}

// send passes a command through the gate to the venue and returns what will be
// told of it.
func (w *witness) send(c carry.Command) *told {
	w.t.Helper()
	o := &told{cmd: c, left: c.Qty}
	if c.Kind == carry.CmdOrder || c.Kind == carry.CmdTransfer {
		if c.Order == 0 {
			w.id++
			c.Order = w.id
		}
		o.cmd = c
		w.orders[c.Order] = o
	}
	a, code := w.gate.Check(w.now, &c, w.book.Account())
	if code != carry.OK {
		w.t.Fatalf("the gate refuses %s: %s", c.Kind, code)
	}
	if err := w.stage.Venue.Submit(context.Background(), a); err != nil {
		w.t.Fatalf("submit %s: %v", c.Kind, err)
	}
	return o
}

// until goes on until what is asked for has happened; it must, within the
// stage's patience.
func (w *witness) until(what string, happened func() bool) {
	w.t.Helper()
	start := w.now
	for !happened() {
		if !w.step() {
			w.t.Fatalf("the market ended before %s", what)
		}
		if start == 0 {
			start = w.now
		}
		if w.now-start > w.stage.Patience {
			w.t.Fatalf("not within %d s: %s", w.stage.Patience/carry.Second, what)
		}
	}
}

// ready goes on until the pair trades on both legs.
func (w *witness) ready() {
	w.t.Helper()
	w.until("both legs trade", func() bool {
		return w.last != nil && w.last.Kind == carry.EvMarket && !w.market.WarmUp &&
			len(w.market.Flags) > 0 && w.market.Flags[0]&carry.Tradable == carry.Tradable
	})
}

// settleAll demands that nothing is left without an answer.
func (w *witness) settleAll() {
	w.t.Helper()
	w.until("every order has an end", func() bool {
		for _, o := range w.orders {
			if !o.done {
				return false
			}
		}
		return true
	})
}
