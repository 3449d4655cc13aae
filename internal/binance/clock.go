package binance

import (
	"context"
	"time"

	"carry"
)

// Clock is what time and waiting are asked of, so that tests can run hours of
// waiting in no time.
type Clock interface {
	Now() carry.Time
	// SleepUntil waits until t, or returns the context's error. A moment, not a
	// span: of several who wait for the same one, none waits twice.
	SleepUntil(ctx context.Context, t carry.Time) error
}

// WallClock is the machine's clock.
type WallClock struct{}

// Now implements Clock.
func (WallClock) Now() carry.Time { return carry.Time(time.Now().UnixMilli()) }

// SleepUntil implements Clock.
func (WallClock) SleepUntil(ctx context.Context, t carry.Time) error {
	timer := time.NewTimer(time.Until(t.UTC()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
