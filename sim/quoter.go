package sim

import (
	"math"

	"carry"
)

// QuoteModels are the assumptions behind the cross-sections a core sees.
type QuoteModels struct {
	Spread SpreadModel
}

// Quoter turns bars into quotes, premiums and predicted rates. Its state
// carries over from block to block; at every instant it uses closed bars only.
type Quoter struct {
	info   *carry.TapeInfo
	models QuoteModels
	// warmUntil is the run's start: earlier instants only fill windows.
	warmUntil carry.Time
	st        []quoteState
	days      []dayState
	slow      *slowFacts
	changed   bool // slow facts differ from the version in use
	version   *slowFacts
	nextRule  int
	nextEnd   int
	frames    Frames
	pred      predictionSums
	lastAt    carry.Time
}

// quoteState is what is remembered of one pair from instant to instant.
type quoteState struct {
	spotLast, perpLast, mark float64
	spotInv                  float64 // 1/spotLast
	premium                  float64 // at the last close, as traded
	steady                   float64 // at the close before it
	sampled                  float64 // latest sample of the interval's average
	sum, weightSum, weight   float64
	predicted                float64
	interest, cap, intervalH float64
	deadband, perCoin        float64 // perCoin is 1/Mult
	spotValue, perpValue     float64
	nextSlot                 carry.Time
	flags                    carry.Flags
	endedUntil               carry.Time // 0: not ended
	spotDay, perpDay         float64    // sums of the present day
	squares                  float64
}

// dayState is what changes at midnight only.
type dayState struct {
	spotDaily, perpDaily, varDaily float64 // slow means
	known                          bool
}

// NewQuoter starts before the tape's first block.
func NewQuoter(info *carry.TapeInfo, models QuoteModels, warmUntil carry.Time) *Quoter {
	n := len(info.Pairs)
	q := &Quoter{info: info, models: models, warmUntil: warmUntil, st: make([]quoteState, n),
		days: make([]dayState, n), slow: newSlowFacts(n)}
	for i := range q.st {
		s := &q.st[i]
		s.spotLast, s.perpLast, s.mark, s.spotInv = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		s.premium, s.steady, s.sampled, s.predicted = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		s.interest, s.perCoin = carry.DefaultInterest8h, 1/float64(info.Pairs[i].Mult)
		q.slow.spotTick[i], q.slow.spotInv[i], q.slow.perpTick[i], q.slow.perpInv[i] = 1e-8, 1e8, 1e-8, 1e8
		q.setInterval(i, 8)
		q.setSpread(i)
	}
	return q
}

func (q *Quoter) setInterval(i int, hours float64) {
	if q.st[i].intervalH != hours {
		q.st[i].intervalH, q.slow.intervalH[i] = hours, hours
		q.changed = true
	}
}

// setSpread updates what depends on the slow means.
func (q *Quoter) setSpread(i int) {
	d, f := &q.days[i], q.slow
	f.spotHalf[i] = q.models.Spread.HalfSpreadFrac(d.spotDaily)
	f.perpHalf[i] = q.models.Spread.HalfSpreadFrac(d.perpDaily)
	f.spotDaily[i], f.perpDaily[i], f.volFrac[i] = d.spotDaily, d.perpDaily, math.Sqrt(d.varDaily)
	q.st[i].deadband = f.perpHalf[i]
	q.changed = true
}

// Frames turns the next block into cross-sections. The result is valid until
// the following call.
func (q *Quoter) Frames(b *carry.Block) *Frames {
	f := &q.frames
	f.prepare(b.Start, b.Step, b.N, len(q.st))
	q.changed = true // versions do not outlive their block
	f.Block = b
	settled := 0
	for r := 0; r < b.N; r++ {
		at := b.Start + carry.Time(r)*b.Step
		q.roll(at)
		f.settledAt[r] = settled
		settled = q.settle(b, settled, at)
		q.emit(f, r, at)
		q.halt(f, r, b)
		q.absorb(b, r)
	}
	f.settledAt[b.N] = settled
	q.lastAt = b.End()
	return f
}

// Last is the frame after the tape's end: one cross-section of the final
// closes, and no bars to trade on.
func (q *Quoter) Last() *Frames {
	f := &q.frames
	f.prepare(q.lastAt, carry.Hour, 1, len(q.st))
	q.changed = true
	f.Block = nil
	f.settledAt[0], f.settledAt[1] = 0, 0
	q.roll(q.lastAt)
	q.emit(f, 0, q.lastAt)
	return f
}

// roll takes new rules and ends over and closes the day at midnight.
func (q *Quoter) roll(at carry.Time) {
	for q.nextRule < len(q.info.Rules) && q.info.Rules[q.nextRule].From <= at {
		q.applyRules(&q.info.Rules[q.nextRule])
		q.nextRule++
	}
	for q.nextEnd < len(q.info.Ends) && q.info.Ends[q.nextEnd].At <= at {
		q.st[q.info.Ends[q.nextEnd].Pair].end(q.info.Ends[q.nextEnd].Until)
		q.nextEnd++
	}
	if at%carry.Day == 0 {
		for i := range q.st {
			q.closeDay(i)
		}
	}
}

func (q *Quoter) applyRules(r *carry.Rules) {
	s, f, i := &q.st[r.Pair], q.slow, r.Pair
	if t := r.Legs[carry.Spot].Tick; t > 0 {
		f.spotTick[i], f.spotInv[i] = t.Float(), 1/t.Float()
	}
	if t := r.Legs[carry.Perp].Tick; t > 0 {
		f.perpTick[i], f.perpInv[i] = t.Float(), 1/t.Float()
	}
	q.changed = true
	s.interest = r.Interest8h
	// The rate is capped at 0.75 of the first bracket's maintenance rate
	// (binance.md §2.1); where Binance raised a cap, the settled rates show it.
	if len(r.Brackets) > 0 {
		if c := 0.75 * r.Brackets[0].MMR; c > s.cap {
			s.cap = c
		}
	}
}

// end forgets what must not reach over a hole in the data.
func (s *quoteState) end(until carry.Time) {
	s.endedUntil = until
	if until == 0 {
		s.endedUntil = math.MaxInt64
	}
	s.spotInv, s.premium, s.steady = math.NaN(), math.NaN(), math.NaN()
}

// closeDay folds a finished day into the slow means: a week's for traded value,
// a month's for variance.
func (q *Quoter) closeDay(i int) {
	s, d := &q.st[i], &q.days[i]
	if s.spotDay > 0 && s.perpDay > 0 {
		if !d.known {
			d.spotDaily, d.perpDaily, d.varDaily, d.known = s.spotDay, s.perpDay, s.squares, true
		} else {
			d.spotDaily += (s.spotDay - d.spotDaily) / 7
			d.perpDaily += (s.perpDay - d.perpDaily) / 7
			d.varDaily += (s.squares - d.varDaily) / 30
		}
		q.setSpread(i)
	}
	q.slow.spotDay[i], q.slow.perpDay[i] = s.spotDay, s.perpDay
	q.changed = true
	s.spotDay, s.perpDay, s.squares = 0, 0, 0
}

// settle takes the settlements of instant at over and returns the index of the
// first later one.
func (q *Quoter) settle(b *carry.Block, from int, at carry.Time) int {
	i := from
	for ; i < len(b.Settled) && b.Settled[i].At <= at; i++ {
		set := &b.Settled[i]
		s := &q.st[set.Pair]
		rate := set.Rate.Float()
		if at >= q.warmUntil {
			q.pred.add(s.predicted, rate)
		}
		if a := math.Abs(rate); a > s.cap {
			s.cap = a
		}
		q.setInterval(int(set.Pair), set.IntervalH)
		s.nextSlot = set.At + carry.Time(float64(set.IntervalH*float64(carry.Hour)))
		s.sum, s.weightSum, s.weight = 0, 0, 0
	}
	return i
}

// emit writes the cross-section of instant at from the state.
func (q *Quoter) emit(f *Frames, r int, at carry.Time) {
	if q.changed {
		q.version, q.changed = f.version(q.slow), false
	}
	p := len(q.st)
	m := &f.Markets[r]
	*m = carry.Market{At: at, WarmUp: at < q.warmUntil, Pairs: q.info.Pairs, IntervalH: q.version.intervalH,
		SpotDay: q.version.spotDay, PerpDay: q.version.perpDay}
	f.cols.market(m, r, p)
	f.rows[r] = row{m: m, slow: q.version}
	m.Quotes = &f.rows[r]
	// Locals keep the loop from reading slice headers again after every store.
	st, predicted, flagsOut := q.st, m.Predicted, m.Flags
	spotLast, perpLast, mark := m.SpotLast, m.PerpLast, m.Mark
	spotValue, perpValue := m.SpotValue, m.PerpValue
	for i := range st {
		s := &st[i]
		premium := s.sampled
		if s.weightSum > 0 {
			premium = s.sum / s.weightSum
		}
		s.predicted = carry.FundingRate(at, premium, s.interest, s.intervalH, s.cap)
		predicted[i] = carry.PredictedRate(s.predicted)
		flags := s.flags
		if at < s.nextSlot {
			flags |= carry.FundingFresh
		}
		if at < s.endedUntil {
			flags = 0
		}
		flagsOut[i] = flags
		spotLast[i], perpLast[i], mark[i] = s.spotLast, s.perpLast, s.mark
		if flags&carry.Tradable == carry.PerpFresh && s.steady == s.steady {
			spotLast[i] = s.impliedSpot()
		}
		spotValue[i], perpValue[i] = s.spotValue, s.perpValue
	}
}

// halt takes the freshness off legs that are closed for trading at this instant.
// An exchange says so (status BREAK); in a history it shows as a bar that opens
// now and has no trade. Prices of what comes are not looked at.
func (q *Quoter) halt(f *Frames, r int, b *carry.Block) {
	m := &f.Markets[r]
	lo, hi := r*len(q.st), (r+1)*len(q.st)
	spotVol, perpVol := b.Spot.Volume[lo:hi], b.Perp.Volume[lo:hi]
	for i := range m.Flags {
		if !(spotVol[i] > 0) {
			m.Flags[i] &^= carry.SpotFresh
			if m.Flags[i]&carry.PerpFresh != 0 && perpVol[i] > 0 && q.st[i].steady == q.st[i].steady {
				m.SpotLast[i] = q.st[i].impliedSpot()
			}
		}
		if !(perpVol[i] > 0) {
			m.Flags[i] &^= carry.PerpFresh
		}
	}
}

// absorb takes the bars of row r over. Their closes become known at the next
// instant, which is when the state is read again.
func (q *Quoter) absorb(b *carry.Block, r int) {
	p := len(q.st)
	lo, hi := r*p, (r+1)*p
	spot, perp := b.Spot.Close[lo:hi], b.Perp.Close[lo:hi]
	spotVol, perpVol := b.Spot.Volume[lo:hi], b.Perp.Volume[lo:hi]
	marks, index := b.MarkClose[lo:hi], b.Premium[lo:hi]
	st := q.st
	for i := range st {
		s := &st[i]
		sc, pc := spot[i], perp[i]
		s.flags &= carry.Valued
		// A bar without volume is a halt that the archive filled in.
		if v := float64(spotVol[i] * sc); v > 0 {
			back := float64(sc*s.spotInv) - 1
			if back == back {
				s.squares += float64(back * back)
			}
			s.spotLast, s.spotInv, s.spotValue = sc, 1/sc, v
			s.spotDay += v
			s.flags |= carry.SpotFresh
		} else {
			s.spotValue = 0
		}
		if v := float64(perpVol[i] * pc); v > 0 {
			s.perpLast, s.mark, s.perpValue = pc, pc, v
			s.perpDay += v
			s.flags |= carry.PerpFresh
		} else {
			s.perpValue = 0
		}
		if m := marks[i]; m == m {
			s.mark = m
		}
		s.sample(index[i])
	}
}

// impliedSpot values coins while spot is halted and the perpetual trades on: at
// the premium of the bar before the last one, because a halt begins within a bar
// and leaves its close behind the perpetual's. The hedge is whole, so a book marked at a
// frozen spot price would show a swing that is none. The leg's flag is not
// fresh, so nothing is traded at this price.
func (s *quoteState) impliedSpot() float64 {
	return s.perpLast * s.perCoin / (1 + s.steady)
}

// sample adds one bar to the interval's average premium. The exchange weighs
// later samples more (weights 1, 2, 3, …; on the real history this correlates
// better with settled rates than equal weights). Without a premium index the
// mean of the premiums at the bar's two ends stands in, less half the spread,
// because Binance measures from impact bid and ask: inside the spread the
// premium counts as zero.
func (s *quoteState) sample(index float64) {
	before := s.premium
	if s.flags&carry.Tradable == carry.Tradable {
		s.steady = before
		s.premium = float64(s.perpLast*s.spotInv*s.perCoin) - 1
		s.flags |= carry.Valued
	}
	x := index
	if x != x {
		if s.flags&carry.Tradable != carry.Tradable {
			return
		}
		x = s.premium
		if before == before {
			x = (before + x) / 2
		}
		x = max(x-s.deadband, 0) + min(x+s.deadband, 0)
	}
	s.sampled = x
	s.weight++
	s.weightSum += s.weight
	s.sum += float64(x * s.weight)
}
