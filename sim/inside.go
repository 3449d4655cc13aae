package sim

import (
	"math"

	"carry"
)

// What happens inside a bar.

// within makes the next step inside the bar that opens at at; false where there
// is none.
func (v *Venue) within(f *Frames, at carry.Time) bool {
	due, any := v.queue.next()
	if v.told != nil && due > v.told.until {
		any = false
	}
	if v.show && (!any || due > v.showAt) {
		v.show = false
		v.lookIn(f, at)
		return true
	}
	if len(v.x.resting) > 0 {
		// The next look: a whole number of moments after the bar's start.
		step := v.x.opt.Moment
		next := max(v.now, at) - at
		next = at + next - next%step + step
		if next < at+f.Step && (!any || next < due) && (v.told == nil || next <= v.told.until) {
			v.reach(f, at, next, float64(next-at)/float64(f.Step))
			v.show, v.showAt = true, next
			return true
		}
	}
	if !any || due >= at+f.Step {
		return false
	}
	v.execute(f, at, v.queue.pop())
	return true
}

// execute lets one order, transfer or timer reach the market.
func (v *Venue) execute(f *Frames, start carry.Time, it item) {
	c := &it.cmd
	frac := max(float64(it.at-start)/float64(f.Step), 0)
	v.reach(f, start, it.at, frac)
	switch {
	case it.what == doReveal:
		v.x.reveal(c, it.at)
		return
	case it.what == doCharge:
		v.x.charge(c.Pair, it.at)
		return
	}
	switch c.Kind {
	case carry.CmdTransfer:
		if later := v.x.transfer(c, it.at); later > 0 {
			v.queue.add(item{at: it.at + later, what: doReveal, cmd: *c})
		}
	case carry.CmdTimer:
		v.x.emit(carry.Event{Kind: carry.EvTimer, At: it.at, Pair: -1, ID: c.ID})
		v.show, v.showAt = true, it.at
	case carry.CmdCancel:
		v.x.withdraw(c, it.at)
	case carry.CmdLeverage:
		v.x.setLeverage(c, it.at)
	case carry.CmdOrder:
		v.arrive(f, start, frac, it.at, c)
	}
}

// arrive brings an order to its leg's touch.
func (v *Venue) arrive(f *Frames, start carry.Time, frac float64, at carry.Time, c *carry.Command) {
	i, q := int(c.Pair), &f.rows[v.r]
	row := bar{f.Block, v.r*f.Block.P + i}
	half, path := q.half(c.Leg, i), 0.0
	if v.told != nil {
		path, half = v.told.touch(c.Leg, i)
	}
	if at < v.x.endedUntil[i] || !row.trades(c.Leg) || half != half || v.x.rules[i] == nil {
		v.x.reject(c, at, carry.CodeHalted)
		return
	}
	if v.told == nil {
		path = row.path(c.Leg, frac)
	}
	t := touch{path: path, half: half, daily: q.daily(c.Leg, i), vol: q.slow.volFrac[i],
		room: v.room(c.Leg, i, row, start, at, f.Step)}
	if taken := v.x.arrive(c, &t, at); taken > 0 {
		v.used[c.Leg][i] += v.x.info.Pairs[i].QtyFloat(taken)
	}
}

// room is how much of a leg can still be had in the bar by a time.
func (v *Venue) room(leg carry.Leg, i int, row bar, start, at, step carry.Time) float64 {
	if v.usedAt[leg][i] != start {
		v.usedAt[leg][i], v.used[leg][i] = start, 0
	}
	if v.x.opt.Frictionless {
		return math.Inf(1)
	}
	return v.x.opt.Volume.Fillable(row.of(leg).Volume[row.k], at-start, step) - v.used[leg][i]
}

// reach lets the bar go on to fraction frac at time at: resting orders that the
// path went through are filled, and the marks met on the way are judged.
func (v *Venue) reach(f *Frames, start, at carry.Time, frac float64) {
	if frac <= v.judged && frac > 0 {
		return
	}
	from := v.judged
	v.judged = frac
	for k := 0; k < len(v.x.resting); {
		c := &v.x.resting[k].cmd
		i, leg := int(c.Pair), c.Leg
		row := bar{f.Block, v.r*f.Block.P + i}
		if !row.trades(leg) || at < v.x.endedUntil[i] {
			k++
			continue
		}
		p := row.extreme(leg, -c.Side, from, frac)
		q, gone := v.x.reached(k, p, v.room(leg, i, row, start, at, f.Step), at)
		v.used[leg][i] += v.x.info.Pairs[i].QtyFloat(q)
		if !gone {
			k++
		}
	}
	if len(v.x.acct.open) == 0 {
		return
	}
	base := v.r * f.Block.P
	if v.x.bearsHighs(f.Block, base) {
		return
	}
	for _, i := range v.x.acct.open {
		v.x.high[i] = v.x.adverse(bar{f.Block, base + int(i)}, i, from, frac)
	}
	v.x.liquidate(at)
}

// bearsHighs tells whether the futures wallet certainly bears the bar: even at the
// highest that any path of it reaches, all pairs at once, margin is safe by more
// than rounding. Nearly every bar is one, and its paths need not be walked.
func (x *Exchange) bearsHighs(b *carry.Block, base int) bool {
	if x.opt.Isolated {
		return false
	}
	a := &x.acct
	balance, maintenance := a.perpUSDT.Float(), 0.0
	for _, i := range a.open {
		h, k := x.mark[i], base+int(i)
		if p := b.Perp.High[k]; p > h {
			h = p
		}
		if p := b.MarkHigh[k]; p > h {
			h = p
		}
		q := a.qtyF[i]
		if q > 0 {
			return false // what is highest is worst for a short only
		}
		v := float64(q * h)
		balance += v - a.costF[i]
		maintenance += x.rungs[i].Margin(x.brackets[i], -v)
	}
	return balance > float64(maintenance*(1+1e-6))+1e-3
}

// adverse is pair i's mark when it is worst for a short between two fractions of
// a bar. Where the bar's peak lies between them it is the mark's recorded high,
// or the perpetual's own where no mark is known, whose wicks are longer; all
// pairs are judged at their highs together, which is worse than what can have
// happened.
func (x *Exchange) adverse(row bar, i int32, from, to float64) float64 {
	last := x.mark[i]
	var h float64
	if whole := from == 0 && to >= 1; whole || from < row.peakAt() && row.peakAt() <= to {
		if h = row.b.MarkHigh[row.k]; h != h {
			h = row.b.Perp.High[row.k]
		}
	} else {
		h = max(row.mark(from, last), row.mark(to, last))
	}
	if h != h || h < last {
		return last
	}
	return h
}

// insideMarket is the venue's cross-section within a bar, in memory of its own: frames
// are shared by all runs.
type insideMarket struct {
	market carry.Market
	row    row
	cols   columns
}

// lookIn shows the market at the moment that is due.
func (v *Venue) lookIn(f *Frames, start carry.Time) {
	if v.told != nil {
		v.tell(v.told.now(v.showAt), v.showAt)
		return
	}
	n := len(v.x.info.Pairs)
	in, last := &v.inside, &f.Markets[v.r]
	in.market = *last
	m := &in.market
	in.cols.resize(n)
	in.cols.market(m, 0, n)
	m.At, m.Within = v.showAt, true
	in.row = row{m: m, slow: f.rows[v.r].slow}
	m.Quotes = &in.row
	copy(m.SpotValue, last.SpotValue)
	copy(m.PerpValue, last.PerpValue)
	copy(m.Predicted, last.Predicted)
	copy(m.Flags, last.Flags)
	frac := float64(v.showAt-start) / float64(f.Step)
	for i := range n {
		at := bar{f.Block, v.r*f.Block.P + i}
		m.SpotLast[i], m.PerpLast[i], m.Mark[i] = last.SpotLast[i], last.PerpLast[i], last.Mark[i]
		if m.At < v.x.endedUntil[i] {
			continue
		}
		at.moment(frac, m, i)
	}
	v.tell(m, v.showAt)
}
