package lab

import (
	"strings"
	"testing"

	"carry"
	"carry/sim"
)

// The number beside a run is that of a run whose coins were chosen by knowing
// the end; data without delisted coins, and coins that were named, have none.
func TestSurvivorBiasIsARunOnSurvivors(t *testing.T) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.To = 20, o.From+700*carry.Day
	m, err := sim.NewMarket(o)
	if err != nil {
		t.Fatal(err)
	}
	market := keepTape(t, m)
	s := setUp(t, "funding", market, eager...)
	s.NoBaselines = false
	out, err := Execute(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := out.Run.Survivors
	var alive []string
next:
	for i, p := range out.Info.Pairs {
		for _, e := range out.Info.Ends {
			if e.Delisted && int(e.Pair) == i && e.Until == 0 && e.At < out.Info.To {
				continue next
			}
		}
		alive = append(alive, p.Coin)
	}
	if len(alive) == len(out.Info.Pairs) {
		t.Fatal("no coin of this market is delisted: the test tests nothing")
	}
	if b == nil || b.Coins != len(out.Info.Pairs) || b.Survivors != len(alive) {
		t.Fatalf("%+v, want %d of %d coins", b, len(alive), len(out.Info.Pairs))
	}
	if w := out.Run.Warnings[0]; w.Code != "survivor-bias" {
		t.Errorf("first warning %+v", w)
	}
	market.next = 0
	named := setUp(t, "funding", market, append([]string{"coins=" + strings.Join(alive, ",")}, eager...)...)
	named.NoBaselines = false
	alone, err := Execute(t.Context(), named, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := Annual(alone.Run.Growth()-1, alone.Run.To-alone.Run.From); got != b.Annual {
		t.Errorf("%v a year beside the run, %v alone", b.Annual, got)
	}
	if alone.Run.Survivors != nil {
		t.Error("named coins have a bias")
	}
	if got := b.Annual - Annual(out.Run.Growth()-1, out.Run.To-out.Run.From); got != b.Bias {
		t.Errorf("bias %v, want %v", b.Bias, got)
	}
	for _, base := range out.Baselines {
		if base.Name == "survivors" {
			t.Error("the survivors stand among the baselines")
		}
	}
}
