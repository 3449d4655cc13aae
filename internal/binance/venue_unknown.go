package binance

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"carry"
	"carry/internal/binance/wire"
)

// pollAfter are the waits between looks for an order whose sending had no clear
// answer (binance.md §3.2); the last one repeats.
var pollAfter = [...]carry.Time{200, 300, 500, carry.Second, 2 * carry.Second, 4 * carry.Second, 7 * carry.Second, 15 * carry.Second}

// provenAfter is when an order that nobody finds can no longer appear: a
// request is refused once its receive window is over, and the rest allows for
// clocks and for readers that lag behind.
const provenAfter = recvWindow + 60*carry.Second

const codeNoSuchOrder = -2013

// quietMax is how long an order may be without news before it is asked for: its
// event may be lost while the stream goes on. A resting one is asked for as often.
const quietMax = carry.Minute

// lookLater asks for an order's state again, after a wait that grows.
func (v *Venue) lookLater(x *flight) {
	x.nextPoll = v.c.Now() + pollAfter[min(x.polls, len(pollAfter)-1)]
	x.polls++
}

// noticeQuiet makes orders without news be looked for. In lockstep no stop is
// asked for that: the next step is early enough.
func (v *Venue) noticeQuiet(now carry.Time) {
	for _, x := range v.flights.list {
		if x.nextPoll == 0 && now-max(x.sentAt, x.lookedAt) >= quietMax {
			x.nextPoll, x.lookedAt = now, now
		}
	}
}

// settleUnknown looks for the orders that are due: freeze, query, prove, never
// send again.
func (v *Venue) settleUnknown(ctx context.Context, now carry.Time) error {
	for _, x := range v.flights.list {
		if x.nextPoll == 0 || x.nextPoll > now || v.unpaid(x.market) {
			continue
		}
		o, err := v.query(ctx, x)
		var status *StatusError
		switch {
		case err == nil:
			return v.found(ctx, x, &o)
		case errors.As(err, &status) && status.Code == codeNoSuchOrder:
			if now-max(x.sentAt, x.latest) > provenAfter {
				return v.absent(ctx, x, now)
			}
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			v.o.Log(fmt.Sprintf("order %s cannot be looked for: %v", x.client, err))
		}
		x.nextPoll = now + pollAfter[min(x.polls, len(pollAfter)-1)]
		x.polls++
	}
	return nil
}

// found takes an order's state over. What it traded is read by number, so that
// it is the same whether the stream tells it too.
func (v *Venue) found(ctx context.Context, x *flight, o *wire.Order) error {
	v.known(x, o.ID)
	total, err := wire.Qty(o.Executed, v.o.Pairs[x.cmd.Pair].QtyDp)
	if err != nil {
		return err
	}
	if total > x.executed {
		return v.missed(ctx, x)
	}
	if o.Status == "NEW" || o.Status == "PARTIALLY_FILLED" {
		return nil // the stream tells the rest
	}
	return v.finish(x, o.Status, "", max(v.last, v.c.Now()))
}

// missed reads an order's trades, tells those that were not told, and ends it
// where it has ended.
func (v *Venue) missed(ctx context.Context, x *flight) error {
	o, err := v.query(ctx, x)
	if err != nil {
		return err
	}
	trades, err := v.tradesOf(ctx, x)
	if err != nil {
		return err
	}
	for k := range trades {
		trades[k].Status = "PARTIALLY_FILLED"
		if k == len(trades)-1 {
			trades[k].Status = o.Status
		}
		if err := v.fill(x, &trades[k]); err != nil {
			return err
		}
	}
	total, err := wire.Qty(o.Executed, v.o.Pairs[x.cmd.Pair].QtyDp)
	if err != nil {
		return err
	}
	if total > x.executed {
		// The list of trades lags behind the order: look again.
		v.lookLater(x)
		return nil
	}
	if o.Status == "NEW" || o.Status == "PARTIALLY_FILLED" {
		return nil
	}
	return v.finish(x, o.Status, "", max(v.last, v.c.Now()))
}

// absent proves that an order was never placed: query, open orders, all orders
// and trades since it was sent must agree. Where they do not, nothing is decided
// and a person must look.
func (v *Venue) absent(ctx context.Context, x *flight, now carry.Time) error {
	open, err := v.ordersOf(ctx, x, "openOrders", "")
	if err != nil {
		return err
	}
	since := "&startTime=" + ms(x.sentAt-carry.Second)
	all, err := v.ordersOf(ctx, x, "allOrders", since)
	if err != nil {
		return err
	}
	for _, list := range [][]wire.Order{open, all} {
		for k := range list {
			if list[k].Client == x.client {
				return v.found(ctx, x, &list[k])
			}
		}
	}
	trades, err := v.trades(ctx, x, since)
	if err != nil {
		return err
	}
	for k := range trades {
		if n := &trades[k]; v.flights.byID[n.Market][n.ID] == nil && !v.flights.traded[n.Market][n.TradeID] {
			return fmt.Errorf("%w: trade %d of %s belongs to no order that is known, while order %s is looked for", ErrForeign, n.TradeID, n.Symbol, x.client)
		}
	}
	v.o.Log(fmt.Sprintf("order %s was never placed: four reads agree, and it can no longer appear", x.client))
	v.flights.end(x)
	v.emit(x.outcome(carry.EvReject, max(v.last, now), carry.CodeExpired, x.cmd.Qty-x.executed))
	return nil
}

// apiPath is an endpoint of the order's market.
func (x *flight) apiPath(name string) (h host, path string) {
	if x.market == wire.Futures {
		return hostFutures, "/fapi/v1/" + name
	}
	return hostSpot, "/api/v3/" + name
}

// query asks for an order by its name.
func (v *Venue) query(ctx context.Context, x *flight) (o wire.Order, err error) {
	h, path := x.apiPath("order")
	r := v.c.signed(h, path, url.Values{"symbol": {x.symbol}, "origClientOrderId": {x.client}}.Encode(), 4)
	err = v.c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		o, err = wire.DecodeOrder(body)
		return err
	})
	if err == nil && o.Client != x.client {
		err = fmt.Errorf("%w: asked for order %s, got %s", wire.ErrFormat, x.client, o.Client)
	}
	return o, err
}

func (v *Venue) ordersOf(ctx context.Context, x *flight, name, more string) (list []wire.Order, err error) {
	h, path := x.apiPath(name)
	r := v.c.signed(h, path, "symbol="+url.QueryEscape(x.symbol)+more, 20)
	err = v.c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		list, err = wire.DecodeOrders(body)
		return err
	})
	return list, err
}

// tradesOf reads an order's trades.
func (v *Venue) tradesOf(ctx context.Context, x *flight) ([]wire.OrderNews, error) {
	list, err := v.trades(ctx, x, "&orderId="+strconv.FormatInt(x.id, 10))
	if err != nil {
		return nil, err
	}
	mine := list[:0]
	for _, n := range list {
		if n.ID == x.id {
			mine = append(mine, n)
		}
	}
	return mine, nil
}

func (v *Venue) trades(ctx context.Context, x *flight, more string) (list []wire.OrderNews, err error) {
	name, weight := "myTrades", 20
	if x.market == wire.Futures {
		name, weight = "userTrades", 5
	}
	h, path := x.apiPath(name)
	r := v.c.signed(h, path, "symbol="+url.QueryEscape(x.symbol)+more, weight)
	err = v.c.get(ctx, r, func(body []byte) (err error) {
		if err := notAnError(r, body); err != nil {
			return err
		}
		list, err = wire.DecodeTrades(body, x.market)
		return err
	})
	return list, err
}

// signed is a signed request that may be repeated.
func (c *Client) signed(h host, path, query string, weight int) *request {
	return &request{host: h, path: path, query: query, sign: true, weight: weight, limiter: c.weight[h], bodyMax: restBodyMax}
}
