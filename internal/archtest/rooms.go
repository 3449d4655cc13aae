package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// root stands for the vocabulary package in the table below.
const root = "root"

// plan is one line of the table of rooms: a folder, or a pattern of path.Match
// for folders of a kind, and what its non-test files may import of ours.
type plan struct {
	room string
	may  []string
}

// libraries are the rooms that runs are composed of.
var libraries = []string{
	root, "strategy", "strategy/*", "sim", "data", "reports", "internal/risk", "internal/book",
	"internal/binance", "internal/binance/wire", "internal/exchange", "internal/sweepdb", "internal/panel",
}

// plans is the table of rooms; the first line that matches counts. sim never
// imports book: two books that share arithmetic prove nothing. A new strategy,
// command or benchmark needs no line here; a new kind of room does, and an ADR.
var plans = []plan{
	{root, nil},
	{"internal/book", []string{root}},
	{"data", []string{root}},
	{"reports", []string{root}},
	{"internal/binance/wire", []string{root}},
	{"internal/cli", []string{root}},
	{"internal/risk", []string{root, "internal/book"}},
	{"strategy", []string{root, "internal/risk", "internal/book", "strategy/*"}},
	{"strategy/hedge", []string{root}},
	{"strategy/*", []string{root, "strategy/hedge"}},
	{"sim", []string{root, "internal/risk"}},
	{"internal/binance", []string{root, "internal/binance/wire", "internal/risk"}},
	{"internal/exchange", []string{root, "sim", "internal/binance/wire", "internal/risk"}},
	{"internal/sweepdb", []string{root}},
	{"internal/panel", []string{root, "internal/book", "strategy/hedge"}},
	{"internal/lab", libraries},
	{"internal/calibrate", nil},
	{"internal/crawl", []string{root, "data", "internal/binance", "internal/binance/wire"}},
	{"internal/venuetest", []string{root, "internal/book", "internal/risk", "internal/testenv"}},
	{"internal/refengine", []string{root}},
	{"internal/archtest", nil},
	{"internal/swarm", nil}, // tests only
	{"internal/testenv", nil},
	{"cmd/*", []string{root, "internal/lab", "internal/cli", "reports", "data", "internal/crawl", "internal/binance", "internal/exchange", "internal/panel"}},
	{"bench", append([]string{"internal/lab", "bench/*"}, libraries...)},
	{"bench/*", append([]string{"internal/lab"}, libraries...)},
}

// outside is one line of the table of third-party modules: which rooms may
// import them in non-test files.
type outside struct {
	module string
	rooms  []string
}

// outsides keeps each library behind one door.
var outsides = []outside{
	{"github.com/shopspring/decimal", []string{
		root, "internal/book", "internal/risk", "sim", "strategy", "strategy/*", "data", "reports", "internal/lab", "internal/refengine",
		"internal/binance", "internal/binance/wire", "internal/exchange", "cmd/*"}},
	{"github.com/mattn/go-sqlite3", []string{"data", "internal/sweepdb", "bench", "bench/*"}},
	{"modernc.org/sqlite", []string{"data", "internal/sweepdb", "bench", "bench/*"}},
	{"gonum.org/v1/plot", []string{"reports"}},
	{"gonum.org/v1/gonum", []string{"reports", "internal/lab"}},
	{"golang.org/x/image", []string{"reports"}},
	{"codeberg.org/go-fonts/liberation", []string{"reports"}},
	{"github.com/alecthomas/kong", []string{"internal/cli", "cmd/*"}},
	{"github.com/mattn/go-isatty", []string{"internal/cli", "cmd/*"}},
	{"github.com/pelletier/go-toml/v2", []string{"internal/lab"}},
	{"github.com/schollz/progressbar/v3", []string{"internal/cli", "cmd/*"}},
	{"github.com/parquet-go/parquet-go", []string{"cmd/crawl"}},
	{"github.com/adshao/go-binance/v2", []string{"internal/binance"}},
	{"github.com/coder/websocket", []string{"internal/binance", "internal/exchange"}},
}

// core are the rooms whose code can influence a run's journal: they are pure,
// and their floats are the same on every machine.
var core = []string{root, "strategy", "strategy/*", "sim", "internal/book", "internal/risk"}

func isCore(roomPath string) bool { return matchRoom(core, roomPath) }

// matchRoom tells whether a folder is meant by one of the patterns.
func matchRoom(patterns []string, roomPath string) bool {
	if roomPath == "" {
		roomPath = root
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, roomPath)
		return err == nil && ok
	})
}

// planOf finds a folder's line of the table.
func planOf(roomPath string) (plan, bool) {
	i := slices.IndexFunc(plans, func(p plan) bool { return matchRoom([]string{p.room}, roomPath) })
	if i < 0 {
		return plan{}, false
	}
	return plans[i], true
}

// checkImports holds a room's imports against the tables.
func checkImports(h *house, r *room) []violation {
	p, ok := planOf(r.path)
	if !ok {
		return []violation{{r.files[0].path, 1, "folder " + r.path + " is not in the plan of the house",
			"put the code into a room of docs/ARCHITECTURE.md, or add a line to plans in internal/archtest/rooms.go with an ADR"}}
	}
	var out []violation
	for _, f := range r.code() {
		for _, spec := range f.syntax.Imports {
			imp := importOf(spec)
			switch {
			case imp == h.module || strings.HasPrefix(imp, h.module+"/"):
				to := strings.TrimPrefix(strings.TrimPrefix(imp, h.module), "/")
				if !matchRoom(p.may, to) {
					out = append(out, h.at(spec, fmt.Sprintf("%s imports %s", p.room, imp),
						"may import of ours: "+words(p.may)+"; pass what is needed in from internal/lab"))
				}
			case !isStd(imp, h.module):
				out = append(out, checkOutside(h, r, imp, h.at(spec, "", ""))...)
			}
		}
	}
	return out
}

func checkOutside(h *house, r *room, imp string, at violation) []violation {
	if imp == "unsafe" || imp == "C" {
		if !isCore(r.path) {
			return nil
		}
		at.what, at.instead = "the core imports "+imp, "plain Go"
		return []violation{at}
	}
	for _, o := range outsides {
		if imp != o.module && !strings.HasPrefix(imp, o.module+"/") {
			continue
		}
		if matchRoom(o.rooms, r.path) {
			return nil
		}
		at.what, at.instead = imp+" in "+r.path, "it lives behind "+words(o.rooms)
		return []violation{at}
	}
	at.what, at.instead = "unknown module behind "+imp, "the standard library, or a line in outsides of internal/archtest/rooms.go"
	return []violation{at}
}

// words lists rooms for a person.
func words(s []string) string {
	if len(s) == 0 {
		return "nothing"
	}
	return strings.Join(s, ", ")
}
