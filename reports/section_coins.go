package reports

import (
	"math"
	"slices"
	"sort"
	"strconv"

	"carry"
)

func coinsSection(v *view) *content {
	coins := slices.Clone(v.run.Coins)
	if len(coins) == 0 {
		return nil
	}
	sort.SliceStable(coins, func(a, b int) bool { return coins[a].Attribution.Total > coins[b].Attribution.Total })
	t := &table{Label: "Result by coin", Sortable: true, Columns: []column{words("Coin"), number("Trips"), number("Fills"), number("Days held"),
		number("Most notional"), {Title: "Mean rate", Number: true, Help: "mean settled rate while held, per 8 h"},
		number("Funding"), number("Basis"), number("Fees"), number("Slippage"), number("Net USDT")}}
	lost := 0
	for i := range coins {
		t.Rows = append(t.Rows, v.coinRow(&coins[i]))
		if coins[i].Attribution.Total < 0 {
			lost++
		}
	}
	c := &content{Title: coinsTitle(v, coins, lost), Lead: "In USDT, largest first; press a heading to sort."}
	c.Parts = append(c.Parts, t.part())
	if byYear := fundingByYear(v, coins); byYear != nil {
		c.Parts = append(c.Parts, subtitle("Funding by coin and year, USDT net of what was paid"), byYear.part())
	}
	return c
}

func (v *view) coinRow(c *carry.CoinRow) []cell {
	a := &c.Attribution
	return []cell{rowHead(c.Coin), figure(float64(c.Trips), strconv.Itoa(c.Trips)), figure(float64(c.Fills), fixed(float64(c.Fills), 0)),
		figure(c.HeldHours, fixed(c.HeldHours/24, 0)), figure(c.MaxNotional, fixed(c.MaxNotional, 0)), figure(c.MeanRate8h, basisPoints(c.MeanRate8h)),
		v.usdt(netFunding(a)), v.usdt(a.Basis), v.usdt(fees(a)), v.usdt(a.Slippage), v.usdt(a.Total)}
}

func coinsTitle(v *view, sorted []carry.CoinRow, lost int) string {
	best := sorted[0]
	title := best.Coin + " made the most, " + money(best.Attribution.Total) + " USDT"
	if v.gains > 0 && best.Attribution.Total > 0 {
		title = best.Coin + " made " + share(best.Attribution.Total/v.gains, 0) + " of the profit"
	}
	if best.Attribution.Total <= 0 {
		return "No coin made money"
	}
	return title + "; " + strconv.Itoa(lost) + " of " + count(len(sorted), "coin", "coins") + " lost"
}

func fundingByYear(v *view, coins []carry.CoinRow) *table {
	t := &table{Label: "Funding by coin and year", Class: "heat sums", Columns: []column{words("Coin")}}
	for i := range v.run.Years {
		t.Columns = append(t.Columns, number(strconv.Itoa(v.run.Years[i].Year)))
	}
	most := 0.0
	for _, c := range coins {
		for _, x := range c.FundingByYear {
			most = math.Max(most, math.Abs(finiteOr(x, 0)))
		}
	}
	if most == 0 {
		return nil
	}
	for _, c := range coins {
		row := []cell{rowHead(c.Coin)}
		for i := range v.run.Years {
			if i >= len(c.FundingByYear) {
				row = append(row, cell{})
				continue
			}
			x := c.FundingByYear[i]
			row = append(row, cell{Text: signed(x, 0), Class: heatClass(x, most)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
