package binance

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"carry"
	"carry/internal/binance/wire"
)

// foreignTrade tells of a trade of an order that is not this run's: no order
// number. The books take it over, and the core does what foreignChange says.
func (v *Venue) foreignTrade(n *wire.OrderNews, pair int32) error {
	v.o.Log(fmt.Sprintf("FOREIGN: trade %d of %s, %s %s at %s, belongs to order %q, which is not of this run", n.TradeID, n.Symbol, sideText(n.Side),
		n.LastQty, n.Price, n.Client))
	v.flights.traded[n.Market][n.TradeID] = true
	ev := carry.Event{Kind: carry.EvFill, At: n.At, Pair: pair, Leg: carry.Leg(n.Market), Side: n.Side, Code: carry.CodeForeign}
	if err := v.tradeInto(&ev, n); err != nil {
		return err
	}
	held := v.mirror.ours.qty[pair]
	if ev.Leg == carry.Spot || held == 0 || (held > 0) == (ev.Side == carry.Buy) || ev.Qty <= max(held, -held) {
		v.emit(ev)
		return nil
	}
	// It turns the position round: what closes is one fill, what opens another.
	rest := ev
	ev.Qty = max(held, -held)
	rest.Qty -= ev.Qty
	rest.Amount, rest.Fee = 0, 0
	v.emit(ev)
	v.emit(rest)
	return nil
}

// reconcile compares the two views of the account at rest. Where they differ, the
// account is read again and the trades of whatever differs are looked through; what
// no trade explains came or went as a deposit or a withdrawal does. A difference
// never ends the run: opening stops, and what is held is looked after.
func (v *Venue) reconcile(ctx context.Context, at carry.Time) error {
	since := v.agreed
	if v.mirror.differs() == "" {
		v.agreed = at
		return nil
	}
	if err := v.readAccount(ctx); err != nil {
		return err
	}
	if v.mirror.differs() == "" {
		return nil // an event of the account had been lost
	}
	if err := v.unexplained(ctx, since); err != nil {
		return err
	}
	v.bookCoins(at)
	v.bookMoney(at)
	if odd := v.mirror.differs(); odd != "" {
		v.o.Log("FOREIGN: " + odd + "; nothing is opened any more")
		v.mirror.accept()
		v.emit(carry.Event{Kind: carry.EvOperator, At: at, Pair: -1, Code: carry.CodePause})
	}
	return nil
}

// tradesWindow is the longest span of which spot tells the trades at once.
const tradesWindow = 24 * carry.Hour

// tradesSince reads a symbol's trades since a time, day by day.
func (v *Venue) tradesSince(ctx context.Context, m wire.Market, symbol string, since carry.Time) (found []wire.OrderNews, err error) {
	x := &flight{market: m, symbol: symbol}
	for from, now := since, v.serverNow(); from <= now; from += tradesWindow {
		list, err := v.trades(ctx, x, "&limit=1000&startTime="+ms(from)+"&endTime="+ms(min(now, from+tradesWindow-1)))
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	return found, nil
}

// unexplained looks through the trades since the views agreed of every pair of
// which they do not, and tells those that were not told.
func (v *Venue) unexplained(ctx context.Context, since carry.Time) error {
	m := v.mirror
	var found []wire.OrderNews
	for i := range v.o.Pairs {
		for market, symbol := range [...]string{v.o.Pairs[i].SpotSymbol, v.o.Pairs[i].PerpSymbol} {
			if m.same(i) {
				continue
			}
			list, err := v.tradesSince(ctx, wire.Market(market), symbol, since)
			if err != nil {
				return err
			}
			found = append(found, list...)
		}
	}
	slices.SortFunc(found, func(a, b wire.OrderNews) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.TradeID, b.TradeID))
	})
	for k := range found {
		n := &found[k]
		if v.flights.traded[n.Market][n.TradeID] {
			continue
		}
		o, err := v.orderNumbered(ctx, n)
		if err != nil {
			return err
		}
		n.Client = o.Client
		if err := v.otherNews(n); err != nil {
			return err
		}
	}
	return nil
}

// bookCoins books coins that came or went without a trade as what they are worth:
// a deposit and a purchase, or a sale and a withdrawal, at the last price.
func (v *Venue) bookCoins(at carry.Time) {
	m := v.mirror
	for i := range v.o.Pairs {
		p := &v.o.Pairs[i]
		more := m.their.coins[i].Sub(m.ours.coins[i]).Sub(m.strange.coins[i])
		side := carry.Buy
		if more.Sign() < 0 {
			side, more = carry.Sell, more.Neg()
		}
		quanta, _ := more.QuoFloor(carry.Pow10[8-p.QtyDp])
		q, ok := quanta.Int64()
		price := v.market.spotLast[i]
		if !ok || q == 0 || !(price > 0) {
			continue
		}
		v.o.Log(fmt.Sprintf("FOREIGN: %s %s came (or went) without a trade: %+d quanta, booked at %v USDT", more.Decimal(8), p.Coin, int64(side)*q, price))
		ev := carry.Event{Kind: carry.EvFill, At: at, Pair: int32(i), Leg: carry.Spot, Side: side, Wallet: carry.SpotWallet, Qty: carry.Qty(q),
			Price: carry.PriceFromFloat(price), Code: carry.CodeForeign}
		ev.Ref = ev.Price
		worth := carry.WideMul(int64(ev.Price), q*int64(carry.Pow10[8-p.QtyDp])) // 1e-16 USDT
		if side == carry.Buy {
			worth = worth.Neg()
		}
		floor, _ := worth.QuoFloor(carry.Unit)
		usdt, ok := floor.Int64()
		if !ok {
			continue
		}
		ev.Amount = carry.Amount(usdt)
		if side == carry.Buy {
			v.flow(at, carry.SpotWallet, -ev.Amount)
		}
		v.emit(ev)
		if side == carry.Sell {
			v.flow(at, carry.SpotWallet, -ev.Amount)
		}
	}
}

// bookMoney books USDT that came or went as the owner's.
func (v *Venue) bookMoney(at carry.Time) {
	for w := range v.mirror.their.usdt {
		if more := v.mirror.their.usdt[w] - v.mirror.ours.usdt[w] - v.mirror.strange.usdt[w]; more != 0 {
			v.o.Log(fmt.Sprintf("FOREIGN: %s USDT on the %s wallet came (or went) without a trade or a payment", more, carry.Wallet(w)))
			v.flow(at, carry.Wallet(w), more)
		}
	}
}

func (v *Venue) flow(at carry.Time, w carry.Wallet, amount carry.Amount) {
	v.emit(carry.Event{Kind: carry.EvFlow, At: at, Pair: -1, Wallet: w, Amount: amount, Code: carry.CodeForeign})
}
