package lab

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"carry"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/sim"
	"carry/strategy"
)

// Opener opens the market from a time on (0: from its beginning) to another
// (0: to its end), for some coins (nil: all).
type Opener func(from, to carry.Time, coins []string) (carry.Tape, error)

// Spec is a run to be made.
type Spec struct {
	Open     Opener
	From, To carry.Time // 0: as far as the data go
	Coins    []string   // nil: all
	Entry    strategy.Entry
	Settings strategy.Settings
	Models   Models
	Seed     uint64
	// Flows are the owner's deposits and withdrawals, in order of time.
	Flows []sim.Flow
	// Bills replace the built-in yields of the cash baseline, in order of time.
	Bills   []BillRate
	Command string // the line that repeats the run
	// Limits of the gate; none in a backtest unless a test asks for some.
	Limits risk.Limits
	// NoBaselines leaves the comparisons out.
	NoBaselines bool
	// NoJournal leaves the journal's hash out, for speed.
	NoJournal bool
}

// warmUp is how much history a strategy wants to see before it may act: its
// screening window and a month of days.
func warmUp(s strategy.Settings) carry.Time {
	days := carry.Time(31)
	for _, p := range s.Table() {
		if p.Name == "screenN" {
			if d := carry.Time(math.Ceil(float64(*p.Int)*8/24)) + 1; d > days {
				days = d
			}
		}
	}
	return days * carry.Day
}

// open opens the tape with its warm-up and settles the run's span.
func (s *Spec) open() (tape carry.Tape, from carry.Time, err error) {
	if err := s.Settings.Validate(); err != nil {
		return nil, 0, err
	}
	if s.To != 0 && s.From >= s.To {
		return nil, 0, fmt.Errorf("the span is empty: it starts %s and ends %s", s.From, s.To)
	}
	warm := warmUp(s.Settings)
	start := s.From
	if start != 0 {
		start = max(start-warm, 0)
	}
	tape, err = s.Open(start, s.To, s.Coins)
	if err != nil {
		return nil, 0, err
	}
	info := tape.Info()
	// A tape may carry more coins than were asked for; the strategy then has to
	// leave the others alone.
	if len(s.Coins) > 0 && len(s.Coins) < len(info.Pairs) {
		if err := set(s.Settings.Table(), "coins", strings.Join(s.Coins, ",")); err != nil {
			return nil, 0, err
		}
	}
	from = s.From
	if from == 0 || from < info.From {
		from = info.From + warm
	}
	from = (from + info.Step - 1).Floor(info.Step)
	if from >= info.To {
		return nil, 0, fmt.Errorf("%w: the data run from %s to %s, and the first %d days only fill the strategy's windows",
			ErrNoData, info.From, info.To, warm/carry.Day)
	}
	return tape, from, nil
}

// BooksViolated tells whether a run ended because the exchange's accounts and
// the books differ.
func BooksViolated(err error) bool { return errors.Is(err, book.ErrBooks) }

// Strategy finds a strategy and its preset by name.
func Strategy(name, preset string) (strategy.Entry, error) { return strategy.Find(name, preset) }

// ErrNoData says that the data do not cover what was asked for.
var ErrNoData = errors.New("no data for this span")

// Set gives a parameter of the strategy or the models a value by name. An
// unknown name is an error that lists the nearest.
func (s *Spec) Set(name, value string) error {
	var names []string
	for _, t := range [...][]carry.Param{s.Settings.Table(), s.Models.Table()} {
		for k := range t {
			if t[k].Name == name {
				return t[k].Set(value)
			}
			names = append(names, t[k].Name)
		}
	}
	if like := nearest(name, names); like != "" {
		return fmt.Errorf("no parameter %q; did you mean %s?", name, like)
	}
	return fmt.Errorf("no parameter %q", name)
}

// ErrUnknownCoin says that a market has no such coin.
var ErrUnknownCoin = errors.New("unknown coin")

// UnknownCoin is ErrUnknownCoin with the name that was meant, if one is near.
func UnknownCoin(name string, have []string) error {
	if like := nearest(name, have); like != "" {
		return fmt.Errorf("%w %q, did you mean %s?", ErrUnknownCoin, name, like)
	}
	return fmt.Errorf("%w %q", ErrUnknownCoin, name)
}

// NearParam is the parameter whose name is most like a misspelt one; "" if none
// is.
func NearParam(name string) string { return nearest(name, slices.Collect(maps.Keys(ParamNames()))) }

// nearest is the name with the smallest edit distance, which must be less than
// half of what was written.
func nearest(name string, names []string) string {
	slices.Sort(names)
	best, least := "", (len(name)+1)/2
	for _, n := range names {
		d := distance(name, n)
		if len(name) > 2 && strings.HasPrefix(strings.ToLower(n), strings.ToLower(name)) {
			d = min(d, 1) // capital for capitalUSDT
		}
		if d < least {
			best, least = n, d
		}
	}
	return best
}

// distance is Levenshtein's, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
