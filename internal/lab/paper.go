package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carry"
	"carry/internal/binance"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/sim"
	"carry/strategy"
)

// PaperOptions are a paper session's settings.
type PaperOptions struct {
	URLs    binance.URLs // only Spot and Futures are asked
	Streams binance.LiveURLs
	// Speed is how fast a loopback exchange's market runs; 0: real time.
	Speed float64
	// Pairs and their brackets by contract, from a store; nil: what the exchange
	// lists. Brackets are told to customers only: without them 2.5 % of notional is
	// the maintenance margin.
	Pairs    []carry.Pair
	Brackets map[string][]carry.Bracket
	// JournalFile is where the session's journal is; "" keeps none.
	JournalFile string
	// Journal, if set, is told what the session's journal is told.
	Journal carry.Journal
	// Hours ends the session after so many instants; 0: it goes on.
	Hours int
	// Operate, if set, lets people watch and steer.
	Operate *OperateOptions
	// Say is told of every instant, Log in one line of whatever is out of the
	// ordinary.
	Say func(*PaperLine)
	Log func(text string)
	// Client and Pace are set by tests in lockstep.
	Client *binance.Client
	Pace   binance.Pacer
}

// Papered is what a paper session was when it ended.
type Papered struct {
	Result *carry.Result // nil if no instant was seen
	Said   []Said
	From   carry.Time // first instant on which it could trade
	// Continued is how many instants earlier sessions of the same journal saw.
	Continued int
}

// errHours ends a session of some hours.
var errHours = errors.New("the session's hours are over")

// paperStep is the distance of two cross-sections.
const paperStep = carry.Hour

// Paper trades on paper until the context ends: prices from the exchange's public
// streams, a simulated account, and otherwise all that a live session has. It sends
// nothing that needs a key. An end of the context is no error.
func Paper(ctx context.Context, spec *Spec, o PaperOptions) (*Papered, error) {
	if len(spec.Flows) > 0 {
		return nil, errors.New("paper trading knows no deposits and withdrawals yet; leave --flow out")
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	b, err := spec.paperBegin(ctx, &o)
	defer b.close()
	if err != nil {
		return nil, err
	}
	p, l, log := b.paper, b.lane, b.log
	before := log.line.Instants
	p.over = func() bool { return o.Hours > 0 && log.line.Instants-before >= o.Hours }
	log.say = o.Say
	now := p.watch.Now
	if o.Pace != nil {
		now = nil
	}
	if err := log.op.begin(l.run, now); err != nil {
		return nil, err
	}
	if _, err = l.run.Advance(ctx); ctx.Err() != nil || errors.Is(err, errHours) {
		err = nil // as its owner wanted
	}
	if err = log.op.close(err); err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	out := &Papered{Said: log.said, From: p.from, Continued: before}
	if log.line.Instants == 0 {
		return out, nil
	}
	l.last = log.last
	p.info.To = l.last.At
	out.Result, err = l.finish(spec, p.info, nil)
	return out, err
}

// paper is the venue of a paper session: the past by REST, then the market as the
// streams tell it, around a simulated account.
type paper struct {
	info  *carry.TapeInfo
	from  carry.Time
	watch *binance.Watch
	told  *sim.Told
	// begin is what is told before the streams, one after another.
	begin    []func()
	settled  []carry.Settlement // since the last instant
	brackets map[string][]carry.Bracket
	// over tells whether the session's hours are.
	over func() bool
}

// paperAsks makes what asks the exchange.
func (s *Spec) paperAsks(ctx context.Context, o *PaperOptions) (*binance.Client, error) {
	if o.Client != nil {
		return o.Client, nil
	}
	return exchangeClient(ctx, binance.Options{URLs: o.URLs, Seed: s.Seed, Log: o.Log}, o.Speed)
}

// paperPairs are the pairs of a new session.
func paperPairs(ctx context.Context, c *binance.Client, s *Spec, o *PaperOptions) ([]carry.Pair, error) {
	if o.Pairs != nil {
		return o.Pairs, nil
	}
	return c.Universe(ctx, s.Coins)
}

// connect opens the streams and reads the past: all of it into the quoter, and what
// came after an instant (−1: all) to be told.
func (p *paper) connect(ctx context.Context, s *Spec, c *binance.Client, o *PaperOptions, after carry.Time) error {
	var err error
	if p.watch, err = binance.NewWatch(binance.VenueOptions{Pairs: p.info.Pairs, Step: paperStep, Interval: barName(paperStep), Streams: o.Streams,
		Client: c, Pace: o.Pace, Speed: o.Speed, Seed: s.Seed, Log: o.Log}); err != nil {
		return err
	}
	if err := p.watch.Start(ctx); err != nil {
		return err
	}
	begun := p.watch.Begun()
	p.info.From, p.info.To = begun+paperStep-warmUp(s.Settings), begun
	if after < 0 {
		p.from = begun + paperStep
	}
	if p.told, err = sim.NewTold(p.info, s.Models.options(s.Settings, s.Seed), s.Models.quotes(), begun+paperStep); err != nil {
		return err
	}
	o.Log(fmt.Sprintf("reading %d days of %d coins", (begun-p.info.From)/carry.Day, len(p.info.Pairs)))
	h := &pastReader{c: c, interval: barName(paperStep), until: begun, settledUntil: begun + 1, closed: true}
	past, err := h.read(ctx, p.info)
	if err != nil {
		return err
	}
	for p.watch.Pending() > 0 {
		ev, err := p.watch.Next(ctx, 0)
		if err != nil {
			return err
		}
		if ev.Kind == carry.EvRules {
			p.rules(ev.Rules, p.info.From)
		}
	}
	var last []carry.Settlement
	for k := range past.Settled {
		if past.Settled[k].At > begun-paperStep {
			last = append(last, past.Settled[k])
		}
	}
	p.begin = []func(){func() { p.told.Past(past, after) }, func() { p.told.Tell(begun, nil, last) }}
	if after >= begun {
		p.begin[1] = func() { p.told.Stand(begun, last) }
	}
	return nil
}

// rules tells rules that hold from a time on, with the brackets that are known.
func (p *paper) rules(r *carry.Rules, from carry.Time) {
	own := *r
	own.From = from
	if len(own.Brackets) == 0 {
		own.Brackets = p.brackets[p.info.Pairs[r.Pair].PerpSymbol]
	}
	p.told.Rules(&own)
}

// Next implements risk.Venue.
func (p *paper) Next(ctx context.Context) (*carry.Event, error) {
	for {
		ev, err := p.told.Next(ctx)
		if !errors.Is(err, risk.ErrWait) {
			return ev, err
		}
		if len(p.begin) > 0 {
			p.begin[0]()
			p.begin = p.begin[1:]
			continue
		}
		ev, err = p.watch.Next(ctx, p.told.Due())
		if err != nil {
			return nil, err
		}
		switch ev.Kind {
		case carry.EvRules:
			p.rules(ev.Rules, ev.At)
		case carry.EvRates:
			p.settled = append(p.settled, ev.Rates...)
		case carry.EvMarket:
			if !ev.Market.Within && p.over() {
				return nil, errHours
			}
			p.market(ev)
		case carry.EvLink:
			return ev, nil
		}
	}
}

// market tells an instant or a moment.
func (p *paper) market(ev *carry.Event) {
	if ev.Market.Within {
		p.told.Moment(ev.At, ev.Market)
		return
	}
	p.told.Tell(ev.At, ev.Market, p.settled)
	p.settled = p.settled[:0]
}

// Wake makes a Next that waits for the market return risk.ErrWait.
func (p *paper) Wake() { p.watch.Wake() }

// Reread makes the exchange's rules be read anew.
func (p *paper) Reread() { p.watch.Reread() }

// Peek is the market of this moment, for people.
func (p *paper) Peek() *carry.Market { return p.watch.Peek() }

// Submit implements risk.Venue.
func (p *paper) Submit(ctx context.Context, a risk.Approved) error { return p.told.Submit(ctx, a) }

// exchangeClient makes a client of an exchange whose market runs at a speed; 0: in
// real time.
func exchangeClient(ctx context.Context, opt binance.Options, speed float64) (*binance.Client, error) {
	u := binance.DefaultURLs()
	opt.URLs.Archive, opt.URLs.Listing = u.Archive, u.Listing // never asked
	c, err := binance.NewClient(opt)
	if err != nil || speed == 0 {
		return c, err
	}
	now, err := c.ServerTime(ctx)
	if err != nil {
		return nil, err
	}
	opt.Clock = &fastClock{base: now, since: time.Now(), speed: speed}
	return binance.NewClient(opt)
}

// fastClock is the clock of a market that runs faster than real time.
type fastClock struct {
	base  carry.Time
	since time.Time
	speed float64
}

// Now implements binance.Clock.
func (c *fastClock) Now() carry.Time {
	return c.base + carry.Time(float64(time.Since(c.since).Microseconds())*c.speed/1000)
}

// SleepUntil implements binance.Clock.
func (c *fastClock) SleepUntil(ctx context.Context, t carry.Time) error {
	timer := time.NewTimer(time.Duration(float64(t-c.Now()) / c.speed * float64(time.Millisecond)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// paperLane wires core, gate, books and recorder to the paper venue, which need not
// be connected yet.
func (s *Spec) paperLane(p *paper, o *PaperOptions) (*lane, *paperLog, error) {
	core, err := s.Settings.NewCore(p.info.Pairs, s.Models.terms(p.from))
	if err != nil {
		return nil, nil, err
	}
	policy, err := s.Settings.NewPolicy(p.info.Pairs)
	if err != nil {
		return nil, nil, err
	}
	books := book.New(p.info.Pairs)
	l := &lane{name: "paper", entry: s.Entry, settings: s.Settings, hash: strategy.NewHashJournal()}
	log := &paperLog{sayings: sayings{Journal: l.hash}, policy: policy, books: books, instantAt: -1}
	l.run = &strategy.Run{Core: core, Venue: p, Gate: risk.NewGate(p.info.Pairs, s.Limits), Book: books,
		Recorder: strategy.NewRecorder(p.info.Pairs, books), Journal: log}
	log.op = newOperation(s, l.run, p.info, o.Operate)
	return l, log, nil
}
