package wire

import (
	"encoding/json"
	"strings"

	"carry"
)

// Market is where an answer comes from.
type Market uint8

// The markets.
const (
	Spot    Market = iota // api.binance.com
	Futures               // fapi.binance.com, USDⓈ-M
)

// RateLimit is one line of exchangeInfo.rateLimits.
type RateLimit struct {
	Kind   string     // REQUEST_WEIGHT, RAW_REQUESTS, ORDERS, ...
	Window carry.Time // length of the window
	Limit  int
}

// SymbolInfo is what is needed of one symbol to know whether and when it
// trades. Its filters were checked, but are read from the answer by the store.
type SymbolInfo struct {
	Symbol, Status, Base, Quote string
	// Perpetual, Onboard and Delivery are of futures only; Delivery is in the
	// year 2100 for a contract that is not to end.
	Perpetual         bool
	Onboard, Delivery carry.Time
}

// ExchangeInfo is the part of an exchangeInfo answer that the crawler uses.
type ExchangeInfo struct {
	ServerTime carry.Time
	Limits     []RateLimit
	// Symbols against USDT; on futures perpetuals only.
	Symbols []SymbolInfo
}

type exchangeInfoJSON struct {
	ServerTime *stamp           `json:"serverTime"`
	Limits     []rateLimitJSON  `json:"rateLimits"`
	Symbols    []symbolInfoJSON `json:"symbols"`
}

type rateLimitJSON struct {
	Kind     *string `json:"rateLimitType"`
	Interval *string `json:"interval"`
	Num      *int    `json:"intervalNum"`
	Limit    *int    `json:"limit"`
}

type symbolInfoJSON struct {
	Symbol   *string           `json:"symbol"`
	Status   *string           `json:"status"`
	Base     *string           `json:"baseAsset"`
	Quote    *string           `json:"quoteAsset"`
	Contract *string           `json:"contractType" opt:""`
	Onboard  *stamp            `json:"onboardDate" opt:""`
	Delivery *stamp            `json:"deliveryDate" opt:""`
	Filters  []json.RawMessage `json:"filters"`
}

// filterFields are the fields of the filters that rules are made of, by market.
// A filter that is not there is off; one that is there must be whole.
var filterFields = [2]map[string][]string{
	Spot: {
		"PRICE_FILTER": {"tickSize"}, "LOT_SIZE": {"stepSize", "minQty", "maxQty"}, "MARKET_LOT_SIZE": {"stepSize", "maxQty"},
		"MIN_NOTIONAL": {"minNotional"}, "NOTIONAL": {"minNotional"}, "PERCENT_PRICE": {"multiplierUp", "multiplierDown"},
		"PERCENT_PRICE_BY_SIDE": {"bidMultiplierUp", "bidMultiplierDown", "askMultiplierUp", "askMultiplierDown"},
	},
	Futures: {
		"PRICE_FILTER": {"tickSize"}, "LOT_SIZE": {"stepSize", "minQty", "maxQty"}, "MARKET_LOT_SIZE": {"stepSize", "maxQty"},
		"MIN_NOTIONAL": {"notional"}, "PERCENT_PRICE": {"multiplierUp", "multiplierDown"},
	},
}

// DecodeExchangeInfo reads and checks the answer of /api/v3/exchangeInfo or
// /fapi/v1/exchangeInfo. Symbols that are not against USDT, and futures that
// are not perpetual, are skipped unread.
func DecodeExchangeInfo(body []byte, market Market) (*ExchangeInfo, error) {
	var j exchangeInfoJSON
	if err := decode(body, &j); err != nil {
		return nil, err
	}
	if f := lacking(&j); f != "" {
		return nil, formatError("exchangeInfo has no %s", f)
	}
	info := &ExchangeInfo{ServerTime: carry.Time(*j.ServerTime)}
	for i := range j.Limits {
		l := &j.Limits[i]
		if f := lacking(l); f != "" {
			return nil, formatError("rate limit %d has no %s", i+1, f)
		}
		unit, ok := intervals[*l.Interval]
		if !ok || *l.Num < 1 || *l.Limit < 1 {
			return nil, formatError("rate limit %s: %d per %d %s", clip([]byte(*l.Kind)), *l.Limit, *l.Num, clip([]byte(*l.Interval)))
		}
		info.Limits = append(info.Limits, RateLimit{*l.Kind, carry.Time(*l.Num) * unit, *l.Limit})
	}
	for i := range j.Symbols {
		s, wanted, err := j.Symbols[i].read(market)
		if err != nil {
			return nil, formatError("symbol %d (%s): %s", i+1, clip([]byte(s.Symbol)), strings.TrimPrefix(err.Error(), ErrFormat.Error()+": "))
		}
		if wanted {
			info.Symbols = append(info.Symbols, s)
		}
	}
	return info, nil
}

var intervals = map[string]carry.Time{"SECOND": carry.Second, "MINUTE": carry.Minute, "HOUR": carry.Hour, "DAY": carry.Day}

func (j *symbolInfoJSON) read(market Market) (s SymbolInfo, wanted bool, err error) {
	if j.Symbol != nil {
		s.Symbol = *j.Symbol
	}
	if f := lacking(j); f != "" {
		return s, false, formatError("no %s", f)
	}
	s.Status, s.Base, s.Quote = *j.Status, *j.Base, *j.Quote
	if s.Symbol == "" || s.Status == "" || s.Base == "" || s.Quote == "" {
		return s, false, formatError("a name is empty")
	}
	if market == Futures {
		if j.Contract == nil || j.Onboard == nil || j.Delivery == nil {
			return s, false, formatError("no contractType, onboardDate or deliveryDate")
		}
		s.Perpetual, s.Onboard, s.Delivery = *j.Contract == "PERPETUAL", carry.Time(*j.Onboard), carry.Time(*j.Delivery)
	}
	if s.Quote != "USDT" || market == Futures && !s.Perpetual {
		return s, false, nil
	}
	return s, true, checkFilters(j.Filters, market)
}

// checkFilters demands that the known filters are whole and that price and lot
// size have one.
func checkFilters(list []json.RawMessage, market Market) error {
	seen := map[string]bool{}
	for _, raw := range list {
		var fields map[string]json.RawMessage
		if err := decode(raw, &fields); err != nil {
			return err
		}
		var name string
		if err := json.Unmarshal(fields["filterType"], &name); err != nil || name == "" {
			return formatError("a filter has no filterType")
		}
		for _, f := range filterFields[market][name] {
			var n number
			if err := n.UnmarshalJSON(fields[f]); err != nil {
				return formatError("%s.%s: %q is not a number as text", name, f, clip(fields[f]))
			}
			if n < 0 {
				return formatError("%s.%s is negative", name, f)
			}
		}
		seen[name] = true
	}
	if !seen["PRICE_FILTER"] || !seen["LOT_SIZE"] {
		return formatError("no PRICE_FILTER or no LOT_SIZE")
	}
	return nil
}
