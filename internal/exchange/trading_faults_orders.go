package exchange

import (
	"strconv"
	"time"

	"carry"
)

// Kinds of faults of orders that other rooms name.
const (
	OrderLost        TradeFaultKind = "order-lost"
	OrderTimeoutLost TradeFaultKind = "order-timeout-lost"
	OrderBusy        TradeFaultKind = "order-busy"
	OrderAnswerLost  TradeFaultKind = "order-answer-lost"
	OrderUnknown     TradeFaultKind = "order-unknown"
	OrderTimeout     TradeFaultKind = "order-timeout"
	OrderHidden      TradeFaultKind = "order-hidden"
	OrderClock       TradeFaultKind = "order-clock"
	OrderEmpty       TradeFaultKind = "order-empty"
	OrderPage        TradeFaultKind = "order-page"
)

// hiddenFor is how long a hidden order cannot be found.
const hiddenFor = 10_000

// orderFaults are what may happen to an order that is sent. One that is taken is
// executed whatever the answer says.
var orderFaults = [...]tradeFault{
	{OrderLost, "N1", "the connection is cut before the order was taken", RightHedged, 2, 0.3, 25, false, nil, cutOff},
	{OrderAnswerLost, "N2", "taken; the connection is cut before the answer", RightEqual, 2, 0.3, 25, true, nil, cutOff},
	{OrderUnknown, "X2", "taken; 503 \"Unknown error\"", RightEqual, 2, 0.3, 25, true, nil, says(503, -1, "Unknown error, please check your request or try again later.")},
	{"order-unavailable", "X2 N10", "not taken; 503 \"Service Unavailable.\"", RightHedged, 2, 0.3, 25, false, nil, says(503, -1, "Service Unavailable.")},
	{OrderBusy, "X3", "not taken; 503 with -1008", RightHedged, 2, 0.3, 25, false, nil,
		says(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.")},
	{"order-storm", "X3 X20", "eighty orders in a row are not taken; 503 with -1008", RightHedged, 40, 1, 80, false, nil,
		says(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.")},
	{OrderTimeout, "X1", "taken; -1007", RightEqual, 2, 0.3, 25, true, nil, says(408, -1007, timeoutWords)},
	{OrderTimeoutLost, "X1", "not taken; -1007", RightHedged, 2, 0.3, 25, false, nil, says(408, -1007, timeoutWords)},
	{"order-bus", "X1", "taken; -1006, an unexpected answer of the message bus", RightEqual, 2, 0.3, 25, true, nil,
		says(500, -1006, "An unexpected response was received from the message bus. Execution status unknown.")},
	{"order-internal", "X1", "not taken; -1001, internal error", RightHedged, 2, 0.3, 25, false, nil,
		says(500, -1001, "Internal error; unable to process your request. Please try again.")},
	{OrderHidden, "X4", "taken; -1007, and for ten seconds no query finds it", RightEqual, 2, 0.3, 25, true, nil, hidden},
	{OrderEmpty, "X8", "taken; 200 and {}", RightEqual, 2, 0.3, 25, true, nil, body(200, "", "{}")},
	{"order-null", "X8", "taken; 200 and null", RightEqual, 2, 0.3, 25, true, nil, body(200, "", "null")},
	{"order-blank", "X8 N10", "taken; 200 without a body", RightEqual, 2, 0.3, 25, true, nil, body(200, "", "")},
	{"order-error-200", "X8", "taken; 200 and an error object, -1007", RightEqual, 2, 0.3, 25, true, nil, says(200, -1007, timeoutWords)},
	{"order-truncated", "N8", "taken; half of the answer", RightEqual, 2, 0.3, 25, true, nil, halved},
	{OrderPage, "N10", "taken; a gateway's page with 502", RightEqual, 2, 0.3, 25, true, nil, body(502, "text/html", edgePage)},
	{"order-page-200", "N10", "taken; a gateway's page with 200", RightEqual, 2, 0.3, 25, true, nil, body(200, "text/html", edgePage)},
	{"order-gzip", "N8", "taken; noise that calls itself gzip", RightEqual, 2, 0.3, 25, true, nil, noise},
	{"order-other", "N12", "taken; the answer of another order", RightEqual, 2, 0.3, 25, true, nil, anotherOrder},
	{"order-new-field", "X14", "taken; a field that nobody knows, and a status too", RightEqual, 2, 0.3, 25, true, nil, newWords},
	{"order-field-type", "X15", "taken; the number as text", RightEqual, 2, 0.3, 25, true, nil, quotedNumber},
	{"order-slow", "N3 U7", "taken; answered after five seconds", RightEqual, 2, 0.3, 25, true, nil, after(5 * time.Second)},
	{"order-hang", "N3", "taken; never answered", RightEqual, 2, 0.2, 8, true, nil, body(hangStatus, "", "")},
	{"order-redirect", "N11", "not taken; sent to another host", RightHedged, 2, 0.3, 25, false, nil, redirect},
	{"order-moved", "N11", "not taken; 404 with -5000: there is no such path", RightHedged, 2, 0.3, 25, false, nil, says(404, -5000, "Path /fapi/v1/order, Method POST is invalid")},
	{"order-forbidden", "X16", "not taken; 403 and a page of the firewall", RightHedged, 2, 0.3, 25, false, nil, body(403, "text/html", "<html><body>403 Forbidden</body></html>")},
	{"order-limited", "X5", "not taken; 429 and Retry-After", RightHedged, 2, 0.1, 10, false, nil, stopped(429, "10")},
	{"order-banned", "X5", "not taken; 418 and Retry-After", RightHedged, 2, 0.1, 5, false, nil, stopped(418, "120")},
	{"order-rate", "X5", "not taken; -1015, too many new orders", RightHedged, 2, 0.3, 25, false, nil, says(429, -1015, "Too many new orders; current limit is 50 orders per 10 SECOND.")},
	{OrderClock, "X6 C1", "not taken; -1021", RightHedged, 2, 0.3, 25, false, nil, says(400, -1021, "Timestamp for this request is outside of the recvWindow.")},
	{"order-engine-clock", "X6 C1", "not taken; -5028 of the matching engine", RightHedged, 2, 0.3, 25, false, futuresOnly,
		says(400, -5028, "Timestamp for this request is outside of the ME recvWindow.")},
	{"order-signature", "X7", "not taken; -1022", RightHedged, 2, 0.3, 25, false, nil, says(400, -1022, "Signature for this request is not valid.")},
	{"order-not-permitted", "X21", "not taken; -2015", RightHedged, 2, 0.3, 25, false, nil, says(401, -2015, "Invalid API-key, IP, or permissions for action.")},
	{"order-only-reduces", "X21 X13", "openings are not taken; -4400, reduce-only for a while", RightHedged, 2, 0.3, 25, false, opensPerp,
		says(400, -4400, "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.")},
	{"order-margin", "X12", "not taken; -2019, margin is insufficient", RightHedged, 2, 0.3, 25, false, opensPerp, says(400, -2019, "Margin is insufficient.")},
	{"order-balance", "X12", "not taken; -2010, insufficient balance", RightHedged, 2, 0.3, 25, false, spotOnly, says(400, -2010, "Account has insufficient balance for requested action.")},
	{"order-filter", "X22 M3", "not taken; -1013 of a filter that moved", RightHedged, 2, 0.3, 25, false, spotOnly, says(400, -1013, "Filter failure: NOTIONAL")},
	{"order-precision", "M3", "not taken; -1111", RightHedged, 2, 0.3, 25, false, nil, says(400, -1111, "Precision is over the maximum defined for this asset.")},
	{"order-reduce-only", "X10", "closings are not taken; -2022", RightHedged, 2, 0.3, 25, false, closesPerp, says(400, -2022, "ReduceOnly Order is rejected.")},
	{"order-mode", "X11 T4", "not taken; -4061: somebody switched to hedge mode for a while", RightHedged, 2, 0.3, 25, false, futuresOnly,
		says(400, -4061, "Order's position side does not match user's setting.")},
	{"order-odd-code", "X13 X14", "not taken; a code that nobody knows", RightHedged, 2, 0.3, 25, false, nil, says(400, -9999, "Something new.")},
	{"order-duplicate", "X18", "taken; -4116 or -2010: there is such an order already", RightEqual, 2, 0.3, 25, true, nil, duplicate},
	{"order-expired", "X17", "taken, and expired without a trade", RightHedged, 2, 0.3, 25, false, nil, expires},
	{"order-partial", "H3 X17", "half of it is filled, the rest expires", RightHedged, 2, 0.3, 25, false, nil, partly},
	{"order-first", "U6", "its fill is told before the answer", RightHedged, 2, 0.3, 25, true, nil, fillFirst},
}

// StopIgnored counts orders that came before the time that a 429 or 418 told was
// over. It is no fault of the exchange's.
const StopIgnored TradeFaultKind = "stop-ignored"

const timeoutWords = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."

// place lets an order meet its fault, if one is due.
func (b *tradeFaultBook) place(t *Trading, o *order, accept func() answer) answer {
	if t.clock.at() < t.stopUntil[o.market] {
		b.count[StopIgnored]++
		return (&refusal{418, -1003, "Way too many requests; IP banned. Please use the websocket for live updates to avoid bans."}).answer()
	}
	f := b.pickOf(orderFaults[:], o)
	switch {
	case f == nil:
		return accept()
	case f.taken:
		return f.spoil(t, o, accept())
	}
	return f.spoil(t, o, answer{})
}

type spoiler = func(*Trading, *order, answer) answer

func cutOff(*Trading, *order, answer) answer { return answer{status: cutOffStatus} }

// says answers with an error as Binance words it.
func says(status, code int, msg string) spoiler {
	return func(*Trading, *order, answer) answer { return (&refusal{status, code, msg}).answer() }
}

func body(status int, mime, text string) spoiler {
	return func(*Trading, *order, answer) answer { return answer{status: status, mime: mime, body: []byte(text)} }
}

func stopped(status int, seconds string) spoiler {
	return func(t *Trading, o *order, _ answer) answer {
		wait, _ := strconv.Atoi(seconds)
		if o != nil {
			t.stopUntil[o.market] = t.clock.at() + carry.Time(wait)*carry.Second
		}
		a := (&refusal{status, -1003, "Too many requests; current limit is 2400 requests per minute."}).answer()
		a.header = [][2]string{{"Retry-After", seconds}}
		return a
	}
}

func after(wait time.Duration) spoiler {
	return func(_ *Trading, _ *order, a answer) answer {
		a.wait = wait
		return a
	}
}

func redirect(*Trading, *order, answer) answer {
	return answer{status: 302, mime: "text/html", header: [][2]string{{"Location", "http://127.0.0.1:1/moved"}}}
}

func hidden(t *Trading, o *order, _ answer) answer {
	o.hiddenUntil = t.clock.at() + hiddenFor
	return says(408, -1007, timeoutWords)(t, o, answer{})
}

func halved(_ *Trading, _ *order, a answer) answer {
	a.body = a.body[:len(a.body)/2]
	return a
}

func noise(_ *Trading, _ *order, a answer) answer {
	a.header = append(a.header, [2]string{"Content-Encoding", "gzip"})
	for k, text := uint64(0), a.body; k < uint64(len(text)); k++ {
		a.body[k] = byte(mix(k, "noise"))
	}
	return a
}

func anotherOrder(_ *Trading, o *order, a answer) answer {
	a.body = replaced(a.body, `"clientOrderId":"[^"]*"`, `"clientOrderId":"`+o.client+`0"`)
	return a
}

func newWords(_ *Trading, _ *order, a answer) answer {
	a.body = replaced(a.body, `"status":"[^"]*"`, `"status":"PENDING_REVIEW","expiryReason":{"kind":[1,2]}`)
	return a
}

func quotedNumber(_ *Trading, _ *order, a answer) answer {
	a.body = replaced(a.body, `"orderId":(\d+)`, `"orderId":"$1"`)
	return a
}

func duplicate(t *Trading, o *order, a answer) answer {
	if o.market == FuturesMarket {
		return says(400, -4116, "ClientOrderId is duplicated.")(t, o, a)
	}
	return says(400, -2010, "Duplicate order sent.")(t, o, a)
}

// expires takes an order that then finds nothing.
func expires(t *Trading, o *order, _ answer) answer {
	t.orders.add(o)
	t.tellOrder(o, nil, "NEW", nil)
	t.finish(o, "EXPIRED", t.clock.at())
	return asJSON(t.orderAnswer(o, false))
}

// partly takes an order of which half will be filled.
func partly(t *Trading, o *order, _ answer) answer {
	o.part = o.qty / 2
	o.part -= o.part % t.rules[o.pair].Legs[legOf(o.market)].Lot()
	if o.part == 0 {
		return expires(t, o, answer{})
	}
	return t.accept(o)
}

// fillFirst lets the market go on until the order's fill was heard, and answers
// then.
func fillFirst(t *Trading, o *order, a answer) answer {
	t.goOn(func() bool { return o.final() || o.resting })
	return a
}

func spotOnly(o *order) bool    { return o.market == SpotMarket }
func futuresOnly(o *order) bool { return o.market == FuturesMarket }
func opensPerp(o *order) bool {
	return o.market == FuturesMarket && o.side == carry.Sell && !o.reduceOnly
}
func closesPerp(o *order) bool { return o.market == FuturesMarket && o.reduceOnly }
