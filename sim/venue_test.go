package sim

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"carry"
	"carry/internal/risk"
)

// USDT of a figure, for tables.
func usdt(x float64) carry.Amount { return carry.Amount(math.Round(x * carry.Unit)) }

// A settlement pays what was held before its instant. An order decided at T
// fills after T and gets nothing of it; filling at the bar's open first and
// settling then would overstate every hold.
func TestSettlementPaysWhatWasHeldBefore(t *testing.T) {
	h := newHand(1, 6)
	for r := range 6 {
		h.settle(r, 0, 0.10, 1)
	}
	p := h.play(t, frictionless(), NoSpread{}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)},
		1: {order(carry.Perp, carry.Sell, 10_000)}, // 10 coins
		3: {reduce(4_000)},
		4: {reduce(6_000)},
	}))
	paid := p.of(carry.EvPaid)
	if len(paid) != 3 {
		t.Fatalf("held over three settlements, paid at %d: %+v", len(paid), paid)
	}
	for k, e := range []struct {
		r    int
		q    carry.Qty
		want float64
	}{{2, 10_000, 1}, {3, 10_000, 1}, {4, 6_000, 0.6}} {
		ev := paid[k]
		if ev.At != h.hour(e.r) || ev.Qty != e.q || ev.Amount != usdt(e.want) || ev.Price != 100*carry.Unit || ev.Rate != 100_000 {
			t.Errorf("settlement %d paid %s on %d at %s, want %v on %d", e.r, ev.Amount, ev.Qty, ev.At, e.want, e.q)
		}
	}
	if _, perp, _, _ := p.venue.Exchange().Balances(); perp != usdt(5002.6) {
		t.Errorf("the futures wallet holds %s, want 5002.6", perp)
	}
}

// The mark at a settlement is the recorded one; else the opening of the mark's
// bar, of the perpetual's, or the last mark known.
func TestSettlementMarkFallsBack(t *testing.T) {
	h := newHand(1, 6)
	for r := 2; r < 6; r++ {
		h.settle(r, 0, 1, 1)
	}
	h.block.Settled[0].Mark = 101 * carry.Unit
	h.block.MarkOpen[h.at(2, 0)], h.block.MarkOpen[h.at(3, 0)] = 102, 102
	h.set(4, 0, carry.Perp, 103, 103, 103, 103)
	h.set(5, 0, carry.Perp, math.NaN(), math.NaN(), math.NaN(), math.NaN())
	h.block.Perp.Volume[h.at(5, 0)] = math.NaN()
	p := h.play(t, frictionless(), NoSpread{}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)}, 1: {order(carry.Perp, carry.Sell, 1_000)},
	}))
	var got []float64
	for _, ev := range p.of(carry.EvPaid) {
		got = append(got, ev.Price.Float())
	}
	if want := []float64{101, 102, 103, 103}; !slices.Equal(got, want) {
		t.Errorf("settled at marks %v, want %v", got, want)
	}
}

// Everything at once: settlement, then the fills of earlier orders are already
// told, then the end of a pair, new rules, and the cross-section last.
func TestOrderWithinAnInstant(t *testing.T) {
	h := newHand(2, 5)
	h.settle(3, 0, 0.01, 8)
	later := handRules(1)
	later.From = h.hour(3)
	h.info.Rules = append(h.info.Rules, later)
	h.info.Ends = []carry.PairEnd{{Pair: 0, At: h.hour(3)}}
	var at3 []string
	do := h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)},
		1: {order(carry.Perp, carry.Sell, 1_000), order(carry.Spot, carry.Buy, 1_000)},
		2: {{Kind: carry.CmdTimer, ID: 5, At: h.hour(3) - 1}},
	})
	h.play(t, frictionless(), NoSpread{}, func(ev *carry.Event) []carry.Command {
		if ev.At == h.hour(3) || ev.Kind == carry.EvTimer {
			at3 = append(at3, ev.Kind.String())
		}
		return do(ev)
	})
	if want := []string{"timer", "paid", "rates", "settled", "settled", "rules", "market"}; !slices.Equal(at3, want) {
		t.Errorf("the instant went %v, want %v", at3, want)
	}
}

// A decision fills in the bar that follows, at that bar's price, not at the one
// it was decided on.
func TestFillsComeFromTheFollowingBar(t *testing.T) {
	h := newHand(1, 4)
	h.set(2, 0, carry.Spot, 120, 180, 60, 90)
	o := frictionless()
	for _, e := range []struct {
		latency carry.Time
		want    float64
	}{
		{0, 120}, {10 * carry.Minute, 150}, // half way to the nearer extreme
		{20 * carry.Minute, 180}, {30 * carry.Minute, 120}, {40 * carry.Minute, 60}, {carry.Hour - 1, 90}, {carry.Hour, 100},
	} {
		o.Latency = ConstantLatency{e.latency}
		p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{2: {order(carry.Spot, carry.Buy, 1_000)}}))
		fills := p.of(carry.EvFill)
		if len(fills) != 1 || fills[0].At != h.hour(2)+e.latency || math.Abs(fills[0].Price.Float()-e.want) > 0.001 {
			t.Errorf("%d ms after the decision at bar 2: %+v, want a fill at %v", e.latency, fills, e.want)
		}
	}
}

// What a market order pays beyond the bar's price: half the spread, the impact
// of its size, and the rest of the tick.
func TestFillsPaySpreadImpactAndTick(t *testing.T) {
	h := newHand(1, 4)
	h.from(0, 0, 100.005)
	o := DefaultOptions()
	o.Fees, o.Impact = NoFees{}, FixedImpact{0.002}
	p := h.play(t, o, FixedSpread{0.001}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)},
		1: {order(carry.Spot, carry.Buy, 1_000), order(carry.Perp, carry.Sell, 1_000)},
		2: {order(carry.Spot, carry.Sell, 1_000), reduce(1_000)},
	}))
	// The quoted half spread is 0.1 % and the rest of the tick of 0.01: ask 100.11.
	half := 100.11/100.005 - 1
	up, down := math.Ceil(100.005*(1+half+0.002)*100-1e-6)/100, math.Floor(100.005*(1-half-0.002)*100+1e-6)/100
	for k, want := range []float64{up, down, down, up} {
		if got := p.of(carry.EvFill)[k]; math.Abs(got.Price.Float()-want) > 1e-9 {
			t.Errorf("%s %s filled at %s, want %v", got.Leg, got.Side, got.Price, want)
		}
	}
}

// Sales of a coin worth less than a tick still get one.
func TestNothingIsSoldForNothing(t *testing.T) {
	h := newHand(1, 4)
	h.from(0, 0, 0.01)
	o := DefaultOptions()
	o.Impact, o.Volume = FixedImpact{0.9}, AllVolume{}
	p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{
		1: {order(carry.Spot, carry.Buy, 1_000_000)}, 2: {order(carry.Spot, carry.Sell, 900_000)},
	}))
	if f := p.of(carry.EvFill); len(f) != 2 || f[1].Price != carry.Unit/100 {
		t.Errorf("sold a penny coin: %+v", f)
	}
}

// 0.01 BTC bought at 0.1 % leaves 0.00999; what is sold pays in USDT; paid in
// BNB the coins are whole and the fee a quarter less.
func TestSpotFeesAreTakenWhereBinanceTakesThem(t *testing.T) {
	h := newHand(1, 4)
	h.info.Pairs[0].QtyDp = 5
	h.from(0, 0, 50_000)
	o := frictionless()
	buy, sell := order(carry.Spot, carry.Buy, 1_000), order(carry.Spot, carry.Sell, 999)
	buy.Ref, sell.Ref = 50_000*carry.Unit, 50_000*carry.Unit
	steps := map[int][]carry.Command{1: {buy}, 2: {sell}}

	o.Fees = BinanceFees{}
	p := h.play(t, o, NoSpread{}, h.plan(steps))
	f := p.of(carry.EvFill)
	if f[0].Coins != carry.WideFrom(999_000) || f[0].FeeCoins != carry.WideFrom(1_000) || f[0].Fee != 0 || f[0].Amount != usdt(-500) || f[0].Balance != usdt(9500) {
		t.Errorf("bought 0.01: %+v", f[0])
	}
	if f[1].Coins != (carry.Wide{}) || f[1].Fee != usdt(0.4995) || f[1].Amount != usdt(499.5) || f[1].Balance != usdt(9500+499.5-0.4995) {
		t.Errorf("sold 0.00999: %+v", f[1])
	}

	o.Fees = BinanceFees{BNB: true}
	f = h.play(t, o, NoSpread{}, h.plan(steps)).of(carry.EvFill)
	if f[0].Coins != carry.WideFrom(1_000_000) || f[0].Fee != usdt(0.375) || f[0].FeeCoins != (carry.Wide{}) || f[0].Balance != usdt(9499.625) {
		t.Errorf("bought 0.01 with BNB: %+v", f[0])
	}
}

// The perpetual's fee is taken from the futures wallet, on the notional.
func TestPerpFees(t *testing.T) {
	h := newHand(1, 5)
	o := frictionless()
	o.Fees = BinanceFees{}
	p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)}, 1: {order(carry.Perp, carry.Sell, 10_000)}, 2: {reduce(10_000)},
	}))
	for _, ev := range p.of(carry.EvFill) {
		if ev.Fee != usdt(0.4) || ev.Amount != 0 || ev.Wallet != carry.PerpWallet {
			t.Errorf("0.04 %% of 1000 USDT: %+v", ev)
		}
	}
}

// Every refusal of the exchange, with its code.
func TestRefusals(t *testing.T) {
	h := newHand(2, 8)
	h.block.Spot.Volume[h.at(4, 0)] = 0
	h.block.Perp.Volume[h.at(5, 0)] = math.NaN()
	h.info.Ends = []carry.PairEnd{{Pair: 1, At: h.hour(2), Delisted: true}}
	limit := func(c carry.Command, at float64) carry.Command {
		c.Limit = carry.PriceFromFloat(at)
		return c
	}
	other := func(c carry.Command) carry.Command { c.Pair = 1; return c }
	for _, e := range []struct {
		name string
		bar  int
		c    carry.Command
		kind carry.EventKind
		want carry.Code
	}{
		{"spot is halted", 4, order(carry.Spot, carry.Buy, 100), carry.EvReject, carry.CodeHalted},
		{"the perpetual has no bar", 5, reduce(100), carry.EvReject, carry.CodeHalted},
		{"the pair was delisted", 3, other(order(carry.Spot, carry.Buy, 100)), carry.EvReject, carry.CodeHalted},
		{"before the first close nothing is known", 0, order(carry.Spot, carry.Buy, 100), carry.EvReject, carry.CodeHalted},
		{"more than the wallet holds", 2, order(carry.Spot, carry.Buy, 90_001), carry.EvReject, carry.CodeInsufficient},
		{"all the wallet holds", 2, order(carry.Spot, carry.Buy, 80_000), carry.EvFill, carry.OK},
		{"coins that are not there", 2, order(carry.Spot, carry.Sell, 100), carry.EvReject, carry.CodeInsufficient},
		{"more than ten times the margin", 2, order(carry.Perp, carry.Sell, 90_001), carry.EvReject, carry.CodeMargin},
		{"ten times the margin", 2, order(carry.Perp, carry.Sell, 90_000), carry.EvFill, carry.OK},
		{"a reduction beyond flat is cut", 2, reduce(20_000), carry.EvFill, carry.OK},
		{"a purchase beyond flat", 2, order(carry.Perp, carry.Buy, 20_000), carry.EvReject, carry.CodeReduceOnly},
		{"a reduction that would add", 2, func() carry.Command {
			c := order(carry.Perp, carry.Sell, 100)
			c.ReduceOnly = true
			return c
		}(), carry.EvReject, carry.CodeReduceOnly},
		{"nothing to reduce", 3, other(reduce(100)), carry.EvReject, carry.CodeHalted},
		{"a limit that the market is above", 2, limit(order(carry.Spot, carry.Buy, 100), 99.99), carry.EvCanceled, carry.CodeExpired},
		{"a limit that the market meets", 2, limit(order(carry.Spot, carry.Buy, 100), 100), carry.EvFill, carry.OK},
		{"a sale below its limit", 2, limit(order(carry.Perp, carry.Sell, 100), 100.01), carry.EvCanceled, carry.CodeExpired},
	} {
		e.c.Order = 7
		// 2000 USDT of margin, a short of 10 coins that uses 1000 of it at 1x … the
		// rest carries 9000 more at the exchange's leverage of 5.
		steps := map[int][]carry.Command{0: {transfer(carry.SpotWallet, 2000)}, 1: {order(carry.Perp, carry.Sell, 10_000)}}
		steps[e.bar] = append(steps[e.bar], e.c)
		o := frictionless()
		o.ExchangeLeverageX = 5
		p := h.play(t, o, NoSpread{}, h.plan(steps))
		var got []carry.Event
		for _, ev := range p.events {
			if ev.Order == 7 {
				got = append(got, ev)
			}
		}
		if len(got) != 1 || got[0].Kind != e.kind || got[0].Code != e.want {
			t.Errorf("%s: %+v, want %s %s", e.name, got, e.kind, e.want)
			continue
		}
		if spot, perp, coins, qty := p.venue.Exchange().Balances(); e.kind != carry.EvFill &&
			(spot != usdt(8000) || perp != usdt(2000) || coins[0] != (carry.Wide{}) || qty[0] != -10_000) {
			t.Errorf("%s: a refused order moved something: %s %s %s %d", e.name, spot, perp, coins[0], qty[0])
		}
	}
}

// The account never goes long on the perpetual: nothing here would liquidate it.
func TestNoLongs(t *testing.T) {
	h := newHand(1, 4)
	p := h.play(t, frictionless(), NoSpread{}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)}, 1: {order(carry.Perp, carry.Buy, 1_000)},
	}))
	if r := p.of(carry.EvReject); len(r) != 1 || r[0].Code != carry.CodeReduceOnly {
		t.Errorf("bought contracts from flat: %v", p.kinds())
	}
}

// A reduction larger than the position closes it and says what it closed.
func TestReduceOnlyIsCutToThePosition(t *testing.T) {
	h := newHand(1, 4)
	p := h.play(t, frictionless(), NoSpread{}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)}, 1: {order(carry.Perp, carry.Sell, 700)}, 2: {reduce(1_000)},
	}))
	if f := p.of(carry.EvFill); len(f) != 2 || f[1].Qty != 700 {
		t.Errorf("reduced by %+v", f)
	}
}

// USDT on its way between the wallets arrives after its delay; margin in use and
// unrealised profit stay where they are.
func TestTransfers(t *testing.T) {
	h := newHand(1, 8)
	h.from(4, 0, 90) // the short gains 10 a coin
	h.from(6, 0, 50)
	o := frictionless()
	o.ExchangeLeverageX = 5
	for _, e := range []struct {
		name string
		bar  int
		c    carry.Command
		want carry.Code
	}{
		{"all that spot has", 1, transfer(carry.SpotWallet, 8000), carry.OK},
		{"more than spot has", 1, transfer(carry.SpotWallet, 8000.01), carry.CodeNotWithdrawable},
		{"what the margin leaves", 2, transfer(carry.PerpWallet, 1800), carry.OK},
		{"a cent of the margin", 2, transfer(carry.PerpWallet, 1800.01), carry.CodeNotWithdrawable},
		{"with a profit, less margin is in use", 5, transfer(carry.PerpWallet, 1920), carry.OK},
		{"and no more", 5, transfer(carry.PerpWallet, 1920.01), carry.CodeNotWithdrawable},
		{"with a large profit the whole wallet", 7, transfer(carry.PerpWallet, 2000), carry.OK},
		{"but the profit itself stays", 7, transfer(carry.PerpWallet, 2000.01), carry.CodeNotWithdrawable},
	} {
		steps := map[int][]carry.Command{0: {transfer(carry.SpotWallet, 2000)}, 1: {order(carry.Perp, carry.Sell, 10_000)}}
		e.c.Order = 77
		steps[e.bar] = append(steps[e.bar], e.c)
		p := h.play(t, o, NoSpread{}, h.plan(steps))
		moved := p.of(carry.EvTransferred)
		got := moved[len(moved)-1]
		if got.Order != 77 || got.Code != e.want || got.At != h.hour(e.bar)+10*carry.Second {
			t.Errorf("%s: %+v, want %s", e.name, got, e.want)
		}
		spot, perp, _, _ := p.venue.Exchange().Balances()
		if got.Balance != spot || got.Balance2 != perp || spot+perp != usdt(10_000) || (e.want != carry.OK && perp != usdt(2000)) {
			t.Errorf("%s: wallets are %s and %s, the event says %s and %s", e.name, spot, perp, got.Balance, got.Balance2)
		}
	}
}

// When a pair's market ends both legs are valued out at the last prices, at
// their costs; when the tape ends nothing is.
func TestEndsSettleBothLegs(t *testing.T) {
	for _, delisted := range []bool{true, false} {
		h := newHand(2, 6)
		h.info.Ends = []carry.PairEnd{{Pair: 0, At: h.hour(4), Delisted: delisted}}
		o := DefaultOptions()
		p := h.play(t, o, FixedSpread{0.001}, h.plan(map[int][]carry.Command{
			0: {transfer(carry.SpotWallet, 5000)},
			1: {order(carry.Perp, carry.Sell, 1_000), order(carry.Spot, carry.Buy, 1_001)},
			2: {func() carry.Command { c := order(carry.Perp, carry.Sell, 1_000); c.Pair = 1; return c }()},
		}))
		want := carry.CodeDataEnd
		if delisted {
			want = carry.CodeDelisted
		}
		s := p.of(carry.EvSettled)
		if len(s) != 2 || s[0].Leg != carry.Perp || s[0].Side != carry.Buy || s[0].Qty != 1_000 || s[0].Price != usdtPrice(100.1) ||
			s[1].Leg != carry.Spot || s[1].Side != carry.Sell || s[1].Price != usdtPrice(99.9) || s[1].Fee <= 0 {
			t.Fatalf("valued out: %+v", s)
		}
		for _, ev := range s {
			if ev.Code != want || ev.At != h.hour(4) {
				t.Errorf("%s %s at %s says %s, want %s", ev.Leg, ev.Side, ev.At, ev.Code, want)
			}
		}
		// 1.001 coins less 0.1 % leave 0.999999; a thousandth is the smallest quantum.
		_, _, coins, qty := p.venue.Exchange().Balances()
		if s[1].Qty != 999 || coins[0] != carry.WideFrom(99_900) || qty[0] != 0 || qty[1] != -1_000 {
			t.Errorf("sold %d, left %s coins, %v contracts", s[1].Qty, coins[0], qty)
		}
	}
}

func usdtPrice(x float64) carry.Price { return carry.Price(usdt(x)) }

// A timer comes back at its time with its number; one for a moment that is past
// comes at once, and time does not run backward.
func TestTimersComeBack(t *testing.T) {
	h := newHand(1, 5)
	p := h.play(t, frictionless(), NoSpread{}, h.plan(map[int][]carry.Command{
		1: {{Kind: carry.CmdTimer, ID: 3, At: h.hour(3) + 5}, {Kind: carry.CmdTimer, ID: 4, At: h.hour(1) + 7}},
		2: {{Kind: carry.CmdTimer, ID: 5, At: h.hour(0)}},
	}))
	got := p.of(carry.EvTimer)
	if len(got) != 3 || got[0].ID != 4 || got[0].At != h.hour(1)+7 || got[1].ID != 5 || got[1].At != h.hour(2) || got[2].ID != 3 || got[2].At != h.hour(3)+5 {
		t.Errorf("timers came back as %+v", got)
	}
}

// Nothing enters without the gate's approval, and that ends the run.
func TestUnapprovedCommandsAreRefused(t *testing.T) {
	h := newHand(1, 2)
	v, err := NewVenue(&h.info, frictionless(), h.info.From)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Submit(context.Background(), risk.Approved{}); !errors.Is(err, errUnapproved) || !v.Idle() {
		t.Errorf("the zero approval gave %v", err)
	}
	for _, o := range []Options{{}, {CapitalUSDT: 10, FuturesUSDT: 11}, {CapitalUSDT: 10, FuturesUSDT: -1}} {
		if _, err := NewExchange(&h.info, o); err == nil {
			t.Errorf("an account was opened with %s, %s of it in futures", o.CapitalUSDT, o.FuturesUSDT)
		}
	}
}

// The account opens with a snapshot, then the rules in force, and waits for data
// in between blocks.
func TestRunsBeginWithASnapshot(t *testing.T) {
	h := newHand(2, 3)
	o := frictionless()
	o.FuturesUSDT = usdt(3000)
	p := h.play(t, o, NoSpread{}, func(*carry.Event) []carry.Command { return nil })
	first := p.events[0]
	if first.Kind != carry.EvSnapshot || first.Balance != usdt(7000) || first.Balance2 != usdt(3000) || first.At != h.hour(0) {
		t.Errorf("the first event is %+v", first)
	}
	if len(p.of(carry.EvRules)) != 2 || len(p.of(carry.EvMarket)) != 4 || !p.venue.Idle() {
		t.Errorf("the run saw %d rules, %d instants, idle %t", len(p.of(carry.EvRules)), len(p.of(carry.EvMarket)), p.venue.Idle())
	}
	for _, ev := range p.of(carry.EvRules) {
		if ev.At != h.hour(0) {
			t.Errorf("rules of the beginning came at %s", ev.At)
		}
	}
}
