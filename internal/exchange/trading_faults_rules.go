package exchange

import (
	"math"

	"carry"
)

// Kinds of faults of what is tradable and how.
const (
	symbolHalted   TradeFaultKind = "symbol-halted"
	symbolCancels  TradeFaultKind = "symbol-cancel-only"
	symbolMissing  TradeFaultKind = "symbol-missing"
	filtersCoarser TradeFaultKind = "filters-coarser"
	notionalRaised TradeFaultKind = "notional-raised"
	bracketsRaised TradeFaultKind = "brackets-raised"
)

// ruleFaults are what may happen to a pair's rules at a cross-section.
var ruleFaults = [...]tradeFault{
	{kind: symbolHalted, ids: "M2 X20", comes: "a leg is halted for five hours, by its status and in answers to orders", right: RightHedged, nth: 2, prob: 0.05, times: 10},
	{kind: symbolCancels, ids: "M2 X14", comes: "a leg is CANCEL_ONLY for five hours", right: RightHedged, nth: 2, prob: 0.05, times: 10},
	{kind: symbolMissing, ids: "M1 M4", comes: "exchangeInfo lacks a symbol for an hour", right: RightHedged, nth: 2, prob: 0.05, times: 10},
	{kind: filtersCoarser, ids: "M3 M8", comes: "a leg's quantity step is ten times as large from now on", right: RightHedged, nth: 100, prob: 1, times: 1},
	{kind: notionalRaised, ids: "M3 H1", comes: "a leg's smallest order is worth ten times as much from now on", right: RightHedged, nth: 100, prob: 1, times: 1},
	{kind: bracketsRaised, ids: "T8", comes: "a contract's maintenance margin rates are doubled in leverageBracket from now on", right: RightHedged, nth: 100, prob: 1, times: 1},
}

// changedRules are what faults made of the rules.
type changedRules struct {
	haltUntil   [marketCount][]carry.Time
	haltStatus  [marketCount][]string
	hiddenUntil [marketCount][]carry.Time
	coarser     [marketCount][]bool
	dearer      [marketCount][]bool
	riskier     []bool
}

func newChangedRules(n int) (c changedRules) {
	for m := range c.haltUntil {
		c.haltUntil[m], c.hiddenUntil[m] = make([]carry.Time, n), make([]carry.Time, n)
		c.haltStatus[m], c.coarser[m], c.dearer[m] = make([]string, n), make([]bool, n), make([]bool, n)
	}
	c.riskier = make([]bool, n)
	return c
}

// coarserBy and dearerBy are how much rules change.
const (
	coarserBy = 10
	dearerBy  = 10
)

// spoilRules decides what happens to the rules at a cross-section.
func (t *Trading) spoilRules(now carry.Time) {
	kind := t.faults.pick(kindsOf(ruleFaults[:])...)
	if kind == "" {
		return
	}
	n := len(t.info.Pairs)
	k := t.faults.which(kind, 2*n)
	m, i := k%2, k/2
	switch c := &t.changed; kind {
	case symbolHalted:
		c.haltUntil[m][i], c.haltStatus[m][i] = now+5*carry.Hour, "BREAK"
	case symbolCancels:
		c.haltUntil[m][i], c.haltStatus[m][i] = now+5*carry.Hour, "CANCEL_ONLY"
	case symbolMissing:
		c.hiddenUntil[m][i] = now + carry.Hour
	case filtersCoarser:
		c.coarser[m][i] = true
	case notionalRaised:
		c.dearer[m][i] = true
	case bracketsRaised:
		c.riskier[i] = true
	}
}

// stopped is the status of a leg that a fault closed for trading; "" otherwise.
func (t *Trading) stopped(m Market, i int32) string {
	if t.clock.at() < t.changed.haltUntil[m][i] {
		return t.changed.haltStatus[m][i]
	}
	return ""
}

// rulesNow changes what exchangeInfo is about to tell of a symbol; false where it
// is not told.
func (t *Trading) rulesNow(m Market, symbol string, r *Rules) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.pairOf[m][symbol]
	if !ok {
		return true
	}
	c := &t.changed
	if c.coarser[m][i] {
		for _, text := range [...]*string{&r.Step, &r.MinQty, &r.MarketStep, &r.MarketMin} {
			*text = timesTen(*text)
		}
	}
	if c.dearer[m][i] {
		r.MinNotional = timesTen(r.MinNotional)
	}
	if m == FuturesMarket && c.riskier[i] {
		ladder := append([]Bracket(nil), r.Brackets...)
		for k := range ladder {
			ladder[k].MMR *= 2
			ladder[k].Cum *= 2
		}
		r.Brackets = ladder
	}
	return t.clock.at() >= c.hiddenUntil[m][i]
}

// timesTen is a figure ten times as large.
func timesTen(text string) string {
	d, ok := readDecimal(text)
	if !ok {
		return text
	}
	return d.Shift(1).String()
}

// refusedByChange holds an order against rules that a fault changed.
func (t *Trading) refusedByChange(o *order) *refusal {
	c := &t.changed
	f := &t.rules[o.pair].Legs[legOf(o.market)]
	p := &t.info.Pairs[o.pair]
	worth := p.QtyFloat(o.qty) * t.mid(legOf(o.market), o.pair).Float()
	switch {
	case t.stopped(o.market, o.pair) != "":
		return refusalOf(o.market, carry.CodeHalted)
	case c.coarser[o.market][o.pair] && o.qty%(coarserBy*f.Lot()) != 0:
		return refusalOf(o.market, carry.CodeLot)
	case c.dearer[o.market][o.pair] && !o.reduceOnly && worth < math.Floor(dearerBy*f.MinNotional.Float()):
		return refusalOf(o.market, carry.CodeNotional)
	}
	return nil
}
