package exchange

import (
	"strings"
)

// Kinds of faults of the account's events.
const (
	EventTwice       TradeFaultKind = "event-twice"
	eventLate        TradeFaultKind = "event-late"
	eventLost        TradeFaultKind = "event-lost"
	eventGarbage     TradeFaultKind = "event-garbage"
	eventTruncated   TradeFaultKind = "event-truncated"
	eventBinary      TradeFaultKind = "event-bad-text"
	eventNewField    TradeFaultKind = "event-new-field"
	eventNewKind     TradeFaultKind = "event-new-kind"
	eventNewStatus   TradeFaultKind = "event-new-status"
	eventFieldType   TradeFaultKind = "event-field-type"
	eventForeign     TradeFaultKind = "event-other-asset"
	eventMarginCall  TradeFaultKind = "event-margin-call"
	eventsShuffled   TradeFaultKind = "events-shuffled"
	eventsReplayed   TradeFaultKind = "events-replayed"
	eventFeeInBNB    TradeFaultKind = "fee-in-another-asset"
	eventAckOnly     TradeFaultKind = "event-ack-lost"
	eventBalanceLost TradeFaultKind = "event-balance-lost"
)

// eventFaults are what may happen to an event of the account on its way.
var eventFaults = [...]tradeFault{
	{kind: EventTwice, ids: "U4", comes: "an event twice", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventLate, ids: "U7", comes: "an event after the next happening", right: RightHedged, nth: 2, prob: 0.3, times: 25},
	{kind: eventLost, ids: "U3", comes: "an event never comes", right: RightHedged, nth: 2, prob: 0.1, times: 25},
	{kind: eventAckOnly, ids: "U3 U6", comes: "the news that an order was taken never comes", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventBalanceLost, ids: "U3 X12", comes: "what a wallet holds is never told", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventGarbage, ids: "N9", comes: "no JSON in an event's place", right: RightHedged, nth: 2, prob: 0.03, times: 10},
	{kind: eventTruncated, ids: "N8", comes: "half of an event", right: RightHedged, nth: 2, prob: 0.03, times: 10},
	{kind: eventBinary, ids: "N8", comes: "text that is no UTF-8 before an event", right: RightHedged, nth: 2, prob: 0.03, times: 10},
	{kind: eventNewField, ids: "X14", comes: "an event with fields that nobody knows", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventNewKind, ids: "X14", comes: "an event of a kind that nobody knows before it", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventNewStatus, ids: "X14", comes: "an order's event with a status that nobody knows before it", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventFieldType, ids: "X15", comes: "an event's time as text", right: RightEqual, nth: 2, prob: 0.1, times: 10},
	{kind: eventForeign, ids: "T7 U8", comes: "news of an asset and a contract that are none of ours", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventMarginCall, ids: "U12", comes: "MARGIN_CALL", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventsShuffled, ids: "U5", comes: "the events of one happening in the opposite order", right: RightEqual, nth: 2, prob: 0.3, times: 25},
	{kind: eventsReplayed, ids: "U4 U3", comes: "the last twenty events once more", right: RightEqual, nth: 2, prob: 0.1, times: 10},
	{kind: eventFeeInBNB, ids: "U9 T9", comes: "a trade whose fee is in BNB", right: RightStops, nth: 40, prob: 1, times: 1},
}

// toUser queues an event of an account, as a fault wants it.
func (t *Trading) toUser(m Market, ev object) {
	frame := asJSON(ev).body
	kinds := []TradeFaultKind{EventTwice, eventLate, eventLost, eventGarbage, eventTruncated, eventBinary, eventNewField, eventNewKind, eventFieldType, eventForeign, eventMarginCall}
	text := string(frame)
	isOrder := strings.Contains(text, "executionReport") || strings.Contains(text, "ORDER_TRADE_UPDATE")
	switch {
	case isOrder && strings.Contains(text, `"x":"NEW"`):
		kinds = append(kinds, eventAckOnly, eventNewStatus)
	case isOrder && strings.Contains(text, `"x":"TRADE"`):
		kinds = append(kinds, eventFeeInBNB, eventNewStatus)
	case !isOrder:
		kinds = append(kinds, eventBalanceLost)
	}
	say := func(frame []byte) { t.hub.user(m, frame) }
	switch t.faults.pick(kinds...) {
	case EventTwice:
		say(frame)
	case eventLate:
		t.late = append(t.late, func() { say(frame) })
		return
	case eventLost, eventAckOnly, eventBalanceLost:
		return
	case eventGarbage:
		frame = []byte(`{"e":`)
	case eventTruncated:
		frame = frame[:len(frame)/2]
	case eventBinary:
		say([]byte("\"\xff\xfe\""))
	case eventNewField:
		frame = replaced(frame, `^\{`, `{"zz":{"new":[1,null,"x"]},`)
	case eventNewKind:
		say([]byte(`{"e":"GRID_UPDATE","T":1669262908216,"E":1669262908218,"gu":{"si":176057039,"st":"GRID"}}`))
	case eventNewStatus:
		say(replaced(replaced(frame, `"x":"[A-Z]+"`, `"x":"REVIEW"`), `"X":"[A-Z_]+"`, `"X":"PENDING_REVIEW"`))
	case eventFieldType:
		frame = replaced(frame, `"E":(\d+)`, `"E":"$1"`)
	case eventForeign:
		say(t.otherNews(m))
	case eventMarginCall:
		if m == FuturesMarket {
			say([]byte(`{"e":"MARGIN_CALL","E":1587727187525,"cw":"3.16812045","p":[]}`))
		}
	case eventFeeInBNB:
		frame = replaced(frame, `"N":"[A-Z0-9]+"`, `"N":"BNB"`)
	}
	t.told[m] = append(t.told[m], frame)
	if len(t.told[m]) > toldMax {
		t.told[m] = t.told[m][1:]
	}
	say(frame)
}

// toldMax is how many events are remembered for a replay.
const toldMax = 20

// otherNews is of an asset and a contract outside the universe.
func (t *Trading) otherNews(m Market) []byte {
	now := int64(t.clock.at())
	if m == SpotMarket {
		return asJSON(object{{"e", "outboundAccountPosition"}, {"E", now}, {"u", now}, {"B", []object{{{"a", "ZZZ"}, {"f", "12.00000000"}, {"l", "0.00000000"}}}}}).body
	}
	return asJSON(object{{"e", "ACCOUNT_UPDATE"}, {"E", now}, {"T", now}, {"a", object{{"m", "ORDER"}, {"B", []object{{{"a", "BNB"}, {"wb", "1.0"}, {"cw", "1.0"}, {"bc", "0"}}}},
		{"P", []object{{{"s", "ZZZUSDT"}, {"pa", "-3"}, {"ep", "1.0"}, {"bep", "0"}, {"cr", "0"}, {"up", "0"}, {"mt", "cross"}, {"iw", "0"}, {"ps", "BOTH"}}}}}}}).body
}

// tellLate lets go what a fault kept back, and shuffles or repeats what was told,
// before the frames of a happening go out.
func (t *Trading) tellLate(late []func()) {
	for _, tell := range late {
		tell()
	}
	if t.faults.pick(eventsShuffled) != "" {
		t.hub.reverse()
	}
	if t.faults.pick(eventsReplayed) != "" {
		for m, frames := range t.told {
			for _, frame := range frames {
				t.hub.user(Market(m), frame)
			}
		}
	}
}
