package carry

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// JSON has no word for NaN and infinity; a result with a leg that never traded
// and a book without shorts must still be readable, and say null there.
func TestResultsWithoutANumberSayNull(t *testing.T) {
	trip := Trip{Coin: "SOL", EntryPremium: 0.001, ExitPremium: math.NaN(), OpenCode: "open", Attribution: Attribution{Total: 5}}
	x := Extremes{NearestLiquidation: math.Inf(1), MaxLeverage: math.Inf(1), MaxDrawdown: -0.25, NearestLiquidationAt: 7}
	h := Happening{Coin: "SOL", Code: "alarm", X: [3]float64{math.Inf(1), 2, math.NaN()}}
	text, err := json.Marshal(Result{Trips: []Trip{trip}, Extremes: x, Happenings: []Happening{h}})
	if err != nil {
		t.Fatalf("write a result: %v", err)
	}
	var back struct {
		Trips []struct {
			Coin         string   `json:"coin"`
			OpenReason   string   `json:"open_reason"`
			EntryPremium *float64 `json:"entry_premium_frac"`
			ExitPremium  *float64 `json:"exit_premium_frac"`
			Attribution  Attribution
		}
		Extremes struct {
			MaxDrawdown        float64  `json:"max_drawdown_frac"`
			NearestLiquidation *float64 `json:"nearest_liquidation_frac"`
			MaxLeverage        *float64 `json:"max_leverage_x"`
			At                 Time     `json:"nearest_liquidation_at_ms"`
		}
		Happenings []struct {
			Reason string
			X      []*float64
		}
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatalf("read it back: %v\n%s", err, text)
	}
	got := back.Trips[0]
	if got.ExitPremium != nil || got.EntryPremium == nil || *got.EntryPremium != 0.001 || got.Coin != "SOL" || got.OpenReason != "open" || got.Attribution.Total != 5 {
		t.Errorf("the trip came back as %+v", got)
	}
	e := back.Extremes
	if e.NearestLiquidation != nil || e.MaxLeverage != nil || e.MaxDrawdown != -0.25 || e.At != 7 {
		t.Errorf("the extremes came back as %+v", e)
	}
	if hx := back.Happenings[0].X; len(hx) != 3 || hx[0] != nil || hx[2] != nil || *hx[1] != 2 || back.Happenings[0].Reason != "alarm" {
		t.Errorf("the happening came back as %+v", back.Happenings[0])
	}
	if n := strings.Count(string(text), "entry_premium_frac"); n != 1 {
		t.Errorf("a field stands %d times in the file", n)
	}
	// Finite figures are written, not nulled.
	text, err = json.Marshal(Extremes{NearestLiquidation: 0.46, MaxLeverage: 2})
	if err != nil || !strings.Contains(string(text), `"nearest_liquidation_frac":0.46`) || !strings.Contains(string(text), `"max_leverage_x":2`) {
		t.Errorf("finite extremes are written %s, %v", text, err)
	}
}

func TestCurvesKnowTheirTimes(t *testing.T) {
	c := Curve{Start: 1000 * Day, Step: Hour}
	if c.At(0) != 1000*Day || c.At(25) != 1001*Day+Hour {
		t.Errorf("samples 0 and 25 are at %s and %s", c.At(0), c.At(25))
	}
}
