package oracle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carry"
	"carry/data"
	"carry/internal/lab"
	"carry/internal/testenv"
	"carry/sim"
	"carry/strategy"

	"github.com/shopspring/decimal"
)

// engineHold lets the whole engine hold one coin without fees, spread and
// impact, in a position so small that nothing ever trims it. It returns the
// result and every order it decided on.
func engineHold(t *testing.T, open lab.Opener, coin string, from, to carry.Time) (*lab.Outcome, []trade) {
	t.Helper()
	e, err := strategy.Find("hold", "")
	if err != nil {
		t.Fatal(err)
	}
	s := &lab.Spec{Open: open, From: from, To: to, Coins: []string{coin}, Entry: e, Settings: e.New(), Models: lab.DefaultModels(), NoBaselines: true}
	for _, setting := range strings.Fields(`feeModel=none spreadModel=none impactModel=none capitalUSDT=100000 balanceBandFrac=0.001 totalLimitUSDT=4000 coinLimitUSDT=4000
		riseTrimFrac=off leverageAlarmX=off leverageReduceX=off leverageEmergencyX=off slicesMaxN=off settleBlackoutS=0 coins=` + coin) {
		name, value, _ := strings.Cut(setting, "=")
		if err := s.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	var orders []trade
	out, err := lab.Execute(context.Background(), s, &lab.Observer{Command: func(pairs []carry.Pair, at carry.Time, c *carry.Command) error {
		if c.Kind == carry.CmdOrder {
			if (c.Leg == carry.Spot) != (c.Side == carry.Buy) {
				return fmt.Errorf("%s: a hold that sells", at)
			}
			orders = append(orders, trade{at, c.Leg, decimal.New(int64(c.Qty), -int32(pairs[c.Pair].QtyDp))})
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(orders) < 2 || out.Run.Counts.Fills != len(orders) {
		t.Fatalf("%d orders, %d fills: this is no plain hold", len(orders), out.Run.Counts.Fills)
	}
	return out, orders
}

// compare holds the engine's figures against the oracle's, as decimal text.
func compare(t *testing.T, open lab.Opener, coin string, from, to carry.Time) {
	t.Helper()
	out, orders := engineHold(t, open, coin, from, to)
	tape, err := open(out.Info.From, out.Info.To, []string{coin})
	if err != nil {
		t.Fatal(err)
	}
	info, pair := tape.Info(), -1
	for i := range info.Pairs {
		if info.Pairs[i].Coin == coin {
			pair = i
		}
	}
	var ticks [2]decimal.Decimal
	for _, r := range info.Rules { // those in force when the orders were filled
		if int(r.Pair) == pair && r.From <= orders[0].at {
			for leg := range ticks {
				ticks[leg] = decimal.New(int64(r.Legs[leg].Tick), -8)
			}
		}
	}
	want, err := naiveHold(tape, pair, ticks, decimal.NewFromInt(100_000), orders)
	if err != nil {
		t.Fatal(err)
	}
	if got := want.equity.StringFixed(16); out.Run.FinalExact != got {
		t.Errorf("%s: the engine ends with %s USDT, the oracle with %s", coin, out.Run.FinalExact, got)
	}
	a := &out.Run.Attribution
	if paid := decimal.NewFromFloat(a.FundingReceived).Add(decimal.NewFromFloat(a.FundingPaid)); !paid.Round(8).Equal(want.funding) {
		t.Errorf("%s: funding %s by the engine, %s by the oracle", coin, paid, want.funding)
	}
	t.Logf("%s %s..%s: %s USDT, funding %s in %d settlements", coin, out.Run.From.Date(), out.Run.To.Date(), out.Run.FinalExact, want.funding, out.Run.Counts.Postings)
	if out.Run.Counts.Postings < 100 || out.Run.Counts.Postings > 10*int((out.Run.To-out.Run.From)/carry.Day) {
		t.Errorf("%s: %d settlements", coin, out.Run.Counts.Postings)
	}
}

func TestNaiveOracle(t *testing.T) {
	for seed := range uint64(8) {
		o := sim.DefaultMarketOptions()
		o.Seed, o.Coins, o.To = 900+seed, 5, o.From+250*carry.Day
		open := func(carry.Time, carry.Time, []string) (carry.Tape, error) { return sim.NewMarket(o) }
		m, err := sim.NewMarket(o)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, open, m.Info().Pairs[seed%3].Coin, 0, 0)
	}
}

// SOL was settled every four and every two hours in November 2022.
func TestNaiveOracleOnHistory(t *testing.T) {
	if testing.Short() {
		t.Skip("imports real history")
	}
	open := history(t, filepath.Join(testenv.Shared(t), "data"), "BTC", "SOL")
	for _, c := range [...]struct{ coin, from, to string }{
		{"BTC", "2021-01-01", "2022-01-01"}, {"BTC", "2020-03-01", "2020-09-01"}, {"BTC", "2022-09-01", "2025-06-01"},
		{"SOL", "2022-09-01", "2023-03-01"}, {"SOL", "2021-04-01", "2023-01-01"},
	} {
		from, err1 := carry.ParseTime(c.from)
		to, err2 := carry.ParseTime(c.to)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		compare(t, open, c.coin, from, to)
	}
}

// history imports the real history of some coins.
func history(t *testing.T, shared string, coins ...string) lab.Opener {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"funding", "spot/1h", "perp/1h", "mark/1h", "exchange_info", "leverage_brackets"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		patterns := []string{"*.json"}
		for _, c := range coins {
			patterns = append(patterns, c+"USDT.csv*")
		}
		for _, p := range patterns {
			files, err := filepath.Glob(filepath.Join(shared, folder, p))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if err := os.Symlink(f, filepath.Join(dir, folder, filepath.Base(f))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	store, err := data.Open(filepath.Join(dir, "carry.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if _, err := store.ImportDir(context.Background(), dir, data.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	return func(from, to carry.Time, names []string) (carry.Tape, error) {
		return data.OpenTape(context.Background(), store, data.TapeOptions{From: from, To: to, Coins: names})
	}
}
