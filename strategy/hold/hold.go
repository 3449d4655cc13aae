// Package hold is the baseline: open every allowed coin once, equal weight, and
// keep it, with the same wallets, leverage and reduction as any other hedged
// book.
package hold

import (
	"fmt"
	"strings"

	"carry"
	"carry/strategy/hedge"
)

// Params are the baseline's settings on top of the desk's.
type Params struct {
	hedge.Params
	Coins string // auto, or the only coins, separated by commas
	// KeepValue refills coins to their limit once a month (holdvalue); without
	// it the quantity is kept.
	KeepValue bool
}

// Defaults keep the quantity of all coins; the weight of each follows from how
// many are allowed.
func Defaults() Params {
	p := Params{Params: hedge.Defaults(), Coins: "auto"}
	p.TopUpBelowFrac, p.ReopenAfterH = 0, 0
	return p
}

// Table lists the settings.
func (p *Params) Table() []carry.Param {
	no := carry.NoValue
	return append([]carry.Param{
		{Name: "coins", Doc: "auto, or the only coins held, separated by commas", Text: &p.Coins, Off: no, Auto: no},
		{Name: "keepValue", Doc: "refill every coin to its limit once a month", Bool: &p.KeepValue, Off: no, Auto: no},
	}, p.Params.Table()...)
}

// policy wants every coin as soon as it can be traded, once. A coin that lists
// when everything is invested finds no room; nothing is sold for it.
type policy struct {
	p      Params
	acct   *carry.Account
	wanted []bool
	never  []bool // not wanted
	full   []bool // reached its size once; never bought again unless refilled
	month  int
	refill bool
	spread int
}

// New returns the baseline as a core.
func New(pairs []carry.Pair, p Params, t hedge.Terms) (carry.Core, error) {
	pol, err := choose(pairs, p)
	if err != nil {
		return nil, err
	}
	if p.KeepValue {
		p.TopUpBelowFrac = 0.95
	}
	return hedge.New(pairs, p.Params, t, pol), nil
}

// NewPolicy returns the baseline's policy alone.
func NewPolicy(pairs []carry.Pair, p Params) (hedge.Policy, error) { return choose(pairs, p) }

// choose returns the policy for the coins asked for.
func choose(pairs []carry.Pair, p Params) (*policy, error) {
	if err := p.Params.Validate(); err != nil {
		return nil, err
	}
	pol := &policy{p: p, wanted: make([]bool, len(pairs)), never: make([]bool, len(pairs)), full: make([]bool, len(pairs)), month: -1}
	n := 0
	for i := range pairs {
		if p.Coins == "" || p.Coins == "auto" || contains(p.Coins, pairs[i].Coin) {
			pol.wanted[i] = true
			n++
		}
		pol.never[i] = !pol.wanted[i]
	}
	if n == 0 {
		return nil, fmt.Errorf("coins: none of %q is in the data", p.Coins)
	}
	return pol, nil
}

func contains(list, coin string) bool {
	for _, c := range strings.Split(list, ",") {
		if c == coin {
			return true
		}
	}
	return false
}

// Observe implements hedge.Policy.
func (p *policy) Observe(ev *carry.Event) {
	p.acct = ev.Account
	if ev.Kind != carry.EvMarket || ev.Market.Within {
		return
	}
	p.spread = 0
	for i, f := range ev.Market.Flags {
		if p.wanted[i] && f&carry.Valued != 0 {
			p.spread++
		}
	}
	if !p.p.KeepValue {
		return
	}
	month := int(ev.At.UTC().Month())
	p.refill = month != p.month
	p.month = month
}

// Dormant implements hedge.Policy.
func (p *policy) Dormant() []bool { return p.never }

// Calm implements hedge.Policy: judging has to see what is held.
func (p *policy) Calm() []bool { return nil }

// Spread implements hedge.Policy: over the coins that trade by now.
func (p *policy) Spread() int { return p.spread }

// Judge implements hedge.Policy.
func (p *policy) Judge(i int, m *carry.Market, held bool, v *hedge.Verdict) {
	switch {
	case !p.wanted[i]:
		v.Open = carry.CodeNotNamed
	case m.Flags[i]&carry.Tradable != carry.Tradable:
		v.Open = carry.CodeStale
	case p.full[i] && !p.refill:
		v.Open = carry.CodeNotProfitable
	default:
		v.Why, v.X = carry.CodeHold, [3]float64{0, m.OpenPremium(i), 0}
	}
	if held && !v.Filling && p.acct.PerpQty[i] != 0 {
		p.full[i] = true // coins alone are half an opening, to be repaired and tried again
	}
}
