package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"carry"
)

// Stream is one frame of a combined stream.
type Stream struct {
	Name string
	Data []byte
}

// DecodeStream takes a combined stream's frame apart; answers to SUBSCRIBE have
// no name, and are an error where they refuse.
func DecodeStream(body []byte) (Stream, error) {
	f := readFields(body)
	if f.err == nil && f.has("error") {
		return Stream{}, formatError("the streams were refused: %s", clip(f.raw("error")))
	}
	if f.err == nil && !f.has("stream") {
		return Stream{}, nil
	}
	s := Stream{Name: f.text("stream"), Data: f.raw("data")}
	return s, f.err
}

// Book is a best bid and ask.
type Book struct {
	Symbol   string
	Bid, Ask float64
}

// DecodeBook reads a bookTicker of either market.
func DecodeBook(body []byte) (Book, error) {
	f := readFields(body)
	b := Book{f.text("s"), f.float("b"), f.float("a")}
	if f.err == nil && (b.Bid < 0 || b.Ask < 0 || b.Ask > 0 && b.Bid > b.Ask) {
		f.err = formatError("book of %s: bid %v, ask %v", clip([]byte(b.Symbol)), b.Bid, b.Ask)
	}
	return b, f.err
}

// StreamKline is a kline event; Closed tells that the bar is over.
type StreamKline struct {
	Symbol, Interval string
	Closed           bool
	Kline
}

// DecodeStreamKline reads a kline event of either market.
func DecodeStreamKline(body []byte) (StreamKline, error) {
	f := readFields(body)
	k := f.object("k")
	out := StreamKline{Symbol: k.text("s"), Interval: k.text("i"), Closed: k.truth("x"), Kline: Kline{At: k.moment("t"), CloseAt: k.moment("T"),
		Open: k.float("o"), High: k.float("h"), Low: k.float("l"), Close: k.float("c"), Volume: k.float("v"), QuoteVolume: k.float("q")}}
	if f.err == nil {
		f.err = k.err
	}
	if f.err == nil {
		f.err = out.check()
	}
	return out, f.err
}

// Mark is one symbol's line of the array of marks: mark and index price, the
// predicted rate (NaN where there is none) and the next settlement.
type Mark struct {
	Symbol      string
	At, Next    carry.Time
	Mark, Index float64
	Rate        float64
}

// DecodeMarks reads a frame of !markPrice@arr. Coin-margined contracts, which
// come in the same array since 2026-06-30, are left out (st 2).
func DecodeMarks(dst []Mark, body []byte) ([]Mark, error) {
	dst = dst[:0]
	err := objects(body, func(f *fields) {
		if f.has("st") && f.integer("st") != 1 {
			return
		}
		m := Mark{Symbol: f.text("s"), At: f.moment("E"), Mark: f.float("p"), Index: f.float("i"), Rate: math.NaN(), Next: carry.Time(f.integer("T"))}
		if r := f.text("r"); r != "" {
			m.Rate = f.float("r")
		}
		dst = append(dst, m)
	})
	return dst, err
}

// APIAnswer is an answer of spot's WebSocket API, or an event of the account.
type APIAnswer struct {
	ID     string
	Status int64
	Error  ErrorBody
	Event  []byte // of the user's stream; nil for answers
}

// DecodeAPI reads a frame of spot's WebSocket API.
func DecodeAPI(body []byte) (APIAnswer, error) {
	f := readFields(body)
	if f.err == nil && f.has("event") {
		return APIAnswer{Event: f.raw("event")}, f.err
	}
	a := APIAnswer{Status: f.integer("status")}
	if f.has("id") {
		a.ID = strings.Trim(string(f.raw("id")), `"`)
	}
	if f.err == nil && f.has("error") {
		if b, ok := DecodeError(f.raw("error")); ok {
			a.Error = b
		}
	}
	return a, f.err
}

// Rules are what an exchangeInfo says of one symbol now. Quantities are text.
type SymbolRules struct {
	Symbol, Status    string
	Tick, MinNotional int64 // 1e-8 USDT
	// 0 is no bound.
	MaxNotional, MinPrice, MaxPrice int64
	MarketSmall, MarketLarge        bool // carry.Filters
	Step, MinQty, MaxQty            string
	MarketStep, MarketMax           string
	PercentUp, PercentDown          float64
	LiquidationFee                  float64
	Listed                          carry.Time
}

// DecodeRules reads the rules of all symbols of an exchangeInfo that was
// accepted by DecodeExchangeInfo.
func DecodeRules(body []byte, m Market) (map[string]SymbolRules, error) {
	var j struct {
		Symbols []json.RawMessage `json:"symbols"`
	}
	if err := decode(body, &j); err != nil {
		return nil, err
	}
	out := make(map[string]SymbolRules, len(j.Symbols))
	for _, raw := range j.Symbols {
		if !bytes.Contains(raw, []byte(`"USDT"`)) {
			continue
		}
		f := readFields(raw)
		r := SymbolRules{Symbol: f.text("symbol"), Status: f.text("status")}
		if m == Futures {
			r.LiquidationFee = f.float("liquidationFee")
			if f.text("contractType") != "PERPETUAL" {
				continue
			}
		}
		for _, filter := range f.list("filters") {
			g := readFields(filter)
			g.filter(&r, m)
			if f.err == nil {
				f.err = g.err
			}
		}
		if f.err != nil {
			return nil, formatError("rules of %s: %v", clip([]byte(r.Symbol)), f.err)
		}
		out[r.Symbol] = r
	}
	return out, nil
}

func (f *fields) filter(r *SymbolRules, m Market) {
	switch f.text("filterType") {
	case "PRICE_FILTER":
		r.Tick, r.MinPrice, r.MaxPrice = f.fixed("tickSize"), f.bound("minPrice"), f.bound("maxPrice")
	case "LOT_SIZE":
		r.Step, r.MinQty, r.MaxQty = f.text("stepSize"), f.text("minQty"), f.text("maxQty")
	case "MARKET_LOT_SIZE":
		r.MarketStep, r.MarketMax = f.text("stepSize"), f.text("maxQty")
	case "NOTIONAL":
		r.MinNotional, r.MaxNotional = f.fixed("minNotional"), f.bound("maxNotional")
		r.MarketSmall, r.MarketLarge = f.says("applyMinToMarket", false), f.says("applyMaxToMarket", false)
	case "MIN_NOTIONAL":
		name := "minNotional"
		if m == Futures {
			name = "notional"
		}
		r.MinNotional, r.MarketSmall = f.fixed(name), f.says("applyToMarket", false)
	case "PERCENT_PRICE":
		r.PercentUp, r.PercentDown = f.float("multiplierUp"), f.float("multiplierDown")
	case "PERCENT_PRICE_BY_SIDE":
		r.PercentUp = min(f.float("bidMultiplierUp"), f.float("askMultiplierUp"))
		r.PercentDown = max(f.float("bidMultiplierDown"), f.float("askMultiplierDown"))
	}
}

// bound is a figure that may be missing, 0 then.
func (f *fields) bound(name string) int64 {
	if !f.has(name) {
		return 0
	}
	return f.fixed(name)
}

// says tells whether a flag is there and has this value.
func (f *fields) says(name string, v bool) bool { return f.has(name) && f.truth(name) == v }
