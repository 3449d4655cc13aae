package data

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carry"
)

func TestImportAndImportAgain(t *testing.T) {
	dir := inventDir(t)
	s := emptyStore(t)
	rep, err := s.ImportDir(t.Context(), dir, ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !rep.Changed || rep.Coins != 6 || rep.Pairs != 3 || !slices.Equal(rep.Ignored, []string{"notes.txt"}) {
		t.Errorf("report %+v", rep)
	}
	before := dump(t, s)
	again, err := s.ImportDir(t.Context(), dir, ImportOptions{})
	if err != nil || again.Changed {
		t.Errorf("second import: changed %v, %v", again.Changed, err)
	}
	for _, k := range again.Kinds {
		if k.New != 0 || k.Rows == 0 {
			t.Errorf("second import: %+v", k)
		}
	}
	if after := dump(t, s); after != before {
		t.Error("second import changed the database")
	}
	// Every row's origin is on record.
	if n := one[int](t, s, `SELECT count(*) FROM series s WHERE NOT EXISTS (SELECT 1 FROM provenance p
		WHERE p.series_id = s.id AND length(p.sha256) = 64 AND p.imported_ms = 1700000000000)`); n != 0 {
		t.Error(n, "series have no provenance")
	}
}

// dump is the content of all tables that an import writes.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"series", "kline", "funding", "instrument", "rules", "bracket", "gap", "provenance"} {
		b.WriteString(one[string](t, s, `SELECT ifnull(group_concat(line, char(10)), '') FROM (SELECT json_array(`+
			one[string](t, s, `SELECT group_concat(name) FROM pragma_table_info('`+table+`')`)+`) AS line FROM `+table+` ORDER BY 1)`))
	}
	return b.String()
}

// A wrong file is refused as a whole; what came before it stays and is usable.
func TestWrongFileLeavesNothing(t *testing.T) {
	dir := inventDir(t)
	text := inventBars(monday, 500, 100)
	lines := strings.SplitAfter(text, "\n")
	lines[400] = strings.Replace(lines[400], ",", ",x", 1)
	files(t, dir, map[string]string{"perp/1h/AAAUSDT.csv.gz": strings.Join(lines, "")})
	s := emptyStore(t)
	rep, err := s.ImportDir(t.Context(), dir, ImportOptions{})
	var fe *FileError
	if !errors.As(err, &fe) || fe.Line != 401 || filepath.Base(fe.Path) != "AAAUSDT.csv.gz" {
		t.Fatalf("error %v, want perp/1h/AAAUSDT.csv.gz:401", err)
	}
	if rep == nil || !rep.Changed {
		t.Error("no report beside the error")
	}
	if n := one[int](t, s, "SELECT count(*) FROM klines WHERE kind = 'perp' AND symbol = 'AAAUSDT'"); n != 0 {
		t.Error(n, "rows of the refused file were stored")
	}
	if n := one[int](t, s, "SELECT count(*) FROM klines WHERE kind = 'spot' AND symbol = 'AAAUSDT'"); n != fourWeeks {
		t.Error(n, "rows of the file before it")
	}
	if n := one[int](t, s, "SELECT count(*) FROM instrument"); n == 0 {
		t.Error("what was stored got no instruments")
	}
}

func TestDamagedGzipIsRefused(t *testing.T) {
	whole := gzipped(t, inventBars(monday, 5000, 100))
	for name, b := range map[string][]byte{
		"cut off":  whole[:len(whole)/2],
		"damaged":  append(append(append([]byte{}, whole[:len(whole)/2]...), 0xff, 0xff, 0xff), whole[len(whole)/2+3:]...),
		"not gzip": []byte(headerBars + "\n"),
		"trailing": append(append([]byte{}, whole...), "rubbish"...),
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "spot/1h/AAAUSDT.csv.gz")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		s := emptyStore(t)
		_, err := s.ImportDir(t.Context(), dir, ImportOptions{})
		var fe *FileError
		if !errors.As(err, &fe) || name == "cut off" && (fe.Line < 100 || !strings.Contains(fe.What, "cut off")) {
			t.Errorf("%s: error %v", name, err)
		}
		if n := one[int](t, s, "SELECT count(*) FROM kline"); n != 0 {
			t.Errorf("%s: %d rows were stored", name, n)
		}
	}
}

// A later file may add rows before, between and after; it may not change one.
func TestReimportComparesValues(t *testing.T) {
	dir := t.TempDir()
	full := strings.SplitAfter(inventBars(monday, 100, 5), "\n")
	pay := strings.SplitAfter(inventFunding(monday, 30), "\n")
	join := func(lines []string, from, to int) string { return lines[0] + strings.Join(lines[from:to], "") }
	files(t, dir, map[string]string{
		"spot/1h/AAAUSDT.csv": join(full, 20, 40) + strings.Join(full[60:80], ""),
		"funding/AAAUSDT.csv": join(pay, 5, 20),
	})
	s := inventStore(t, dir)
	if n := one[int](t, s, "SELECT sum(missing) FROM gap"); n != 20 {
		t.Errorf("%d hours missing, want 20", n)
	}
	files(t, dir, map[string]string{"spot/1h/AAAUSDT.csv": join(full, 1, 101), "funding/AAAUSDT.csv": join(pay, 1, 31)})
	rep, err := s.ImportDir(t.Context(), dir, ImportOptions{})
	if err != nil || rep.Kinds[0].New != 15 || rep.Kinds[1].New != 60 {
		t.Fatalf("filled up with %+v, %v", rep, err)
	}
	if n := one[int](t, s, "SELECT count(*) FROM gap"); n != 0 {
		t.Error("filled gaps are still listed")
	}
	for name, text := range map[string]string{
		"spot/1h/AAAUSDT.csv": join(full, 1, 50) + strings.Replace(full[50], ",", ",0", 1) + strings.Replace(full[51], ".", "1.", 5),
		"funding/AAAUSDT.csv": join(pay, 1, 7) + strings.Replace(pay[7], ",0.", ",0.1", 1) + pay[7],
	} {
		keep, _ := os.ReadFile(filepath.Join(dir, name))
		text = strings.TrimSuffix(text, pay[7])
		files(t, dir, map[string]string{name: text})
		before := dump(t, s)
		_, err := s.ImportDir(t.Context(), dir, ImportOptions{})
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "differs from the one stored") || !strings.Contains(err.Error(), filepath.Base(name)) {
			t.Errorf("%s: error %v", name, err)
		}
		if dump(t, s) != before {
			t.Errorf("%s: a conflict changed the database", name)
		}
		files(t, dir, map[string]string{name: string(keep)})
	}
}

// A multiplied contract is its coin's only when prices say so; 1INCH is a name.
func TestMultipliers(t *testing.T) {
	s := inventStore(t, inventDir(t))
	for coin, want := range map[string]string{
		"AAA": "AAAUSDT AAAUSDT 1", "DDD": "DDDUSDT 1000DDDUSDT 1000", "1000EEE": " 1000EEEUSDT 1", "EEE": "EEEUSDT  1", "CCC": " CCCUSDT 1",
	} {
		got := one[string](t, s, `SELECT ifnull(spot_symbol, '') || ' ' || ifnull(perp_symbol, '') || ' ' || multiplier
			FROM instrument WHERE coin = ?`, coin)
		if got != want {
			t.Errorf("%s is %q, want %q", coin, got, want)
		}
	}
	if note := one[string](t, s, "SELECT note FROM instrument WHERE coin = '1000EEE'"); !strings.Contains(note, "ratio") {
		t.Errorf("note %q", note)
	}
	for base, want := range map[string]int64{"1INCH": 1, "1000SHIB": 1000, "1MBABYDOGE": 1_000_000, "10000SATS": 10_000, "1000": 1, "1M": 1, "100X": 1} {
		if _, mult := splitMultiplier(base); mult != want {
			t.Errorf("%s is multiplied by %d, want %d", base, mult, want)
		}
	}
	// A coin whose perp and spot are not the same thing is no pair.
	dir := t.TempDir()
	files(t, dir, map[string]string{
		"spot/1h/LUNAUSDT.csv": inventBars(monday, 200, 0.0001),
		"perp/1h/LUNAUSDT.csv": inventBars(monday, 200, 2),
		"funding/LUNAUSDT.csv": inventFunding(monday, 20),
	})
	s = inventStore(t, dir)
	if n := one[int](t, s, "SELECT count(*) FROM instrument WHERE spot_symbol = perp_symbol"); n != 0 {
		t.Error("paired at a price ratio of 20,000")
	}
	if n := one[int](t, s, "SELECT count(*) FROM instrument"); n != 2 {
		t.Error(n, "instruments, want both legs on their own")
	}
}

// The instrument takes lots, listing and delivery from what was recorded.
func TestInstrumentFacts(t *testing.T) {
	dir := inventDir(t)
	ended := strings.NewReplacer("TRADING", "SETTLING", "4133404800000", "1611000000000").Replace(perpSymbol)
	files(t, dir, map[string]string{
		"exchange_info/spot_2021-01-04.json": infoText(monday, spotSymbol),
		"exchange_info/fapi_2021-01-04.json": infoText(monday, perpSymbol),
		"exchange_info/fapi_2021-03-01.json": infoText(monday+56*carry.Day, ended),
		"exchange_info/fapi_latest.json":     "not dated",
	})
	s := inventStore(t, dir)
	get := func(col, coin string) int64 {
		return one[int64](t, s, "SELECT ifnull("+col+", -1) FROM instrument WHERE coin = ?", coin)
	}
	if dp := get("qty_decimals", "AAA"); dp != 3 {
		t.Errorf("AAA has lots of %d decimals, want 3, the finer of both legs", dp)
	}
	if dp := get("qty_decimals", "BBB"); dp != 8 {
		t.Errorf("BBB has lots of %d decimals, want 8: nothing recorded", dp)
	}
	if at := get("delivered_ms", "AAA"); at != 1611000000000 {
		t.Errorf("AAA delivered at %d", at)
	}
	if at := get("delivered_ms", "BBB"); at != -1 {
		t.Errorf("BBB delivered at %d: the end of a file is not a delisting", at)
	}
	if at := get("listed_ms", "BBB"); carry.Time(at) != monday+208*carry.Hour {
		t.Errorf("BBB listed at %s, want its first settlement", carry.Time(at))
	}
}

func TestGapsAreListed(t *testing.T) {
	s := inventStore(t, inventDir(t))
	st, err := s.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range st.Gaps {
		got = append(got, strings.Join([]string{g.Coin, g.Kind, g.From.String(), g.To.String(), g.Note}, " "))
	}
	want := []string{
		"BBB spot 2021-01-13 01:00 2021-01-13 04:00 no bars",
		"BBB spot 2021-01-16 12:00 2021-01-16 13:00 no bars",
		"BBB funding 2021-01-14 08:00 2021-01-14 16:00 no settlements",
	}
	if !slices.Equal(got, want) {
		t.Errorf("gaps\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if st.Coins != 6 || st.Pairs != 3 || st.From != monday {
		t.Errorf("status %+v", st)
	}
	for _, row := range st.Series {
		if row.Coin == "BBB" && row.Kind == kindSpot && (row.Rows != 296 || row.Missing != 4) {
			t.Errorf("BBB spot: %+v", row)
		}
	}
}

// An interrupted import keeps whole files only, and going on completes it.
func TestInterruptedImportGoesOn(t *testing.T) {
	dir := inventDir(t)
	s := emptyStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.ImportDir(ctx, dir, ImportOptions{Progress: func(kind string, done, _ int, _ string) {
		if kind == kindPerp && done == 1 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if n := one[int](t, s, "SELECT count(*) FROM provenance WHERE kind = 'perp'"); n != 1 {
		t.Errorf("%d perp files stored, want the finished one", n)
	}
	if _, err := s.ImportDir(t.Context(), dir, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	whole := inventStore(t, dir)
	if a, b := hashOf(t, s, TapeOptions{}), hashOf(t, whole, TapeOptions{}); a != b {
		t.Error("the interrupted import ended with other data")
	}
}

func TestFolderErrors(t *testing.T) {
	s := emptyStore(t)
	if _, err := s.ImportDir(t.Context(), filepath.Join(t.TempDir(), "none"), ImportOptions{}); err == nil {
		t.Error("a missing folder was accepted")
	}
	if _, err := s.ImportDir(t.Context(), t.TempDir(), ImportOptions{}); !errors.Is(err, ErrRefused) {
		t.Errorf("an empty folder: %v", err)
	}
}
