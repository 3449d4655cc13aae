package sweepdb

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"carry"
)

//go:embed schema.sql
var schema string

// Sweep is one row of table sweep.
type Sweep struct {
	ID, Name, Plan, Tape, Program, Source string
	Trials                                int
	From, To                              carry.Time
}

// Trial is one trial or baseline with all that is kept of it.
type Trial struct {
	No          int
	Name        string // of a baseline
	Key, Params string
	State       string // complete, failed, baseline
	Error       string
	From, To    carry.Time
	Final       string
	Journal     string
	Metrics     []Metric
	Start, Step carry.Time // of the daily returns
	Days        int
	Daily       []byte // float64, little-endian, zlib; nil without
}

// Metric is one figure over a window.
type Metric struct {
	Window, Name string
	Value        float64
}

// DB is an open store. It is safe for several processes, one writing at a time.
type DB struct{ db *sql.DB }

// Open opens the file and makes it where it is not there.
func Open(path string) (*DB, error) {
	uri := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path)) + "?" + dsn
	db, err := sql.Open(driverName, uri)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return &DB{db: db}, nil
}

// Close releases the file.
func (d *DB) Close() error { return d.db.Close() }

// Save stores a sweep with its trials in one transaction; one that is there
// already is replaced by its equal. Each trial is entered in the ledger at time
// now unless it stands there.
func (d *DB) Save(ctx context.Context, s *Sweep, trials []Trial, now carry.Time) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store the sweep: %w", err)
	}
	defer tx.Rollback()
	w := &writer{ctx: ctx, tx: tx}
	for _, table := range []string{"DELETE FROM series WHERE sweep = ?", "DELETE FROM metric WHERE sweep = ?",
		"DELETE FROM trial WHERE sweep = ?", "DELETE FROM sweep WHERE id = ?"} {
		w.exec(table, s.ID)
	}
	w.exec("INSERT INTO sweep VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", s.ID, s.Name, s.Plan, s.Tape, s.Program, s.Trials,
		int64(s.From), int64(s.To), s.Source)
	for i := range trials {
		w.trial(s, &trials[i], now)
	}
	if w.err != nil {
		return fmt.Errorf("store the sweep: %w", w.err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store the sweep: %w", err)
	}
	return nil
}

// writer keeps the first error of a series of statements.
type writer struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (w *writer) exec(statement string, args ...any) {
	if w.err == nil {
		_, w.err = w.tx.ExecContext(w.ctx, statement, args...)
	}
}

func (w *writer) trial(s *Sweep, t *Trial, now carry.Time) {
	w.exec("INSERT INTO trial VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", s.ID, t.No, t.Name, t.Key, t.Params, t.State, t.Error,
		int64(t.From), int64(t.To), t.Final, t.Journal)
	for _, m := range t.Metrics {
		w.exec("INSERT INTO metric VALUES (?, ?, ?, ?, ?)", s.ID, t.No, m.Window, m.Name, m.Value)
	}
	if t.Daily != nil {
		w.exec("INSERT INTO series VALUES (?, ?, 'daily', ?, ?, ?, ?)", s.ID, t.No, int64(t.Start), int64(t.Step), t.Days, t.Daily)
	}
	if t.State != "baseline" {
		w.exec("INSERT OR IGNORE INTO ledger VALUES (?, ?, ?, ?, ?)", int64(now), s.ID, t.No, t.Key, s.Tape)
	}
}

// Tried is the number of different trials ever run on these data: those that
// differ in any parameter or in the program that ran them.
func (d *DB) Tried(ctx context.Context, tape string) (int, error) {
	var n int
	err := d.db.QueryRowContext(ctx, "SELECT count(DISTINCT CASE key WHEN '' THEN sweep || '/' || no ELSE key END) FROM ledger WHERE tape_sha = ?", tape).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the ledger: %w", err)
	}
	return n, nil
}
