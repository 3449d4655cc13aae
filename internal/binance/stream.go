package binance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"carry"
)

// frame is one message of a stream, or news of its connection.
type frame struct {
	link *link
	data []byte
	up   bool // the connection was made and is subscribed
	down bool // it ended
}

// inbox takes frames over from the readers. A reader never waits for whoever
// reads the inbox: a slow reader must not starve pongs.
type inbox struct {
	mu     sync.Mutex
	frames []frame
	over   bool
	ring   chan struct{} // one token: something is there
}

// inboxMax is how many frames may wait; beyond it the streams are taken for
// overrun and are made anew.
const inboxMax = 200_000

func newInbox() *inbox { return &inbox{ring: make(chan struct{}, 1)} }

func (b *inbox) put(f frame) {
	b.mu.Lock()
	if len(b.frames) < inboxMax {
		b.frames = append(b.frames, f)
	} else {
		b.over = true
	}
	b.mu.Unlock()
	b.wake()
}

// wake lets whoever waits for the inbox look at it.
func (b *inbox) wake() {
	select {
	case b.ring <- struct{}{}:
	default:
	}
}

// take empties the inbox into dst. over tells that frames were lost.
func (b *inbox) take(dst []frame) (frames []frame, over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dst = append(dst[:0], b.frames...)
	clear(b.frames)
	b.frames, over, b.over = b.frames[:0], b.over, false
	return dst, over
}

// link keeps one WebSocket connection alive until its context ends.
type link struct {
	name string
	// url is asked for each connection: a listen key may have changed.
	url func(ctx context.Context) (string, error)
	// hello is sent after connecting, if set; the answers arrive as frames.
	hello func() []byte
	// stale is how long the link may be silent before it is taken for dead; 0:
	// it may be silent for ever (the user's streams), and only pings tell.
	stale time.Duration
	inbox *inbox
	log   func(string)
	dial  *http.Client
	seed  uint64

	mu   sync.Mutex
	conn *websocket.Conn
}

// Times of a link.
const (
	dialTimeout  = 15 * time.Second
	pingEvery    = 20 * time.Second // a dead connection is seen within a minute
	pongTimeout  = 10 * time.Second
	frameMax     = 8 << 20
	backoffFirst = 500 * time.Millisecond
	backoffLast  = 60 * time.Second
)

// run connects, reads and connects again, with waits that double up to a
// minute and have chance in them, so that several links do not come back
// together (300 connections in five minutes are allowed).
func (l *link) run(ctx context.Context) {
	rng := rand.New(rand.NewPCG(l.seed, 0x6c696e6b))
	wait := backoffFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := l.session(ctx)
		if ctx.Err() != nil {
			return
		}
		l.inbox.put(frame{link: l, down: true})
		l.log(fmt.Sprintf("stream %s ended: %v; connecting again", l.name, redact(err)))
		if time.Since(began) > backoffLast {
			wait = backoffFirst
		}
		pause := wait/2 + time.Duration(rng.Int64N(int64(wait/2)+1))
		wait = min(2*wait, backoffLast)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

var errStale = errors.New("silent for too long")

// session is one connection from dialling to its end.
func (l *link) session(ctx context.Context) error {
	url, err := l.url(ctx)
	if err != nil {
		return err
	}
	dial, cancel := context.WithTimeout(ctx, dialTimeout)
	conn, resp, err := websocket.Dial(dial, url, &websocket.DialOptions{HTTPClient: l.dial})
	cancel()
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(frameMax)
	l.set(conn)
	defer l.set(nil)
	if l.hello != nil {
		if err := conn.Write(ctx, websocket.MessageText, l.hello()); err != nil {
			return err
		}
	} else {
		l.inbox.put(frame{link: l, up: true})
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	heard := make(chan struct{}, 1)
	go l.watch(ctx, conn, heard, stop)
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		l.inbox.put(frame{link: l, data: data})
		select {
		case heard <- struct{}{}:
		default:
		}
	}
}

// watch ends a session that is silent or whose pongs do not come.
func (l *link) watch(ctx context.Context, conn *websocket.Conn, heard <-chan struct{}, stop context.CancelCauseFunc) {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-heard:
			last = time.Now()
		case <-ping.C:
			if l.stale > 0 && time.Since(last) > l.stale {
				stop(errStale)
				return
			}
			pong, cancel := context.WithTimeout(ctx, pongTimeout)
			err := conn.Ping(pong)
			cancel()
			if err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("no pong: %w", err))
				return
			}
		}
	}
}

func (l *link) set(c *websocket.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = c
}

// again drops the connection, so that it is made anew.
func (l *link) again() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.CloseNow()
	}
}

// LiveURLs are the bases of the streams, without a slash at the end.
type LiveURLs struct {
	Spot    string // wss://stream.binance.com:9443
	SpotAPI string // wss://ws-api.binance.com:443
	Futures string // wss://fstream.binance.com
}

// DefaultLiveURLs are Binance's own of 2026.
func DefaultLiveURLs() LiveURLs {
	return LiveURLs{Spot: "wss://stream.binance.com:9443", SpotAPI: "wss://ws-api.binance.com:443", Futures: "wss://fstream.binance.com"}
}

// TestnetLiveURLs are those of the testnets.
func TestnetLiveURLs() LiveURLs {
	return LiveURLs{Spot: "wss://stream.testnet.binance.vision", SpotAPI: "wss://ws-api.testnet.binance.vision", Futures: "wss://fstream.binancefuture.com"}
}

// Pacer lets the other side's time go on, in rehearsals in lockstep. Step
// returns when what happened has reached the streams; wakes are times at which
// it must stop at the latest, and woken tells that it stopped for one: what was
// due at that time and came before has been told. Without a pacer time is the
// machine's.
type Pacer interface {
	Step(ctx context.Context, wakes []carry.Time) (woken, ended bool, err error)
}
