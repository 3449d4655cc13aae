package calibrate

import (
	"errors"
	"math"
	"path/filepath"
)

// ReferenceUSDT is the daily value at which a spread law is quoted.
const ReferenceUSDT = 3e8

// SpreadPoint is one leg's quoted half spread beside its daily value.
type SpreadPoint struct {
	Leg, Symbol string
	DailyUSDT   float64
	HalfFrac    float64
	HalfTick    float64 // half a tick as a fraction of mid, from the prices' digits
}

// Tickers are all pairs of one leg at one instant.
type Tickers struct {
	Leg     string
	Quotes  []Quote
	OneTick float64 // share whose spread is one tick
	Half    []float64
	TopUSDT []float64 // value of the smaller best level
}

// ReadTickers reads the recorded instant (2026-07-15) of a leg.
func ReadTickers(data, leg string) (*Tickers, error) {
	q, err := ReadQuotes(filepath.Join(data, "orderbook", "bookticker_all_"+leg+"_20260715.csv.gz"))
	if err != nil {
		return nil, err
	}
	t := &Tickers{Leg: leg, Quotes: q}
	for i := range q {
		t.Half = append(t.Half, q[i].HalfFrac())
		t.TopUSDT = append(t.TopUSDT, min(q[i].Bid*q[i].BidQty, q[i].Ask*q[i].AskQty))
		if ticksWide(&q[i]) == 1 {
			t.OneTick += 1 / float64(len(q))
		}
	}
	return t, nil
}

func ticksWide(q *Quote) int { return int(math.Round((q.Ask - q.Bid) / q.StepUSDT)) }

// TickErrors counts the pairs whose tick, told from the digits of one bid and
// ask, differs from a recorded one, among those that are recorded.
func (t *Tickers) TickErrors(ticks map[string]float64) (wrong, of int) {
	for i := range t.Quotes {
		tick, ok := ticks[t.Quotes[i].Symbol]
		if !ok {
			continue
		}
		of++
		if math.Abs(t.Quotes[i].StepUSDT/tick-1) > 1e-6 {
			wrong++
		}
	}
	return wrong, of
}

// Points joins quotes with the daily value of the last month that the bars
// have, which stands in for that of the quote's day.
func (t *Tickers) Points(data string) ([]SpreadPoint, error) {
	symbols, err := Symbols(data, t.Leg)
	if err != nil {
		return nil, err
	}
	var out []SpreadPoint
	for _, s := range symbols {
		for i := range t.Quotes {
			if q := &t.Quotes[i]; q.Symbol == s {
				bars, err := ReadBars(data, t.Leg, s)
				if err != nil {
					return nil, err
				}
				out = append(out, SpreadPoint{Leg: t.Leg, Symbol: s, DailyUSDT: LastMonthDaily(bars),
					HalfFrac: q.HalfFrac(), HalfTick: q.StepUSDT / 2 / q.Mid()})
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no ticker has bars of the same symbol")
	}
	return out, nil
}

// SpreadFit is a law of half spread over daily value, fitted in logarithms.
type SpreadFit struct {
	Name string
	// Free is ln(half) over ln(daily/reference); AtReference what it gives there.
	Free        Line
	AtReference float64
	// Root is the half spread at the reference with the exponent held at −1/2,
	// and RootR2 what that explains.
	Root, RootR2 float64
	// MedianError and P90 are residuals of the −1/2 law as factors: the median of
	// their size, and the 90th percentile of observed over fitted.
	MedianError, P90 float64
}

// FitSpread fits the points.
func FitSpread(name string, points []SpreadPoint) SpreadFit {
	var x, y, level []float64
	for _, p := range points {
		x = append(x, math.Log(p.DailyUSDT/ReferenceUSDT))
		y = append(y, math.Log(p.HalfFrac))
		level = append(level, y[len(y)-1]+float64(x[len(x)-1]/2))
	}
	f := SpreadFit{Name: name, Free: FitLine(x, y)}
	f.AtReference = math.Exp(f.Free.Intercept)
	at, my := mean(level), mean(y)
	f.Root = math.Exp(at)
	var size, ratio []float64
	var left, all float64
	for i := range y {
		e := level[i] - at
		left += square(e)
		all += square(y[i] - my)
		size = append(size, math.Exp(math.Abs(e)))
		ratio = append(ratio, math.Exp(e))
	}
	f.RootR2 = 1 - left/all
	f.MedianError, f.P90 = Quantile(size, 0.5), Quantile(ratio, 0.9)
	return f
}

// WithoutMajors leaves BTC and ETH out. Their quotes are one tick of a fiftieth
// of a basis point and less wide: a cost that nobody notices, yet in logarithms
// it would bend the law of all others.
func WithoutMajors(points []SpreadPoint) []SpreadPoint {
	var out []SpreadPoint
	for _, p := range points {
		if p.Symbol != "BTCUSDT" && p.Symbol != "ETHUSDT" {
			out = append(out, p)
		}
	}
	return out
}
