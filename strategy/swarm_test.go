package strategy_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"carry"
)

// guard stands between a core and the loop and holds every command against what
// no hedged book may do, from what an outsider can see.
type guard struct {
	t       *testing.T
	core    carry.Core
	alarm   float64
	target  float64
	reserve float64
	busy    map[int32]map[carry.OrderID]bool
	moving  carry.OrderID
	seen    map[string]int
}

// Step passes the event on and judges the answer.
func (g *guard) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	switch ev.Kind {
	case carry.EvFill, carry.EvReject, carry.EvCanceled:
		delete(g.busy[ev.Pair], ev.Order)
		if ev.Kind == carry.EvReject {
			g.seen["reject "+ev.Code.String()]++
			if ev.Code == carry.CodeGateFilter {
				g.t.Errorf("%s: the gate refused %s %s of %d: a rule was not respected", ev.At, ev.Leg, ev.Side, ev.Qty)
			}
		}
	case carry.EvTransferred:
		if ev.Order == g.moving {
			g.moving = 0
		}
	}
	from := len(out)
	out = g.core.Step(ev, out)
	g.judge(ev, out[from:])
	return out
}

// used is V/F at the market's marks, V and equity.
func (g *guard) used(ev *carry.Event) (used, v, equity float64) {
	f := ev.Account.PerpUSDT.Float()
	for i, q := range ev.Account.PerpQtyF {
		if q != 0 {
			v -= q * ev.Market.Mark[i]
			f += q*ev.Market.Mark[i] - ev.Account.PerpCostF[i]
		}
	}
	return v / max(f, 1e-9), v, ev.Account.Equity(ev.Market)
}

func (g *guard) judge(ev *carry.Event, cs []carry.Command) {
	before := map[int32]bool{}
	for i, b := range g.busy {
		before[i] = len(b) > 0
	}
	opening, closing, opened := map[int32]bool{}, map[int32]bool{}, 0.0
	for _, c := range cs {
		switch c.Kind {
		case carry.CmdTransfer:
			if g.moving != 0 {
				g.t.Errorf("%s: a second transfer while one is on its way", ev.At)
			}
			g.moving = c.Order
		case carry.CmdOrder:
			if before[c.Pair] {
				g.t.Errorf("%s: an order of pair %d while another is on its way: %+v", ev.At, c.Pair, c)
			}
			if g.busy[c.Pair] == nil {
				g.busy[c.Pair] = map[carry.OrderID]bool{}
			}
			g.busy[c.Pair][c.Order] = true
			adds := (c.Leg == carry.Perp) == (c.Side == carry.Sell)
			opening[c.Pair], closing[c.Pair] = opening[c.Pair] || adds, closing[c.Pair] || !adds
			if opening[c.Pair] && closing[c.Pair] {
				g.t.Errorf("%s: pair %d is opened and closed at once", ev.At, c.Pair)
			}
			g.order(ev, &c, adds)
			if adds && c.Leg == carry.Perp {
				opened += c.Ref.Float() * ev.Market.Pairs[c.Pair].QtyFloat(c.Qty)
			}
		}
	}
	if opened > 0 {
		used, v, equity := g.used(ev)
		limit := equity * (1 - g.reserve) * g.target / (g.target + 1)
		if used > g.alarm {
			g.t.Errorf("%s: opened at a used leverage of %.2f", ev.At, used)
		}
		if v+opened > limit*1.01 {
			g.t.Errorf("%s: %.0f opened on %.0f, the limit is %.0f", ev.At, opened, v, limit)
		}
	}
}

func (g *guard) order(ev *carry.Event, c *carry.Command, adds bool) {
	g.seen[c.Code.String()]++
	if ev.Kind != carry.EvMarket {
		g.t.Errorf("%s: an order in answer to %s", ev.At, ev.Kind)
		return
	}
	i := c.Pair
	if ev.Market.WarmUp || (adds && ev.Market.Flags[i]&carry.Tradable != carry.Tradable) {
		g.t.Errorf("%s: an order on flags %b, warm-up %t", ev.At, ev.Market.Flags[i], ev.Market.WarmUp)
	}
	switch {
	case c.Leg == carry.Perp && c.Side == carry.Buy && (!c.ReduceOnly || c.Qty > -ev.Account.PerpQty[i]):
		g.t.Errorf("%s: bought back %d of %d contracts, reduce-only %t", ev.At, c.Qty, -ev.Account.PerpQty[i], c.ReduceOnly)
	case c.Leg == carry.Spot && c.Side == carry.Sell && ev.Market.Pairs[i].QtyFloat(c.Qty) > ev.Account.SpotCoinsF[i]*(1+1e-12):
		g.t.Errorf("%s: sold %d quanta of %v coins", ev.At, c.Qty, ev.Account.SpotCoinsF[i])
	}
}

// Random settings in random markets: nothing that a hedged book may not do is
// ever commanded, whichever rules meet. Three hours of latency in some runs make
// the news late.
func TestSwarmKeepsTheRules(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 3))
		pick := func(a ...string) string { return a[r.IntN(len(a))] }
		target := []float64{1, 2, 3}[r.IntN(3)]
		settings := map[string]string{"openRateMinFrac": pick("0", "0.0001"), "openMeanMinFrac": "0", "closeMeanMaxFrac": "off", "minAgeD": "3",
			"minVolumeUSDT": "0", "screenN": "21", "reopenAfterH": pick("0", "5"), "openPremiumMinFrac": pick("-0.001", "0"),
			"closeRateMaxFrac": pick("-0.0001", "-0.002"), "riseTrimFrac": pick("0.1", "0.5", "off"), "coinsTargetN": pick("1", "3", "6"),
			"balanceBandFrac": pick("0.05", "off"), "reduceMayTransfer": pick("true", "false"), "maxBarVolumeFrac": pick("off", "0.001"),
			"topUpBelowFrac": pick("0.75", "off"), "sliceUSDT": pick("20", "200"), "closeWaitMaxH": pick("0", "24"), "legGapMaxLots": pick("1", "5"),
			"leverageTargetX": fmt.Sprint(target), "leverageAlarmX": fmt.Sprint(target * 1.1), "leverageReduceX": fmt.Sprint(target * 1.2), "leverageEmergencyX": fmt.Sprint(target * 1.5)}
		g := &guard{t: t, alarm: target * 1.1, target: target, reserve: 0.02, busy: map[int32]map[carry.OrderID]bool{}, seen: seen}
		w := world{name: "funding", seed: seed, settings: settings, guard: g}
		if r.IntN(3) == 0 {
			w.latency = 3*carry.Hour - 7
		}
		w.capital = carry.AmountFloor([]float64{2_000, 20_000, 2e6}[r.IntN(3)])
		res, _, _ := w.live(t)
		seen["liquidations"] += res.Counts.Liquidations
		if t.Failed() {
			t.Fatalf("seed %s with %v", strconv.FormatUint(seed, 10), settings)
		}
	}
	t.Log(seen)
	for _, code := range []string{"open", "top-up", "close-rate", "trim-rise", "reduce-leverage", "repair"} {
		if seen[code] == 0 {
			t.Errorf("%s happened %d times: the test does not test it", code, seen[code])
		}
	}
}
