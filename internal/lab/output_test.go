package lab

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carry"

	"github.com/shopspring/decimal"
)

// wroteRun makes a run with everything on and writes its files.
func wroteRun(t *testing.T) (dir string, out *Outcome, l lastBalances) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	o, err := NewOutput(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Discard()
	watch, err := o.Stream()
	if err != nil {
		t.Fatal(err)
	}
	spec := setUp(t, "funding", generate(t, smallMarket(31, 14, 10)), eager...)
	spec.NoBaselines = false
	spec.Command = "backtest --seed 31"
	if out, err = Execute(context.Background(), spec, watch); err != nil {
		t.Fatal(err)
	}
	if err := o.Save(out); err != nil {
		t.Fatal(err)
	}
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	// The same run again tells what its books hold at the end.
	spec = setUp(t, "funding", generate(t, smallMarket(31, 14, 10)), eager...)
	var last *lane
	play(t, spec, stage{journal: func(l *lane) carry.Journal { last = l; return l.run.Journal }})
	a := last.run.Book.Account()
	l = lastBalances{"spot USDT": decimal.New(int64(a.SpotUSDT), -8), "futures USDT": decimal.New(int64(a.PerpUSDT), -8)}
	for i, p := range out.Info.Pairs {
		if !a.SpotCoins[i].Decimal(8).IsZero() {
			l["spot "+p.Coin] = a.SpotCoins[i].Decimal(8)
		}
	}
	return dir, out, l
}

// lastBalances are balances by wallet and asset.
type lastBalances map[string]decimal.Decimal

func table(t *testing.T, path string) (header []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(all) < 2 {
		t.Fatalf("%s has %d lines", path, len(all))
	}
	return all[0], all[1:]
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestFilesOfARun(t *testing.T) {
	dir, out, last := wroteRun(t)
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range names {
		got = append(got, n.Name())
	}
	if want := []string{"decisions.jsonl", "equity.csv", "postings.csv", "result.json", "trades.csv"}; !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	t.Run("postings", func(t *testing.T) { checkPostings(t, dir, last) })
	t.Run("equity", func(t *testing.T) { checkEquity(t, dir, out) })
	t.Run("trades", func(t *testing.T) { checkTrades(t, dir, out, last) })
	t.Run("decisions", func(t *testing.T) { checkDecisions(t, dir, out) })
	t.Run("result", func(t *testing.T) { checkResult(t, dir, out) })
}

// The ledger is complete: by wallet and asset it adds up to what is owned at
// the end, to the last decimal.
func checkPostings(t *testing.T, dir string, last lastBalances) {
	header, rows := table(t, filepath.Join(dir, "postings.csv"))
	if want := "time_ms,wallet,asset,amount,kind,coin,reference"; strings.Join(header, ",") != want {
		t.Fatalf("columns %v, want %s", header, want)
	}
	sums, before := lastBalances{}, 0.0
	for n, r := range rows {
		amount, err := decimal.NewFromString(r[3])
		if err != nil {
			t.Fatalf("line %d: %v", n+2, err)
		}
		if at := number(t, r[0]); at < before {
			t.Fatalf("line %d is earlier than the one above", n+2)
		} else {
			before = at
		}
		sums[r[1]+" "+r[2]] = sums[r[1]+" "+r[2]].Add(amount)
	}
	for name, want := range last {
		if !sums[name].Equal(want) {
			t.Errorf("%s: postings add up to %s, the books hold %s", name, sums[name], want)
		}
		delete(sums, name)
	}
	for name, sum := range sums {
		if !sum.IsZero() {
			t.Errorf("%s: postings add up to %s, the books hold nothing", name, sum)
		}
	}
}

func checkEquity(t *testing.T, dir string, out *Outcome) {
	header, rows := table(t, filepath.Join(dir, "equity.csv"))
	if want := []string{"time_ms", "equity_usdt", "short_notional_usdt", "leverage_x", "liquidation_up_frac"}; !slices.Equal(header[:5], want) {
		t.Errorf("columns %v", header)
	}
	if len(header) != 5+len(out.Baselines) {
		t.Errorf("%d columns with %d baselines", len(header), len(out.Baselines))
	}
	for _, h := range header {
		if strings.ContainsAny(h, " +(),") {
			t.Errorf("column %q needs quoting", h)
		}
	}
	first, last := rows[0], rows[len(rows)-1]
	if first[0] != strconv.FormatInt(int64(out.Run.From), 10) || last[0] != strconv.FormatInt(int64(out.Run.To), 10) {
		t.Errorf("runs from %s to %s, the run from %d to %d", first[0], last[0], out.Run.From, out.Run.To)
	}
	if first[1] != strconv.FormatFloat(out.Run.Capital, 'f', 4, 64) {
		t.Errorf("begins with %s", first[1])
	}
	exact := number(t, out.Run.FinalExact)
	if math.Abs(number(t, last[1])-exact) > 1e-4 || math.Abs(out.Run.Final-exact) > 1e-6 {
		t.Errorf("ends with %s, the result says %v and exactly %s", last[1], out.Run.Final, out.Run.FinalExact)
	}
	for k, b := range out.Baselines {
		if got := number(t, last[5+k]); math.Abs(got-b.Final) > 1e-4 {
			t.Errorf("%s ends with %v, its result with %v", header[5+k], got, b.Final)
		}
	}
}

// Every trip's parts add up to its total, and a coin's trips to its share of the
// attribution. Coins below the smallest order stay after a trip; what their
// price does between the last trip and the end is in no trip.
func checkTrades(t *testing.T, dir string, out *Outcome, last lastBalances) {
	header, rows := table(t, filepath.Join(dir, "trades.csv"))
	column := func(row []string, name string) float64 { return number(t, row[slices.Index(header, name)]) }
	type sums struct{ funding, basis, fees, slippage, liquidation, total float64 }
	coins := map[string]sums{}
	for n, r := range rows {
		s := sums{column(r, "funding_usdt"), column(r, "basis_usdt"), column(r, "fees_usdt"), column(r, "slippage_usdt"),
			column(r, "liquidation_usdt"), column(r, "total_usdt")}
		if whole := s.funding + s.basis + s.fees + s.slippage + s.liquidation; math.Abs(whole-s.total) > 1e-6 {
			t.Errorf("trip %d: parts add up to %v, its total is %v", n, whole, s.total)
		}
		if column(r, "close_ms") < column(r, "open_ms") {
			t.Errorf("trip %d ends before it begins", n)
		}
		c := coins[r[0]]
		coins[r[0]] = sums{c.funding + s.funding, c.basis + s.basis, c.fees + s.fees, c.slippage + s.slippage, c.liquidation + s.liquidation, c.total + s.total}
	}
	exact := 0
	for _, row := range out.Run.Coins {
		a, s := &row.Attribution, coins[row.Coin]
		drift := 1e-6
		if _, dust := last["spot "+row.Coin]; dust {
			drift = 1
		} else {
			exact++
		}
		for what, d := range map[string]float64{"basis": s.basis - a.Basis, "total": s.total - a.Total} {
			if math.Abs(d) > drift {
				t.Errorf("%s: the %s of its trips is %.8f off the attribution's", row.Coin, what, d)
			}
		}
		for what, d := range map[string]float64{"funding": s.funding - a.FundingReceived - a.FundingPaid, "fees": s.fees - a.SpotFees - a.PerpFees,
			"slippage": s.slippage - a.Slippage, "liquidation": s.liquidation - a.Liquidation} {
			if math.Abs(d) > 1e-6 {
				t.Errorf("%s: the %s of its trips is %.8f off the attribution's", row.Coin, what, d)
			}
		}
	}
	if change := out.Run.Final - out.Run.Capital; math.Abs(change-out.Run.Attribution.Total) > 1e-6 {
		t.Errorf("equity changed by %v, the attribution explains %v", change, out.Run.Attribution.Total)
	}
	if len(rows) != len(out.Run.Trips) || len(rows) < 20 || len(coins) != len(out.Run.Coins) {
		t.Errorf("%d rows, %d trips of %d and %d coins, %d of them without dust", len(rows), len(out.Run.Trips), len(coins), len(out.Run.Coins), exact)
	}
}

func checkDecisions(t *testing.T, dir string, out *Outcome) {
	text, err := os.ReadFile(filepath.Join(dir, "decisions.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	for n, line := range lines {
		var d struct {
			TimeMs                                  int64 `json:"time_ms"`
			Kind, Reason, Coin, Leg, Side, Qty, Mid string
			From, Amount                            string
			Order                                   uint64
			X                                       []*float64
		}
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&d); err != nil {
			t.Fatalf("line %d: %v\n%s", n+1, err, line)
		}
		kinds[d.Kind]++
		if d.TimeMs == 0 || d.Reason == "" || strings.HasPrefix(d.Reason, "code-") || len(d.X) != 3 {
			t.Errorf("line %d lacks something: %s", n+1, line)
		}
		if _, err := decimal.NewFromString(d.Qty); d.Kind == "order" && (err != nil || d.Order == 0 || d.Coin == "") {
			t.Errorf("line %d: %s", n+1, line)
		}
	}
	c := &out.Run.Counts
	if len(lines) != c.Commands || kinds["order"] != c.Orders || kinds["transfer"] < c.Transfers {
		t.Errorf("%d lines %v; the run counts %d commands, %d orders, %d transfers", len(lines), kinds, c.Commands, c.Orders, c.Transfers)
	}
}

// result.json is complete, and nothing in it is what JSON cannot say.
func checkResult(t *testing.T, dir string, out *Outcome) {
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Run       map[string]any   `json:"run"`
		Baselines []map[string]any `json:"baselines"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields(`name strategy preset from_ms to_ms capital_usdt final_usdt final_exact_usdt residual_usdt attribution
		years coins trips happenings prediction counts extremes warnings assumptions not_included manifest params`) {
		if v, ok := doc.Run[field]; !ok || v == nil || v == "" {
			t.Errorf("run.%s is missing or empty", field)
		}
	}
	manifest, _ := doc.Run["manifest"].(map[string]any)
	for _, field := range strings.Fields("program go tape_sha256 params_sha256 journal_sha256 seed generated_market source command") {
		if v, ok := manifest[field]; !ok || v == "" {
			t.Errorf("run.manifest.%s is missing or empty", field)
		}
	}
	if r, err := decimal.NewFromString(doc.Run["residual_usdt"].(string)); err != nil || !r.IsZero() {
		t.Errorf("residual %v", doc.Run["residual_usdt"])
	}
	if len(doc.Baselines) != len(out.Baselines) || len(doc.Baselines) != 4 {
		t.Errorf("%d baselines", len(doc.Baselines))
	}
	if params := len(out.Run.Params); params < 40 {
		t.Errorf("only %d parameters are listed", params)
	}
}

// Years, coins and trips are three ways of cutting the same cake.
func TestAttributionAddsUpEveryWay(t *testing.T) {
	_, out, _ := wroteRun(t)
	for _, r := range append([]*carry.Result{out.Run}, out.Baselines...) {
		years, coins := 0.0, 0.0
		for _, y := range r.Years {
			years += y.Attribution.Total
		}
		for _, c := range r.Coins {
			coins += c.Attribution.Total
		}
		if math.Abs(years-r.Attribution.Total) > 1e-6 {
			t.Errorf("%s: years make %v, the whole is %v", r.Name, years, r.Attribution.Total)
		}
		if r.Strategy != "cash" && math.Abs(coins-r.Attribution.Total) > 1e-6 {
			t.Errorf("%s: coins make %v, the whole is %v", r.Name, coins, r.Attribution.Total)
		}
		if math.Abs(r.Final-r.Capital-r.Attribution.Total) > 1e-6 {
			t.Errorf("%s: %v became %v with a profit of %v", r.Name, r.Capital, r.Final, r.Attribution.Total)
		}
	}
}

// A failure leaves what was there before, and nothing of its own.
func TestOutputIsAllOrNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "out")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "result.json"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := NewOutput(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Stream(); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no more room")
	if err := o.File("result.json", func(w io.Writer) error {
		if _, err := io.WriteString(w, "new"); err != nil {
			return err
		}
		return broken
	}); !errors.Is(err, broken) || !strings.Contains(err.Error(), "result.json") {
		t.Errorf("got %v", err)
	}
	if old, err := os.ReadFile(filepath.Join(dir, "result.json")); err != nil || string(old) != "old" {
		t.Errorf("before the commit result.json is %q, %v", old, err)
	}
	o.Discard()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	o.Discard() // twice is harmless
}

// A folder that a failed run made goes with it; one that was there stays.
func TestDiscardTakesItsFolderAlong(t *testing.T) {
	parent := t.TempDir()
	o, err := NewOutput(filepath.Join(parent, "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	o.Discard()
	if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	was := filepath.Join(parent, "was")
	if err := os.Mkdir(was, 0o755); err != nil {
		t.Fatal(err)
	}
	if o, err = NewOutput(was); err != nil {
		t.Fatal(err)
	}
	o.Discard()
	if _, err := os.Stat(was); err != nil {
		t.Errorf("a folder that was there before is gone: %v", err)
	}
	if o, err = NewOutput(filepath.Join(parent, "new")); err != nil {
		t.Fatal(err)
	}
	if err := o.File("x", func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	o.Discard()
	if _, err := os.Stat(o.Path("x")); err != nil {
		t.Errorf("a committed file is gone: %v", err)
	}
}
