// Command claims runs the program over the real history and writes what it
// finds about the strategy author's claims, year by year, as tables in plain
// words. With --check it writes nothing and fails where the pages differ from
// what the program says now.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"carry"
	"carry/data"
	"carry/internal/lab"
)

func main() {
	shared := flag.String("history", "../shared/data", "folder of recorded history")
	db := flag.String("db", "", "store that has it already; default: import into a temporary one")
	out := flag.String("out", "docs/results", "folder of the pages")
	check := flag.Bool("check", false, "compare with the pages instead of writing them")
	flag.Parse()
	if err := run(*shared, *db, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "claims:", err)
		os.Exit(1)
	}
}

func run(history, db, out string, check bool) error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "carry-claims-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	store, err := openStore(ctx, history, db, dir)
	if err != nil {
		return err
	}
	defer store.Close()
	l := &laboratory{ctx: ctx, open: func(from, to carry.Time, coins []string) (carry.Tape, error) {
		return data.OpenTape(ctx, store, data.TapeOptions{From: from, To: to, Coins: coins})
	}}
	for _, page := range []struct {
		name string
		make func(*laboratory, *bytes.Buffer) error
	}{{"years.md", years}, {"claims.md", claims}, {"crashes.md", crashes}, {"sweep.md", sweep}} {
		var text bytes.Buffer
		if err := page.make(l, &text); err != nil {
			return fmt.Errorf("%s: %w", page.name, err)
		}
		if err := keep(filepath.Join(out, page.name), text.Bytes(), check); err != nil {
			return err
		}
	}
	return nil
}

// keep writes a page, or holds it against the one that is there.
func keep(path string, text []byte, check bool) error {
	if !check {
		fmt.Println("written:", path)
		return os.WriteFile(path, text, 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, text) {
		now := path + ".got"
		return errors.Join(fmt.Errorf("%s is not what the program says now; see %s, or run make claims", path, now), os.WriteFile(now, text, 0o644))
	}
	fmt.Println("as the program says:", path)
	return nil
}

// openStore opens db, or imports the history into a store in dir.
func openStore(ctx context.Context, history, db, dir string) (*data.Store, error) {
	if db != "" {
		return data.OpenExisting(db)
	}
	if _, err := os.Stat(history); err != nil {
		return nil, fmt.Errorf("no recorded history at %s: %w", history, err)
	}
	store, err := data.Open(filepath.Join(dir, "claims.db"))
	if err != nil {
		return nil, err
	}
	if _, err := store.ImportDir(ctx, history, data.ImportOptions{}); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// laboratory makes runs on the history.
type laboratory struct {
	ctx  context.Context
	open lab.Opener
	// warm is where sweeps start, 0 before the first.
	warm carry.Time
}

// setting is one parameter of a run.
type setting struct{ name, value string }

// spec prepares a run of a strategy with settings.
func (l *laboratory) spec(strategy, preset string, from, to carry.Time, set ...setting) (*lab.Spec, error) {
	e, err := lab.Strategy(strategy, preset)
	if err != nil {
		return nil, err
	}
	s := &lab.Spec{Open: l.open, From: from, To: to, Entry: e, Settings: e.New(), Models: lab.DefaultModels(), NoBaselines: true}
	for _, p := range set {
		if err := s.Set(p.name, p.value); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (l *laboratory) run(strategy, preset string, from, to carry.Time, set ...setting) (*carry.Result, error) {
	s, err := l.spec(strategy, preset, from, to, set...)
	if err != nil {
		return nil, err
	}
	out, err := lab.Execute(l.ctx, s, nil)
	if err != nil {
		return nil, err
	}
	return out.Run, nil
}

// free switches all costs off.
func free() []setting {
	return []setting{{"feeModel", "none"}, {"spreadModel", "none"}, {"impactModel", "none"}}
}

// unguarded switches S12 to S14 and trimming off: the book is left alone.
func unguarded() []setting {
	return []setting{{"leverageAlarmX", "off"}, {"leverageReduceX", "off"}, {"leverageEmergencyX", "off"},
		{"balanceBandFrac", "off"}, {"reduceMayTransfer", "false"}, {"riseTrimFrac", "off"}}
}

func day(s string) carry.Time {
	t, err := carry.ParseTime(s)
	if err != nil {
		panic(err) // a date in this program's text
	}
	return t
}

// pct prints a fraction as percent, without a negative zero.
func pct(x float64) string {
	s := fmt.Sprintf("%+.1f", 100*x)
	if s == "-0.0" || s == "+0.0" {
		return "0.0"
	}
	return s
}
