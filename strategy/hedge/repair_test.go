package hedge

import (
	"math"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// A pair whose legs differ by more than the tolerance is cut on its larger leg;
// the smaller one is never added to.
func TestRepairCutsTheLargerLeg(t *testing.T) {
	for _, e := range []struct {
		name             string
		coins, contracts float64
		side             carry.Side // of the repair; 0: none
		leg              carry.Leg
		q                float64
	}{
		{"equal", 5, 5, 0, 0, 0},
		{"a coin's fee more", 5.0009, 5, 0, 0, 0},
		{"coins within the smallest order of 10 USDT", 5.09, 5, 0, 0, 0},
		{"coins beyond it", 5.2, 5, carry.Sell, carry.Spot, 0.2},
		{"coins without contracts", 5, 0, carry.Sell, carry.Spot, 5},
		{"contracts within the smallest order of 5 USDT", 5, 5.04, 0, 0, 0},
		{"contracts beyond it", 5, 5.2, carry.Buy, carry.Perp, 0.2},
		{"contracts without coins", 0, 5, carry.Buy, carry.Perp, 5},
	} {
		s := rich(t, 1, none)
		s.wants(0, 1) // it would be opened, were it not for the repair
		s.desk.p.TopUpBelowFrac = 0
		s.legs(0, e.coins, e.contracts)
		s.keeps(0)
		cs := s.cycle()
		if e.side == 0 {
			if len(cs) != 0 {
				t.Errorf("%s: %+v", e.name, cs)
			}
			continue
		}
		if len(cs) != 1 || cs[0].Side != e.side || cs[0].Leg != e.leg || cs[0].Code != carry.CodeRepair || math.Abs(float64(cs[0].Qty)/1000-e.q) > 0.0021 {
			t.Errorf("%s: %+v, want %s %s %v", e.name, cs, e.leg, e.side, e.q)
			continue
		}
		s.settle()
		about(t, e.name+": the gap", s.gap(0), 0, 0.003)
		if cs := s.cycle(); len(cs) != 0 {
			t.Errorf("%s: repaired twice: %+v", e.name, cs)
		}
	}
}

// Lagging news is no gap: while an order is on its way the legs are not compared.
func TestRepairWaitsForNews(t *testing.T) {
	s := rich(t, 1, none)
	s.wants(0, 1)
	cs := s.cycle()
	s.land(cs[1], carry.OK) // coins are there, contracts not yet
	if cs := s.soon(); len(cs) != 0 {
		t.Errorf("with an order on its way: %+v", cs)
	}
	s.land(cs[0], carry.CodeMargin)
	// The leg that was refused is tried once more, then the other one cut.
	cs = s.soon()
	if len(cs) != 1 || cs[0].Leg != carry.Perp || cs[0].Side != carry.Sell || cs[0].Code != carry.CodeRetry || s.desk.State(0) != Repair {
		t.Fatalf("after the other leg was refused, %s: %+v", s.desk.State(0), cs)
	}
	s.land(cs[0], carry.CodeMargin)
	cs = s.soon()
	if len(cs) != 1 || cs[0].Leg != carry.Spot || cs[0].Side != carry.Sell || cs[0].Code != carry.CodeRepair {
		t.Errorf("after it was refused twice: %+v", cs)
	}
	s.settle()
	s.keeps(0)
	if s.soon(); s.desk.State(0) != Flat {
		t.Errorf("in the end it is %s", s.desk.State(0))
	}
}

// A halted leg cannot be cut; it is when it trades again.
func TestRepairOfAHaltedLeg(t *testing.T) {
	s := rich(t, 1, none)
	s.legs(0, 6, 5)
	s.keeps(0)
	s.market.Flags[0] &^= carry.SpotFresh
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("with spot halted: %+v", cs)
	}
	s.market.Flags[0] |= carry.SpotFresh
	s.market.Flags[0] &^= carry.PerpFresh
	if cs := s.cycle(); len(cs) != 1 || cs[0].Leg != carry.Spot {
		t.Errorf("the larger leg trades, the other not: %+v", cs)
	}
}

// The tolerance counts lots of the coarser leg, in coins.
func TestRepairTolerance(t *testing.T) {
	for _, e := range []struct {
		lots int
		gap  float64
		want bool
	}{{1, 0.45, false}, {1, 0.55, true}, {3, 1.45, false}, {3, 1.55, true}} {
		s := rich(t, 1, func(p *Params) { p.LegGapMaxLots = e.lots })
		s.rules(0, func(r *carry.Rules) { r.Legs[carry.Perp].Step, r.Legs[carry.Perp].MinQty = 500, 500 }) // half a coin
		s.legs(0, 5+e.gap, 5)
		s.keeps(0)
		if got := len(s.cycle()) > 0; got != e.want {
			t.Errorf("%v coins too many at a tolerance of %d lots of 0.5: repairs %t", e.gap, e.lots, got)
		}
	}
}

// An excess worth an order, of which whole lots are not, is left alone: the gate
// would refuse it again and again.
func TestRepairInWholeLots(t *testing.T) {
	s := rich(t, 1, none)
	s.rules(0, func(r *carry.Rules) { r.Legs[carry.Spot].Step, r.Legs[carry.Spot].MinQty = 90, 90 }) // 9 USDT
	s.legs(0, 5.14, 5)
	s.keeps(0)
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("14 USDT too many, in lots of 9, none below 10: %+v", cs)
	}
	s.legs(0, 0.1, 0)
	if cs := s.cycle(); len(cs) != 1 || cs[0].Qty != 180 {
		t.Errorf("24 USDT too many: %+v", cs)
	}
}

// From any two legs, whatever is refused on the way, the desk ends with legs
// that agree, has never bought coins nor sold contracts, and comes to rest.
func TestRepairEndsBalanced(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rich(t, 1, none)
		s.keeps(0)
		s.legs(0, rapid.Float64Range(0, 20).Draw(rt, "coins"), rapid.Float64Range(0, 20).Draw(rt, "contracts"))
		if rapid.Bool().Draw(rt, "leaves") {
			s.leaves(0, carry.CodeCloseRate, false)
		}
		for k := range 12 {
			for _, c := range s.cycle() {
				if (c.Leg == carry.Spot) != (c.Side == carry.Sell) {
					rt.Fatalf("something was added: %+v", c)
				}
			}
			for len(s.way) > 0 {
				code := carry.OK
				if k < 6 && rapid.IntRange(0, 2).Draw(rt, "refused") == 0 {
					code = carry.CodeHalted
				}
				s.land(s.way[0], code)
			}
		}
		if g := s.gap(0); g > 0.1001 || g < -0.0501 {
			rt.Fatalf("the legs still differ by %v coins", g)
		}
		if cs := s.cycle(); len(cs) != 0 {
			rt.Fatalf("there is no rest: %+v", cs)
		}
	})
}
