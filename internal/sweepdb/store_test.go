package sweepdb

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

func stored(t *testing.T, path, query string, args ...any) int {
	t.Helper()
	db, err := sql.Open(driverName, "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheLedgerOnlyGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background()
	one := []Trial{
		{No: 0, Key: "a", Params: "{}", State: "complete", Metrics: []Metric{{"all", "fills", 3}}, Daily: []byte{1}, Days: 1},
		{No: 1, Key: "b", Params: "{}", State: "failed", Error: "why"},
		{No: -1, Name: "hold", Params: "{}", State: "baseline"},
	}
	s := Sweep{ID: "s", Tape: "tape", Plan: "{}", Trials: 2}
	for range 2 { // merged twice, counted once
		if err := db.Save(ctx, &s, one, 5); err != nil {
			t.Fatal(err)
		}
	}
	other := Sweep{ID: "z", Tape: "tape", Plan: "{}", Trials: 2}
	if err := db.Save(ctx, &other, []Trial{{No: 0, Key: "b", Params: "{}", State: "complete"}, {No: 1, Key: "c", Params: "{}", State: "complete"}}, 6); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Tried(ctx, "tape"); err != nil || n != 3 {
		t.Errorf("%d different trials were run (%v), want 3", n, err)
	}
	if n := stored(t, path, "SELECT count(*) FROM ledger"); n != 4 {
		t.Errorf("%d rows in the ledger, want 4", n)
	}
	for _, cut := range []string{"DELETE FROM ledger", "UPDATE ledger SET ts_ms = 0"} {
		if _, err := db.db.Exec(cut); err == nil || !strings.Contains(err.Error(), "only grows") {
			t.Errorf("%s: %v", cut, err)
		}
	}
	if n := stored(t, path, "SELECT count(*) FROM trial WHERE state = 'failed' AND error = 'why'"); n != 1 {
		t.Error("the failed trial's error is not kept")
	}
}

func TestSavingIsAllOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	twice := []Trial{{No: 0, Params: "{}", State: "complete"}, {No: 0, Params: "{}", State: "complete"}}
	if err := db.Save(context.Background(), &Sweep{ID: "s", Plan: "{}"}, twice, 1); err == nil {
		t.Fatal("the same trial twice is stored")
	}
	if n := stored(t, path, "SELECT count(*) FROM sweep"); n != 0 {
		t.Error("half a sweep is stored")
	}
}
