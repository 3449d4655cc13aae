package exchange

import (
	"io"
	"os"
	"sync"
	"time"
)

// buffer is one direction of a connection.
type buffer struct {
	mu    sync.Mutex
	cond  *sync.Cond
	bytes []byte
	// end is what a reader gets once the bytes are read: io.EOF after the writer
	// closed, another error at once after the reader did.
	end     error
	late    bool // the reader's deadline is over
	timer   *time.Timer
	turn    int // of deadlines: an old timer must not end a new one
	dropped bool
}

func newBuffer() *buffer {
	b := &buffer{}
	b.cond = sync.NewCond(&b.mu)
	return b
}

func (b *buffer) read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		switch {
		case b.dropped:
			return 0, b.end
		case b.late:
			return 0, os.ErrDeadlineExceeded
		case len(b.bytes) > 0:
			n := copy(p, b.bytes)
			b.bytes = b.bytes[n:]
			return n, nil
		case b.end != nil:
			return 0, b.end
		}
		b.cond.Wait()
	}
}

func (b *buffer) write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end != nil {
		return 0, io.ErrClosedPipe
	}
	b.bytes = append(b.bytes, p...)
	b.cond.Broadcast()
	return len(p), nil
}

// shut ends the direction: with an error for its reader at once, without one for
// its writer, whose bytes can still be read.
func (b *buffer) shut(reader error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if reader != nil {
		b.dropped, b.end, b.bytes = true, reader, nil
	} else if b.end == nil {
		b.end = io.EOF
	}
	if b.timer != nil {
		b.timer.Stop()
	}
	b.cond.Broadcast()
}

// until sets the reader's deadline; the zero time is none.
func (b *buffer) until(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn++
	if b.timer != nil {
		b.timer.Stop()
	}
	wait := time.Until(t)
	if b.late = !t.IsZero() && wait <= 0; !t.IsZero() && wait > 0 {
		turn := b.turn
		b.timer = time.AfterFunc(wait, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.turn == turn {
				b.late = true
				b.cond.Broadcast()
			}
		})
	}
	b.cond.Broadcast()
}
