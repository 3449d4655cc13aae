package exchange

import (
	"strconv"
	"strings"

	"carry"
)

// Kinds of faults of what the market's streams tell.
const (
	markMissing  TradeFaultKind = "mark-missing"
	markZero     TradeFaultKind = "mark-zero"
	markWick     TradeFaultKind = "mark-wick"
	marksForeign TradeFaultKind = "marks-of-others"
	marksSplit   TradeFaultKind = "marks-split"
	marksLost    TradeFaultKind = "marks-lost"
	marksEmpty   TradeFaultKind = "marks-empty"
	rateMissing  TradeFaultKind = "predicted-missing"
	bookEmpty    TradeFaultKind = "book-empty"
	bookCrossed  TradeFaultKind = "book-crossed"
	bookMissing  TradeFaultKind = "book-missing"
	klineMissing TradeFaultKind = "bar-missing"
	klineLate    TradeFaultKind = "bar-late"
	klineTwice   TradeFaultKind = "bar-twice"
	klineZero    TradeFaultKind = "bar-zero"
	klineWick    TradeFaultKind = "bar-wick"
	klineType    TradeFaultKind = "bar-field-type"
)

// marketFaults are what may happen to a cross-section on its way.
var marketFaults = [...]tradeFault{
	{kind: markMissing, ids: "M1 N12", comes: "the array of marks lacks a contract", right: RightHedged, nth: 2, prob: 0.1, times: 20},
	{kind: markZero, ids: "M5", comes: "a mark of 0", right: RightHedged, nth: 2, prob: 0.1, times: 20},
	{kind: markWick, ids: "T10 T5", comes: "a mark three times too high, for one frame", right: RightHedged, nth: 2, prob: 0.05, times: 5},
	{kind: marksForeign, ids: "N12", comes: "the array has coin-margined and unknown contracts too", right: RightEqual, nth: 2, prob: 0.3, times: 50},
	{kind: marksSplit, ids: "N12", comes: "the array in two frames", right: RightEqual, nth: 2, prob: 0.3, times: 50},
	{kind: marksLost, ids: "N4", comes: "no array at a bar's end", right: RightHedged, nth: 2, prob: 0.05, times: 10},
	{kind: marksEmpty, ids: "N12 M5", comes: "an empty array before the right one", right: RightEqual, nth: 2, prob: 0.3, times: 50},
	{kind: rateMissing, ids: "M5", comes: "a mark without a predicted rate", right: RightHedged, nth: 2, prob: 0.1, times: 20},
	{kind: bookEmpty, ids: "M5", comes: "a book without a bid and an ask: 0", right: RightHedged, nth: 2, prob: 0.1, times: 20},
	{kind: bookCrossed, ids: "M5", comes: "a bid above the ask", right: RightHedged, nth: 2, prob: 0.05, times: 10},
	{kind: bookMissing, ids: "N4 M5", comes: "no book of a pair", right: RightHedged, nth: 2, prob: 0.1, times: 20},
	{kind: klineMissing, ids: "D3 N12", comes: "a bar that closed is not told", right: RightHedged, nth: 2, prob: 0.1, times: 20},
	{kind: klineLate, ids: "U7 N12", comes: "a bar is told after the marks", right: RightEqual, nth: 2, prob: 0.1, times: 20},
	{kind: klineTwice, ids: "U4", comes: "a bar twice", right: RightEqual, nth: 2, prob: 0.3, times: 50},
	{kind: klineZero, ids: "M5", comes: "a bar whose prices are 0", right: RightHedged, nth: 2, prob: 0.05, times: 10},
	{kind: klineWick, ids: "T10", comes: "a bar that closes at next to nothing", right: RightHedged, nth: 2, prob: 0.05, times: 5},
	{kind: klineType, ids: "X15", comes: "a bar whose times are text", right: RightHedged, nth: 2, prob: 0.05, times: 10},
}

// spoiled is what a fault does to the cross-section that is being told.
type spoiledMarket struct {
	kind TradeFaultKind
	pair int
	late []func()
}

// spoilMarket decides what happens to the next cross-section.
func (t *Trading) spoilMarket(m *carry.Market) {
	t.spoilt = spoiledMarket{}
	if m.Within {
		return
	}
	if kind := t.faults.pick(kindsOf(marketFaults[:])...); kind != "" {
		t.spoilt = spoiledMarket{kind: kind, pair: t.faults.which(kind, len(m.Pairs))}
	}
}

// say queues a frame of pair i's stream, as a fault wants it.
func (t *Trading) say(p plug, stream string, i int, frame func() []byte) {
	f := &t.spoilt
	if f.kind == "" || f.pair != i {
		t.hub.market(p, stream, frame)
		return
	}
	change := func(pattern, by string) {
		t.hub.market(p, stream, func() []byte { return replaced(frame(), pattern, by) })
	}
	bar, book := strings.Contains(stream, "@kline_"), strings.HasSuffix(stream, "@bookTicker")
	switch {
	case bar && f.kind == klineMissing, book && f.kind == bookMissing:
	case bar && f.kind == klineLate:
		f.late = append(f.late, func() { t.hub.market(p, stream, frame) })
	case bar && f.kind == klineTwice:
		t.hub.market(p, stream, frame)
		t.hub.market(p, stream, frame)
	case bar && f.kind == klineZero:
		change(`"o":"[^"]*","c":"[^"]*","h":"[^"]*","l":"[^"]*"`, `"o":"0.0","c":"0.0","h":"0.0","l":"0.0"`)
	case bar && f.kind == klineWick:
		change(`"c":"([0-9]+)[^"]*","h":"([^"]*)","l":"[^"]*"`, `"c":"0.00$1","h":"$2","l":"0.00$1"`)
	case bar && f.kind == klineType:
		change(`"t":(\d+),"T":(\d+)`, `"t":"$1","T":"$2"`)
	case book && f.kind == bookEmpty:
		change(`"b":"[^"]*","B":"[^"]*","a":"[^"]*"`, `"b":"0.00000000","B":"0","a":"0.00000000"`)
	case book && f.kind == bookCrossed:
		change(`"b":"([^"]*)","B":"([^"]*)","a":"([^"]*)"`, `"b":"$3","B":"$2","a":"$1"`)
	default:
		t.hub.market(p, stream, frame)
	}
}

// sayMarks queues the array of marks, as a fault wants it, and what it kept back.
func (t *Trading) sayMarks(stream string, rows [][]byte) {
	array := func(rows [][]byte) func() []byte {
		return func() []byte {
			out := []byte{'['}
			for _, row := range rows {
				if len(row) == 0 {
					continue
				}
				if len(out) > 1 {
					out = append(out, ',')
				}
				out = append(out, row...)
			}
			return append(out, ']')
		}
	}
	all := append([][]byte(nil), rows...)
	i := t.spoilt.pair
	switch t.spoilt.kind {
	case markMissing:
		all[i] = nil
	case markZero:
		all[i] = replaced(all[i], `"p":"[^"]*"`, `"p":"0.00000000"`)
	case markWick:
		all[i] = replaced(all[i], `"p":"`, `"p":"3`)
	case rateMissing:
		all[i] = replaced(all[i], `"r":"[^"]*"`, `"r":""`)
	case marksForeign:
		now := strconv.FormatInt(int64(t.market.At), 10)
		all = append(all, []byte(`{"e":"markPriceUpdate","E":`+now+`,"s":"BTCUSD_PERP","p":"1.0","ap":"1.0","P":"1.0","i":"1.0","r":"0.01","T":1,"st":2,"ps":"BTCUSD"}`),
			[]byte(`{"e":"markPriceUpdate","E":`+now+`,"s":"ZZZUSDT","p":"1.0","ap":"1.0","P":"1.0","i":"1.0","r":"0.01","T":1,"st":1,"ps":"ZZZUSDT"}`))
	case marksSplit:
		t.hub.market(plugMarket, stream, array(all[:len(all)/2]))
		all = all[len(all)/2:]
	case marksEmpty:
		t.hub.market(plugMarket, stream, array(nil))
	case marksLost:
		return
	}
	t.hub.market(plugMarket, stream, array(all))
}
