package reports

import (
	"math"
	"slices"
	"sort"

	"carry"
)

// listedHappenings bounds the list so that a long run's page stays small.
const listedHappenings = 200

// gravity orders reasons for a list that cannot hold all; the rest is 0.
func gravity(reason string) int {
	for i, c := range [...]carry.Code{carry.CodeAlarm, carry.CodeCalm, carry.CodeFundingGap, carry.CodeTrimRise, carry.CodeReduceLeverage,
		carry.CodeRepair, carry.CodeForeign, carry.CodeDelisted, carry.CodeKill, carry.CodeEmergency, carry.CodeADL, carry.CodeLiquidated} {
		if c.String() == reason {
			return i + 1
		}
	}
	return 0
}

func happeningsSection(v *view) *content {
	n := &v.run.Counts
	liquidations := "no liquidation"
	if n.Liquidations > 0 {
		liquidations = count(n.Liquidations, "liquidation", "LIQUIDATIONS")
	}
	c := &content{Title: count(n.Reductions, "reduction", "reductions") + ", " + count(n.Transfers, "transfer", "transfers") + ", " + liquidations}
	c.Parts = append(c.Parts, part{"pairs", []pair{
		{Name: "Orders", Text: fixed(float64(n.Orders), 0) + ", of which " + fixed(float64(n.Rejects), 0) + " refused by the venue and " + fixed(float64(n.Refused), 0) + " by the risk gate"},
		{Name: "Fills", Text: fixed(float64(n.Fills), 0) + ", " + fixed(n.TradedUSDT, 0) + " USDT traded on both legs"},
		{Name: "Funding postings", Text: fixed(float64(n.Postings), 0)},
		{Name: "Open pairs", Text: fixed(n.MeanOpen, 1) + " on average"},
		{Name: "Largest gap between the legs at rest", Text: share(v.run.Extremes.MaxGapFrac, 3) + " of equity"},
		{Name: "Market read", Text: fixed(float64(n.Bars), 0) + " bars at " + fixed(float64(n.Instants), 0) + " instants"},
	}})
	if len(v.run.Happenings) == 0 {
		return c
	}
	c.Parts = append(c.Parts, reasons(v.run.Happenings).part())
	list, left := weightiest(v.run.Happenings)
	t := &table{Label: "Happenings", Summary: "Show " + count(len(list), "happening", "happenings") + " in order of time",
		Columns: []column{words("Time (UTC)"), words("Coin"), words("Reason"), words("What")}}
	for _, h := range list {
		t.Rows = append(t.Rows, []cell{{Text: minuteOf(h.At), Class: "nowrap"}, plain(h.Coin), plain(h.Code), plain(h.Text)})
	}
	c.Parts = append(c.Parts, t.part())
	if left > 0 {
		c.Parts = append(c.Parts, note("The list holds the gravest "+fixed(float64(listedHappenings), 0)+"; "+fixed(float64(left), 0)+" more are in decisions.jsonl."))
	}
	return c
}

func reasons(all []carry.Happening) *table {
	type group struct {
		reason      string
		n           int
		first, last carry.Time
	}
	var groups []group
	for _, h := range all {
		at := slices.IndexFunc(groups, func(g group) bool { return g.reason == h.Code })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{reason: h.Code, first: h.At, last: h.At})
		}
		g := &groups[at]
		g.n++
		g.first, g.last = min(g.first, h.At), max(g.last, h.At)
	}
	sort.SliceStable(groups, func(a, b int) bool { return groups[a].n > groups[b].n })
	t := &table{Label: "Happenings by reason", Sortable: true, Columns: []column{words("Reason"), number("Times"), words("First"), words("Last")}}
	for _, g := range groups {
		t.Rows = append(t.Rows, []cell{rowHead(orMissing(g.reason)), figure(float64(g.n), fixed(float64(g.n), 0)), plain(minuteOf(g.first)), plain(minuteOf(g.last))})
	}
	return t
}

// weightiest are the gravest happenings in order of time, and how many others
// there are.
func weightiest(all []carry.Happening) (list []carry.Happening, left int) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return gravity(all[order[a]].Code) > gravity(all[order[b]].Code) })
	order = order[:min(len(order), listedHappenings)]
	sort.SliceStable(order, func(a, b int) bool { return all[order[a]].At < all[order[b]].At })
	for _, i := range order {
		list = append(list, all[i])
	}
	return list, len(all) - len(list)
}

func predictionSection(v *view) *content {
	p := &v.run.Prediction
	if p.N == 0 {
		return nil
	}
	return &content{Title: "The predicted rate had the settled rate's sign in " + share(p.SignAgree, 1) + " of settlements",
		Lead: "The strategy never sees the rate about to be settled; it computes one from the premium so far. This is how good that guess was.",
		Parts: []part{{"pairs", []pair{
			{Name: "Settlements compared", Text: fixed(float64(p.N), 0)},
			{Name: "Correlation", Text: fixed(p.Correlation, 3)},
			{Name: "Mean absolute error", Text: fixed(p.MeanAbsErr*1e4, 3) + noBreak + "bp a settlement"},
		}}}}
}

func riskSection(v *view) *content {
	t := &table{Label: "Figures of risk", Columns: []column{words(""), number(v.run.Name)}}
	for _, b := range v.base {
		t.Columns = append(t.Columns, number(b.Name))
	}
	for _, row := range riskRows() {
		cells := []cell{rowHead(row.name), {Text: row.text(&v.m), Class: "num own"}}
		for i := range v.baseM {
			cells = append(cells, cell{Text: row.text(&v.baseM[i]), Class: "num"})
		}
		t.Rows = append(t.Rows, cells)
	}
	title := "Sharpe by sampling interval, and other figures"
	if m := &v.m; m.Sharpe8h > 0 && m.Sharpe30d > 0 {
		switch {
		case m.Sharpe30d < 0.8*m.Sharpe8h:
			title = "The Sharpe ratio falls from " + fixed(m.Sharpe8h, 1) + " at 8 hours to " + fixed(m.Sharpe30d, 1) + " at 30 days: good and bad days come in rows"
		case m.Sharpe30d > 1.25*m.Sharpe8h:
			title = "The Sharpe ratio rises from " + fixed(m.Sharpe8h, 1) + " at 8 hours to " + fixed(m.Sharpe30d, 1) + " at 30 days: moves of the premium undo themselves"
		default:
			title = "The Sharpe ratio is " + fixed(m.Sharpe8h, 1) + " at 8 hours and " + fixed(m.Sharpe30d, 1) + " at 30 days"
		}
	}
	return &content{Title: title, Lead: "A ratio that depends on how often one looks says how returns hang together, not how good they are.", Parts: []part{t.part()}}
}

type riskRow struct {
	name string
	text func(m *Metrics) string
}

func riskRows() []riskRow {
	ratio := func(of func(*Metrics) float64) func(*Metrics) string {
		return func(m *Metrics) string {
			x := of(m)
			if math.Abs(x) >= 100 { // interest without risk: the digits mean nothing
				return "beyond " + signed(math.Copysign(100, x), 0)
			}
			return fixed(x, 2)
		}
	}
	return []riskRow{
		{"Net a year", func(m *Metrics) string { return percent(m.Annual, 1) }},
		{"95 % interval", func(m *Metrics) string { return percent(m.Low, 1) + " to " + percent(m.High, 1) }},
		{"Volatility a year", func(m *Metrics) string { return share(m.Volatility, 2) }},
		{"Sharpe, 8 h", ratio(func(m *Metrics) float64 { return m.Sharpe8h })},
		{"Sharpe, 1 day", ratio(func(m *Metrics) float64 { return m.Sharpe1d })},
		{"Sharpe, 7 days", ratio(func(m *Metrics) float64 { return m.Sharpe7d })},
		{"Sharpe, 30 days", ratio(func(m *Metrics) float64 { return m.Sharpe30d })},
		{"Sharpe, Lo-adjusted", ratio(func(m *Metrics) float64 { return m.SharpeLo })},
		{"Daily autocorrelation", func(m *Metrics) string { return signed(m.LagOne, 2) }},
		{"Sortino", ratio(func(m *Metrics) float64 { return m.Sortino })},
		{"Omega", ratio(func(m *Metrics) float64 { return m.Omega })},
		{"Calmar", ratio(func(m *Metrics) float64 { return m.Calmar })},
		{"Worst drawdown", func(m *Metrics) string { return percent(m.Fall.Depth, 2) }},
		{"Longest under water", func(m *Metrics) string { return count(int(m.UnderLong/carry.Day), "day", "days") }},
		{"Ulcer index (n; n−1)", func(m *Metrics) string { return share(m.Ulcer, 3) + "; " + share(m.UlcerN1, 3) }},
		{"Worst day in 20 (VaR)", func(m *Metrics) string { return percent(m.VaR, 2) }},
		{"Mean of those (CVaR)", func(m *Metrics) string { return percent(m.CVaR, 2) }},
	}
}
