// Package funding is the mission's strategy: hold the coins whose funding rate
// has been high for a month and is high now, best first, and leave when it
// turns. Sizes, wallets and leverage are the hedge desk's.
package funding

import (
	"fmt"
	"math"

	"carry"
	"carry/strategy/hedge"
)

// Policy is a hedge.Policy.
type Policy struct {
	p     Params
	pairs []carry.Pair
	coins []coin
	// Thresholds in steps of 1e-8, the grid rates are compared on.
	openRate, closeRate int64
	// The same of the mean, times screenN: compared with a window's sum, so that a
	// mean of exactly 0.01 % is one.
	openSum, closeSum int64
	acct              *carry.Account
	dormant           []bool
	// calm is refreshed with every cross-section: a held coin whose predicted rate
	// per 8 h is above stay and whose funding is known has no reason to be closed.
	// Both are nil where other rules may close.
	calm   []bool
	stay   []float64
	spread int
}

// coin is what the policy knows of one pair.
type coin struct {
	win   window
	day   daily
	mean  float64
	full  bool
	open  carry.Code // universe's verdict on opening, refreshed at settlements
	leave carry.Code // universe's reason to leave
	named bool
}

// New returns the strategy as a core.
func New(pairs []carry.Pair, p Params, t hedge.Terms) (carry.Core, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	pol, err := NewPolicy(pairs, p)
	if err != nil {
		return nil, err
	}
	return hedge.New(pairs, p.Params, t, pol), nil
}

// NewPolicy returns the policy alone. A coin asked for by name that is not
// among the pairs is an error.
func NewPolicy(pairs []carry.Pair, p Params) (*Policy, error) {
	pol := &Policy{p: p, pairs: pairs, coins: make([]coin, len(pairs)), dormant: make([]bool, len(pairs)),
		openRate: ticks(p.OpenRateMin), closeRate: ticks(p.CloseRateMax),
		openSum: sumTicks(p.OpenMeanMin, p.ScreenN), closeSum: sumTicks(p.CloseMeanMax, p.ScreenN)}
	names := p.named()
	for i := range pol.coins {
		pol.coins[i].named = names == nil
		pol.coins[i].open, pol.dormant[i] = carry.CodeNotScreened, true
	}
	for _, name := range names {
		i := find(pairs, name)
		if i < 0 {
			return nil, fmt.Errorf("coins: %q is not in the data", name)
		}
		pol.coins[i].named = true
	}
	if p.ClosePremiumTake == off && p.RiseClose == 0 {
		pol.calm, pol.stay = make([]bool, len(pairs)), make([]float64, len(pairs))
		for i := range pol.stay {
			pol.stay[i] = math.Inf(1) // until the first settlement
		}
	}
	pol.spread = min(p.CoinsTargetN, len(pairs))
	if len(names) > 0 {
		pol.spread = min(pol.spread, len(names))
	}
	return pol, nil
}

func find(pairs []carry.Pair, coin string) int {
	for i := range pairs {
		if pairs[i].Coin == coin {
			return i
		}
	}
	return -1
}

// ticks is a threshold on the grid of rates; off is beyond all rates.
func ticks(frac float64) int64 {
	if frac == off {
		return math.MinInt64
	}
	return carry.RateTicks(frac)
}

// sumTicks is a threshold of the mean as one of the sum over n windows of 8 h.
func sumTicks(frac float64, n int) int64 {
	if frac == off {
		return math.MinInt64
	}
	return carry.RateTicks(frac) * int64(n)
}

// Observe implements hedge.Policy.
func (p *Policy) Observe(ev *carry.Event) {
	p.acct = ev.Account
	switch ev.Kind {
	case carry.EvRates:
		for k := range ev.Rates {
			p.settled(&ev.Rates[k])
		}
	case carry.EvMarket:
		p.calmDown(ev.Market)
		if !ev.Market.Within && isMidnight(ev.At) {
			p.closeDay(ev.Market)
		}
	}
}

// settled takes a rate into its window. The universe is judged afresh here, at
// every settlement (S2).
func (p *Policy) settled(s *carry.Settlement) {
	c := &p.coins[s.Pair]
	c.win.add(settled{at: s.At, rate: int64(s.Rate), hours: s.IntervalH})
	c.win.drop(s.At - carry.Time(p.p.ScreenN)*8*carry.Hour)
	c.mean, c.full = c.win.mean8h(p.p.ScreenN)
	p.judgeUniverse(c, &p.pairs[s.Pair], s.At)
	p.dormant[s.Pair] = c.open != carry.OK
	if p.calm != nil {
		p.stay[s.Pair] = p.stays(c)
	}
}

// stays is a predicted rate per 8 h above which a coin is certainly not closed:
// half a step above the least that is over the threshold, so that no rounding
// matters.
func (p *Policy) stays(c *coin) float64 {
	if c.leave != carry.OK {
		return math.Inf(1)
	}
	return (float64(p.closeRate) + 1) / carry.Unit
}

// calmDown finds the coins that have no reason to be closed.
func (p *Policy) calmDown(m *carry.Market) {
	calm := p.calm
	if calm == nil {
		return
	}
	rates, flags, hours := m.Predicted[:len(calm)], m.Flags[:len(calm)], m.IntervalH[:len(calm)]
	for i, stay := range p.stay[:len(calm)] {
		calm[i] = float64(rates[i])*8 > stay*hours[i] && flags[i]&carry.FundingFresh != 0
	}
}

func (p *Policy) closeDay(m *carry.Market) {
	for i := range p.coins {
		p.coins[i].day.close(m.SpotDay[i], m.PerpDay[i], m.SpotLast[i])
	}
}

// judgeUniverse says whether a coin may be opened, and whether a held one
// should go. Leaving needs a margin beyond the opening threshold, so that a
// coin near it is not bought and sold in turn.
func (p *Policy) judgeUniverse(c *coin, pair *carry.Pair, at carry.Time) {
	s := &p.p
	c.open, c.leave = carry.OK, carry.OK
	switch {
	case !c.named:
		c.open = carry.CodeNotNamed
	case !c.full:
		c.open = carry.CodeNotScreened
	case c.win.sum < p.openSum:
		c.open = carry.CodeMeanLow
	case float64(at-pair.Listed) < s.MinAgeD*float64(carry.Day):
		c.open = carry.CodeTooNew
	case c.day.median < s.MinVolumeUSDT:
		c.open = carry.CodeTooThin
	case s.MaxDailyVol > 0 && c.day.volatility() > s.MaxDailyVol:
		c.open = carry.CodeTooWild
	case s.WorstRateMin != off && c.win.worst < carry.RateTicks(s.WorstRateMin):
		c.open = carry.CodeWorstRate
	}
	switch {
	case c.win.sum < p.closeSum:
		c.leave = carry.CodeCloseMean
	case c.day.median < s.MinVolumeUSDT/2, s.MaxDailyVol > 0 && c.day.volatility() > 1.5*s.MaxDailyVol:
		c.leave = carry.CodeCloseUniverse
	}
}

// Dormant implements hedge.Policy.
func (p *Policy) Dormant() []bool { return p.dormant }

// Calm implements hedge.Policy.
func (p *Policy) Calm() []bool { return p.calm }

// Spread implements hedge.Policy: over coinsTargetN, or all coins there are if
// they are fewer.
func (p *Policy) Spread() int { return p.spread }

// Judge implements hedge.Policy.
func (p *Policy) Judge(i int, m *carry.Market, held bool, v *hedge.Verdict) {
	c := &p.coins[i]
	if !held && c.open != carry.OK {
		v.Open = c.open
		return
	}
	const all = carry.Tradable | carry.FundingFresh
	if p := m.Predicted[i]; m.Flags[i]&all != all || p != p {
		v.Open = carry.CodeStale
		if held && m.Flags[i]&carry.FundingFresh == 0 {
			v.Close, v.Patient = carry.CodeFundingGap, true
		}
		return
	}
	rate := m.Rate8h(i)
	rateF := float64(rate) / carry.Unit
	if held {
		p.judgeClose(i, c, m, rate, v)
	}
	if v.Close != carry.OK {
		v.Open = v.Close
		v.X = [3]float64{rateF, m.ClosePremium(i), c.mean}
		return
	}
	if v.CloseOnly {
		return
	}
	if rate < p.openRate {
		v.Open = carry.CodeRateLow // the commonest reason, before the dearer ones
		return
	}
	po := m.OpenPremium(i)
	v.X = [3]float64{rateF, po, c.mean}
	switch {
	case c.open != carry.OK:
		v.Open = c.open
	case c.leave != carry.OK:
		v.Open = c.leave
	case rate <= p.closeRate:
		v.Open = carry.CodeCloseRate
	case p.p.OpenPremiumMin != off && po < p.p.OpenPremiumMin:
		v.Open = carry.CodePremiumLow
	case p.p.NegPremiumFloor != off && po < p.p.NegPremiumFloor:
		v.Open = carry.CodePremiumFloor
	case p.p.ClosePremiumTake != off && m.ClosePremium(i) <= p.p.ClosePremiumTake:
		v.Open = carry.CodeClosePremium
	default:
		v.Why, v.Rank, v.Mean = carry.CodeOpen, rateF+po, c.mean
	}
}

// judgeClose finds the reason to leave a held coin: at once when the rate turns
// (S5) or the premium is deep enough to take, patiently when the mean fades,
// the universe no longer wants it or its price has risen too far (S4).
func (p *Policy) judgeClose(i int, c *coin, m *carry.Market, rate int64, v *hedge.Verdict) {
	switch {
	case rate <= p.closeRate:
		v.Close = carry.CodeCloseRate
	case p.p.ClosePremiumTake != off && m.ClosePremium(i) <= p.p.ClosePremiumTake:
		v.Close = carry.CodeClosePremium
	case c.leave != carry.OK:
		v.Close, v.Patient = c.leave, true
	case p.p.RiseClose > 0 && p.risen(i, m):
		v.Close, v.Patient = carry.CodeCloseRise, true
	}
}

func (p *Policy) risen(i int, m *carry.Market) bool {
	q := p.acct.PerpQtyF[i]
	return q != 0 && m.Mark[i] > p.acct.PerpCostF[i]/q*(1+p.p.RiseClose)
}
