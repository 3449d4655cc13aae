package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"carry"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/sim"
	"carry/strategy"
)

// Outcome is a run with its baselines over the same market.
type Outcome struct {
	Run       *carry.Result
	Baselines []*carry.Result
	Info      *carry.TapeInfo
}

// Observer may watch the main run; nil fields are not called.
type Observer struct {
	Posting  func(pairs []carry.Pair, p *book.Posting) error
	Command  func(pairs []carry.Pair, at carry.Time, c *carry.Command) error
	FirstBar func()
	Progress func(at, from, to carry.Time)
	// Block sees every block before the lanes do; the run trades from from on.
	Block func(info *carry.TapeInfo, from carry.Time, b *carry.Block)
}

// Execute makes the run and its baselines. All of them share each block of the
// tape while it is in the cache.
func Execute(ctx context.Context, spec *Spec, watch *Observer) (*Outcome, error) {
	if watch == nil {
		watch = &Observer{}
	}
	tape, from, err := spec.open()
	if err != nil {
		return nil, err
	}
	info := tape.Info()
	lanes, err := spec.lanes(info, from, watch)
	if err != nil {
		return nil, err
	}
	var survivors *lane
	if !spec.NoBaselines {
		if survivors, err = spec.survivorLane(info, from); err != nil {
			return nil, err
		}
		if survivors != nil {
			lanes = append(lanes, survivors)
		}
	}
	quoter := sim.NewQuoter(info, spec.Models.quotes(), from)
	if err := drive(ctx, tape, quoter, lanes, watch, from); err != nil {
		return nil, err
	}
	out := &Outcome{Info: info}
	for _, l := range lanes {
		res, err := l.finish(spec, info, quoter)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		switch {
		case out.Run == nil:
			out.Run = res
		case l == survivors:
			noteSurvivors(out.Run, res, info)
		default:
			out.Baselines = append(out.Baselines, res)
		}
	}
	if !spec.NoBaselines {
		// Beside the two plain ways of holding, which fill a terminal's width.
		out.Baselines = slices.Insert(out.Baselines, min(2, len(out.Baselines)), cashResult(out.Run, spec.Bills))
	}
	return out, nil
}

// lane is one run among those that share a tape.
type lane struct {
	name     string
	entry    strategy.Entry
	settings strategy.Settings
	venue    *sim.Venue
	run      *strategy.Run
	hash     *strategy.HashJournal
	last     carry.Market
	truth    *sim.Exchange // the account behind a venue that is not ours
	remote   bool          // that account is another process's
}

// newLane wires core, gate, books, recorder and a simulated venue.
func newLane(name string, e strategy.Entry, s strategy.Settings, spec *Spec, info *carry.TapeInfo, from carry.Time) (*lane, error) {
	core, err := s.NewCore(info.Pairs, spec.Models.terms(from))
	if err != nil {
		return nil, err
	}
	opt := spec.Models.options(s, spec.Seed)
	opt.Flows = spec.Flows
	venue, err := sim.NewVenue(info, opt, from)
	if err != nil {
		return nil, err
	}
	books := book.New(info.Pairs)
	l := &lane{name: name, entry: e, settings: s, venue: venue}
	l.run = &strategy.Run{Core: core, Venue: venue, Gate: risk.NewGate(info.Pairs, spec.Limits), Book: books,
		Recorder: strategy.NewRecorder(info.Pairs, books), Journal: strategy.NoJournal{}}
	l.run.Recorder.Expect(int((info.To-from)/info.Step) + 2)
	if h := s.Hedge(); h != nil {
		l.run.Recorder.Adjust(h.ProfitAdjustUSDT, h.ProfitAdjustNote)
	}
	if !spec.NoJournal {
		l.hash = strategy.NewHashJournal()
		l.run.Journal = l.hash
	}
	return l, nil
}

func (s *Spec) lanes(info *carry.TapeInfo, from carry.Time, watch *Observer) ([]*lane, error) {
	main, err := newLane("this run", s.Entry, s.Settings, s, info, from)
	if err != nil {
		return nil, err
	}
	watched := &watchedJournal{Journal: main.run.Journal, watch: watch, pairs: info.Pairs}
	if watch.Command != nil {
		main.run.Journal = watched
	}
	if watch.Posting != nil {
		main.run.Book.OnPosting = watched.posting
	}
	lanes := []*lane{main}
	if s.NoBaselines {
		return lanes, nil
	}
	return s.addBaselines(lanes, info, from)
}

// watchedJournal passes commands and postings on to an observer. The first
// error of an observer ends the run at the next record.
type watchedJournal struct {
	carry.Journal
	watch *Observer
	pairs []carry.Pair
	err   error
}

func (j *watchedJournal) Event(ev *carry.Event) error {
	if j.err != nil {
		return j.err
	}
	return j.Journal.Event(ev)
}

func (j *watchedJournal) Command(at carry.Time, c *carry.Command) error {
	if err := j.watch.Command(j.pairs, at, c); err != nil {
		return err
	}
	return j.Journal.Command(at, c)
}

func (j *watchedJournal) posting(p *book.Posting) {
	if j.err == nil {
		j.err = j.watch.Posting(j.pairs, p)
	}
}

// drive feeds the tape to all lanes, block by block.
func drive(ctx context.Context, tape carry.Tape, q *sim.Quoter, lanes []*lane, watch *Observer, from carry.Time) error {
	var block, part carry.Block
	to := tape.Info().To
	for {
		err := tape.Next(&block)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if watch.Block != nil {
			watch.Block(tape.Info(), from, &block)
		}
		for r := 0; r < block.N; r += partBars {
			block.Part(&part, r, min(r+partBars, block.N))
			if err := feed(ctx, q.Frames(&part), lanes); err != nil {
				return err
			}
			if watch.FirstBar != nil && part.End() > from {
				watch.FirstBar()
				watch.FirstBar = nil
			}
		}
		if watch.Progress != nil {
			watch.Progress(block.End(), from, to)
		}
	}
	frames := q.Last()
	for _, l := range lanes {
		if err := l.end(ctx, frames); err != nil {
			return err
		}
	}
	return nil
}

// end lets a lane see the last cross-section.
func (l *lane) end(ctx context.Context, f *sim.Frames) error {
	l.venue.Feed(f)
	l.venue.Finish()
	if _, err := l.run.Advance(ctx); err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	l.last = *l.venue.Seen()
	return nil
}

// partBars is how many bars become frames at once: of 74 pairs as many as
// stay in a core's own cache until all lanes have seen them.
const partBars = 24

func feed(ctx context.Context, f *sim.Frames, lanes []*lane) error {
	for _, l := range lanes {
		l.venue.Feed(f)
		if _, err := l.run.Advance(ctx); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// finish turns a lane's record into a result.
func (l *lane) finish(spec *Spec, info *carry.TapeInfo, q *sim.Quoter) (*carry.Result, error) {
	res, err := l.run.Recorder.Finish(&l.last)
	if err != nil {
		return nil, err
	}
	if err := l.compareBooks(info); err != nil {
		return nil, err
	}
	res.Name, res.Strategy, res.Preset = l.name, l.entry.Name, l.entry.Preset
	if q != nil {
		res.Prediction = q.Prediction()
	}
	res.Counts.Bars = int((info.To-info.From)/info.Step) * len(info.Pairs) * 2
	for k := range res.Years {
		y := &res.Years[k]
		y.Annual = Annual(y.Return, y.To-y.From)
	}
	res.Params = paramValues(l.settings, spec)
	res.Manifest = spec.manifest(info, res)
	if l.hash != nil {
		res.Manifest.JournalHash = l.hash.Sum()
	}
	explain(res, spec, info)
	return res, nil
}

// compareBooks holds the exchange's own balances against the books.
func (l *lane) compareBooks(info *carry.TapeInfo) error {
	x := l.truth
	switch {
	case x == nil && l.remote:
		return nil // the adapter compares them
	case x == nil:
		x = l.venue.Exchange()
	}
	spot, perp, coins, contracts := x.Balances()
	a := l.run.Book.Account()
	if spot != a.SpotUSDT || perp != a.PerpUSDT {
		return fmt.Errorf("%w: the exchange has %s and %s USDT, the books %s and %s", book.ErrBooks, spot, perp, a.SpotUSDT, a.PerpUSDT)
	}
	for i := range info.Pairs {
		if coins[i] != a.SpotCoins[i] || contracts[i] != a.PerpQty[i] {
			return fmt.Errorf("%w: holdings of %s differ between exchange and books", book.ErrBooks, info.Pairs[i].Coin)
		}
	}
	return nil
}
