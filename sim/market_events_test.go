package sim

import (
	"math"
	"testing"

	"carry"
)

// history is one coin's hourly closes and premiums with the times of its bars.
type history struct {
	at                    []carry.Time
	spot, premium, rate8h []float64
	intervals             map[float64]int
}

func histories(t testing.TB, m *Market) []history {
	out := make([]history, len(m.Info().Pairs))
	for i := range out {
		out[i].intervals = map[float64]int{}
	}
	eachBlock(t, m, func(b *carry.Block) {
		for k := range b.N * b.P {
			h := &out[k%b.P]
			if b.Spot.Close[k] == b.Spot.Close[k] {
				h.at = append(h.at, b.Start+carry.Time(k/b.P)*b.Step)
				h.spot = append(h.spot, b.Spot.Close[k])
				h.premium = append(h.premium, b.Premium[k])
			}
		}
		for _, s := range b.Settled {
			out[s.Pair].intervals[s.IntervalH]++
			out[s.Pair].rate8h = append(out[s.Pair].rate8h, s.Rate.Float())
		}
	})
	return out
}

// extremeMove is the largest rise (sign 1) or fall (sign −1) of the closes within
// a number of bars, as a multiple, and the index at which it is complete.
func extremeMove(x []float64, bars int, sign float64) (multiple float64, end int) {
	best := 0.0
	for i := range x {
		for j := max(0, i-bars); j < i; j++ {
			if m := sign * math.Log(x[i]/x[j]); m > best {
				best, end = m, i
			}
		}
	}
	return math.Exp(sign * best), end
}

// Whatever the seed, three years hold what a strategy must survive.
func TestDefaultSpanHoldsTheEvents(t *testing.T) {
	for seed := range uint64(6) {
		m := newMarket(t, MarketOptions{Seed: seed})
		all := histories(t, m)
		fall, when := extremeMove(all[0].spot, 6, -1)
		if fall > 0.72 || fall < 0.45 {
			t.Errorf("seed %d: the first coin's worst six hours are ×%.2f", seed, fall)
		}
		crashAt := all[0].at[when]
		deepest, shallowest := 0.0, -1.0
		pumped, ran4, ran2 := 0.0, 0, 0
		for i := range all {
			h := &all[i]
			low := 0.0
			for k, at := range h.at {
				if at > crashAt-6*carry.Hour && at < crashAt+6*carry.Hour {
					low = min(low, h.premium[k])
				}
			}
			if i >= 2 && low < 0 {
				deepest, shallowest = min(deepest, low), max(shallowest, low)
			}
			if rise, _ := extremeMove(h.spot, 24, 1); i >= 2 {
				pumped = max(pumped, rise)
			}
			if h.intervals[4] > 0 && h.intervals[2] > 0 {
				ran4, ran2 = ran4+1, ran2+1
			}
		}
		if deepest < -0.25 || deepest > -0.05 || shallowest > -0.01 {
			t.Errorf("seed %d: the perpetuals' worst premiums in the crash of %s go from %.3f to %.3f", seed, crashAt, shallowest, deepest)
		}
		if pumped < 4 || pumped > 16 {
			t.Errorf("seed %d: the best day of any coin is ×%.1f, want several hundred percent", seed, pumped)
		}
		if ran4 == 0 || ran2 == 0 {
			t.Errorf("seed %d: no coin went from 8 to 4 to 2 hours", seed)
		}
		t.Logf("seed %d: crash %s ×%.2f, premiums %.3f..%.3f; best day ×%.1f; %d coins with short intervals; ends %d",
			seed, crashAt, fall, shallowest, deepest, pumped, ran4, len(m.Info().Ends))
	}
}

// Coins come and go, and what is written in the description is what happens.
func TestListingsAndDelistings(t *testing.T) {
	for seed := range uint64(6) {
		m := newMarket(t, MarketOptions{Seed: seed, Coins: 30})
		info := m.Info()
		all := histories(t, m)
		late := 0
		for i, p := range info.Pairs {
			if p.Listed > info.From {
				late++
				if all[i].at[0] < p.Listed || all[i].at[0] > p.Listed+6*carry.Hour {
					t.Errorf("seed %d: %s is listed %s, its first bar is of %s", seed, p.Coin, p.Listed, all[i].at[0])
				}
			}
		}
		if late == 0 || late > 20 {
			t.Errorf("seed %d: %d of 30 coins list late", seed, late)
		}
		if n := len(info.Ends); n == 0 || n > 12 {
			t.Errorf("seed %d: %d of 30 coins are delisted", seed, n)
		}
		for _, e := range info.Ends {
			last := all[e.Pair].at[len(all[e.Pair].at)-1]
			if !e.Delisted || last >= e.At || last < e.At-6*carry.Hour {
				t.Errorf("seed %d: %s ends %s, its last bar is of %s", seed, info.Pairs[e.Pair].Coin, e.At, last)
			}
		}
	}
}

// A few times a year spot stops for all coins at once for one to five hours; the
// perpetuals, their marks and their funding go on.
func TestSpotOutages(t *testing.T) {
	total := 0
	for seed := range uint64(6) {
		m := newMarket(t, MarketOptions{Seed: seed, NoListings: true, NoDelistings: true})
		run := 0
		eachBlock(t, m, func(b *carry.Block) {
			for r := range b.N {
				missing := 0
				for i := range b.P {
					k := r*b.P + i
					if b.Spot.Close[k] != b.Spot.Close[k] {
						missing++
					}
					if b.Perp.Close[k] != b.Perp.Close[k] || b.MarkClose[k] != b.MarkClose[k] || b.Premium[k] != b.Premium[k] {
						t.Fatalf("the perpetual stopped too")
					}
				}
				if missing != 0 && missing != b.P {
					t.Fatalf("%d of %d coins stopped", missing, b.P)
				}
				if missing > 0 {
					run++
				} else if run > 0 {
					if run > 5 {
						t.Fatalf("an outage of %d hours", run)
					}
					total++
					run = 0
				}
			}
		})
	}
	if perYear := float64(total) / 18; perYear < 1.5 || perYear > 6 {
		t.Errorf("%.1f outages a year", perYear)
	}
}

// The rules that change are the rules that hold: ticks are finer after than
// before, and the brackets, and with them the funding's cap, are others.
func TestRulesChangeUnderWay(t *testing.T) {
	m := newMarket(t, MarketOptions{Seed: 4, NoListings: true, NoDelistings: true})
	var change carry.Rules
	for _, r := range m.Info().Rules {
		if r.From > m.Info().From {
			change = r
		}
	}
	if change.From == 0 {
		t.Fatal("no rules change in three years")
	}
	first := m.Info().Rules[change.Pair]
	if change.Legs[0].Tick*10 != first.Legs[0].Tick && first.Legs[0].Tick != 1 {
		t.Errorf("spot tick %v, then %v", first.Legs[0].Tick, change.Legs[0].Tick)
	}
	if change.Legs[0].MinNotional >= first.Legs[0].MinNotional || len(change.Brackets) == len(first.Brackets) && change.Brackets[0] == first.Brackets[0] && change.Brackets[1] == first.Brackets[1] {
		t.Errorf("rules before %+v, after %+v", first, change)
	}
	fine, all := 0, 0
	eachBlock(t, m, func(b *carry.Block) {
		for r := range b.N {
			k := r*b.P + int(change.Pair)
			x := b.Spot.Close[k]
			if x != x {
				continue
			}
			if b.Start+carry.Time(r)*b.Step < change.From {
				if !onGrid(x, first.Legs[0].Tick) {
					t.Fatalf("price %v before the change is not on %v", x, first.Legs[0].Tick)
				}
				continue
			}
			all++
			if !onGrid(x, first.Legs[0].Tick) {
				fine++
			}
		}
	})
	if first.Legs[0].Tick > 1 && float64(fine) < 0.8*float64(all) {
		t.Errorf("after the change only %d of %d prices use the finer tick", fine, all)
	}
}
