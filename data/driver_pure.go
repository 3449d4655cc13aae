//go:build !cgo

package data

import _ "modernc.org/sqlite" // registers driver sqlite

const driverName = "sqlite"

// Connection settings belong into the DSN: a PRAGMA that is executed holds for
// one connection of the pool only.
const (
	dsnWriter = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=synchronous(NORMAL)&_pragma=cache_size(-16000)&_txlock=immediate"
	// dsnJournal: a record that was acknowledged survives power loss.
	dsnJournal = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	dsnReader  = "_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=query_only(1)"
)
