package calibrate

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Leg names as in the history's folders.
const (
	Spot = "spot"
	Perp = "perp"
)

// table is a gzipped CSV file with a header; row hands out fields by name.
type table struct {
	path string
	file *os.File
	csv  *csv.Reader
	col  map[string]int
	line int
	now  []string
	err  error
}

func openTable(path string, columns ...string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: not gzip: %w", path, err), f.Close())
	}
	t := &table{path: path, file: f, csv: csv.NewReader(z), col: make(map[string]int), line: 1}
	t.csv.ReuseRecord = true
	head, err := t.csv.Read()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: no header: %w", path, err), f.Close())
	}
	for i, name := range head {
		t.col[name] = i
	}
	for _, name := range columns {
		if _, ok := t.col[name]; !ok {
			return nil, errors.Join(fmt.Errorf("%s: no column %s", path, name), f.Close())
		}
	}
	return t, nil
}

// next moves to the following row; it is false at the end and after an error.
func (t *table) next() bool {
	if t.err != nil {
		return false
	}
	row, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return false
	}
	t.line++
	t.now, t.err = row, err
	return err == nil
}

func (t *table) text(name string) string { return t.now[t.col[name]] }

// number is a field as a finite number; the first that is none ends the reading.
func (t *table) number(name string) float64 {
	x, err := strconv.ParseFloat(t.text(name), 64)
	if err == nil && (x != x || x-x != 0) {
		err = errors.New("not finite")
	}
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("column %s: %w", name, err)
	}
	return x
}

// close ends the reading and tells the first error with its place.
func (t *table) close() error {
	if t.err != nil {
		t.err = fmt.Errorf("%s line %d: %w", t.path, t.line, t.err)
	}
	return errors.Join(t.err, t.file.Close())
}

// Quote is the best bid and ask of one symbol at one moment; quantities in
// base units.
type Quote struct {
	Symbol                   string
	Bid, BidQty, Ask, AskQty float64
	// StepUSDT is the largest power of ten that both prices are a multiple of:
	// the tick, or up to ten ticks where both prices happen to be round.
	StepUSDT float64
}

// Mid is the mean of bid and ask.
func (q *Quote) Mid() float64 { return (q.Bid + q.Ask) / 2 }

// HalfFrac is half the quoted spread as a fraction of mid.
func (q *Quote) HalfFrac() float64 { return (q.Ask - q.Bid) / 2 / q.Mid() }

// ReadQuotes reads a file of book tickers: all pairs at one instant (with a
// column symbol), or one pair's second by second.
func ReadQuotes(path string) ([]Quote, error) {
	t, err := openTable(path, "bid", "bid_qty", "ask", "ask_qty")
	if err != nil {
		return nil, err
	}
	_, named := t.col["symbol"]
	var out []Quote
	for t.next() {
		q := Quote{Bid: t.number("bid"), BidQty: t.number("bid_qty"), Ask: t.number("ask"), AskQty: t.number("ask_qty"),
			StepUSDT: min(stepOf(t.text("bid")), stepOf(t.text("ask")))}
		if named {
			q.Symbol = t.text("symbol")
		}
		if t.err == nil && !(q.Bid > 0 && q.Ask > q.Bid) {
			t.err = fmt.Errorf("bid %g, ask %g", q.Bid, q.Ask)
		}
		out = append(out, q)
	}
	return out, t.close()
}

// stepOf is the place value of a decimal's last digit that is not 0.
func stepOf(s string) float64 {
	whole, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	digits := -len(frac)
	if frac == "" {
		digits = len(whole) - len(strings.TrimRight(whole, "0"))
	}
	step := 1.0
	for ; digits > 0; digits-- {
		step *= 10
	}
	for ; digits < 0; digits++ {
		step /= 10
	}
	return step
}

// ReadTicks reads the tick sizes of an exchangeInfo answer, by symbol.
func ReadTicks(path string) (map[string]float64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read tick sizes: %w", err)
	}
	var info struct {
		Symbols []struct {
			Symbol  string
			Filters []struct{ FilterType, TickSize string }
		}
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ticks := make(map[string]float64)
	for _, s := range info.Symbols {
		for _, f := range s.Filters {
			if f.FilterType != "PRICE_FILTER" {
				continue
			}
			if ticks[s.Symbol], err = strconv.ParseFloat(f.TickSize, 64); err != nil {
				return nil, fmt.Errorf("%s: tick of %s: %w", path, s.Symbol, err)
			}
		}
	}
	return ticks, nil
}
