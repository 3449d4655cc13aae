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
	nextRule  int
	nextEnd   int
	frames    Frames
	pred      predictionSums
	lastAt    carry.Time
}

// quoteState is all that is remembered of one pair.
type quoteState struct {
	spotLast, perpLast, mark         float64
	spotLo, spotHi, perpLo, perpHi   float64 // 1 ∓ half spread
	spotTick, spotInv                float64
	perpTick, perpInv                float64
	mult                             float64
	premiumSum, weightSum, weight    float64
	premium, deadband                float64
	interest, cap, intervalH         float64
	predicted                        float64
	spotValue, perpValue             float64
	spotDay, perpDay, squares        float64 // sums of the present day
	spotDaily, perpDaily, varDaily   float64 // slow means
	nextSlot                         carry.Time
	flags                            carry.Flags
	funded, hasDaily, spotOn, perpOn bool
	ended                            bool
}

// NewQuoter starts before the tape's first block.
func NewQuoter(info *carry.TapeInfo, models QuoteModels, warmUntil carry.Time) *Quoter {
	q := &Quoter{info: info, models: models, warmUntil: warmUntil, st: make([]quoteState, len(info.Pairs))}
	for i := range q.st {
		s := &q.st[i]
		s.spotLast, s.perpLast, s.mark, s.premium = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		s.predicted, s.intervalH = math.NaN(), 8
		s.interest = carry.DefaultInterest8h
		s.spotTick, s.spotInv, s.perpTick, s.perpInv = 1e-8, 1e8, 1e-8, 1e8
		s.mult = float64(info.Pairs[i].Mult)
		q.setSpread(s)
	}
	return q
}

// setSpread updates what depends on the slow means.
func (q *Quoter) setSpread(s *quoteState) {
	hs := q.models.Spread.HalfSpreadFrac(s.spotDaily)
	hp := q.models.Spread.HalfSpreadFrac(s.perpDaily)
	s.spotLo, s.spotHi = 1-hs, 1+hs
	s.perpLo, s.perpHi = 1-hp, 1+hp
	s.deadband = hp
}

// Frames turns the next block into cross-sections. The result is valid until
// the following call.
func (q *Quoter) Frames(b *carry.Block) *Frames {
	f := &q.frames
	q.prepare(f, b.Start, b.Step, b.N)
	f.Block = b
	settled := 0
	for r := 0; r < b.N; r++ {
		at := b.Start + carry.Time(r)*b.Step
		q.roll(at)
		f.settledAt[r] = settled
		settled = q.settle(b, settled, at)
		q.row(f, r, at, b)
	}
	f.settledAt[b.N] = settled
	q.lastAt = b.End()
	return f
}

// Last is the frame after the tape's end: one cross-section of the final
// closes, and no bars to trade on.
func (q *Quoter) Last() *Frames {
	f := &q.frames
	q.prepare(f, q.lastAt, carry.Hour, 1)
	f.Block = nil
	f.settledAt[0], f.settledAt[1] = 0, 0
	q.roll(q.lastAt)
	q.row(f, 0, q.lastAt, nil)
	return f
}

func (q *Quoter) prepare(f *Frames, start, step carry.Time, n int) {
	p := len(q.st)
	f.Start, f.Step, f.N = start, step, n
	f.cols.resize(n * p)
	f.spotDaily, f.perpDaily, f.dailyVol = growF(f.spotDaily, n*p), growF(f.perpDaily, n*p), growF(f.dailyVol, n*p)
	if cap(f.Markets) < n {
		f.Markets = make([]carry.Market, n)
		f.settledAt = make([]int, n+1)
	}
	f.Markets, f.settledAt = f.Markets[:n], f.settledAt[:n+1]
}

// roll closes the day at midnight and takes new rules over.
func (q *Quoter) roll(at carry.Time) {
	for q.nextRule < len(q.info.Rules) && q.info.Rules[q.nextRule].From <= at {
		q.applyRules(&q.info.Rules[q.nextRule])
		q.nextRule++
	}
	for q.nextEnd < len(q.info.Ends) && q.info.Ends[q.nextEnd].At <= at {
		q.st[q.info.Ends[q.nextEnd].Pair].ended = true
		q.nextEnd++
	}
	if at%carry.Day != 0 {
		return
	}
	for i := range q.st {
		q.closeDay(&q.st[i])
	}
}

func (q *Quoter) applyRules(r *carry.Rules) {
	s := &q.st[r.Pair]
	if t := r.Legs[carry.Spot].Tick; t > 0 {
		s.spotTick, s.spotInv = t.Float(), 1/t.Float()
	}
	if t := r.Legs[carry.Perp].Tick; t > 0 {
		s.perpTick, s.perpInv = t.Float(), 1/t.Float()
	}
	s.interest = r.Interest8h
	// The rate is capped at 0.75 of the first bracket's maintenance rate
	// (binance.md §2.1); where Binance raised a cap, the settled rates show it.
	if len(r.Brackets) > 0 {
		if c := 0.75 * r.Brackets[0].MMR; c > s.cap {
			s.cap = c
		}
	}
}

// closeDay folds a finished day into the slow means: a week's for traded value,
// a month's for variance.
func (q *Quoter) closeDay(s *quoteState) {
	if s.spotDay > 0 && s.perpDay > 0 {
		if !s.hasDaily {
			s.spotDaily, s.perpDaily, s.varDaily, s.hasDaily = s.spotDay, s.perpDay, s.squares, true
		} else {
			s.spotDaily += float64((s.spotDay - s.spotDaily) / 7)
			s.perpDaily += float64((s.perpDay - s.perpDaily) / 7)
			s.varDaily += float64((s.squares - s.varDaily) / 30)
		}
		q.setSpread(s)
	}
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
		s.intervalH = set.IntervalH
		s.nextSlot = set.At + carry.Time(float64(set.IntervalH*float64(carry.Hour)))
		s.funded = true
		s.premiumSum, s.weightSum, s.weight = 0, 0, 0
	}
	return i
}

// row writes the cross-section of instant at from the state, then absorbs the
// bar that opens there.
func (q *Quoter) row(f *Frames, r int, at carry.Time, b *carry.Block) {
	p := len(q.st)
	c := &f.cols
	base := r * p
	for i := range q.st {
		s := &q.st[i]
		k := base + i
		q.predict(s, at)
		flags := s.flags
		if s.funded && at < s.nextSlot {
			flags |= carry.FundingFresh
		}
		if s.ended {
			flags = 0
		}
		c.flags[k] = flags
		c.spotLast[k], c.perpLast[k], c.mark[k] = s.spotLast, s.perpLast, s.mark
		// Synthetic quotes round outward; a last price that is on a tick but for a
		// float's last bits counts as on it.
		c.spotBid[k] = math.Floor(float64(s.spotLast*s.spotLo*s.spotInv)+1e-6) * s.spotTick
		c.spotAsk[k] = math.Ceil(float64(s.spotLast*s.spotHi*s.spotInv)-1e-6) * s.spotTick
		c.perpBid[k] = math.Floor(float64(s.perpLast*s.perpLo*s.perpInv)+1e-6) * s.perpTick
		c.perpAsk[k] = math.Ceil(float64(s.perpLast*s.perpHi*s.perpInv)-1e-6) * s.perpTick
		c.spotValue[k], c.perpValue[k] = s.spotValue, s.perpValue
		c.intervalH[k] = s.intervalH
		c.predicted[k] = carry.PredictedRate(s.predicted)
		f.spotDaily[k], f.perpDaily[k], f.dailyVol[k] = s.spotDaily, s.perpDaily, s.varDaily
		if b != nil {
			s.absorb(b, k)
		}
	}
	m := &f.Markets[r]
	*m = carry.Market{At: at, WarmUp: at < q.warmUntil, Pairs: q.info.Pairs}
	c.market(m, r, p)
}

// predict is the rate that the interval's premium so far implies. Right after a
// settlement the only sample is the present premium.
func (q *Quoter) predict(s *quoteState, at carry.Time) {
	premium := s.premium
	if s.weightSum > 0 {
		premium = s.premiumSum / s.weightSum
	}
	s.predicted = carry.FundingRate(at, premium, s.interest, s.intervalH, s.cap)
}

// absorb takes the bar at column index k over. Its close becomes known at the
// next instant, which is when the state is read again.
func (s *quoteState) absorb(b *carry.Block, k int) {
	so, sc := b.Spot.Open[k], b.Spot.Close[k]
	po, pc := b.Perp.Open[k], b.Perp.Close[k]
	// A bar without volume is a halt that the archive filled in.
	s.spotOn, s.perpOn = sc == sc && b.Spot.Volume[k] > 0, pc == pc && b.Perp.Volume[k] > 0
	s.flags = s.flags & carry.Valued
	s.spotValue, s.perpValue = 0, 0
	if s.spotOn {
		if r := sc/s.spotLast - 1; r == r {
			s.squares += float64(r * r)
		}
		s.spotLast = sc
		s.flags |= carry.SpotFresh
		s.spotValue = float64(b.Spot.Volume[k] * sc)
		s.spotDay += s.spotValue
	}
	if s.perpOn {
		s.perpLast, s.mark = pc, pc
		s.flags |= carry.PerpFresh
		s.perpValue = float64(b.Perp.Volume[k] * pc)
		s.perpDay += s.perpValue
	}
	if m := b.MarkClose[k]; m == m {
		s.mark = m
	}
	if s.spotLast == s.spotLast && s.perpLast == s.perpLast {
		s.flags |= carry.Valued
	}
	s.sample(b.Premium[k], so, sc, po, pc)
}

// sample adds one bar to the interval's average premium. The exchange weighs
// later samples more (weights 1, 2, 3, …; on the real history this correlates
// better with settled rates than equal weights). Without a premium index the
// mean of the bar's first and last premium stands in, less half the spread,
// because Binance measures from impact bid and ask: inside the spread the
// premium counts as zero.
func (s *quoteState) sample(index, so, sc, po, pc float64) {
	premium := index
	if premium != premium {
		first := po/(so*s.mult) - 1
		last := pc/(sc*s.mult) - 1
		premium = (first + last) / 2
		switch {
		case premium > s.deadband:
			premium -= s.deadband
		case premium < -s.deadband:
			premium += s.deadband
		default:
			premium = 0 * premium // keeps NaN
		}
	}
	if premium != premium {
		return
	}
	s.premium = premium
	s.weight++
	s.weightSum += s.weight
	s.premiumSum += float64(premium * s.weight)
}
