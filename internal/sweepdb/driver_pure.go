//go:build !cgo

package sweepdb

import _ "modernc.org/sqlite" // registers driver sqlite

const (
	driverName = "sqlite"
	dsn        = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(2)&_txlock=immediate"
)
