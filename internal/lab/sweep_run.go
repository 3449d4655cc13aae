package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"carry"
	"carry/data"
	"carry/reports"
	"carry/sim"
)

// chunkMost is how many trials share one pass over a tape where nothing else is
// said: enough that reading costs little, few enough for their memory.
const chunkMost = 32

// chunkSize depends on the sweep alone, never on the machine, so that the
// chunks of two machines fit together.
func (s *Sweep) chunkSize() int {
	if s.Chunk > 0 {
		return s.Chunk
	}
	return max(1, min(chunkMost, (s.Size()+7)/8))
}

// Chunks is the number of parts that are run and kept as a whole.
func (s *Sweep) Chunks() int { return (s.Size() + s.chunkSize() - 1) / s.chunkSize() }

// ChunkRange are the trials of a chunk, from the first to before the last.
func (s *Sweep) ChunkRange(chunk int) (from, to int) {
	n := s.chunkSize()
	return chunk * n, min((chunk+1)*n, s.Size())
}

// Run makes all trials and returns them by number: the same results for any
// number of workers. Trials that fail keep their error.
func (s *Sweep) Run(ctx context.Context) ([]Trial, error) {
	trials := make([]Trial, s.Size())
	all := make([]int, s.Chunks())
	for c := range all {
		all[c] = c
	}
	err := s.RunChunks(ctx, all, func(_ int, done []Trial) error {
		copy(trials[done[0].No:], done) // chunks do not overlap
		return nil
	})
	return trials, err
}

// RunChunks runs some chunks on all workers. done gets each when it is ready,
// from any goroutine; its first error ends the sweep.
func (s *Sweep) RunChunks(ctx context.Context, chunks []int, done func(chunk int, trials []Trial) error) error {
	workers := s.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = max(1, min(workers, len(chunks)))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan int, len(chunks))
	for _, c := range chunks {
		queue <- c
	}
	close(queue)
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for c := range queue {
				trials, err := s.runChunk(ctx, w, c)
				if err == nil {
					err = done(c, trials)
				}
				if err != nil {
					errs[w] = err
					stop()
					return
				}
			}
		}()
	}
	wg.Wait()
	return firstCause(errs)
}

// firstCause prefers what went wrong to the stopping that it caused.
func firstCause(errs []error) error {
	var stopped error
	for _, err := range errs {
		if errors.Is(err, context.Canceled) {
			stopped = err
		} else if err != nil {
			return err
		}
	}
	return stopped
}

// runChunk runs a chunk's trials, those that see the same tape together.
func (s *Sweep) runChunk(ctx context.Context, worker, chunk int) ([]Trial, error) {
	from, to := s.ChunkRange(chunk)
	trials := make([]Trial, to-from)
	specs := make([]*Spec, to-from)
	var left []int
	for k := range trials {
		trials[k] = Trial{No: from + k, Values: s.values(from + k)}
		spec, err := s.specOf(trials[k].Values)
		if err != nil {
			trials[k].Err = err.Error()
			continue
		}
		specs[k] = spec
		left = append(left, k)
	}
	for len(left) > 0 {
		// Trials with another span, coins or window need another tape.
		lead := specs[left[0]]
		same, rest := splitBy(left, func(k int) bool { return sameTape(lead, specs[k]) })
		left = rest
		tape, start, err := lead.open()
		if spoiled(err) {
			for _, k := range same {
				trials[k].Err = err.Error()
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		p := &pass{sweep: s, worker: worker, tape: tape, from: start, specs: specs, trials: trials}
		if err := p.run(ctx, same); err != nil {
			return nil, err
		}
	}
	return trials, nil
}

// spoiled tells an error that is the trial's own from one of the machine.
func spoiled(err error) bool {
	return errors.Is(err, ErrNoData) || errors.Is(err, ErrUnknownCoin) || errors.Is(err, data.ErrUnknownCoin) ||
		errors.Is(err, data.ErrEmptyRange) || errors.Is(err, data.ErrNoLeg)
}

func splitBy(list []int, is func(int) bool) (yes, no []int) {
	for _, k := range list {
		if is(k) {
			yes = append(yes, k)
		} else {
			no = append(no, k)
		}
	}
	return yes, no
}

func sameTape(a, b *Spec) bool {
	return a.From == b.From && a.To == b.To && strings.Join(a.Coins, ",") == strings.Join(b.Coins, ",") &&
		warmUp(a.Settings) == warmUp(b.Settings)
}

// pass is one reading of a tape that feeds every block to all of its trials
// before it reads the next (block-major), so that reading and quoting are paid
// once.
type pass struct {
	sweep  *Sweep
	worker int
	tape   carry.Tape
	from   carry.Time
	specs  []*Spec
	trials []Trial
}

// group is the trials of a pass that see the same cross-sections.
type group struct {
	quoter *sim.Quoter
	lanes  []*lane
	trial  []int
}

func (p *pass) run(ctx context.Context, same []int) error {
	info := p.tape.Info()
	var groups []*group
	byQuotes := make(map[string]*group)
	for _, k := range same {
		spec, t := p.specs[k], &p.trials[k]
		t.Key = trialKey(spec, info, p.from)
		l, err := newLane("this run", spec.Entry, spec.Settings, spec, info, p.from)
		if err != nil {
			t.Err = err.Error()
			continue
		}
		key := spec.Models.quotes().Spread.String()
		g := byQuotes[key]
		if g == nil {
			g = &group{quoter: sim.NewQuoter(info, spec.Models.quotes(), p.from)}
			byQuotes[key] = g
			groups = append(groups, g)
		}
		g.lanes, g.trial = append(g.lanes, l), append(g.trial, k)
	}
	if err := p.feedAll(ctx, groups, len(same)); err != nil {
		return err
	}
	for _, g := range groups {
		frames := g.quoter.Last()
		if err := g.each(ctx, p.trials, func(_ int, l *lane) error { return l.end(ctx, frames) }); err != nil {
			return err
		}
		err := g.each(ctx, p.trials, func(k int, l *lane) error {
			res, err := l.finish(p.specs[k], info, g.quoter)
			if err != nil {
				return err
			}
			p.trials[k].HoldMedian = medianHold(res.Trips)
			p.trials[k].Exposure = reports.Exposure(res.Curve.Notional, res.Curve.Equity)
			p.trials[k].Result = slim(res)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) feedAll(ctx context.Context, groups []*group, n int) error {
	var block carry.Block
	for {
		err := p.tape.Next(&block)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, g := range groups {
			frames := g.quoter.Frames(&block)
			err := g.each(ctx, p.trials, func(_ int, l *lane) error {
				l.venue.Feed(frames)
				_, err := l.run.Advance(ctx)
				return err
			})
			if err != nil {
				return err
			}
		}
		if p.sweep.Done != nil {
			p.sweep.Done(p.worker, n, block.End(), p.tape.Info().To)
		}
	}
}

// each lets f work on every trial that still runs. One that fails keeps its
// error and is left out from then on; only an interrupt ends the pass.
func (g *group) each(ctx context.Context, trials []Trial, f func(k int, l *lane) error) error {
	kept := 0
	for i, l := range g.lanes {
		k := g.trial[i]
		if err := f(k, l); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			trials[k].Err = err.Error()
			continue
		}
		g.lanes[kept], g.trial[kept] = l, k
		kept++
	}
	clear(g.lanes[kept:])
	g.lanes, g.trial = g.lanes[:kept], g.trial[:kept]
	return ctx.Err()
}

// trialKey hashes what a trial's result depends on: program, data, span,
// strategy and every parameter.
func trialKey(spec *Spec, info *carry.TapeInfo, from carry.Time) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%d %d %d\n%s/%s\n", program(), info.Hash, from, info.To, spec.Seed, spec.Entry.Name, spec.Entry.Preset)
	for _, v := range paramValues(spec.Settings, spec) {
		fmt.Fprintf(h, "%s=%s\n", v.Name, v.Value)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// medianHold is the median length of trips, 0 without any.
func medianHold(trips []carry.Trip) carry.Time {
	var lengths []carry.Time
	for i := range trips {
		lengths = append(lengths, trips[i].CloseAt-trips[i].OpenAt)
	}
	if len(lengths) == 0 {
		return 0
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}

// slim is a copy of what a sweep keeps, so that thousands of trials fit; a copy,
// since a result lies inside the recorder that made it and would hold it and its
// books.
func slim(r *carry.Result) *carry.Result {
	out := *r
	out.Happenings, out.Trips, out.Coverage, out.Coins, out.Params = nil, nil, nil, nil, nil
	out.Curve = daily(&r.Curve)
	return &out
}

// daily keeps one equity sample a day.
func daily(c *carry.Curve) carry.Curve {
	every := int(max(1, carry.Day/c.Step))
	out := carry.Curve{Start: c.Start, Step: c.Step * carry.Time(every), Equity: make([]float64, 0, len(c.Equity)/every+1)}
	for i := 0; i < len(c.Equity); i += every {
		out.Equity = append(out.Equity, c.Equity[i])
	}
	return out
}

// Baselines are the results every trial is compared with, from one run of the
// base specification.
func (s *Sweep) Baselines(ctx context.Context) ([]*carry.Result, error) {
	spec, err := s.baselineSpec()
	if err != nil {
		return nil, err
	}
	out, err := Execute(ctx, spec, nil)
	if err != nil {
		return nil, err
	}
	return out.Baselines, nil
}
