package lab

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"carry"
	"carry/data"
	"carry/internal/testenv"
	"carry/sim"
	"carry/strategy"
)

// What all tests of this package play with: small markets, a part of the real
// history, and runs whose parts can be exchanged.

const newYear21 = carry.Time(1609459200000)

// smallMarket is a generated market of some coins and months from 2021 on.
func smallMarket(seed uint64, coins, months int) sim.MarketOptions {
	return sim.MarketOptions{Seed: seed, Coins: coins, From: newYear21, To: newYear21 + carry.Time(30*months)*carry.Day}
}

func generate(t testing.TB, o sim.MarketOptions) carry.Tape {
	t.Helper()
	m, err := sim.NewMarket(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// replay is a recorded tape that gives every reader blocks of its own, which
// may be written to.
type replay struct {
	kept *kept
	next int
}

func (r *replay) Info() *carry.TapeInfo { return r.kept.info }

func (r *replay) Next(b *carry.Block) error {
	if r.next == len(r.kept.blocks) {
		return io.EOF
	}
	src := r.kept.blocks[r.next]
	r.next++
	b.Start, b.Step = src.Start, src.Step
	b.Resize(src.N, src.P)
	for k, col := range blockColumns(src) {
		copy(blockColumns(b)[k], col)
	}
	b.Settled = append(b.Settled, src.Settled...)
	return nil
}

func blockColumns(b *carry.Block) [14][]float64 {
	return [...][]float64{
		b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close, b.Spot.Volume,
		b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close, b.Perp.Volume,
		b.MarkOpen, b.MarkHigh, b.MarkClose, b.Premium,
	}
}

// setUp is a run of a strategy over a tape with settings "name=value".
func setUp(t testing.TB, name string, tape carry.Tape, settings ...string) *Spec {
	t.Helper()
	e, err := strategy.Find(name, "")
	if err != nil {
		t.Fatal(err)
	}
	s := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels(), NoBaselines: true, Seed: 1,
		Open: func(carry.Time, carry.Time, []string) (carry.Tape, error) { return tape, nil }}
	for _, text := range settings {
		name, value, _ := strings.Cut(text, "=")
		if err := s.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// eager makes the strategy trade as much as it can, so that a small market
// yields many decisions.
var eager = []string{"coinsTargetN=4", "openRateMinFrac=0", "openMeanMinFrac=0", "closeMeanMaxFrac=off", "minAgeD=3",
	"minVolumeUSDT=0", "screenN=21", "reopenAfterH=1", "openPremiumMinFrac=-0.001", "closeRateMaxFrac=-0.0001", "riseTrimFrac=0.1"}

// stage exchanges parts of a run.
type stage struct {
	fees    sim.FeeModel                // nil: the models'
	core    func(carry.Core) carry.Core // wraps the strategy's core
	journal func(*lane) carry.Journal   // replaces the journal
}

// play makes a run without baselines.
func play(t testing.TB, s *Spec, st stage) *carry.Result {
	t.Helper()
	tape, from, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	info := tape.Info()
	l, err := newLane("this run", s.Entry, s.Settings, s, info, from)
	if err != nil {
		t.Fatal(err)
	}
	if st.fees != nil {
		opt := s.Models.options(s.Settings, s.Seed)
		opt.Fees = st.fees
		if l.venue, err = sim.NewVenue(info, opt, from); err != nil {
			t.Fatal(err)
		}
		l.run.Venue = l.venue
	}
	if st.core != nil {
		l.run.Core = st.core(l.run.Core)
	}
	if st.journal != nil {
		l.run.Journal = st.journal(l)
	}
	res, err := runToEnd(s, tape, from, l)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func runToEnd(s *Spec, tape carry.Tape, from carry.Time, l *lane) (*carry.Result, error) {
	q := sim.NewQuoter(tape.Info(), s.Models.quotes(), from)
	if err := drive(context.Background(), tape, q, []*lane{l}, &Observer{}, from); err != nil {
		return nil, err
	}
	return l.finish(s, tape.Info(), q)
}

// said is one command with the moment of its decision.
type said struct {
	at carry.Time
	carry.Command
}

// diary is a journal that keeps the commands and the fills.
type diary struct {
	strategy.NoJournal
	said  []said
	fills []carry.Event
}

func (d *diary) Event(ev *carry.Event) error {
	if ev.Kind == carry.EvFill {
		d.fills = append(d.fills, *ev)
	}
	return nil
}

func (d *diary) Command(at carry.Time, c *carry.Command) error {
	d.said = append(d.said, said{at, *c})
	return nil
}

func (d *diary) keep(*lane) carry.Journal { return d }

// upTo is the part of the diary that was decided at or before t.
func (d *diary) upTo(t carry.Time) []said {
	n, _ := slices.BinarySearchFunc(d.said, t+1, func(s said, t carry.Time) int { return int(s.at - t) })
	return d.said[:n]
}

// same tells whether two commands are equal, to the last bit of the numbers
// behind them.
func same(a, b said) bool {
	for k := range a.X {
		if math.Float64bits(a.X[k]) != math.Float64bits(b.X[k]) {
			return false
		}
	}
	a.X, b.X = [3]float64{}, [3]float64{}
	return a == b
}

// The real history of a dozen coins, imported once for the package.
var (
	realCoins = []string{"BTC", "ETH", "ADA", "BNB", "LTC", "XRP", "LINK", "DOGE", "SOL", "MATIC", "AVAX", "THETA"}
	realDB    struct {
		once sync.Once
		dir  string
		err  error
	}
)

func TestMain(m *testing.M) {
	code := m.Run()
	if realDB.dir != "" {
		os.RemoveAll(realDB.dir)
	}
	os.Exit(code)
}

// realStore is a database with the real history of realCoins. The import reads
// links to the files, whose folder stays as it is.
func realStore(t testing.TB) *data.Store {
	t.Helper()
	shared := filepath.Join(testenv.Shared(t), "data")
	realDB.once.Do(func() {
		if realDB.dir, realDB.err = os.MkdirTemp("", "carry-lab"); realDB.err == nil {
			realDB.err = importCoins(shared, realDB.dir, realCoins)
		}
	})
	if realDB.err != nil {
		t.Fatal(realDB.err)
	}
	s, err := data.OpenExisting(filepath.Join(realDB.dir, "carry.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// importCoins fills a store in dir with some coins of the history, nil: all.
func importCoins(shared, dir string, coins []string) error {
	for _, folder := range []string{"funding", "spot/1h", "perp/1h", "mark/1h", "exchange_info", "leverage_brackets"} {
		if err := os.MkdirAll(filepath.Join(dir, "in", folder), 0o755); err != nil {
			return err
		}
		files, err := os.ReadDir(filepath.Join(shared, folder))
		if err != nil {
			return err
		}
		for _, f := range files {
			coin, _, series := strings.Cut(f.Name(), "USDT.csv")
			if series && coins != nil && !slices.Contains(coins, coin) {
				continue
			}
			if err := os.Symlink(filepath.Join(shared, folder, f.Name()), filepath.Join(dir, "in", folder, f.Name())); err != nil {
				return err
			}
		}
	}
	s, err := data.Open(filepath.Join(dir, "carry.db"))
	if err != nil {
		return err
	}
	_, err = s.ImportDir(context.Background(), filepath.Join(dir, "in"), data.ImportOptions{})
	return errors.Join(err, s.Close())
}

// realTape keeps a span of the real history in memory.
func realTape(t testing.TB, from, to string, coins ...string) *kept {
	t.Helper()
	tape, err := data.OpenTape(context.Background(), realStore(t), data.TapeOptions{From: moment(t, from), To: moment(t, to), Coins: coins})
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Close()
	k := keepTape(t, tape)
	info := *tape.Info()
	k.info = &info
	return k
}

func moment(t testing.TB, s string) carry.Time {
	t.Helper()
	at, err := carry.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
