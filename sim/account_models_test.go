package sim

import (
	"math"
	"slices"
	"testing"

	"carry"
)

// With isolated margin every short has its own: the worked prices of binance.md
// §2.6 in a wallet that holds much more, and the loss ends with that margin.
func TestIsolatedLiquidation(t *testing.T) {
	for _, e := range []struct {
		leverage carry.Time
		lp       float64
	}{{1, 119_452.74}, {2, 89_601.99}, {3, 79_651.74}, {5, 71_691.54}, {10, 65_721.39}, {20, 62_736.32}} {
		h := newHand(1, 6)
		h.info.Rules[0].Brackets = []carry.Bracket{{Cap: math.Inf(1), MMR: 0.005, Cum: 50}}
		h.from(0, 0, 60_000)
		h.set(2, 0, carry.Perp, 60_000, e.lp-0.02, 60_000, 60_000)
		h.set(3, 0, carry.Perp, 60_000, e.lp+0.01, 60_000, 60_000)
		o := frictionless()
		o.CapitalUSDT, o.FuturesUSDT, o.Isolated = 2_000_000*carry.Unit, 1_000_000*carry.Unit, true
		c := order(carry.Perp, carry.Sell, 1_000)
		c.Ref = 60_000 * carry.Unit
		p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{0: {{Kind: carry.CmdLeverage, ID: uint32(e.leverage)}}, 1: {c}}))
		l := p.of(carry.EvLiquidated)
		if len(l) != 1 || l[0].At < h.hour(3) || math.Abs(l[0].Price.Float()-e.lp) > 0.0201 || !l[0].Isolated {
			t.Errorf("%dx: %+v, want one at %v in bar 3", e.leverage, l, e.lp)
			continue
		}
		own := 60_000 / float64(e.leverage)
		if lost := -(l[0].Amount - l[0].Fee).Float(); lost > own+1e-6 || lost < own*0.9 && e.leverage > 5 {
			t.Errorf("%dx: lost %v of a margin of %v", e.leverage, lost, own)
		}
	}
}

// A wick far beyond bankruptcy takes an isolated margin and no more; the same
// short in a cross wallet takes what it needs.
func TestIsolatedLossEndsWithTheMargin(t *testing.T) {
	x, h := shorts(t, 5000, ladder(0.01, 0), ladder(0.01, 0))
	x.opt.Isolated = true
	for i := range int32(2) {
		x.leverage[i] = 2
		x.mark[i] = 100
		d := deal{c: &carry.Command{Pair: i, Leg: carry.Perp, Side: carry.Sell, Qty: 10_000, Ref: 100 * carry.Unit}, q: 10_000, price: 100 * carry.Unit, at: noon}
		if code := x.deal(&d); code != carry.OK || x.acct.isolated[i] != 500*carry.Unit {
			t.Fatalf("opened: %s, margin %s", code, x.acct.isolated[i])
		}
	}
	if x.withdrawable() != 4000*carry.Unit {
		t.Errorf("%s may leave of 5,000, of which 1,000 are isolated", x.withdrawable())
	}
	got := x.rise(h, 400, 100)
	if len(got) != 1 || got[0].Pair != 0 || x.acct.perpUSDT < 4500*carry.Unit || x.acct.isolatedSum != 500*carry.Unit {
		t.Errorf("a rise to 400: %+v; the wallet has %s, %s isolated", got, x.acct.perpUSDT, x.acct.isolatedSum)
	}
	// A gap: the mark is already beyond bankruptcy when it is judged.
	x.mark[1] = 300
	got = x.rise(h, 0, 400)
	if len(got) != 1 || got[0].Amount != -500*carry.Unit || got[0].Fee != 0 || x.acct.perpUSDT < 4000*carry.Unit {
		t.Errorf("a gap to 300 at 2x: %+v; the wallet has %s", got, x.acct.perpUSDT)
	}
}

// Closing half of an isolated short frees half of its margin; funding comes out
// of it.
func TestIsolatedMarginMovesWithThePosition(t *testing.T) {
	x, _ := shorts(t, 5000, ladder(0.01, 0))
	x.opt.Isolated, x.leverage[0], x.mark[0] = true, 4, 100
	do := func(side carry.Side, q carry.Qty, price float64) {
		d := deal{c: &carry.Command{Leg: carry.Perp, Side: side, Qty: q, Ref: 100 * carry.Unit, ReduceOnly: side == carry.Buy}, q: q, price: usdtPrice(price), at: noon}
		if code := x.deal(&d); code != carry.OK {
			t.Fatal(code)
		}
	}
	want := func(usd float64) {
		t.Helper()
		if x.acct.isolated[0] != usdt(usd) || x.acct.isolatedSum != usdt(usd) {
			t.Fatalf("the margin is %s, want %v", x.acct.isolated[0], usd)
		}
	}
	do(carry.Sell, 10_000, 100)
	want(250)
	do(carry.Sell, 10_000, 120)
	want(550)
	x.pay(&carry.Settlement{Rate: -1_000_000}, 100*carry.Unit, -20_000, noon, carry.OK) // 1 % of 2,000
	want(530)
	do(carry.Buy, 5_000, 110)
	want(397.5)
	do(carry.Buy, 5_000, 200) // loses 450, frees 132.5
	want(0)
	do(carry.Buy, 10_000, 100)
	want(0)
}

// What resting orders and unanswered transfers hold cannot leave, and what
// becomes of a lost answer shows in the end.
func TestTransfersFailAndLoseTheirAnswer(t *testing.T) {
	run := func(m TransferModel, cmds map[int][]carry.Command) *played {
		h := newHand(1, 6)
		o := frictionless()
		o.FuturesUSDT, o.Transfers = 4000*carry.Unit, m
		return h.play(t, o, NoSpread{}, h.plan(cmds))
	}
	fails := ShakyTransfers{FailFrac: 1}
	if ev := run(fails, map[int][]carry.Command{0: {transfer(carry.SpotWallet, 100)}}).of(carry.EvTransferred); len(ev) != 1 || ev[0].Code != carry.CodeFailed || ev[0].Balance != 6000*carry.Unit {
		t.Errorf("a transfer that fails: %+v", ev)
	}
	second := transfer(carry.SpotWallet, 1000)
	second.Order = 10
	for _, e := range []struct {
		fail  float64
		codes []carry.Code
		spot  carry.Amount
	}{
		{0, []carry.Code{carry.CodeUnknown, carry.CodeNotWithdrawable, carry.OK}, 500 * carry.Unit},
		{1, []carry.Code{carry.CodeUnknown, carry.CodeNotWithdrawable, carry.CodeFailed}, 6000 * carry.Unit},
	} {
		p := run(ShakyTransfers{FailFrac: e.fail, UnknownFrac: 1, UnknownFor: 10 * carry.Minute},
			map[int][]carry.Command{0: {transfer(carry.SpotWallet, 5500), second}})
		var codes []carry.Code
		for _, ev := range p.of(carry.EvTransferred) {
			codes = append(codes, ev.Code)
		}
		spot, perp, _, _ := p.venue.Exchange().Balances()
		if !slices.Equal(codes, e.codes) || spot != e.spot || spot+perp != 10_000*carry.Unit {
			t.Errorf("5,500 of 6,000 unanswered, then 1,000 more: %v, spot %s", codes, spot)
		}
	}
	// Coins can lie in the futures wallet, where they are no margin.
	coin := carry.Command{Kind: carry.CmdTransfer, Pair: -1, Order: 11, Asset: carry.CoinOf(0), Qty: 600}
	more, back := coin, coin
	more.Order, back.Order, back.Wallet, back.Qty = 12, 13, carry.PerpWallet, 100
	p := run(SureTransfers{}, map[int][]carry.Command{1: {order(carry.Spot, carry.Buy, 1000)}, 2: {coin}, 3: {more, back}})
	ev := p.of(carry.EvTransferred)
	away, _ := p.venue.Exchange().Others()
	if len(ev) != 3 || ev[0].Code != carry.OK || ev[1].Code != carry.CodeNotWithdrawable || ev[2].Coins2 != carry.WideFrom(carry.Unit/2) || away[0] != carry.WideFrom(carry.Unit/2) {
		t.Errorf("0.6 of a coin to futures, 0.6 more, 0.1 back: %+v", ev)
	}
}

// A transfer's fate depends on the seed and its number only.
func TestFatesAreDrawnOnce(t *testing.T) {
	m := ShakyTransfers{FailFrac: 0.3, UnknownFrac: 0.2, UnknownFor: 5, Seed: 4}
	fails, lost := 0, 0
	for n := range uint64(4000) {
		f := m.Fate(n)
		if f != m.Fate(n) {
			t.Fatal("a fate changes")
		}
		if f.Fails {
			fails++
		}
		if f.Unknown > 0 {
			lost++
		}
	}
	if math.Abs(float64(fails)-1200) > 120 || math.Abs(float64(lost)-800) > 100 {
		t.Errorf("%d fail and %d are lost of 4,000 at 0.3 and 0.2", fails, lost)
	}
	adl, taken := CrashADL{FallFrac: 0.2, ChanceFrac: 0.25, Seed: 4}, 0
	for k := range 4000 {
		if adl.Takes(int32(k%7), carry.Time(k)*carry.Hour, 0.2) {
			taken++
		}
		if adl.Takes(0, carry.Time(k)*carry.Hour, 0.19) || adl.Takes(0, 0, math.NaN()) {
			t.Fatal("a short went without a crash")
		}
	}
	if math.Abs(float64(taken)-1000) > 120 {
		t.Errorf("%d of 4,000 shorts went at 0.25", taken)
	}
}

// A winning short goes at the crash's lowest mark, for a profit, and leaves its
// coins naked; a losing one stays.
func TestDeleveraging(t *testing.T) {
	h := newHand(2, 5)
	h.from(2, 1, 110)
	for leg := carry.Spot; leg <= carry.Perp; leg++ {
		h.set(2, 0, leg, 100, 100, 60, 90)
		h.set(2, 1, leg, 110, 110, 105, 108)
	}
	o := frictionless()
	o.FuturesUSDT, o.ADL = 5000*carry.Unit, CrashADL{FallFrac: 0.04, ChanceFrac: 1}
	other := order(carry.Perp, carry.Sell, 1000)
	other.Pair, other.Order = 1, 2
	p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{
		1: {order(carry.Perp, carry.Sell, 1000), order(carry.Spot, carry.Buy, 1000), other},
	}))
	l := p.of(carry.EvLiquidated)
	if len(l) != 1 || l[0].Pair != 0 || l[0].Code != carry.CodeADL || l[0].Amount != 40*carry.Unit || l[0].At != h.hour(3)-1 || l[0].Qty != 1000 {
		t.Fatalf("taken away: %+v", l)
	}
	if _, _, coins, qty := p.venue.Exchange().Balances(); qty[0] != 0 || coins[0].Sign() <= 0 || qty[1] != -1000 {
		t.Errorf("left: %v coins, %v contracts", coins, qty)
	}
}

// Sharp, a settlement pays what was held at its moment. With a window of 15 s an
// order near it gets the worse of both.
func TestFundingWindow(t *testing.T) {
	for _, e := range []struct {
		name    string
		percent float64
		late    carry.Time // the order's after (or before) the settlement
		opens   bool
		sharp   float64
		worst   float64
	}{
		{"opened after, receives", 0.1, 5 * carry.Second, true, 0, 0},
		{"opened after, pays", -0.1, 5 * carry.Second, true, 0, -0.1},
		{"opened before, receives", 0.1, -5 * carry.Second, true, 0.1, 0},
		{"opened before, pays", -0.1, -5 * carry.Second, true, -0.1, -0.1},
		{"closed before, pays", -0.1, -5 * carry.Second, false, 0, -0.1},
		{"closed before, would have received", 0.1, -5 * carry.Second, false, 0, 0},
		{"closed after, receives", 0.1, 5 * carry.Second, false, 0.1, 0},
		{"closed after, pays", -0.1, 5 * carry.Second, false, -0.1, -0.1},
		{"opened long before", 0.1, -50 * carry.Minute, true, 0.1, 0.1},
		{"opened long after", -0.1, 50 * carry.Minute, true, 0, 0},
	} {
		for window, want := range map[carry.Time]float64{0: e.sharp, 15 * carry.Second: e.worst} {
			h := newHand(1, 6)
			h.settle(3, 0, e.percent, 8)
			o := frictionless()
			o.FuturesUSDT, o.FundingWindow = 5000*carry.Unit, window
			c, first := order(carry.Perp, carry.Sell, 1000), []carry.Command(nil)
			if !e.opens {
				first, c = []carry.Command{c}, reduce(1000)
			}
			at := 3
			o.Latency = ConstantLatency{e.late}
			if e.late < 0 {
				at, o.Latency = 2, ConstantLatency{carry.Hour + e.late}
			}
			p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{1: first, at: {c}}))
			got := 0.0
			for _, ev := range p.of(carry.EvPaid) {
				got += ev.Amount.Float()
			}
			if math.Abs(got-want) > 1e-9 {
				t.Errorf("%s, window %d s: paid %v, want %v", e.name, window/carry.Second, got, want)
			}
		}
	}
}

// The stock of BNB pays fees at a discount until it is used up; then they are
// charged in full, in what is received.
func TestBNBRunsOut(t *testing.T) {
	h := newHand(1, 8)
	o := DefaultOptions()
	o.FuturesUSDT, o.Impact, o.Fees = 5000*carry.Unit, NoImpact{}, BinanceFees{BNB: true}
	o.BNBUSDT = usdt(0.36) // 0.0006 BNB in each wallet
	buy := order(carry.Spot, carry.Buy, 1000)
	p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{1: {buy}, 2: {buy}, 3: {buy}, 4: {order(carry.Spot, carry.Sell, 1000)}, 5: {order(carry.Perp, carry.Sell, 1000)}}))
	f := p.of(carry.EvFill)
	if len(f) != 5 {
		t.Fatalf("happened %v", p.kinds())
	}
	// 0.075 % of 100 USDT at 300 USDT a BNB.
	for k, want := range []carry.Amount{25_000, 25_000} {
		if f[k].FeeBNB != want || f[k].Fee != 0 || f[k].FeeCoins != (carry.Wide{}) || f[k].BNB != 60_000-carry.Amount(k+1)*want {
			t.Errorf("fill %d: fee of %s BNB, %s left", k, f[k].FeeBNB, f[k].BNB)
		}
	}
	if f[2].FeeBNB != 0 || f[2].FeeCoins != carry.WideFrom(100_000) || f[3].FeeBNB != 0 || f[3].Fee != usdt(0.1) {
		t.Errorf("without BNB: %s BNB and %s coins bought, %s USDT sold", f[2].FeeBNB, f[2].FeeCoins, f[3].Fee)
	}
	if f[4].FeeBNB != 12_000 || f[4].BNB != 48_000 { // 0.036 %
		t.Errorf("the futures wallet's own: %s, %s left", f[4].FeeBNB, f[4].BNB)
	}
	snap := p.of(carry.EvSnapshot)[0]
	if snap.BNB != 60_000 || snap.BNB2 != 60_000 || snap.Balance != usdt(4999.82) || snap.BNBPrice != 300*carry.Unit {
		t.Errorf("the account begins as %+v", snap)
	}
}

// Deposits come as they are; a withdrawal is announced and leaves as far as the
// spot wallet is free.
func TestFlows(t *testing.T) {
	h := newHand(1, 8)
	o := frictionless()
	o.FuturesUSDT = 4000 * carry.Unit
	o.Flows = []Flow{{h.hour(1) - 5, 500 * carry.Unit}, {h.hour(2), -7000 * carry.Unit}}
	p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{4: {transfer(carry.PerpWallet, 300)}, 5: {transfer(carry.PerpWallet, 400)}}))
	var got []float64
	for _, ev := range p.of(carry.EvFlow) {
		got = append(got, ev.Amount.Float())
	}
	if want := []float64{500, -6500, -300, -200}; !slices.Equal(got, want) {
		t.Errorf("flows of %v, want %v", got, want)
	}
	if asks := p.of(carry.EvOperator); len(asks) != 1 || asks[0].Code != carry.CodeWithdraw || asks[0].Amount != 7000*carry.Unit || asks[0].At != h.hour(2) {
		t.Errorf("announced %+v", asks)
	}
}
