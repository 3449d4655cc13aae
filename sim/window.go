package sim

import "carry"

// window is what a pair's short was within FundingWindow of now: a settlement
// may be charged on a position that was closed just before it or opened just
// after (binance.md §2.2), so the worse of all counts.
type window struct {
	last       carry.Time // of a fill
	least, all carry.Qty  // smallest and largest short since before it
	due        []carry.Settlement
	mark       []carry.Price
}

// remember notes pair i's short before a fill at a time; what it is after it the
// next fill or the charge sees.
func (x *Exchange) remember(i int32, at carry.Time) {
	if x.window == nil {
		return
	}
	w := &x.window[i]
	size := abs(x.acct.qty[i])
	if len(w.due) == 0 && (w.last == 0 || at-w.last > x.opt.FundingWindow) {
		w.least, w.all = size, size
	}
	w.last = at
	w.see(size)
}

func (w *window) see(size carry.Qty) {
	w.least, w.all = min(w.least, size), max(w.all, size)
}

// owe keeps a settlement until its window is over.
func (x *Exchange) owe(s *carry.Settlement, mark carry.Price, at carry.Time) {
	w := &x.window[s.Pair]
	size := abs(x.acct.qty[s.Pair])
	if w.last == 0 || at-w.last > x.opt.FundingWindow {
		w.least, w.all, w.last = size, size, at
	}
	w.see(size)
	w.due, w.mark = append(w.due, *s), append(w.mark, mark)
}

// charge pays what pair i owes on the worse of the positions it had around the
// settlement: the largest where a short pays, the smallest where it receives.
func (x *Exchange) charge(i int32, at carry.Time) {
	w := &x.window[i]
	w.see(abs(x.acct.qty[i]))
	for k := range w.due {
		s := &w.due[k]
		q := w.least
		if s.Rate < 0 {
			q = w.all
		}
		if q == 0 {
			continue
		}
		code := carry.CodeFundingWindow
		if -q == x.acct.qty[i] {
			code = carry.OK
		}
		x.pay(s, w.mark[k], -q, at, code)
	}
	w.due, w.mark = w.due[:0], w.mark[:0]
}
