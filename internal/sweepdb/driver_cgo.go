//go:build cgo

package sweepdb

import _ "github.com/mattn/go-sqlite3" // registers driver sqlite3

const (
	driverName = "sqlite3"
	dsn        = "_busy_timeout=10000&_foreign_keys=on&_synchronous=FULL&_txlock=immediate"
)
