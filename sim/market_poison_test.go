package sim

import (
	"math"
	"slices"
	"testing"

	"carry"
)

func poisonOptions() MarketOptions {
	from := DefaultMarketOptions().From
	return MarketOptions{Coins: 14, Seed: 2, From: from, To: from + 1000*carry.Day}
}

// Up to the poisoned moment nothing may differ, or the proof of no look-ahead
// would accuse the innocent; after it nothing may be the same, or it would let
// the guilty go.
func TestPoisonReplacesTheFutureAndOnlyTheFuture(t *testing.T) {
	clean := newMarket(t, poisonOptions())
	for _, days := range []float64{0, 41.0 / 24, 333, 400.5, 999} {
		at := (clean.Info().From + carry.Time(days*float64(carry.Day))).Floor(carry.Hour)
		clean.Rewind()
		dirty := Poison(newMarket(t, poisonOptions()), at, 77)
		checkPoisonedInfo(t, clean.Info(), dirty.Info(), at)
		var d carry.Block
		same, total, kept := 0, 0, 0
		eachBlock(t, clean, func(b *carry.Block) {
			if err := dirty.Next(&d); err != nil {
				t.Fatal(err)
			}
			if d.Start != b.Start || d.N != b.N || d.P != b.P {
				t.Fatalf("block %s is shaped otherwise", b.Start)
			}
			for k := range b.N * b.P {
				past := b.Start+carry.Time(k/b.P)*b.Step < at
				for c, col := range blockColumns(b) {
					x, y := col[k], blockColumns(&d)[c][k]
					equal := math.Float64bits(x) == math.Float64bits(y) || x != x && y != y
					if past && !equal {
						t.Fatalf("at %s: column %d before it was poisoned: %v, %v", at, c, x, y)
					}
					if !past && x == x {
						total++
						if equal {
							same++
						}
					}
				}
			}
			for _, s := range b.Settled {
				if s.At <= at {
					kept++
					if !slices.Contains(d.Settled, s) {
						t.Fatalf("at %s: settlement %+v is gone", at, s)
					}
				}
			}
			checkPoisonedSettlements(t, b, &d, at)
		})
		if total == 0 || float64(same) > 0.001*float64(total) {
			t.Errorf("at %s: %d of %d later figures survived", at, same, total)
		}
		if kept == 0 {
			t.Errorf("at %s: no settlement was kept to compare", at)
		}
	}
}

func checkPoisonedSettlements(t *testing.T, clean, dirty *carry.Block, at carry.Time) {
	t.Helper()
	past := 0
	for k, s := range dirty.Settled {
		if s.At <= at {
			past++
		}
		if s.At < dirty.Start || s.At >= dirty.End() || s.Mark <= 0 || s.IntervalH <= 0 {
			t.Fatalf("poisoned settlement %+v", s)
		}
		if k > 0 && (dirty.Settled[k-1].At > s.At || dirty.Settled[k-1].At == s.At && dirty.Settled[k-1].Pair >= s.Pair) {
			t.Fatalf("poisoned settlements are out of order at %s", s.At)
		}
	}
	for _, s := range clean.Settled {
		if s.At <= at {
			past--
		}
	}
	if past != 0 {
		t.Fatalf("block %s has %d settlements more up to the poisoned moment", clean.Start, past)
	}
}

// checkPoisonedInfo compares what a run could read before its first block.
func checkPoisonedInfo(t *testing.T, clean, dirty *carry.TapeInfo, at carry.Time) {
	t.Helper()
	past := func(info *carry.TapeInfo) (rules []carry.Rules, ends []carry.PairEnd, listed []carry.Time) {
		for _, r := range info.Rules {
			if r.From <= at {
				rules = append(rules, r)
			}
		}
		for _, e := range info.Ends {
			if e.At <= at {
				ends = append(ends, e)
			}
		}
		for _, p := range info.Pairs {
			listed = append(listed, min(p.Listed, at+1))
		}
		return rules, ends, listed
	}
	r1, e1, l1 := past(clean)
	r2, e2, l2 := past(dirty)
	if len(r1) != len(r2) || !slices.Equal(e1, e2) || !slices.Equal(l1, l2) {
		t.Fatalf("at %s: the known part of the description changed", at)
	}
	for i := range r1 {
		if r1[i].From != r2[i].From || r1[i].Legs != r2[i].Legs || !slices.Equal(r1[i].Brackets, r2[i].Brackets) {
			t.Fatalf("at %s: rules %d changed", at, i)
		}
	}
	if clean.Hash == dirty.Hash {
		t.Error("the poisoned tape carries the clean one's hash")
	}
	if len(clean.Ends) == 0 {
		t.Fatal("no end to poison")
	}
}

// Garbage must be refused by no formal check, or the run would end instead of
// being compared.
func TestPoisonIsFormallyValid(t *testing.T) {
	at := poisonOptions().From + 200*carry.Day
	p := Poison(newMarket(t, poisonOptions()), at, 5)
	ends := make([]carry.Time, len(p.Info().Pairs))
	for i := range ends {
		ends[i] = never
	}
	for _, e := range p.Info().Ends {
		if e.At > p.Info().To {
			t.Errorf("pair %d ends after the tape", e.Pair)
		}
		ends[e.Pair] = e.At
	}
	book := newRuleBook(p.Info())
	missing, bars := 0, 0
	eachBlock(t, p, func(b *carry.Block) {
		for k := range b.N * b.P {
			open, i := b.Start+carry.Time(k/b.P)*b.Step, k%b.P
			book.roll(open)
			if open < at {
				continue
			}
			for leg, s := range []*carry.Bars{&b.Spot, &b.Perp} {
				if bars++; s.Close[k] != s.Close[k] {
					missing++
					continue
				}
				if open >= ends[i] {
					t.Fatalf("pair %d has a bar at %s, after its end", i, open)
				}
				last := trade{}
				checkBar(t, withVolume(s, k), 0, book.now[i].Legs[leg].Tick, &last)
			}
		}
	})
	if missing == 0 || missing > bars/2 {
		t.Errorf("%d of %d poisoned bars are missing", missing, bars)
	}
}

// withVolume is one bar as a column of its own, with some volume: garbage may
// well have none.
func withVolume(s *carry.Bars, k int) *carry.Bars {
	one := func(x float64) []float64 { return []float64{x} }
	return &carry.Bars{Open: one(s.Open[k]), High: one(s.High[k]), Low: one(s.Low[k]), Close: one(s.Close[k]), Volume: one(1)}
}

func TestPoisonIsAFunctionOfItsSeed(t *testing.T) {
	at := poisonOptions().From + 30*carry.Day
	read := func(seed uint64) string { return digest(t, Poison(newMarket(t, poisonOptions()), at, seed), 14) }
	once := read(1)
	if again := read(1); again != once {
		t.Error("same seed, other garbage")
	}
	if read(1) == read(2) {
		t.Error("other seed, same garbage")
	}
}
