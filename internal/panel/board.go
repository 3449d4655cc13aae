package panel

import (
	"sync"
	"sync/atomic"
	"time"

	"carry"
	"carry/internal/book"
	"carry/strategy/hedge"
)

// BoardOptions say what a board watches.
type BoardOptions struct {
	Title  Title
	Pairs  []carry.Pair
	Book   *book.Book
	Adjust float64 // added to the profit that is shown, USDT
	// Desk describes the desk at a cross-section; nil for a strategy without one.
	Desk func(m *carry.Market) hedge.Status
	// Raise is given every alarm once; it must not wait. nil: nobody is told.
	Raise func(Alarm)
	// Limits of the alarms that the board raises by itself.
	Limits AlarmLimits
	// Every is the least time between two snapshots; 200 ms.
	Every time.Duration
}

// Board watches a run. Event, Command, Look and End are for the run's goroutine;
// everything else for any. It is a carry.Journal that never fails.
type Board struct {
	o      BoardOptions
	last   atomic.Pointer[Snapshot]
	killed atomic.Bool
	beat   atomic.Int64 // when the loop was last seen alive, ms by the machine's clock

	market  *carry.Market // of the event under way; borrowed
	rules   []*carry.Rules
	rung    []carry.MarginRung
	taken   time.Time // when the last snapshot was taken
	now     Snapshot  // what is carried from one to the next
	started bool      // a cross-section of the run was seen
	dayFrom float64   // equity at midnight, flows since counted in
	day     carry.Time
	orders  map[carry.OrderID]*slice
	traded  []traded
	events  ring
	watch   alarmWatch
	stride  int // every which cross-section is on the curve: a power of two
	silent  bool

	mu     sync.Mutex // guards alarms
	alarms []Alarm
	raised int
}

// NewBoard returns a board for a run that has not begun.
func NewBoard(o BoardOptions) *Board {
	if o.Every == 0 {
		o.Every = 200 * time.Millisecond
	}
	if o.Title.Started == 0 {
		o.Title.Started = time.Now().UnixMilli()
	}
	b := &Board{o: o, rules: make([]*carry.Rules, len(o.Pairs)), rung: make([]carry.MarginRung, len(o.Pairs)), orders: map[carry.OrderID]*slice{},
		traded: make([]traded, len(o.Pairs)), stride: 1}
	b.now.Title, b.now.Warming = o.Title, true
	b.last.Store(&Snapshot{Title: o.Title, Warming: true})
	b.Beat()
	return b
}

// Replay tells that what follows is a journal's past: alarms are listed and not
// sent again.
func (b *Board) Replay(on bool) { b.silent = on }

// Snapshot is the last picture taken. It is shared: read only.
func (b *Board) Snapshot() *Snapshot {
	s := *b.last.Load()
	b.mu.Lock()
	s.Alarms = newestFirst(b.alarms)
	b.mu.Unlock()
	return &s
}

// Killed tells whether the kill switch is on, as soon as the run heard of it.
func (b *Board) Killed() bool { return b.killed.Load() }

// Beat notes that the loop lives.
func (b *Board) Beat() { b.beat.Store(time.Now().UnixMilli()) }

// Idle is how long ago the loop was last seen alive.
func (b *Board) Idle() time.Duration {
	return time.Duration(time.Now().UnixMilli()-b.beat.Load()) * time.Millisecond
}

// Event implements carry.Journal.
func (b *Board) Event(ev *carry.Event) error {
	n := &b.now
	n.Seq, n.Counts.Events = ev.Seq, n.Counts.Events+1
	if ev.Kind != carry.EvSnapshot && ev.Kind != carry.EvRules {
		n.At = ev.At
	}
	b.tellEvent(ev) // while it is known which orders are on their way
	switch ev.Kind {
	case carry.EvMarket:
		b.market, n.Warming = ev.Market, ev.Market.WarmUp
		b.cross(ev.Market)
	case carry.EvRules:
		b.rules[ev.Pair], b.rung[ev.Pair] = ev.Rules, carry.MarginRung{}
	case carry.EvPaid:
		n.Counts.Postings++
	case carry.EvFill, carry.EvReject, carry.EvCanceled, carry.EvAck:
		b.outcome(ev)
	case carry.EvTransferred:
		if ev.Code == carry.OK {
			n.Counts.Transfers++
		}
	case carry.EvLiquidated:
		n.Counts.Liquidations++
	case carry.EvFlow:
		if b.started {
			n.Money.Flows += Figure(ev.Amount.Float())
			b.dayFrom += ev.Amount.Float()
		}
	case carry.EvLink:
		b.linked(ev)
	case carry.EvOperator:
		b.operated(ev)
	}
	b.alarmOfEvent(ev)
	return nil
}

// Command implements carry.Journal.
func (b *Board) Command(at carry.Time, c *carry.Command) error {
	b.now.Counts.Commands++
	if c.Kind == carry.CmdOrder {
		b.sent(c)
	}
	b.tellCommand(at, c)
	b.alarmOfNote(at, c)
	return nil
}

func (b *Board) linked(ev *carry.Event) {
	s := &b.now.State
	if ev.Code == carry.OK {
		s.LinksDown = max(0, s.LinksDown-1)
		return
	}
	s.LinksDown++
	b.now.Counts.LinkBreaks++
}

// operated shows at once what the desk tells at the next cross-section only.
func (b *Board) operated(ev *carry.Event) {
	s := &b.now.State
	switch ev.Code {
	case carry.CodeKill:
		s.Killed, s.Paused, s.Halted = true, true, true
		b.killed.Store(true)
	case carry.CodeRevive:
		s.Killed = false
		b.killed.Store(false)
	case carry.CodePause:
		s.Paused, s.Halted = true, true
	case carry.CodeResume:
		s.Paused = s.Killed
	}
}

// Look is called between two steps, while the last event is still valid: when a
// cross-section was seen, and not too soon after the last one, it takes a picture.
func (b *Board) Look() {
	b.Beat()
	if b.market == nil || b.market.WarmUp || time.Since(b.taken) < b.o.Every {
		b.market = nil
		return
	}
	b.take()
	b.market = nil
}

// Peek takes a picture at a market that is no event: nothing was decided on it, and
// it is on no curve. It is for the run's goroutine, between two steps.
func (b *Board) Peek(m *carry.Market) {
	if !b.started || time.Since(b.taken) < b.o.Every {
		return
	}
	before := b.now.At
	b.market, b.now.At = m, max(before, m.At)
	b.take()
	b.market, b.now.At = nil, before
}

// Touch takes over what changed without a cross-section: events and state.
func (b *Board) Touch() {
	b.Beat()
	b.publish()
}

// End takes the last picture: the session is over, for a failure or as planned.
func (b *Board) End(why string, failure bool) {
	b.now.State.Ended = why
	level := Info
	if failure {
		level = Urgent
	}
	b.raise(Alarm{At: b.now.At, Level: level, Code: carry.CodeEnded, Text: "the session ended: " + why})
	b.publish()
}

// publish shows what stands.
func (b *Board) publish() {
	s := b.now
	s.WallMs = time.Now().UnixMilli()
	s.Events = b.events.newest()
	s.Curve = s.Curve.clone()
	s.Slices = b.slices()
	b.last.Store(&s)
}
