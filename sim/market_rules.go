package sim

import (
	"math"
	"sort"

	"carry"
)

// ladderStep is one line of a bracket table: notional cap in USDT, maintenance
// margin rate, largest leverage.
type ladderStep struct{ notionalCap, mmr, leverage float64 }

// ladders are bracket tables in the manner of 2021: for the two largest coins
// (125x), for large ones (75x) and for the rest (50x); the last is a later,
// finer one, which one coin's change of rules brings.
var ladders = [...][]ladderStep{
	{{50e3, 0.004, 125}, {250e3, 0.005, 100}, {1e6, 0.01, 50}, {10e6, 0.025, 20}, {20e6, 0.05, 10}, {50e6, 0.10, 5}, {100e6, 0.125, 4}, {200e6, 0.15, 3}, {300e6, 0.25, 2}, {math.MaxFloat64, 0.5, 1}},
	{{10e3, 0.0065, 75}, {50e3, 0.01, 50}, {250e3, 0.02, 25}, {1e6, 0.05, 10}, {2e6, 0.10, 5}, {5e6, 0.125, 4}, {10e6, 0.15, 3}, {20e6, 0.25, 2}, {math.MaxFloat64, 0.5, 1}},
	{{5e3, 0.01, 50}, {25e3, 0.025, 20}, {100e3, 0.05, 10}, {250e3, 0.10, 5}, {1e6, 0.125, 2}, {math.MaxFloat64, 0.5, 1}},
	{{10e3, 0.0065, 75}, {90e3, 0.01, 50}, {700e3, 0.02, 25}, {2e6, 0.05, 10}, {5e6, 0.10, 5}, {10e6, 0.125, 4}, {15e6, 0.25, 2}, {math.MaxFloat64, 0.5, 1}},
}

// laterLadder is the index of the table that a change of rules brings.
const laterLadder = 3

// brackets turns a table into carry's form, with cum by its recursion.
func brackets(steps []ladderStep) []carry.Bracket {
	out := make([]carry.Bracket, len(steps))
	floor, cum, mmr := 0.0, 0.0, steps[0].mmr
	for i, s := range steps {
		cum += float64(floor * (s.mmr - mmr))
		mmr = s.mmr
		out[i] = carry.Bracket{Floor: floor, Cap: s.notionalCap, MMR: mmr, Cum: math.Floor(float64(cum*100)+0.5) / 100, MaxLeverage: s.leverage}
		floor = s.notionalCap
	}
	out[len(out)-1].Cap = math.Inf(1)
	return out
}

func (l *coinLife) pair() carry.Pair {
	name := coinName(l.index)
	p := carry.Pair{
		Coin: name, SpotSymbol: name + "USDT", PerpSymbol: name + "USDT",
		Mult: l.mult, QtyDp: max(l.spotLotDp, l.perpLotDp), Listed: l.listedAt,
	}
	if l.mult == 1000 {
		p.PerpSymbol = "1000" + p.PerpSymbol
	}
	return p
}

// rules returns what holds from the beginning and what holds from the change of
// rules on (From is never where there is none). They are facts of this market,
// so neither is Assumed.
func (l *coinLife) rules(pair int32, from carry.Time) (first, second carry.Rules) {
	first = carry.Rules{
		Pair: pair, Recorded: from,
		Legs:               [2]carry.Filters{l.filters(carry.Spot, 0), l.filters(carry.Perp, 0)},
		Brackets:           brackets(ladders[l.ladder]),
		LiquidationFeeFrac: 0.0125,
		Interest8h:         carry.DefaultInterest8h,
	}
	second = first
	second.From, second.Recorded = l.rulesAt, l.rulesAt
	if l.rulesAt != never {
		second.Legs = [2]carry.Filters{l.filters(carry.Spot, 1), l.filters(carry.Perp, 1)}
		second.Legs[carry.Spot].MinNotional = 5 * carry.Unit
		second.Brackets = brackets(ladders[laterLadder])
	}
	return first, second
}

// filters are one leg's rules; finer more decimals in its price.
func (l *coinLife) filters(leg carry.Leg, finer int8) carry.Filters {
	qtyDp := max(l.spotLotDp, l.perpLotDp)
	f := carry.Filters{MinNotional: 10 * carry.Unit, PercentUp: 5, PercentDown: 0.2, MaxOrders: 200, IcebergParts: 10}
	tickDp, lotDp, price, most := l.tickDp(leg, finer), l.spotLotDp, l.price, 2e7
	if leg == carry.Perp {
		lotDp, price, most = l.perpLotDp, l.price*float64(l.mult), 1e7
		f.IcebergParts, f.MinNotional, f.PercentUp, f.PercentDown = 0, 5*carry.Unit, 1.15, 0.85
	}
	f.Tick = carry.Price(carry.Pow10[8-tickDp])
	f.Step = carry.Qty(carry.Pow10[qtyDp-lotDp])
	f.MinQty = f.Step
	lots := carry.Qty(carry.Pow10[lotDp]) * carry.Qty(math.Floor(most/price)+1)
	f.MaxQty = lots * f.Step
	f.MarketStep = f.Step
	f.MarketMax = (lots/5 + 1) * f.Step
	return f
}

// tickDp is the number of decimals in a leg's price.
func (l *coinLife) tickDp(leg carry.Leg, finer int8) int8 {
	if leg == carry.Perp {
		return min(l.perpTickDp+finer, 8)
	}
	return min(l.spotTickDp+finer, 8)
}

// sortRules orders by (From, Pair).
func sortRules(rules []carry.Rules) {
	sort.SliceStable(rules, func(i, j int) bool {
		if rules[i].From != rules[j].From {
			return rules[i].From < rules[j].From
		}
		return rules[i].Pair < rules[j].Pair
	})
}
