package exchange

import (
	"strconv"

	"carry"
)

// queryOrder answers GET order.
func queryOrder(t *Trading, q *query) answer {
	o, r := t.find(q, -2013, "Order does not exist.")
	if r != nil {
		return r.answer()
	}
	if q.now < o.hiddenUntil {
		return (&refusal{400, -2013, "Order does not exist."}).answer() // a fault: not readable yet
	}
	return asJSON(t.orderRow(o))
}

// cancelOrder answers DELETE order.
func cancelOrder(t *Trading, q *query) answer {
	o, r := t.find(q, -2011, "Unknown order sent.")
	if r != nil {
		return r.answer()
	}
	if !o.final() {
		if r := t.submit(&carry.Command{Kind: carry.CmdCancel, Pair: o.pair, Leg: legOf(o.market), Order: carry.OrderID(o.id)}); r != nil {
			return r.answer()
		}
		if !t.opt.Lockstep {
			t.until(o.final)
		}
	} else {
		return (&refusal{400, -2011, "Unknown order sent."}).answer()
	}
	a := t.orderAnswer(o, false)
	if o.market == SpotMarket {
		a = append(object{{"origClientOrderId", o.client}}, a...)
	}
	return asJSON(a)
}

// find is the order that a request names by id or client id.
func (t *Trading) find(q *query, code int, msg string) (*order, *refusal) {
	i, r := t.pairIn(q)
	if r != nil {
		return nil, r
	}
	var o *order
	if text, sent := q.get("orderId"); sent {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, illegal("orderId", "^[0-9]{1,20}$")
		}
		o = t.orders.byID[id]
	} else if name, sent := q.get("origClientOrderId"); sent {
		o = t.orders.named(q.market, name)
	} else {
		return nil, missing("origClientOrderId")
	}
	if o == nil || o.market != q.market || o.pair != i {
		return nil, &refusal{400, code, msg}
	}
	return o, nil
}

// openOrders answers GET openOrders, of one symbol or all.
func openOrders(t *Trading, q *query) answer {
	return t.list(q, func(o *order) bool { return !o.final() }, false)
}

// allOrders answers GET allOrders of a symbol, oldest first.
func allOrders(t *Trading, q *query) answer {
	return t.list(q, func(*order) bool { return true }, true)
}

// list answers with the rows of the orders that are wanted.
func (t *Trading) list(q *query, want func(*order) bool, bySymbol bool) answer {
	name, _ := q.get("symbol")
	only := int32(-1)
	if name != "" || bySymbol {
		i, r := t.pairIn(q)
		if r != nil {
			return r.answer()
		}
		only = i
	}
	limit, r := q.limit(500, 1000)
	if r != nil {
		return r.answer()
	}
	from, to, signed, r := q.timeWindow(limit)
	if r != nil {
		return r.answer()
	}
	if !bySymbol {
		from, to = 0, q.now+1 // openOrders has neither window nor limit
	}
	rows := []object{}
	for _, o := range t.orders.all {
		if o.market == q.market && (only < 0 || o.pair == only) && o.created >= from && o.created < to && q.now >= o.hiddenUntil && want(o) {
			rows = append(rows, t.orderRow(o))
		}
	}
	return asJSON(cutRows(rows, signed))
}

// cutRows keeps the first or the last rows, as Facts describes it.
func cutRows[T any](rows []T, limit int) []T {
	switch {
	case limit > 0 && len(rows) > limit:
		return rows[:limit]
	case limit < 0 && len(rows) > -limit:
		return rows[len(rows)+limit:]
	}
	return rows
}

// orderRow is an order as queries tell it.
func (t *Trading) orderRow(o *order) object {
	p := &t.info.Pairs[o.pair]
	row := object{{"symbol", t.symbol(o.market, o.pair)}, {"orderId", o.id}, {"clientOrderId", o.client}, {"price", o.limit.String()},
		{"origQty", qtyText(p, o.qty)}, {"executedQty", qtyText(p, o.executed)}, {"status", o.status}, {"timeInForce", o.tif}, {"type", o.kind},
		{"side", wireSide(o.side)}, {"time", int64(o.created)}, {"updateTime", int64(o.updated)}}
	if o.market == SpotMarket {
		return append(row, object{{"orderListId", -1}, {"cummulativeQuoteQty", money16(o.quote, o.side)}, {"stopPrice", "0.00000000"},
			{"icebergQty", "0.00000000"}, {"isWorking", true}, {"workingTime", int64(o.created)}, {"origQuoteOrderQty", o.worth.String()},
			{"selfTradePreventionMode", "NONE"}}...)
	}
	return append(row, object{{"avgPrice", o.average(p)}, {"cumQuote", money16(o.quote, o.side)}, {"reduceOnly", o.reduceOnly}, {"closePosition", false},
		{"positionSide", "BOTH"}, {"stopPrice", "0"}, {"workingType", "CONTRACT_PRICE"}, {"priceProtect", false}, {"origType", o.kind},
		{"priceMatch", "NONE"}, {"selfTradePreventionMode", "NONE"}, {"goodTillDate", 0}}...)
}

// orderAnswer is what placing and cancelling answer; spot adds the fills.
func (t *Trading) orderAnswer(o *order, fills bool) object {
	p := &t.info.Pairs[o.pair]
	row := object{{"symbol", t.symbol(o.market, o.pair)}, {"orderId", o.id}, {"clientOrderId", o.client}, {"price", o.limit.String()},
		{"origQty", qtyText(p, o.qty)}, {"executedQty", qtyText(p, o.executed)}, {"status", o.status}, {"timeInForce", o.tif}, {"type", o.kind},
		{"side", wireSide(o.side)}}
	if o.market == FuturesMarket {
		return append(row, object{{"cumQty", qtyText(p, o.executed)}, {"cumQuote", money16(o.quote, o.side)}, {"avgPrice", o.average(p)},
			{"reduceOnly", o.reduceOnly}, {"positionSide", "BOTH"}, {"stopPrice", "0"}, {"closePosition", false}, {"workingType", "CONTRACT_PRICE"},
			{"priceProtect", false}, {"origType", o.kind}, {"priceMatch", "NONE"}, {"selfTradePreventionMode", "NONE"}, {"goodTillDate", 0},
			{"updateTime", int64(o.updated)}}...)
	}
	row = append(row, object{{"orderListId", -1}, {"transactTime", int64(o.updated)}, {"cummulativeQuoteQty", money16(o.quote, o.side)}, {"origQuoteOrderQty", o.worth.String()},
		{"workingTime", int64(o.created)}, {"selfTradePreventionMode", "NONE"}}...)
	if fills {
		list := []object{}
		for k := range o.trades {
			tr := &o.trades[k]
			list = append(list, object{{"price", tr.price.String()}, {"qty", qtyText(p, tr.qty)}, {"commission", tr.fee}, {"commissionAsset", tr.feeAsset}, {"tradeId", tr.id}})
		}
		row = append(row, field{"fills", list})
	}
	return row
}

// userTrades answers myTrades and userTrades of a symbol, oldest first.
func userTrades(t *Trading, q *query) answer {
	i, r := t.pairIn(q)
	if r != nil {
		return r.answer()
	}
	limit, r := q.limit(500, 1000)
	if r != nil {
		return r.answer()
	}
	from, to, signed, r := q.timeWindow(limit)
	if r != nil {
		return r.answer()
	}
	if hours := (to - from) / carry.Hour; q.market == SpotMarket && from > 0 && hours > 24 {
		return (&refusal{400, -1127, "More than 24 hours between startTime and endTime."}).answer()
	}
	first, sent, r := q.integer("fromId")
	if r != nil {
		return r.answer()
	}
	if sent {
		signed = limit
	}
	orderID, byOrder, r := q.integer("orderId")
	if r != nil {
		return r.answer()
	}
	rows := []object{}
	for _, o := range t.orders.all {
		if o.market != q.market || o.pair != i || byOrder && o.id != orderID || q.now < o.hiddenUntil {
			continue
		}
		for k := range o.trades {
			if tr := &o.trades[k]; tr.at >= from && tr.at < to && tr.id >= first {
				rows = append(rows, t.tradeRow(o, tr))
			}
		}
	}
	return asJSON(cutRows(rows, signed))
}

func (t *Trading) tradeRow(o *order, tr *trade) object {
	p := &t.info.Pairs[o.pair]
	row := object{{"symbol", t.symbol(o.market, o.pair)}, {"id", tr.id}, {"orderId", o.id}, {"price", tr.price.String()}, {"qty", qtyText(p, tr.qty)},
		{"quoteQty", money16(tr.quote, o.side)}, {"commission", tr.fee}, {"commissionAsset", tr.feeAsset}, {"time", int64(tr.at)}}
	if o.market == SpotMarket {
		return append(row, object{{"orderListId", -1}, {"isBuyer", o.side == carry.Buy}, {"isMaker", false}, {"isBestMatch", true}}...)
	}
	return append(row, object{{"buyer", o.side == carry.Buy}, {"maker", false}, {"side", wireSide(o.side)}, {"positionSide", "BOTH"},
		{"realizedPnl", tr.realised.String()}, {"marginAsset", "USDT"}}...)
}
