package carry

// Warning is something the reader must know before believing a number. It
// travels with the result to the first screen of the report.
type Warning struct {
	Code string `json:"code"` // short and stable: data-gap, mark-fallback
	Text string `json:"text"` // one sentence for a person
}

// Result is what a run yields: everything the reports print, and nothing that
// needs the market's data again. Fractions are of 1, money is USDT, times are
// milliseconds UTC.
type Result struct {
	Name     string `json:"name"`     // this run, hold, hold BTC+ETH, cash
	Strategy string `json:"strategy"` // registry name
	Preset   string `json:"preset"`

	From    Time    `json:"from_ms"`
	To      Time    `json:"to_ms"`
	Capital float64 `json:"capital_usdt"` // at From
	Final   float64 `json:"final_usdt"`   // equity at To
	// FinalExact and Residual are exact decimal text. Residual is the change of
	// equity that the attribution does not explain; it must be 0.
	FinalExact string `json:"final_exact_usdt"`
	// Flows are the owner's deposits and withdrawals after From. Returns are
	// chained at each of them; the profit is Final − Capital − their sum, to which
	// Adjust is added where profit is shown, and nowhere else.
	Flows    []FlowRow `json:"flows,omitempty"`
	Adjust   *FlowRow  `json:"profit_adjust,omitempty"`
	Residual string    `json:"residual_usdt"`

	// Curve is not in result.json: equity.csv has it.
	Curve       Curve       `json:"-"`
	Attribution Attribution `json:"attribution"`
	Years       []YearRow   `json:"years"`
	Coins       []CoinRow   `json:"coins"`
	Trips       []Trip      `json:"trips"`
	Happenings  []Happening `json:"happenings"`
	Prediction  Prediction  `json:"prediction"`
	Counts      Counts      `json:"counts"`
	Extremes    Extremes    `json:"extremes"`

	Survivors *SurvivorBias `json:"survivor_bias,omitempty"`

	Warnings    []Warning    `json:"warnings"`
	Assumptions []string     `json:"assumptions"`
	NotIncluded []string     `json:"not_included"`
	Coverage    []Coverage   `json:"coverage,omitempty"`
	Manifest    Manifest     `json:"manifest"`
	Params      []ParamValue `json:"params"`
}

// SurvivorBias is what a history without its delisted coins would flatter by.
type SurvivorBias struct {
	Coins     int     `json:"coins"`
	Survivors int     `json:"survivors"`          // that still trade at the end
	Annual    float64 `json:"annual_frac"`        // of the same strategy on them alone
	Bias      float64 `json:"bias_frac_per_year"` // Annual less the run's
}

// FlowRow is money of the owner's that moved in (> 0) or out.
type FlowRow struct {
	At     Time    `json:"at_ms,omitempty"`
	Amount float64 `json:"amount_usdt"`
	Note   string  `json:"note,omitempty"`
}

// Flowed is the sum of all flows, USDT.
func (r *Result) Flowed() float64 {
	sum := 0.0
	for _, f := range r.Flows {
		sum += f.Amount
	}
	return sum
}

// Profit is what was earned, USDT, adjusted as the owner asked.
func (r *Result) Profit() float64 {
	p := r.Final - r.Capital - r.Flowed()
	if r.Adjust != nil {
		p += r.Adjust.Amount
	}
	return p
}

// Growth is what one USDT of capital became, flows left out.
func (r *Result) Growth() float64 {
	if n := len(r.Curve.Equity); len(r.Flows) > 0 && n > 0 {
		return r.Curve.Equity[n-1] / r.Capital
	}
	return r.Final / r.Capital
}

// Curve is sampled at regular instants, the first at Start. All slices have the
// same length or are empty.
type Curve struct {
	Start Time
	Step  Time
	// Equity is what the opening capital became, USDT: deposits and withdrawals are
	// chained out of it. Account is the account's value itself where they differ,
	// else nil.
	Equity, Account []float64
	// Leverage is short notional at mark / futures margin balance; +Inf where
	// the balance is not positive.
	Leverage []float64
	// LiquidationUp is the uniform rise of all marks, as a fraction, at which
	// the futures wallet would be liquidated; +Inf with no shorts.
	LiquidationUp []float64
	// Notional is the short notional at mark, USDT.
	Notional []float64
}

// At is the time of sample i.
func (c *Curve) At(i int) Time { return c.Start + Time(i)*c.Step }

// Attribution says where the change of equity came from, in USDT. The parts
// add up to Total exactly in the books (the residual is computed there in
// 1e-16 USDT); here they are the nearest float64s. Costs are negative.
type Attribution struct {
	FundingReceived float64 `json:"funding_received"`
	FundingPaid     float64 `json:"funding_paid"`
	// Basis is the change of both legs' values at mid and mark, that is of the
	// premium: entry − exit for what was closed, mark-to-market for the rest.
	Basis       float64 `json:"basis"`
	SpotFees    float64 `json:"spot_fees"`
	PerpFees    float64 `json:"perp_fees"`
	Slippage    float64 `json:"slippage"` // against mid at the decision
	Liquidation float64 `json:"liquidation"`
	Dust        float64 `json:"dust"` // rounding to 1e-8 in the exchange's books
	Interest    float64 `json:"interest"`
	Total       float64 `json:"total"`
}

// YearRow is one calendar year or the part of it that the run covers.
type YearRow struct {
	Year   int     `json:"year"`
	From   Time    `json:"from_ms"`
	To     Time    `json:"to_ms"`
	Return float64 `json:"return_frac"` // over the part, not annualised
	// Annual is Return annualised on 365 days.
	Annual      float64     `json:"annual_frac"`
	MaxDrawdown float64     `json:"max_drawdown_frac"` // ≤ 0
	Attribution Attribution `json:"attribution"`
}

// CoinRow sums one coin over the run.
type CoinRow struct {
	Coin        string      `json:"coin"`
	Trips       int         `json:"trips"`
	Fills       int         `json:"fills"`
	HeldHours   float64     `json:"held_hours"`
	MaxNotional float64     `json:"max_notional_usdt"`
	MeanRate8h  float64     `json:"mean_rate_8h_frac"` // mean settled rate while held, per 8 h
	Attribution Attribution `json:"attribution"`
	// ByYear is funding net of payments by year, same order as Result.Years.
	FundingByYear []float64 `json:"funding_by_year_usdt"`
}

// Trip is one coin from flat to flat; Open trips had not ended at To.
type Trip struct {
	Coin         string      `json:"coin"`
	OpenAt       Time        `json:"open_ms"`
	CloseAt      Time        `json:"close_ms"`
	Open         bool        `json:"open"`
	MaxNotional  float64     `json:"max_notional_usdt"`
	EntryPremium float64     `json:"entry_premium_frac"` // perp sold / spot bought − 1, quantity-weighted
	ExitPremium  float64     `json:"exit_premium_frac"`
	Settlements  int         `json:"settlements"`
	OpenCode     string      `json:"open_reason"`
	CloseCode    string      `json:"close_reason"`
	Attribution  Attribution `json:"attribution"`
}

// Happening is a decision or an event worth a line: reductions, transfers,
// liquidations, alarms, closings.
type Happening struct {
	At   Time       `json:"at_ms"`
	Coin string     `json:"coin,omitempty"`
	Code string     `json:"reason"`
	Text string     `json:"text"`
	X    [3]float64 `json:"x"`
}

// Prediction says how good the rate that the strategy saw was as a forecast of
// the rate then settled, over all settlements of the run.
type Prediction struct {
	N           int     `json:"n"`
	Correlation float64 `json:"correlation"`
	MeanAbsErr  float64 `json:"mean_abs_error_frac"`
	// SignAgree is the share of settlements at which both have the same sign.
	SignAgree float64 `json:"sign_agree_frac"`
}

// Counts of what the run did.
type Counts struct {
	Instants     int     `json:"instants"`
	Bars         int     `json:"bars"` // both legs
	Events       int     `json:"events"`
	Commands     int     `json:"commands"`
	Orders       int     `json:"orders"`
	Fills        int     `json:"fills"`
	Rejects      int     `json:"rejects"`
	Refused      int     `json:"refused_by_gate"`
	Postings     int     `json:"funding_postings"`
	Transfers    int     `json:"transfers"`
	Reductions   int     `json:"reductions"`
	Liquidations int     `json:"liquidations"`
	MeanOpen     float64 `json:"mean_open_pairs"`
	TradedUSDT   float64 `json:"traded_usdt"` // both legs, at fill price
}

// Extremes of the run.
type Extremes struct {
	MaxDrawdown   float64 `json:"max_drawdown_frac"` // ≤ 0
	MaxDrawdownAt Time    `json:"max_drawdown_at_ms"`
	PeakAt        Time    `json:"peak_at_ms"`
	// NearestLiquidation is the smallest uniform rise to liquidation met.
	NearestLiquidation   float64 `json:"nearest_liquidation_frac"`
	NearestLiquidationAt Time    `json:"nearest_liquidation_at_ms"`
	MaxLeverage          float64 `json:"max_leverage_x"`
	MaxLeverageAt        Time    `json:"max_leverage_at_ms"`
	// MaxGapFrac is the largest difference between the legs at rest, as a
	// fraction of equity.
	MaxGapFrac float64 `json:"max_gap_frac"`
}

// Manifest is what reproduces the run.
type Manifest struct {
	Program     string `json:"program"` // module version and VCS revision, or hash of the binary
	GoVersion   string `json:"go"`
	TapeHash    string `json:"tape_sha256"`
	ParamsHash  string `json:"params_sha256"`
	JournalHash string `json:"journal_sha256"`
	Seed        uint64 `json:"seed"`
	Generated   bool   `json:"generated_market"`
	Source      string `json:"source"`
	Command     string `json:"command"` // the line that repeats the run
}

// ParamValue is one setting as the run used it.
type ParamValue struct {
	Group   string `json:"group"` // strategy, venue, run
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Doc     string `json:"doc"`
}
