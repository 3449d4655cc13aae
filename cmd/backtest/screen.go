package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"carry"
	"carry/internal/cli"
	"carry/internal/lab"
)

type screenCmd struct {
	marketFlags
	At   string  `help:"The last settlement to count, inclusive; default the last one there is." placeholder:"TIME"`
	N    int     `short:"n" help:"Number of settlements (of 8 h)." default:"100"`
	Over float64 `help:"Mark coins at or above this mean, in percent per 8 h." default:"0.01" placeholder:"PCT"`
	JSON bool    `help:"An array of objects with coin and mean_pct." name:"json" xor:"form"`
	CSV  bool    `help:"Comma-separated." name:"csv" xor:"form"`
}

// Run prints the table.
func (c *screenCmd) Run(s *streams) error {
	if c.N < 1 || c.N > 100000 {
		return cli.Failf(cli.Usage, "try -n 100", "-n %d is outside 1..100000", c.N)
	}
	var at carry.Time
	if c.At != "" {
		t, err := carry.ParseTime(c.At)
		if err != nil {
			return cli.Fail(cli.Usage, fmt.Errorf("--at: %w", err), "")
		}
		at = t
	}
	m, err := c.pick(s.ctx, s.stderr)
	if err != nil {
		return err
	}
	defer m.close()
	rates, err := c.rates(s, m)
	if err != nil {
		return err
	}
	if at == 0 {
		for i := range rates {
			at = max(at, rates[i].At)
		}
	}
	rows := lab.Screen(rates, at, c.N)
	if len(rows) == 0 {
		return cli.Failf(cli.Incomplete, "crawl status shows what the data cover", "no settlement in the %d x 8 h before %s", c.N, at)
	}
	if m.generated {
		fmt.Fprintln(s.stderr, "GENERATED MARKET, not history. For real rates: crawl import DIR")
	}
	return c.print(s.stdout, rows, at)
}

// rates reads all settlements, of the store or of the generated market.
func (c *screenCmd) rates(s *streams, m *market) ([]lab.Rate, error) {
	if m.store != nil {
		rows, err := m.store.FundingRows(s.ctx, 0, math.MaxInt64)
		if err != nil {
			return nil, err
		}
		out := make([]lab.Rate, 0, len(rows))
		for _, r := range rows {
			out = append(out, lab.Rate{Coin: r.Coin, At: r.Slot, Rate: r.Rate, IntervalH: r.IntervalH})
		}
		return keep(out, c.coins())
	}
	tape, err := m.open(0, 0, nil)
	if err != nil {
		return nil, err
	}
	byCoin := make([][]lab.Rate, len(tape.Info().Pairs))
	var b carry.Block
	for err = tape.Next(&b); err == nil && s.ctx.Err() == nil; err = tape.Next(&b) {
		for _, x := range b.Settled {
			byCoin[x.Pair] = append(byCoin[x.Pair], lab.Rate{Coin: tape.Info().Pairs[x.Pair].Coin, At: x.At, Rate: x.Rate, IntervalH: x.IntervalH})
		}
	}
	if s.ctx.Err() != nil {
		return nil, s.ctx.Err()
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	var out []lab.Rate
	for _, r := range byCoin {
		out = append(out, r...)
	}
	return keep(out, c.coins())
}

// keep leaves the rates of the coins asked for, or all if none is named.
func keep(rates []lab.Rate, coins []string) ([]lab.Rate, error) {
	if coins == nil {
		return rates, nil
	}
	var have []string
	var out []lab.Rate
	for _, r := range rates {
		if len(have) == 0 || have[len(have)-1] != r.Coin {
			have = append(have, r.Coin)
		}
		if slices.Contains(coins, r.Coin) {
			out = append(out, r)
		}
	}
	for _, c := range coins {
		if !slices.Contains(have, c) {
			return nil, lab.UnknownCoin(c, have)
		}
	}
	return out, nil
}

func (c *screenCmd) print(w io.Writer, rows []lab.ScreenRow, at carry.Time) error {
	switch {
	case c.JSON:
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(rows)
	case c.CSV:
		out := csv.NewWriter(w)
		_ = out.Write([]string{"coin", "mean_pct", "settlements", "window_full", "last_pct"})
		for _, r := range rows {
			_ = out.Write([]string{r.Coin, strconv.FormatFloat(r.MeanPct, 'f', 6, 64), strconv.Itoa(r.N),
				strconv.FormatBool(r.Full), strconv.FormatFloat(r.Last, 'f', 6, 64)})
		}
		out.Flush()
		return out.Error()
	}
	return c.table(w, rows, at)
}

// table is for a person: sorted, with the number of negative coins and the
// overall mean.
func (c *screenCmd) table(w io.Writer, rows []lab.ScreenRow, at carry.Time) error {
	fmt.Fprintf(w, "as of %s, mean of the last %d settlements, %% per 8 h\n", at, c.N)
	fmt.Fprintf(w, "%-12s %9s %9s %12s\n", "coin", "mean", "last", "settlements")
	negative, over, full, sum := 0, 0, 0, 0.0
	for _, r := range rows {
		note := ""
		if !r.Full {
			note = "  window not full"
		} else {
			full++
			sum += r.MeanPct
			if r.MeanPct < 0 {
				negative++
			}
			if r.MeanPct >= c.Over {
				over++
			}
		}
		fmt.Fprintf(w, "%-12s %9.4f %9.4f %12d%s\n", r.Coin, r.MeanPct, r.Last, r.N, note)
	}
	if full == 0 {
		_, err := fmt.Fprintln(w, "no coin has a full window")
		return err
	}
	fmt.Fprintf(w, "coins %d   negative %d   overall mean %.4f   best %s %.4f\nat or over your %g: %d\n",
		full, negative, sum/float64(full), rows[0].Coin, rows[0].MeanPct, c.Over, over)
	if over == 0 {
		fmt.Fprintln(w, "NOTHING qualifies. A run started now would sit in cash.")
	}
	return nil
}
