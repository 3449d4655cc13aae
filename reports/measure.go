package reports

import (
	"math"

	"carry"
)

// Document is what a report is made of.
type Document struct {
	Run       *carry.Result
	Baselines []*carry.Result // same span as Run; may be empty
	// Now is when the report was made, as text, or empty. It is the caller's
	// word: this package reads no clock.
	Now string
	// Facts and Capacity are left out of the report where they are nil.
	Facts    *MarketFacts
	Capacity []CapacityPoint
	// Twin is the backtest of a live session's days; nil in a backtest's report.
	Twin *carry.Result
}

// shortSpan is the length below which a yearly figure would be an
// extrapolation of luck, so that texts state the return over the span instead.
const shortSpan = 90 * carry.Day

// Metrics are the figures of one Result. Fractions are of 1; a figure that the
// curve cannot give is NaN.
type Metrics struct {
	Total      float64 // Final/Capital − 1
	Annual     float64 // compound, a year of 365 days, on capital
	Low, High  float64 // 95 % interval of Annual, stationary bootstrap of days
	Volatility float64 // of daily returns, a year
	Sharpe8h   float64
	Sharpe1d   float64
	Sharpe7d   float64
	Sharpe30d  float64
	SharpeLo   float64 // from daily returns and 30 days of autocorrelations
	LagOne     float64 // autocorrelation of daily returns
	Sortino    float64
	Omega      float64
	Calmar     float64 // Annual over the deepest fall of the curve
	Ulcer      float64 // daily, /n
	UlcerN1    float64 // daily, /(n−1)
	VaR, CVaR  float64 // 5 % of days
	Fall       Fall
	UnderFrac  float64    // share of days that end below the peak
	UnderLong  carry.Time // longest unbroken time below the peak, in days
	Days       int        // daily returns
	Months     int        // 30-day returns
	Exposure   float64    // mean hedged notional over equity
	Turnover   float64    // a year
	PSR        float64    // of 30-day returns, against 0, form of 2012
}

// Measure computes the figures of a result from its curve.
func Measure(res *carry.Result) Metrics {
	c := &res.Curve
	daily := CurveReturns(c, carry.Day)
	m := Metrics{
		Total:      math.NaN(),
		Volatility: Volatility(daily, DaysPerYear),
		Sharpe8h:   Sharpe(CurveReturns(c, 8*carry.Hour), 0, 3*DaysPerYear),
		Sharpe1d:   Sharpe(daily, 0, DaysPerYear),
		Sharpe7d:   Sharpe(CurveReturns(c, 7*carry.Day), 0, DaysPerYear/7),
		SharpeLo:   SharpeLo(daily, 30, DaysPerYear),
		LagOne:     Autocorrelation(daily, 1),
		Sortino:    Sortino(daily, 0, DaysPerYear),
		Omega:      Omega(daily, 0, DaysPerYear),
		Ulcer:      Ulcer(daily, false),
		UlcerN1:    Ulcer(daily, true),
		VaR:        ValueAtRisk(daily, 0.05),
		CVaR:       ConditionalVaR(daily, 0.05),
		Fall:       WorstFall(c, res.Capital),
		Days:       len(daily),
	}
	m.Fall.deepen(res)
	monthly := CurveReturns(c, 30*carry.Day)
	m.Months = len(monthly)
	m.Sharpe30d = Sharpe(monthly, 0, DaysPerYear/30)
	m.PSR = SampleSharpe(monthly).PSR(0)
	m.Exposure = Exposure(c.Notional, c.Equity)
	m.Turnover = Turnover(res.Counts.TradedUSDT, meanOf(c.Notional), float64(res.To-res.From)/float64(carry.Day)/DaysPerYear)
	m.Low, m.High = AnnualInterval(daily, DaysPerYear)
	under, longest := TimeUnderWater(daily)
	m.UnderFrac, m.UnderLong = under, carry.Time(longest)*carry.Day
	if res.Capital > 0 {
		m.Total = res.Growth() - 1
		m.Annual = annualised(res.Growth(), res.To-res.From)
	} else {
		m.Annual = math.NaN()
	}
	m.Calmar = math.NaN()
	if m.Fall.Depth < 0 {
		m.Calmar = m.Annual / -m.Fall.Depth
	}
	return m
}

func meanOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v)) // NaN of nothing
}

// deepen takes over a deeper fall that the run saw between the curve's samples.
func (f *Fall) deepen(res *carry.Result) {
	x := &res.Extremes
	if x.MaxDrawdownAt == 0 || !(x.MaxDrawdown < f.Depth-1e-9) {
		return
	}
	c := &res.Curve
	*f = Fall{Depth: x.MaxDrawdown, PeakAt: x.PeakAt, LowAt: x.MaxDrawdownAt, EndAt: res.To}
	peak := equityAt(c, res.Capital, x.PeakAt)
	for i, e := range c.Equity {
		if c.At(i) > x.MaxDrawdownAt && e >= peak {
			f.EndAt, f.Recovered = c.At(i), true
			return
		}
	}
}

// annualSince is the compound return a year from t to the end, NaN where less
// than a month is left or the equity at t is not positive.
func annualSince(res *carry.Result, t carry.Time) float64 {
	from := equityAt(&res.Curve, res.Capital, t)
	if !(from > 0) || res.To-t < 30*carry.Day {
		return math.NaN()
	}
	return annualised(res.Growth()*res.Capital/from, res.To-t)
}

// view is a document with every figure that more than one section needs.
type view struct {
	doc      *Document
	run      *carry.Result
	m        Metrics
	base     []*carry.Result
	baseM    []Metrics
	regime   carry.Time // since when the last regime runs; 0 if there is none
	verdict  []string
	best     int // index in run.Years of the largest profit; −1 without years
	gains    float64
	span     carry.Time
	tooShort bool
	// ci are 95 % intervals of the run's volatility, 30-day and daily Sharpe ratio
	// and worst drawdown.
	ci [4]Interval
}

func newView(doc *Document) *view {
	run := doc.Run
	if run == nil {
		run = &carry.Result{}
	}
	v := &view{doc: doc, run: run, m: Measure(run), best: -1, span: max(0, run.To-run.From)}
	for _, b := range doc.Baselines {
		if b != nil {
			v.base = append(v.base, b)
			v.baseM = append(v.baseM, Measure(b))
		}
	}
	v.tooShort = v.span < shortSpan
	v.gains = run.Final - run.Capital
	for i, y := range run.Years {
		if v.best < 0 || y.Attribution.Total > run.Years[v.best].Attribution.Total {
			v.best = i
		}
	}
	v.regime = lastRegime(run, v.best)
	v.verdict = verdict(v)
	copy(v.ci[:], intervals(CurveReturns(&run.Curve, carry.Day), headlineDraws,
		func(r []float64) float64 { return Volatility(r, DaysPerYear) },
		func(r []float64) float64 { return Sharpe(grouped(r, 30), 0, DaysPerYear/30) },
		func(r []float64) float64 { return Sharpe(r, 0, DaysPerYear) }, MaxDrawdown))
	return v
}

// headlineDraws is the number of resamples behind the intervals of the tiles
// other than the yearly return's.
const headlineDraws = 1000

// lastRegime is where the present stops looking like the best year: the end of
// that year, or the start of the last 365 days where fewer than 90 days follow
// it. Without at least 455 days there is only one regime, and it returns 0.
func lastRegime(run *carry.Result, best int) carry.Time {
	if best < 0 || run.To-run.From < 365*carry.Day+shortSpan {
		return 0
	}
	if end := monthStart(run.Years[best].Year+1, 1); run.To-end >= shortSpan {
		return end
	}
	return run.To - 365*carry.Day
}

// regimeName is the regime's start in words: "2022" or "7 Feb 2024".
func regimeName(t carry.Time) string {
	if t == monthStart(t.Year(), 1) {
		return t.UTC().Format("2006")
	}
	return longDate(t)
}

// reference is the baseline that did best, or nil.
func (v *view) reference() (*carry.Result, *Metrics) {
	at := -1
	for i, m := range v.baseM {
		if !math.IsNaN(m.Total) && (at < 0 || m.Total > v.baseM[at].Total) {
			at = i
		}
	}
	if at < 0 {
		return nil, nil
	}
	return v.base[at], &v.baseM[at]
}
