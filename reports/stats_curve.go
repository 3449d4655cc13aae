package reports

import (
	"math"

	"carry"
)

// CurveReturns are the simple returns of a curve over consecutive spans of
// interval, from the first sample on; an incomplete last span is left out. It
// returns nil where interval is not a multiple of the curve's step. A span that
// starts with equity ≤ 0 or lacks a sample gives NaN.
func CurveReturns(c *carry.Curve, interval carry.Time) []float64 {
	if c.Step <= 0 || interval <= 0 || interval%c.Step != 0 {
		return nil
	}
	k := int(interval / c.Step)
	n := (len(c.Equity) - 1) / k
	if n < 1 {
		return nil
	}
	r := make([]float64, n)
	for i := range r {
		from, to := c.Equity[i*k], c.Equity[(i+1)*k]
		if !(from > 0) {
			r[i] = math.NaN()
			continue
		}
		r[i] = to/from - 1
	}
	return r
}

// equityAt is the last sample at or before t, or capital before the first.
func equityAt(c *carry.Curve, capital float64, t carry.Time) float64 {
	if len(c.Equity) == 0 || c.Step <= 0 || t < c.Start {
		return capital
	}
	return c.Equity[min(int((t-c.Start)/c.Step), len(c.Equity)-1)]
}

// MonthReturn is the return of one calendar month in UTC or of the part of it
// that the run covers.
type MonthReturn struct {
	Year    int
	Month   int // 1..12
	Return  float64
	Partial bool
}

// MonthlyReturns are the returns by calendar month, in order, from the last
// sample before the month to the last before the next.
func MonthlyReturns(res *carry.Result) []MonthReturn {
	var out []MonthReturn
	if res.To <= res.From {
		return nil
	}
	first := res.From.UTC()
	begin := carry.Time(0)
	for m := 0; ; m++ {
		begin = monthStart(first.Year(), int(first.Month())+m)
		if begin >= res.To {
			return out
		}
		end := monthStart(first.Year(), int(first.Month())+m+1)
		from := equityAt(&res.Curve, res.Capital, max(begin, res.From))
		if begin <= res.From {
			from = res.Capital
		}
		to := equityAt(&res.Curve, res.Capital, min(end, res.To))
		if end >= res.To {
			to = res.Final
		}
		row := MonthReturn{Year: begin.Year(), Month: int(begin.UTC().Month()), Partial: begin < res.From || end > res.To}
		row.Return = math.NaN()
		if from > 0 {
			row.Return = to/from - 1
		}
		out = append(out, row)
	}
}

// annualised turns growth (final/initial) over a span into a fraction a year
// of 365 days. NaN where the growth is not positive or the span is empty.
func annualised(growth float64, span carry.Time) float64 {
	if !(growth > 0) || span <= 0 {
		return math.NaN()
	}
	return math.Pow(growth, DaysPerYear*float64(carry.Day)/float64(span)) - 1
}
