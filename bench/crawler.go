package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// crawler measures the crawler by its own long tests, which log their figures.
func crawler(r *report) error {
	cmd := exec.Command("go", "test", "-v", "-count=1", "-timeout=20m", "./internal/crawl", "-run",
		"TestArchiveRowsAgainstTheShell|TestAYearOf74PairsWithinTheLimits|TestPeakMemoryIsFlatInCoins")
	cmd.Env = append(os.Environ(), "CARRY_LONG=1")
	out, err := cmd.CombinedOutput()
	found := 0
	for line := range strings.Lines(string(out)) {
		if f, ok := figureOf(line); ok {
			r.add(f)
			found++
		}
	}
	if found == 0 {
		return fmt.Errorf("the crawler's tests told no figure: %v\n%s", err, out)
	}
	return nil // a missed aim stands in the figure
}

// figureOf reads what testenv.Figure logs: figure: NAME | VALUE | UNIT | AIM | MET.
func figureOf(line string) (figure, bool) {
	_, text, ok := strings.Cut(line, " figure: ")
	parts := strings.Split(strings.TrimSpace(text), " | ")
	if !ok || len(parts) != 5 {
		return figure{}, false
	}
	value, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return figure{}, false
	}
	f := figure{Name: parts[0], Value: value, Unit: parts[2], Aim: parts[3]}
	if f.Aim != "" {
		f.Met = verdict(parts[4] == "true")
	}
	return f, true
}
