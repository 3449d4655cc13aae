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
	// Sleep waits for d, or returns the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// WallClock is the machine's clock.
type WallClock struct{}

// Now implements Clock.
func (WallClock) Now() carry.Time { return carry.Time(time.Now().UnixMilli()) }

// Sleep implements Clock.
func (WallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
