package strategy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carry/internal/testenv"
	"carry/strategy"
)

// docs/STRATEGY.md names code, parameters and stories of every feature; what it
// names must be there.
func TestStrategyPageIsTrue(t *testing.T) {
	root := testenv.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "STRATEGY.md"))
	if err != nil {
		t.Fatal(err)
	}
	entry, err := strategy.Find("funding", "default")
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, p := range entry.New().Table() {
		missing[p.Name] = true
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	var rows []string
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, " | ")
		row := strings.TrimPrefix(cells[0], "| ")
		if len(cells) != 5 || !strings.HasPrefix(row, "S") {
			continue
		}
		rows = append(rows, row)
		for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
			file, name, _ := strings.Cut(m[1], ": ")
			code, err := os.ReadFile(filepath.Join(root, file))
			if err != nil || !regexp.MustCompile(`(?m)^func (\(.*\) )?`+name+`\(`).Match(code) {
				t.Errorf("%s: there is no function %s in %s (%v)", row, name, file, err)
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			if _, ok := missing[m[1]]; !ok {
				t.Errorf("%s: there is no parameter %s", row, m[1])
			}
			missing[m[1]] = false
		}
		checkStories(t, row, strings.Split(strings.TrimSuffix(cells[4], " |"), ", "))
	}
	for i := range 22 {
		if !slices.Contains(rows, storyRows[i]) {
			t.Errorf("the page has no row %s", storyRows[i])
		}
	}
	for name, is := range missing {
		if is {
			t.Errorf("parameter %s belongs to no row of the page", name)
		}
	}
}

// checkStories holds the numbers of stories that tell a row against the stories.
func checkStories(t *testing.T, row string, said []string) {
	t.Helper()
	var tell []string
	for _, file := range storyFiles(t) {
		if slices.Contains(readStory(t, file).rows, row) {
			tell = append(tell, filepath.Base(file)[:2])
		}
	}
	if !slices.Equal(said, tell) {
		t.Errorf("%s: the page names stories %v, told it is in %v", row, said, tell)
	}
}
