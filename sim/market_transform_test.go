package sim

import (
	"math"
	"slices"
	"strings"
	"testing"

	"carry"
)

func TestPermuteOnlyMovesColumns(t *testing.T) {
	o := poisonOptions()
	perm := []int{3, 0, 13, 7, 1, 2, 12, 5, 4, 6, 8, 11, 10, 9}
	plain, moved := newMarket(t, o), Permute(newMarket(t, o), perm)
	for j, i := range perm {
		if moved.Info().Pairs[j] != plain.Info().Pairs[i] {
			t.Errorf("pair %d is %s", j, moved.Info().Pairs[j].Coin)
		}
	}
	for _, r := range moved.Info().Rules {
		back := int32(perm[r.Pair])
		if !slices.ContainsFunc(plain.Info().Rules, func(q carry.Rules) bool { return q.Pair == back && q.From == r.From && q.Legs == r.Legs }) {
			t.Errorf("rules of pair %d from %s belong to no one", r.Pair, r.From)
		}
	}
	for _, e := range moved.Info().Ends {
		if !slices.Contains(plain.Info().Ends, carry.PairEnd{Pair: int32(perm[e.Pair]), At: e.At, Delisted: e.Delisted}) {
			t.Errorf("end %+v belongs to no one", e)
		}
	}
	var d carry.Block
	eachBlock(t, plain, func(b *carry.Block) {
		if err := moved.Next(&d); err != nil {
			t.Fatal(err)
		}
		for c, col := range blockColumns(&d) {
			for k, x := range col {
				y := blockColumns(b)[c][k/b.P*b.P+perm[k%b.P]]
				if x != y && (x == x || y == y) {
					t.Fatalf("column %d, cell %d: %v, want %v", c, k, x, y)
				}
			}
		}
		if len(d.Settled) != len(b.Settled) {
			t.Fatalf("%d settlements, want %d", len(d.Settled), len(b.Settled))
		}
		for k, s := range d.Settled {
			if k > 0 && (d.Settled[k-1].At > s.At || d.Settled[k-1].At == s.At && d.Settled[k-1].Pair >= s.Pair) {
				t.Fatalf("settlements are out of order")
			}
			s.Pair = int32(perm[s.Pair])
			if !slices.Contains(b.Settled, s) {
				t.Fatalf("settlement %+v belongs to no one", s)
			}
		}
	})
}

func TestPermutingBackIsNothing(t *testing.T) {
	o := poisonOptions()
	perm := []int{3, 0, 13, 7, 1, 2, 12, 5, 4, 6, 8, 11, 10, 9}
	inverse := make([]int, len(perm))
	for j, i := range perm {
		inverse[i] = j
	}
	twice := Permute(Permute(newMarket(t, o), perm), inverse)
	if got, want := digest(t, twice, 14), digest(t, newMarket(t, o), 14); got != want {
		t.Errorf("there and back: %s, want %s", got, want)
	}
	for _, bad := range [][]int{{0}, make([]int, 14), append([]int{14}, perm[1:]...)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v was taken for a permutation", bad)
				}
			}()
			Permute(newMarket(t, o), bad)
		}()
	}
}

// A coin may be redenominated: prices times a hundred, coins by a hundred.
// Values, rates and filters in quanta stay.
func TestScaleKeepsValues(t *testing.T) {
	o := poisonOptions()
	const pair, k = 4, 2
	plain := newMarket(t, o)
	tape, err := Scale(newMarket(t, o), pair, k)
	if err != nil {
		t.Fatal(err)
	}
	a, z := plain.Info().Pairs[pair], tape.Info().Pairs[pair]
	if z.QtyDp != a.QtyDp+k {
		t.Errorf("QtyDp %d, then %d", a.QtyDp, z.QtyDp)
	}
	for i, r := range tape.Info().Rules {
		q := plain.Info().Rules[i]
		for leg := range r.Legs {
			want := q.Legs[leg]
			if int(r.Pair) == pair {
				want.Tick *= 100
			}
			if r.Legs[leg] != want {
				t.Errorf("rules %d: %+v, want %+v", i, r.Legs[leg], want)
			}
		}
	}
	var d carry.Block
	eachBlock(t, plain, func(b *carry.Block) {
		if err := tape.Next(&d); err != nil {
			t.Fatal(err)
		}
		for c, col := range blockColumns(&d) {
			for n, x := range col {
				y := blockColumns(b)[c][n]
				if x != x && y != y {
					continue
				}
				price := n%b.P == pair && c != 4 && c != 9 && c != 13
				volume := n%b.P == pair && (c == 4 || c == 9)
				switch {
				case price && carry.PriceFromFloat(x) != 100*carry.PriceFromFloat(y),
					price && carry.PriceFromFloat(x).Float() != x,
					volume && math.Abs(x*100/y-1) > 1e-12,
					!price && !volume && x != y:
					t.Fatalf("column %d, pair %d: %v from %v", c, n%b.P, x, y)
				}
			}
		}
		for n, s := range d.Settled {
			want := b.Settled[n]
			if s.Pair == pair {
				want.Mark *= 100
			}
			if s != want {
				t.Fatalf("settlement %+v, want %+v", s, want)
			}
		}
	})
	// And back.
	up, _ := Scale(newMarket(t, o), pair, k)
	back, err := Scale(up, pair, -k)
	if err != nil {
		t.Fatal(err)
	}
	plain.Rewind()
	if got, want := digest(t, back, 14), digest(t, plain, 14); got != want {
		t.Errorf("there and back: %s, want %s", got, want)
	}
}

func TestScaleRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		pair, pow10 int
		word        string
	}{
		{99, 1, "14 pairs"}, {-1, 1, "14 pairs"}, {0, 9, "-8 to 8"}, {0, 8, "decimals"}, {thousandCoin, -1, "decimals"},
	} {
		if _, err := Scale(newMarket(t, poisonOptions()), c.pair, c.pow10); err == nil || !strings.Contains(err.Error(), c.word) {
			t.Errorf("scale pair %d by 10^%d: %v, want a word on %q", c.pair, c.pow10, err, c.word)
		}
	}
}
