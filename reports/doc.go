// Package reports turns a carry.Result into what people read: one HTML file
// that opens offline, PNG charts, a summary for the terminal and the pages of a
// parameter sweep.
//
// The first Result is the run, the others are baselines over the same span.
// Nothing here reads a clock, the network or the market's data. Numbers made
// here are for eyes only: they are never hashed and never fed back into a run.
//
// Adding a section to the report is a file and a line in sections.go.
package reports
