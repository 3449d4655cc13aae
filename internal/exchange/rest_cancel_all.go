package exchange

import (
	"strconv"

	"carry"
)

// cancelAll answers DELETE openOrders of spot and allOpenOrders of futures.
// Spot lists what it cancelled and refuses where there is nothing; futures says
// that it is done.
func cancelAll(t *Trading, q *query) answer {
	i, r := t.pairIn(q)
	if r != nil {
		return r.answer()
	}
	gone, r := t.cancelEvery(q.market, i)
	switch {
	case r != nil:
		return r.answer()
	case q.market == FuturesMarket:
		return asJSON(object{{"code", 200}, {"msg", "The operation of cancel all open order is done."}})
	case len(gone) == 0:
		return (&refusal{400, -2011, "Unknown order sent."}).answer()
	}
	rows := []object{}
	for _, o := range gone {
		rows = append(rows, append(object{{"origClientOrderId", o.client}}, t.orderAnswer(o, false)...))
	}
	return asJSON(rows)
}

// cancelEvery withdraws a symbol's open orders.
func (t *Trading) cancelEvery(m Market, pair int32) (gone []*order, r *refusal) {
	for _, o := range t.orders.all {
		if o.market != m || o.pair != pair || o.final() {
			continue
		}
		if r := t.submit(&carry.Command{Kind: carry.CmdCancel, Pair: o.pair, Leg: legOf(o.market), Order: carry.OrderID(o.id)}); r != nil {
			return gone, r
		}
		if !t.opt.Lockstep {
			t.until(o.final)
		}
		gone = append(gone, o)
	}
	return gone, nil
}

// countdown answers POST countdownCancelAll: unless it comes again in time, all
// open orders of the symbol are cancelled. 0 ends it.
func countdown(t *Trading, q *query) answer {
	i, r := t.pairIn(q)
	if r != nil {
		return r.answer()
	}
	v, sent, r := q.integer("countdownTime")
	if r != nil || !sent {
		return missing("countdownTime").answer()
	}
	delete(t.countdowns, i)
	if v > 0 {
		at := q.now + carry.Time(v)
		// Time must stop there, or the bar's path would fill what is withdrawn.
		if r := t.submit(&carry.Command{Kind: carry.CmdTimer, Pair: -1, At: at}); r != nil {
			return r.answer()
		}
		t.countdowns[i] = at
	}
	return asJSON(object{{"symbol", t.symbol(FuturesMarket, i)}, {"countdownTime", strconv.FormatInt(v, 10)}})
}

// runOut cancels the orders of clients whose countdown ended.
func (t *Trading) runOut(now carry.Time) {
	for i := range t.info.Pairs {
		if at, set := t.countdowns[int32(i)]; set && at <= now {
			delete(t.countdowns, int32(i))
			for _, o := range t.orders.all {
				if o.market == FuturesMarket && o.pair == int32(i) && !o.final() {
					// An order that cannot be withdrawn any more is filled.
					_ = t.submit(&carry.Command{Kind: carry.CmdCancel, Pair: o.pair, Leg: carry.Perp, Order: carry.OrderID(o.id)})
				}
			}
		}
	}
}
