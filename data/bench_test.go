package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"carry"
)

// benchMarket writes n coins × weeks of invented bars straight into the tables.
func benchMarket(b *testing.B, coins, weeks int) *Store {
	b.Helper()
	s, err := Open(filepath.Join(b.TempDir(), "carry.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	ctx := context.Background()
	for c := range coins {
		symbol := fmt.Sprintf("C%02dUSDT", c)
		bars, err := parseBars(nil, &source{path: "bench", text: []byte(inventBars(monday, weeks*weekBars, float64(c+1)*3.7))}, kindSpot)
		if err != nil {
			b.Fatal(err)
		}
		paid, err := parseFunding(nil, &source{path: "bench", text: []byte(inventFunding(monday, weeks*21))})
		if err != nil {
			b.Fatal(err)
		}
		for _, kind := range []string{kindSpot, kindPerp} {
			if _, err := s.storeBars(ctx, &source{path: symbol, sha: symbol}, kind, symbol, bars); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := s.storeFunding(ctx, &source{path: symbol, sha: symbol}, symbol, paid); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.link(ctx, &ImportReport{}); err != nil {
		b.Fatal(err)
	}
	return s
}

func perBar(b *testing.B, bars int) {
	b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
}

// BenchmarkDecode unpacks one week of 74 coins, both legs, into a used block.
func BenchmarkDecode(b *testing.B) {
	s := benchMarket(b, 74, 2)
	tape := openTape(b, s, TapeOptions{FromRows: true})
	var block carry.Block
	for range 2 { // the second one is a whole week
		if err := tape.Next(&block); err != nil {
			b.Fatal(err)
		}
	}
	end := block.End()
	b.SetBytes(int64(len(tape.week.bytes)))
	b.ReportAllocs()
	for b.Loop() {
		block.Resize(weekBars, 74)
		if err := tape.decode(&block, end); err != nil {
			b.Fatal(err)
		}
	}
	perBar(b, 2*74*weekBars)
	b.ReportMetric(float64(len(tape.week.bytes))/(2*74*float64(weekBars)), "B/bar")
}

// BenchmarkTape opens a packed database's tape and reads all of it.
func BenchmarkTape(b *testing.B) {
	s := benchMarket(b, 74, 8)
	read := func(o TapeOptions) (bars int) {
		tape := openTape(b, s, o)
		defer tape.Close()
		var block carry.Block
		for {
			err := tape.Next(&block)
			if errors.Is(err, io.EOF) {
				return bars
			}
			if err != nil {
				b.Fatal(err)
			}
			bars += 2 * block.N * block.P
		}
	}
	bars := read(TapeOptions{})
	b.ReportAllocs()
	for b.Loop() {
		read(TapeOptions{})
	}
	perBar(b, bars)
}

// BenchmarkRowScan is what BenchmarkTape is to be measured against: the same
// bars through database/sql.
func BenchmarkRowScan(b *testing.B) {
	s := benchMarket(b, 74, 8)
	bars := 0
	for b.Loop() {
		bars = 0
		var at int64
		var o, h, l, c, v float64
		err := eachRow(b.Context(), s.r, func(rows *sql.Rows) error {
			bars++
			return rows.Scan(&at, &o, &h, &l, &c, &v)
		}, `SELECT open_ms, open, high, low, close, volume FROM kline ORDER BY series_id, open_ms`)
		if err != nil {
			b.Fatal(err)
		}
	}
	perBar(b, bars)
}

// BenchmarkPack packs weeks from rows.
func BenchmarkPack(b *testing.B) {
	s := benchMarket(b, 74, 8)
	from, to, err := s.Span(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.w.Exec("DELETE FROM block"); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Pack(b.Context(), from, to); err != nil {
			b.Fatal(err)
		}
	}
	perBar(b, 2*74*8*weekBars)
}

// BenchmarkImport stores new klines, triggers and all.
func BenchmarkImport(b *testing.B) {
	bars, err := parseBars(nil, &source{path: "bench", text: []byte(inventBars(monday, 40_000, 9))}, kindSpot)
	if err != nil {
		b.Fatal(err)
	}
	s := benchMarket(b, 1, 1)
	n := 0
	for b.Loop() {
		n++
		symbol := fmt.Sprintf("N%dUSDT", n)
		if _, err := s.storeBars(b.Context(), &source{path: symbol, sha: symbol}, kindSpot, symbol, bars); err != nil {
			b.Fatal(err)
		}
	}
	perBar(b, len(bars))
}
