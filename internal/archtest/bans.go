package archtest

import (
	"go/ast"
	"regexp"
	"strings"
)

// ban is one line of the table of banned texts and what to use instead.
type ban struct {
	text    *regexp.Regexp
	what    string
	instead string
	// where limits the ban; nil means every Go file, tests too.
	where func(r *room, f *source) bool
}

// library tells code that others import and that must leave the terminal, the
// process and the network's defaults to the commands.
func library(r *room, f *source) bool { return !f.test && r.name != "main" && r.path != "internal/cli" }

func code(_ *room, f *source) bool { return !f.test }

// bans is the table. Words that other tools search for are written in halves.
var bans = []ban{
	{regexp.MustCompile(`panic\("?(?i:not ` + `implemented|to` + `do)`), "unfinished code", "finish it, or leave the feature and its flag out", nil},
	{regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`), "unfinished mark", "do it now, or file an issue", nil},
	{regexp.MustCompile(`\bfmt\.Print(f|ln)?\(`), "prints to the terminal", "return the text, or take an io.Writer", library},
	{regexp.MustCompile(`\bos\.(Stdout|Stderr|Stdin)\b`), "uses the terminal", "take an io.Writer or io.Reader", library},
	{regexp.MustCompile(`\bos\.Exit\(|\blog\.Fatal`), "ends the process", "return an error", library},
	{regexp.MustCompile(`\.Div\(.*\)\.(Floor|Truncate|IntPart)\(`), "decimal division rounded twice", "QuoRem(step, 0), which never rounds up first", nil},
	{regexp.MustCompile(`\bdecimal\.(DivisionPrecision|MarshalJSONWithoutQuotes|TrimTrailingZeros|UseScientificNotation|AvoidScientificNotation)\s*=`), "changes the decimal package for everyone", "DivRound or StringFixed with an argument", nil},
	{regexp.MustCompile(`\bInsecureSkip` + `Verify\b`), "switches off TLS verification", "a RootCAs pool with the test server's certificate", nil},
	{regexp.MustCompile(`\bhttp\.(DefaultClient|DefaultTransport|Get|Post|PostForm|Head)\b`), "shared HTTP client without a time limit", "an http.Client of one's own with a Timeout", code},
	{regexp.MustCompile(`\bioutil\.`), "package io/ioutil", "io and os", nil},
	{regexp.MustCompile(`^\s*package (common|utils?|helpers?|misc|shared)\b`), "a package named after nothing", "a name that says what is in it", nil},
}

// checkBans holds every line of a room against the table.
func checkBans(r *room) []violation {
	var out []violation
	for _, f := range r.files {
		if f.generated {
			continue
		}
		for i, line := range strings.Split(string(f.text), "\n") {
			for _, b := range bans {
				if (b.where == nil || b.where(r, f)) && b.text.MatchString(line) {
					out = append(out, violation{f.path, i + 1, b.what, b.instead})
				}
			}
		}
	}
	return out
}

// queries are the methods of database/sql that take a statement.
var queries = map[string]bool{
	"Exec": true, "ExecContext": true, "Query": true, "QueryContext": true,
	"QueryRow": true, "QueryRowContext": true, "Prepare": true, "PrepareContext": true,
}

// checkSQL finds statements that are made with fmt.Sprintf, directly or by way
// of a local variable. Binding values is the only safe way in; a table name
// that must vary comes from a table of constants.
func checkSQL(h *house, r *room) []violation {
	var out []violation
	for _, f := range r.code() {
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			made := sprintfVars(fn)
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !queries[sel.Sel.Name] {
					return true
				}
				for _, a := range call.Args {
					id, isVar := a.(*ast.Ident)
					if hasSprintf(a) || isVar && made[id.Name] {
						out = append(out, h.at(call, "formatted text in "+sel.Sel.Name, "a constant statement with ? for the values"))
					}
				}
				return true
			})
		}
	}
	return out
}

func sprintfVars(fn *ast.FuncDecl) map[string]bool {
	made := map[string]bool{}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			return true
		}
		for i := range a.Lhs {
			if id, ok := a.Lhs[i].(*ast.Ident); ok && hasSprintf(a.Rhs[i]) {
				made[id.Name] = true
			}
		}
		return true
	})
	return made
}

// hasSprintf finds a call of fmt.Sprintf that makes more than a PRAGMA, into
// which SQLite binds no values.
func hasSprintf(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Sprintf" {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		format, literal := call.Args[0].(*ast.BasicLit)
		if ok && pkg.Name == "fmt" && !(literal && strings.Contains(format.Value, "PRAGMA ")) {
			found = true
		}
		return !found
	})
	return found
}
