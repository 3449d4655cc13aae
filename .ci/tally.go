// Command tally reads what `go test -json` wrote and prints what a person wants
// of it: every failed test with its output, every skip with its reason, the
// slowest packages, and as the last line how many tests passed, failed and were
// skipped. Long tests, which run in parts of their own, are no skips. It exits
// with 1 if anything failed.
//
//	go run .ci/tally.go FILE...
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
	FailedBuild                               string
}

// tally sums the events of all files.
type tally struct {
	passed, failed, skipped int
	output                  map[string]*strings.Builder // by package and test
	failures, skips         []string
	packages                []event
}

func main() {
	t := &tally{output: map[string]*strings.Builder{}}
	for _, name := range os.Args[1:] {
		if err := t.read(name); err != nil {
			fmt.Fprintln(os.Stderr, "tally:", err)
			os.Exit(1)
		}
	}
	t.print(os.Stdout)
	if t.failed > 0 {
		os.Exit(1)
	}
}

func (t *tally) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) != nil {
			continue // a line of the go command itself
		}
		t.add(e)
	}
	return sc.Err()
}

func (t *tally) add(e event) {
	if e.Package == "" {
		e.Package = e.ImportPath // build output
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if t.output[key] == nil {
			t.output[key] = &strings.Builder{}
		}
		t.output[key].WriteString(e.Output)
		return
	case "pass":
		if e.Test != "" {
			t.passed++
		}
	case "skip":
		if e.Test != "" {
			t.skips = append(t.skips, key)
		}
	case "build-fail":
		t.failures = append(t.failures, key)
	case "fail":
		t.failures = append(t.failures, key)
		// A package that fails without a failed test (panic, build, time) counts too.
		if e.Test != "" || e.FailedBuild != "" || !t.hasFailure(e.Package) {
			t.failed++
		}
	default:
		return
	}
	if e.Test == "" && e.Elapsed > 0 {
		t.packages = append(t.packages, e)
	}
}

func (t *tally) hasFailure(pkg string) bool {
	return slices.ContainsFunc(t.failures, func(k string) bool {
		p, test, _ := strings.Cut(k, " ")
		return p == pkg && test != ""
	})
}

// longWord marks tests that another part runs; see internal/testenv.
const longWord = ": long: "

// reason is what a skipped test said.
func (t *tally) reason(key string) string {
	reason := ""
	if out := t.output[key]; out != nil {
		for _, line := range strings.Split(out.String(), "\n") {
			if strings.HasPrefix(line, " ") && !strings.Contains(line, "--- SKIP") {
				reason = strings.TrimSpace(line)
			}
		}
	}
	return reason
}

func (t *tally) print(w io.Writer) {
	for _, key := range t.failures {
		if out := t.output[key]; out != nil {
			fmt.Fprintf(w, "\nFAILED %s\n%s", key, out)
		}
	}
	long := 0
	for _, key := range t.skips {
		reason := t.reason(key)
		if strings.Contains(reason, longWord) {
			long++
			continue
		}
		t.skipped++
		fmt.Fprintf(w, "skipped %s: %s\n", key, reason)
	}
	if long > 0 {
		fmt.Fprintf(w, "%d long tests are left to parts of their own\n", long)
	}
	slices.SortFunc(t.packages, func(a, b event) int { return int(1000*b.Elapsed) - int(1000*a.Elapsed) })
	for _, p := range t.packages[:min(5, len(t.packages))] {
		fmt.Fprintf(w, "%7.1f s  %s\n", p.Elapsed, p.Package)
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}
