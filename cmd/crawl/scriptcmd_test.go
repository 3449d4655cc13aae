package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// gzipCmd turns NAME into NAME.gz.
func gzipCmd(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(ts.ReadFile(args[0]))); err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".gz"), b.Bytes(), 0o644))
	ts.Check(os.Remove(ts.MkAbs(args[0])))
}

// cutoffCmd keeps the first N bytes of a file.
func cutoffCmd(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), int64(n)))
}

// zerosCmd overwrites bytes [FROM, TO) of a file with zeros.
func zerosCmd(ts *testscript.TestScript, _ bool, args []string) {
	from, err := strconv.Atoi(args[1])
	ts.Check(err)
	to, err := strconv.Atoi(args[2])
	ts.Check(err)
	b := []byte(ts.ReadFile(args[0]))
	clear(b[from:to])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// widthCmd fails when a line of FILE (stdout, stderr) has more than N columns.
func widthCmd(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, line := range strings.Split(ts.ReadFile(args[0]), "\n") {
		if len([]rune(line)) > n {
			ts.Fatalf("%d columns: %s", len([]rune(line)), line)
		}
	}
}

// barsCmd writes N hourly bars at a constant PRICE from 2021-01-04, or from
// START (milliseconds).
func barsCmd(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	start := 1609718400000
	if len(args) > 3 {
		start, err = strconv.Atoi(args[3])
		ts.Check(err)
	}
	var b strings.Builder
	b.WriteString("open_time_ms,open,high,low,close,volume,quote_volume\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,%[2]s,%[2]s,%[2]s,%[2]s,12.5,\n", start+i*3600000, args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}

// exitsCmd runs crawl and checks its exit code exactly: exits CODE ARGS...
func exitsCmd(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec("crawl", args[1:]...); err != nil {
		exit, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("crawl %s: exit %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}
