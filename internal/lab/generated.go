package lab

import (
	"fmt"
	"slices"

	"carry"
	"carry/sim"
	"carry/strategy"
)

// Generated returns an opener for the generated market from 2021 on. The span
// asked for is cut out of it by the run; the market itself is always generated
// from its beginning, so that the same seed gives the same prices.
func Generated(coins int, years float64, seed uint64) (Opener, error) {
	if coins < 1 || coins > 10000 {
		return nil, fmt.Errorf("a generated market has 1 to 10000 coins, not %d", coins)
	}
	if !(years >= 0.2 && years <= 50) {
		return nil, fmt.Errorf("a generated market lasts 0.2 to 50 years, not %g", years)
	}
	return func(_, to carry.Time, only []string) (carry.Tape, error) {
		o := sim.DefaultMarketOptions()
		o.Coins, o.Seed = coins, seed
		o.To = o.From + (carry.Time(years*365.25*24) * carry.Hour).Floor(carry.Day)
		if to != 0 && to <= o.From {
			return nil, fmt.Errorf("%w: the generated market runs from %s to %s", ErrNoData, o.From, o.To)
		}
		if to != 0 && to < o.To {
			o.To = to
		}
		m, err := sim.NewMarket(o)
		if err != nil {
			return nil, err
		}
		have := make([]string, len(m.Info().Pairs))
		for i := range have {
			have[i] = m.Info().Pairs[i].Coin
		}
		for _, name := range only {
			if !slices.Contains(have, name) {
				return nil, UnknownCoin(name, have)
			}
		}
		return m, nil
	}, nil
}

// ParamNames are the names of all parameters of all strategies and models.
func ParamNames() map[string]bool {
	names := make(map[string]bool)
	add := func(t []carry.Param) {
		for k := range t {
			names[t[k].Name] = true
		}
	}
	for _, e := range strategy.Registry() {
		add(e.New().Table())
	}
	m := DefaultModels()
	add(m.Table())
	delete(names, "coins") // --coins chooses the market's coins
	return names
}
