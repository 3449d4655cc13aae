package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// impure are packages that let the world into the core.
var impure = map[string]string{
	"os": "take what is needed as a value or io.Reader", "net": "internal/binance", "log": "return an error or a carry.Warning",
	"database": "data behind carry.Tape", "syscall": "nothing", "runtime": "internal/lab", "plugin": "nothing",
	"math/rand": "the seeded generator in sim", "math/rand/v2": "the seeded generator in sim",
	"crypto/rand": "the seeded generator in sim",
}

// impureCalls are functions of harmless packages that read the world.
var impureCalls = map[string]string{
	"time.Now": "Event.At", "time.Since": "Event.At", "time.Until": "Event.At",
	"time.Sleep": "a CmdTimer", "time.After": "a CmdTimer", "time.AfterFunc": "a CmdTimer", "time.Tick": "a CmdTimer",
	"time.NewTimer": "a CmdTimer", "time.NewTicker": "a CmdTimer",
	"time.Local": "time.UTC", "time.LoadLocation": "time.UTC",
}

// checkPurity holds a core room to law 1: no clock, no randomness, no
// goroutine, no I/O, no range over a map.
func checkPurity(h *house, r *room) []violation {
	var out []violation
	for _, err := range r.broken {
		out = append(out, violation{r.path, 0, "does not type-check: " + err.Error(), "code that compiles; the other rules need its types"})
	}
	for _, f := range r.code() {
		for _, spec := range f.syntax.Imports {
			if use, bad := impureImport(importOf(spec)); bad {
				out = append(out, h.at(spec, "the core imports "+importOf(spec), use))
			}
		}
	}
	for _, f := range r.typed() {
		sorted := map[ast.Node]bool{} // calls whose result is sorted at once
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if what, instead := impureNode(r.info, n, sorted); what != "" {
				out = append(out, h.at(n, what, instead))
			}
			return true
		})
	}
	return out
}

func impureImport(p string) (instead string, bad bool) {
	if use, ok := impure[p]; ok {
		return use, true
	}
	first, _, _ := strings.Cut(p, "/")
	use, ok := impure[first]
	return use, ok
}

// impureNode judges one node; an empty what means it is fine.
func impureNode(info *types.Info, n ast.Node, sorted map[ast.Node]bool) (what, instead string) {
	const noThreads = "the loop of strategy.Run; only internal/lab has workers"
	switch n := n.(type) {
	case *ast.GoStmt:
		return "go statement in the core", noThreads
	case *ast.SelectStmt:
		return "select in the core", noThreads
	case *ast.SendStmt:
		return "channel send in the core", noThreads
	case *ast.ChanType:
		return "channel in the core", noThreads
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "channel receive in the core", noThreads
		}
	case *ast.RangeStmt:
		return impureRange(info.TypeOf(n.X))
	case *ast.CallExpr:
		if strings.HasPrefix(calledName(info, n), "slices.Sorted") && len(n.Args) > 0 {
			sorted[ast.Unparen(n.Args[0])] = true
		}
		switch name := calledName(info, n); name {
		case "maps.Keys", "maps.Values", "maps.All":
			if !sorted[n] {
				return name + " in map order", "slices.Sorted(maps.Keys(m)), or a slice in symbol order"
			}
		}
	case *ast.SelectorExpr:
		if use, ok := impureCalls[qualified(info.Uses[n.Sel])]; ok {
			return qualified(info.Uses[n.Sel]) + " in the core", use
		}
	}
	return "", ""
}

func impureRange(t types.Type) (what, instead string) {
	if t == nil {
		return "", ""
	}
	switch t.Underlying().(type) {
	case *types.Map:
		return fmt.Sprintf("range over a map (%s)", t), "a slice in symbol order, or sorted keys"
	case *types.Chan:
		return "range over a channel in the core", "a slice"
	}
	return "", ""
}

// calledName is "pkg/path.Func" of a call to a package's function, else "".
func calledName(info *types.Info, c *ast.CallExpr) string {
	fun := ast.Unparen(c.Fun)
	if x, ok := fun.(*ast.IndexExpr); ok {
		fun = x.X // explicit instantiation
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		return qualified(info.Uses[sel.Sel])
	}
	return ""
}

// qualified names a package-level object of another package; methods, fields
// and locals give "".
func qualified(o types.Object) string {
	if o == nil || o.Pkg() == nil || o.Parent() != o.Pkg().Scope() {
		return ""
	}
	return o.Pkg().Path() + "." + o.Name()
}
