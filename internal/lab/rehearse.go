package lab

import (
	"context"
	"errors"
	"fmt"

	"carry"
	"carry/internal/binance"
	"carry/internal/book"
	"carry/internal/exchange"
	"carry/internal/risk"
	"carry/strategy"
)

// RehearseOptions are a rehearsal's settings.
type RehearseOptions struct {
	// Faults are what the loopback exchange does wrong.
	Faults exchange.TradeFaults
	// Journal, if set, records the run beside the file; it is told what a journal
	// of a real session is told.
	Journal carry.Journal
	// JournalFile, if set, is where the session's journal is written. One that is
	// there already goes on, which needs the exchange that it was written on.
	JournalFile string
	// Stage exchanges parts of the rehearsal, for tests.
	Stage Stage
	// Connect is the address of a loopback exchange in lockstep of another process;
	// "": one is made that ends with the rehearsal.
	Connect string
	// Operate, if set, lets people watch and steer.
	Operate *OperateOptions
	// Log is told in one line of whatever is out of the ordinary.
	Log func(text string)
	// Progress is told of every cross-section.
	Progress func(at, from, to carry.Time)
	// lost allows for records that were lost after they were acted on, in tests.
	lost bool
	// wrap stands between the run and its journal's file, in tests.
	wrap func(carry.Journal) carry.Journal
}

func (o *RehearseOptions) wrapped(j carry.Journal) carry.Journal {
	if o.wrap == nil {
		return j
	}
	return o.wrap(j)
}

// Rehearsed is a finished rehearsal.
type Rehearsed struct {
	Result *carry.Result
	// Said are the core's commands in order.
	Said []Said
	// Coins of the universe.
	Coins int
	// Steered is how often people asked something of the run.
	Steered int
	// Faults that were served, by kind.
	Faults map[exchange.TradeFaultKind]int
	// Sent counts what reached the exchange: requests by endpoint; nil where it is
	// another process.
	Sent map[string]int
	// Restarts is how often the run had been started before.
	Restarts int
	// Audit holds the journal's file against the exchange; nil without one.
	Audit *Audit
}

// Said is a command and when it was said. The order's number is left out: it
// counts what was said before and adds nothing to it.
type Said struct {
	At      carry.Time
	Command carry.Command
}

func sayingOf(at carry.Time, c *carry.Command) Said {
	s := Said{at, *c}
	s.Command.Order, s.Command.ID = 0, 0
	return s
}

// Rehearse makes the run that spec describes through the real adapter: orders,
// transfers and streams go over HTTP and WebSocket to a loopback exchange that
// replays the same market around the same simulated account, in lockstep.
func Rehearse(ctx context.Context, spec *Spec, o RehearseOptions) (*Rehearsed, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	pg, err := spec.playground(ctx, o)
	if err != nil {
		return nil, err
	}
	defer pg.Close()
	return spec.rehearseOn(ctx, pg, o)
}

// rehearseOn runs the client's side of a rehearsal, from its beginning or from
// where its journal ends.
func (s *Spec) rehearseOn(ctx context.Context, pg *playground, o RehearseOptions) (*Rehearsed, error) {
	l, log, err := s.liveLane(pg, &o)
	if err != nil {
		return nil, err
	}
	kept := &recovered{run: rehearsalRun}
	if o.JournalFile != "" {
		kept, err = s.keepJournal(ctx, pg, o, l)
		if err != nil {
			return nil, err
		}
		defer kept.journal.Close()
		if kept.again {
			if l, log, err = s.liveLane(pg, &o); err != nil {
				return nil, err
			}
		}
		log.second = alsoTo(o.Journal, o.wrapped(kept.journal))
	}
	venue, err := pg.adapter(ctx, s, kept, &o)
	if err != nil {
		return nil, err
	}
	defer venue.Close()
	if l.run.Venue, err = s.opened(ctx, pg, venue, kept.past); err != nil {
		return nil, err
	}
	o.Stage.play(l, pg.info.Pairs)
	log.progress, log.from, log.to = o.Progress, pg.from, pg.info.To
	if err := log.op.begin(l.run, nil); err != nil {
		return nil, err
	}
	done, err := l.run.Advance(ctx)
	err = log.op.close(err)
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	if !done {
		return nil, errors.New("rehearsal: the venue waits for data that nobody feeds")
	}
	out, err := s.rehearsed(ctx, pg, o, venue, l, log, kept)
	if out != nil {
		out.Steered = log.op.steered()
	}
	return out, err
}

// rehearsed makes the result of a rehearsal that came to its end.
func (s *Spec) rehearsed(ctx context.Context, pg *playground, o RehearseOptions, venue *binance.Venue, l *lane, log *sayings, kept *recovered) (*Rehearsed, error) {
	if pg.trading == nil {
		// The account is out of sight; what the exchange says of it must do.
		if err := venue.Agrees(ctx); err != nil {
			return nil, fmt.Errorf("rehearsal: %w", err)
		}
	}
	l.last = log.last
	venue.Close()
	res, err := l.finish(s, pg.info, nil)
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	out := &Rehearsed{Result: res, Said: log.said, Coins: len(pg.info.Pairs)}
	if kept.past != nil {
		out.Restarts = kept.past.Starts()
	}
	if pg.server != nil {
		out.Faults, out.Sent = pg.trading.TradeFaultCounts(), pg.server.Stats().Requests
	}
	if o.JournalFile == "" {
		return out, nil
	}
	if err := kept.journal.Close(); err != nil {
		return nil, err
	}
	orders, err := pg.orders(ctx)
	if err == nil {
		out.Audit, err = auditJournal(ctx, o.JournalFile, orders, o.lost)
	}
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	return out, nil
}

// rehearsalRun begins the names of a rehearsal's orders.
const rehearsalRun = "rhrsl"

// barName is the exchange's name of a bar's length.
func barName(step carry.Time) string {
	switch {
	case step%carry.Day == 0:
		return fmt.Sprintf("%dd", step/carry.Day)
	case step%carry.Hour == 0:
		return fmt.Sprintf("%dh", step/carry.Hour)
	}
	return fmt.Sprintf("%dm", step/carry.Minute)
}

// liveLane wires core, gate, books and recorder to a venue that is no
// simulation of ours.
func (s *Spec) liveLane(g *playground, o *RehearseOptions) (*lane, *sayings, error) {
	core, err := s.Settings.NewCore(g.info.Pairs, s.Models.terms(g.from))
	if err != nil {
		return nil, nil, err
	}
	if o.Stage.Core != nil {
		core = o.Stage.Core(core)
	}
	books := book.New(g.info.Pairs)
	l := &lane{name: "rehearsal", entry: s.Entry, settings: s.Settings, remote: true, hash: strategy.NewHashJournal()}
	if g.trading != nil {
		l.truth = g.trading.Exchange()
	}
	log := &sayings{Journal: l.hash, second: o.Journal}
	l.run = &strategy.Run{Core: core, Gate: risk.NewGate(g.info.Pairs, risk.Limits{}), Book: books,
		Recorder: strategy.NewRecorder(g.info.Pairs, books), Journal: log}
	log.op = newOperation(s, l.run, g.info, o.Operate)
	return l, log, nil
}

// sayings is a journal that remembers the commands, and the last market for the
// end of the record.
type sayings struct {
	carry.Journal
	second   carry.Journal
	op       *operation // is told last
	said     []Said
	last     carry.Market
	from, to carry.Time
	progress func(at, from, to carry.Time)
}

// Event implements carry.Journal.
func (j *sayings) Event(ev *carry.Event) error {
	if ev.Kind == carry.EvMarket {
		j.last = *ev.Market
		if j.progress != nil && !ev.Market.WarmUp {
			j.progress(ev.At, j.from, j.to)
		}
	}
	if j.second != nil {
		if err := j.second.Event(ev); err != nil {
			return err
		}
	}
	if err := j.Journal.Event(ev); err != nil {
		return err
	}
	return j.op.Event(ev)
}

// Command implements carry.Journal.
func (j *sayings) Command(at carry.Time, c *carry.Command) error {
	j.said = append(j.said, sayingOf(at, c))
	if j.second != nil {
		if err := j.second.Command(at, c); err != nil {
			return err
		}
	}
	if err := j.Journal.Command(at, c); err != nil {
		return err
	}
	return j.op.Command(at, c)
}
