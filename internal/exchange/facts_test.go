package exchange

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"carry"
	"carry/internal/testenv"
	"carry/sim"
)

func TestGeneratedFactsAreTheMarkets(t *testing.T) {
	opt := sim.MarketOptions{Coins: 14, From: at(t, "2021-01-01"), To: at(t, "2021-03-01"), Seed: 4}
	facts, err := NewGeneratedFacts(opt)
	if err != nil {
		t.Fatal(err)
	}
	m, err := sim.NewMarket(opt)
	if err != nil {
		t.Fatal(err)
	}
	pairs := m.Info().Pairs
	rows := map[Series]map[carry.Time]Kline{}
	for _, p := range pairs {
		for kind := SpotKlines; kind < FundingRates; kind++ {
			s := Series{kind, p.PerpSymbol}
			if kind == SpotKlines {
				s.Symbol = p.SpotSymbol
			}
			all, err := facts.Klines(s, 0, opt.To, 0)
			if err != nil {
				t.Fatal(err)
			}
			rows[s] = map[carry.Time]Kline{}
			for _, k := range all {
				rows[s][k.At] = k
			}
		}
	}
	same := func(s Series, when carry.Time, text func(Kline) string, want float64, exact bool) {
		t.Helper()
		k, ok := rows[s][when]
		if ok == math.IsNaN(want) {
			t.Fatalf("%v at %s: there %t, the market has %v", s, when, ok, want)
		}
		if !ok {
			return
		}
		got, err := strconv.ParseFloat(text(k), 64)
		if err != nil || exact && got != want || math.Abs(got-want) > 0.5e-8 {
			t.Fatalf("%v at %s: %q, the market has %v", s, when, text(k), want)
		}
	}
	settled, jittered := 0, 0
	var b carry.Block
	for {
		if err := m.Next(&b); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for r := range b.N {
			when := b.Start + carry.Time(r)*b.Step
			for i, p := range pairs {
				k := r*b.P + i
				same(Series{SpotKlines, p.SpotSymbol}, when, func(k Kline) string { return k.Open }, b.Spot.Open[k], true)
				same(Series{SpotKlines, p.SpotSymbol}, when, func(k Kline) string { return k.Volume }, b.Spot.Volume[k], true)
				same(Series{PerpKlines, p.PerpSymbol}, when, func(k Kline) string { return k.High }, b.Perp.High[k], true)
				same(Series{PerpKlines, p.PerpSymbol}, when, func(k Kline) string { return k.Low }, b.Perp.Low[k], true)
				same(Series{PerpKlines, p.PerpSymbol}, when, func(k Kline) string { return k.Volume }, b.Perp.Volume[k], true)
				same(Series{MarkKlines, p.PerpSymbol}, when, func(k Kline) string { return k.Close }, b.MarkClose[k], true)
				same(Series{PremiumKlines, p.PerpSymbol}, when, func(k Kline) string { return k.Close }, b.Premium[k], false)
			}
		}
		for _, s := range b.Settled {
			f, err := facts.Funding(pairs[s.Pair].PerpSymbol, s.At, s.At+carry.Second, 0)
			if err != nil || len(f) != 1 || f[0].Rate != carry.FormatFixed(int64(s.Rate)) || f[0].IntervalH != int(s.IntervalH) {
				t.Fatalf("settlement %+v: %+v %v", s, f, err)
			}
			settled++
			if f[0].At != s.At {
				jittered++
			}
		}
	}
	if jittered < settled/2 {
		t.Errorf("%d of %d funding stamps have milliseconds", jittered, settled)
	}
	if settled < 1000 {
		t.Errorf("only %d settlements were compared", settled)
	}
}

func TestEveryRowIsSane(t *testing.T) {
	facts, err := NewGeneratedFacts(sim.MarketOptions{Coins: 4, From: at(t, "2021-01-01"), To: at(t, "2021-02-01"), Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Facts{facts, TinyFacts()} {
		for kind := SpotKlines; kind < FundingRates; kind++ {
			for _, sym := range f.Symbols(kind.Market()) {
				if f == Facts(facts) && sym.Onboard >= at(t, "2021-02-01") {
					continue // listed after the market's end
				}
				rows, _ := f.Klines(Series{kind, sym.Name}, sym.Onboard, 1<<50, 0)
				if len(rows) == 0 {
					t.Errorf("%v of %s has no rows", kind, sym.Name)
				}
				for i, k := range rows {
					if err := sane(k, kind); err != nil || i > 0 && k.At <= rows[i-1].At {
						t.Fatalf("kind %v of %s: %+v: %v", kind, sym.Name, k, err)
					}
				}
			}
		}
	}
}

// sane checks what must hold of any bar.
func sane(k Kline, kind Kind) error {
	v := map[string]float64{}
	for name, text := range map[string]string{"o": k.Open, "h": k.High, "l": k.Low, "c": k.Close, "v": k.Volume, "q": k.Quote, "tv": k.TakerVolume, "tq": k.TakerQuote} {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || strings.ContainsAny(text, "eE") {
			return fmt.Errorf("%s = %q", name, text)
		}
		v[name] = x
	}
	switch {
	case v["h"] < max(v["o"], v["c"]) || v["l"] > min(v["o"], v["c"]):
		return errors.New("open or close outside low..high")
	case v["tv"] > v["v"] || v["tq"] > v["q"]:
		return errors.New("takers traded more than all")
	case kind != PremiumKlines && v["l"] <= 0:
		return errors.New("a price that is not positive")
	case v["q"] > v["v"]*v["h"]*(1+1e-9)+1e-8 || v["q"] < v["v"]*v["l"]*(1-1e-9)-1e-8:
		return errors.New("a mean price outside low..high")
	}
	return nil
}

func TestFactsKeepToLimits(t *testing.T) {
	gen, err := NewGeneratedFacts(sim.MarketOptions{Coins: 2, From: at(t, "2021-01-01"), To: at(t, "2021-02-01"), Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Facts{gen, TinyFacts()} {
		s := Series{SpotKlines, f.Symbols(SpotMarket)[0].Name}
		first, last, ok := f.Span(s)
		all, _ := f.Klines(s, 0, 1<<50, 0)
		if !ok || all[0].At != first || all[len(all)-1].At != last {
			t.Fatalf("span %s to %s", first, last)
		}
		for _, n := range []int{1, 5, len(all), len(all) + 7} {
			want := min(n, len(all))
			a, _ := f.Klines(s, first, last+1, n)
			b, _ := f.Klines(s, first, last+1, -n)
			if len(a) != want || len(b) != want || a[0].At != first || b[len(b)-1].At != last {
				t.Errorf("limit %d: %d and %d rows", n, len(a), len(b))
			}
		}
		if none, _ := f.Klines(s, last, first, 0); len(none) != 0 {
			t.Errorf("an empty range has %d rows", len(none))
		}
		if none, err := f.Klines(Series{SpotKlines, "NOPE"}, 0, 1<<50, 0); len(none) != 0 || err != nil {
			t.Errorf("an unknown series has %d rows, %v", len(none), err)
		}
	}
}

// TestFolderFactsServeTheFilesByTheLetter holds the REST answers of recorded
// history against the files, read by other code.
func TestFolderFactsServeTheFilesByTheLetter(t *testing.T) {
	dir := filepath.Join(testenv.Shared(t), "data")
	facts, err := NewFolderFacts(dir, "ADAUSDT", "MATICUSDT", "BTCUSDT", "SOLUSDT")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, facts, at(t, "2025-08-01"), Options{Limits: Limits{SpotWeight: 1 << 20, FuturesWeight: 1 << 20, Funding: 1 << 20}})
	for _, c := range []struct{ file, base, query string }{
		{"spot/1h/ADAUSDT", s.URLs().Spot + "/api/v3/klines", "symbol=ADAUSDT&interval=1h&limit=1000"},
		{"perp/1h/MATICUSDT", s.URLs().Futures + "/fapi/v1/klines", "symbol=MATICUSDT&interval=1h&limit=1500"},
		{"mark/1h/BTCUSDT", s.URLs().Futures + "/fapi/v1/markPriceKlines", "symbol=BTCUSDT&interval=1h&limit=1500"},
		{"funding/SOLUSDT", s.URLs().Futures + "/fapi/v1/fundingRate", "symbol=SOLUSDT&limit=1000"},
	} {
		want := readCSV(t, filepath.Join(dir, c.file+".csv.gz"))
		n, next := 0, carry.Time(0)
		for {
			r := s.ask(fmt.Sprintf("%s?%s&startTime=%d", c.base, c.query, next))
			page := rowsOf(t, r)
			if len(page) == 0 {
				break
			}
			for _, row := range page {
				if n == len(want) {
					t.Fatalf("%s: more rows than the file", c.file)
				}
				next = sameRow(t, c.file, row, want[n]) + 1
				n++
			}
		}
		if n != len(want) || n < 3000 {
			t.Errorf("%s: %d rows, the file has %d", c.file, n, len(want))
		}
	}
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for sc := bufio.NewScanner(z); sc.Scan(); {
		out = append(out, strings.Split(sc.Text(), ","))
	}
	return out[1:]
}

// sameRow compares a JSON row with a CSV row and returns its time.
func sameRow(t *testing.T, file, row string, want []string) carry.Time {
	t.Helper()
	clean := strings.NewReplacer(`"`, "", "[", "", "]", "", "{", "", "}", "").Replace(row)
	cells := strings.Split(clean, ",")
	if strings.HasPrefix(file, "funding") {
		for i := range cells {
			_, cells[i], _ = strings.Cut(cells[i], ":")
		}
		cells = cells[1:]
	}
	for i := range want[:min(len(want), 6)] {
		if i == 3 && strings.HasPrefix(file, "funding") {
			break // REST does not tell the interval
		}
		if cells[i] != want[i] {
			t.Fatalf("%s: %s, want %v", file, row, want)
		}
	}
	ms, err := strconv.ParseInt(cells[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return carry.Time(ms)
}

func TestFolderFactsTellRecordedRules(t *testing.T) {
	dir := filepath.Join(testenv.Shared(t), "data")
	facts, err := NewFolderFacts(dir, "BTCUSDT", "SOLUSDT")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, facts, at(t, "2025-06-01"), Options{})
	var info struct {
		Symbols []struct {
			Symbol      string
			OnboardDate carry.Time
			Filters     []map[string]any
		}
	}
	s.futures("/fapi/v1/exchangeInfo").into(t, &info)
	byName := map[string][]map[string]any{}
	for _, x := range info.Symbols {
		byName[x.Symbol] = x.Filters
	}
	if len(byName["BTCUSDT"]) == 0 || byName["BTCUSDT"][0]["tickSize"] != "0.10" {
		t.Errorf("BTC's tick in 2025: %v", byName["BTCUSDT"])
	}
	for _, day := range []string{"2021-10-01", "2022-03-01", "2024-08-01"} {
		b := facts.Rules(FuturesMarket, "BTCUSDT", at(t, day)).Brackets
		if len(b) < 5 || b[0].MMR != 0.004 {
			t.Fatalf("%s: %+v", day, b)
		}
		for i := 1; i < len(b); i++ {
			want := b[i-1].Cum + b[i].Floor*(b[i].MMR-b[i-1].MMR)
			if b[i].Floor != b[i-1].Cap || math.Abs(b[i].Cum-want) > 1 {
				t.Errorf("%s bracket %d: %+v after %+v", day, i+1, b[i], b[i-1])
			}
		}
	}
	var adjusted []FundingInfo
	for _, f := range facts.FundingInfo(at(t, "2022-11-15")) {
		if f.Symbol == "SOLUSDT" {
			adjusted = append(adjusted, f)
		}
	}
	if len(adjusted) != 1 || adjusted[0].IntervalH >= 8 {
		t.Errorf("SOL settled more often in November 2022: %+v", adjusted)
	}
	if _, err := NewFolderFacts(t.TempDir()); err == nil {
		t.Error("an empty folder is no history")
	}
}
