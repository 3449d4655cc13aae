// Package risk holds the last check before any exchange. The gate is the same
// code in a backtest and live; a venue accepts only what the gate approved.
package risk

import (
	"context"
	"errors"

	"carry"
)

// ErrWait says that a venue has nothing to tell until it is fed more market
// data. It is no failure: the caller feeds the next block and goes on.
var ErrWait = errors.New("venue waits for market data")

// Venue is a world in which commands have consequences: the simulator or an
// exchange. Next returns the next event in time order, io.EOF at the end of the
// run, or ErrWait. The event is valid until the following call. Submit only
// takes a command over; what becomes of it arrives as events.
type Venue interface {
	Next(ctx context.Context) (*carry.Event, error)
	Submit(ctx context.Context, a Approved) error
}

// Approved is a command that passed the gate. Only this package makes one with
// a content, so an unchecked order does not compile; venues refuse the zero
// value.
type Approved struct {
	cmd carry.Command
	ok  bool
}

// Command is what was approved.
func (a Approved) Command() carry.Command { return a.cmd }

// Valid is false for the zero value.
func (a Approved) Valid() bool { return a.ok }
