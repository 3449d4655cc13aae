package exchange

import "carry"

// OrderTruth is an order as the exchange keeps it, for whoever checks that a
// client lost nothing and did nothing twice.
type OrderTruth struct {
	Client string       `json:"client"`
	Market Market       `json:"market"`
	Pair   int32        `json:"pair"`
	Status string       `json:"status"`
	Trades []TradeTruth `json:"trades"`
}

// TradeTruth is one execution.
type TradeTruth struct {
	ID  int64     `json:"id"`
	Qty carry.Qty `json:"qty"` // quanta
}

// Orders are all orders that ever reached the account, oldest first, also those
// that the exchange made itself.
func (t *Trading) Orders() []OrderTruth {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]OrderTruth, 0, len(t.orders.all))
	for _, o := range t.orders.all {
		row := OrderTruth{Client: o.client, Market: o.market, Pair: o.pair, Status: o.status}
		for k := range o.trades {
			row.Trades = append(row.Trades, TradeTruth{o.trades[k].id, o.trades[k].qty})
		}
		out = append(out, row)
	}
	return out
}
