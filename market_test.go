package carry

import (
	"testing"

	"pgregory.net/rapid"
)

// The parts of a block, in order, hold each of its bars and settlements once, at
// the times they have in the whole.
func TestPartsOfABlockAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Block{Start: 1000 * Hour, Step: Hour}
		b.Resize(rapid.IntRange(1, 60).Draw(t, "bars"), rapid.IntRange(1, 4).Draw(t, "pairs"))
		for k := range b.Spot.Close {
			b.Spot.Close[k], b.Premium[k] = float64(k), -float64(k)
		}
		for r := range b.N {
			for p := range b.P {
				if rapid.IntRange(0, 3).Draw(t, "settles") == 0 {
					b.Settled = append(b.Settled, Settlement{At: b.Start + Time(r)*b.Step, Pair: int32(p)})
				}
			}
		}
		most := rapid.IntRange(1, 30).Draw(t, "most")
		var part Block
		seen, paid := 0, 0
		for r := 0; r < b.N; r += most {
			b.Part(&part, r, min(r+most, b.N))
			if part.Start != b.Start+Time(seen/b.P)*b.Step || part.P != b.P || len(part.Perp.Volume) != part.N*part.P {
				t.Fatalf("part %d starts %s with %d bars", r, part.Start, part.N)
			}
			for k := range part.Spot.Close {
				if part.Spot.Close[k] != float64(seen) || part.Premium[k] != -float64(seen) {
					t.Fatalf("bar %d of part %d is not bar %d of the block", k, r, seen)
				}
				seen++
			}
			for _, s := range part.Settled {
				if s != b.Settled[paid] || s.At < part.Start || s.At >= part.End() {
					t.Fatalf("settlement %+v in a part of %s to %s", s, part.Start, part.End())
				}
				paid++
			}
		}
		if seen != len(b.Spot.Close) || paid != len(b.Settled) {
			t.Errorf("%d of %d bars, %d of %d settlements", seen, len(b.Spot.Close), paid, len(b.Settled))
		}
	})
}
