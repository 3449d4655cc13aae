package binance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"carry"
	"carry/internal/binance/wire"
)

// atTime is a clock that a test sets.
type atTime struct{ now carry.Time }

func (c *atTime) Now() carry.Time { return c.now }

func (c *atTime) SleepUntil(ctx context.Context, _ carry.Time) error { return ctx.Err() }

// While an order rests on the futures market its countdown is set anew four times
// before it would run out; when none rests any more it is ended; on spot, for
// orders that do not rest and where time stands nothing is sent. A sign of life that
// fails is made good by the next one.
func TestTheCountdownRunsWhileOrdersRest(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	fail := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		q := r.URL.Query()
		signed, _, _ := strings.Cut(r.URL.RawQuery, "&signature=")
		if r.Method != http.MethodPost || r.URL.Path != "/fapi/v1/countdownCancelAll" || r.Header.Get("X-MBX-APIKEY") != "k" ||
			!strings.HasSuffix((&Keys{"k", "s"}).sign(strings.SplitN(signed, "&recvWindow", 2)[0], carry.Time(mustInt(t, q.Get("timestamp")))), q.Get("signature")) {
			t.Errorf("%s %s is not signed", r.Method, r.URL.Path)
		}
		asked = append(asked, q.Get("symbol")+" "+q.Get("countdownTime"))
		if fail {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"symbol":"BTCUSDT","countdownTime":"120000"}`))
	}))
	defer server.Close()
	clock := &atTime{carry.Time(450_000) * carry.Hour}
	v := hourOld(clock.now)
	var said []string
	v.o.Log = func(text string) { said = append(said, text) }
	v.trader = newTrader(URLs{Spot: server.URL, Futures: server.URL}, &Keys{"k", "s"}, clock, func() carry.Time { return 0 }, openGates(WallClock{}), newTransport(2))
	resting := &flight{market: wire.Futures, cmd: carry.Command{Life: carry.GTC}}
	step := func(after carry.Time, want ...string) {
		t.Helper()
		clock.now += after
		asked = nil
		if err := v.keepCountdowns(context.Background(), clock.now); err != nil {
			t.Fatal(err)
		}
		if strings.Join(asked, ", ") != strings.Join(want, ", ") {
			t.Errorf("asked %q, want %q", asked, want)
		}
	}
	v.flights.list = []*flight{{market: wire.Spot, cmd: carry.Command{Life: carry.GTC}}, {market: wire.Futures, cmd: carry.Command{Life: carry.IOC}}}
	step(0)
	v.flights.list = append(v.flights.list, resting)
	step(0, "BTCUSDT 120000")
	step(29 * carry.Second)
	if w := v.wakes(); len(w) != 1 || w[0] != clock.now+carry.Second {
		t.Errorf("it wakes at %v, not in a second", w)
	}
	step(carry.Second, "BTCUSDT 120000")
	fail = true
	step(30*carry.Second, "BTCUSDT 120000")
	fail = false
	if len(said) != 1 || strings.Contains(said[0], "signature") {
		t.Errorf("of a failure it says %q", said)
	}
	step(30*carry.Second, "BTCUSDT 120000")
	v.flights.list = v.flights.list[:2]
	step(carry.Second, "BTCUSDT 0")
	step(carry.Hour)
	v.flights.list = append(v.flights.list, resting)
	v.o.Speed = 60
	step(0, "BTCUSDT 7200000")
	v.o.Pace = &Lockstep{}
	step(carry.Hour)
}

func mustInt(t *testing.T, text string) (n int64) {
	t.Helper()
	for _, c := range text {
		n = n*10 + int64(c-'0')
	}
	return n
}
