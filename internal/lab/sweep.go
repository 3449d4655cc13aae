package lab

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"carry"
	"carry/strategy"
)

// Axis is one thing that a sweep varies: a list of values, or for random and
// Sobol sweeps a range. Its name is a parameter of the strategy or the venue,
// or one of strategy, preset and period (FROM..TO).
type Axis struct {
	Name   string
	Values []string
	// Min and Max are a range where Values is empty; Log spreads it evenly by
	// ratio, Round makes every value a multiple of it.
	Min, Max, Round float64
	Log             bool
}

// ParseAxis reads NAME=V1,V2,… or NAME=MIN..MAX.
func ParseAxis(s string) (Axis, error) {
	name, list, ok := strings.Cut(s, "=")
	if !ok || name == "" || list == "" {
		return Axis{}, fmt.Errorf("axis %q: write NAME=VALUE,VALUE", s)
	}
	a := Axis{Name: name}
	if low, high, ok := strings.Cut(list, ".."); ok && name != "period" && !strings.Contains(list, ",") {
		var errLow, errHigh error
		a.Min, errLow = strconv.ParseFloat(low, 64)
		a.Max, errHigh = strconv.ParseFloat(high, 64)
		if err := errors.Join(errLow, errHigh); err != nil || !(a.Min < a.Max) {
			return Axis{}, fmt.Errorf("axis %s: %q is no range of two rising numbers", name, list)
		}
		return a, nil
	}
	a.Values = strings.Split(list, ",")
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
	Key    string // hash of everything the result depends on
	// HoldMedian is the median time from flat to flat of its trips.
	HoldMedian carry.Time
	// Exposure is the mean hedged notional over equity.
	Exposure float64
}

// Sweep is many runs that differ in some parameters. Trial i is computable from
// the sweep and i alone.
type Sweep struct {
	Name   string
	Axes   []Axis
	Method string // grid (or empty), random, sobol
	Trials int    // of random and sobol; a grid has as many as it has
	Seed   uint64 // of random and sobol
	Chunk  int    // trials of one pass over the tape; 0: by their number
	// Base makes a fresh specification for every trial; strategy and preset are
	// empty, or what an axis of that name says.
	Base      func(strategy, preset string) (*Spec, error)
	Workers   int // 0: one for each core
	NoJournal bool
	// From is where all trials start whose base does not say it: after the longest
	// screening window of any, so that they can be compared. Describe sets it.
	From carry.Time
	// Done is called after every block of a worker, from any goroutine: that many
	// trials now stand at that time of a tape that ends at to.
	Done func(worker int, trials int, at, to carry.Time)
}

// Size is the number of trials.
func (s *Sweep) Size() int {
	if s.Method != "" && s.Method != "grid" {
		return s.Trials
	}
	n := 1
	for _, a := range s.Axes {
		if len(a.Values) > 0 && n > maxSize/len(a.Values) {
			return maxSize
		}
		n *= len(a.Values)
	}
	return n
}

const maxSize = 1 << 30

// ErrSweep says that a sweep is not a possible one.
var ErrSweep = errors.New("this sweep cannot be made")

// Check holds axes and method against each other.
func (s *Sweep) Check() error {
	if len(s.Axes) == 0 {
		return fmt.Errorf("%w: it has no axis", ErrSweep)
	}
	seen := map[string]bool{}
	for _, a := range s.Axes {
		if seen[a.Name] {
			return fmt.Errorf("%w: axis %s is there twice", ErrSweep, a.Name)
		}
		seen[a.Name] = true
		if len(a.Values) == 0 && !(a.Min < a.Max) {
			return fmt.Errorf("%w: axis %s has neither values nor a range", ErrSweep, a.Name)
		}
		if a.Log && !(a.Min > 0) {
			return fmt.Errorf("%w: axis %s: only a range above 0 can be spread by ratio", ErrSweep, a.Name)
		}
		if len(a.Values) == 0 && (s.Method == "" || s.Method == "grid") {
			return fmt.Errorf("%w: axis %s is a range, which a grid cannot walk; list its values, or use random or sobol", ErrSweep, a.Name)
		}
	}
	switch s.Method {
	case "", "grid":
	case "random", "sobol":
		if s.Trials < 1 {
			return fmt.Errorf("%w: %s needs a number of trials", ErrSweep, s.Method)
		}
		if s.Method == "sobol" && len(s.Axes) > sobolDimensions {
			return fmt.Errorf("%w: sobol has %d dimensions, not %d", ErrSweep, sobolDimensions, len(s.Axes))
		}
	default:
		return fmt.Errorf("%w: method %q; there are grid, random and sobol", ErrSweep, s.Method)
	}
	return nil
}

// values of trial i.
func (s *Sweep) values(i int) []string {
	switch s.Method {
	case "random":
		return s.sampled(randomPoint(s.Seed, i, len(s.Axes)))
	case "sobol":
		return s.sampled(sobolPoint(s.Seed, i, len(s.Axes)))
	}
	// Mixed radix, the last axis fastest.
	out := make([]string, len(s.Axes))
	for k := len(s.Axes) - 1; k >= 0; k-- {
		n := len(s.Axes[k].Values)
		out[k] = s.Axes[k].Values[i%n]
		i /= n
	}
	return out
}

// ValuesOf are trial i's values, one for each axis.
func (s *Sweep) ValuesOf(i int) []string { return s.values(i) }

// spec makes trial i's specification.
func (s *Sweep) spec(i int) (*Spec, error) { return s.specOf(s.values(i)) }

func (s *Sweep) specOf(values []string) (*Spec, error) {
	var entry, preset string
	for k, v := range values {
		switch s.Axes[k].Name {
		case "strategy":
			entry = v
		case "preset":
			preset = v
		}
	}
	spec, err := s.baseOf(entry, preset)
	if err != nil {
		return nil, err
	}
	spec.NoBaselines, spec.NoJournal = true, s.NoJournal
	for k, v := range values {
		if err := spec.setAxis(s.Axes[k].Name, v); err != nil {
			return nil, err
		}
	}
	return spec, spec.Settings.Validate()
}

// setAxis gives an axis' name its value.
func (s *Spec) setAxis(name, value string) error {
	switch name {
	case "strategy", "preset":
		return nil // the base was made with it
	case "period":
		from, to, ok := strings.Cut(value, "..")
		if !ok {
			return fmt.Errorf("period %q: write FROM..TO", value)
		}
		var err error
		if s.From, err = carry.ParseTime(from); err != nil {
			return fmt.Errorf("period: %w", err)
		}
		if s.To, err = carry.ParseTime(to); err != nil {
			return fmt.Errorf("period: %w", err)
		}
		if s.From >= s.To {
			return fmt.Errorf("the period %s is empty", value)
		}
		return nil
	case "coins":
		return s.Set(name, strings.ReplaceAll(value, "+", ",")) // a comma separates the axis' values
	}
	return s.Set(name, value)
}

// Known refuses axes that no trial could take, before anything runs.
func (s *Sweep) Known() error {
	if err := s.Check(); err != nil {
		return err
	}
	for _, a := range s.Axes {
		first := a.at(0)
		var entry, preset string
		switch a.Name {
		case "strategy":
			entry = first
		case "preset":
			preset = first
		}
		spec, err := s.Base(entry, preset)
		if err != nil {
			return err
		}
		if err := spec.setAxis(a.Name, first); err != nil {
			return err
		}
	}
	return nil
}

// BaseSpec is the specification that the trials vary.
func (s *Sweep) BaseSpec() (*Spec, error) { return s.baseOf("", "") }

func (s *Sweep) baseOf(strategy, preset string) (*Spec, error) {
	spec, err := s.Base(strategy, preset)
	if err == nil && spec.From == 0 {
		spec.From = s.From
	}
	return spec, err
}

// baselineSpec is one run of the base specification that holds nothing, with
// the comparisons beside it.
func (s *Sweep) baselineSpec() (*Spec, error) {
	spec, err := s.BaseSpec()
	if err != nil {
		return nil, err
	}
	e, err := strategy.Find("null", "")
	if err != nil {
		return nil, err
	}
	warm := spec.Settings
	spec.Entry, spec.NoJournal, spec.NoBaselines = e, s.NoJournal, false
	spec.Settings = windowOf{e.New(), warm}
	return spec, nil
}

// windowOf lets another strategy run over the span that warm would have.
type windowOf struct {
	strategy.Settings
	warm strategy.Settings
}

// Table is the warming strategy's, so that warm-up and margin policy are its.
func (w windowOf) Table() []carry.Param { return w.warm.Table() }
