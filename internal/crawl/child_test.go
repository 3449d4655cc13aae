package crawl

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/exchange"
	"carry/sim"
)

// childEnv holds a job as JSON: the test binary then is a crawl of its own,
// which can be killed and measured.
const childEnv = "CARRY_TEST_CRAWL"

type job struct {
	Path    string
	URLs    binance.URLs
	Options Options
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		if err := child(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	ctx := context.Background()
	lock, err := data.LockCrawl(ctx, j.Path, true)
	if err != nil {
		return err
	}
	defer lock.Release()
	store, err := data.Open(j.Path)
	if err != nil {
		return err
	}
	defer store.Close()
	client, err := binance.NewClient(binance.Options{URLs: j.URLs, Attempts: 5, BackoffMin: time.Millisecond})
	if err != nil {
		return err
	}
	c, err := New(store, client, j.Options)
	if err != nil {
		return err
	}
	p, err := c.Plan(ctx)
	if err != nil {
		return err
	}
	rep, err := c.Run(ctx, p)
	if err == nil && !rep.Complete() {
		err = fmt.Errorf("incomplete: %+v %+v", rep.Lacks, rep.Problems)
	}
	fmt.Println(peakMemory())
	return err
}

// peakMemory is the process's own peak in KiB, as Linux counts it. What a
// parent sees of its child includes the parent's memory at the fork.
func peakMemory() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib
		}
	}
	return 0
}

func (w *world) command(path string, o Options) *exec.Cmd {
	w.t.Helper()
	u := w.server.URLs()
	text, err := json.Marshal(job{path, binance.URLs{Spot: u.Spot, Futures: u.Futures, Archive: u.Archive, Listing: u.Listing}, o})
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	return cmd
}

func (w *world) dumpOf(path string) string {
	w.t.Helper()
	s, err := data.Open(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	return dump(w.t, s)
}

// A crawl of three coins over three months is killed again and again, at any
// moment of its life, and started again. What is in the store at the end is
// what one undisturbed crawl brings, to the last byte of the dump.
//
// CARRY_KILLS sets the number of kills; 200 take some minutes.
func TestKilledAtAnyMomentTheContentIsTheSame(t *testing.T) {
	kills := 30
	if testing.Short() {
		kills = 6
	}
	if n, err := strconv.Atoi(os.Getenv("CARRY_KILLS")); err == nil {
		kills = n
	}
	from, to := carry.Time(1672531200000), carry.Time(1680307200000) // 2023-01-01 to 04-01
	facts, err := exchange.NewGeneratedFacts(sim.MarketOptions{Coins: 3, From: from, To: to, Step: carry.Hour, Seed: 3, NoDelistings: true})
	if err != nil {
		t.Fatal(err)
	}
	now := to + 20*carry.Minute
	w := newWorld(t, facts, now, exchange.Options{Limits: exchange.Limits{SpotWeight: 1e9, FuturesWeight: 1e9, SpotRaw: 1e9, Funding: 1e9}})
	o := Options{All: true, From: from, To: to, Now: now, Workers: 4}

	whole := w.path + ".whole"
	began := time.Now()
	if out, err := w.command(whole, o).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took := time.Since(began)
	want := w.dumpOf(whole)

	rng := rand.New(rand.NewPCG(1, 2))
	killed, rounds, same := 0, 0, 0
	for killed < kills {
		path := fmt.Sprintf("%s.%d", w.path, rounds)
		rounds++
		// A few kills on one database, then it may finish.
		for range 1 + rng.IntN(8) {
			if killed == kills {
				break
			}
			cmd := w.command(path, o)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rng.Int64N(int64(took))))
			if err := cmd.Process.Kill(); err == nil {
				killed++
			}
			// The process is gone; how it ended was our doing.
			_ = cmd.Wait()
		}
		if out, err := w.command(path, o).CombinedOutput(); err != nil {
			t.Fatalf("round %d: %v: %s", rounds, err, out)
		}
		if got := w.dumpOf(path); digest(got) == digest(want) {
			same++
		} else {
			differ(t, fmt.Sprintf("round %d", rounds), got, want)
		}
		for _, tail := range []string{"", "-wal", "-shm", ".lock"} {
			os.Remove(path + tail)
		}
	}
	t.Logf("%d kills over %d crawls of %v each: %d of %d dumps identical (%s)", killed, rounds, took.Round(time.Millisecond), same, rounds, digest(want))
	if len(want) < 100_000 {
		t.Errorf("the dump has %d bytes only", len(want))
	}
}

// What is in memory is bounded by the workers, not by the coins: the peak of
// the process with 74 coins is at most a fifth above the one with 10.
func TestPeakMemoryIsFlatInCoins(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches a million rows")
	}
	peak, n := map[int]int{}, 0
	for _, coins := range []int{10, 74} {
		w := newWorld(t, yearFacts(t, coins), yearTo+20*carry.Minute, exchange.Options{Limits: exchange.Limits{SpotWeight: 1e9, FuturesWeight: 1e9, SpotRaw: 1e9, Funding: 1e9}})
		cmd := w.command(w.path, Options{All: true, Via: REST, From: yearFrom, To: yearTo, Now: yearTo, Kinds: []string{data.KindPerp, data.KindSpot, data.KindFunding}})
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if _, err := fmt.Sscan(string(out), &n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			t.Skip("this system does not tell a process its peak memory")
		}
		peak[coins] = n
	}
	t.Logf("peak with 10 coins %d KiB, with 74 coins %d KiB: %.2f", peak[10], peak[74], float64(peak[74])/float64(peak[10]))
	if float64(peak[74]) > 1.2*float64(peak[10]) {
		t.Errorf("the peak grew from %d to %d KiB", peak[10], peak[74])
	}
}
