package lab

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/panel"
)

// watchedSpec is a small market on which much is held.
func watchedSpec(t testing.TB, coins int, days carry.Time) *Spec {
	t.Helper()
	o := smallMarket(21, coins, 2)
	spec := setUp(t, "funding", nil, eager...)
	spec.From = o.From + 35*carry.Day
	o.To = spec.From + days*carry.Day
	spec.Open = anew(t, o)
	return spec
}

// session is a rehearsal that runs while a test plays its owner.
type session struct {
	t    *testing.T
	dir  string
	c    *panel.Client
	over chan error
	out  *Rehearsed
}

// startSession starts a rehearsal with a dashboard and a journal in a folder of
// its own.
func startSession(t *testing.T, spec *Spec, o OperateOptions) *session {
	t.Helper()
	s := &session{t: t, dir: t.TempDir(), over: make(chan error, 1)}
	ready := make(chan bool, 1)
	o.Mode, o.Dashboard, o.DoorFile = "REHEARSAL", "127.0.0.1:0", filepath.Join(s.dir, "j.db.panel")
	o.KillFile = filepath.Join(s.dir, "KILL")
	o.Ready = func(string, string) { ready <- true }
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan bool)
	go func() {
		defer close(done)
		var err error
		s.out, err = Rehearse(ctx, spec, RehearseOptions{Operate: &o, JournalFile: s.journal(), Log: func(string) {}})
		s.over <- err
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	select {
	case <-ready:
	case err := <-s.over:
		t.Fatal(err)
	}
	var err error
	if s.c, err = panel.Dial(o.DoorFile); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *session) journal() string { return filepath.Join(s.dir, "j.db") }

// until looks at the session until it is as wanted.
func (s *session) until(what string, is func(*panel.Snapshot) bool) *panel.Snapshot {
	s.t.Helper()
	for range 3000 {
		snap, err := s.c.State(context.Background())
		if err != nil {
			s.t.Fatalf("%s: %v", what, err)
		}
		if is(snap) {
			return snap
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.t.Fatalf("never seen: %s", what)
	return nil
}

func (s *session) do(action string) {
	s.t.Helper()
	if err := s.c.Do(context.Background(), action, "", ""); err != nil {
		s.t.Fatal(err)
	}
}

func heldN(s *panel.Snapshot) (n int) {
	for i := range s.Pairs {
		if s.Pairs[i].Held() {
			n++
		}
	}
	return n
}

// A rehearsal that people look at all the time, with alarms on their way, still
// equals the backtest to the digit; and what the board showed last is what the
// recorder, which shares no code with it, has in the result.
func TestBeingWatchedChangesNothing(t *testing.T) {
	t.Parallel()
	spec := watchedSpec(t, 5, 3)
	want, wantSaid := backtested(t, spec)
	var board *panel.Board
	looks := 0
	ch := &forgetful{fails: 1}
	o := OperateOptions{Limits: panel.AlarmLimits{NearLiquidationFrac: 0.6, DayLossFrac: 1e-6}, BarWait: 25 * time.Millisecond, Channels: []panel.Channel{ch}, watch: func(b *panel.Board) { board = b }}
	s := startSession(t, spec, o)
	for range 100_000 {
		if _, err := s.c.State(context.Background()); err != nil {
			break // it is over
		}
		if looks++; looks == 5 {
			s.do("alarm-test")
		}
		time.Sleep(3 * time.Millisecond)
	}
	if err := <-s.over; err != nil {
		t.Fatal(err)
	}
	compare(t, want, wantSaid, s.out)
	snap, r := board.Snapshot(), s.out.Result
	last := len(r.Curve.Equity) - 1
	for _, x := range []struct {
		what      string
		got, want float64
	}{
		{"equity", float64(snap.Money.Equity), r.Curve.Equity[last]}, {"profit", float64(snap.Money.Profit), r.Final - r.Capital},
		{"used leverage", float64(snap.Money.Used), r.Curve.Leverage[last]}, {"notional", float64(snap.Money.Notional), r.Curve.Notional[last]},
		{"distance", float64(snap.Money.LiquidationUp), r.Curve.LiquidationUp[last]},
		{"instants", float64(snap.Counts.Instants), float64(r.Counts.Instants)}, {"fills", float64(snap.Counts.Fills), float64(r.Counts.Fills)},
		{"fundings", float64(snap.Counts.Postings), float64(r.Counts.Postings)}, {"transfers", float64(snap.Counts.Transfers), float64(r.Counts.Transfers)},
		{"orders", float64(snap.Slices[0].Sent + snap.Slices[1].Sent), float64(r.Counts.Orders)}, {"commands", float64(snap.Counts.Commands), float64(r.Counts.Commands)},
	} {
		if math.Abs(x.got-x.want) > 1e-9*math.Max(1, math.Abs(x.want)) && !(math.IsNaN(x.got) && math.IsInf(x.want, 1)) {
			t.Errorf("%s: the board shows %v, the result has %v", x.what, x.got, x.want)
		}
	}
	if r.Counts.Fills < 50 || looks < 20 {
		t.Errorf("%d fills and %d looks prove little", r.Counts.Fills, looks)
	}
	if ch.sent == 0 || len(snap.Alarms) == 0 || snap.State.Ended != "as planned" {
		t.Errorf("%d alarms were sent, %d are listed, ended %q", ch.sent, len(snap.Alarms), snap.State.Ended)
	}
	receipts := 0
	s.read(func(rec *data.JournalRecord) {
		if ev := rec.Event; ev != nil && ev.Kind == carry.EvOperator && ev.Code == carry.CodeAlarmSent {
			receipts++
		}
	})
	if receipts == 0 {
		t.Error("the journal has no receipt for an alarm")
	}
	if _, err := Replay(context.Background(), s.journal()); err != nil {
		t.Error(err)
	}
	t.Logf("%d looks, %d alarms sent, %d receipts in the journal: equal", looks, ch.sent, receipts)
}

// forgetful is a channel that fails at first.
type forgetful struct{ fails, sent int }

func (*forgetful) Name() string { return "forgetful" }

func (f *forgetful) Send(context.Context, *panel.Alarm) error {
	if f.fails > 0 {
		f.fails--
		return errors.New("not now")
	}
	f.sent++
	return nil
}

// read reads the session's journal.
func (s *session) read(each func(*data.JournalRecord)) {
	s.t.Helper()
	err := data.ReadJournal(context.Background(), s.journal(), func(*data.Session) error { return nil }, func(r *data.JournalRecord) error {
		each(r)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// By the file, the signal and the dashboard: after the kill nothing is opened,
// nothing transferred; what a person closes is closed; and the journal's replay
// says the same, since it has what people asked for.
func TestThreeWaysToKill(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 1)
	for name, kill := range map[string]func(*session){
		"file": func(s *session) {
			if err := os.WriteFile(filepath.Join(s.dir, "KILL"), nil, 0o600); err != nil {
				s.t.Fatal(err)
			}
		},
		"signal":    func(*session) { signals <- syscall.SIGTERM },
		"dashboard": func(s *session) { s.do("kill") },
	} {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, watchedSpec(t, 5, 3), OperateOptions{Kill: signals, BarWait: 10 * time.Millisecond})
			s.until("three pairs held", func(p *panel.Snapshot) bool { return heldN(p) >= 3 })
			kill(s)
			s.until("killed", func(p *panel.Snapshot) bool { return p.State.Killed })
			s.do("resume") // which a kill outlives
			s.do("close-all")
			s.until("nothing held", func(p *panel.Snapshot) bool { return heldN(p) == 0 })
			if err := <-s.over; err != nil {
				t.Fatal(err)
			}
			if s.out.Steered != 3 {
				t.Errorf("people steered %d times", s.out.Steered)
			}
			s.checkKilled()
			if r, err := Replay(context.Background(), s.journal()); err != nil || r.Commands == 0 {
				t.Errorf("replay: %v", err)
			}
			if _, err := os.Stat(filepath.Join(s.dir, "j.db.panel")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the token's file outlives the session: %v", err)
			}
		})
	}
}

// checkKilled reads the journal: before the kill something was opened, after it
// nothing is ordered that opens, and nothing is transferred.
func (s *session) checkKilled() {
	s.t.Helper()
	killed, before, closes := false, 0, 0
	s.read(func(rec *data.JournalRecord) {
		if ev := rec.Event; ev != nil && ev.Kind == carry.EvOperator && ev.Code == carry.CodeKill {
			killed = true
		}
		c := rec.Command
		if c == nil || c.Kind != carry.CmdOrder && c.Kind != carry.CmdTransfer {
			return
		}
		opens := c.Kind == carry.CmdTransfer || (c.Leg == carry.Perp) == (c.Side == carry.Sell)
		switch {
		case opens && killed:
			s.t.Errorf("after the kill: %+v", *c)
		case opens:
			before++
		case killed:
			closes++
		}
	})
	if !killed || before == 0 || closes == 0 {
		s.t.Errorf("killed %t, %d openings before, %d closings after", killed, before, closes)
	}
}

// A board that was told a journal's past knows what one that was there knew, and
// rang nobody for it; a session that was killed goes on paused.
func TestTheBoardKnowsARecalledPast(t *testing.T) {
	t.Parallel()
	s := startSession(t, watchedSpec(t, 5, 3), OperateOptions{BarWait: 10 * time.Millisecond})
	s.until("three pairs held", func(p *panel.Snapshot) bool { return heldN(p) >= 3 })
	s.do("kill")
	if err := <-s.over; err != nil {
		t.Fatal(err)
	}
	var said []string
	r := &replayer{}
	var op *operation
	err := data.ReadJournal(context.Background(), s.journal(), func(d *data.Session) error {
		if err := r.begin(d); err != nil {
			return err
		}
		op = newOperation(r.spec, r.run, &carry.TapeInfo{Pairs: d.Pairs, Step: carry.Hour}, &OperateOptions{KillFile: filepath.Join(s.dir, "KILL"),
			Log: func(text string) { said = append(said, text) }})
		r.run.Journal = op
		return nil
	}, r.record)
	if err == nil {
		err = r.end()
	}
	if err != nil {
		t.Fatal(err)
	}
	op.board.Look()
	p, want := op.board.Snapshot(), s.out.Result
	last := len(want.Curve.Equity) - 1
	if math.Abs(float64(p.Money.Equity)-want.Curve.Equity[last]) > 1e-9*want.Curve.Equity[last] || float64(p.Money.LiquidationUp) != want.Curve.LiquidationUp[last] ||
		p.Counts.Fills != want.Counts.Fills || p.Counts.Instants != want.Counts.Instants || !p.State.Killed || len(p.Alarms) == 0 || len(said) > 0 {
		t.Errorf("the board shows %+v, %+v, %d alarms and said %q", p.Money, p.Counts, len(p.Alarms), said)
	}
	op.first()
	if a, ok := op.inbox.take(); !ok || a.ev.Code != carry.CodeRevive {
		t.Errorf("after a kill the run first hears %+v (%t)", a.ev, ok)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "KILL"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	op.first()
	if a, ok := op.inbox.take(); ok {
		t.Errorf("killed and with the file there it hears %+v", a.ev)
	}
}

// Paused nothing is opened; resumed it goes on.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	s := startSession(t, watchedSpec(t, 5, 3), OperateOptions{BarWait: 10 * time.Millisecond})
	s.do("pause") // the first thing that it hears
	p := s.until("a day of nothing", func(p *panel.Snapshot) bool { return p.Counts.Instants > 24 })
	if n := p.Slices[0].Sent; n > 0 || !p.State.Paused || heldN(p) > 0 {
		t.Errorf("paused, %d openings were sent", n)
	}
	s.do("resume")
	s.until("pairs held", func(p *panel.Snapshot) bool { return heldN(p) > 0 && !p.State.Paused })
	s.do("reread-rules")
	if err := s.c.Do(context.Background(), "close", "NOSUCH", ""); err == nil {
		t.Error("a coin that is not there is closed")
	}
	if err := <-s.over; err != nil {
		t.Fatal(err)
	}
	plain, err := Rehearse(context.Background(), watchedSpec(t, 5, 3), RehearseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const rules = "spot /api/v3/exchangeInfo"
	if s.out.Sent[rules] != plain.Sent[rules]+1 || plain.Sent[rules] == 0 {
		t.Errorf("the rules were read %d times, without being asked %d", s.out.Sent[rules], plain.Sent[rules])
	}
	if err := s.c.Do(context.Background(), "pause", "", ""); !errors.Is(err, panel.ErrNoDoor) {
		t.Errorf("after the end: %v", err)
	}
}
