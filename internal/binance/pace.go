package binance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"carry"
)

// Lockstep is the Pacer of a loopback exchange and the clock that goes with it:
// it shows the exchange's time.
type Lockstep struct {
	base   string
	client *http.Client

	mu    sync.Mutex
	now   carry.Time
	asked map[carry.Time]bool // stops that were asked for and not yet made
}

// NewLockstep talks to the loopback exchange at base, http://127.0.0.1:PORT,
// whose time is now.
func NewLockstep(base string, now carry.Time) *Lockstep {
	return &Lockstep{base: base, client: &http.Client{Timeout: time.Minute}, now: now, asked: map[carry.Time]bool{}}
}

// Over makes it talk by another way than the machine's network.
func (l *Lockstep) Over(t http.RoundTripper) *Lockstep {
	l.client.Transport = t
	return l
}

// Now implements Clock.
func (l *Lockstep) Now() carry.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// SleepUntil implements Clock. Market time does not pass by waiting here: it
// returns at once.
func (l *Lockstep) SleepUntil(ctx context.Context, _ carry.Time) error { return ctx.Err() }

// Step implements Pacer.
func (l *Lockstep) Step(ctx context.Context, wakes []carry.Time) (woken, ended bool, err error) {
	target := l.base + "/loopback/v1/step?"
	for _, wake := range wakes {
		if !l.asked[wake] {
			l.asked[wake] = true
			target += "wake=" + strconv.FormatInt(int64(wake), 10) + "&"
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return false, false, err
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return false, false, fmt.Errorf("step the loopback exchange: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return false, false, fmt.Errorf("step the loopback exchange: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return false, false, fmt.Errorf("step the loopback exchange: HTTP %d: %s", resp.StatusCode, body)
	}
	var a struct {
		Now   carry.Time `json:"now"`
		Event string     `json:"event"`
		Ended bool       `json:"ended"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return false, false, fmt.Errorf("step the loopback exchange: %w", err)
	}
	l.mu.Lock()
	l.now = max(l.now, a.Now)
	for at := range l.asked {
		if at <= l.now {
			delete(l.asked, at)
		}
	}
	l.mu.Unlock()
	return a.Event == carry.EvTimer.String(), a.Ended, nil
}
