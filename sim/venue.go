package sim

import (
	"context"
	"errors"
	"io"

	"carry"
	"carry/internal/risk"
)

// Venue is the simulated world: it walks frames in time order, lets the
// exchange act, and hands out events one by one. It implements risk.Venue.
//
// Within one instant: settlements on positions held before → outcomes of
// earlier orders → ends of pairs → rules → the owner's flows → the
// cross-section. Orders reach the market after their latency, inside the bar
// that follows, on its path; what the marks did on the way is judged first. The
// market within a bar is shown after a timer, and every Options.Moment while
// orders rest.
type Venue struct {
	x        *Exchange
	frames   *Frames
	r        int
	phase    phase
	now      carry.Time
	queue    queue
	nextRule int
	nextEnd  int
	nextFlow int
	owed     carry.Amount // of withdrawals, not yet free
	started  bool
	finished bool
	from     carry.Time
	head     int

	// judged is the fraction of the bar up to which marks and resting orders
	// have been looked at.
	judged float64
	// show is set while a cross-section within the bar is due, at showAt.
	show   bool
	showAt carry.Time
	used   [2][]float64    // what our orders had of the bar, base units
	usedAt [2][]carry.Time // of which bar
	inside insideMarket
	seen   *carry.Market
	own    carry.Market // seen, where it carries what the frames' does not
	// told is set where the market is not read from bars but told as it comes.
	told *Told
}

type phase uint8

const (
	phaseInstant phase = iota
	phaseBar
)

// NewVenue opens the account at from; frames before it are warm-up.
func NewVenue(info *carry.TapeInfo, opt Options, from carry.Time) (*Venue, error) {
	x, err := NewExchange(info, opt)
	if err != nil {
		return nil, err
	}
	v := &Venue{x: x, from: from}
	for leg := range v.used {
		v.used[leg], v.usedAt[leg] = make([]float64, len(info.Pairs)), make([]carry.Time, len(info.Pairs))
	}
	return v, nil
}

// Exchange gives access to the venue's truth.
func (v *Venue) Exchange() *Exchange { return v.x }

// Seen is the last cross-section told, nil before the first; it is valid as long
// as the frames it came from.
func (v *Venue) Seen() *carry.Market { return v.seen }

// Idle tells whether nothing is on its way: no order, no transfer, no event.
func (v *Venue) Idle() bool {
	return len(v.queue.items) == 0 && v.head == len(v.x.out) && len(v.x.resting) == 0 && !v.show
}

// Told tells whether every event that has happened was handed out: then the
// exchange's accounts are what the events add up to.
func (v *Venue) Told() bool { return v.head == len(v.x.out) }

// Feed hands over the next frames; the last of a tape has no block.
func (v *Venue) Feed(f *Frames) { v.frames, v.r, v.phase = f, 0, phaseInstant }

// Finish says that there is nothing more to feed.
func (v *Venue) Finish() { v.finished = true }

// Next returns the next event; see risk.Venue.
func (v *Venue) Next(context.Context) (*carry.Event, error) {
	for v.head == len(v.x.out) {
		v.head, v.x.out = 0, v.x.out[:0]
		if err := v.advance(); err != nil {
			return nil, err
		}
	}
	ev := &v.x.out[v.head]
	v.head++
	v.now = ev.At
	return ev, nil
}

// advance makes the smallest step that can yield events.
func (v *Venue) advance() error {
	if v.frames == nil || v.r >= v.frames.N {
		if v.finished {
			return io.EOF
		}
		return risk.ErrWait
	}
	f := v.frames
	at := f.Start + carry.Time(v.r)*f.Step
	switch {
	case !v.started:
		v.start(f, at)
	case v.phase == phaseInstant:
		v.instant(f, at)
		v.phase = phaseBar
	case f.Block == nil || !v.within(f, at):
		if v.told != nil {
			return v.told.rest(f, at)
		}
		v.endBar(f, at)
	}
	return nil
}

// start opens the account and announces the rules in force.
func (v *Venue) start(f *Frames, at carry.Time) {
	v.started = true
	a := &v.x.acct
	ev := carry.Event{Kind: carry.EvSnapshot, At: at, Pair: -1}
	if v.x.opt.BNBUSDT > 0 {
		v.x.priceBNB(&f.Markets[v.r])
		v.x.stockBNB()
		ev.BNB, ev.BNB2, ev.BNBPrice = a.bnb[carry.SpotWallet], a.bnb[carry.PerpWallet], v.x.bnbPrice
	}
	ev.Balance, ev.Balance2 = a.spotUSDT, a.perpUSDT
	v.x.emit(ev)
	v.announce(at)
}

func (v *Venue) announce(at carry.Time) {
	rules := v.x.info.Rules
	for v.nextRule < len(rules) && rules[v.nextRule].From <= at {
		v.x.applyRules(&rules[v.nextRule], at)
		v.nextRule++
	}
}

func (v *Venue) instant(f *Frames, at carry.Time) {
	m := &f.Markets[v.r]
	if f.Block != nil {
		v.settle(f, at)
	}
	ends := v.x.info.Ends
	for v.nextEnd < len(ends) && ends[v.nextEnd].At <= at {
		v.x.endPair(&ends[v.nextEnd], m, at)
		v.nextEnd++
	}
	v.announce(at)
	if v.owed > 0 || v.nextFlow < len(v.x.opt.Flows) {
		v.flows(at)
	}
	v.judged = 0
	v.tell(m, at)
}

// tell hands a cross-section out and takes its marks over.
func (v *Venue) tell(m *carry.Market, at carry.Time) {
	copy(v.x.mark, m.Mark)
	if v.x.opt.BNBUSDT > 0 {
		v.x.priceBNB(m)
		v.own = *m
		v.own.BNBUSDT = v.x.bnbPrice.Float()
		m = &v.own
	}
	v.seen = m
	ev := v.x.slot()
	ev.Kind, ev.At, ev.Pair, ev.Market = carry.EvMarket, at, -1, m
}

// settle pays the instant's funding on what is held and tells all rates.
func (v *Venue) settle(f *Frames, at carry.Time) {
	rates := f.Block.Settled[f.settledAt[v.r]:f.settledAt[v.r+1]]
	if len(rates) == 0 {
		return
	}
	for k := range rates {
		s := &rates[k]
		if v.x.window != nil {
			due := at + v.x.opt.FundingWindow
			v.x.owe(s, v.settlementMark(f, s), at)
			v.queue.add(item{at: due, what: doCharge, cmd: carry.Command{Pair: s.Pair}})
			continue
		}
		if q := v.x.acct.qty[s.Pair]; q != 0 {
			v.x.pay(s, v.settlementMark(f, s), q, s.At, carry.OK)
		}
	}
	v.x.emit(carry.Event{Kind: carry.EvRates, At: at, Pair: -1, Rates: rates})
}

// settlementMark is the recorded mark price, or else the open of the mark's
// bar, the perpetual's bar, or the last mark known.
func (v *Venue) settlementMark(f *Frames, s *carry.Settlement) carry.Price {
	if s.Mark > 0 {
		return s.Mark
	}
	k := v.r*f.Block.P + int(s.Pair)
	if p := f.Block.MarkOpen[k]; p == p {
		return carry.PriceFromFloat(p)
	}
	if p := f.Block.Perp.Open[k]; p == p {
		return carry.PriceFromFloat(p)
	}
	return carry.PriceFromFloat(f.Markets[v.r].Mark[s.Pair])
}

// endBar judges what is left of the bar and goes on to the next instant.
func (v *Venue) endBar(f *Frames, at carry.Time) {
	if f.Block != nil {
		v.reach(f, at, at+f.Step-1, 1)
		v.x.deleverage(f.Block, v.r*f.Block.P, at, at+f.Step-1)
	}
	v.r++
	v.phase = phaseInstant
}

// errUnapproved is a programmer's error that must stop the run.
var errUnapproved = errors.New("sim: a command came without the gate's approval")

// Submit takes a command over; see risk.Venue.
func (v *Venue) Submit(_ context.Context, a risk.Approved) error {
	if !a.Valid() {
		return errUnapproved
	}
	c := a.Command()
	switch c.Kind {
	case carry.CmdOrder, carry.CmdCancel, carry.CmdLeverage:
		v.queue.push(v.now+v.x.opt.Latency.Order(v.now), c)
	case carry.CmdTransfer:
		v.queue.push(v.now+v.x.opt.TransferDelay, c)
	case carry.CmdTimer:
		v.queue.push(max(c.At, v.now), c) // time does not run backward
	}
	return nil
}
