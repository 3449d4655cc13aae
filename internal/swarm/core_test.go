package swarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"

	"carry"
	"carry/internal/binance"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/sim"
	"carry/strategy"
)

// seams are where a bug may be brought in; nil leaves all as it is.
type seams struct {
	core     func(carry.Core) carry.Core               // between loop and strategy
	venue    func(risk.Venue) risk.Venue               // between loop and exchange
	told     func(ev *carry.Event) []carry.Event       // what the client makes of an outcome
	wire     func(http.RoundTripper) http.RoundTripper // between adapter and exchange
	pace     func(*binance.Lockstep) binance.Pacer     // what lets market time go on
	settings func(s strategy.Settings)                 // unknown to the judge
}

// playCore makes a seed's run with core and venue only.
func playCore(seed uint64, bug *seams) (j *judge, err error) { return playTraced(seed, bug, nil) }

func playTraced(seed uint64, bug *seams, trace func(*carry.Event, []carry.Command)) (j *judge, err error) {
	d, err := drawn(seed, coreSize)
	if err != nil {
		return nil, err
	}
	if bug == nil {
		bug = &seams{}
	}
	tape, err := d.roughMarket()
	if err != nil {
		return nil, err
	}
	info := tape.Info()
	inner, err := sim.NewVenue(info, d.sim, d.from)
	if err != nil {
		return nil, err
	}
	j = newJudge(d, info.Pairs)
	j.trace = trace
	j.truth = inner.Exchange().Balances
	if bug.settings != nil {
		bug.settings(d.set)
	}
	core, err := d.set.NewCore(info.Pairs, d.terms)
	if err != nil {
		return nil, err
	}
	if j.core = core; bug.core != nil {
		j.core = bug.core(core)
	}
	v := newShaky(inner, info.Pairs, d, j, dice{rand.New(rand.NewPCG(seed, 0x736861))})
	v.bug = bug.told
	var venue risk.Venue = v
	if bug.venue != nil {
		venue = bug.venue(v)
	}
	books, hash := book.New(info.Pairs), strategy.NewHashJournal()
	run := &strategy.Run{Core: j, Venue: venue, Gate: risk.NewGate(info.Pairs, d.limits), Book: books, Journal: hash,
		Recorder: strategy.NewRecorder(info.Pairs, books)}
	if err := v.plan(d); err != nil {
		return nil, err
	}
	if err := walk(run, inner, tape, d); err != nil {
		j.fail("books", "%v", err)
		return j, nil
	}
	j.result(run.Recorder)
	j.hash = hash.Sum()
	j.seen["events"] += int(j.seq)
	return j, nil
}

// walk feeds the market to its end.
func walk(run *strategy.Run, inner *sim.Venue, tape carry.Tape, d *draw) error {
	q := sim.NewQuoter(tape.Info(), sim.QuoteModels{Spread: d.spread}, d.from)
	var b carry.Block
	for {
		err := tape.Next(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		inner.Feed(q.Frames(&b))
		if done, err := run.Advance(context.Background()); done || err != nil {
			return fmt.Errorf("done %t: %w", done, err)
		}
	}
	inner.Feed(q.Last())
	inner.Finish()
	done, err := run.Advance(context.Background())
	if err == nil && !done {
		err = errors.New("the run does not end")
	}
	return err
}
