package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"carry"
	"carry/internal/risk"
	"carry/reports"
	"carry/sim"
	"carry/strategy/hedge"
)

// Plan is what a live run would do with a capital, from data alone: no key and no
// network is needed for it. Amounts are USDT, rates per eight hours.
type Plan struct {
	Strategy  string     `json:"strategy"`
	Preset    string     `json:"preset"`
	Generated bool       `json:"generated"`
	Source    string     `json:"source"`
	From      carry.Time `json:"from_ms"` // of the data
	At        carry.Time `json:"at_ms"`   // their end: "today"
	Coins     int        `json:"coins"`

	CapitalUSDT float64 `json:"capital_usdt"`
	SpotUSDT    float64 `json:"spot_usdt"`
	FuturesUSDT float64 `json:"futures_usdt"`
	ReserveUSDT float64 `json:"reserve_usdt"`
	LeverageX   float64 `json:"leverage_x"`
	PairsN      int     `json:"pairs"`
	PairMaxUSDT float64 `json:"pair_max_usdt"`

	Qualify []PlannedCoin `json:"qualify"`
	// Against counts the coins that do not by the first rule against them.
	Against []Against `json:"against"`

	OpenUSDT      float64 `json:"open_usdt"`       // cost of opening everything
	RoundTripFrac float64 `json:"round_trip_frac"` // of a pair's notional: opening and closing
	// Rate is what the costed coins are predicted to pay; BaseN and RateN are how
	// many payments at 0.01 % and at Rate earn a round trip back. 0: never.
	Rate  float64 `json:"rate_8h"`
	BaseN float64 `json:"settlements_at_base"`
	RateN float64 `json:"settlements_at_rate"`

	Rises         []Rise             `json:"rises"`
	LiquidationUp float64            `json:"liquidation_frac"` // the rise that liquidates
	Alone         []reports.AloneRow `json:"alone"`
	MayBeLeft     bool               `json:"may_be_left_alone"`
	Why           string             `json:"why"`
}

// PlannedCoin is a coin that may be opened now.
type PlannedCoin struct {
	Coin    string  `json:"coin"`
	Rate    float64 `json:"rate_8h"`
	Premium float64 `json:"premium_frac"`
	Mean    float64 `json:"mean_8h"`
	rank    float64
	pair    int
}

// Against is a rule and how many coins it keeps out.
type Against struct {
	Rule string `json:"rule"`
	N    int    `json:"coins"`
}

// ErrNoDesk says that a strategy trades nothing.
var ErrNoDesk = errors.New("this strategy trades nothing")

// MakePlan reads spec's market to its end and plans a live run that starts there.
func MakePlan(ctx context.Context, spec *Spec) (*Plan, error) {
	h := spec.Settings.Hedge()
	if h == nil {
		return nil, fmt.Errorf("%w: %s has nothing to plan", ErrNoDesk, spec.Entry.Name)
	}
	tape, from, err := spec.open()
	if err != nil {
		return nil, err
	}
	info := tape.Info()
	policy, err := spec.Settings.NewPolicy(info.Pairs)
	if err != nil {
		return nil, err
	}
	p := &planner{spec: spec, info: info, from: from, policy: policy, facts: NewFacts(spec), rises: newRises(info),
		quoter: sim.NewQuoter(info, spec.Models.quotes(), from), acct: carry.NewAccount(len(info.Pairs))}
	if p.venue, err = sim.NewVenue(info, sim.DefaultOptions(), from); err != nil {
		return nil, err
	}
	if err := p.watch(ctx, tape); err != nil {
		return nil, err
	}
	out := &Plan{Strategy: spec.Entry.Name, Preset: spec.Entry.Preset, Generated: info.Generated, Source: info.Source, From: info.From, At: p.market.At,
		Coins: len(info.Pairs), CapitalUSDT: spec.Models.CapitalUSDT, Rises: p.rises.worst[:]}
	p.sizes(out, h)
	p.choose(out)
	p.costs(out, h)
	p.danger(out)
	return out, nil
}

// planner watches a market that nobody trades on.
type planner struct {
	spec   *Spec
	info   *carry.TapeInfo
	from   carry.Time
	policy hedge.Policy
	facts  *Facts
	rises  *rises
	quoter *sim.Quoter
	venue  *sim.Venue
	acct   *carry.Account
	rules  []*carry.Rules

	// The last cross-section and the row of the frames in which it stands. It is that
	// before the last bar: what is settled at the data's very end is not in them.
	frames *sim.Frames
	row    int
	market *carry.Market
	ranked []PlannedCoin // all tradable coins, in the order of the costing
}

// watch reads the tape to its end.
func (p *planner) watch(ctx context.Context, tape carry.Tape) error {
	p.rules = make([]*carry.Rules, len(p.info.Pairs))
	var block, part carry.Block
	for {
		err := tape.Next(&block)
		if errors.Is(err, io.EOF) {
			break
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		p.facts.Block(p.info, p.from, &block)
		p.rises.block(&block)
		for r := 0; r < block.N; r += partBars {
			block.Part(&part, r, min(r+partBars, block.N))
			if err := p.see(ctx, p.quoter.Frames(&part)); err != nil {
				return err
			}
		}
	}
	return nil
}

// see lets the policy look at frames.
func (p *planner) see(ctx context.Context, f *sim.Frames) error {
	p.frames, p.row = f, f.N-1
	p.venue.Feed(f)
	for {
		ev, err := p.venue.Next(ctx)
		if errors.Is(err, risk.ErrWait) {
			return nil
		}
		if err != nil {
			return err
		}
		ev.Account = p.acct
		switch ev.Kind {
		case carry.EvRules:
			p.rules[ev.Pair] = ev.Rules
		case carry.EvMarket:
			p.market = ev.Market
		}
		p.policy.Observe(ev)
	}
}

// sizes follow from capital, leverage and limits as the desk takes them.
func (p *planner) sizes(out *Plan, h *hedge.Params) {
	l, capital := h.LeverageTargetX, out.CapitalUSDT
	total := capital * (1 - h.ReserveFrac) * l / (l + 1)
	if h.TotalLimitUSDT > 0 {
		total = min(total, h.TotalLimitUSDT)
	}
	out.LeverageX, out.SpotUSDT, out.FuturesUSDT = l, total, total/l
	out.ReserveUSDT = capital - out.SpotUSDT - out.FuturesUSDT
	if out.PairsN = p.policy.Spread(); out.PairsN == 0 {
		out.PairsN = h.CoinsTargetN
	}
	out.PairMaxUSDT = total / float64(out.PairsN)
	if h.CoinLimitUSDT > 0 {
		out.PairMaxUSDT = min(h.CoinLimitUSDT, total)
	}
}

// choose asks the policy about every coin. The order of the rest, which the costing
// falls back upon, is by traded value.
func (p *planner) choose(out *Plan) {
	m := p.market
	against := map[carry.Code]int{}
	for i := range p.info.Pairs {
		var v hedge.Verdict
		p.policy.Judge(i, m, false, &v)
		c := PlannedCoin{Coin: p.info.Pairs[i].Coin, pair: i}
		switch {
		case v.Open == carry.OK:
			c.Rate, c.Premium, c.Mean, c.rank = v.X[0], v.X[1], v.X[2], math.Inf(1)
			out.Qualify = append(out.Qualify, c)
			out.Qualify[len(out.Qualify)-1].rank = v.Rank
		default:
			against[v.Open]++
		}
		if m.Flags[i]&carry.Tradable == carry.Tradable && v.Open != carry.CodeNotNamed {
			if v.Open != carry.OK {
				c.rank = min(m.SpotDay[i], m.PerpDay[i])
			}
			p.ranked = append(p.ranked, c)
		}
	}
	slices.SortStableFunc(out.Qualify, byRank)
	slices.SortStableFunc(p.ranked, byRank)
	for code := carry.Code(0); len(against) > 0; code++ {
		if n := against[code]; n > 0 {
			out.Against = append(out.Against, Against{code.String(), n})
			delete(against, code)
		}
	}
	slices.SortStableFunc(out.Against, func(a, b Against) int { return b.N - a.N })
}

func byRank(a, b PlannedCoin) int {
	switch {
	case a.rank > b.rank:
		return -1
	case a.rank < b.rank:
		return 1
	}
	return 0
}

// base is the rate at which most coins rest, per eight hours.
const base = 0.0001

// costs opens and closes as many pairs as the sizes are for: those that qualify
// first, then the most traded.
func (p *planner) costs(out *Plan, h *hedge.Params) {
	fees := p.spec.Models.fees().At(out.At)
	impact := p.spec.Models.impact()
	pairs := p.ranked[:min(out.PairsN, len(p.ranked))]
	slice := h.SliceUSDT
	if h.SlicesMaxN > 0 {
		slice = max(slice, out.PairMaxUSDT/float64(h.SlicesMaxN))
	}
	slice = min(slice, out.PairMaxUSDT)
	oneWay := 0.0
	for _, c := range pairs {
		cost := fees.SpotTaker + fees.PerpTaker
		for _, leg := range [...]carry.Leg{carry.Spot, carry.Perp} {
			half, daily, vol := p.frames.Terms(p.row, leg, c.pair)
			cost += half + impact.ImpactFrac(slice, daily, vol)
		}
		oneWay += cost / float64(len(pairs))
		out.Rate += float64(p.market.Rate8h(c.pair)) / carry.Unit / float64(len(pairs))
	}
	out.OpenUSDT, out.RoundTripFrac = oneWay*min(out.PairMaxUSDT*float64(len(pairs)), out.SpotUSDT), 2*oneWay
	out.BaseN = out.RoundTripFrac / base
	if out.Rate > 0 {
		out.RateN = out.RoundTripFrac / out.Rate
	}
}

// yearEnough is how much history a word about being left alone needs.
const yearEnough = 365 * carry.Day

// danger says whether the book may be left alone. It never says that it may be on
// data of less than a year.
func (p *planner) danger(out *Plan) {
	mmr := 0.0
	for _, c := range p.ranked[:min(out.PairsN, len(p.ranked))] {
		var ladder []carry.Bracket
		if r := p.rules[c.pair]; r != nil {
			ladder = r.Brackets
		}
		mmr = max(mmr, carry.MaintenanceMargin(ladder, out.PairMaxUSDT)/out.PairMaxUSDT)
	}
	// The wallet's balance falls by what the shorts lose, all of them alike:
	// liquidated where 1/L − rise < mmr × (1 + rise).
	out.LiquidationUp = (1+1/out.LeverageX)/(1+mmr) - 1
	if r := p.facts.Report(); r != nil {
		out.Alone = r.Alone
	}
	starts, liquidated, days := 0, 0, 0
	for _, a := range out.Alone {
		if a.Starts > 0 && (a.Liquidated > 0 || liquidated == 0) {
			starts, liquidated, days = a.Starts, a.Liquidated, a.Days
		}
		if liquidated > 0 {
			break
		}
	}
	day := out.Rises[len(out.Rises)-1].Basket
	switch {
	case liquidated > 0:
		out.Why = fmt.Sprintf("left alone, %d of %d books were liquidated within %d days", liquidated, starts, days)
	case day >= out.LiquidationUp/2:
		out.Why = "a day in these data went half the way to liquidation"
	case out.At-p.from < yearEnough:
		out.Why = "less than a year of data says nothing about it"
	default:
		out.MayBeLeft, out.Why = true, fmt.Sprintf("none of %d books left alone was liquidated within %d days", starts, days)
	}
}
