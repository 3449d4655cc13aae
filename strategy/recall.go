package strategy

import (
	"context"
	"errors"
	"fmt"
	"math"

	"carry"
)

// ErrDiffers says that a core given a journal's events does not say what the
// journal has.
var ErrDiffers = errors.New("the replay differs from the journal")

// Recall handles an event of a journal again: books, gate, recorder and core see
// it as they did then. Nothing is submitted; the core's commands wait for
// RecallCommand.
func (r *Run) Recall(ev *carry.Event) error {
	if r.seq++; ev.Seq != r.seq {
		return fmt.Errorf("%w: event %d comes as number %d", ErrDiffers, ev.Seq, r.seq)
	}
	ev.Account = r.Book.Account()
	if RefusedByGate(ev) {
		// Only the core was told of it; its answers join the commands that wait.
		return r.recalled(ev)
	}
	if len(r.cmds) > 0 {
		return fmt.Errorf("%w: event %d comes before %d commands that the core says", ErrDiffers, ev.Seq, len(r.cmds))
	}
	if err := r.Book.Apply(ev); err != nil {
		return err
	}
	r.Gate.Observe(ev)
	if r.Recorder != nil {
		if err := r.Recorder.Event(ev); err != nil {
			return err
		}
	}
	return r.recalled(ev)
}

func (r *Run) recalled(ev *carry.Event) error {
	if err := r.Journal.Event(ev); err != nil {
		return err
	}
	r.cmds = r.Core.Step(ev, r.cmds)
	return nil
}

// RefusedByGate tells an answer of the gate's from one of the venue's.
func RefusedByGate(ev *carry.Event) bool {
	if ev.Kind != carry.EvReject && ev.Kind != carry.EvTransferred {
		return false
	}
	switch ev.Code {
	case carry.CodeGateFilter, carry.CodeGateKilled, carry.CodeGateLimit, carry.CodeGateRate, carry.CodeGateLoss:
		return true
	}
	return false
}

// RecallCommand holds a command of a journal against what the core says; refused
// tells that the gate did not let it pass then. What the gate would say today
// counts for nothing: its limits may be others.
func (r *Run) RecallCommand(at carry.Time, c *carry.Command, refused bool) error {
	if len(r.cmds) == 0 {
		return fmt.Errorf("%w: %s: the journal has a %s, the core says nothing", ErrDiffers, at, c.Kind)
	}
	if !sameCommand(&r.cmds[0], c) {
		return fmt.Errorf("%w: %s:\n  journal %+v\n  core    %+v", ErrDiffers, at, *c, r.cmds[0])
	}
	code := carry.OK
	if refused {
		code = carry.CodeGateLimit
	} else {
		r.Gate.Check(at, c, r.Book.Account()) // what is on its way counts
	}
	if err := r.Journal.Command(at, c); err != nil {
		return err
	}
	if r.Recorder != nil {
		r.Recorder.Command(at, c, code)
	}
	r.cmds = r.cmds[1:]
	return nil
}

// Unsaid are commands that follow from the last event recalled and are not in
// the journal: the session ended before they were said.
func (r *Run) Unsaid() []carry.Command { return r.cmds }

// Say makes the commands durable that the session before could not: sent takes
// each of them in place of Submit, since what was decided then is not carried out
// now. The last event was at at.
func (r *Run) Say(ctx context.Context, at carry.Time, sent func(c *carry.Command)) error {
	for ; len(r.cmds) > 0; r.cmds = r.cmds[1:] {
		c := &r.cmds[0]
		if err := r.Journal.Command(at, c); err != nil {
			return fmt.Errorf("journal command after event %d: %w", r.seq, err)
		}
		if r.Recorder != nil {
			r.Recorder.Command(at, c, carry.OK)
		}
		sent(c)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
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
