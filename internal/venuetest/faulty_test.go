package venuetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"carry"
	"carry/internal/risk"
	"carry/sim"
)

// faulty is the simulated venue with one promise broken.
type faulty struct {
	*sim.Venue
	change func(ev *carry.Event) (drop bool)
	ask    func(c *carry.Command) bool // false: swallowed
}

func (f *faulty) Next(ctx context.Context) (*carry.Event, error) {
	for {
		ev, err := f.Venue.Next(ctx)
		if err != nil || f.change == nil || !f.change(ev) {
			return ev, err
		}
	}
}

func (f *faulty) Submit(ctx context.Context, a risk.Approved) error {
	if c := a.Command(); f.ask != nil && a.Valid() && !f.ask(&c) {
		return nil
	}
	return f.Venue.Submit(ctx, a)
}

// listener collects what a test would say and ends a chapter at its first
// fatal word.
type listener struct{ said []string }

type ended struct{}

func (l *listener) Helper()           {}
func (l *listener) Error(args ...any) { l.said = append(l.said, fmt.Sprint(args...)) }
func (l *listener) Errorf(format string, args ...any) {
	l.said = append(l.said, fmt.Sprintf(format, args...))
}
func (l *listener) Fatal(args ...any)                 { l.Error(args...); panic(ended{}) }
func (l *listener) Fatalf(format string, args ...any) { l.Errorf(format, args...); panic(ended{}) }

func (l *listener) play(stage *Stage, play func(w *witness)) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(ended); !ok {
				panic(r)
			}
		}
	}()
	hold(l, stage, play)
}

// open is a generated market of two coins with a faulty venue.
func open(t *testing.T, f *faulty) *Stage {
	t.Helper()
	m, err := sim.NewMarket(sim.MarketOptions{Seed: 3, Coins: 2, From: 1609459200000, To: 1609459200000 + 50*carry.Day})
	if err != nil {
		t.Fatal(err)
	}
	info, o := m.Info(), sim.DefaultOptions()
	o.FuturesUSDT = o.CapitalUSDT / 2
	from := info.From + 40*carry.Day
	if f.Venue, err = sim.NewVenue(info, o, from); err != nil {
		t.Fatal(err)
	}
	q := sim.NewQuoter(info, sim.QuoteModels{Spread: sim.DefaultSpread}, from)
	var b carry.Block
	return &Stage{Venue: f, Pairs: info.Pairs, Patience: 60 * carry.Day, Feed: func() bool {
		if err := m.Next(&b); errors.Is(err, io.EOF) {
			return false
		}
		f.Feed(q.Frames(&b))
		return true
	}}
}

// Venues that break one promise each are found out.
func TestTheContractFindsFaults(t *testing.T) {
	for _, e := range []struct {
		name string
		f    faulty
		said string
	}{
		{"swallows cancels", faulty{ask: func(c *carry.Command) bool { return c.Kind != carry.CmdCancel }}, "the order is canceled"},
		{"swallows timers", faulty{ask: func(c *carry.Command) bool { return c.Kind != carry.CmdTimer }}, "the timer comes back"},
		{"never acknowledges", faulty{change: func(ev *carry.Event) bool { return ev.Kind == carry.EvAck }}, "the order rests"},
		{"forgets the snapshot", faulty{change: func(ev *carry.Event) bool { return ev.Kind == carry.EvSnapshot }}, "the first event"},
		{"says too much is left", faulty{change: func(ev *carry.Event) bool {
			if ev.Kind == carry.EvFill {
				ev.Left++
			}
			return false
		}}, "left"},
		{"charges another fee than it books", faulty{change: func(ev *carry.Event) bool {
			if ev.Kind == carry.EvFill {
				ev.Fee++
			}
			return false
		}}, "do not add up"},
		{"answers for orders that were not sent", faulty{change: func(ev *carry.Event) bool {
			if ev.Kind == carry.EvReject {
				ev.Order += 1000
			}
			return false
		}}, "never sent"},
		{"takes with a post-only order", faulty{change: func(ev *carry.Event) bool {
			if ev.Code == carry.CodePostOnly {
				ev.Code = carry.CodeHalted
			}
			return false
		}}, "post-only"},
		{"lets a billion go", faulty{change: func(ev *carry.Event) bool {
			if ev.Code == carry.CodeNotWithdrawable {
				ev.Code = carry.OK
			}
			return false
		}}, "do not add up"},
		{"turns time back", faulty{change: func(ev *carry.Event) bool {
			if ev.Kind == carry.EvFill {
				ev.At -= carry.Day
			}
			return false
		}}, "comes after"},
	} {
		var l listener
		for _, c := range chapters {
			f := e.f
			l.play(open(t, &f), c.play)
		}
		if all := strings.Join(l.said, "\n"); !strings.Contains(all, e.said) {
			t.Errorf("a venue that %s: %q", e.name, all)
		}
	}
	var l listener
	for _, c := range chapters {
		l.play(open(t, &faulty{}), c.play)
	}
	if len(l.said) > 0 {
		t.Errorf("a venue without a fault: %q", l.said)
	}
}
