package exchange

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"carry"
	"carry/sim"
)

// NewDemoFacts are the facts of a generated hourly market of so many coins, for
// a demonstration without a network.
func NewDemoFacts(coins int, from, to carry.Time, seed uint64) (*MarketFacts, error) {
	return NewGeneratedFacts(sim.MarketOptions{Coins: coins, From: from, To: to, Step: carry.Hour, Seed: seed})
}

// Range is the time of the first row of any series and the end of the last bar
// or settlement; zeros where there are no rows.
func Range(f Facts) (from, to carry.Time) {
	for m := range marketCount {
		for _, s := range f.Symbols(m) {
			for k := range kindCount {
				if k.Market() != m {
					continue
				}
				first, last, ok := f.Span(Series{k, s.Name})
				if !ok {
					continue
				}
				if k != FundingRates {
					last += f.Step()
				}
				if from == 0 || first < from {
					from = first
				}
				to = max(to, last)
			}
		}
	}
	return from, to
}

// OffsetClock goes as fast as the machine's clock, and shows another time.
type OffsetClock struct{ began, shown time.Time }

// NewOffsetClock returns a clock that shows t now.
func NewOffsetClock(t carry.Time) *OffsetClock { return &OffsetClock{time.Now(), t.UTC()} }

// Now is the time that the clock shows.
func (c *OffsetClock) Now() time.Time { return c.shown.Add(time.Since(c.began)) }

// ParseFault reads KIND or KIND=PROBABILITY: 503=0.2.
func ParseFault(text string) (FaultRule, error) {
	name, chance, given := strings.Cut(strings.TrimSpace(text), "=")
	r := FaultRule{Kind: FaultKind(name)}
	if !slices.Contains(FaultKinds(), r.Kind) {
		return r, fmt.Errorf("there is no fault %q", name)
	}
	if given {
		p, err := strconv.ParseFloat(chance, 64)
		if err != nil || !(p > 0 && p <= 1) {
			return r, fmt.Errorf("fault %s: %q is not a probability above 0 and up to 1", name, chance)
		}
		r.Prob = p
	}
	return r, nil
}

// The key pair that a demonstration accepts for signed endpoints.
const (
	DemoKey    = "loopback-key"
	DemoSecret = "loopback-secret"
)
