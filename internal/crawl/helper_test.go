package crawl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/exchange"
)

// tinyNow is the end of the invented facts and a little: the present of tests.
const tinyNow = carry.Time(1738713600000) + 5*carry.Minute // 2025-02-05 00:05

// virtualClock is the time of client and server: whoever sleeps moves it, once
// no request is under way.
type virtualClock struct {
	mu       sync.Mutex
	now      carry.Time
	underWay atomic.Int64 // requests
}

func (c *virtualClock) Now() carry.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *virtualClock) SleepUntil(ctx context.Context, t carry.Time) error {
	// Requests that are under way are answered before time goes on, and who got
	// an answer gets the processor: on a busy machine time would run away.
	deadline := time.Now().Add(10 * time.Second)
	for quiet := 0; quiet < 4 && ctx.Err() == nil && time.Now().Before(deadline); quiet++ {
		time.Sleep(250 * time.Microsecond)
		if c.Now() >= t {
			return ctx.Err() // another sleeper moved it
		}
		if c.underWay.Load() > 0 {
			quiet = -1
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = max(c.now, t)
	return ctx.Err()
}

// countingTransport tells the clock how many requests are under way.
type countingTransport struct {
	clock *virtualClock
	next  http.RoundTripper
}

func (c countingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c.clock.underWay.Add(1)
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		c.clock.underWay.Add(-1)
		return nil, err
	}
	resp.Body = &countedBody{ReadCloser: resp.Body, done: func() { c.clock.underWay.Add(-1) }}
	return resp, nil
}

type countedBody struct {
	io.ReadCloser
	once sync.Once
	done func()
}

func (b *countedBody) Close() error {
	b.once.Do(b.done)
	return b.ReadCloser.Close()
}

// serverClock is the same time as the server wants it.
type serverClock struct{ *virtualClock }

func (c serverClock) Now() time.Time { return c.virtualClock.Now().UTC() }

// world is a server, a client's options and a store.
type world struct {
	t      testing.TB
	clock  *virtualClock
	server *exchange.Server
	path   string
	// transport, if set, carries the clients' requests.
	transport http.RoundTripper
}

func newWorld(t testing.TB, facts exchange.Facts, now carry.Time, o exchange.Options) *world {
	t.Helper()
	w := &world{t: t, clock: &virtualClock{now: now}, path: filepath.Join(t.TempDir(), "carry.db")}
	o.Clock = serverClock{w.clock}
	var err error
	if w.server, err = exchange.New(facts, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.server.Close() })
	return w
}

// client makes a client with short deadlines; change may alter its options.
func (w *world) client(change ...func(*binance.Options)) *binance.Client {
	w.t.Helper()
	u := w.server.URLs()
	o := binance.Options{
		URLs:  binance.URLs{Spot: u.Spot, Futures: u.Futures, Archive: u.Archive, Listing: u.Listing},
		Clock: w.clock, Timeout: 5 * time.Second, Attempts: 5,
		Transport: countingTransport{w.clock, &http.Transport{MaxIdleConnsPerHost: 16, MaxConnsPerHost: 16}},
		Log: func(text string) {
			if testing.Verbose() {
				w.t.Log(text)
			}
		},
	}
	if w.transport != nil {
		o.Transport = w.transport
	}
	for _, c := range change {
		c(&o)
	}
	c, err := binance.NewClient(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) open() *data.Store {
	w.t.Helper()
	s, err := data.Open(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s
}

// crawl fetches into s and fails the test on an error.
func (w *world) crawl(s *data.Store, o Options) *Report {
	w.t.Helper()
	rep, err := w.try(s, w.client(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return rep
}

func (w *world) try(s *data.Store, client *binance.Client, o Options) (*Report, error) {
	w.t.Helper()
	c, err := New(s, client, o)
	if err != nil {
		return nil, err
	}
	p, err := c.Plan(w.t.Context())
	if err != nil {
		return nil, err
	}
	return c.Run(w.t.Context(), p)
}

// dump is a store's facts as lines, those with one of the prefixes only.
func dump(t testing.TB, s *data.Store, only ...string) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Dump(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if len(only) == 0 {
		return b.String()
	}
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		for _, p := range only {
			if strings.HasPrefix(line, p) {
				out.WriteString(line)
			}
		}
	}
	return out.String()
}

// differ shows the first line in which two dumps differ.
func differ(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			t.Errorf("%s: line %d of %d and %d:\n got %s\nwant %s", what, i+1, len(a), len(b), x, y)
			return
		}
	}
}

// cuttingTransport fails the n-th request and all after it.
type cuttingTransport struct {
	mu   sync.Mutex
	left int
}

var errCut = errors.New("the network is gone")

func (c *cuttingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.left--
	gone := c.left < 0
	c.mu.Unlock()
	if gone {
		return nil, errCut
	}
	return http.DefaultTransport.RoundTrip(r)
}

// forgetful is an exchange that has renamed a symbol in its exchangeInfo.
type forgetful struct{ symbol string }

func (f forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/exchangeInfo") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	body = bytes.ReplaceAll(body, []byte(`"symbol":"`+f.symbol+`"`), []byte(`"symbol":"OTHERUSDT"`))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}
