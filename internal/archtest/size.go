package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"strings"
)

// Limits of size. Good Go houses have 2 to 8 % of their functions over 70
// lines and nine files of ten under 450.
const (
	functionLinesMax    = 70
	fileLinesMax        = 600
	mainLinesMax        = 40
	interfaceMethodsMax = 8
)

// checkSize holds a room's code to the limits of size.
func checkSize(h *house, r *room) []violation {
	var out []violation
	for _, f := range r.code() {
		lines := bytes.Count(f.text, []byte("\n"))
		if lines > fileLinesMax {
			out = append(out, violation{f.path, 1, fmt.Sprintf("file of %d lines", lines), fmt.Sprintf("files of one subject and at most %d lines", fileLinesMax)})
		}
		if strings.HasPrefix(f.path, "cmd/") && strings.HasSuffix(f.path, "/main.go") && lines > mainLinesMax {
			out = append(out, violation{f.path, 1, fmt.Sprintf("main.go of %d lines", lines), fmt.Sprintf("at most %d lines; one file per subcommand", mainLinesMax)})
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if span := h.fset.Position(n.End()).Line - h.fset.Position(n.Pos()).Line + 1; span > functionLinesMax {
					out = append(out, h.at(n, fmt.Sprintf("function %s of %d lines", n.Name.Name, span), fmt.Sprintf("functions of at most %d lines", functionLinesMax)))
				}
			case *ast.InterfaceType:
				if m := n.Methods.NumFields(); m > interfaceMethodsMax {
					out = append(out, h.at(n, fmt.Sprintf("interface of %d methods", m), fmt.Sprintf("narrow interfaces of at most %d", interfaceMethodsMax)))
				}
			}
			return true
		})
	}
	return out
}

// checkComments demands a comment on every exported name outside main
// packages, and one on the package.
func checkComments(h *house, r *room) []violation {
	if r.name == "main" {
		return nil
	}
	var out []violation
	about := false
	for _, f := range r.code() {
		about = about || f.syntax.Doc != nil
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
					out = append(out, undocumented(h, d.Name))
				}
			case *ast.GenDecl:
				out = append(out, undocumentedSpecs(h, d)...)
			}
		}
	}
	if !about && len(r.code()) > 0 {
		out = append(out, violation{r.code()[0].path, 1, "package " + r.name + " has no comment", "one above the package clause of its main file: what it is for and what it knows nothing of"})
	}
	return out
}

func undocumented(h *house, name *ast.Ident) violation {
	return h.at(name, "exported "+name.Name+" has no comment", "a sentence with units, shapes and errors")
}

// undocumentedSpecs accepts a comment on the group, on the line or behind it.
func undocumentedSpecs(h *house, d *ast.GenDecl) []violation {
	var out []violation
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				out = append(out, undocumented(h, s.Name))
			}
		case *ast.ValueSpec:
			if d.Doc != nil || s.Doc != nil || s.Comment != nil {
				continue
			}
			for _, n := range s.Names {
				if n.IsExported() {
					out = append(out, undocumented(h, n))
				}
			}
		}
	}
	return out
}

// exportedReceiver is true for functions and for methods of exported types.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}
