package lab

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"carry"
)

// paidWatch sums what was paid, by when.
type paidWatch struct {
	paid   []carry.Event
	orders int
}

// Event implements carry.Journal.
func (w *paidWatch) Event(ev *carry.Event) error {
	if ev.Kind == carry.EvPaid {
		w.paid = append(w.paid, *ev)
	}
	return nil
}

// Command implements carry.Journal.
func (w *paidWatch) Command(at carry.Time, c *carry.Command) error {
	if c.Kind == carry.CmdOrder {
		w.orders++
	}
	return nil
}

// TestPaperGoesOn: a session that ended goes on with its journal: for the hours in
// between what is held is paid its funding, settlement by settlement, nothing is
// decided on prices that are over, and the whole replays as one journal. Started
// again within the hour, it tells no instant twice.
func TestPaperGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a month of a market")
	}
	spec := paperSpec(t, 3, map[string]string{})
	s := newStall(t, spec)
	s.opt.JournalFile = filepath.Join(t.TempDir(), "paper.db")
	session := func(hours int) (*Papered, *paidWatch) {
		t.Helper()
		w := &paidWatch{}
		s.opt.Journal, s.opt.Hours = w, hours
		again := paperSpec(t, 3, map[string]string{})
		got, err := Paper(context.Background(), again, s.opt)
		if err != nil {
			t.Fatal(err)
		}
		return got, w
	}
	first, w := session(100)
	if first.Continued != 0 || first.Result.Counts.Instants != 100 || w.orders == 0 {
		t.Fatalf("the first session: %d hours, %d orders", first.Result.Counts.Instants, w.orders)
	}
	// The same hour again, then some time without a session.
	second, _ := session(1)
	if second.Continued != 100 || second.Result.Counts.Instants != 101 {
		t.Fatalf("the second session continued %d hours and saw %d", second.Continued, second.Result.Counts.Instants)
	}
	from := s.now(t)
	for s.now(t) < from+20*carry.Hour {
		s.step(t)
	}
	to := s.now(t)
	before := second.Result.Final
	third, w := session(3)
	gap := map[carry.Time]int{}
	for _, ev := range w.paid {
		if ev.At > from && ev.At <= to {
			gap[ev.At]++
			if want := float64(ev.Qty) / float64(s.info.Pairs[ev.Pair].QtyUnit()) * ev.Price.Float() * ev.Rate.Float(); math.Abs(ev.Amount.Float()-want) > 1e-7 {
				t.Errorf("%s was paid %s at %s, not %.8f", s.info.Pairs[ev.Pair].Coin, ev.Amount, ev.At, want)
			}
		}
	}
	if len(gap) < 2 {
		t.Errorf("in 20 hours without a session funding was paid at %d settlements", len(gap))
	}
	t.Logf("%.2f before the gap, %.2f after; paid in it at %d settlements; %d hours in all", before, third.Result.Final, len(gap), third.Result.Counts.Instants)
	r, err := Replay(context.Background(), s.opt.JournalFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events and %d commands replay", r.Events, r.Commands)
	other := paperSpec(t, 3, map[string]string{"sliceUSDT": "300"})
	if _, err := Paper(context.Background(), other, s.opt); err == nil {
		t.Error("a session with other settings went on with the journal")
	}
}

// now is the exchange's time.
func (s *stall) now(t *testing.T) carry.Time { return s.opt.Client.Now() }

// step lets the exchange go on without anybody looking.
func (s *stall) step(t *testing.T) {
	t.Helper()
	if _, ended, err := s.opt.Pace.Step(context.Background(), nil); err != nil || ended {
		t.Fatal(ended, err)
	}
}
