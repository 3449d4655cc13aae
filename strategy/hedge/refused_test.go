package hedge

import (
	"testing"

	"carry"
)

// seconds lets a span pass as timers bring cross-sections, refusing every order
// after a moment with code, and counts the orders.
func (s *stage) seconds(span carry.Time, code carry.Code) (sent int) {
	s.t.Helper()
	for end := s.at + span; s.at < end; {
		for len(s.way) > 0 {
			sent++
			s.at++
			s.land(s.way[0], code)
		}
		next := end
		if s.timer.At > s.at {
			next = min(end, s.timer.At)
		}
		s.after(next - s.at)
		if sent > 10_000 {
			s.t.Fatal("there is no end of orders")
		}
	}
	return sent
}

// An exchange that refuses everything is asked again at once only once, and then
// more and more seldom, whatever the orders are for: a storm of refusals must not
// be answered by a storm of orders.
func TestRefusalsAreAnsweredMoreAndMoreSeldom(t *testing.T) {
	for _, e := range []struct {
		name  string
		begin func(s *stage)
	}{
		{"opening", func(s *stage) { s.wants(0, 1) }},
		{"closing", func(s *stage) { s.hold(0, 5); s.leaves(0, carry.CodeCloseRate, false) }},
		{"repair", func(s *stage) { s.legs(0, 5, 3); s.keeps(0) }},
		{"reduction", func(s *stage) { s.hold(0, 5); s.keeps(0); s.price(0, 200) }},
	} {
		for _, gap := range []float64{0, 5} {
			p := bare()
			p.SliceUSDT, p.SliceGapS, p.SlicesMaxN, p.VerifyDelayS, p.BalanceBandFrac, p.ReduceMayTransfer = 100, gap, 1000, 0, 0, false
			s := newStage(t, 1, p, 2000, 500)
			e.begin(s)
			s.after(carry.Second)
			minute := s.seconds(carry.Minute, carry.CodeThrottled)
			hour := s.seconds(carry.Hour, carry.CodeThrottled)
			if minute < 4 || minute > 20 || hour < 60 || hour > 150 {
				t.Errorf("%s, %g s between slices: %d orders in the first minute, %d in the next hour", e.name, gap, minute, hour)
			}
			// What is taken at last ends the waiting.
			s.seconds(2*carry.Minute, carry.OK)
			if n := s.desk.st[0].refusals; n != 0 {
				t.Errorf("%s: %d refusals are remembered after a fill", e.name, n)
			}
		}
	}
}

// Neither is a book with nothing in it: a repair that finds nothing to trade with
// is tried again every second, not as fast as the news come.
func TestAnEmptyBookIsAskedEverySecond(t *testing.T) {
	p := bare()
	p.VerifyDelayS, p.BalanceBandFrac = 0, 0
	s := newStage(t, 1, p, 2000, 500)
	s.legs(0, 5, 3)
	s.keeps(0)
	s.after(carry.Second)
	if n := s.seconds(carry.Minute, carry.CodeVolume); n < 55 || n > 65 {
		t.Errorf("%d orders in a minute", n)
	}
}

// Slices follow one another however late the news of the last one come: a closing
// must not go on at the next bar only.
func TestSlicesFollowLateNews(t *testing.T) {
	for _, late := range []carry.Time{carry.Second, 20 * carry.Second} {
		p := bare()
		p.SliceUSDT, p.SliceGapS, p.SlicesMaxN = 100, 5, 1000
		s := newStage(t, 1, p, 2000, 2000)
		s.hold(0, 5)
		s.keeps(0)
		s.cycle()
		s.tell(carry.Event{Kind: carry.EvOperator, Pair: -1, Code: carry.CodeCloseAll})
		began := s.at
		for n := 0; s.short(0) > 0; n++ {
			if n > 100 {
				t.Fatalf("news %s late: %.0f USDT are still held", late, s.short(0))
			}
			if len(s.way) > 0 {
				s.at += late
				s.settle()
			}
			next := s.at.Floor(carry.Hour) + carry.Hour
			if s.timer.At > s.at {
				next = min(next, s.timer.At)
			}
			s.after(next - s.at)
			if s.short(0) > 0 && s.at-began > 10*carry.Minute {
				t.Fatalf("news %s late: after ten minutes %.0f USDT are still held", late, s.short(0))
			}
		}
	}
}

// While one leg of a reduction fails, the next slice waits until the legs agree
// again: two legs may never differ by more than a slice, however urgent.
func TestAReductionWaitsForItsRepair(t *testing.T) {
	for _, emergency := range []float64{5, 3.5} {
		p := bare()
		p.SliceUSDT, p.SliceGapS, p.SlicesMaxN, p.VerifyReadsN, p.VerifyDelayS = 100, 5, 1000, 3, 5
		p.LeverageEmergencyX, p.BalanceBandFrac, p.ReduceMayTransfer, p.RiseTrimFrac = emergency, 0, false, 0
		s := newStage(t, 2, p, 4000, 700)
		s.keeps(0)
		s.keeps(1)
		s.hold(0, 10)
		s.hold(1, 2)
		s.price(0, 126)
		s.price(1, 126)
		bulk := 0.0
		for end := s.at + 3*carry.Minute; s.at < end; {
			for len(s.way) > 0 {
				c := s.way[0]
				s.at += 100
				bulk = max(bulk, s.pairs[c.Pair].QtyFloat(c.Qty))
				code := carry.OK
				if c.Pair == 0 && c.Leg == carry.Spot {
					code = carry.CodeThrottled
				}
				s.land(c, code)
			}
			if gap := s.gap(0); gap > bulk+0.01 {
				t.Fatalf("emergency at %g: the legs differ by %g, the largest order was %g", emergency, gap, bulk)
			}
			next := end
			if s.timer.At > s.at {
				next = min(end, s.timer.At)
			}
			s.after(next - s.at)
		}
		if bulk == 0 {
			t.Errorf("emergency at %g: nothing was reduced", emergency)
		}
	}
}

// A reduction whose orders are on their way looks again every second at most,
// even where slices need no time between them.
func TestAReductionWaitsWithoutTurningRound(t *testing.T) {
	p := bare()
	p.SliceGapS, p.BalanceBandFrac = 0, 0
	s := newStage(t, 1, p, 4000, 700)
	s.keeps(0)
	s.hold(0, 10)
	s.price(0, 140)
	s.after(carry.Second)
	if len(s.way) == 0 {
		t.Fatal("nothing is reduced")
	}
	looks := 0
	for end := s.at + carry.Minute; s.at < end; looks++ {
		s.after(max(min(end, s.timer.At)-s.at, 1))
	}
	if looks > 65 {
		t.Errorf("%d looks in a minute", looks)
	}
}

// Where one leg is refused at once and the other's news come seconds later, the
// legs are looked at then, not at the next bar.
func TestLegsAreLookedAtWhenTheLastNewsCome(t *testing.T) {
	s := newStage(t, 1, bare(), 2000, 2000)
	s.wants(0, 1)
	s.after(carry.Second)
	if len(s.way) != 2 {
		t.Fatalf("on their way: %+v", s.way)
	}
	s.land(s.way[0], carry.CodeClock)
	s.after(1) // the look that the refusal asked for: the other leg is not known yet
	s.at += 3 * carry.Second
	s.land(s.way[0], carry.OK)
	if s.timer.At <= s.at || s.timer.At > s.at+carry.Second {
		t.Errorf("at %s the legs differ by %g, the next look is at %s", s.at, s.gap(0), s.timer.At)
	}
}
