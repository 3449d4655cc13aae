package sim

import (
	"fmt"
	"math"
	"slices"

	"carry"
)

// Permute is t with its pairs in another order: the new pair j is t's pair
// perm[j]. Nothing a run decides may depend on the order. perm must be a
// permutation of t's pairs; anything else is a programmer's error and panics.
func Permute(t carry.Tape, perm []int) carry.Tape {
	in := t.Info()
	p := &permuted{tape: t, from: slices.Clone(perm), to: make([]int32, len(perm))}
	for j := range p.to {
		p.to[j] = -1
	}
	if len(perm) != len(in.Pairs) {
		panic(fmt.Sprintf("sim: %d pairs permuted by %d numbers", len(in.Pairs), len(perm)))
	}
	for j, i := range perm {
		if i < 0 || i >= len(perm) || p.to[i] >= 0 {
			panic(fmt.Sprintf("sim: %v is not a permutation", perm))
		}
		p.to[i] = int32(j)
	}
	p.info = *in
	p.info.Hash = fmt.Sprintf("permuted-%v-%s", perm, in.Hash)
	p.info.Pairs = make([]carry.Pair, len(perm))
	for j, i := range perm {
		p.info.Pairs[j] = in.Pairs[i]
	}
	p.info.Rules = slices.Clone(in.Rules)
	for k := range p.info.Rules {
		p.info.Rules[k].Pair = p.to[p.info.Rules[k].Pair]
	}
	sortRules(p.info.Rules)
	p.info.Ends = slices.Clone(in.Ends)
	for k := range p.info.Ends {
		p.info.Ends[k].Pair = p.to[p.info.Ends[k].Pair]
	}
	sortEnds(p.info.Ends)
	return p
}

type permuted struct {
	tape carry.Tape
	info carry.TapeInfo
	from []int   // t's index of the new pair
	to   []int32 // the new index of t's pair
	row  []float64
}

func (p *permuted) Info() *carry.TapeInfo { return &p.info }

// Next reads the block and reorders each instant.
func (p *permuted) Next(b *carry.Block) error {
	if err := p.tape.Next(b); err != nil {
		return err
	}
	if p.row == nil {
		p.row = make([]float64, b.P)
	}
	for _, col := range blockColumns(b) {
		for r := range b.N {
			row := col[r*b.P : (r+1)*b.P]
			copy(p.row, row)
			for j, i := range p.from {
				row[j] = p.row[i]
			}
		}
	}
	for k := range b.Settled {
		b.Settled[k].Pair = p.to[b.Settled[k].Pair]
	}
	slices.SortStableFunc(b.Settled, func(a, c carry.Settlement) int {
		if a.At != c.At {
			if a.At < c.At {
				return -1
			}
			return 1
		}
		return int(a.Pair - c.Pair)
	})
	return nil
}

// blockColumns are all columns of a block.
func blockColumns(b *carry.Block) [14][]float64 {
	return [...][]float64{
		b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close, b.Spot.Volume,
		b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close, b.Perp.Volume,
		b.MarkOpen, b.MarkHigh, b.MarkClose, b.Premium,
	}
}

// Scale is t with all prices of one pair multiplied by 10^pow10 and its
// quantities divided by it: ticks grow, a quantum is 10^pow10 times smaller in
// coins, so filters in quanta, notionals and rates stay what they were and a run
// must make the same decisions. It is an error if the pair's ticks or quanta
// leave their eight decimals; Next fails on a price that does, such as a mark
// finer than the tick when pow10 is negative.
func Scale(t carry.Tape, pair, pow10 int) (carry.Tape, error) {
	in := t.Info()
	if pair < 0 || pair >= len(in.Pairs) {
		return nil, fmt.Errorf("scale pair %d: the tape has %d pairs", pair, len(in.Pairs))
	}
	if pow10 < -8 || pow10 > 8 {
		return nil, fmt.Errorf("scale by 10^%d: give -8 to 8", pow10)
	}
	s := &scaled{tape: t, pair: pair, info: *in, up: 1, down: 1}
	if pow10 >= 0 {
		s.up = carry.Pow10[pow10]
	} else {
		s.down = carry.Pow10[-pow10]
	}
	s.info.Hash = fmt.Sprintf("scaled-%d-%d-%s", pair, pow10, in.Hash)
	s.info.Pairs = slices.Clone(in.Pairs)
	p := &s.info.Pairs[pair]
	dp := int(p.QtyDp) + pow10
	if dp < 0 || dp > 8 {
		return nil, fmt.Errorf("scale %s by 10^%d: a quantity would need %d decimals", p.Coin, pow10, dp)
	}
	s.lotOld, s.lotNew = float64(carry.Pow10[p.QtyDp]), float64(carry.Pow10[dp])
	p.QtyDp = int8(dp)
	s.info.Rules = slices.Clone(in.Rules)
	for k := range s.info.Rules {
		r := &s.info.Rules[k]
		if int(r.Pair) != pair {
			continue
		}
		for leg := range r.Legs {
			tick, err := s.price(r.Legs[leg].Tick)
			if err != nil {
				return nil, fmt.Errorf("scale the tick of %s: %w", p.Coin, err)
			}
			r.Legs[leg].Tick = tick
		}
	}
	return s, nil
}

type scaled struct {
	tape           carry.Tape
	info           carry.TapeInfo
	pair           int
	up, down       int64 // prices × up / down
	lotOld, lotNew float64
}

func (s *scaled) Info() *carry.TapeInfo { return &s.info }

// price is v scaled, which must come out in whole steps of 1e-8.
func (s *scaled) price(v carry.Price) (carry.Price, error) {
	x := int64(v)
	if x%s.down != 0 {
		return 0, fmt.Errorf("%s / %d has more than eight decimals", v, s.down)
	}
	x /= s.down
	if x > math.MaxInt64/s.up || x < -math.MaxInt64/s.up {
		return 0, fmt.Errorf("%s × %d: %w", v, s.up, carry.ErrOverflow)
	}
	return carry.Price(x * s.up), nil
}

// Next reads the block and scales the pair's columns.
func (s *scaled) Next(b *carry.Block) error {
	if err := s.tape.Next(b); err != nil {
		return err
	}
	for r := range b.N {
		k := r*b.P + s.pair
		for _, col := range [...][]float64{
			b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close,
			b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close,
			b.MarkOpen, b.MarkHigh, b.MarkClose,
		} {
			if x := col[k]; x == x {
				v, err := s.price(carry.PriceFromFloat(x))
				if err != nil {
					return fmt.Errorf("scale %s at %s: %w", s.info.Pairs[s.pair].Coin, b.Start+carry.Time(r)*b.Step, err)
				}
				col[k] = v.Float()
			}
		}
		for _, col := range [...][]float64{b.Spot.Volume, b.Perp.Volume} {
			if x := col[k]; x == x {
				col[k] = math.Floor(float64(x*s.lotOld)+0.5) / s.lotNew
			}
		}
	}
	for k := range b.Settled {
		if set := &b.Settled[k]; int(set.Pair) == s.pair {
			mark, err := s.price(set.Mark)
			if err != nil {
				return fmt.Errorf("scale the mark of %s at %s: %w", s.info.Pairs[s.pair].Coin, set.At, err)
			}
			set.Mark = mark
		}
	}
	return nil
}
