package binance

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"carry"
)

// tickClock is moved by whoever sleeps.
type tickClock struct{ now carry.Time }

func (c *tickClock) Now() carry.Time { return c.now }

func (c *tickClock) SleepUntil(ctx context.Context, t carry.Time) error {
	c.now = max(c.now, t)
	return ctx.Err()
}

// arrival is when a server counted a request.
type arrival struct {
	at     carry.Time
	weight int
}

// Whatever the weights, the delays on the way and what others spend, no window
// of the server's ever holds more than the limit: neither one that slides nor a
// calendar minute, wherever between sending and answer the request was counted.
func TestNoWindowHoldsMoreThanTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := &tickClock{now: 1_700_000_000_000}
		limit := rapid.IntRange(10, 100).Draw(t, "limit")
		l := newLimiter(clock, limit, carry.Minute)
		var seen []arrival
		began := clock.now
		for id := range uint64(rapid.IntRange(1, 120).Draw(t, "requests")) {
			weight := rapid.IntRange(1, 10).Draw(t, "weight")
			if err := l.take(t.Context(), id+1, weight); err != nil {
				t.Fatal(err)
			}
			sent := clock.now
			clock.now += carry.Time(rapid.IntRange(0, 3000).Draw(t, "delay"))
			at := sent + carry.Time(rapid.Int64Range(0, int64(clock.now-sent)).Draw(t, "counted"))
			seen = append(seen, arrival{at, weight})
			l.done(id+1, -1)
		}
		total := 0
		for i := range seen {
			sum := 0
			total += seen[i].weight
			for _, b := range seen[i:] {
				if b.at < seen[i].at+carry.Minute {
					sum += b.weight
				}
			}
			if sum > limit {
				t.Fatalf("%d within a minute from %d, the limit is %d", sum, seen[i].at-began, limit)
			}
		}
		// Nor does it wait for nothing: at most a window for each limit spent.
		if took, most := clock.now-began, carry.Time(total/(limit-9)+2)*(carry.Minute+slack)+carry.Time(len(seen))*3000; took > most {
			t.Fatalf("%d ms for %d of %d a minute", took, total, limit)
		}
	})
}

// What the server says was used beyond our own is somebody else's, and counts.
func TestWhatOthersSpendCounts(t *testing.T) {
	clock := &tickClock{now: 1_700_000_000_000}
	l := newLimiter(clock, 100, carry.Minute)
	if err := l.take(t.Context(), 1, 10); err != nil {
		t.Fatal(err)
	}
	l.done(1, 95)
	began := clock.now
	if err := l.take(t.Context(), 2, 10); err != nil || clock.now < began+carry.Minute {
		t.Errorf("%v after %d ms", err, clock.now-began)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.take(ctx, 3, 100); err == nil {
		t.Error("a wait did not end with its context")
	}
}

// standing is a clock that stands while one sleeps, as a rehearsal's in lockstep.
type standing struct{ slept int }

func (*standing) Now() carry.Time { return 1_700_000_000_000 }

func (c *standing) SleepUntil(ctx context.Context, _ carry.Time) error {
	c.slept++
	return ctx.Err()
}

// A gate that was slept out is open, by whatever clock: a rehearsal that was told
// to wait goes on.
func TestASleptOutGateIsOpen(t *testing.T) {
	clock := &standing{}
	g := &gate{clock: clock}
	g.close(clock.Now() + carry.Minute)
	if err := g.pass(t.Context()); err != nil || clock.slept != 1 {
		t.Errorf("%v after %d sleeps", err, clock.slept)
	}
}
