package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts call this test's binary as the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"backtest": main})
}

// TestScripts runs testdata/script: what a user sees, streams and exit codes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "narrow": narrow, "json": validJSON, "waitfor": waitFor, "oneline": oneLine, "blank": blank,
			"garble": garble, "store": makeStore, "bare": bareStore,
		},
		Condition: func(name string) (bool, error) { return name == "root" && os.Geteuid() == 0, nil },
	})
}

// code N COMMAND... runs a command that must exit with code N.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command...")
	}
	want := args[0]
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != want {
		ts.Fatalf("exit code %s, want %s", got, want)
	}
}

// narrow FILE checks that no line is wider than a terminal of 80 columns.
func narrow(ts *testscript.TestScript, _ bool, args []string) {
	for n, line := range strings.Split(ts.ReadFile(args[0]), "\n") {
		if w := utf8.RuneCountInString(line); w > 80 {
			ts.Fatalf("line %d of %s is %d columns wide: %s", n+1, args[0], w, line)
		}
	}
}

// json FILE checks that a file is one JSON document.
func validJSON(ts *testscript.TestScript, neg bool, args []string) {
	if ok := json.Valid([]byte(ts.ReadFile(args[0]))); ok == neg {
		ts.Fatalf("%s: valid JSON is %t", args[0], ok)
	}
}

// waitfor PATTERN waits until a file of that pattern exists.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err == nil && len(found) > 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("no %s within 12 s", args[0])
}

// oneline FILE checks that a message is one line "backtest: ..." and at most one
// "hint: ...".
func oneLine(ts *testscript.TestScript, _ bool, args []string) {
	messages, hints := 0, 0
	for _, line := range strings.Split(strings.TrimSuffix(ts.ReadFile(args[0]), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "backtest: "):
			messages++
		case strings.HasPrefix(line, "hint: "):
			hints++
		default:
			ts.Fatalf("%s: neither message nor hint: %s", args[0], line)
		}
	}
	if messages != 1 || hints > 1 {
		ts.Fatalf("%s: %d messages, %d hints", args[0], messages, hints)
	}
}

// blank DIR checks that a folder holds nothing unfinished; hidden files count.
func blank(ts *testscript.TestScript, _ bool, args []string) {
	err := filepath.WalkDir(ts.MkAbs(args[0]), func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.Contains(filepath.Base(path), ".unfinished") {
			ts.Fatalf("left behind: %s", path)
		}
		return err
	})
	ts.Check(err)
}

// garble FILE overwrites the middle half of a file.
func garble(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	middle := text[len(text)/4 : len(text)*3/4]
	copy(middle, bytes.Repeat([]byte("garbled "), len(middle)/8))
	ts.Check(os.WriteFile(path, text, 0o600))
}
