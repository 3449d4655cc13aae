package lab

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/exchange"
)

// ErrAudit says that a journal and the exchange do not tell of the same orders
// and trades.
var ErrAudit = errors.New("journal and exchange do not agree")

// Audit is a comparison of a journal with all that reached its exchange.
type Audit struct {
	Orders, Trades int                      // at the exchange
	Starts         int                      // of the session
	known          map[string]carry.OrderID // the journal's orders, by name
}

// toldTrade is a trade as a journal tells it.
type toldTrade struct {
	order carry.OrderID
	qty   carry.Qty
}

// journalAudit collects what a journal tells.
type journalAudit struct {
	run      string
	token    uint32
	starts   int
	said     map[carry.OrderID]bool
	commands map[string]carry.OrderID // by the order's name
	trades   [2]map[int64]toldTrade
}

// auditJournal holds a journal against the orders that reached the exchange: every order
// was commanded, no command became two of them, and every trade was told once,
// whole, as that order's. Where records were lost after they were acted on, orders
// may be unknown, and their trades are told as somebody else's.
func auditJournal(ctx context.Context, path string, orders []exchange.OrderTruth, lost bool) (*Audit, error) {
	a := &journalAudit{said: map[carry.OrderID]bool{}, commands: map[string]carry.OrderID{}, trades: [2]map[int64]toldTrade{{}, {}}}
	err := data.ReadJournal(ctx, path, func(s *data.Session) error { a.run = s.Run; return nil }, a.record)
	if err != nil {
		return nil, err
	}
	out := &Audit{Orders: len(orders), Starts: a.starts, known: a.commands}
	sent, names := map[carry.OrderID]bool{}, map[string]bool{}
	for k := range orders {
		o := &orders[k]
		id, known := a.commands[o.Client]
		name := strconv.Itoa(int(o.Market)) + o.Client
		switch {
		case names[name]:
			return nil, fmt.Errorf("%w: %s reached the exchange twice", ErrAudit, o.Client)
		case id != 0 && sent[id]:
			return nil, fmt.Errorf("%w: command %d became two orders, the second %s", ErrAudit, id, o.Client)
		case !known && !lost && strings.HasPrefix(o.Client, "c"+a.run+"-"):
			return nil, fmt.Errorf("%w: order %s is not in the journal", ErrAudit, o.Client)
		}
		names[name] = true
		sent[id] = id != 0
		for _, tr := range o.Trades {
			out.Trades++
			told, ok := a.trades[o.Market][tr.ID]
			if !ok || told != (toldTrade{id, tr.Qty}) {
				return nil, fmt.Errorf("%w: trade %d of %s, %d quanta: the journal has %+v", ErrAudit, tr.ID, o.Client, tr.Qty, told)
			}
			delete(a.trades[o.Market], tr.ID)
		}
	}
	if n := len(a.trades[0]) + len(a.trades[1]); n > 0 {
		return nil, fmt.Errorf("%w: %d trades were told that never were", ErrAudit, n)
	}
	return out, nil
}

func (a *journalAudit) record(rec *data.JournalRecord) error {
	if c := rec.Command; c != nil && c.Kind == carry.CmdOrder {
		if a.said[c.Order] {
			return fmt.Errorf("%w: order %d was commanded twice", ErrAudit, c.Order)
		}
		a.said[c.Order] = true
		a.commands[binance.OrderName(a.run, a.token, c.Order)] = c.Order
	}
	if rec.Event == nil {
		return nil
	}
	switch ev := rec.Event; ev.Kind {
	case carry.EvSnapshot:
		a.starts++
		a.token = ev.ID
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		if _, twice := a.trades[ev.Leg][ev.Number]; twice || ev.Number == 0 {
			return fmt.Errorf("%w: trade %d of %s was told twice, or has no number", ErrAudit, ev.Number, ev.Leg)
		}
		a.trades[ev.Leg][ev.Number] = toldTrade{ev.Order, ev.Qty}
	}
	return nil
}
