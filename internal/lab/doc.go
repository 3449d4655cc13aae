// Package lab puts source, venue and strategy together into runs and sweeps,
// and writes what they yield, so that the commands stay thin.
package lab
