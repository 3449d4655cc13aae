package exchange

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"carry"
)

// signed asks the exchange in its own time with testKey's signature.
func (s *served) signed(method, path string, values url.Values) reply {
	s.t.Helper()
	values.Set("timestamp", strconv.FormatInt(int64(s.trading.Now()), 10))
	query := values.Encode()
	req, err := http.NewRequest(method, s.server.URLs().All+path+"?"+query+"&signature="+Sign(testSecret, query), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-MBX-APIKEY", testKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp.StatusCode, resp.Header, body}
}

// order places an order; more is name, value, name, value.
func (s *served) order(m Market, side, kind string, more ...string) reply {
	s.t.Helper()
	path, v := "/api/v3/order", url.Values{"symbol": {s.coin.SpotSymbol}, "side": {side}, "type": {kind}}
	if m == FuturesMarket {
		path = "/fapi/v1/order"
		v.Set("symbol", s.coin.PerpSymbol)
	}
	for k := 0; k < len(more); k += 2 {
		v.Set(more[k], more[k+1])
	}
	return s.signed("POST", path, v)
}

func (s *served) price(leg carry.Leg, factor float64) string {
	return s.trading.rules[0].Legs[leg].TickDown(s.trading.market.SpotLast[0] * factor).String()
}

// told is what tests read of an order's answer.
type told struct {
	Status, ExecutedQty, OrigQty, CummulativeQuoteQty string
	Code                                              int
}

func (r reply) order(t *testing.T) (o told) {
	t.Helper()
	if err := json.Unmarshal(r.body, &o); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return o
}

// A market order by its worth never spends more, and spends nearly all.
func TestAnOrderByItsWorth(t *testing.T) {
	s := serve(t, nil)
	before, _, _, _ := s.trading.Exchange().Balances()
	o := s.order(SpotMarket, "BUY", "MARKET", "quoteOrderQty", "200").order(t)
	after, _, _, _ := s.trading.Exchange().Balances()
	if spent := (before - after).Float(); o.Status != "FILLED" || spent > 200 || spent < 199 {
		t.Errorf("%s for %v of 200 USDT", o.Status, spent)
	}
	o = s.order(SpotMarket, "SELL", "MARKET", "quoteOrderQty", "100").order(t)
	if got := number64(o.CummulativeQuoteQty); o.Status != "FILLED" || got < 99 || got > 101 {
		t.Errorf("sold, %s, for %v of 100 USDT", o.Status, got)
	}
	s.order(SpotMarket, "BUY", "MARKET", "quoteOrderQty", "200", "quantity", "1").refused(t, 400, -1128, "Combination")
	s.order(SpotMarket, "BUY", "MARKET", "quoteOrderQty", "2").refused(t, 400, -1013, "NOTIONAL")
}

// All or nothing: within its limit it is filled whole; else not at all, which
// spot tells as a status and futures as a refusal.
func TestFillOrKill(t *testing.T) {
	s := serve(t, nil)
	q := s.quantity(150)
	if o := s.order(SpotMarket, "BUY", "LIMIT", "timeInForce", "FOK", "quantity", q, "price", s.price(carry.Spot, 1.02)).order(t); o.Status != "FILLED" || o.ExecutedQty != o.OrigQty {
		t.Errorf("within its limit: %+v", o)
	}
	if o := s.order(SpotMarket, "BUY", "LIMIT", "timeInForce", "FOK", "quantity", q, "price", s.price(carry.Spot, 0.97)).order(t); o.Status != "EXPIRED" || number64(o.ExecutedQty) != 0 {
		t.Errorf("out of reach: %+v", o)
	}
	s.order(FuturesMarket, "SELL", "LIMIT", "timeInForce", "FOK", "quantity", q, "price", s.price(carry.Perp, 1.03)).refused(t, 400, -5021, "FOK")
}

// Each order tells how many there were in the day and in ten seconds; beyond a
// limit it is refused, and ten seconds later there is room again.
func TestOrdersAreCounted(t *testing.T) {
	s := serve(t, nil)
	q, p := s.quantity(60), s.price(carry.Spot, 0.9)
	for k := 1; k <= 50; k++ {
		// Out of reach and of use: it expires at once, half a second later.
		r := s.order(SpotMarket, "BUY", "LIMIT", "timeInForce", "IOC", "quantity", q, "price", p)
		if got := r.header["X-Mbx-Order-Count-1d"]; len(got) != 1 || got[0] != strconv.Itoa(k) {
			t.Fatalf("order %d of the day is counted as %v", k, got)
		}
	}
	if got := s.order(SpotMarket, "BUY", "MARKET", "quantity", q).header["X-Mbx-Order-Count-10s"]; len(got) != 1 || number64(got[0]) > 21 {
		t.Errorf("half a second each, %v orders in ten seconds", got)
	}
	limits := newOrderLimits(FuturesMarket)
	now := s.trading.Now()
	for k := range 300 {
		if a := limits.refuse(now); a != nil {
			t.Fatalf("order %d of 300: %s", k+1, a.body)
		}
		limits.took(now, &answer{status: 200})
	}
	a := limits.refuse(now)
	if a == nil || a.status != 429 || !strings.Contains(string(a.body), "-1015") || a.header[0] != [2]string{"Retry-After", "10"} {
		t.Errorf("the order after the last: %+v", a)
	}
	if limits.refuse(now+10*carry.Second) != nil {
		t.Error("ten seconds later it is refused still")
	}
}

// Refused orders are none; what is refused for the rate tells when to come back.
func TestTheRateRefuses(t *testing.T) {
	s := serve(t, nil)
	for range 50 {
		s.trading.rates[SpotMarket].took(s.trading.Now(), &answer{status: 200})
	}
	r := s.order(SpotMarket, "BUY", "MARKET", "quantity", s.quantity(60))
	r.refused(t, 429, -1015, "50 orders per 10 SECOND")
	if r.header.Get("Retry-After") != "10" {
		t.Errorf("come back after %q seconds", r.header.Get("Retry-After"))
	}
	if o := s.order(FuturesMarket, "SELL", "MARKET", "quantity", s.quantity(60)).order(t); o.Status != "FILLED" {
		t.Errorf("the other market: %+v", o)
	}
}

// Without a sign of life all orders of the symbol go; with one they stay.
func TestDeadMansSwitch(t *testing.T) {
	s := serve(t, nil)
	place := func() {
		if o := s.order(FuturesMarket, "SELL", "LIMIT", "timeInForce", "GTC", "quantity", s.quantity(60), "price", s.price(carry.Perp, 1.04)).order(t); o.Status != "NEW" {
			t.Fatalf("%+v", o)
		}
	}
	open := func() (n int) {
		for _, o := range s.trading.orders.all {
			if !o.final() {
				n++
			}
		}
		return n
	}
	beat := func(ms string) {
		s.signed("POST", "/fapi/v1/countdownCancelAll", url.Values{"symbol": {s.coin.PerpSymbol}, "countdownTime": {ms}})
	}
	place()
	beat("600000")
	beat("0")
	if _, err := s.trading.pass(context.Background()); err != nil || open() != 1 {
		t.Fatalf("%v; the countdown was ended, %d orders stay", err, open())
	}
	beat("600000")
	began := s.trading.Now()
	for open() > 0 && s.trading.Now() < began+carry.Hour {
		if _, err := s.trading.step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if gone := s.trading.Now() - began; open() > 0 || gone < 10*carry.Minute || gone > 11*carry.Minute {
		t.Errorf("%d orders are left %d s after ten minutes were agreed", open(), gone/carry.Second)
	}
}

// All orders of a symbol are withdrawn in one call.
func TestAllOrdersAreCancelled(t *testing.T) {
	s := serve(t, nil)
	all := url.Values{"symbol": {s.coin.SpotSymbol}}
	s.signed("DELETE", "/api/v3/openOrders", all).refused(t, 400, -2011, "Unknown order")
	for range 2 {
		s.order(SpotMarket, "BUY", "LIMIT", "timeInForce", "GTC", "quantity", s.quantity(60), "price", s.price(carry.Spot, 0.95))
		s.order(FuturesMarket, "SELL", "LIMIT", "timeInForce", "GTC", "quantity", s.quantity(60), "price", s.price(carry.Perp, 1.04))
	}
	var gone []told
	s.signed("DELETE", "/api/v3/openOrders", all).into(t, &gone)
	if len(gone) != 2 || gone[0].Status != "CANCELED" || gone[1].Status != "CANCELED" {
		t.Errorf("%+v", gone)
	}
	s.signed("DELETE", "/fapi/v1/allOpenOrders", url.Values{"symbol": {s.coin.PerpSymbol}})
	for _, o := range s.trading.orders.all {
		if !o.final() {
			t.Errorf("order %d is %s", o.id, o.status)
		}
	}
}

// Prices and fees are the account's and the market's own.
func TestTickersAndFees(t *testing.T) {
	s := serve(t, nil)
	get := func(path string, v any) {
		t.Helper()
		resp, err := http.Get(s.server.URLs().All + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	var book, price struct{ Symbol, BidPrice, AskPrice, Price string }
	get("/fapi/v1/ticker/bookTicker?symbol="+s.coin.PerpSymbol, &book)
	get("/api/v3/ticker/price?symbol="+s.coin.SpotSymbol, &price)
	m := s.trading.market
	if book.BidPrice != number(m.Bid(carry.Perp, 0)) || book.AskPrice != number(m.Ask(carry.Perp, 0)) || price.Price != number(m.SpotLast[0]) {
		t.Errorf("book %+v, price %+v", book, price)
	}
	var all []struct{ Symbol string }
	get(`/api/v3/ticker/bookTicker?symbols=["`+s.coin.SpotSymbol+`"]`, &all)
	if len(all) != 1 || all[0].Symbol != s.coin.SpotSymbol {
		t.Errorf("one of a list: %+v", all)
	}
	if get("/fapi/v2/ticker/price", &all); len(all) != 3 {
		t.Errorf("all: %+v", all)
	}
	var rate struct{ TakerCommissionRate string }
	s.signed("GET", "/fapi/v1/commissionRate", url.Values{"symbol": {s.coin.PerpSymbol}}).into(t, &rate)
	var spot struct {
		StandardCommission struct{ Taker string }
	}
	s.signed("GET", "/api/v3/account/commission", url.Values{"symbol": {s.coin.SpotSymbol}}).into(t, &spot)
	fees := s.trading.opt.Account.Fees.At(s.trading.Now())
	if number64(rate.TakerCommissionRate) != fees.PerpTaker || number64(spot.StandardCommission.Taker) != fees.SpotTaker {
		t.Errorf("fees %+v %+v, want %+v", rate, spot, fees)
	}
	var premium struct{ LastFundingRate string }
	if get("/fapi/v1/premiumIndex?symbol="+s.coin.PerpSymbol, &premium); premium.LastFundingRate != number(float64(m.Predicted[0])) {
		t.Errorf("the estimate is %s, premiumIndex says %s", number(float64(m.Predicted[0])), premium.LastFundingRate)
	}
}
