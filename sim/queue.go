package sim

import "carry"

// queue holds what is on its way to the exchange in order of (time, arrival).
// It stays short, so insertion beats a heap.
type queue struct {
	items []item
	head  int
}

type item struct {
	at   carry.Time
	what errand
	cmd  carry.Command
}

// errand is what an item is about.
type errand uint8

const (
	doCommand errand = iota
	doReveal         // what became of a transfer
	doCharge         // a settlement whose window is over
)

func (q *queue) push(at carry.Time, c carry.Command) { q.add(item{at: at, cmd: c}) }

func (q *queue) add(it item) {
	at := it.at
	q.items = append(q.items, it)
	for k := len(q.items) - 1; k > q.head && q.items[k-1].at > at; k-- {
		q.items[k], q.items[k-1] = q.items[k-1], q.items[k]
	}
}

// next is when the first item is due; false where there is none.
func (q *queue) next() (carry.Time, bool) {
	if q.head == len(q.items) {
		return 0, false
	}
	return q.items[q.head].at, true
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
