package archtest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// modulesMax bounds what a user of the commands has to trust.
const modulesMax = 60

// pinned are the versions that the project was measured with. A missing module
// is fine; another version is not.
var pinned = map[string]string{
	"gonum.org/v1/gonum": "v0.17.0", "gonum.org/v1/plot": "v0.17.0",
	"github.com/mattn/go-sqlite3": "v1.14.53", "modernc.org/sqlite": "v1.60.1",
	"github.com/shopspring/decimal": "v1.6.0", "github.com/alecthomas/kong": "v1.17.0",
	"github.com/adshao/go-binance/v2": "v2.8.11",
}

// linkedModules asks go which modules the commands link, with and without cgo.
func linkedModules(root string) ([]string, error) {
	var out []string
	for _, cgo := range []string{"0", "1"} {
		cmd := exec.Command("go", "list", "-e", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./cmd/...")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("list linked modules: %w", err)
		}
		out = append(out, strings.Fields(string(text))...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// readAllowed reads the allow-list: a module and what it is for on each line.
func readAllowed(file string) (map[string]bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read allow-list: %w", err)
	}
	defer f.Close()
	out := map[string]bool{}
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		line := strings.TrimSpace(sc.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		module, reason, _ := strings.Cut(line, " ")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s: %s lacks a reason", filepath.Base(file), module)
		}
		out[module] = true
	}
	return out, sc.Err()
}

// checkModules holds the linked modules against the allow-list.
func checkModules(linked []string, allowed map[string]bool) []violation {
	var out []violation
	for _, m := range linked {
		if !allowed[m] {
			out = append(out, violation{"go.mod", 1, "the commands link " + m, "do without, or a line with a reason in internal/archtest/testdata/modules.txt"})
		}
	}
	if len(linked) > modulesMax {
		out = append(out, violation{"go.mod", 1, fmt.Sprintf("the commands link %d modules", len(linked)), fmt.Sprintf("at most %d", modulesMax)})
	}
	return out
}

// checkGoMod refuses replacements, which a user's build of the module ignores,
// and other versions than the pinned ones.
func checkGoMod(text string) []violation {
	var out []violation
	block := ""
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		word := block
		switch {
		case fields[0] == ")":
			block = ""
			continue
		case len(fields) == 2 && fields[1] == "(":
			block = fields[0]
			continue
		case block == "":
			word, fields = fields[0], fields[1:]
		}
		if word == "replace" {
			out = append(out, violation{"go.mod", i + 1, "replace directive", "a released version"})
		}
		if word == "require" && len(fields) >= 2 && pinned[fields[0]] != "" && pinned[fields[0]] != fields[1] {
			out = append(out, violation{"go.mod", i + 1, fields[0] + " " + fields[1], pinned[fields[0]] + ", with which the project was measured"})
		}
	}
	return out
}

// moduleRoot walks up from the working directory to go.mod and reads the
// module's name.
func moduleRoot() (dir, module string, err error) {
	dir, err = os.Getwd()
	if err != nil {
		return "", "", fmt.Errorf("find module: %w", err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			first, _, _ := strings.Cut(string(text), "\n")
			return dir, strings.TrimSpace(strings.TrimPrefix(first, "module ")), nil
		}
		if !errors.Is(err, os.ErrNotExist) || filepath.Dir(dir) == dir {
			return "", "", fmt.Errorf("find module: no go.mod above the tests: %w", err)
		}
		dir = filepath.Dir(dir)
	}
}
