package binance

import (
	"carry"
	"carry/internal/binance/wire"
)

// Past is what a journal tells of a run that goes on: what was told to the core
// and what it waits for. Event and Command take the journal's records in order.
type Past struct {
	starts   int    // how often the run was started
	token    uint32 // of the last start
	tokens   []uint32
	account  *carry.Account
	orders   []pastOrder // without an end, in order of their sending
	ended    []pastName
	moves    []pastMove
	timers   []timer
	traded   [2]map[int64]bool
	lastID   [2][]int64 // newest trade by market and pair; 0: none
	moved    map[int64]bool
	paid     map[int64]bool // since the last rates, by the exchange's number
	settled  carry.Time     // settlements were told up to here
	from     carry.Time     // of the first snapshot
	instant  carry.Time     // of the last cross-section between two bars
	last     carry.Time
	linkDown bool
	acted    bool // something followed from what was told
}

// pastOrder is an order whose end was not told.
type pastOrder struct {
	pastName
	cmd      carry.Command
	at       carry.Time
	executed carry.Qty
	acked    bool
	// unsent: the session ended before it could be sent.
	unsent bool
}

// pastName is what an order's name is made of.
type pastName struct {
	token uint32 // of the start; 0: of the first one
	id    carry.OrderID
}

// pastMove is a transfer whose end was not told.
type pastMove struct {
	cmd    carry.Command
	at     carry.Time
	unsent bool
}

// NewPast is the past of a run on n pairs in which nothing has happened yet.
func NewPast(n int) *Past {
	p := &Past{moved: map[int64]bool{}, paid: map[int64]bool{}}
	for m := range p.traded {
		p.traded[m], p.lastID[m] = map[int64]bool{}, make([]int64, n)
	}
	return p
}

// Acted is false while a journal has nothing but what every run begins with: then
// it may as well begin again.
func (p *Past) Acted() bool { return p.acted }

// Starts is how often the run was started.
func (p *Past) Starts() int { return p.starts }

// recent is how many of the starts before the one with a token were within a span
// of it: tokens are the machine's milliseconds. The first start of a run has none.
func (p *Past) recent(token uint32, span carry.Time) (n int) {
	for _, t := range p.tokens {
		if t != 0 && token-t < uint32(span) {
			n++
		}
	}
	return n
}

// Open is how many orders and transfers were on their way.
func (p *Past) Open() int { return len(p.orders) + len(p.moves) }

// Last is the time of the last event.
func (p *Past) Last() carry.Time { return p.last }

// Instant is the last instant between two bars that was told.
func (p *Past) Instant() carry.Time { return p.instant }

// Event takes an event after the books did; its account is kept.
func (p *Past) Event(ev *carry.Event) {
	p.account = ev.Account
	p.last = max(p.last, ev.At)
	switch ev.Kind {
	case carry.EvSnapshot:
		p.token = ev.ID
		p.tokens = append(p.tokens, ev.ID)
		if p.starts++; p.starts == 1 {
			p.from = ev.At
		}
		return
	case carry.EvRules:
		return
	case carry.EvMarket:
		if !ev.Market.Within {
			p.settled, p.instant = max(p.settled, ev.Market.At), ev.Market.At
		}
		if ev.Market.WarmUp {
			return
		}
	case carry.EvRates:
		// News that come late bear a later time; the rates have their own.
		for k := range ev.Rates {
			p.settled = max(p.settled, ev.Rates[k].At)
		}
		clear(p.paid)
		return
	case carry.EvPaid:
		if ev.Number != 0 {
			p.paid[ev.Number] = true
		}
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		p.trade(ev)
	case carry.EvAck:
		if o := p.order(ev.Order); o != nil && ev.Code == carry.OK {
			o.acked = true
		}
	case carry.EvReject, carry.EvCanceled:
		if ev.Code != carry.CodeUnknownOrder {
			p.end(ev.Order)
		}
	case carry.EvTransferred:
		p.transferred(ev)
	case carry.EvTimer:
		p.rung(ev)
	case carry.EvLink:
		p.linkDown = ev.Code != carry.OK
	}
	p.acted = true
}

// Command takes a command after it is durable; unsent: nobody sent it, since the
// session ended before.
func (p *Past) Command(at carry.Time, c *carry.Command, unsent bool) {
	p.acted = true
	switch c.Kind {
	case carry.CmdOrder:
		p.orders = append(p.orders, pastOrder{pastName: pastName{p.token, c.Order}, cmd: *c, at: at, unsent: unsent})
	case carry.CmdTransfer:
		p.moves = append(p.moves, pastMove{*c, at, unsent})
	case carry.CmdTimer:
		p.timers = append(p.timers, timer{c.At, c.ID})
	}
}

func (p *Past) order(id carry.OrderID) *pastOrder {
	for k := range p.orders {
		if p.orders[k].id == id {
			return &p.orders[k]
		}
	}
	return nil
}

func (p *Past) end(id carry.OrderID) {
	for k := range p.orders {
		if p.orders[k].id == id {
			p.ended = append(p.ended, p.orders[k].pastName)
			p.orders = append(p.orders[:k], p.orders[k+1:]...)
			return
		}
	}
}

func (p *Past) trade(ev *carry.Event) {
	m := wire.Market(ev.Leg)
	if ev.Number != 0 {
		p.traded[m][ev.Number] = true
		p.lastID[m][ev.Pair] = max(p.lastID[m][ev.Pair], ev.Number)
	}
	if o := p.order(ev.Order); o != nil && ev.Kind == carry.EvFill {
		if o.executed += ev.Qty; ev.Left == 0 {
			p.end(ev.Order)
		}
	}
}

func (p *Past) transferred(ev *carry.Event) {
	if ev.Code == carry.CodeUnknown {
		return
	}
	if ev.Number != 0 {
		p.moved[ev.Number] = true
	}
	for k := range p.moves {
		if p.moves[k].cmd.Order == ev.Order {
			p.moves = append(p.moves[:k], p.moves[k+1:]...)
			return
		}
	}
}

func (p *Past) rung(ev *carry.Event) {
	for k := range p.timers {
		if p.timers[k].id == ev.ID {
			p.timers = append(p.timers[:k], p.timers[k+1:]...)
			return
		}
	}
}
