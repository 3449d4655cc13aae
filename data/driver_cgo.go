//go:build cgo

package data

import _ "github.com/mattn/go-sqlite3" // registers driver sqlite3

const driverName = "sqlite3"

// Connection settings belong into the DSN: a PRAGMA that is executed holds for
// one connection of the pool only.
const (
	dsnWriter = "_journal_mode=WAL&_busy_timeout=5000&_foreign_keys=on&_synchronous=NORMAL&_txlock=immediate&_cache_size=-16000"
	// dsnJournal: a record that was acknowledged survives power loss.
	dsnJournal = "_journal_mode=WAL&_busy_timeout=5000&_synchronous=FULL&_txlock=immediate"
	dsnReader  = "_busy_timeout=5000&_foreign_keys=on&_query_only=on&_mutex=no"
)
