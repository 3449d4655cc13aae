package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// constantMakers are calls whose result is as good as a constant.
var constantMakers = map[string]bool{
	"errors.New": true, "fmt.Errorf": true, "math.NaN": true, "math.Inf": true,
	"regexp.MustCompile": true, "template.Must": true, "strings.NewReplacer": true,
	"decimal.New": true, "decimal.NewFromInt": true, "decimal.RequireFromString": true,
	"big.NewInt": true, "crc32.MakeTable": true,
}

// checkGlobals allows package variables only as error sentinels, embedded
// files and tables that nobody writes to, and no init functions: what a run
// does must be visible in its arguments. It judges all rooms together, since
// one may write to another's table.
func checkGlobals(h *house) []violation {
	var out []violation
	written := map[types.Object]violation{}
	for _, r := range h.rooms {
		for _, f := range r.typed() {
			h.collectWrites(r.info, f.syntax, written)
		}
	}
	for _, r := range h.rooms {
		for _, f := range r.code() {
			for _, d := range f.syntax.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Recv == nil && d.Name.Name == "init" {
						out = append(out, h.at(d, "init function", "a table, or a call from the one who needs it"))
					}
				case *ast.GenDecl:
					if d.Tok == token.VAR {
						out = append(out, h.globalsOf(r, f, d, written)...)
					}
				}
			}
		}
	}
	return out
}

func (h *house) globalsOf(r *room, f *source, d *ast.GenDecl, written map[types.Object]violation) []violation {
	var out []violation
	for _, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		embedded := isEmbed(d.Doc) || isEmbed(spec.Doc)
		for i, name := range spec.Names {
			if name.Name == "_" {
				continue // asserts that a type satisfies an interface
			}
			constant := i < len(spec.Values) && isConstantValue(spec.Values[i])
			if !embedded && !constant {
				out = append(out, h.at(name, "package variable "+name.Name, "an argument or a field; only errors, embeds and constant tables may be global"))
				continue
			}
			if !f.typed {
				continue
			}
			if w, ok := written[r.info.Defs[name]]; ok {
				w.what, w.instead = "writes to package variable "+name.Name, "a copy, or a field of the one who changes it"
				out = append(out, w)
			}
		}
	}
	return out
}

func isEmbed(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// isConstantValue accepts literals of composite types, concatenations made by
// append, plain literals and the makers above.
func isConstantValue(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		switch fun := ast.Unparen(e.Fun).(type) {
		case *ast.SelectorExpr:
			pkg, ok := fun.X.(*ast.Ident)
			return ok && constantMakers[pkg.Name+"."+fun.Sel.Name]
		case *ast.Ident:
			return fun.Name == "append" && isConstantValue(e.Args[0])
		}
	}
	return false
}

// collectWrites notes every assignment to a package-level variable of ours,
// to its elements or to its fields.
func (h *house) collectWrites(info *types.Info, f *ast.File, written map[types.Object]violation) {
	note := func(e ast.Expr) {
		id := rootIdent(info, e)
		if id == nil {
			return
		}
		if v, ok := info.Uses[id].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			written[v] = h.at(id, "", "")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				note(lhs)
			}
		case *ast.IncDecStmt:
			note(n.X)
		case *ast.CallExpr:
			if fun, ok := n.Fun.(*ast.Ident); ok && (fun.Name == "delete" || fun.Name == "clear") && len(n.Args) > 0 {
				note(n.Args[0])
			}
		}
		return true
	})
}

// rootIdent finds the variable under indexes, fields and dereferences.
func rootIdent(info *types.Info, e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok {
				if _, isPkg := info.Uses[id].(*types.PkgName); isPkg {
					return x.Sel
				}
			}
			e = x.X
		default:
			return nil
		}
	}
}
