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
// earlier orders → ends of pairs → rules → the cross-section. Orders reach the
// market after their latency, inside the bar that follows; the bar's adverse
// extreme is judged after them.
type Venue struct {
	x        *Exchange
	frames   *Frames
	r        int
	phase    phase
	now      carry.Time
	queue    queue
	nextRule int
	nextEnd  int
	started  bool
	finished bool
	from     carry.Time
	head     int
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
	return &Venue{x: x, from: from}, nil
}

// Exchange gives access to the venue's truth.
func (v *Venue) Exchange() *Exchange { return v.x }

// Idle tells whether nothing is on its way: no order, no transfer, no event.
func (v *Venue) Idle() bool { return len(v.queue.items) == 0 && v.head == len(v.x.out) }

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
	if !v.started {
		v.start(at)
		return nil
	}
	if v.phase == phaseInstant {
		v.instant(f, at)
		v.phase = phaseBar
		return nil
	}
	if f.Block != nil && v.queue.before(at+f.Step) {
		v.execute(f, at, v.queue.pop())
		return nil
	}
	v.endBar(f, at)
	return nil
}

// start opens the account and announces the rules in force.
func (v *Venue) start(at carry.Time) {
	v.started = true
	v.x.emit(carry.Event{Kind: carry.EvSnapshot, At: at, Pair: -1, Balance: v.x.acct.spotUSDT, Balance2: v.x.acct.perpUSDT})
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
	copy(v.x.mark, m.Mark)
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
		if v.x.acct.qty[s.Pair] == 0 {
			continue
		}
		v.x.pay(s, v.settlementMark(f, s))
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

// execute lets one order or transfer reach the market.
func (v *Venue) execute(f *Frames, bar carry.Time, it item) {
	c := &it.cmd
	switch c.Kind {
	case carry.CmdTransfer:
		v.x.transfer(c, it.at)
		return
	case carry.CmdTimer:
		v.x.emit(carry.Event{Kind: carry.EvTimer, At: it.at, Pair: -1, ID: c.ID})
		return
	}
	i, q := int(c.Pair), &f.rows[v.r]
	k := v.r*f.Block.P + i
	bars := &f.Block.Spot
	if c.Leg == carry.Perp {
		bars = &f.Block.Perp
	}
	half := q.half(c.Leg, i)
	if it.at < v.x.endedUntil[i] || !(bars.Volume[k] > 0) || half != half {
		v.x.reject(c, it.at, carry.CodeHalted)
		return
	}
	frac := float64(it.at-bar) / float64(f.Step)
	path := barPath(bars.Open[k], bars.High[k], bars.Low[k], bars.Close[k], frac)
	v.x.fill(c, v.x.fillPrice(c, path, half, q.daily(c.Leg, i), q.slow.volFrac[i]), it.at)
}

// endBar judges the bar's worst moment and goes on to the next instant.
func (v *Venue) endBar(f *Frames, at carry.Time) {
	if f.Block != nil {
		v.x.liquidate(f.Block, v.r*f.Block.P, at+f.Step-1)
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
	case carry.CmdOrder:
		v.queue.push(v.now+v.x.opt.Latency.Order(v.now), c)
	case carry.CmdTransfer:
		v.queue.push(v.now+v.x.opt.TransferDelay, c)
	case carry.CmdTimer:
		v.queue.push(max(c.At, v.now), c) // time does not run backward
	}
	return nil
}
