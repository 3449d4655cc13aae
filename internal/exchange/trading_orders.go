package exchange

import (
	"strconv"
	"strings"

	"carry"
)

// order is one order as the exchange keeps it.
type order struct {
	id          int64
	client      string
	market      Market
	pair        int32
	side        carry.Side
	kind, tif   string // MARKET, LIMIT, LIMIT_MAKER; GTC, IOC, FOK, GTX
	qty         carry.Qty
	limit       carry.Price
	worth       carry.Amount // of a market order by its worth
	cap         carry.Price  // the most that it may pay
	part        carry.Qty    // a fault: no more than this is filled; 0: all of it
	ours        bool         // the exchange's own
	reduceOnly  bool
	status      string
	reason      string // of a late refusal, in the words of the market's events
	code        carry.Code
	executed    carry.Qty
	quote       carry.Wide // 1e-16 USDT, without a sign
	created     carry.Time
	updated     carry.Time
	trades      []trade
	life        carry.Life
	resting     bool // it is in the book
	hiddenUntil carry.Time
}

// trade is one execution.
type trade struct {
	id       int64
	at       carry.Time
	qty      carry.Qty
	price    carry.Price
	quote    carry.Wide // 1e-16 USDT
	fee      string
	feeAsset string
	realised carry.Amount
}

// final tells whether nothing more will happen to the order.
func (o *order) final() bool { return o.status != "NEW" && o.status != "PARTIALLY_FILLED" }

// average is the mean price of what is executed, as text.
func (o *order) average(p *carry.Pair) string {
	if o.executed == 0 {
		return "0.00"
	}
	units := carry.WideFrom(int64(o.executed)).Decimal(int32(p.QtyDp))
	return o.quote.Decimal(16).DivRound(units, 8).String()
}

// orderBook keeps all orders, oldest first.
type orderBook struct {
	all      []*order
	byID     map[int64]*order
	byClient map[string][]*order // by market and client id: an id may come again
}

func newOrderBook() orderBook {
	return orderBook{byID: map[int64]*order{}, byClient: map[string][]*order{}}
}

func clientKey(m Market, client string) string { return strconv.Itoa(int(m)) + client }

func (b *orderBook) add(o *order) {
	b.all = append(b.all, o)
	b.byID[o.id] = o
	key := clientKey(o.market, o.client)
	b.byClient[key] = append(b.byClient[key], o)
}

// named is the newest order of a client id.
func (b *orderBook) named(m Market, client string) *order {
	list := b.byClient[clientKey(m, client)]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// send hands an order to the simulation.
func (t *Trading) send(o *order) *refusal {
	limit, q := o.limit, o.qty
	if o.part > 0 {
		q = o.part
	}
	if o.cap > 0 {
		limit = o.cap
	}
	return t.submit(&carry.Command{Kind: carry.CmdOrder, Leg: legOf(o.market), Side: o.side, ReduceOnly: o.reduceOnly, Pair: o.pair,
		Order: carry.OrderID(o.id), Qty: q, Life: o.life, Limit: limit, Ref: t.mid(legOf(o.market), o.pair)})
}

// rests notes that an order is in the book now.
func (t *Trading) rests(ev *carry.Event) {
	if o := t.orders.byID[int64(ev.Order)]; o != nil {
		o.resting, o.updated = true, ev.At
	}
}

// filled books an execution and tells it on the streams.
func (t *Trading) filled(ev *carry.Event) {
	market := Market(ev.Leg)
	o := t.orders.byID[int64(ev.Order)]
	if o == nil {
		o = t.forced(ev, market)
	}
	p := &t.info.Pairs[ev.Pair]
	tr := trade{id: t.next(), at: ev.At, qty: ev.Qty, price: ev.Price, quote: value(p, ev.Price, ev.Qty), fee: ev.Fee.String(), feeAsset: "USDT", realised: ev.Amount}
	if ev.FeeCoins != (carry.Wide{}) {
		tr.fee, tr.feeAsset = coinText(ev.FeeCoins), p.Coin
	}
	o.trades = append(o.trades, tr)
	o.executed += ev.Qty
	o.quote = o.quote.Add(tr.quote)
	o.updated = ev.At
	o.status = "PARTIALLY_FILLED"
	if ev.Left == 0 && o.part == 0 {
		o.status, o.qty = "FILLED", o.executed // a reduce-only order is cut to what was open
	}
	if market == FuturesMarket {
		t.earn(income{ev.Pair, "REALIZED_PNL", ev.Amount, ev.At, t.next()})
		t.earn(income{ev.Pair, "COMMISSION", -ev.Fee, ev.At, t.next()})
	}
	t.tellOrder(o, &tr, "TRADE", ev)
	t.tellBalance(market, ev, "ORDER")
	if ev.Left == 0 && o.part > 0 {
		t.finish(o, "EXPIRED", ev.At)
	}
}

// value is price × quantity in 1e-16 USDT.
func value(p *carry.Pair, price carry.Price, q carry.Qty) carry.Wide {
	w := carry.WideMul(int64(price), int64(q))
	for range 8 - p.QtyDp {
		two := w.Add(w)
		eight := two.Add(two).Add(two.Add(two))
		w = eight.Add(two)
	}
	return w
}

// forced is the order that the exchange itself makes for a liquidation or a
// settlement.
func (t *Trading) forced(ev *carry.Event, m Market) *order {
	id := t.next()
	client := "settlement_autoclose-"
	switch {
	case ev.Kind == carry.EvLiquidated && ev.Code == carry.CodeADL:
		client = "adl_autoclose-"
	case ev.Kind == carry.EvLiquidated:
		client = "autoclose-"
	case ev.Code == carry.CodeDataEnd:
		client = "dataend_autoclose-" // the recording ends: nothing of Binance's
	}
	o := &order{id: id, client: client + strconv.FormatInt(id, 10), market: m, pair: ev.Pair, side: ev.Side, kind: "MARKET", tif: "GTC",
		qty: ev.Qty, status: "NEW", created: ev.At, updated: ev.At}
	t.orders.add(o)
	return o
}

// refused ends an order that the market did not take, or took in part.
func (t *Trading) refused(ev *carry.Event) {
	o := t.orders.byID[int64(ev.Order)]
	if o == nil || ev.Kind == carry.EvReject && ev.Code == carry.CodeUnknownOrder {
		return // a cancel that found nothing
	}
	o.code = ev.Code
	status := "EXPIRED"
	switch {
	case ev.Kind == carry.EvReject:
		o.reason = lateReason(ev.Code)
	case ev.Code == carry.CodeCanceled:
		status = "CANCELED"
	}
	t.finish(o, status, ev.At)
}

// finish ends an order with a status and tells it.
func (t *Trading) finish(o *order, status string, at carry.Time) {
	execution := status
	o.status, o.updated = status, at
	if o.reason != "" && o.market == SpotMarket {
		o.status, execution = "REJECTED", "REJECTED"
	}
	t.tellOrder(o, nil, execution, nil)
}

// lateReason is how events word a refusal that came after the acknowledgement.
func lateReason(code carry.Code) string {
	switch code {
	case carry.CodeInsufficient:
		return "INSUFFICIENT_BALANCES"
	case carry.CodeHalted:
		return "MARKET_CLOSED"
	case carry.CodeMargin:
		return "MARGIN_NOT_SUFFICIENT"
	case carry.CodeReduceOnly:
		return "REDUCE_ONLY_REJECT"
	}
	return strings.ToUpper(strings.ReplaceAll(code.String(), "-", "_"))
}

// refusalOf is how an order's answer words a refusal.
func refusalOf(m Market, code carry.Code) *refusal {
	if r, ok := carry.RefusalOf(legOf(m), code); ok {
		return &refusal{400, r.Number, r.Message}
	}
	return &refusal{400, -2010, "New order rejected."}
}
