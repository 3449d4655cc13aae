//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// started is this test's binary as the command, ready to start.
func started(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	// testscript.Main has put the command on the path.
	path, err := exec.LookPath("backtest")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	return cmd
}

// chunkFiles are a sweep's finished chunks by name.
func chunkFiles(t *testing.T, out string) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(out, "sweep-*", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	return texts
}

// A sweep that is killed in the middle, for real and more than once, goes on
// where it was, keeps every byte of what was finished, and ends as one that was
// never stopped, whatever the number of workers.
func TestSweepSurvivesSIGKILL(t *testing.T) {
	if testing.Short() {
		t.Skip("runs 96 backtests")
	}
	dir := t.TempDir()
	args := func(out, workers string) []string {
		return []string{"sweep", "--generated", "--generated-coins=6", "--generated-years=3", "--axis=coinsTargetN=2,4,6,8", "--axis=screenN=21,60,90,120",
			"--axis=leverageTargetX=1,1.5,2", "--no-walk", "--workers=" + workers, "--out=" + out}
	}
	whole := started(t, dir, args("whole", "1")...)
	if out, err := whole.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := chunkFiles(t, filepath.Join(dir, "whole"))
	killed, before := 0, 0
	for killed < 2 {
		cmd := started(t, dir, args("killed", "2")...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			if len(chunkFiles(t, filepath.Join(dir, "killed"))) > before+1 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		if err == nil {
			t.Fatal("the sweep was finished before it could be killed; make it longer")
		}
		killed++
		now := chunkFiles(t, filepath.Join(dir, "killed"))
		if len(now) <= before || len(now) >= len(want) {
			t.Fatalf("killed with %d of %d chunks finished, %d before", len(now), len(want), before)
		}
		before = len(now)
	}
	var messages bytes.Buffer
	last := started(t, dir, args("killed", "2")...)
	last.Stderr = &messages
	if err := last.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &messages)
	}
	if !strings.Contains(messages.String(), "are there already") {
		t.Errorf("it did not go on: %s", &messages)
	}
	got := chunkFiles(t, filepath.Join(dir, "killed"))
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s differs from the run that was never stopped", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d chunks, want %d", len(got), len(want))
	}
	t.Logf("killed twice, with %d of %d chunks finished the second time; equal in the end", before, len(want))
}
