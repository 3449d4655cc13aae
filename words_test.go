package carry

import (
	"math"
	"regexp"
	"testing"
)

// The words in files and journals are an interface: each code, event and
// command has one, no two share it.
func TestEveryCodeHasItsOwnWord(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := make(map[string]Code)
	for c := OK; c < codeCount; c++ {
		s := c.String()
		if other, twice := seen[s]; twice || !word.MatchString(s) || s[:min(5, len(s))] == "code-" {
			t.Errorf("code %d is written %q (also %d: %t)", c, s, other, twice)
		}
		seen[s] = c
	}
	if got := Code(207).String(); got != "code-207" {
		t.Errorf("an unknown code is written %q", got)
	}
	for k := EvSnapshot; k <= EvMarket; k++ {
		if k.String() == "" || k.String() == "none" {
			t.Errorf("event kind %d has no name", k)
		}
	}
	for k := CmdOrder; k <= CmdNote; k++ {
		if k.String() == "" || k.String() == "none" {
			t.Errorf("command kind %d has no name", k)
		}
	}
	for l := IOC; l <= PostOnly; l++ {
		if l.String() == "" || l.Rests() == (l == IOC) {
			t.Errorf("life %d is %q and rests %t", l, l, l.Rests())
		}
	}
	if CoinOf(0).Pair() != 0 || CoinOf(6).Pair() != 6 || USDT.Pair() != -1 || BNB.Pair() != -1 {
		t.Error("an asset is taken for another")
	}
	if SpotWallet.String() != "spot" || PerpWallet.String() != "futures" || Buy.String() != "buy" || Sell.String() != "sell" {
		t.Error("wallets or sides have other names")
	}
}

// quotesAt answers with fixed figures.
type quotesAt [2][2]float64 // leg, bid and ask

func (q quotesAt) Bid(leg Leg, _ int) float64 { return q[leg][0] }
func (q quotesAt) Ask(leg Leg, _ int) float64 { return q[leg][1] }

// A hedge opens at the perpetual's bid and spot's ask and closes the other way
// round, so that what is seen can be got; 1000SHIB is priced per thousand.
func TestPremiumsAreWhatCanBeGot(t *testing.T) {
	m := Market{Pairs: []Pair{{Mult: 1}, {Mult: 1000}}, Quotes: quotesAt{{99, 100}, {102, 103}}}
	if got := m.OpenPremium(0); math.Abs(got-0.02) > 1e-15 {
		t.Errorf("opening gets %v, want 102/100 - 1", got)
	}
	if got := m.ClosePremium(0); math.Abs(got-(103.0/99-1)) > 1e-15 {
		t.Errorf("closing pays %v, want 103/99 - 1", got)
	}
	if got := m.Mid(Perp, 0); got != 102.5 {
		t.Errorf("mid is %v", got)
	}
	m.Quotes = quotesAt{{0.0099, 0.01}, {10.2, 10.3}}
	if got := m.OpenPremium(1); math.Abs(got-0.02) > 1e-12 {
		t.Errorf("opening 1000SHIB gets %v", got)
	}
	if got := m.ClosePremium(1); math.Abs(got-(10.3/9.9-1)) > 1e-12 {
		t.Errorf("closing 1000SHIB pays %v", got)
	}
}

// A rate of 0.005 % every four hours is one of 0.01 % per eight.
func TestRatesAreComparedPerEightHours(t *testing.T) {
	m := Market{Predicted: []PredictedRate{0.00005, 0.0001, -0.001}, IntervalH: []float64{4, 8, 1}}
	for i, want := range []int64{10000, 10000, -800000} {
		if got := m.Rate8h(i); got != want {
			t.Errorf("rate %d is %d steps per 8 h, want %d", i, got, want)
		}
	}
}

func TestEquityCountsBothLegsAndWallets(t *testing.T) {
	a := NewAccount(2)
	a.SpotUSDT, a.PerpUSDT = 1000*Unit, 500*Unit
	a.SpotCoinsF[0], a.PerpQtyF[0], a.PerpCostF[0] = 10, -10, -1000 // shorted at 100
	m := &Market{SpotLast: []float64{120, math.NaN()}, Mark: []float64{121, math.NaN()}}
	// 1000 + 500 + 10 × 120 − 10 × (121 − 100); the pair never quoted counts nothing.
	if got := a.Equity(m); got != 2490 {
		t.Errorf("equity is %v, want 2490", got)
	}
}

func TestBlocksReuseTheirMemory(t *testing.T) {
	var b Block
	b.Resize(168, 20)
	if len(b.Spot.Open) != 168*20 || len(b.Premium) != 168*20 || len(b.MarkClose) != 168*20 {
		t.Fatal("a column has not the size asked for")
	}
	b.Settled = append(b.Settled, Settlement{})
	b.Start, b.Step = 5*Day, Hour
	first := &b.Perp.Close[0]
	b.Resize(10, 20)
	if &b.Perp.Close[0] != first || len(b.Perp.Volume) != 200 || len(b.Settled) != 0 || b.End() != 5*Day+10*Hour {
		t.Error("a smaller block did not reuse the larger one's memory, or kept its settlements")
	}
}
