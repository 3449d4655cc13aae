package lab

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"carry"
	"carry/internal/binance"
	"carry/internal/exchange"
	"carry/internal/testenv"
)

// Whatever the exchange does wrong, each kind of the table ends as the table says
// that it must: nothing is sent twice, no fill is lost, both books agree with the
// exchange's accounts (Rehearse fails where they do not), and the run is the one
// without faults to the digit, or goes on and ends hedged, or stops and says why, or
// does not begin. Everyday, a few kinds.
func TestRehearsalUnderFaults(t *testing.T) {
	calm := underFault(t, exchange.TradeFaultRule{})
	if calm.err != nil {
		t.Fatal(calm.err)
	}
	for k, f := range exchange.TradeFaultTable() {
		if !testenv.LongWanted() && k%28 != 0 {
			continue
		}
		t.Run(string(f.Kind), func(t *testing.T) {
			t.Parallel()
			underFault(t, f.Rule).holds(t, f, calm)
		})
	}
}

// stood is how a run stood a fault.
type stood struct {
	*Rehearsed
	err  error
	gaps []float64
	logs []string
}

// underFault rehearses two weeks in a bubble of false time, so that waits cost
// nothing.
func underFault(t *testing.T, rule exchange.TradeFaultRule) (s stood) {
	o := smallMarket(21, 5, 2)
	spec := setUp(t, "funding", nil, eager...)
	spec.Open = anew(t, o)
	spec.From = o.From + 45*carry.Day
	spec.Seed = 7
	faults := exchange.TradeFaults{Seed: 3}
	if rule.Kind != "" {
		faults.Rules = append(faults.Rules, rule)
	}
	keep := &witness{}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		s.Rehearsed, s.err = Rehearse(context.Background(), spec, RehearseOptions{Journal: keep, Faults: faults, Stage: Stage{Pipes: exchange.NewPipes()}, Log: func(text string) {
			mu.Lock()
			defer mu.Unlock()
			s.logs = append(s.logs, text)
		}})
	})
	s.gaps = keep.gaps()
	return s
}

// holds compares with what the table says.
func (s stood) holds(t *testing.T, f exchange.TradeFault, calm stood) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(strings.Join(s.logs[:min(len(s.logs), 30)], "\n"))
		}
	}()
	for _, text := range s.logs {
		if strings.Contains(text, "loopback-secret") || strings.Contains(text, "signature=") {
			t.Errorf("a secret in the log: %s", text)
		}
	}
	switch f.Right {
	case exchange.RightRefuses, exchange.RightStops:
		if s.err == nil || !(errors.Is(s.err, binance.ErrForeign) || errors.Is(s.err, binance.ErrSetup) || errors.Is(s.err, binance.ErrRefused) || errors.Is(s.err, binance.ErrKeys)) {
			t.Errorf("ends with %v", s.err)
		}
		t.Log(s.err)
		return
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	if alarm := slices.ContainsFunc(s.logs, func(text string) bool { return strings.HasPrefix(text, "FOREIGN") }); alarm != (f.Right == exchange.RightHalts) {
		t.Errorf("an alarm for somebody else: %t", alarm)
	}
	if n := s.Faults[exchange.StopIgnored]; n > 0 {
		t.Errorf("%d orders came while the exchange had told us to stop", n)
	}
	if s.Faults[f.Kind] == 0 {
		t.Fatal("the fault never came")
	}
	if s.Result.Residual != "0.0000000000000000" {
		t.Errorf("residual %s", s.Result.Residual)
	}
	if f.Right == exchange.RightEqual && s.Result.FinalExact != calm.Result.FinalExact {
		t.Errorf("ends at %s, without faults at %s", s.Result.FinalExact, calm.Result.FinalExact)
	}
	for i, gap := range s.gaps {
		if gap > 1 && f.Right != exchange.RightHalts {
			t.Errorf("pair %d ends with legs worth %.2f USDT apart, beyond what can be traded", i, gap)
		}
	}
	same := "other"
	if s.Result.FinalExact == calm.Result.FinalExact {
		same = "equal"
	}
	t.Logf("served %d, %d orders, %d fills, final %s, %s", s.Faults[f.Kind], s.Result.Counts.Orders, s.Result.Counts.Fills, s.Result.FinalExact, same)
}

// witness remembers the last market and account.
type witness struct {
	market carry.Market
	acct   *carry.Account
	rules  map[int32]*carry.Rules
}

func (w *witness) Event(ev *carry.Event) error {
	w.acct = ev.Account
	switch ev.Kind {
	case carry.EvMarket:
		w.market = *ev.Market
	case carry.EvRules:
		if w.rules == nil {
			w.rules = map[int32]*carry.Rules{}
		}
		w.rules[ev.Pair] = ev.Rules
	}
	return nil
}

func (w *witness) Command(carry.Time, *carry.Command) error { return nil }

// gaps are what the legs of each pair differ by, USDT, beyond the smallest order
// of the larger leg.
func (w *witness) gaps() []float64 {
	out := make([]float64, len(w.market.Pairs))
	for i := range out {
		p := &w.market.Pairs[i]
		gap := w.acct.SpotCoinsF[i] + w.acct.PerpQtyF[i]*float64(p.Mult)
		if gap == 0 || w.rules[int32(i)] == nil {
			continue
		}
		leg := carry.Spot
		if gap < 0 {
			leg = carry.Perp
		}
		f := &w.rules[int32(i)].Legs[leg]
		least := max(f.MinNotional.Float(), p.QtyFloat(f.MinQty+f.Lot())*w.market.SpotLast[i]*float64(p.Mult))
		out[i] = math.Abs(gap)*w.market.SpotLast[i] - least
	}
	return out
}
