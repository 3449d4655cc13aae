package panel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"carry"
)

// Request is what a person asks of a run.
type Request struct {
	Code   carry.Code
	Pair   int32 // -1: all
	Amount carry.Amount
}

// ServerOptions are the dashboard's settings.
type ServerOptions struct {
	Listen string // 127.0.0.1:PORT; port 0 takes a free one
	Board  *Board
	Pairs  []carry.Pair
	Token  string
	// Ask brings a request to the run and returns when the run took it.
	Ask func(ctx context.Context, r Request) error
	// Theme is the style sheet with the colours of the reports.
	Theme string
	// StillAfter is how long the loop may be silent before /healthz says so.
	StillAfter time.Duration
}

// Server is the dashboard on this machine.
type Server struct {
	o       ServerOptions
	page    []byte
	policy  string
	http    *http.Server
	url     string
	refused atomic.Int64
	served  chan error
}

// ErrNotLoopback says that an address is not this machine's alone.
var ErrNotLoopback = errors.New("the dashboard listens on 127.0.0.1, ::1 or localhost only")

// NewServer starts to listen; Close it.
func NewServer(o ServerOptions) (*Server, error) {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil || !loopbackName(host) {
		return nil, fmt.Errorf("%w, not on %q", ErrNotLoopback, o.Listen)
	}
	if o.Token == "" {
		return nil, errors.New("the dashboard needs a token")
	}
	if o.StillAfter == 0 {
		o.StillAfter = 3 * time.Minute
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	s := &Server{o: o, url: "http://" + l.Addr().String(), served: make(chan error, 1)}
	s.page, s.policy = makePage(o.Theme)
	s.http = &http.Server{Handler: s.guard(s.routes()), ReadTimeout: 10 * time.Second, ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14}
	go func() { s.served <- s.http.Serve(l) }()
	return s, nil
}

// URL is where the dashboard is, without the token.
func (s *Server) URL() string { return s.url }

// Close ends it.
func (s *Server) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// routes are all there is. The page itself holds nothing and needs no token;
// what it asks for does.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(s.page) // who went away sees nothing
	})
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /metrics", s.known(s.metrics))
	mux.HandleFunc("GET /api/state", s.known(s.state))
	mux.HandleFunc("POST /api/{action}", s.known(s.act))
	return mux
}

// health tells whether the loop lives, and nothing else.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if idle := s.o.Board.Idle(); idle > s.o.StillAfter {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "still for %.0f s\n", idle.Seconds())
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.o.Board.Snapshot())
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the answer could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// Answer is what an action says.
type Answer struct {
	Done  bool   `json:"done"`
	Error string `json:"error,omitempty"`
}

// actions by the last part of their path.
var actions = map[string]carry.Code{
	"kill": carry.CodeKill, "pause": carry.CodePause, "resume": carry.CodeResume, "close-all": carry.CodeCloseAll,
	"close": carry.CodeOperatorClose, "withdraw": carry.CodeWithdraw, "alarm-test": carry.CodeAlarmTest,
	"reread-rules": carry.CodeRereadRules, "deposit": carry.CodeDeposit,
}

// act brings a person's wish to the run. It is done when the run took it, which
// the journal then has.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	code, ok := actions[r.PathValue("action")]
	if !ok {
		answer(w, http.StatusNotFound, Answer{Error: "there is no such action"})
		return
	}
	ask, err := s.request(code, http.MaxBytesReader(w, r.Body, 1<<12))
	if err != nil {
		answer(w, http.StatusBadRequest, Answer{Error: err.Error()})
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), 10*time.Second)
	defer stop()
	if err := s.o.Ask(ctx, ask); err != nil {
		answer(w, http.StatusServiceUnavailable, Answer{Error: "the run has not taken it yet: " + err.Error()})
		return
	}
	answer(w, http.StatusOK, Answer{Done: true})
}

// request reads the body: a coin where one pair is meant, an amount where one is
// needed.
func (s *Server) request(code carry.Code, body io.Reader) (Request, error) {
	r := Request{Code: code, Pair: -1}
	var in struct {
		Coin   string `json:"coin"`
		Amount string `json:"amount"`
	}
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil && !errors.Is(err, io.EOF) {
		return r, errors.New("the request is no JSON of coin and amount")
	}
	switch code {
	case carry.CodeOperatorClose:
		for i := range s.o.Pairs {
			if s.o.Pairs[i].Coin == in.Coin {
				r.Pair = int32(i)
				return r, nil
			}
		}
		return r, errors.New("there is no such coin in this session")
	case carry.CodeWithdraw, carry.CodeDeposit:
		x, err := strconv.ParseFloat(in.Amount, 64)
		if err != nil || !(x > 0 && x <= 1e12) {
			return r, errors.New("an amount is a number of USDT above 0")
		}
		r.Amount = carry.AmountFloor(x)
	}
	return r, nil
}
