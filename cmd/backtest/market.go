package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/cli"
	"carry/internal/lab"
)

// defaultDB is the store that commands find by themselves.
const defaultDB = "carry.db"

// marketFlags choose the market of a run.
type marketFlags struct {
	DB             string   `help:"SQLite store filled by crawl. Default: ./carry.db if it exists, else a generated market." placeholder:"FILE"`
	Coins          []string `help:"Only these coins (BTC,ETH); default all." placeholder:"COIN"`
	From           string   `help:"First day or hour of the run, UTC (2021-01 or 2021-01-05T08:00)." placeholder:"TIME"`
	To             string   `help:"End of the run, exclusive." placeholder:"TIME"`
	Generated      bool     `help:"Use the generated market even if there is a store."`
	GeneratedCoins int      `help:"Coins of the generated market." default:"20" placeholder:"N"`
	GeneratedYears float64  `help:"Years of the generated market, from 2021." default:"3" placeholder:"Y"`
	Seed           uint64   `help:"Seed of the generated market." default:"1"`
	FromRows       bool     `help:"Read the store's rows instead of its packed form (slow, same result)." hidden:""`
}

// market is an opened choice.
type market struct {
	open      lab.Opener
	store     *data.Store
	generated bool
	seed      uint64 // of the generated market
	rates     []lab.BillRate
}

func (m *market) close() {
	if m.store != nil {
		m.store.Close()
	}
}

// pick opens the store, or sets the generated market up.
func (f *marketFlags) pick(ctx context.Context, stderr io.Writer) (*market, error) {
	path := f.DB
	if path == "" && !f.Generated {
		if _, err := os.Stat(defaultDB); err == nil {
			path = defaultDB
		}
	}
	if f.Generated && f.DB != "" {
		return nil, cli.Failf(cli.Usage, "leave one of them out", "--generated and --db contradict each other")
	}
	if path == "" {
		return f.generatedMarket()
	}
	store, err := data.OpenExisting(path)
	if errors.Is(err, data.ErrNoData) && f.DB == "" {
		fmt.Fprintf(stderr, "%s: %s holds no history yet\n", program, path)
		return f.generatedMarket()
	}
	if err != nil {
		return nil, cli.Fail(cli.Incomplete, err, storeHint(err, path))
	}
	open := func(from, to carry.Time, coins []string) (carry.Tape, error) {
		return data.OpenTape(ctx, store, data.TapeOptions{From: from, To: to, Coins: coins, FromRows: f.FromRows})
	}
	return &market{open: open, store: store}, nil
}

func (f *marketFlags) generatedMarket() (*market, error) {
	open, err := lab.Generated(f.GeneratedCoins, f.GeneratedYears, f.Seed)
	if err != nil {
		return nil, cli.Fail(cli.Usage, err, "")
	}
	return &market{open: open, generated: true, seed: f.Seed}, nil
}

// bills are the store's own rates for the cash baseline, nil if it has none.
func (m *market) bills(ctx context.Context) ([]lab.BillRate, error) {
	if m.store == nil {
		return nil, nil
	}
	rows, err := m.store.BillRates(ctx)
	if err != nil {
		return nil, err
	}
	var out []lab.BillRate
	for _, r := range rows {
		out = append(out, lab.BillRate{From: r.From, Frac: r.Frac})
	}
	return out, nil
}

// coins are upper case in the data.
func (f *marketFlags) coins() []string {
	var out []string
	for _, c := range f.Coins {
		if c = strings.ToUpper(strings.TrimSpace(c)); c != "" {
			out = append(out, c)
		}
	}
	return out
}
