// Package swarm drives the client through thousands of seeded worlds and holds it
// against invariants after every event. It holds tests only.
//
// A seed draws everything: a market with leaps, halts, delistings and changed
// rules, settings, faults of the exchange and the way to it, and what an operator
// asks for. Whole kinds of trouble are left out by chance, so that what they would
// mask shows. The last part of a run is calm: by its end everything must be known
// and every pair hedged.
//
// There are two stages. In the first the strategy's loop meets the simulated
// exchange behind a venue that misbehaves (core); in the second the whole stack,
// the adapter of Binance and the loopback exchange's REST and WebSockets over
// pipes in a bubble of false time (stack). One judge watches both, from what the
// exchange did, what the core was told and what it said.
//
// The museum brings real bugs of trading programs back, one at a time, by parts put
// between the pieces: the judge must catch each.
package swarm
