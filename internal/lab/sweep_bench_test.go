package lab

import (
	"testing"

	"carry"
	"carry/sim"
	"carry/strategy"
)

// BenchmarkSweep is a sweep of a hundred combinations over ninety days of 74 coins.
func BenchmarkSweep(b *testing.B) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed, o.NoListings, o.NoDelistings = 74, 1, true, true
	o.To = o.From + 90*carry.Day
	m, err := sim.NewMarket(o)
	if err != nil {
		b.Fatal(err)
	}
	tape := keepTape(b, m)
	e, _ := strategy.Find("funding", "")
	base := func(string, string) (*Spec, error) {
		s := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels(), Seed: 1,
			Open: func(carry.Time, carry.Time, []string) (carry.Tape, error) { t := *tape; t.next = 0; return &t, nil }}
		for _, nv := range [][2]string{{"openRateMinFrac", "0.00005"}, {"openMeanMinFrac", "0.00005"}, {"capitalUSDT", "600000"}, {"minAgeD", "0"}, {"minVolumeUSDT", "0"},
			{"openPremiumMinFrac", "off"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}} {
			if err := s.Set(nv[0], nv[1]); err != nil {
				return nil, err
			}
		}
		return s, nil
	}
	for range b.N {
		s := &Sweep{Workers: 1, Base: base, Axes: []Axis{{Name: "coinsTargetN", Values: []string{"15", "17", "19", "21", "24"}},
			{Name: "topUpBelowFrac", Values: []string{"0.5", "0.6", "0.7", "0.75", "0.8"}}, {Name: "reopenAfterH", Values: []string{"0", "12", "24", "48"}}}}
		trials, err := s.Run(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if b.N == 1 {
			b.Logf("%+v", trials[0].Result.Counts)
		}
	}
}
