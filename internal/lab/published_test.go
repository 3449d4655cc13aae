package lab

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"carry"
	"carry/internal/testenv"
)

// He, Manela, Ross and von Wachter, "Fundamentals of Perpetual Futures", table
// B.1: mean and dispersion of Binance's funding rates in percent a year and the
// share of settlements at exactly 0.01 %, 2020-01-08 to 2024-03-11 inclusive.
// The figures beside the coins are those of the recorded history, worked out
// apart from this program.
func TestHeTableB1(t *testing.T) {
	if testing.Short() {
		t.Skip("imports real history")
	}
	store := realStore(t)
	published := publishedB1(t)
	rows, err := store.FundingRows(context.Background(), moment(t, "2020-01-08"), moment(t, "2024-03-12"))
	if err != nil {
		t.Fatal(err)
	}
	for coin, want := range map[string]struct {
		n                 int
		mean, sd, exactly float64
	}{
		"BTC": {4575, 15.279, 27.862, 41.399},
		"ETH": {4575, 18.642, 36.514, 41.727},
		"ADA": {4540, 18.344, 43.627, 49.537},
	} {
		var rates []carry.SettledRate
		for _, r := range rows {
			if r.Coin == coin {
				rates = append(rates, r.Rate)
			}
		}
		if len(rates) != want.n {
			t.Errorf("%s: %d settlements, want %d", coin, len(rates), want.n)
			continue
		}
		mean, sd, exactly := tableB1(rates)
		t.Logf("%s n %d: mean %.3f %% a year, dispersion %.3f, %.3f %% at exactly 0.01 %%", coin, len(rates), mean, sd, exactly)
		for k, f := range [...]struct {
			what      string
			got, want float64
		}{{"mean", mean, want.mean}, {"dispersion", sd, want.sd}, {"share at 0.01 %", exactly, want.exactly}} {
			if math.Abs(f.got-f.want) > 0.005 {
				t.Errorf("%s: %s %.4f, want %.3f ± 0.005", coin, f.what, f.got, f.want)
			}
			if p := published[k][coin]; math.Abs(f.got-p) > 0.35 {
				t.Errorf("%s: %s %.4f, published %.1f", coin, f.what, f.got, p)
			}
		}
	}
}

// tableB1 are mean × 1095, standard deviation × 1095 (settlements a year) and
// the share at exactly 0.01 %, all in percent.
func tableB1(rates []carry.SettledRate) (mean, sd, exactly float64) {
	sum, usual := int64(0), 0
	for _, r := range rates {
		sum += int64(r)
		if r == 10_000 {
			usual++
		}
	}
	n := float64(len(rates))
	m, squares := float64(sum)/n, 0.0
	for _, r := range rates {
		squares += (float64(r) - m) * (float64(r) - m)
	}
	scale := 1095.0 * 100 / carry.Unit
	return m * scale, math.Sqrt(squares/(n-1)) * scale, 100 * float64(usual) / n
}

// publishedB1 reads the paper's own figures: mean, dispersion, share.
func publishedB1(t *testing.T) [3]map[string]float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Shared(t), "golden", "published.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	var table map[string]map[string][]float64
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all["he_manela_table_B1_2020-01-08_2024-03-11"], &table); err != nil {
		t.Fatal(err)
	}
	var out [3]map[string]float64
	for k, name := range [...]string{"mean_funding_pct_pa", "sd_pct_pa_(std_of_one_settlement_x1095)", "share_at_exactly_0.01pct"} {
		out[k] = make(map[string]float64)
		for coin, figures := range table[name] {
			out[k][coin] = figures[0]
		}
		if len(out[k]) < 3 {
			t.Fatalf("published %s: %v", name, out[k])
		}
	}
	return out
}

// The screen's mean is over the 8-hour slots of the window, whatever interval a
// coin settles at; --at includes the settlement of that time.
func TestScreenWindow(t *testing.T) {
	at := moment(t, "2022-11-10T08:00Z")
	var rates []Rate
	add := func(coin string, hours float64, n int, rate carry.SettledRate) {
		for k := n - 1; k >= 0; k-- {
			rates = append(rates, Rate{Coin: coin, At: at - carry.Time(float64(k)*hours*float64(carry.Hour)), Rate: rate, IntervalH: hours})
		}
	}
	add("EIGHT", 8, 40, 20_000)
	add("FOUR", 4, 80, 10_000) // twice as often half as much
	add("NEW", 8, 9, 90_000)   // better, but not for a whole window
	add("SHORT", 8, 30, -5_000)
	rates = append(rates, Rate{Coin: "SHORT", At: at + carry.Hour, Rate: 1e6, IntervalH: 8}) // after the time asked for
	rows := Screen(rates, at, 10)
	want := []ScreenRow{
		{Coin: "EIGHT", MeanPct: 0.02, N: 10, Full: true, Last: 0.02},
		{Coin: "FOUR", MeanPct: 0.02, N: 20, Full: true, Last: 0.01},
		{Coin: "SHORT", MeanPct: -0.005, N: 10, Full: true, Last: -0.005},
		{Coin: "NEW", MeanPct: 0.09, N: 9, Full: false, Last: 0.09},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for k, r := range rows {
		w := want[k]
		if r.Coin != w.Coin || r.N != w.N || r.Full != w.Full || math.Abs(r.MeanPct-w.MeanPct) > 1e-12 || math.Abs(r.Last-w.Last) > 1e-12 {
			t.Errorf("row %d is %+v, want %+v", k, r, w)
		}
	}
	if early := Screen(rates, at-carry.Minute, 10); early[0].Coin != "EIGHT" || early[0].N != 10 {
		t.Errorf("a minute earlier: %+v", early[0])
	}
	if none := Screen(rates, at-carry.Time(1000)*carry.Day, 10); none != nil {
		t.Errorf("before all data: %+v", none)
	}
}
