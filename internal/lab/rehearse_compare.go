package lab

import (
	"context"
	"fmt"

	"carry"
)

// Comparison holds a rehearsal against the backtest of the same market.
type Comparison struct {
	Rehearsal *Rehearsed
	Backtest  *carry.Result
	Said      int // commands of the backtest
	// Differs says in words what is not equal: first the decisions, then profit
	// and loss. "" where everything is, and where people steered: the backtest did
	// not hear them.
	Differs string
}

// Compare rehearses a run and holds it against the same run in the simulator:
// the commands in order (market time, everything but the order's number, reason)
// and the attribution of profit and loss to the last digit.
func Compare(ctx context.Context, spec *Spec, o RehearseOptions) (*Comparison, error) {
	got, err := Rehearse(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	var want []Said
	quiet := *spec
	quiet.NoBaselines = true
	out, err := Execute(ctx, &quiet, &Observer{Command: func(_ []carry.Pair, at carry.Time, c *carry.Command) error {
		want = append(want, sayingOf(at, c))
		return nil
	}})
	if err != nil {
		return nil, err
	}
	c := &Comparison{Rehearsal: got, Backtest: out.Run, Said: len(want)}
	if got.Steered == 0 {
		c.Differs = difference(want, got, out.Run)
	}
	return c, nil
}

func difference(want []Said, got *Rehearsed, backtest *carry.Result) string {
	for k := range min(len(want), len(got.Said)) {
		if want[k] != got.Said[k] {
			return fmt.Sprintf("decision %d differs\n  backtest  %s %+v\n  rehearsal %s %+v", k+1, want[k].At, want[k].Command, got.Said[k].At, got.Said[k].Command)
		}
	}
	switch r := got.Result; {
	case len(want) != len(got.Said):
		return fmt.Sprintf("the backtest said %d commands, the rehearsal %d", len(want), len(got.Said))
	case r.Attribution != backtest.Attribution || r.FinalExact != backtest.FinalExact || r.Residual != backtest.Residual:
		return fmt.Sprintf("profit and loss differ\n  backtest  %s %+v\n  rehearsal %s %+v", backtest.FinalExact, backtest.Attribution, r.FinalExact, r.Attribution)
	}
	return ""
}
