package carry

import (
	"encoding/json"
	"math"
)

// finite is nil for the values that JSON cannot write, so that they become
// null.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// MarshalJSON writes null for a premium of a leg that did not trade.
func (t Trip) MarshalJSON() ([]byte, error) {
	type plain Trip
	return json.Marshal(struct {
		plain
		EntryPremium *float64 `json:"entry_premium_frac"`
		ExitPremium  *float64 `json:"exit_premium_frac"`
	}{plain(t), finite(t.EntryPremium), finite(t.ExitPremium)})
}

// MarshalJSON writes null where there was no short to be liquidated.
func (x Extremes) MarshalJSON() ([]byte, error) {
	type plain Extremes
	return json.Marshal(struct {
		plain
		NearestLiquidation *float64 `json:"nearest_liquidation_frac"`
		MaxLeverage        *float64 `json:"max_leverage_x"`
	}{plain(x), finite(x.NearestLiquidation), finite(x.MaxLeverage)})
}

// MarshalJSON writes null for numbers behind a decision that are not finite.
func (h Happening) MarshalJSON() ([]byte, error) {
	type plain Happening
	return json.Marshal(struct {
		plain
		X [3]*float64 `json:"x"`
	}{plain(h), [3]*float64{finite(h.X[0]), finite(h.X[1]), finite(h.X[2])}})
}
