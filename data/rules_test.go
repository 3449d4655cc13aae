package data

import (
	"math"
	"strings"
	"testing"

	"carry"
)

// The earliest recording holds from the beginning, later ones from their date,
// each in the pair's quanta.
func TestRulesAreDatedFacts(t *testing.T) {
	dir := inventDir(t)
	d1, d2 := monday+7*carry.Day, monday+14*carry.Day
	files(t, dir, map[string]string{
		"exchange_info/spot_2021-01-04.json":         infoText(monday+carry.Hour, spotSymbol),
		"exchange_info/spot_2021-01-18.json":         infoText(d2, strings.Replace(spotSymbol, `"5.00000000"`, `"7"`, 1)),
		"exchange_info/fapi_2021-01-11.json":         infoText(d1, perpSymbol),
		"leverage_brackets/brackets_2021-01-11.json": `{"AAA/USDT": [[0, "0.01"], [5000, "0.025"]]}`,
	})
	s := inventStore(t, dir)
	tape := openTape(t, s, TapeOptions{Coins: []string{"AAA"}})
	if n := len(tape.Info().Rules); n != 3 {
		t.Fatalf("%d sets of rules, want 3: from the beginning, all recorded, a new minimum\n%+v", n, tape.Info().Rules)
	}
	first, second, third := tape.Info().Rules[0], tape.Info().Rules[1], tape.Info().Rules[2]
	if first.From != 0 || !first.Assumed || first.Recorded != d1 || second.From != d1 || second.Assumed || third.From != d2 || third.Recorded != d2 {
		t.Errorf("dates %+v\n%+v\n%+v", first, second, third)
	}
	spot := carry.Filters{Tick: 1_000_000, Step: 1, MinQty: 1, MaxQty: 9_000_000, MarketMax: 129_849, MinNotional: 5 * carry.Unit, MaxNotional: 9e6 * carry.Unit, MarketLarge: true,
		MinPrice: 2_000_000, MaxPrice: 1e6 * carry.Unit, PercentUp: 4, PercentDown: 0.3, MaxOrders: 200, IcebergParts: 10}
	perp := carry.Filters{Tick: 10_000_000, Step: 10, MinQty: 10, MaxQty: 1_000_000, MarketStep: 10, MarketMax: 120_000, MinNotional: 50 * carry.Unit, PercentUp: 1.05, PercentDown: 0.95, MaxOrders: 200}
	if first.Legs != [2]carry.Filters{spot, perp} {
		t.Errorf("filters %+v\nwant %+v %+v", first.Legs, spot, perp)
	}
	if third.Legs[carry.Spot].MinNotional != 7*carry.Unit {
		t.Errorf("new minimum %s", third.Legs[carry.Spot].MinNotional)
	}
	if b := first.Brackets; len(b) != 2 || b[1].Cum != 75 || !math.IsInf(b[1].Cap, 1) || b[0].Cap != 5000 || first.LiquidationFeeFrac != 0.0125 {
		t.Errorf("brackets %+v, fee %v", b, first.LiquidationFeeFrac)
	}
	if first.Interest8h != carry.DefaultInterest8h {
		t.Errorf("interest %v", first.Interest8h)
	}
	for _, w := range tape.Info().Warnings {
		if w.Code == "rules-default" {
			t.Error(w.Text)
		}
	}
}

// Where nothing was recorded, the stand-ins are complete, cautious and said to
// be assumed.
func TestDefaultRules(t *testing.T) {
	s := inventStore(t, inventDir(t))
	for _, r := range openTape(t, s, TapeOptions{}).Info().Rules {
		if !r.Assumed || r.Recorded != 0 || r.From != 0 || r.LiquidationFeeFrac < 0.0125 {
			t.Errorf("%+v", r)
		}
		for _, f := range r.Legs {
			if f.Step < 1 || f.MinQty != f.Step || f.MinNotional < 10*carry.Unit {
				t.Errorf("filters %+v", f)
			}
		}
		if last := r.Brackets[len(r.Brackets)-1]; last.MMR != 0.5 || !math.IsInf(last.Cap, 1) {
			t.Errorf("brackets %+v", r.Brackets)
		}
	}
	// AAA costs 100: a hundredth is a dollar.
	if f := openTape(t, s, TapeOptions{Coins: []string{"AAA"}}).Info().Rules[0].Legs[0]; f.Step != carry.Qty(carry.Pow10[6]) && f.Step != carry.Qty(carry.Pow10[5]) {
		t.Errorf("default lot of a coin at 100 is %d e-8", f.Step)
	}
}

func TestQuantaRoundAwayFromHarm(t *testing.T) {
	for _, c := range []struct {
		x    float64
		dp   int8
		up   bool
		want carry.Qty
	}{
		{0.001, 3, true, 1}, {0.0015, 3, true, 2}, {0.0015, 3, false, 1}, {9_000_000_000, 8, false, 900_000_000_000_000_000},
		{9e11, 8, false, math.MaxInt64}, {0, 3, true, 0}, {92_141_578.07, 2, false, 9_214_157_807}, {0.1 + 0.2, 1, false, 3},
	} {
		if got := quanta(c.x, c.dp, c.up); got != c.want {
			t.Errorf("%v in 1e-%d: %d, want %d", c.x, c.dp, got, c.want)
		}
	}
}

// A database of a version that did not read the bounds of orders gets them from
// the same file, and until then has none.
func TestBoundsOfAnOlderDatabaseAreFilled(t *testing.T) {
	dir := inventDir(t)
	files(t, dir, map[string]string{"exchange_info/spot_" + monday.Date() + ".json": infoText(monday+5*carry.Hour, spotSymbol)})
	s := inventStore(t, dir)
	read := func() (string, carry.Filters) {
		book, err := loadRuleBook(t.Context(), s.r)
		if err != nil {
			t.Fatal(err)
		}
		f, err := book.legs[carry.Spot]["AAAUSDT"][0].filters(3)
		if err != nil {
			t.Fatal(err)
		}
		return one[string](t, s, `SELECT quote(min_price) || ' ' || quote(max_price) || ' ' || quote(max_notional) || ' ' || quote(min_on_market) || ' ' || quote(max_on_market) FROM rules`), f
	}
	row, f := read()
	if row != "0.02 1000000.0 9000000.0 1 0" || f.MaxNotional != 9e6*carry.Unit || f.MinPrice != 2*carry.Unit/100 || !f.MarketLarge || f.MarketSmall {
		t.Errorf("stored %s, filters %+v", row, f)
	}
	exec(t, s, `UPDATE rules SET min_price = NULL, max_price = NULL, max_notional = NULL, min_on_market = NULL, max_on_market = NULL`)
	if _, old := read(); old.MaxNotional != 0 || old.MaxPrice != 0 || old.MarketSmall || old.MarketLarge {
		t.Errorf("filters of an older row: %+v", old)
	}
	if _, err := s.ImportDir(t.Context(), dir, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if again, _ := read(); again != row {
		t.Errorf("filled with %s, want %s", again, row)
	}
}
