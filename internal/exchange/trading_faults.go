package exchange

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// TradeFaultKind names one misbehaviour of the trading half.
type TradeFaultKind string

// Right is how a right client stands a fault.
type Right uint8

// The right behaviours. In all of them nothing is sent twice, no fill is lost,
// and the client's books agree with the exchange's accounts.
const (
	// RightEqual: the run is the one without faults, to the last digit.
	RightEqual Right = iota + 1
	// RightHedged: once the faults are over the run goes on, and ends hedged.
	RightHedged
	// RightHalts: an alarm says why, and nothing is opened any more; what somebody
	// else brought is neither hedged nor sold.
	RightHalts
	// RightStops: the run ends with an error that says why, and sends nothing
	// more.
	RightStops
	// RightRefuses: the run does not begin.
	RightRefuses
)

var rightNames = [...]string{"", "equal to the run without it", "goes on, ends hedged", "says why and opens nothing more", "stops with an error", "does not start"}

// String is the behaviour in the documents.
func (r Right) String() string { return rightNames[r] }

// TradeFault describes one kind: where it stands in the catalogue of faults, what
// comes, what is right, and a schedule under which it comes in a run of two weeks.
type TradeFault struct {
	Kind             TradeFaultKind
	Subject          string
	Catalogue, Comes string
	Right            Right
	Rule             TradeFaultRule
	// Slow faults are waited out: seconds of real time each, where time is not
	// false.
	Slow bool
}

// slow are the kinds that a client waits out.
var slow = [...]TradeFaultKind{"order-slow", "order-hang", "transfer-slow", "transfer-hang", "read-slow", "read-hang", streamHalfOpen, streamSilent, streamRefused,
	streamUnanswered, streamHuge, streamShutdown, streamCloses, StreamsDrop, ListenKeyGone, listenKeyRefused, listenKeyNoLonger, balancesStale, positionsStale}

// TradeFaultTable are all kinds, by subject.
func TradeFaultTable() []TradeFault {
	var out []TradeFault
	for _, s := range [...]struct {
		name string
		list []tradeFault
	}{{"orders", orderFaults[:]}, {"transfers", transferFaults[:]}, {"reads", readFaults[:]}, {"events", eventFaults[:]}, {"streams", streamFaults[:]},
		{"market", marketFaults[:]}, {"rules", ruleFaults[:]}, {"funding", fundingFaults[:]}, {"account", accountFaults[:]}} {
		for i := range s.list {
			f := &s.list[i]
			r := TradeFaultRule{Kind: f.kind, Nth: f.nth, Prob: f.prob, Times: f.times}
			out = append(out, TradeFault{Kind: f.kind, Subject: s.name, Catalogue: f.ids, Comes: f.comes, Right: f.right, Rule: r, Slow: slices.Contains(slow[:], f.kind)})
		}
	}
	return out
}

// TradeFaultKinds are the names of all kinds.
func TradeFaultKinds() (kinds []TradeFaultKind) {
	for _, f := range TradeFaultTable() {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

// tradeFault is a line of a table of faults.
type tradeFault struct {
	kind  TradeFaultKind
	ids   string // in the catalogue of faults
	comes string
	right Right
	nth   int // its schedule in tests
	prob  float64
	times int
	// Of what is sent or asked: whether it is taken before the answer is spoilt,
	// which orders may be hit (nil: all), and what the answer becomes.
	taken bool
	hits  func(*order) bool
	spoil func(t *Trading, o *order, a answer) answer
}

// TradeFaults are a seeded schedule.
type TradeFaults struct {
	Seed  uint64
	Rules []TradeFaultRule
}

// TradeFaultRule says which orders, transfers, events and so on a fault hits.
type TradeFaultRule struct {
	Kind TradeFaultKind
	// Nth spares those before the nth, from 1.
	Nth int
	// Prob is the chance of each; 0 means 1.
	Prob float64
	// Times limits how often it hits; 0: no limit.
	Times int
}

// tradeFaultBook decides and counts. The trading half's lock guards it.
type tradeFaultBook struct {
	seed  uint64
	rules []tradeRuleState
	count map[TradeFaultKind]int
}

type tradeRuleState struct {
	TradeFaultRule
	seen, done int
}

func newTradeFaultBook(f TradeFaults) (*tradeFaultBook, error) {
	b := &tradeFaultBook{seed: f.Seed, count: map[TradeFaultKind]int{}}
	known := map[TradeFaultKind]bool{}
	for _, k := range TradeFaultKinds() {
		known[k] = true
	}
	for i, r := range f.Rules {
		if !known[r.Kind] {
			return nil, fmt.Errorf("trade fault rule %d: there is no fault %q", i+1, r.Kind)
		}
		if r.Prob < 0 || r.Prob > 1 || math.IsNaN(r.Prob) || r.Nth < 0 || r.Times < 0 {
			return nil, fmt.Errorf("trade fault rule %d (%s): probability is 0..1, nth and times are not negative", i+1, r.Kind)
		}
		b.rules = append(b.rules, tradeRuleState{TradeFaultRule: r})
	}
	return b, nil
}

// pick is the fault among the kinds that hits now; "" for none. Every rule of
// the kinds sees the happening once.
func (b *tradeFaultBook) pick(kinds ...TradeFaultKind) TradeFaultKind {
	hit := TradeFaultKind("")
	for i := range b.rules {
		r := &b.rules[i]
		for _, k := range kinds {
			if r.Kind == k && b.due(i, r, hit != "") {
				hit = k
			}
		}
	}
	return hit
}

// pickOf is pick among the lines of a table that may hit an order.
func (b *tradeFaultBook) pickOf(table []tradeFault, o *order) *tradeFault {
	var hit *tradeFault
	for i := range b.rules {
		r := &b.rules[i]
		for k := range table {
			f := &table[k]
			if f.kind == r.Kind && (f.hits == nil || f.hits(o)) && b.due(i, r, hit != nil) {
				hit = f
			}
		}
	}
	return hit
}

// due tells whether rule i hits what it sees now. late: another hit it already.
func (b *tradeFaultBook) due(i int, r *tradeRuleState, late bool) bool {
	r.seen++
	if late || r.seen < r.Nth || r.Times > 0 && r.done >= r.Times {
		return false
	}
	if r.Prob > 0 && r.Prob < 1 && float64(b.chance(i, r)>>11)/(1<<53) >= r.Prob {
		return false
	}
	r.done++
	b.count[r.Kind]++
	return true
}

func (b *tradeFaultBook) chance(i int, r *tradeRuleState) uint64 {
	return mix(b.seed+uint64(i)<<32+uint64(r.seen), string(r.Kind))
}

// which is a number below n that depends on the seed, the kind and how often it
// hit.
func (b *tradeFaultBook) which(kind TradeFaultKind, n int) int {
	return int(mix(b.seed+uint64(b.count[kind])<<16, string(kind)+" which") % uint64(n))
}

// TradeFaultCounts are the faults served so far.
func (t *Trading) TradeFaultCounts() map[TradeFaultKind]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.faults.count)
}

// Statuses that mark an answer that never arrives: the connection is reset, or
// nothing comes.
const (
	cutOffStatus = -1
	hangStatus   = -2
)

// kindsOf are the kinds of a table.
func kindsOf(table []tradeFault) []TradeFaultKind {
	out := make([]TradeFaultKind, len(table))
	for i := range table {
		out[i] = table[i].kind
	}
	return out
}
