package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"carry"
)

func openTape(t testing.TB, s *Store, o TapeOptions) *TapeReader {
	t.Helper()
	tape, err := OpenTape(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tape.Close() })
	return tape
}

func hashOf(t testing.TB, s *Store, o TapeOptions) string {
	t.Helper()
	tape := openTape(t, s, o)
	defer tape.Close()
	return tape.Info().Hash
}

// drain checks that blocks follow one another without a hole and gives each to
// see.
func drain(t testing.TB, tape *TapeReader, see func(b *carry.Block)) {
	t.Helper()
	var b carry.Block
	at := tape.Info().From
	for {
		err := tape.Next(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Start != at || b.P != len(tape.Info().Pairs) || b.Step != carry.Hour || b.N < 1 || b.N > weekBars {
			t.Fatalf("block at %s of %d × %d, want one at %s", b.Start, b.N, b.P, at)
		}
		at = b.End()
		see(&b)
	}
	if at != tape.Info().To {
		t.Fatalf("tape ended at %s, want %s", at, tape.Info().To)
	}
}

// flat is a tape's content by name of what and when, NaNs left out.
func flat(t testing.TB, tape *TapeReader) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	drain(t, tape, func(b *carry.Block) {
		for slot := range slotFunding {
			for c, col := range columns(b, slot) {
				for i, x := range col {
					if !math.IsNaN(x) {
						out[fmt.Sprint(tape.Info().Pairs[i%b.P].Coin, slotKinds[slot], c, b.Start+carry.Time(i/b.P)*carry.Hour)] = x
					}
				}
			}
		}
		for i, s := range b.Settled {
			if i > 0 && (s.At < b.Settled[i-1].At || s.At == b.Settled[i-1].At && s.Pair <= b.Settled[i-1].Pair) || s.At < b.Start || s.At >= b.End() {
				t.Fatalf("settlement %+v is out of order or outside its block", s)
			}
			out[fmt.Sprint(tape.Info().Pairs[s.Pair].Coin, "rate", s.At)] = float64(s.Rate)
			out[fmt.Sprint(tape.Info().Pairs[s.Pair].Coin, "interval", s.At)] = s.IntervalH
		}
	})
	return out
}

// rowsOf is the same content straight from the tables by other code.
func rowsOf(t testing.TB, s *Store, from, to carry.Time) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	err := eachRow(t.Context(), s.r, func(rows *sql.Rows) error {
		var coin, kind string
		var at carry.Time
		var v [5]sql.NullFloat64
		if err := rows.Scan(&coin, &kind, &at, &v[0], &v[1], &v[2], &v[3], &v[4]); err != nil {
			return err
		}
		for c, x := range v {
			if x.Valid && !(kind == kindMark && c == colLow) {
				out[fmt.Sprint(coin, kind, c, at)] = x.Float64
			}
		}
		return nil
	}, `SELECT i.coin, k.kind, k.open_ms, k.open, k.high, k.low, k.close, k.volume FROM klines k
		JOIN instrument i ON k.symbol = CASE k.kind WHEN 'spot' THEN i.spot_symbol ELSE i.perp_symbol END
		WHERE i.spot_symbol IS NOT NULL AND i.perp_symbol IS NOT NULL AND k.open_ms >= ? AND k.open_ms < ?`, int64(from), int64(to))
	if err != nil {
		t.Fatal(err)
	}
	err = eachRow(t.Context(), s.r, func(rows *sql.Rows) error {
		var coin string
		var at carry.Time
		var rate, hours float64
		if err := rows.Scan(&coin, &at, &rate, &hours); err != nil {
			return err
		}
		out[fmt.Sprint(coin, "rate", at)], out[fmt.Sprint(coin, "interval", at)] = rate, hours
		return nil
	}, `SELECT i.coin, f.slot_ms, f.rate_e8, f.interval_hours FROM fundings f JOIN instrument i ON f.symbol = i.perp_symbol
		WHERE i.spot_symbol IS NOT NULL AND f.slot_ms >= ? AND f.slot_ms < ?`, int64(from), int64(to))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameMaps(t *testing.T, what string, got, want map[string]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
	}
	for k, v := range want {
		if g, ok := got[k]; !ok || math.Float64bits(g) != math.Float64bits(v) {
			t.Fatalf("%s: %s is %v (%v), want %v", what, k, g, ok, v)
		}
	}
}

// The tape is the tables' content, whole or in part, from rows or packed.
func TestTapeIsTheRows(t *testing.T) {
	s := inventStore(t, inventDir(t))
	for name, o := range map[string]TapeOptions{
		"all":       {},
		"part":      {From: monday + 50*carry.Hour, To: monday + 431*carry.Hour},
		"one hour":  {From: monday + 250*carry.Hour, To: monday + 251*carry.Hour},
		"too much":  {From: 1, To: monday + 1000*carry.Week},
		"ragged":    {From: monday + 50*carry.Hour + 1234, To: monday + 60*carry.Hour + 1},
		"to a week": {To: (monday + 2*carry.Week).Floor(carry.Week)},
	} {
		packed := openTape(t, s, o)
		o.FromRows = true
		rows := openTape(t, s, o)
		pi, ri := packed.Info(), rows.Info()
		if pi.Hash != ri.Hash || len(pi.Hash) != 64 {
			t.Errorf("%s: hash %s packed, %s from rows", name, pi.Hash, ri.Hash)
		}
		if fmt.Sprintf("%+v", *pi) != fmt.Sprintf("%+v", *ri) {
			t.Errorf("%s: info differs:\n%+v\n%+v", name, *pi, *ri)
		}
		want := rowsOf(t, s, pi.From, pi.To)
		sameMaps(t, name+" packed", flat(t, packed), want)
		sameMaps(t, name+" from rows", flat(t, rows), want)
	}
}

func TestTapeInfo(t *testing.T) {
	s := inventStore(t, inventDir(t))
	info := openTape(t, s, TapeOptions{}).Info()
	var coins []string
	for _, p := range info.Pairs {
		coins = append(coins, p.Coin)
	}
	if !slices.Equal(coins, []string{"AAA", "BBB", "DDD"}) || info.Pairs[2].Mult != 1000 || info.From != monday ||
		info.To != monday+fourWeeks*carry.Hour {
		t.Errorf("pairs %v from %s to %s", coins, info.From, info.To)
	}
	// BBB's legs both reach hour 500 of 672: more than two days before the end.
	want := []carry.PairEnd{{Pair: 1, At: monday + 500*carry.Hour}}
	if !slices.Equal(info.Ends, want) {
		t.Errorf("ends %+v, want %+v", info.Ends, want)
	}
	var texts []string
	for _, w := range info.Warnings {
		texts = append(texts, w.Code+": "+w.Text)
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{
		"data-gap: spot: 4 hours are missing in 1 of 3 coins.",
		"funding-gap: 1 funding settlements are missing (BBB).",
		"mark-fallback: The mark price is missing for 2 of 3 coins (BBB, DDD)",
		"funding-mark: 100 %",
		"rules-default: Trading rules or brackets were not recorded for 3 of 3 coins",
		"data-end: The data of 1 coins end before the tape does (BBB).",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning %q in\n%s", want, all)
		}
	}
	for _, c := range info.Coverage {
		if c.Coin == "BBB" && c.Kind == kindSpot && (c.Present != 296 || c.Missing != 4 || c.First != monday+200*carry.Hour || c.Last != monday+499*carry.Hour) {
			t.Errorf("coverage %+v", c)
		}
		if c.Coin == "BBB" && c.Kind == kindFunding && (c.Present != 35 || c.Missing != 1) {
			t.Errorf("coverage %+v", c)
		}
	}
	// Cut before its holes, BBB's coverage has none.
	for _, c := range openTape(t, s, TapeOptions{To: monday + 217*carry.Hour}).Info().Coverage {
		if c.Coin == "BBB" && c.Missing != 0 {
			t.Errorf("coverage before the first hole %+v", c)
		}
	}
}

// A hole longer than any halt of the exchange is noted from the bars
// themselves, whichever leg has it and wherever in the week it lies.
func TestLongHolesAreEnds(t *testing.T) {
	s := inventStore(t, inventDir(t))
	hours := func(kind string, from, to int) {
		exec(t, s, "DELETE FROM kline WHERE series_id = (SELECT id FROM series WHERE kind = ? AND symbol = 'AAAUSDT') AND open_ms >= ? AND open_ms < ?",
			kind, int64(monday)+int64(from)*3600000, int64(monday)+int64(to)*3600000)
	}
	hours(kindSpot, 10, 22)   // twelve hours: may have been a halt
	hours(kindSpot, 30, 43)   // thirteen: a hole
	hours(kindPerp, 40, 60)   // overlaps it: one hole
	hours(kindPerp, 230, 280) // across the week's border, which is at hour 240
	at := func(h int) carry.Time { return monday + carry.Time(h)*carry.Hour }
	want := []carry.PairEnd{{At: at(30), Until: at(60)}, {At: at(230), Until: at(280)}}
	for _, rows := range []bool{false, true} {
		if got := openTape(t, s, TapeOptions{Coins: []string{"AAA"}, FromRows: rows}).Info().Ends; !slices.Equal(got, want) {
			t.Errorf("ends %+v, want %+v", got, want)
		}
	}
	// A tape that begins or stops within a hole does not know its other side.
	if got := openTape(t, s, TapeOptions{Coins: []string{"AAA"}, From: at(45), To: at(250)}).Info().Ends; len(got) != 0 {
		t.Errorf("ends %+v, want none", got)
	}
}

// Any changed row, also by a person with the sqlite3 shell, is a changed tape,
// and only its week is packed again.
func TestChangedRowChangesTheTape(t *testing.T) {
	s := inventStore(t, inventDir(t))
	whole := TapeOptions{}
	seen := map[string]string{hashOf(t, s, whole): "before"}
	weeks := one[int](t, s, "SELECT count(*) FROM block")
	inWeek := int64(monday + 300*carry.Hour)
	id := one[int64](t, s, "SELECT id FROM series WHERE kind = 'spot' AND symbol = 'AAAUSDT'")
	late := one[int64](t, s, "SELECT id FROM series WHERE kind = 'spot' AND symbol = 'BBBUSDT'")
	pay := one[int64](t, s, "SELECT id FROM series WHERE kind = 'funding' AND symbol = 'AAAUSDT'")
	for _, c := range []struct {
		sql   string
		args  []any
		stale int
	}{
		{"UPDATE kline SET close = (open + close) / 2 WHERE series_id = ? AND open_ms = ?", []any{id, inWeek}, 1},
		{"UPDATE kline SET volume = volume + 0.001 WHERE series_id = ? AND open_ms = ?", []any{id, inWeek}, 1},
		{"DELETE FROM kline WHERE series_id = ? AND open_ms = ?", []any{id, inWeek}, 1},
		{"INSERT INTO kline VALUES (?, ?, 100, 101, 99, 100, 5, NULL)", []any{id, inWeek}, 1},
		{"INSERT OR REPLACE INTO kline VALUES (?, ?, 100, 101, 99, 100.5, 5, NULL)", []any{id, inWeek}, 1},
		{"UPDATE kline SET open_ms = open_ms + 604800000 * 2 WHERE series_id = ? AND open_ms = ?", []any{late, int64(monday + 204*carry.Hour)}, 2},
		{"UPDATE funding SET rate_e8 = rate_e8 + 1 WHERE series_id = ? AND slot_ms = ?", []any{pay, int64(monday + 240*carry.Hour)}, 1},
		{"UPDATE funding SET mark_price = 100 WHERE series_id = ? AND slot_ms = ?", []any{pay, int64(monday + 240*carry.Hour)}, 1},
		{"DELETE FROM funding WHERE series_id = ? AND slot_ms = ?", []any{pay, int64(monday + 240*carry.Hour)}, 1},
		{"INSERT INTO funding (series_id, slot_ms, rate_type, time_ms, rate_e8) VALUES (?, ?, 'special', 0, 7)", []any{pay, int64(monday + 248*carry.Hour)}, 1},
		{"UPDATE instrument SET qty_decimals = 5 WHERE coin = 'AAA'", nil, 0},
		{"UPDATE instrument SET delivered_ms = ? WHERE coin = 'AAA'", []any{int64(monday + 400*carry.Hour)}, 0},
		{"INSERT INTO interest VALUES ('AAA', 0, 0.0002, 'test')", nil, 0},
	} {
		exec(t, s, c.sql, c.args...)
		if left := one[int](t, s, "SELECT count(*) FROM block"); weeks-left != c.stale {
			t.Errorf("%s: %d of %d weeks are stale, want %d", c.sql, weeks-left, weeks, c.stale)
		}
		h := hashOf(t, s, whole)
		if was, ok := seen[h]; ok {
			t.Errorf("%s: same hash as after %q", c.sql, was)
		}
		seen[h] = c.sql
		if rows := hashOf(t, s, TapeOptions{FromRows: true}); rows != h {
			t.Errorf("%s: hash %s packed, %s from rows", c.sql, h, rows)
		}
		weeks = one[int](t, s, "SELECT count(*) FROM block")
	}
}

// The order in which files came does not matter, nor do coins not asked for.
func TestHashDependsOnContentOnly(t *testing.T) {
	dir := inventDir(t)
	a := inventStore(t, dir)
	b := emptyStore(t)
	part := t.TempDir()
	files(t, part, map[string]string{"perp/1h/BBBUSDT.csv": inventBars(monday+210*carry.Hour, 290, 0.5)})
	if _, err := b.ImportDir(t.Context(), part, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ImportDir(t.Context(), dir, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if hashOf(t, a, TapeOptions{}) != hashOf(t, b, TapeOptions{}) {
		t.Error("the hash depends on the order of import")
	}
	before := hashOf(t, a, TapeOptions{Coins: []string{"AAA", "ddd", "AAA"}})
	exec(t, a, "UPDATE kline SET volume = 1 WHERE series_id = (SELECT id FROM series WHERE kind = 'spot' AND symbol = 'BBBUSDT')")
	if hashOf(t, a, TapeOptions{Coins: []string{"DDD", "AAA"}}) != before {
		t.Error("the hash of AAA and DDD depends on BBB")
	}
}

func TestCoinsAreChecked(t *testing.T) {
	s := inventStore(t, inventDir(t))
	for coin, c := range map[string]struct {
		err  error
		text string
	}{
		"AAC":     {ErrUnknownCoin, "did you mean AAA"},
		"AAAUSDT": {ErrUnknownCoin, "did you mean AAA?"},
		"XYZW":    {ErrUnknownCoin, `"XYZW"`},
		"CCC":     {ErrNoLeg, "no spot and no perp data"},
		"EEE":     {ErrNoLeg, "no perp and no funding data"},
	} {
		_, err := OpenTape(t.Context(), s, TapeOptions{Coins: []string{"AAA", coin}})
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v, want %q", coin, err, c.text)
		}
	}
	if _, err := OpenTape(t.Context(), s, TapeOptions{From: monday + carry.Week*52}); !errors.Is(err, ErrEmptyRange) || !strings.Contains(err.Error(), "2021-02-01") {
		t.Errorf("empty range: %v", err)
	}
	if _, err := OpenTape(t.Context(), emptyStore(t), TapeOptions{}); !errors.Is(err, ErrNoData) {
		t.Errorf("empty database: %v", err)
	}
}

// After its delivery a contract has no bars and no settlements, whatever the
// archive goes on to tell.
func TestDeliveredContractEnds(t *testing.T) {
	s := inventStore(t, inventDir(t))
	at := monday + 400*carry.Hour
	exec(t, s, "UPDATE instrument SET delivered_ms = ? WHERE coin = 'AAA'", int64(at))
	tape := openTape(t, s, TapeOptions{})
	if want := (carry.PairEnd{Pair: 0, At: at, Delisted: true}); tape.Info().Ends[0] != want {
		t.Errorf("ends %+v, want %+v", tape.Info().Ends, want)
	}
	want := rowsOf(t, s, tape.Info().From, tape.Info().To)
	for k := range want {
		if strings.HasPrefix(k, "AAA") && k[len(k)-len("2021-01-20 16:00"):] >= at.String() {
			delete(want, k)
		}
	}
	sameMaps(t, "delivered", flat(t, tape), want)
}

// A flipped bit in the packed form is an error, not a price.
func TestDamagedBlockIsNoticed(t *testing.T) {
	for _, col := range []string{"bytes", "dir"} {
		s := inventStore(t, inventDir(t))
		hashOf(t, s, TapeOptions{})
		at := one[int64](t, s, "SELECT week_ms FROM block ORDER BY week_ms LIMIT 1 OFFSET 2")
		b := one[[]byte](t, s, "SELECT "+col+" FROM block WHERE week_ms = ?", at)
		for i := 1000; i < len(b) || i == 1000; i += 400 {
			b[i%len(b)] ^= 4
		}
		exec(t, s, "UPDATE block SET "+col+" = ? WHERE week_ms = ?", b, at)
		tape, err := OpenTape(t.Context(), s, TapeOptions{})
		var block carry.Block
		for err == nil {
			err = tape.Next(&block)
		}
		if !errors.Is(err, errSegment) || !strings.Contains(err.Error(), carry.Time(at).Date()) {
			t.Errorf("%s: error %v", col, err)
		}
		if tape != nil {
			tape.Close()
		}
	}
}

// A tape is a snapshot: a writer changes the next tape, not this one.
func TestTapeIsASnapshot(t *testing.T) {
	s := inventStore(t, inventDir(t))
	want := flat(t, openTape(t, s, TapeOptions{}))
	tape := openTape(t, s, TapeOptions{})
	exec(t, s, "DELETE FROM kline WHERE open_ms > ?", int64(monday+300*carry.Hour))
	sameMaps(t, "while rows were deleted", flat(t, tape), want)
}

// A file that cannot be written is packed in memory: same tape, with a warning.
func TestReadOnlyDatabase(t *testing.T) {
	s := inventStore(t, inventDir(t))
	want := hashOf(t, s, TapeOptions{FromRows: true})
	ro, err := connect(s.Path(), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ro.Close() })
	info := openTape(t, ro, TapeOptions{}).Info()
	if info.Hash != want || len(info.Warnings) == 0 || info.Warnings[0].Code != "read-only-database" {
		t.Errorf("hash %s, want %s; warnings %v", info.Hash, want, info.Warnings)
	}
	if n := one[int](t, s, "SELECT count(*) FROM block"); n != 0 {
		t.Error("a read-only database was written")
	}
}

func TestCancelledTape(t *testing.T) {
	s := inventStore(t, inventDir(t))
	ctx, cancel := context.WithCancel(t.Context())
	tape, err := OpenTape(ctx, s, TapeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := tape.Next(new(carry.Block)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := tape.Close(); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Decoding a week into a used block allocates nothing.
func TestDecodeDoesNotAllocate(t *testing.T) {
	s := inventStore(t, inventDir(t))
	tape := openTape(t, s, TapeOptions{FromRows: true})
	var b carry.Block
	if err := tape.Next(&b); err != nil {
		t.Fatal(err)
	}
	if err := tape.Next(&b); err != nil {
		t.Fatal(err)
	}
	end := b.End()
	if n := testing.AllocsPerRun(20, func() {
		b.Resize(b.N, b.P)
		if err := tape.decode(&b, end); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a block", n)
	}
}

// One content has one hash, whatever driver, processor or Go version reads it.
// It changes only with what a tape tells a run; where its weeks are packed in
// another way, raise codecVersion.
func TestHashIsTheSameEverywhere(t *testing.T) {
	const want = "eb0d66dacd691f3f957b39b634729a8106c5c4197f02ab33b9528c30e52666f3"
	if got := hashOf(t, inventStore(t, inventDir(t)), TapeOptions{}); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}
