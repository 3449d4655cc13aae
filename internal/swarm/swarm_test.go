package swarm

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carry"
	"carry/internal/testenv"
)

var (
	oneSeed = flag.Uint64("seed", 0, "the seed of TestSeed and TestStackSeed")
	traced  = flag.Bool("tell", false, "TestSeed and TestStackSeed tell every event and command")
	first   = flag.Uint64("first", 0, "the first seed of the swarms")
	most    = flag.Int("most", 10, "failures after which a swarm ends")
	cores   = flag.Int("core", 0, "seeds of the swarm with core and venue; 0: some hundreds, in make swarm 50,000")
	stacks  = flag.Int("stack", 0, "seeds of the swarm with the whole stack; 0: some, in make swarm 2,000")
)

// wanted is how many seeds a swarm plays.
func wanted(asked, long, short int) int {
	switch {
	case asked > 0:
		return asked
	case testenv.LongWanted():
		return long
	case testing.Short():
		return short / 3
	}
	return short
}

// TestSeed plays one seed of the swarm with core and venue, and tells what it had
// in it.
func TestSeed(t *testing.T) {
	j, err := playTraced(*oneSeed, nil, tracer(t))
	if err != nil {
		t.Fatal(err)
	}
	d := j.d
	t.Logf("%s to %s, calm from %s; %d coins; %s", d.from, d.market.To, d.calm, d.market.Coins, strings.Join(d.text, " "))
	t.Logf("rough %+v", d.rough)
	t.Logf("faults %+v, wishes %v", d.faults, d.wishes)
	tell(t, j.seen)
	for _, f := range j.broken {
		t.Errorf("%s: %s", f.rule, f.text)
	}
}

// tracer logs a line for every event and command, if asked for.
func tracer(t *testing.T) func(*carry.Event, []carry.Command) {
	if !*traced {
		return nil
	}
	return func(ev *carry.Event, said []carry.Command) {
		a := ev.Account
		t.Logf("%s %s pair %d %s %s #%d qty %d left %d %s; coins %.6v contracts %.6v", ev.At, ev.Kind, ev.Pair, ev.Leg, ev.Side, ev.Order, ev.Qty, ev.Left, ev.Code, a.SpotCoinsF, a.PerpQtyF)
		for k := range said {
			c := &said[k]
			t.Logf("    %s pair %d %s %s #%d qty %d %s %g at %s", c.Kind, c.Pair, c.Leg, c.Side, c.Order, c.Qty, c.Code, c.X, c.At)
		}
	}
}

// TestStackSeed plays one seed of the swarm with the whole stack.
func TestStackSeed(t *testing.T) {
	j := playStack(t, *oneSeed, nil, tracer(t))
	d := j.d
	t.Logf("%s to %s, calm from %s; %d coins; %s", d.from, d.market.To, d.calm, d.market.Coins, strings.Join(d.text, " "))
	t.Logf("rough %+v", d.rough)
	t.Logf("faults %+v, wishes %v", d.wire, d.wishes)
	tell(t, j.seen)
	for _, f := range j.broken {
		t.Errorf("%s: %s", f.rule, f.text)
	}
}

// TestSwarmStack plays many seeds with the whole stack.
func TestSwarmStack(t *testing.T) {
	w := &swarm{t: t, n: wanted(*stacks, 2000, 20), again: "TestStackSeed", seen: map[string]int{}, began: time.Now()}
	t.Run("seeds", func(t *testing.T) {
		for k := range workers() {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				w.work(k, func(seed uint64) (*judge, error) { return playStack(t, seed, nil, nil), nil })
			})
		}
	})
	w.report()
	for _, kind := range wireKinds() {
		if w.seen["fault "+string(kind)] == 0 && w.n >= 1000 {
			t.Errorf("fault %s never happened: the swarm does not test it", kind)
		}
	}
}

// TestSwarmCore plays many seeds with core and venue.
func TestSwarmCore(t *testing.T) {
	w := &swarm{t: t, n: wanted(*cores, 50_000, 300), again: "TestSeed", seen: map[string]int{}, began: time.Now()}
	var all sync.WaitGroup
	for k := range workers() {
		all.Go(func() { w.work(k, func(seed uint64) (*judge, error) { return playCore(seed, nil) }) })
	}
	all.Wait()
	w.report()
	for _, what := range []string{"open", "top-up", "close-rate", "repair", "retry", "reduce-leverage", "trim-rise", "operator-close", "unknown", "partial",
		"liquidated", "settled", "delisted", "foreign", "kill", "pause", "link", "transfer unknown", "withdraw"} {
		if w.seen[what] == 0 && w.n >= 300 {
			t.Errorf("%s never happened: the swarm does not test it", what)
		}
	}
}

// swarm is many seeds at work.
type swarm struct {
	t     *testing.T
	n     int
	again string
	began time.Time

	mu     sync.Mutex
	seen   map[string]int
	failed int
	done   int
}

func workers() int { return runtime.GOMAXPROCS(0) }

// hangs is how long no seed takes, on whatever machine.
const hangs = 3 * time.Minute

// work plays every workers-th seed from the k-th on.
func (w *swarm) work(k int, play func(seed uint64) (*judge, error)) {
	for i := k; i < w.n; i += workers() {
		seed := *first + uint64(i)
		late := time.AfterFunc(hangs, func() {
			panic(fmt.Sprintf("a seed hangs: go test ./internal/swarm -v -run '%s$' -seed %d -tell", w.again, seed))
		})
		j, err := play(seed)
		late.Stop()
		w.mu.Lock()
		w.done++
		switch {
		case err != nil:
			w.fail("seed %d: %v", seed, err)
		case len(j.broken) > 0:
			w.fail("%s: %s\n  go test ./internal/swarm -v -run '%s$' -seed %d -tell", j.broken[0].rule, j.broken[0].text, w.again, seed)
		}
		for what, n := range j.counts() {
			w.seen[what] += n
		}
		enough := w.failed > *most
		w.mu.Unlock()
		if enough {
			return
		}
	}
}

// counts are what a run had in it, with its orders and fills.
func (j *judge) counts() map[string]int {
	if j == nil {
		return nil
	}
	for _, o := range j.orders {
		j.seen["orders sent"] += min(o.arrived, 1)
		j.seen["orders sent twice"] += max(o.arrived-1, 0)
		j.seen["fills"] += o.fills
		j.seen["fills lost"] += max(o.fills-o.heard, 0)
	}
	return j.seen
}

// fail says at once what was found.
func (w *swarm) fail(format string, args ...any) {
	w.failed++
	w.t.Errorf(format, args...)
}

func (w *swarm) report() {
	w.t.Helper()
	tell(w.t, w.seen)
	testenv.Figure(w.t, "swarm, "+w.again+", seeds without a finding", float64(w.done-w.failed), "seeds", "all", w.failed == 0)
	w.t.Logf("%d seeds in %s: %d failed; %d events, %d orders, %d sent twice; %d fills, %d lost", w.done, time.Since(w.began).Round(100*time.Millisecond),
		w.failed, w.seen["events"], w.seen["orders sent"], w.seen["orders sent twice"], w.seen["fills"], w.seen["fills lost"])
}

// The same seed is the same run, to the last bit of its journal.
func TestTheSameSeedIsTheSameRun(t *testing.T) {
	for seed := range uint64(40) {
		a, err := playCore(seed, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := playCore(seed, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a.hash == "" || a.hash != b.hash {
			t.Errorf("seed %d: journals %q and %q", seed, a.hash, b.hash)
		}
	}
}

func tell(t *testing.T, seen map[string]int) {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(seen)) {
		words = append(words, fmt.Sprintf("%s %d", k, seen[k]))
	}
	t.Log(strings.Join(words, ", "))
}
