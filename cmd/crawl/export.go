package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/cli"
)

// exportCmd is crawl export.
type exportCmd struct {
	DB     string `name:"db" default:"./carry.db" placeholder:"FILE" help:"Database to read (${default})."`
	Out    string `default:"./export" placeholder:"DIR" help:"Folder to write, one file per kind (${default})."`
	Format string `default:"csv" help:"csv or parquet (${default})."`
	Kinds  string `default:"funding,spot,perp,mark,premium" help:"What to write (${default})."`
	Coins  string `placeholder:"BTC,ETH" help:"Only these coins."`
	From   string `placeholder:"DATE" help:"First bar."`
	To     string `placeholder:"DATE" help:"End, exclusive."`
}

// barRow is a line of an export of bars. Columns that a kind lacks are empty.
type barRow struct {
	Symbol string   `parquet:"symbol,dict"`
	At     int64    `parquet:"open_time,timestamp(millisecond)"`
	Open   float64  `parquet:"open"`
	High   float64  `parquet:"high"`
	Low    float64  `parquet:"low"`
	Close  float64  `parquet:"close"`
	Volume *float64 `parquet:"volume,optional"`
	Quote  *float64 `parquet:"quote_volume,optional"`
}

// fundingRow is a line of an export of settlements.
type fundingRow struct {
	Symbol  string   `parquet:"symbol,dict"`
	At      int64    `parquet:"time,timestamp(millisecond)"`
	Slot    int64    `parquet:"slot,timestamp(millisecond)"`
	Rate    float64  `parquet:"rate"`
	Mark    *float64 `parquet:"mark_price,optional"`
	Hours   *float64 `parquet:"interval_hours,optional"`
	Special bool     `parquet:"special"`
}

// table is a file being written.
type table interface {
	bar(r *barRow) error
	payment(r *fundingRow) error
	// end writes what is left; the file itself stays open.
	end() error
}

// Run implements the command.
func (c *exportCmd) Run(e *env) (err error) {
	from, err := parseTime("from", c.From)
	if err != nil {
		return err
	}
	to, err := parseTime("to", c.To)
	if err != nil {
		return err
	}
	if c.Format != "csv" && c.Format != "parquet" {
		return cli.Failf(cli.Usage, "", "--format %s: want csv or parquet", c.Format)
	}
	store, err := data.OpenExisting(c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	coins, err := store.Instruments(e.ctx)
	if err != nil {
		return err
	}
	if wanted := words(strings.ToUpper(c.Coins)); len(wanted) > 0 {
		coins = slices.DeleteFunc(coins, func(i data.Instrument) bool { return !contains(wanted, i.Coin) })
	}
	if len(coins) == 0 {
		return cli.Failf(cli.Usage, "crawl list --db "+c.DB+" names them", "the database has none of these coins: %s", c.Coins)
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for _, kind := range words(c.Kinds) {
		if !slices.Contains([]string{data.KindFunding, data.KindSpot, data.KindPerp, data.KindMark, data.KindPremium}, kind) {
			return cli.Failf(cli.Usage, "", "--kinds %s: want some of funding, spot, perp, mark, premium", kind)
		}
		if err := c.write(e, store, kind, coins, data.Span{From: from, To: to}); err != nil {
			return err
		}
	}
	return nil
}

// write makes one file under a temporary name and renames it when it is whole.
func (c *exportCmd) write(e *env, store *data.Store, kind string, coins []data.Instrument, span data.Span) (err error) {
	path := filepath.Join(c.Out, kind+"."+c.Format)
	f, err := os.CreateTemp(c.Out, "."+kind+"-*")
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	buffered := bufio.NewWriterSize(f, 1<<20)
	var t table
	if c.Format == "parquet" {
		t = newParquet(buffered, kind)
	} else if t, err = newCSV(buffered, kind); err != nil {
		return err
	}
	rows := 0
	for _, coin := range coins {
		n, err := exportSeries(e, store, t, kind, &coin, span)
		if err != nil {
			return err
		}
		rows += n
	}
	if err := errors.Join(t.end(), buffered.Flush(), f.Chmod(0o644), f.Sync()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %s rows\n", path, grouped(rows))
	return err
}

// exportSeries writes the rows of one coin.
func exportSeries(e *env, store *data.Store, t table, kind string, coin *data.Instrument, span data.Span) (rows int, err error) {
	symbol := coin.PerpSymbol
	if kind == data.KindSpot {
		symbol = coin.SpotSymbol
	}
	if symbol == "" {
		return 0, nil
	}
	if kind == data.KindFunding {
		err = store.EachPayment(e.ctx, symbol, span.From, span.To, func(p *data.Payment) error {
			rows++
			return t.payment(&fundingRow{symbol, int64(p.At), int64(p.At.Slot()), p.Rate.Float(), optional(p.Mark), optional(p.Hours), p.Special})
		})
		return rows, err
	}
	err = store.EachBar(e.ctx, data.Series{Kind: kind, Symbol: symbol, Step: carry.Hour}, span.From, span.To, func(b *data.Bar) error {
		rows++
		return t.bar(&barRow{symbol, int64(b.At), b.Open, b.High, b.Low, b.Close, optional(b.Volume), optional(b.Quote)})
	})
	return rows, err
}

func optional(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// csvTable writes comma separated values, times in milliseconds.
type csvTable struct {
	w   io.Writer
	buf []byte
}

func newCSV(w io.Writer, kind string) (*csvTable, error) {
	head := "symbol,open_time_ms,open,high,low,close,volume,quote_volume\n"
	if kind == data.KindFunding {
		head = "symbol,time_ms,slot_ms,rate,mark_price,interval_hours,rate_type\n"
	}
	if _, err := io.WriteString(w, head); err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	return &csvTable{w: w}, nil
}

func (t *csvTable) number(x float64) { t.buf = strconv.AppendFloat(append(t.buf, ','), x, 'f', -1, 64) }

func (t *csvTable) maybe(x *float64) {
	if x == nil {
		t.buf = append(t.buf, ',')
		return
	}
	t.number(*x)
}

func (t *csvTable) bar(r *barRow) error {
	t.buf = append(append(t.buf[:0], r.Symbol...), ',')
	t.buf = strconv.AppendInt(t.buf, r.At, 10)
	for _, x := range [...]float64{r.Open, r.High, r.Low, r.Close} {
		t.number(x)
	}
	t.maybe(r.Volume)
	t.maybe(r.Quote)
	return t.flush()
}

func (t *csvTable) payment(r *fundingRow) error {
	t.buf = append(append(t.buf[:0], r.Symbol...), ',')
	t.buf = append(strconv.AppendInt(t.buf, r.At, 10), ',')
	t.buf = strconv.AppendInt(t.buf, r.Slot, 10)
	t.number(r.Rate)
	t.maybe(r.Mark)
	t.maybe(r.Hours)
	kind := ",regular"
	if r.Special {
		kind = ",special"
	}
	t.buf = append(t.buf, kind...)
	return t.flush()
}

func (t *csvTable) flush() error {
	_, err := t.w.Write(append(t.buf, '\n'))
	return err
}

func (t *csvTable) end() error { return nil }
