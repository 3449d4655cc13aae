package data

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// lockJournal keeps other sessions from a journal until the file is closed or
// the process ends, however it ends.
func lockJournal(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	ok, err := tryLock(f)
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", ErrJournalBusy, path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ContinueJournal reads a journal as ReadJournal does and opens it for what
// comes next. Only the last record may be damaged: it is cut off, and torn is its
// number (0: none was). What it said may have been acted on; whoever goes on must
// ask the exchange.
func ContinueJournal(ctx context.Context, path string, session func(*Session) error, record func(*JournalRecord) error) (j *Journal, torn int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, 0, fmt.Errorf("open journal: %w", err)
	}
	lock, err := lockJournal(path)
	if err != nil {
		return nil, 0, err
	}
	if j, err = openJournal(path); err != nil {
		return nil, 0, errors.Join(err, lock.Close())
	}
	j.lock = lock
	if torn, err = j.resume(ctx, path, session, record); err != nil {
		return nil, 0, errors.Join(err, j.Close())
	}
	return j, torn, nil
}

// resume reads what there is and stands behind it.
func (j *Journal) resume(ctx context.Context, path string, session func(*Session) error, record func(*JournalRecord) error) (torn int64, err error) {
	s, chain, err := readSession(ctx, j.db)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrJournal, path, err)
	}
	if err := session(s); err != nil {
		return 0, err
	}
	j.first = chain
	p := &journalPast{path: path, pairs: s.Pairs, chain: chain}
	if err := p.read(ctx, j.db, record); err != nil {
		if p.stopped || !errors.Is(err, ErrChain) && !errors.Is(err, errRecord) {
			return 0, err
		}
		var last int64
		if broken := j.db.QueryRowContext(ctx, `SELECT max(seq) FROM record`).Scan(&last); broken != nil || last != p.seq+1 {
			return 0, errors.Join(err, broken)
		}
		torn = last
		if _, err := j.db.ExecContext(ctx, `DELETE FROM record WHERE seq = ?`, torn); err != nil {
			return 0, fmt.Errorf("cut the torn record off: %w", err)
		}
	}
	j.seq, j.chain = p.seq, p.chain
	return torn, nil
}

// Restart forgets all records: for a session that ended before anything was
// decided.
func (j *Journal) Restart(ctx context.Context) error {
	if _, err := j.db.ExecContext(ctx, `DELETE FROM record`); err != nil {
		return fmt.Errorf("begin the journal again: %w", err)
	}
	j.seq, j.chain = 0, j.first
	return nil
}
