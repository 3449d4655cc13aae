package calibrate

import (
	"fmt"
	"math"
	"path/filepath"
)

// Exponents of the two laws that are compared: cost = factor × daily volatility
// × (value / daily value)^exponent.
const (
	SquareRoot    = 0.5
	ThreeQuarters = 0.75
)

// Sizes of the orders that walk the recorded books, USDT.
func Sizes() []float64 { return []float64{1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6} }

// Cell is the mean cost of one size on one symbol's leg over all snapshots and
// both sides.
type Cell struct {
	Leg, Symbol string
	ValueUSDT   float64
	Share       float64 // of the leg's mean daily value
	VolFrac     float64 // daily
	CostFrac    float64 // mean, beyond the best price
	MedianFrac  float64
	Short       float64 // share of walks that the recorded levels do not hold
	Walks       int
}

// Law is what a law with factor 1 costs in this cell.
func (c *Cell) Law(exponent float64) float64 { return c.VolFrac * math.Pow(c.Share, exponent) }

// Activities reads both legs' bars of a symbol.
func Activities(data, symbol string) (*Activity, error) {
	spot, err := ReadBars(data, Spot, symbol)
	if err != nil {
		return nil, err
	}
	perp, err := ReadBars(data, Perp, symbol)
	if err != nil {
		return nil, err
	}
	return NewActivity(spot, perp), nil
}

// WalkCells walks a symbol's recorded books with all sizes.
func WalkCells(data, leg, symbol string, a *Activity) ([]Cell, error) {
	books, err := ReadBooks(data, leg, symbol)
	if err != nil {
		return nil, err
	}
	daily, vol, ok := a.At(books[0].AtMs, leg)
	if !ok {
		return nil, fmt.Errorf("%s %s: no bars before the books", leg, symbol)
	}
	var out []Cell
	for _, size := range Sizes() {
		c := Cell{Leg: leg, Symbol: symbol, ValueUSDT: size, Share: size / daily, VolFrac: vol}
		var costs []float64
		for i := range books {
			for _, side := range [...][]Level{books[i].Bids, books[i].Asks} {
				cost, short := WalkFrac(side, size)
				costs = append(costs, cost)
				if short {
					c.Short++
				}
			}
		}
		c.Walks = len(costs)
		c.Short /= float64(len(costs))
		c.CostFrac, c.MedianFrac = mean(costs), Quantile(costs, 0.5)
		out = append(out, c)
	}
	return out, nil
}

// ImpactFit is a law fitted to cells by least squares of cost over volatility
// through the origin: the large orders, which cost money, weigh most.
type ImpactFit struct {
	Name             string
	Exponent, Factor float64
	R2               float64
	// MedianError is the median of |fitted − observed| / observed over cells of
	// at least 10,000 USDT; P90 the 90th percentile of observed over fitted.
	MedianError, P90 float64
	N                int
}

// FitImpact fits one law to the cells.
func FitImpact(name string, exponent float64, cells []Cell) ImpactFit {
	f := ImpactFit{Name: name, Exponent: exponent, N: len(cells)}
	var x, y []float64
	for i := range cells {
		x = append(x, math.Pow(cells[i].Share, exponent))
		y = append(y, cells[i].CostFrac/cells[i].VolFrac)
	}
	f.Factor, f.R2 = FitFactor(x, y)
	var off, ratio []float64
	for i := range cells {
		if cells[i].ValueUSDT >= 1e4 {
			fitted := f.Factor * cells[i].Law(exponent)
			off = append(off, math.Abs(fitted-cells[i].CostFrac)/cells[i].CostFrac)
			ratio = append(ratio, cells[i].CostFrac/fitted)
		}
	}
	f.MedianError, f.P90 = Quantile(off, 0.5), Quantile(ratio, 0.9)
	return f
}

// FreeExponent fits ln(cost / volatility) over ln(share) for orders of at least
// 10,000 USDT: the slope is the exponent that the books ask for.
func FreeExponent(cells []Cell) Line {
	var x, y []float64
	for i := range cells {
		if c := &cells[i]; c.ValueUSDT >= 1e4 && c.CostFrac > 0 {
			x = append(x, math.Log(c.Share))
			y = append(y, math.Log(c.CostFrac/c.VolFrac))
		}
	}
	return FitLine(x, y)
}

// DepthPoint is one side's quantity within 1 % of mid before one settlement.
type DepthPoint struct {
	AtMs    int64
	Share   float64 // depth / daily value
	VolFrac float64
}

// ReadDepth joins a perpetual's recorded depth with its activity. Rows after the
// last bar are left out.
func ReadDepth(data, symbol string, a *Activity) ([]DepthPoint, error) {
	bars, err := ReadBars(data, Perp, symbol)
	if err != nil {
		return nil, err
	}
	last := make(map[int64]float64, len(bars)) // close known at that hour
	for _, b := range bars {
		last[b.OpenMs/hourMs+1] = b.Close
	}
	t, err := openTable(filepath.Join(data, "orderbook", "depth1pct_perp_"+symbol+".csv.gz"),
		"time_ms", "bid_qty_within_1pct", "ask_qty_within_1pct")
	if err != nil {
		return nil, err
	}
	var out []DepthPoint
	for t.next() {
		at := int64(t.number("time_ms"))
		bid, ask := t.number("bid_qty_within_1pct"), t.number("ask_qty_within_1pct")
		price := last[at/hourMs]
		daily, vol, ok := a.At(at, Perp)
		if !ok || !(price > 0) {
			continue
		}
		for _, qty := range [...]float64{bid, ask} {
			if qty > 0 {
				out = append(out, DepthPoint{AtMs: at, Share: qty * price / daily, VolFrac: vol})
			}
		}
	}
	return out, t.close()
}

// Implied is the factor with which a law moves the price by exactly 1 % when the
// depth within 1 % is eaten. A mean cost of factor × vol × share^e belongs to a
// last price of (1 + e) times that, so no profile is assumed beyond the law's.
func (d *DepthPoint) Implied(exponent float64) float64 {
	return 0.01 / ((1 + exponent) * d.VolFrac * math.Pow(d.Share, exponent))
}

// HalfDepth is what a law says that eating half of the depth costs on average, as
// a fraction. Were the book equally thick all the way to 1 %, it would cost
// 0.25 %; thin at the touch as books are, it costs more.
func (d *DepthPoint) HalfDepth(exponent, factor float64) float64 {
	return factor * d.VolFrac * math.Pow(d.Share/2, exponent)
}
