package crawl

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/exchange"
	"carry/internal/testenv"
)

// realNow is after the last recorded row.
const realNow = carry.Time(1751328000000) + 5*carry.Minute // 2025-07-01 00:05

// behind is what stands behind the nth space.
func behind(line string, n int) string {
	for range n {
		_, line, _ = strings.Cut(line, " ")
	}
	return line
}

// factsOf are a store's bars and settlements by key, the columns as text. Keys
// and values are parts of one dump, since there are millions.
func factsOf(t *testing.T, s *data.Store) map[string]string {
	t.Helper()
	ends := map[string]carry.Time{}
	for _, symbol := range []string{"MATICUSDT", "FTMUSDT", "RNDRUSDT"} {
		lives, err := s.Lives(t.Context(), carry.Perp, symbol)
		if err != nil || len(lives) != 1 {
			t.Fatal(lives, err)
		}
		ends[symbol] = lives[0].Span.To
	}
	out := map[string]string{}
	for line := range strings.Lines(dump(t, s, "kline", "funding ")) {
		line = strings.TrimSuffix(line, "\n")
		// kind symbol step time | columns
		values, key := behind(line, 5), behind(line, 1)
		key = key[:len(key)-len(values)-1]
		symbol, at := strings.Fields(key)[1], behind(key, 3)
		if strings.HasPrefix(line, "funding ") {
			// symbol slot type | rate mark hours; the stamp may jitter differently
			key = strings.TrimSuffix(key, " "+at)
			symbol, at = strings.Fields(key)[0], strings.Fields(key)[1]
		}
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			t.Fatal(line)
		}
		// A crawl cuts what the recordings keep after the contract was settled.
		if end := ends[symbol]; !strings.HasPrefix(key, "spot ") && end > 0 && carry.Time(ms) >= end {
			continue
		}
		out[key] = values
	}
	return out
}

// All recorded series, by archives and by REST separately, are what crawl
// import makes of the same recordings: the same keys, prices, volumes and
// rates, and every other column that both sources carry.
func TestACrawlOfAllRecordedSeriesEqualsTheirImport(t *testing.T) {
	testenv.Long(t, "crawl-real")
	crawlEqualsImport(t, filepath.Join(testenv.Shared(t), "data"), nil, 1_700_000)
}

// The same of two coins: one that trades, and one whose contract was settled.
func TestACrawlEqualsTheImport(t *testing.T) {
	whole := filepath.Join(testenv.Shared(t), "data")
	dir, symbols := t.TempDir(), []string{"SUIUSDT", "MATICUSDT"}
	for _, kind := range []string{"funding", "spot/1h", "perp/1h", "mark/1h"} {
		if err := os.MkdirAll(filepath.Join(dir, kind), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, symbol := range symbols {
			file := filepath.Join(whole, kind, symbol+".csv.gz")
			if _, err := os.Stat(file); err != nil {
				continue
			}
			if err := os.Symlink(file, filepath.Join(dir, kind, symbol+".csv.gz")); err != nil {
				t.Fatal(err)
			}
		}
	}
	crawlEqualsImport(t, dir, symbols, 50_000)
}

func crawlEqualsImport(t *testing.T, dir string, symbols []string, atLeast int) {
	t.Helper()
	recorded, err := exchange.NewFolderFacts(dir, symbols...)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, recorded, realNow, exchange.Options{})
	s := w.open()
	if _, err := s.ImportDir(t.Context(), dir, data.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	want := factsOf(t, s)
	if len(want) < atLeast {
		t.Fatalf("%d facts imported", len(want))
	}
	for _, via := range []Via{Archive, REST, Auto} {
		w.path = filepath.Join(t.TempDir(), "crawl.db")
		cs := w.open()
		began, start := time.Now(), w.clock.Now()
		rep := w.crawl(cs, Options{All: true, Via: via, Now: realNow, Kinds: []string{data.KindFunding, data.KindSpot, data.KindPerp, data.KindMark}})
		t.Logf("via %s: %d rows, %d files, %d requests, %.0f s on the virtual clock, %.0f s real; %d absent, %d lacks, %d problems", via, rep.Put.New, rep.Files,
			rep.Stats.Total(), float64(w.clock.Now()-start)/1000, time.Since(began).Seconds(), rep.Absent, len(rep.Lacks), len(rep.Problems))
		if via != Archive && !rep.Complete() {
			t.Errorf("lacks %+v", rep.Lacks)
		}
		for _, p := range rep.Problems {
			t.Errorf("problem %+v", p)
		}
		compareFacts(t, via, factsOf(t, cs), want)
		if st := w.server.Stats(); st.Limited+st.Banned > 0 {
			t.Errorf("the limits were exceeded: %v", st.Statuses)
		}
		if err := cs.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// unpublished tells settlements of the last month: their file appears on the
// first Monday of the next one, and there are no daily ones.
func unpublished(key string) bool {
	ms, err := strconv.ParseInt(strings.Fields(key)[1], 10, 64)
	return err == nil && ms >= 1748736000000 // 2025-06-01
}

// barColumns are a dump's columns behind the key, by kind.
var barColumns = map[string][]string{
	"spot": {"open", "high", "low", "close", "volume", "quote_volume"}, "perp": {"open", "high", "low", "close", "volume", "quote_volume"},
	"mark": {"open", "high", "low", "close", "volume", "quote_volume"}, "funding": {"rate", "mark_price", "interval_hours"},
}

func compareFacts(t *testing.T, via Via, got, want map[string]string) {
	t.Helper()
	missing, extra, differing, shown := 0, 0, 0, 0
	compared := map[string]int{} // by kind and column
	show := func(format string, args ...any) {
		if shown++; shown <= 10 {
			t.Logf(format, args...)
		}
	}
	for key, w := range want {
		g, ok := got[key]
		if via == Archive && unpublished(key) {
			continue
		}
		if !ok {
			missing++
			show("via %s misses %s", via, key)
			continue
		}
		kind, _, _ := strings.Cut(key, " ")
		if barColumns[kind] == nil {
			kind = "funding"
		}
		was, is := strings.Fields(w), strings.Fields(g)
		for i := range was {
			// A column that one source lacks proves nothing.
			if is[i] == "<nil>" || was[i] == "<nil>" {
				continue
			}
			compared[kind+" "+barColumns[kind][i]]++
			if is[i] != was[i] {
				differing++
				show("via %s: %s is %v, imported %v", via, key, g, w)
				break
			}
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			extra++
			show("via %s has %s, which was never recorded", via, key)
		}
	}
	t.Logf("via %s: compared %v", via, compared)
	if missing+extra+differing > 0 {
		t.Errorf("via %s: of %d facts %d missing, %d differing, %d extra", via, len(want), missing, differing, extra)
	}
}
