package sim

import (
	"fmt"
	"math"
)

// ImpactModel tells how far beyond the quote a market order of a given value
// fills, as a fraction of price. dailyValueUSDT is the leg's mean daily traded
// value, dailyVolFrac the coin's daily volatility.
type ImpactModel interface {
	ImpactFrac(valueUSDT, dailyValueUSDT, dailyVolFrac float64) float64
	String() string
}

// NoImpact fills any size at the quote.
type NoImpact struct{}

// ImpactFrac is 0.
func (NoImpact) ImpactFrac(_, _, _ float64) float64 { return 0 }

// String names the model with its figures.
func (NoImpact) String() string { return "none" }

// FixedImpact costs the same fraction at any size.
type FixedImpact struct{ Frac float64 }

// ImpactFrac is the fixed fraction.
func (i FixedImpact) ImpactFrac(_, _, _ float64) float64 { return i.Frac }

// String names the model with its figures.
func (i FixedImpact) String() string { return fmt.Sprintf("fixed %g", i.Frac) }

// SquareRootImpact is the square-root law: Factor × daily volatility ×
// √(order value / daily value), at most MaxFrac. A Factor of 1 is the value
// that studies of large orders agree on within a factor of two.
type SquareRootImpact struct{ Factor, MaxFrac float64 }

// DefaultImpact is the model of an exchange that is told no other. It is dearer
// than CalibratedImpact for orders below 0.04 % of a day's value and cheaper
// above; runs of package lab take the dearer of both (docs/COSTS.md).
var DefaultImpact = SquareRootImpact{Factor: 1, MaxFrac: 0.05}

// ImpactFrac follows the square-root law; with an unknown daily value it is
// MaxFrac.
func (i SquareRootImpact) ImpactFrac(value, daily, vol float64) float64 {
	if value <= 0 {
		return 0
	}
	if !(daily > 0) {
		return i.MaxFrac
	}
	x := i.Factor * vol * math.Sqrt(value/daily)
	if x > i.MaxFrac || x != x {
		return i.MaxFrac
	}
	return x
}

// String names the model with its figures.
func (i SquareRootImpact) String() string {
	return fmt.Sprintf("square root: %g × daily volatility × √(value / daily value)", i.Factor)
}

// BookImpact is the law of walking a book at once: Factor × daily volatility ×
// (order value / daily value)^¾, at most MaxFrac. Books are thin at the touch
// and thicken outward, so cost grows faster than the square root, which holds
// for orders worked over hours. Name is what the report calls it.
type BookImpact struct {
	Factor, MaxFrac float64
	Name            string
}

// ImpactFrac follows the law; with an unknown daily value it is MaxFrac.
func (i BookImpact) ImpactFrac(value, daily, vol float64) float64 {
	if value <= 0 {
		return 0
	}
	if !(daily > 0) {
		return i.MaxFrac
	}
	root := math.Sqrt(value / daily)
	x := i.Factor * vol * root * math.Sqrt(root)
	if x > i.MaxFrac || x != x {
		return i.MaxFrac
	}
	return x
}

// String names the model with its figures.
func (i BookImpact) String() string {
	return fmt.Sprintf("%s: %g × daily volatility × (value / daily value)^0.75", i.Name, i.Factor)
}

// DearerImpact charges the dearer of two models: neither small nor large orders
// are flattered.
type DearerImpact struct{ A, B ImpactModel }

// ImpactFrac is the larger of both.
func (d DearerImpact) ImpactFrac(value, daily, vol float64) float64 {
	return max(d.A.ImpactFrac(value, daily, vol), d.B.ImpactFrac(value, daily, vol))
}

// String names both models.
func (d DearerImpact) String() string { return fmt.Sprintf("the dearer of %s and %s", d.A, d.B) }
