package lab

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"carry"
	"carry/internal/exchange"
	"carry/internal/testenv"
)

// Whatever the exchange does wrong with orders, transfers, events and streams: nothing is
// sent twice, no fill is lost, both books agree with the exchange's accounts
// (Rehearse fails where they do not), and once the faults are over the run ends
// hedged. Where every order was executed and only its answer was wrong, the run is
// the one without faults, to the digit.
func TestRehearsalUnderFaults(t *testing.T) {
	o := smallMarket(21, 5, 2)
	calm := ""
	executed := []exchange.TradeFaultKind{exchange.OrderAnswerLost, exchange.OrderUnknown, exchange.OrderTimeout, exchange.OrderHidden,
		exchange.OrderEmpty, exchange.OrderPage, exchange.TransferAnswerLost, exchange.EventTwice, exchange.StreamsDrop, exchange.ListenKeyGone}
	for k, kind := range exchange.TradeFaultKinds() {
		if !testenv.LongWanted() && k%4 != 0 {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			rule := exchange.TradeFaultRule{Kind: kind, Nth: 2, Prob: 0.3, Times: 25}
			if strings.HasPrefix(string(kind), "transfer") {
				rule.Nth, rule.Prob = 1, 1 // there are few
			}
			if kind == exchange.StreamsDrop || kind == exchange.ListenKeyGone {
				rule.Prob, rule.Times = 0.02, 3 // each takes real time to connect again
			}
			spec := setUp(t, "funding", nil, eager...)
			spec.Open = anew(t, o)
			spec.From = o.From + 45*carry.Day
			spec.Seed = 7
			keep := &witness{}
			got, err := Rehearse(context.Background(), spec, RehearseOptions{Journal: keep, Log: func(s string) {
				if strings.Contains(s, "loopback-secret") || strings.Contains(s, "signature") {
					t.Errorf("a secret in the log: %s", s)
				}
			}, Faults: exchange.TradeFaults{Seed: 3, Rules: []exchange.TradeFaultRule{rule}}})
			if err != nil {
				t.Fatal(err)
			}
			if got.Faults[kind] == 0 {
				t.Fatal("the fault never came")
			}
			if got.Result.Residual != "0.0000000000000000" {
				t.Errorf("residual %s", got.Result.Residual)
			}
			if calm == "" {
				clean, err := Rehearse(context.Background(), spec, RehearseOptions{})
				if err != nil {
					t.Fatal(err)
				}
				calm = clean.Result.FinalExact
			}
			if slices.Contains(executed, kind) && got.Result.FinalExact != calm {
				t.Errorf("ends at %s, without faults at %s", got.Result.FinalExact, calm)
			}
			for i, gap := range keep.gaps() {
				if gap > 1 {
					t.Errorf("pair %d ends with legs worth %.2f USDT apart, beyond what can be traded", i, gap)
				}
			}
			t.Logf("served %d, %d orders, %d fills, final %s", got.Faults[kind], got.Result.Counts.Orders, got.Result.Counts.Fills, got.Result.FinalExact)
		})
	}
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
