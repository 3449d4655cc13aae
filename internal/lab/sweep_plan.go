package lab

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"carry"
)

// SweepPlan is a sweep as a file has it. What stands here and not on the command
// line is as if it had been written there.
type SweepPlan struct {
	Name     string
	Method   string
	Trials   int
	Seed     uint64
	Chunk    int
	Journal  *bool
	Strategy string
	Preset   string
	Config   string // settings file
	From, To string
	Coins    string
	// Market: a store, or a generated one.
	DB             string
	Generated      bool
	GeneratedCoins int
	GeneratedYears float64
	MarketSeed     uint64
	Set            map[string]any
	Axis           []planAxis
	WalkForward    *WalkPlan

	path string
	text []byte
}

type planAxis struct {
	Name     string
	Values   []any
	Min, Max float64
	Round    float64
	Log      bool
}

// WalkPlan says how a walk-forward cuts the span.
type WalkPlan struct {
	Kind        string // rolling or anchored
	InDays      int
	OutDays     int
	EmbargoDays int // 0: the screening window and the median hold
}

// ReadSweepPlan reads a TOML file, strictly: what it does not know is an error
// that names the line.
func ReadSweepPlan(path string) (*SweepPlan, error) {
	text, err := readSettings(path, "no sweep")
	if err != nil {
		return nil, err
	}
	return parseSweepPlan(path, text)
}

func parseSweepPlan(path string, text []byte) (*SweepPlan, error) {
	p := &SweepPlan{path: path, text: text}
	dec := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := dec.Decode(p); err != nil {
		return nil, p.explain(err)
	}
	if _, err := p.Axes(); err != nil {
		return nil, err
	}
	return p, nil
}

// explain gives a decoding error its file and line.
func (p *SweepPlan) explain(err error) error {
	var strict *toml.StrictMissingError
	var d *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		line, _ := strict.Errors[0].Position()
		key := strict.Errors[0].Key()
		name := key[len(key)-1]
		known := []string{"name", "method", "trials", "seed", "chunk", "journal", "strategy", "preset", "config", "from", "to", "coins", "db",
			"generated", "generatedCoins", "generatedYears", "marketSeed", "set", "axis", "walkforward", "values", "min", "max", "round", "log",
			"kind", "inDays", "outDays", "embargoDays"}
		hint := "parameters stand in the table [set], what varies in [[axis]]"
		if like := nearest(name, known); like != "" {
			hint = "did you mean " + like + "?"
		}
		return p.fail(line, fmt.Errorf("unknown key %q; %s", name, hint))
	case errors.As(err, &d):
		line, _ := d.Position()
		return p.fail(line, errors.New(strings.TrimPrefix(d.Error(), "toml: ")))
	}
	return fmt.Errorf("%s: %w", p.path, err)
}

func (p *SweepPlan) fail(line int, err error) error {
	e := &ConfigError{Path: p.path, Line: line, Err: err}
	if lines := strings.Split(string(p.text), "\n"); line >= 1 && line <= len(lines) {
		e.Excerpt = strings.TrimRight(lines[line-1], "\r")
	}
	return e
}

// Axes are what the file varies.
func (p *SweepPlan) Axes() ([]Axis, error) {
	lines := strings.Split(string(p.text), "\n")
	var out []Axis
	for _, a := range p.Axis {
		axis := Axis{Name: a.Name, Min: a.Min, Max: a.Max, Round: a.Round, Log: a.Log}
		for _, v := range a.Values {
			text, err := scalar(v)
			if err != nil {
				return nil, p.fail(lineOf(lines, "values"), fmt.Errorf("axis %s: %w", a.Name, err))
			}
			axis.Values = append(axis.Values, text)
		}
		out = append(out, axis)
	}
	return out, nil
}

// Settings are the file's fixed parameters in order of their names.
func (p *SweepPlan) Settings() ([]ConfigValue, error) {
	lines := strings.Split(string(p.text), "\n")
	var out []ConfigValue
	for name, v := range p.Set {
		text, err := scalar(v)
		if err != nil {
			return nil, p.fail(lineOf(lines, name), fmt.Errorf("%s: %w", name, err))
		}
		out = append(out, ConfigValue{Name: name, Value: text, Line: lineOf(lines, name)})
	}
	slices.SortFunc(out, func(a, b ConfigValue) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// ApplyTo sets the file's fixed parameters; an error names file and line. No
// plan sets nothing.
func (p *SweepPlan) ApplyTo(s *Spec) error {
	if p == nil {
		return nil
	}
	values, err := p.Settings()
	if err != nil {
		return err
	}
	for _, v := range values {
		if err := s.Set(v.Name, v.Value); err != nil {
			return p.fail(v.Line, err)
		}
	}
	return nil
}

// Cut is the plan's walk-forward, or the usual one: anchored, a year and a half
// before the first part, parts of half a year.
func (p *SweepPlan) Cut() WalkPlan {
	w := WalkPlan{}
	if p != nil && p.WalkForward != nil {
		w = *p.WalkForward
	}
	if w.Kind == "" {
		w.Kind = "anchored"
	}
	if w.InDays == 0 {
		w.InDays = 548
	}
	if w.OutDays == 0 {
		w.OutDays = 182
	}
	return w
}

// Check refuses a walk-forward that is none.
func (w *WalkPlan) Check() error {
	if w.Kind != "rolling" && w.Kind != "anchored" {
		return fmt.Errorf("%w: walk-forward %q; there are rolling and anchored", ErrSweep, w.Kind)
	}
	if w.InDays < 30 || w.OutDays < 1 || w.EmbargoDays < 0 {
		return fmt.Errorf("%w: a walk-forward needs 30 days or more to learn and 1 or more to be tried", ErrSweep)
	}
	return nil
}

// embargo is the gap between learning and trial: what the plan says, but never
// less than the screening window and the median hold, whose positions and
// averages still know the days before.
func (w *WalkPlan) embargo(window, hold carry.Time) carry.Time {
	return max(carry.Time(w.EmbargoDays)*carry.Day, (window + hold + carry.Day - 1).Floor(carry.Day))
}
