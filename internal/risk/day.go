package risk

import "carry"

// dayLoss watches what a UTC day loses. It learns from events alone, so that a
// journal's replay comes to the same verdict.
type dayLoss struct {
	day   carry.Time // the day's beginning; 0 before the first look
	first float64    // equity when it began, or at the first look on it
	stop  bool
	known bool
}

// see takes equity at a moment. A day begins with what the first look on it shows.
func (d *dayLoss) see(at carry.Time, equity, lossMaxFrac float64) {
	if day := at.Floor(carry.Day); !d.known || day > d.day {
		d.day, d.first, d.stop, d.known = day, equity, false, true
	}
	if equity < d.first*(1-lossMaxFrac) {
		d.stop = true
	}
}

// flow takes a deposit (> 0) or a withdrawal, which is no gain and no loss.
func (d *dayLoss) flow(usdt float64) { d.first += usdt }

// stopped tells whether nothing may be opened at a time. Equity that comes back
// does not open the gate again before midnight.
func (d *dayLoss) stopped(at carry.Time) bool { return d.stop && at.Floor(carry.Day) == d.day }

// DayLost tells whether the day's loss stopped openings, and the equity that it is
// held against.
func (g *Gate) DayLost(at carry.Time) (stopped bool, first float64) {
	return g.day.stopped(at), g.day.first
}
