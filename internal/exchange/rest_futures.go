package exchange

import (
	"strconv"

	"carry"
)

// neverDelivered is the deliveryDate of a perpetual that goes on.
const neverDelivered = 4133404800000

// rateTypeSince is when funding rows began to tell Regular or Special.
const rateTypeSince carry.Time = 1784851200000 // 2026-07-24

// fundingMax is the largest limit of fundingRate.
const fundingMax = 1000

// fundingRate answers /fapi/v1/fundingRate: settlements of one symbol or of
// all, ascending, startTime and endTime inclusive.
func fundingRate(s *Server, q *query) answer {
	limit, r := q.limit(s.opt.Limits.FundingDefault, fundingMax)
	if r != nil {
		return r.answer()
	}
	from, to, signed, r := q.timeWindow(limit)
	if r != nil {
		return r.answer()
	}
	seen := q.now + 1
	if s.opt.Trading != nil && s.opt.Trading.opt.Lockstep {
		seen += stampJitter // time stands still at the settlement's minute
	}
	if _, ended := q.get("endTime"); !ended {
		to = seen
	}
	to = min(to, seen)
	var rows []namedFunding
	symbols := s.facts.Symbols(FuturesMarket)
	if name, _ := q.get("symbol"); name != "" {
		if _, ok := current(symbols, name, q.now); !ok {
			return invalidSymbol().answer()
		}
		symbols = []Symbol{{Name: name}}
	}
	for _, sym := range latest(symbols, q.now) {
		life, _ := current(s.facts.Symbols(FuturesMarket), sym.Name, q.now)
		own, err := s.facts.Funding(sym.Name, max(from, life.Onboard), to, signed)
		if err != nil {
			return broken(err)
		}
		own = s.faults.funding(own, sym.Name, q, from, signed)
		if s.opt.Trading != nil {
			s.opt.Trading.tellMarks(own, sym.Name)
		}
		for _, f := range own {
			rows = append(rows, namedFunding{sym.Name, f})
		}
	}
	if len(symbols) > 1 {
		rows = mergeFunding(rows, signed)
	}
	if t := s.opt.Trading; t != nil {
		rows = t.spoilRates(rows)
	}
	return answer{status: 200, body: appendFunding(nil, rows)}
}

// appendFunding writes rows; the mark price is "" where it was not recorded.
func appendFunding(dst []byte, rows []namedFunding) []byte {
	dst = append(dst, '[')
	for i := range rows {
		f := &rows[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"symbol":"`...)
		dst = append(dst, f.symbol...)
		dst = append(dst, `","fundingTime":`...)
		dst = strconv.AppendInt(dst, int64(f.At), 10)
		dst = append(dst, `,"fundingRate":"`...)
		dst = append(dst, f.Rate...)
		dst = append(dst, `","markPrice":"`...)
		dst = append(dst, f.Mark...)
		dst = append(dst, '"')
		if f.At >= rateTypeSince {
			dst = append(dst, `,"rateType":"Regular"`...)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// fundingInfo answers /fapi/v1/fundingInfo.
func fundingInfo(s *Server, q *query) answer {
	list := []object{}
	for _, f := range s.facts.FundingInfo(q.now) {
		list = append(list, object{{"symbol", f.Symbol}, {"adjustedFundingRateCap", f.Cap}, {"adjustedFundingRateFloor", f.Floor},
			{"fundingIntervalHours", f.IntervalH}, {"disclaimer", false}})
	}
	return asJSON(list)
}

// futuresInfo answers /fapi/v1/exchangeInfo. Contracts that were settled stay,
// with status SETTLING, as recordings of years later show.
func futuresInfo(s *Server, q *query) answer {
	list := []any{}
	for _, sym := range latest(s.facts.Symbols(FuturesMarket), q.now) {
		rules := s.facts.Rules(FuturesMarket, sym.Name, q.now)
		if t := s.opt.Trading; t != nil && !t.rulesNow(FuturesMarket, sym.Name, &rules) {
			continue
		}
		list = append(list, futuresSymbol(sym, &rules, q.now, s.halted(FuturesMarket, sym.Name)))
	}
	return asJSON(object{
		{"timezone", "UTC"}, {"serverTime", int64(q.now)}, {"futuresType", "U_MARGINED"},
		{"rateLimits", []object{
			rateLimit("REQUEST_WEIGHT", "MINUTE", 1, s.opt.Limits.FuturesWeight),
			rateLimit("ORDERS", "MINUTE", 1, 1200), rateLimit("ORDERS", "SECOND", 10, 300)}},
		{"exchangeFilters", []any{}},
		{"assets", []object{{{"asset", "USDT"}, {"marginAvailable", true}, {"autoAssetExchange", "-10000"}}}},
		{"symbols", list},
	})
}

// futuresSymbol is one entry of the futures' symbols.
func futuresSymbol(s Symbol, r *Rules, now carry.Time, halt string) any {
	status, delivery := "TRADING", carry.Time(neverDelivered)
	if s.Delivery != 0 {
		// The date is announced before; how long before is not documented: a week.
		if s.Delivery <= now+carry.Week {
			delivery = s.Delivery
		}
		if s.Delivery <= now {
			status = "SETTLING"
		}
	}
	if halt != "" {
		status = halt
	}
	if len(r.Recorded) > 0 {
		return recordedAs(r.Recorded, status)
	}
	filters := []object{
		{{"filterType", "PRICE_FILTER"}, {"minPrice", r.MinPrice}, {"maxPrice", r.MaxPrice}, {"tickSize", r.Tick}},
		{{"filterType", "LOT_SIZE"}, {"minQty", r.MinQty}, {"maxQty", r.MaxQty}, {"stepSize", r.Step}},
		{{"filterType", "MARKET_LOT_SIZE"}, {"minQty", r.MarketMin}, {"maxQty", r.MarketMax}, {"stepSize", r.MarketStep}},
		{{"filterType", "MAX_NUM_ORDERS"}, {"limit", 200}},
		{{"filterType", "MIN_NOTIONAL"}, {"notional", r.MinNotional}},
		{{"filterType", "PERCENT_PRICE"}, {"multiplierUp", r.PercentUp}, {"multiplierDown", r.PercentDown}, {"multiplierDecimal", "4"}},
	}
	return object{
		{"symbol", s.Name}, {"pair", s.Name}, {"contractType", "PERPETUAL"}, {"deliveryDate", int64(delivery)}, {"onboardDate", int64(s.Onboard)},
		{"status", status}, {"maintMarginPercent", "2.5000"}, {"requiredMarginPercent", "5.0000"},
		{"baseAsset", s.Base}, {"quoteAsset", s.Quote}, {"marginAsset", s.Quote},
		{"pricePrecision", r.PriceDp}, {"quantityPrecision", r.QtyDp}, {"baseAssetPrecision", 8}, {"quotePrecision", 8},
		{"underlyingType", "COIN"}, {"underlyingSubType", []string{}}, {"triggerProtect", "0.0500"},
		{"liquidationFee", r.LiquidationFee}, {"marketTakeBound", "0.05"}, {"maxMoveOrderLimit", 10000},
		{"filters", filters},
		{"orderTypes", []string{"LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}},
		{"timeInForce", []string{"GTC", "IOC", "FOK", "GTX", "GTD"}},
	}
}

// premiumIndex answers /fapi/v1/premiumIndex: an object with a symbol, a list
// without.
func premiumIndex(s *Server, q *query) answer {
	name, _ := q.get("symbol")
	if name != "" {
		sym, ok := current(s.facts.Symbols(FuturesMarket), name, q.now)
		if !ok {
			return invalidSymbol().answer()
		}
		row, err := s.premiumOf(sym, q.now)
		if err != nil {
			return broken(err)
		}
		return asJSON(row)
	}
	list := []object{}
	for _, sym := range latest(s.facts.Symbols(FuturesMarket), q.now) {
		row, err := s.premiumOf(sym, q.now)
		if err != nil {
			return broken(err)
		}
		list = append(list, row)
	}
	return asJSON(list)
}

// premiumOf is a symbol's line of premiumIndex: the open prices of the bar that
// is under way are what is known now. Where mark or index klines are not among
// the facts, the perpetual's and the spot price stand in.
func (s *Server) premiumOf(sym Symbol, now carry.Time) (object, error) {
	mark, err := s.openAt(now, sym.Name, MarkKlines, PerpKlines)
	if err != nil {
		return nil, err
	}
	index, err := s.openAt(now, sym.Name, IndexKlines, SpotKlines, MarkKlines, PerpKlines)
	if err != nil {
		return nil, err
	}
	last, err := s.facts.Funding(sym.Name, sym.Onboard, now+1, -1)
	if err != nil {
		return nil, err
	}
	rate, hours := "0.00000000", carry.Time(8)
	if len(last) > 0 {
		rate, hours = last[0].Rate, carry.Time(max(1, last[0].IntervalH))
	}
	next := now.Floor(hours*carry.Hour) + hours*carry.Hour
	if t := s.opt.Trading; t != nil {
		// The account's own market knows the estimate of now.
		if m, r, at, ok := t.predictedRate(sym.Name); ok {
			mark, rate, next = m, r, at
		}
	}
	return object{
		{"symbol", sym.Name}, {"markPrice", mark}, {"indexPrice", index}, {"estimatedSettlePrice", index},
		{"lastFundingRate", rate}, {"interestRate", "0.00010000"}, {"nextFundingTime", int64(next)}, {"time", int64(now)},
	}, nil
}

// openAt is the open price of the last bar that has begun, of the first kind
// that has one.
func (s *Server) openAt(now carry.Time, symbol string, kinds ...Kind) (string, error) {
	for _, k := range kinds {
		rows, err := s.facts.Klines(Series{k, symbol}, 0, now+1, -1)
		if err != nil {
			return "", err
		}
		if len(rows) > 0 {
			return rows[0].Open, nil
		}
	}
	return "0.00000000", nil
}

// leverageBracket answers /fapi/v1/leverageBracket, signed: the ladders as they
// are now, of one symbol or all. There is no history of them.
func leverageBracket(s *Server, q *query) answer {
	name, _ := q.get("symbol")
	list := []object{}
	for _, sym := range latest(s.facts.Symbols(FuturesMarket), q.now) {
		if name != "" && sym.Name != name {
			continue
		}
		steps := []object{}
		rules := s.facts.Rules(FuturesMarket, sym.Name, q.now)
		if t := s.opt.Trading; t != nil {
			t.rulesNow(FuturesMarket, sym.Name, &rules)
		}
		for i, b := range rules.Brackets {
			steps = append(steps, object{{"bracket", i + 1}, {"initialLeverage", b.Leverage}, {"notionalCap", b.Cap},
				{"notionalFloor", b.Floor}, {"maintMarginRatio", b.MMR}, {"cum", b.Cum}})
		}
		list = append(list, object{{"symbol", sym.Name}, {"brackets", steps}})
	}
	if name != "" && len(list) == 0 {
		return invalidSymbol().answer()
	}
	return asJSON(list)
}
