package panel

import (
	"math"

	"carry"
)

// Kinds of slices.
const (
	opening = iota
	reducing
)

// slice is one leg's order.
type slice struct {
	kind int
	pair int32
	qty  carry.Qty
	left carry.Qty
	code carry.Code
	refs carry.Price
}

// traded sums a pair's fills by kind and leg.
type traded struct {
	way   int // orders on their way
	fills [2][2]struct{ coins, paid, seen float64 }
}

// sent notes an order. A refusal by the gate follows as a reject.
func (b *Board) sent(c *carry.Command) {
	kind := reducing
	if (c.Leg == carry.Perp) == (c.Side == carry.Sell) {
		kind = opening
	}
	if c.Code == carry.CodeRepair {
		kind = reducing
	}
	b.orders[c.Order] = &slice{kind: kind, pair: c.Pair, qty: c.Qty, left: c.Qty, code: c.Code, refs: c.Ref}
	b.now.Slices[kind].Sent++
	b.traded[c.Pair].way++
}

// outcome counts what became of an order.
func (b *Board) outcome(ev *carry.Event) {
	s := b.orders[ev.Order]
	if ev.Kind == carry.EvFill {
		b.now.Counts.Fills++
	}
	if ev.Kind == carry.EvAck && ev.Code != carry.OK {
		b.now.Counts.Unknown++
	}
	if s == nil || ev.Kind == carry.EvAck || ev.Code == carry.CodeUnknownOrder {
		return
	}
	n := &b.now.Slices[s.kind]
	switch ev.Kind {
	case carry.EvFill:
		b.filled(ev, s)
		s.left = ev.Left
		if ev.Left > 0 {
			return
		}
		n.Filled++
	case carry.EvReject:
		switch ev.Code {
		case carry.CodeGateLimit, carry.CodeGateRate, carry.CodeGateKilled, carry.CodeGateFilter:
			n.Refused++
		default:
			n.Missed++
		}
	case carry.EvCanceled:
		if s.left < s.qty {
			n.Partly++
		} else {
			n.Missed++
		}
	}
	delete(b.orders, ev.Order)
	b.traded[s.pair].way--
}

// filled adds a fill to its pair's sums, in coins.
func (b *Board) filled(ev *carry.Event, s *slice) {
	p := &b.o.Pairs[ev.Pair]
	q := p.QtyFloat(ev.Qty)
	f := &b.traded[ev.Pair].fills[s.kind][ev.Leg]
	f.paid += float64(q * ev.Price.Float())
	f.seen += float64(q * ev.Ref.Float())
	if ev.Leg == carry.Perp {
		q *= float64(p.Mult)
	}
	f.coins += q
}

// slices are the counts with the premiums seen and got.
func (b *Board) slices() [2]SliceLine {
	out := b.now.Slices
	for kind := range out {
		var weight, seen, got float64
		for i := range b.traded {
			spot, perp := &b.traded[i].fills[kind][carry.Spot], &b.traded[i].fills[kind][carry.Perp]
			if spot.coins == 0 || perp.coins == 0 || spot.seen == 0 || spot.paid == 0 {
				continue
			}
			w := perp.paid
			weight += w
			seen += float64(w * (perp.seen/perp.coins/(spot.seen/spot.coins) - 1))
			got += float64(w * (perp.paid/perp.coins/(spot.paid/spot.coins) - 1))
		}
		out[kind].Seen, out[kind].Got = Figure(math.NaN()), Figure(math.NaN())
		if weight > 0 {
			out[kind].Seen, out[kind].Got = Figure(seen/weight), Figure(got/weight)
		}
	}
	return out
}
