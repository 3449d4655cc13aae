package calibrate

import (
	"fmt"
	"math"
	"path/filepath"
)

// Sweep is what one taker's order did: trades of the same millisecond and side.
type Sweep struct {
	ValueUSDT float64
	CostFrac  float64 // mean price beyond the first
}

// ReadSweeps reads a symbol's recorded trades as takers' orders. Takers choose
// moments at which the book is deep, and orders of one millisecond may be
// several people's: a look from the other side, not a calibration.
func ReadSweeps(data, leg, symbol string) ([]Sweep, error) {
	name := fmt.Sprintf("trades_%s_%s_20240808.csv.gz", leg, symbol)
	t, err := openTable(filepath.Join(data, "orderbook", name), "time_ms", "price", "qty", "buyer_is_maker")
	if err != nil {
		return nil, err
	}
	var out []Sweep
	var at, first, value, coins float64
	side := ""
	flush := func() {
		if coins > 0 {
			out = append(out, Sweep{ValueUSDT: value, CostFrac: math.Abs(value/coins/first - 1)})
		}
		value, coins = 0, 0
	}
	for t.next() {
		ms, s := t.number("time_ms"), t.text("buyer_is_maker")
		price, qty := t.number("price"), t.number("qty")
		if ms != at || s != side {
			flush()
			at, side, first = ms, s, price
		}
		value += float64(price * qty)
		coins += qty
	}
	flush()
	return out, t.close()
}

// SweepRow is the mean cost of takers' orders within a class of size, beside
// what a law says for the same orders.
type SweepRow struct {
	FromUSDT, ToUSDT float64
	N                int
	Paid, Law        float64 // mean fractions
}

// SweepTable sorts sweeps by size.
func SweepTable(sweeps []Sweep, dailyUSDT, volFrac, exponent, factor float64) []SweepRow {
	var out []SweepRow
	for _, from := range []float64{1e3, 1e4, 1e5, 3e5} {
		r := SweepRow{FromUSDT: from, ToUSDT: from * 10}
		if from >= 1e5 {
			r.ToUSDT = from * 3
		}
		for _, s := range sweeps {
			if s.ValueUSDT >= r.FromUSDT && s.ValueUSDT < r.ToUSDT {
				r.N++
				r.Paid += s.CostFrac
				r.Law += float64(factor * volFrac * math.Pow(s.ValueUSDT/dailyUSDT, exponent))
			}
		}
		if r.N > 0 {
			r.Paid /= float64(r.N)
			r.Law /= float64(r.N)
		}
		out = append(out, r)
	}
	return out
}
