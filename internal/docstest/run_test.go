// Package docstest holds the documents against the program: every session and
// table marked in them is run and compared with what they show.
//
//	make docs                              compare
//	go test ./internal/docstest -update    write what the program prints now
package docstest

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"carry/internal/testenv"
)

var update = flag.Bool("update", false, "write what the program prints now into the documents")

// documents in the order in which they run; the guide's import comes first and
// fills the folder of the recorded history for all of them.
var documents = []string{"docs/USER_GUIDE.md", "README.md", "docs/RESULTS.md", "docs/SHOWN.md", "docs/RESEARCH.md", "docs/NOTEBOOK.md"}

// history is the name that the documents give to the folder of recorded files.
const history = "history"

// desk is where a reader sits: programs on the path, one folder without data
// and one beside the recorded history.
type desk struct {
	root string
	env  []string
	bare string
	real string // empty if there is no recorded history
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{root: testenv.Root(t), bare: t.TempDir()}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/backtest", "./cmd/crawl", "./cmd/live")
	build.Dir = d.root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d.env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"TZ=UTC", "LC_ALL=C.UTF-8", "REPO="+d.root)
	shared := filepath.Join(d.root, "..", "shared", "data")
	if _, err := os.Stat(shared); err == nil {
		d.real = t.TempDir()
		if err := os.Symlink(shared, filepath.Join(d.real, history)); err != nil {
			t.Fatal(err)
		}
	} else if testenv.CI() {
		testenv.Shared(t) // says what is missing
	}
	return d
}

// run gives what a command prints on both streams, and its exit code. Spaces at
// the ends of lines are cut, as editors do.
func (d *desk) run(t *testing.T, dir, command string) (string, int) {
	t.Helper()
	if d.real == dir && !strings.Contains(command, "crawl import") {
		if _, err := os.Stat(filepath.Join(dir, "carry.db")); err != nil {
			if out, code := d.run(t, dir, "crawl import "+history); code != 0 {
				t.Fatalf("crawl import: exit %d\n%s", code, out)
			}
		}
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = dir, d.env
	raw, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", command, err)
	}
	lines := strings.Split(string(raw), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n", cmd.ProcessState.ExitCode()
}

// fresh is a block's content as the program writes it now.
func (d *desk) fresh(t *testing.T, b *block) []string {
	t.Helper()
	dir := d.bare
	if b.real {
		dir = d.real
	}
	if b.command != "" {
		out, code := d.run(t, dir, b.command)
		if code != 0 {
			t.Errorf("line %d: exit %d: %s\n%s", b.line, code, b.command, out)
		}
		return strings.Split("\n"+out, "\n") // Markdown wants an empty line on both sides
	}
	now := slices.Clone(b.steps)
	for i := range now {
		out, code := d.run(t, dir, now[i].command)
		now[i].output = strings.TrimPrefix(out, "\n")
		want := 0
		if i == len(now)-1 {
			want = b.exit
		}
		if code != want {
			t.Errorf("line %d: exit %d, not %d: %s\n%s", b.line, code, want, now[i].command, out)
		}
	}
	return session(now)
}

func TestDocumentsShowWhatTheProgramPrints(t *testing.T) {
	if !*update {
		testenv.Long(t, "docs")
	}
	if runtime.GOOS == "windows" {
		t.Skip("the documents' sessions need a shell")
	}
	testenv.Tool(t, "apt-get install sqlite3", "sqlite3")
	d := newDesk(t)
	for _, name := range documents {
		t.Run(name, func(t *testing.T) { d.hold(t, name) })
	}
}

// hold compares one document, or writes it anew.
func (d *desk) hold(t *testing.T, name string) {
	file := filepath.Join(d.root, filepath.FromSlash(name))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	blocks, err := parse(lines)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	skipped := 0
	for i := len(blocks) - 1; i >= 0; i-- {
		if blocks[i].real && d.real == "" {
			skipped++
			blocks = slices.Delete(blocks, i, i+1)
		}
	}
	now := make([][]string, len(blocks))
	for i := range blocks {
		b := &blocks[i]
		now[i] = d.fresh(t, b)
		if was := lines[b.from:b.to]; !slices.Equal(was, now[i]) && !*update {
			t.Errorf("%s:%d is not what the program prints; if the new text is right: go test ./internal/docstest -update\n%s",
				name, b.line, firstDifference(was, now[i]))
		}
	}
	if *update {
		for i := len(blocks) - 1; i >= 0; i-- {
			lines = slices.Concat(lines[:blocks[i].from], now[i], lines[blocks[i].to:])
		}
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if skipped > 0 {
		t.Skipf("%d blocks need the recorded history, which is not here: ../shared/data", skipped)
	}
}

func firstDifference(was, now []string) string {
	for i := range max(len(was), len(now)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(was) {
			a = was[i]
		}
		if i < len(now) {
			b = now[i]
		}
		if a != b {
			return "document: " + a + "\nprogram:  " + b
		}
	}
	return ""
}
