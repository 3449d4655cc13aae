// Package carry is the vocabulary of a funding-rate arbitrage system: short a
// coin's USDT perpetual, hold the coin on spot, collect the funding rate.
//
// The root package holds the words every other room shares (Time, Price, Qty,
// Event, Command, Market, Tape, Result) and the one formula all of them need:
// Binance's funding rate. It knows no exchange client, no SQL and no clock.
//
// A run is a conversation between a Core, which decides, and a venue, which is
// either the simulator or the real exchange:
//
//	event → journal → Core.Step → gate → journal → venue.Submit
//
// Outcomes come back only as events, so the same bytes of decision logic run in
// both worlds.
package carry
