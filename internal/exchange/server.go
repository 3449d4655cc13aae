package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"carry"

	"github.com/coder/websocket"
)

// Options say how the server behaves; zero fields take defaults.
type Options struct {
	Clock  Clock // SystemClock
	Limits Limits
	// Keys are API keys and their secrets for signed endpoints.
	Keys   map[string]string
	Faults Faults
	// CacheBytes of built archive files are kept; 32 MiB.
	CacheBytes int
	// DripPause is the real time between the pieces of a dripping answer; 50 ms.
	DripPause time.Duration
	// BombBytes is what a zip bomb unpacks to; 32 MiB.
	BombBytes int
	// Trading is the trading half; with it the server's time is the market's.
	Trading *Trading
	// Listen is the address of the host that serves everything but archives:
	// REST of both markets, streams and their control; a free port of 127.0.0.1.
	Listen string
	// Pipes, if set, is where the server listens instead of on ports.
	Pipes *Pipes
}

// URLs are the base addresses that a client is given, without a slash at the
// end. Each is a listener of its own, as each is a host of its own at Binance.
type URLs struct {
	Spot    string // + /api/v3/...
	Futures string // + /fapi/v1/...
	Archive string // + /data/spot/...
	Listing string // + ?delimiter=/&prefix=...
	// All is one host for both markets' REST, streams (ws://) and the control of
	// time; which is meant shows in the path.
	All string
}

// host is one of the listeners.
type host int

const (
	spotHost host = iota
	futuresHost
	archiveHost
	listingHost
	allHost
	hostCount
)

// listingPath is the bucket's name in the listing's address.
const listingPath = "/data.binance.vision"

// Server is a running loopback exchange. It is safe for concurrent use.
type Server struct {
	facts   Facts
	opt     Options
	faults  *faultBook
	archive *archive

	servers   [hostCount]*http.Server
	urls      URLs
	closing   chan struct{}
	closeOnce sync.Once
	serving   sync.WaitGroup // Serve loops and handlers

	mu      sync.Mutex
	wardens [marketCount]warden
	stats   Stats
	fresh   map[net.Conn]bool // connections that nothing was asked on yet
}

// Stats are what the server saw so far.
type Stats struct {
	// Requests by endpoint: "spot /api/v3/klines", "archive zip",
	// "archive checksum", "listing", "unknown".
	Requests map[string]int
	// Statuses of the answers as sent, faults included; 0 where the connection
	// was cut or the answer never came.
	Statuses map[int]int
	// Weight spent by market, and the most within any window.
	Weight, PeakWeight [2]int
	// FundingPeak is the most requests in the funding bucket's window.
	FundingPeak int
	// Limited and Banned are answers 429 and 418 that the client earned by
	// overrunning limits, not those of a fault. A good client has none.
	Limited, Banned int
	// Faults served by kind.
	Faults map[FaultKind]int
	// Bytes of all bodies as sent.
	Bytes int64
}

// New starts a server on free ports of 127.0.0.1. Close it.
func New(facts Facts, opt Options) (*Server, error) {
	if opt.Trading != nil {
		opt.Clock = &opt.Trading.clock
	}
	if opt.Clock == nil {
		opt.Clock = SystemClock{}
	}
	opt.Limits = opt.Limits.withDefaults()
	if opt.CacheBytes == 0 {
		opt.CacheBytes = 32 << 20
	}
	if opt.DripPause == 0 {
		opt.DripPause = 50 * time.Millisecond
	}
	if opt.BombBytes == 0 {
		opt.BombBytes = 32 << 20
	}
	if intervalName(facts.Step()) == "" {
		return nil, fmt.Errorf("start the exchange: bars of %d ms are no interval of Binance's", int64(facts.Step()))
	}
	book, err := newFaultBook(opt.Faults, facts)
	if err != nil {
		return nil, err
	}
	s := &Server{facts: facts, opt: opt, faults: book, closing: make(chan struct{}), fresh: map[net.Conn]bool{}}
	s.archive = newArchive(facts, book, opt)
	s.stats = Stats{Requests: map[string]int{}, Statuses: map[int]int{}}
	for m := range s.wardens {
		s.wardens[m] = newWarden(Market(m), opt.Limits)
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// listen opens one listener per host.
func (s *Server) listen() error {
	places := [hostCount]*string{&s.urls.Spot, &s.urls.Futures, &s.urls.Archive, &s.urls.Listing, &s.urls.All}
	for h := range hostCount {
		address := "127.0.0.1:0"
		if h == allHost && s.opt.Listen != "" {
			address = s.opt.Listen
		}
		l, err := s.door(h, address)
		if err != nil {
			return err
		}
		*places[h] = "http://" + l.Addr().String()
		srv := &http.Server{
			Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(h, w, r) }),
			ReadHeaderTimeout: time.Minute,
			ConnState:         s.noteConn,
			ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, wireKey{}, c) },
		}
		s.servers[h] = srv
		s.serving.Add(1)
		go func() {
			defer s.serving.Done()
			// It ends with ErrServerClosed, or with the listener's failure,
			// which every client notices.
			_ = srv.Serve(wires{l})
		}()
	}
	s.urls.Listing += listingPath
	return nil
}

// door opens a host's port, or its place in the network of pipes.
func (s *Server) door(h host, address string) (net.Listener, error) {
	if s.opt.Pipes != nil {
		return s.opt.Pipes.listen(pipeNames[h]), nil
	}
	l, err := net.Listen("tcp4", address)
	if err != nil {
		return nil, fmt.Errorf("open a loopback port: %w", err)
	}
	return l, nil
}

// pipeNames are the hosts' names in a network of pipes.
var pipeNames = [hostCount]string{"spot.pipe:80", "futures.pipe:80", "archive.pipe:80", "listing.pipe:80", "all.pipe:80"}

// noteConn keeps the connections that a client opened in advance: an orderly
// shutdown would wait for their first request.
func (s *Server) noteConn(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.fresh[c] = true
	} else {
		delete(s.fresh, c)
	}
}

// dropFresh closes them.
func (s *Server) dropFresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.fresh {
		// It was never used; that it may be gone already changes nothing.
		_ = c.Close()
	}
}

// URLs are where the server listens.
func (s *Server) URLs() URLs { return s.urls }

// Close ends all answers that hang, lets the others finish for up to two
// seconds, and returns when no goroutine of the server is left.
func (s *Server) Close() error {
	var failed error
	s.closeOnce.Do(func() {
		close(s.closing)
		s.dropFresh()
		if t := s.opt.Trading; t != nil {
			t.hub.closeAll(websocket.StatusGoingAway, "the exchange ends", func(*socket) bool { return true })
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		for _, srv := range s.servers {
			if srv == nil {
				continue
			}
			if err := srv.Shutdown(ctx); err != nil {
				failed = errors.Join(failed, srv.Close())
			}
		}
		s.serving.Wait()
	})
	return failed
}

// Stats is a copy of the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Requests = maps.Clone(s.stats.Requests)
	out.Statuses = maps.Clone(s.stats.Statuses)
	out.Faults = s.faults.counts()
	for m := range s.wardens {
		out.PeakWeight[m] = s.wardens[m].weight.peak
	}
	out.FundingPeak = s.wardens[FuturesMarket].funding.peak
	return out
}

// now is the server's time.
func (s *Server) now() carry.Time { return carry.Time(s.opt.Clock.Now().UnixMilli()) }

// answer is a response before it is sent; faults change it on its way.
type answer struct {
	status   int
	mime     string // application/json if empty
	header   [][2]string
	body     []byte
	modified carry.Time // of a file, 0 otherwise
	etag     string
	wait     time.Duration // before it is sent
}

// bodyMax bounds what a request may send.
const bodyMax = 1 << 20

// serve handles every request of every host.
func (s *Server) serve(h host, w http.ResponseWriter, r *http.Request) {
	s.serving.Add(1)
	defer s.serving.Done()
	now := s.now()
	w.Header()["Date"] = []string{now.UTC().Format(http.TimeFormat)}
	var a answer
	name, earned := "unknown", false
	if h == allHost {
		if h = s.meant(w, r); h == hostCount {
			return
		}
	}
	switch h {
	case spotHost, futuresHost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
		if err != nil {
			a = answer{status: http.StatusRequestEntityTooLarge}
			break
		}
		q := &query{now: now, market: Market(h), method: r.Method, path: r.URL.Path, rawQuery: r.URL.RawQuery, rawBody: string(body), apiKey: r.Header.Get("X-MBX-APIKEY"), trading: s.opt.Trading != nil}
		if t := s.opt.Trading; t != nil {
			q.pace = t.clock.pace()
		}
		a, name, earned = s.rest(q)
	case archiveHost:
		a, name = s.archive.get(r.URL.Path, now)
	case listingHost:
		a, name = s.list(r.URL.Path, r.URL.RawQuery, now)
	}
	s.count(name)
	if earned {
		s.send(w, r, a)
		return
	}
	s.misbehave(w, r, h, now, a)
}

// count notes a request.
func (s *Server) count(name string) {
	s.mu.Lock()
	s.stats.Requests[name]++
	s.mu.Unlock()
}

// sent notes an answer.
func (s *Server) sent(status, bytes int) {
	s.mu.Lock()
	s.stats.Statuses[status]++
	s.stats.Bytes += int64(bytes)
	s.mu.Unlock()
}

// head writes an answer's header lines but for its length.
func (a *answer) head(w http.ResponseWriter) {
	mime := a.mime
	if mime == "" {
		mime = "application/json;charset=UTF-8"
	}
	h := w.Header()
	h.Set("Content-Type", mime)
	for _, line := range a.header {
		h[line[0]] = []string{line[1]} // as written: X-MBX is no canonical form
	}
	if a.etag != "" {
		h.Set("ETag", a.etag)
	}
}

// send writes an answer. Files may be asked for in ranges and on conditions.
func (s *Server) send(w http.ResponseWriter, r *http.Request, a answer) {
	switch {
	case a.status == cutOffStatus:
		s.reset(w)
		return
	case a.status == hangStatus:
		s.hang(w, r)
		return
	case a.wait > 0:
		s.pause(r, a.wait)
	}
	a.head(w)
	if a.modified != 0 && a.status == http.StatusOK {
		c := &counter{ResponseWriter: w, status: http.StatusOK}
		http.ServeContent(c, r, "", a.modified.UTC(), newReader(a.body))
		s.sent(c.status, c.bytes)
		return
	}
	s.sent(a.status, len(a.body))
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		w.Write(a.body) // a client that left has had its chance
	}
}

// pause keeps an answer back, unless client or server leave.
func (s *Server) pause(r *http.Request, wait time.Duration) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	case <-s.closing:
	}
}

// counter remembers what ServeContent made of an answer.
type counter struct {
	http.ResponseWriter
	status, bytes int
}

// WriteHeader notes the status.
func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += n
	return n, err
}
