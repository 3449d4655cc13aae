package crawl

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/exchange"
	"carry/internal/testenv"
)

// childEnv holds a job as JSON: the test binary then is a crawl of its own,
// whose memory can be measured.
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

// child is the command that runs a job.
func (w *world) child(path string, o Options) *exec.Cmd {
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

// What is in memory is bounded by the workers, not by the coins: the peak of
// the process with 74 coins is at most a fifth above the one with 10.
func TestPeakMemoryIsFlatInCoins(t *testing.T) {
	testenv.Long(t, "crawl-speed")
	peak, n := map[int]int{}, 0
	for _, coins := range []int{10, 74} {
		w := newWorld(t, yearFacts(t, coins), yearTo+20*carry.Minute, exchange.Options{Limits: exchange.Limits{SpotWeight: 1e9, FuturesWeight: 1e9, SpotRaw: 1e9, Funding: 1e9}})
		cmd := w.child(w.path, Options{All: true, Via: REST, From: yearFrom, To: yearTo, Now: yearTo, Kinds: []string{data.KindPerp, data.KindSpot, data.KindFunding}})
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
	ratio := float64(peak[74]) / float64(peak[10])
	testenv.Figure(t, "crawl: peak memory, 74 coins / 10 coins", ratio, "x", "≤ 1.2", ratio <= 1.2)
	t.Logf("peak with 10 coins %d KiB, with 74 coins %d KiB: %.2f", peak[10], peak[74], ratio)
	if ratio > 1.2 {
		t.Errorf("the peak grew from %d to %d KiB", peak[10], peak[74])
	}
}
