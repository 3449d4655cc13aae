package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"carry"
	"carry/sim"
	"carry/strategy"
)

// Axis is one parameter of a sweep with the values it takes.
type Axis struct {
	Name   string
	Values []string
}

// ParseAxis reads NAME=V1,V2,…
func ParseAxis(s string) (Axis, error) {
	name, list, ok := strings.Cut(s, "=")
	if !ok || name == "" || list == "" {
		return Axis{}, fmt.Errorf("axis %q: write NAME=VALUE,VALUE", s)
	}
	a := Axis{Name: name, Values: strings.Split(list, ",")}
	for i, v := range a.Values {
		if v == "" {
			return Axis{}, fmt.Errorf("axis %s: value %d is empty", name, i+1)
		}
	}
	return a, nil
}

// Trial is one combination of a sweep and what came of it.
type Trial struct {
	No     int
	Values []string // one for each axis
	Err    string   // why it could not run; the sweep goes on
	Result *carry.Result
}

// Sweep is a grid over any parameters.
type Sweep struct {
	Axes    []Axis
	Base    func() (*Spec, error) // a fresh specification for every trial
	Workers int                   // 0: one for each core
	// Done is called after every block of a worker, from any goroutine.
	Done func(worker int, trials int, at, to carry.Time)
}

// Size is the number of combinations.
func (s *Sweep) Size() int {
	n := 1
	for _, a := range s.Axes {
		n *= len(a.Values)
	}
	return n
}

// values of trial i: mixed radix, the last axis fastest, so that a trial is
// computable from the sweep and its number alone.
func (s *Sweep) values(i int) []string {
	out := make([]string, len(s.Axes))
	for k := len(s.Axes) - 1; k >= 0; k-- {
		n := len(s.Axes[k].Values)
		out[k] = s.Axes[k].Values[i%n]
		i /= n
	}
	return out
}

// spec makes trial i's specification.
func (s *Sweep) spec(i int) (*Spec, error) {
	spec, err := s.Base()
	if err != nil {
		return nil, err
	}
	spec.NoBaselines, spec.NoJournal = true, false
	for k, v := range s.values(i) {
		if err := spec.Set(s.Axes[k].Name, v); err != nil {
			return nil, err
		}
	}
	return spec, spec.Settings.Validate()
}

// Run makes all trials and returns them by number: the same results for any
// number of workers. Trials that contradict themselves keep their error.
func (s *Sweep) Run(ctx context.Context) ([]Trial, error) {
	n := s.Size()
	trials := make([]Trial, n)
	specs := make([]*Spec, n)
	for i := range trials {
		trials[i] = Trial{No: i, Values: s.values(i)}
		spec, err := s.spec(i)
		if err != nil {
			trials[i].Err = err.Error()
			continue
		}
		specs[i] = spec
	}
	workers := s.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = max(1, min(workers, n))
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var mine []int
			for i := w; i < n; i += workers {
				if specs[i] != nil {
					mine = append(mine, i)
				}
			}
			errs[w] = s.runGroup(ctx, w, specs, mine, trials)
		}()
	}
	wg.Wait()
	return trials, errors.Join(errs...)
}

// group is the trials of one worker that see the same cross-sections.
type group struct {
	quoter *sim.Quoter
	lanes  []*lane
	trial  []int
}

// runGroup feeds every block of one tape to all of a worker's trials before it
// reads the next (block-major), so that reading and quoting are paid once.
func (s *Sweep) runGroup(ctx context.Context, worker int, specs []*Spec, mine []int, trials []Trial) error {
	for len(mine) > 0 {
		// Trials with another span, coins or window need another tape.
		lead := specs[mine[0]]
		tape, from, err := lead.open()
		if err != nil {
			return err
		}
		var same, rest []int
		for _, i := range mine {
			if sameTape(lead, specs[i]) {
				same = append(same, i)
			} else {
				rest = append(rest, i)
			}
		}
		if err := s.runSame(ctx, worker, tape, from, specs, same, trials); err != nil {
			return err
		}
		mine = rest
	}
	return nil
}

func sameTape(a, b *Spec) bool {
	return a.From == b.From && a.To == b.To && strings.Join(a.Coins, ",") == strings.Join(b.Coins, ",") &&
		warmUp(a.Settings) == warmUp(b.Settings)
}

func (s *Sweep) runSame(ctx context.Context, worker int, tape carry.Tape, from carry.Time, specs []*Spec, same []int, trials []Trial) error {
	info := tape.Info()
	var groups []*group
	byQuotes := make(map[string]*group)
	for _, i := range same {
		spec := specs[i]
		l, err := newLane("this run", spec.Entry, spec.Settings, spec, info, from)
		if err != nil {
			trials[i].Err = err.Error()
			continue
		}
		key := spec.Models.quotes().Spread.String()
		g := byQuotes[key]
		if g == nil {
			g = &group{quoter: sim.NewQuoter(info, spec.Models.quotes(), from)}
			byQuotes[key] = g
			groups = append(groups, g)
		}
		g.lanes, g.trial = append(g.lanes, l), append(g.trial, i)
	}
	if err := s.feedAll(ctx, worker, tape, groups, len(same)); err != nil {
		return err
	}
	for _, g := range groups {
		if err := g.finish(ctx, specs, info, trials); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sweep) feedAll(ctx context.Context, worker int, tape carry.Tape, groups []*group, n int) error {
	var block carry.Block
	for {
		err := tape.Next(&block)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, g := range groups {
			if err := feed(ctx, g.quoter.Frames(&block), g.lanes); err != nil {
				return err
			}
		}
		if s.Done != nil {
			s.Done(worker, n, block.End(), tape.Info().To)
		}
	}
}

func (g *group) finish(ctx context.Context, specs []*Spec, info *carry.TapeInfo, trials []Trial) error {
	frames := g.quoter.Last()
	for k, l := range g.lanes {
		if err := l.end(ctx, frames); err != nil {
			return err
		}
		res, err := l.finish(specs[g.trial[k]], info, g.quoter)
		if err != nil {
			return err
		}
		trials[g.trial[k]].Result = slim(res)
	}
	return nil
}

// slim drops what a sweep does not keep, so that thousands of trials fit.
func slim(r *carry.Result) *carry.Result {
	r.Happenings, r.Trips, r.Coverage = nil, nil, nil
	r.Curve.Leverage, r.Curve.LiquidationUp, r.Curve.Notional = nil, nil, nil
	r.Curve = daily(&r.Curve)
	return r
}

// daily keeps one equity sample a day.
func daily(c *carry.Curve) carry.Curve {
	every := int(max(1, carry.Day/c.Step))
	out := carry.Curve{Start: c.Start, Step: c.Step * carry.Time(every)}
	for i := 0; i < len(c.Equity); i += every {
		out.Equity = append(out.Equity, c.Equity[i])
	}
	return out
}

// Baselines are the results every trial is compared with, from one run of the
// base specification.
func (s *Sweep) Baselines(ctx context.Context) ([]*carry.Result, error) {
	spec, err := s.Base()
	if err != nil {
		return nil, err
	}
	e, err := strategy.Find("null", "")
	if err != nil {
		return nil, err
	}
	warm := spec.Settings
	spec.Entry = e
	spec.Settings = windowOf{e.New(), warm}
	out, err := Execute(ctx, spec, nil)
	if err != nil {
		return nil, err
	}
	return out.Baselines, nil
}

// windowOf lets another strategy run over the span that warm would have.
type windowOf struct {
	strategy.Settings
	warm strategy.Settings
}

// Table is the warming strategy's, so that warm-up and margin policy are its.
func (w windowOf) Table() []carry.Param { return w.warm.Table() }
