package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"carry/internal/testenv"
)

// TestHashAcrossBuilds builds the command for several processors and SQLite
// drivers and with the race detector, and runs each build over the same markets:
// the journal's hash is the same, whatever the program's own hash.
func TestHashAcrossBuilds(t *testing.T) {
	testenv.Long(t, "builds")
	goTool := testenv.Tool(t, "install Go", "go")
	testenv.Tool(t, "apt-get install gcc", "gcc", "cc", "clang")
	stores := map[string]string{"invented": filepath.Join(t.TempDir(), "invented.db"), "history": filepath.Join(t.TempDir(), "history.db")}
	if err := inventStore(stores["invented"]); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(testenv.Root(t), "..", "shared")); err == nil || testenv.CI() {
		importTwo(t, stores["history"], "BTC", "SOL")
	} else {
		delete(stores, "history")
	}
	first := make(map[string]figures)
	for _, b := range []struct{ name, cgo, amd64, flag string }{
		{"cgo v1", "1", "v1", ""}, {"pure Go v1", "0", "v1", ""}, {"pure Go v3", "0", "v3", ""}, {"cgo v3", "1", "v3", ""}, {"race", "1", "v1", "-race"},
	} {
		if b.amd64 != "v1" && !canRunV3() {
			t.Logf("%s: this processor can not run it", b.name)
			continue
		}
		program := filepath.Join(t.TempDir(), "backtest")
		args := []string{"build", "-o", program, "."}
		if b.flag != "" {
			args = []string{"build", b.flag, "-o", program, "."}
		}
		cmd := exec.Command(goTool, args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+b.cgo, "GOAMD64="+b.amd64, "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", b.name, err, out)
		}
		runs := map[string][]string{
			"generated": {"--generated", "--generated-years=0.6", "--generated-coins=14", "--coinsTargetN=5"},
			"invented":  {"--minAgeD=0"},
			"history":   {"--from=2021-01-01", "--to=2023-01-01"},
		}
		for name, flags := range runs {
			if name != "generated" {
				if stores[name] == "" {
					continue
				}
				flags = append(flags, "--db="+copied(t, stores[name]))
			}
			f := journalOf(t, program, flags)
			t.Logf("%-11s %-10s journal %.16s tape %.8s final %s by %s", b.name, name, f.Journal, f.Tape, f.final, f.Program)
			want, known := first[name]
			switch {
			case !known:
				first[name] = f
			case f.Journal != want.Journal || f.Tape != want.Tape || f.final != want.final:
				t.Errorf("%s, %s: journal %s, final %s; before it was %s, %s", b.name, name, f.Journal, f.final, want.Journal, want.final)
			case f.Program == want.Program:
				t.Errorf("%s: the program calls itself %s like another build", b.name, f.Program)
			}
		}
	}
}

// figures are what two builds must agree on, and the program's name for itself.
type figures struct {
	Program string `json:"program"`
	Journal string `json:"journal_sha256"`
	Tape    string `json:"tape_sha256"`
	final   string
}

func journalOf(t *testing.T, program string, flags []string) figures {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command(program, append([]string{"--result-only", "--no-baselines", "--out", out}, flags...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", flags, err, text)
	}
	text, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Run struct {
			Manifest figures
			Counts   struct{ Fills int }
			Final    string `json:"final_exact_usdt"`
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	f := doc.Run.Manifest
	f.final = doc.Run.Final
	if len(f.Journal) != 64 || doc.Run.Counts.Fills < 4 {
		t.Fatalf("%v: journal %q over %d fills", flags, f.Journal, doc.Run.Counts.Fills)
	}
	return f
}

// copied gives each build a database of its own: what one has packed another
// may not read.
func copied(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "carry.db")
	if err := os.WriteFile(own, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return own
}

// importTwo imports a few coins of the real history.
func importTwo(t *testing.T, db string, coins ...string) {
	t.Helper()
	shared, dir := filepath.Join(testenv.Shared(t), "data"), t.TempDir()
	for _, folder := range []string{"funding", "spot/1h", "perp/1h", "mark/1h", "exchange_info", "leverage_brackets"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(shared, folder, "*.json"))
		for _, c := range coins {
			found, err2 := filepath.Glob(filepath.Join(shared, folder, c+"USDT.csv*"))
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			files = append(files, found...)
		}
		for _, f := range files {
			if err := os.Symlink(f, filepath.Join(dir, folder, filepath.Base(f))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := importInto(db, dir); err != nil {
		t.Fatal(err)
	}
}

// canRunV3 tells whether this processor has what GOAMD64=v3 needs.
func canRunV3() bool {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || runtime.GOARCH != "amd64" {
		return false
	}
	_, flags, _ := strings.Cut(string(text), "\nflags")
	flags, _, _ = strings.Cut(flags, "\n")
	for _, want := range []string{"avx2", "bmi1", "bmi2", "fma", "movbe", "f16c"} {
		if !strings.Contains(fmt.Sprint(strings.Fields(flags)), want) {
			return false
		}
	}
	return true
}
