package exchange

import (
	"sort"

	"carry"
)

// income is a line of the futures account's history.
type income struct {
	pair   int32 // −1: none
	kind   string
	amount carry.Amount
	at     carry.Time
	tranID int64
}

// incomeMax bounds the history that is kept; Binance keeps three months.
const incomeMax = 200_000

func (t *Trading) earn(i income) {
	if len(t.incomes) >= incomeMax {
		t.incomes = append(t.incomes[:0], t.incomes[incomeMax/2:]...)
	}
	t.incomes = append(t.incomes, i)
}

// incomesSince are the lines from a time on, a little earlier too: a fault may
// move their stamps.
func (t *Trading) incomesSince(from carry.Time) []income {
	i := sort.Search(len(t.incomes), func(i int) bool { return t.incomes[i].at >= from-carry.Minute })
	return t.incomes[i:]
}

// transfer is one movement between the wallets.
type transfer struct {
	id     int64
	kind   string // MAIN_UMFUTURE, UMFUTURE_MAIN
	amount carry.Amount
	at     carry.Time
	status string // PENDING, CONFIRMED, FAILED
	code   carry.Code
	// Until then the history lags behind.
	pendingUntil, hiddenUntil carry.Time
}

// paid books one funding settlement. The stream tells the wallet only: which
// contract paid stands in the income history (binance.md §2.2).
func (t *Trading) paid(ev *carry.Event) {
	t.marks[settlementKey{ev.Pair, ev.At.Slot()}] = ev.Price
	t.earn(income{ev.Pair, "FUNDING_FEE", ev.Amount, ev.At, t.next()})
	t.tellFutures("FUNDING_FEE", ev.At, ev.Amount, nil)
}

// moved ends a transfer and tells both wallets.
func (t *Trading) moved(ev *carry.Event) {
	var x *transfer
	for _, c := range t.transfers {
		if c.id == int64(ev.Order) {
			x = c
		}
	}
	if x == nil {
		return
	}
	if ev.Code == carry.CodeUnknown {
		return // a later event tells
	}
	if ev.Code != carry.OK {
		x.status, x.code = "FAILED", ev.Code
		return
	}
	x.status = "CONFIRMED"
	spot := x.amount
	if ev.Wallet == carry.SpotWallet {
		spot = -spot
	}
	t.earn(income{-1, "TRANSFER", -spot, ev.At, x.id})
	t.tellFutures("MARGIN_TRANSFER", ev.At, -spot, nil)
	t.toSpotUser(object{{"e", "balanceUpdate"}, {"E", int64(ev.At)}, {"a", "USDT"}, {"d", spot.String()}, {"T", int64(ev.At)}})
	t.tellSpot(ev.At, -1)
}

// tellOrder pushes an order's news to the user's stream.
func (t *Trading) tellOrder(o *order, tr *trade, execution string, ev *carry.Event) {
	if o.market == SpotMarket {
		t.toSpotUser(t.executionReport(o, tr, execution))
		return
	}
	if ev != nil && (ev.Kind != carry.EvFill || o.ours) {
		execution = "CALCULATED"
	}
	t.toFuturesUser(t.orderTradeUpdate(o, tr, execution))
}

// executionReport is spot's event of an order.
func (t *Trading) executionReport(o *order, tr *trade, execution string) object {
	p := &t.info.Pairs[o.pair]
	reason := "NONE"
	if o.reason != "" {
		reason = o.reason
	}
	last, price, quote, fee, id := qtyText(p, 0), "0.00000000", "0.00000000", "0", int64(-1)
	var asset any
	if tr != nil {
		last, price, quote, fee, id, asset = qtyText(p, tr.qty), tr.price.String(), money16(tr.quote, o.side), tr.fee, tr.id, tr.feeAsset
	}
	return object{
		{"e", "executionReport"}, {"E", int64(o.updated)}, {"s", t.symbol(o.market, o.pair)}, {"c", o.client}, {"S", wireSide(o.side)},
		{"o", o.kind}, {"f", o.tif}, {"q", qtyText(p, o.qty)}, {"p", o.limit.String()}, {"P", "0.00000000"}, {"F", "0.00000000"}, {"g", -1}, {"C", ""},
		{"x", execution}, {"X", o.status}, {"r", reason}, {"i", o.id}, {"l", last}, {"z", qtyText(p, o.executed)}, {"L", price},
		{"n", fee}, {"N", asset}, {"T", int64(o.updated)}, {"t", id}, {"I", t.next()}, {"w", !o.final()}, {"m", false}, {"M", tr != nil},
		{"O", int64(o.created)}, {"Z", money16(o.quote, o.side)}, {"Y", quote}, {"Q", "0.00000000"}, {"W", int64(o.created)}, {"V", "NONE"},
	}
}

// money16 writes an amount in 1e-16 USDT, rounded to 1e-8 against the customer:
// what a buyer pays up, what a seller gets down.
func money16(w carry.Wide, side carry.Side) string {
	if side == carry.Buy {
		q, _ := w.Neg().QuoFloor(carry.Unit)
		return q.Neg().Decimal(8).StringFixed(8)
	}
	q, _ := w.QuoFloor(carry.Unit)
	return q.Decimal(8).StringFixed(8)
}

// orderTradeUpdate is the futures' event of an order.
func (t *Trading) orderTradeUpdate(o *order, tr *trade, execution string) object {
	p := &t.info.Pairs[o.pair]
	inner := object{
		{"s", t.symbol(o.market, o.pair)}, {"c", o.client}, {"S", wireSide(o.side)}, {"o", o.kind}, {"f", o.tif},
		{"q", qtyText(p, o.qty)}, {"p", o.limit.String()}, {"ap", o.average(p)}, {"sp", "0"}, {"x", execution}, {"X", o.status}, {"i", o.id},
	}
	if tr == nil {
		inner = append(inner, object{{"l", qtyText(p, 0)}, {"z", qtyText(p, o.executed)}, {"L", "0"}, {"n", "0"}, {"N", "USDT"},
			{"T", int64(o.updated)}, {"t", 0}, {"rp", "0"}}...)
	} else {
		inner = append(inner, object{{"l", qtyText(p, tr.qty)}, {"z", qtyText(p, o.executed)}, {"L", tr.price.String()}, {"n", tr.fee}, {"N", "USDT"},
			{"T", int64(tr.at)}, {"t", tr.id}, {"rp", tr.realised.String()}}...)
	}
	inner = append(inner, object{{"b", "0"}, {"a", "0"}, {"m", false}, {"R", o.reduceOnly}, {"wt", "CONTRACT_PRICE"}, {"ot", o.kind}, {"ps", "BOTH"},
		{"cp", false}, {"pP", false}, {"si", 0}, {"ss", 0}, {"V", "NONE"}, {"pm", "NONE"}, {"gtd", 0}}...)
	if o.reason != "" {
		inner = append(inner, field{"er", o.reason})
	}
	return object{{"e", "ORDER_TRADE_UPDATE"}, {"E", int64(o.updated)}, {"T", int64(o.updated)}, {"o", inner}}
}

// tellBalance pushes what a fill did to its wallet.
func (t *Trading) tellBalance(m Market, ev *carry.Event, reason string) {
	if m == SpotMarket {
		t.tellSpot(ev.At, ev.Pair)
		return
	}
	t.tellFutures(reason, ev.At, 0, &ev.Pair)
}

// tellSpot pushes the spot wallet: USDT, and a coin if a pair is named.
func (t *Trading) tellSpot(at carry.Time, pair int32) {
	spot, _, coins, _ := t.venue.Exchange().Balances()
	list := []object{{{"a", "USDT"}, {"f", spot.String()}, {"l", "0.00000000"}}}
	if pair >= 0 {
		list = append(list, object{{"a", t.info.Pairs[pair].Coin}, {"f", coinText(coins[pair])}, {"l", "0.00000000"}})
	}
	t.toSpotUser(object{{"e", "outboundAccountPosition"}, {"E", int64(at)}, {"u", int64(at)}, {"B", list}})
}

// tellFutures pushes the futures wallet, and a position if a pair is named.
func (t *Trading) tellFutures(reason string, at carry.Time, change carry.Amount, pair *int32) {
	_, perp, _, contracts := t.venue.Exchange().Balances()
	positions := []object{}
	if pair != nil {
		i := *pair
		positions = append(positions, object{{"s", t.symbol(FuturesMarket, i)}, {"pa", qtyText(&t.info.Pairs[i], contracts[i])}, {"ep", t.entryPrice(i)},
			{"bep", "0"}, {"cr", "0"}, {"up", t.unrealised(i)}, {"mt", "cross"}, {"iw", "0"}, {"ps", "BOTH"}})
	}
	t.toFuturesUser(object{{"e", "ACCOUNT_UPDATE"}, {"E", int64(at)}, {"T", int64(at)}, {"a", object{{"m", reason},
		{"B", []object{{{"a", "USDT"}, {"wb", perp.String()}, {"cw", perp.String()}, {"bc", change.String()}}}}, {"P", positions}}}})
}

// entryPrice is the mean entry price of a pair's contracts.
func (t *Trading) entryPrice(i int32) string {
	_, _, _, contracts := t.venue.Exchange().Balances()
	if contracts[i] == 0 {
		return "0.0"
	}
	units := carry.WideFrom(int64(contracts[i])).Decimal(int32(t.info.Pairs[i].QtyDp))
	return t.venue.Exchange().EntryCost(i).Decimal(16).DivRound(units, 12).String()
}

// unrealised is the profit of a pair's contracts at mark.
func (t *Trading) unrealised(i int32) string {
	_, _, _, contracts := t.venue.Exchange().Balances()
	if contracts[i] == 0 {
		return "0.00000000"
	}
	mark := carry.PriceFromFloat(t.market.Mark[i])
	p := &t.info.Pairs[i]
	worth := value(p, mark, contracts[i])
	return worth.Sub(t.venue.Exchange().EntryCost(i)).Decimal(16).StringFixed(8)
}

// toSpotUser and toFuturesUser queue an event of the account.
func (t *Trading) toSpotUser(ev object) { t.toUser(SpotMarket, ev) }

func (t *Trading) toFuturesUser(ev object) { t.toUser(FuturesMarket, ev) }
