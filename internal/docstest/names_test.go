package docstest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"carry/internal/testenv"
)

// goTest finds commands like: go test ./data -run 'TestA|TestB'.
var goTest = regexp.MustCompile(`go test [^` + "`" + `\n]*?(\./[a-z/]+)[^` + "`" + `\n]*? -run '?([A-Za-z0-9_|\\]+)'?`)

// citations are the tests that a text tells its reader to run: folder and name.
func citations(text string) [][2]string {
	var out [][2]string
	for _, m := range goTest.FindAllStringSubmatch(text, -1) {
		for _, name := range strings.Split(strings.ReplaceAll(m[2], `\`, ""), "|") {
			out = append(out, [2]string{m[1], name})
		}
	}
	return out
}

// A test that was renamed would be cited in vain: -run with a name that nobody
// has succeeds.
func TestCitedTestsExist(t *testing.T) {
	root := testenv.Root(t)
	for _, name := range append([]string{"CONTRIBUTING.md", "docs/DETERMINISM.md", "docs/ARCHITECTURE.md"}, documents...) {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range citations(string(text)) {
			if !hasTest(t, filepath.Join(root, filepath.FromSlash(c[0])), c[1]) {
				t.Errorf("%s names go test %s -run %s; there is no such test", name, c[0], c[1])
			}
		}
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name) {
			return true
		}
	}
	return false
}

func TestCitationsAreFound(t *testing.T) {
	got := citations("run `go test -count=1 ./internal/lab -v -run 'TestA|TestB'` or\n`go test ./data -run TestC`; `go test ./...`")
	want := [][2]string{{"./internal/lab", "TestA"}, {"./internal/lab", "TestB"}, {"./data", "TestC"}}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
}
