package lab

import (
	"math"
	"sort"

	"carry"
)

// billRates are monthly means of the 3-month US government bill's yield, in
// percent a year, from January 2019 on. They are rounded public figures for
// comparison, good to about a tenth of a percent; after the last month the last
// one holds.
var billRates = [...]float64{
	2.4, 2.4, 2.4, 2.4, 2.4, 2.2, 2.1, 2.0, 1.9, 1.6, 1.5, 1.5, // 2019
	1.5, 1.5, 0.3, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, // 2020
	0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.0, 0.1, 0.1, 0.1, // 2021
	0.2, 0.3, 0.4, 0.8, 1.0, 1.5, 2.2, 2.6, 3.1, 3.7, 4.2, 4.3, // 2022
	4.5, 4.7, 4.7, 4.9, 5.1, 5.2, 5.3, 5.3, 5.3, 5.3, 5.3, 5.2, // 2023
	5.2, 5.2, 5.2, 5.2, 5.3, 5.2, 5.2, 5.1, 4.7, 4.5, 4.4, 4.3, // 2024
	4.2, 4.2, 4.2, 4.2, 4.3, 4.2, 4.3, 4.1, 3.9, 3.8, 3.8, 3.7, // 2025
}

// BillRate is a yield that holds from a time on.
type BillRate struct {
	From carry.Time
	Frac float64 // fraction a year
}

// yield is the bill's at t as a fraction a year: the user's own where there is
// one that old, else the built-in one.
func yield(own []BillRate, t carry.Time) float64 {
	k := sort.Search(len(own), func(i int) bool { return own[i].From > t })
	if k > 0 {
		return own[k-1].Frac
	}
	return billRate(t)
}

// billRate is the built-in yield at t as a fraction a year.
func billRate(t carry.Time) float64 {
	u := t.UTC()
	k := (u.Year()-2019)*12 + int(u.Month()) - 1
	k = max(0, min(k, len(billRates)-1))
	return billRates[k] / 100
}

// cashResult is the baseline that keeps the capital in government bills,
// sampled like the run.
func cashResult(run *carry.Result, bills []BillRate) *carry.Result {
	n := len(run.Curve.Equity)
	res := &carry.Result{Name: "cash (bills)", Strategy: "cash", From: run.From, To: run.To, Capital: run.Capital,
		Residual: "0", Curve: carry.Curve{Start: run.Curve.Start, Step: run.Curve.Step, Equity: make([]float64, n)}}
	perStep := float64(run.Curve.Step) / float64(365*carry.Day)
	equity := run.Capital
	for i := 0; i < n; i++ {
		res.Curve.Equity[i] = equity
		equity *= math.Pow(1+yield(bills, run.Curve.At(i)), perStep)
	}
	res.Final = res.Curve.Equity[n-1]
	res.Attribution.Interest = res.Final - res.Capital
	res.Attribution.Total = res.Attribution.Interest
	res.Extremes.NearestLiquidation = math.Inf(1)
	for _, y := range run.Years {
		a := equityAt(&res.Curve, y.From)
		b := equityAt(&res.Curve, y.To)
		row := carry.YearRow{Year: y.Year, From: y.From, To: y.To, Return: b/a - 1}
		row.Annual = Annual(row.Return, y.To-y.From)
		row.Attribution.Interest, row.Attribution.Total = b-a, b-a
		res.Years = append(res.Years, row)
	}
	return res
}

func equityAt(c *carry.Curve, t carry.Time) float64 {
	i := int((t - c.Start) / c.Step)
	return c.Equity[max(0, min(i, len(c.Equity)-1))]
}
