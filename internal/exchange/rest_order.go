package exchange

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"carry"
)

// tradeRoutes are the endpoints of the trading half (binance.md §3.1).
var tradeRoutes = [...]route{
	{SpotMarket, "POST", "/api/v3/order", nil, nil, false, true, traded(placeOrder)},
	{SpotMarket, "GET", "/api/v3/order", nil, weightOf4, false, true, traded(queryOrder)},
	{SpotMarket, "DELETE", "/api/v3/order", nil, nil, false, true, traded(cancelOrder)},
	{SpotMarket, "GET", "/api/v3/openOrders", nil, weightOfOpen(6, 80), false, true, traded(openOrders)},
	{SpotMarket, "GET", "/api/v3/allOrders", nil, weightOf20, false, true, traded(allOrders)},
	{SpotMarket, "GET", "/api/v3/myTrades", nil, weightOf20, false, true, traded(userTrades)},
	{SpotMarket, "GET", "/api/v3/account", nil, weightOf20, false, true, traded(spotAccount)},
	{SpotMarket, "GET", "/sapi/v1/account/apiRestrictions", nil, nil, false, true, traded(apiRestrictions)},
	{SpotMarket, "POST", "/sapi/v1/asset/transfer", nil, nil, false, true, traded(placeTransfer)},
	{SpotMarket, "GET", "/sapi/v1/asset/transfer", nil, nil, false, true, traded(transferHistory)},
	{FuturesMarket, "POST", "/fapi/v1/order", nil, weightless, false, true, traded(placeOrder)},
	{FuturesMarket, "GET", "/fapi/v1/order", nil, nil, false, true, traded(queryOrder)},
	{FuturesMarket, "DELETE", "/fapi/v1/order", nil, nil, false, true, traded(cancelOrder)},
	{FuturesMarket, "GET", "/fapi/v1/openOrder", nil, nil, false, true, traded(queryOrder)},
	{FuturesMarket, "GET", "/fapi/v1/openOrders", nil, weightOfOpen(1, 40), false, true, traded(openOrders)},
	{FuturesMarket, "GET", "/fapi/v1/allOrders", nil, weightOf5, false, true, traded(allOrders)},
	{FuturesMarket, "GET", "/fapi/v1/userTrades", nil, weightOf5, false, true, traded(userTrades)},
	{FuturesMarket, "GET", "/fapi/v2/account", nil, weightOf5, false, true, traded(futuresAccount)},
	{FuturesMarket, "GET", "/fapi/v3/account", nil, weightOf5, false, true, traded(futuresAccount)},
	{FuturesMarket, "GET", "/fapi/v2/balance", nil, weightOf5, false, true, traded(futuresBalance)},
	{FuturesMarket, "GET", "/fapi/v3/balance", nil, weightOf5, false, true, traded(futuresBalance)},
	{FuturesMarket, "GET", "/fapi/v2/positionRisk", nil, weightOf5, false, true, traded(positionRisk)},
	{FuturesMarket, "GET", "/fapi/v3/positionRisk", nil, weightOf5, false, true, traded(positionRisk)},
	{FuturesMarket, "GET", "/fapi/v1/symbolConfig", nil, weightOf5, false, true, traded(symbolConfig)},
	{FuturesMarket, "GET", "/fapi/v1/income", nil, weightOf30, false, true, traded(incomeHistory)},
	{FuturesMarket, "POST", "/fapi/v1/leverage", nil, nil, false, true, traded(setLeverage)},
	{FuturesMarket, "POST", "/fapi/v1/marginType", nil, nil, false, true, traded(setMarginType)},
	{FuturesMarket, "GET", "/fapi/v1/positionSide/dual", nil, weightOf30, false, true, traded(positionMode)},
	{FuturesMarket, "POST", "/fapi/v1/positionSide/dual", nil, nil, false, true, traded(setPositionMode)},
	{FuturesMarket, "GET", "/fapi/v1/multiAssetsMargin", nil, weightOf30, false, true, traded(multiAssets)},
	{SpotMarket, "DELETE", "/api/v3/openOrders", nil, nil, false, true, traded(cancelAll)},
	{FuturesMarket, "DELETE", "/fapi/v1/allOpenOrders", nil, nil, false, true, traded(cancelAll)},
	{SpotMarket, "GET", "/api/v3/account/commission", nil, weightOf20, false, true, traded(accountCommission)},
	{SpotMarket, "GET", "/sapi/v1/asset/tradeFee", nil, nil, false, true, traded(tradeFee)},
	{FuturesMarket, "GET", "/fapi/v1/commissionRate", nil, weightOf20, false, true, traded(commissionRate)},
	{FuturesMarket, "POST", "/fapi/v1/countdownCancelAll", nil, weightOf10, false, true, traded(countdown)},
	{FuturesMarket, "POST", "/fapi/v1/listenKey", nil, nil, false, false, keyed(startListening)},
	{FuturesMarket, "PUT", "/fapi/v1/listenKey", nil, nil, false, false, keyed(keepListening)},
	{FuturesMarket, "DELETE", "/fapi/v1/listenKey", nil, nil, false, false, keyed(stopListening)},
}

func weightOf4(*query) int  { return 4 }
func weightOf5(*query) int  { return 5 }
func weightOf10(*query) int { return 10 }
func weightOf30(*query) int { return 30 }

// weightOfOpen is dearer without a symbol.
func weightOfOpen(one, all int) func(*query) int {
	return func(q *query) int {
		if v, _ := q.get("symbol"); v != "" {
			return one
		}
		return all
	}
}

// traded holds the trading half's lock around a handler.
func traded(f func(*Trading, *query) answer) func(*Server, *query) answer {
	return func(s *Server, q *query) answer {
		t := s.opt.Trading
		t.mu.Lock()
		defer t.mu.Unlock()
		a := f(t, q)
		if !t.opt.Lockstep {
			t.hub.flush(context.Background(), false) // news often overtake the answer, as in production
		}
		return a
	}
}

// keyed is traded for endpoints that want a key but no signature.
func keyed(f func(*Trading, *query) answer) func(*Server, *query) answer {
	return func(s *Server, q *query) answer {
		if _, ok := s.opt.Keys[q.apiKey]; !ok {
			return (&refusal{401, -2015, "Invalid API-key, IP, or permissions for action."}).answer()
		}
		return traded(f)(s, q)
	}
}

// clientID is what a client may call its order (-4015).
const clientID = `^[.A-Z:/a-z0-9_-]{1,36}$`

// placeOrder answers POST order of both markets.
func placeOrder(t *Trading, q *query) answer {
	limits := t.rates[q.market]
	if !t.opt.Lockstep { // where time stands there is no rate
		if a := limits.refuse(q.now); a != nil {
			return *a
		}
	}
	o, r := t.readOrder(q)
	if r != nil {
		return r.answer()
	}
	a := t.faults.place(t, o, func() answer { return t.accept(o) })
	limits.took(q.now, &a)
	return a
}

// accept takes an order that passed all checks. In lockstep it is acknowledged;
// otherwise the answer tells what became of it.
func (t *Trading) accept(o *order) answer {
	if r := t.send(o); r != nil {
		return r.answer()
	}
	t.orders.add(o)
	t.tellOrder(o, nil, "NEW", nil)
	if !t.opt.Lockstep {
		t.until(func() bool { return o.final() || o.resting })
		if o.reason != "" && o.executed == 0 || o.life == carry.FOK && o.market == FuturesMarket && o.executed == 0 {
			return refusalOf(o.market, o.code).answer()
		}
	}
	return asJSON(t.orderAnswer(o, o.life == carry.IOC || o.life == carry.FOK))
}

// readOrder checks a new order as the market does.
func (t *Trading) readOrder(q *query) (*order, *refusal) {
	pair, r := t.pairIn(q)
	if r != nil {
		return nil, r
	}
	o := &order{market: q.market, pair: pair, status: "NEW", created: q.now, updated: q.now, id: t.next(), tif: "GTC"}
	side, r := q.must("side")
	if r != nil {
		return nil, r
	}
	switch side {
	case "BUY":
		o.side = carry.Buy
	case "SELL":
		o.side = carry.Sell
	default:
		return nil, &refusal{400, -1117, "Invalid side."}
	}
	if o.kind, r = q.must("type"); r != nil {
		return nil, r
	}
	if r = t.readKind(q, o); r != nil {
		return nil, r
	}
	if mode, _ := q.get("positionSide"); mode != "" && mode != "BOTH" {
		return nil, &refusal{400, -4061, "Order's position side does not match user's setting."}
	}
	only, _ := q.get("reduceOnly")
	o.reduceOnly = strings.EqualFold(only, "true") && q.market == FuturesMarket
	if r = t.readAmounts(q, o); r != nil {
		return nil, r
	}
	return o, t.nameOrder(q, o)
}

// readKind checks type and time in force.
func (t *Trading) readKind(q *query, o *order) *refusal {
	tif, sent := q.get("timeInForce")
	switch o.kind {
	case "MARKET":
		if sent && q.market == SpotMarket {
			return &refusal{400, -1106, "Parameter 'timeInForce' sent when not required."}
		}
	case "LIMIT":
		if !sent {
			return missing("timeInForce")
		}
		o.tif = tif
		lives := map[string]carry.Life{"GTC": carry.GTC, "IOC": carry.IOC, "GTX": carry.PostOnly, "FOK": carry.FOK}
		life, ok := lives[tif]
		if !ok || tif == "GTX" && q.market == SpotMarket {
			return &refusal{400, -1115, "Invalid timeInForce."}
		}
		o.life = life
	case "LIMIT_MAKER":
		if q.market != SpotMarket {
			return &refusal{400, -1116, "Invalid orderType."}
		}
		o.life = carry.PostOnly
	default:
		if q.market == FuturesMarket {
			return &refusal{400, -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."}
		}
		return &refusal{400, -1116, "Invalid orderType."} // stops are not simulated
	}
	return nil
}

// readAmounts checks quantity and price against the filters.
func (t *Trading) readAmounts(q *query, o *order) *refusal {
	p, f := &t.info.Pairs[o.pair], &t.rules[o.pair].Legs[legOf(o.market)]
	if text, sent := q.get("quoteOrderQty"); sent && o.kind == "MARKET" && o.market == SpotMarket {
		if _, both := q.get("quantity"); both {
			return &refusal{400, -1128, "Combination of optional parameters invalid."}
		}
		return t.readWorth(o, text)
	}
	text, r := q.must("quantity")
	if r != nil {
		return r
	}
	var ok bool
	if o.qty, ok = readQty(p, text); !ok {
		if o.market == FuturesMarket {
			return &refusal{400, -1111, "Precision is over the maximum defined for this asset."}
		}
		return filterFailure("LOT_SIZE")
	}
	if o.kind != "MARKET" {
		price, r := q.must("price")
		if r != nil {
			return r
		}
		v, err := carry.ParseFixed(price)
		if err != nil || v <= 0 {
			return illegal("price", `^([0-9]{1,20})(\.[0-9]{1,20})?$`)
		}
		o.limit = carry.Price(v)
	}
	ref := t.mid(legOf(o.market), o.pair)
	if ref <= 0 {
		return refusalOf(o.market, carry.CodeHalted)
	}
	if r := t.refusedByChange(o); r != nil {
		return r
	}
	return t.checkFilters(o, f, ref)
}

// worthSlack is what a market order by its worth leaves for the price to move
// until it is filled.
const worthSlack = 0.001

// readWorth makes an order for so many USDT: a purchase never spends more. It is
// an order within a limit, since the price that it will get is not known yet.
func (t *Trading) readWorth(o *order, text string) *refusal {
	worth, err := carry.ParseFixed(text)
	if err != nil || worth <= 0 {
		return illegal("quoteOrderQty", `^([0-9]{1,20})(\.[0-9]{1,20})?$`)
	}
	p, f := &t.info.Pairs[o.pair], &t.rules[o.pair].Legs[carry.Spot]
	ref := t.mid(carry.Spot, o.pair)
	price := t.market.Bid(carry.Spot, int(o.pair))
	if o.side == carry.Buy {
		price = t.market.Ask(carry.Spot, int(o.pair)) * (1 + worthSlack)
	}
	if ref <= 0 || !(price > 0) {
		return refusalOf(o.market, carry.CodeHalted)
	}
	o.worth = carry.Amount(worth)
	o.qty = p.QtyFloor(o.worth.Float() / price)
	o.qty -= o.qty % f.Lot()
	if o.side == carry.Buy {
		o.cap = f.TickDown(price)
	}
	return t.checkFilters(o, f, ref)
}

// checkFilters names the filter that an order breaks. On futures some of them
// are told apart further.
func (t *Trading) checkFilters(o *order, f *carry.Filters, ref carry.Price) *refusal {
	code := f.Check(o.qty, ref, o.limit, t.info.Pairs[o.pair].QtyUnit(), o.reduceOnly)
	switch {
	case code == carry.OK:
		return nil
	case o.market == FuturesMarket && code == carry.CodeLot && o.qty < f.MinQty:
		return &refusal{400, -4004, "Quantity less than min quantity."}
	case o.market == FuturesMarket && code == carry.CodeLot && (f.MaxQty > 0 && o.qty > f.MaxQty || o.limit == 0 && f.MarketMax > 0 && o.qty > f.MarketMax):
		return &refusal{400, -4005, "Quantity greater than max quantity."}
	case o.market == FuturesMarket && code == carry.CodeNotional:
		return &refusal{400, -4164, fmt.Sprintf("Order's notional must be no smaller than %g (unless you choose reduce only).", f.MinNotional.Float())}
	case o.market == FuturesMarket && code == carry.CodePriceBand && o.limit < ref:
		return &refusal{400, -4024, "Price is lower than mark price multiplier floor."}
	}
	return refusalOf(o.market, code)
}

func filterFailure(name string) *refusal { return &refusal{400, -1013, "Filter failure: " + name} }

// nameOrder gives the order its client id. An id must be unique among open
// orders only: after a fill it may come again (binance.md §0.3).
func (t *Trading) nameOrder(q *query, o *order) *refusal {
	name, sent := q.get("newClientOrderId")
	if !sent || name == "" {
		o.client = "loopback-" + strconv.FormatInt(o.id, 10)
		return nil
	}
	if ok, err := regexp.MatchString(clientID, name); err != nil || !ok {
		if q.market == FuturesMarket {
			return &refusal{400, -4015, "Client order id is not valid."}
		}
		return illegal("newClientOrderId", clientID)
	}
	if old := t.orders.named(q.market, name); old != nil && !old.final() {
		if q.market == FuturesMarket {
			return &refusal{400, -4116, "ClientOrderId is duplicated."}
		}
		return &refusal{400, -2010, "Duplicate order sent."}
	}
	o.client = name
	return nil
}

// pairIn is the pair that a request's symbol names.
func (t *Trading) pairIn(q *query) (int32, *refusal) {
	name, r := q.must("symbol")
	if r != nil {
		return 0, r
	}
	i, ok := t.pairOf[q.market][name]
	if !ok || t.rules[i] == nil || t.info.Pairs[i].Listed > q.now {
		return 0, invalidSymbol()
	}
	return i, nil
}
