package hedge

import (
	"errors"
	"fmt"

	"carry"
)

// Params are the settings that every hedged book shares: sizes, limits,
// leverage and the wallets. Names, defaults and ranges are the user's; Table
// is the only list of them.
type Params struct {
	TotalLimitUSDT     float64 // 0: equity × (1 − reserve) × L/(L+1)
	CoinLimitUSDT      float64 // 0: total / CoinsTargetN
	CoinsTargetN       int
	TopUpBelowFrac     float64
	RiseTrimFrac       float64
	ReopenAfterH       float64
	CloseWaitMaxH      float64
	ClosePremiumMax    float64
	SliceUSDT          float64
	SliceGapS          float64
	SlicesMaxN         int
	MaxBarVolumeFrac   float64
	LeverageTargetX    float64
	LeverageAlarmX     float64
	LeverageReduceX    float64
	LeverageEmergencyX float64
	ExchangeLeverageX  float64 // 0: ten, or what the bracket allows
	BalanceBandFrac    float64
	ReduceMayTransfer  bool
	TransferMinUSDT    float64
	TransferGapS       float64
	ReserveFrac        float64
	LegGapMaxLots      int
	VerifyReadsN       int
	VerifyDelayS       float64
	ForeignChange      string
	Direction          string
	SettleBlackoutS    float64
	QuoteMaxAgeS       float64
	LegSkewMaxS        float64
	ProfitAdjustUSDT   float64
	ProfitAdjustNote   string
}

// Defaults are this project's values; strategy.md gives the reasons.
func Defaults() Params {
	return Params{
		CoinsTargetN: 10, TopUpBelowFrac: 0.75, RiseTrimFrac: 0.5, ReopenAfterH: 24,
		CloseWaitMaxH: 24, ClosePremiumMax: 0.001, SliceUSDT: 200, SliceGapS: 5, SlicesMaxN: 20, MaxBarVolumeFrac: 0.01,
		LeverageTargetX: 2, LeverageAlarmX: 2.5, LeverageReduceX: 3, LeverageEmergencyX: 5,
		BalanceBandFrac: 0.05, ReduceMayTransfer: true, TransferMinUSDT: 50, TransferGapS: 60,
		ReserveFrac: 0.02, LegGapMaxLots: 1, Direction: "both",
		VerifyReadsN: 2, VerifyDelayS: 5, ForeignChange: "halt", SettleBlackoutS: 60, QuoteMaxAgeS: 3, LegSkewMaxS: 1,
	}
}

// never is the value of a leverage threshold that is off.
const never = 1e9

// Table lists the settings with their ranges.
func (p *Params) Table() []carry.Param {
	no := carry.NoValue
	return []carry.Param{
		{Name: "totalLimitUSDT", Unit: "USDT", Doc: "short notional of all coins; auto: equity x (1 - reserve) x L/(L+1)", Float: &p.TotalLimitUSDT, Min: 0, Max: 1e12, Off: no, Auto: 0},
		{Name: "coinLimitUSDT", Unit: "USDT", Doc: "short notional of one coin; auto: total / coinsTargetN", Float: &p.CoinLimitUSDT, Min: 0, Max: 1e12, Off: no, Auto: 0},
		{Name: "coinsTargetN", Doc: "number of coins the total is spread over", Int: &p.CoinsTargetN, Min: 1, Max: 400, Off: no, Auto: no},
		{Name: "topUpBelowFrac", Unit: "fraction", Doc: "refill a coin whose value is below this share of its limit while it may be opened; off: never", Float: &p.TopUpBelowFrac, Min: 0, Max: 1, Off: 0, Auto: no},
		{Name: "riseTrimFrac", Unit: "fraction", Doc: "cut a coin to its limit when its value exceeds limit x (1 + this) (S4)", Float: &p.RiseTrimFrac, Min: 0.1, Max: 10, Off: 0, Auto: no},
		{Name: "reopenAfterH", Unit: "h", Doc: "wait after a close before the coin may be opened again", Float: &p.ReopenAfterH, Min: 0, Max: 720, Off: no, Auto: no},
		{Name: "closePremiumMaxFrac", Unit: "fraction", Doc: "patient closings wait for a closing premium at or below this (S8)", Float: &p.ClosePremiumMax, Min: -0.05, Max: 0.05, Off: no, Auto: no},
		{Name: "closeWaitMaxH", Unit: "h", Doc: "longest wait of a patient closing", Float: &p.CloseWaitMaxH, Min: 0, Max: 720, Off: no, Auto: no},
		{Name: "sliceUSDT", Unit: "USDT", Doc: "iceberg: largest slice of both legs, and smallest opening worth beginning, at most half a coin's limit (S6)", Float: &p.SliceUSDT, Min: 1, Max: 1e9, Off: no, Auto: no},
		{Name: "sliceGapS", Unit: "s", Doc: "time between two slices of a coin; the next one also waits until both legs of the last are filled", Float: &p.SliceGapS, Min: 0, Max: 3600, Off: no, Auto: no},
		{Name: "slicesMaxN", Doc: "larger books: a coin is filled in at most this many slices, which are then larger than sliceUSDT; off: whole orders", Int: &p.SlicesMaxN, Min: 1, Max: 10000, Off: 0, Auto: no},
		{Name: "maxBarVolumeFrac", Unit: "fraction", Doc: "openings of a coin within an hour as a share of the last bar's traded value; off: unlimited", Float: &p.MaxBarVolumeFrac, Min: 0.0001, Max: 1, Off: 0, Auto: no},
		{Name: "leverageTargetX", Unit: "x", Doc: "used leverage aimed at: short notional / futures margin balance (S11)", Float: &p.LeverageTargetX, Min: 0.5, Max: 10, Off: no, Auto: no},
		{Name: "leverageAlarmX", Unit: "x", Doc: "alarm, no openings (S12)", Float: &p.LeverageAlarmX, Min: 0.5, Max: 1e6, Off: never, Auto: no},
		{Name: "leverageReduceX", Unit: "x", Doc: "reduce both legs to the target (S13)", Float: &p.LeverageReduceX, Min: 0.5, Max: 1e6, Off: never, Auto: no},
		{Name: "leverageEmergencyX", Unit: "x", Doc: "reduce the largest coins first, whole, without gates", Float: &p.LeverageEmergencyX, Min: 0.5, Max: 1e6, Off: never, Auto: no},
		{Name: "exchangeLeverageX", Unit: "x", Doc: "leverage set at the exchange, which bounds what can be opened and withdrawn; auto: 10, at least leverageEmergencyX, at most what the bracket of a full coin allows", Float: &p.ExchangeLeverageX, Min: 1, Max: 125, Off: no, Auto: 0},
		{Name: "balanceBandFrac", Unit: "fraction", Doc: "move USDT between the wallets when they are off target by this share of equity; off: no routine transfers (S14)", Float: &p.BalanceBandFrac, Min: 0.001, Max: 1, Off: 0, Auto: no},
		{Name: "reduceMayTransfer", Doc: "a reduction may move its own proceeds even without a rebalancing ratio", Bool: &p.ReduceMayTransfer, Off: no, Auto: no},
		{Name: "transferMinUSDT", Unit: "USDT", Doc: "smallest transfer", Float: &p.TransferMinUSDT, Min: 1, Max: 1e9, Off: no, Auto: no},
		{Name: "transferGapS", Unit: "s", Doc: "time between two transfers", Float: &p.TransferGapS, Min: 10, Max: 86400, Off: no, Auto: no},
		{Name: "reserveFrac", Unit: "fraction", Doc: "share of equity never invested", Float: &p.ReserveFrac, Min: 0, Max: 0.5, Off: no, Auto: no},
		{Name: "legGapMaxLots", Unit: "lots", Doc: "tolerated difference between the legs (S15)", Int: &p.LegGapMaxLots, Min: 1, Max: 10, Off: no, Auto: no},
		{Name: "verifyReadsN", Doc: "equal readings of a difference between the legs before it is repaired (S16)", Int: &p.VerifyReadsN, Min: 1, Max: 10, Off: no, Auto: no},
		{Name: "verifyDelayS", Unit: "s", Doc: "time between two such readings", Float: &p.VerifyDelayS, Min: 0, Max: 60, Off: no, Auto: no},
		{Name: "foreignChange", Doc: "a trade that is not ours: halt (hands off, no openings or closings until a person resumes), adopt (take it as ours), ignore (hands off, go on) (S16)", Text: &p.ForeignChange, Choices: []string{"halt", "adopt", "ignore"}, Off: no, Auto: no},
		{Name: "settleBlackoutS", Unit: "s", Doc: "no orders this long before and after a coin's settlement, but for repairs and emergencies", Float: &p.SettleBlackoutS, Min: 0, Max: 600, Off: no, Auto: no},
		{Name: "quoteMaxAgeS", Unit: "s", Doc: "no decision on a coin whose quotes are older", Float: &p.QuoteMaxAgeS, Min: 0.1, Max: 3600, Off: no, Auto: no},
		{Name: "legSkewMaxS", Unit: "s", Doc: "no decision on a coin whose two legs were quoted further apart", Float: &p.LegSkewMaxS, Min: 0.1, Max: 3600, Off: no, Auto: no},
		{Name: "profitAdjustUSDT", Unit: "USDT", Doc: "added to the profit that is shown, never to the books (S20)", Float: &p.ProfitAdjustUSDT, Min: -1e12, Max: 1e12, Off: no, Auto: no},
		{Name: "profitAdjustNote", Doc: "date and reason of profitAdjustUSDT, shown beside it", Text: &p.ProfitAdjustNote, Off: no, Auto: no},
		{Name: "direction", Doc: "which way the book may change (S19)", Text: &p.Direction, Choices: []string{"both", "open", "close", "hold"}, Off: no, Auto: no},
	}
}

// LeverageAtExchange is the leverage to be set there before brackets bound it.
func (p *Params) LeverageAtExchange() float64 {
	switch {
	case p.ExchangeLeverageX != 0:
		return p.ExchangeLeverageX
	case p.LeverageEmergencyX != never:
		return min(125, max(10, p.LeverageEmergencyX))
	}
	return 10
}

// Validate refuses settings that contradict each other.
func (p *Params) Validate() error {
	switch {
	case p.LeverageAlarmX <= p.LeverageTargetX:
		return fmt.Errorf("leverageAlarmX %g must be above leverageTargetX %g: the alarm would ring at the target", p.LeverageAlarmX, p.LeverageTargetX)
	case p.LeverageReduceX < p.LeverageAlarmX:
		return fmt.Errorf("leverageReduceX %g must not be below leverageAlarmX %g", p.LeverageReduceX, p.LeverageAlarmX)
	case p.LeverageEmergencyX <= p.LeverageReduceX && p.LeverageEmergencyX != never:
		return fmt.Errorf("leverageEmergencyX %g must be above leverageReduceX %g", p.LeverageEmergencyX, p.LeverageReduceX)
	case p.ExchangeLeverageX != 0 && p.LeverageEmergencyX != never && p.ExchangeLeverageX < p.LeverageEmergencyX:
		return fmt.Errorf("exchangeLeverageX %g must not be below leverageEmergencyX %g: the exchange would refuse what the book may reach", p.ExchangeLeverageX, p.LeverageEmergencyX)
	case p.CoinLimitUSDT > 0 && p.TotalLimitUSDT > 0 && p.CoinLimitUSDT > p.TotalLimitUSDT:
		return errors.New("coinLimitUSDT must not exceed totalLimitUSDT")
	case p.ProfitAdjustUSDT != 0 && p.ProfitAdjustNote == "":
		return errors.New("profitAdjustUSDT needs profitAdjustNote: the date and the reason")
	}
	return nil
}
