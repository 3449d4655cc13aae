// Package binance is the only one that knows how to talk to Binance. This part
// fetches history: archives, their listing, and the public REST endpoints, within
// the published limits. Facts are from binance.md §1.
package binance
