// Package sweepdb keeps the results of sweeps in one SQLite file: what was swept,
// every trial with its figures and daily returns, and a ledger of all trials ever
// run, which can only grow.
package sweepdb
