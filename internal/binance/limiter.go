package binance

import (
	"context"
	"sync"

	"carry"
)

// limiter keeps the weight that is spent within any window of time below a
// limit. A request counts from before it is sent until one window after its
// answer came: whenever the server counted it, and whether its window slides or
// is a calendar minute, our own figure is never below the server's.
type limiter struct {
	mu     sync.Mutex
	clock  Clock
	limit  int
	window carry.Time
	spent  []spending // in order of reservation
	sum    int
}

type spending struct {
	id     uint64
	weight int
	end    carry.Time // when the answer came; 0 while it is awaited
}

// slack is added to every window: two machines' clocks do not tick alike.
const slack = carry.Second / 20

// reserve keeps 2 % of a published limit back for what else runs on the machine.
func reserve(limit int) int { return max(1, limit-limit/50) }

func newLimiter(clock Clock, limit int, window carry.Time) *limiter {
	return &limiter{clock: clock, limit: limit, window: window}
}

// set changes the limit to what the exchange publishes.
func (l *limiter) set(limit int, window carry.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit, l.window = limit, window
}

// take waits until weight fits and reserves it under id.
func (l *limiter) take(ctx context.Context, id uint64, weight int) error {
	for {
		again, ok := l.try(id, weight)
		if ok {
			return nil
		}
		if err := l.clock.SleepUntil(ctx, again); err != nil {
			return err
		}
	}
}

// try reserves weight, or says when to ask again.
func (l *limiter) try(id uint64, weight int) (again carry.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	l.expire(now)
	// Alone it must go even when it is heavier than the limit.
	if l.sum+weight <= l.limit || l.sum == 0 {
		l.spent = append(l.spent, spending{id: id, weight: weight})
		l.sum += weight
		return 0, true
	}
	again = 0
	for _, s := range l.spent {
		if free := s.end + l.window + slack; s.end != 0 && (again == 0 || free < again) {
			again = free
		}
	}
	if again == 0 {
		again = now + carry.Second/10 // everything is under way: look again soon
	}
	return max(again, now+1), false
}

// expire forgets what is older than the window.
func (l *limiter) expire(now carry.Time) {
	kept := l.spent[:0]
	for _, s := range l.spent {
		if s.end != 0 && s.end+l.window+slack <= now {
			l.sum -= s.weight
			continue
		}
		kept = append(kept, s)
	}
	l.spent = kept
}

// done marks the answer of request id. used is the weight that the server says
// was used in its current window, −1 where it did not say: what others on this
// machine's address spent counts like our own.
func (l *limiter) done(id uint64, used int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	for i := range l.spent {
		if l.spent[i].id == id {
			l.spent[i].end = now
		}
	}
	l.expire(now)
	if foreign := used - l.sum; foreign > 0 {
		l.spent = append(l.spent, spending{weight: foreign, end: now})
		l.sum += foreign
	}
}

// gate closes a host for all its requests after 429 or 418.
type gate struct {
	mu    sync.Mutex
	clock Clock
	until carry.Time
}

// close shuts the gate until a time; it never opens one earlier.
func (g *gate) close(until carry.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until = max(g.until, until)
}

// open tells whether the gate is open now.
func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.until <= g.clock.Now()
}

// pass waits until the gate is open. What was slept through is over, also by a
// clock that stands meanwhile, as in lockstep.
func (g *gate) pass(ctx context.Context) error {
	for slept := carry.Time(0); ; {
		g.mu.Lock()
		until, now := g.until, g.clock.Now()
		g.mu.Unlock()
		if until <= max(now, slept) {
			return ctx.Err()
		}
		if err := g.clock.SleepUntil(ctx, until); err != nil {
			return err
		}
		slept = until
	}
}
