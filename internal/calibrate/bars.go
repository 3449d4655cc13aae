package calibrate

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
)

// Spans of time in milliseconds.
const (
	hourMs = 3600_000
	dayMs  = 24 * hourMs
)

// Bar is an hourly candle: its close and the value it traded (volume × close,
// as the simulator counts it), USDT.
type Bar struct {
	OpenMs           int64
	Close, ValueUSDT float64
}

// ReadBars reads one leg's hourly candles of a symbol.
func ReadBars(data, leg, symbol string) ([]Bar, error) {
	t, err := openTable(filepath.Join(data, leg, "1h", symbol+".csv.gz"), "open_time_ms", "close", "volume")
	if err != nil {
		return nil, err
	}
	var out []Bar
	for t.next() {
		c := t.number("close")
		out = append(out, Bar{OpenMs: int64(t.number("open_time_ms")), Close: c, ValueUSDT: c * t.number("volume")})
	}
	return out, t.close()
}

// Symbols lists those with hourly candles of a leg.
func Symbols(data, leg string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(data, leg, "1h", "*.csv.gz"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no candles in %s/%s/1h", data, leg)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".csv.gz")
	}
	return files, nil
}

// LastMonthDaily is the mean daily value of the last 30 days of bars, USDT.
func LastMonthDaily(bars []Bar) float64 {
	n := min(len(bars), 30*24)
	if n == 0 {
		return 0
	}
	sum := 0.0
	for _, b := range bars[len(bars)-n:] {
		sum += b.ValueUSDT
	}
	return sum / float64(n) * 24
}

// Activity is what the cost laws scale with, by day: mean daily value of each
// leg and daily volatility, known at the day's midnight. They are the
// simulator's slow means: a week's for value, a month's for variance of hourly
// spot returns.
type Activity struct {
	days map[int64]slow
}

type slow struct{ spot, perp, variance float64 }

// NewActivity folds both legs' bars, in order of time, day by day.
func NewActivity(spot, perp []Bar) *Activity {
	a := &Activity{days: make(map[int64]slow)}
	sums := make(map[int64]slow)
	last := math.NaN()
	for _, b := range spot {
		if !(b.ValueUSDT > 0) {
			continue
		}
		s := sums[b.OpenMs/dayMs]
		if r := b.Close/last - 1; r == r {
			s.variance += square(r)
		}
		s.spot += b.ValueUSDT
		sums[b.OpenMs/dayMs], last = s, b.Close
	}
	for _, b := range perp {
		s := sums[b.OpenMs/dayMs]
		s.perp += b.ValueUSDT
		sums[b.OpenMs/dayMs] = s
	}
	if len(spot) == 0 || len(perp) == 0 {
		return a
	}
	var now slow
	to := min(spot[len(spot)-1].OpenMs, perp[len(perp)-1].OpenMs) / dayMs
	for day := max(spot[0].OpenMs, perp[0].OpenMs) / dayMs; day <= to; day++ {
		s := sums[day]
		switch {
		case !(s.spot > 0 && s.perp > 0):
		case now.spot == 0:
			now = s
		default:
			now.spot += (s.spot - now.spot) / 7
			now.perp += (s.perp - now.perp) / 7
			now.variance += (s.variance - now.variance) / 30
		}
		a.days[day+1] = now
	}
	return a
}

// At is what was known at the last midnight at or before a time: the leg's mean
// daily value (USDT) and the daily volatility (fraction); ok is false where the
// bars do not reach.
func (a *Activity) At(ms int64, leg string) (dailyUSDT, volFrac float64, ok bool) {
	s, ok := a.days[ms/dayMs]
	dailyUSDT = s.perp
	if leg == Spot {
		dailyUSDT = s.spot
	}
	return dailyUSDT, math.Sqrt(s.variance), ok && dailyUSDT > 0 && s.variance > 0
}
