package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"carry"
)

// route is one REST endpoint. The trading half adds its own lines.
type route struct {
	market Market
	method string
	path   string
	// params the endpoint reads; spot refuses others.
	params []string
	// weight of a request; nil is 1.
	weight func(*query) int
	// funding: the request counts in the funding bucket.
	funding bool
	// signed requests need a key, a timestamp and a signature.
	signed bool
	handle func(*Server, *query) answer
}

// routes are the endpoints of binance.md §1.2 that serve history.
var routes = [...]route{
	{SpotMarket, "GET", "/api/v3/ping", nil, nil, false, false, empty},
	{SpotMarket, "GET", "/api/v3/time", nil, nil, false, false, serverTime},
	{SpotMarket, "GET", "/api/v3/klines", []string{"symbol", "interval", "startTime", "endTime", "timeZone", "limit"}, weightOf2, false, false, klinesOf(SpotKlines)},
	{SpotMarket, "GET", "/api/v3/exchangeInfo", []string{"symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"}, weightOf20, false, false, spotInfo},
	{FuturesMarket, "GET", "/fapi/v1/ping", nil, nil, false, false, empty},
	{FuturesMarket, "GET", "/fapi/v1/time", nil, nil, false, false, serverTime},
	{FuturesMarket, "GET", "/fapi/v1/klines", nil, klineWeight, false, false, klinesOf(PerpKlines)},
	{FuturesMarket, "GET", "/fapi/v1/markPriceKlines", nil, klineWeight, false, false, klinesOf(MarkKlines)},
	{FuturesMarket, "GET", "/fapi/v1/indexPriceKlines", nil, klineWeight, false, false, klinesOf(IndexKlines)},
	{FuturesMarket, "GET", "/fapi/v1/premiumIndexKlines", nil, klineWeight, false, false, klinesOf(PremiumKlines)},
	{FuturesMarket, "GET", "/fapi/v1/fundingRate", nil, weightless, true, false, fundingRate},
	{FuturesMarket, "GET", "/fapi/v1/fundingInfo", nil, weightless, true, false, fundingInfo},
	{FuturesMarket, "GET", "/fapi/v1/exchangeInfo", nil, nil, false, false, futuresInfo},
	{FuturesMarket, "GET", "/fapi/v1/premiumIndex", nil, premiumWeight, false, false, premiumIndex},
	{FuturesMarket, "GET", "/fapi/v1/leverageBracket", nil, nil, false, true, leverageBracket},
}

func weightOf2(*query) int  { return 2 }
func weightOf20(*query) int { return 20 }
func weightless(*query) int { return 0 }

// klineWeight is the weight of futures klines by limit: [1,100) 1, [100,500) 2,
// [500,1000] 5, more 10.
func klineWeight(q *query) int {
	n := int64(futuresKlineDefault)
	if v, sent, r := q.integer("limit"); sent && r == nil {
		n = v
	}
	switch {
	case n < 100:
		return 1
	case n < 500:
		return 2
	case n <= 1000:
		return 5
	}
	return 10
}

// premiumWeight is 1 with a symbol and 10 without.
func premiumWeight(q *query) int {
	if v, _ := q.get("symbol"); v != "" {
		return 1
	}
	return 10
}

// rest answers a request to one of the two REST hosts. earned tells that the
// answer is a refusal by the limits, which no fault may replace.
func (s *Server) rest(q *query) (a answer, name string, earned bool) {
	r := findRoute(q)
	if r == nil {
		return notThere(q), "unknown", false
	}
	q.route = r
	name = q.market.String() + " " + r.path
	var bad *refusal
	if q.params, bad = parseParams(nil, q.rawQuery); bad == nil {
		q.params, bad = parseParams(q.params, q.rawBody)
	}
	weight := 1
	if r.weight != nil {
		weight = r.weight(q)
	}
	used, v := s.charge(q, weight)
	switch {
	case v.status != 0:
		a, earned = s.tooMuch(q, v), true
	case bad != nil:
		a = bad.answer()
	default:
		a = s.handle(q)
		if s.opt.Trading != nil {
			a = s.opt.Trading.spoilRead(q, a)
		}
	}
	a.header = append(a.header, [2]string{"X-MBX-USED-WEIGHT-1M", strconv.Itoa(used)})
	if q.market == SpotMarket {
		a.header = append(a.header, [2]string{"X-MBX-USED-WEIGHT", strconv.Itoa(used)})
	}
	return a, name, earned
}

// handle checks what all endpoints have in common and answers.
func (s *Server) handle(q *query) answer {
	if q.route.signed {
		if r := q.authorize(s.opt.Keys); r != nil {
			return r.answer()
		}
		if t := s.opt.Trading; t != nil && t.locked() {
			return (&refusal{401, -2015, "Invalid API-key, IP, or permissions for action."}).answer()
		}
	} else if r := q.unread(); r != nil {
		return r.answer()
	}
	return q.route.handle(s, q)
}

func findRoute(q *query) *route {
	for i := range routes {
		r := &routes[i]
		if r.market == q.market && r.path == q.path && r.method == q.method {
			return r
		}
	}
	if !q.trading {
		return nil
	}
	for _, list := range [...][]route{tradeRoutes[:], tickerRoutes[:]} {
		for i := range list {
			if r := &list[i]; r.market == q.market && r.path == q.path && r.method == q.method {
				return r
			}
		}
	}
	return nil
}

// notThere is the answer of retired and unknown paths and methods. Futures
// words it as -5000; spot's edge sends a page. (What production sends for each
// retired path is not documented.)
func notThere(q *query) answer {
	if q.market == FuturesMarket {
		r := refusal{404, -5000, fmt.Sprintf("Path %s, Method %s is invalid", q.path, q.method)}
		return r.answer()
	}
	return answer{status: 404, mime: "text/html", body: []byte("<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center><h1>404 Not Found</h1></center></body>\r\n</html>\r\n")}
}

// charge lets the market's warden judge a request and keeps the statistics.
func (s *Server) charge(q *query, weight int) (used int, v verdict) {
	if s.opt.Limits.Off {
		return 0, verdict{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.wardens[q.market]
	v = w.admit(q.now, weight, q.route.funding)
	switch v.status {
	case 0:
		s.stats.Weight[q.market] += weight
	case 429:
		s.stats.Limited++
	default:
		s.stats.Banned++
	}
	w.weight.expire(q.now)
	return w.weight.used, v
}

// tooMuch words a refusal by the limits.
func (s *Server) tooMuch(q *query, v verdict) answer {
	limit := s.opt.Limits.FuturesWeight
	if q.market == SpotMarket {
		limit = s.opt.Limits.SpotWeight
	}
	return limitAnswer(v.status, v.wait, q.now, limit)
}

func limitAnswer(status int, wait, now carry.Time, limit int) answer {
	msg := fmt.Sprintf("Too much request weight used; current limit is %d request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.", limit)
	if status == 418 {
		msg = fmt.Sprintf("Way too much request weight used; IP banned until %d. Please use WebSocket Streams for live updates to avoid bans.", int64(now+wait))
	}
	a := (&refusal{status, -1003, msg}).answer()
	a.header = [][2]string{{"Retry-After", strconv.FormatInt(int64(ceilSecond(wait)/carry.Second), 10)}}
	return a
}

// empty answers ping.
func empty(*Server, *query) answer { return answer{status: 200, body: []byte("{}")} }

// serverTime answers with the clock.
func serverTime(_ *Server, q *query) answer {
	return answer{status: 200, body: fmt.Appendf(nil, `{"serverTime":%d}`, int64(q.now))}
}

// asJSON is an answer of a value. Text stands in it as it is: Go's escapes for
// HTML are not Binance's.
func asJSON(v any) answer {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return broken(err)
	}
	return answer{status: 200, body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// broken is the answer where the facts fail: a server's error that no protocol
// test can take for a rule.
func broken(err error) answer {
	return answer{status: 500, mime: "text/plain", body: []byte("loopback exchange: " + err.Error())}
}
