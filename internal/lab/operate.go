package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"carry"
	"carry/internal/panel"
	"carry/internal/risk"
	"carry/reports"
	"carry/strategy"
	"carry/strategy/hedge"
)

// OperateOptions are how people watch and steer a live run. Whatever they ask for
// goes into the run as an event between two of its venue's, so that the journal
// has it and a replay does the same.
type OperateOptions struct {
	Mode string // REHEARSAL, PAPER, ...
	// Dashboard is the address on this machine; "" for none.
	Dashboard string
	// DoorFile is where its address and token are written for the owner alone.
	DoorFile string
	// KillFile is looked for twice a second; it is a request to kill.
	KillFile string
	// Kill is another one: a signal.
	Kill <-chan os.Signal
	// Channels are told of alarms; the log always is.
	Channels []panel.Channel
	Watchdog *panel.Watchdog
	Limits   panel.AlarmLimits
	// BarWait is how long, by the machine's clock, each cross-section is shown at
	// least: a rehearsal is over in seconds otherwise.
	BarWait time.Duration
	Log     func(text string)
	// Ready is told the dashboard's address, without and with its token.
	Ready func(url, withToken string)

	watch func(*panel.Board) // tests look over its shoulder
}

// operation is a run that people watch and steer; nil is one that nobody does.
type operation struct {
	o     OperateOptions
	board *panel.Board
	inbox *inbox
	serve *panel.Server
	send  *panel.Dispatcher
	stop  context.CancelFunc
	wait  sync.WaitGroup
	pairs []carry.Pair
	step  carry.Time
	asked int // of the run by people, receipts not counted
}

// steered is how often people asked something of the run.
func (op *operation) steered() int {
	if op == nil {
		return 0
	}
	return op.asked
}

// newOperation makes the board of a run whose journal may be recalled first; begin
// lets people in. Without options it is nil, and so is all that follows.
func newOperation(spec *Spec, run *strategy.Run, info *carry.TapeInfo, options *OperateOptions) *operation {
	if options == nil {
		return nil
	}
	op := &operation{o: *options, inbox: &inbox{ring: make(chan struct{}, 1)}, pairs: info.Pairs, step: info.Step}
	if op.o.Log == nil {
		op.o.Log = func(string) {}
	}
	op.board = panel.NewBoard(op.boardOptions(spec, run, info))
	op.board.Replay(true)
	if op.o.watch != nil {
		op.o.watch(op.board)
	}
	return op
}

// begin wires inbox, alarms and dashboard to a run that is about to go. now is the
// venue's clock, nil where time stands still between events.
func (op *operation) begin(run *strategy.Run, now func() carry.Time) error {
	if op == nil {
		return nil
	}
	op.board.Replay(false)
	op.board.Touch()
	op.send = panel.NewDispatcher(op.o.Channels...)
	op.send.Done = op.delivered
	if w, ok := run.Venue.(waker); ok {
		op.inbox.wake = w.Wake
	}
	s := op.board.Snapshot() // of the recalled past, if there is one
	run.Venue = &operated{Venue: run.Venue, op: op, now: now, last: s.At, begun: s.Seq > 0}
	op.first()
	if err := op.open(); err != nil {
		return err
	}
	op.start()
	return nil
}

// first asks what the run must hear before anything else: that the kill file is
// there, or that it is not any more though the session before was killed.
func (op *operation) first() {
	killed := op.board.Killed()
	switch there := op.killFile(); {
	case there && !killed:
		op.o.Log("KILL: " + op.killText())
		op.inbox.put(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeKill})
	case !there && killed:
		op.o.Log("the session before was killed; this one is paused until live resume")
		op.inbox.put(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeRevive})
	}
}

// Event implements carry.Journal; it never fails.
func (op *operation) Event(ev *carry.Event) error {
	if op == nil {
		return nil
	}
	return op.board.Event(ev)
}

// Command implements carry.Journal; it never fails.
func (op *operation) Command(at carry.Time, c *carry.Command) error {
	if op == nil {
		return nil
	}
	return op.board.Command(at, c)
}

func (op *operation) boardOptions(spec *Spec, run *strategy.Run, info *carry.TapeInfo) panel.BoardOptions {
	b := panel.BoardOptions{Pairs: info.Pairs, Book: run.Book, Raise: op.raise, Limits: op.o.Limits,
		Title: panel.Title{Mode: op.o.Mode, Strategy: spec.Entry.Name, Preset: spec.Entry.Preset, Program: program(), Source: info.Source}}
	if op.o.BarWait > 0 {
		b.Every = min(op.o.BarWait, 200*time.Millisecond)
	}
	if desk, ok := run.Core.(interface {
		Status(*carry.Market) hedge.Status
	}); ok {
		b.Desk = desk.Status
	}
	if h := spec.Settings.Hedge(); h != nil {
		b.Adjust = h.ProfitAdjustUSDT
		b.Title.Leverage = panel.Thresholds{Target: panel.Figure(h.LeverageTargetX), Alarm: panel.Figure(h.LeverageAlarmX),
			Reduce: panel.Figure(h.LeverageReduceX), Emergency: panel.Figure(h.LeverageEmergencyX)}
	}
	return b
}

// open starts the dashboard and says where it is.
func (op *operation) open() (err error) {
	if op.o.Dashboard == "" {
		return nil
	}
	token := panel.NewToken()
	op.serve, err = panel.NewServer(panel.ServerOptions{Listen: op.o.Dashboard, Board: op.board, Pairs: op.pairs, Token: token, Ask: op.ask, Theme: reports.Theme()})
	if err != nil {
		return err
	}
	if op.o.DoorFile != "" {
		if err := panel.WriteDoor(op.o.DoorFile, panel.Door{URL: op.serve.URL(), Token: token, PID: os.Getpid()}); err != nil {
			return errors.Join(err, op.serve.Close())
		}
	}
	if op.o.Ready != nil {
		op.o.Ready(op.serve.URL(), op.serve.URL()+"/#"+token)
	}
	return nil
}

// start lets run what does not belong to the loop.
func (op *operation) start() {
	ctx, stop := context.WithCancel(context.Background())
	op.stop = stop
	op.send.Start()
	run := func(f func(context.Context)) {
		op.wait.Add(1)
		go func() {
			defer op.wait.Done()
			f(ctx)
		}()
	}
	run(op.watchKill)
	run(op.probe)
	if w := op.o.Watchdog; w != nil {
		w.Idle, w.Log = op.board.Idle, op.o.Log
		run(w.Run)
	}
}

// close ends what start began, once the run is over; err is the run's and comes
// back.
func (op *operation) close(err error) error {
	if op == nil {
		return err
	}
	switch {
	case err == nil:
		op.board.End("as planned", false)
	case errors.Is(err, context.Canceled):
		op.board.End("interrupted by its owner", false)
	default:
		op.board.End(err.Error(), true)
	}
	op.inbox.end()
	op.stop()
	op.wait.Wait()
	op.send.Close(5 * time.Second)
	if op.serve != nil {
		if e := op.serve.Close(); e != nil {
			op.o.Log(fmt.Sprintf("the dashboard did not end well: %v", e))
		}
		if op.o.DoorFile != "" {
			if e := os.Remove(op.o.DoorFile); e != nil {
				op.o.Log(fmt.Sprintf("remove the dashboard's token: %v", e))
			}
		}
	}
	return err
}

// raise tells the log and the channels of an alarm.
func (op *operation) raise(a panel.Alarm) {
	op.o.Log("ALARM " + a.Line())
	op.send.Raise(a)
}

// delivered notes on the board, in the log and in the journal what a channel made
// of an alarm.
func (op *operation) delivered(a *panel.Alarm, channel string, err error) {
	op.board.Delivered(a.N, channel, err == nil)
	if err != nil {
		op.o.Log(fmt.Sprintf("alarm %d could not be sent by %s: %v", a.N, channel, err))
	}
	op.inbox.put(panel.Receipt(a, err))
}

// ask brings a request to the run and waits until the run took it.
func (op *operation) ask(ctx context.Context, r panel.Request) error {
	taken := op.inbox.put(carry.Event{Kind: carry.EvOperator, Pair: r.Pair, Code: r.Code, Amount: r.Amount})
	select {
	case ok := <-taken:
		if !ok {
			return errOver
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errOver = errors.New("the session is over")

// watchKill waits for the signal and looks for the file.
func (op *operation) watchKill(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		if op.board.Killed() {
			return // it holds until the program ends
		}
		found := ""
		if op.killFile() {
			found = op.killText()
		} else {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				continue
			case s := <-op.o.Kill:
				found = "signal " + s.String()
			}
		}
		op.o.Log("KILL: " + found)
		if err := op.ask(ctx, panel.Request{Code: carry.CodeKill, Pair: -1}); err == nil {
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (op *operation) killFile() bool {
	if op.o.KillFile == "" {
		return false
	}
	_, err := os.Stat(op.o.KillFile)
	return err == nil
}

func (op *operation) killText() string {
	return "the file " + filepath.Base(op.o.KillFile) + " is there"
}

// probe wakes the venue now and then: a loop that answers lives, also where the
// market is silent for an hour.
func (op *operation) probe(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			op.inbox.call()
		}
	}
}

// waker is a venue whose Next can be made to return risk.ErrWait early.
type waker interface{ Wake() }

// inbox is what people asked for and the run has not taken yet.
type inbox struct {
	wake func() // the venue's, if it can be woken

	ring    chan struct{} // one token: somebody asks
	mu      sync.Mutex
	waiting []asked
	over    bool
}

type asked struct {
	ev    carry.Event
	taken chan bool
}

// put adds an event. The channel says true once the run has taken it and all that
// followed from it, false if the run ended before.
func (b *inbox) put(ev carry.Event) <-chan bool {
	a := asked{ev, make(chan bool, 1)}
	b.mu.Lock()
	over := b.over
	if !over {
		b.waiting = append(b.waiting, a)
	}
	b.mu.Unlock()
	if over {
		a.taken <- false
		return a.taken
	}
	select {
	case b.ring <- struct{}{}:
	default:
	}
	b.call()
	return a.taken
}

// call wakes the venue.
func (b *inbox) call() {
	if b.wake != nil {
		b.wake()
	}
}

// take is the next event; ok is false where there is none.
func (b *inbox) take() (a asked, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		return a, false
	}
	a = b.waiting[0]
	b.waiting = b.waiting[1:]
	return a, true
}

// end answers everybody who still waits.
func (b *inbox) end() {
	b.mu.Lock()
	b.over = true
	left := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for _, a := range left {
		a.taken <- false
	}
}

// operated is a venue between whose events people are heard. It is the only place
// where both the last event is still valid and all that followed from it is done,
// so the board looks from here.
type operated struct {
	risk.Venue
	op      *operation
	now     func() carry.Time
	ev      carry.Event
	taken   chan bool  // of the event that was told last
	last    carry.Time // of any event
	cut     carry.Time // of the last cross-section that ended a bar
	begun   bool
	present bool         // the past is told
	held    *carry.Event // waits until people were heard
	fresh   bool         // the last event was such a cross-section
}

// Next implements risk.Venue.
func (v *operated) Next(ctx context.Context) (*carry.Event, error) {
	v.settle(ctx)
	for {
		if ev := v.hear(); ev != nil {
			return ev, nil
		}
		ev, err := v.held, error(nil)
		if v.held = nil; ev == nil {
			ev, err = v.Venue.Next(ctx)
		}
		if errors.Is(err, risk.ErrWait) && v.op.inbox.wake != nil {
			v.present = true // it waits for what is to come
			v.peek()
			continue
		}
		if err != nil {
			return nil, err
		}
		if ev.Kind == carry.EvMarket && !ev.Market.WarmUp && !v.present {
			v.present, v.held = true, ev // what was asked meanwhile comes before it
			continue
		}
		v.begun = true
		// A person may have been heard at a later time than what comes now bears: a
		// core's time does not run backward.
		ev.At = max(ev.At, v.last)
		v.last = ev.At
		if ev.Kind == carry.EvMarket && !ev.Market.Within && !ev.Market.WarmUp {
			v.cut, v.fresh = ev.At, true
		}
		return ev, nil
	}
}

// hear is the next thing that a person asks for, nil if there is none. While the past
// is told, which bears the past's time, people wait.
func (v *operated) hear() *carry.Event {
	if !v.begun || !v.present {
		return nil
	}
	a, ok := v.op.inbox.take()
	if !ok {
		return nil
	}
	v.ev, v.taken = a.ev, a.taken
	v.ev.At = v.when()
	v.last = v.ev.At
	switch v.ev.Code {
	case carry.CodeRereadRules:
		if r, ok := v.Venue.(interface{ Reread() }); ok {
			r.Reread()
		}
	case carry.CodeAlarmSent, carry.CodeAlarmLost, carry.CodeAlarmTest, carry.CodeDeposit: // steer nothing
	default:
		v.op.asked++
	}
	return &v.ev
}

// settle is what comes between two events: the board looks, who asked is answered,
// and a rehearsal that is watched takes its time.
func (v *operated) settle(ctx context.Context) {
	if v.taken != nil {
		v.op.board.Touch()
		v.taken <- true
		v.taken = nil
	}
	v.op.board.Look()
	if !v.fresh || v.op.o.BarWait == 0 {
		return
	}
	v.fresh = false
	timer := time.NewTimer(v.op.o.BarWait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.op.inbox.ring:
	case <-ctx.Done():
	}
}

// peek lets the board see the market of the moment when the venue was woken: between
// two cross-sections of an hour it would be old. Where time stands there is none.
func (v *operated) peek() {
	v.op.board.Beat()
	if p, ok := v.Venue.(window); ok && v.now != nil {
		if m := p.Peek(); m != nil {
			v.op.board.Peek(m)
		}
	}
}

// window is a venue that can show the market between two events.
type window interface{ Peek() *carry.Market }

// when is the time of what a person asks now: the venue's clock, but not beyond
// the end of the bar under way, whose cross-section is still to come.
func (v *operated) when() carry.Time {
	if v.now == nil || v.cut == 0 {
		return v.last
	}
	return max(v.last, min(v.now(), v.cut.Floor(v.op.step)+v.op.step))
}
