package exchange

import "carry"

// Kinds of faults of settlements.
const (
	rateLate         TradeFaultKind = "rate-late"
	rateOfOneMissing TradeFaultKind = "rate-missing"
	rateTwice        TradeFaultKind = "rate-twice"
	paymentLate      TradeFaultKind = "payment-late"
	paymentTwice     TradeFaultKind = "payment-twice"
	paymentMissing   TradeFaultKind = "payment-missing"
	paymentStamp     TradeFaultKind = "payment-stamp"
)

// fundingFaults are what may happen to what is told of a settlement.
var fundingFaults = [...]tradeFault{
	{kind: rateLate, ids: "U11 C6", comes: "a settlement's rates are not in the history yet, twice", right: RightEqual, nth: 2, prob: 0.3, times: 10},
	{kind: rateOfOneMissing, ids: "C6 U11", comes: "one contract's settled rate never comes, and it was paid", right: RightStops, nth: 2, prob: 0.3, times: 10},
	{kind: rateTwice, ids: "C6 U4", comes: "a settlement's rates twice", right: RightEqual, nth: 2, prob: 0.3, times: 10},
	{kind: paymentLate, ids: "U11", comes: "payments are not in the income history yet, twice", right: RightEqual, nth: 2, prob: 0.3, times: 10},
	{kind: paymentTwice, ids: "U11", comes: "a line of the income history twice", right: RightEqual, nth: 2, prob: 0.3, times: 10},
	{kind: paymentMissing, ids: "U11", comes: "a payment never comes into the income history", right: RightStops, nth: 5, prob: 1, times: 1},
	{kind: paymentStamp, ids: "C4", comes: "payments are stamped four seconds after the hour", right: RightEqual, nth: 2, prob: 0.5, times: 20},
}

// spoiltSlot is what a fault does to one settlement.
type spoiltSlot struct {
	kind  TradeFaultKind
	reads int // so far
}

// lateReads is how often a late row is not there yet.
const lateReads = 2

// spoilRates does to the newest settlement's rates what is due.
func (t *Trading) spoilRates(rows []namedFunding) []namedFunding {
	t.mu.Lock()
	defer t.mu.Unlock()
	newest := carry.Time(0)
	for i := range rows {
		newest = max(newest, rows[i].At.Slot())
	}
	if newest == 0 {
		return rows
	}
	s := t.spoiltRates[newest]
	if s == nil {
		s = &spoiltSlot{kind: t.faults.pick(rateLate, rateOfOneMissing, rateTwice)}
		t.spoiltRates[newest] = s
	}
	s.reads++
	var out []namedFunding
	for i, r := range rows {
		mine := r.At.Slot() == newest
		switch {
		case mine && s.kind == rateLate && s.reads <= lateReads:
			continue
		case mine && s.kind == rateOfOneMissing && int(t.pairOf[FuturesMarket][r.symbol]) == int(newest/carry.Hour)%len(t.info.Pairs):
			continue
		case mine && s.kind == rateTwice:
			out = append(out, rows[i])
		}
		out = append(out, rows[i])
	}
	return out
}

// spoilPayments does to the newest payments' lines what is due. The caller holds
// the lock.
func (t *Trading) spoilPayments(rows []income) []income {
	newest := carry.Time(0)
	for i := range rows {
		if rows[i].kind == "FUNDING_FEE" {
			newest = max(newest, rows[i].at.Slot())
		}
	}
	if newest == 0 {
		return rows
	}
	s := t.spoiltPayments[newest]
	if s == nil {
		s = &spoiltSlot{kind: t.faults.pick(paymentLate, paymentTwice, paymentMissing, paymentStamp)}
		t.spoiltPayments[newest] = s
	}
	s.reads++
	var out []income
	gone := false
	for _, r := range rows {
		mine := r.kind == "FUNDING_FEE" && r.at.Slot() == newest
		switch {
		case mine && s.kind == paymentLate && s.reads <= lateReads:
			continue
		case mine && s.kind == paymentMissing && !gone:
			gone = true
			continue
		case mine && s.kind == paymentTwice:
			out = append(out, r)
		case mine && s.kind == paymentStamp:
			r.at += 4 * carry.Second
		}
		out = append(out, r)
	}
	return out
}
