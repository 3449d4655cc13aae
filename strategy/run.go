// Package strategy holds the one loop in which a core meets a venue, the same
// for backtest, sweep, paper and live, and the table of strategies.
package strategy

import (
	"context"
	"errors"
	"fmt"
	"io"

	"carry"
	"carry/internal/book"
	"carry/internal/risk"
)

// Run is one core in one world. All fields but Recorder must be set.
type Run struct {
	Core     carry.Core
	Venue    risk.Venue
	Gate     *risk.Gate
	Book     *book.Book
	Journal  carry.Journal
	Recorder *Recorder

	seq  uint64
	cmds []carry.Command
}

// Advance handles events until the venue waits for more market data (done is
// false) or the run is over (done is true). The order is part of the contract:
// event → books → journal → Step → for each command: gate → journal → Submit.
// Any error ends the run and voids its result.
func (r *Run) Advance(ctx context.Context) (done bool, err error) {
	for {
		ev, err := r.Venue.Next(ctx)
		switch {
		case err == nil:
		case errors.Is(err, risk.ErrWait):
			return false, nil
		case errors.Is(err, io.EOF):
			return true, nil
		default:
			return false, err
		}
		if err := r.handle(ctx, ev); err != nil {
			return false, err
		}
	}
}

// answersMax bounds what a core may command in answer to refusals of one event's
// commands.
const answersMax = 10_000

func (r *Run) handle(ctx context.Context, ev *carry.Event) error {
	r.seq++
	ev.Seq = r.seq
	ev.Account = r.Book.Account()
	if err := r.Book.Apply(ev); err != nil {
		return err
	}
	if err := r.Journal.Event(ev); err != nil {
		return fmt.Errorf("journal event %d: %w", ev.Seq, err)
	}
	r.Gate.Observe(ev)
	if r.Recorder != nil {
		if err := r.Recorder.Event(ev); err != nil {
			return err
		}
	}
	r.cmds = r.Core.Step(ev, r.cmds[:0])
	asked := len(r.cmds)
	// Refusals are answered within the same event, behind what is still to go.
	for i := 0; i < len(r.cmds); i++ {
		if i > asked+answersMax {
			return fmt.Errorf("event %d: the core keeps answering refusals with commands that are refused", ev.Seq)
		}
		if err := r.submit(ctx, ev, &r.cmds[i]); err != nil {
			return err
		}
	}
	return nil
}

// submit passes one command through the gate. A refused order comes back to the
// core as a reject, so that nothing stays on its way for ever.
func (r *Run) submit(ctx context.Context, ev *carry.Event, c *carry.Command) error {
	approved, code := r.Gate.Check(ev.At, c, ev.Account)
	if err := r.Journal.Command(ev.At, c); err != nil {
		return fmt.Errorf("journal command after event %d: %w", ev.Seq, err)
	}
	if r.Recorder != nil {
		r.Recorder.Command(ev.At, c, code)
	}
	if code != carry.OK {
		return r.refuse(ctx, ev.At, c, code)
	}
	return r.Venue.Submit(ctx, approved)
}

// refuse tells the core that its command went nowhere. What the core commands
// in answer joins the commands of this event: dropped, it would be waited for
// for ever, and a replayed core would say it again.
func (r *Run) refuse(_ context.Context, at carry.Time, c *carry.Command, code carry.Code) error {
	r.seq++
	ev := carry.Event{Kind: carry.EvReject, At: at, Seq: r.seq, Pair: c.Pair, Leg: c.Leg, Side: c.Side,
		Order: c.Order, Qty: c.Qty, Code: code, Account: r.Book.Account()}
	if c.Kind == carry.CmdTransfer {
		ev.Kind, ev.Wallet, ev.Amount = carry.EvTransferred, c.Wallet, c.Amount
		ev.Balance, ev.Balance2 = ev.Account.SpotUSDT, ev.Account.PerpUSDT
	}
	if err := r.Journal.Event(&ev); err != nil {
		return fmt.Errorf("journal event %d: %w", ev.Seq, err)
	}
	r.cmds = r.Core.Step(&ev, r.cmds)
	return nil
}
