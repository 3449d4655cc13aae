package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/book"
	"carry/internal/exchange"
	"carry/internal/risk"
	"carry/sim"
	"carry/strategy"
)

// RehearseOptions are a rehearsal's settings.
type RehearseOptions struct {
	// Faults are what the loopback exchange does wrong.
	Faults exchange.TradeFaults
	// Journal, if set, records the run beside the file; it is told what a journal
	// of a real session is told.
	Journal carry.Journal
	// JournalFile, if set, is where the session's journal is written; no such file
	// may be there yet.
	JournalFile string
	// Stage exchanges parts of the rehearsal, for tests.
	Stage Stage
	// Log is told in one line of whatever is out of the ordinary.
	Log func(text string)
	// Progress is told of every cross-section.
	Progress func(at, from, to carry.Time)
}

// Rehearsed is a finished rehearsal.
type Rehearsed struct {
	Result *carry.Result
	// Said are the core's commands in order.
	Said []Said
	// Coins of the universe.
	Coins int
	// Faults that were served, by kind.
	Faults map[exchange.TradeFaultKind]int
	// Sent counts what reached the exchange: requests by endpoint.
	Sent map[string]int
}

// Said is a command and when it was said. The order's number is left out: it
// counts what was said before and adds nothing to it.
type Said struct {
	At      carry.Time
	Command carry.Command
}

func sayingOf(at carry.Time, c *carry.Command) Said {
	s := Said{at, *c}
	s.Command.Order, s.Command.ID = 0, 0
	return s
}

// keys of the loopback exchange: nothing secret.
const (
	loopbackKey    = "loopback-key-that-opens-nothing"
	loopbackSecret = "loopback-secret-that-signs-nothing"
)

// Rehearse makes the run that spec describes through the real adapter: orders,
// transfers and streams go over HTTP and WebSocket to a loopback exchange that
// replays the same market around the same simulated account, in lockstep.
func Rehearse(ctx context.Context, spec *Spec, o RehearseOptions) (*Rehearsed, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	pg, err := spec.loopback(ctx, o)
	if err != nil {
		return nil, err
	}
	defer pg.server.Close()
	venue, err := pg.adapter(ctx, spec, o.Log)
	if err != nil {
		return nil, err
	}
	defer venue.Close()
	warm, err := warmUpFrom(ctx, pg.client, pg.info, spec.Models.quotes(), pg.from)
	if err != nil {
		return nil, err
	}
	second := o.Journal
	if o.JournalFile != "" {
		file, err := data.CreateJournal(ctx, o.JournalFile, spec.session(pg.info, pg.from))
		if err != nil {
			return nil, err
		}
		defer file.Close()
		second = file
	}
	l, log, err := spec.liveLane(pg, &opening{live: venue, warm: warm, since: pg.info.From}, second)
	if err != nil {
		return nil, err
	}
	o.Stage.play(l)
	log.progress, log.from, log.to = o.Progress, pg.from, pg.info.To
	done, err := l.run.Advance(ctx)
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	if !done {
		return nil, errors.New("rehearsal: the venue waits for data that nobody feeds")
	}
	l.last = log.last
	venue.Close()
	res, err := l.finish(spec, pg.info, nil)
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	return &Rehearsed{Result: res, Said: log.said, Coins: len(pg.info.Pairs), Faults: pg.trading.TradeFaultCounts(), Sent: pg.server.Stats().Requests}, nil
}

// playground is a loopback exchange and how a client reaches it.
type playground struct {
	info    *carry.TapeInfo
	from    carry.Time
	trading *exchange.Trading
	server  *exchange.Server
	pace    *binance.Lockstep
	pacer   binance.Pacer // pace, or what a stage put around it
	client  *binance.Client
	carries http.RoundTripper // nil: the client's own
}

// loopback starts an exchange that replays spec's market in lockstep.
func (s *Spec) loopback(ctx context.Context, o RehearseOptions) (*playground, error) {
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
	g.trading, err = exchange.NewTrading(ctx, facts, tape, exchange.TradingOptions{Quotes: s.Models.quotes(), Account: s.Models.options(s.Settings, s.Seed),
		From: from, Lockstep: true, Faults: o.Faults, Watch: o.Stage.Watch})
	if err != nil {
		return nil, err
	}
	g.server, err = exchange.New(facts, exchange.Options{Trading: g.trading, Pipes: o.Stage.Pipes, Keys: map[string]string{loopbackKey: loopbackSecret}})
	if err != nil {
		return nil, err
	}
	o.Stage.set(g)
	return g, nil
}

// adapter connects the real adapter to the loopback exchange.
func (g *playground) adapter(ctx context.Context, s *Spec, log func(string)) (*binance.Venue, error) {
	keys, err := binance.LoadKeys("", func(name string) string {
		return map[string]string{binance.EnvKey: loopbackKey, binance.EnvSecret: loopbackSecret}[name]
	})
	if err != nil {
		return nil, err
	}
	u := g.server.URLs()
	g.client, err = binance.NewClient(binance.Options{URLs: binance.URLs{Spot: u.All, Futures: u.All, Archive: u.Archive, Listing: u.Listing},
		Clock: g.pace, Transport: g.carries, Keys: keys, Seed: s.Seed, Log: log})
	if err != nil {
		return nil, err
	}
	ws := "ws" + u.All[len("http"):]
	v, err := binance.NewVenue(binance.VenueOptions{Pairs: g.info.Pairs, Step: g.info.Step, Interval: barName(g.info.Step), Run: "rhrsl",
		Streams: binance.LiveURLs{Spot: ws, SpotAPI: ws, Futures: ws}, Client: g.client, Pace: g.pacer, Seed: s.Seed, Log: log})
	if err != nil {
		return nil, err
	}
	if err := v.Start(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// barName is the exchange's name of a bar's length.
func barName(step carry.Time) string {
	switch {
	case step%carry.Day == 0:
		return fmt.Sprintf("%dd", step/carry.Day)
	case step%carry.Hour == 0:
		return fmt.Sprintf("%dh", step/carry.Hour)
	}
	return fmt.Sprintf("%dm", step/carry.Minute)
}

// liveLane wires core, gate, books and recorder to a venue that is no
// simulation of ours.
func (s *Spec) liveLane(g *playground, venue risk.Venue, journal carry.Journal) (*lane, *sayings, error) {
	core, err := s.Settings.NewCore(g.info.Pairs, s.Models.terms(g.from))
	if err != nil {
		return nil, nil, err
	}
	books := book.New(g.info.Pairs)
	l := &lane{name: "rehearsal", entry: s.Entry, settings: s.Settings, truth: g.trading.Exchange(), hash: strategy.NewHashJournal()}
	log := &sayings{Journal: l.hash, second: journal}
	l.run = &strategy.Run{Core: core, Venue: venue, Gate: risk.NewGate(g.info.Pairs, risk.Limits{}), Book: books,
		Recorder: strategy.NewRecorder(g.info.Pairs, books), Journal: log}
	return l, log, nil
}

// sayings is a journal that remembers the commands, and the last market for the
// end of the record.
type sayings struct {
	carry.Journal
	second   carry.Journal
	said     []Said
	last     carry.Market
	from, to carry.Time
	progress func(at, from, to carry.Time)
}

// Event implements carry.Journal.
func (j *sayings) Event(ev *carry.Event) error {
	if ev.Kind == carry.EvMarket {
		j.last = *ev.Market
		if j.progress != nil && !ev.Market.WarmUp {
			j.progress(ev.At, j.from, j.to)
		}
	}
	if j.second != nil {
		if err := j.second.Event(ev); err != nil {
			return err
		}
	}
	return j.Journal.Event(ev)
}

// Command implements carry.Journal.
func (j *sayings) Command(at carry.Time, c *carry.Command) error {
	j.said = append(j.said, sayingOf(at, c))
	if j.second != nil {
		if err := j.second.Command(at, c); err != nil {
			return err
		}
	}
	return j.Journal.Command(at, c)
}

// opening is a venue that begins with what fills a strategy's windows: the live
// venue's snapshot and rules, then the past, then the live venue.
type opening struct {
	live  *binance.Venue
	warm  *sim.Venue
	since carry.Time // the past's beginning
}

// Next implements risk.Venue.
func (o *opening) Next(ctx context.Context) (*carry.Event, error) {
	if o.warm == nil || o.live.Pending() > 0 {
		ev, err := o.live.Next(ctx)
		if err == nil && o.warm != nil {
			// Told before the past, the present bears the past's time: a core's
			// time does not run backward.
			ev.At = o.since
		}
		return ev, err
	}
	for {
		ev, err := o.warm.Next(ctx)
		if errors.Is(err, risk.ErrWait) {
			o.warm = nil
			return o.Next(ctx)
		}
		if err != nil {
			return nil, err
		}
		if ev.Kind == carry.EvRates || ev.Kind == carry.EvMarket {
			return ev, nil
		}
	}
}

// Submit implements risk.Venue.
func (o *opening) Submit(ctx context.Context, a risk.Approved) error { return o.live.Submit(ctx, a) }
