package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"carry"
	"carry/data"
)

// packed measures the packed form: its size, and how fast it decodes compared
// with SQLite's own C code stepping through the rows.
func packed(r *report, rounds int, dir, db string) error {
	bytes, bars, err := sizes(db)
	if err != nil {
		return err
	}
	r.add(figure{Name: "packed form", Value: bytes / bars, Unit: "bytes a bar", Aim: "≤ 20", Met: verdict(bytes/bars <= 20)})
	var decode, step []float64
	for range rounds {
		n, took, err := decodeAll(db)
		if err != nil {
			return err
		}
		decode = append(decode, float64(n)/took/1e6)
		if _, err := exec.LookPath("sqlite3"); err != nil {
			continue
		}
		u, err := measure(dir, "sqlite3", db, "SELECT sum(open_ms), sum(open), sum(high), sum(low), sum(close), sum(volume) FROM kline")
		if err != nil {
			return err
		}
		step = append(step, bars/u.cpu.Seconds()/1e6)
	}
	if len(step) == 0 {
		r.add(figure{Name: "packed form decoded", Value: median(decode), Unit: "M bars/s", Note: "no sqlite3 shell here to compare with"})
		return nil
	}
	ratio := median(decode) / median(step)
	r.add(figure{Name: "packed form decoded / rows stepped in C", Value: ratio, Unit: "x", Aim: "≥ 2", Met: verdict(ratio >= 2),
		Note: fmt.Sprintf("%.0f M bars/s, reading of blobs included, against %.1f M rows/s of the sqlite3 shell summing the columns", median(decode), median(step))})
	return nil
}

func sizes(db string) (bytes, bars float64, err error) {
	d, err := sql.Open("sqlite3", "file:"+db+"?mode=ro")
	if err != nil {
		return 0, 0, err
	}
	defer d.Close()
	if err := d.QueryRow(`SELECT sum(length(bytes)) FROM block`).Scan(&bytes); err != nil {
		return 0, 0, err
	}
	err = d.QueryRow(`SELECT count(*) FROM kline`).Scan(&bars)
	return bytes, bars, err
}

// decodeAll reads and decodes every block and returns bars and CPU seconds.
func decodeAll(db string) (int, float64, error) {
	s, err := data.OpenExisting(db)
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	t, err := data.OpenTape(context.Background(), s, data.TapeOptions{})
	if err != nil {
		return 0, 0, err
	}
	start := cpu()
	var b carry.Block
	n := 0
	for err = t.Next(&b); err == nil; err = t.Next(&b) {
		n += 2 * b.N * b.P
	}
	if !errors.Is(err, io.EOF) {
		return 0, 0, err
	}
	return n, (cpu() - start).Seconds(), nil
}
