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
	MaxBarVolumeFrac   float64
	LeverageTargetX    float64
	LeverageAlarmX     float64
	LeverageReduceX    float64
	LeverageEmergencyX float64
	BalanceBandFrac    float64
	ReduceMayTransfer  bool
	TransferMinUSDT    float64
	TransferGapS       float64
	ReserveFrac        float64
	LegGapMaxLots      int
	Direction          string
}

// Defaults are this project's values; strategy.md gives the reasons.
func Defaults() Params {
	return Params{
		CoinsTargetN: 10, TopUpBelowFrac: 0.75, RiseTrimFrac: 0.5, ReopenAfterH: 24,
		CloseWaitMaxH: 24, ClosePremiumMax: 0.001, SliceUSDT: 200, MaxBarVolumeFrac: 0.01,
		LeverageTargetX: 2, LeverageAlarmX: 2.5, LeverageReduceX: 3, LeverageEmergencyX: 5,
		BalanceBandFrac: 0.05, ReduceMayTransfer: true, TransferMinUSDT: 50, TransferGapS: 60,
		ReserveFrac: 0.02, LegGapMaxLots: 1, Direction: "both",
	}
}

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
		{Name: "sliceUSDT", Unit: "USDT", Doc: "smallest order worth sending, at most half a coin's limit; raised to 1.02 x the larger leg minimum (S6)", Float: &p.SliceUSDT, Min: 1, Max: 1e9, Off: no, Auto: no},
		{Name: "maxBarVolumeFrac", Unit: "fraction", Doc: "largest opening order as a share of the last bar's traded value; off: unlimited", Float: &p.MaxBarVolumeFrac, Min: 0.0001, Max: 1, Off: 0, Auto: no},
		{Name: "leverageTargetX", Unit: "x", Doc: "used leverage aimed at: short notional / futures margin balance (S11)", Float: &p.LeverageTargetX, Min: 0.5, Max: 10, Off: no, Auto: no},
		{Name: "leverageAlarmX", Unit: "x", Doc: "alarm, no openings (S12)", Float: &p.LeverageAlarmX, Min: 0.5, Max: 1e6, Off: no, Auto: no},
		{Name: "leverageReduceX", Unit: "x", Doc: "reduce both legs to the target (S13)", Float: &p.LeverageReduceX, Min: 0.5, Max: 1e6, Off: no, Auto: no},
		{Name: "leverageEmergencyX", Unit: "x", Doc: "reduce the largest coins first, without gates", Float: &p.LeverageEmergencyX, Min: 0.5, Max: 1e6, Off: no, Auto: no},
		{Name: "balanceBandFrac", Unit: "fraction", Doc: "move USDT between the wallets when they are off target by this share of equity; off: no routine transfers (S14)", Float: &p.BalanceBandFrac, Min: 0.001, Max: 1, Off: 0, Auto: no},
		{Name: "reduceMayTransfer", Doc: "a reduction may move its own proceeds even without a rebalancing ratio", Bool: &p.ReduceMayTransfer, Off: no, Auto: no},
		{Name: "transferMinUSDT", Unit: "USDT", Doc: "smallest transfer", Float: &p.TransferMinUSDT, Min: 1, Max: 1e9, Off: no, Auto: no},
		{Name: "transferGapS", Unit: "s", Doc: "time between two transfers", Float: &p.TransferGapS, Min: 10, Max: 86400, Off: no, Auto: no},
		{Name: "reserveFrac", Unit: "fraction", Doc: "share of equity never invested", Float: &p.ReserveFrac, Min: 0, Max: 0.5, Off: no, Auto: no},
		{Name: "legGapMaxLots", Unit: "lots", Doc: "tolerated difference between the legs (S15)", Int: &p.LegGapMaxLots, Min: 1, Max: 10, Off: no, Auto: no},
		{Name: "direction", Doc: "which way the book may change (S19)", Text: &p.Direction, Choices: []string{"both", "open", "close", "hold"}, Off: no, Auto: no},
	}
}

// Validate refuses settings that contradict each other.
func (p *Params) Validate() error {
	switch {
	case p.LeverageAlarmX <= p.LeverageTargetX:
		return fmt.Errorf("leverageAlarmX %g must be above leverageTargetX %g: the alarm would ring at the target", p.LeverageAlarmX, p.LeverageTargetX)
	case p.LeverageReduceX < p.LeverageAlarmX:
		return fmt.Errorf("leverageReduceX %g must not be below leverageAlarmX %g", p.LeverageReduceX, p.LeverageAlarmX)
	case p.LeverageEmergencyX <= p.LeverageReduceX:
		return fmt.Errorf("leverageEmergencyX %g must be above leverageReduceX %g", p.LeverageEmergencyX, p.LeverageReduceX)
	case p.CoinLimitUSDT > 0 && p.TotalLimitUSDT > 0 && p.CoinLimitUSDT > p.TotalLimitUSDT:
		return errors.New("coinLimitUSDT must not exceed totalLimitUSDT")
	}
	return nil
}
