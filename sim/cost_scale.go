package sim

import "fmt"

// ScaledSpread multiplies a model's half spread, to see how much a result hangs
// on it. The quotes' rounding to ticks is not scaled.
type ScaledSpread struct {
	Of     SpreadModel
	TimesX float64
}

// HalfSpreadFrac is the model's, scaled.
func (s ScaledSpread) HalfSpreadFrac(daily float64) float64 {
	return float64(s.TimesX * s.Of.HalfSpreadFrac(daily))
}

// String names the model with its figures.
func (s ScaledSpread) String() string { return fmt.Sprintf("%g times %s", s.TimesX, s.Of) }

// ScaledImpact multiplies a model's impact.
type ScaledImpact struct {
	Of     ImpactModel
	TimesX float64
}

// ImpactFrac is the model's, scaled.
func (s ScaledImpact) ImpactFrac(value, daily, vol float64) float64 {
	return float64(s.TimesX * s.Of.ImpactFrac(value, daily, vol))
}

// String names the model with its figures.
func (s ScaledImpact) String() string { return fmt.Sprintf("%g times %s", s.TimesX, s.Of) }
