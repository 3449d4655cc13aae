package lab

import (
	"context"
	"path/filepath"
	"testing"

	"carry"
	"carry/data"
	"carry/internal/testenv"
	"carry/sim"
)

// anew opens the generated market afresh each time it is asked for.
func anew(t testing.TB, o sim.MarketOptions) Opener {
	return func(carry.Time, carry.Time, []string) (carry.Tape, error) { return generate(t, o), nil }
}

// backtested is the same run in the simulator, with what the core said.
func backtested(t testing.TB, s *Spec) (*carry.Result, []Said) {
	t.Helper()
	var all []Said
	out, err := Execute(context.Background(), s, &Observer{Command: func(_ []carry.Pair, at carry.Time, c *carry.Command) error {
		all = append(all, sayingOf(at, c))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Run, all
}

// compare holds a rehearsal against the backtest of the same market.
func compare(t testing.TB, want *carry.Result, wantSaid []Said, got *Rehearsed) {
	t.Helper()
	for k := range min(len(wantSaid), len(got.Said)) {
		if wantSaid[k] != got.Said[k] {
			t.Fatalf("command %d:\n backtest  %+v\n rehearsal %+v", k, wantSaid[k], got.Said[k])
		}
	}
	if len(wantSaid) != len(got.Said) {
		t.Fatalf("the backtest said %d commands, the rehearsal %d", len(wantSaid), len(got.Said))
	}
	if want.Attribution != got.Result.Attribution || want.FinalExact != got.Result.FinalExact || got.Result.Residual != want.Residual {
		t.Errorf("profit and loss differ:\n backtest  %+v %s\n rehearsal %+v %s", want.Attribution, want.FinalExact, got.Result.Attribution, got.Result.FinalExact)
	}
}

// The same decisions, to the digit, whether the core meets the simulation or
// the real adapter with the loopback exchange behind HTTP and WebSocket.
func TestRehearsalEqualsBacktest(t *testing.T) {
	o := smallMarket(21, 6, 2)
	spec := setUp(t, "funding", nil, eager...)
	spec.Open = anew(t, o)
	spec.From = o.From + 35*carry.Day
	want, wantSaid := backtested(t, spec)
	got, err := Rehearse(context.Background(), spec, RehearseOptions{Log: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, want, wantSaid, got)
	t.Logf("%d instants, %d commands, %d fills, %d fundings: equal; final %s", want.Counts.Instants, len(wantSaid), want.Counts.Fills, want.Counts.Postings, want.FinalExact)
}

// The same over sixty days of history, from 2023-06-01, and all its coins, more
// than twenty.
func TestRehearsalEqualsBacktestOnHistory(t *testing.T) {
	testenv.Long(t, "rehearse")
	dir := t.TempDir()
	if err := importCoins(filepath.Join(testenv.Shared(t), "data"), dir, nil); err != nil {
		t.Fatal(err)
	}
	store, err := data.OpenExisting(filepath.Join(dir, "carry.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	spec := setUp(t, "funding", nil, eager...) // with the defaults nothing qualified that summer
	spec.From, spec.To = moment(t, "2023-06-01"), moment(t, "2023-07-31")
	spec.Open = func(from, to carry.Time, coins []string) (carry.Tape, error) {
		return data.OpenTape(context.Background(), store, data.TapeOptions{From: from, To: to, Coins: coins})
	}
	want, wantSaid := backtested(t, spec)
	got, err := Rehearse(context.Background(), spec, RehearseOptions{Log: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, want, wantSaid, got)
	if got.Coins < 20 {
		t.Errorf("%d coins, want 20", got.Coins)
	}
	t.Logf("%d coins, %d instants, %d commands, %d fills, %d fundings, %d transfers: equal; final %s", got.Coins, want.Counts.Instants, len(wantSaid), want.Counts.Fills, want.Counts.Postings, want.Counts.Transfers, want.FinalExact)
}
