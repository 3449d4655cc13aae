package sim

import (
	"fmt"
	"math"

	"carry"
)

// VolumeModel tells how much of a bar's traded volume an order of ours can have
// had by a moment inside the bar, in base units. elapsed is the time since the
// bar's start.
type VolumeModel interface {
	Fillable(barVolume float64, elapsed, step carry.Time) float64
	String() string
}

// AllVolume fills any size at once.
type AllVolume struct{}

// Fillable has no bound.
func (AllVolume) Fillable(float64, carry.Time, carry.Time) float64 { return math.Inf(1) }

// String names the model.
func (AllVolume) String() string { return "any size" }

// ShareOfVolume lets all our orders of a leg together have a share of what the
// bar trades, as its time passes; Depth is how much of that time stands in the
// book when the bar opens.
type ShareOfVolume struct {
	Frac  float64
	Depth carry.Time
}

// DefaultVolume is a tenth of what is traded, with a quarter of an hour's trade
// in the book: of a leg that trades 5 million USDT a day about 5,000 USDT at once
// and 20,000 within an hour.
var DefaultVolume = ShareOfVolume{Frac: 0.1, Depth: 15 * carry.Minute}

// Fillable grows with the time elapsed up to the bar's share.
func (s ShareOfVolume) Fillable(volume float64, elapsed, step carry.Time) float64 {
	part := min(float64(elapsed+s.Depth)/float64(step), 1)
	return float64(s.Frac * volume * part)
}

// String names the model with its figures.
func (s ShareOfVolume) String() string {
	return fmt.Sprintf("%g of the bar's volume as its time passes, %s of it at once", s.Frac, spanText(s.Depth))
}

func spanText(t carry.Time) string {
	return fmt.Sprintf("%g minutes", float64(t)/float64(carry.Minute))
}
