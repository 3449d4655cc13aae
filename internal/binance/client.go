package binance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"carry"
)

// Options are a client's settings; the zero value of each is its default.
type Options struct {
	URLs  URLs
	Clock Clock
	// Transport carries the requests; the default has deadlines for connecting,
	// TLS and the header.
	Transport http.RoundTripper
	// Conns bounds the connections to one host (16).
	Conns int
	// Timeout bounds one attempt including the body (60 s).
	Timeout time.Duration
	// Attempts bounds how often one request is sent (8).
	Attempts int
	// BackoffMin and BackoffMax bound the wait between attempts (250 ms, 30 s).
	BackoffMin, BackoffMax time.Duration
	// Seed of the backoff's jitter.
	Seed uint64
	// Log, if set, is told in one line of every attempt that failed and of
	// every stop that the exchange asked for.
	Log func(text string)
	// Keys sign what needs it; they are sent nowhere else.
	Keys *Keys
}

// Stats are counted since the client was made.
type Stats struct {
	Requests [hostCount]int64 // sent, by host: spot, futures, archive, listing
	Weight   [2]int64         // spot, futures
	Retries  int64            // of Requests, those that were sent again
	Limited  int64            // answers 429 and 418
	Bytes    int64            // of bodies
}

// Total is the number of requests to all hosts.
func (s *Stats) Total() int64 {
	var n int64
	for _, v := range s.Requests {
		n += v
	}
	return n
}

// Client asks Binance for history within its limits. It is safe for concurrent
// use.
type Client struct {
	o      Options
	bases  [hostCount]string
	http   *http.Client
	gates  [hostCount]*gate
	weight [2]*limiter // spot, futures
	bucket *limiter    // fundingRate and fundingInfo share one of their own
	ids    atomic.Uint64
	offset atomic.Int64 // server's clock minus ours, ms, for signatures

	mu    sync.Mutex
	rng   *rand.Rand
	stats Stats
}

// Limits until exchangeInfo tells better (binance.md §1.3).
const (
	spotWeightPerMinute    = 6000
	futuresWeightPerMinute = 2400
	// fundingPer5Min is below the published 500: it is not in any header.
	fundingPer5Min = 450
)

// NewClient makes a client; an error is about the URLs.
func NewClient(o Options) (*Client, error) {
	if o.Clock == nil {
		o.Clock = WallClock{}
	}
	if o.Conns == 0 {
		o.Conns = 16
	}
	if o.Timeout == 0 {
		o.Timeout = 60 * time.Second
	}
	if o.Attempts == 0 {
		o.Attempts = 8
	}
	if o.BackoffMin == 0 {
		o.BackoffMin = 250 * time.Millisecond
	}
	if o.BackoffMax == 0 {
		o.BackoffMax = 30 * time.Second
	}
	if o.Transport == nil {
		o.Transport = newTransport(o.Conns)
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	bases, err := o.URLs.list()
	if err != nil {
		return nil, err
	}
	c := &Client{o: o, bases: bases, rng: rand.New(rand.NewPCG(o.Seed, 0x63727763))}
	c.http = &http.Client{
		Transport: &meter{o.Transport, o.Clock}, Timeout: o.Timeout,
		// A moved endpoint is a change to look at, not to follow with a key.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for h := range c.gates {
		c.gates[h] = &gate{clock: o.Clock}
	}
	c.weight[hostSpot] = newLimiter(o.Clock, reserve(spotWeightPerMinute), carry.Minute)
	c.weight[hostFutures] = newLimiter(o.Clock, reserve(futuresWeightPerMinute), carry.Minute)
	c.bucket = newLimiter(o.Clock, fundingPer5Min, 5*carry.Minute)
	return c, nil
}

// Stats returns a copy of the counts.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Now is the client's clock.
func (c *Client) Now() carry.Time { return c.o.Clock.Now() }

// HasKeys tells whether signed requests can be made.
func (c *Client) HasKeys() bool { return c.o.Keys != nil }

// Pause waits as after the n-th failed attempt, n from 1.
func (c *Client) Pause(ctx context.Context, n int) error {
	return c.o.Clock.SleepUntil(ctx, c.Now()+carry.Time(c.backoff(n-1)/time.Millisecond))
}

// request is one thing to ask for.
type request struct {
	host    host
	path    string
	query   string // encoded; signed requests make theirs anew for each attempt
	sign    bool
	weight  int
	limiter *limiter // nil: no weight
	bodyMax int64
}

// bodies of REST answers: exchangeInfo of futures is the largest with 1.5 MB.
const restBodyMax = 64 << 20

// get sends a request until use accepts the body, or attempts are spent. use
// may be called several times.
func (c *Client) get(ctx context.Context, r *request, use func(body []byte) error) error {
	limited := 0
	for attempt := 1; ; {
		body, err := c.once(ctx, r)
		if err == nil {
			if err = use(body); err == nil {
				return nil
			}
			err = fmt.Errorf("%s %s: %w", r.host, r.path, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var status *StatusError
		if errors.As(err, &status) && !status.transient() {
			return err
		}
		if status != nil && status.limited() {
			// The gate makes everyone wait; asking again is allowed then.
			if limited++; limited >= c.o.Attempts {
				return fmt.Errorf("%w after %d stops: %w", ErrUnreachable, limited, err)
			}
			c.o.Log(fmt.Sprintf("%v; waiting as told", err))
			c.count(func(s *Stats) { s.Limited++; s.Retries++ })
			continue
		}
		if attempt++; attempt > c.o.Attempts {
			return fmt.Errorf("%w after %d attempts: %w", ErrUnreachable, c.o.Attempts, err)
		}
		c.o.Log(fmt.Sprintf("%v; attempt %d of %d follows", err, attempt, c.o.Attempts))
		c.count(func(s *Stats) { s.Retries++ })
		if err := c.Pause(ctx, attempt-1); err != nil {
			return err
		}
	}
}

func (c *Client) count(add func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add(&c.stats)
}

// backoff doubles from BackoffMin to BackoffMax; half of it is chance, so that
// workers that failed together do not come back together.
func (c *Client) backoff(n int) time.Duration {
	d := c.o.BackoffMax
	if n < 20 {
		d = min(d, c.o.BackoffMin<<n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return d/2 + time.Duration(c.rng.Int64N(int64(d/2)+1))
}

// once sends a request one time. The body is returned only with status 200.
func (c *Client) once(ctx context.Context, r *request) ([]byte, error) {
	id := c.ids.Add(1)
	if r.limiter != nil {
		if err := r.limiter.take(ctx, id, r.weight); err != nil {
			return nil, err
		}
	}
	info := &call{gate: c.gates[r.host], bodyMax: r.bodyMax, used: -1}
	defer func() {
		if r.limiter == nil {
			return
		}
		if r.limiter == c.bucket {
			info.used = -1 // the header counts the other budget
		}
		r.limiter.done(id, info.used)
	}()
	if err := c.gates[r.host].pass(ctx); err != nil {
		return nil, err
	}
	c.count(func(s *Stats) {
		s.Requests[r.host]++
		if r.limiter != nil && r.limiter != c.bucket {
			s.Weight[r.host] += int64(r.weight)
		}
	})
	return c.send(context.WithValue(ctx, callKey{}, info), r, info)
}

// send does one HTTP exchange.
func (c *Client) send(ctx context.Context, r *request, info *call) ([]byte, error) {
	query := r.query
	if r.sign {
		query = c.o.Keys.sign(query, c.Now()+carry.Time(c.offset.Load()))
	}
	target := c.bases[r.host] + r.path
	if query != "" {
		target += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.host, r.path, redact(err))
	}
	req.Header.Set("User-Agent", "carry")
	if r.sign {
		req.Header.Set("X-MBX-APIKEY", c.o.Keys.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.host, r.path, redact(err))
	}
	defer resp.Body.Close()
	body, err := readBody(resp)
	c.count(func(s *Stats) { s.Bytes += int64(len(body)) })
	if info.status != http.StatusOK {
		return nil, statusError(r, info.status, body)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: the answer breaks off: %w", r.host, r.path, redact(err))
	}
	return body, nil
}

// readBody reads a body into one piece of memory where its length was announced.
func readBody(resp *http.Response) ([]byte, error) {
	n := resp.ContentLength
	if n < 0 || n > 8<<20 {
		return io.ReadAll(resp.Body)
	}
	var b bytes.Buffer
	b.Grow(int(n) + bytes.MinRead)
	_, err := b.ReadFrom(resp.Body)
	return b.Bytes(), err
}
