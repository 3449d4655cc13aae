package lab

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/testenv"
	"carry/sim"
)

// A year's journal of 74 coins, hour by hour, is given to a core anew in so little
// time that a session which died needs no checkpoints (docs/adr/0013).
func TestAYearOfJournalIsReadInSeconds(t *testing.T) {
	testenv.Long(t, "crash-live")
	ctx := context.Background()
	o := sim.MarketOptions{Seed: 3, Coins: 74, From: newYear21, To: newYear21 + 400*carry.Day}
	spec := setUp(t, "funding", nil, eager...)
	spec.Open = anew(t, o)
	spec.NoJournal = true
	tape, from, err := spec.open()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLane("year", spec.Entry, spec.Settings, spec, tape.Info(), from)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if fast, err := os.MkdirTemp("/dev/shm", "carry"); err == nil {
		dir = fast // writing a year is not what is measured
		t.Cleanup(func() { os.RemoveAll(fast) })
	}
	path := filepath.Join(dir, "year.db")
	j, err := data.CreateJournal(ctx, path, spec.session(tape.Info(), from, rehearsalRun))
	if err != nil {
		t.Fatal(err)
	}
	l.run.Journal = j
	began := time.Now()
	if err := drive(ctx, tape, sim.NewQuoter(tape.Info(), spec.Models.quotes(), from), []*lane{l}, &Observer{}, from); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	wrote := time.Since(began)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	r, err := Replay(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	days := float64(r.Last-from) / float64(carry.Day)
	t.Logf("figure: %.0f days of %d coins, %d events and %d commands, %.0f MB: read and replayed in %.1f s (written in %.0f s)", days, o.Coins, r.Events, r.Commands,
		float64(info.Size())/1e6, took.Seconds(), wrote.Seconds())
	if took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}
