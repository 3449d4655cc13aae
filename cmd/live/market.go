package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/cli"
	"carry/internal/lab"
)

// defaultDB is the store that commands find by themselves.
const defaultDB = "carry.db"

// worldFlags choose market, strategy and settings, as in backtest.
type worldFlags struct {
	DB             string            `help:"SQLite store filled by crawl. Default: ./carry.db if it exists, else a generated market." placeholder:"FILE"`
	Coins          []string          `help:"Only these coins (BTC,ETH); default all." placeholder:"COIN"`
	From           string            `help:"First day or hour, UTC (2023-06-01)." placeholder:"TIME"`
	To             string            `help:"End, exclusive." placeholder:"TIME"`
	Generated      bool              `help:"Use the generated market even if there is a store."`
	GeneratedCoins int               `help:"Coins of the generated market." default:"8" placeholder:"N"`
	GeneratedYears float64           `help:"Years of the generated market, from 2021." default:"0.25" placeholder:"Y"`
	Seed           uint64            `help:"Seed of the generated market." default:"1"`
	Config         string            `help:"Settings file (TOML); backtest params --toml writes one. Flags win over it." placeholder:"FILE"`
	Strategy       string            `help:"funding, hold, holdvalue or null; default funding." placeholder:"NAME"`
	Preset         string            `help:"default, or seed for the original author's numbers." placeholder:"NAME"`
	Capital        float64           `help:"Opening balance in USDT; default 10000." placeholder:"USDT"`
	Set            map[string]string `help:"Set a parameter; --NAME=VALUE does the same. See backtest params." placeholder:"NAME=VALUE" mapsep:"none"`
}

// spec makes the run's specification; close releases the store.
func (f *worldFlags) spec(s *streams) (spec *lab.Spec, close func(), err error) {
	if spec, err = f.settingsOnly(s); err != nil {
		return nil, nil, err
	}
	close, err = f.market(s, spec)
	return spec, close, err
}

// settingsOnly makes a specification without a market.
func (f *worldFlags) settingsOnly(s *streams) (spec *lab.Spec, err error) {
	file := &lab.Config{}
	if f.Config != "" {
		if file, err = lab.ReadConfig(f.Config); err != nil {
			return nil, cli.Fail(cli.Usage, err, "backtest params lists names and ranges")
		}
	}
	entry, err := lab.Strategy(cmp.Or(f.Strategy, file.Strategy, "funding"), cmp.Or(f.Preset, file.Preset))
	if err != nil {
		return nil, cli.Fail(cli.Usage, err, "")
	}
	spec = &lab.Spec{Entry: entry, Settings: entry.New(), Models: lab.DefaultModels(), NoBaselines: true, Seed: f.Seed,
		Command: strings.TrimSpace(program + " " + strings.Join(s.args, " "))}
	for _, t := range [...]struct {
		name, text string
		to         *carry.Time
	}{{"--from", f.From, &spec.From}, {"--to", f.To, &spec.To}} {
		if t.text == "" {
			continue
		}
		if *t.to, err = carry.ParseTime(t.text); err != nil {
			return nil, cli.Fail(cli.Usage, fmt.Errorf("%s: %w", t.name, err), "")
		}
	}
	for _, c := range f.Coins {
		if c = strings.ToUpper(strings.TrimSpace(c)); c != "" {
			spec.Coins = append(spec.Coins, c)
		}
	}
	if err := f.settings(file, spec); err != nil {
		return nil, cli.Fail(cli.Usage, err, "backtest params lists names and ranges")
	}
	return spec, nil
}

// settings applies file and flags.
func (f *worldFlags) settings(file *lab.Config, spec *lab.Spec) error {
	if err := file.Apply(f.Config, spec); err != nil {
		return err
	}
	if f.Capital != 0 {
		if err := spec.Set("capitalUSDT", strconv.FormatFloat(f.Capital, 'f', -1, 64)); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(f.Set))
	for n := range f.Set {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if err := spec.Set(n, f.Set[n]); err != nil {
			return err
		}
	}
	return spec.Settings.Validate()
}

// market opens the store, or sets the generated market up.
func (f *worldFlags) market(s *streams, spec *lab.Spec) (close func(), err error) {
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
		if spec.Open, err = lab.Generated(f.GeneratedCoins, f.GeneratedYears, f.Seed); err != nil {
			return nil, cli.Fail(cli.Usage, err, "")
		}
		fmt.Fprintf(s.stderr, "%s: generated market, not history: %d coins, seed %d\n", program, f.GeneratedCoins, f.Seed)
		return func() {}, nil
	}
	return f.openStore(s, spec, path)
}

// openStore makes a store the market.
func (f *worldFlags) openStore(s *streams, spec *lab.Spec, path string) (close func(), err error) {
	store, err := data.OpenExisting(path)
	if err != nil {
		return nil, cli.Fail(cli.Incomplete, err, "crawl import DIR --db "+path+" fills one; --generated needs none")
	}
	spec.Open = func(from, to carry.Time, coins []string) (carry.Tape, error) {
		return data.OpenTape(s.ctx, store, data.TapeOptions{From: from, To: to, Coins: coins})
	}
	return func() { store.Close() }, nil
}
