package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"carry/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"crawl": main})
}

// TestScripts runs testdata/script/*.txt: the command as a user meets it.
// Their own commands are in scriptcmd_test.go.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"gzip": gzipCmd, "cutoff": cutoffCmd, "width": widthCmd, "bars": barsCmd, "zeros": zerosCmd, "exits": exitsCmd,
		},
	})
}

// An interrupt before or during an import is one line, a hint and exit 1.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/funding", 0o755); err != nil {
		t.Fatal(err)
	}
	text := "time_ms,rate,mark_price,interval_hours\n1609459200000,0.0001,,8\n"
	if err := os.WriteFile(dir+"/funding/AAAUSDT.csv", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	db := t.TempDir() + "/carry.db"
	var stdout, stderr bytes.Buffer
	code := run(ctx, &stdout, &stderr, []string{"import", dir, "--db", db})
	want := "crawl: interrupted; the files finished so far are stored\nhint: run the same command again to go on\n"
	if code != cli.Failed || stdout.Len() != 0 || stderr.String() != want {
		t.Errorf("exit %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
	stderr.Reset()
	if code := run(t.Context(), &stdout, &stderr, []string{"import", dir, "--db", db}); code != cli.OK || !strings.Contains(stdout.String(), "funding") {
		t.Errorf("going on: exit %d, %s", code, &stderr)
	}
}

// On a terminal the progress is one line that is wiped; elsewhere it is a plain
// line for each kind of files.
func TestProgress(t *testing.T) {
	var live, plain bytes.Buffer
	for _, p := range []*progress{{w: &live, live: true}, {w: &plain}} {
		p.show("spot", 0, 2, "x/AAAUSDT.csv.gz")
		p.show("spot", 1, 2, "x/BBBUSDT.csv.gz")
		p.show("spot", 2, 2, "")
		p.end()
	}
	if plain.String() != "crawl: spot: 2 files\n" {
		t.Errorf("plain %q", &plain)
	}
	if !strings.HasSuffix(live.String(), "\r\x1b[K") || strings.Contains(live.String(), "\n") || !strings.Contains(live.String(), "spot 1/2 BBBUSDT.csv.gz") {
		t.Errorf("live %q", &live)
	}
	if isTerminal(&live) {
		t.Error("a buffer is no terminal")
	}
}

func TestSmallPrint(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %s", n, got)
		}
	}
	if percent(0.999999) != 99.99 || percent(1) != 100 {
		t.Error("a gap was rounded away")
	}
	for _, line := range strings.Split(wrap("head", strings.Fields(strings.Repeat("2021-01-01 ", 30))), "\n") {
		if len(line) > 80 {
			t.Errorf("%d columns", len(line))
		}
	}
	if clip("1000MILLIONS", 10) != "1000MILLI…" {
		t.Error("clip")
	}
}
