package funding

import (
	"fmt"
	"strings"

	"carry"
	"carry/strategy/hedge"
)

// Params are the settings of the funding strategy on top of the desk's.
// Fractions are of 1; rates are per eight hours.
type Params struct {
	hedge.Params
	Coins            string
	ScreenN          int
	OpenMeanMin      float64
	CloseMeanMax     float64
	MinAgeD          float64
	MinVolumeUSDT    float64
	MaxDailyVol      float64
	WorstRateMin     float64
	OpenRateMin      float64
	OpenPremiumMin   float64
	NegPremiumFloor  float64
	CloseRateMax     float64
	ClosePremiumTake float64
	RiseClose        float64
}

// off switches a rule off that has no natural neutral value.
const off = -9

// Defaults are this project's values, chosen on known data.
func Defaults() Params {
	return Params{
		Params: hedge.Defaults(), Coins: "auto", ScreenN: 100, OpenMeanMin: 0.0001, CloseMeanMax: 0,
		MinAgeD: 34, MinVolumeUSDT: 5e6, MaxDailyVol: 0.15, WorstRateMin: -0.005, OpenRateMin: 0.0001,
		OpenPremiumMin: 0, NegPremiumFloor: -0.001, CloseRateMax: -0.002, ClosePremiumTake: off, RiseClose: 0,
	}
}

// Seed are the original author's numbers where he gave any.
func Seed() Params {
	p := Defaults()
	p.OpenMeanMin, p.OpenRateMin, p.CloseMeanMax = 0.0002, 0.0002, off
	p.CoinsTargetN, p.RiseClose = 30, 0.5
	return p
}

// Table lists all settings, the desk's included.
func (p *Params) Table() []carry.Param {
	no := carry.NoValue
	own := []carry.Param{
		{Name: "coins", Doc: "auto, or the only coins allowed, separated by commas (S2)", Text: &p.Coins, Off: no, Auto: no},
		{Name: "screenN", Unit: "x 8 h", Doc: "window of the mean rate (S1); a coin without a full window is not eligible", Int: &p.ScreenN, Min: 3, Max: 1000, Off: no, Auto: no},
		{Name: "openMeanMinFrac", Unit: "per 8 h", Doc: "open only coins whose mean rate is at least this (S1)", Float: &p.OpenMeanMin, Min: -0.01, Max: 0.01, Off: off, Auto: no},
		{Name: "closeMeanMaxFrac", Unit: "per 8 h", Doc: "patiently close coins whose mean rate falls below this (S2)", Float: &p.CloseMeanMax, Min: -0.01, Max: 0.01, Off: off, Auto: no},
		{Name: "minAgeD", Unit: "d", Doc: "too new: days since the perpetual was listed (S2)", Float: &p.MinAgeD, Min: 0, Max: 1000, Off: no, Auto: no},
		{Name: "minVolumeUSDT", Unit: "USDT a day", Doc: "too thin: 7-day median of the smaller leg's traded value (S2)", Float: &p.MinVolumeUSDT, Min: 0, Max: 1e12, Off: no, Auto: no},
		{Name: "maxDailyVolFrac", Unit: "fraction", Doc: "too wild: standard deviation of daily returns over 30 days (S2)", Float: &p.MaxDailyVol, Min: 0.001, Max: 1, Off: 0, Auto: no},
		{Name: "worstRateMinFrac", Unit: "per settlement", Doc: "not opened with a settlement below this in the window (S2)", Float: &p.WorstRateMin, Min: -0.04, Max: 0, Off: off, Auto: no},
		{Name: "openRateMinFrac", Unit: "per 8 h", Doc: "open when the predicted rate is at least this (S3)", Float: &p.OpenRateMin, Min: -0.05, Max: 0.04, Off: off, Auto: no},
		{Name: "openPremiumMinFrac", Unit: "fraction", Doc: "open when perp bid / spot ask - 1 is at least this (S8)", Float: &p.OpenPremiumMin, Min: -0.05, Max: 0.05, Off: off, Auto: no},
		{Name: "negPremiumFloorFrac", Unit: "fraction", Doc: "never open against a premium below this (S9)", Float: &p.NegPremiumFloor, Min: -0.05, Max: 0, Off: off, Auto: no},
		{Name: "closeRateMaxFrac", Unit: "per 8 h", Doc: "close at once when the predicted rate is at or below this (S5)", Float: &p.CloseRateMax, Min: -0.04, Max: 0.01, Off: off, Auto: no},
		{Name: "closePremiumTakeFrac", Unit: "fraction", Doc: "close at once when perp ask / spot bid - 1 is at or below this: profit to take", Float: &p.ClosePremiumTake, Min: -0.2, Max: -0.003, Off: off, Auto: no},
		{Name: "riseCloseFrac", Unit: "fraction", Doc: "patiently close when the price is this far above the average entry (S4)", Float: &p.RiseClose, Min: 0.1, Max: 10, Off: 0, Auto: no},
	}
	return append(own, p.Params.Table()...)
}

// Validate refuses settings under which opening and closing rules could be true
// at once, and names the two.
func (p *Params) Validate() error {
	if err := p.Params.Validate(); err != nil {
		return err
	}
	if p.CloseRateMax != off && p.OpenRateMin != off && p.CloseRateMax >= p.OpenRateMin {
		return fmt.Errorf("closeRateMaxFrac %g must be below openRateMinFrac %g: the same rate would open and close", p.CloseRateMax, p.OpenRateMin)
	}
	if p.CloseMeanMax != off && p.OpenMeanMin != off && p.CloseMeanMax >= p.OpenMeanMin {
		return fmt.Errorf("closeMeanMaxFrac %g must be below openMeanMinFrac %g: the same mean would open and close", p.CloseMeanMax, p.OpenMeanMin)
	}
	if p.ClosePremiumTake != off && p.OpenPremiumMin == off && p.NegPremiumFloor == off {
		return fmt.Errorf("closePremiumTakeFrac %g needs openPremiumMinFrac or negPremiumFloorFrac above it: the same premium would open and close", p.ClosePremiumTake)
	}
	if p.ClosePremiumTake != off && max(p.OpenPremiumMin, p.NegPremiumFloor) <= p.ClosePremiumTake {
		return fmt.Errorf("closePremiumTakeFrac %g must be below the opening premium %g", p.ClosePremiumTake, max(p.OpenPremiumMin, p.NegPremiumFloor))
	}
	return nil
}

// named reports the coins asked for by hand; nil means all.
func (p *Params) named() []string {
	if p.Coins == "" || p.Coins == "auto" {
		return nil
	}
	return strings.Split(p.Coins, ",")
}
