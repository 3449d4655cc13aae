package swarm

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"carry"
)

var (
	oneSeed = flag.Uint64("seed", 0, "the seed of TestSeed")
	first   = flag.Uint64("first", 0, "the first seed of the swarms")
	most    = flag.Int("most", 10, "failures after which a swarm ends")
	traced  = flag.Bool("tell", false, "TestSeed tells every event and command")
	stacks  = flag.Int("stack", 0, "seeds of the swarm with the whole stack; 0: a few dozen")
	cores   = flag.Int("core", 0, "seeds of the swarm with core and venue; 0: a few hundred")
)

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
	n := *stacks
	if n == 0 {
		n = 20
	}
	seen := map[string]int{}
	start := time.Now()
	failed := 0
	for seed := *first; seed < *first+uint64(n); seed++ {
		j := playStack(t, seed, nil, nil)
		for k, v := range j.seen {
			seen[k] += v
		}
		if len(j.broken) > 0 {
			failed++
			t.Errorf("%s: %s\n  go test ./internal/swarm -run 'TestStackSeed$' -seed %d", j.broken[0].rule, j.broken[0].text, seed)
			if failed > *most {
				break
			}
		}
	}
	t.Logf("%d seeds in %s", n, time.Since(start))
	tell(t, seen)
}

func tell(t *testing.T, seen map[string]int) {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(seen)) {
		words = append(words, fmt.Sprintf("%s %d", k, seen[k]))
	}
	t.Log(strings.Join(words, ", "))
}

// TestSwarmCore plays many seeds with core and venue.
func TestSwarmCore(t *testing.T) {
	n := *cores
	if n == 0 {
		n = 300
	}
	seen := map[string]int{}
	start := time.Now()
	failed := 0
	for seed := *first; seed < *first+uint64(n); seed++ {
		j, err := playCore(seed, nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for k, v := range j.seen {
			seen[k] += v
		}
		if len(j.broken) > 0 {
			failed++
			t.Errorf("%s: %s\n  go test ./internal/swarm -run 'TestSeed$' -seed %d", j.broken[0].rule, j.broken[0].text, seed)
			if failed > *most {
				break
			}
		}
	}
	t.Logf("%d seeds in %s", n, time.Since(start))
	tell(t, seen)
}
