package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrLocked says that another crawl writes to the same database.
var ErrLocked = errors.New("another crawl is writing to this database")

// Lock keeps other crawls from a database. It lies in a file beside it, whose
// lock the system releases when the process ends, however it ends.
type Lock struct{ f *os.File }

// lockPoll is how often a waiting crawl looks.
const lockPoll = 200 * time.Millisecond

// LockCrawl takes the lock of the database at path, which need not exist yet.
// Where it is taken, wait decides between waiting for it and ErrLocked.
func LockCrawl(ctx context.Context, path string, wait bool) (*Lock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("%w: open %s: %w", ErrReadOnly, path, err)
	}
	for {
		ok, err := tryLock(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
		}
		if ok {
			break
		}
		if !wait {
			err := fmt.Errorf("%s: %w%s", path, ErrLocked, holder(f))
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(lockPoll):
		}
	}
	// The number is for people; the lock is what counts.
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("write lock file: %w", err), f.Close())
		}
	}
	return &Lock{f}, nil
}

// holder names the process that wrote the lock file.
func holder(f *os.File) string {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 20))
	pid := strings.TrimSpace(string(b))
	if _, bad := strconv.Atoi(pid); err != nil || bad != nil {
		return ""
	}
	return " (process " + pid + ")"
}

// Release gives the lock up.
func (l *Lock) Release() error { return l.f.Close() }
