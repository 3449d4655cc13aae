package binance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"carry"
	"carry/internal/binance/wire"
	"carry/internal/risk"
)

// VenueOptions are a live venue's settings.
type VenueOptions struct {
	Pairs []carry.Pair
	// Step is the length of a bar and the distance of two cross-sections; it is
	// one of the exchange's intervals, named by Interval.
	Step     carry.Time
	Interval string
	// Run is in every order's name, so that no two runs share one: up to twelve
	// of a..z without vowels and 0..9 (the exchange's firewall reads words).
	Run     string
	Streams LiveURLs
	// Client reads what may be asked for again; its URLs and keys serve orders
	// too.
	Client *Client
	// Past is what the journal tells of a run that goes on; nil for a new one.
	Past *Past
	// Pace is set in rehearsals.
	Pace Pacer
	// Speed is how many of the market's seconds a second of the machine's clock has
	// at a loopback exchange; 0: one.
	Speed float64
	// Testnet: the account comes with coins, which are taken for somebody else's, and
	// nobody tells what the key may do.
	Testnet bool
	// Silence is not watched for with Pace, since the market stands between steps;
	// WatchSilence does it all the same, where false time makes waits cost nothing.
	WatchSilence bool
	// Seed of the waits before connecting again.
	Seed uint64
	Log  func(text string)
}

// Venue is Binance as a risk.Venue: orders and transfers by REST, outcomes by
// the streams of the account, cross-sections from the streams of the market.
// Next and Submit are for one goroutine.
type Venue struct {
	o      VenueOptions
	c      *Client
	trader *trader
	links  struct{ spot, public, market, private, api *link }
	inbox  *inbox
	frames []frame
	early  []frame // of the account, heard before it was read
	up     map[*link]bool
	stop   context.CancelFunc
	wait   sync.WaitGroup

	mirror   *mirror
	out      []carry.Event
	head     int
	paid     map[int64]bool // payments told before a crash, of settlements whose rates were not
	agreed   carry.Time     // when the two views of the account last did
	token    uint32         // of this start, in every order's name; 0: the run's first
	started  bool
	ended    bool
	last     carry.Time // of the last event that was handed out
	told     carry.Time // of the last that was told
	later    []*wire.OrderNews
	symbols  [2]map[string]int32
	market   marketState
	flights  flights
	moves    []*move
	moved    map[int64]bool // numbers of transfers that are over
	levers   []lever
	timers   []timer
	woken    carry.Time // when time last stopped for a timer, in lockstep
	key      string     // listen key
	keyAt    carry.Time // when it was last kept alive
	feesPaid int        // FUNDING_FEE events since the last cross-section
	feesSeen map[string]bool
	called   atomic.Bool // by Wake
	deadMan  deadMan
	reread   bool // by Reread
}

// timer is a CmdTimer that is to come back.
type timer struct {
	at carry.Time
	id uint32
}

// ErrForeign says that the exchange booked something that is not understood, or
// that something may be this run's and cannot be told from what is not. Nothing is
// sent any more. What others do on the account is no error: the core is told.
var ErrForeign = errors.New("the account was changed by someone else")

// ErrSetup says that the account or the key is not as this program needs it.
var ErrSetup = errors.New("the account is not set up for this")

// NewVenue makes a venue; Start connects it.
func NewVenue(o VenueOptions) (*Venue, error) {
	if o.Client.o.Keys == nil {
		return nil, fmt.Errorf("%w: trading needs them", ErrKeys)
	}
	v, err := newVenue(o)
	if err != nil {
		return nil, err
	}
	v.trader = newTrader(o.Client.o.URLs, o.Client.o.Keys, o.Client.o.Clock, func() carry.Time { return carry.Time(v.c.offset.Load()) }, o.Client.gates, o.Client.o.Transport)
	return v, nil
}

// newVenue makes the part of it that needs no keys.
func newVenue(o VenueOptions) (*Venue, error) {
	if o.Run == "" || len(o.Run) > 12 || strings.Trim(o.Run, "bcdfghjklmnpqrstvwxyz0123456789") != "" {
		return nil, fmt.Errorf("run id %q: up to twelve consonants and digits", o.Run)
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	v := &Venue{o: o, c: o.Client, inbox: newInbox(), up: map[*link]bool{}, mirror: newMirror(o.Pairs), moved: map[int64]bool{}, feesSeen: map[string]bool{}}
	for m := range v.symbols {
		v.symbols[m] = map[string]int32{}
	}
	for i := range o.Pairs {
		v.symbols[wire.Spot][o.Pairs[i].SpotSymbol] = int32(i)
		v.symbols[wire.Futures][o.Pairs[i].PerpSymbol] = int32(i)
	}
	v.market.reset(o.Pairs)
	v.flights = newFlights()
	if o.Past != nil {
		v.recall(o.Past)
	}
	return v, nil
}

// Start checks the account, connects all streams, takes the snapshot and says
// it in the first events: Snapshot and the rules of every pair. For a new run the
// account must be flat. One that goes on is told what happened meanwhile.
func (v *Venue) Start(ctx context.Context) error {
	if err := v.checkAccount(ctx); err != nil {
		return err
	}
	a := v.trader.listen(ctx, "")
	if err := v.readListenKey(a); err != nil {
		return err
	}
	v.connect(ctx)
	if err := v.allUp(ctx); err != nil {
		return err
	}
	begin := v.begin
	if v.o.Past != nil {
		begin = func(ctx context.Context) error { return v.resume(ctx, v.o.Past) }
	}
	if err := begin(ctx); err != nil {
		return err
	}
	v.started = true
	if v.agreed = v.c.Now(); v.o.Past != nil {
		v.agreed = v.o.Past.last - carry.Minute // a lost end of the journal came after it
	}
	for _, f := range v.early {
		if err := v.hear(ctx, f); err != nil {
			return err
		}
	}
	v.early = nil
	return nil
}

// begin starts a new run.
func (v *Venue) begin(ctx context.Context) error {
	if err := v.snapshot(ctx); err != nil {
		return err
	}
	if err := v.readRules(ctx, v.c.Now()); err != nil {
		return err
	}
	return v.history(ctx, v.serverNow().Floor(v.o.Step), v.serverNow())
}

// Close ends all connections and returns when no goroutine is left.
func (v *Venue) Close() {
	if v.stop != nil {
		v.stop()
	}
	v.wait.Wait()
}

// connect starts the three links of the market and, where there are keys, the two
// of the account.
func (v *Venue) connect(ctx context.Context) {
	ctx, v.stop = context.WithCancel(ctx)
	s := v.o.Streams
	fixed := func(u string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return u, nil }
	}
	dial := &http.Client{Transport: v.c.o.Transport}
	start := func(name string, url func(context.Context) (string, error), hello func() []byte, stale time.Duration) *link {
		l := &link{name: name, url: url, hello: hello, stale: stale, inbox: v.inbox, log: v.o.Log, dial: dial, seed: v.o.Seed + uint64(len(name))}
		if v.o.Pace != nil && !v.o.WatchSilence {
			l.stale = 0 // the market stands still between steps
		}
		v.wait.Add(1)
		go func() {
			defer v.wait.Done()
			l.run(ctx)
		}()
		return l
	}
	v.links.spot = start("spot", fixed(s.Spot+"/stream"), v.subscribes(v.spotStreams()), time.Minute)
	v.links.public = start("futures public", fixed(s.Futures+"/public/stream"), v.subscribes(v.publicStreams()), time.Minute)
	v.links.market = start("futures market", fixed(s.Futures+"/market/stream"), v.subscribes(v.marketStreams()), 20*time.Second)
	if v.trader == nil {
		return
	}
	v.links.api = start("spot account", fixed(s.SpotAPI+"/ws-api/v3"), v.subscribesUser, 0)
	v.links.private = start("futures account", v.privateURL, nil, 0)
}

// privateURL takes the listen key that is valid when it is asked.
func (v *Venue) privateURL(ctx context.Context) (string, error) {
	a := v.trader.listen(ctx, "")
	key, err := listenKeyOf(a)
	if err != nil {
		return "", err
	}
	return v.o.Streams.Futures + "/private/ws?listenKey=" + key, nil
}

// whole tells whether every connection is up.
func (v *Venue) whole() bool {
	if v.trader == nil {
		return len(v.up) == 3
	}
	return len(v.up) == 5
}

// allUp waits until every link is connected and subscribed.
func (v *Venue) allUp(ctx context.Context) error {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		v.frames, _ = v.inbox.take(v.frames)
		for _, f := range v.frames {
			if err := v.hear(ctx, f); err != nil {
				return err
			}
		}
		if v.whole() {
			return nil
		}
		select {
		case <-v.inbox.ring:
		case <-deadline.C:
			return fmt.Errorf("%w: not all streams could be opened within 30 s", ErrUnreachable)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Next returns the next event; see risk.Venue.
func (v *Venue) Next(ctx context.Context) (*carry.Event, error) {
	for v.head == len(v.out) {
		v.out, v.head = v.out[:0], 0
		if err := v.work(ctx); err != nil {
			return nil, err
		}
		if v.called.Swap(false) && len(v.out) == 0 {
			return nil, risk.ErrWait
		}
	}
	ev := &v.out[v.head]
	if ev.At <= 0 {
		return nil, fmt.Errorf("%w: %s of pair %d; nothing is decided on it", errTimeless, ev.Kind, ev.Pair)
	}
	v.head++
	v.last = max(v.last, ev.At)
	return ev, nil
}

// Wake makes a Next that waits return risk.ErrWait where there is nothing to tell:
// its caller has something else to do. It may be called from any goroutine.
func (v *Venue) Wake() {
	v.called.Store(true)
	v.inbox.wake()
}

// Instant is the last instant between two bars that was told or has passed.
func (v *Venue) Instant() carry.Time { return v.market.done }

// PendingAt is the time of the event that Next returns, if one is ready.
func (v *Venue) PendingAt() carry.Time { return v.out[v.head].At }

// Reread makes the venue read all rules anew at its next Next, for whose goroutine
// it is; what changed is told. They are read at every cross-section anyway.
func (v *Venue) Reread() { v.reread = true }

// Pending is how many events are ready for Next.
func (v *Venue) Pending() int { return len(v.out) - v.head }

// work hears what came, looks after what is open and otherwise waits.
func (v *Venue) work(ctx context.Context) error {
	var over bool
	v.frames, over = v.inbox.take(v.frames)
	if over {
		v.overrun()
	}
	for _, f := range v.frames {
		if err := v.hear(ctx, f); err != nil {
			return err
		}
	}
	if len(v.out) > 0 {
		return nil
	}
	// In lockstep time stands until every link is back: nothing becomes due.
	if v.o.Pace == nil || v.whole() {
		if err := v.care(ctx); err != nil || len(v.out) > 0 {
			return err
		}
	}
	if v.ended {
		return io.EOF
	}
	return v.pass(ctx)
}

// care does what is due by the clock: cross-sections, keys, timers and orders
// and transfers whose outcome is not known.
func (v *Venue) care(ctx context.Context) error {
	now := v.c.Now()
	if k := v.due(now); k >= 0 {
		t := v.timers[k]
		v.timers = append(v.timers[:k], v.timers[k+1:]...)
		at := max(t.at, v.last)
		v.market.lookIn = at
		v.emit(carry.Event{Kind: carry.EvTimer, At: at, Pair: -1, ID: t.id})
		return nil
	}
	if err := v.keepAlive(ctx, now); err != nil {
		return err
	}
	if err := v.keepCountdowns(ctx, now); err != nil {
		return err
	}
	if err := v.settleLevers(ctx, now); err != nil {
		return err
	}
	v.noticeQuiet(now)
	if v.reread {
		v.reread = false
		if err := v.readRules(ctx, max(v.last, now)); err != nil || len(v.out) > 0 {
			return err
		}
	}
	if err := v.settleUnknown(ctx, now); err != nil || len(v.out) > 0 {
		return err
	}
	if err := v.settleMoves(ctx, now); err != nil || len(v.out) > 0 {
		return err
	}
	return v.cutIfDue(ctx, now)
}

// due is the earliest timer whose time has come, of several the first asked for;
// -1 if there is none. In lockstep it has come when the exchange stopped for it:
// what happened at the same time before is told before.
func (v *Venue) due(now carry.Time) int {
	if v.o.Pace != nil {
		now = v.woken
	}
	first := -1
	for k, t := range v.timers {
		if t.at <= now && (first < 0 || t.at < v.timers[first].at) {
			first = k
		}
	}
	return first
}

// wakes are the times at which care must look again at the latest. In lockstep
// transfers need none: each step is a look.
func (v *Venue) wakes() (at []carry.Time) {
	for _, t := range v.timers {
		at = append(at, t.at)
	}
	for _, x := range v.flights.list {
		if x.nextPoll != 0 {
			at = append(at, x.nextPoll)
		}
	}
	for _, m := range v.moves {
		if v.o.Pace == nil {
			at = append(at, m.nextPoll)
		}
	}
	if len(v.deadMan.set) > 0 {
		at = append(at, v.deadMan.next)
	}
	return at
}

// pass lets time go on until something comes or is due.
func (v *Venue) pass(ctx context.Context) error {
	wakes := v.wakes()
	if v.o.Pace != nil && v.whole() {
		v.market.insideAt = 0 // nobody asked for this moment, and now it passes
		woken, ended, err := v.o.Pace.Step(ctx, wakes)
		if woken {
			v.woken = v.c.Now()
		}
		v.ended = v.ended || ended
		return err
	}
	wait := time.Minute
	for _, at := range wakes {
		wait = min(wait, v.real(max(0, at-v.c.Now())))
	}
	if v.market.cutAt != 0 {
		wait = min(wait, 200*time.Millisecond, v.real(carry.Second))
	}
	if v.o.Pace != nil {
		wait = 200 * time.Millisecond // only for the links: what is due in market time stays due
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-v.inbox.ring:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// real is a span of the market's time by the machine's clock.
func (v *Venue) real(t carry.Time) time.Duration {
	return time.Duration(float64(t) * float64(time.Millisecond) / max(v.o.Speed, 1))
}

// emit tells an event. What became known late bears the time of its telling: a
// core's time does not run backward.
func (v *Venue) emit(ev carry.Event) {
	v.told = max(v.told, v.last, ev.At)
	if ev.At > 0 { // one without a time is refused by Next
		ev.At = v.told
	}
	v.mirror.apply(&ev)
	v.out = append(v.out, ev)
}

// errTimeless is a programmer's error: a core that believed it would think that
// it is 1970.
var errTimeless = errors.New("binance: an event without a time")

var errUnapproved = errors.New("binance: a command came without the gate's approval")

// Submit takes a command over; see risk.Venue. Orders are on their way when it
// returns; whatever became of them is told by Next.
func (v *Venue) Submit(ctx context.Context, a risk.Approved) error {
	if !a.Valid() {
		return errUnapproved
	}
	c := a.Command()
	switch c.Kind {
	case carry.CmdOrder:
		return v.place(ctx, &c)
	case carry.CmdCancel:
		return v.cancel(ctx, &c)
	case carry.CmdTransfer:
		return v.move(ctx, &c)
	case carry.CmdLeverage:
		return v.setLeverage(ctx, &c)
	case carry.CmdTimer:
		v.timers = append(v.timers, timer{max(c.At, v.last), c.ID})
	}
	return nil
}
