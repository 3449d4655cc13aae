package crawl

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"carry"
	"carry/data"
	"carry/internal/exchange"
)

// meddle changes a database behind the store's back.
func meddle(t *testing.T, path string, statements ...string) {
	t.Helper()
	name := "sqlite"
	if slices.Contains(sql.Drivers(), "sqlite3") {
		name = "sqlite3"
	}
	db, err := sql.Open(name, path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// A verification of what was fetched finds nothing. Whatever somebody then does
// to the rows, or the archive to its files, it finds that and says where.
func TestVerifyFindsWhatIsWrong(t *testing.T) {
	const series = "(SELECT id FROM series WHERE kind = 'perp' AND symbol = 'AAAUSDT')"
	changed := tinyNow + carry.Hour
	for _, c := range []struct {
		name, statement, says string
		faults                exchange.Faults
		missing               int
	}{
		{name: "nothing"},
		{name: "a changed price", statement: `UPDATE kline SET close = close * 1.0001, high = high * 1.001 WHERE open_ms % 7200000 = 0 AND series_id = ` + series, says: "differs: "},
		{name: "a changed rate", statement: `UPDATE funding SET rate_e8 = rate_e8 + 1`, says: "differs: "},
		{name: "rows deleted", statement: `DELETE FROM kline WHERE open_ms BETWEEN 1735700000000 AND 1735750000000 AND series_id = ` + series, missing: 14},
		{name: "settlements deleted", statement: `DELETE FROM funding WHERE slot_ms BETWEEN 1735700000000 AND 1735800000000`, missing: 3},
		{name: "published again", says: "differs: stored ", faults: exchange.Faults{Rules: []exchange.FaultRule{{Kind: exchange.FaultRepublished, Path: "*.zip", At: changed}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{Faults: c.faults})
			s := w.open()
			o := Options{Coins: []string{"AAA"}, Now: tinyNow, Kinds: []string{data.KindPerp, data.KindFunding}}
			w.crawl(s, o)
			if c.statement != "" {
				meddle(t, w.path, c.statement, `DELETE FROM searched`, `INSERT OR IGNORE INTO regap SELECT id FROM series`)
				if _, err := s.Finish(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			w.clock.now = changed + carry.Hour
			v, err := Verify(t.Context(), s, w.client(), VerifyOptions{Samples: 10, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Samples) < 4 {
				t.Errorf("%d samples", len(v.Samples))
			}
			said := ""
			for _, x := range v.Samples {
				said += strings.Join([]string{x.File, x.Checksum, x.Content, x.Daily, x.REST, ""}, "\n")
			}
			if c.says != "" && !strings.Contains(said, c.says) {
				t.Errorf("no %q in\n%s", c.says, said)
			}
			if v.Missing() != c.missing {
				t.Errorf("%d rows missing, want %d", v.Missing(), c.missing)
			}
			if whole := c.says == "" && c.missing == 0; v.Complete() != whole {
				t.Errorf("complete: %v\n%s", v.Complete(), said)
			}
		})
	}
}

// Bars that are allowed and hard to believe are told: a jump of the price, and a
// premium between the legs.
func TestVerifyTellsOddPrices(t *testing.T) {
	w := newWorld(t, exchange.TinyFacts(), tinyNow, exchange.Options{})
	s := w.open()
	w.crawl(s, Options{Coins: []string{"AAA"}, Now: tinyNow, Kinds: []string{data.KindPerp, data.KindSpot, data.KindFunding}})
	if v, err := Verify(t.Context(), s, nil, VerifyOptions{}); err != nil || len(v.Oddities) != 0 {
		t.Fatal(v.Oddities, err)
	}
	meddle(t, w.path, `UPDATE kline SET high = high * 4, close = close * 4 WHERE open_ms = 1735689600000 AND series_id = (SELECT id FROM series WHERE kind = 'perp' AND symbol = 'AAAUSDT')`)
	v, err := Verify(t.Context(), s, nil, VerifyOptions{})
	if err != nil || len(v.Oddities) != 2 {
		t.Fatal(v.Oddities, err)
	}
	for _, o := range v.Oddities {
		if o.At != 1735689600000 && o.At != 1735693200000 {
			t.Errorf("%+v", o)
		}
	}
}

// A contract on 1,000 coins belongs to its coin where the prices say so, and
// to none where they do not, whatever its name.
func TestMultipliersAreVerifiedByPrice(t *testing.T) {
	for times, want := range map[int64]string{1000: "AAA=AAAUSDT+1000AAAUSDT x1000", 10: "1000AAA=+1000AAAUSDT x1 AAA=AAAUSDT+ x1"} {
		facts := exchange.TinyFacts()
		rename(t, facts, "AAAUSDT", "1000AAAUSDT", times)
		w := newWorld(t, facts, tinyNow, exchange.Options{})
		s := w.open()
		if rep := w.crawl(s, Options{Coins: []string{"AAA"}, Now: tinyNow, Kinds: []string{data.KindPerp, data.KindSpot, data.KindFunding}}); !rep.Complete() {
			t.Errorf("%+v", rep.Lacks)
		}
		list, err := s.Instruments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range list {
			got = append(got, fmt.Sprintf("%s=%s+%s x%d", i.Coin, i.SpotSymbol, i.PerpSymbol, i.Mult))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("prices times %d: %s, want %s", times, text, want)
		}
	}
}

// rename gives a perpetual another name and multiplies its prices.
func rename(t *testing.T, f *exchange.MemoryFacts, from, to string, times int64) {
	t.Helper()
	more := func(text string) string {
		x, err := carry.ParseFixed(text)
		if err != nil {
			t.Fatal(err)
		}
		return carry.FormatFixed(x * times)
	}
	listed := f.Listed[exchange.FuturesMarket]
	for i := range listed {
		if listed[i].Name == from {
			listed[i].Name = to
		}
	}
	slices.SortFunc(listed, func(a, b exchange.Symbol) int { return strings.Compare(a.Name, b.Name) })
	for kind := exchange.PerpKlines; kind < exchange.PremiumKlines; kind++ {
		key := exchange.Series{Kind: kind, Symbol: from}
		rows := f.Rows[key]
		for i := range rows {
			k := &rows[i]
			k.Open, k.High, k.Low, k.Close = more(k.Open), more(k.High), more(k.Low), more(k.Close)
		}
		f.Rows[exchange.Series{Kind: kind, Symbol: to}] = rows
		delete(f.Rows, key)
	}
	f.Settled[to] = f.Settled[from]
	delete(f.Settled, from)
}
