package exchange

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Kinds of faults of connections.
const (
	StreamsDrop       TradeFaultKind = "streams-drop"
	ListenKeyGone     TradeFaultKind = "listen-key-gone"
	streamCloses      TradeFaultKind = "stream-closes"
	streamRefused     TradeFaultKind = "stream-refused"
	streamHalfOpen    TradeFaultKind = "stream-half-open"
	streamSilent      TradeFaultKind = "stream-silent"
	streamUserSilent  TradeFaultKind = "stream-user-silent"
	streamShutdown    TradeFaultKind = "stream-shutdown"
	streamTerminated  TradeFaultKind = "stream-terminated"
	streamUnanswered  TradeFaultKind = "stream-hello-refused"
	streamBurst       TradeFaultKind = "stream-burst"
	streamGarbage     TradeFaultKind = "stream-garbage"
	streamBinary      TradeFaultKind = "stream-bad-text"
	streamHuge        TradeFaultKind = "stream-huge-frame"
	streamUnknown     TradeFaultKind = "stream-unknown"
	listenKeyRefused  TradeFaultKind = "listen-key-refused"
	listenKeyNoLonger TradeFaultKind = "listen-key-not-renewed"
)

// streamFaults are what may happen to connections after a happening was told.
var streamFaults = [...]tradeFault{
	{kind: StreamsDrop, ids: "N5 N6", comes: "every connection is closed", right: RightEqual, nth: 2, prob: 0.02, times: 3},
	{kind: streamCloses, ids: "N5", comes: "one connection is closed, as after 24 hours", right: RightEqual, nth: 2, prob: 0.05, times: 10},
	{kind: streamRefused, ids: "N6", comes: "every connection is closed, and the next eight are refused", right: RightEqual, nth: 2, prob: 0.02, times: 3},
	{kind: streamHalfOpen, ids: "N4", comes: "one connection stays open and is dead: no frames, no pongs", right: RightEqual, nth: 2, prob: 0.02, times: 5},
	{kind: streamSilent, ids: "N4", comes: "a connection of the market tells nothing more and answers pings", right: RightEqual, nth: 2, prob: 0.02, times: 3},
	{kind: streamUserSilent, ids: "U2 N4", comes: "a connection of the account tells nothing more and answers pings", right: RightHedged, nth: 200, prob: 0.02, times: 1},
	{kind: streamShutdown, ids: "N5", comes: "serverShutdown on every connection, which then are closed", right: RightEqual, nth: 2, prob: 0.02, times: 3},
	{kind: streamTerminated, ids: "U2", comes: "eventStreamTerminated: the subscription ends, the connection stays", right: RightEqual, nth: 2, prob: 0.02, times: 5},
	{kind: streamUnanswered, ids: "N6 N11", comes: "every connection is closed, and the next four subscriptions are refused", right: RightEqual, nth: 2, prob: 0.02, times: 3},
	{kind: streamBurst, ids: "N7", comes: "ten thousand frames at once", right: RightEqual, nth: 2, prob: 0.02, times: 5},
	{kind: streamGarbage, ids: "N9", comes: "a frame of the market that is no JSON", right: RightEqual, nth: 2, prob: 0.02, times: 5},
	{kind: streamBinary, ids: "N8", comes: "a text frame that is no UTF-8", right: RightEqual, nth: 2, prob: 0.02, times: 5},
	{kind: streamHuge, ids: "N8", comes: "a frame of nine megabytes", right: RightHedged, nth: 2, prob: 0.02, times: 2},
	{kind: streamUnknown, ids: "N12", comes: "a stream that nobody asked for", right: RightEqual, nth: 2, prob: 0.1, times: 25},
	{kind: ListenKeyGone, ids: "U1", comes: "the listen key ends before its time", right: RightEqual, nth: 2, prob: 0.02, times: 3},
	{kind: listenKeyRefused, ids: "U1", comes: "the account's connection is closed, and the next two listen keys are refused", right: RightEqual, nth: 2, prob: 0.02, times: 3},
	{kind: listenKeyNoLonger, ids: "U1", comes: "the listen key cannot be renewed: -1125", right: RightEqual, nth: 2, prob: 0.3, times: 5},
}

// disturb does to the connections what is due, after a happening was told.
func (t *Trading) disturb(ctx context.Context) {
	all := func(*socket) bool { return true }
	switch kind := t.faults.pick(kindsOf(streamFaults[:])...); kind {
	case StreamsDrop:
		t.hub.closeAll(websocket.StatusGoingAway, "a fault", all)
	case streamCloses:
		one := t.hub.nth(t.faults.which(kind, 5))
		t.hub.closeAll(websocket.StatusPolicyViolation, "24 hours", func(k *socket) bool { return k == one })
	case streamRefused:
		t.hub.refuse.Store(8)
		t.hub.closeAll(websocket.StatusGoingAway, "a fault", all)
	case streamUnanswered:
		t.hub.refuseHello.Store(4)
		t.hub.closeAll(websocket.StatusGoingAway, "a fault", all)
	case streamHalfOpen:
		if one := t.hub.nth(t.faults.which(kind, 5)); one != nil && one.wire != nil {
			one.wire.dead.Store(true)
			t.hub.awaitGone(ctx, one)
		}
	case streamSilent:
		if one := t.hub.of(func(k *socket) bool { return k.plug == plugMarket }); one != nil {
			one.mute = true
			t.hub.awaitGone(ctx, one)
		}
	case streamUserSilent:
		t.hub.each(func(k *socket) { k.mute = k.mute || k.plug == plugPrivate || k.plug == plugSpotAPI })
	case streamShutdown:
		t.hub.raw(all, []byte(`{"e":"serverShutdown","E":`+strconv.FormatInt(int64(t.clock.at()), 10)+`}`))
		t.hub.flush(ctx, true)
		t.hub.closeAll(websocket.StatusGoingAway, "the server shuts down", all)
	case streamTerminated:
		t.hub.raw(func(k *socket) bool { return k.plug == plugSpotAPI && k.user >= 0 },
			[]byte(`{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":`+strconv.FormatInt(int64(t.clock.at()), 10)+`}}`))
		t.hub.each(func(k *socket) { k.user = -1 })
		t.hub.flush(ctx, true)
	case streamBurst, streamGarbage, streamBinary, streamHuge, streamUnknown:
		t.odd(ctx, kind)
	case ListenKeyGone:
		t.keys.until = 0
		t.keys.expire(t.clock.at(), t.hub)
		t.hub.flush(ctx, true)
	case listenKeyRefused:
		t.keys.refuse = 2
		t.hub.closeAll(websocket.StatusGoingAway, "a fault", func(k *socket) bool { return k.plug == plugPrivate })
	case listenKeyNoLonger:
		t.keys.forgotten = true
	}
}

// odd sends frames that a market's connection should not carry.
func (t *Trading) odd(ctx context.Context, kind TradeFaultKind) {
	market := func(k *socket) bool { return k.plug == plugMarket }
	switch kind {
	case streamBurst:
		name := strings.ToLower(t.info.Pairs[0].PerpSymbol) + "@bookTicker"
		frame := []byte(`{"stream":"` + name + `","data":{"e":"bookTicker","u":1,"s":"ZZZUSDT","b":"1.0","B":"1","a":"1.1","A":"1","T":1,"E":1}}`)
		for range 10_000 {
			t.hub.raw(func(k *socket) bool { return k.plug == plugPublic }, frame)
		}
	case streamGarbage:
		t.hub.raw(market, []byte(`{"stream":"!markPrice@arr@1s","data":[{"e":`))
	case streamBinary:
		t.hub.raw(market, []byte("{\"stream\":\"\xff\xfe\",\"data\":[]}"))
	case streamHuge:
		t.hub.raw(market, []byte(`{"stream":"x","data":"`+strings.Repeat("x", 9<<20)+`"}`))
	case streamUnknown:
		t.hub.raw(market, []byte(`{"stream":"zzzusdt@forceOrder","data":{"e":"forceOrder","E":1568014460893,"o":{"s":"ZZZUSDT"}}}`))
	}
	t.hub.flush(ctx, true)
}

// wire is a connection that can die without a word: what is sent is lost, and
// what comes is not read.
type wire struct {
	net.Conn
	dead atomic.Bool
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	for {
		n, err := w.Conn.Read(p)
		if err != nil || !w.dead.Load() {
			return n, err
		}
	}
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	if w.dead.Load() {
		return len(p), nil
	}
	return w.Conn.Write(p)
}

// wires makes a listener's connections able to die.
type wires struct{ net.Listener }

// Accept implements net.Listener.
func (l wires) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c}, nil
}

// wireKey finds a request's connection in its context.
type wireKey struct{}

// noticeMax bounds how long a client may take to see that a connection is dead.
const noticeMax = 3 * time.Minute

// awaitGone lets the market stand until a client has given a connection up.
func (h *hub) awaitGone(ctx context.Context, k *socket) {
	for end := time.Now().Add(noticeMax); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		if h.of(func(s *socket) bool { return s == k }) == nil {
			return
		}
	}
}
