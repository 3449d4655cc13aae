package binance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"carry"
	"carry/internal/binance/wire"
)

// recall takes over what a journal tells, before anything is connected: what is
// heard from then on is known or new.
func (v *Venue) recall(p *Past) {
	o := &v.mirror.ours
	o.usdt = [2]carry.Amount{p.account.SpotUSDT, p.account.PerpUSDT}
	copy(o.coins, p.account.SpotCoins)
	copy(o.qty, p.account.PerpQty)
	v.last, v.token, v.paid = p.last, freshToken(p.token), p.paid
	v.flights.traded, v.moved = p.traded, p.moved
	for _, n := range p.ended {
		v.flights.ended[v.nameOf(n)] = true
	}
	for k := range p.orders {
		r := &p.orders[k]
		pair := &v.o.Pairs[r.cmd.Pair]
		x := &flight{cmd: r.cmd, market: wire.Market(r.cmd.Leg), symbol: pair.SpotSymbol, client: v.nameOf(r.pastName), sentAt: r.at,
			executed: r.executed, acked: r.acked, unsent: r.unsent}
		if r.cmd.Leg == carry.Perp {
			x.symbol = pair.PerpSymbol
		}
		v.flights.list = append(v.flights.list, x)
		v.flights.byName[x.client] = x
	}
	for k := range p.moves {
		r := &p.moves[k]
		v.moves = append(v.moves, &move{cmd: r.cmd, sentAt: r.at, unsent: r.unsent})
	}
	v.timers = append(v.timers, p.timers...)
}

// freshToken is new whatever was lost of a journal, the last starts included: it is
// the machine's time, not a count and not the market's time, which may stand.
func freshToken(before uint32) uint32 {
	token := uint32(time.Now().UnixMilli())
	for token == 0 || token == before {
		token++
	}
	return token
}

// startsMax is how many starts again within an hour are taken for accidents; with
// more the run pauses, whatever keeps ending it.
const startsMax = 10

// resume goes on after a crash: first the snapshot, whose balances are those of
// the books, then what happened meanwhile in the order of time, and last what is
// still not known of orders and transfers. Nothing is sent again.
func (v *Venue) resume(ctx context.Context, p *Past) error {
	o := &v.mirror.ours
	v.emit(carry.Event{Kind: carry.EvSnapshot, At: p.last, Pair: -1, ID: v.token, Balance: o.usdt[carry.SpotWallet], Balance2: o.usdt[carry.PerpWallet]})
	if v.o.Pace == nil && p.recent(v.token, carry.Hour) >= startsMax {
		v.o.Log(fmt.Sprintf("started %d times within an hour: nothing is opened until somebody resumes", startsMax+1))
		v.emit(carry.Event{Kind: carry.EvOperator, At: p.last, Pair: -1, Code: carry.CodePause})
	}
	if p.linkDown {
		v.emit(carry.Event{Kind: carry.EvLink, At: p.last, Pair: -1})
	}
	// An instant that has just passed is cut as ever, with what the streams tell.
	done := max(p.instant, (v.serverNow() - justPassed).Floor(v.o.Step))
	if err := v.history(ctx, done, p.settled); err != nil {
		return err
	}
	now := v.c.Now()
	for _, x := range v.flights.list {
		x.latest = v.serverNow()
		x.nextPoll = now
	}
	for _, m := range v.moves {
		m.latest = v.serverNow()
		m.nextPoll = now
	}
	if err := v.readAccount(ctx); err != nil {
		return err
	}
	if err := v.catchUp(ctx, p); err != nil {
		return err
	}
	if err := v.readRules(ctx, max(v.last, now)); err != nil {
		return err
	}
	v.market.prime(v.o.Step)
	if err := v.settleUnsent(ctx, now); err != nil {
		return err
	}
	return v.readAccount(ctx)
}

// catchUp tells what was traded and paid while nobody listened, as it came.
func (v *Venue) catchUp(ctx context.Context, p *Past) error {
	ends := map[*flight]wire.Order{}
	for _, x := range v.flights.list {
		o, err := v.query(ctx, x)
		var status *StatusError
		switch {
		case err == nil:
			v.known(x, o.ID)
			ends[x] = o
		case errors.As(err, &status) && status.Code == codeNoSuchOrder:
		default:
			return fmt.Errorf("look for order %s: %w", x.client, err)
		}
	}
	trades, err := v.missedTrades(ctx, p)
	if err != nil {
		return err
	}
	rates, paid, err := v.missedPayments(ctx)
	if err != nil {
		return err
	}
	for len(rates) > 0 {
		n := 1
		for n < len(rates) && rates[n].At == rates[0].At {
			n++
		}
		for len(trades) > 0 && trades[0].At < rates[0].At {
			if err := v.late(ctx, &trades[0], ends); err != nil {
				return err
			}
			trades = trades[1:]
		}
		v.market.settled = rates[:n]
		v.tellSettled(rates[0].At, paid)
		v.market.asked = rates[0].At
		rates = rates[n:]
	}
	v.market.settled = nil
	v.market.asked = max(v.market.asked, v.market.done)
	for k := range trades {
		if err := v.late(ctx, &trades[k], ends); err != nil {
			return err
		}
	}
	return v.endLate(ends)
}

// late tells a trade that was made meanwhile.
func (v *Venue) late(ctx context.Context, n *wire.OrderNews, ends map[*flight]wire.Order) error {
	x := v.flights.byID[n.Market][n.ID]
	if x == nil {
		o, err := v.orderNumbered(ctx, n)
		if err != nil {
			return err
		}
		n.Client = o.Client
		return v.otherNews(n)
	}
	total, err := wire.Qty(ends[x].Executed, v.o.Pairs[x.cmd.Pair].QtyDp)
	if err != nil {
		return err
	}
	last, err := wire.Qty(n.LastQty, v.o.Pairs[x.cmd.Pair].QtyDp)
	if err != nil {
		return err
	}
	n.Status = "PARTIALLY_FILLED"
	if ends[x].Status == "FILLED" && x.executed+last == total {
		n.Status = "FILLED"
	}
	return v.fill(x, n)
}

// endLate ends the orders that have ended, and lets the others be looked for
// whose trades are not all there yet.
func (v *Venue) endLate(ends map[*flight]wire.Order) error {
	for _, x := range append([]*flight(nil), v.flights.list...) {
		o, found := ends[x]
		if !found {
			if !x.unsent {
				v.emit(x.outcome(carry.EvAck, max(v.last, v.c.Now()), carry.CodeUnknown, x.cmd.Qty-x.executed))
			}
			continue
		}
		total, err := wire.Qty(o.Executed, v.o.Pairs[x.cmd.Pair].QtyDp)
		if err != nil {
			return err
		}
		switch {
		case total > x.executed:
			x.nextPoll = v.c.Now() + pollAfter[0]
		case o.Status == "NEW", o.Status == "PARTIALLY_FILLED":
		default:
			if err := v.finish(x, o.Status, "", max(v.last, v.c.Now())); err != nil {
				return err
			}
		}
	}
	return nil
}

// settleUnsent ends orders and transfers that were never sent: the session ended
// before their command was durable, so one look that finds nothing is proof. What
// was decided then is not carried out now; the core decides again.
func (v *Venue) settleUnsent(ctx context.Context, now carry.Time) error {
	at := max(v.last, now)
	for _, x := range append([]*flight(nil), v.flights.list...) {
		if x.unsent && x.id == 0 {
			v.flights.end(x)
			v.emit(x.outcome(carry.EvReject, at, carry.CodeExpired, x.cmd.Qty))
		}
	}
	left := v.moves[:0]
	for _, m := range v.moves {
		rows, err := v.transfers(ctx, m)
		if err != nil {
			return err
		}
		done, code := v.outcomeOf(m, rows, now)
		if !done && m.unsent && m.id == 0 {
			done, code = true, carry.CodeExpired
		}
		if !done {
			left = append(left, m)
			continue
		}
		v.moved[m.id] = true
		v.emit(m.outcome(at, code))
	}
	v.moves = left
	return nil
}

// missedTrades are the trades that were not told, of every pair that this run has
// traded, in the order in which they were made.
func (v *Venue) missedTrades(ctx context.Context, p *Past) ([]wire.OrderNews, error) {
	var out []wire.OrderNews
	for i := range v.o.Pairs {
		for m, symbol := range [...]string{v.o.Pairs[i].SpotSymbol, v.o.Pairs[i].PerpSymbol} {
			var list []wire.OrderNews
			var err error
			if after := p.lastID[m][i]; after != 0 {
				list, err = v.tradesAfter(ctx, wire.Market(m), symbol, after)
			} else if !v.mirror.same(i) {
				// Nothing of it is in the journal: its end may be lost.
				list, err = v.tradesSince(ctx, wire.Market(m), symbol, p.last-carry.Minute)
			}
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	// Of a pair that was never traded before only the orders are known; and trades
	// of one order may have been told out of order.
	for _, x := range v.flights.list {
		if x.id == 0 {
			continue
		}
		list, err := v.tradesOf(ctx, x)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	out = slices.DeleteFunc(out, func(n wire.OrderNews) bool { return v.flights.traded[n.Market][n.TradeID] })
	slices.SortFunc(out, func(a, b wire.OrderNews) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Market, b.Market), cmp.Compare(a.TradeID, b.TradeID))
	})
	return slices.CompactFunc(out, func(a, b wire.OrderNews) bool { return a.Market == b.Market && a.TradeID == b.TradeID }), nil
}

// tradesPage is how many trades one answer holds at most.
const tradesPage = 1000

// tradesAfter reads a symbol's trades from a number on, which is known already.
func (v *Venue) tradesAfter(ctx context.Context, m wire.Market, symbol string, after int64) (list []wire.OrderNews, err error) {
	x := &flight{market: m, symbol: symbol}
	for {
		page, err := v.trades(ctx, x, "&limit="+strconv.Itoa(tradesPage)+"&fromId="+strconv.FormatInt(after, 10))
		if err != nil {
			return nil, err
		}
		before := after
		for k := range page {
			after = max(after, page[k].TradeID+1)
		}
		list = append(list, page...)
		if len(page) < tradesPage || after == before {
			return list, nil
		}
	}
}

// orderNumbered asks for the order that made a trade.
func (v *Venue) orderNumbered(ctx context.Context, n *wire.OrderNews) (o wire.Order, err error) {
	x := &flight{market: n.Market, symbol: n.Symbol}
	h, path := x.apiPath("order")
	r := v.c.signed(h, path, url.Values{"symbol": {n.Symbol}, "orderId": {strconv.FormatInt(n.ID, 10)}}.Encode(), 4)
	err = v.c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		o, err = wire.DecodeOrder(body)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("order %d of %s, which traded meanwhile: %w", n.ID, n.Symbol, err)
	}
	return o, nil
}

// justPassed is how long after an instant its cross-section may still be made of
// what the streams tell.
const justPassed = 30 * carry.Second

// missedPayments are the settlements since the last that were told, and the lines
// of the income history that belong to them. Just after a settlement the history
// may lack a line; then it is waited for.
func (v *Venue) missedPayments(ctx context.Context) (rates []carry.Settlement, paid []wire.Income, err error) {
	m := &v.market
	if m.asked >= m.done {
		return nil, nil, nil
	}
	for began := v.c.Now(); ; {
		if rates, err = v.settledBetween(ctx, m.asked, m.done); err != nil {
			return nil, nil, err
		}
		if paid, err = v.fundingIncome(ctx, m.asked); err != nil {
			return nil, nil, err
		}
		m.settled = rates
		if !v.awaitsPayment(paid) || v.o.Pace != nil || v.c.Now() >= began+patience {
			return rates, paid, nil
		}
		if err := v.c.o.Clock.SleepUntil(ctx, v.c.Now()+3*carry.Second); err != nil {
			return nil, nil, err
		}
	}
}
