package binance

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carry"
	"carry/internal/binance/wire"
)

// All 256 combinations of what a key may do: exactly one is accepted.
func TestEveryCombinationOfPermissions(t *testing.T) {
	accepted := 0
	for bits := range 256 {
		on := func(k int) bool { return bits>>k&1 == 1 }
		r := wire.Restrictions{IPRestrict: on(0), Reading: on(1), SpotAndMargin: on(2), Futures: on(3), UniversalTransfer: on(4),
			Withdrawals: on(5), InternalTransfer: on(6), Margin: on(7)}
		want := bits == 0b00011111 // needed ones on, dangerous ones off
		if got := KeyProblem(r) == ""; got != want {
			t.Errorf("%+v: accepted %t", r, got)
		} else if got {
			accepted++
		}
		if r.Withdrawals && !strings.Contains(KeyProblem(r), "withdraw") {
			t.Errorf("%+v: the worst is not named first: %s", r, KeyProblem(r))
		}
	}
	if accepted != 1 {
		t.Errorf("%d combinations are accepted", accepted)
	}
}

// What an answer proves about an order: refused only where nothing can have been
// executed; everything else is unknown and never sent again.
func TestWhatAnAnswerProves(t *testing.T) {
	body := func(code int, msg string) []byte { return fmt.Appendf(nil, `{"code":%d,"msg":%q}`, code, msg) }
	for _, e := range []struct {
		what   string
		market wire.Market
		a      attempt
		want   verdict
		code   carry.Code
	}{
		{"never left", wire.Spot, attempt{}, refused, carry.CodeFailed},
		{"cut off after it was written", wire.Spot, attempt{written: true}, unknown, 0},
		{"an empty order", wire.Spot, attempt{status: 200, written: true, body: []byte("{}")}, unknown, 0},
		{"null", wire.Futures, attempt{status: 200, written: true, body: []byte("null")}, unknown, 0},
		{"an error with status 200", wire.Futures, attempt{status: 200, written: true, body: body(-1007, "Timeout waiting for response from backend server.")}, unknown, 0},
		{"a gateway's page", wire.Spot, attempt{status: 502, written: true, body: []byte("<html>")}, unknown, 0},
		{"-1007", wire.Futures, attempt{status: 408, body: body(-1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.")}, unknown, 0},
		{"-1006", wire.Spot, attempt{status: 400, body: body(-1006, "An unexpected response was received from the message bus. Execution status unknown.")}, unknown, 0},
		{"-1001 is unknown on both", wire.Futures, attempt{status: 503, body: body(-1001, "Internal error; unable to process your request. Please try again.")}, unknown, 0},
		{"503 unknown error", wire.Futures, attempt{status: 503, body: body(-1, "Unknown error, please check your request or try again later.")}, unknown, 0},
		{"503 overloaded", wire.Futures, attempt{status: 503, body: body(-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.")}, refused, carry.CodeThrottled},
		{"a name that is there", wire.Futures, attempt{status: 400, body: body(-4116, "ClientOrderId is duplicated.")}, unknown, 0},
		{"a name that is there", wire.Spot, attempt{status: 400, body: body(-2010, "Duplicate order sent.")}, unknown, 0},
		{"no coins", wire.Spot, attempt{status: 400, body: body(-2010, "Account has insufficient balance for requested action.")}, refused, carry.CodeInsufficient},
		{"no margin", wire.Futures, attempt{status: 400, body: body(-2019, "Margin is insufficient.")}, refused, carry.CodeMargin},
		{"-2022 on futures", wire.Futures, attempt{status: 400, body: body(-2022, "ReduceOnly Order is rejected.")}, refused, carry.CodeReduceOnly},
		{"the clock", wire.Spot, attempt{status: 400, body: body(-1021, "Timestamp for this request is outside of the recvWindow.")}, refused, carry.CodeClock},
		{"429", wire.Spot, attempt{status: 429}, refused, carry.CodeThrottled},
		{"418", wire.Spot, attempt{status: 418}, refused, carry.CodeThrottled},
		{"the firewall", wire.Spot, attempt{status: 403, body: []byte("<html>")}, refused, carry.CodeThrottled},
		{"a number nobody knows", wire.Futures, attempt{status: 400, body: body(-9999, "New.")}, refused, carry.CodeFailed},
		{"a page with status 400", wire.Futures, attempt{status: 400, body: []byte("<html>")}, unknown, 0},
	} {
		got, code := judge(e.market, &e.a)
		if got != e.want || code != e.code {
			t.Errorf("%s (%d): %d %s, want %d %s", e.what, e.market, got, code, e.want, e.code)
		}
	}
}

// A sentinel key and secret are in no error and no print of what holds them,
// also where the library's own error has the signed address.
func TestNothingTellsTheKeys(t *testing.T) {
	const key, secret = "SENTINELkey8f2c", "SENTINELsecret91ab"
	keys, err := LoadKeys("", func(name string) string { return map[string]string{EnvKey: key, EnvSecret: secret}[name] })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("signature") == "" || r.Header.Get("X-MBX-APIKEY") != key {
			t.Error("the request is not signed")
		}
		panic(http.ErrAbortHandler) // cuts the connection
	}))
	server.Config.ErrorLog = nil
	defer server.Close()
	urls := URLs{Spot: server.URL, Futures: server.URL}
	tr := newTrader(urls, keys, WallClock{}, func() carry.Time { return 0 }, openGates(WallClock{}), newTransport(2))
	order := &orderRequest{market: wire.Futures, symbol: "BTCUSDT", client: "cx-1", side: carry.Sell, qty: "1"}
	cut := tr.order(context.Background(), order)
	if cut.status != 0 || !cut.written || cut.err == nil {
		t.Fatalf("a connection that is cut: %+v", cut)
	}
	dead := newTrader(URLs{Spot: "http://127.0.0.1:1", Futures: "http://127.0.0.1:1"}, keys, WallClock{}, func() carry.Time { return 0 }, openGates(WallClock{}), newTransport(2))
	never := dead.order(context.Background(), order)
	if never.written || never.err == nil {
		t.Fatalf("a host that is not there: %+v", never)
	}
	for _, text := range []string{cut.err.Error(), never.err.Error(), fmt.Sprint(tr), fmt.Sprintf("%+v %#v", tr, tr), fmt.Sprintf("%v %+v %#v", keys, keys, keys)} {
		for _, s := range []string{key, secret, "signature"} {
			if strings.Contains(text, s) {
				t.Errorf("%q is in %q", s, text)
			}
		}
	}
}

// openGates are gates that nothing has closed.
func openGates(clock Clock) (g [hostCount]*gate) {
	for h := range g {
		g[h] = &gate{clock: clock}
	}
	return g
}

// After a 418 nothing more is sent to that host until the time it told is over: an
// order is refused at once, as throttled. The other host goes on.
func TestAHostThatToldUsToStopIsLeftAlone(t *testing.T) {
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	clock := &tickClock{now: 1_700_000_000_000}
	tr := newTrader(URLs{Spot: server.URL, Futures: server.URL}, &Keys{key: "k", secret: "s"}, clock, func() carry.Time { return 0 }, openGates(clock), newTransport(2))
	order := func(m wire.Market) *attempt {
		return tr.order(t.Context(), &orderRequest{market: m, symbol: "AUSDT", client: "c-1", side: carry.Sell, qty: "1"})
	}
	if a := order(wire.Futures); a.status != 418 || asked["/fapi/v1/order"] != 1 {
		t.Fatalf("%+v, asked %v", a, asked)
	}
	clock.now += 119 * carry.Second
	a := order(wire.Futures)
	if v, code := judge(wire.Futures, a); v != refused || code != carry.CodeThrottled || asked["/fapi/v1/order"] != 1 {
		t.Errorf("within the ban: %v %s, asked %v", v, code, asked)
	}
	if order(wire.Spot); asked["/api/v3/order"] != 1 {
		t.Errorf("the other host was not asked: %v", asked)
	}
	clock.now += carry.Second
	if order(wire.Futures); asked["/fapi/v1/order"] != 2 {
		t.Errorf("after the ban: %v", asked)
	}
}
