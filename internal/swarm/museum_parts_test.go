package swarm

import (
	"context"

	"carry"
	"carry/internal/risk"
)

// coreFunc is a core behind a bug.
type coreFunc func(ev *carry.Event, out []carry.Command) []carry.Command

// Step implements carry.Core.
func (f coreFunc) Step(ev *carry.Event, out []carry.Command) []carry.Command { return f(ev, out) }

// said is a bug in each command.
func said(change func(ev *carry.Event, c *carry.Command) []carry.Command) func() *seams {
	return func() *seams {
		return &seams{core: func(in carry.Core) carry.Core {
			return coreFunc(func(ev *carry.Event, out []carry.Command) []carry.Command {
				for _, c := range in.Step(ev, nil) {
					out = append(out, change(ev, &c)...)
				}
				return out
			})
		}}
	}
}

// coreDeafTo is a core that is not told of a kind of event.
func coreDeafTo(kind carry.EventKind) func() *seams {
	return func() *seams {
		return &seams{core: func(in carry.Core) carry.Core {
			return coreFunc(func(ev *carry.Event, out []carry.Command) []carry.Command {
				if ev.Kind == kind {
					return out
				}
				return in.Step(ev, out)
			})
		}}
	}
}

// venueBug is a venue behind a bug.
type venueBug struct {
	risk.Venue
	next   func(ctx context.Context, in risk.Venue) (*carry.Event, error)
	submit func(a risk.Approved)
}

// Next implements risk.Venue.
func (v *venueBug) Next(ctx context.Context) (*carry.Event, error) {
	if v.next != nil {
		return v.next(ctx, v.Venue)
	}
	return v.Venue.Next(ctx)
}

// Submit implements risk.Venue.
func (v *venueBug) Submit(ctx context.Context, a risk.Approved) error {
	if v.submit != nil {
		v.submit(a)
	}
	return v.Venue.Submit(ctx, a)
}

// deafTo is a client that does not hear some events.
func deafTo(to func(ev *carry.Event) bool) func(risk.Venue) risk.Venue {
	return func(in risk.Venue) risk.Venue {
		return &venueBug{Venue: in, next: func(ctx context.Context, in risk.Venue) (*carry.Event, error) {
			for {
				if ev, err := in.Next(ctx); err != nil || !to(ev) {
					return ev, err
				}
			}
		}}
	}
}

// sendsAgain sends what has no known outcome once more, under the same number.
func sendsAgain(answer carry.EventKind) func() *seams {
	return func() *seams {
		sent := map[carry.OrderID]risk.Approved{}
		return &seams{venue: func(in risk.Venue) risk.Venue {
			return &venueBug{Venue: in,
				submit: func(a risk.Approved) {
					if c := a.Command(); c.Order != 0 {
						sent[c.Order] = a
					}
				},
				next: func(ctx context.Context, in risk.Venue) (*carry.Event, error) {
					ev, err := in.Next(ctx)
					if err == nil && ev.Kind == answer && ev.Code == carry.CodeUnknown {
						err = in.Submit(ctx, sent[ev.Order])
					}
					return ev, err
				}}
		}}
	}
}

// lostInTheGap forgets fills that were made while the stream was down, and the
// first one after it, which the new subscription begins behind.
func lostInTheGap() *seams {
	var back carry.Time
	begins := false
	return &seams{told: func(ev *carry.Event) []carry.Event {
		if ev.Kind == carry.EvLink && ev.Code == carry.OK {
			back, begins = ev.At, true
		}
		if ev.Kind == carry.EvFill && (ev.At == back || begins) {
			begins = ev.At == back
			return nil
		}
		return one(ev)
	}}
}

// withoutSymbol numbers trades as the exchange does, each symbol from one on, and
// takes a number that it has seen for a repetition, whatever the symbol.
func withoutSymbol() *seams {
	type symbol struct {
		leg  carry.Leg
		pair int32
	}
	last, seen := map[symbol]int{}, map[int]bool{}
	return &seams{told: func(ev *carry.Event) []carry.Event {
		if ev.Kind != carry.EvFill {
			return one(ev)
		}
		s := symbol{ev.Leg, ev.Pair}
		last[s]++
		if seen[last[s]] {
			return nil
		}
		seen[last[s]] = true
		return one(ev)
	}}
}

// extra numbers of commands that a bug says.
const extra carry.OrderID = 1_000_000

// storming sends a refused order again as soon as it can.
func storming() *seams {
	var again []carry.Command
	said, next := map[carry.OrderID]carry.Command{}, extra
	return &seams{core: func(in carry.Core) carry.Core {
		return coreFunc(func(ev *carry.Event, out []carry.Command) []carry.Command {
			if c, ok := said[ev.Order]; ok && ev.Kind == carry.EvReject {
				again = append(again, c)
			}
			from := len(out)
			out = in.Step(ev, out)
			if ev.Kind == carry.EvMarket {
				for _, c := range again {
					next++
					c.Order = next
					out = append(out, c)
				}
				again = again[:0]
			}
			for _, c := range out[from:] {
				if c.Kind == carry.CmdOrder {
					said[c.Order] = c
				}
			}
			if len(again) > 0 {
				out = append(out, carry.Command{Kind: carry.CmdTimer, Pair: -1, ID: 1 << 30, At: ev.At + 1})
			}
			return out
		})
	}}
}

// byIncrement sells a contract for every coin bought, fill by fill, beside what
// the desk does.
func byIncrement() *seams {
	var todo []carry.Command
	next := extra
	return &seams{core: func(in carry.Core) carry.Core {
		return coreFunc(func(ev *carry.Event, out []carry.Command) []carry.Command {
			out = in.Step(ev, out)
			switch {
			case ev.Kind == carry.EvFill && ev.Leg == carry.Spot && ev.Side == carry.Buy:
				next++
				todo = append(todo, carry.Command{Kind: carry.CmdOrder, Pair: ev.Pair, Leg: carry.Perp, Side: carry.Sell, Qty: ev.Qty, Ref: ev.Price, Order: next})
			case ev.Kind == carry.EvMarket:
				out = append(out, todo...)
				todo = todo[:0]
			}
			return out
		})
	}}
}

// waitsForTransfer holds the contracts of an opening back while USDT are on their
// way.
func waitsForTransfer() *seams {
	var held []carry.Command
	moving := carry.OrderID(0)
	return &seams{core: func(in carry.Core) carry.Core {
		return coreFunc(func(ev *carry.Event, out []carry.Command) []carry.Command {
			if ev.Kind == carry.EvTransferred && ev.Order == moving && ev.Code != carry.CodeUnknown {
				moving = 0
			}
			if ev.Kind == carry.EvMarket && moving == 0 {
				out = append(out, held...)
				held = held[:0]
			}
			for _, c := range in.Step(ev, nil) {
				if c.Kind == carry.CmdTransfer {
					moving = c.Order
				}
				if c.Kind == carry.CmdOrder && c.Leg == carry.Perp && c.Side == carry.Sell && moving != 0 {
					held = append(held, c)
					continue
				}
				out = append(out, c)
			}
			return out
		})
	}}
}

// forgetful says an order once more at the next cross-section, as if it were not
// on its way.
func forgetful() *seams {
	way, next := map[carry.OrderID]carry.Command{}, extra
	return &seams{core: func(in carry.Core) carry.Core {
		return coreFunc(func(ev *carry.Event, out []carry.Command) []carry.Command {
			if ev.Kind == carry.EvFill || ev.Kind == carry.EvReject || ev.Kind == carry.EvCanceled {
				delete(way, ev.Order)
			}
			if ev.Kind == carry.EvMarket && len(way) == 1 {
				for id, c := range way {
					next++
					c.Order = next
					delete(way, id)
					out = append(out, c)
				}
			}
			from := len(out)
			out = in.Step(ev, out)
			for _, c := range out[from:] {
				if c.Kind == carry.CmdOrder {
					way[c.Order] = c
				}
			}
			return out
		})
	}}
}

// blindToHalts takes every leg for open.
func blindToHalts() *seams {
	return &seams{core: func(in carry.Core) carry.Core {
		return coreFunc(func(ev *carry.Event, out []carry.Command) []carry.Command {
			if ev.Kind != carry.EvMarket {
				return in.Step(ev, out)
			}
			seen, market := *ev, *ev.Market
			market.Flags = make([]carry.Flags, len(ev.Market.Flags))
			for i, f := range ev.Market.Flags {
				market.Flags[i] = f | carry.Tradable
			}
			seen.Market = &market
			return in.Step(&seen, out)
		})
	}}
}
