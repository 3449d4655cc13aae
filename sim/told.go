package sim

import (
	"context"
	"errors"
	"math"
	"slices"

	"carry"
	"carry/internal/risk"
)

// Told is the simulated exchange over a market that is told as it comes, not read
// from bars: paper trading. What is not known yet is not used. An order is filled
// at the best bid or ask of the first moment after its latency, and the impact of
// its size; it can have a share of the last closed bar's volume; shorts are judged
// at the marks that were told. It implements risk.Venue; Next answers ErrWait until
// more is told.
type Told struct {
	v      *Venue
	quoter *Quoter
	step   carry.Time
	// until is how far the market was told, look that the moment is yet to be judged.
	until carry.Time
	look  bool
	// past is set while bars are read that are over.
	past bool

	bar    carry.Block // the last closed bar, for the quoter's slow means
	under  carry.Block // the bar under way, flat at the prices of the moment
	paid   []carry.Settlement
	kept   keptCross // the cross-section of the bar's beginning
	moment keptCross // the market of the moment
	inside carry.Market
}

// NewTold opens the account of a paper session that may trade from an instant on.
// Rules are told, and so is the end of pairs: info needs none.
func NewTold(info *carry.TapeInfo, opt Options, quotes QuoteModels, from carry.Time) (*Told, error) {
	if opt.BNBUSDT != 0 || len(opt.Flows) > 0 || opt.FundingWindow != 0 {
		return nil, errors.New("paper trading has no stock of BNB, no deposits and no funding window: leave these settings at their defaults")
	}
	v, err := NewVenue(info, opt, from)
	if err != nil {
		return nil, err
	}
	t := &Told{v: v, quoter: NewQuoter(info, quotes, from), step: info.Step}
	v.told = t
	t.bar.Step, t.under.Step = info.Step, info.Step
	t.bar.Resize(1, len(info.Pairs))
	t.under.Resize(1, len(info.Pairs))
	return t, nil
}

// Exchange gives access to the account's truth.
func (t *Told) Exchange() *Exchange { return t.v.x }

// Begin tells the new account and the rules that were told, as the first events.
func (t *Told) Begin(at carry.Time) {
	t.v.started = true
	a := &t.v.x.acct
	t.v.x.emit(carry.Event{Kind: carry.EvSnapshot, At: at, Pair: -1, Balance: a.spotUSDT, Balance2: a.perpUSDT})
	t.v.announce(at)
}

// Restore goes on with the account of an earlier session, of which nothing is
// told again.
func (t *Told) Restore(a *carry.Account) {
	t.v.started = true
	to := &t.v.x.acct
	to.spotUSDT, to.perpUSDT = a.SpotUSDT, a.PerpUSDT
	copy(to.coins, a.SpotCoins)
	copy(to.qty, a.PerpQty)
	copy(to.cost, a.PerpCost)
	for i := range to.qty {
		to.mirror(int32(i), &t.v.x.info.Pairs[i])
	}
}

// Resume takes up a command of an earlier session that had no answer: timers go
// on, leverage is set, and what was on its way to the market never reached it.
func (t *Told) Resume(c carry.Command, at carry.Time) {
	switch c.Kind {
	case carry.CmdTimer:
		t.v.queue.push(max(c.At, at), c)
	case carry.CmdLeverage:
		t.v.x.leverage[c.Pair] = float64(c.ID)
	case carry.CmdOrder:
		t.v.x.cancel(&c, c.Qty, at, carry.CodeExpired)
	case carry.CmdCancel:
		t.v.x.reject(&c, at, carry.CodeUnknownOrder)
	case carry.CmdTransfer:
		ev := t.v.x.outcome(carry.EvTransferred, &c, at, carry.CodeExpired)
		ev.Wallet, ev.Asset, ev.Amount = c.Wallet, c.Asset, c.Amount
		ev.Balance, ev.Balance2 = t.v.x.acct.spotUSDT, t.v.x.acct.perpUSDT
		t.v.x.emit(ev)
	}
}

// Announce tells the rules that were told at once, and not with the next instant.
func (t *Told) Announce(at carry.Time) { t.v.announce(at) }

// Stand takes the bar under way up where its instant was told before: by an earlier
// session.
func (t *Told) Stand(at carry.Time, settled []carry.Settlement) {
	t.Tell(at, nil, settled)
	t.v.phase = phaseBar
	copy(t.v.x.mark, t.moment.mark)
}

// Rules tells the rules of a pair, which hold from r.From on and are announced with
// the next instant.
func (t *Told) Rules(r *carry.Rules) { t.v.x.info.Rules = append(t.v.x.info.Rules, *r) }

// Past lets bars that are over pass: those whose instant is later than after are
// told, as warm-up, and funding and margin of what is held are reckoned by them.
// Nothing can be ordered on them.
func (t *Told) Past(b *carry.Block, after carry.Time) {
	f := t.quoter.Frames(b)
	t.past = true
	t.v.Feed(f)
	for t.v.r < f.N && f.Start+carry.Time(t.v.r)*f.Step <= after {
		t.v.r++
	}
	t.until = b.End() - 1
}

// Tell tells the market of an instant and the rates settled since the last one. A
// nil market is the quoter's own view of an instant that is over.
func (t *Told) Tell(at carry.Time, m *carry.Market, settled []carry.Settlement) {
	if m != nil {
		t.absorb(at, m)
	}
	f := t.quoter.Last()
	f.Step = t.step
	if m != nil {
		t.kept.copy(&f.Markets[0], m)
	} else {
		shown := f.Markets[0]
		t.kept.copy(&f.Markets[0], &shown)
	}
	f.rows[0].m = &f.Markets[0]
	t.paid = append(t.paid[:0], settled...)
	t.under.Start, t.under.Settled = at, t.paid
	f.Block = &t.under
	f.settledAt[0], f.settledAt[1] = 0, len(settled)
	t.past = false
	t.v.Feed(f)
	t.Moment(at, &f.Markets[0])
}

// absorb lets the quoter read the bar that closed with a cross-section, and those
// that were missed before it.
func (t *Told) absorb(at carry.Time, m *carry.Market) {
	b, nan := &t.bar, math.NaN()
	b.Settled = t.paid // with the last instant
	for i := range m.Pairs {
		b.MarkOpen[i], b.MarkHigh[i], b.Premium[i] = nan, nan, nan
		b.Spot.Close[i], b.Spot.Volume[i], b.Perp.Close[i], b.Perp.Volume[i], b.MarkClose[i] = nan, nan, nan, nan, nan
	}
	for b.Start = t.quoter.lastAt; b.Start < at-t.step; b.Start += t.step {
		t.quoter.Frames(b)
		b.Settled = nil
	}
	for i := range m.Pairs {
		b.MarkClose[i] = m.Mark[i]
		if v := m.SpotValue[i]; v > 0 {
			b.Spot.Close[i], b.Spot.Volume[i] = m.SpotLast[i], v/m.SpotLast[i]
		}
		if v := m.PerpValue[i]; v > 0 {
			b.Perp.Close[i], b.Perp.Volume[i] = m.PerpLast[i], v/m.PerpLast[i]
		}
	}
	t.quoter.Frames(b)
}

// Due is when something on its way next wants to know the market; 0: nothing does.
func (t *Told) Due() carry.Time {
	due, any := t.v.queue.next()
	if !any {
		due = 0
	}
	if v := t.v; len(v.x.resting) > 0 || len(v.x.acct.open) > 0 {
		at := t.until - t.until%v.x.opt.Moment + v.x.opt.Moment
		if due == 0 || at < due {
			due = at
		}
	}
	if due >= t.v.frames.Start+t.step {
		return 0 // the next instant comes first
	}
	return due
}

// Moment tells the market within the bar that is under way: what is due by then
// meets its prices.
func (t *Told) Moment(at carry.Time, m *carry.Market) {
	t.until, t.look = min(at, t.under.Start+t.step-1), true
	t.moment.copy(&t.inside, m)
	b := &t.under
	for i := range m.Pairs {
		for leg, side := range [...]*carry.Bars{&b.Spot, &b.Perp} {
			value, last, fresh := m.SpotValue[i], m.SpotLast[i], carry.SpotFresh
			if carry.Leg(leg) == carry.Perp {
				value, last, fresh = m.PerpValue[i], m.PerpLast[i], carry.PerpFresh
			}
			mid, _ := t.touch(carry.Leg(leg), i)
			if mid != mid {
				mid = last
			}
			side.Open[i], side.High[i], side.Low[i], side.Close[i], side.Volume[i] = mid, mid, mid, mid, 0
			if m.Flags[i]&fresh != 0 && last > 0 {
				side.Volume[i] = value / last
			}
		}
		mark := m.Mark[i]
		b.MarkOpen[i], b.MarkHigh[i], b.MarkClose[i] = mark, mark, mark
	}
}

// touch is the middle of the moment's best bid and ask, and half their distance
// as a fraction of it; NaN without a quote.
func (t *Told) touch(leg carry.Leg, i int) (mid, half float64) {
	bid, ask := t.moment.bid[leg][i], t.moment.ask[leg][i]
	if !(bid > 0) || !(ask >= bid) {
		return math.NaN(), math.NaN()
	}
	mid = (bid + ask) / 2
	return mid, (ask - mid) / mid
}

// now is the market of the moment as it is shown.
func (t *Told) now(at carry.Time) *carry.Market {
	t.inside.At, t.inside.Within, t.inside.WarmUp = at, at != t.under.Start, false
	return &t.inside
}

// rest judges the moment that was told and then waits for more.
func (t *Told) rest(f *Frames, at carry.Time) error {
	if t.past {
		t.v.endBar(f, at)
		return nil
	}
	if t.look {
		t.look = false
		t.v.reach(f, at, t.until, float64(t.until-at)/float64(f.Step))
		return nil
	}
	return risk.ErrWait
}

// Next implements risk.Venue.
func (t *Told) Next(ctx context.Context) (*carry.Event, error) { return t.v.Next(ctx) }

// Submit implements risk.Venue.
func (t *Told) Submit(ctx context.Context, a risk.Approved) error { return t.v.Submit(ctx, a) }

// keptCross is a cross-section in memory of its own.
type keptCross struct {
	bid, ask                                          [2][]float64
	spotLast, perpLast, mark                          []float64
	spotValue, perpValue, spotDay, perpDay, intervalH []float64
	predicted                                         []carry.PredictedRate
	flags                                             []carry.Flags
	age                                               [2][]int32
}

// Bid implements carry.Quotes.
func (k *keptCross) Bid(leg carry.Leg, i int) float64 { return k.bid[leg][i] }

// Ask implements carry.Quotes.
func (k *keptCross) Ask(leg carry.Leg, i int) float64 { return k.ask[leg][i] }

// copy makes to what from is now. They may share their columns with k.
func (k *keptCross) copy(to, from *carry.Market) {
	for leg := range k.bid {
		k.bid[leg], k.ask[leg] = slices.Grow(k.bid[leg][:0], len(from.Pairs)), slices.Grow(k.ask[leg][:0], len(from.Pairs))
		for i := range from.Pairs {
			k.bid[leg] = append(k.bid[leg], from.Bid(carry.Leg(leg), i))
			k.ask[leg] = append(k.ask[leg], from.Ask(carry.Leg(leg), i))
		}
		k.age[leg] = append(k.age[leg][:0], from.QuoteAgeMs[leg]...)
	}
	for _, c := range [...]struct {
		to   *[]float64
		from []float64
	}{{&k.spotLast, from.SpotLast}, {&k.perpLast, from.PerpLast}, {&k.mark, from.Mark}, {&k.spotValue, from.SpotValue}, {&k.perpValue, from.PerpValue},
		{&k.spotDay, from.SpotDay}, {&k.perpDay, from.PerpDay}, {&k.intervalH, from.IntervalH}} {
		*c.to = append((*c.to)[:0], c.from...)
	}
	k.predicted, k.flags = append(k.predicted[:0], from.Predicted...), append(k.flags[:0], from.Flags...)
	*to = *from
	to.Quotes = k
	to.SpotLast, to.PerpLast, to.Mark, to.SpotValue, to.PerpValue = k.spotLast, k.perpLast, k.mark, k.spotValue, k.perpValue
	to.SpotDay, to.PerpDay, to.IntervalH, to.Predicted, to.Flags = k.spotDay, k.perpDay, k.intervalH, k.predicted, k.flags
	if from.QuoteAgeMs[0] != nil {
		to.QuoteAgeMs = k.age
	}
}
