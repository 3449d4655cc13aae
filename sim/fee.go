package sim

import (
	"fmt"
	"math"

	"carry"
)

// FeeModel tells the commission rates in force at a time.
type FeeModel interface {
	At(t carry.Time) carry.Fees
	String() string
}

// NoFees charges nothing.
type NoFees struct{}

// At is all zeros.
func (NoFees) At(carry.Time) carry.Fees { return carry.Fees{} }

// String names the model.
func (NoFees) String() string { return "none" }

// FixedFees charges the same taker rates at all times.
type FixedFees struct{ SpotTaker, PerpTaker float64 }

// At is the fixed rates; makers pay the same.
func (f FixedFees) At(carry.Time) carry.Fees {
	return carry.Fees{SpotMaker: f.SpotTaker, SpotTaker: f.SpotTaker, PerpMaker: f.PerpTaker, PerpTaker: f.PerpTaker}
}

// String names the model with its figures.
func (f FixedFees) String() string {
	return fmt.Sprintf("fixed: spot %g, perp %g", f.SpotTaker, f.PerpTaker)
}

// perpTakerRaise is when the futures taker fee of VIP 0 rose from 0.04 % to
// 0.05 %. The exact day is not known, only that it lies between a recorded
// trade of 2023-11-14 and a position of 2024-07-28 (binance.md §2.4): the
// earliest day is the one that flatters least.
const perpTakerRaise carry.Time = 1700006400000 // 2023-11-15

// BinanceFees is the published schedule by VIP tier and date. With BNB the spot
// fee is a quarter lower and the futures fee a tenth, and the fee is taken in
// USDT: the stock of BNB is assumed to be refilled at no cost.
type BinanceFees struct {
	VIP int // 0..9
	BNB bool
}

// vipFees are today's maker and taker rates in percent, by tier (binance.md
// §2.4; those above tier 0 come from third-party tables).
var vipFees = [10]struct{ spotMaker, spotTaker, perpMaker, perpTaker float64 }{
	{.10, .10, .02, .05}, {.09, .10, .016, .04}, {.08, .10, .014, .035}, {.042, .06, .012, .032},
	{.042, .054, .010, .030}, {.036, .048, .008, .027}, {.03, .042, .006, .025}, {.024, .036, .004, .022},
	{.018, .03, .002, .020}, {.012, .024, 0, .017},
}

// Validate returns an error for a tier that does not exist.
func (b BinanceFees) Validate() error {
	if b.VIP < 0 || b.VIP >= len(vipFees) {
		return fmt.Errorf("VIP tier %d does not exist (0..%d)", b.VIP, len(vipFees)-1)
	}
	return nil
}

// At is the schedule in force at t.
func (b BinanceFees) At(t carry.Time) carry.Fees {
	v := vipFees[b.VIP]
	f := carry.Fees{SpotMaker: v.spotMaker / 100, SpotTaker: v.spotTaker / 100,
		PerpMaker: v.perpMaker / 100, PerpTaker: v.perpTaker / 100, Note: "binance.md §2.4"}
	if b.VIP == 0 && t < perpTakerRaise {
		f.PerpTaker = 0.0004
	}
	if b.BNB {
		f.SpotMaker *= 0.75
		f.SpotTaker *= 0.75
		f.PerpMaker *= 0.9
		f.PerpTaker *= 0.9
	}
	return f
}

// String names the model with its figures.
func (b BinanceFees) String() string {
	s := fmt.Sprintf("Binance VIP %d by date", b.VIP)
	if b.BNB {
		s += ", paid in BNB"
	}
	return s
}

// feeTicks turns a rate into steps of 1e-8, the grid fees are charged on.
func feeTicks(frac float64) int64 { return int64(math.Floor(float64(frac*carry.Unit) + 0.5)) }
