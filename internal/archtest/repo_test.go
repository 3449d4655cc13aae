package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// only demands one violation that says want; an empty want demands none.
func only(t *testing.T, name string, got []violation, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("%s: not wanted: %v", name, got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0].String(), want)):
		t.Errorf("%s: got %v, want %q", name, got, want)
	}
}

func TestModuleRulesBite(t *testing.T) {
	allowed := map[string]bool{"example.com/a": true}
	only(t, "allowed", checkModules([]string{"example.com/a"}, allowed), "")
	only(t, "unknown", checkModules([]string{"example.com/a", "example.com/b"}, allowed), "the commands link example.com/b")
	var many []string
	for i := range modulesMax + 1 {
		m := fmt.Sprintf("example.com/%d", i)
		many, allowed[m] = append(many, m), true
	}
	only(t, "too many", checkModules(many, allowed), "link 61 modules")

	only(t, "line", checkGoMod("module carry\n\nrequire gonum.org/v1/gonum v0.17.0\n"), "")
	only(t, "other version", checkGoMod("module carry\nrequire gonum.org/v1/gonum v0.16.0\n"), "go.mod:2: gonum.org/v1/gonum v0.16.0 → v0.17.0")
	only(t, "block", checkGoMod("require (\n\tgithub.com/mattn/go-sqlite3 v1.14.54 // indirect\n)\n"), "go.mod:2: github.com/mattn/go-sqlite3 v1.14.54")
	only(t, "replace line", checkGoMod("replace a => ../a\n"), "replace directive")
	only(t, "replace block", checkGoMod("replace (\n\ta => ../a\n)\n"), "go.mod:2: replace directive")
}

func TestAllowListDemandsReasons(t *testing.T) {
	file := filepath.Join(t.TempDir(), "modules.txt")
	for text, ok := range map[string]bool{"# why\n\nexample.com/a parses x\n": true, "example.com/a\n": false} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readAllowed(file); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFileRulesBite(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "see ../shared/data and https://example.com/home/x\n", ""},
		{"relative", "the net/work/ folder, ~/home/, ./root/x\n", ""},
		{"machine path", "a\ncd /wor" + "k/main\n", "f:2: absolute path"},
		{"home", `x := "/ho` + `me/me/x"`, "absolute path"},
		{"workplace", "run far" + "m-studio\n", "workplace"},
		{"large", strings.Repeat("x", fileBytesMax+1), "file of 1048577 bytes"},
		{"picture", "\x89PNG\x00 /ro" + "ot/x", ""},
	} {
		only(t, c.name, checkFile("f", []byte(c.text)), c.want)
	}
}

func TestLinkRuleBites(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "there.md"), []byte("# Some Heading: here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"[a](there.md)":                         "",
		"[a](there.md#some-heading-here)":       "",
		"[a](https://example.com/x)":            "",
		"# Own\n[a](#own)":                      "",
		"```\n[a](nowhere.md)\n```":             "",
		"[a](nowhere.md)":                       "doc.md:1: link to missing nowhere.md",
		"x\n![p](pictures/no.png)":              "doc.md:2: link to missing pictures/no.png",
		"[a](there.md#elsewhere)":               "missing heading there.md#elsewhere",
		"[a](#nothing)":                         "missing heading #nothing",
		"[a](../" + filepath.Base(dir) + "/no)": "link to missing",
	} {
		only(t, text, checkLinks(dir, "doc.md", []byte(text)), want)
	}
}
