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

// Loopback is where a loopback exchange stands.
type Loopback struct {
	Now  carry.Time `json:"now"`
	From carry.Time `json:"from"` // the first instant that could be traded on
	Tape string     `json:"tape"` // the market's hash
	// Lockstep is false where time runs by itself.
	Lockstep bool `json:"lockstep"`
}

// LoopbackState asks a loopback exchange where it stands.
func LoopbackState(ctx context.Context, base string) (*Loopback, error) {
	a := &Loopback{}
	return a, LoopbackGet(ctx, base, "/loopback/v1/state", a)
}

// LoopbackGet reads what a loopback exchange tells outside of Binance's interface.
func LoopbackGet(ctx context.Context, base, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return fmt.Errorf("%w: no loopback exchange at %s: %w", ErrUnreachable, base, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<30))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		return fmt.Errorf("ask the loopback exchange for %s: %w", path, err)
	}
	return nil
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
