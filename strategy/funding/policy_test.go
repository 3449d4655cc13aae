package funding

import (
	"math"
	"math/rand/v2"
	"testing"

	"carry"
	"carry/strategy/hedge"
)

// fixed quotes: spot and perpetual bid and ask.
type fixed struct{ spotBid, spotAsk, perpBid, perpAsk float64 }

func (f *fixed) Bid(leg carry.Leg, _ int) float64 {
	if leg == carry.Spot {
		return f.spotBid
	}
	return f.perpBid
}

func (f *fixed) Ask(leg carry.Leg, _ int) float64 {
	if leg == carry.Spot {
		return f.spotAsk
	}
	return f.perpAsk
}

// clerk feeds a policy with one coin's days and settlements.
type clerk struct {
	pol    *Policy
	acct   *carry.Account
	at     carry.Time
	quotes fixed
	market carry.Market
}

// newClerk has a coin at 100 with half a per cent of premium to get, listed long
// ago, trading 10 million a day.
func newClerk(t testing.TB, settings ...string) *clerk {
	t.Helper()
	p := Defaults()
	set(t, &p, append([]string{"screenN=9", "minAgeD=3"}, settings...)...)
	c := &clerk{acct: carry.NewAccount(1), at: 1609459200000, quotes: fixed{99.99, 100, 100.5, 100.51}}
	pairs := []carry.Pair{{Coin: "A", Mult: 1, Listed: c.at - 100*carry.Day}}
	c.market = carry.Market{Pairs: pairs, Quotes: &c.quotes, SpotLast: []float64{100}, PerpLast: []float64{100.5}, Mark: []float64{100},
		SpotDay: []float64{1e7}, PerpDay: []float64{1e7}, Predicted: []carry.PredictedRate{0.0003}, IntervalH: []float64{8},
		Flags: []carry.Flags{carry.Tradable | carry.FundingFresh | carry.Valued}}
	pol, err := NewPolicy(pairs, p)
	if err != nil {
		t.Fatal(err)
	}
	c.pol = pol
	return c
}

// days passes some, with a settlement of a rate in percent every eight hours.
func (c *clerk) days(n int, percent float64) *clerk {
	for range n * 24 {
		c.at += carry.Hour
		if c.at%(8*carry.Hour) == 0 {
			c.pol.Observe(&carry.Event{Kind: carry.EvRates, At: c.at, Account: c.acct, Rates: []carry.Settlement{
				{At: c.at, Rate: carry.SettledRate(carry.RateTicks(percent / 100)), IntervalH: 8}}})
		}
		c.market.At = c.at
		c.pol.Observe(&carry.Event{Kind: carry.EvMarket, At: c.at, Account: c.acct, Market: &c.market})
	}
	return c
}

// settle is one more settlement at once.
func (c *clerk) settle(percent float64) {
	c.at += 8 * carry.Hour
	c.pol.Observe(&carry.Event{Kind: carry.EvRates, At: c.at, Account: c.acct, Rates: []carry.Settlement{
		{At: c.at, Rate: carry.SettledRate(carry.RateTicks(percent / 100)), IntervalH: 8}}})
}

func (c *clerk) judge(held bool) (v hedge.Verdict) {
	m := c.market
	m.At = c.at
	c.pol.Judge(0, &m, held, &v)
	return v
}

// Every reason against opening, one at a time, and the opening itself.
func TestWhyACoinIsNotOpened(t *testing.T) {
	for _, e := range []struct {
		name     string
		settings []string
		change   func(c *clerk)
		want     carry.Code
	}{
		{"all gates hold", nil, func(c *clerk) { c.days(5, 0.02) }, carry.OK},
		{"rates exactly at their thresholds hold", nil, func(c *clerk) { c.days(5, 0.01); c.market.Predicted[0] = 0.0001 }, carry.OK},
		{"window not full", nil, func(c *clerk) { c.days(2, 0.02) }, carry.CodeNotScreened},
		{"nothing settled yet", nil, func(*clerk) {}, carry.CodeNotScreened},
		{"mean low", nil, func(c *clerk) { c.days(5, 0.009) }, carry.CodeMeanLow},
		{"mean rule off", []string{"openMeanMinFrac=off"}, func(c *clerk) { c.days(5, 0.009) }, carry.OK},
		{"too new", []string{"minAgeD=106"}, func(c *clerk) { c.days(5, 0.02) }, carry.CodeTooNew},
		{"just old enough", []string{"minAgeD=105"}, func(c *clerk) { c.days(5, 0.02) }, carry.OK},
		{"too thin", []string{"minVolumeUSDT=10000001"}, func(c *clerk) { c.days(5, 0.02) }, carry.CodeTooThin},
		{"thin on one leg", nil, func(c *clerk) { c.market.PerpDay[0] = 1e6; c.days(5, 0.02) }, carry.CodeTooThin},
		{"too wild", nil, func(c *clerk) {
			for k := range 10 {
				c.market.SpotLast[0] = 100 + 40*float64(k%2)
				c.days(1, 0.02)
			}
		}, carry.CodeTooWild},
		{"wild allowed", []string{"maxDailyVolFrac=off"}, func(c *clerk) {
			for k := range 10 {
				c.market.SpotLast[0] = 100 + 40*float64(k%2)
				c.days(1, 0.02)
			}
			c.market.SpotLast[0] = 100
		}, carry.OK},
		{"a settlement worse than the floor", nil, func(c *clerk) { c.days(5, 0.2); c.settle(-0.51) }, carry.CodeWorstRate},
		{"at the floor", nil, func(c *clerk) { c.days(5, 0.2); c.settle(-0.5) }, carry.OK},
		{"forgotten after the window", nil, func(c *clerk) { c.days(1, 0.2); c.settle(-0.51); c.days(4, 0.2) }, carry.OK},
		{"not named", []string{"coins=A"}, func(c *clerk) { c.pol.coins[0].named = false; c.days(5, 0.02) }, carry.CodeNotNamed},
		{"rate low", nil, func(c *clerk) { c.days(5, 0.02); c.market.Predicted[0] = 0.000099 }, carry.CodeRateLow},
		{"rate per 8 h low at 4 h", nil, func(c *clerk) { c.days(5, 0.02); c.market.Predicted[0], c.market.IntervalH[0] = 0.00004, 4 }, carry.CodeRateLow},
		{"rate per 8 h enough at 4 h", nil, func(c *clerk) { c.days(5, 0.02); c.market.Predicted[0], c.market.IntervalH[0] = 0.00005, 4 }, carry.OK},
		{"premium low", nil, func(c *clerk) { c.days(5, 0.02); c.quotes.perpBid = 99.99 }, carry.CodePremiumLow},
		{"premium at 0", nil, func(c *clerk) { c.days(5, 0.02); c.quotes.perpBid = 100 }, carry.OK},
		{"premium below S9's floor with S8 off", []string{"openPremiumMinFrac=off"}, func(c *clerk) { c.days(5, 0.02); c.quotes.perpBid = 99.8 }, carry.CodePremiumFloor},
		{"premium above S9's floor with S8 off", []string{"openPremiumMinFrac=off"}, func(c *clerk) { c.days(5, 0.02); c.quotes.perpBid = 99.95 }, carry.OK},
		{"a leg is stale", nil, func(c *clerk) { c.days(5, 0.02); c.market.Flags[0] &^= carry.SpotFresh }, carry.CodeStale},
		{"a settlement is missing", nil, func(c *clerk) { c.days(5, 0.02); c.market.Flags[0] &^= carry.FundingFresh }, carry.CodeStale},
	} {
		c := newClerk(t, e.settings...)
		e.change(c)
		v := c.judge(false)
		if v.Open != e.want || v.Close != carry.OK {
			t.Errorf("%s: %s (closing: %s), want %s", e.name, v.Open, v.Close, e.want)
			continue
		}
		if asleep := c.pol.Dormant()[0]; asleep && v.Open == carry.OK {
			t.Errorf("%s: may be opened but is dormant", e.name)
		}
		if e.want == carry.OK {
			po := c.quotes.perpBid/c.quotes.spotAsk - 1
			rate := float64(c.market.Predicted[0]) * 8 / c.market.IntervalH[0]
			if v.Why != carry.CodeOpen || math.Abs(v.Rank-(rate+po)) > 1e-12 || v.Mean != c.pol.coins[0].mean || math.Abs(v.X[0]-rate) > 1e-12 || v.X[1] != po {
				t.Errorf("%s: rank %v, mean %v, numbers %v; want rank %v", e.name, v.Rank, v.Mean, v.X, rate+po)
			}
		}
	}
}

// Every reason to close: at once or with patience.
func TestWhyACoinIsClosed(t *testing.T) {
	for _, e := range []struct {
		name     string
		settings []string
		change   func(c *clerk)
		want     carry.Code
		patient  bool
	}{
		{"none", nil, func(*clerk) {}, carry.OK, false},
		{"rate at the threshold of -0.2 %", nil, func(c *clerk) { c.market.Predicted[0] = -0.002 }, carry.CodeCloseRate, false},
		{"a mildly negative rate is ridden out", nil, func(c *clerk) { c.market.Predicted[0] = -0.00199 }, carry.OK, false},
		{"per 8 h at 4 h", nil, func(c *clerk) { c.market.Predicted[0], c.market.IntervalH[0] = -0.001, 4 }, carry.CodeCloseRate, false},
		{"rate rule off", []string{"closeRateMaxFrac=off"}, func(c *clerk) { c.market.Predicted[0] = -0.03 }, carry.OK, false},
		{"mean below its threshold", nil, func(c *clerk) { c.days(4, -0.01) }, carry.CodeCloseMean, true},
		{"mean at its threshold", nil, func(c *clerk) { c.days(4, 0) }, carry.OK, false},
		{"mean rule off", []string{"closeMeanMaxFrac=off"}, func(c *clerk) { c.days(4, -0.01) }, carry.OK, false},
		{"between the thresholds nothing changes", nil, func(c *clerk) { c.days(4, 0.005) }, carry.OK, false},
		{"a thin coin is left at half the volume", nil, func(c *clerk) { c.market.SpotDay[0] = 2.4e6; c.days(9, 0.02) }, carry.CodeCloseUniverse, true},
		{"not at three quarters", nil, func(c *clerk) { c.market.SpotDay[0] = 3.75e6; c.days(9, 0.02) }, carry.OK, false},
		{"a deep premium is profit to take", []string{"closePremiumTakeFrac=-0.01"}, func(c *clerk) { c.quotes.perpAsk = 98.9 }, carry.CodeClosePremium, false},
		{"not quite as deep", []string{"closePremiumTakeFrac=-0.01"}, func(c *clerk) { c.quotes.perpAsk = 99.1 }, carry.OK, false},
		{"the price rose by half above the average entry", []string{"riseCloseFrac=0.5"}, func(c *clerk) { c.market.Mark[0] = 150.1 }, carry.CodeCloseRise, true},
		{"the price rose by less", []string{"riseCloseFrac=0.5"}, func(c *clerk) { c.market.Mark[0] = 149.9 }, carry.OK, false},
		{"a rise with the rule off", nil, func(c *clerk) { c.market.Mark[0] = 1000 }, carry.OK, false},
		{"the rate comes before the mean", nil, func(c *clerk) { c.days(4, -0.01); c.market.Predicted[0] = -0.002 }, carry.CodeCloseRate, false},
	} {
		c := newClerk(t, e.settings...)
		c.days(5, 0.02)
		c.acct.PerpQtyF[0], c.acct.PerpCostF[0] = -10, -1000 // shorted at 100
		e.change(c)
		v := c.judge(true)
		if v.Close != e.want || v.Patient != e.patient {
			t.Errorf("%s: %s, patient %t; want %s", e.name, v.Close, v.Patient, e.want)
		}
		if v.Close != carry.OK && v.Open == carry.OK {
			t.Errorf("%s: to be closed and opened at once", e.name)
		}
	}
}

// A stale quote decides nothing about what is held.
func TestStaleQuotesCloseNothingAtOnce(t *testing.T) {
	c := newClerk(t).days(5, 0.02)
	c.market.Predicted[0] = -0.01
	c.market.Flags[0] &^= carry.SpotFresh
	if v := c.judge(true); v.Close != carry.OK || v.Open != carry.CodeStale {
		t.Errorf("with spot halted: close %s, open %s", v.Close, v.Open)
	}
}

// The universe is judged afresh at every settlement, with a band between coming
// and going: a coin near a threshold is not bought and sold in turn.
func TestUniverseHasHysteresis(t *testing.T) {
	c := newClerk(t).days(5, 0.02)
	changes, in := 0, true
	for k := range 200 {
		// The mean swings around the opening threshold of 0.01 %.
		c.days(1, 0.01+0.008*math.Sin(float64(k)/3))
		v := c.judge(in)
		if in && v.Close != carry.OK || !in && v.Open == carry.OK {
			in, changes = !in, changes+1
		}
	}
	if changes > 0 {
		t.Errorf("around its threshold the coin came and went %d times", changes)
	}
}

// drawSettings are random settings, accepted or not.
func drawSettings(r *rand.Rand) Params {
	between := func(low, high float64, offs ...float64) float64 {
		if len(offs) > 0 && r.IntN(4) == 0 {
			return offs[0]
		}
		return low + (high-low)*r.Float64()
	}
	p := Defaults()
	p.ScreenN, p.MinAgeD, p.MinVolumeUSDT = 3, 0, between(0, 1e7)
	p.OpenMeanMin, p.CloseMeanMax = between(-0.01, 0.005, off), between(-0.01, 0.01, off)
	p.OpenRateMin, p.CloseRateMax = between(-0.01, 0.005, off), between(-0.01, 0.01, off)
	p.OpenPremiumMin, p.NegPremiumFloor = between(-0.05, 0.02, off), between(-0.05, 0, off)
	p.ClosePremiumTake, p.RiseClose = between(-0.03, -0.003, off), between(0.1, 2, 0)
	p.MaxDailyVol, p.WorstRateMin = between(0.05, 1, 0), between(-0.02, -0.01, off)
	return p
}

// A coin that is calm has no reason to be closed, by any settings in any market;
// and most that have none are calm, so that the desk need seldom ask.
func TestCalmCoinsAreNotClosed(t *testing.T) {
	calm, kept := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 8))
		between := func(low, high float64) float64 { return low + (high-low)*r.Float64() }
		p := drawSettings(r)
		if seed%4 > 0 {
			p.ClosePremiumTake, p.RiseClose = off, 0
		}
		if p.Validate() != nil {
			continue
		}
		c := newClerk(t)
		pol, err := NewPolicy(c.pol.pairs, p)
		if err != nil {
			t.Fatal(err)
		}
		c.pol = pol
		c.days(2+r.IntN(3), 100*between(-0.002, 0.004))
		for range 10 {
			c.market.IntervalH[0] = []float64{8, 4, 1}[r.IntN(3)]
			c.market.Predicted[0] = carry.PredictedRate(between(-0.001, 0.002))
			if r.IntN(2) == 0 { // at the threshold, a step or half of one around it
				steps := float64(pol.closeRate) + float64(r.IntN(5)-2)/2
				c.market.Predicted[0] = carry.PredictedRate(steps / carry.Unit * c.market.IntervalH[0] / 8)
			}
			c.market.Flags[0] = carry.Flags(r.IntN(16))
			c.pol.Observe(&carry.Event{Kind: carry.EvMarket, At: c.at + carry.Minute, Account: c.acct, Market: &c.market})
			v := c.judge(true)
			isCalm := pol.Calm() != nil && pol.Calm()[0]
			if isCalm && v.Close != carry.OK {
				t.Fatalf("seed %d: calm, and to be closed for %s at %v per %v h by %+v", seed, v.Close, c.market.Predicted[0], c.market.IntervalH[0], p)
			}
			if isCalm {
				calm++
			} else if v.Close == carry.OK {
				kept++
			}
		}
	}
	t.Logf("%d calm, %d not calm without a reason to close", calm, kept)
	if calm < 500 {
		t.Errorf("only %d were calm", calm)
	}
}

// No opening while any close rule is true, for any settings that are accepted,
// in any market, held or not.
func TestNothingIsOpenedThatWouldBeClosed(t *testing.T) {
	opened, closed, refused := 0, 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 7))
		between := func(low, high float64) float64 { return low + (high-low)*r.Float64() }
		p := drawSettings(r)
		if p.Validate() != nil {
			refused++
			continue
		}
		c := newClerk(t)
		pol, err := NewPolicy(c.pol.pairs, p)
		if err != nil {
			t.Fatal(err)
		}
		c.pol = pol
		c.market.SpotDay[0] = between(4e6, 2e7)
		for range 2 + r.IntN(3) {
			c.market.SpotLast[0] = between(95, 105)
			c.days(1, 100*between(-0.012, 0.012))
		}
		for range 10 {
			c.market.Predicted[0] = carry.PredictedRate(between(-0.012, 0.012))
			c.market.IntervalH[0] = []float64{8, 4, 1}[r.IntN(3)]
			spot, premium := c.market.SpotLast[0], between(-0.06, 0.06)
			c.quotes = fixed{spot * 0.9999, spot * 1.0001, spot * (1 + premium) * 0.9999, spot * (1 + premium) * 1.0001}
			c.market.Mark[0] = spot * (1 + premium)
			c.acct.PerpQtyF[0], c.acct.PerpCostF[0] = -1, -between(30, 150)
			if c.judge(true).Close != carry.OK {
				closed++
			}
			for _, held := range []bool{true, false} {
				if v := c.judge(held); v.Open != carry.OK {
					continue
				}
				opened++
				// What is said the moment it is held: its average entry is today's
				// price, unless it is held already.
				if !held {
					c.acct.PerpCostF[0] = -c.market.Mark[0]
				}
				if w := c.judge(true); w.Close != carry.OK {
					t.Fatalf("seed %d: opened (held: %t) and to be closed for %s, by %+v", seed, held, w.Close, p)
				}
			}
		}
	}
	t.Logf("%d opened, %d closed, %d settings refused", opened, closed, refused)
	if opened < 500 || closed < 500 || refused < 500 {
		t.Errorf("%d opened, %d closed, %d settings refused: the test does not test much", opened, closed, refused)
	}
}

// A rate that nobody knows is no rate: neither a reason to open nor one to close.
func TestAnUnknownRateDecidesNothing(t *testing.T) {
	c := newClerk(t).days(10, 0.03)
	if v := c.judge(false); v.Open != carry.OK {
		t.Fatalf("with a rate it is not opened: %s", v.Open)
	}
	c.market.Predicted[0] = carry.PredictedRate(math.NaN())
	if v := c.judge(false); v.Open != carry.CodeStale {
		t.Errorf("opened: %s", v.Open)
	}
	if v := c.judge(true); v.Close != carry.OK || v.Open != carry.CodeStale {
		t.Errorf("closed: %s, opened: %s", v.Close, v.Open)
	}
}
