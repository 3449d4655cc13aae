package sim_test

import (
	"errors"
	"io"
	"testing"

	"carry"
	"carry/internal/venuetest"
	"carry/sim"
)

// The simulated venue keeps the contract that live venues keep, with shared and
// with isolated margin.
func TestVenueContract(t *testing.T) {
	for name, isolated := range map[string]bool{"cross": false, "isolated": true} {
		venuetest.RunVenue(t, "sim "+name, func(t *testing.T) *venuetest.Stage {
			m, err := sim.NewMarket(sim.MarketOptions{Seed: 3, Coins: 2, From: 1609459200000, To: 1609459200000 + 60*carry.Day})
			if err != nil {
				t.Fatal(err)
			}
			info := m.Info()
			o := sim.DefaultOptions()
			o.FuturesUSDT, o.Isolated = o.CapitalUSDT/2, isolated
			v, err := sim.NewVenue(info, o, info.From+40*carry.Day)
			if err != nil {
				t.Fatal(err)
			}
			q := sim.NewQuoter(info, sim.QuoteModels{Spread: sim.DefaultSpread}, info.From+40*carry.Day)
			var b carry.Block
			feed := func() bool {
				if err := m.Next(&b); errors.Is(err, io.EOF) {
					return false
				} else if err != nil {
					t.Fatal(err)
				}
				v.Feed(q.Frames(&b))
				return true
			}
			return &venuetest.Stage{Venue: v, Pairs: info.Pairs, Feed: feed, Patience: 60 * carry.Day}
		})
	}
}
