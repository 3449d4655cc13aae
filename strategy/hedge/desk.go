// Package hedge is what every hedged book needs: short a coin's perpetual, hold
// the coin on spot, keep both legs equal and the futures wallet alive. A Desk
// asks a Policy which pairs it wants and does the rest: slices, limits,
// verification, repair, rebalancing of the wallets and reduction.
package hedge

import (
	"math"

	"carry"
)

// Terms are facts about the account that a desk sizes its orders with.
type Terms struct {
	SpotFeeFrac float64 // taken from the coins bought
	PerpFeeFrac float64
	// FeeInCoin is false where spot fees are paid in another asset (BNB).
	FeeInCoin bool
}

// Desk is a carry.Core.
type Desk struct {
	p      Params
	terms  Terms
	policy Policy
	pairs  []carry.Pair
	rules  []*carry.Rules
	st     []pairState
	// acct is what is ours of the account; whole is all of it. They differ only
	// while something foreign lies in it.
	acct, whole *carry.Account
	strange     []stranger // per pair, nil while there is nothing foreign
	own         *carry.Account
	now         carry.Time

	pool     poolState
	nextID   carry.OrderID
	inFlight int     // orders of all pairs on their way
	reserved float64 // room kept for the next slices of openings under way, USDT

	// What keeps the pool in HALT: pairs whose orders have no known outcome, a
	// transfer without one, a foreign change, a person, a broken link.
	frozen                                int
	lostTransfer, foreigner, paused, down bool
	killed                                bool

	// wakeNext is the earliest time at which this step wants to be asked again;
	// timerAt is the timer that was asked for last.
	wakeNext, timerAt carry.Time
	timerID           uint32

	// transferID is the transfer on its way, 0 if none.
	transferID   carry.OrderID
	transferAt   carry.Time
	transferFrom carry.Wallet
	transferUSDT float64
	transferWhy  carry.Code
	// refused is set after a transfer that did not go through: reductions then do
	// without until one does or the pool is calm.
	refused  bool
	withdraw float64 // USDT that the owner waits for
	// askLess halves what is asked of the futures wallet for it, once for each
	// refusal in a row: the exchange lets go of less than its figures say.
	askLess int
	// reducing is set while a reduction's proceeds are still to be moved; so far
	// they are proceeds USDT.
	reducing bool
	proceeds float64

	// active are the pairs that own anything or have orders on their way, in
	// pair order; the others cost nothing.
	active []int
	lots   []lots
	worth  float64 // smallest order worth sending now, USDT
	slice  float64 // largest slice now, USDT; +Inf where orders are not cut
	coin   float64 // limit of one coin at the last cross-section, USDT
	total  float64 // limit of all then
	mark   []float64
	cands  []candidate
	queue  []candidate
	// verdict is judge's, here so that it is not allocated for each pair.
	verdict Verdict
	out     []carry.Command
}

// pairState is what a desk remembers of one pair. What is held stands in the
// account; what is on its way stands here and counts as held (S16).
type pairState struct {
	orders        int  // on their way
	active        bool // on the desk's list
	filling       bool // being bought up to its limit
	uneven        bool // legs differ by more than the tolerance
	holds         bool // something that can be closed is open
	retried       bool // the follower of a refused leg was tried once more
	more          bool // further slices of a reduction are to come
	ends          bool // the contract's delivery is announced
	state, before State
	closing       carry.Code // target is zero until flat, for this reason
	code          carry.Code // of the opening under way
	waitCode, why carry.Code
	pendPerp      float64    // notional of a short on its way
	pendSpot      float64    // the same of its coins, whose cash is not free
	waitFrom      carry.Time // start of a patient closing's wait, 0 if none
	reopenAt      carry.Time
	refusedAt     carry.Time // of an order, while others of the pair were on their way
	nextSlice     carry.Time
	refusals      int        // in a row
	askAgain      carry.Time // no order before, after refusals
	trimTo        carry.Qty  // contracts that a trim in slices leaves, 0 if none
	hour          carry.Time
	hourUsed      float64 // USDT opened in this hour
	work          [2]work
	gap           reading
	dustBid       float64 // what too many coins must cost for an order, 0 if none are
	leverage      uint32  // set at the exchange, 0 before
}

// work is an order on its way.
type work struct {
	id   carry.OrderID
	left carry.Qty
	each float64 // USDT of one quantum where it adds to what is held, else 0
	sent carry.Time
	part bool // some of it is filled
}

// reading is a difference between the legs that was seen and how often.
type reading struct {
	gap  float64 // coins
	n    int
	at   carry.Time
	sure bool // a fact of the exchange's, which needs no second look
}

func (r *reading) seen() bool { return r.n > 0 || r.sure }

// candidate is a pair in a ranking.
type candidate struct {
	i          int
	rank, mean float64
	value      float64
	why        carry.Code
	x          [3]float64
}

// New returns a desk for these pairs.
func New(pairs []carry.Pair, p Params, t Terms, policy Policy) *Desk {
	n := len(pairs)
	return &Desk{p: p, terms: t, policy: policy, pairs: pairs, rules: make([]*carry.Rules, n),
		st: make([]pairState, n), mark: make([]float64, n), lots: noLots(n), active: make([]int, 0, n),
		cands: make([]candidate, 0, n), queue: make([]candidate, 0, n), slice: math.Inf(1)}
}

// Step implements carry.Core.
func (d *Desk) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	d.now, d.whole, d.acct, d.out = ev.At, ev.Account, ev.Account, out
	if d.strange != nil {
		d.ownShare()
	}
	d.policy.Observe(ev)
	if ev.Kind == carry.EvMarket {
		copy(d.mark, ev.Market.Mark)
		if !ev.Market.WarmUp {
			d.cycle(ev.Market)
		}
	} else {
		d.news(ev)
	}
	if d.wakeNext != 0 {
		d.setTimer()
	}
	return d.out
}

// news takes over what happened between two cross-sections.
func (d *Desk) news(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvRules:
		d.newRules(ev)
	case carry.EvAck:
		if ev.Code != carry.OK {
			d.lostOrder(ev)
		}
	case carry.EvFill, carry.EvReject, carry.EvCanceled:
		if ev.Kind == carry.EvFill && d.isForeign(ev) {
			d.foreign(ev)
			return
		}
		d.orderDone(ev)
	case carry.EvTransferred:
		d.transferDone(ev)
	case carry.EvLiquidated:
		d.taken(ev)
	case carry.EvSettled:
		d.pairEnded(ev)
	case carry.EvOperator:
		d.operator(ev)
	case carry.EvFlow:
		if ev.Code == carry.CodeForeign {
			d.foreignMoney(ev)
			return
		}
		if ev.Amount < 0 {
			d.withdraw = max(0, d.withdraw+ev.Amount.Float())
		}
		d.wakeBy(d.now)
	case carry.EvSnapshot:
		if len(d.active) > 0 {
			d.wakeBy(d.now) // after a crash the legs are looked at first
		}
	case carry.EvLink:
		d.down = ev.Code != carry.OK
	}
}

func (d *Desk) newRules(ev *carry.Event) {
	d.rules[ev.Pair] = ev.Rules
	d.st[ev.Pair].ends = ev.Rules.EndsAt != 0
	d.lots[ev.Pair] = newLots(&d.pairs[ev.Pair], ev.Rules)
	d.weigh(int(ev.Pair))
}

// cycle decides on the whole market at once, in the order repair, pool
// reduction, closes, transfers, trims, openings.
func (d *Desk) cycle(m *carry.Market) {
	d.watch(m)
	s := d.survey(m)
	d.watchPool(&s)
	if d.pool >= poolReduce {
		d.reduce(m, &s)
	}
	if d.withdraw > 0 && !d.halted() {
		d.payOut(m, &s)
	}
	d.judge(m, &s)
	if !d.halted() {
		d.rebalance(&s)
		d.open(m, &s)
	}
}

// survey is the book at one instant.
type survey struct {
	notional float64 // V: short notional at mark
	margin   float64 // F: futures wallet + unrealised
	free     float64 // B: spot USDT − reserve
	equity   float64
	used     float64 // V/F; 0 without shorts, +Inf where F ≤ 0
	total    float64 // limit of the notional
	coin     float64 // limit of one coin
	pending  float64 // notional of shorts on their way
	buying   float64 // the same of purchases of coins
}

func (d *Desk) survey(m *carry.Market) survey {
	a := d.whole
	s := survey{margin: a.PerpUSDT.Float(), free: a.SpotUSDT.Float()}
	coins := 0.0
	for _, i := range d.active {
		if q := a.PerpQtyF[i]; q != 0 {
			v := float64(q * m.Mark[i])
			s.notional -= v
			s.margin += v - a.PerpCostF[i]
		}
		if c := a.SpotCoinsF[i]; c != 0 {
			coins += float64(c * m.SpotLast[i])
		}
		if d.inFlight > 0 {
			s.pending += d.st[i].pendPerp
			s.buying += d.st[i].pendSpot
		}
	}
	s.free -= d.withdraw // the owner's, as good as gone
	s.equity = s.free + coins + s.margin
	s.free -= float64(d.p.ReserveFrac * s.equity)
	if d.transferID != 0 {
		// What is on its way is in neither wallet's reach.
		if d.transferFrom == carry.SpotWallet {
			s.free -= d.transferUSDT
		} else {
			s.margin -= d.transferUSDT
		}
	}
	s.used = usedLeverage(s.notional, s.margin)
	l := d.p.LeverageTargetX
	s.total = d.p.TotalLimitUSDT
	if s.total == 0 {
		s.total = s.equity * (1 - d.p.ReserveFrac) * l / (l + 1)
	}
	s.coin = d.p.CoinLimitUSDT
	if s.coin == 0 {
		n := d.policy.Spread()
		if n == 0 {
			n = d.p.CoinsTargetN
		}
		s.coin = s.total / float64(n)
	}
	// A book whose coins are smaller than a slice trades them in two; a large one
	// in a bounded number of slices.
	d.coin, d.total, d.worth, d.slice = s.coin, s.total, min(d.p.SliceUSDT, s.coin/2), math.Inf(1)
	if d.p.SlicesMaxN > 0 {
		d.slice = max(d.p.SliceUSDT, s.coin/float64(d.p.SlicesMaxN))
	}
	return s
}

// value is pair i's short notional at mark, orders on their way included.
func (d *Desk) value(i int) float64 {
	if d.acct.PerpQty[i] == 0 {
		return d.st[i].pendPerp
	}
	return d.st[i].pendPerp - float64(d.acct.PerpQtyF[i]*d.mark[i])
}

// held tells whether anything that can be closed is open.
func (d *Desk) held(i int) bool { return d.st[i].holds }

// lots are a pair's quantity steps in coins, for quick looks.
type lots struct {
	common    float64   // the coarser step of both legs
	spotLeast float64   // the smallest sale
	perpLeast carry.Qty // the smallest purchase, contracts
	// most is the number of contracts that one market order of each leg takes,
	// with room for the fee in coins.
	most carry.Qty
}

// noLots are those of pairs without rules yet.
func noLots(n int) []lots {
	l := make([]lots, n)
	for i := range l {
		l[i].perpLeast = 1
	}
	return l
}

func newLots(p *carry.Pair, r *carry.Rules) lots {
	spot, perp := &r.Legs[carry.Spot], &r.Legs[carry.Perp]
	coins := spot.FloorQty(math.MaxInt64)
	most := min(perp.FloorQty(math.MaxInt64), (coins-coins/100)/carry.Qty(p.Mult))
	return lots{most: most, perpLeast: max(perp.Lot(), perp.MinQty), common: max(p.QtyFloat(spot.Lot()), p.QtyFloat(perp.Lot())*float64(p.Mult)),
		spotLeast: p.QtyFloat(max(spot.Lot(), spot.MinQty))}
}

// touch keeps the list of active pairs in step with pair i.
func (d *Desk) touch(i int) {
	is := d.st[i].orders > 0 || d.whole.PerpQty[i] != 0 || d.whole.SpotCoinsF[i] != 0
	k := 0
	for k < len(d.active) && d.active[k] < i {
		k++
	}
	was := k < len(d.active) && d.active[k] == i
	switch {
	case is && !was:
		d.active = append(d.active, 0)
		copy(d.active[k+1:], d.active[k:])
		d.active[k] = i
	case was && !is:
		d.active = append(d.active[:k], d.active[k+1:]...)
	}
	d.st[i].active = is
	if !is && d.st[i].state != Frozen {
		d.st[i].state = Flat
	}
	d.weigh(i)
}

// weigh notes what pair i holds and whether its legs differ by more than the
// tolerance. Prices have no part in it, so it is asked only when the account or
// the rules change.
func (d *Desk) weigh(i int) {
	st, gap := &d.st[i], d.gap(i)
	st.holds = -d.acct.PerpQty[i] >= d.lots[i].perpLeast || d.sellable(i) > 0
	tolerance := float64(float64(d.p.LegGapMaxLots) * d.lots[i].common)
	st.uneven = gap > tolerance || gap < -tolerance
	if st.dustBid = 0; gap > tolerance && d.rules[i] != nil {
		st.dustBid = d.leastNotional(i, carry.Spot) / gap
	}
}

// gap is pair i's coins less those that its contracts stand for.
func (d *Desk) gap(i int) float64 {
	return d.acct.SpotCoinsF[i] + float64(d.acct.PerpQtyF[i]*float64(d.pairs[i].Mult))
}
