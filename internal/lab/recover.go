package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"carry"
	"carry/data"
	"carry/internal/binance"
)

// ErrSession says that a journal is of another run than the one asked for.
var ErrSession = errors.New("the journal is of another run")

// ErrGone says that a journal cannot go on, since its exchange ended.
var ErrGone = errors.New("the journal goes on only with the exchange that it was written on, which ended with the program")

// recovered is what a journal gave back: the run stands where it ended.
type recovered struct {
	journal *data.Journal
	past    *binance.Past // nil where the run begins
	run     string
	// again: the lane has seen a beginning that counts for nothing.
	again bool
}

// keepJournal opens the journal of a live run. A new one begins; one that is there
// goes on: its records pass through the lane's core, books, gate and recorder as
// they did before, and the commands that the session before could not say any
// more are made durable. The lane's own journal is told of everything once.
func (s *Spec) keepJournal(ctx context.Context, pg *playground, o RehearseOptions, l *lane) (*recovered, error) {
	path, run, log := o.JournalFile, rehearsalRun, o.Log
	want := s.session(pg.info, pg.from, run)
	begun, err := data.JournalBegun(ctx, path)
	if err != nil {
		return nil, err
	}
	if !begun {
		j, err := data.CreateJournal(ctx, path, want)
		if err != nil {
			return nil, err
		}
		return &recovered{journal: j, run: run}, nil
	}
	if pg.fresh {
		return nil, fmt.Errorf("%w: %s", ErrGone, path)
	}
	r := &replayer{run: l.run}
	j, torn, err := data.ContinueJournal(ctx, path, func(have *data.Session) error {
		r.start(have)
		return sameSession(have, want)
	}, r.record)
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	logTorn(torn, log)
	out := &recovered{journal: j, past: r.past, run: r.out.Session.Run}
	if !r.past.Acted() {
		// Nothing followed from it yet: the run begins anew.
		out.past, out.again = nil, true
		if err := j.Restart(ctx); err != nil {
			return nil, errors.Join(err, j.Close())
		}
		return out, nil
	}
	l.run.Journal.(*sayings).second = alsoTo(o.Journal, o.wrapped(j))
	if err := r.goOn(ctx, torn > 0, log); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return out, nil
}

// logTorn says that the last record was cut off, if one was.
func logTorn(record int64, log func(string)) {
	if record > 0 {
		log(fmt.Sprintf("record %d of the journal was written in part only; it is cut off, and the exchange is asked what became of it", record))
	}
}

// goOn makes durable what the session before could not say any more, and tells the
// past of it. A torn record may have been the first of these commands, and acted on.
func (r *replayer) goOn(ctx context.Context, torn bool, log func(string)) error {
	log(fmt.Sprintf("the journal goes on after %d events and %d commands, the last of %s; %d orders and transfers were on their way", r.out.Events,
		r.out.Commands, r.out.Last, r.past.Open()))
	return r.run.Say(ctx, r.out.Last, func(c *carry.Command) {
		r.past.Command(r.out.Last, c, !torn)
		torn = false
	})
}

// sameSession demands that a journal is of the run that is asked for.
func sameSession(have, want *data.Session) error {
	for _, w := range [...]struct{ what, have, want string }{
		{"strategy", have.Strategy + "/" + have.Preset, want.Strategy + "/" + want.Preset},
		{"market", have.Source, want.Source},
		{"beginning", have.From.String(), want.From.String()},
	} {
		if w.have != w.want {
			return fmt.Errorf("%w: its %s is %s, not %s", ErrSession, w.what, w.have, w.want)
		}
	}
	names := make([]string, 0, len(want.Params))
	for name := range want.Params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if old, told := have.Params[name]; told && old != want.Params[name] {
			return fmt.Errorf("%w: its %s is %s, not %s", ErrSession, name, old, want.Params[name])
		}
	}
	if !slices.Equal(have.Pairs, want.Pairs) {
		return fmt.Errorf("%w: its coins are others", ErrSession)
	}
	return nil
}

// Foreign tells whether a run ended because the exchange's account is not what
// was told of it.
func Foreign(err error) bool { return errors.Is(err, binance.ErrForeign) }
