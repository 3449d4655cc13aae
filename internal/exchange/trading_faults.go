package exchange

import (
	"fmt"
	"maps"
	"math"
)

// TradeFaultKind names one misbehaviour of the trading half; the letters in
// brackets are the fault's place in the catalogue of faults.
type TradeFaultKind string

// The kinds.
const (
	// OrderLost: the request is cut off before it was taken (N1).
	OrderLost TradeFaultKind = "order-lost"
	// OrderAnswerLost: taken, and the answer is cut off (N2).
	OrderAnswerLost TradeFaultKind = "order-answer-lost"
	// OrderUnknown: taken, answered with 503 "Unknown error" (X2).
	OrderUnknown TradeFaultKind = "order-unknown"
	// OrderBusy: not taken, answered with 503 and -1008 (X3).
	OrderBusy TradeFaultKind = "order-busy"
	// OrderTimeout: taken, answered with -1007 (X1).
	OrderTimeout TradeFaultKind = "order-timeout"
	// OrderTimeoutLost: not taken, answered with -1007 (X1).
	OrderTimeoutLost TradeFaultKind = "order-timeout-lost"
	// OrderHidden: taken, answered with -1007, and for ten seconds no query
	// finds it (X4).
	OrderHidden TradeFaultKind = "order-hidden"
	// OrderEmpty: taken, answered with 200 and {} (X8).
	OrderEmpty TradeFaultKind = "order-empty"
	// OrderPage: taken, answered with a gateway's page (N10).
	OrderPage TradeFaultKind = "order-page"
	// OrderClock: not taken, answered with -1021 (X6).
	OrderClock TradeFaultKind = "order-clock"
	// TransferLost: not made, the request is cut off (R4, N1).
	TransferLost TradeFaultKind = "transfer-lost"
	// TransferAnswerLost: made, the answer is cut off (H9).
	TransferAnswerLost TradeFaultKind = "transfer-answer-lost"
	// StreamsDrop: after a happening every connection is closed (N5, N6).
	StreamsDrop TradeFaultKind = "streams-drop"
	// ListenKeyGone: the futures' listen key ends before its time (U1).
	ListenKeyGone TradeFaultKind = "listen-key-gone"
	// EventTwice: an event of the user's streams is sent twice (U4).
	EventTwice TradeFaultKind = "event-twice"
)

// tradeFaultKinds is the table of all kinds.
var tradeFaultKinds = [...]TradeFaultKind{OrderLost, OrderAnswerLost, OrderUnknown, OrderBusy, OrderTimeout, OrderTimeoutLost,
	OrderHidden, OrderEmpty, OrderPage, OrderClock, TransferLost, TransferAnswerLost, EventTwice, StreamsDrop, ListenKeyGone}

// TradeFaultKinds are the names of all kinds.
func TradeFaultKinds() []TradeFaultKind { return append([]TradeFaultKind(nil), tradeFaultKinds[:]...) }

// TradeFaults are a seeded schedule.
type TradeFaults struct {
	Seed  uint64
	Rules []TradeFaultRule
}

// TradeFaultRule says which orders, transfers or events a fault hits.
type TradeFaultRule struct {
	Kind TradeFaultKind
	// Nth spares those before the nth, from 1.
	Nth int
	// Prob is the chance of each; 0 means 1.
	Prob float64
	// Times limits how often it hits; 0: no limit.
	Times int
}

// tradeFaultBook decides and counts. The trading half's lock guards it.
type tradeFaultBook struct {
	seed  uint64
	rules []tradeRuleState
	count map[TradeFaultKind]int
}

type tradeRuleState struct {
	TradeFaultRule
	seen, done int
}

func newTradeFaultBook(f TradeFaults) (*tradeFaultBook, error) {
	b := &tradeFaultBook{seed: f.Seed, count: map[TradeFaultKind]int{}}
	for i, r := range f.Rules {
		known := false
		for _, k := range tradeFaultKinds {
			known = known || k == r.Kind
		}
		if !known {
			return nil, fmt.Errorf("trade fault rule %d: there is no fault %q", i+1, r.Kind)
		}
		if r.Prob < 0 || r.Prob > 1 || math.IsNaN(r.Prob) || r.Nth < 0 || r.Times < 0 {
			return nil, fmt.Errorf("trade fault rule %d (%s): probability is 0..1, nth and times are not negative", i+1, r.Kind)
		}
		b.rules = append(b.rules, tradeRuleState{TradeFaultRule: r})
	}
	return b, nil
}

// pick is the fault among the kinds that hits now; "" for none. Every rule of
// the kinds sees the happening once.
func (b *tradeFaultBook) pick(kinds ...TradeFaultKind) TradeFaultKind {
	hit := TradeFaultKind("")
	for i := range b.rules {
		r := &b.rules[i]
		mine := false
		for _, k := range kinds {
			mine = mine || r.Kind == k
		}
		if !mine {
			continue
		}
		r.seen++
		if hit != "" || r.seen < r.Nth || r.Times > 0 && r.done >= r.Times {
			continue
		}
		if r.Prob > 0 && r.Prob < 1 && float64(mix(b.seed+uint64(i)<<32+uint64(r.seen), string(r.Kind))>>11)/(1<<53) >= r.Prob {
			continue
		}
		r.done++
		b.count[r.Kind]++
		hit = r.Kind
	}
	return hit
}

// TradeFaultCounts are the faults served so far.
func (t *Trading) TradeFaultCounts() map[TradeFaultKind]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.faults.count)
}

// cutOffStatus marks an answer that never arrives.
const cutOffStatus = -1

// hiddenFor is how long a hidden order cannot be found.
const hiddenFor = 10_000

// place lets an order meet its fault, if one is due.
func (b *tradeFaultBook) place(t *Trading, o *order, accept func() answer) answer {
	timeout := (&refusal{408, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."}).answer()
	switch b.pick(OrderLost, OrderAnswerLost, OrderUnknown, OrderBusy, OrderTimeout, OrderTimeoutLost, OrderHidden, OrderEmpty, OrderPage, OrderClock) {
	case OrderLost:
		return answer{status: cutOffStatus}
	case OrderAnswerLost:
		accept()
		return answer{status: cutOffStatus}
	case OrderUnknown:
		accept()
		return (&refusal{503, -1, "Unknown error, please check your request or try again later."}).answer()
	case OrderBusy:
		return (&refusal{503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes."}).answer()
	case OrderTimeout:
		accept()
		return timeout
	case OrderTimeoutLost:
		return timeout
	case OrderHidden:
		accept()
		o.hiddenUntil = t.clock.at() + hiddenFor
		return timeout
	case OrderEmpty:
		accept()
		return answer{status: 200, body: []byte("{}")}
	case OrderPage:
		accept()
		return answer{status: 502, mime: "text/html", body: []byte(edgePage)}
	case OrderClock:
		return (&refusal{400, -1021, "Timestamp for this request is outside of the recvWindow."}).answer()
	}
	return accept()
}

// transfer lets a transfer meet its fault.
func (b *tradeFaultBook) transfer(accept func() answer) answer {
	switch b.pick(TransferLost, TransferAnswerLost) {
	case TransferLost:
		return answer{status: cutOffStatus}
	case TransferAnswerLost:
		accept()
		return answer{status: cutOffStatus}
	}
	return accept()
}
