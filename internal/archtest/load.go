package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source is one Go file.
type source struct {
	path      string // slash-separated, from the module's root
	text      []byte
	syntax    *ast.File
	test      bool
	generated bool
	typed     bool // part of this machine's build, hence type-checked
}

// room is one package folder of the module.
type room struct {
	path  string // from the module's root; "" is the root package
	name  string // package clause
	files []*source
	pkg   *types.Package
	info  *types.Info
	// broken are the type checker's complaints. Rooms outside the core may have
	// some, since their third-party imports are stood in for by empty packages.
	broken []error
}

// code yields the room's non-test files that people wrote.
func (r *room) code() []*source {
	var out []*source
	for _, f := range r.files {
		if !f.test && !f.generated {
			out = append(out, f)
		}
	}
	return out
}

// typed yields the code that has type information.
func (r *room) typed() []*source {
	return slices.DeleteFunc(r.code(), func(f *source) bool { return !f.typed })
}

// house is the whole module, parsed and typed.
type house struct {
	root   string // folder of go.mod
	module string
	fset   *token.FileSet
	rooms  []*room
	// exports maps import paths to the compiler's export data.
	exports map[string]string
	gc      types.Importer
	done    map[string]*types.Package
}

// violation is one broken rule at one place.
type violation struct {
	file    string
	line    int
	what    string
	instead string
}

// String is the line a person reads.
func (v violation) String() string {
	return fmt.Sprintf("%s:%d: %s → %s", v.file, v.line, v.what, v.instead)
}

// at makes a violation at a syntax node.
func (h *house) at(n ast.Node, what, instead string) violation {
	p := h.fset.Position(n.Pos())
	return violation{p.Filename, p.Line, what, instead}
}

// listed is the part of `go list -json` that is used here.
type listed struct {
	Dir, ImportPath, Name, Export string

	GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
}

// load parses every package of the module at root and type-checks it. Export
// data are asked for only where the core or the standard library needs them:
// compiling the SQLite drivers here would take a minute on a clean machine.
// also names standard packages that nobody imports yet.
func load(root, module string, also ...string) (*house, error) {
	h := &house{root: root, module: module, fset: token.NewFileSet(), done: map[string]*types.Package{}}
	list, err := goList(root, "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "./...")
	if err != nil {
		return nil, err
	}
	for _, l := range list {
		r, err := h.parseRoom(l)
		if err != nil {
			return nil, err
		}
		h.rooms = append(h.rooms, r)
	}
	args := append([]string{"-deps", "-export", "-json=ImportPath,Export"}, append(h.wanted(), also...)...)
	deps, err := goList(root, args...)
	if err != nil {
		return nil, err
	}
	h.exports = make(map[string]string, len(deps))
	for _, d := range deps {
		h.exports[d.ImportPath] = d.Export
	}
	h.gc = importer.ForCompiler(h.fset, "gc", h.openExport)
	for _, r := range h.rooms {
		h.check(r)
	}
	return h, nil
}

// goList runs `go list -e` and decodes its stream of objects.
func goList(dir string, args ...string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list", "-e"}, args...)...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list %s: %w", strings.Join(args, " "), err)
		}
		all = append(all, l)
	}
}

// parseRoom reads all files of one package, whatever their build tags.
func (h *house) parseRoom(l listed) (*room, error) {
	r := &room{name: l.Name, path: strings.TrimPrefix(strings.TrimPrefix(l.ImportPath, h.module), "/")}
	add := func(names []string, test, typed bool) error {
		for _, name := range names {
			full := filepath.Join(l.Dir, name)
			text, err := os.ReadFile(full)
			if err != nil {
				return fmt.Errorf("read source: %w", err)
			}
			rel, err := filepath.Rel(h.root, full)
			if err != nil {
				return fmt.Errorf("place source: %w", err)
			}
			if err := h.addFile(r, filepath.ToSlash(rel), text, test || strings.HasSuffix(name, "_test.go"), typed); err != nil {
				return err
			}
		}
		return nil
	}
	return r, errors.Join(
		add(l.GoFiles, false, true), add(l.CgoFiles, false, true), add(l.IgnoredGoFiles, false, false),
		add(l.TestGoFiles, true, false), add(l.XTestGoFiles, true, false))
}

// addFile parses one file into r.
func (h *house) addFile(r *room, path string, text []byte, test, typed bool) error {
	syntax, err := parser.ParseFile(h.fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	r.files = append(r.files, &source{
		path: path, text: text, syntax: syntax, test: test, typed: typed, generated: ast.IsGenerated(syntax),
	})
	return nil
}

// wanted lists what must have export data: the core with all it imports, and
// every standard package that any room imports.
func (h *house) wanted() []string {
	var out []string
	for _, r := range h.rooms {
		if isCore(r.path) {
			out = append(out, h.importPath(r.path))
		}
		for _, f := range r.code() {
			for _, spec := range f.syntax.Imports {
				if p := importOf(spec); isStd(p, h.module) {
					out = append(out, p)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (h *house) importPath(roomPath string) string {
	if roomPath == "" {
		return h.module
	}
	return h.module + "/" + roomPath
}

// importOf is the path of an import; the parser has checked its syntax.
func importOf(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return p
}

// isStd tells the standard library, whose paths have no dot in the first part.
func isStd(path, module string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != module && first != "C" && first != "unsafe" && !strings.Contains(first, ".")
}

func (h *house) openExport(path string) (io.ReadCloser, error) {
	return os.Open(h.exports[path])
}

// check type-checks a room once, after the rooms it imports.
func (h *house) check(r *room) *types.Package {
	path := h.importPath(r.path)
	if p, ok := h.done[path]; ok {
		return p
	}
	r.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Uses:  map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
	}
	var files []*ast.File
	for _, f := range r.files {
		if f.typed && !f.test {
			files = append(files, f.syntax)
		}
	}
	conf := types.Config{
		Importer:    importerFunc(h.importRoom),
		FakeImportC: true,
		Error:       func(err error) { r.broken = append(r.broken, err) },
	}
	h.done[path] = types.NewPackage(path, r.name) // an import cycle ends here
	// The error is the first of those that Error collects.
	r.pkg, _ = conf.Check(path, h.fset, files, r.info)
	h.done[path] = r.pkg
	return r.pkg
}

type importerFunc func(path string) (*types.Package, error)

// Import makes a function an importer.
func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

func (h *house) importRoom(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	for _, r := range h.rooms {
		if h.importPath(r.path) == path {
			return h.check(r), nil
		}
	}
	if h.exports[path] != "" {
		return h.gc.Import(path)
	}
	if p, ok := h.done[path]; ok {
		return p, nil
	}
	p := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	p.MarkComplete()
	h.done[path] = p
	return p, nil
}
