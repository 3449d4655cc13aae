package hedge

import (
	"math"
	"testing"

	"carry"
)

// strategy.md's own figures: 66,667 short on 33,333 of margin, all prices up by
// 30 %: 60,000 must go if nothing can be moved, 20,020 if the proceeds are.
func TestShortfall(t *testing.T) {
	v, f := 66_666.67*1.3, 33_333.33-66_666.67*0.3
	about(t, "with transfers", shortfall(v, f, 2, 0.0015, true), 20_020, 0.5)
	about(t, "without", shortfall(v, f, 2, 0.0015, false), 60_000, 0.5)
	for _, e := range []struct{ v, f, want float64 }{{100, 50, 0}, {100, 60, 0}, {0, 10, 0}, {100, 0, 100}, {100, -10, 120}} {
		if got := shortfall(e.v, e.f, 2, 0, false); got != e.want {
			t.Errorf("%v short on %v of margin lacks %v, want %v", e.v, e.f, got, e.want)
		}
	}
}

func TestUsedLeverage(t *testing.T) {
	for _, e := range []struct{ v, f, want float64 }{{0, 0, 0}, {0, -5, 0}, {100, 50, 2}, {100, 0, math.Inf(1)}, {100, -1, math.Inf(1)}} {
		if got := usedLeverage(e.v, e.f); got != e.want {
			t.Errorf("%v short on %v uses %v, want %v", e.v, e.f, got, e.want)
		}
	}
}

// The pool goes up at once, over any number of steps, and down only at the
// target.
func TestPoolStates(t *testing.T) {
	const n, a, r, e = poolNormal, poolAlarm, poolReduce, poolEmergency
	s := newStage(t, 1, bare(), 0, 0)
	for _, x := range []struct {
		used float64
		want poolState
		note carry.Code
	}{
		{2.4, n, 0}, {2.5, n, 0}, {2.51, a, carry.CodeAlarm}, {2.1, a, 0}, {2.49, a, 0}, {3, a, 0}, {3.01, r, carry.CodeReduceLeverage},
		{2.6, r, 0}, {2.2, r, 0}, {4.9, r, 0}, {5.1, e, carry.CodeEmergency}, {3.5, e, 0}, {2.1, e, 0}, {2, n, carry.CodeCalm},
		{3.5, r, carry.CodeReduceLeverage}, {1, n, carry.CodeCalm}, {math.Inf(1), e, carry.CodeEmergency}, {0, n, carry.CodeCalm},
	} {
		s.desk.out = nil
		s.desk.watchPool(&survey{used: x.used})
		if s.desk.pool != x.want {
			t.Fatalf("at %v the pool is in state %d, want %d", x.used, s.desk.pool, x.want)
		}
		if said := s.desk.out; (x.note == 0) != (len(said) == 0) || (len(said) == 1 && (said[0].Code != x.note || said[0].X[0] != x.used)) {
			t.Errorf("at %v it says %+v, want %s", x.used, said, x.note)
		}
	}
}

// crash is one coin held on strategy.md's terms, then 30 % up.
func crash(t *testing.T, p Params) *stage {
	s := newStage(t, 1, p, 66_780, 33_370)
	s.keeps(0)
	s.hold(0, 666.667)
	s.price(0, 130)
	return s
}

// sumOf is what the orders of one side of a leg are worth at 130.
func sumOf(cs []carry.Command, leg carry.Leg, price float64) (sum float64) {
	for _, c := range cs {
		if c.Kind == carry.CmdOrder && c.Leg == leg {
			sum += float64(c.Qty) / 1000 * price
		}
	}
	return sum
}

// At 2×, 30 % up: both legs are cut by 20,020 and the proceeds moved, after which
// the target is met.
func TestReductionWithTransfers(t *testing.T) {
	s := crash(t, bare())
	about(t, "used leverage", s.used(), 6.49, 0.02)
	cs := s.cycle()
	if s.desk.pool != poolEmergency {
		t.Fatalf("at %.2f the pool is in state %d", s.used(), s.desk.pool)
	}
	about(t, "contracts cut", sumOf(cs, carry.Perp, 130), 20_020, 60)
	about(t, "coins cut", sumOf(cs, carry.Spot, 130), 20_020, 60)
	s.settle()
	if used := s.used(); used > 2.01 || used < 1.97 {
		t.Errorf("after the reduction %.3f is used, want 2", used)
	}
	s.cycle()
	if len(s.way) > 0 || s.desk.pool != poolNormal {
		t.Errorf("then it goes on: pool %d, %+v", s.desk.pool, s.way)
	}
}

// Without transfers three times as much must go.
func TestReductionWithoutTransfers(t *testing.T) {
	p := bare()
	p.ReduceMayTransfer = false
	s := crash(t, p)
	cs := s.cycle()
	about(t, "contracts cut", sumOf(cs, carry.Perp, 130), 60_000, 200)
	if len(transfers(cs)) > 0 {
		t.Error("USDT was moved although it may not")
	}
	s.settle()
	if used := s.used(); used > 2.02 || used < 1.97 {
		t.Errorf("after the reduction %.3f is used, want 2", used)
	}
}

// With a rebalancing ratio what is free goes first, and what the sales bring
// follows as soon as both are there, not an hour later.
func TestReductionMovesWhatIsFreeFirst(t *testing.T) {
	p := bare()
	p.BalanceBandFrac = 0.05
	s := newStage(t, 1, p, 66_780+10_000, 33_370)
	s.keeps(0)
	s.hold(0, 666.667)
	s.price(0, 130)
	cs := s.cycle()
	first := transfers(cs)
	if len(first) != 1 || first[0].Wallet != carry.SpotWallet {
		t.Fatalf("transfers: %+v", first)
	}
	about(t, "what was free", first[0].Amount.Float(), 10_000, 60)
	about(t, "contracts cut", sumOf(cs, carry.Perp, 130), (60_000-20_000)/2.9965, 100)
	s.settle()
	if used := s.used(); used > 2.01 || used < 1.97 {
		t.Errorf("after the reduction %.3f is used, want 2", used)
	}
}

// Without a ratio only the reduction's own proceeds may be moved: what else lies
// in the spot wallet is not the reduction's.
func TestReductionMovesOnlyItsProceeds(t *testing.T) {
	s := newStage(t, 1, bare(), 66_780+10_000, 33_370)
	s.keeps(0)
	s.hold(0, 666.667)
	s.price(0, 130)
	before := s.book.Account().SpotUSDT
	cs := s.cycle()
	if len(transfers(cs)) > 0 {
		t.Errorf("moved before anything was sold: %+v", transfers(cs))
	}
	about(t, "contracts cut", sumOf(cs, carry.Perp, 130), 20_020, 60)
	s.settle()
	if left := s.book.Account().SpotUSDT; left < before {
		t.Errorf("of %s in the spot wallet %s are left", before, left)
	}
	about(t, "used leverage", s.used(), 2, 0.02)
}

// A transfer that is refused, or that has not come back, cannot be counted on:
// the next reduction goes by the second formula.
func TestReductionFallsBackWithoutTransfers(t *testing.T) {
	s := crash(t, bare())
	for _, c := range s.cycle() {
		if c.Kind == carry.CmdOrder {
			s.land(c, carry.OK)
		}
	}
	if len(s.way) != 1 {
		t.Fatalf("on the way are %+v", s.way)
	}
	s.land(s.way[0], carry.CodeNotWithdrawable)
	v, f := s.short(0), s.short(0)/s.used()
	about(t, "contracts cut then", sumOf(s.cycle(), carry.Perp, 130), v-2*f, 200)

	// The same while it is on its way.
	s = crash(t, bare())
	for _, c := range s.cycle() {
		if c.Kind == carry.CmdOrder {
			s.land(c, carry.OK)
		}
	}
	v, f = s.short(0), s.short(0)/s.used()
	about(t, "contracts cut meanwhile", sumOf(s.cycle(), carry.Perp, 130), v-2*f, 200)
}

// The queue's head is cut wholly, the last pair partly: lowest rate and best
// closing premium first; in an emergency the largest first. What cannot trade is
// passed over.
func TestReductionQueue(t *testing.T) {
	build := func(price float64) *stage {
		p := bare()
		p.ReduceMayTransfer = false
		s := newStage(t, 4, p, 100_000, 50_000)
		for i, q := range []float64{200, 300, 250, 240} {
			s.hold(i, q)
			s.keeps(i)
			s.price(i, price)
		}
		copy(s.market.Predicted, []carry.PredictedRate{0.0003, 0.0001, -0.0005, -0.001})
		s.market.Flags[3] &^= carry.SpotFresh
		return s
	}
	cutBy := func(s *stage) []float64 {
		before := []float64{s.short(0), s.short(1), s.short(2), s.short(3)}
		s.cycle()
		s.settle()
		for i := range before {
			before[i] -= s.short(i)
		}
		return before
	}
	// 99,000 short on 50,000; up 13 %: used 3.0 and more, 37,000 too much.
	s := build(113)
	cut := cutBy(s)
	x := 990*113 - 2*(49_950-990*13.0)
	if s.desk.pool != poolReduce {
		t.Fatalf("the pool is in state %d", s.desk.pool)
	}
	about(t, "the lowest rate", cut[2], 250*113, 200)
	about(t, "the next", cut[1], x-250*113, 300)
	if cut[0] != 0 || cut[3] != 0 {
		t.Errorf("the best and the halted were cut by %v and %v", cut[0], cut[3])
	}
	// In an emergency by size.
	s = build(125)
	cut = cutBy(s)
	if s.desk.pool != poolEmergency && s.used() > 2.05 {
		t.Fatalf("the pool is in state %d at %v", s.desk.pool, s.used())
	}
	about(t, "the largest", cut[1], 300*125, 200)
	if cut[0] > 0 && cut[2] < 250*125-200 || cut[3] != 0 {
		t.Errorf("cut by %v", cut)
	}
}

// Equal rates and premiums: the larger value goes first, then the symbol.
func TestReductionQueueTies(t *testing.T) {
	p := bare()
	p.ReduceMayTransfer = false
	s := newStage(t, 3, p, 30_000, 15_000)
	for i := range 3 {
		s.hold(i, []float64{90, 100, 100}[i])
		s.keeps(i)
	}
	for i := range 3 {
		s.price(i, 115)
	}
	s.cycle()
	if s.way[0].Pair != 1 || len(orders(s.way, 1)) != 2 || len(orders(s.way, 2)) != 2 || len(orders(s.way, 0)) != 0 {
		t.Errorf("of 90, 100 and 100 coins were cut: %+v", s.way)
	}
	// By symbol, not by the place in the list.
	s = newStage(t, 2, p, 30_000, 15_000)
	s.pairs[0].Coin, s.pairs[1].Coin = "Z", "Y"
	for i := range 2 {
		s.hold(i, 145)
		s.keeps(i)
	}
	s.price(0, 115)
	s.price(1, 115)
	s.cycle()
	if s.way[0].Pair != 1 {
		t.Errorf("of Z and Y, alike, pair %d was cut first", s.way[0].Pair)
	}
}
