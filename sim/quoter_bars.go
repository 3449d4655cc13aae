package sim

import (
	"carry"
)

// absorb takes the bars of row r over. Their closes become known at the next
// instant, so they are written to its row. Legs that are closed for trading at
// this instant lose their freshness first.
func (q *Quoter) absorb(f *Frames, r int, b *carry.Block) {
	p := len(q.st)
	lo, hi := r*p, (r+1)*p
	c, next := &f.cols, hi+p
	q.odd, q.wasOdd = q.wasOdd[:0], q.odd // the lists change places
	q.absorbLeg(spotMissing, b.Spot.Close[lo:hi], b.Spot.Volume[lo:hi], c.spotLast[hi:next], c.spotValue[hi:next], q.spotDay)
	q.absorbLeg(perpMissing, b.Perp.Close[lo:hi], b.Perp.Volume[lo:hi], c.perpLast[hi:next], c.perpValue[hi:next], q.perpDay)
	marks, out := b.MarkClose[lo:hi], c.mark[hi:next]
	copy(out, c.perpLast[hi:next])
	for i, m := range marks {
		if m == m {
			out[i] = m
		}
	}
	if len(q.odd) > 0 {
		q.halt(&f.Markets[r], b, lo)
		q.keepLast(f, r, marks)
	}
	for _, i := range q.wasOdd {
		if q.missing[i] == 0 {
			q.flags[i] |= carry.Tradable | carry.Valued
		}
	}
	q.sample(c.spotLast[hi:next], c.perpLast[hi:next], b.Premium[lo:hi])
	for _, i := range q.odd {
		q.missing[i] = 0
	}
}

// absorbLeg writes one leg's closes and traded values, and lists the pairs
// whose leg did not trade: a bar without volume is a halt that the archive
// filled in.
func (q *Quoter) absorbLeg(leg uint8, closes, volumes, last, value, day []float64) {
	n := len(closes)
	volumes, last, value, day = volumes[:n], last[:n], value[:n], day[:n]
	for i, x := range closes {
		v := float64(volumes[i] * x)
		if !(v > 0) {
			if q.missing[i] == 0 {
				q.odd = append(q.odd, int32(i))
			}
			q.missing[i] |= leg
			continue
		}
		last[i], value[i] = x, v
		day[i] += v
	}
}

// halt takes the freshness off legs that are closed for trading at this instant.
// An exchange says so (status BREAK); in a history it shows as a bar that opens
// now and has no trade. Prices of what comes are not looked at.
func (q *Quoter) halt(m *carry.Market, b *carry.Block, base int) {
	for _, i := range q.odd {
		k := base + int(i)
		if !(b.Spot.Volume[k] > 0) {
			m.Flags[i] &^= carry.SpotFresh
			if m.Flags[i]&carry.PerpFresh != 0 && b.Perp.Volume[k] > 0 {
				q.imply(m, int(i))
			}
		}
		if !(b.Perp.Volume[k] > 0) {
			m.Flags[i] &^= carry.PerpFresh
		}
	}
}

// keepLast lets legs that did not trade keep their last prices in row r+1.
func (q *Quoter) keepLast(f *Frames, r int, marks []float64) {
	p, c := len(q.st), &f.cols
	for _, i := range q.odd {
		now := r*p + int(i)
		next := now + p
		fresh := carry.Tradable
		if q.missing[i]&spotMissing != 0 {
			c.spotLast[next], c.spotValue[next] = q.paid(int(i), c.spotLast[now]), 0
			fresh &^= carry.SpotFresh
		}
		if q.missing[i]&perpMissing != 0 {
			c.perpLast[next], c.perpValue[next] = c.perpLast[now], 0
			fresh &^= carry.PerpFresh
			if m := marks[i]; m != m {
				c.mark[next] = c.mark[now]
			}
		}
		q.flags[i] = q.flags[i]&(carry.Valued|carry.FundingFresh) | fresh
	}
}

// paid is the last spot price that was paid, where shown may be an implied one.
func (q *Quoter) paid(i int, shown float64) float64 {
	for k := range q.implied {
		if q.implied[k].pair == int32(i) {
			return q.implied[k].last
		}
	}
	return shown
}

// sample adds one bar to the interval's average premium. The exchange weighs
// later samples more (weights 1, 2, 3, …; on the real history this correlates
// better with settled rates than equal weights). Without a premium index the
// mean of the premiums at the bar's two ends stands in, less half the spread,
// because Binance measures from impact bid and ask: inside the spread the
// premium counts as zero.
func (q *Quoter) sample(spot, perp, index []float64) {
	st := q.st
	n := len(st)
	spot, perp, index, average, missing := spot[:n], perp[:n], index[:n], q.average[:n], q.missing[:n]
	for i := range st {
		s, x := &st[i], index[i]
		if missing[i] != 0 {
			q.sampleOdd(i, spot[i], x)
			continue
		}
		s.turn(spot[i])
		before, now := s.premium, float64(perp[i]*s.spotInv*s.perCoin)-1
		s.steady, s.premium = before, now
		if x != x {
			x = now
			if before == before {
				x = (before + x) / 2
			}
			x = max(x-s.deadband, 0) + min(x+s.deadband, 0)
		}
		average[i] = s.add(x)
	}
}

// sampleOdd is sample of a pair of which a leg did not trade: only the premium
// index tells anything.
func (q *Quoter) sampleOdd(i int, spot, index float64) {
	s := &q.st[i]
	if q.missing[i]&spotMissing == 0 {
		s.turn(spot)
	}
	if index == index {
		q.average[i] = s.add(index)
	}
}

// turn takes a spot close into the day's variance.
func (s *quoteState) turn(spot float64) {
	if back := float64(spot*s.spotInv) - 1; back == back {
		s.squares += float64(back * back)
	}
	s.spotInv = 1 / spot
}

// add takes a sample and returns the average. The sum of the weights 1…w is
// exact in a float64.
func (s *quoteState) add(x float64) float64 {
	w := s.weight + 1
	s.sampled, s.weight = x, w
	s.sum += float64(x * w)
	return s.sum / (w * (w + 1) / 2)
}
