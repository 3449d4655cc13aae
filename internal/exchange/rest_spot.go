package exchange

import (
	"encoding/json"
	"slices"

	"carry"
)

// object is a JSON object whose names keep their order.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes the fields in order.
func (o object) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// rateLimit is a line of exchangeInfo's rateLimits.
func rateLimit(kind, interval string, num, limit int) object {
	return object{{"rateLimitType", kind}, {"interval", interval}, {"intervalNum", num}, {"limit", limit}}
}

// spotInfo answers /api/v3/exchangeInfo: rules as of now, of all symbols or of
// those named. Symbols that ended stay, with status BREAK.
func spotInfo(s *Server, q *query) answer {
	wanted, r := q.wantedSymbols()
	if r != nil {
		return r.answer()
	}
	list := []any{}
	for _, sym := range latest(s.facts.Symbols(SpotMarket), q.now) {
		if wanted != nil {
			i := slices.Index(wanted, sym.Name)
			if i < 0 {
				continue
			}
			wanted[i] = ""
		}
		rules := s.facts.Rules(SpotMarket, sym.Name, q.now)
		if t := s.opt.Trading; t != nil && !t.rulesNow(SpotMarket, sym.Name, &rules) {
			continue
		}
		status := "TRADING"
		if sym.Delivery != 0 && sym.Delivery <= q.now {
			status = "BREAK"
		}
		if halt := s.halted(SpotMarket, sym.Name); halt != "" {
			status = halt
		}
		if want, sent := q.get("symbolStatus"); sent && want != status {
			continue
		}
		list = append(list, spotSymbol(sym, &rules, status))
	}
	for _, name := range wanted {
		if name != "" {
			return invalidSymbol().answer()
		}
	}
	l := s.opt.Limits
	return asJSON(object{
		{"timezone", "UTC"}, {"serverTime", int64(q.now)},
		{"rateLimits", []object{
			rateLimit("REQUEST_WEIGHT", "MINUTE", 1, l.SpotWeight), rateLimit("ORDERS", "SECOND", 10, 50),
			rateLimit("ORDERS", "DAY", 1, 160_000), rateLimit("RAW_REQUESTS", "MINUTE", 5, l.SpotRaw)}},
		{"exchangeFilters", []any{}}, {"symbols", list},
	})
}

// wantedSymbols reads symbol or symbols, a JSON list; nil means all.
func (q *query) wantedSymbols() ([]string, *refusal) {
	one, single := q.get("symbol")
	many, several := q.get("symbols")
	switch {
	case single && several:
		return nil, &refusal{400, -1128, "Combination of optional parameters invalid."}
	case single:
		return []string{one}, nil
	case !several:
		return nil, nil
	}
	var names []string
	if err := json.Unmarshal([]byte(many), &names); err != nil || len(names) == 0 {
		return nil, illegal("symbols", `^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$`)
	}
	return names, nil
}

// latest are the symbols that have begun, each name once in its newest life.
func latest(all []Symbol, now carry.Time) []Symbol {
	var out []Symbol
	for _, s := range all {
		if s.Onboard > now {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Name == s.Name {
			out[n-1] = s
			continue
		}
		out = append(out, s)
	}
	return out
}

// recordedAs is a recorded symbol object with another status.
func recordedAs(raw []byte, status string) any {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return json.RawMessage(raw)
	}
	fields["status"] = json.RawMessage(`"` + status + `"`)
	return fields
}

// spotSymbol is one entry of spot's symbols.
func spotSymbol(s Symbol, r *Rules, status string) any {
	if len(r.Recorded) > 0 {
		return recordedAs(r.Recorded, status)
	}
	filters := []object{
		{{"filterType", "PRICE_FILTER"}, {"minPrice", r.MinPrice}, {"maxPrice", r.MaxPrice}, {"tickSize", r.Tick}},
		{{"filterType", "LOT_SIZE"}, {"minQty", r.MinQty}, {"maxQty", r.MaxQty}, {"stepSize", r.Step}},
		{{"filterType", "ICEBERG_PARTS"}, {"limit", 10}},
		{{"filterType", "MARKET_LOT_SIZE"}, {"minQty", r.MarketMin}, {"maxQty", r.MarketMax}, {"stepSize", r.MarketStep}},
		{{"filterType", "PERCENT_PRICE_BY_SIDE"}, {"bidMultiplierUp", r.PercentUp}, {"bidMultiplierDown", r.PercentDown},
			{"askMultiplierUp", r.PercentUp}, {"askMultiplierDown", r.PercentDown}, {"avgPriceMins", 5}},
		{{"filterType", "NOTIONAL"}, {"minNotional", r.MinNotional}, {"applyMinToMarket", true},
			{"maxNotional", "9000000.00000000"}, {"applyMaxToMarket", false}, {"avgPriceMins", 5}},
		{{"filterType", "MAX_NUM_ORDERS"}, {"maxNumOrders", 200}},
		{{"filterType", "MAX_NUM_ALGO_ORDERS"}, {"maxNumAlgoOrders", 5}},
	}
	return object{
		{"symbol", s.Name}, {"status", status}, {"baseAsset", s.Base}, {"baseAssetPrecision", 8},
		{"quoteAsset", s.Quote}, {"quotePrecision", 8}, {"quoteAssetPrecision", 8},
		{"baseCommissionPrecision", 8}, {"quoteCommissionPrecision", 8},
		{"orderTypes", []string{"LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}},
		{"icebergAllowed", true}, {"ocoAllowed", true}, {"otoAllowed", true}, {"quoteOrderQtyMarketAllowed", true},
		{"allowTrailingStop", true}, {"cancelReplaceAllowed", true}, {"isSpotTradingAllowed", true}, {"isMarginTradingAllowed", false},
		{"filters", filters}, {"permissions", []string{}}, {"permissionSets", [][]string{{"SPOT"}}},
		{"defaultSelfTradePreventionMode", "EXPIRE_MAKER"},
		{"allowedSelfTradePreventionModes", []string{"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"}},
	}
}
