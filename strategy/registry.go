package strategy

import (
	"fmt"
	"strings"

	"carry"
	"carry/strategy/funding"
	"carry/strategy/hedge"
	"carry/strategy/hold"
	"carry/strategy/null"
)

// Settings are a strategy's parameters before a run: a table to set them by
// name, a check, and a core made from them.
type Settings interface {
	Table() []carry.Param
	Validate() error
	// Hedge are the desk's settings among them; nil for a strategy without a desk.
	Hedge() *hedge.Params
	NewCore(pairs []carry.Pair, t hedge.Terms) (carry.Core, error)
	// NewPolicy is what decides which pairs are wanted, apart from the desk; nil for
	// a strategy without one.
	NewPolicy(pairs []carry.Pair) (hedge.Policy, error)
}

// Entry is one strategy that a user can name.
type Entry struct {
	Name, Preset, Doc string
	New               func() Settings
}

// Registry is the one table of strategies and their presets, the default
// first. A new strategy is a folder and a line here.
func Registry() []Entry {
	return []Entry{
		{"funding", "default", "hold the coins with high funding rates, best first", func() Settings { return &fundingSettings{funding.Defaults()} }},
		{"funding", "seed", "the original author's numbers", func() Settings { return &fundingSettings{funding.Seed()} }},
		{"hold", "default", "every coin once, equal weight, quantity kept", func() Settings { return &holdSettings{hold.Defaults()} }},
		{"holdvalue", "default", "every coin, equal weight, value kept by monthly top-up", newHoldValue},
		{"null", "default", "do nothing", func() Settings { return nullSettings{} }},
	}
}

// Find returns the strategy of that name and preset; an empty preset is
// "default". The error lists what there is.
func Find(name, preset string) (Entry, error) {
	if preset == "" {
		preset = "default"
	}
	var known []string
	for _, e := range Registry() {
		if e.Name == name && e.Preset == preset {
			return e, nil
		}
		known = append(known, e.Name+"/"+e.Preset)
	}
	return Entry{}, fmt.Errorf("no strategy %q with preset %q; there are %s", name, preset, strings.Join(known, ", "))
}

type fundingSettings struct{ funding.Params }

func (s *fundingSettings) NewCore(pairs []carry.Pair, t hedge.Terms) (carry.Core, error) {
	return funding.New(pairs, s.Params, t)
}

type holdSettings struct{ hold.Params }

func (s *holdSettings) NewCore(pairs []carry.Pair, t hedge.Terms) (carry.Core, error) {
	return hold.New(pairs, s.Params, t)
}

func (s *fundingSettings) NewPolicy(pairs []carry.Pair) (hedge.Policy, error) {
	return funding.NewPolicy(pairs, s.Params)
}

func (s *holdSettings) NewPolicy(pairs []carry.Pair) (hedge.Policy, error) {
	return hold.NewPolicy(pairs, s.Params)
}

func (s *fundingSettings) Hedge() *hedge.Params { return &s.Params.Params }
func (s *holdSettings) Hedge() *hedge.Params    { return &s.Params.Params }

func newHoldValue() Settings {
	p := hold.Defaults()
	p.KeepValue = true
	return &holdSettings{p}
}

type nullSettings struct{}

func (nullSettings) Table() []carry.Param                         { return nil }
func (nullSettings) Validate() error                              { return nil }
func (nullSettings) Hedge() *hedge.Params                         { return nil }
func (nullSettings) NewPolicy([]carry.Pair) (hedge.Policy, error) { return nil, nil }
func (nullSettings) NewCore([]carry.Pair, hedge.Terms) (carry.Core, error) {
	return null.Core{}, nil
}
