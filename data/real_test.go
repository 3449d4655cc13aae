package data

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"carry"
	"carry/internal/testenv"
)

func mustTime(t testing.TB, s string) carry.Time {
	t.Helper()
	at, err := carry.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The strategy's author published the mean of the last 100 settlements on
// 2020-12-29 08:00 UTC, in percent per 8 h.
func TestPublishedScreen(t *testing.T) {
	s := realStore(t)
	at := mustTime(t, "2020-12-29T08:00Z")
	rows, err := s.FundingRows(t.Context(), 0, at+carry.Minute)
	if err != nil {
		t.Fatal(err)
	}
	byCoin := map[string][]carry.SettledRate{}
	for i, r := range rows {
		if i > 0 && (rows[i-1].Coin > r.Coin || rows[i-1].Coin == r.Coin && rows[i-1].Slot >= r.Slot) {
			t.Fatalf("row %+v is out of order", r)
		}
		byCoin[r.Coin] = append(byCoin[r.Coin], r.Rate)
	}
	for coin, want := range map[string]float64{
		"BTC": 0.019, "ETH": 0.027, "BNB": 0.030, "BCH": 0.027, "ADA": 0.025, "LINK": 0.023, "LTC": 0.023, "MATIC": 0.019, "TRX": 0.017,
		"ATOM": 0.016, "DOT": 0.015, "DOGE": 0.014, "ALGO": 0.014, "AVAX": 0.007, "XRP": -0.001, "THETA": -0.045, "SOL": -0.052,
	} {
		rates := byCoin[coin]
		if len(rates) < 100 {
			t.Errorf("%s: %d settlements", coin, len(rates))
			continue
		}
		sum := carry.SettledRate(0)
		for _, r := range rates[len(rates)-100:] {
			sum += r
		}
		if got := math.Round(float64(sum)/1e8*1000) / 1000; got != want {
			t.Errorf("%s: mean %v %%, published %v %%", coin, got, want)
		}
	}
}

// He, Manela, Ross and von Wachter, table B.1: mean and dispersion in percent a
// year (one settlement × 1095) and the share at exactly 0.01 %.
func TestPublishedFundingStatistics(t *testing.T) {
	s := realStore(t)
	from, to := mustTime(t, "2020-01-08"), mustTime(t, "2024-03-12")
	rows, err := s.FundingRows(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	for coin, want := range map[string][4]float64{
		"BTC": {4575, 15.279, 27.862, 41.399}, "ETH": {4575, 18.642, 36.514, 41.727}, "ADA": {4540, 18.344, 43.627, 49.537},
	} {
		var n, sum, sq, exact float64
		for _, r := range rows {
			if r.Coin != coin {
				continue
			}
			x := r.Rate.Float() * 1095 * 100
			n, sum, sq = n+1, sum+x, sq+x*x
			if r.Rate == carry.Unit/10_000 {
				exact++
			}
			if r.IntervalH != 8 {
				t.Errorf("%s: interval %v at %s", coin, r.IntervalH, r.Slot)
			}
		}
		got := [4]float64{n, sum / n, math.Sqrt((sq - sum*sum/n) / (n - 1)), 100 * exact / n}
		for i := range got {
			if math.Abs(got[i]-want[i]) > 0.005 {
				t.Errorf("%s: n, mean, dispersion, share %v, want %v", coin, got, want)
				break
			}
		}
	}
}

// SOL was settled every four, then every two hours in November 2022.
func TestRealIntervalChanges(t *testing.T) {
	tape := openTape(t, realStore(t), TapeOptions{From: mustTime(t, "2022-11-09"), To: mustTime(t, "2022-11-19"), Coins: []string{"SOL"}})
	count := map[float64]int{}
	drain(t, tape, func(b *carry.Block) {
		for _, s := range b.Settled {
			count[s.IntervalH]++
		}
	})
	if count[2] != 99 || count[4] != 2 {
		t.Errorf("settlements by interval %v, want 99 at 2 h and 2 at 4 h", count)
	}
}

// The real tape is the real files, read by other code.
func TestRealTapeIsTheFiles(t *testing.T) {
	s := realStore(t)
	dir := sharedData(t)
	src, err := readSource(filepath.Join(dir, "spot/1h/DOGEUSDT.csv.gz"), nil)
	if err != nil {
		t.Fatal(err)
	}
	bars, err := parseBars(nil, src, kindSpot)
	if err != nil {
		t.Fatal(err)
	}
	tape := openTape(t, s, TapeOptions{})
	doge := -1
	for i, p := range tape.Info().Pairs {
		if p.Coin == "DOGE" {
			doge = i
		}
	}
	k, instants := 0, 0
	drain(t, tape, func(b *carry.Block) {
		for r := range b.N {
			i := r*b.P + doge
			instants++
			if k < len(bars) && bars[k].at == b.Start+carry.Time(r)*carry.Hour {
				x := &bars[k]
				if b.Spot.Open[i] != x.open || b.Spot.High[i] != x.high || b.Spot.Low[i] != x.low || b.Spot.Close[i] != x.close || b.Spot.Volume[i] != x.volume {
					t.Fatalf("bar %s differs", x.at)
				}
				k++
			} else if !math.IsNaN(b.Spot.Close[i]) {
				t.Fatalf("a bar at %s that the file does not have", b.Start+carry.Time(r)*carry.Hour)
			}
		}
	})
	if k != len(bars) || instants != int((tape.Info().To-tape.Info().From)/carry.Hour) {
		t.Errorf("%d of %d bars in %d hours", k, len(bars), instants)
	}
	quarter := TapeOptions{From: mustTime(t, "2021-04-03T05:00Z"), To: mustTime(t, "2021-05-20T03:00Z")}
	packed := hashOf(t, s, quarter)
	quarter.FromRows = true
	if rows := hashOf(t, s, quarter); rows != packed {
		t.Errorf("hash %s packed, %s from rows", packed, rows)
	}
}

// Size of the packed form, and facts of the real recordings.
func TestRealFacts(t *testing.T) {
	s := realStore(t)
	info := openTape(t, s, TapeOptions{}).Info()
	if len(info.Pairs) != 22 || info.Generated {
		t.Errorf("%d pairs, want 22", len(info.Pairs))
	}
	bars := one[float64](t, s, "SELECT count(*) FROM klines WHERE kind IN ('spot', 'perp')")
	size := one[float64](t, s, "SELECT sum(length(bytes) + length(dir)) FROM block")
	t.Logf("%.1f bytes a bar, mark prices and funding included", size/bars)
	if size/bars > 20 {
		t.Errorf("%.1f bytes a bar, want at most 20", size/bars)
	}
	for i, p := range info.Pairs {
		var first *carry.Rules
		for k := range info.Rules {
			if info.Rules[k].Pair == int32(i) {
				first = &info.Rules[k]
				break
			}
		}
		if first == nil || first.From != 0 || !first.Assumed || first.Recorded == 0 || len(first.Brackets) < 4 || p.Mult != 1 {
			t.Errorf("%s: %+v", p.Coin, first)
		}
		interest := carry.DefaultInterest8h
		if p.Coin == "BNB" {
			interest = 0
		}
		if first.Interest8h != interest {
			t.Errorf("%s: interest %v", p.Coin, first.Interest8h)
		}
		// The ladder is continuous: no jump of margin at a border.
		for k := 1; k < len(first.Brackets); k++ {
			at := first.Brackets[k].Floor
			a, b := carry.MaintenanceMargin(first.Brackets, math.Nextafter(at, 0)), carry.MaintenanceMargin(first.Brackets, at)
			if math.Abs(a-b) > 1e-6*at {
				t.Errorf("%s: margin jumps from %v to %v at %v", p.Coin, a, b, at)
			}
		}
		for _, f := range first.Legs {
			if f.Tick <= 0 || f.Step <= 0 || f.MinNotional < 5*carry.Unit {
				t.Errorf("%s: filters %+v", p.Coin, f)
			}
		}
	}
	if info.Pairs[4].Coin != "AVAX" && info.Pairs[5].Coin != "AVAX" {
		t.Error("pairs are not sorted")
	}
	if _, err := os.Stat(s.Path()); err != nil {
		t.Error(err)
	}
}

// Importing the real history again changes nothing.
func TestRealImportAgain(t *testing.T) {
	testenv.Long(t, "crawl-real")
	s := realStore(t)
	rep, err := s.ImportDir(t.Context(), sharedData(t), ImportOptions{})
	if err != nil || rep.Changed {
		t.Errorf("changed %v, %v", rep.Changed, err)
	}
}
