package sim

import (
	"math"
	"slices"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// seen is a copy of what a core may know of a pair at an instant.
type seen struct {
	at                         carry.Time
	warm                       bool
	spot, perp, mark           float64
	bid, ask                   [2]float64
	spotValue, perpValue       float64
	predicted, interval, rate8 float64
	flags                      carry.Flags
}

func look(m *carry.Market, i int) seen {
	s := seen{at: m.At, warm: m.WarmUp, spot: m.SpotLast[i], perp: m.PerpLast[i], mark: m.Mark[i],
		spotValue: m.SpotValue[i], perpValue: m.PerpValue[i], predicted: float64(m.Predicted[i]), interval: m.IntervalH[i], flags: m.Flags[i]}
	for _, leg := range []carry.Leg{carry.Spot, carry.Perp} {
		s.bid[leg], s.ask[leg] = m.Bid(leg, i), m.Ask(leg, i)
	}
	if s.predicted == s.predicted {
		s.rate8 = float64(m.Rate8h(i))
	}
	return s
}

// watch returns what is seen of pair i at every instant, the one after the end
// included.
func (h *hand) watch(spread SpreadModel, i int) []seen {
	q := NewQuoter(&h.info, QuoteModels{Spread: spread}, h.info.From)
	var out []seen
	f := q.Frames(&h.block)
	for r := range f.N {
		out = append(out, look(&f.Markets[r], i))
	}
	return append(out, look(&q.Last().Markets[0], i))
}

// Bid and ask lie on ticks, around the last price and no closer than the model
// says; without a spread a price on its tick is both, whatever the last bits of
// its float.
func TestQuotesRoundOutward(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHand(1, 1)
		tick := carry.Price(rapid.SampledFrom([]int64{1, 10, 1000, 10000, 100000, 1e6, 1e7, 5e7}).Draw(t, "tick"))
		h.info.Rules[0].Legs[0].Tick, h.info.Rules[0].Legs[1].Tick = tick, tick
		last := (tick * carry.Price(rapid.Int64Range(1, 1e7).Draw(t, "ticks"))).Float()
		h.from(0, 0, last)
		half := rapid.SampledFrom([]float64{0, 0.00002, 0.0005, 0.003}).Draw(t, "half")
		s := h.watch(FixedSpread{half}, 0)[1]
		for leg := range s.bid {
			bid, ask := carry.PriceFromFloat(s.bid[leg]), carry.PriceFromFloat(s.ask[leg])
			exact := carry.PriceFromFloat(last)
			switch {
			case bid%tick != 0 || ask%tick != 0:
				t.Fatalf("%s and %s are not on the tick %s", bid, ask, tick)
			case half == 0 && (bid != exact || ask != exact):
				t.Fatalf("%s on its tick is quoted %s to %s", exact, bid, ask)
			// A thousandth of a tick counts as on it.
			case float64(bid) > float64(exact)*(1-half)+float64(tick)/1000 || float64(ask) < float64(exact)*(1+half)-float64(tick)/1000:
				t.Fatalf("%s with half a spread of %v is quoted %s to %s", exact, half, bid, ask)
			case float64(bid) <= float64(exact)*(1-half)-float64(tick)-1 || float64(ask) >= float64(exact)*(1+half)+float64(tick)+1:
				t.Fatalf("%s with half a spread of %v is quoted %s to %s, more than a tick too far", exact, half, bid, ask)
			}
		}
	})
}

// At an instant a core sees bars that have closed by then: nothing of the bar
// that opens (but whether its leg is open for trading at all, which an exchange
// tells), of later ones, of settlements or rules to come.
func TestNothingDependsOnTheBarThatOpens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const hours = 30
		a, b := newHand(2, hours), newHand(2, hours)
		cut := rapid.IntRange(0, hours-1).Draw(t, "cut")
		price := rapid.Float64Range(50, 150)
		for r := range hours {
			for i := range 2 {
				for _, leg := range []carry.Leg{carry.Spot, carry.Perp} {
					x, y := price.Draw(t, "x"), price.Draw(t, "y")
					a.set(r, i, leg, x, max(x, y), min(x, y), y)
					if r >= cut {
						x, y = 2*y, x/3
					}
					b.set(r, i, leg, x, max(x, y), min(x, y), y)
				}
				if r >= cut {
					k := b.at(r, i)
					b.block.Spot.Volume[k], b.block.Perp.Volume[k] = 0, 77
					if r == cut {
						b.block.Spot.Volume[k] = 3 // whether a leg is closed right now is known
					}
					b.block.Premium[k], b.block.MarkClose[k], b.block.MarkOpen[k] = 0.5, 1, 2
				}
				if r%8 == 0 {
					a.settle(r, i, 0.01, 8)
					if r <= cut {
						b.settle(r, i, 0.01, 8)
					} else {
						b.settle(r, i, -2, 1)
					}
				}
			}
		}
		later := handRules(0)
		later.From, later.Interest8h, later.Legs[0].Tick = b.hour(cut)+1, -1, carry.Unit
		b.info.Rules = append(b.info.Rules, later)
		b.info.Ends = []carry.PairEnd{{Pair: 1, At: b.hour(cut) + 1}}
		for i := range 2 {
			x, y := a.watch(DefaultSpread, i), b.watch(DefaultSpread, i)
			for r := 0; r <= cut; r++ {
				if !sameSight(x[r], y[r]) {
					t.Fatalf("poisoned from bar %d on, pair %d is seen at bar %d as %+v, before as %+v", cut, i, r, y[r], x[r])
				}
			}
		}
	})
}

// sameSight compares with all NaNs alike.
func sameSight(a, b seen) bool {
	x := []float64{a.spot, a.perp, a.mark, a.bid[0], a.bid[1], a.ask[0], a.ask[1], a.spotValue, a.perpValue, a.predicted, a.interval, a.rate8}
	y := []float64{b.spot, b.perp, b.mark, b.bid[0], b.bid[1], b.ask[0], b.ask[1], b.spotValue, b.perpValue, b.predicted, b.interval, b.rate8}
	return a.at == b.at && a.flags == b.flags && slices.EqualFunc(x, y, func(p, q float64) bool { return p == q || (p != p && q != q) })
}

// The premium index is known bar by bar; the rate is predicted from its average
// since the last settlement, the latest weighing most. The settled rate itself
// appears nowhere before it is settled.
func TestPredictionIsTheClampedAverageSinceTheLastSettlement(t *testing.T) {
	h := newHand(1, 17)
	premium := func(r int) float64 { return 0.001 + 0.0001*float64(r) }
	for r := range 17 {
		h.block.Premium[h.at(r, 0)] = premium(r)
	}
	h.info.Rules[0].Brackets[0].MMR = 0.04 // a cap of 3 %, out of the way
	h.settle(0, 0, 0.01, 8)
	h.settle(8, 0, 1.5, 8)
	h.settle(16, 0, 0.01, 8)
	s := h.watch(NoSpread{}, 0)
	want := func(from, to int) float64 { // bars from..to−1
		sum, weights := 0.0, 0.0
		for k := from; k < to; k++ {
			w := float64(k - from + 1)
			sum, weights = sum+w*premium(k), weights+w
		}
		return sum/weights - 0.0005 // above the dead zone the clamp takes 5 bp off
	}
	for _, e := range []struct{ instant, from int }{{1, 0}, {4, 0}, {7, 0}, {9, 8}, {15, 8}} {
		if got := s[e.instant].predicted; math.Abs(got-want(e.from, e.instant)) > 1e-12 {
			t.Errorf("at bar %d the prediction is %v, want %v", e.instant, got, want(e.from, e.instant))
		}
	}
	// At the settlement itself a new interval begins; until its first sample the
	// last one stands in.
	if got := s[8].predicted; math.Abs(got-(premium(7)-0.0005)) > 1e-12 {
		t.Errorf("at the settlement the next rate is predicted as %v, want %v", got, premium(7)-0.0005)
	}
	if !math.IsNaN(s[0].predicted) {
		t.Errorf("before the first bar closed the prediction is %v", s[0].predicted)
	}
}

// The record of forecasts compares each settlement with what was predicted one
// instant before it.
func TestPredictionsAreScoredAgainstWhatWasSeenBefore(t *testing.T) {
	h := newHand(1, 25)
	for r := range 25 {
		h.block.Premium[h.at(r, 0)] = []float64{0.002, -0.003, 0.0008}[min(r/8, 2)]
	}
	h.settle(8, 0, 0.14, 8)
	h.settle(16, 0, -0.26, 8)
	h.settle(24, 0, -0.01, 8)
	q := NewQuoter(&h.info, QuoteModels{Spread: NoSpread{}}, h.info.From)
	q.Frames(&h.block)
	got := q.Prediction()
	// Caps grow with the settled rates: 0.75 % at first.
	x, y := []float64{0.0015, -0.0025, 0.0003}, []float64{0.0014, -0.0026, -0.0001}
	if got.N != 3 || math.Abs(got.MeanAbsErr-0.0006/3) > 1e-12 || math.Abs(got.SignAgree-2.0/3) > 1e-12 {
		t.Errorf("three settlements are scored %+v", got)
	}
	if want := correlate(x, y); math.Abs(got.Correlation-want) > 1e-9 {
		t.Errorf("correlation %v, want %v", got.Correlation, want)
	}
	// Settlements of the warm-up do not count.
	warm := NewQuoter(&h.info, QuoteModels{Spread: NoSpread{}}, h.hour(10))
	warm.Frames(&h.block)
	if got := warm.Prediction(); got.N != 2 {
		t.Errorf("with the first settlement in the warm-up %d are scored", got.N)
	}
}

// Without a premium index the traded premium stands in, less half the spread:
// inside it Binance's impact prices see none.
func TestTradedPremiumInsideTheSpreadIsNone(t *testing.T) {
	for _, e := range []struct{ perp, half, want float64 }{
		{101, 0, 0.01 - 0.0005}, {101, 0.002, 0.008 - 0.0005}, {100.1, 0.002, 0.0001}, {99, 0.002, -0.008 + 0.0005},
	} {
		h := newHand(1, 4)
		h.info.Rules[0].Brackets[0].MMR = 0.04
		for r := range 4 {
			h.set(r, 0, carry.Perp, e.perp, e.perp, e.perp, e.perp)
		}
		if got := h.watch(FixedSpread{e.half}, 0)[3].predicted; math.Abs(got-e.want) > 1e-12 {
			t.Errorf("perpetual at %v, half a spread of %v: predicted %v, want %v", e.perp, e.half, got, e.want)
		}
	}
}

// A settlement that does not come is a gap: the pair is not fresh until the next
// one, and its rate is not taken for zero.
func TestMissingSettlementIsAGap(t *testing.T) {
	h := newHand(1, 40)
	h.settle(0, 0, 0.01, 8)
	h.settle(8, 0, 0.03, 8)
	// 16 is missing.
	h.settle(24, 0, 0.03, 8)
	h.settle(32, 0, 0.03, 4)
	s := h.watch(NoSpread{}, 0)
	for r := 1; r <= 40; r++ {
		fresh := r < 16 || (r >= 24 && r < 36)
		if got := s[r].flags&carry.FundingFresh != 0; got != fresh {
			t.Errorf("hour %d: funding fresh %t, want %t", r, got, fresh)
		}
		if s[r].flags&carry.Tradable != carry.Tradable {
			t.Errorf("hour %d: prices are there but the pair is not tradable", r)
		}
	}
	if s[31].interval != 8 || s[32].interval != 4 {
		t.Errorf("the interval is %v before and %v after it changed", s[31].interval, s[32].interval)
	}
}

// A bar without volume is a halt that the archive filled in: the leg is closed
// when it opens, the quote is old after it,
// and while only spot is halted its coins are valued by the perpetual.
func TestBarWithoutVolumeIsAHalt(t *testing.T) {
	h := newHand(1, 6)
	for r := range 6 {
		h.set(r, 0, carry.Perp, 101, 101, 101, 101)
	}
	k := h.at(2, 0)
	h.set(2, 0, carry.Spot, 999, 999, 999, 999)
	h.set(2, 0, carry.Perp, 111.1, 111.1, 111.1, 111.1)
	h.block.Spot.Volume[k] = 0
	h.block.Perp.Volume[h.at(4, 0)] = 0
	h.set(4, 0, carry.Perp, 7, 7, 7, 7)
	s := h.watch(NoSpread{}, 0)
	for r, want := range []carry.Flags{0, carry.Tradable | carry.Valued, carry.PerpFresh | carry.Valued, carry.PerpFresh | carry.Valued,
		carry.SpotFresh | carry.Valued, carry.SpotFresh | carry.Valued, carry.Tradable | carry.Valued} {
		if s[r].flags != want {
			t.Errorf("hour %d: flags %b, want %b", r, s[r].flags, want)
		}
	}
	if s[3].spot < 109.999 || s[3].spot > 110.001 || s[3].spotValue != 0 {
		t.Errorf("halted spot is valued %v on %v traded; the perpetual at 111.1 with 1 %% premium implies 110", s[3].spot, s[3].spotValue)
	}
	if s[4].spot != 100 {
		t.Errorf("after the halt spot is %v", s[4].spot)
	}
	if s[5].perp != 101 || s[5].mark != 101 || s[5].perpValue != 0 {
		t.Errorf("a bar without trades moved the perpetual to %v, its mark to %v", s[5].perp, s[5].mark)
	}
}

// The mark is the recorded one where there is one, and what has ended has no
// quotes any more.
func TestMarksAndEnds(t *testing.T) {
	h := newHand(2, 6)
	h.block.MarkClose[h.at(1, 0)] = 100.25
	h.info.Ends = []carry.PairEnd{{Pair: 0, At: h.hour(3), Until: h.hour(5)}, {Pair: 1, At: h.hour(4), Delisted: true}}
	a, b := h.watch(NoSpread{}, 0), h.watch(NoSpread{}, 1)
	if a[1].mark != 100 || a[2].mark != 100.25 {
		t.Errorf("marks are %v and %v", a[1].mark, a[2].mark)
	}
	for r := 1; r <= 6; r++ {
		if got, want := a[r].flags&carry.Tradable != 0, r < 3 || r >= 5; got != want {
			t.Errorf("hour %d: the pair with a hole is tradable: %t", r, got)
		}
		if got, want := b[r].flags != 0, r < 4; got != want {
			t.Errorf("hour %d: the delisted pair has flags: %t", r, got)
		}
	}
}

// A pair that may be traded always has prices and a prediction: thresholds meet
// no NaN.
func TestWhatIsTradableIsKnown(t *testing.T) {
	for seed := range uint64(3) {
		m := newMarket(t, MarketOptions{Seed: seed, Coins: 6, From: 1609459200000, To: 1609459200000 + 120*carry.Day})
		q := NewQuoter(m.Info(), QuoteModels{Spread: DefaultSpread}, m.Info().From)
		eachBlock(t, m, func(b *carry.Block) {
			f := q.Frames(b)
			for r := range f.Markets {
				for i := range m.Info().Pairs {
					s := look(&f.Markets[r], i)
					if s.flags&carry.Tradable != carry.Tradable {
						continue
					}
					for _, x := range []float64{s.predicted, s.spot, s.perp, s.mark, s.bid[0], s.bid[1], s.ask[0], s.ask[1], s.interval} {
						if math.IsNaN(x) || math.IsInf(x, 0) {
							t.Fatalf("seed %d: pair %d at %s is tradable but %+v", seed, i, s.at, s)
						}
					}
					if s.bid[0] <= 0 || s.bid[0] > s.spot*(1+1e-9) || s.ask[0] < s.spot*(1-1e-9) || s.bid[1] > s.perp*(1+1e-9) || s.ask[1] < s.perp*(1-1e-9) {
						t.Fatalf("seed %d: pair %d at %s is quoted on the wrong side: %+v", seed, i, s.at, s)
					}
				}
			}
		})
	}
}
