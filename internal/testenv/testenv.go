// Package testenv finds what tests need from outside the repository. Where it
// is missing, a developer's test is skipped with a clear word; with CI=true it
// fails, so that nothing goes untested in silence.
package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// CI tells whether this is the machine that must miss nothing.
func CI() bool { return os.Getenv("CI") == "true" }

// Root is the folder of go.mod, found by walking up from the test's folder.
func Root(t testing.TB) string {
	t.Helper()
	start, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatalf("find the module: no go.mod above %s", start)
		}
	}
}

// Shared is the folder of reference data beside the repository. It is read
// only; nothing of it may be copied into the project.
func Shared(t testing.TB) string {
	t.Helper()
	return Folder(t, filepath.Join(Root(t), "..", "shared"), "../shared", "the folder shared beside the repository holds the recorded history")
}

// Folder is dir if it is there. Otherwise the test is skipped, or fails with
// CI=true; name and hint tell a person what is missing and where it comes from.
func Folder(t testing.TB, dir, name, hint string) string {
	t.Helper()
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		missing(t, name, hint)
	}
	return dir
}

// Tool is the path of the first program of names that is installed, such as a
// browser or the sqlite3 shell. hint says how to get one.
func Tool(t testing.TB, hint string, names ...string) string {
	t.Helper()
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p
		}
	}
	missing(t, strings.Join(names, " or "), hint)
	return ""
}

// Browser is a Chromium that can run headless.
func Browser(t testing.TB) string {
	t.Helper()
	return Tool(t, "apt-get install chromium", "chromium", "chromium-browser", "google-chrome")
}

// LongWanted tells whether a make target of long tests runs.
func LongWanted() bool { return os.Getenv("CARRY_LONG") == "1" }

// Long leaves a test that takes minutes to a make target of its own, which sets
// CARRY_LONG=1. CI runs those targets as parts, so that nothing stays untested.
func Long(t testing.TB, target string) {
	t.Helper()
	if !LongWanted() {
		t.Skipf("%smake %s runs it", longWord, target)
	}
}

// longWord begins the reason of a skip that is no gap; .ci/tally.go knows it.
const longWord = "long: "

// Figure logs a measured figure in the form that bench reads. aim may be empty.
func Figure(t testing.TB, name string, value float64, unit, aim string, met bool) {
	t.Helper()
	t.Logf("figure: %s | %.4g | %s | %s | %t", name, value, unit, aim, met)
}

func missing(t testing.TB, name, hint string) {
	t.Helper()
	if CI() {
		t.Fatalf("%s is not here: %s (with CI=true this is a failure)", name, hint)
	}
	t.Skipf("%s is not here: %s", name, hint)
}
