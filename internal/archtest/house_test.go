package archtest

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"carry/internal/testenv"
)

// repository is loaded once for all tests of the package.
var repository = sync.OnceValues(func() (*house, error) {
	dir, module, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	return load(dir, module, "errors", "maps", "math", "slices", "time") // what the bad snippets import
})

func wholeHouse(t *testing.T) *house {
	t.Helper()
	h, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// report fails the test with a line for each violation, in order.
func report(t *testing.T, vs []violation) {
	t.Helper()
	slices.SortFunc(vs, func(a, b violation) int {
		return cmp.Or(strings.Compare(a.file, b.file), a.line-b.line, strings.Compare(a.what, b.what))
	})
	for _, v := range slices.Compact(vs) {
		t.Error(v)
	}
}

// eachRoom applies a rule to the rooms that the choice accepts.
func eachRoom(t *testing.T, choice func(string) bool, rule func(*house, *room) []violation) {
	t.Helper()
	h := wholeHouse(t)
	var all []violation
	seen := 0
	for _, r := range h.rooms {
		if choice(r.path) && len(r.code()) > 0 {
			seen++
			all = append(all, rule(h, r)...)
		}
	}
	if seen == 0 {
		t.Fatal("no room was looked at")
	}
	report(t, all)
}

func everyRoom(string) bool { return true }

func TestRoomsImportOnlyWhatThePlanAllows(t *testing.T) { eachRoom(t, everyRoom, checkImports) }

func TestTheCoreIsPure(t *testing.T) { eachRoom(t, isCore, checkPurity) }

func TestHashedFloatsAreTheSameOnEveryProcessor(t *testing.T) { eachRoom(t, isCore, checkFloats) }

func TestPackageVariablesAreConstants(t *testing.T) { report(t, checkGlobals(wholeHouse(t))) }

func TestBannedTexts(t *testing.T) {
	eachRoom(t, everyRoom, func(_ *house, r *room) []violation { return checkBans(r) })
}

func TestStatementsAreNotFormatted(t *testing.T) { eachRoom(t, everyRoom, checkSQL) }

func TestSizes(t *testing.T) { eachRoom(t, everyRoom, checkSize) }

func TestExportedNamesHaveComments(t *testing.T) { eachRoom(t, everyRoom, checkComments) }

func TestLinkedModules(t *testing.T) {
	h := wholeHouse(t)
	linked, err := linkedModules(h.root)
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := readAllowed(filepath.Join("testdata", "modules.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d modules linked", len(linked))
	report(t, checkModules(linked, allowed))
	text, err := os.ReadFile(filepath.Join(h.root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	report(t, checkGoMod(string(text)))
}

func TestRepositoryHygiene(t *testing.T) {
	h := wholeHouse(t)
	files, err := repoFiles(h.root)
	if err != nil && !testenv.CI() {
		t.Skipf("not a git checkout: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []violation
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(h.root, f))
		if os.IsNotExist(err) {
			continue // deleted, but not yet from the index
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, checkFile(f, text)...)
		if filepath.Ext(f) == ".md" {
			all = append(all, checkLinks(h.root, f, text)...)
		}
	}
	report(t, all)
}
