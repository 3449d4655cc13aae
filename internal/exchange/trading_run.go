package exchange

import (
	"context"
	"time"

	"carry"
)

// tick is how often, by the machine's clock, the market is shown within a bar: marks
// come once a second in production.
const tick = time.Second

// Run lets time pass at a speed, market seconds a second, until the tape or the
// context ends. It is not for lockstep. Orders are filled as soon as they come,
// on the path of the bar that is under way, half a second (the latency) after
// its beginning or after the last fill. Within a bar the market is shown once a
// second, or twenty times a bar where that is oftener.
func (t *Trading) Run(ctx context.Context, speed float64) error {
	bar := time.Duration(float64(t.facts.step) / speed * float64(time.Millisecond))
	every := time.NewTicker(max(min(tick, bar/20), time.Millisecond))
	defer every.Stop()
	for {
		t.mu.Lock()
		next := t.market.At.Floor(t.facts.step) + t.facts.step
		t.clock.run(speed, next-1)
		left := time.Duration(float64(next-t.clock.at()) / speed * float64(time.Millisecond))
		t.mu.Unlock()
		timer := time.NewTimer(left)
		if !t.show(ctx, timer.C, every.C) {
			timer.Stop()
			return nil
		}
		ended, err := t.pass(ctx)
		if ended || err != nil {
			return err
		}
	}
}

// show shows the market at every tick until the bar ends; false where the context
// ended.
func (t *Trading) show(ctx context.Context, end, every <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-end:
			return true
		case <-every:
			t.moment(ctx)
		}
	}
}

// moment shows the market as it is now, within the bar.
func (t *Trading) moment(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, before := t.clock.at(), t.market.At
	start := before.Floor(t.facts.step)
	if at <= max(before, start) || at >= start+t.facts.step-1 {
		return
	}
	if t.submit(&carry.Command{Kind: carry.CmdTimer, Pair: -1, At: at}) != nil {
		return
	}
	t.until(func() bool { return t.market.At >= at })
	t.hub.flush(ctx, false)
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
