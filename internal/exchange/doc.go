// Package exchange is a Binance on 127.0.0.1 for tests, rehearsals and whoever
// wants to try a client without risk. This half serves history as Binance
// publishes it: the archive of zip files with checksums, the bucket listing,
// and the public REST endpoints of the spot and USDT-perpetual markets, under
// the published limits, and it can misbehave on a seeded schedule.
//
// What it serves comes from Facts: a generated market, folders of CSV files or
// invented rows. What time it is comes from Clock: nothing after Now is ever
// told. It knows nothing of the crawler or the store; the protocol's rules are
// those of binance.md §1, and where a rule is not documented the code says so.
//
// Files: facts*.go say what is served, rest*.go and archive.go, listing.go
// speak the protocol, weights.go counts, faults*.go misbehave, server.go joins
// them. Trading endpoints and streams join as further routes and listeners.
package exchange
