package exchange

import (
	"slices"

	"carry"
)

// tickerParams are what spot's tickers read.
var tickerParams = []string{"symbol", "symbols", "symbolStatus"}

// tickerRoutes are the prices of now, without a key (binance.md §1.2).
var tickerRoutes = [...]route{
	{SpotMarket, "GET", "/api/v3/ticker/price", tickerParams, weightOfTicker(2, 4), false, false, traded(lastPrices)},
	{SpotMarket, "GET", "/api/v3/ticker/bookTicker", tickerParams, weightOfTicker(2, 4), false, false, traded(bookTickers)},
	{FuturesMarket, "GET", "/fapi/v1/ticker/price", nil, weightOfTicker(1, 2), false, false, traded(lastPrices)},
	{FuturesMarket, "GET", "/fapi/v2/ticker/price", nil, weightOfTicker(1, 2), false, false, traded(lastPrices)},
	{FuturesMarket, "GET", "/fapi/v1/ticker/bookTicker", nil, weightOfTicker(2, 5), false, false, traded(bookTickers)},
}

// weightOfTicker is dearer for several symbols.
func weightOfTicker(one, all int) func(*query) int { return weightOfOpen(one, all) }

// lastPrices answers ticker/price.
func lastPrices(t *Trading, q *query) answer {
	return t.tickers(q, func(i int32) object {
		last := t.market.SpotLast[i]
		if q.market == FuturesMarket {
			last = t.market.PerpLast[i]
		}
		if !(last > 0) {
			return nil
		}
		return object{{"price", number(last)}}
	})
}

// bookTickers answers ticker/bookTicker. Sizes are not modelled.
func bookTickers(t *Trading, q *query) answer {
	return t.tickers(q, func(i int32) object {
		bid, ask := t.market.Bid(legOf(q.market), int(i)), t.market.Ask(legOf(q.market), int(i))
		if !(bid > 0) || !(ask > 0) {
			return nil
		}
		return object{{"bidPrice", number(bid)}, {"bidQty", "1.00000000"}, {"askPrice", number(ask)}, {"askQty", "1.00000000"}}
	})
}

// tickers answers with one line of a symbol, or a list of several. A pair that
// row has nothing for has no line.
func (t *Trading) tickers(q *query, row func(i int32) object) answer {
	wanted, r := q.wantedSymbols()
	if r != nil {
		return r.answer()
	}
	for _, name := range wanted {
		if _, ok := t.pairOf[q.market][name]; !ok {
			return invalidSymbol().answer()
		}
	}
	list := []object{}
	for i := range t.info.Pairs {
		name := t.symbol(q.market, int32(i))
		if t.info.Pairs[i].Listed > q.now || wanted != nil && !slices.Contains(wanted, name) {
			continue
		}
		if line := row(int32(i)); line != nil {
			line = append(object{{"symbol", name}}, line...)
			if q.market == FuturesMarket {
				line = append(line, field{"time", int64(t.market.At)})
			}
			list = append(list, line)
		}
	}
	if _, single := q.get("symbol"); single && len(list) == 1 {
		return asJSON(list[0])
	}
	return asJSON(list)
}

// predictedRate is the running estimate of the rate that will be settled next,
// and the mark; false before the pair has them.
func (t *Trading) predictedRate(symbol string) (mark, rate string, next carry.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, known := t.pairOf[FuturesMarket][symbol]
	if !known || t.market == nil || !(t.market.Mark[i] > 0) || t.market.Predicted[i] != t.market.Predicted[i] {
		return "", "", 0, false
	}
	return number(t.market.Mark[i]), number(float64(t.market.Predicted[i])), t.nextSettlement(int(i), t.market), true
}
