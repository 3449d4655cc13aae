package lab

import (
	"bytes"
	"context"
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"carry"

	"github.com/shopspring/decimal"
)

// Two lots at 100 and 120, three sales: the first takes half of the first lot,
// the second the rest of it and a part of the second. By hand.
func TestLotsGoFirstInFirstOut(t *testing.T) {
	b := NewIncome([]carry.Pair{{Coin: "A", Mult: 1, QtyDp: 2}})
	at := carry.Time(1612540800000)
	n := uint64(0)
	tell := func(side carry.Side, q carry.Qty, usdt, fee carry.Amount, feeCoins int64) error {
		n++
		at += carry.Hour
		return b.Event(&carry.Event{Kind: carry.EvFill, At: at, Seq: n, Order: carry.OrderID(n), Leg: carry.Spot, Side: side, Qty: q, Amount: usdt * carry.Unit,
			Fee: fee * carry.Unit, FeeCoins: carry.WideFrom(feeCoins)})
	}
	for _, err := range []error{
		tell(carry.Buy, 200, -200, 0, 20_000_000), // 2 coins less 0.2 of fee
		tell(carry.Buy, 100, -120, 0, 0),
		tell(carry.Sell, 90, 99, 1, 0),   // half of lot 1: 98 − 100
		tell(carry.Sell, 100, 150, 0, 0), // 0.9 of lot 1 for 135, 0.1 of lot 2 for 15
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := b.WriteRows(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows[1:] {
		got = append(got, strings.Join(r[3:9], " "))
	}
	want := []string{
		"0.9 1 2021-02-05T17:00:00.000Z 100.00000000 98.00000000 -2.00000000",
		"0.9 1 2021-02-05T17:00:00.000Z 100.00000000 135.00000000 35.00000000",
		"0.1 2 2021-02-05T18:00:00.000Z 12.00000000 15.00000000 3.00000000",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if b.Open().String() != "108" || b.Total().String() != "36" {
		t.Errorf("open lots cost %s, income %s", b.Open(), b.Total())
	}
	if err := tell(carry.Sell, 91, 91, 0, 0); err == nil {
		t.Error("coins are sold that were never bought")
	}
}

// The report of a rehearsal's journal is the rehearsal's result, which is the
// backtest's; and its income, the lots that are left and the open contracts
// explain the account to the last digit.
func TestASessionsReport(t *testing.T) {
	if testing.Short() {
		t.Skip("plays days of a market")
	}
	t.Parallel()
	spec := watchedSpec(t, 5, 6)
	path := filepath.Join(t.TempDir(), "j.db")
	got, err := Rehearse(context.Background(), spec, RehearseOptions{JournalFile: path})
	if err != nil {
		t.Fatal(err)
	}
	live, err := ReadSession(context.Background(), path, "live report j.db")
	if err != nil {
		t.Fatal(err)
	}
	a, b := live.Run, got.Result
	if a.Attribution != b.Attribution || a.FinalExact != b.FinalExact || a.Residual != b.Residual || a.Extremes != b.Extremes || len(a.Trips) != len(b.Trips) {
		t.Errorf("report: %s %+v\nrehearsal: %s %+v", a.FinalExact, a.Attribution, b.FinalExact, b.Attribution)
	}
	if b.Counts.Bars = 0; a.Counts != b.Counts {
		t.Errorf("report: %+v\nrehearsal: %+v", a.Counts, b.Counts)
	}
	if a.Manifest.JournalHash != b.Manifest.JournalHash || a.Manifest.JournalHash == "" {
		t.Errorf("journal %s, rehearsal's %s", a.Manifest.JournalHash, b.Manifest.JournalHash)
	}
	twin, err := live.Twin(context.Background(), spec.Open, spec.Seed)
	if err != nil {
		t.Fatal(err)
	}
	if twin.Run.Attribution != a.Attribution || twin.Run.Counts.Fills != a.Counts.Fills || len(twin.Baselines) < 3 {
		t.Errorf("twin: %+v, %d baselines", twin.Run.Attribution, len(twin.Baselines))
	}
	incomeTies(t, live)
}

// incomeTies holds the income against the books, in exact decimals.
func incomeTies(t *testing.T, live *LiveReport) {
	t.Helper()
	in, books := live.Income, live.books
	acct := books.Account()
	spot, mark := books.Marks()
	worth := decimal.Zero
	for i := range live.Session.Pairs {
		coins := acct.SpotCoins[i].Decimal(8)
		held := decimal.Zero
		for _, l := range in.lots[i] {
			held = held.Add(l.coins)
		}
		if !held.Equal(coins) {
			t.Errorf("%s: lots of %s, the account has %s", live.Session.Pairs[i].Coin, held, coins)
		}
		worth = worth.Add(coins.Mul(decimal.New(int64(spot[i]), -8)))
		short := decimal.New(int64(acct.PerpQty[i]), -int32(live.Session.Pairs[i].QtyDp)).Mul(decimal.New(int64(mark[i]), -8))
		worth = worth.Add(short).Sub(acct.PerpCost[i].Decimal(16))
	}
	final, err := decimal.NewFromString(live.Run.FinalExact)
	if err != nil {
		t.Fatal(err)
	}
	explained := books.Flows().Decimal(16).Add(in.Total()).Add(worth).Sub(in.Open())
	if !explained.Equal(final) {
		t.Errorf("income, lots and contracts explain %s of %s USDT", explained, final)
	}
	kinds, sold := map[string]decimal.Decimal{}, 0
	for k := range in.Rows {
		r := &in.Rows[k]
		kinds[r.Kind] = kinds[r.Kind].Add(r.Gain)
		if r.Kind == "coins" {
			sold++
		}
	}
	total, err := books.Total(spot, mark)
	if err != nil {
		t.Fatal(err)
	}
	funding := total.FundingReceived.Decimal(16).Add(total.FundingPaid.Decimal(16))
	dust := total.Dust.Decimal(16).Abs()
	if diff := funding.Sub(kinds["funding"]).Abs(); diff.GreaterThan(dust) {
		t.Errorf("funding: income %s, books %s", kinds["funding"], funding)
	}
	if sold < 10 || kinds["contracts"].IsZero() || kinds["contracts-fee"].Sign() >= 0 {
		t.Errorf("%d sales and %v prove little", sold, kinds)
	}
}
