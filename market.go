package carry

import "sort"

// Flags say what is known about a pair at an instant.
type Flags uint8

// A pair is tradable when it has SpotFresh and PerpFresh; it may be opened
// when FundingFresh is set too.
const (
	SpotFresh    Flags = 1 << iota // the spot quote is of this instant
	PerpFresh                      // the perpetual's quote is of this instant
	FundingFresh                   // no settlement is missing since the last known one
	Valued                         // both legs have been quoted at least once
)

// Tradable is both legs' quotes being fresh.
const Tradable = SpotFresh | PerpFresh

// Quotes tells the best bid and ask of a leg. In a backtest they are synthetic
// and made only when asked for.
type Quotes interface {
	Bid(leg Leg, pair int) float64
	Ask(leg Leg, pair int) float64
}

// Market is one instant's cross-section of all pairs, one column per fact, one
// row per pair in the order of the universe. An instant is the boundary between
// two bars, or a moment inside a bar (Within): then prices are of that moment,
// and what only a closed bar can tell (SpotValue, PerpValue, Predicted) is of
// the last closed one. Prices are float64s nearest to a
// tick; NaN where a leg has never been quoted. It is read-only and valid only
// during the Step that receives it.
type Market struct {
	At Time
	// WarmUp instants fill windows before the run's start: nothing may be
	// ordered on them.
	WarmUp bool
	// Within is true inside a bar. What counts bars, hours or days skips it.
	Within bool
	// Pairs changes only between runs.
	Pairs  []Pair
	Quotes Quotes

	// SpotLast is the last spot price; while spot alone is halted, the price that
	// the perpetual and the last premium imply.
	SpotLast, PerpLast []float64
	Mark               []float64
	// SpotValue and PerpValue are the quote volumes of the last closed bar, USDT.
	SpotValue, PerpValue []float64
	// SpotDay and PerpDay are the quote volumes of the last full UTC day, USDT; 0
	// where the leg did not trade.
	SpotDay, PerpDay []float64
	Predicted        []PredictedRate
	IntervalH        []float64 // hours between settlements, as last observed
	Flags            []Flags
	// BNBUSDT is the price at which fees are paid in BNB; 0 where they are not.
	BNBUSDT float64
	// QuoteAgeMs is by leg and pair how old a quote is; nil where every quote is
	// of this instant.
	QuoteAgeMs [2][]int32
}

// Bid is the best bid of a leg, USDT.
func (m *Market) Bid(leg Leg, i int) float64 { return m.Quotes.Bid(leg, i) }

// Ask is the best ask of a leg, USDT.
func (m *Market) Ask(leg Leg, i int) float64 { return m.Quotes.Ask(leg, i) }

// Mid is the mean of a leg's bid and ask, USDT.
func (m *Market) Mid(leg Leg, i int) float64 {
	return (m.Quotes.Bid(leg, i) + m.Quotes.Ask(leg, i)) / 2
}

// OpenPremium is p_o = perpBid/spotAsk − 1, what a short perp and long spot
// opened now would get. Contracts of several coins are priced per coin.
func (m *Market) OpenPremium(i int) float64 {
	return m.Bid(Perp, i)/(m.Ask(Spot, i)*float64(m.Pairs[i].Mult)) - 1
}

// ClosePremium is p_c = perpAsk/spotBid − 1, what closing now would pay.
func (m *Market) ClosePremium(i int) float64 {
	return m.Ask(Perp, i)/(m.Bid(Spot, i)*float64(m.Pairs[i].Mult)) - 1
}

// Rate8h is the predicted rate scaled to eight hours, in steps of 1e-8.
func (m *Market) Rate8h(i int) int64 {
	if m.IntervalH[i] == 8 {
		return RateTicks(float64(m.Predicted[i]))
	}
	return RateTicks(float64(m.Predicted[i]) * 8 / m.IntervalH[i])
}

// Settlement is one settled funding rate of one pair.
type Settlement struct {
	At        Time // rounded to the minute
	Pair      int32
	Rate      SettledRate
	Mark      Price // mark price at the settlement; 0 where the source lacks it
	IntervalH float64
}

// Bars is the raw history of one leg over a block, time-major: the value of
// pair p at instant r stands at [r*P+p]. NaN where the exchange has no bar.
type Bars struct {
	Open, High, Low, Close []float64
	Volume                 []float64 // base units (coins or contracts)
}

// Block is a run of consecutive instants, about a week, for all pairs of a
// tape. A reader reuses it: contents are valid until the next call of Next.
type Block struct {
	Start Time // open time of the first bar
	Step  Time // length of a bar
	N     int  // bars per pair
	P     int  // pairs

	Spot, Perp Bars
	// MarkHigh and MarkClose are NaN where the source has no mark klines;
	// MarkOpen likewise.
	MarkOpen, MarkHigh, MarkClose []float64
	// Premium is the premium index's close; NaN where the source has none.
	Premium []float64

	// Settled are the block's settlements in order of (At, Pair).
	Settled []Settlement
}

// Resize makes the block hold n bars of p pairs, reusing its memory.
func (b *Block) Resize(n, p int) {
	b.N, b.P = n, p
	size := n * p
	for _, col := range b.columns() {
		if cap(*col) < size {
			*col = make([]float64, size)
		}
		*col = (*col)[:size]
	}
	b.Settled = b.Settled[:0]
}

func (b *Block) columns() [14]*[]float64 {
	return [...]*[]float64{
		&b.Spot.Open, &b.Spot.High, &b.Spot.Low, &b.Spot.Close, &b.Spot.Volume,
		&b.Perp.Open, &b.Perp.High, &b.Perp.Low, &b.Perp.Close, &b.Perp.Volume,
		&b.MarkOpen, &b.MarkHigh, &b.MarkClose, &b.Premium,
	}
}

// Part makes out the block's bars [from, to), on the same memory.
func (b *Block) Part(out *Block, from, to int) {
	*out = *b
	out.Start, out.N = b.Start+Time(from)*b.Step, to-from
	for _, col := range out.columns() {
		*col = (*col)[from*b.P : to*b.P]
	}
	due := func(at Time) int {
		return sort.Search(len(b.Settled), func(i int) bool { return b.Settled[i].At >= at })
	}
	out.Settled = b.Settled[due(out.Start):due(out.End())]
}

// End is the open time of the bar after the block.
func (b *Block) End() Time { return b.Start + Time(b.N)*b.Step }

// TapeInfo describes a tape before its first block.
type TapeInfo struct {
	Pairs []Pair
	From  Time // open time of the first bar
	To    Time // end of the last bar
	Step  Time
	// Rules in order of (From, Pair); every pair has one that holds from the
	// beginning.
	Rules []Rules
	// Ends tells where a pair's data stop, in order of (At, Pair); it is known to
	// the simulator only, never to a core.
	Ends []PairEnd
	// Hash covers everything a run can read from the tape.
	Hash string
	// Generated markets are not history and every page says so.
	Generated bool
	Source    string // one line: where the data come from
	Coverage  []Coverage
	Warnings  []Warning
}

// PairEnd is where a pair's data stop before the tape does, for good or over a
// hole too long to be an exchange's halt. What is held then is valued out: a
// book with one leg frozen and the other moving would show profits and losses
// that nobody had.
type PairEnd struct {
	Pair int32
	At   Time // end of the last bar that both legs have
	// Until is when both legs have bars again; 0: never.
	Until Time
	// Delisted is true where the exchange settled the contract; false where
	// only the file ends, which is not a delisting.
	Delisted bool
}

// Coverage is how much of a series the tape holds within its span.
type Coverage struct {
	Coin    string `json:"coin"`
	Kind    string `json:"kind"` // spot, perp, mark, premium, funding
	First   Time   `json:"first_ms"`
	Last    Time   `json:"last_ms"`
	Present int    `json:"present"`
	Missing int    `json:"missing"` // between First and Last
}

// Tape is a market's history in blocks of time order. Next fills b and returns
// io.EOF after the last block.
type Tape interface {
	Info() *TapeInfo
	Next(b *Block) error
}
