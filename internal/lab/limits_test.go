package lab

import (
	"context"
	"testing"

	"carry"
	"carry/internal/risk"
	"carry/sim"
)

// TestDayLossInARun: with a daily loss stop so tight that costs alone trip it a run
// opens nothing more until midnight and goes on the next day, a coin asks once a day
// and not again and again, and the book is hedged at the end.
func TestDayLossInARun(t *testing.T) {
	spec := paperSpec(t, 3, map[string]string{})
	spec.Limits = risk.Limits{DayLossMaxFrac: 0.0002}
	w := &dayWatch{refused: map[carry.Time]bool{}, opened: map[carry.Time]int{}}
	a := watchedRun(t, spec, w)
	t.Logf("%d days with refusals, %d with openings, %d orders refused by the stop, %d openings after one", len(w.refused), len(w.opened), w.refusals, w.late)
	if len(w.refused) == 0 || len(w.opened) < 2 || w.late > 0 {
		t.Error("the stop was not felt, or it did not hold, or it did not end at midnight")
	}
	if most := 4 * len(a.PerpQty) * len(w.refused); w.refusals > most {
		t.Errorf("%d orders were refused, more than %d: the gate was stormed", w.refusals, most)
	}
	for i, q := range a.PerpQtyF {
		if gap := a.SpotCoinsF[i] + q; gap*a.SpotCoinsF[i] > 0.02*a.SpotCoinsF[i]*a.SpotCoinsF[i] {
			t.Errorf("pair %d has %g coins against %g contracts", i, a.SpotCoinsF[i], q)
		}
	}
}

// TestCapitalMaxInARun: a run whose strategy would use all of its account never has
// more at work than the gate allows.
func TestCapitalMaxInARun(t *testing.T) {
	spec := paperSpec(t, 3, map[string]string{})
	spec.Limits = risk.Limits{CapitalMaxUSDT: 2000, LeverageX: 2}
	w := &dayWatch{refused: map[carry.Time]bool{}, opened: map[carry.Time]int{}}
	watchedRun(t, spec, w)
	if w.limited == 0 || w.coins == 0 {
		t.Error("the limit was not felt, or nothing was opened")
	}
	// Prices that rise afterwards are no opening.
	if most := 2000.0 * 2 / 3; w.coins > most*1.001 || w.shorts > most*1.001 {
		t.Errorf("%.2f USDT of coins and %.2f of shorts were opened, of at most %.2f", w.coins, w.shorts, most)
	}
	t.Logf("%d refused; at most %.2f USDT of coins, %.2f of shorts", w.limited, w.coins, w.shorts)
}

// watchedRun makes a run with a journal that looks on; it returns the account at
// the end.
func watchedRun(t *testing.T, spec *Spec, w *dayWatch) *carry.Account {
	t.Helper()
	tape, from, err := spec.open()
	if err != nil {
		t.Fatal(err)
	}
	info := tape.Info()
	l, err := newLane("run", spec.Entry, spec.Settings, spec, info, from)
	if err != nil {
		t.Fatal(err)
	}
	l.run.Journal = w
	w.account = l.run.Book.Account()
	if err := drive(context.Background(), tape, sim.NewQuoter(info, spec.Models.quotes(), from), []*lane{l}, &Observer{}, from); err != nil {
		t.Fatal(err)
	}
	return w.account
}

// dayWatch is a journal that looks at what is opened.
type dayWatch struct {
	refused                 map[carry.Time]bool
	opened                  map[carry.Time]int
	refusals, late, limited int
	account                 *carry.Account
	coins, shorts           float64 // the most after an opening fill, at the last prices told
	spot, mark              []float64
}

// Event implements carry.Journal.
func (w *dayWatch) Event(ev *carry.Event) error {
	day := ev.At.Floor(carry.Day)
	switch {
	case ev.Kind == carry.EvReject && ev.Code == carry.CodeGateLoss:
		w.refused[day] = true
		w.refusals++
	case ev.Kind == carry.EvReject && ev.Code == carry.CodeGateLimit:
		w.limited++
	case ev.Kind == carry.EvFill && ev.Leg == carry.Perp && ev.Side == carry.Sell:
		w.opened[day]++
		if w.refused[day] {
			w.late++
		}
	}
	if ev.Kind == carry.EvMarket {
		w.spot, w.mark = append(w.spot[:0], ev.Market.SpotLast...), append(w.mark[:0], ev.Market.Mark...)
	}
	if ev.Kind == carry.EvFill && (ev.Leg == carry.Spot) == (ev.Side == carry.Buy) {
		coins, shorts := 0.0, 0.0
		for i, q := range ev.Account.PerpQtyF {
			if c := ev.Account.SpotCoinsF[i]; c != 0 {
				coins += c * w.spot[i]
			}
			if q != 0 {
				shorts -= q * w.mark[i]
			}
		}
		w.coins, w.shorts = max(w.coins, coins), max(w.shorts, shorts)
	}
	return nil
}

// Command implements carry.Journal.
func (w *dayWatch) Command(carry.Time, *carry.Command) error { return nil }
