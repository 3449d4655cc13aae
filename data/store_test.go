package data

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carry"
)

// What is wrong with a file is said in words that a hint can be hung on.
func TestOpenExistingSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	good := inventStore(t, inventDir(t))
	if err := good.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good.Path())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(at(name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("text.db", []byte("this is a text file, quite a long one, really"))
	write("empty.db", nil)
	write("cut.db", whole[:len(whole)/2])
	write("header.db", whole[:50])
	torn := append([]byte{}, whole...)
	clear(torn[4096 : 4096*3])
	write("torn.db", torn)
	if s, err := Open(at("nodata.db")); err != nil || s.Close() != nil {
		t.Fatal(err)
	}
	other, err := sql.Open(driverName, at("other.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec("CREATE TABLE song (name TEXT); PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	write("newer.db", whole)
	s, err := Open(at("newer.db"))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, s, "PRAGMA user_version = 999")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		"none.db": ErrMissing, "empty.db": ErrMissing, "text.db": ErrNotDatabase, "other.db": ErrNotDatabase, ".": ErrNotDatabase,
		"cut.db": ErrCorrupt, "header.db": ErrCorrupt, "torn.db": ErrCorrupt, "nodata.db": ErrNoData, "newer.db": ErrNewerSchema,
	} {
		s, err := OpenExisting(at(name))
		if !errors.Is(err, want) || !strings.Contains(err.Error(), at(name)) {
			t.Errorf("%s: error %v, want %v with the name", name, err, want)
		}
		if err == nil {
			s.Close()
		}
	}
	refusesToWrite(t, at)
	if _, err := Open(at("no/such/folder.db")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("error %v, want %v", err, ErrReadOnly)
	}
}

// A process killed while SQLite copies its log into the file leaves a header
// that promises pages which only the log has. That is no damage.
func TestKilledWhileTheLogIsCopied(t *testing.T) {
	s := inventStore(t, inventDir(t))
	exec(t, s, "CREATE TABLE big AS SELECT zeroblob(200000) AS b")
	exec(t, s, "PRAGMA wal_checkpoint(PASSIVE)")
	path := filepath.Join(t.TempDir(), "killed.db")
	for _, tail := range []string{"", "-wal"} {
		b, err := os.ReadFile(s.Path() + tail)
		if err != nil {
			t.Fatal(err)
		}
		if tail == "" {
			b = b[:len(b)-100_000]
		}
		if err := os.WriteFile(path+tail, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	again, err := OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if n := one[int](t, again, "SELECT length(b) FROM big"); n != 200_000 {
		t.Errorf("%d bytes came back", n)
	}
	if found := one[string](t, again, "PRAGMA integrity_check"); found != "ok" {
		t.Error(found)
	}
}

// refusesToWrite: opening for writing must not turn someone else's file into
// ours.
func refusesToWrite(t *testing.T, at func(name string) string) {
	t.Helper()
	for _, name := range []string{"text.db", "other.db", "cut.db", "newer.db"} {
		before, _ := os.ReadFile(at(name))
		if s, err := Open(at(name)); err == nil {
			s.Close()
			t.Errorf("%s was opened for writing", name)
		}
		if after, _ := os.ReadFile(at(name)); string(after) != string(before) {
			t.Errorf("%s was changed", name)
		}
	}
}

// Names with the characters that mean something in a URI are plain names.
func TestOddFileNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50% ?a=b #1.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// Every connection has the settings, and all stamps of a transaction are one.
func TestConnectionsAndTransactions(t *testing.T) {
	s := emptyStore(t)
	if v := one[int](t, s, "PRAGMA foreign_keys"); v != 1 {
		t.Error("foreign keys are off")
	}
	if v := one[string](t, s, "PRAGMA journal_mode"); v != "wal" {
		t.Error("journal mode is", v)
	}
	if _, err := s.r.Exec("DELETE FROM series"); err == nil {
		t.Error("the reader could write")
	}
	if _, err := s.w.Exec("INSERT INTO kline VALUES (77, 0, 1, 1, 1, 1, 1, 1)"); err == nil {
		t.Error("a bar of no series was accepted")
	}
	calls := carry.Time(0)
	s.Now = func() carry.Time { calls++; return calls }
	boom := errors.New("boom")
	err := s.write(t.Context(), func(tx *writeTx) error {
		if _, err := tx.Exec("INSERT INTO bill_rate VALUES ('2021-01-01', 0.01)"); err != nil {
			return err
		}
		if tx.now != 1 {
			t.Error("now is", tx.now)
		}
		return boom
	})
	if !errors.Is(err, boom) || calls != 1 {
		t.Errorf("error %v after %d looks at the clock", err, calls)
	}
	if n := one[int](t, s, "SELECT count(*) FROM bill_rate"); n != 0 {
		t.Error("a failed transaction left a row")
	}
}
