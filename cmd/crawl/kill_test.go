//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carry"
	"carry/data"
	"carry/internal/exchange"
	"carry/internal/testenv"
	"carry/sim"
)

// The present of the crawls that are killed is fixed.
const (
	killFrom  = carry.Time(1672531200000) // 2023-01-01
	killTo    = carry.Time(1680307200000) // 2023-04-01
	killToFew = carry.Time(1675209600000) // 2023-02-01
	killNowAt = 20 * carry.Minute         // after the end
)

// fetching is a crawl by the program that can be stopped at any moment, and the
// dump that an undisturbed one leaves.
type fetching struct {
	t    testing.TB
	path string // of the database
	args []string
	took time.Duration
	want string
}

func newFetching(t *testing.T, coins int, from, to carry.Time) *fetching {
	t.Helper()
	facts, err := exchange.NewGeneratedFacts(sim.MarketOptions{Coins: coins, From: from, To: to, Step: carry.Hour, Seed: 3, NoDelistings: true})
	if err != nil {
		t.Fatal(err)
	}
	now := to + killNowAt
	server, err := exchange.New(facts, exchange.Options{Clock: exchange.NewManualClock(now),
		Limits: exchange.Limits{SpotWeight: 1e9, FuturesWeight: 1e9, SpotRaw: 1e9, Funding: 1e9}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	f := &fetching{t: t, path: filepath.Join(t.TempDir(), "carry.db")}
	u := server.URLs()
	f.args = []string{"fetch", "--coins", "all", "--from", from.Date(), "--to", to.Date(), "--now", now.UTC().Format("2006-01-02T15:04"), "--workers", "4",
		"--spot-url", u.Spot, "--futures-url", u.Futures, "--archive-url", u.Archive, "--listing-url", u.Listing, "--db"}
	whole := f.path + ".whole"
	began := time.Now()
	f.finish(whole)
	f.took = time.Since(began)
	if f.want = f.dumpOf(whole); len(f.want) < 100_000 {
		t.Fatalf("the dump has %d bytes only", len(f.want))
	}
	return f
}

// command is the crawl. The test's own binary is the program when it is called
// by its name (see TestMain).
func (f *fetching) command(path string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Args = append(append([]string{program}, f.args...), path)
	return cmd
}

// finish runs the crawl to its end.
func (f *fetching) finish(path string) {
	f.t.Helper()
	if out, err := f.command(path).CombinedOutput(); err != nil {
		f.t.Fatalf("%v\n%s", err, out)
	}
}

// kill starts the crawl and kills it after a while; false when it was faster.
func (f *fetching) kill(path string, after time.Duration) bool {
	f.t.Helper()
	cmd := f.command(path)
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	time.Sleep(after)
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		f.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &exit) {
		return exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	}
	return false
}

// dumpOf is all that a database says, in order.
func (f *fetching) dumpOf(path string) string {
	f.t.Helper()
	s, err := data.Open(path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer s.Close()
	var b strings.Builder
	if err := s.Dump(f.t.Context(), &b); err != nil {
		f.t.Fatal(err)
	}
	return b.String()
}

// same tells whether a database says what it must, and shows the first line that
// differs.
func (f *fetching) same(what, path string) bool {
	f.t.Helper()
	got := f.dumpOf(path)
	if got == f.want {
		return true
	}
	a, b := strings.Split(got, "\n"), strings.Split(f.want, "\n")
	i := 0
	for i < min(len(a), len(b))-1 && a[i] == b[i] {
		i++
	}
	f.t.Errorf("%s: line %d of %d and %d:\n got %s\nwant %s", what, i+1, len(a), len(b), a[i], b[i])
	return false
}

// killed kills a crawl once at each of n moments spread over its run, every
// tenth a second time, lets it finish, and compares what is stored with what one
// undisturbed crawl leaves.
func killed(t *testing.T, f *fetching, n int) {
	rng := rand.New(rand.NewPCG(1, 2))
	kills, same, span := 0, 0, f.took
	for round := range n {
		path := fmt.Sprintf("%s.%d", f.path, round)
		for !f.kill(path, time.Duration((float64(round)+rng.Float64())/float64(n)*float64(span))) {
			remove(path)
			if span = span * 95 / 100; span < f.took/5 {
				t.Fatal("the crawl is always over before the kill")
			}
		}
		kills++
		if round%10 == 9 && f.kill(path, time.Duration(rng.Float64()*float64(span))) {
			kills++
		}
		f.finish(path)
		if f.same(fmt.Sprintf("round %d", round), path) {
			same++
		}
		remove(path)
	}
	t.Logf("%d kills, a crawl takes %v: %d of %d dumps identical, SHA-256 %.16x...", kills, f.took.Round(time.Millisecond), same, n, sha256.Sum256([]byte(f.want)))
}

func remove(path string) {
	for _, tail := range []string{"", "-wal", "-shm", ".lock"} {
		os.Remove(path + tail)
	}
}

// A crawl is killed at any moment of its life, interrupted, or finds the disk
// full, and is started again. What is in the store at the end is what one
// undisturbed crawl brings, to the last byte of the dump. TestKilled200Times is
// the long form.
func TestStoppedAtAnyMomentTheContentIsTheSame(t *testing.T) {
	f := newFetching(t, 2, killFrom, killToFew)
	t.Run("killed", func(t *testing.T) { killed(t, f, 6) })
	t.Run("told to stop", func(t *testing.T) { stopped(t, f) })
}

// Three coins over three months, 200 times.
func TestKilled200Times(t *testing.T) {
	testenv.Long(t, "crash")
	killed(t, newFetching(t, 3, killFrom, killTo), 200)
}

// stopped: Ctrl-C in the middle is one line and a hint, exit code 1, and the
// next run goes on. So it is with a disk that is full: a limit on the size of
// files stands in for it.
func stopped(t *testing.T, f *fetching) {
	stop := func(path string) *exec.Cmd {
		cmd := f.command(path)
		time.AfterFunc(f.took/2, func() {
			if cmd.Process != nil {
				_ = cmd.Process.Signal(os.Interrupt)
			}
		})
		return cmd
	}
	full := func(path string) *exec.Cmd {
		link := filepath.Join(t.TempDir(), program)
		if err := os.Symlink(os.Args[0], link); err != nil {
			t.Fatal(err)
		}
		return exec.Command("sh", append([]string{"-c", `ulimit -f 700; exec "$@"`, "sh", link}, f.command(path).Args[1:]...)...)
	}
	for name, c := range map[string]struct {
		command func(path string) *exec.Cmd
		says    string
	}{"stopped": {stop, "interrupted; "}, "full": {full, "the disk is full"}} {
		path := f.path + "." + name
		cmd := c.command(path)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		if err == nil && name == "stopped" {
			t.Log("it was faster than Ctrl-C")
			continue
		}
		text := stderr.String()
		if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(text, c.says) || !strings.Contains(text, "\nhint: ") {
			t.Errorf("%s: exit %d\n%s", name, code, text)
		}
		f.finish(path)
		f.same(name, path)
	}
}
