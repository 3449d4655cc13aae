package sim

import (
	"math"
	"slices"
	"testing"

	"carry"
)

// rest is a limit order.
func rest(leg carry.Leg, side carry.Side, q carry.Qty, limit float64, life carry.Life) carry.Command {
	c := order(leg, side, q)
	c.Limit, c.Life = usdtPrice(limit), life
	return c
}

// Within an hour the market is shown only after a timer and while orders rest;
// then with prices of that moment and volumes and rates of the last closed bar.
func TestMomentsWithinABar(t *testing.T) {
	h := newHand(1, 5)
	h.set(2, 0, carry.Spot, 100, 130, 70, 100) // down to 70 at 20 minutes? the nearer extreme first
	h.set(2, 0, carry.Perp, 101, 140, 70, 101)
	h.block.Spot.Volume[h.at(1, 0)] = 777
	var shown []carry.Market
	do := h.plan(map[int][]carry.Command{2: {
		{Kind: carry.CmdTimer, ID: 1, At: h.hour(2) + 40*carry.Minute}, {Kind: carry.CmdTimer, ID: 2, At: h.hour(2) + 20*carry.Minute},
		{Kind: carry.CmdTimer, ID: 3, At: h.hour(2) + 40*carry.Minute},
	}})
	p := h.play(t, frictionless(), NoSpread{}, func(ev *carry.Event) []carry.Command {
		if ev.Kind == carry.EvMarket && ev.Market.Within {
			m := *ev.Market
			m.SpotLast, m.PerpLast, m.Mark = slices.Clone(m.SpotLast), slices.Clone(m.PerpLast), slices.Clone(m.Mark)
			shown = append(shown, m)
			if got := m.SpotValue[0]; got != 77_700 {
				t.Errorf("a moment tells a volume of %v, the last closed bar had 77,700", got)
			}
			if bid, ask := m.Bid(carry.Perp, 0), m.Ask(carry.Perp, 0); bid > m.PerpLast[0]+1e-9 || ask < m.PerpLast[0]-1e-9 || ask-bid > 0.0101 {
				t.Errorf("quoted %v at %v around %v", bid, ask, m.PerpLast[0])
			}
		}
		return do(ev)
	})
	if got := p.kinds(); !slices.Equal(got, []string{"timer", "timer", "timer"}) {
		t.Errorf("happened %v", got)
	}
	if len(shown) != 2 {
		t.Fatalf("%d moments shown, want one at each time of a timer", len(shown))
	}
	for k, want := range []struct {
		at         carry.Time
		spot, perp float64
	}{{h.hour(2) + 20*carry.Minute, 130, 131.3}, {h.hour(2) + 40*carry.Minute, 70, 70.7}} {
		m := &shown[k]
		if m.At != want.at || math.Abs(m.SpotLast[0]-want.spot) > 1e-9 || math.Abs(m.PerpLast[0]-want.perp) > 1e-9 || m.Mark[0] != m.PerpLast[0] {
			t.Errorf("at %s spot %v, perpetual %v, mark %v; want %v and %v", m.At, m.SpotLast, m.PerpLast, m.Mark, want.spot, want.perp)
		}
	}
}

// A run in which nothing rests and no timer runs is shown the hours only.
func TestNoMomentsWithoutNeed(t *testing.T) {
	h := newHand(1, 5)
	p := h.play(t, DefaultOptions(), NoSpread{}, h.plan(map[int][]carry.Command{
		0: {transfer(carry.SpotWallet, 5000)}, 1: {order(carry.Perp, carry.Sell, 1000), order(carry.Spot, carry.Buy, 1000)},
	}))
	if got := len(p.of(carry.EvMarket)); got != 6 {
		t.Errorf("%d cross-sections in five hours, want one at each boundary", got)
	}
}

// A resting order is filled when the path has gone a tick beyond it, not when it
// was touched, at its limit and as a maker; until then its money is held.
func TestRestingOrders(t *testing.T) {
	for _, e := range []struct {
		name   string
		c      carry.Command
		filled bool
		minute int // at which it fills
	}{
		{"bought below, reached", rest(carry.Spot, carry.Buy, 1000, 90, carry.GTC), true, 34},
		{"touched only", rest(carry.Spot, carry.Buy, 1000, 80, carry.GTC), false, 0},
		{"a tick above the low", rest(carry.Spot, carry.Buy, 1000, 80.01, carry.PostOnly), true, 40},
		{"not reached", rest(carry.Spot, carry.Buy, 1000, 79, carry.GTC), false, 0},
		{"sold above, reached", rest(carry.Perp, carry.Sell, 1000, 105, carry.PostOnly), true, 11},
		{"touched only above", rest(carry.Perp, carry.Sell, 1000, 110, carry.GTC), false, 0},
	} {
		h := newHand(1, 5)
		h.set(2, 0, carry.Spot, 100, 110, 80, 100)
		h.set(2, 0, carry.Perp, 100, 110, 80, 100)
		o := frictionless()
		o.FuturesUSDT = o.CapitalUSDT / 2
		free := carry.Amount(0)
		do := h.plan(map[int][]carry.Command{1: {e.c}})
		p := h.play(t, o, NoSpread{}, func(ev *carry.Event) []carry.Command { return do(ev) })
		fills := p.of(carry.EvFill)
		if len(p.of(carry.EvAck)) != 1 || len(fills) != 0 != e.filled {
			t.Errorf("%s: %v", e.name, p.kinds())
			continue
		}
		spot, perp := p.venue.Exchange().Free()
		free = spot + perp
		if e.filled {
			f := fills[0]
			if !f.Maker || f.Left != 0 || f.Price != e.c.Limit || f.At != h.hour(2)+carry.Time(e.minute)*carry.Minute {
				t.Errorf("%s: %+v, want minute %d", e.name, f, e.minute)
			}
			continue
		}
		if e.c.Leg == carry.Spot && o.CapitalUSDT-free != usdt(e.c.Limit.Float()) {
			t.Errorf("%s: %s free, the order holds 1 coin's price", e.name, free)
		}
		if e.c.Leg == carry.Perp && math.Abs((o.CapitalUSDT-free).Float()-11) > 0.02 {
			t.Errorf("%s: %s free, the order holds a tenth of 110", e.name, free)
		}
	}
}

// What an order can have grows with the time of the bar: some at once, a share
// of what trades while it rests; the rest of an immediate one is canceled.
func TestPartialFills(t *testing.T) {
	h := newHand(1, 6)
	h.set(2, 0, carry.Spot, 100, 100, 90, 90)
	o := DefaultOptions()
	o.CapitalUSDT, o.Fees, o.Impact = 10_000_000*carry.Unit, NoFees{}, NoImpact{}
	o.Volume = ShareOfVolume{Frac: 0.1, Depth: 6 * carry.Minute} // 100 coins at once, 1,000 an hour
	p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{
		1: {order(carry.Spot, carry.Buy, 150_000)},
		2: {rest(carry.Spot, carry.Buy, 1_200_000, 95, carry.GTC)},
	}))
	fills := p.of(carry.EvFill)
	first := fills[0]
	if first.Qty != 100_138 || first.Left != 150_000-first.Qty { // 6 minutes and half a second
		t.Errorf("150 coins wanted, %d had, %d left", first.Qty, first.Left)
	}
	if c := p.of(carry.EvCanceled); len(c) != 1 || c[0].Code != carry.CodeVolume || c[0].Qty != first.Left {
		t.Errorf("the rest: %+v", c)
	}
	var sum carry.Qty
	for k, f := range fills[1:] {
		sum += f.Qty
		if f.Left != 1_200_000-sum || f.Price != 95*carry.Unit || f.At < h.hour(2)+30*carry.Minute {
			t.Errorf("part %d: %+v, %d filled", k, f, sum)
		}
	}
	// 36 minutes' share is there when the path goes through at half past; then
	// a minute's at a time.
	if len(fills) < 20 || fills[1].Qty < 590_000 || sum > 1_000_000 || sum < 990_000 {
		t.Errorf("%d parts, the first of %d, %d in all of a bar that gives 1,000,000", len(fills), fills[1].Qty, sum)
	}
	if p.venue.Idle() {
		t.Error("an order is still in the book")
	}
}

// All or nothing: what the bar has room for is filled whole, what is beyond it or
// out of reach not at all.
func TestFillOrKill(t *testing.T) {
	h := newHand(1, 6)
	o := DefaultOptions()
	o.CapitalUSDT, o.Fees, o.Impact = 10_000_000*carry.Unit, NoFees{}, NoImpact{}
	o.Volume = ShareOfVolume{Frac: 0.1, Depth: 6 * carry.Minute} // 100 coins at once
	p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{
		1: {rest(carry.Spot, carry.Buy, 90_000, 101, carry.FOK)},
		2: {rest(carry.Spot, carry.Buy, 150_000, 101, carry.FOK)},
		3: {rest(carry.Spot, carry.Buy, 90_000, 99, carry.FOK)},
	}))
	if got := p.of(carry.EvFill); len(got) != 1 || got[0].Qty != 90_000 || got[0].Left != 0 {
		t.Errorf("filled %+v", got)
	}
	c := p.of(carry.EvCanceled)
	if len(c) != 2 || c[0].Qty != 150_000 || c[0].Code != carry.CodeVolume || c[1].Qty != 90_000 || c[1].Code != carry.CodeExpired {
		t.Errorf("canceled %+v", c)
	}
	if !p.venue.Idle() {
		t.Error("something rests")
	}
}

// Orders that are refused on arrival, each for its reason.
func TestRefusalsOnArrival(t *testing.T) {
	h := newHand(1, 4)
	for i := range h.info.Rules {
		f := &h.info.Rules[i].Legs
		f[carry.Spot].MaxOrders, f[carry.Spot].IcebergParts, f[carry.Perp].PercentUp, f[carry.Perp].PercentDown = 2, 3, 1.05, 0.95
		h.info.Rules[i].Brackets = []carry.Bracket{{Cap: 2000, MMR: 0.01, MaxLeverage: 50}, {Floor: 2000, Cap: math.Inf(1), MMR: 0.02, MaxLeverage: 5}}
	}
	id := carry.OrderID(10)
	with := func(c carry.Command, change func(*carry.Command)) carry.Command {
		id++
		c.Order = id
		change(&c)
		return c
	}
	plain := func(*carry.Command) {}
	twice := rest(carry.Spot, carry.Buy, 1000, 90, carry.GTC)
	for _, e := range []struct {
		name string
		cmds []carry.Command
		want carry.Code
	}{
		{"post-only through the market", []carry.Command{rest(carry.Spot, carry.Buy, 1000, 100.5, carry.PostOnly)}, carry.CodePostOnly},
		{"a third resting order", []carry.Command{with(twice, plain), with(twice, plain), with(twice, plain)}, carry.CodeManyOrders},
		{"the same id again", []carry.Command{twice, twice}, carry.CodeDuplicate},
		{"a cancel of nothing", []carry.Command{{Kind: carry.CmdCancel, Order: 77}}, carry.CodeUnknownOrder},
		{"more than the wallet", []carry.Command{rest(carry.Spot, carry.Buy, 60_000, 90, carry.GTC)}, carry.CodeInsufficient},
		{"coins that are not there", []carry.Command{rest(carry.Spot, carry.Sell, 1000, 110, carry.GTC)}, carry.CodeInsufficient},
		{"margin that is not there", []carry.Command{rest(carry.Perp, carry.Sell, 600_000, 104, carry.GTC)}, carry.CodeLeverage},
		{"nothing to reduce", []carry.Command{with(rest(carry.Perp, carry.Buy, 1000, 99, carry.GTC), func(c *carry.Command) { c.ReduceOnly = true })}, carry.CodeReduceOnly},
		{"leverage above the bracket", []carry.Command{order(carry.Perp, carry.Sell, 21_000)}, carry.CodeLeverage},
		{"no such leverage", []carry.Command{{Kind: carry.CmdLeverage, ID: 0}}, carry.CodeLeverage},
	} {
		o := frictionless()
		o.FuturesUSDT = o.CapitalUSDT / 2
		p := h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{1: e.cmds}))
		got := p.of(carry.EvReject)
		if len(got) != 1 || got[0].Code != e.want {
			t.Errorf("%s: %v, want %s", e.name, p.kinds(), e.want)
			for _, ev := range got {
				t.Logf("  %s", ev.Code)
			}
		}
	}
}

// A gate that knows other rules lets an order pass that the exchange's own do
// not.
func TestTheExchangeHoldsItsRulesItself(t *testing.T) {
	h := newHand(1, 4)
	later := handRules(0)
	later.From = h.hour(3) // the play's gate knows it from the beginning
	h.info.Rules[0].Legs[carry.Spot].Step = 7
	h.info.Rules = append(h.info.Rules, later)
	p := h.play(t, frictionless(), NoSpread{}, h.plan(map[int][]carry.Command{1: {order(carry.Spot, carry.Buy, 1000)}}))
	if got := p.of(carry.EvReject); len(got) != 1 || got[0].Code != carry.CodeLot {
		t.Errorf("1,000 at a step of 7: %v", p.kinds())
	}
}

// A market order fills within the percent-price band and no further.
func TestMarketOrdersAreProtected(t *testing.T) {
	h := newHand(1, 5)
	h.info.Rules[0].Legs[carry.Perp].PercentUp, h.info.Rules[0].Legs[carry.Perp].PercentDown = 1.05, 0.97
	o := DefaultOptions()
	o.CapitalUSDT, o.FuturesUSDT, o.Volume = 100_000_000*carry.Unit, 90_000_000*carry.Unit, AllVolume{}
	o.Impact = SquareRootImpact{Factor: 1, MaxFrac: 0.5}
	// A quote outside the band fills nothing.
	c := order(carry.Perp, carry.Sell, 50_000)
	p := h.play(t, o, FixedSpread{0.04}, h.plan(map[int][]carry.Command{3: {c}}))
	rest := p.of(carry.EvCanceled)
	if len(rest) != 1 || rest[0].Code != carry.CodePriceBand || rest[0].Qty != 50_000 || len(p.of(carry.EvFill)) != 0 {
		t.Fatalf("a market order at 96 %% of the mark: %v, %+v", p.kinds(), rest)
	}
	// No day has closed, so nothing is known of the coin's volume and any size is
	// assumed to cost half the price: dear, but not refused.
	if p = h.play(t, o, NoSpread{}, h.plan(map[int][]carry.Command{3: {c}})); len(p.of(carry.EvFill)) != 1 || p.of(carry.EvFill)[0].Price != 50*carry.Unit {
		t.Errorf("a market order on the first day: %v", p.kinds())
	}
	// 1 % of a day's value at 30 % volatility moves it by 3 %: a part fits.
	x, _ := shorts(t, 1e6, handRules(0))
	x.opt.Frictionless, x.opt.Impact = false, o.Impact
	x.rules[0].Legs[carry.Perp].PercentDown, x.mark[0], x.leverage[0] = 0.97, 100, 10
	market := touch{path: 100, half: 0, daily: 1e6, vol: 0.3, room: math.Inf(1)}
	x.out = x.out[:0]
	x.arrive(&carry.Command{Leg: carry.Perp, Side: carry.Sell, Qty: 400_000, Ref: 100 * carry.Unit, Order: 1}, &market, noon)
	if len(x.out) != 2 || x.out[0].Kind != carry.EvFill || x.out[1].Code != carry.CodePriceBand {
		t.Fatalf("%+v", x.out)
	}
	f := x.out[0]
	if f.Price < usdtPrice(97) || f.Price > usdtPrice(97.01) || f.Qty != 100_000 || f.Qty+x.out[1].Qty != 400_000 {
		t.Errorf("%d sold at %s, %d left, want 100,000 at 97", f.Qty, f.Price, x.out[1].Qty)
	}
}
