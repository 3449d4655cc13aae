package lab

import (
	"fmt"

	"carry"
)

// explain adds what a reader must know: the tape's warnings, the assumptions
// behind every figure, and what no figure contains.
func explain(res *carry.Result, spec *Spec, info *carry.TapeInfo) {
	res.Warnings = append(append([]carry.Warning(nil), info.Warnings...), res.Warnings...)
	res.Coverage = info.Coverage
	if n := res.Counts.Liquidations; n > 0 {
		res.Warnings = append([]carry.Warning{{Code: "liquidated",
			Text: fmt.Sprintf("The exchange liquidated %d positions in this run.", n)}}, res.Warnings...)
	}
	if warm, have := warmUp(spec.Settings), res.From-info.From; have < warm {
		res.Warnings = append([]carry.Warning{{Code: "short-warm-up",
			Text: fmt.Sprintf("the data begin %d days before the run, less than the %d days that fill a strategy's windows",
				have/carry.Day, warm/carry.Day)}}, res.Warnings...)
	}
	if res.Counts.Fills == 0 && res.Strategy != "null" {
		res.Warnings = append([]carry.Warning{{Code: "nothing-traded",
			Text: "Nothing was traded: no coin passed every gate while it had room for both legs' smallest orders."}}, res.Warnings...)
	}
	if !info.Generated {
		res.Warnings = append([]carry.Warning{{Code: "survivors",
			Text: "Nearly all coins in the data still trade today: survivors flatter any strategy."}}, res.Warnings...)
	}
	m := &spec.Models
	q := m.quotes()
	o := m.options(spec.Settings, spec.Seed)
	res.Assumptions = append(res.Assumptions,
		"Fees: "+o.Fees.String()+" ("+m.costLine(res.From)+" at the start).",
		"Half spread: "+q.Spread.String()+"; price impact: "+o.Impact.String()+". Both are models, not measured at the time.",
		fmt.Sprintf("Orders reach the market %s after the decision, inside the bar that follows it, on a path from its open over its nearer and its farther extreme to its close; the perpetual follows spot's path at a premium that moves evenly.", latencyText(m)),
		"Orders can have "+o.Volume.String()+"; a resting order is filled when the path goes a tick beyond its limit.",
		"Transfers between the wallets "+o.Transfers.String()+"; auto-deleveraging: "+o.ADL.String()+".",
		"The rate acted on is a prediction from the premium so far through Binance's formula, never the rate about to be settled.",
		"Liquidation is judged on every bar's high, all coins at their highs together, which is worse than what can have happened.",
		"Rules and margin brackets hold from the day they were recorded; before the first record, the first one holds.",
		"While spot is halted and the perpetual trades on, coins are valued at the perpetual's price and the last premium.",
		"A pair whose data end is sold out at its last prices with costs; that is not a market event.",
		"Idle USDT earns nothing. The cash baseline earns rounded monthly yields of 3-month US bills.",
	)
	res.NotIncluded = append(res.NotIncluded, "failure of the exchange", "USDT losing its peg", "tax",
		"outages of your own machine")
	if m.ADL == "none" {
		res.NotIncluded = append(res.NotIncluded, "auto-deleveraging")
	}
	if !info.Generated {
		res.NotIncluded = append(res.NotIncluded, "coins delisted before they could be recorded")
	}
}

func latencyText(m *Models) string { return fmt.Sprintf("%g s", float64(m.LatencyMs)/1000) }
