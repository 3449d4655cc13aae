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
	start := time.Now()
	synctest.Test(t, func(t *testing.T) {
		got, err := Rehearse(context.Background(), spec, RehearseOptions{Stage: Stage{Pipes: exchange.NewPipes()}, Log: func(s string) { t.Log(s) }})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, want, wantSaid, got)
	})
	t.Log(time.Since(start))
}
