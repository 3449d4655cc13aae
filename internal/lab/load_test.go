package lab

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a run wrote comes back as it was, to the figures' last written digit; a
// folder that holds no run, or a damaged one, says what is wrong with it.
func TestLoadedRunIsTheOneSaved(t *testing.T) {
	spec := setUp(t, "funding", generate(t, smallMarket(31, 8, 4)), eager...)
	out, err := Execute(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	o, err := NewOutput(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(o.Save(out), o.Commit()); err != nil {
		t.Fatal(err)
	}
	back, err := LoadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	was := out.Run
	if back.FinalExact != was.FinalExact || back.Counts != was.Counts || len(back.Trips) != len(was.Trips) || back.Manifest.JournalHash != was.Manifest.JournalHash {
		t.Errorf("loaded %+v, saved %+v", back.Counts, was.Counts)
	}
	if back.Curve.Start != was.Curve.Start || back.Curve.Step != was.Curve.Step || len(back.Curve.Equity) != len(was.Curve.Equity) {
		t.Fatalf("a curve of %d from %d every %d, saved %d from %d every %d", len(back.Curve.Equity), back.Curve.Start, back.Curve.Step,
			len(was.Curve.Equity), was.Curve.Start, was.Curve.Step)
	}
	for i := range was.Curve.Equity {
		if math.Abs(back.Curve.Equity[i]-was.Curve.Equity[i]) > 5.1e-5 || math.Abs(back.Curve.Notional[i]-was.Curve.Notional[i]) > 5.1e-5 {
			t.Fatalf("sample %d: %v and %v, saved %v and %v", i, back.Curve.Equity[i], back.Curve.Notional[i], was.Curve.Equity[i], was.Curve.Notional[i])
		}
	}
	curve, err := os.ReadFile(filepath.Join(dir, "equity.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(curve), "\n")
	for _, c := range []struct{ name, file, text, want string }{
		{"another file's first line", "equity.csv", "a,b\n1,2\n", "first line is not that of a run"},
		{"a missing sample", "equity.csv", strings.Join(append(append([]string{}, lines[:5]...), lines[6:]...), ""), "sample 4 is not"},
		{"one sample", "equity.csv", lines[0] + lines[1], "fewer than two samples"},
		{"no number", "equity.csv", strings.Replace(string(curve), lines[3], "x"+lines[3], 1), "invalid syntax"},
		{"half a result", "result.json", "{", "result.json is not a run's"},
		{"another program's result", "result.json", "{}", "result.json is not a run's"},
	} {
		path := filepath.Join(dir, c.file)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadRun(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := LoadRun(t.TempDir()); !errors.Is(err, ErrNoRun) {
		t.Errorf("an empty folder: %v", err)
	}
}
