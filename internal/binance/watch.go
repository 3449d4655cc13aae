package binance

import (
	"context"

	"carry"
	"carry/internal/binance/wire"
)

// Watch is the adapter's market half alone: cross-sections, rules and settled
// rates from public streams and public endpoints. It has no keys, so it can neither
// sign nor order anything.
type Watch struct{ v *Venue }

// NewWatch makes a watch; Start connects it. The client must have no keys. Run
// needs no value.
func NewWatch(o VenueOptions) (*Watch, error) {
	if o.Client.HasKeys() {
		return nil, ErrKeys
	}
	o.Run = "wtch"
	v, err := newVenue(o)
	if err != nil {
		return nil, err
	}
	return &Watch{v}, nil
}

// Start connects the market's streams and reads rules and recent history. The
// rules of every pair are the first events.
func (w *Watch) Start(ctx context.Context) error {
	v := w.v
	v.connect(ctx)
	if err := v.allUp(ctx); err != nil {
		return err
	}
	v.started = true
	if err := v.readRules(ctx, v.c.Now()); err != nil {
		return err
	}
	return v.history(ctx, v.serverNow().Floor(v.o.Step), v.serverNow())
}

// Begun is the last instant before the first that Next will tell.
func (w *Watch) Begun() carry.Time { return w.v.market.done }

// Pending is how many events are ready for Next.
func (w *Watch) Pending() int { return w.v.Pending() }

// Wake makes a Next that waits return risk.ErrWait; from any goroutine.
func (w *Watch) Wake() { w.v.Wake() }

// Reread is Venue.Reread.
func (w *Watch) Reread() { w.v.Reread() }

// Now is the time by the clock that the watch goes by.
func (w *Watch) Now() carry.Time { return w.v.c.Now() }

// Close ends all connections and returns when no goroutine is left.
func (w *Watch) Close() { w.v.Close() }

// Next returns the next event: EvRules, EvRates, EvMarket of an instant, EvLink.
// With a wake, which is a time, it returns a market within the bar when marks of
// that time or a later one have come. io.EOF where a rehearsal's market ends.
func (w *Watch) Next(ctx context.Context, wake carry.Time) (*carry.Event, error) {
	v := w.v
	v.timers = v.timers[:0]
	switch {
	case wake == 0:
	case v.o.Pace != nil:
		v.timers = append(v.timers, timer{wake, 0}) // the exchange stops for it
	default:
		v.market.lookIn = wake
	}
	for {
		ev, err := v.Next(ctx)
		if err != nil || ev.Kind != carry.EvTimer {
			return ev, err
		}
	}
}

// Universe finds what can be hedged at the exchange now: perpetuals on USDT of
// one coin each that trade, whose coin trades on spot against USDT. Contracts on
// several coins (1000SHIB) are left out: that they mean the coin of that name on
// spot is known by price only. Pairs are in order of their coin; named coins are
// looked for alone.
func (c *Client) Universe(ctx context.Context, coins []string) ([]carry.Pair, error) {
	var info [2]*wire.ExchangeInfo
	var rules [2]map[string]wire.SymbolRules
	for m := range info {
		i, raw, _, err := c.ExchangeInfo(ctx, wire.Market(m))
		if err != nil {
			return nil, err
		}
		if rules[m], err = wire.DecodeRules(raw, wire.Market(m)); err != nil {
			return nil, err
		}
		info[m] = i
	}
	return pairsOf(info, rules, coins)
}

// ServerTime is what the futures exchange's clock shows.
func (c *Client) ServerTime(ctx context.Context) (carry.Time, error) {
	info, _, _, err := c.ExchangeInfo(ctx, wire.Futures)
	if err != nil {
		return 0, err
	}
	return info.ServerTime, nil
}
