package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"carry"
	"carry/internal/binance"
	"carry/internal/exchange"
)

// keys of the loopback exchange: nothing secret.
const (
	loopbackKey    = "loopback-key-that-opens-nothing"
	loopbackSecret = "loopback-secret-that-signs-nothing"
)

// playground is a loopback exchange in lockstep and how a client reaches it.
type playground struct {
	info *carry.TapeInfo
	from carry.Time
	url  string // of everything
	// trading and server are nil where another process serves.
	trading *exchange.Trading
	server  *exchange.Server
	fresh   bool            // made for one rehearsal: no journal is of it
	client  *binance.Client // of the adapter that was made last, like what follows
	pace    *binance.Lockstep
	pacer   binance.Pacer     // pace, or what a stage put around it
	carries http.RoundTripper // nil: the client's own
}

// Close ends an exchange of our own.
func (g *playground) Close() {
	if g.server != nil {
		g.server.Close()
	}
}

// now is where the market stands.
func (g *playground) now(ctx context.Context) (carry.Time, error) {
	if g.trading != nil {
		return g.trading.Now(), nil
	}
	state, err := binance.LoopbackState(ctx, g.url)
	if err == nil && !state.Lockstep {
		err = fmt.Errorf("%w: time runs by itself at %s; start it with live exchange --lockstep", ErrSession, g.url)
	}
	return state.Now, err
}

// orders are all that reached the exchange.
func (g *playground) orders(ctx context.Context) (list []exchange.OrderTruth, err error) {
	if g.trading != nil {
		return g.trading.Orders(), nil
	}
	err = binance.LoopbackGet(ctx, g.url, "/loopback/v1/orders", &list)
	return list, err
}

// playground finds the exchange that a rehearsal is held on, or makes one.
func (s *Spec) playground(ctx context.Context, o RehearseOptions) (*playground, error) {
	if o.Connect == "" {
		g, err := s.loopback(ctx, exchange.TradingOptions{Faults: o.Faults, Watch: o.Stage.Watch}, exchange.Options{Pipes: o.Stage.Pipes})
		if err == nil {
			g.fresh = true
		}
		return g, err
	}
	tape, from, err := s.open()
	if err != nil {
		return nil, err
	}
	g := &playground{info: tape.Info(), from: from, url: o.Connect}
	state, err := binance.LoopbackState(ctx, g.url)
	if err != nil {
		return nil, err
	}
	if state.From != from || state.Tape != g.info.Hash {
		return nil, fmt.Errorf("%w: the exchange at %s replays another market; start both with the same flags", ErrSession, o.Connect)
	}
	return g, nil
}

// loopback starts an exchange that replays spec's market in lockstep.
func (s *Spec) loopback(ctx context.Context, t exchange.TradingOptions, o exchange.Options) (*playground, error) {
	if len(s.Flows) > 0 {
		return nil, errors.New("a rehearsal knows no deposits and withdrawals yet; leave --flow out")
	}
	past, from, err := s.open()
	if err != nil {
		return nil, err
	}
	facts, err := exchange.NewMarketFacts(past)
	if err != nil {
		return nil, err
	}
	tape, _, err := s.open()
	if err != nil {
		return nil, err
	}
	g := &playground{info: tape.Info(), from: from}
	t.Quotes, t.Account, t.From, t.Lockstep = s.Models.quotes(), s.Models.options(s.Settings, s.Seed), from, true
	if g.trading, err = exchange.NewTrading(ctx, facts, tape, t); err != nil {
		return nil, err
	}
	o.Trading, o.Keys = g.trading, map[string]string{loopbackKey: loopbackSecret}
	if g.server, err = exchange.New(facts, o); err != nil {
		return nil, err
	}
	g.url = g.server.URLs().All
	return g, nil
}

// adapter connects the real adapter to the loopback exchange.
func (g *playground) adapter(ctx context.Context, s *Spec, kept *recovered, o *RehearseOptions) (*binance.Venue, error) {
	keys, err := binance.LoadKeys("", func(name string) string {
		return map[string]string{binance.EnvKey: loopbackKey, binance.EnvSecret: loopbackSecret}[name]
	})
	if err != nil {
		return nil, err
	}
	now, err := g.now(ctx)
	if err != nil {
		return nil, err
	}
	o.Stage.set(g, now)
	g.client, err = binance.NewClient(binance.Options{URLs: binance.URLs{Spot: g.url, Futures: g.url, Archive: g.url, Listing: g.url},
		Clock: g.pace, Transport: g.carries, Keys: keys, Seed: s.Seed, Log: o.Log})
	if err != nil {
		return nil, err
	}
	ws := "ws" + g.url[len("http"):]
	v, err := binance.NewVenue(binance.VenueOptions{Pairs: g.info.Pairs, Step: g.info.Step, Interval: barName(g.info.Step), Run: kept.run, Past: kept.past,
		Streams: binance.LiveURLs{Spot: ws, SpotAPI: ws, Futures: ws}, Client: g.client, Pace: g.pacer, WatchSilence: g.carries != nil, Seed: s.Seed, Log: o.Log})
	if err != nil {
		return nil, err
	}
	if err := v.Start(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}
