package sim

import "carry"

// The declared path of a bar. Where nothing finer than a bar is known, prices
// within it go from the open to the extreme nearer to it at a third of its
// length, to the other one at two thirds, and to the close, in straight lines.
// The perpetual follows spot at a premium that moves evenly from the bar's first
// to its last, within its own high and low; alone it goes its own way, and the
// mark follows the perpetual in the same manner. So both legs of a hedge meet
// one market, not two.

// barPath is the price within a bar at fraction f of its length: open, first
// extreme at 1/3, second at 2/3, close, linear in between. The extreme nearer
// to the open comes first, which is the shorter way and the one most bars take.
func barPath(open, high, low, close, f float64) float64 {
	if f <= 0 {
		return open
	}
	if f >= 1 {
		return close
	}
	first, second := high, low
	if lowFirst(open, high, low) {
		first, second = low, high
	}
	switch x := float64(3 * f); {
	case x < 1:
		return open + float64((first-open)*x)
	case x < 2:
		return first + float64((second-first)*(x-1))
	default:
		return second + float64((close-second)*(x-2))
	}
}

func lowFirst(open, high, low float64) bool { return open-low < high-open }

// bar is one pair's bar in a block.
type bar struct {
	b *carry.Block
	k int
}

func (b bar) trades(leg carry.Leg) bool { return b.of(leg).Volume[b.k] > 0 }

func (b bar) of(leg carry.Leg) *carry.Bars {
	if leg == carry.Perp {
		return &b.b.Perp
	}
	return &b.b.Spot
}

// own is the leg's path by its own bar.
func (b bar) own(leg carry.Leg, f float64) float64 {
	s := b.of(leg)
	return barPath(s.Open[b.k], s.High[b.k], s.Low[b.k], s.Close[b.k], f)
}

// path is the leg's price at fraction f of the bar, which must trade.
func (b bar) path(leg carry.Leg, f float64) float64 {
	if leg == carry.Spot || f <= 0 || f >= 1 || !b.trades(carry.Spot) {
		return b.own(leg, f)
	}
	return b.follow(b.own(carry.Spot, f), f)
}

// follow is the perpetual within the bar where spot's path is at price spot.
func (b bar) follow(spot, f float64) float64 {
	s, p, k := &b.b.Spot, &b.b.Perp, b.k
	return between(spot*ratio(p.Open[k], s.Open[k], p.Close[k], s.Close[k], f), p.Low[k], p.High[k])
}

// ratio moves evenly from a/b at a bar's start to c/d at its end.
func ratio(a, b, c, d, f float64) float64 {
	from := a / b
	return from + float64((c/d-from)*f)
}

func between(x, low, high float64) float64 { return min(max(x, low), high) }

// mark is the mark price at fraction f of the bar; last, the mark at its start,
// where neither mark nor perpetual has a bar.
func (b bar) mark(f, last float64) float64 {
	perp := 0.0
	if b.trades(carry.Perp) {
		perp = b.path(carry.Perp, f)
	}
	return b.markBy(perp, f, last)
}

// markBy is mark where the perpetual's path, if it trades, is at price perp.
func (b bar) markBy(perp, f, last float64) float64 {
	open, high, end := b.b.MarkOpen[b.k], b.b.MarkHigh[b.k], b.b.MarkClose[b.k]
	known := open == open && end == end && high == high
	switch {
	case known && b.trades(carry.Perp):
		p := &b.b.Perp
		return min(perp*ratio(open, p.Open[b.k], end, p.Close[b.k], f), high)
	case known:
		return open + float64((end-open)*f)
	case b.trades(carry.Perp):
		return perp
	}
	return last
}

// peakAt is the fraction of the bar at which the path of the perpetual and of
// the mark is highest: where that of spot is, which they follow.
func (b bar) peakAt() float64 {
	leg := carry.Spot
	if !b.trades(carry.Spot) {
		leg = carry.Perp
	}
	s := b.of(leg)
	if lowFirst(s.Open[b.k], s.High[b.k], s.Low[b.k]) {
		return 2.0 / 3
	}
	return 1.0 / 3
}

// extreme is the highest (side Buy) or lowest (Sell) price of the leg's path
// from fraction f to g: at its ends or at one of its corners.
func (b bar) extreme(leg carry.Leg, side carry.Side, f, g float64) float64 {
	best := b.path(leg, f)
	for _, x := range [...]float64{1.0 / 3, 2.0 / 3, g} {
		if x <= f || x > g {
			continue
		}
		if p := b.path(leg, x); (p > best) == (side == carry.Buy) {
			best = p
		}
	}
	return best
}

// moment writes what path and mark say of fraction f into m, whose row has the
// prices of the bar's start: together, since each leans on the one before.
func (b bar) moment(f float64, m *carry.Market, i int) {
	spotTrades, perpTrades := b.trades(carry.Spot), b.trades(carry.Perp)
	spot, perp, last := 0.0, 0.0, m.PerpLast[i]
	if spotTrades {
		spot = b.own(carry.Spot, f)
	}
	switch {
	case perpTrades && spotTrades && f > 0 && f < 1:
		perp = b.follow(spot, f)
	case perpTrades:
		perp = b.own(carry.Perp, f)
	}
	m.Mark[i] = b.markBy(perp, f, m.Mark[i])
	if perpTrades {
		m.PerpLast[i] = perp
	}
	switch {
	case spotTrades:
		m.SpotLast[i] = spot
	case perpTrades:
		// A halted coin goes with its perpetual, as at the bar's start.
		m.SpotLast[i] = float64(m.SpotLast[i] * (perp / last))
	}
}
