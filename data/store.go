package data

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"carry"
)

//go:embed migration/*.sql
var migrations embed.FS

// Errors that say what is wrong with a database file. They are wrapped with
// the file's name.
var (
	ErrMissing     = errors.New("no such database")
	ErrNotDatabase = errors.New("not a carry database")
	ErrCorrupt     = errors.New("database is damaged")
	ErrNewerSchema = errors.New("database was written by a newer version of carry")
	ErrNoData      = errors.New("database holds no history")
	ErrReadOnly    = errors.New("database cannot be written")
)

// Store is one SQLite file. Its methods may be called from several goroutines;
// writers wait for one another.
type Store struct {
	// Now gives the time that a write transaction stamps its rows with, asked
	// once per transaction. Open sets it to the clock; a test may replace it.
	Now func() carry.Time

	path     string
	readOnly bool
	w, r     *sql.DB // w has one connection; r is query-only
}

// Open opens the database at path for reading and writing and creates it, or
// brings its schema up to date, where needed.
func Open(path string) (*Store, error) {
	if err := inspect(path); err != nil && !errors.Is(err, ErrMissing) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	return connect(path, false)
}

// OpenExisting opens a database that must hold history already. The errors are
// ErrMissing, ErrNotDatabase, ErrCorrupt, ErrNewerSchema and ErrNoData. A file
// without write permission is opened for reading only.
func OpenExisting(path string) (*Store, error) {
	if err := inspect(path); err != nil {
		return nil, err
	}
	readOnly := false
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err != nil {
		readOnly = true
	} else if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s, err := connect(path, readOnly)
	if err != nil {
		return nil, err
	}
	if err := s.probe(); err != nil {
		return nil, errors.Join(s.describe(err), s.Close())
	}
	return s, nil
}

// probe looks at the first page of every table, which notices most torn files
// without reading them whole, and says whether there is any history.
func (s *Store) probe() error {
	ctx := context.Background()
	var tables []string
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		tables = append(tables, name)
		return err
	}, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		return err
	}
	found := map[string]int{}
	for _, name := range tables {
		var n int
		if err := s.r.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT * FROM "`+name+`" LIMIT 1)`).Scan(&n); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
		found[name] = n
	}
	if found["instrument"] == 0 {
		return fmt.Errorf("%s: %w", s.path, ErrNoData)
	}
	return nil
}

// connect opens both pools and migrates.
func connect(path string, readOnly bool) (*Store, error) {
	s := &Store{
		Now:  func() carry.Time { return carry.Time(time.Now().UnixMilli()) },
		path: path, readOnly: readOnly,
	}
	uri := "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path)) + "?"
	reader, writer := uri+dsnReader, uri+dsnWriter
	if readOnly {
		reader += "&mode=ro"
		writer = reader
	}
	var err error
	if s.w, err = sql.Open(driverName, writer); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s.w.SetMaxOpenConns(1)
	if s.r, err = sql.Open(driverName, reader); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.migrate(); err != nil {
		return nil, errors.Join(s.describe(err), s.Close())
	}
	return s, nil
}

// Close releases the file. A tape that is still open ends first.
func (s *Store) Close() error { return errors.Join(s.r.Close(), s.w.Close()) }

// Path is the file's name as it was opened.
func (s *Store) Path() string { return s.path }

// inspect looks at the file's header only: is it there, is it SQLite, is it
// ours, is it as long as it says.
func inspect(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, ErrMissing)
	}
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder: %w", path, ErrNotDatabase)
	}
	if info.Size() == 0 {
		return fmt.Errorf("%s is empty: %w", path, ErrMissing)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer f.Close()
	h := make([]byte, 100)
	n, err := f.ReadAt(h, 0)
	if n < 16 || string(h[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("%s: %w", path, ErrNotDatabase)
	}
	if err != nil {
		return fmt.Errorf("%s: header is cut off: %w", path, ErrCorrupt)
	}
	size := info.Size()
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		// Killed while the log was being copied into the file: the header may be
		// ahead of the rest, and SQLite copies again when it opens the file.
		size = math.MaxInt64
	}
	return inspectHeader(path, h, size)
}

// applicationID is "carr" in the SQLite header.
const applicationID = 0x63617272

// inspectHeader checks the fields of SQLite's file header that a cut-off or
// foreign file has wrong (sqlite.org/fileformat.html §1.3).
func inspectHeader(path string, h []byte, size int64) error {
	u32 := func(at int) int64 {
		return int64(h[at])<<24 | int64(h[at+1])<<16 | int64(h[at+2])<<8 | int64(h[at+3])
	}
	page := int64(h[16])<<8 | int64(h[17])
	if page == 1 {
		page = 65536
	}
	if page < 512 || page&(page-1) != 0 {
		return fmt.Errorf("%s: page size %d: %w", path, page, ErrCorrupt)
	}
	if id := u32(68); id != applicationID && (id != 0 || u32(60) != 0 || u32(28) > 1) {
		return fmt.Errorf("%s is SQLite, but another program's: %w", path, ErrNotDatabase)
	}
	if pages := u32(28); u32(24) == u32(92) && size < pages*page {
		return fmt.Errorf("%s has %d of %d bytes: %w", path, size, pages*page, ErrCorrupt)
	}
	return nil
}

// describe turns SQLite's words for a broken file into ours.
func (s *Store) describe(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "malformed"):
		return fmt.Errorf("%s: %w (%s)", s.path, ErrCorrupt, text)
	case strings.Contains(text, "file is not a database"):
		return fmt.Errorf("%s: %w", s.path, ErrNotDatabase)
	case strings.Contains(text, "readonly database"):
		return fmt.Errorf("%s: %w", s.path, ErrReadOnly)
	}
	return err
}

// migrate runs the numbered scripts above the file's version, each in its own
// transaction.
func (s *Store) migrate() error {
	var version int
	if err := s.w.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	names, err := fs.Glob(migrations, "migration/*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	if version > len(names) {
		return fmt.Errorf("%s: schema %d, this program knows %d: %w", s.path, version, len(names), ErrNewerSchema)
	}
	for i := version; i < len(names); i++ {
		if s.readOnly {
			return fmt.Errorf("%s: schema %d must be brought to %d: %w", s.path, version, len(names), ErrReadOnly)
		}
		script, err := migrations.ReadFile(names[i])
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		err = s.write(context.Background(), func(tx *writeTx) error {
			_, err := tx.Exec(fmt.Sprintf("%s\nPRAGMA user_version = %d;", script, i+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("migrate to schema %d: %w", i+1, err)
		}
	}
	return nil
}

// writeTx is a write transaction with one frozen time for all its stamps.
type writeTx struct {
	*sql.Tx
	now carry.Time
}

// write runs fn in an immediate transaction, which is rolled back when fn
// returns an error.
func (s *Store) write(ctx context.Context, fn func(tx *writeTx) error) error {
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := fn(&writeTx{Tx: tx, now: s.Now()}); err != nil {
		if back := tx.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			return errors.Join(err, back)
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// querier is what a read needs: a pool, a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// eachRow runs a query and calls scan for every row.
func eachRow(ctx context.Context, q querier, scan func(rows *sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
