//go:build unix

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"carry/internal/testenv"
)

// killed is a rehearsal whose program is killed again and again while the
// exchange, another process, lives on.
type killed struct {
	t       *testing.T
	binary  string // "": this test's own, which is the program when called by its name
	url     string
	journal string
	market  []string
}

// command is the program with these arguments.
func (k *killed) command(args ...string) *exec.Cmd {
	cmd := exec.Command(cmp.Or(k.binary, os.Args[0]))
	cmd.Args = append([]string{program}, args...)
	cmd.Dir = k.t.TempDir() // proofs of what was tried are written where it runs
	return cmd
}

// serve starts the exchange; it ends with the test.
func (k *killed) serve() {
	k.t.Helper()
	cmd := k.command(append([]string{"exchange", "--lockstep", "--listen", "127.0.0.1:0"}, k.market...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text()); url != "" {
			k.url = url
			return
		}
	}
	k.t.Fatalf("the exchange did not start: %s", trouble.String())
}

// rehearse starts the client and ends it by a signal after a while; 0: it may live.
// It tells whether the client came to the end before.
func (k *killed) rehearse(after time.Duration, by os.Signal) (out string, ended bool) {
	k.t.Helper()
	cmd := k.command(append([]string{"--rehearse", "--connect", k.url, "--journal", k.journal}, k.market...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Signal(by) })
		defer timer.Stop()
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && (exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL || by == syscall.SIGTERM && strings.Contains(stderr.String(), "interrupted") ||
		exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM) {
		return stderr.String(), false
	}
	if err != nil {
		k.t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	return stdout.String(), true
}

// The program is killed by SIGKILL, now and then by SIGTERM, in the midst of rehearsals and started again
// with the same command until the market ends: all come back, hedged and with
// equal books (the program fails otherwise), nothing lost and nothing twice.
func TestKilledRehearsals(t *testing.T) {
	kills, k := 6, &killed{t: t}
	if testenv.LongWanted() {
		kills = 200
		k.binary = filepath.Join(t.TempDir(), program)
		if out, err := exec.Command("go", "build", "-o", k.binary, ".").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	} else if testing.Short() {
		t.Skip("starts processes")
	}
	chance := rand.New(rand.NewPCG(1, 2))
	done, rehearsals, sessions, midway := 0, 0, 0, 0
	began := time.Now()
	for ; done < kills; rehearsals++ {
		k.market = []string{"--generated", "--generated-coins", "5", "--generated-years", "0.2", "--seed", fmt.Sprint(20 + rehearsals), "--openRateMinFrac", "0.00005", "--reopenAfterH", "1"}
		k.journal = filepath.Join(t.TempDir(), "session.db")
		k.serve()
		for n := 0; ; n++ {
			after := time.Duration(60+chance.IntN(500)) * time.Millisecond
			if done >= kills || n >= 40 {
				after = 0 // to its end
			}
			by := os.Signal(syscall.SIGKILL)
			if n%4 == 3 {
				by = syscall.SIGTERM // the same way back
			}
			out, ended := k.rehearse(after, by)
			sessions++
			if !ended {
				if done++; strings.Contains(out, "the journal goes on after") {
					midway++
				}
				continue
			}
			for _, want := range []string{"each commanded once", "each in the journal once", "residual 0.0000000000000000"} {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not said:\n%s", want, out)
				}
			}
			break
		}
		if replay, err := k.command("replay", k.journal).CombinedOutput(); err != nil {
			t.Errorf("replay: %v\n%s", err, replay)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if midway == 0 {
		t.Error("no client was killed after it had gone on from its journal")
	}
	t.Logf("figure: %d kills in %d rehearsals, %d starts of %v, %d of them killed after they had gone on: all recovered, books equal, nothing lost, nothing twice",
		done, rehearsals, sessions, (time.Since(began) / time.Duration(sessions)).Round(time.Millisecond), midway)
}

// A journal whose last record was written in part goes on, with a word; one that
// was changed elsewhere is refused with exit code 4, and a second session at once,
// or one with other settings, is turned away.
func TestAJournalThatWasTamperedWith(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	k := &killed{t: t, market: []string{"--generated", "--generated-coins", "5", "--generated-years", "0.2", "--seed", "4"}}
	k.journal = filepath.Join(t.TempDir(), "session.db")
	k.serve()
	for after := 400 * time.Millisecond; ; after += 200 * time.Millisecond {
		if _, ended := k.rehearse(after, syscall.SIGKILL); ended {
			t.Skip("this machine rehearses in a moment")
		}
		if k.records() > 10 {
			break
		}
	}
	change := func(statement string) {
		t.Helper()
		db, err := sql.Open(sql.Drivers()[0], k.journal)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(code int, word string, more ...string) {
		t.Helper()
		out, err := k.command(append(append([]string{"--rehearse", "--connect", k.url, "--journal", k.journal}, k.market...), more...)...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != code || !strings.Contains(string(out), word) {
			t.Errorf("want exit code %d and %q: %v\n%s", code, word, err, out)
		}
	}
	refused(2, "is of another run", "--reopenAfterH", "7")
	change(`CREATE TABLE kept AS SELECT * FROM record WHERE seq = 5`)
	change(`UPDATE record SET body = (SELECT body FROM record WHERE seq = 6) WHERE seq = 5`)
	refused(4, "session.db, record 5")
	change(`UPDATE record SET body = (SELECT body FROM kept) WHERE seq = 5`)
	lock, err := os.OpenFile(k.journal+".lock", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	refused(1, "another session writes to this journal")
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	change(`INSERT INTO record (seq, kind, at_ms, what, body, chain) SELECT seq + 1, kind, at_ms, what, x'', chain FROM record ORDER BY seq DESC LIMIT 1`)
	out, ended := k.rehearse(time.Minute, syscall.SIGKILL)
	if !ended || !strings.Contains(out, "went on from its journal") {
		t.Errorf("it did not go on: %s", out)
	}
	replay, err := k.command("replay", k.journal).CombinedOutput()
	if err != nil || !strings.Contains(string(replay), "was started") {
		t.Errorf("replay: %v\n%s", err, replay)
	}
}

// records is how many records the journal has.
func (k *killed) records() (n int) {
	k.t.Helper()
	db, err := sql.Open(sql.Drivers()[0], k.journal)
	if err != nil {
		k.t.Fatal(err)
	}
	defer db.Close()
	if db.QueryRow(`SELECT count(*) FROM record`).Scan(&n) != nil {
		return 0 // not made yet
	}
	return n
}
