package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
)

// exactMath are the functions of package math whose result is the same bits on
// every processor, because IEEE 754 defines it or because they only move bits.
// Constants are always fine. Exp, Log, Pow, the trigonometric and hyperbolic
// functions and Erf are not: some have assembly, the others fuse.
var exactMath = map[string]bool{
	"Floor": true, "Ceil": true, "Trunc": true, "Round": true, "RoundToEven": true, "Sqrt": true, "Abs": true,
	"Max": true, "Min": true, "Copysign": true, "Signbit": true, "Mod": true,
	"Inf": true, "IsInf": true, "IsNaN": true, "NaN": true, "Frexp": true, "Ldexp": true, "Nextafter": true,
	"Float64bits": true, "Float64frombits": true, "Float32bits": true, "Float32frombits": true,
}

// checkFloats holds a core room to law 2: float results that are the same bits
// with and without fused multiply-add.
func checkFloats(h *house, r *room) []violation {
	var out []violation
	for _, f := range r.typed() {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				o := r.info.Uses[sel.Sel]
				fn, isFunc := o.(*types.Func)
				if isFunc && fn.Pkg() != nil && fn.Pkg().Path() == "math" && !exactMath[fn.Name()] {
					out = append(out, h.at(n, "math."+fn.Name()+" in hashed code",
						"sim/elementary.go, whose results are the same bits on every processor"))
				}
			}
			return true
		})
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				out = append(out, checkFused(h, r.info, fn)...)
			}
		}
	}
	return out
}

// checkFused finds sums that have an unrounded float product as a part. The
// language lets a compiler fuse the two, also when the product was put into a
// local variable first; an explicit conversion forbids it.
func checkFused(h *house, info *types.Info, fn *ast.FuncDecl) []violation {
	products := productVars(info, fn)
	var out []violation
	judge := func(sum ast.Node, part ast.Expr) {
		part = stripSign(part)
		if isProduct(info, part) {
			out = append(out, h.at(sum, "float sum of an unrounded product", "float64(x*y) around the product, so that it cannot be fused"))
			return
		}
		if from, ok := products[place(info, part)]; ok && sum.Pos() >= from {
			name := types.ExprString(part)
			out = append(out, h.at(sum, "float sum of "+name+", which holds an unrounded product", name+" = float64(x*y) where it is set"))
		}
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.ADD || n.Op == token.SUB) && isFloat(info, n) {
				judge(n, n.X)
				judge(n, n.Y)
			}
		case *ast.AssignStmt:
			if (n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN) && isFloat(info, n.Lhs[0]) {
				judge(n, n.Rhs[0])
				judge(n, n.Lhs[0])
			}
		}
		return true
	})
	return out
}

// place identifies where a value is kept within one function: the object of a
// variable, the text of a field or an element, nil for anything else.
func place(info *types.Info, e ast.Expr) any {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if o := info.ObjectOf(e); o != nil {
			return o
		}
	case *ast.SelectorExpr, *ast.IndexExpr:
		return types.ExprString(e)
	}
	return nil
}

// productVars are the places that are set to an unrounded product, each with
// the position from which on it may hold one: that of the assignment, or of the
// outermost loop around it.
func productVars(info *types.Info, fn *ast.FuncDecl) map[any]token.Pos {
	out := map[any]token.Pos{}
	var loopEnd, loopStart token.Pos
	note := func(lhs ast.Expr, product bool, at token.Pos) {
		where := place(info, lhs)
		if where == nil || !product {
			return
		}
		if at < loopEnd {
			at = loopStart
		}
		if first, seen := out[where]; !seen || at < first {
			out[where] = at
		}
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			if n.Pos() >= loopEnd {
				loopStart, loopEnd = n.Pos(), n.End()
			}
		case *ast.AssignStmt:
			for i := range n.Lhs {
				if len(n.Lhs) == len(n.Rhs) {
					note(n.Lhs[i], n.Tok == token.MUL_ASSIGN && isFloat(info, n.Lhs[i]) || isProduct(info, stripSign(n.Rhs[i])), n.Pos())
				}
			}
		case *ast.ValueSpec:
			for i := range n.Values {
				if len(n.Names) == len(n.Values) {
					note(n.Names[i], isProduct(info, stripSign(n.Values[i])), n.Pos())
				}
			}
		}
		return true
	})
	return out
}

// isProduct tells a float multiplication that is computed at run time.
func isProduct(info *types.Info, e ast.Expr) bool {
	b, ok := e.(*ast.BinaryExpr)
	return ok && b.Op == token.MUL && isFloat(info, b) && info.Types[b].Value == nil
}

func isFloat(info *types.Info, e ast.Expr) bool {
	t := info.TypeOf(e)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0 && info.Types[e].Value == nil
}

// stripSign removes parentheses and signs, which do not round.
func stripSign(e ast.Expr) ast.Expr {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.UnaryExpr:
			if x.Op != token.SUB && x.Op != token.ADD {
				return e
			}
			e = x.X
		default:
			return e
		}
	}
}
