package crawl

import (
	"context"
	"sync"

	"carry/data"
)

// writer is the only one that writes rows. Workers wait for their chunk's
// transaction, so that no more chunks are in memory than there are workers.
type writer struct {
	store *data.Store
	queue chan put
	wg    sync.WaitGroup
	tell  func(Progress)

	mu  sync.Mutex // guards what follows
	now Progress
	sum data.PutReport
}

type put struct {
	chunk *data.Chunk
	done  chan error
}

func newWriter(store *data.Store, total int, tell func(Progress)) *writer {
	w := &writer{store: store, queue: make(chan put), tell: tell, now: Progress{Total: total}}
	w.wg.Go(func() {
		for p := range w.queue {
			// A transaction that has begun is finished: it is short.
			rep, err := store.Put(context.Background(), p.chunk)
			if err == nil {
				w.add(rep)
			}
			p.done <- err
		}
	})
	return w
}

func (w *writer) close() {
	close(w.queue)
	w.wg.Wait()
}

func (w *writer) add(rep data.PutReport) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sum.New += rep.New
	w.sum.Replaced += rep.Replaced
	w.sum.Filled += rep.Filled
	w.now.Rows += rep.New
}

// put stores a chunk and waits for it.
func (w *writer) put(ctx context.Context, c *data.Chunk) error {
	p := put{c, make(chan error, 1)}
	select {
	case w.queue <- p:
		return <-p.done
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// step counts a file or page as done.
func (w *writer) step(what string, foreseen bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !foreseen {
		w.now.Total++
	}
	w.now.Done++
	w.now.Total = max(w.now.Total, w.now.Done)
	w.now.Now = what
	w.tell(w.now)
}

// skip takes back pages that turned out not to be needed.
func (w *writer) skip(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now.Total = max(w.now.Done, w.now.Total-n)
}
