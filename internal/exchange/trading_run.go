package exchange

import (
	"context"
	"time"

	"carry"
)

// Run lets time pass at a speed, market seconds a second, until the tape or the
// context ends. It is not for lockstep. Orders are filled as soon as they come,
// on the path of the bar that is under way, half a second (the latency) after
// its beginning or after the last fill.
func (t *Trading) Run(ctx context.Context, speed float64) error {
	for {
		t.mu.Lock()
		next := t.market.At.Floor(t.facts.step) + t.facts.step
		t.clock.run(speed, next-1)
		left := time.Duration(float64(next-t.clock.at()) / speed * float64(time.Millisecond))
		t.mu.Unlock()
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		ended, err := t.pass(ctx)
		if ended || err != nil {
			return err
		}
	}
}

// pass lets everything happen up to the next cross-section, and sends it.
func (t *Trading) pass(ctx context.Context) (ended bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		kind, err := t.step(ctx)
		if err != nil {
			return false, err
		}
		if t.ended || kind == carry.EvMarket && !t.market.Within {
			t.hub.flush(ctx, false)
			return t.ended, nil
		}
	}
}
