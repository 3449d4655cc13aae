package sim

// The figures below are fitted to recorded books and tickers by
// internal/calibrate, whose test fails where they differ from the fit beyond
// rounding. docs/COSTS.md tells the fit, its error and what it does not cover.

// CalibratedSpread is the median law of 38 legs quoted on 2026-07-15 (BTC and
// ETH, whose quotes are narrower than it says, left out). The quotes' rounding
// to ticks comes on top, so that no leg is charged less than it was quoted. The
// largest is wider than 99 % of all pairs were.
var CalibratedSpread = VolumeSpread{AtReferenceFrac: 0.000069, ReferenceUSDT: 3e8, MinFrac: 0.000001, MaxFrac: 0.006,
	Name: "calibrated"}

// PessimisticSpread is CalibratedSpread times the 90th percentile of observed
// over fitted, 3.04; its largest is the widest of all pairs quoted.
var PessimisticSpread = VolumeSpread{AtReferenceFrac: 0.00021, ReferenceUSDT: 3e8, MinFrac: 0.000003, MaxFrac: 0.0182,
	Name: "pessimistic"}

// CalibratedImpact is fitted to orders of 1,000 to 1,000,000 USDT that walk the
// recorded perpetual books of BTC and ETH (2024-08-08). Spot's factor is 2.6,
// but the perpetual's is used for both legs. The depth within 1 % of seven
// perpetuals in 2023-2025 implies 6.4 without having been fitted.
var CalibratedImpact = BookImpact{Factor: 7.1, MaxFrac: 0.05, Name: "calibrated"}

// PessimisticImpact has the 90th percentile of the factors that the depth
// within 1 % implies, over coins and settlements.
var PessimisticImpact = BookImpact{Factor: 9.8, MaxFrac: 0.1, Name: "pessimistic"}
