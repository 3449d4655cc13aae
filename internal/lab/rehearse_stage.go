package lab

import (
	"net/http"

	"carry"
	"carry/internal/binance"
	"carry/internal/exchange"
	"carry/internal/risk"
)

// Stage exchanges parts of a rehearsal, so that a test can see, and spoil, what
// passes between them. The zero value leaves everything as it is.
type Stage struct {
	// Pipes is a network without sockets that adapter and exchange meet on.
	Pipes *exchange.Pipes
	// Wire, if set, stands between the adapter and that network: every request
	// and every connection passes through.
	Wire func(http.RoundTripper) http.RoundTripper
	// Venue, if set, stands between the adapter and the loop, Core between the
	// loop and the strategy.
	Venue func(risk.Venue) risk.Venue
	Core  func(carry.Core) carry.Core
	// Limits are the gate's.
	Limits risk.Limits
	// Watch is told of what happens at the exchange; see exchange.TradingOptions.
	Watch func(ev *carry.Event, client string)
	// Begin is told of the loop's parts before the first event: the account by
	// our books, and the exchange's own.
	Begin func(ours *carry.Account, truth Truth)
	// Pace, if set, wraps what lets the market's time go on.
	Pace func(*binance.Lockstep) binance.Pacer
}

// Truth are an exchange's own accounts.
type Truth interface {
	Balances() (spotUSDT, perpUSDT carry.Amount, coins []carry.Wide, contracts []carry.Qty)
}

// set connects adapter and exchange, whose time is now. What lets time go on has a
// way of its own, which is never spoilt.
func (s *Stage) set(g *playground, now carry.Time) {
	g.pace = binance.NewLockstep(g.url, now)
	g.pacer = g.pace
	if s.Pace != nil {
		g.pacer = s.Pace(g.pace)
	}
	if s.Pipes == nil {
		return
	}
	g.pace.Over(s.Pipes.Transport())
	g.carries = s.Pipes.Transport()
	if s.Wire != nil {
		g.carries = s.Wire(g.carries)
	}
}

// play puts the exchanged parts into the loop.
func (s *Stage) play(l *lane, pairs []carry.Pair) {
	if s.Limits != (risk.Limits{}) {
		l.run.Gate = risk.NewGate(pairs, s.Limits)
	}
	if s.Venue != nil {
		l.run.Venue = s.Venue(l.run.Venue)
	}
	if s.Begin != nil {
		s.Begin(l.run.Book.Account(), l.truth)
	}
}
