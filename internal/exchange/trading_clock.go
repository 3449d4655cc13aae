package exchange

import (
	"sync"
	"time"

	"carry"
)

// stepClock stands at the last happening, or runs on from it at a speed.
type stepClock struct {
	mu    sync.Mutex
	base  carry.Time
	speed float64   // market seconds a second; 0: it stands
	since time.Time // when base was, by the machine's clock
	until carry.Time
}

// set puts the clock at a happening; time never goes back.
func (c *stepClock) set(at carry.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at > c.now() {
		c.base, c.since = at, time.Now()
	}
}

// run lets the clock run at a speed, but not beyond a time.
func (c *stepClock) run(speed float64, until carry.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.since, c.speed, c.until = c.now(), time.Now(), speed, until
}

// pace is the speed at which it runs; 0 where it stands.
func (c *stepClock) pace() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.speed
}

func (c *stepClock) now() carry.Time {
	if c.speed == 0 {
		return c.base
	}
	gone := carry.Time(float64(time.Since(c.since).Milliseconds()) * c.speed)
	return max(c.base, min(c.base+gone, c.until))
}

func (c *stepClock) at() carry.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// Now implements Clock.
func (c *stepClock) Now() time.Time { return c.at().UTC() }
