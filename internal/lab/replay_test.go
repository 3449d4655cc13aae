package lab

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"carry"
	"carry/data"
)

// A rehearsal's journal, given to a fresh core, yields the same commands bit by
// bit; a changed record is found out by the chain, a changed decision by the
// replay.
func TestJournalReplays(t *testing.T) {
	o := smallMarket(21, 5, 2)
	spec := setUp(t, "funding", nil, eager...)
	spec.Open = anew(t, o)
	spec.From = o.From + 55*carry.Day
	path := filepath.Join(t.TempDir(), "journal.db")
	got, err := Rehearse(context.Background(), spec, RehearseOptions{JournalFile: path})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Replay(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Commands != len(got.Said) || r.Unsaid != 0 || r.Events == 0 || r.Commands == 0 {
		t.Fatalf("replayed %d commands of %d, %d unsaid", r.Commands, len(got.Said), r.Unsaid)
	}
	t.Logf("%d events and %d commands replayed from %s to %s", r.Events, r.Commands, r.First, r.Last)

	change := func(statement string, args ...any) {
		t.Helper()
		db, err := sql.Open(sql.Drivers()[0], path) // the one that package data registers
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	change(`UPDATE session SET value = replace(value, '"reopenAfterH":"1"', '"reopenAfterH":"2"')`)
	if _, err := Replay(context.Background(), path); !errors.Is(err, data.ErrChain) {
		t.Errorf("with another setting: %v", err)
	}
	change(`UPDATE session SET value = replace(value, '"reopenAfterH":"2"', '"reopenAfterH":"1"')`)
	change(`UPDATE record SET body = (SELECT body FROM record WHERE kind = 'command' LIMIT 1) WHERE seq = (SELECT max(seq) FROM record WHERE kind = 'command')`)
	if _, err := Replay(context.Background(), path); !errors.Is(err, data.ErrChain) {
		t.Errorf("with a changed record: %v", err)
	}
	change(`DELETE FROM record WHERE seq = 5`)
	if _, err := Replay(context.Background(), path); !errors.Is(err, data.ErrChain) {
		t.Errorf("with a missing record: %v", err)
	}
}

// A core of other settings does not say what the journal has.
func TestReplayFindsAnotherCore(t *testing.T) {
	o := smallMarket(21, 5, 2)
	spec := setUp(t, "funding", nil, eager...)
	spec.Open = anew(t, o)
	spec.From = o.From + 55*carry.Day
	tape, from, err := spec.open()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	session := spec.session(tape.Info(), from, rehearsalRun)
	session.Params["coinsTargetN"] = "3" // the core below has 4
	j, err := data.CreateJournal(context.Background(), path, session)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Rehearse(context.Background(), spec, RehearseOptions{Journal: j}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Replay(context.Background(), path); !ReplayDiffers(err) {
		t.Errorf("a core of other settings: %v", err)
	}
}
