package risk

import (
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// look is a look at the account's equity at a time.
func look(g *Gate, at carry.Time, usdt float64) {
	a := carry.NewAccount(2)
	a.SpotUSDT = carry.AmountFloor(usdt)
	nothing := []float64{0, 0}
	g.Observe(&carry.Event{Kind: carry.EvMarket, At: at, Account: a, Market: &carry.Market{SpotLast: nothing, Mark: nothing}})
}

// TestDayLossStopsOpenings: a loss beyond the limit closes the gate for openings
// until midnight, whatever equity does then; closing, reducing and transfers go on.
func TestDayLossStopsOpenings(t *testing.T) {
	g, acct := desk(Limits{DayLossMaxFrac: 0.05})
	day := 20_000 * carry.Day
	check := func(what string, at carry.Time, c carry.Command, want carry.Code) {
		t.Helper()
		if _, code := g.Check(at, &c, acct); code != want {
			t.Errorf("%s: %s, want %s", what, code, want)
		}
	}
	buy := order(carry.Spot, carry.Buy, 100)
	look(g, day+5*carry.Hour, 1000)
	check("before any loss", day+5*carry.Hour, short(100), carry.OK)
	look(g, day+6*carry.Hour, 950)
	check("a loss of the limit itself", day+6*carry.Hour, short(100), carry.OK)
	look(g, day+7*carry.Hour, 949.99)
	check("beyond it: short", day+7*carry.Hour, short(100), carry.CodeGateLoss)
	check("beyond it: coins", day+7*carry.Hour, buy, carry.CodeGateLoss)
	check("cover", day+7*carry.Hour, cover(100), carry.OK)
	check("sell coins", day+7*carry.Hour, order(carry.Spot, carry.Sell, 100), carry.OK)
	check("transfer", day+7*carry.Hour, carry.Command{Kind: carry.CmdTransfer, Pair: -1, Amount: carry.Unit}, carry.OK)
	look(g, day+8*carry.Hour, 1200)
	check("it came back", day+8*carry.Hour, short(100), carry.CodeGateLoss)
	check("the last moment", day+carry.Day-1, short(100), carry.CodeGateLoss)
	check("midnight", day+carry.Day, short(100), carry.OK)
	look(g, day+carry.Day, 900) // the new day begins here
	check("a new day begins with what there is", day+carry.Day, short(100), carry.OK)
	look(g, day+carry.Day+1, 850)
	check("and loses on", day+carry.Day+1, short(100), carry.CodeGateLoss)
}

// TestFlowsAreNoLoss: what the owner takes out is no loss, what he brings hides none.
func TestFlowsAreNoLoss(t *testing.T) {
	g, acct := desk(Limits{DayLossMaxFrac: 0.05})
	day := 20_000 * carry.Day
	flow := func(usdt float64) {
		g.Observe(&carry.Event{Kind: carry.EvFlow, Amount: carry.Amount(usdt * carry.Unit)})
	}
	look(g, day, 1000)
	flow(-500)
	look(g, day+1, 500)
	c := short(100)
	if _, code := g.Check(day+1, &c, acct); code != carry.OK {
		t.Errorf("after a withdrawal: %s", code)
	}
	flow(1000)
	look(g, day+2, 1420)
	if _, code := g.Check(day+2, &c, acct); code != carry.CodeGateLoss {
		t.Errorf("a deposit hid a loss: %s", code)
	}
}

// TestWarmUpIsNoDay: what is told before the start says nothing of the day.
func TestWarmUpIsNoDay(t *testing.T) {
	g, acct := desk(Limits{DayLossMaxFrac: 0.05})
	day := 20_000 * carry.Day
	a := carry.NewAccount(2)
	a.SpotUSDT = 5000 * carry.Unit
	nothing := []float64{0, 0}
	g.Observe(&carry.Event{Kind: carry.EvMarket, At: day, Account: a, Market: &carry.Market{SpotLast: nothing, Mark: nothing, WarmUp: true}})
	look(g, day+1, 1000)
	c := short(100)
	if _, code := g.Check(day+1, &c, acct); code != carry.OK {
		t.Errorf("the warm-up counted: %s", code)
	}
}

// TestCapitalIsNeverExceeded: however orders of both legs come, fill or fail, no
// leg ever has more than its share of the capital, so that both legs and the
// shorts' margin are within it.
func TestCapitalIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := Limits{CapitalMaxUSDT: float64(rapid.IntRange(100, 3000).Draw(t, "capital")), LeverageX: rapid.SampledFrom([]float64{1, 2, 3}).Draw(t, "leverage")}
		if err := limits.Validate(); err != nil {
			t.Fatal(err)
		}
		g, acct := desk(limits)
		acct.PerpQty[0], acct.PerpQtyF[0] = 0, 0
		hundred := []float64{100, 100}
		g.Observe(&carry.Event{Kind: carry.EvMarket, Market: &carry.Market{Mark: hundred, SpotLast: hundred}})
		var way []carry.Command
		for id := carry.OrderID(1); id < 60; id++ {
			if len(way) > 0 && rapid.Bool().Draw(t, "answer") {
				k := rapid.IntRange(0, len(way)-1).Draw(t, "which")
				c := way[k]
				way = append(way[:k:k], way[k+1:]...)
				kind := carry.EvReject
				if rapid.Bool().Draw(t, "fills") {
					kind = carry.EvFill
					if c.Leg == carry.Spot {
						acct.SpotCoinsF[c.Pair] += float64(c.Qty) / 100
					} else {
						acct.PerpQtyF[c.Pair] -= float64(c.Qty) / 100
					}
				}
				g.Observe(&carry.Event{Kind: kind, Pair: c.Pair, Order: c.Order, Leg: c.Leg, Side: c.Side, Qty: c.Qty})
			}
			c := short(10 * carry.Qty(rapid.IntRange(1, 100).Draw(t, "q")))
			if rapid.Bool().Draw(t, "spot") {
				c.Leg, c.Side = carry.Spot, carry.Buy
			}
			c.Order, c.Pair = id, int32(rapid.IntRange(0, 1).Draw(t, "which pair"))
			if _, code := g.Check(0, &c, acct); code == carry.OK {
				way = append(way, c)
			}
			var legs [2]float64
			for i := range acct.PerpQtyF {
				legs[carry.Perp] -= acct.PerpQtyF[i] * 100
				legs[carry.Spot] += acct.SpotCoinsF[i] * 100
			}
			for _, c := range way {
				legs[c.Leg] += float64(c.Qty)
			}
			if most := max(legs[0], legs[1]); most*(1+1/limits.LeverageX) > limits.CapitalMaxUSDT+1e-6 {
				t.Fatalf("legs of %v with their margin are more than %v", legs, limits.CapitalMaxUSDT)
			}
		}
	})
}

// TestLimitsThatAreNone are refused.
func TestLimitsThatAreNone(t *testing.T) {
	for _, l := range []Limits{{CapitalMaxUSDT: -1, LeverageX: 2}, {CapitalMaxUSDT: 1000}, {DayLossMaxFrac: -0.1}, {DayLossMaxFrac: 1}} {
		if l.Validate() == nil {
			t.Errorf("%+v passed", l)
		}
	}
	if err := (&Limits{CapitalMaxUSDT: 1000, LeverageX: 1.5, DayLossMaxFrac: 0.05}).Validate(); err != nil {
		t.Error(err)
	}
}
