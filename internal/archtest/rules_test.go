package archtest

import (
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// snippet makes a house of one room from the text of one file, using the
// repository's export data for the standard library.
func snippet(t *testing.T, roomPath, src string) (*house, *room) {
	t.Helper()
	whole := wholeHouse(t)
	h := &house{module: whole.module, fset: token.NewFileSet(), exports: whole.exports, done: map[string]*types.Package{}}
	h.gc = importerFunc(whole.gc.Import)
	r := &room{path: roomPath, name: "x"}
	if err := h.addFile(r, "bad.go", []byte(src), false, true); err != nil {
		t.Fatal(err)
	}
	r.name = r.files[0].syntax.Name.Name
	h.rooms = []*room{r}
	h.check(r)
	return h, r
}

// trial is a bad snippet and the start of what the rule says of each offence.
type trial struct {
	name string
	room string
	src  string
	want []string
}

// mustFind demands exactly the wanted violations, in order.
func mustFind(t *testing.T, trials []trial, rule func(*house, *room) []violation) {
	t.Helper()
	for _, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			h, r := snippet(t, tr.room, tr.src)
			got := rule(h, r)
			for i := 0; i < len(got) || i < len(tr.want); i++ {
				switch {
				case i >= len(got):
					t.Errorf("missed: %s", tr.want[i])
				case i >= len(tr.want):
					t.Errorf("not wanted: %s", got[i])
				case !strings.Contains(got[i].String(), tr.want[i]):
					t.Errorf("got %q, want %q", got[i], tr.want[i])
				}
			}
		})
	}
}

func TestImportRulesBite(t *testing.T) {
	mustFind(t, []trial{
		{"strategy to sim", "strategy/funding", "package x\nimport _ \"carry/sim\"\n", []string{"bad.go:2: strategy/* imports carry/sim"}},
		{"strategy to strategy", "strategy/hold", "package x\nimport _ \"carry/strategy/funding\"\n", []string{"imports carry/strategy/funding"}},
		{"strategy to hedge", "strategy/funding", "package x\nimport (\n_ \"carry\"\n_ \"carry/strategy/hedge\"\n)\n", nil},
		{"sim to book", "sim", "package x\nimport _ \"carry/internal/book\"\n", []string{"sim imports carry/internal/book"}},
		{"root to anything", "", "package x\nimport _ \"carry/data\"\n", []string{"root imports carry/data"}},
		{"lab to cmd", "internal/lab", "package x\nimport _ \"carry/cmd/backtest\"\n", []string{"internal/lab imports carry/cmd/backtest"}},
		{"lab to cli", "internal/lab", "package x\nimport _ \"carry/internal/cli\"\n", []string{"internal/lab imports carry/internal/cli"}},
		{"cmd to cli and lab", "cmd/crawl", "package main\nimport (\n_ \"carry/internal/cli\"\n_ \"carry/internal/lab\"\n)\n", nil},
		{"test helper in code", "data", "package x\nimport _ \"carry/internal/testenv\"\n", []string{"data imports carry/internal/testenv"}},
		{"unknown room", "misc/things", "package x\n", []string{"folder misc/things is not in the plan"}},
		{"deep strategy", "strategy/a/b", "package x\n", []string{"folder strategy/a/b is not in the plan"}},
		{"driver outside data", "reports", "package x\nimport _ \"github.com/mattn/go-sqlite3\"\n", []string{"go-sqlite3 in reports"}},
		{"unknown module", "data", "package x\nimport _ \"example.com/left/pad\"\n", []string{"unknown module behind example.com/left/pad"}},
		{"unsafe core", "sim", "package x\nimport _ \"unsafe\"\n", []string{"the core imports unsafe"}},
	}, checkImports)
}

func TestPurityRulesBite(t *testing.T) {
	mustFind(t, []trial{
		{"clock", "sim", "package x\nimport \"time\"\nfunc f() int64 { now := time.Now; return now().Unix() + int64(time.Since(time.Time{})) }\n",
			[]string{"bad.go:3: time.Now", "time.Since"}},
		{"time as a value", "sim", "package x\nimport \"time\"\nfunc f() time.Time { return time.UnixMilli(5).UTC() }\n", nil},
		{"timer", "sim", "package x\nimport \"time\"\nfunc f() { time.Sleep(1); time.NewTimer(1); time.Tick(1) }\n", []string{"time.Sleep", "time.NewTimer", "time.Tick"}},
		{"chance", "sim", "package x\nimport _ \"math/rand/v2\"\nimport _ \"crypto/rand\"\n", []string{"imports math/rand/v2", "imports crypto/rand"}},
		{"files, network, log, store", "strategy/x", "package x\nimport (\n_ \"os\"\n_ \"net/http\"\n_ \"log/slog\"\n_ \"database/sql\"\n)\n",
			[]string{"imports os", "imports net/http", "imports log/slog", "imports database/sql"}},
		{"goroutine", "internal/book", "package x\nfunc f() { go f() }\n", []string{"go statement"}},
		{"channels", "sim", "package x\nfunc f(a []int) { c := make(chan int); c <- 1; <-c; for range c {}; select {} }\n",
			[]string{"channel in", "channel send", "channel receive", "range over a channel", "select"}},
		{"map order", "strategy", "package x\ntype m map[string]int\nfunc f(a m, b map[int]int) (n int) { for range a { n++ }; for k := range b { n += k }; return n }\n",
			[]string{"range over a map", "range over a map"}},
		{"map keys", "strategy", "package x\nimport (\n\"maps\"\n\"slices\"\n)\nfunc f(a map[string]int) []string { for range maps.Keys(a) {}; return slices.Sorted(maps.Keys(a)) }\n",
			[]string{"maps.Keys in map order"}},
		{"slices are fine", "sim", "package x\nfunc f(a []int, s string) (n int) { for i := range a { n += i }; for range s { n++ }; for i := range 3 { n += i }; return n }\n", nil},
		{"broken code", "sim", "package x\nfunc f() int { return y }\n", []string{"does not type-check"}},
	}, checkPurity)
}

func TestFloatRulesBite(t *testing.T) {
	const sig = "package x\nfunc f(x, y, z float64, p *float64, n int) float64 {\n"
	const fused = "float sum of an unrounded product"
	mustFind(t, []trial{
		{"product plus", "sim", sig + "return x*y + z }\n", []string{"bad.go:3: " + fused}},
		{"plus product", "sim", sig + "return z + (x*y) }\n", []string{fused}},
		{"minus product", "sim", sig + "return z - -(x*y) }\n", []string{fused}},
		{"two products", "sim", sig + "return x*y - y*z }\n", []string{fused, fused}},
		{"into a field", "sim", sig + "*p += x * y; *p -= x * y; return 0 }\n", []string{fused, fused}},
		{"through a variable", "sim", sig + "t := x * y; return t + z }\n", []string{"float sum of t"}},
		{"through var", "sim", sig + "var t = x * y; return z - t }\n", []string{"float sum of t"}},
		{"through a field", "sim", "package x\ntype s struct{ v, sum float64 }\nfunc f(s *s, a []float64, x float64) { s.v = x * x; s.sum += s.v; a[1] = x * x; a[0] -= a[1] }\n",
			[]string{"float sum of s.v", "float sum of a[1]"}},
		{"times itself", "sim", sig + "x *= y; return x + z }\n", []string{"float sum of x"}},
		{"around a loop", "sim", sig + "for range n { z = z + x; x = x * y }; return z }\n", []string{"float sum of x"}},
		{"before it was a product", "sim", sig + "z += x; x = x * y; return x }\n", nil},
		{"rounded", "sim", sig + "t := float64(x * y); *p += float64(x*y); return float64(x*y) + z - t }\n", nil},
		{"no float", "sim", sig + "return float64(n*n + n) }\n", nil},
		{"constants", "sim", "package x\nconst a, b = 1.5, 2.5\nfunc f(z float64) float64 { return z + a*b }\n", nil},
		{"quotient", "sim", sig + "return x*y/z + x/y }\n", nil},
		{"libm", "sim", "package x\nimport \"math\"\nvar _ = math.Tanh\nfunc f(x float64) float64 { return math.Exp(math.Log(x)) + math.Pow(x, 2) + math.FMA(x, x, x) }\n",
			[]string{"math.Tanh", "math.Exp", "math.Log", "math.Pow", "math.FMA"}},
		{"exact math", "sim", "package x\nimport \"math\"\nfunc f(x float64) float64 { return math.Floor(math.Sqrt(math.Abs(x))) + math.MaxFloat64 + math.Inf(1) }\n", nil},
	}, checkFloats)
}

func TestGlobalRulesBite(t *testing.T) {
	mustFind(t, []trial{
		{"init", "data", "package x\nfunc init() {}\n", []string{"init function"}},
		{"variables", "reports", "package x\nvar a int\nvar b = 3\nvar c = new(int)\nvar d = f()\nfunc f() int { return 1 }\n",
			[]string{"variable a", "variable b", "variable c", "variable d"}},
		{"what may be", "sim", "package x\nimport (\n\"errors\"\n\"math\"\n)\nvar ErrA = errors.New(\"a\")\nvar nan = math.NaN()\nvar table = [...]string{\"a\"}\nvar _ error = ErrA\n//go:embed x.sql\nvar sql string\n", nil},
		{"a table that is written to", "sim", "package x\nvar table = map[string]int{}\nvar row = []struct{ n int }{{1}}\nfunc f() { table[\"a\"] = 1; row[0].n++ }\n",
			[]string{"bad.go:4: writes to package variable table", "writes to package variable row"}},
		{"a local of the same name", "sim", "package x\nvar table = []int{1}\nfunc f() { table := []int{2}; table[0] = 3; _ = table }\n", nil},
	}, func(h *house, _ *room) []violation { return checkGlobals(h) })
}

func TestBansBite(t *testing.T) {
	mustFind(t, []trial{
		{"unfinished", "sim", "package x\n// TO" + "DO later\nfunc f() { panic(\"not " + "implemented\") }\n", []string{"bad.go:2: unfinished mark", "bad.go:3: unfinished code"}},
		{"terminal", "data", "package x\nfunc f() { fmt.Print" + "ln(1); os.Ex" + "it(1) }\n", []string{"prints to the terminal", "ends the process"}},
		{"terminal of a command", "cmd/crawl", "package main\nfunc f() { fmt.Print" + "ln(1); os.Ex" + "it(1) }\n", nil},
		{"decimal", "sim", "package x\nfunc f() { a.Div(b).Fl" + "oor() }\n", []string{"rounded twice"}},
		{"decimal's globals", "sim", "package x\nfunc f() { decimal.Division" + "Precision = 8 }\n", []string{"for everyone"}},
		{"network", "data", "package x\nfunc f() { http.Default" + "Client.Do(nil); c.InsecureSkip" + "Verify = true }\n", []string{"TLS", "without a time limit"}},
		{"name", "data", "package ut" + "il\n", []string{"named after nothing"}},
	}, func(_ *house, r *room) []violation { return checkBans(r) })
}

func TestStatementRuleBites(t *testing.T) {
	mustFind(t, []trial{
		{"direct", "data", "package x\nfunc f() { db.Exec(fmt.Sprintf(\"DROP TABLE %s\", x)) }\n", []string{"formatted text in Exec"}},
		{"by a variable", "data", "package x\nfunc f() { q := fmt.Sprintf(\"%d\", x); db.QueryContext(ctx, q) }\n", []string{"formatted text in QueryContext"}},
		{"pragma", "data", "package x\nfunc f() { db.Exec(fmt.Sprintf(\"PRAGMA user_version = %d\", 3)) }\n", nil},
		{"bound", "data", "package x\nfunc f() { db.Query(\"SELECT ?\", x) }\n", nil},
	}, checkSQL)
}

func TestSizeRulesBite(t *testing.T) {
	long := "package x\nfunc f() {\n" + strings.Repeat("\n", functionLinesMax-1) + "}\n"
	just := "package x\nfunc f() {\n" + strings.Repeat("\n", functionLinesMax-2) + "}\n"
	mustFind(t, []trial{
		{"long function", "sim", long, []string{"function f of 71 lines"}},
		{"just fits", "sim", just, nil},
		{"long file", "sim", "package x\n" + strings.Repeat("\n", fileLinesMax), []string{"file of 601 lines"}},
		{"wide interface", "sim", "package x\ntype I interface { A(); B(); C(); D(); E(); F(); G(); H(); I() }\n", []string{"interface of 9 methods"}},
		{"generated", "sim", "// Code generated by x. DO NOT EDIT.\n" + long, nil},
	}, checkSize)

	h, r := snippet(t, "cmd/crawl", "package main\n"+strings.Repeat("\n", mainLinesMax))
	r.files[0].path = "cmd/crawl/main.go"
	if got := checkSize(h, r); len(got) != 1 || got[0].what != "main.go of 41 lines" {
		t.Errorf("long main.go: %v", got)
	}
}

func TestCommentRuleBites(t *testing.T) {
	mustFind(t, []trial{
		{"nothing said", "sim", "package x\ntype T int\nconst C = 1\nfunc F() {}\nfunc (t *T) M() {}\n",
			[]string{"exported T", "exported C", "exported F", "exported M", "package x has no comment"}},
		{"all said", "sim", "// Package x is.\npackage x\n// T is.\ntype T int\n// Names.\nconst (\nC = 1\nD = 2\n)\ntype u int\nfunc (u) M() {}\nfunc g() {}\n", nil},
		{"a command", "cmd/crawl", "package main\nfunc F() {}\n", nil},
	}, checkComments)
}
