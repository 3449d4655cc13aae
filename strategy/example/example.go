// Package example is the template of a strategy of one's own: copy the folder,
// change what wants a coin, add a line to strategy/registry.go. Sizes, wallets,
// leverage, slices and repair are the desk's.
package example

import (
	"carry"
	"carry/strategy/hedge"
)

// Params are the strategy's own settings on top of the desk's.
type Params struct {
	hedge.Params
	PremiumMin float64 // open above it, close below nought
}

// Defaults open at a premium of 0.2 %.
func Defaults() Params { return Params{Params: hedge.Defaults(), PremiumMin: 0.002} }

// Table lists the settings: flags, files, sweep axes and documents follow from it.
func (p *Params) Table() []carry.Param {
	return append([]carry.Param{{Name: "premiumMinFrac", Unit: "fraction", Doc: "open when perp bid / spot ask - 1 is at least this",
		Float: &p.PremiumMin, Min: 0.0005, Max: 0.05, Off: carry.NoValue, Auto: carry.NoValue}}, p.Params.Table()...)
}

// policy wants coins while their premium is high.
type policy struct {
	p     Params
	awake []bool // no coin is dormant
}

// New returns the strategy as a core.
func New(pairs []carry.Pair, p Params, t hedge.Terms) (carry.Core, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return hedge.New(pairs, p.Params, t, &policy{p, make([]bool, len(pairs))}), nil
}

// Observe implements hedge.Policy; whatever is to be remembered is learnt here.
func (*policy) Observe(*carry.Event) {}

// Judge implements hedge.Policy.
func (o *policy) Judge(i int, m *carry.Market, held bool, v *hedge.Verdict) {
	premium := m.OpenPremium(i)
	switch v.X = [3]float64{0, premium, 0}; {
	case held && premium < 0:
		v.Close, v.Patient = carry.CodeClosePremium, true
	case premium < o.p.PremiumMin:
		v.Open = carry.CodePremiumLow
	default:
		v.Why, v.Rank = carry.CodeOpen, premium
	}
}

// Dormant, Calm and Spread implement hedge.Policy: nothing to save, nothing to say.
func (o *policy) Dormant() []bool { return o.awake }

// Calm implements hedge.Policy.
func (*policy) Calm() []bool { return nil }

// Spread implements hedge.Policy.
func (*policy) Spread() int { return 0 }
