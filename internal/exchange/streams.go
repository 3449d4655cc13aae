package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"carry"
)

// plug is what a socket was opened for.
type plug uint8

const (
	plugSpot    plug = iota + 1 // /ws, /stream: spot's market streams
	plugSpotAPI                 // /ws-api/v3
	plugPublic                  // /public/...: book tickers
	plugMarket                  // /market/...: marks, klines
	plugPrivate                 // /private/...: the futures account
)

// plugOf finds what a path opens; combined streams wrap their payload.
func plugOf(path string) (p plug, combined bool, rest string, ok bool) {
	for _, e := range [...]struct {
		prefix string
		plug   plug
	}{{"/ws-api/v3", plugSpotAPI}, {"/public", plugPublic}, {"/market", plugMarket}, {"/private", plugPrivate}, {"", plugSpot}} {
		if after, found := strings.CutPrefix(path, e.prefix); found {
			if e.plug == plugSpotAPI {
				return e.plug, false, "", true
			}
			if rest, found := strings.CutPrefix(after, "/stream"); found && (rest == "" || rest[0] == '/') {
				return e.plug, true, strings.Trim(rest, "/"), true
			}
			if rest, found := strings.CutPrefix(after, "/ws"); found && (rest == "" || rest[0] == '/') {
				return e.plug, false, strings.Trim(rest, "/"), true
			}
			return 0, false, "", false
		}
	}
	return 0, false, "", false
}

// socket is one open connection.
type socket struct {
	ready    chan struct{} // closed when conn is set, to nil where it failed
	conn     *websocket.Conn
	plug     plug
	combined bool
	names    map[string]bool // streams; on /private listen keys
	user     int             // subscription of spot's user data, −1: none
	queue    [][]byte
	mute     bool // a fault: nothing is sent any more
	wire     *wire
}

// hub keeps the sockets and what waits to be sent. The trading half's lock is
// held by whoever queues.
type hub struct {
	mu      sync.Mutex
	sockets []*socket // in order of their opening
	valid   string    // the listen key that is alive
	// Faults: how many connections and subscriptions are refused.
	refuse, refuseHello atomic.Int32
}

// nth is one of the open connections, by what it was opened for: in which order
// a client's connections came is chance. nil: it is not open.
func (h *hub) nth(n int) *socket {
	p := plugSpot + plug(n%int(plugPrivate))
	return h.of(func(k *socket) bool { return k.plug == p })
}

// of is the first connection that is wanted; nil where there is none.
func (h *hub) of(want func(*socket) bool) (found *socket) {
	h.each(func(k *socket) {
		if found == nil && want(k) {
			found = k
		}
	})
	return found
}

// reverse turns what waits to be told of the account around.
func (h *hub) reverse() {
	h.each(func(k *socket) {
		if k.plug == plugPrivate || k.plug == plugSpotAPI {
			slices.Reverse(k.queue)
		}
	})
}

// raw queues a frame as it is.
func (h *hub) raw(which func(*socket) bool, frame []byte) {
	h.each(func(k *socket) {
		if which(k) && !k.mute {
			k.queue = append(k.queue, frame)
		}
	})
}

// spend takes one of what is to be refused; false where there is none.
func spend(n *atomic.Int32) bool {
	if n.Load() <= 0 {
		return false
	}
	n.Add(-1)
	return true
}

func newHub() *hub { return &hub{} }

func (h *hub) each(f func(s *socket)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sockets {
		f(s)
	}
}

// market queues a market stream's frame for whoever listens at its plug; asked
// for at another one, a stream is silent, as in production (binance.md §0.2).
// make is called at most once.
func (h *hub) market(p plug, stream string, make func() []byte) {
	var frame []byte
	h.each(func(s *socket) {
		if s.plug != p || !s.names[stream] || s.mute {
			return
		}
		if frame == nil {
			frame = make()
		}
		s.queue = append(s.queue, s.wrapped(stream, frame))
	})
}

func (s *socket) wrapped(stream string, frame []byte) []byte {
	if !s.combined {
		return frame
	}
	out := append([]byte(`{"stream":"`), stream...)
	out = append(append(out, `","data":`...), frame...)
	return append(out, '}')
}

// user queues an event of a market's account.
func (h *hub) user(m Market, frame []byte) {
	h.each(func(s *socket) {
		switch {
		case s.mute:
		case m == FuturesMarket && s.plug == plugPrivate && h.valid != "" && s.names[h.valid]:
			s.queue = append(s.queue, s.wrapped(h.valid, frame))
		case m == SpotMarket && s.plug == plugSpotAPI && s.user >= 0:
			s.queue = append(s.queue, fmt.Appendf(nil, `{"subscriptionId":%d,"event":%s}`, s.user, frame))
		}
	})
}

// writeMax bounds how long a client may take to read.
const writeMax = 10 * time.Second

// flush sends what is queued. With a ping it returns only when every client has
// read everything: its pong comes after it read what was sent before.
func (h *hub) flush(ctx context.Context, ping bool) {
	h.mu.Lock()
	sockets := append([]*socket(nil), h.sockets...)
	h.mu.Unlock()
	for _, s := range sockets {
		if <-s.ready; s.conn == nil {
			continue
		}
		h.mu.Lock()
		queue := s.queue
		s.queue = nil
		h.mu.Unlock()
		ctx, cancel := context.WithTimeout(ctx, writeMax)
		for _, frame := range queue {
			if s.conn.Write(ctx, websocket.MessageText, frame) != nil {
				break // it is gone; its reader takes it off the list
			}
		}
		if ping && len(queue) > 0 {
			_ = s.conn.Ping(ctx) // a client that is gone needs no waiting for
		}
		cancel()
	}
}

// closeAll ends every connection.
func (h *hub) closeAll(code websocket.StatusCode, why string, which func(*socket) bool) {
	h.mu.Lock()
	sockets := append([]*socket(nil), h.sockets...)
	h.mu.Unlock()
	for _, s := range sockets {
		if <-s.ready; s.conn != nil && which(s) {
			_ = s.conn.Close(code, why)
		}
	}
}

// streamsMax is how many streams one connection may carry.
const streamsMax = 1024

// connect serves one WebSocket connection until it ends.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	p, combined, rest, ok := plugOf(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := s.opt.Trading.hub
	if spend(&h.refuse) {
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
		return
	}
	k := &socket{ready: make(chan struct{}), plug: p, combined: combined, names: map[string]bool{}, user: -1}
	k.wire, _ = r.Context().Value(wireKey{}).(*wire)
	for _, name := range strings.Split(r.URL.Query().Get("streams"), "/") {
		k.subscribe(name)
	}
	k.subscribe(r.URL.Query().Get("listenKey"))
	for _, name := range strings.Split(rest, "/") {
		if strings.Trim(name, "0123456789") != "" { // some clients number their sockets in the path
			k.subscribe(name)
		}
	}
	// It listens before its client can know that it is connected: whatever happens
	// from then on is told.
	h.mu.Lock()
	h.sockets = append(h.sockets, k)
	h.mu.Unlock()
	defer h.remove(k)
	conn, err := websocket.Accept(w, r, nil)
	k.conn = conn
	close(k.ready)
	if err != nil {
		return // Accept answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	s.hear(r.Context(), k)
}

// remove takes a socket that is gone off the list.
func (h *hub) remove(k *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.sockets {
		if h.sockets[i] == k {
			h.sockets = append(h.sockets[:i:i], h.sockets[i+1:]...)
			return
		}
	}
}

func (k *socket) subscribe(name string) {
	if name != "" && len(k.names) < streamsMax {
		k.names[name] = true
	}
}

// hear answers a client's messages until the connection ends.
func (s *Server) hear(ctx context.Context, k *socket) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		_, text, err := k.conn.Read(ctx)
		if err != nil {
			return
		}
		var m struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
		}
		var reply []byte
		switch {
		case json.Unmarshal(text, &m) != nil:
			reply = []byte(`{"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}}`)
		case k.plug == plugSpotAPI:
			reply = s.callAPI(k, m.ID, m.Method, m.Params)
		default:
			reply = s.manage(k, m.ID, m.Method, m.Params)
		}
		if err := k.conn.Write(ctx, websocket.MessageText, reply); err != nil {
			return
		}
	}
}

// manage answers SUBSCRIBE and its kin; the id comes back as it was sent, a
// number or a text.
func (s *Server) manage(k *socket, id json.RawMessage, method string, params json.RawMessage) []byte {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	h := s.opt.Trading.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	if method != "LIST_SUBSCRIPTIONS" && json.Unmarshal(params, &names) != nil {
		return asJSON(object{{"error", object{{"code", 2}, {"msg", "Invalid request: params must be a list of streams"}}}, {"id", id}}).body
	}
	if method == "SUBSCRIBE" && spend(&h.refuseHello) {
		return asJSON(object{{"error", object{{"code", 2}, {"msg", "Invalid request: too many requests"}}}, {"id", id}}).body
	}
	switch method {
	case "SUBSCRIBE":
		for _, n := range names {
			k.subscribe(n)
		}
	case "UNSUBSCRIBE":
		for _, n := range names {
			delete(k.names, n)
		}
	case "LIST_SUBSCRIPTIONS":
		list := []string{}
		for n := range k.names {
			list = append(list, n)
		}
		return asJSON(object{{"result", list}, {"id", id}}).body
	default:
		return asJSON(object{{"error", object{{"code", 1}, {"msg", "Invalid value type: unknown variant " + method}}}, {"id", id}}).body
	}
	return asJSON(object{{"result", nil}, {"id", id}}).body
}

// callAPI answers spot's WebSocket API: what user data need of it.
func (s *Server) callAPI(k *socket, id json.RawMessage, method string, params json.RawMessage) []byte {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	fail := func(status, code int, msg string) []byte {
		return asJSON(object{{"id", id}, {"status", status}, {"error", object{{"code", code}, {"msg", msg}}}}).body
	}
	h := s.opt.Trading.hub
	switch method {
	case "ping":
		return asJSON(object{{"id", id}, {"status", 200}, {"result", object{}}}).body
	case "time":
		return asJSON(object{{"id", id}, {"status", 200}, {"result", object{{"serverTime", int64(s.now())}}}}).body
	case "userDataStream.subscribe.signature":
		if r := s.authorizeParams(params); r != nil {
			return fail(r.status, r.code, r.msg)
		}
		if spend(&h.refuseHello) {
			return fail(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.")
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if k.user >= 0 {
			return fail(400, -2035, "User Data Stream subscription already active.")
		}
		k.user = 0
		return asJSON(object{{"id", id}, {"status", 200}, {"result", object{{"subscriptionId", k.user}}}}).body
	case "userDataStream.unsubscribe":
		h.mu.Lock()
		defer h.mu.Unlock()
		if k.user < 0 {
			return fail(400, -2036, "User Data Stream subscription not active.")
		}
		k.user = -1
		return asJSON(object{{"id", id}, {"status", 200}, {"result", object{}}}).body
	case "userDataStream.start", "userDataStream.ping", "userDataStream.stop":
		return fail(410, -1, "The requested resource is no longer available.") // removed 2026-02-20; its wording is not documented
	}
	return fail(400, -1020, "This operation is not supported.")
}

// listenKeys are the futures' user stream keys: one at a time, sixty minutes.
type listenKeys struct {
	key   string
	until carry.Time
	// Faults: how many requests for a key are refused, and that the next renewal
	// is.
	refuse    int
	forgotten bool
}

// listenKeyLife is how long a key lives after it was made or kept alive.
const listenKeyLife = 60 * carry.Minute

// expire ends a key that nobody kept alive, and says so on its stream.
func (l *listenKeys) expire(now carry.Time, h *hub) {
	if l.key == "" || now <= l.until {
		return
	}
	h.user(FuturesMarket, asJSON(object{{"e", "listenKeyExpired"}, {"E", int64(now)}, {"listenKey", l.key}}).body)
	l.key = ""
	h.mu.Lock()
	h.valid = ""
	h.mu.Unlock()
}
