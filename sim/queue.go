package sim

import "carry"

// queue holds what is on its way to the exchange in order of (time, arrival).
// It stays short, so insertion beats a heap.
type queue struct {
	items []item
	head  int
}

type item struct {
	at  carry.Time
	cmd carry.Command
}

func (q *queue) push(at carry.Time, c carry.Command) {
	q.items = append(q.items, item{at: at, cmd: c})
	for k := len(q.items) - 1; k > q.head && q.items[k-1].at > at; k-- {
		q.items[k], q.items[k-1] = q.items[k-1], q.items[k]
	}
}

// before tells whether the first item is due before t.
func (q *queue) before(t carry.Time) bool { return q.head < len(q.items) && q.items[q.head].at < t }

func (q *queue) pop() item {
	it := q.items[q.head]
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return it
}
