package archtest

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNoFusedInstructionInHashedCode is the proof behind the rule on sums of
// products: it also sees what inlining brings together.
func TestNoFusedInstructionInHashedCode(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for GOAMD64=v3; run without -short")
	}
	h := wholeHouse(t)
	var packages []string
	for _, r := range h.rooms {
		if len(r.code()) > 0 && !matchRoom(unhashed, r.path) {
			packages = append(packages, h.importPath(r.path))
		}
	}
	vs, lines, err := findFused(h.root, packages)
	if err != nil {
		t.Fatal(err)
	}
	report(t, vs)
	if lines < 1000 {
		t.Fatalf("only %d instructions in %d packages: the listing was not understood", lines, len(packages))
	}
	t.Logf("%d instructions in %d packages", lines, len(packages))
}

func TestFusedInstructionsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for GOAMD64=v3; run without -short")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module carrytrial\n\ngo 1.26\n",
		"a.go": "package carrytrial\n\nfunc Bad(x, y, z float64) float64 {\n\treturn x*y + z\n}\n\n" +
			"func Good(x, y, z float64) float64 {\n\treturn float64(x*y) + z\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vs, lines, err := findFused(dir, []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	if len(vs) != 1 || vs[0].line != 4 || vs[0].file != "carrytrial/a.go" || vs[0].what != "VFMADD231SD in carrytrial.Bad" {
		t.Errorf("of %d instructions: %v", lines, vs)
	}
}
