// Package data keeps history: one SQLite file with klines, funding, trading
// rules and leverage brackets as dated facts, gaps and provenance, and the tape
// that a backtest reads from it.
//
// Rows are the truth and can be queried and changed with any SQLite shell. The
// tape is read from a packed form, one blob per week, which triggers throw away
// for every week whose rows change; it is packed again when next needed. Both
// ways of reading, rows and packed form, go through the same codec and give the
// same blocks and the same hash.
//
// The schema and the packed form are described in docs/FORMATS.md.
package data
