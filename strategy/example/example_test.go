package example

import (
	"testing"

	"carry"
	"carry/strategy/hedge"
)

// flat quotes spot at 100 and the perpetual at perp.
type flat struct{ perp float64 }

func (f flat) Bid(l carry.Leg, _ int) float64 { return [2]float64{100, f.perp}[l] }
func (f flat) Ask(l carry.Leg, i int) float64 { return f.Bid(l, i) }

// A coin is wanted at a high premium, kept at a low one, left at a negative one.
func TestPremiumDecides(t *testing.T) {
	if _, err := New([]carry.Pair{{Coin: "A", Mult: 1}}, Defaults(), hedge.Terms{}); err != nil {
		t.Fatal(err)
	}
	o := &policy{p: Defaults()}
	for _, e := range []struct {
		perp        float64
		held        bool
		open, close carry.Code
	}{{100.3, false, carry.OK, carry.OK}, {100.1, false, carry.CodePremiumLow, carry.OK},
		{100.1, true, carry.CodePremiumLow, carry.OK}, {99.9, true, carry.OK, carry.CodeClosePremium}} {
		var v hedge.Verdict
		o.Judge(0, &carry.Market{Pairs: []carry.Pair{{Coin: "A", Mult: 1}}, Quotes: flat{e.perp}}, e.held, &v)
		if v.Open != e.open || v.Close != e.close {
			t.Errorf("perpetual at %v, held %t: open %s, close %s", e.perp, e.held, v.Open, v.Close)
		}
	}
}
