package lab

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"carry"
	"carry/sim"
	"carry/strategy"
)

// A run begins when the windows are full, unless it is told to begin earlier;
// then it says so.
func TestRunsSpan(t *testing.T) {
	o := smallMarket(41, 4, 4)
	for _, c := range []struct {
		from   carry.Time
		begins carry.Time
		warned bool
	}{
		{0, o.From + 35*carry.Day, false},                      // 100 × 8 h and a day, in whole days
		{o.From - 400*carry.Day, o.From + 35*carry.Day, false}, // before the data
		{o.From + 50*carry.Day, o.From + 50*carry.Day, false},
		{o.From + 50*carry.Day + 1, o.From + 50*carry.Day + carry.Hour, false}, // on the next bar
		{o.From + 9*carry.Day, o.From + 9*carry.Day, true},
	} {
		s := setUp(t, "funding", generate(t, o))
		s.From = c.from
		out, err := Execute(context.Background(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		warned := slices.ContainsFunc(out.Run.Warnings, func(w carry.Warning) bool { return w.Code == "short-warm-up" })
		if out.Run.From != c.begins || out.Run.To != o.To || warned != c.warned {
			t.Errorf("asked for %s: ran %s to %s, warned %t; want %s, %t", c.from, out.Run.From, out.Run.To, warned, c.begins, c.warned)
		}
	}
}

func TestSpansThatCanNotBe(t *testing.T) {
	o := smallMarket(41, 4, 4)
	for name, change := range map[string]func(*Spec){
		"is empty":              func(s *Spec) { s.From, s.To = o.To, o.To },
		"no data for this span": func(s *Spec) { s.From = o.To + carry.Hour },
		"must be above":         func(s *Spec) { _ = s.Set("leverageAlarmX", "1") },
	} {
		s := setUp(t, "funding", generate(t, o))
		change(s)
		if _, err := Execute(context.Background(), s, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	open, err := Generated(5, 0.5, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(0, newYear21, nil); !errors.Is(err, ErrNoData) {
		t.Errorf("to before from: %v", err)
	}
	if _, err := open(0, 0, []string{"QUABU"}); !errors.Is(err, ErrUnknownCoin) || !strings.Contains(err.Error(), "QUABO?") {
		t.Errorf("unknown coin: %v", err)
	}
	for _, bad := range []struct {
		coins int
		years float64
	}{{0, 1}, {10_001, 1}, {5, 0.1}, {5, 51}, {5, math.NaN()}} {
		if _, err := Generated(bad.coins, bad.years, 1); err == nil {
			t.Errorf("%d coins over %g years went through", bad.coins, bad.years)
		}
	}
}

// Every parameter can be set to what it shows, and a slip of the pen is
// recognised.
func TestParametersByName(t *testing.T) {
	for _, e := range strategy.Registry() {
		s := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels()}
		for _, table := range [][]carry.Param{s.Settings.Table(), s.Models.Table()} {
			for _, p := range table {
				before := p.String()
				if err := s.Set(p.Name, before); err != nil {
					t.Errorf("%s/%s: %s can not be set to its own value: %v", e.Name, e.Preset, p.Name, err)
				}
				if p.String() != before {
					t.Errorf("%s was %s and became %s", p.Name, before, p.String())
				}
			}
		}
	}
	s := setUp(t, "funding", nil)
	for wrong, right := range map[string]string{"openRateMinFrak": "openRateMinFrac", "leveragetargetx": "leverageTargetX", "capital": "capitalUSDT"} {
		if err := s.Set(wrong, "1"); err == nil || !strings.Contains(err.Error(), "did you mean "+right+"?") {
			t.Errorf("%s: %v", wrong, err)
		}
		if got := NearParam(wrong); got != right {
			t.Errorf("nearest to %s is %q", wrong, got)
		}
	}
	if err := s.Set("nonsense", "1"); err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("nonsense: %v", err)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestAnnual(t *testing.T) {
	for _, c := range []struct {
		ret  float64
		days float64
		want float64
	}{{0.1, 365, 0.1}, {0.1, 730, 0.0488088482}, {0.05, 182.5, 0.1025}, {-1, 10, -1}, {-0.19, 730, -0.1}, {0.3, 0, 0.3}} {
		if got := Annual(c.ret, carry.Time(c.days*float64(carry.Day))); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%g in %g days is %g a year, want %g", c.ret, c.days, got, c.want)
		}
	}
}

// The cash baseline earns the bills' yield of each year and nothing else.
func TestCashBaseline(t *testing.T) {
	o := sim.DefaultMarketOptions()
	o.Coins = 3
	s := setUp(t, "null", generate(t, o))
	s.NoBaselines = false
	out, err := Execute(context.Background(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if out.Run.Final != out.Run.Capital || out.Run.Counts.Orders != 0 {
		t.Errorf("doing nothing made %v of %v", out.Run.Final, out.Run.Capital)
	}
	k := slices.IndexFunc(out.Baselines, func(r *carry.Result) bool { return r.Strategy == "cash" })
	if k < 0 {
		t.Fatal("no cash baseline")
	}
	cash := out.Baselines[k]
	for year, percent := range map[int]float64{2021: 0.05, 2022: 2.06, 2023: 5.15} { // means of the monthly yields
		for _, y := range cash.Years {
			if y.Year == year && math.Abs(100*y.Return-percent) > 0.1 {
				t.Errorf("%d: bills earned %.3f %%, want about %.2f", year, 100*y.Return, percent)
			}
		}
	}
	if len(cash.Years) != 3 || len(cash.Curve.Equity) != len(out.Run.Curve.Equity) {
		t.Errorf("%d years, %d samples", len(cash.Years), len(cash.Curve.Equity))
	}
	if early, late := billRate(0), billRate(moment(t, "2030")); math.Abs(early-0.024) > 1e-12 || math.Abs(late-0.037) > 1e-12 {
		t.Errorf("outside of the table: %g, %g", early, late)
	}
}

// The baselines run under the run's own margin policy, costs and wallets.
func TestBaselinesShareTheMarginPolicy(t *testing.T) {
	s := setUp(t, "funding", generate(t, smallMarket(42, 6, 4)), "leverageTargetX=1.5", "leverageAlarmX=1.75", "coinsTargetN=3")
	s.NoBaselines = false
	out, err := Execute(context.Background(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, b := range out.Baselines {
		for _, p := range b.Params {
			switch {
			case p.Name == "leverageTargetX" && p.Value == "1.5", p.Name == "leverageAlarmX" && p.Value == "1.75":
				seen++
			case p.Name == "coinsTargetN" && p.Value == "3":
				t.Errorf("%s took the run's number of coins", b.Name)
			}
		}
		if b.Strategy != "cash" && (b.From != out.Run.From || b.Capital != out.Run.Capital) {
			t.Errorf("%s starts %s with %v", b.Name, b.From, b.Capital)
		}
	}
	if seen != 6 {
		t.Errorf("%d of 6 settings reached the three holding baselines", seen)
	}
}
