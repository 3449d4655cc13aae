// Package calibrate fits the cost models of package sim to recorded books,
// tickers and bars: the half spread of both legs, and the cost of walking the
// book. It reads files in the layout of the recorded history and imports nothing
// of ours, so that its test can hold sim's constants against the fit.
//
// What it measures and what it cannot is told in docs/COSTS.md.
package calibrate
