package lab

import (
	"math"
	"slices"
	"strings"

	"carry"
	"carry/strategy"
)

// addBaselines adds what the run must be compared with: the same coins always
// held, two large coins held, values kept. They share the run's wallets policy,
// leverage, costs and universe.
func (s *Spec) addBaselines(lanes []*lane, info *carry.TapeInfo, from carry.Time) ([]*lane, error) {
	two := twoLargest(info.Pairs)
	for _, b := range []struct{ name, strategy, coins string }{
		{"hold " + strings.Join(two, "+"), "hold", strings.Join(two, ",")},
		{"hold all", "hold", "auto"},
		{"hold value", "holdvalue", "auto"},
	} {
		e, err := strategy.Find(b.strategy, "")
		if err != nil {
			return nil, err
		}
		settings := e.New()
		s.shareMarginPolicy(settings)
		if err := set(settings.Table(), "coins", b.coins); err != nil {
			return nil, err
		}
		l, err := newLane(b.name, e, settings, s, info, from)
		if err != nil {
			return nil, err
		}
		lanes = append(lanes, l)
	}
	return lanes, nil
}

// marginPolicy are the parameters that a baseline takes from the run.
var marginPolicy = [...]string{"leverageTargetX", "leverageAlarmX", "leverageReduceX", "leverageEmergencyX",
	"balanceBandFrac", "reduceMayTransfer", "transferMinUSDT", "transferGapS", "reserveFrac", "legGapMaxLots", "riseTrimFrac"}

func (s *Spec) shareMarginPolicy(to strategy.Settings) {
	own, theirs := s.Settings.Table(), to.Table()
	for k := range own {
		if slices.Contains(marginPolicy[:], own[k].Name) {
			// Both tables have the same ranges, so a valid value stays valid.
			_ = set(theirs, own[k].Name, own[k].String())
		}
	}
}

func set(table []carry.Param, name, value string) error {
	for k := range table {
		if table[k].Name == name {
			return table[k].Set(value)
		}
	}
	return nil
}

// twoLargest are BTC and ETH, or else the first two of the universe, which a
// generated market lists by size.
func twoLargest(pairs []carry.Pair) []string {
	var have []string
	for _, want := range []string{"BTC", "ETH"} {
		for i := range pairs {
			if pairs[i].Coin == want {
				have = append(have, want)
			}
		}
	}
	if len(have) == 2 {
		return have
	}
	have = have[:0]
	for i := 0; i < len(pairs) && i < 2; i++ {
		have = append(have, pairs[i].Coin)
	}
	return have
}

// Annual is a return compounded to 365 days; a loss of everything stays −1.
func Annual(ret float64, span carry.Time) float64 {
	if span <= 0 || ret <= -1 {
		return ret
	}
	return math.Pow(1+ret, float64(365*carry.Day)/float64(span)) - 1
}
