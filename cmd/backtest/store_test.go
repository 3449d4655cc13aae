package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"carry/data"
	"carry/internal/testenv"
)

// store FILE makes a database of three invented coins over ninety days.
func makeStore(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(inventStore(ts.MkAbs(args[0])))
}

// bare FILE makes a database without any history.
func bareStore(ts *testscript.TestScript, _ bool, args []string) {
	s, err := data.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(s.Close())
}

// inventStore imports prices that wander on sines and pay funding.
func inventStore(path string) error {
	dir, err := os.MkdirTemp("", "carry-invented")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	const start, hours = 1609459200000, 24 * 90
	for c, coin := range []string{"AAA", "BBB", "CCC"} {
		var spot, perp, funding strings.Builder
		for _, b := range []*strings.Builder{&spot, &perp} {
			b.WriteString("open_time_ms,open,high,low,close,volume,quote_volume\n")
		}
		funding.WriteString("time_ms,rate,mark_price,interval_hours\n")
		last := [2]float64{}
		for h := range hours {
			at := start + h*3600_000
			for leg, b := range []*strings.Builder{&spot, &perp} {
				price := 100*math.Pow(3, float64(c))*(1+0.2*math.Sin(float64(h)/(200+50*float64(c)))) + 0.1*float64(leg)*(1+math.Sin(float64(h)/30))
				price = math.Round(price*100) / 100
				open := last[leg]
				if open == 0 {
					open = price
				}
				last[leg] = price
				fmt.Fprintf(b, "%d,%.2f,%.2f,%.2f,%.2f,%d,\n", at, open, max(open, price)+0.05, min(open, price)-0.05, price, 90_000+1000*(h%24))
			}
			if h%8 == 0 {
				fmt.Fprintf(&funding, "%d,%.8f,,8\n", at, 0.0002+0.0003*math.Sin(float64(h)/100+float64(c)))
			}
		}
		for name, text := range map[string]*strings.Builder{"spot/1h": &spot, "perp/1h": &perp, "funding": &funding} {
			file := filepath.Join(dir, name, coin+"USDT.csv")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
				return err
			}
		}
	}
	return importInto(path, dir)
}

func importInto(path, dir string) error {
	s, err := data.Open(path)
	if err != nil {
		return err
	}
	_, err = s.ImportDir(context.Background(), dir, data.ImportOptions{})
	return errors.Join(err, s.Close())
}

// On 29 December 2020 the author of the strategy published the mean of the last
// 100 settlements of the coins he followed, in percent per eight hours. The
// imported history gives the same figures for every coin that it holds.
func TestPublishedScreen(t *testing.T) {
	if testing.Short() {
		t.Skip("imports all of the real history")
	}
	shared := testenv.Shared(t)
	db := filepath.Join(t.TempDir(), "carry.db")
	if err := importInto(db, filepath.Join(shared, "data")); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	args := []string{"screen", "--db", db, "--at", "2020-12-29T08:00Z", "-n", "100", "--json"}
	if code := run(context.Background(), &stdout, &stderr, args); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit %d: %s", code, &stderr)
	}
	var rows []map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, r := range rows {
		got[fmt.Sprint(r["coin"])] = fmt.Sprintf("%.3f", r["mean_pct"])
	}
	published := map[string]string{"BTC": "0.019", "ETH": "0.027", "BNB": "0.030", "BCH": "0.027", "ADA": "0.025", "LINK": "0.023",
		"LTC": "0.023", "MATIC": "0.019", "TRX": "0.017", "ATOM": "0.016", "DOT": "0.015", "DOGE": "0.014", "ALGO": "0.014",
		"AVAX": "0.007", "XRP": "-0.001", "THETA": "-0.045", "SOL": "-0.052"}
	same := 0
	for coin, want := range published {
		if got[coin] != want {
			t.Errorf("%s: %s, published %s", coin, got[coin], want)
			continue
		}
		same++
	}
	t.Logf("%d of %d published figures to three decimals; %d coins screened", same, len(published), len(rows))
}
