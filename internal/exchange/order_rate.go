package exchange

import (
	"fmt"
	"strconv"

	"carry"
)

// orderLimit is one of a market's limits of new orders.
type orderLimit struct {
	bucket
	header string // its count's header
	words  string // in the refusal
}

// orderLimits count the new orders of one account and market.
type orderLimits []orderLimit

// newOrderLimits are those that exchangeInfo announces.
func newOrderLimits(m Market) orderLimits {
	of := func(limit int, span carry.Time, name, words string) orderLimit {
		return orderLimit{bucket{limit: limit, span: span}, "X-MBX-ORDER-COUNT-" + name, words}
	}
	if m == SpotMarket {
		return orderLimits{of(50, 10*carry.Second, "10S", "10 SECOND"), of(160_000, carry.Day, "1D", "1 DAY")}
	}
	return orderLimits{of(300, 10*carry.Second, "10S", "10 SECOND"), of(1200, carry.Minute, "1M", "1 MINUTE")}
}

// refuse is the answer to an order beyond a limit; nil within all.
func (l orderLimits) refuse(now carry.Time) *answer {
	for i := range l {
		if wait, ok := l[i].fits(now, 1); !ok {
			a := (&refusal{429, -1015, fmt.Sprintf("Too many new orders; current limit is %d orders per %s.", l[i].limit, l[i].words)}).answer()
			a.header = [][2]string{{"Retry-After", strconv.FormatInt(int64(ceilSecond(wait)/carry.Second), 10)}}
			return &a
		}
	}
	return nil
}

// took counts an order that was accepted and tells the counts.
func (l orderLimits) took(now carry.Time, a *answer) {
	for i := range l {
		l[i].expire(now)
		if a.status == 200 {
			l[i].spend(now, 1)
		}
		a.header = append(a.header, [2]string{l[i].header, strconv.Itoa(l[i].used)})
	}
}
