package data

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"carry"
)

// full fills every field of a struct with chance, so that a field that is
// forgotten somewhere shows.
func full(r *rand.Rand, v reflect.Value, pairs []carry.Pair) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			full(r, v.Field(i), pairs)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1 + r.Int64N(100))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(1 + r.Uint64N(100))
	case reflect.Float64:
		v.SetFloat(r.Float64())
	case reflect.Array:
		for i := range v.Len() {
			full(r, v.Index(i), pairs)
		}
	case reflect.Slice:
		if v.Type().Elem() == reflect.TypeFor[carry.Pair]() {
			v.Set(reflect.ValueOf(pairs))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(pairs), len(pairs)))
		for i := range v.Len() {
			full(r, v.Index(i), pairs)
		}
	case reflect.Pointer:
		if v.Type() == reflect.TypeFor[*carry.Account]() {
			return // the books' view, made again
		}
		v.Set(reflect.New(v.Type().Elem()))
		full(r, v.Elem(), pairs)
	case reflect.Interface:
		q := &keptQuotes{}
		for leg := range q.bid {
			for range pairs {
				q.bid[leg], q.ask[leg] = append(q.bid[leg], r.Float64()), append(q.ask[leg], r.Float64())
			}
		}
		v.Set(reflect.ValueOf(q))
	}
}

// Whatever an event or a command has comes back from a journal: every field,
// found by reflection, so that one added tomorrow is not forgotten.
func TestJournalKeepsEveryField(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pairs := []carry.Pair{{Coin: "A", QtyDp: 3, Mult: 1}, {Coin: "B", QtyDp: 2, Mult: 1000}, {Coin: "C", QtyDp: 0, Mult: 1}}
	ev := &carry.Event{}
	full(r, reflect.ValueOf(ev).Elem(), pairs)
	ev.Pair = 1
	got, err := unpackEvent(packEvent(ev), pairs)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, ev) {
		t.Errorf("an event came back as\n%+v\nwas\n%+v\nrules %+v\nwere %+v\nmarket %+v\nwas %+v", got, ev, got.Rules, ev.Rules, got.Market, ev.Market)
	}
	c := carry.Command{}
	full(r, reflect.ValueOf(&c).Elem(), pairs)
	at, back, err := unpackCommand(packCommand(7, &c))
	if err != nil || at != 7 || back != c {
		t.Errorf("a command came back at %s as\n%+v\nwas\n%+v (%v)", at, back, c, err)
	}
}

// journalOf is a journal with n records.
func journalOf(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := CreateJournal(context.Background(), path, &Session{Program: "test", Run: "bcd", Pairs: []carry.Pair{{Coin: "A", QtyDp: 3, Mult: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	for k := range n {
		if err := j.Event(&carry.Event{Kind: carry.EvTimer, At: carry.Time(k), Pair: -1, ID: uint32(k)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// again continues a journal and tells how many records there were.
func again(path string) (n int, torn int64, err error) {
	j, torn, err := ContinueJournal(context.Background(), path, func(*Session) error { return nil }, func(*JournalRecord) error { n++; return nil })
	if err != nil {
		return n, torn, err
	}
	err = j.Event(&carry.Event{Kind: carry.EvTimer, At: carry.Time(n), Pair: -1, ID: 77})
	return n, torn, errors.Join(err, j.Close())
}

func edit(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open(driverName, path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// A journal goes on behind its last record. A last record that was written in part
// is cut off, and nothing else that is wrong is put up with.
func TestJournalGoesOn(t *testing.T) {
	path := journalOf(t, 5)
	for want := 5; want < 8; want++ {
		if n, torn, err := again(path); n != want || torn != 0 || err != nil {
			t.Fatalf("%d records, torn %d, %v; want %d", n, torn, err, want)
		}
	}
	for _, wrong := range []string{
		`UPDATE record SET body = substr(body, 1, length(body) / 2) WHERE seq = (SELECT max(seq) FROM record)`,
		`UPDATE record SET chain = x'00' WHERE seq = (SELECT max(seq) FROM record)`,
		`UPDATE record SET at_ms = at_ms, body = x'' WHERE seq = (SELECT max(seq) FROM record)`,
	} {
		path := journalOf(t, 5)
		edit(t, path, wrong)
		if n, torn, err := again(path); n != 4 || torn != 5 || err != nil {
			t.Errorf("%s: %d records, torn %d, %v", wrong, n, torn, err)
		}
		if n, torn, err := again(path); n != 5 || torn != 0 || err != nil {
			t.Errorf("after it was cut off: %d records, torn %d, %v", n, torn, err)
		}
	}
	for _, wrong := range []string{
		`UPDATE record SET body = substr(body, 1, length(body) / 2) WHERE seq = 4`,
		`DELETE FROM record WHERE seq = 4`,
		`DELETE FROM record WHERE seq = 1`,
		`UPDATE session SET value = replace(value, 'test', 'tset')`,
		`UPDATE record SET kind = 'command' WHERE seq = 2`,
	} {
		path := journalOf(t, 5)
		edit(t, path, wrong)
		if _, _, err := again(path); !errors.Is(err, ErrChain) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// Two sessions never write to one journal; what a crash left of making one is no
// journal yet.
func TestJournalIsOneSessions(t *testing.T) {
	path := journalOf(t, 2)
	j, _, err := ContinueJournal(context.Background(), path, func(*Session) error { return nil }, func(*JournalRecord) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := again(path); !errors.Is(err, ErrJournalBusy) {
		t.Errorf("a second session: %v", err)
	}
	if err := errors.Join(j.Restart(context.Background()), j.Close()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := again(path); n != 0 || err != nil {
		t.Errorf("after it began again: %d records, %v", n, err)
	}
	if _, err := CreateJournal(context.Background(), path, &Session{}); !errors.Is(err, os.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	half := filepath.Join(t.TempDir(), "half.db")
	if err := os.WriteFile(half, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if j, err = CreateJournal(context.Background(), half, &Session{}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if n, _, err := again(half); n != 0 || err != nil {
		t.Errorf("a journal that was begun twice: %d records, %v", n, err)
	}
}

// One bit of the file turned over, anywhere: what is read is the journal as it was,
// or its beginning, or an error. It is never something else.
func TestFlippedBitsAreNeverBelieved(t *testing.T) {
	times := 300
	if testing.Short() {
		times = 60
	}
	whole, err := os.ReadFile(journalOf(t, 40))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 1))
	refused, shorter, same := 0, 0, 0
	path := filepath.Join(t.TempDir(), "flipped.db")
	for range times {
		bent := append([]byte(nil), whole...)
		at := r.IntN(len(bent))
		bent[at] ^= 1 << r.IntN(8)
		if err := os.WriteFile(path, bent, 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		j, _, err := ContinueJournal(context.Background(), path, func(s *Session) error {
			if s.Run != "bcd" || s.Program != "test" || len(s.Pairs) != 1 {
				t.Fatalf("byte %d: the session became %+v", at, s)
			}
			return nil
		}, func(rec *JournalRecord) error {
			if want := uint32(n); rec.Event == nil || rec.Event.Kind != carry.EvTimer || rec.Event.ID != want || rec.Event.At != carry.Time(want) {
				t.Fatalf("byte %d: record %d became %+v", at, rec.Seq, rec.Event)
			}
			n++
			return nil
		})
		if err == nil {
			err = j.Close()
		}
		switch {
		case err != nil:
			refused++
		case n < 40:
			shorter++
		default:
			same++
		}
		for _, more := range []string{"-wal", "-shm"} {
			if err := os.Remove(path + more); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
	if refused == 0 || same == 0 {
		t.Errorf("%d refused, %d shorter, %d without harm", refused, shorter, same)
	}
	t.Logf("figure: %d bits turned over: %d refused, %d lost their end, %d did no harm, none believed", times, refused, shorter, same)
}
