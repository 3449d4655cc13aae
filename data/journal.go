package data

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"carry"
)

// Errors of journals.
var (
	// ErrJournal: the file is no journal, or not one that this program reads.
	ErrJournal = errors.New("not a journal of a live session")
	// ErrChain: a record was changed, or one is missing.
	ErrChain = errors.New("the journal's chain of hashes is broken")
	// ErrJournalBusy: another session writes to it.
	ErrJournalBusy = errors.New("another session writes to this journal")
)

// Of a journal's file.
const (
	journalID      = 0x63727279 // "crry"
	journalVersion = 2
	journalSchema  = `
CREATE TABLE session (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE record (
	seq   INTEGER PRIMARY KEY,
	kind  TEXT NOT NULL CHECK (kind IN ('event', 'command')),
	at_ms INTEGER NOT NULL,
	what  TEXT NOT NULL,
	body  BLOB NOT NULL,
	chain BLOB NOT NULL
) STRICT;
PRAGMA application_id = 1668444793;
PRAGMA user_version = 2;`
)

// Session says what a journal is the journal of: enough to make the same core
// again.
type Session struct {
	Program  string            `json:"program"`
	Strategy string            `json:"strategy"`
	Preset   string            `json:"preset"`
	Params   map[string]string `json:"params"` // strategy and venue, by name
	// Rounding is the books' bound for what the exchange rounds otherwise, 1e-8
	// USDT; 0: none.
	Rounding carry.Amount `json:"rounding_e8,omitempty"`
	// Run begins the names of this run's orders and of no other's.
	Run    string       `json:"run"`
	From   carry.Time   `json:"from_ms"`
	Source string       `json:"source"`
	Pairs  []carry.Pair `json:"pairs"`
}

// Journal is a session's record in a SQLite file of its own: every event and
// every command in order, each durable when the call returns, each with a hash
// over itself and all before it. Only what fills a strategy's windows before the
// start becomes durable with the first thing after it: nothing follows from it,
// and it can be had again. It is a carry.Journal.
type Journal struct {
	db    *sql.DB
	tx    *sql.Tx // open while records wait; nil otherwise
	seq   int64
	chain [sha256.Size]byte
	first [sha256.Size]byte // the chain's beginning
	lock  *os.File
	// closed: a second Close does nothing.
	closed bool
	// warming: only the snapshot, rules and the past were told so far.
	warming bool
}

// CreateJournal makes a new journal; one that is there already is an error. What
// a crash left of a journal that was being made is taken for nothing.
func CreateJournal(ctx context.Context, path string, s *Session) (j *Journal, err error) {
	lock, err := lockJournal(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("create journal: %w", err), lock.Close())
		}
	}()
	switch begun, err := JournalBegun(ctx, path); {
	case err != nil:
		return nil, err
	case begun:
		return nil, fmt.Errorf("%w: %s", fs.ErrExist, path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	if j, err = openJournal(path); err != nil {
		return nil, err
	}
	if err := j.begin(ctx, s); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	j.lock = lock
	return j, nil
}

// JournalBegun tells whether a file is there with something in it. Only a file
// without any table is none: what a crash leaves of one that was being made.
func JournalBegun(ctx context.Context, path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	db, err := sql.Open(driverName, "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&"+dsnReader)
	if err != nil {
		return false, err
	}
	defer db.Close()
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master`).Scan(&n); err != nil {
		return false, fmt.Errorf("%w: %s: %w", ErrJournal, path, err)
	}
	return n > 0, nil
}

func openJournal(path string) (*Journal, error) {
	db, err := sql.Open(driverName, "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+dsnJournal)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // one writer; who reads waits
	return &Journal{db: db}, nil
}

// begin makes the tables and writes the session, both or nothing.
func (j *Journal) begin(ctx context.Context, s *Session) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after the commit it does nothing
	if _, err := tx.ExecContext(ctx, journalSchema); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO session (name, value) VALUES ('session', ?)`, string(text)); err != nil {
		return err
	}
	j.first = sha256.Sum256(text)
	j.chain = j.first
	return tx.Commit()
}

// Close makes what waits durable and releases the file.
func (j *Journal) Close() error {
	if j.closed {
		return nil
	}
	j.closed = true
	err := errors.Join(j.commit(), j.db.Close())
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	return err
}

// Event implements carry.Journal.
func (j *Journal) Event(ev *carry.Event) error {
	if err := j.write("event", ev.At, ev.Kind.String(), packEvent(ev)); err != nil {
		return err
	}
	switch {
	case ev.Kind == carry.EvMarket && ev.Market.WarmUp, ev.Kind == carry.EvRates && j.warming:
		return nil
	}
	j.warming = ev.Kind == carry.EvSnapshot && ev.Seq == 1 || ev.Kind == carry.EvRules && j.warming
	return j.commit()
}

// Command implements carry.Journal.
func (j *Journal) Command(at carry.Time, c *carry.Command) error {
	if err := j.write("command", at, c.Kind.String(), packCommand(at, c)); err != nil {
		return err
	}
	return j.commit()
}

// write appends one record.
func (j *Journal) write(kind string, at carry.Time, what string, body []byte) error {
	chain := link(j.chain, kind, body)
	if j.tx == nil {
		tx, err := j.db.Begin()
		if err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
		j.tx = tx
	}
	if _, err := j.tx.Exec(`INSERT INTO record (seq, kind, at_ms, what, body, chain) VALUES (?, ?, ?, ?, ?, ?)`,
		j.seq+1, kind, int64(at), what, body, chain[:]); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	j.seq++
	j.chain = chain
	return nil
}

// commit makes durable what was written.
func (j *Journal) commit() error {
	if j.tx == nil {
		return nil
	}
	err := j.tx.Commit()
	j.tx = nil
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// link is the chain's next hash.
func link(before [sha256.Size]byte, kind string, body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(before[:])
	h.Write([]byte(kind))
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// JournalRecord is one record: an event, or a command and when it was said.
type JournalRecord struct {
	Seq     int64
	Event   *carry.Event
	At      carry.Time
	Command *carry.Command
}

// ReadJournal reads a journal from its beginning and checks its chain. session is
// called once before the first record. Either callback may end the reading with
// an error.
func ReadJournal(ctx context.Context, path string, session func(*Session) error, record func(*JournalRecord) error) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	db, err := sql.Open(driverName, "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&"+dsnReader)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	defer db.Close()
	s, chain, err := readSession(ctx, db)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrJournal, path, err)
	}
	if err := session(s); err != nil {
		return err
	}
	p := &journalPast{path: path, pairs: s.Pairs, chain: chain}
	return p.read(ctx, db, record)
}

// journalPast reads records in order and checks their chain.
type journalPast struct {
	path  string
	pairs []carry.Pair
	chain [sha256.Size]byte
	seq   int64 // of the last record that is in order
	// stopped: the callback ended the reading, not a record.
	stopped bool
}

func (p *journalPast) read(ctx context.Context, db *sql.DB, record func(*JournalRecord) error) error {
	rows, err := db.QueryContext(ctx, `SELECT seq, kind, body, chain FROM record ORDER BY seq`)
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r := &JournalRecord{}
		var kind string
		var body, stored []byte
		if err := rows.Scan(&r.Seq, &kind, &body, &stored); err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		chain := link(p.chain, kind, body)
		if r.Seq != p.seq+1 || string(stored) != string(chain[:]) {
			return fmt.Errorf("%w: %s, record %d", ErrChain, p.path, p.seq+1)
		}
		if err := r.unpack(kind, body, p.pairs); err != nil {
			return fmt.Errorf("%s, record %d: %w", p.path, r.Seq, err)
		}
		p.chain, p.seq = chain, r.Seq
		if err := record(r); err != nil {
			p.stopped = true
			return err
		}
	}
	return rows.Err()
}

func (r *JournalRecord) unpack(kind string, body []byte, pairs []carry.Pair) (err error) {
	if kind == "event" {
		r.Event, err = unpackEvent(body, pairs)
		return err
	}
	c := carry.Command{}
	r.At, c, err = unpackCommand(body)
	r.Command = &c
	return err
}

// readSession checks what the file is and reads its session.
func readSession(ctx context.Context, db *sql.DB) (s *Session, chain [sha256.Size]byte, err error) {
	var id, version int64
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return nil, chain, err
	}
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return nil, chain, err
	}
	if id != journalID || version != journalVersion {
		return nil, chain, fmt.Errorf("application id %d and version %d, where %d and %d are expected", id, version, journalID, journalVersion)
	}
	var text string
	if err := db.QueryRowContext(ctx, `SELECT value FROM session WHERE name = 'session'`).Scan(&text); err != nil {
		return nil, chain, err
	}
	s = &Session{}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, chain, err
	}
	return s, sha256.Sum256([]byte(text)), nil
}
