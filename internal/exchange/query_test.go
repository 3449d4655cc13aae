package exchange

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/quick"

	"carry"
)

// TestSignIsBinances holds the signature against the example that Binance's
// documentation of the spot API publishes with its throw-away key.
func TestSignIsBinances(t *testing.T) {
	const (
		secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
		query  = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
		want   = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
	)
	if got := Sign(secret, query); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// Query and body are signed one after the other without anything between.
	i := strings.Index(query, "quantity")
	q, body := query[:i-1], query[i:]
	if got := Sign(secret, stripSignature(q)+stripSignature(body+"&signature="+want)); got == want {
		t.Error("a missing & between query and body changes nothing")
	}
}

func TestStripSignatureRemovesOnlyTheSignature(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		"signature=ab":                "",
		"a=1&signature=ab":            "a=1",
		"signature=ab&a=1":            "a=1",
		"a=1&signature=ab&b=%20":      "a=1&b=%20",
		"a=1&xsignature=ab":           "a=1&xsignature=ab",
		"b=signature=1&a=2":           "b=signature=1&a=2",
		"a=1&signature=&b=2":          "a=1&b=2",
		"a=1&signature=x&signature=y": "a=1&signature=y",
	} {
		if got := stripSignature(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// signedShop opens a server that knows one invented key.
func signedShop(t *testing.T) (s *shop, bracket func(key, secret, query string, stamp carry.Time) reply) {
	s = open(t, TinyFacts(), at(t, tinyNow), Options{Keys: map[string]string{"invented-key": "invented-secret"}})
	return s, func(key, secret, query string, stamp carry.Time) reply {
		t.Helper()
		query += fmt.Sprintf("timestamp=%d", stamp)
		return s.send2(t, "GET", "/fapi/v1/leverageBracket?"+query+"&signature="+Sign(secret, query), key)
	}
}

func (s *shop) send2(t *testing.T, method, path, key string) reply {
	t.Helper()
	req, err := http.NewRequest(method, s.URLs().Futures+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("X-MBX-APIKEY", key)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := make([]byte, 1<<16)
	n := 0
	for {
		m, err := resp.Body.Read(body[n:])
		n += m
		if err != nil {
			break
		}
	}
	return reply{resp.StatusCode, resp.Header, body[:n]}
}

func TestLeverageBracketDemandsASignature(t *testing.T) {
	now := at(t, tinyNow)
	_, ask := signedShop(t)
	const key, secret = "invented-key", "invented-secret"
	var all []struct {
		Symbol   string
		Brackets []struct {
			Bracket, InitialLeverage                          int
			NotionalCap, NotionalFloor, MaintMarginRatio, Cum float64
		}
	}
	ask(key, secret, "", now).into(t, &all)
	if len(all) != 2 || len(all[0].Brackets) != 2 || all[0].Brackets[1].Cum != 750 || all[0].Brackets[0].InitialLeverage != 50 {
		t.Errorf("brackets: %+v", all)
	}
	ask(key, secret, "symbol=AAAUSDT&", now).into(t, &all)
	if len(all) != 1 || all[0].Symbol != "AAAUSDT" {
		t.Errorf("one symbol: %+v", all)
	}
	for _, c := range []struct {
		name         string
		r            reply
		status, code int
	}{
		{"no key", ask("", secret, "", now), 401, -2014},
		{"unknown key", ask("other", secret, "", now), 401, -2015},
		{"wrong secret", ask(key, "other", "", now), 400, -1022},
		{"unknown symbol", ask(key, secret, "symbol=NOPE&", now), 400, -1121},
		{"a window too wide", ask(key, secret, "recvWindow=60001&", now), 400, -1131},
		{"late", ask(key, secret, "", now-5001), 400, -1021},
		{"late for a short window", ask(key, secret, "recvWindow=1000&", now-1001), 400, -1021},
		{"ahead", ask(key, secret, "", now+1000), 400, -1021},
	} {
		t.Run(c.name, func(t *testing.T) { c.r.refused(t, c.status, c.code, "") })
	}
	for name, r := range map[string]reply{
		"just in time": ask(key, secret, "", now-5000), "just not ahead": ask(key, secret, "", now+999),
		"the widest window": ask(key, secret, "recvWindow=60000&", now-60000), "three decimals": ask(key, secret, "recvWindow=5000.500&", now),
		"escapes are signed as sent": ask(key, secret, "note=%7Ea%20b&", now),
	} {
		if r.status != 200 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	s, _ := signedShop(t)
	s.send2(t, "GET", fmt.Sprintf("/fapi/v1/leverageBracket?timestamp=%d", now), key).refused(t, 400, -1102, "'signature'")
	s.send2(t, "GET", "/fapi/v1/leverageBracket?signature=ab", key).refused(t, 400, -1102, "'timestamp'")
}

func TestParametersMayBeInTheBody(t *testing.T) {
	now := at(t, tinyNow)
	secrets := map[string]string{"k": "s"}
	query0, body := "recvWindow=4000", fmt.Sprintf("symbol=AAAUSDT&timestamp=%d", now)
	signature := Sign("s", query0+body)
	for name, c := range map[string]struct {
		query, body string
		code        int
	}{
		"signature in the body":       {query0, body + "&signature=" + signature, 0},
		"signature in the query":      {query0 + "&signature=" + signature, body, 0},
		"all in the body, none first": {"", "signature=" + Sign("s", body) + "&" + body, 0},
		"body changed":                {query0, body + "&x=1&signature=" + signature, -1022},
		"order changed":               {body, query0 + "&signature=" + signature, -1022},
	} {
		q := query{now: now, market: FuturesMarket, apiKey: "k", rawQuery: c.query, rawBody: c.body}
		q.params, _ = parseParams(nil, c.query)
		q.params, _ = parseParams(q.params, c.body)
		r := q.authorize(secrets)
		if c.code == 0 && r != nil || c.code != 0 && (r == nil || r.code != c.code) {
			t.Errorf("%s: %+v, want %d", name, r, c.code)
		}
	}
}

func TestParamsComeBackAsTheyWereSent(t *testing.T) {
	same := func(names, values []string) bool {
		v := url.Values{}
		for i, n := range names {
			if i < len(values) {
				v.Set(n, values[i])
			}
		}
		got, r := parseParams(nil, v.Encode())
		if r != nil || len(got) != len(v) {
			return false
		}
		for _, p := range got {
			if v.Get(p.name) != p.value {
				return false
			}
		}
		return true
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "symbol=AAAUSDT&interval=1h", "a=%zz", "limit=99999999999999999999", "startTime=1&endTime=&&=", "symbols=%5B%22A%22%5D", "signature=&signature=x"} {
		f.Add(seed, seed)
	}
	facts := TinyFacts()
	book, _ := newFaultBook(Faults{}, facts)
	f.Fuzz(func(t *testing.T, query, body string) {
		s := &Server{facts: facts, faults: book, opt: Options{Limits: DefaultLimits(), Keys: map[string]string{"k": "s"}}}
		s.stats = Stats{Requests: map[string]int{}, Statuses: map[int]int{}}
		for m := range s.wardens {
			s.wardens[m] = newWarden(Market(m), s.opt.Limits)
		}
		for i := range routes {
			r := &routes[i]
			q := query2{query, body}.of(r)
			a, _, _ := s.rest(&q)
			if a.status != 200 && (a.status < 400 || a.status > 404) {
				t.Fatalf("%s?%s: status %d %s", r.path, query, a.status, a.body)
			}
			if len(a.body) == 0 || a.mime == "" && a.body[0] != '{' && a.body[0] != '[' {
				t.Fatalf("%s?%s: no JSON: %.100s", r.path, query, a.body)
			}
		}
		stripped := stripSignature(query)
		if len(stripped) > len(query) {
			t.Fatalf("%q grew to %q", query, stripped)
		}
	})
}

type query2 struct{ query, body string }

func (q query2) of(r *route) query {
	return query{now: 1738578600000, market: r.market, method: r.method, path: r.path, rawQuery: q.query, rawBody: q.body, apiKey: "k"}
}
