package lab

import (
	"context"
	"fmt"
	"testing"

	"carry"
	"carry/strategy"
	"carry/strategy/hedge"
)

// peering settings make a core that does nothing but look, at times of its own.
type peering struct{ strategy.Settings }

func (p peering) NewCore(pairs []carry.Pair, t hedge.Terms) (carry.Core, error) {
	c, err := p.Settings.NewCore(pairs, t)
	return &peerer{Core: &onlooker{Core: c}}, err
}

// peerer asks to be woken early and late in bars, twice at once, and at a bar's
// very beginning.
type peerer struct {
	carry.Core
	id uint32
}

func (p *peerer) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	out = p.Core.Step(ev, out)
	if ev.Kind == carry.EvTimer {
		return append(out, carry.Command{Kind: carry.CmdNote, Pair: 0, Code: carry.CodeHold, X: [3]float64{float64(ev.ID)}})
	}
	if ev.Kind != carry.EvMarket || ev.Market.WarmUp || ev.Market.Within || ev.At%(3*carry.Hour) != 0 {
		return out
	}
	for _, after := range [...]carry.Time{1, 59*carry.Minute + 59*carry.Second, 17*carry.Minute + 1, 17*carry.Minute + 1, carry.Hour, 90 * carry.Minute} {
		p.id++
		out = append(out, carry.Command{Kind: carry.CmdTimer, Pair: -1, ID: 1<<20 + p.id, At: ev.At + after})
	}
	return out
}

// What the real adapter shows of the market within bars is what the simulation
// shows: the same moments, and the same prices to the last digit, after timers
// and while orders rest.
func TestRehearsalShowsTheSameWithinBars(t *testing.T) {
	o := smallMarket(23, 4, 2)
	spec := setUp(t, "null", nil)
	spec.Settings = peering{spec.Settings}
	spec.Open = anew(t, o)
	spec.From = o.From + 50*carry.Day
	_, want := backtested(t, spec)
	got, err := Rehearse(context.Background(), spec, RehearseOptions{Log: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	within, begins := 0, 0
	for k := range min(len(want), len(got.Said)) {
		// As text: a price that is not known is the same as itself.
		if a, b := fmt.Sprintf("%d %+v", want[k].At, want[k]), fmt.Sprintf("%d %+v", got.Said[k].At, got.Said[k]); a != b {
			t.Fatalf("%d:\n backtest  %s\n rehearsal %s", k, a, b)
		}
		if want[k].At%carry.Hour != 0 {
			within++
		} else if want[k].At%(3*carry.Hour) == carry.Hour {
			begins++
		}
	}
	if len(want) != len(got.Said) {
		t.Fatalf("the backtest's core said %d words, the rehearsal's %d", len(want), len(got.Said))
	}
	t.Logf("%d words, %d of them within bars: equal", len(want), within)
	if within < 500 || begins == 0 {
		t.Errorf("%d words within bars, %d at the beginning of one: too little to prove anything", within, begins)
	}
}
