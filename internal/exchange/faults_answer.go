package exchange

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"carry"
)

// newReader makes a body seekable for ServeContent.
func newReader(b []byte) *bytes.Reader { return bytes.NewReader(b) }

// edgePage is an HTML page as a gateway sends it.
const edgePage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"

// misbehave sends an answer, or what a fault makes of it.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, h host, now carry.Time, a answer) {
	f := s.faults.pick(h, r.URL.Path, r.URL.RawQuery, a.status == 200)
	if f == nil {
		s.send(w, r, a)
		return
	}
	switch f.Kind {
	case FaultHang:
		s.hang(w, r)
	case FaultReset:
		s.reset(w)
	case FaultTruncated:
		s.truncate(w, a)
	case FaultDrip:
		s.drip(w, r, a)
	default:
		a = s.spoiled(f, h, r, now, a)
		a.modified, a.etag = 0, "" // sent as it is, whole
		s.send(w, r, a)
	}
}

// spoiled is the answer that a fault puts in the place of another.
func (s *Server) spoiled(f *FaultRule, h host, r *http.Request, now carry.Time, a answer) answer {
	header := a.header
	switch f.Kind {
	case Fault429, Fault418:
		return s.told(f, h, now, header)
	case Fault500:
		a = (&refusal{500, -1000, "An unknown error occurred while processing the request."}).answer()
	case Fault502:
		a = answer{status: 502, mime: "text/plain", body: []byte("bad gateway")}
	case FaultHTML502:
		a = answer{status: 502, mime: "text/html", body: []byte(edgePage)}
	case Fault503:
		a = (&refusal{503, -1, "Unknown error, please check your request or try again later."}).answer()
	case Fault504:
		a = answer{status: 504, mime: "text/html"}
	case FaultHTML200:
		a = answer{status: 200, mime: "text/html", body: []byte(edgePage)}
	case FaultJSON200:
		a = (&refusal{200, -1001, "Internal error; unable to process your request. Please try again."}).answer()
	case FaultEmptyBody:
		a.body = nil
	case FaultEmptyPage:
		a = answer{status: 200, body: []byte("[]")}
	case FaultRedirect:
		a = answer{status: 302, mime: "text/html", header: [][2]string{{"Location", s.urls.Archive + "/moved"}}}
	case FaultWrongChecksum:
		a.body = bytes.Clone(a.body)
		for i := range min(64, len(a.body)) {
			a.body[i] = "fedcba9876543210"[strings.IndexByte("0123456789abcdef", a.body[i])&15]
		}
	case FaultMissingChecksum:
		a = noSuchKey(strings.TrimPrefix(r.URL.Path, "/"))
	case FaultWrongContent:
		a = s.anothers(h, r, now, a)
	default:
		a.body = cut(a.body, f.Kind)
	}
	a.header = append(header[:len(header):len(header)], a.header...)
	return a
}

// told answers 429 or 418 and holds the client to it.
func (s *Server) told(f *FaultRule, h host, now carry.Time, header [][2]string) answer {
	status, wait := 429, 3*time.Second
	if f.Kind == Fault418 {
		status, wait = 418, 2*time.Minute
	}
	if f.RetryAfter > 0 {
		wait = f.RetryAfter
	}
	ms := carry.Time(wait.Milliseconds())
	limit := 0
	if h == spotHost || h == futuresHost {
		s.mu.Lock()
		g := &s.wardens[h]
		limit = g.weight.limit
		if status == 418 {
			g.banUntil = max(g.banUntil, now+ceilSecond(ms))
		} else {
			g.waitUntil, g.ignored = max(g.waitUntil, now+ceilSecond(ms)), 0
		}
		s.mu.Unlock()
	}
	a := limitAnswer(status, ms, now, limit)
	a.header = append(a.header, header...)
	return a
}

// anothers is the sound answer for another symbol; where there is only one, the
// right answer stays.
func (s *Server) anothers(h host, r *http.Request, now carry.Time, a answer) answer {
	if h == archiveHost {
		f, ok := s.archive.parse(strings.TrimPrefix(r.URL.Path, "/"))
		if !ok {
			return a
		}
		for _, sym := range s.facts.Symbols(f.series.Kind.Market()) {
			path := strings.ReplaceAll(r.URL.Path, f.series.Symbol, sym.Name)
			if other, _ := s.archive.get(path, now); sym.Name != f.series.Symbol && other.status == 200 {
				return other
			}
		}
		return a
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return a
	}
	for _, name := range []string{"symbol", "pair"} {
		for _, sym := range s.facts.Symbols(Market(h)) {
			if !values.Has(name) || sym.Name == values.Get(name) {
				continue
			}
			values.Set(name, sym.Name)
			q := &query{now: now, market: Market(h), method: r.Method, path: r.URL.Path, rawQuery: values.Encode()}
			q.route = findRoute(q)
			q.params, _ = parseParams(nil, q.rawQuery)
			return s.handle(q)
		}
	}
	return a
}

// hang keeps silent until the client or the server leaves.
func (s *Server) hang(w http.ResponseWriter, r *http.Request) {
	s.sent(0, 0)
	select {
	case <-r.Context().Done():
	case <-s.closing:
	}
	s.cutOff(w, false)
}

// reset answers with a TCP reset.
func (s *Server) reset(w http.ResponseWriter) {
	s.sent(0, 0)
	s.cutOff(w, true)
}

// cutOff closes the connection under the answer.
func (s *Server) cutOff(w http.ResponseWriter, hard bool) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return // it is closed already
	}
	if w, ok := conn.(*wire); ok {
		conn = w.Conn
	}
	if tcp, ok := conn.(*net.TCPConn); ok && hard {
		_ = tcp.SetLinger(0) // without it, closing is polite
	}
	_ = conn.Close()
}

// truncate announces the whole length and sends half of it.
func (s *Server) truncate(w http.ResponseWriter, a answer) {
	a.head(w)
	half := a.body[:len(a.body)/2]
	s.sent(0, len(half))
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.Header().Set("Connection", "close")
	w.WriteHeader(a.status)
	w.Write(half)
}

// dripPieces is into how many pieces a dripping answer falls.
const dripPieces = 20

// drip sends an answer in pieces with pauses.
func (s *Server) drip(w http.ResponseWriter, r *http.Request, a answer) {
	a.head(w)
	s.sent(a.status, len(a.body))
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	piece := len(a.body)/dripPieces + 1
	pause := time.NewTicker(s.opt.DripPause)
	defer pause.Stop()
	for rest := a.body; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
		if _, err := w.Write(rest[:min(piece, len(rest))]); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-pause.C:
		case <-r.Context().Done():
			return
		case <-s.closing:
			return
		}
	}
}
