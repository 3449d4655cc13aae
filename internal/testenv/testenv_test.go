package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// witness is a test that records how it ended instead of ending.
type witness struct {
	testing.TB
	skipped, failed string
}

func (w *witness) Helper() {}

func (w *witness) Skipf(format string, args ...any) {
	w.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (w *witness) Fatalf(format string, args ...any) {
	w.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// attend runs f as a test of its own would run.
func attend(f func(testing.TB)) *witness {
	w := &witness{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(w)
	}()
	<-done
	return w
}

func TestMissingFolderSkipsAtHomeAndFailsInCI(t *testing.T) {
	ask := func(tb testing.TB) { Folder(tb, filepath.Join(t.TempDir(), "nowhere"), "../nowhere", "make one") }
	t.Setenv("CI", "")
	if w := attend(ask); w.failed != "" || w.skipped != "../nowhere is not here: make one" {
		t.Errorf("at home: failed %q, skipped %q", w.failed, w.skipped)
	}
	t.Setenv("CI", "true")
	if w := attend(ask); w.skipped != "" || !strings.Contains(w.failed, "../nowhere is not here: make one") {
		t.Errorf("in CI: failed %q, skipped %q", w.failed, w.skipped)
	}
}

func TestMissingToolSkipsAtHomeAndFailsInCI(t *testing.T) {
	ask := func(tb testing.TB) { Tool(tb, "install one", "no-such-program-1", "no-such-program-2") }
	t.Setenv("CI", "")
	if w := attend(ask); w.skipped != "no-such-program-1 or no-such-program-2 is not here: install one" {
		t.Errorf("at home: skipped %q", w.skipped)
	}
	t.Setenv("CI", "true")
	if w := attend(ask); w.failed == "" {
		t.Error("in CI: did not fail")
	}
}

func TestAFileIsNotAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CI", "")
	if w := attend(func(tb testing.TB) { Folder(tb, file, "file", "") }); w.skipped == "" {
		t.Error("took a file for a folder")
	}
}

func TestRootAndToolAreFound(t *testing.T) {
	if _, err := os.Stat(filepath.Join(Root(t), "internal", "testenv")); err != nil {
		t.Error(err)
	}
	if p := Tool(t, "", "no-such-program-1", "go"); !filepath.IsAbs(p) {
		t.Errorf("go at %q", p)
	}
}

func TestLongTestsAreLeftToTheirTarget(t *testing.T) {
	ask := func(tb testing.TB) { Long(tb, "crash") }
	t.Setenv("CARRY_LONG", "")
	t.Setenv("CI", "true")
	if w := attend(ask); w.skipped != "long: make crash runs it" || w.failed != "" {
		t.Errorf("skipped %q, failed %q", w.skipped, w.failed)
	}
	t.Setenv("CARRY_LONG", "1")
	if w := attend(ask); w.skipped != "" || w.failed != "" {
		t.Errorf("did not run: skipped %q, failed %q", w.skipped, w.failed)
	}
}
