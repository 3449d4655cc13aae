package lab

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"carry/internal/exchange"
)

// A rehearsal without sockets is the backtest as well, and in a bubble of false
// time it leaves no goroutine behind: the bubble would not end.
func TestRehearsalWithoutSockets(t *testing.T) {
	o := smallMarket(21, 4, 2)
	spec := setUp(t, "funding", nil, eager...)
	spec.Open = anew(t, o)
	spec.From = o.From + 45*24*3600*1000
	want, wantSaid := backtested(t, spec)
	synctest.Test(t, func(t *testing.T) {
		got, err := Rehearse(context.Background(), spec, RehearseOptions{Stage: Stage{Pipes: exchange.NewPipes()}, Log: func(s string) { t.Log(s) }})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, want, wantSaid, got)
	})
	// With the streams dropped at whatever moment, too: what is due meanwhile waits
	// for them, and the waits are waits, not turns of a loop, in which false time
	// would stand still.
	synctest.Test(t, func(t *testing.T) {
		drops := exchange.TradeFaults{Seed: 1, Rules: []exchange.TradeFaultRule{{Kind: exchange.StreamsDrop, Prob: 0.2, Times: 50}}}
		began := time.Now()
		got, err := Rehearse(context.Background(), spec, RehearseOptions{Stage: Stage{Pipes: exchange.NewPipes()}, Faults: drops})
		if err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); got.Faults[exchange.StreamsDrop] != 50 || waited < 10*time.Second {
			t.Errorf("%d drops cost %s", got.Faults[exchange.StreamsDrop], waited)
		}
		if got.Result.FinalExact != want.FinalExact {
			t.Errorf("ends at %s, without drops at %s", got.Result.FinalExact, want.FinalExact)
		}
	})
}
