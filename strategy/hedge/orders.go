package hedge

import (
	"math"

	"carry"
)

// order sends one leg. The pair counts as busy until the outcome is known, so
// that late news never causes a second opening or closing (S16).
func (d *Desk) order(i int, leg carry.Leg, side carry.Side, q carry.Qty, m *carry.Market, code carry.Code, x [3]float64) {
	d.nextID++
	ref := m.Mid(leg, i)
	d.out = append(d.out, carry.Command{Kind: carry.CmdOrder, Pair: int32(i), Leg: leg, Side: side, Qty: q,
		Order: d.nextID, ReduceOnly: leg == carry.Perp && side == carry.Buy, Ref: carry.PriceFromFloat(ref), Code: code, X: x})
	st := &d.st[i]
	st.work[leg] = work{id: d.nextID, left: q, sent: d.now}
	st.orders++
	d.inFlight++
	d.touch(i)
}

// pends notes what a leg's order on its way adds, USDT.
func (d *Desk) pends(i int, leg carry.Leg, usdt float64) {
	st := &d.st[i]
	w := &st.work[leg]
	w.each = usdt / float64(w.left)
	if leg == carry.Perp {
		st.pendPerp = usdt
	} else {
		st.pendSpot = usdt
	}
}

// note records a decision that is no order.
func (d *Desk) note(i int, code carry.Code, x [3]float64) {
	d.out = append(d.out, carry.Command{Kind: carry.CmdNote, Pair: int32(i), Code: code, X: x})
}

// orderDone takes an outcome over. The account in the event already has it.
func (d *Desk) orderDone(ev *carry.Event) {
	if ev.Code == carry.CodeUnknownOrder {
		return // a cancel's answer
	}
	i := int(ev.Pair)
	st := &d.st[i]
	leg := carry.Spot
	if st.work[carry.Perp].id == ev.Order {
		leg = carry.Perp
	}
	w := &st.work[leg]
	if w.id == 0 || w.id != ev.Order {
		d.touch(i) // of an order that was given up when its market ended
		return
	}
	if ev.Left > 0 {
		w.left, w.part = ev.Left, true
		d.pendsLess(st, leg, w)
		d.touch(i)
		return
	}
	d.refusal(st, w, ev)
	*w = work{}
	d.pendsLess(st, leg, w)
	st.orders--
	d.inFlight--
	d.touch(i)
	if d.reducing && ev.Kind == carry.EvFill && ev.Leg == carry.Spot && ev.Side == carry.Sell {
		d.proceeds += (ev.Amount - ev.Fee).Float()
	}
	if ev.Kind != carry.EvFill {
		d.wakeBy(d.now) // a leg may be missing now
		st.refusedAt = d.now
	}
	if st.orders == 0 {
		d.atRest(i, ev)
	}
	if d.pool == poolEmergency && d.inFlight == 0 && ev.Kind == carry.EvFill {
		// What was cut was an estimate: the rest does not wait for an hour.
		d.wakeBy(d.now + carry.Time(d.p.SliceGapS*float64(carry.Second)))
	}
}

// Waits after orders that came to nothing.
const (
	refusalWaitMax = carry.Minute // the longest after refusals in a row
	emptyWait      = carry.Second // after one that found nothing to trade with
)

// refusal counts refusals in a row. The first attempt is repeated at once, the
// next after a second, two, four, up to a minute: an exchange that refuses, or a
// gate, is not to be stormed. Neither is an empty book.
func (d *Desk) refusal(st *pairState, w *work, ev *carry.Event) {
	switch {
	case ev.Kind == carry.EvReject:
		if ev.Code == carry.CodeGateLoss { // nothing is opened today any more
			st.reopenAt = max(st.reopenAt, d.now.Floor(carry.Day)+carry.Day)
		}
		if st.refusals++; st.refusals > 2 { // both legs of one attempt
			st.askAgain = max(st.askAgain, d.now+min(carry.Second<<min((st.refusals-3)/2, 10), refusalWaitMax))
		}
	case ev.Kind == carry.EvCanceled && !w.part:
		st.refusals, st.askAgain = 0, max(st.askAgain, d.now+emptyWait)
	default:
		st.refusals, st.askAgain = 0, 0
	}
}

func (d *Desk) pendsLess(st *pairState, leg carry.Leg, w *work) {
	if leg == carry.Perp {
		st.pendPerp = float64(w.each * float64(w.left))
	} else {
		st.pendSpot = float64(w.each * float64(w.left))
	}
}

// atRest moves a pair on when the last of its orders is done.
func (d *Desk) atRest(i int, ev *carry.Event) {
	st := &d.st[i]
	if st.state == Frozen {
		d.known(i)
	}
	reduced := ev.Kind == carry.EvFill && (ev.Leg == carry.Perp) == (ev.Side == carry.Buy)
	if (reduced || st.closing != carry.OK) && d.flat(i) {
		d.closed(i)
	}
	// Legs that differ are for the next cross-section to look at.
	if !d.apart(i) {
		if st.state == Opening && d.value(i) >= 0.95*d.coin {
			st.filling = false
		}
		d.settleState(i)
	} else if st.refusedAt != 0 && st.refusedAt < d.now {
		// A leg was refused some time before the other one was filled: the look that
		// its refusal asked for came too early.
		d.wakeBy(d.now)
	}
	st.refusedAt = 0
	d.moveProceeds()
	slicing := st.state == Opening || st.state == Closing || st.state == Reducing
	if slicing && st.nextSlice <= d.now && (st.closing != carry.OK || st.filling || st.more || st.trimTo > 0) {
		d.wakeBy(d.now) // the news came later than the next slice's time
	}
}

// closed begins the wait after any close, whoever asked for it. What is left
// below the smallest order is said to be dust.
func (d *Desk) closed(i int) {
	st := &d.st[i]
	if coins, contracts := d.acct.SpotCoinsF[i], d.acct.PerpQtyF[i]; coins != 0 || contracts != 0 {
		d.note(i, carry.CodeDust, [3]float64{coins, contracts, d.mark[i]})
	}
	st.closing, st.waitFrom, st.trimTo, st.filling = carry.OK, 0, 0, false
	if st.state != Frozen && st.state != Repair {
		st.state = Flat
	}
	st.before = Flat
	st.reopenAt = max(st.reopenAt, d.now+hours(d.p.ReopenAfterH))
}

func hours(h float64) carry.Time { return carry.Time(math.Floor(h * float64(carry.Hour))) }

// pairEnded forgets a pair whose market is gone, for good or for a while; stale
// flags keep it closed. Coins that are left over are sold.
func (d *Desk) pairEnded(ev *carry.Event) {
	i := int(ev.Pair)
	s := &d.st[i]
	d.inFlight -= s.orders
	if s.state == Frozen {
		d.frozen--
	}
	*s = pairState{active: s.active, ends: s.ends, leverage: s.leverage, gap: reading{sure: true}, retried: true}
	d.touch(i)
	d.settleState(i)
	if s.state != Flat {
		d.wakeBy(d.now)
	}
}

// taken answers a liquidation or a deleveraging: the coins it left unhedged are
// sold without a second look.
func (d *Desk) taken(ev *carry.Event) {
	i := int(ev.Pair)
	d.touch(i)
	d.st[i].gap.sure, d.st[i].retried = true, true
	d.wakeBy(d.now)
}

// flat tells whether nothing of the pair can be closed any more; a remainder
// below the smallest order is dust.
func (d *Desk) flat(i int) bool { return !d.held(i) }

// sellable is the pair's coins in whole spot lots; 0 below the smallest order.
func (d *Desk) sellable(i int) carry.Qty {
	if d.acct.SpotCoinsF[i] < d.lots[i].spotLeast || d.rules[i] == nil {
		return 0
	}
	quanta, _ := d.acct.SpotCoins[i].QuoFloor(carry.Pow10[8-d.pairs[i].QtyDp])
	q, ok := quanta.Int64()
	if !ok {
		q = math.MaxInt64
	}
	f := &d.rules[i].Legs[carry.Spot]
	lots := carry.Qty(q) - carry.Qty(q)%f.Lot()
	if lots < f.MinQty {
		return 0
	}
	return lots
}
