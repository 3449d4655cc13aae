package sim

import (
	"math"
	"slices"

	"carry"
)

// QuoteModels are the assumptions behind the cross-sections a core sees.
type QuoteModels struct {
	Spread SpreadModel
}

// Quoter turns bars into quotes, premiums and predicted rates. Its state
// carries over from block to block; at every instant it uses closed bars only.
//
// It touches every pair at every instant, so what is common goes through tight
// loops over columns, and what is rare (a leg that did not trade) is put on a
// list and set right afterwards.
type Quoter struct {
	info   *carry.TapeInfo
	models QuoteModels
	// warmUntil is the run's start: earlier instants only fill windows.
	warmUntil carry.Time
	st        []quoteState
	last      lastRow
	days      []dayState
	slow      *slowFacts
	changed   bool // slow facts differ from the version in use
	version   *slowFacts
	nextRule  int
	nextEnd   int
	frames    Frames
	pred      predictionSums
	lastAt    carry.Time
	rolled    carry.Time // the last instant that roll prepared

	// For the predicted rate: the interval's average premium so far, the interest
	// term and the cap.
	average, interest, cap []float64
	// predicted is the row that was made last.
	predicted        []carry.PredictedRate
	spotDay, perpDay []float64 // value of the present day so far
	flags            []carry.Flags
	nextSlot         []carry.Time // when the next settlement is due
	freshUntil       carry.Time   // no known settlement is overdue before
	endedUntil       []carry.Time
	ended            []int32 // pairs with an endedUntil that may still count

	// Pairs of which a leg did not trade in the bar that was absorbed last; those
	// of the bar before; and which leg it was.
	odd, wasOdd []int32
	missing     []uint8
	// implied are pairs whose spot price of this instant is not the last one.
	implied []impliedPrice
}

const (
	spotMissing = 1 << iota
	perpMissing
)

type impliedPrice struct {
	pair int32
	last float64 // the last price that was paid
}

// lastRow are the facts at the end of a block.
type lastRow struct{ spotLast, perpLast, mark, spotValue, perpValue []float64 }

// quoteState is what is remembered of one pair's premium from bar to bar.
type quoteState struct {
	spotInv     float64 // 1 / last spot price
	premium     float64 // at the last close, as traded
	steady      float64 // at the close before it
	sampled     float64 // latest sample of the interval's average
	sum, weight float64 // weighted sum of samples and the last one's weight
	deadband    float64
	perCoin     float64 // 1/Mult
	squares     float64 // of the day's returns
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
		days: make([]dayState, n), slow: newSlowFacts(n), flags: make([]carry.Flags, n), missing: make([]uint8, n),
		rolled: -1, nextSlot: make([]carry.Time, n), endedUntil: make([]carry.Time, n), freshUntil: math.MaxInt64,
		predicted: make([]carry.PredictedRate, n), spotDay: make([]float64, n), perpDay: make([]float64, n)}
	for _, c := range [...]*[]float64{&q.average, &q.interest, &q.cap, &q.last.spotLast, &q.last.perpLast, &q.last.mark,
		&q.last.spotValue, &q.last.perpValue} {
		*c = make([]float64, n)
	}
	nan := math.NaN()
	for i := range q.st {
		q.st[i] = quoteState{spotInv: nan, premium: nan, steady: nan, sampled: nan, perCoin: 1 / float64(info.Pairs[i].Mult)}
		q.last.spotLast[i], q.last.perpLast[i], q.last.mark[i] = nan, nan, nan
		q.predicted[i], q.average[i] = carry.PredictedRate(nan), nan
		q.interest[i] = carry.DefaultInterest8h
		q.odd = append(q.odd, int32(i))
		q.slow.spotTick[i], q.slow.spotInv[i], q.slow.perpTick[i], q.slow.perpInv[i] = 1e-8, 1e8, 1e-8, 1e8
		q.setInterval(i, 8)
		q.setSpread(i)
	}
	return q
}

func (q *Quoter) setInterval(i int, hours float64) {
	if q.slow.intervalH[i] != hours {
		q.slow.intervalH[i] = hours
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
	f := q.begin(b.Start, b.Step, b.N)
	f.Block = b
	settled := 0
	for r := 0; r < b.N; r++ {
		at := b.Start + carry.Time(r)*b.Step
		q.roll(at)
		f.settledAt[r] = settled
		settled = q.settle(b, settled, at)
		q.emit(f, r, at)
		q.absorb(f, r, b)
	}
	f.settledAt[b.N] = settled
	q.lastAt = b.End()
	f.cols.save(&q.last, b.N, len(q.st))
	return f
}

// Last is the frame after the tape's end: one cross-section of the final
// closes, and no bars to trade on.
func (q *Quoter) Last() *Frames {
	f := q.begin(q.lastAt, carry.Hour, 1)
	f.Block = nil
	f.settledAt[0], f.settledAt[1] = 0, 0
	q.roll(q.lastAt)
	q.emit(f, 0, q.lastAt)
	return f
}

func (q *Quoter) begin(start, step carry.Time, n int) *Frames {
	f := &q.frames
	f.prepare(start, step, n, len(q.st))
	f.cols.restore(&q.last)
	q.changed = true // versions do not outlive their block
	return f
}

// roll takes new rules and ends over and closes the day at midnight, once for
// each instant.
func (q *Quoter) roll(at carry.Time) {
	if at == q.rolled {
		return
	}
	q.rolled = at
	for q.nextRule < len(q.info.Rules) && q.info.Rules[q.nextRule].From <= at {
		q.applyRules(&q.info.Rules[q.nextRule])
		q.nextRule++
	}
	for q.nextEnd < len(q.info.Ends) && q.info.Ends[q.nextEnd].At <= at {
		q.end(&q.info.Ends[q.nextEnd])
		q.nextEnd++
	}
	if at%carry.Day == 0 {
		for i := range q.st {
			q.closeDay(i)
		}
	}
}

func (q *Quoter) applyRules(r *carry.Rules) {
	f, i := q.slow, r.Pair
	if t := r.Legs[carry.Spot].Tick; t > 0 {
		f.spotTick[i], f.spotInv[i] = t.Float(), 1/t.Float()
	}
	if t := r.Legs[carry.Perp].Tick; t > 0 {
		f.perpTick[i], f.perpInv[i] = t.Float(), 1/t.Float()
	}
	q.changed = true
	q.interest[i] = r.Interest8h
	// The rate is capped at 0.75 of the first bracket's maintenance rate
	// (binance.md §2.1); where Binance raised a cap, the settled rates show it.
	if len(r.Brackets) > 0 {
		q.cap[i] = max(q.cap[i], 0.75*r.Brackets[0].MMR)
	}
}

// end forgets what must not reach over a hole in the data.
func (q *Quoter) end(e *carry.PairEnd) {
	q.endedUntil[e.Pair] = e.Until
	if e.Until == 0 {
		q.endedUntil[e.Pair] = math.MaxInt64
	}
	q.ended = append(q.ended, e.Pair)
	s := &q.st[e.Pair]
	s.spotInv, s.premium, s.steady = math.NaN(), math.NaN(), math.NaN()
}

// closeDay folds a finished day into the slow means: a week's for traded value,
// a month's for variance.
func (q *Quoter) closeDay(i int) {
	s, d := &q.st[i], &q.days[i]
	spot, perp := q.spotDay[i], q.perpDay[i]
	if spot > 0 && perp > 0 {
		if !d.known {
			d.spotDaily, d.perpDaily, d.varDaily, d.known = spot, perp, s.squares, true
		} else {
			d.spotDaily += (spot - d.spotDaily) / 7
			d.perpDaily += (perp - d.perpDaily) / 7
			d.varDaily += (s.squares - d.varDaily) / 30
		}
		q.setSpread(i)
	}
	q.slow.spotDay[i], q.slow.perpDay[i] = spot, perp
	q.changed = true
	q.spotDay[i], q.perpDay[i], s.squares = 0, 0, 0
}

// settle takes the settlements of instant at over and returns the index of the
// first later one.
func (q *Quoter) settle(b *carry.Block, from int, at carry.Time) int {
	i := from
	for ; i < len(b.Settled) && b.Settled[i].At <= at; i++ {
		set := &b.Settled[i]
		k, rate := int(set.Pair), set.Rate.Float()
		if at >= q.warmUntil {
			q.pred.add(float64(q.predicted[k]), rate)
		}
		q.cap[k] = max(q.cap[k], math.Abs(rate))
		q.setInterval(k, set.IntervalH)
		q.nextSlot[k] = set.At + carry.Time(float64(set.IntervalH*float64(carry.Hour)))
		q.flags[k] |= carry.FundingFresh
		q.freshUntil = min(q.freshUntil, q.nextSlot[k])
		s := &q.st[k]
		s.sum, s.weight, q.average[k] = 0, 0, s.sampled
	}
	return i
}

// emit writes the cross-section of instant at from the state. Prices stand in
// their columns already.
func (q *Quoter) emit(f *Frames, r int, at carry.Time) {
	if q.changed {
		q.version, q.changed = f.version(q.slow), false
	}
	if at >= q.freshUntil {
		q.overdue(at)
	}
	p := len(q.st)
	m := &f.Markets[r]
	*m = carry.Market{At: at, WarmUp: at < q.warmUntil, Pairs: q.info.Pairs, IntervalH: q.version.intervalH,
		SpotDay: q.version.spotDay, PerpDay: q.version.perpDay}
	f.cols.market(m, r, p)
	f.rows[r] = row{m: m, slow: q.version}
	m.Quotes = &f.rows[r]
	q.predicted = m.Predicted
	predict(q.predicted, at, q.average, q.interest, q.slow.intervalH, q.cap)
	copy(m.Flags, q.flags)
	for k := 0; k < len(q.ended); k++ {
		if i := q.ended[k]; at < q.endedUntil[i] {
			m.Flags[i] = 0
		} else {
			q.ended = slices.Delete(q.ended, k, k+1)
			k--
		}
	}
	q.implied = q.implied[:0]
	for _, i := range q.odd {
		if m.Flags[i]&carry.Tradable == carry.PerpFresh {
			q.imply(m, int(i))
		}
	}
}

// predict fills a row with the rates that the average premiums make.
func predict(out []carry.PredictedRate, at carry.Time, average, interest, intervalH, most []float64) {
	n := len(out)
	average, interest, intervalH, most = average[:n], interest[:n], intervalH[:n], most[:n]
	for i := range out {
		out[i] = carry.PredictedRate(carry.FundingRate(at, average[i], interest[i], intervalH[i], most[i]))
	}
}

// overdue takes FundingFresh off pairs whose settlement did not come.
func (q *Quoter) overdue(at carry.Time) {
	q.freshUntil = math.MaxInt64
	for i, next := range q.nextSlot {
		if q.flags[i]&carry.FundingFresh == 0 {
			continue
		}
		if at >= next {
			q.flags[i] &^= carry.FundingFresh
		} else {
			q.freshUntil = min(q.freshUntil, next)
		}
	}
}

// imply values coins while spot is halted and the perpetual trades on: at
// the premium of the bar before the last one, because a halt begins within a bar
// and leaves its close behind the perpetual's. The hedge is whole, so a book marked at a
// frozen spot price would show a swing that is none. The leg's flag is not
// fresh, so nothing is traded at this price.
func (q *Quoter) imply(m *carry.Market, i int) {
	s := &q.st[i]
	if s.steady != s.steady {
		return
	}
	for k := range q.implied {
		if q.implied[k].pair == int32(i) {
			return // said already, by the bar before
		}
	}
	q.implied = append(q.implied, impliedPrice{int32(i), m.SpotLast[i]})
	m.SpotLast[i] = m.PerpLast[i] * s.perCoin / (1 + s.steady)
}
