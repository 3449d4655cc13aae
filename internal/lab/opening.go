package lab

import (
	"context"
	"errors"

	"carry"
	"carry/internal/binance"
	"carry/internal/risk"
	"carry/sim"
)

// opened is a live venue behind what a core must see before it: for a new run what
// fills its windows, for one that goes on the cross-sections that it missed.
func (s *Spec) opened(ctx context.Context, pg *playground, live *binance.Venue, past *binance.Past) (risk.Venue, error) {
	step := pg.info.Step
	if past == nil {
		warm, err := warmUpFrom(ctx, pg.client, pg.info, s.Models.quotes(), pg.from)
		return &opening{live: live, warm: warm, since: pg.info.From}, err
	}
	last := past.Instant()
	if last == 0 || live.Instant() <= last {
		return live, nil
	}
	// Two days before, for the day's values and the premiums of the first.
	span := &carry.TapeInfo{Pairs: pg.info.Pairs, From: last.Floor(carry.Day) - 2*carry.Day, Step: step}
	warm, err := warmUpFrom(ctx, pg.client, span, s.Models.quotes(), live.Instant()+step)
	return &reopening{live: live, warm: warm, after: last}, err
}

// opening is a venue that begins with what fills a strategy's windows: the live
// venue's snapshot and rules, then the past, then the live venue.
type opening struct {
	live  *binance.Venue
	warm  *sim.Venue
	since carry.Time // the past's beginning
}

// Next implements risk.Venue.
func (o *opening) Next(ctx context.Context) (*carry.Event, error) {
	if o.warm == nil || o.live.Pending() > 0 {
		ev, err := o.live.Next(ctx)
		if err == nil && o.warm != nil {
			// Told before the past, the present bears the past's time: a core's
			// time does not run backward.
			ev.At = o.since
		}
		return ev, err
	}
	for {
		ev, err := o.warm.Next(ctx)
		if errors.Is(err, risk.ErrWait) {
			o.warm = nil
			return o.Next(ctx)
		}
		if err != nil {
			return nil, err
		}
		if ev.Kind == carry.EvRates || ev.Kind == carry.EvMarket {
			return ev, nil
		}
	}
}

// Wake is the live venue's.
func (o *opening) Wake() { o.live.Wake() }

// Reread is the live venue's.
func (o *opening) Reread() { o.live.Reread() }

// Peek is the live venue's.
func (o *opening) Peek() *carry.Market { return o.live.Peek() }

// Submit implements risk.Venue.
func (o *opening) Submit(ctx context.Context, a risk.Approved) error { return o.live.Submit(ctx, a) }

// reopening is a live venue that was away: between what it tells of that time come
// the cross-sections that were missed, as the past on which nothing is decided.
type reopening struct {
	live  *binance.Venue
	warm  *sim.Venue // nil: all was told
	after carry.Time // the last that was told before
	held  *carry.Event
}

// Next implements risk.Venue.
func (o *reopening) Next(ctx context.Context) (*carry.Event, error) {
	for o.warm != nil && o.held == nil {
		ev, err := o.warm.Next(ctx)
		switch {
		case errors.Is(err, risk.ErrWait):
			o.warm = nil
		case err != nil:
			return nil, err
		case ev.Kind == carry.EvMarket && ev.At > o.after:
			o.held = ev
		}
	}
	if ev := o.held; ev != nil && (o.live.Pending() == 0 || o.live.PendingAt() > ev.At) {
		o.held = nil
		return ev, nil
	}
	return o.live.Next(ctx)
}

// Wake is the live venue's.
func (o *reopening) Wake() { o.live.Wake() }

// Reread is the live venue's.
func (o *reopening) Reread() { o.live.Reread() }

// Peek is the live venue's.
func (o *reopening) Peek() *carry.Market { return o.live.Peek() }

// Submit implements risk.Venue.
func (o *reopening) Submit(ctx context.Context, a risk.Approved) error {
	return o.live.Submit(ctx, a)
}
