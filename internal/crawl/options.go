package crawl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"carry"
	"carry/data"
)

// Via chooses the sources.
type Via uint8

// The sources.
const (
	Auto    Via = iota // archives first, REST for what they lack
	Archive            // archives only
	REST               // REST only
)

// vias are the names of the sources.
var vias = [...]string{"auto", "archive", "rest"}

// String is the name.
func (v Via) String() string { return vias[v] }

// ParseVia reads auto, archive or rest.
func ParseVia(s string) (Via, error) {
	for v, name := range vias {
		if s == name {
			return Via(v), nil
		}
	}
	return 0, fmt.Errorf("%w: --via %s: want auto, archive or rest", ErrOptions, s)
}

// KindRules is the kind of exchangeInfo, fundingInfo and leverageBracket.
const KindRules = "rules"

// AllKinds are the kinds of facts that can be fetched.
var AllKinds = [...]string{data.KindFunding, data.KindSpot, data.KindPerp, data.KindMark, data.KindPremium, KindRules}

// Options say what to fetch.
type Options struct {
	// Coins are BTC, or BTCUSDT; empty means those in the store.
	Coins []string
	// All means every coin that has or had a perpetual against USDT.
	All bool
	// From ≤ open time < To; 0 is the beginning of the series, or now.
	From, To carry.Time
	// Now, if not 0, is taken for the present: a run is repeatable with it.
	Now      carry.Time
	Interval string   // 1h
	Kinds    []string // of AllKinds; empty means all
	Via      Via
	// Workers is how many series of each market are fetched at a time (8).
	Workers int
	// Progress, if set, is called after every file and page, from one goroutine
	// at a time.
	Progress func(Progress) `json:"-"`
}

// Progress says how far a crawl is.
type Progress struct {
	Done, Total int // files and pages; Total grows when a page was not foreseen
	Rows        int // new
	Now         string
}

// Errors about what was asked for.
var (
	// ErrOptions says that the options make no sense.
	ErrOptions = errors.New("cannot do that")
	// ErrUnknownCoin says that no source knows a coin.
	ErrUnknownCoin = errors.New("unknown coin")
)

// steps are the intervals of bars that have one length.
var steps = map[string]carry.Time{
	"1m": carry.Minute, "3m": 3 * carry.Minute, "5m": 5 * carry.Minute, "15m": 15 * carry.Minute, "30m": 30 * carry.Minute,
	"1h": carry.Hour, "2h": 2 * carry.Hour, "4h": 4 * carry.Hour, "6h": 6 * carry.Hour, "8h": 8 * carry.Hour, "12h": 12 * carry.Hour,
	"1d": carry.Day,
}

// Check tells what is wrong with the options; the error wraps ErrOptions.
func (o Options) Check() error { return o.complete() }

// complete checks the options and fills in defaults.
func (o *Options) complete() error {
	if o.Interval == "" {
		o.Interval = "1h"
	}
	if steps[o.Interval] == 0 {
		return fmt.Errorf("%w: interval %q: want 1m, 5m, 15m, 1h, 4h, 8h or 1d", ErrOptions, o.Interval)
	}
	if len(o.Kinds) == 0 {
		o.Kinds = AllKinds[:]
	}
	for _, k := range o.Kinds {
		if !slices.Contains(AllKinds[:], k) {
			return fmt.Errorf("%w: kind %q: want some of %s", ErrOptions, k, strings.Join(AllKinds[:], ","))
		}
	}
	if o.To != 0 && o.From >= o.To {
		return fmt.Errorf("%w: --from %s is not before --to %s", ErrOptions, o.From, o.To)
	}
	if o.All && len(o.Coins) > 0 {
		return fmt.Errorf("%w: all, and coins by name", ErrOptions)
	}
	if o.Workers <= 0 {
		o.Workers = 8
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return nil
}

// wants tells whether a kind was asked for.
func (o *Options) wants(kind string) bool { return slices.Contains(o.Kinds, kind) }
