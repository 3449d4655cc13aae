package sim

import (
	"math"
	"testing"

	"carry"
)

// referenceRate is Binance's formula from its text, written again: premium plus
// the interest term's pull, at most 5 bp either way; since the date divided by
// 8/N; clipped.
func referenceRate(at carry.Time, premium, hoursN, limit float64) float64 {
	pull := math.Max(-0.0005, math.Min(0.0005, 0.0001-premium))
	f := premium + pull
	if at >= 1758182460000 {
		f /= 8 / hoursN
	}
	return math.Max(-limit, math.Min(limit, f))
}

// Every settled rate follows from the premium column alone, recomputed here by
// another hand: weights 1, 2, 3, … over the interval's closes, the real formula,
// the cap from the brackets in force. The span crosses the formula's change of
// 2025-09-18 and a stress of short intervals.
func TestFundingIsTheFormulaOfThePremiumColumn(t *testing.T) {
	for seed := range uint64(4) {
		const from = carry.Time(1_672_531_200_000) // 2023-01-01
		m := newMarket(t, MarketOptions{Seed: seed, From: from, To: from + 3*365*carry.Day})
		book := newRuleBook(m.Info())
		type running struct {
			closes []float64
			last   carry.Time
		}
		state := make([]running, len(m.Info().Pairs))
		checked, capped, interest, short, after := 0, 0, 0, 0, 0
		eachBlock(t, m, func(b *carry.Block) {
			next := 0
			for r := range b.N {
				at := b.Start + carry.Time(r)*b.Step
				book.roll(at)
				for ; next < len(b.Settled) && b.Settled[next].At == at; next++ {
					s := &b.Settled[next]
					st := &state[s.Pair]
					if at%(carry.Time(s.IntervalH)*carry.Hour) != 0 {
						t.Fatalf("%s: no slot of a %v h interval", at, s.IntervalH)
					}
					if st.last > 0 && s.At-st.last != carry.Time(s.IntervalH)*carry.Hour {
						t.Fatalf("%s: settled after %d ms, interval %v h", at, s.At-st.last, s.IntervalH)
					}
					if len(st.closes) > 0 { // the first one's premiums are before the tape
						var sum, weights float64
						for k, p := range st.closes {
							sum += float64(k+1) * p
							weights += float64(k + 1)
						}
						limit := 0.75 * book.now[s.Pair].Brackets[0].MMR
						want := referenceRate(at, sum/weights, s.IntervalH, limit)
						if math.Abs(s.Rate.Float()-want) > 0.51e-8 {
							t.Fatalf("seed %d %s pair %d: rate %v, want %.10f from %v", seed, at, s.Pair, s.Rate.Float(), want, st.closes)
						}
						checked++
						if math.Abs(math.Abs(s.Rate.Float())-limit) < 1e-9 {
							capped++
						}
						if s.Rate == 10_000 {
							interest++
						}
						if s.IntervalH < 8 {
							short++
						}
						if at >= carry.FundingPerInterval {
							after++
						}
					}
					if k := r*b.P + int(s.Pair); b.MarkOpen[k] != s.Mark.Float() {
						t.Fatalf("%s: settled at mark %v, the mark is %v", at, s.Mark, b.MarkOpen[k])
					}
					st.closes, st.last = st.closes[:0], at
				}
				for i := range b.P {
					if p := b.Premium[r*b.P+i]; p == p {
						state[i].closes = append(state[i].closes, p)
					}
				}
			}
		})
		t.Logf("seed %d: %d settlements, %d at a cap, %d at 0.01 %%, %d of intervals below 8 h, %d by the later formula", seed, checked, capped, interest, short, after)
		if checked < 40_000 || capped == 0 || interest == 0 || short == 0 || after == 0 {
			t.Errorf("seed %d does not exercise all branches", seed)
		}
	}
}

// Where capital's cost decides alone, the fair premium is that of the formula,
// and the line across the band of indifference joins its edges.
func TestFairPremiumIsThatOfTheClamp(t *testing.T) {
	var w weather
	w.setBand(0.2e-4)
	for _, c := range []struct{ demand, want float64 }{
		{4 * perYear, 4*perYear - 5e-4}, // 4 % a year: −4.6 bp
		{0, -5e-4}, {-1e-4, -6e-4},
		{30 * perYear, 30*perYear + 5e-4},
		{1e-4, 1e-4}, // anything will do: the middle
	} {
		if got := w.fair(c.demand); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("fair premium at %v: %v, want %v", c.demand, got, c.want)
		}
	}
	last := math.Inf(-1)
	for d := -3e-4; d < 5e-4; d += 1e-7 {
		p := w.fair(d)
		if p <= last || (last > -1 && p-last > 6e-6) {
			t.Fatalf("fair premium jumps from %v to %v at %v", last, p, d)
		}
		last = p
	}
}

// The two legs of a bar belong together: within one bar the perpetual's range is
// the spot's times the premium, so independent highs and lows cannot invent a
// premium that nobody could have had.
func TestLegsShareOnePath(t *testing.T) {
	m := newMarket(t, MarketOptions{Seed: 2, NoEpisodes: true})
	eachBlock(t, m, func(b *carry.Block) {
		for k := range b.N * b.P {
			i := k % b.P
			s, p := &b.Spot, &b.Perp
			if s.Close[k] != s.Close[k] || k < b.P || b.Premium[k-b.P] != b.Premium[k-b.P] {
				continue
			}
			mult := float64(m.Info().Pairs[i].Mult)
			lo, hi := b.Premium[k-b.P], b.Premium[k]
			if lo > hi {
				lo, hi = hi, lo
			}
			// Last trades are off the mark by some bp, and prices by a tick.
			slack := 12e-4 + 1e-6/s.Low[k] + 2*m.Info().Rules[i].Legs[0].Tick.Float()/s.Low[k] + 2*m.Info().Rules[i].Legs[1].Tick.Float()/p.Low[k]
			for _, x := range []float64{p.High[k]/(s.High[k]*mult) - 1, p.Low[k]/(s.Low[k]*mult) - 1} {
				if x < lo-slack || x > hi+slack {
					t.Fatalf("coin %d: extremes are %.5f apart, the premium went from %.5f to %.5f", i, x, lo, hi)
				}
			}
		}
	})
}
