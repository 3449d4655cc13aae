package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"carry"
)

// sharedData is the folder of real history beside the repository.
func sharedData(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "data")
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("../shared is not here: ", err)
		}
		t.Skip("../shared is not here: ", err)
	}
	return path
}

// realDB holds the real history, imported once for the whole package.
var realDB struct {
	once sync.Once
	dir  string
	err  error
}

func realStore(t testing.TB) *Store {
	t.Helper()
	if testing.Short() {
		t.Skip("imports all of the real history")
	}
	dir := sharedData(t)
	realDB.once.Do(func() {
		if realDB.dir, realDB.err = os.MkdirTemp("", "carry-real"); realDB.err != nil {
			return
		}
		var s *Store
		if s, realDB.err = Open(filepath.Join(realDB.dir, "carry.db")); realDB.err != nil {
			return
		}
		_, err := s.ImportDir(context.Background(), dir, ImportOptions{})
		realDB.err = errors.Join(err, s.Close())
	})
	if realDB.err != nil {
		t.Fatal(realDB.err)
	}
	return openStore(t, filepath.Join(realDB.dir, "carry.db"))
}

func TestMain(m *testing.M) {
	code := m.Run()
	if realDB.dir != "" {
		os.RemoveAll(realDB.dir)
	}
	os.Exit(code)
}

func openStore(t testing.TB, path string) *Store {
	t.Helper()
	s, err := OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// files writes named texts below dir; names with .gz are compressed.
func files(t testing.TB, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		b := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			b = gzipped(t, text)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// monday is where invented histories begin: inside a packed week, which starts
// on Thursday.
const monday = carry.Time(1609718400000) // 2021-01-04 00:00

// inventBars writes n hourly bars from at; skip hours are left out. Prices
// wander deterministically around price, the same way for the same n.
func inventBars(at carry.Time, n int, price float64, skip ...int) string {
	var b strings.Builder
	b.WriteString(headerBars + "\n")
	left := map[int]bool{}
	for _, k := range skip {
		left[k] = true
	}
	state, last := uint64(n), price
	for i := range n {
		state = state*6364136223846793005 + 1442695040888963407
		step := float64(int64(state>>40)%201-100) / 1e4
		open, cl := last, last*(1+step)
		high, low := max(open, cl)*1.001, min(open, cl)*0.999
		last = cl
		if left[i] {
			continue
		}
		fmt.Fprintf(&b, "%d,%.4f,%.4f,%.4f,%.4f,%.3f,\n", int64(at)+int64(i)*3600000, open, high, low, cl, float64(state>>44)/1000)
	}
	return b.String()
}

// inventFunding writes n settlements every eight hours from at, with jitter.
func inventFunding(at carry.Time, n int, skip ...int) string {
	var b strings.Builder
	b.WriteString(headerFunding + "\n")
next:
	for i := range n {
		for _, k := range skip {
			if k == i {
				continue next
			}
		}
		fmt.Fprintf(&b, "%d,%.8f,,8\n", int64(at)+int64(i)*8*3600000+int64(i%40), float64(i%7-2)/1e5)
	}
	return b.String()
}

const fourWeeks = 4 * 7 * 24

// inventDir is a small invented history: AAA and BBB are pairs, BBB lists later
// and has holes and a missing settlement, CCC has funding only, 1000DDD is a
// multiplied contract of DDD, 1EEE is not one of EEE.
func inventDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	files(t, dir, map[string]string{
		"spot/1h/AAAUSDT.csv.gz":     inventBars(monday, fourWeeks, 100),
		"perp/1h/AAAUSDT.csv.gz":     inventBars(monday, fourWeeks, 100.2),
		"funding/AAAUSDT.csv.gz":     inventFunding(monday, fourWeeks/8),
		"mark/1h/AAAUSDT.csv":        markOf(inventBars(monday, fourWeeks, 100.1)),
		"spot/1h/BBBUSDT.csv":        inventBars(monday+200*carry.Hour, 300, 0.5, 17, 18, 19, 100),
		"perp/1h/BBBUSDT.csv":        inventBars(monday+210*carry.Hour, 290, 0.5),
		"funding/BBBUSDT.csv":        inventFunding(monday+208*carry.Hour, 36, 5),
		"funding/CCCUSDT.csv.gz":     inventFunding(monday, 60),
		"spot/1h/DDDUSDT.csv.gz":     inventBars(monday, fourWeeks, 0.02),
		"perp/1h/1000DDDUSDT.csv.gz": scaled(inventBars(monday, fourWeeks, 0.02), 1000),
		"funding/1000DDDUSDT.csv.gz": inventFunding(monday, fourWeeks/8),
		"spot/1h/EEEUSDT.csv.gz":     inventBars(monday, fourWeeks, 3),
		"perp/1h/1000EEEUSDT.csv.gz": inventBars(monday, fourWeeks, 7),
		"funding/1000EEEUSDT.csv.gz": inventFunding(monday, fourWeeks/8),
		"notes.txt":                  "not part of the layout",
	})
	return dir
}

// markOf keeps the first five columns.
func markOf(text string) string {
	out := headerMark + "\n"
	for _, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		out += strings.Join(strings.Split(line, ",")[:5], ",") + "\n"
	}
	return out
}

// scaled multiplies prices.
func scaled(text string, by float64) string {
	out := headerBars + "\n"
	for _, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		c := strings.Split(line, ",")
		for i := 1; i <= 4; i++ {
			var v float64
			fmt.Sscan(c[i], &v)
			c[i] = fmt.Sprintf("%.4f", v*by)
		}
		out += strings.Join(c, ",") + "\n"
	}
	return out
}

// inventStore imports dir into a new database.
func inventStore(t testing.TB, dir string) *Store {
	t.Helper()
	s := emptyStore(t)
	if _, err := s.ImportDir(t.Context(), dir, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func emptyStore(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "carry.db"))
	if err != nil {
		t.Fatal(err)
	}
	s.Now = func() carry.Time { return 1_700_000_000_000 }
	t.Cleanup(func() { s.Close() })
	return s
}

// exec runs SQL as a person with the sqlite3 shell would.
func exec(t testing.TB, s *Store, sql string, args ...any) {
	t.Helper()
	if _, err := s.w.Exec(sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// one reads a single value.
func one[T any](t testing.TB, s *Store, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := s.r.QueryRow(sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}
