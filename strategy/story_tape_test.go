package strategy_test

import (
	"context"
	"errors"
	"math"
	"strconv"

	"carry"
	"carry/internal/risk"
	"carry/sim"
)

// storyWarm is how long a story's tape runs before its first hour.
const storyWarm = 32

// storyTape is a market written by a story, for the simulated exchange.
type storyTape struct {
	info  carry.TapeInfo
	block carry.Block
	set   func() error // wires the loop, once the tape is written
	venue *sim.Venue
	until *until
}

// exchange opens the simulated exchange: coins= at 100 USDT for hours=, perpetual
// premium=, rate= settled every 8 hours. Nothing but fees is charged.
func (w *theatre) exchange(_ []string, kv args) error {
	*w = theatre{t: w.t}
	w.makePairs(kv.take("coins", "A"))
	n := len(w.pairs)
	var x [5]float64
	for k, f := range [...]struct {
		key   string
		else_ float64
	}{{"hours", 24}, {"spot", 10_000}, {"futures", 5_000}, {"premium", 0}, {"rate", 0.0003}} {
		v, err := kv.number(f.key, f.else_)
		if err != nil {
			return err
		}
		x[k] = v
	}
	s, err := settings(kv)
	if err != nil {
		return err
	}
	day, err := carry.ParseTime("2021-05-19")
	if err != nil {
		return err
	}
	start := day - storyWarm*carry.Hour
	t := &storyTape{}
	hours := int(x[0]) + storyWarm
	t.info = carry.TapeInfo{Pairs: w.pairs, Rules: w.rules, From: start, To: start + carry.Time(hours)*carry.Hour, Step: carry.Hour}
	t.block.Start, t.block.Step = start, carry.Hour
	t.block.Resize(hours, n)
	for r := range hours {
		for i := range n {
			k := r*n + i
			t.bar(carry.Spot, k, 100, 100)
			t.bar(carry.Perp, k, 100*(1+x[3]), 100*(1+x[3]))
			t.block.Spot.Volume[k], t.block.Perp.Volume[k] = 1e6, 1e6
			t.block.MarkOpen[k], t.block.MarkHigh[k], t.block.MarkClose[k], t.block.Premium[k] = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		}
		if at := start + carry.Time(r)*carry.Hour; at%(8*carry.Hour) == 0 {
			for i := range n {
				t.block.Settled = append(t.block.Settled, carry.Settlement{At: at, Pair: int32(i), Rate: carry.SettledRate(carry.RateTicks(x[4])), IntervalH: 8})
			}
		}
	}
	o := sim.DefaultOptions()
	o.CapitalUSDT, o.FuturesUSDT, o.Impact = carry.AmountFloor(x[1]+x[2]), carry.AmountFloor(x[2]), sim.NoImpact{}
	t.set = func() error {
		t.info.Rules = w.rules
		if t.venue, err = sim.NewVenue(&t.info, o, day); err != nil {
			return err
		}
		q := sim.NewQuoter(&t.info, sim.QuoteModels{Spread: sim.NoSpread{}}, day)
		t.venue.Feed(q.Frames(&t.block))
		t.until = &until{v: t.venue, q: q, from: day, said: func() { w.trace.muted = false }}
		if err := w.wire(s, t.until); err != nil {
			return err
		}
		w.trace.muted, w.trace.quiet = true, true
		return nil
	}
	w.tape = t
	w.trace = &trace{}
	w.trace.out.WriteString("ok\n")
	return nil
}

func (t *storyTape) bar(leg carry.Leg, k int, open, closing float64) {
	b := &t.block.Spot
	if leg == carry.Perp {
		b = &t.block.Perp
	}
	b.Open[k], b.Close[k], b.High[k], b.Low[k] = open, closing, max(open, closing), min(open, closing)
}

// hour is a key's hour of the story as a row of the tape.
func hour(kv args, key string, otherwise int) (int, error) {
	v := kv.take(key, "")
	if v == "" {
		return otherwise, nil
	}
	h, err := strconv.Atoi(v)
	return h + storyWarm, err
}

// move changes a coin's price within the bar at=: to= on spot, premium= of the
// perpetual over it; prices stay there.
func (w *theatre) move(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	t := w.tape
	at, err := hour(kv, "at", storyWarm)
	if err != nil {
		return err
	}
	was := t.block.Spot.Close[(at-1)*len(w.pairs)+i]
	wasPerp := t.block.Perp.Close[(at-1)*len(w.pairs)+i]
	to, err := kv.number("to", was)
	if err != nil {
		return err
	}
	premium, err := kv.number("premium", wasPerp/was-1)
	if err != nil {
		return err
	}
	for r := at; r < t.block.N; r++ {
		k := r*len(w.pairs) + i
		t.bar(carry.Spot, k, was, to)
		t.bar(carry.Perp, k, wasPerp, to*(1+premium))
		was, wasPerp = to, to*(1+premium)
	}
	w.trace.out.WriteString("ok\n")
	return nil
}

// rise lets a coin's price rise by= in every hour from= to= (exclusive).
func (w *theatre) rise(words []string, kv args) error {
	from, err := hour(kv, "from", 0)
	if err != nil {
		return err
	}
	to, err := hour(kv, "to", 0)
	if err != nil {
		return err
	}
	by, err := kv.number("by", 0)
	if err != nil {
		return err
	}
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	for r := from; r < to; r++ {
		was := w.tape.block.Spot.Close[(r-1)*len(w.pairs)+i]
		if err := w.move(words, args{"at": strconv.Itoa(r - storyWarm), "to": strconv.FormatFloat(was*(1+by), 'f', 2, 64)}); err != nil {
			return err
		}
	}
	w.trace.take()
	w.trace.out.WriteString("ok\n")
	return nil
}

// gap takes a leg's bars away from= to= (exclusive).
func (w *theatre) gap(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	from, err := hour(kv, "from", 0)
	if err != nil {
		return err
	}
	to, err := hour(kv, "to", w.tape.block.N)
	if err != nil {
		return err
	}
	b := &w.tape.block.Spot
	if words[1] == "perp" {
		b = &w.tape.block.Perp
	}
	for r := from; r < to; r++ {
		k := r*len(w.pairs) + i
		for _, c := range [...][]float64{b.Open, b.High, b.Low, b.Close, b.Volume} {
			c[k] = math.NaN()
		}
	}
	w.trace.out.WriteString("ok\n")
	return nil
}

// dry lets a coin's traded volume vanish at= on.
func (w *theatre) dry(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	at, err := hour(kv, "at", 0)
	if err != nil {
		return err
	}
	for r := at; r < w.tape.block.N; r++ {
		k := r*len(w.pairs) + i
		w.tape.block.Spot.Volume[k], w.tape.block.Perp.Volume[k] = 50, 50
	}
	w.trace.out.WriteString("ok\n")
	return nil
}

// fund sets what a coin settles at from= on: rate=.
func (w *theatre) fund(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	from, err := hour(kv, "from", 0)
	if err != nil {
		return err
	}
	rate, err := kv.number("rate", 0)
	if err != nil {
		return err
	}
	for k := range w.tape.block.Settled {
		s := &w.tape.block.Settled[k]
		if int(s.Pair) == i && s.At >= w.tape.block.Start+carry.Time(from)*carry.Hour {
			s.Rate = carry.SettledRate(carry.RateTicks(rate))
		}
	}
	w.trace.out.WriteString("ok\n")
	return nil
}

// delist ends a coin's contract at=.
func (w *theatre) delist(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	at, err := hour(kv, "at", 0)
	if err != nil {
		return err
	}
	t := w.tape
	t.info.Ends = append(t.info.Ends, carry.PairEnd{Pair: int32(i), At: t.block.Start + carry.Time(at)*carry.Hour, Delisted: true})
	for r := at; r < t.block.N; r++ {
		k := r*len(w.pairs) + i
		for _, b := range [...]*carry.Bars{&t.block.Spot, &t.block.Perp} {
			for _, c := range [...][]float64{b.Open, b.High, b.Low, b.Close, b.Volume} {
				c[k] = math.NaN()
			}
		}
	}
	w.trace.out.WriteString("ok\n")
	return nil
}

// change announces new rules of a coin at=, as rules does.
func (w *theatre) change(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	at, err := hour(kv, "at", 0)
	if err != nil {
		return err
	}
	r := w.rules[i]
	r.From = w.tape.block.Start + carry.Time(at)*carry.Hour
	if err := changeRules(&r, &w.pairs[i], kv); err != nil {
		return err
	}
	w.rules = append(w.rules, r)
	w.trace.out.WriteString("ok\n")
	return nil
}

// until hands events on as long as they are before a time.
type until struct {
	v    *sim.Venue
	q    *sim.Quoter
	from carry.Time // of the story
	said func()     // called when it begins
	to   carry.Time
	held *carry.Event
	end  bool
}

// Next implements risk.Venue.
func (u *until) Next(ctx context.Context) (*carry.Event, error) {
	if u.held == nil {
		ev, err := u.v.Next(ctx)
		if errors.Is(err, risk.ErrWait) && !u.end {
			u.end = true
			u.v.Feed(u.q.Last())
			u.v.Finish()
			return u.Next(ctx)
		}
		if err != nil {
			return nil, err
		}
		c := *ev
		u.held = &c
	}
	if u.held.At >= u.to {
		return nil, risk.ErrWait
	}
	if u.held.At >= u.from {
		u.said()
	}
	ev := u.held
	u.held = nil
	return ev, nil
}

// Submit implements risk.Venue.
func (u *until) Submit(ctx context.Context, a risk.Approved) error { return u.v.Submit(ctx, a) }

// play trades the tape up to hour to=, or to its end.
func (w *theatre) play(_ []string, kv args) error {
	t := w.tape
	if t.until == nil {
		if err := t.set(); err != nil {
			return err
		}
	}
	to, err := hour(kv, "to", t.block.N+1)
	if err != nil {
		return err
	}
	t.until.to = t.block.Start + carry.Time(to)*carry.Hour
	_, err = w.run.Advance(context.Background())
	return err
}
