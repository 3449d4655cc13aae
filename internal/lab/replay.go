package lab

import (
	"context"
	"errors"
	"fmt"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/strategy"
)

// session describes a live run for its journal: what makes the same core again.
func (s *Spec) session(info *carry.TapeInfo, from carry.Time, run string) *data.Session {
	out := &data.Session{Program: program(), Strategy: s.Entry.Name, Preset: s.Entry.Preset, Params: map[string]string{}, Run: run, From: from,
		Source: info.Source, Pairs: info.Pairs}
	for _, p := range paramValues(s.Settings, s) {
		out.Params[p.Name] = p.Value
	}
	return out
}

// ReplayDiffers tells whether a core that was given a journal's events did not
// say what the journal has.
func ReplayDiffers(err error) bool { return errors.Is(err, strategy.ErrDiffers) }

// Replayed is what a replay read.
type Replayed struct {
	Session          *data.Session
	Events, Commands int
	First, Last      carry.Time
	// Starts is how often the session was started.
	Starts int
	// Unsaid are commands that the core says after the last record: the session
	// ended between an event and what followed from it.
	Unsaid int
}

// Replay feeds a journal's events to a fresh core of the same settings and holds
// what it says against the journal's commands, number by number and bit by bit.
func Replay(ctx context.Context, path string) (*Replayed, error) {
	r := &replayer{}
	if err := data.ReadJournal(ctx, path, r.begin, r.record); err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	r.out.Unsaid = len(r.run.Unsaid())
	return &r.out, nil
}

// replayer gives a journal's records to a run and notes what they tell of the
// exchange.
type replayer struct {
	out  Replayed
	run  *strategy.Run
	spec *Spec // of begin
	past *binance.Past
	// held is a command until the next record tells whether the gate refused it.
	held *data.JournalRecord
}

// begin makes the core that the session describes.
func (r *replayer) begin(s *data.Session) error {
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
	core, err := spec.Settings.NewCore(s.Pairs, spec.Models.terms(s.From))
	if err != nil {
		return err
	}
	r.spec = spec
	r.run = &strategy.Run{Core: core, Gate: risk.NewGate(s.Pairs, risk.Limits{}), Book: book.New(s.Pairs), Journal: strategy.NoJournal{}}
	r.run.Book.Rounding = s.Rounding
	r.start(s)
	return nil
}

func (r *replayer) start(s *data.Session) {
	r.out.Session, r.past = s, binance.NewPast(len(s.Pairs))
}

func (r *replayer) record(rec *data.JournalRecord) error {
	if err := r.release(rec); err != nil {
		return err
	}
	if rec.Event == nil {
		r.out.Commands++
		r.held = rec
		return nil
	}
	if r.out.Events++; r.out.First == 0 {
		r.out.First = rec.Event.At
	}
	r.out.Last = rec.Event.At
	if err := r.run.Recall(rec.Event); err != nil {
		return fmt.Errorf("record %d: %w", rec.Seq, err)
	}
	r.past.Event(rec.Event)
	r.out.Starts = r.past.Starts()
	return nil
}

// release hands on the command that is held; next is the record behind it, nil at
// the end.
func (r *replayer) release(next *data.JournalRecord) error {
	h := r.held
	if h == nil {
		return nil
	}
	r.held = nil
	refused := next != nil && next.Event != nil && next.Event.Order == h.Command.Order && strategy.RefusedByGate(next.Event)
	if err := r.run.RecallCommand(h.At, h.Command, refused); err != nil {
		return fmt.Errorf("record %d: %w", h.Seq, err)
	}
	if !refused {
		r.past.Command(h.At, h.Command, false)
	}
	return nil
}

func (r *replayer) end() error { return r.release(nil) }
