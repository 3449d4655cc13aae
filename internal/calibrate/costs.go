package calibrate

import (
	"fmt"
	"path/filepath"
	"time"
)

// Costs is everything that is measured.
type Costs struct {
	Tickers           []*Tickers
	TickWrong, TickOf int // ticks told from digits against recorded ones, perpetuals
	Points            []SpreadPoint
	// Spreads are fits to parts of Points; Spread is the one that is used.
	Spreads []SpreadFit
	Spread  SpreadFit
	Seconds []Seconds
	Cells   []Cell
	// Impacts are fits of laws to parts of Cells; Impact is the one that is used.
	Impacts []ImpactFit
	Impact  ImpactFit
	Free    map[string]Line
	Sweeps  map[string][]SweepRow // by leg and symbol
	Depth   []DepthRow
	// Implied are the ¾ law's factors that the depth of all coins implies.
	Implied []float64
}

// Seconds is the quoted half spread of a symbol's leg second by second.
type Seconds struct {
	Leg, Symbol    string
	N              int
	OneTick        float64 // share of seconds
	MeanFrac, Most float64
}

// DepthRow is what one perpetual's depth within 1 % implies.
type DepthRow struct {
	Symbol               string
	N                    int
	MedianShare          float64 // of a day's value
	Root                 float64 // median factor of the square-root law
	P10, P50, P90, P99   float64 // factors of the ¾ law
	ByYear               [3]float64
	Worst                float64
	WorstMs              int64
	LawHalf, LawHalfRoot float64 // median cost of eating half the depth with the fitted factors
}

// Coins whose depth and whose books are recorded.
func depthSymbols() []string {
	return []string{"BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT", "AVAXUSDT"}
}

func bookSymbols() []string { return []string{"BTCUSDT", "ETHUSDT"} }

// Measure reads the history in folder data and makes all fits.
func Measure(data string) (*Costs, error) {
	c := &Costs{Free: make(map[string]Line), Sweeps: make(map[string][]SweepRow)}
	for _, step := range [...]func(string) error{c.measureSpread, c.measureSeconds, c.measureBooks, c.measureSweeps, c.measureDepth} {
		if err := step(data); err != nil {
			return nil, fmt.Errorf("calibrate: %w", err)
		}
	}
	return c, nil
}

func (c *Costs) measureSpread(data string) error {
	for _, leg := range [...]string{Spot, Perp} {
		t, err := ReadTickers(data, leg)
		if err != nil {
			return err
		}
		points, err := t.Points(data)
		if err != nil {
			return err
		}
		c.Tickers, c.Points = append(c.Tickers, t), append(c.Points, points...)
		c.Spreads = append(c.Spreads, FitSpread(leg, points), FitSpread(leg+" without BTC, ETH", WithoutMajors(points)))
	}
	ticks, err := ReadTicks(filepath.Join(data, "exchange_info", "fapi_2026-07-02.json"))
	if err != nil {
		return err
	}
	c.TickWrong, c.TickOf = c.Tickers[1].TickErrors(ticks)
	c.Spread = FitSpread("both without BTC, ETH", WithoutMajors(c.Points))
	c.Spreads = append(c.Spreads, FitSpread("both", c.Points), c.Spread)
	return nil
}

func (c *Costs) measureSeconds(data string) error {
	for _, leg := range [...]string{Spot, Perp} {
		for _, s := range bookSymbols() {
			quotes, err := ReadQuotes(filepath.Join(data, "orderbook", "bookticker_"+leg+"_"+s+"_20240808.csv.gz"))
			if err != nil {
				return err
			}
			row := Seconds{Leg: leg, Symbol: s, N: len(quotes)}
			tick := 0.0
			for i := range quotes {
				if tick == 0 || quotes[i].StepUSDT < tick {
					tick = quotes[i].StepUSDT
				}
			}
			for i := range quotes {
				h := quotes[i].HalfFrac()
				row.MeanFrac += h / float64(len(quotes))
				row.Most = max(row.Most, h)
				if quotes[i].Ask-quotes[i].Bid < 1.5*tick {
					row.OneTick += 1 / float64(len(quotes))
				}
			}
			c.Seconds = append(c.Seconds, row)
		}
	}
	return nil
}

func (c *Costs) measureBooks(data string) error {
	by := make(map[string][]Cell)
	for _, s := range bookSymbols() {
		a, err := Activities(data, s)
		if err != nil {
			return err
		}
		for _, leg := range [...]string{Spot, Perp} {
			cells, err := WalkCells(data, leg, s, a)
			if err != nil {
				return err
			}
			by[leg], by["both"] = append(by[leg], cells...), append(by["both"], cells...)
		}
	}
	c.Cells = append(append(c.Cells, by[Spot]...), by[Perp]...)
	for _, name := range [...]string{Spot, Perp, "both"} {
		c.Free[name] = FreeExponent(by[name])
		for _, e := range [...]float64{SquareRoot, ThreeQuarters, 1} {
			c.Impacts = append(c.Impacts, FitImpact(name, e, by[name]))
		}
	}
	c.Impact = FitImpact(Perp, ThreeQuarters, by[Perp])
	return nil
}

func (c *Costs) measureSweeps(data string) error {
	for i := range c.Cells {
		cell := &c.Cells[i]
		key := cell.Leg + " " + cell.Symbol
		if _, done := c.Sweeps[key]; done {
			continue
		}
		sweeps, err := ReadSweeps(data, cell.Leg, cell.Symbol)
		if err != nil {
			return err
		}
		c.Sweeps[key] = SweepTable(sweeps, cell.ValueUSDT/cell.Share, cell.VolFrac, ThreeQuarters, c.Impact.Factor)
	}
	return nil
}

func (c *Costs) measureDepth(data string) error {
	root := FitImpact(Perp, SquareRoot, c.perpCells()).Factor
	for _, s := range depthSymbols() {
		a, err := Activities(data, s)
		if err != nil {
			return err
		}
		points, err := ReadDepth(data, s, a)
		if err != nil {
			return err
		}
		row := DepthRow{Symbol: s, N: len(points)}
		var share, rootImplied, implied, half, halfRoot []float64
		byYear := make([][]float64, 3)
		for i := range points {
			p := &points[i]
			y := p.Implied(ThreeQuarters)
			share, rootImplied, implied = append(share, p.Share), append(rootImplied, p.Implied(SquareRoot)), append(implied, y)
			half, halfRoot = append(half, p.HalfDepth(ThreeQuarters, c.Impact.Factor)), append(halfRoot, p.HalfDepth(SquareRoot, root))
			if k := time.UnixMilli(p.AtMs).UTC().Year() - 2023; k >= 0 && k < 3 {
				byYear[k] = append(byYear[k], y)
			}
			if y > row.Worst {
				row.Worst, row.WorstMs = y, p.AtMs
			}
		}
		row.MedianShare, row.Root = Quantile(share, 0.5), Quantile(rootImplied, 0.5)
		row.P10, row.P50, row.P90, row.P99 = Quantile(implied, 0.1), Quantile(implied, 0.5), Quantile(implied, 0.9), Quantile(implied, 0.99)
		row.LawHalf, row.LawHalfRoot = Quantile(half, 0.5), Quantile(halfRoot, 0.5)
		for k := range byYear {
			row.ByYear[k] = Quantile(byYear[k], 0.5)
		}
		c.Depth, c.Implied = append(c.Depth, row), append(c.Implied, implied...)
	}
	return nil
}

func (c *Costs) perpCells() []Cell {
	var out []Cell
	for _, cell := range c.Cells {
		if cell.Leg == Perp {
			out = append(out, cell)
		}
	}
	return out
}
