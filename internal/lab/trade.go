package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/strategy"
)

// TradeOptions are the settings of a session on an account.
type TradeOptions struct {
	URLs    binance.URLs
	Streams binance.LiveURLs
	Keys    *binance.Keys
	Speed   float64      // of a loopback exchange; 0: real time
	Pairs   []carry.Pair // from a store; nil: what the exchange lists
	// JournalFile is where the session's journal is. One that is there goes on.
	JournalFile string
	// Journal, if set, is told what it is told.
	Journal carry.Journal
	// Hours ends the session after so many instants; 0: it goes on.
	Hours   int
	Operate *OperateOptions
	Say     func(*PaperLine)
	Log     func(text string)
}

// Traded is what a session was when it ended.
type Traded struct {
	Result    *carry.Result // nil if no instant was seen
	Continued int           // instants of earlier sessions of the same journal
}

// accountRounding is by how much, 1e-8 USDT, an amount of one fill or payment may
// differ from the books' own: an exchange's last digits are not documented. A hundred
// thousand of the largest are ten cents.
const accountRounding = 100

// Trade runs the strategy on an account until the context ends: the rehearsal's
// adapter, loop, gate, books and journal, in real time. Whether it may is not asked
// here: see RunChecks. An end of the context is no error; what is held then stays
// hedged and as it is.
func Trade(ctx context.Context, spec *Spec, o TradeOptions) (out *Traded, err error) {
	if spec.Limits.CapitalMaxUSDT == 0 || spec.Limits.DayLossMaxFrac == 0 {
		return nil, errors.New("a session on an account needs a largest capital and a daily loss stop")
	}
	t := &trade{spec: spec, o: o}
	defer t.close()
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	l, before := t.lane, t.log.line.Instants
	t.log.say = o.Say
	t.until = func() bool { return o.Hours > 0 && t.log.line.Instants-before >= o.Hours }
	op := t.log.op
	if err := op.begin(l.run, t.client.Now); err != nil {
		return nil, err
	}
	if _, err = l.run.Advance(ctx); ctx.Err() != nil || errors.Is(err, errHours) {
		err = nil // as its owner wanted
	}
	if err = op.close(err); err != nil {
		return nil, fmt.Errorf("trade: %w", err)
	}
	out = &Traded{Continued: before}
	if t.log.line.Instants == 0 {
		return out, nil
	}
	l.last = t.log.last
	t.info.To = l.last.At
	out.Result, err = l.finish(spec, t.info, nil)
	return out, err
}

// trade is a session about to begin, or under way; it is the run's venue.
type trade struct {
	spec   *Spec
	o      TradeOptions
	client *binance.Client
	// rounding is the books'; a session that goes on keeps its own.
	rounding carry.Amount
	info     *carry.TapeInfo
	from     carry.Time
	lane     *lane
	log      *paperLog
	journal  *data.Journal
	venue    *binance.Venue
	begun    risk.Venue
	until    func() bool
}

func (t *trade) close() {
	if t.venue != nil {
		t.venue.Close()
	}
	if t.journal != nil {
		_ = t.journal.Close() // every record is durable
	}
}

// Next implements risk.Venue. A session of some hours ends at a cross-section.
func (t *trade) Next(ctx context.Context) (*carry.Event, error) {
	ev, err := t.begun.Next(ctx)
	if err == nil && ev.Kind == carry.EvMarket && !ev.Market.Within && !ev.Market.WarmUp && t.until() {
		return nil, errHours
	}
	return ev, err
}

// Submit implements risk.Venue.
func (t *trade) Submit(ctx context.Context, a risk.Approved) error { return t.begun.Submit(ctx, a) }

// Wake makes a Next that waits return risk.ErrWait.
func (t *trade) Wake() { t.venue.Wake() }

// Reread makes the exchange's rules be read anew.
func (t *trade) Reread() { t.venue.Reread() }

// Peek is the market of this moment, for people.
func (t *trade) Peek() *carry.Market { return t.venue.Peek() }

// begin connects and begins, or goes on with the journal's session.
func (t *trade) begin(ctx context.Context) error {
	var err error
	t.client, err = exchangeClient(ctx, binance.Options{URLs: t.o.URLs, Keys: t.o.Keys, Seed: t.spec.Seed, Log: t.o.Log}, t.o.Speed)
	if err != nil {
		return err
	}
	old, err := data.JournalBegun(ctx, t.o.JournalFile)
	if err != nil {
		return err
	}
	if old {
		past, run, err := t.recall(ctx)
		if err != nil {
			return err
		}
		return t.connect(ctx, run, past, func() error { return nil })
	}
	pairs := t.o.Pairs
	if pairs == nil {
		if pairs, err = t.client.Universe(ctx, t.spec.Coins); err != nil {
			return err
		}
	}
	t.info = &carry.TapeInfo{Pairs: pairs, Step: paperStep, Source: t.source()}
	run := runName(time.Now())
	t.rounding = accountRounding
	err = t.connect(ctx, run, nil, func() error {
		t.from = t.venue.Instant() + paperStep
		t.info.From, t.info.To = t.from-warmUp(t.spec.Settings), t.from
		t.o.Log(fmt.Sprintf("reading %d days of %d coins", (t.from-t.info.From)/carry.Day, len(pairs)))
		return t.wire()
	})
	if err != nil {
		return err
	}
	session := t.spec.session(t.info, t.from, run)
	session.Rounding = t.rounding
	if t.journal, err = data.CreateJournal(ctx, t.o.JournalFile, session); err != nil {
		return err
	}
	t.log.second = alsoTo(t.o.Journal, t.journal)
	return nil
}

func (t *trade) source() string { return "account at " + t.o.URLs.Futures }

// runName is in the name of every order of a run and of no other's: the time of its
// beginning, in letters and digits that make no words.
func runName(now time.Time) string {
	const digits = "0123456789bcdfghjklmnpqrstvwxyz"
	var b strings.Builder
	for n := now.Unix(); n > 0; n /= int64(len(digits)) {
		b.WriteByte(digits[n%int64(len(digits))])
	}
	return b.String()
}

// connect makes the adapter and starts it; started is called before what a core must
// see first is read.
func (t *trade) connect(ctx context.Context, run string, past *binance.Past, started func() error) error {
	v, err := binance.NewVenue(binance.VenueOptions{Pairs: t.info.Pairs, Step: paperStep, Interval: barName(paperStep), Run: run, Past: past,
		Streams: t.o.Streams, Client: t.client, Speed: t.o.Speed, Seed: t.spec.Seed, Log: t.o.Log})
	if err != nil {
		return err
	}
	t.venue = v
	if err := v.Start(ctx); err != nil {
		return err
	}
	if err := started(); err != nil {
		return err
	}
	t.begun, err = t.spec.opened(ctx, &playground{info: t.info, from: t.from, client: t.client}, v, past)
	return err
}

// wire makes core, gate, books and recorder.
func (t *trade) wire() error {
	s := t.spec
	core, err := s.Settings.NewCore(t.info.Pairs, s.Models.terms(t.from))
	if err != nil {
		return err
	}
	policy, err := s.Settings.NewPolicy(t.info.Pairs)
	if err != nil {
		return err
	}
	books := book.New(t.info.Pairs)
	books.Rounding = t.rounding
	t.lane = &lane{name: "account", entry: s.Entry, settings: s.Settings, remote: true, hash: strategy.NewHashJournal()}
	t.log = &paperLog{sayings: sayings{Journal: t.lane.hash}, policy: policy, books: books, instantAt: -1}
	t.lane.run = &strategy.Run{Core: core, Venue: t, Gate: risk.NewGate(t.info.Pairs, s.Limits), Book: books,
		Recorder: strategy.NewRecorder(t.info.Pairs, books), Journal: t.log}
	t.log.op = newOperation(s, t.lane.run, t.info, t.o.Operate)
	return nil
}

// recall reads the journal back: its records pass through core, books, gate and
// recorder, and what had no answer is what the adapter asks the exchange about.
func (t *trade) recall(ctx context.Context) (past *binance.Past, run string, err error) {
	r := &replayer{}
	var torn int64
	t.journal, torn, err = data.ContinueJournal(ctx, t.o.JournalFile, func(have *data.Session) error {
		t.info, t.from = &carry.TapeInfo{Pairs: have.Pairs, Step: paperStep, Source: have.Source, To: have.From}, have.From
		t.info.From = t.from - warmUp(t.spec.Settings)
		if err := sameSession(have, t.spec.session(&carry.TapeInfo{Pairs: have.Pairs, Source: t.source()}, have.From, have.Run)); err != nil {
			return err
		}
		t.rounding = have.Rounding
		if err := t.wire(); err != nil {
			return err
		}
		r.run = t.lane.run
		r.start(have)
		return nil
	}, r.record)
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return nil, "", err
	}
	if !r.past.Acted() {
		return nil, "", fmt.Errorf("%w: nothing was decided in it yet; remove it, or name another", ErrSession)
	}
	logTorn(torn, t.o.Log)
	t.log.second = alsoTo(t.o.Journal, t.journal)
	return r.past, r.out.Session.Run, r.goOn(ctx, torn > 0, t.o.Log)
}
