package binance

import (
	"math"

	"carry"
	"carry/internal/binance/wire"
)

// bar is the last closed bar of one leg.
type bar struct {
	at           carry.Time // open time
	close, value float64
}

// marketState collects what the streams tell until a cross-section is cut.
type marketState struct {
	bars     [2][]bar
	bid, ask [2][]float64
	bookAt   [2][]carry.Time
	mark     []float64
	rate     []float64 // predicted, NaN where there is none
	trading  [2][]bool // by exchangeInfo
	settled  []carry.Settlement
	interval []float64    // hours, as last observed
	nextSlot []carry.Time // when the next settlement is due
	asked    carry.Time   // settlements are known up to here
	waited   carry.Time   // the last instant at which rates were waited for in vain
	askNext  carry.Time   // the histories are not asked again before
	looked   int          // how often they were looked for
	rules    []*carry.Rules

	// last prices and premiums, kept from instant to instant.
	spotLast, perpLast, premium, steady []float64
	valued                              []bool
	spotSum, perpSum                    []float64 // value since midnight, USDT

	earlier [2][]wire.Kline
	marks   []wire.Mark
	cutAt   carry.Time // the instant that is to be cut, 0: none
	done    carry.Time // the last that was cut
	cut     carry.Market
	// now are the last prices of the bar that is under way, and base those at its
	// beginning.
	now, base [2][]float64
	// lookIn is the time of a timer, by which a cross-section inside the bar was
	// asked for, 0: by none; insideAt that of the latest marks inside a bar, 0: none
	// came.
	lookIn, insideAt carry.Time
}

func (m *marketState) reset(pairs []carry.Pair) {
	n := len(pairs)
	nan := func() []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = math.NaN()
		}
		return s
	}
	for leg := range m.bars {
		m.bars[leg], m.bookAt[leg], m.trading[leg] = make([]bar, n), make([]carry.Time, n), make([]bool, n)
		m.bid[leg], m.ask[leg], m.now[leg], m.base[leg] = nan(), nan(), nan(), nan()
	}
	m.mark, m.rate, m.spotLast, m.perpLast, m.premium, m.steady = nan(), nan(), nan(), nan(), nan(), nan()
	m.interval, m.nextSlot, m.valued, m.rules = make([]float64, n), make([]carry.Time, n), make([]bool, n), make([]*carry.Rules, n)
	for i := range m.interval {
		m.interval[i] = 8
	}
	f := func() []float64 { return make([]float64, n) }
	m.spotSum, m.perpSum = f(), f()
	m.cut = carry.Market{Pairs: pairs, SpotLast: f(), PerpLast: f(), Mark: f(), SpotValue: f(), PerpValue: f(),
		SpotDay: f(), PerpDay: f(), Predicted: make([]carry.PredictedRate, n), IntervalH: f(), Flags: make([]carry.Flags, n), Quotes: m}
}

// Bid implements carry.Quotes: the last that the stream told.
func (m *marketState) Bid(leg carry.Leg, i int) float64 { return m.bid[leg][i] }

// Ask implements carry.Quotes.
func (m *marketState) Ask(leg carry.Leg, i int) float64 { return m.ask[leg][i] }

// takeMarks takes the array of marks over; the first one after a bar's end is
// where the next cross-section is cut.
func (v *Venue) takeMarks() {
	m := &v.market
	at := carry.Time(0)
	for k := range m.marks {
		r := &m.marks[k]
		if i, ok := v.symbols[wire.Futures][r.Symbol]; ok {
			m.rate[i] = r.Rate
			if r.Mark > 0 { // no price is no price: the last good one stands
				m.mark[i] = r.Mark
			}
			at = max(at, r.At)
		}
	}
	t := at.Floor(v.o.Step)
	switch {
	case m.done == 0:
	case t > m.done:
		m.cutAt = max(m.cutAt, t)
	case at >= m.done:
		m.insideAt = at
	}
}

// momentReal is how often the market inside a bar is shown while orders rest.
const momentReal = carry.Minute

// wantsInside tells whether a cross-section inside the bar is due: after a
// timer, and from moment to moment while orders rest.
func (v *Venue) wantsInside() bool {
	m := &v.market
	if m.insideAt == 0 || m.cutAt != 0 || m.insideAt < v.last {
		return false // what was told since is later than these marks
	}
	rests := false
	for _, x := range v.flights.list {
		rests = rests || x.acked
	}
	return m.lookIn != 0 && m.insideAt >= m.lookIn || rests && (v.o.Pace != nil || m.insideAt-m.cut.At >= momentReal)
}

// inside makes the cross-section of a moment inside a bar: prices of the moment,
// and what only a closed bar can tell of the last one. It forgets that the moment
// was asked for: its time is from then on the cross-section's. A coin that is halted
// while its perpetual trades goes with it.
func (m *marketState) inside() *carry.Market {
	c := &m.cut
	c.At, c.Within = m.insideAt, true
	for i := range c.Pairs {
		c.Mark[i] = m.mark[i]
		if p := c.Predicted[i]; p != p {
			// No bar has closed since the start.
			c.Predicted[i] = carry.PredictedRate(m.rate[i])
		}
		spot, perp := m.trading[carry.Spot][i], m.trading[carry.Perp][i]
		if perp {
			c.PerpLast[i] = m.now[carry.Perp][i]
		}
		switch {
		case spot:
			c.SpotLast[i] = m.now[carry.Spot][i]
		case perp:
			c.SpotLast[i] = float64(m.base[carry.Spot][i] * (c.PerpLast[i] / m.base[carry.Perp][i]))
		}
	}
	m.lookIn, m.insideAt = 0, 0
	return c
}

// absorb takes the bars that closed at an instant, as a simulation does: a leg
// without a trade keeps its price and is not fresh.
func (m *marketState) absorb(at, step carry.Time) {
	flags := m.cut.Flags
	for i := range flags {
		flags[i] = 0
		spot, perp := &m.bars[carry.Spot][i], &m.bars[carry.Perp][i]
		m.cut.SpotValue[i], m.cut.PerpValue[i] = 0, 0
		if spot.at == at-step && spot.value > 0 {
			m.spotLast[i], m.cut.SpotValue[i] = spot.close, spot.value
			m.spotSum[i] += spot.value
			flags[i] |= carry.SpotFresh
		}
		if perp.at == at-step && perp.value > 0 {
			m.perpLast[i], m.cut.PerpValue[i] = perp.close, perp.value
			m.perpSum[i] += perp.value
			flags[i] |= carry.PerpFresh
		}
		if flags[i]&carry.Tradable == carry.Tradable {
			m.steady[i] = m.premium[i]
			m.premium[i] = float64(m.perpLast[i]*(1/m.spotLast[i])*(1/float64(m.cut.Pairs[i].Mult))) - 1
			m.valued[i] = true
		}
	}
	if at%carry.Day == 0 {
		for i := range flags {
			m.closeDay(i)
		}
	}
}

// prime makes the state of the last cross-section before the start, for moments
// inside the bar that is under way.
func (m *marketState) prime(step carry.Time) {
	for i := range m.cut.Flags {
		m.cut.Flags[i] = 0
		for leg, fresh := range [...]carry.Flags{carry.SpotFresh, carry.PerpFresh} {
			value := &m.cut.SpotValue[i]
			if leg == 1 {
				value = &m.cut.PerpValue[i]
			}
			if b := &m.bars[leg][i]; b.at == m.done-step && b.value > 0 {
				m.cut.Flags[i] |= fresh
				*value = b.value
			}
		}
	}
	m.show(m.done)
}

// closeDay makes the sums since midnight the last full day's.
func (m *marketState) closeDay(i int) {
	m.cut.SpotDay[i], m.cut.PerpDay[i] = m.spotSum[i], m.perpSum[i]
	m.spotSum[i], m.perpSum[i] = 0, 0
}

// cross makes the cross-section of an instant.
func (m *marketState) cross(at, step carry.Time) *carry.Market {
	m.insideAt = 0
	m.absorb(at, step)
	return m.show(at)
}

// show fills the cross-section's columns from the state.
func (m *marketState) show(at carry.Time) *carry.Market {
	c := &m.cut
	c.At, c.Within = at, false
	flags := c.Flags
	for i := range flags {
		closed := flags[i]
		c.PerpLast[i], c.Mark[i], c.Predicted[i], c.IntervalH[i] = m.perpLast[i], m.mark[i], carry.PredictedRate(m.rate[i]), m.interval[i]
		c.SpotLast[i] = m.spotLast[i]
		spotHalt, perpHalt := !m.trading[carry.Spot][i], !m.trading[carry.Perp][i]
		if m.valued[i] {
			flags[i] |= carry.Valued
		}
		if at < m.nextSlot[i] {
			flags[i] |= carry.FundingFresh
		}
		// While spot alone is halted, coins are valued at the perpetual's price
		// and the premium of the bar before the last one, as in a simulation.
		alone := closed&carry.Tradable == carry.PerpFresh || spotHalt && closed&carry.PerpFresh != 0 && !perpHalt
		if s := m.steady[i]; alone && s == s {
			c.SpotLast[i] = m.perpLast[i] * (1 / float64(c.Pairs[i].Mult)) / (1 + s)
		}
		if spotHalt {
			flags[i] &^= carry.SpotFresh
		}
		if perpHalt {
			flags[i] &^= carry.PerpFresh
		}
		m.base[carry.Spot][i], m.base[carry.Perp][i] = c.SpotLast[i], c.PerpLast[i]
		m.now[carry.Spot][i], m.now[carry.Perp][i] = c.SpotLast[i], c.PerpLast[i]
	}
	return c
}
