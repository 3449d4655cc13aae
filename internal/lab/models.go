package lab

import (
	"fmt"

	"carry"
	"carry/sim"
	"carry/strategy"
	"carry/strategy/hedge"
)

// Models are the simulated venue's assumptions as a user sets them.
type Models struct {
	CapitalUSDT    float64
	FuturesFrac    float64 // of the capital; −1: 1/(leverageTargetX + 1)
	Fees           string
	VIP            int
	BNB            bool
	Spread         string
	SpreadFrac     float64
	Impact         string
	ImpactFactor   float64
	ImpactFrac     float64
	CostScale      float64 // times half spread and impact
	LatencyMs      int
	TransferDelayS int

	BNBStockUSDT      float64
	Volume            string
	FillShareFrac     float64
	FillDepthMin      float64
	ImpactHalfLifeMin float64
	MomentS           int
	Margin            string
	Transfers         string
	TransferFailFrac  float64
	TransferLostFrac  float64
	TransferLostS     int
	FundingWindowS    int
	ADL               string
	ADLFall, ADLShare float64
}

// DefaultModels are conservative: retail fees by date; spread and impact by
// traded value, no cheaper at any size than what was calibrated on recorded
// books (docs/adr/0004-costs.md says why they stay).
func DefaultModels() Models {
	return Models{CapitalUSDT: 10000, FuturesFrac: -1, Fees: "binance", Spread: "volume", SpreadFrac: sim.DefaultSpread.AtReferenceFrac,
		Impact: "dearer", ImpactFactor: sim.DefaultImpact.Factor, ImpactFrac: 0.0005, CostScale: 1, LatencyMs: 500, TransferDelayS: 10,
		Volume: "share", FillShareFrac: sim.DefaultVolume.Frac, FillDepthMin: 15, ImpactHalfLifeMin: 15, MomentS: 60, Margin: "cross", Transfers: "sure",
		TransferFailFrac: 0.05, TransferLostFrac: 0.05, TransferLostS: 600, ADL: "none", ADLFall: 0.2, ADLShare: 0.1}
}

// Table lists the settings; the alternatives of each model are its choices.
func (m *Models) Table() []carry.Param {
	no := carry.NoValue
	return append([]carry.Param{
		{Name: "capitalUSDT", Unit: "USDT", Doc: "opening balance of both wallets", Float: &m.CapitalUSDT, Min: 1, Max: 1e10, Off: no, Auto: no},
		{Name: "futuresShareFrac", Unit: "fraction", Doc: "part of the capital that starts in the futures wallet; auto: 1/(leverageTargetX + 1)", Float: &m.FuturesFrac, Min: 0, Max: 1, Off: no, Auto: -1},
		{Name: "feeModel", Doc: "commissions: Binance's schedule by date, or none", Text: &m.Fees, Choices: []string{"binance", "none"}, Off: no, Auto: no},
		{Name: "vipTier", Doc: "fee tier", Int: &m.VIP, Min: 0, Max: 9, Off: no, Auto: no},
		{Name: "bnbFees", Doc: "pay fees in BNB: 25 % less on spot, 10 % on futures", Bool: &m.BNB, Off: no, Auto: no},
		{Name: "spreadModel", Doc: "half spread by traded value: assumed (volume), fitted to recorded tickers (calibrated), its 90th percentile (pessimistic); the same for all, or none", Text: &m.Spread, Choices: []string{"volume", "calibrated", "pessimistic", "fixed", "none"}, Off: no, Auto: no},
		{Name: "halfSpreadFrac", Unit: "fraction", Doc: "half spread at 300 million USDT a day (volume), or of every coin (fixed)", Float: &m.SpreadFrac, Min: 0, Max: 0.05, Off: no, Auto: no},
		{Name: "impactModel", Doc: "price impact of size: square-root law (sqrt), fitted to recorded books (calibrated), its 90th percentile (pessimistic), dearer of sqrt and calibrated (dearer), the same for all, or none", Text: &m.Impact, Choices: []string{"sqrt", "calibrated", "pessimistic", "dearer", "fixed", "none"}, Off: no, Auto: no},
		{Name: "impactFactor", Doc: "factor of the square-root law (sqrt, dearer): x daily volatility x sqrt(value / daily value)", Float: &m.ImpactFactor, Min: 0, Max: 20, Off: no, Auto: no},
		{Name: "impactFrac", Unit: "fraction", Doc: "impact of any order (fixed)", Float: &m.ImpactFrac, Min: 0, Max: 0.05, Off: no, Auto: no},
		{Name: "costScaleX", Unit: "x", Doc: "half spread and impact times this, to see what a result hangs on: 0.5, 1, 2", Float: &m.CostScale, Min: 0, Max: 20, Off: no, Auto: no},
		{Name: "latencyMs", Unit: "ms", Doc: "from decision to market", Int: &m.LatencyMs, Min: 1, Max: 600000, Off: no, Auto: no},
		{Name: "transferDelayS", Unit: "s", Doc: "USDT on its way between the wallets", Int: &m.TransferDelayS, Min: 0, Max: 86400, Off: no, Auto: no},
	}, m.workings()...)
}

func (m *Models) fees() sim.FeeModel {
	if m.Fees == "none" {
		return sim.NoFees{}
	}
	return sim.BinanceFees{VIP: m.VIP, BNB: m.BNB}
}

func (m *Models) quotes() sim.QuoteModels {
	spread := m.spread()
	if m.CostScale != 1 {
		spread = sim.ScaledSpread{Of: spread, TimesX: m.CostScale}
	}
	return sim.QuoteModels{Spread: spread}
}

func (m *Models) spread() sim.SpreadModel {
	switch m.Spread {
	case "none":
		return sim.NoSpread{}
	case "fixed":
		return sim.FixedSpread{Frac: m.SpreadFrac}
	case "calibrated":
		return sim.CalibratedSpread
	case "pessimistic":
		return sim.PessimisticSpread
	}
	s := sim.DefaultSpread
	s.AtReferenceFrac = m.SpreadFrac
	return s
}

func (m *Models) impact() sim.ImpactModel {
	impact := m.impactLaw()
	if m.CostScale != 1 {
		return sim.ScaledImpact{Of: impact, TimesX: m.CostScale}
	}
	return impact
}

func (m *Models) impactLaw() sim.ImpactModel {
	switch m.Impact {
	case "none":
		return sim.NoImpact{}
	case "fixed":
		return sim.FixedImpact{Frac: m.ImpactFrac}
	case "calibrated":
		return sim.CalibratedImpact
	case "pessimistic":
		return sim.PessimisticImpact
	}
	root := sim.SquareRootImpact{Factor: m.ImpactFactor, MaxFrac: sim.DefaultImpact.MaxFrac}
	if m.Impact == "dearer" {
		return sim.DearerImpact{A: root, B: sim.CalibratedImpact}
	}
	return root
}

// options are the exchange's; s is the strategy that trades there, seed what
// chance is drawn from.
func (m *Models) options(s strategy.Settings, seed uint64) sim.Options {
	o := sim.DefaultOptions()
	o.CapitalUSDT = carry.AmountFloor(m.CapitalUSDT)
	share, hedged := m.FuturesFrac, s.Hedge()
	if hedged != nil {
		o.ExchangeLeverageX = hedged.LeverageAtExchange()
	}
	if share < 0 {
		share = 0
		if hedged != nil {
			share = 1 / (hedged.LeverageTargetX + 1)
		}
	}
	o.FuturesUSDT = carry.AmountFloor(m.CapitalUSDT * share)
	o.Fees = m.fees()
	o.Impact = m.impact()
	o.Latency = sim.ConstantLatency{Ms: carry.Time(m.LatencyMs)}
	o.TransferDelay = carry.Time(m.TransferDelayS) * carry.Second
	m.work(&o, seed)
	return o
}

// terms are the fees a desk sizes with: those at the run's start.
func (m *Models) terms(at carry.Time) hedge.Terms {
	f := m.fees().At(at)
	return hedge.Terms{SpotFeeFrac: f.SpotTaker, PerpFeeFrac: f.PerpTaker, FeeInCoin: (!m.BNB || m.BNBStockUSDT > 0) && f.SpotTaker > 0}
}

// costLine says in a few words what a round trip of both legs costs in fees.
func (m *Models) costLine(at carry.Time) string {
	f := m.fees().At(at)
	return fmt.Sprintf("%.0f bp round-trip fees", 2*(f.SpotTaker+f.PerpTaker)*1e4)
}
