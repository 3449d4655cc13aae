package strategy_test

import (
	"context"
	"math"
	"testing"

	"carry"
)

// Money that the owner moves earns nothing: the return of an account that
// doubles by a deposit is nought, and what it then earns counts on all of it.
func TestReturnsAreChainedAtFlows(t *testing.T) {
	at := carry.Time(1621382400000)
	w := &theatre{t: t}
	if err := w.begin(nil, args{"at": "2021-05-19T00:00", "spot": "1000", "futures": "1000", "openRateMinFrac": "0.04"}); err != nil {
		t.Fatal(err)
	}
	look := func() {
		t.Helper()
		if err := w.look(nil, nil); err != nil {
			t.Fatal(err)
		}
		w.script.now += carry.Hour
	}
	flow := func(x float64) {
		t.Helper()
		if err := w.flow([]string{"spot"}, args{"amount": number(x)}); err != nil {
			t.Fatal(err)
		}
	}
	hold := func() {
		t.Helper()
		if err := w.foreign([]string{"A", "spot", "buy", "10"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	look()
	hold() // 1000 USDT of coins
	flow(2000)
	look()
	if err := w.quote([]string{"A"}, args{"spot": "200", "perp": "200"}); err != nil {
		t.Fatal(err)
	}
	look()
	flow(-1000)
	look()
	if _, err := w.run.Advance(context.Background()); err != nil {
		t.Fatal(err)
	}
	m := w.market
	m.At = w.script.now
	w.run.Recorder.Adjust(50, "2021-05-19 a refund")
	r, err := w.run.Recorder.Finish(&m)
	if err != nil {
		t.Fatal(err)
	}
	// A fee of 0.1 % of the coins, 1 USDT of 2000; then 4000 with coins of 999 that
	// double: +998 on 3998.
	fee := 10 * 0.001 * 100
	want := (2000 - fee) / 2000 * (3999 + 999) / 3999
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("growth", r.Growth(), want)
	near("final", r.Final, 2000+2000-1000-fee+999)
	near("flows", r.Flowed(), 1000)
	near("profit", r.Profit(), 999-fee+50)
	near("the year's return", r.Years[0].Return, want-1)
	near("drawdown", r.Extremes.MaxDrawdown, -fee/2000)
	if len(r.Curve.Equity) != len(r.Curve.Account) || r.Residual != "0.0000000000000000" || r.From != at {
		t.Errorf("%d and %d samples, residual %s, from %s", len(r.Curve.Equity), len(r.Curve.Account), r.Residual, r.From)
	}
}
