package exchange

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"carry"
)

// meant finds which host a request to the common one is for. WebSockets and the
// control of time are served here; hostCount then says that it is done.
func (s *Server) meant(w http.ResponseWriter, r *http.Request) host {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/fapi/"), strings.HasPrefix(path, "/futures/"):
		return futuresHost
	case strings.HasPrefix(path, "/data/"):
		return archiveHost
	case strings.HasPrefix(path, "/loopback/"):
		s.control(w, r)
		return hostCount
	case s.opt.Trading != nil && strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		s.connect(w, r)
		return hostCount
	}
	return spotHost
}

// control answers what is no part of Binance's interface: GET /loopback/v1/state
// tells where the market stands, GET /loopback/v1/orders all orders there were; POST /loopback/v1/step lets the next thing happen in lockstep; wake=MS asks for a
// stop at that time, if nothing happens before.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	t := s.opt.Trading
	if t != nil && r.URL.Path == "/loopback/v1/state" && r.Method == http.MethodGet {
		s.send(w, r, asJSON(object{{"now", int64(t.Now())}, {"from", int64(t.opt.From)}, {"tape", t.info.Hash}, {"lockstep", t.opt.Lockstep}}))
		return
	}
	if t != nil && r.URL.Path == "/loopback/v1/orders" && r.Method == http.MethodGet {
		s.send(w, r, asJSON(t.Orders()))
		return
	}
	if t == nil || r.URL.Path != "/loopback/v1/step" || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	if !t.opt.Lockstep {
		http.Error(w, "time runs by itself here; start the exchange in lockstep", http.StatusConflict)
		return
	}
	var wakes []carry.Time
	for _, text := range r.URL.Query()["wake"] {
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			http.Error(w, "wake is a time in milliseconds", http.StatusBadRequest)
			return
		}
		wakes = append(wakes, carry.Time(at))
	}
	a, err := t.advance(r.Context(), wakes)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.send(w, r, asJSON(a))
}

// advance lets the next thing happen and returns when every client that listens
// has read what it caused. Wakes ask for stops at these times.
func (t *Trading) advance(ctx context.Context, wakes []carry.Time) (stepAnswer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, wake := range wakes {
		if r := t.submit(&carry.Command{Kind: carry.CmdTimer, Pair: -1, At: wake}); r != nil {
			return stepAnswer{}, r
		}
	}
	late := t.late
	t.late = nil
	kind := carry.EvTimer
	if !t.woke { // else it was passed already
		var err error
		if kind, err = t.step(ctx); err != nil {
			return stepAnswer{}, err
		}
	}
	t.woke = false
	t.tellLate(late)
	t.hub.flush(ctx, true)
	t.disturb(ctx)
	t.meddle(ctx)
	a := stepAnswer{Now: t.clock.at(), Ended: t.ended}
	if !t.ended {
		a.Event = kind.String()
	}
	return a, nil
}

// Error makes a refusal an error of the control.
func (r *refusal) Error() string { return r.msg }

// halted is a symbol's status while it is closed for trading, "" otherwise.
func (s *Server) halted(m Market, symbol string) string {
	if s.opt.Trading == nil {
		return ""
	}
	return s.opt.Trading.statusOf(m, symbol)
}
