package lab

import (
	"context"
	"errors"
	"fmt"
	"math"

	"carry"
	"carry/data"
	"carry/internal/book"
)

// Session describes a live run for its journal: what makes the same core again.
func (s *Spec) session(info *carry.TapeInfo, from carry.Time) *data.Session {
	out := &data.Session{Program: program(), Strategy: s.Entry.Name, Preset: s.Entry.Preset, Params: map[string]string{}, From: from,
		Source: info.Source, Pairs: info.Pairs}
	for _, p := range paramValues(s.Settings, s) {
		out.Params[p.Name] = p.Value
	}
	return out
}

// ErrDiffers says that a core given a journal's events does not say what the
// journal has.
var ErrDiffers = errors.New("the replay differs from the journal")

// Replayed is what a replay read.
type Replayed struct {
	Session          *data.Session
	Events, Commands int
	First, Last      carry.Time
	// Unsaid are commands that the core says after the last record: the session
	// ended between an event and what followed from it.
	Unsaid int
}

// Replay feeds a journal's events to a fresh core of the same settings and holds
// what it says against the journal's commands, number by number and bit by bit.
func Replay(ctx context.Context, path string) (*Replayed, error) {
	r := &replayer{out: &Replayed{}}
	if err := data.ReadJournal(ctx, path, r.begin, r.record); err != nil {
		return nil, err
	}
	r.out.Unsaid = len(r.pending)
	return r.out, nil
}

type replayer struct {
	out     *Replayed
	core    carry.Core
	books   *book.Book
	pending []carry.Command
}

func (r *replayer) begin(s *data.Session) error {
	r.out.Session = s
	entry, err := Strategy(s.Strategy, s.Preset)
	if err != nil {
		return err
	}
	spec := &Spec{Entry: entry, Settings: entry.New(), Models: DefaultModels()}
	for _, p := range paramValues(spec.Settings, spec) {
		value, told := s.Params[p.Name]
		if !told {
			continue // newer than the journal: its default holds
		}
		if err := spec.Set(p.Name, value); err != nil {
			return fmt.Errorf("settings of the journal: %w", err)
		}
	}
	r.books = book.New(s.Pairs)
	r.core, err = spec.Settings.NewCore(s.Pairs, spec.Models.terms(s.From))
	return err
}

func (r *replayer) record(rec *data.JournalRecord) error {
	if rec.Event != nil {
		return r.event(rec.Event)
	}
	r.out.Commands++
	if len(r.pending) == 0 {
		return fmt.Errorf("%w: record %d, %s: the journal has a %s, the core says nothing", ErrDiffers, rec.Seq, rec.At, rec.Command.Kind)
	}
	if !sameCommand(&r.pending[0], rec.Command) {
		return fmt.Errorf("%w: record %d, %s:\n  journal %+v\n  core    %+v", ErrDiffers, rec.Seq, rec.At, *rec.Command, r.pending[0])
	}
	r.pending = r.pending[1:]
	return nil
}

// event lets the core see an event. While commands are pending it is the gate's
// refusal of one of them, whose answers join the end, as in the loop.
func (r *replayer) event(ev *carry.Event) error {
	if r.out.Events++; r.out.First == 0 {
		r.out.First = ev.At
	}
	r.out.Last = ev.At
	ev.Account = r.books.Account()
	if err := r.books.Apply(ev); err != nil {
		return err
	}
	r.pending = r.core.Step(ev, r.pending)
	return nil
}

// sameCommand compares two commands bit by bit.
func sameCommand(a, b *carry.Command) bool {
	for k := range a.X {
		if math.Float64bits(a.X[k]) != math.Float64bits(b.X[k]) {
			return false
		}
	}
	x, y := *a, *b
	x.X, y.X = [3]float64{}, [3]float64{}
	return x == y
}
