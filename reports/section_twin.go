package reports

import (
	"math"

	"carry"
)

// twinSection holds a live session against the backtest of the same days: what the
// backtest assumed of slippage, and what there was.
func twinSection(v *view) *content {
	twin := v.doc.Twin
	if twin == nil {
		return nil
	}
	live := v.run
	title := "Slippage was " + slippageText(live) + " of what was traded; the backtest of the same days has " + slippageText(twin)
	c := &content{Title: title, Lead: "The same settings and days in the simulator. What differs is what no backtest knows: the real fills, and what was decided otherwise because of them."}
	t := &table{Label: "Live and backtest", Columns: []column{words(""), number("Live"), number("Backtest"), number("Difference")}}
	row := func(name string, of func(*carry.Result) float64, text func(float64) string) {
		a, b := of(live), of(twin)
		t.Rows = append(t.Rows, []cell{rowHead(name), {Text: text(a), Class: "num own"}, {Text: text(b), Class: "num"}, {Text: text(a - b), Class: "num"}})
	}
	whole := func(x float64) string { return fixed(x, 0) }
	row("Orders", func(r *carry.Result) float64 { return float64(r.Counts.Orders) }, whole)
	row("Fills", func(r *carry.Result) float64 { return float64(r.Counts.Fills) }, whole)
	row("Refused by the venue", func(r *carry.Result) float64 { return float64(r.Counts.Rejects) }, whole)
	row("Traded, USDT", func(r *carry.Result) float64 { return r.Counts.TradedUSDT }, amount)
	row("Slippage of what was traded", slippageFrac, basisPoints)
	for _, p := range attributionParts() {
		if p.value(&live.Attribution) != 0 || p.value(&twin.Attribution) != 0 {
			row(p.name+", USDT", func(r *carry.Result) float64 { return p.value(&r.Attribution) }, money)
		}
	}
	row("All, USDT", func(r *carry.Result) float64 { return r.Attribution.Total }, money)
	c.Parts = append(c.Parts, t.part(), twinCoins(live, twin).part())
	return c
}

// slippageFrac is what both legs' fills cost against mid, of what was traded;
// positive is a cost.
func slippageFrac(r *carry.Result) float64 {
	if !(r.Counts.TradedUSDT > 0) {
		return math.NaN()
	}
	return -r.Attribution.Slippage / r.Counts.TradedUSDT
}

func slippageText(r *carry.Result) string {
	if x := slippageFrac(r); x == x {
		return fixed(x*1e4, 1) + noBreak + "bp"
	}
	return "nothing"
}

// twinCoins compares coin by coin.
func twinCoins(live, twin *carry.Result) *table {
	t := &table{Label: "Live and backtest by coin", Sortable: true, Columns: []column{words("Coin"), number("Fills live"), number("backtest"),
		number("Slippage live, USDT"), number("backtest"), number("Funding live, USDT"), number("backtest"), number("All live, USDT"), number("backtest")}}
	other := map[string]*carry.CoinRow{}
	for k := range twin.Coins {
		other[twin.Coins[k].Coin] = &twin.Coins[k]
	}
	add := func(name string, a, b *carry.CoinRow) {
		pair := func(of func(*carry.CoinRow) float64, text func(float64) string) []cell {
			return []cell{figure(of(a), text(of(a))), figure(of(b), text(of(b)))}
		}
		cells := append([]cell{rowHead(name)}, pair(func(r *carry.CoinRow) float64 { return float64(r.Fills) }, func(x float64) string { return fixed(x, 0) })...)
		cells = append(cells, pair(func(r *carry.CoinRow) float64 { return r.Attribution.Slippage }, money)...)
		cells = append(cells, pair(func(r *carry.CoinRow) float64 { return netFunding(&r.Attribution) }, money)...)
		t.Rows = append(t.Rows, append(cells, pair(func(r *carry.CoinRow) float64 { return r.Attribution.Total }, money)...))
	}
	for k := range live.Coins {
		a := &live.Coins[k]
		b := other[a.Coin]
		if b == nil {
			b = &carry.CoinRow{}
		}
		delete(other, a.Coin)
		add(a.Coin, a, b)
	}
	for k := range twin.Coins {
		if b := &twin.Coins[k]; other[b.Coin] != nil {
			add(b.Coin, &carry.CoinRow{}, b)
		}
	}
	return t
}
