package calibrate

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Charge is how a half-spread model, rounded outward to ticks as the simulator
// quotes, compares with what was quoted.
type Charge struct {
	Name   string
	Under  int     // legs charged less than quoted
	Of     int     //
	Median float64 // charged / quoted
	MeanBp float64 // mean over legs of charged − quoted
}

// Charged compares a model, half spread by daily value, with the points. A last
// price is a tick: bid or ask.
func Charged(name string, points []SpreadPoint, half func(dailyUSDT float64) float64) Charge {
	c := Charge{Name: name, Of: len(points)}
	var ratio []float64
	for _, p := range points {
		tick := 2 * p.HalfTick
		charged := float64(math.Ceil(half(p.DailyUSDT)/tick-1e-6) * tick)
		ratio = append(ratio, charged/p.HalfFrac)
		c.MeanBp += float64((charged - p.HalfFrac) * 1e4 / float64(len(points)))
		if charged < p.HalfFrac*(1-1e-6) {
			c.Under++
		}
	}
	c.Median = Quantile(ratio, 0.5)
	return c
}

// Table prints what was measured in Markdown; basis points where it says bp.
func (c *Costs) Table(charges []Charge) string {
	var b strings.Builder
	c.spreadTables(&b, charges)
	c.bookTables(&b)
	c.depthTable(&b)
	return b.String()
}

func (c *Costs) spreadTables(b *strings.Builder, charges []Charge) {
	fmt.Fprintf(b, "All pairs, one instant (2026-07-15). Ticks are told from the prices' digits, which is wrong for %d of %d perpetuals whose tick is recorded.\n\n", c.TickWrong, c.TickOf)
	b.WriteString("| leg | pairs | quoted one tick wide | half spread, median bp | 90 % | 99 % | widest | smaller best level, median USDT | 5 % |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, t := range c.Tickers {
		q := func(p float64) float64 { return Quantile(t.Half, p) * 1e4 }
		fmt.Fprintf(b, "| %s | %d | %.0f %% | %.1f | %.1f | %.1f | %.1f | %.0f | %.0f |\n", t.Leg, len(t.Quotes), 100*t.OneTick,
			q(0.5), q(0.9), q(0.99), q(1), Quantile(t.TopUSDT, 0.5), Quantile(t.TopUSDT, 0.05))
	}
	b.WriteString("\nHalf spread over daily value, fitted in logarithms.\n\n| legs | n | free exponent | at 300 million, bp | R² | exponent −½: at 300 million, bp | R² | median error | 90 % of observed / fitted |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range c.Spreads {
		fmt.Fprintf(b, "| %s | %d | %.2f | %.2f | %.2f | %.2f | %.2f | ×%.2f | ×%.2f |\n", f.Name, f.Free.N, f.Free.Slope,
			f.AtReference*1e4, f.Free.R2, f.Root*1e4, f.RootR2, f.MedianError, f.P90)
	}
	b.WriteString("\nThe models with the simulator's rounding outward to ticks, against the same quotes.\n\n| model | legs charged less than quoted | charged / quoted, median | charged − quoted, mean bp |\n|---|---|---|---|\n")
	for _, x := range charges {
		fmt.Fprintf(b, "| %s | %d of %d | %.1f | %+.2f |\n", x.Name, x.Under, x.Of, x.Median, x.MeanBp)
	}
	b.WriteString("\nSecond by second, 2024-08-08 about midnight.\n\n| leg | seconds | one tick wide | half spread, mean bp | widest |\n|---|---|---|---|---|\n")
	for _, s := range c.Seconds {
		fmt.Fprintf(b, "| %s %s | %d | %.1f %% | %.4f | %.3f |\n", s.Leg, s.Symbol, s.N, 100*s.OneTick, s.MeanFrac*1e4, s.Most*1e4)
	}
}

func (c *Costs) bookTables(b *strings.Builder) {
	b.WriteString("\nOrders that walk the recorded books: mean cost beyond the best price, bp, and the factor that each law would need.\n\n| leg | order, USDT | share of a day | mean | median | √ | ¾ | levels too few |\n|---|---|---|---|---|---|---|---|\n")
	for i := range c.Cells {
		x := &c.Cells[i]
		fmt.Fprintf(b, "| %s %s | %.0f | %.1e | %.3f | %.3f | %.2f | %.2f | %.0f %% |\n", x.Leg, x.Symbol, x.ValueUSDT, x.Share,
			x.CostFrac*1e4, x.MedianFrac*1e4, x.CostFrac/x.Law(SquareRoot), x.CostFrac/x.Law(ThreeQuarters), 100*x.Short)
	}
	b.WriteString("\nLaws fitted to these costs (least squares; errors over orders of 10,000 USDT and more).\n\n| leg | exponent | factor | R² | median error | 90 % of observed / fitted |\n|---|---|---|---|---|---|\n")
	for _, f := range c.Impacts {
		fmt.Fprintf(b, "| %s | %.2f | %.2f | %.2f | %.0f %% | ×%.2f |\n", f.Name, f.Exponent, f.Factor, f.R2, 100*f.MedianError, f.P90)
	}
	fmt.Fprintf(b, "\nFree exponents of orders of 10,000 USDT and more: spot %.2f, perp %.2f, both %.2f.\n",
		c.Free[Spot].Slope, c.Free[Perp].Slope, c.Free["both"].Slope)
	fmt.Fprintf(b, "\nWhat takers paid beyond the first price (trades of one millisecond and side), bp, and the ¾ law with factor %.2f for the same orders.\n\n| leg | from USDT | to | n | paid | law |\n|---|---|---|---|---|---|\n", c.Impact.Factor)
	for _, leg := range [...]string{Spot, Perp} {
		for _, s := range bookSymbols() {
			for _, r := range c.Sweeps[leg+" "+s] {
				fmt.Fprintf(b, "| %s %s | %.0f | %.0f | %d | %.3f | %.3f |\n", leg, s, r.FromUSDT, r.ToUSDT, r.N, r.Paid*1e4, r.Law*1e4)
			}
		}
	}
}

func (c *Costs) depthTable(b *strings.Builder) {
	b.WriteString("\nDepth within 1 % before each funding, 2023-01 to 2025-06: the factors that it implies.\n\n| perpetual | sides | depth / day, median | √ median | ¾: 10 % | median | 90 % | 99 % | 2023 | 2024 | 2025 | worst | half the depth costs, √ bp | ¾ bp |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, d := range c.Depth {
		fmt.Fprintf(b, "| %s | %d | %.2f %% | %.2f | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f (%s) | %.0f | %.0f |\n", d.Symbol, d.N,
			100*d.MedianShare, d.Root, d.P10, d.P50, d.P90, d.P99, d.ByYear[0], d.ByYear[1], d.ByYear[2], d.Worst,
			time.UnixMilli(d.WorstMs).UTC().Format("2006-01-02"), d.LawHalfRoot*1e4, d.LawHalf*1e4)
	}
	q := func(p float64) float64 { return Quantile(c.Implied, p) }
	fmt.Fprintf(b, "\nAll seven: 10 %% %.1f, median %.1f, 90 %% %.1f, 99 %% %.1f.\n", q(0.1), q(0.5), q(0.9), q(0.99))
}
