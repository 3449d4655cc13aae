package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/mattn/go-sqlite3" // the driver under comparison

	"carry"
	"carry/sim"
)

// whole measures whole processes over a store filled from the generated market.
func whole(r *report, rounds, coins, years int, dir string) error {
	bin := filepath.Join(dir, "backtest")
	if err := build(dir); err != nil {
		return err
	}
	single, err := store(dir, coins, years)
	if err != nil {
		return err
	}
	double, err := store(dir, coins, 2*years)
	if err != nil {
		return err
	}
	args := func(db string, more ...string) []string {
		a := []string{"--db", db, "--out", filepath.Join(dir, "out"), "--no-baselines"}
		for _, nv := range busy(busyTarget) {
			a = append(a, "--"+nv[0]+"="+nv[1])
		}
		return append(a, more...)
	}
	first, err := measure(dir, bin, args(single, "--result-only")...)
	if err != nil {
		return err
	}
	r.add(figure{Name: "first run, packing included: CPU", Value: first.cpu.Seconds(), Unit: "s"})
	if _, err := measure(dir, bin, args(double, "--result-only")...); err != nil {
		return err
	}
	if err := paired(r, rounds, dir, bin, single, double, args); err != nil {
		return err
	}
	if err := start(r, rounds, dir, bin, single, args); err != nil {
		return err
	}
	return packed(r, rounds, dir, single)
}

func paired(r *report, rounds int, dir, bin, single, double string, args func(string, ...string) []string) error {
	var ratio, cpuS, twice, mem, mem2, withReport, withBase []float64
	for range rounds {
		rows, err := measure(dir, os.Args[0], "-rows", single)
		if err != nil {
			return err
		}
		one, err := measure(dir, bin, args(single, "--result-only")...)
		if err != nil {
			return err
		}
		two, err := measure(dir, bin, args(double, "--result-only")...)
		if err != nil {
			return err
		}
		full, err := measure(dir, bin, args(single)...)
		if err != nil {
			return err
		}
		ratio = append(ratio, rows.cpu.Seconds()/one.cpu.Seconds())
		cpuS = append(cpuS, one.cpu.Seconds())
		twice = append(twice, two.cpu.Seconds()/one.cpu.Seconds())
		mem, mem2 = append(mem, float64(one.maxRSSKiB)/1024), append(mem2, float64(two.maxRSSKiB)/1024)
		withReport = append(withReport, full.cpu.Seconds())
		withBase = append(withBase, rows.cpu.Seconds())
	}
	r.add(figure{Name: "rows through database/sql / whole process to result.json", Value: median(ratio), Unit: "x", Aim: "≥ 8",
		Met: verdict(median(ratio) >= 8), Note: fmt.Sprintf("%.2f s against %.3f s of CPU", median(withBase), median(cpuS))})
	r.add(figure{Name: "the same with all tables, report and pictures: CPU", Value: median(withReport), Unit: "s"})
	r.add(figure{Name: "peak memory", Value: median(mem), Unit: "MiB", Aim: "≤ 64", Met: verdict(median(mem) <= 64)})
	r.add(figure{Name: "peak memory, years doubled", Value: median(mem2) / median(mem), Unit: "x", Aim: "≤ 1.15", Met: verdict(median(mem2) <= 1.15*median(mem))})
	r.add(figure{Name: "CPU, data doubled", Value: median(twice), Unit: "x", Aim: "≤ 2.1", Met: verdict(median(twice) <= 2.1)})
	return nil
}

// start measures the way to the first simulated bar on a window of 30 days.
func start(r *report, rounds int, dir, bin, db string, args func(string, ...string) []string) error {
	var ms []float64
	for range rounds {
		u, err := measure(dir, bin, args(db, "--result-only", "--trace", "start", "--from", "2022-03-01", "--to", "2022-03-31")...)
		if err != nil {
			return err
		}
		_, rest, ok := strings.Cut(u.stderr, "first simulated bar after ")
		if !ok {
			return errors.New("--trace start printed nothing")
		}
		v, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		if err != nil {
			return err
		}
		ms = append(ms, v)
	}
	r.add(figure{Name: "process start to first simulated bar, 30 days", Value: median(ms), Unit: "ms", Aim: "≤ 50", Met: verdict(median(ms) <= 50),
		Note: "wall clock, with whatever else the machine does; a month of warm-up is read before it; the kernel tells the start to 10 ms"})
	return nil
}

// build compiles the commands that are measured.
func build(dir string) error {
	cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./cmd/backtest", "./cmd/crawl")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// store fills a store from a generated market through crawl import.
func store(dir string, coins, years int) (string, error) {
	db := filepath.Join(dir, fmt.Sprintf("bench-%d-%d.db", coins, years))
	if _, err := os.Stat(db); err == nil {
		return db, nil
	}
	csv := filepath.Join(dir, fmt.Sprintf("csv-%d-%d", coins, years))
	if err := writeCSV(csv, coins, years); err != nil {
		return "", err
	}
	if _, err := measure(dir, filepath.Join(dir, "crawl"), "import", csv, "--db", db); err != nil {
		return "", err
	}
	return db, os.RemoveAll(csv)
}

// sheets are the CSV files of one coin.
type sheets struct {
	spot, perp, funding *bufio.Writer
	files               []*os.File
}

// writeCSV writes a generated market in the layout that crawl import reads.
func writeCSV(dir string, coins, years int) error {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed, o.NoListings, o.NoDelistings = coins, 1, true, true
	o.To = o.From + carry.Time(years*365)*carry.Day
	m, err := sim.NewMarket(o)
	if err != nil {
		return err
	}
	all := make([]sheets, coins)
	for i := range all {
		if err := all[i].open(dir, m.Info().Pairs[i].SpotSymbol); err != nil {
			return err
		}
	}
	var b carry.Block
	for err = m.Next(&b); err == nil; err = m.Next(&b) {
		for k := range b.N * b.P {
			at := b.Start + carry.Time(k/b.P)*b.Step
			s := &all[k%b.P]
			row(s.spot, at, &b.Spot, k)
			row(s.perp, at, &b.Perp, k)
		}
		for _, x := range b.Settled {
			fmt.Fprintf(all[x.Pair].funding, "%d,%s,%s,%g\n", x.At, carry.FormatFixed(int64(x.Rate)), x.Mark, x.IntervalH)
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	for i := range all {
		if err := all[i].close(); err != nil {
			return err
		}
	}
	return nil
}

func (s *sheets) open(dir, symbol string) error {
	for _, f := range []struct {
		folder, header string
		w              **bufio.Writer
	}{{"spot/1h", "open_time_ms,open,high,low,close,volume,quote_volume", &s.spot},
		{"perp/1h", "open_time_ms,open,high,low,close,volume,quote_volume", &s.perp},
		{"funding", "time_ms,rate,mark_price,interval_hours", &s.funding}} {
		if err := os.MkdirAll(filepath.Join(dir, f.folder), 0o755); err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(dir, f.folder, symbol+".csv"))
		if err != nil {
			return err
		}
		*f.w = bufio.NewWriterSize(file, 1<<16)
		s.files = append(s.files, file)
		fmt.Fprintln(*f.w, f.header)
	}
	return nil
}

func (s *sheets) close() error {
	err := errors.Join(s.spot.Flush(), s.perp.Flush(), s.funding.Flush())
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

func row(w *bufio.Writer, at carry.Time, b *carry.Bars, k int) {
	if b.Close[k] != b.Close[k] {
		return
	}
	line := strconv.AppendInt(w.AvailableBuffer(), int64(at), 10)
	for _, v := range [...]float64{b.Open[k], b.High[k], b.Low[k], b.Close[k], b.Volume[k]} {
		line = strconv.AppendFloat(append(line, ','), v, 'f', -1, 64)
	}
	w.Write(append(line, ",\n"...)) // the error stays with the writer until Flush
}

// readRows is the comparison: every kline row through database/sql.
func readRows(db string) error {
	d, err := sql.Open("sqlite3", "file:"+db+"?mode=ro")
	if err != nil {
		return err
	}
	defer d.Close()
	rows, err := d.Query(`SELECT series_id, open_ms, open, high, low, close, volume FROM kline ORDER BY series_id, open_ms`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var id, at int64
	var o, h, l, c, v, sum float64
	n := 0
	for rows.Next() {
		if err := rows.Scan(&id, &at, &o, &h, &l, &c, &v); err != nil {
			return err
		}
		sum += o + h + l + c + v
		n++
	}
	fmt.Println(n, sum)
	return rows.Err()
}
