package sim

import (
	"math"
	"testing"

	"carry"
)

// shorts is an exchange whose futures wallet is in a given state.
func shorts(t testing.TB, wallet float64, rules ...carry.Rules) (*Exchange, *hand) {
	t.Helper()
	h := newHand(len(rules), 1)
	h.info.Rules = rules
	x, err := NewExchange(&h.info, frictionless())
	if err != nil {
		t.Fatal(err)
	}
	for i := range rules {
		rules[i].Pair = int32(i)
		x.applyRules(&rules[i], noon)
	}
	x.out = x.out[:0]
	x.acct.perpUSDT = usdt(wallet)
	return x, h
}

// short opens q coins at a price, which is also the mark.
func (x *Exchange) short(i int32, q carry.Qty, price float64) {
	x.acct.trade(i, &x.info.Pairs[i], carry.Sell, q, usdtPrice(price))
	x.mark[i] = price
}

// rise runs one bar with these highest marks.
func (x *Exchange) rise(h *hand, high ...float64) []carry.Event {
	copy(h.block.MarkHigh, high)
	x.out = x.out[:0]
	for _, i := range x.acct.open {
		x.high[i] = x.adverse(bar{&h.block, int(i)}, i, 0, 1)
	}
	x.liquidate(noon + carry.Hour - 1)
	return x.out
}

func ladder(mmr, cum float64) carry.Rules {
	r := handRules(0)
	r.Brackets = []carry.Bracket{{Cap: math.Inf(1), MMR: mmr, Cum: cum}}
	return r
}

// The worked liquidation prices of binance.md §2.6, through the exchange's own
// margin and liquidation: one short alone in a futures wallet.
func TestLiquidationAtBinancesPrices(t *testing.T) {
	for _, e := range []struct {
		name         string
		q            carry.Qty
		entry        float64
		wallet       float64
		mmr, cum, lp float64
	}{
		{"10 at 100, MMR 1 %", 10_000, 100, 500, 0.01, 0, 148.51},
		{"10 at 100, MMR 2.5 %", 10_000, 100, 500, 0.025, 0, 146.34},
		{"1 BTC at 60,000, 1x", 1_000, 60_000, 60_000, 0.005, 50, 119_452.74},
		{"2x", 1_000, 60_000, 30_000, 0.005, 50, 89_601.99},
		{"3x", 1_000, 60_000, 20_000, 0.005, 50, 79_651.74},
		{"5x", 1_000, 60_000, 12_000, 0.005, 50, 71_691.54},
		{"10x", 1_000, 60_000, 6_000, 0.005, 50, 65_721.39},
		{"20x", 1_000, 60_000, 3_000, 0.005, 50, 62_736.32},
	} {
		x, h := shorts(t, e.wallet, ladder(e.mmr, e.cum))
		x.short(0, e.q, e.entry)
		if got := x.rise(h, e.lp-0.01); len(got) != 0 {
			t.Errorf("%s: a high a cent below %v liquidated at %s", e.name, e.lp, got[0].Price)
		}
		got := x.rise(h, 10*e.lp)
		if len(got) != 1 || math.Abs(got[0].Price.Float()-e.lp) > 0.0101 {
			t.Errorf("%s: %+v, want a liquidation at %v", e.name, got, e.lp)
			continue
		}
		if got[0].Price < got[0].Ref {
			t.Errorf("%s: bought back at %s, below the mark %s", e.name, got[0].Price, got[0].Ref)
		}
	}
}

// Binance's official cross example is of longs; for a short the formula reads
// LP = (WB − TMM1 + UPNL1 + cum + q·EP) / (q·(MMR + 1)).
func TestLiquidationWithAnotherPosition(t *testing.T) {
	a, b := ladder(0.025, 16_300), ladder(0.1, 135_365)
	x, h := shorts(t, 1_535_443.01, a, b)
	x.short(0, 109_488, 32_481.98)
	x.short(1, 3_683_979, 1_456.84)
	x.mark[1] = 1_400 // the other position, held at its mark
	q, other := 109.488, 3683.979
	tmm, upnl := other*1400*0.1-135_365, other*(1456.84-1400)
	want := (1_535_443.01 - tmm + upnl + 16_300 + q*32_481.98) / (q * 1.025)
	got := x.rise(h, 2*want, 1_400)
	if len(got) == 0 || math.Abs(got[0].Price.Float()-want) > 0.02 || got[0].Pair != 0 {
		t.Errorf("liquidated %+v, want pair 0 at %.2f", got, want)
	}
}

// If the notional at the liquidation price is in another bracket, that one
// counts.
func TestLiquidationUsesTheBracketItEndsIn(t *testing.T) {
	r := handRules(0)
	r.Brackets = []carry.Bracket{{Cap: 1_200, MMR: 0.01}, {Floor: 1_200, Cap: math.Inf(1), MMR: 0.05, Cum: 48}}
	x, h := shorts(t, 500, r)
	x.short(0, 10_000, 100)
	want := (500 + 48 + 1000) / (10 * 1.05) // 147.43: notional 1474
	got := x.rise(h, 1000)
	if len(got) != 2 || math.Abs(got[0].Price.Float()-want) > 0.0101 {
		t.Fatalf("liquidated %+v, want at %.2f", got, want)
	}
	// What is above the bracket below goes first, and the rest only as the mark
	// rises on; by then it is worth more than 1200 again, and all of it goes.
	q := float64(10_000-got[0].Qty) / 1000
	if v := q * got[0].Ref.Float(); v > 1200 || v < 1199 {
		t.Errorf("contracts worth %.2f are left, the bracket ends at 1200", v)
	}
	if lp := (got[0].Balance.Float() + 48 + q*100) / (q * 1.05); math.Abs(got[1].Price.Float()-lp) > 0.0201 {
		t.Errorf("the rest went at %s, want %.2f", got[1].Price, lp)
	}
}

// The fee is taken of what is liquidated as far as the wallet has it; what it
// lacks the insurance fund bears. It never ends below nothing.
func TestLiquidationFeeAndInsurance(t *testing.T) {
	for _, e := range []struct {
		name       string
		mark, want float64 // mark at the bar's start, wallet afterwards
	}{
		{"at the line: 1 % maintenance does not quite pay the fee of 1.25 %", 100, 0},
		{"the market jumped over the line", 149, 0},
		{"and beyond bankruptcy", 170, 0},
	} {
		x, h := shorts(t, 500, ladder(0.01, 0))
		x.short(0, 10_000, 100)
		x.mark[0] = e.mark
		got := x.rise(h, 200)
		if len(got) != 1 || x.acct.perpUSDT != usdt(e.want) || got[0].Balance != x.acct.perpUSDT {
			t.Errorf("%s: wallet %s, %+v", e.name, x.acct.perpUSDT, got)
			continue
		}
		value := got[0].Price.Float() * 10
		if full := value * 0.0125; got[0].Fee.Float() > full+1e-8 || (e.mark == 170 && got[0].Fee != 0) {
			t.Errorf("%s: a fee of %s on %v", e.name, got[0].Fee, value)
		}
		if realised := 1000 - value; e.mark == 170 && (realised >= -500 || got[0].Amount != usdt(-500)) {
			t.Errorf("%s: the loss is %v, the wallet paid %s", e.name, realised, got[0].Amount)
		}
	}
	// With room for it the whole fee is charged and the rest stays.
	x, h := shorts(t, 500, ladder(0.05, 0))
	x.short(0, 10_000, 100)
	got := x.rise(h, 200)
	line := 1500 / (10 * 1.05)
	if want := 1500 - line*10*1.0125; len(got) != 1 || math.Abs(x.acct.perpUSDT.Float()-want) > 0.3 || x.acct.perpUSDT <= 0 {
		t.Errorf("after a liquidation at 5 %% maintenance the wallet has %s, want about %.2f", x.acct.perpUSDT, want)
	}
}

// Of several shorts the one with the largest loss goes first, and the rest stays
// if it can bear the bar.
func TestOnlyTheWorstGoesIfThatSuffices(t *testing.T) {
	for worst := range int32(3) {
		rules, high := []carry.Rules{ladder(0.01, 0), ladder(0.01, 0), ladder(0.01, 0)}, []float64{102, 102, 102}
		rules[worst], high[worst] = ladder(0.05, 0), 175
		x, h := shorts(t, 750, rules...)
		for i := range int32(3) {
			x.short(i, 10_000, 100)
		}
		got := x.rise(h, high...)
		if len(got) != 1 || got[0].Pair != worst || x.acct.qty[worst] != 0 || len(x.acct.open) != 2 {
			t.Fatalf("pair %d has the largest loss, liquidated: %+v", worst, got)
		}
		if x.acct.perpUSDT < 0 || !x.poolAt(1).safe() {
			t.Errorf("the account is left with %s", x.acct.perpUSDT)
		}
	}
}

// The insurance fund is not a present: while another position shows a profit, a
// loss is paid from that and not by the fund.
func TestProfitsPayBeforeTheInsuranceFund(t *testing.T) {
	x, h := shorts(t, 300, ladder(0.01, 0), ladder(0.01, 0))
	x.short(0, 10_000, 100)
	x.short(1, 10_000, 100)
	x.mark[1] = 20 // a profit of 800
	worth := func() float64 { return x.poolAt(0).balance }
	before := worth()
	got := x.rise(h, 300, 20)
	if len(got) == 0 {
		t.Fatal("nothing was liquidated")
	}
	bankrupt := got[len(got)-1]
	for _, ev := range got {
		if ev.Pair == 0 {
			bankrupt = ev
		}
	}
	loss := 1000 - bankrupt.Price.Float()*10
	if math.Abs(bankrupt.Amount.Float()-loss) > 0.01 {
		t.Errorf("a loss of %.2f was booked as %s while there was a profit to pay it from", loss, bankrupt.Amount)
	}
	x.mark[0] = bankrupt.Price.Float()
	if after := worth(); after > before+loss+0.01 || after < 0 {
		t.Errorf("the account was worth %.2f, lost %.2f and is worth %.2f", before, loss, after)
	}
}

// A bar's way leads up: later liquidations of the bar happen at marks at least
// as high as the earlier ones.
func TestLiquidationsOfABarGoUpTheSameWay(t *testing.T) {
	x, h := shorts(t, 400, ladder(0.01, 0), ladder(0.01, 0), ladder(0.01, 0))
	for i := range int32(3) {
		x.short(i, 10_000, 100)
	}
	got := x.rise(h, 160, 150, 140)
	if len(got) < 2 {
		t.Fatalf("only %d of three went", len(got))
	}
	last := 0.0
	for _, ev := range got {
		f := (ev.Ref.Float() - 100) / []float64{60, 50, 40}[ev.Pair]
		if f < last-1e-6 {
			t.Errorf("pair %d went at %v of the way, after one at %v", ev.Pair, f, last)
		}
		last = f
	}
}

// Where no mark is recorded the perpetual's own high counts, whose wicks are
// longer; a bar without anything leaves the last mark.
func TestAdverseMark(t *testing.T) {
	x, h := shorts(t, 500, ladder(0.01, 0))
	x.short(0, 10_000, 100)
	for _, e := range []struct{ mark, perp, want float64 }{
		{120, 130, 120}, {math.NaN(), 130, 130}, {math.NaN(), math.NaN(), 100}, {90, 95, 100},
	} {
		h.block.MarkHigh[0], h.block.Perp.High[0] = e.mark, e.perp
		if got := x.adverse(bar{&h.block, 0}, 0, 0, 1); got != e.want {
			t.Errorf("mark high %v, perpetual high %v: the worst is %v, want %v", e.mark, e.perp, got, e.want)
		}
	}
}

// A liquidation in a run comes after the bar's fills and before the next
// instant; the spot leg is left to whoever holds it.
func TestLiquidationInARun(t *testing.T) {
	h := newHand(1, 5)
	h.set(2, 0, carry.Perp, 100, 170, 100, 100)
	p := h.play(t, frictionless(), NoSpread{}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 500)},
		1: {order(carry.Perp, carry.Sell, 10_000), order(carry.Spot, carry.Buy, 10_000)},
	}))
	l := p.of(carry.EvLiquidated)
	if len(l) != 1 || l[0].At != h.hour(3)-1 || l[0].Code != carry.CodeLiquidated || l[0].Qty != 10_000 || l[0].Side != carry.Buy {
		t.Fatalf("a wick to 170 at 2x gives %+v", l)
	}
	if _, _, coins, qty := p.venue.Exchange().Balances(); qty[0] != 0 || coins[0] != carry.WideFrom(10*carry.Unit) {
		t.Errorf("left are %d contracts and %s coins", qty[0], coins[0])
	}
}
