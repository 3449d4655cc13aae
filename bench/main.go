// Command bench measures the program against floors on the same machine: it
// prints ratios of CPU time, medians of paired runs, and writes them with the
// machine and its load to docs/results. It judges nothing.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// figure is one measured result.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Aim   string  `json:"aim,omitempty"`
	Met   *bool   `json:"met,omitempty"`
	Note  string  `json:"note,omitempty"`
}

// report is the file that a run leaves.
type report struct {
	When    string   `json:"when"`
	Machine string   `json:"machine"`
	Cores   int      `json:"cores"`
	Load    string   `json:"load_1_5_15"`
	Go      string   `json:"go"`
	Figures []figure `json:"figures"`
}

func (r *report) add(f figure) {
	r.Figures = append(r.Figures, f)
	mark := ""
	if f.Met != nil {
		mark = "  MISSED"
		if *f.Met {
			mark = "  met"
		}
	}
	aim := ""
	if f.Aim != "" {
		aim = "  (aim " + f.Aim + ")"
	}
	fmt.Printf("%-58s %10.3f %s%s%s\n", f.Name, f.Value, f.Unit, aim, mark)
	if f.Note != "" {
		fmt.Printf("    %s\n", f.Note)
	}
}

func verdict(ok bool) *bool { return &ok }

func main() {
	rounds := flag.Int("rounds", 5, "paired runs of which the median counts")
	coins := flag.Int("coins", 74, "coins of the generated market")
	dir := flag.String("dir", "", "folder for the generated store; kept and used again if named")
	out := flag.String("out", "docs/results", "folder for the result file; empty writes none")
	rows := flag.String("rows", "", "read all rows of this store through database/sql and exit")
	years := flag.Int("years", 3, "years of the generated market")
	sweepOnly := flag.Bool("sweep", false, "measure sweeps only, and write nothing")
	flag.Parse()
	if *rows != "" {
		if err := readRows(*rows); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if *sweepOnly {
		if err := sweep(&report{}, *coins, sweepDays); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*rounds, *coins, *years, *dir, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds, coins, years int, dir, out string) error {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "carry-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	r := &report{When: time.Now().UTC().Format(time.RFC3339), Machine: machine(), Cores: runtime.NumCPU(), Load: load(), Go: runtime.Version()}
	fmt.Printf("%s, %d cores, load %s\n", r.Machine, r.Cores, r.Load)
	// Whole processes first: a child's peak memory counts what its parent had.
	if err := whole(r, rounds, coins, years, dir); err != nil {
		return err
	}
	if err := engine(r, rounds, coins, years); err != nil {
		return err
	}
	if err := sweep(r, coins, sweepDays); err != nil {
		return err
	}
	if err := crawler(r); err != nil {
		return err
	}
	if out == "" {
		return nil
	}
	return save(r, out)
}

func save(r *report, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	path := filepath.Join(out, "bench-"+r.When[:10]+".json")
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Println("written:", path)
	return nil
}

// cpu is this process's CPU time, all threads.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// usage is what a child process took.
type usage struct {
	cpu, wall time.Duration
	maxRSSKiB int64
	stderr    string
}

// measure runs a command and returns what it took.
func measure(dir, name string, args ...string) (usage, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return usage{cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano()), wall: time.Since(start), maxRSSKiB: u.Maxrss, stderr: stderr.String()}, nil
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}

func machine() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for _, line := range strings.Split(string(b), "\n") {
			if _, name, ok := strings.Cut(line, "model name\t: "); ok {
				return name
			}
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}
