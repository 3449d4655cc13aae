package hedge

import (
	"math"
	"slices"
	"testing"

	"carry"
)

// rich opens with far more than any limit needs.
func rich(t *testing.T, n int, change func(p *Params)) *stage {
	t.Helper()
	p := bare()
	p.TotalLimitUSDT, p.CoinLimitUSDT = 10_000, 1_000
	change(&p)
	return newStage(t, n, p, 500_000, 500_000)
}

func none(*Params) {}

// Both legs go out together: contracts up to the limit, and as many coins as are
// left after the fee that is taken in coins.
func TestOpeningOrdersBothLegs(t *testing.T) {
	s := rich(t, 2, none)
	s.wants(0, 1)
	s.policy.says[0].X = [3]float64{0.0003, 0.001, 0.0002}
	s.market.Predicted[0] = 0.0003
	cs := s.cycle()
	if len(cs) != 2 || cs[0].Leg != carry.Perp || cs[0].Side != carry.Sell || cs[1].Leg != carry.Spot || cs[1].Side != carry.Buy {
		t.Fatalf("opening commands %+v", cs)
	}
	if cs[0].Qty != 10_000 || cs[1].Qty != 10_011 { // 10/0.999 = 10.0100..., rounded up
		t.Errorf("10 coins at 100 were ordered as %d contracts and %d coins", cs[0].Qty, cs[1].Qty)
	}
	for _, c := range cs {
		if c.Code != carry.CodeOpen || c.X != s.policy.says[0].X || c.Ref != 100*carry.Unit || c.Limit != 0 {
			t.Errorf("the order says %+v", c)
		}
	}
	s.settle()
	if g := s.gap(0); g < 0 || g > 0.002 {
		t.Errorf("after opening the coins exceed the contracts by %v", g)
	}
}

// Orders on their way count as held: forgetting them once made two thousand
// trips. Nothing is ordered twice, and limits see them.
func TestOrdersInFlightCountAsHeld(t *testing.T) {
	s := rich(t, 3, func(p *Params) { p.TotalLimitUSDT = 1_500 })
	s.wants(0, 1)
	first := s.cycle()
	for range 3 {
		if cs := s.soon(); len(cs) != 0 {
			t.Fatalf("while the first orders are on their way: %+v", cs)
		}
	}
	// Another coin gets only the room that is left.
	s.wants(1, 2)
	if cs := orders(s.soon(), 1); len(cs) != 2 || cs[0].Qty != 5_000 {
		t.Fatalf("with 1000 of 1500 on the way: %+v", cs)
	}
	// One leg is there, the other not: still busy.
	s.land(first[0], carry.OK)
	if cs := s.soon(); len(cs) != 0 {
		t.Fatalf("with one leg filled: %+v", cs)
	}
	s.settle()
	if cs := s.soon(); len(cs) != 0 {
		t.Errorf("with all filled: %+v", cs)
	}
	about(t, "first coin", s.short(0), 1000, 0.1)
	about(t, "second coin", s.short(1), 500, 0.1)
}

// Cash for coins that are being bought is not free, though the short is already
// there; nor is USDT on its way to the other wallet.
func TestCashInFlightIsNotFree(t *testing.T) {
	p := bare()
	p.TotalLimitUSDT, p.CoinLimitUSDT = 10_000, 1_000
	s := newStage(t, 2, p, 1_500, 100_000)
	s.wants(0, 1)
	first := s.cycle()
	s.land(first[0], carry.OK) // the perpetual; the coins are still to be paid
	s.wants(1, 1)
	cs := orders(s.soon(), 1)
	if len(cs) != 2 || cs[0].Qty > 4_950 || cs[0].Qty < 4_800 {
		t.Errorf("with 1500 USDT less 1000 on order: %+v", cs)
	}

	p.BalanceBandFrac = 0.01
	s = newStage(t, 2, p, 20_000, 500)
	s.wants(0, 1)
	if cs := s.cycle(); len(transfers(cs)) != 1 || transfers(cs)[0].Wallet != carry.SpotWallet {
		t.Fatalf("with little margin: %+v", cs)
	}
	was := transfers(s.way)[0].Amount.Float()
	if free := s.desk.survey(&s.market).free; math.Abs(free-(20_000-was)) > 1 {
		t.Errorf("with %v on their way %v of 20,000 are free", was, free)
	}
}

// Best first: the largest rate + premium gets all its room before the next gets
// any; ties go to the higher mean, then to the symbol.
func TestBestFirst(t *testing.T) {
	for _, e := range []struct {
		name        string
		rank, mean  [3]float64
		want        []int32
		oppositeSym bool
	}{
		{"by rank", [3]float64{1, 3, 2}, [3]float64{9, 0, 9}, []int32{1, 2}, false},
		{"then by mean", [3]float64{2, 2, 2}, [3]float64{1, 3, 2}, []int32{1, 2}, false},
		{"then by symbol", [3]float64{2, 2, 2}, [3]float64{}, []int32{0, 1}, false},
		{"not by place in the list", [3]float64{2, 2, 2}, [3]float64{}, []int32{2, 1}, true},
	} {
		s := rich(t, 3, func(p *Params) { p.TotalLimitUSDT = 1_500 })
		if e.oppositeSym {
			s.pairs[0].Coin, s.pairs[2].Coin = "C", "A"
		}
		for i := range 3 {
			s.policy.says[i] = Verdict{Why: carry.CodeOpen, Rank: e.rank[i], Mean: e.mean[i]}
		}
		var got []int32
		for _, c := range s.cycle() {
			if c.Leg == carry.Perp {
				got = append(got, c.Pair)
			}
		}
		if !slices.Equal(got, e.want) {
			t.Errorf("%s: opened %v, want %v", e.name, got, e.want)
		}
		if q := orders(s.way, e.want[0])[0].Qty; q != 10_000 {
			t.Errorf("%s: the best got %d of 10 coins", e.name, q)
		}
		if q := orders(s.way, e.want[1])[0].Qty; q != 5_000 {
			t.Errorf("%s: the next got %d of the 5 left", e.name, q)
		}
	}
}

// Limits hold for each coin and for all, at mark; auto limits follow equity.
func TestLimits(t *testing.T) {
	s := rich(t, 20, none)
	for i := range 20 {
		s.wants(i, float64(-i))
	}
	for range 4 {
		s.cycle()
		s.settle()
	}
	total := 0.0
	for i := range 20 {
		if v := s.short(i); v > 1_000.01 {
			t.Errorf("coin %d is at %v of 1000", i, v)
		}
		total += s.short(i)
	}
	about(t, "total", total, 10_000, 1)

	// auto: equity × (1 − reserve) × L/(L+1), over coinsTargetN, or over the
	// policy's spread where it has one.
	p := bare()
	p.ReserveFrac, p.CoinsTargetN = 0.1, 4
	s = newStage(t, 1, p, 60_000, 30_000)
	got := s.desk.survey(&s.market)
	about(t, "auto total", got.total, 90_000*0.9*2/3, 1e-6)
	about(t, "auto coin", got.coin, 90_000*0.9*2/3/4, 1e-6)
	about(t, "free", got.free, 60_000-9_000, 1e-6)
	s.policy.spread = 10
	about(t, "spread over ten", s.desk.survey(&s.market).coin, 90_000*0.9*2/3/10, 1e-6)
}

// Openings stay within what the margin carries at the target, and the cash.
func TestOpeningsStayWithinMarginAndCash(t *testing.T) {
	for _, e := range []struct{ spot, futures, want float64 }{
		{100_000, 400, 800}, {700, 100_000, 700 / 1.006}, {100_000, 4, 0}, {5, 100_000, 0},
	} {
		p := bare()
		p.TotalLimitUSDT, p.CoinLimitUSDT = 10_000, 1_000
		s := newStage(t, 1, p, e.spot, e.futures)
		s.wants(0, 1)
		s.cycle()
		about(t, "opened", sumOf(s.way, carry.Perp, 100), e.want, 0.2)
		s.settle()
	}
}

// A coin fills up over several cycles, at most a share of the last bar's value
// at a time; then it is left alone until it falls below the band.
func TestFillingAndTopUp(t *testing.T) {
	s := rich(t, 1, func(p *Params) { p.MaxBarVolumeFrac, p.TopUpBelowFrac = 0.01, 0.75 })
	s.market.SpotValue[0], s.market.PerpValue[0] = 40_000, 90_000
	s.wants(0, 1)
	var sizes []int
	for range 5 {
		cs := s.cycle()
		sizes = append(sizes, int(math.Round(sumOf(cs, carry.Perp, 100))))
		s.settle()
	}
	if !slices.Equal(sizes, []int{400, 400, 200, 0, 0}) {
		t.Errorf("the coin was filled in steps of %v", sizes)
	}
	s.price(0, 80) // worth 800 of 1000: above the band
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("at 80 %% of its limit: %+v", cs)
	}
	s.price(0, 74)
	cs := s.cycle()
	if len(cs) != 2 || cs[0].Code != carry.CodeTopUp {
		t.Fatalf("below the band: %+v", cs)
	}
	s.settle()
	// While its gates are closed it stays as it is.
	s.keeps(0)
	s.price(0, 30)
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("with closed gates: %+v", cs)
	}
}

// No opening while the pool is in alarm, whatever the gates say.
func TestNoOpeningInAlarm(t *testing.T) {
	p := bare()
	p.TotalLimitUSDT, p.CoinLimitUSDT = 60_000, 30_000
	s := newStage(t, 2, p, 100_000, 10_000)
	s.keeps(0)
	s.hold(0, 200)
	s.price(0, 112) // 22,400 on 7,590: 2.95
	s.wants(1, 1)
	cs := s.cycle()
	if s.desk.pool != poolAlarm || len(cs) != 1 || cs[0].Kind != carry.CmdNote || cs[0].Code != carry.CodeAlarm {
		t.Fatalf("state %d: %+v", s.desk.pool, cs)
	}
	s.price(0, 106) // 21,200 on 8,790: 2.41, but not yet at the target
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("on the way down: %+v", cs)
	}
	s.price(0, 99.5)
	if cs := s.cycle(); s.desk.pool != poolNormal || cs[0].Code != carry.CodeCalm {
		t.Errorf("at the target: state %d, %+v", s.desk.pool, cs)
	}
}

// The direction switch: what each way allows.
func TestDirection(t *testing.T) {
	for way, want := range map[string][4]bool{ // opens, closes, trims, reduces
		"both": {true, true, true, true}, "open": {true, false, false, true}, "close": {false, true, true, true}, "hold": {false, false, true, true},
	} {
		with := func(p *Params) { p.Direction, p.RiseTrimFrac = way, 0.5 }
		s := rich(t, 2, with)
		s.wants(0, 1)
		if got := len(s.cycle()) > 0; got != want[0] {
			t.Errorf("%s: opens %t", way, got)
		}
		s = rich(t, 2, with)
		s.hold(0, 9)
		s.leaves(0, carry.CodeCloseRate, false)
		if got := len(s.cycle()) > 0; got != want[1] {
			t.Errorf("%s: closes %t", way, got)
		}
		s = rich(t, 2, with)
		s.hold(0, 9)
		s.keeps(0)
		s.price(0, 200)
		if got := len(s.cycle()) > 0; got != want[2] {
			t.Errorf("%s: trims %t", way, got)
		}
		p := bare()
		with(&p)
		p.RiseTrimFrac, p.TotalLimitUSDT, p.CoinLimitUSDT = 0, 1e6, 1e6
		s = newStage(t, 1, p, 100_000, 10_000)
		s.hold(0, 300)
		s.keeps(0)
		if got := len(orders(s.cycle(), 0)) > 0; got != want[3] {
			t.Errorf("%s: reduces %t", way, got)
		}
	}
}

// An urgent closing goes at once and takes both legs whole, perpetual
// reduce-only; afterwards the coin waits before it may be opened again.
func TestClosingAndReopenWait(t *testing.T) {
	s := rich(t, 1, func(p *Params) { p.ReopenAfterH = 24 })
	s.hold(0, 9)
	s.quote(0, 100, 103) // a premium far above the gate
	s.leaves(0, carry.CodeCloseRate, false)
	cs := s.cycle()
	if len(cs) != 2 || cs[0].Qty != 9_000 || !cs[0].ReduceOnly || cs[1].Side != carry.Sell || cs[0].Code != carry.CodeCloseRate {
		t.Fatalf("closing commands %+v", cs)
	}
	s.settle()
	a := s.book.Account()
	if a.PerpQty[0] != 0 || a.SpotCoinsF[0] >= 0.001 {
		t.Fatalf("left are %d contracts and %v coins", a.PerpQty[0], a.SpotCoinsF[0])
	}
	s.wants(0, 1)
	for h := range 23 {
		if cs := s.cycle(); len(cs) != 0 {
			t.Fatalf("opened again after %d hours: %+v", h+1, cs)
		}
	}
	if cs := s.cycle(); len(cs) != 2 {
		t.Errorf("not opened after the wait: %+v", cs)
	}
}

// The wait is after any close: also after a reduction that took the coin whole,
// and after a liquidation whose coins were sold.
func TestReopenWaitAfterOtherEnds(t *testing.T) {
	p := bare()
	p.ReopenAfterH, p.ReduceMayTransfer = 24, false
	p.TotalLimitUSDT, p.CoinLimitUSDT = 60_000, 1_000
	s := newStage(t, 2, p, 100_000, 10_000)
	s.hold(0, 250)
	s.hold(1, 10)
	s.keeps(0)
	s.keeps(1)
	s.market.Predicted[1] = -0.01
	s.price(0, 108) // 28,000 on 7,987: 3.5
	s.cycle()
	s.settle()
	if s.short(1) != 0 {
		t.Fatal("the reduction did not take the worst coin")
	}
	s.price(0, 60)
	s.wants(1, 1)
	if cs := s.cycle(); len(orders(cs, 1)) != 0 {
		t.Errorf("after a reduction to nothing: %+v", cs)
	}

	s = rich(t, 1, func(p *Params) { p.ReopenAfterH = 24 })
	s.hold(0, 9)
	s.tell(carry.Event{Kind: carry.EvLiquidated, Leg: carry.Perp, Side: carry.Buy, Qty: 9_000, Price: 150 * carry.Unit, Ref: 150 * carry.Unit})
	s.wants(0, 1)
	if cs := s.cycle(); len(cs) != 1 || cs[0].Code != carry.CodeRepair || cs[0].Leg != carry.Spot {
		t.Fatalf("after a liquidation: %+v", cs)
	}
	s.settle()
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("opened again right after a liquidation: %+v", cs)
	}
}

// A patient closing waits for a closing premium at or below the gate, at most
// closeWaitMaxH; and if its reason goes away, so does the wait.
func TestPatientClosing(t *testing.T) {
	build := func() *stage {
		s := rich(t, 1, func(p *Params) { p.CloseWaitMaxH, p.ClosePremiumMax = 5, 0.001 })
		s.hold(0, 9)
		s.quote(0, 100, 100.5)
		s.leaves(0, carry.CodeCloseMean, true)
		return s
	}
	s := build()
	for h := range 5 {
		if cs := s.cycle(); len(cs) != 0 {
			t.Fatalf("hour %d of the wait: %+v", h, cs)
		}
	}
	if cs := s.cycle(); len(cs) != 2 || cs[0].Code != carry.CodeCloseMean {
		t.Fatalf("after the longest wait: %+v", cs)
	}

	s = build()
	s.cycle()
	s.quote(0, 100, 100.1)
	if cs := s.cycle(); len(cs) != 2 {
		t.Errorf("at the gate: %+v", cs)
	}

	s = build()
	s.cycle()
	s.cycle()
	s.cycle()
	s.keeps(0)
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("without a reason any more: %+v", cs)
	}
	s.leaves(0, carry.CodeCloseMean, true)
	for h := range 5 {
		if cs := s.cycle(); len(cs) != 0 {
			t.Fatalf("the second wait lasted only %d hours: %+v", h, cs)
		}
	}
	// Waiting is neither closing nor opening.
	s.leaves(0, carry.CodeCloseRate, false)
	if cs := s.cycle(); len(cs) != 2 || cs[0].Code != carry.CodeCloseRate {
		t.Errorf("an urgent reason while waiting: %+v", cs)
	}
}

// A closing whose spot leg failed goes on with what is left; one that can go no
// further is over.
func TestClosingGoesOnUntilNothingIsLeft(t *testing.T) {
	s := rich(t, 1, func(p *Params) { p.ReopenAfterH = 1 })
	s.hold(0, 9)
	s.leaves(0, carry.CodeCloseRate, false)
	cs := s.cycle()
	s.land(cs[0], carry.OK)
	s.land(cs[1], carry.CodeHalted)
	s.keeps(0) // the reason is gone, but a closing once begun is finished
	if cs := s.cycle(); len(cs) != 1 || cs[0].Leg != carry.Spot || cs[0].Qty < 9_000 {
		t.Fatalf("with only coins left: %+v", cs)
	}
	s.settle()
	if a := s.book.Account(); a.SpotCoinsF[0] >= 0.001 {
		t.Errorf("%v coins are left", a.SpotCoinsF[0])
	}

	// Coins worth less than the smallest order are dust: the coin is flat and may
	// be opened again after its wait.
	s = rich(t, 1, func(p *Params) { p.ReopenAfterH = 1 })
	s.hold(0, 9)
	s.price(0, 1)
	s.leaves(0, carry.CodeCloseRate, false)
	s.cycle()
	s.settle()
	s.cycle()
	s.wants(0, 1)
	s.cycle()
	s.cycle()
	if len(orders(s.way, 0)) != 2 {
		t.Errorf("a coin closed at a hundredth of its price is never opened again: %+v", s.way)
	}
}

// While one leg is halted nothing is closed one-legged and nothing opened.
func TestHaltedLegBlocks(t *testing.T) {
	s := rich(t, 2, none)
	s.hold(0, 9)
	s.leaves(0, carry.CodeCloseRate, false)
	s.wants(1, 1)
	s.policy.says[1].Open = carry.CodeStale
	s.market.Flags[0] &^= carry.SpotFresh
	s.market.Flags[1] &^= carry.PerpFresh
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("with a leg halted each: %+v", cs)
	}
	s.market.Flags[0] |= carry.SpotFresh
	if cs := s.cycle(); len(orders(cs, 0)) != 2 {
		t.Errorf("when spot is back: %+v", cs)
	}
}

// A coin far above its limit is cut back to it, both legs alike, and not closed.
func TestTrim(t *testing.T) {
	s := rich(t, 1, func(p *Params) { p.RiseTrimFrac = 0.5 })
	s.hold(0, 10)
	s.keeps(0)
	s.price(0, 150)
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("at one and a half times the limit: %+v", cs)
	}
	s.price(0, 160)
	cs := s.cycle()
	if len(cs) != 2 || cs[0].Code != carry.CodeTrimRise || cs[1].Code != carry.CodeTrimRise {
		t.Fatalf("above it: %+v", cs)
	}
	s.settle()
	about(t, "the value left", s.short(0), 1_000, 0.2)
	about(t, "the gap", s.gap(0), 0, 0.002)
	if s.short(0) > 1_000 {
		t.Errorf("trimmed to %v, above the limit", s.short(0))
	}
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("and then: %+v", cs)
	}
}

// What would be left below the smallest order goes too.
func TestNoRemainderThatCannotBeClosed(t *testing.T) {
	s := rich(t, 1, none)
	s.hold(0, 2) // 200 USDT
	for _, e := range []struct{ value, want float64 }{
		{50, 50}, {185, 185}, {191, 200}, {199.9, 200}, {math.Inf(1), 200},
		{0.3, 10.2}, // never an order that spot would refuse
	} {
		s.desk.out = nil
		s.desk.closeBoth(0, e.value, &s.market, carry.CodeTrimRise, [3]float64{})
		perp, spot := sumOf(s.desk.out, carry.Perp, 100), sumOf(s.desk.out, carry.Spot, 100)
		about(t, "contracts", perp, e.want, 0.11)
		about(t, "coins", spot, e.want, 0.2)
	}
}

// What is larger than one order of either leg goes in several, both legs alike.
func TestLargestOrders(t *testing.T) {
	for _, leg := range []carry.Leg{carry.Spot, carry.Perp} {
		s := newStage(t, 1, bare(), 500_000, 500_000)
		s.rules(0, func(r *carry.Rules) { r.Legs[leg].MaxQty = 100_000 }) // 100 coins
		s.wants(0, 1)
		s.desk.p.TotalLimitUSDT, s.desk.p.CoinLimitUSDT = 25_000, 25_000
		for range 4 {
			s.cycle()
			s.settle()
			about(t, leg.String()+" bound, gap while opening", s.gap(0), 0, 0.01)
		}
		about(t, leg.String()+" bound, opened", s.short(0), 25_000, 10)
		s.leaves(0, carry.CodeCloseRate, false)
		for range 4 {
			s.cycle()
			s.settle()
			about(t, leg.String()+" bound, gap while closing", s.gap(0), 0, 0.01)
		}
		if s.short(0) != 0 {
			t.Errorf("%s bound: %v are left", leg, s.short(0))
		}
	}
}

// A contract of a thousand coins is matched by a thousand coins.
func TestMultipliedContracts(t *testing.T) {
	s := rich(t, 1, none)
	s.pairs[0].Mult, s.pairs[0].QtyDp = 1000, 0
	s.rules(0, func(*carry.Rules) {})
	s.quote(0, 0.1, 100)
	s.wants(0, 1)
	cs := s.cycle()
	if len(cs) != 2 || cs[0].Qty != 10 || cs[1].Qty != 10_011 {
		t.Fatalf("ten contracts are %+v", cs)
	}
}

// Sleepers are not asked for unless they are held, and nobody is asked to open
// when there is no room.
func TestDormantCoinsAreLeftAlone(t *testing.T) {
	s := rich(t, 2, none)
	s.wants(0, 1)
	s.wants(1, 1)
	s.policy.asleep[0] = true
	if cs := s.cycle(); len(orders(cs, 0)) != 0 || len(orders(cs, 1)) != 2 {
		t.Errorf("the sleeper was opened: %+v", cs)
	}
	s.settle()
	s.policy.asleep[1] = true
	s.leaves(1, carry.CodeCloseRate, false)
	if cs := s.cycle(); len(orders(cs, 1)) != 2 {
		t.Errorf("held and asleep it is not closed: %+v", cs)
	}
}

// A pair whose market ends is forgotten with all that was on its way; when it
// comes back it may be opened anew.
func TestEndedPairIsForgotten(t *testing.T) {
	s := rich(t, 1, none)
	s.hold(0, 9)
	s.leaves(0, carry.CodeCloseRate, false)
	late := s.cycle()
	for _, e := range []struct {
		leg  carry.Leg
		side carry.Side
		q    carry.Qty
	}{{carry.Perp, carry.Buy, 9_000}, {carry.Spot, carry.Sell, 9_000}} {
		s.tell(carry.Event{Kind: carry.EvSettled, Code: carry.CodeDelisted, Leg: e.leg, Side: e.side, Qty: e.q, Price: 100 * carry.Unit, Ref: 100 * carry.Unit})
	}
	for _, c := range late {
		s.land(c, carry.CodeHalted)
	}
	if s.desk.inFlight != 0 || s.desk.st[0].orders != 0 || s.desk.st[0].closing != carry.OK {
		t.Errorf("the desk still remembers %+v, %d in flight", s.desk.st[0], s.desk.inFlight)
	}
	s.wants(0, 1)
	if cs := s.cycle(); len(cs) != 2 {
		t.Errorf("when it trades again: %+v", cs)
	}
}

// Nothing is decided in the warm-up.
func TestWarmUpOrdersNothing(t *testing.T) {
	s := rich(t, 1, none)
	s.wants(0, 1)
	s.market.WarmUp = true
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("in the warm-up: %+v", cs)
	}
}
