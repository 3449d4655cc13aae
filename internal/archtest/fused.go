package archtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// unhashed are the rooms whose floats never reach a journal, a tape or a
// decision: they print and draw, or serve tests only.
var unhashed = []string{
	"reports", "cmd/*", "bench", "bench/*",
	"internal/cli", "internal/archtest", "internal/testenv", "internal/venuetest", "internal/refengine",
}

var (
	// fusedInstruction matches the names of x86's fused multiply-adds.
	fusedInstruction = regexp.MustCompile(`^VFN?M(ADD|SUB)`)
	// listing matches an instruction of `go build -gcflags=-S -trimpath`.
	listing = regexp.MustCompile(`^\t0x[0-9a-f]+ [0-9]+ \(([^()]+):([0-9]+)\)\t([A-Z][A-Z0-9]*)`)
)

// findFused compiles packages of the module at dir for processors that have
// fused multiply-add and reads the compiler's listing. `go tool objdump` would
// not do: it cannot decode these instructions and prints nonsense instead. A
// listing, unlike a linked program, has the functions that no command reaches
// yet. lines counts instructions, to tell clean code from a listing that was
// not understood.
func findFused(dir string, packages []string) (vs []violation, lines int, err error) {
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-gcflags=-S"}, packages...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v3")
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, 0, fmt.Errorf("compile for GOAMD64=v3: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, 0, fmt.Errorf("compile for GOAMD64=v3: %w", err)
	}
	vs, lines, complaints, readErr := scanFused(out)
	if err := cmd.Wait(); err != nil {
		return nil, 0, fmt.Errorf("compile for GOAMD64=v3: %w\n%s", err, complaints)
	}
	return vs, lines, readErr
}

// scanFused reads a listing. complaints are the lines that look like the
// compiler's errors.
func scanFused(in io.Reader) (vs []violation, lines int, complaints string, err error) {
	symbol := ""
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 16<<20) // a symbol's data stand on one line
	for sc.Scan() {
		line := sc.Bytes()
		switch m := listing.FindSubmatch(line); {
		case m != nil:
			lines++
			if !fusedInstruction.Match(m[3]) {
				continue
			}
			n, err := strconv.Atoi(string(m[2]))
			if err != nil {
				return nil, 0, "", fmt.Errorf("read listing: %w", err)
			}
			vs = append(vs, violation{string(m[1]), n, string(m[3]) + " in " + symbol, "float64(x*y) around the product, here or in the argument that was inlined"})
		case len(line) > 0 && line[0] != '\t':
			name, rest, _ := strings.Cut(string(line), " ")
			if strings.HasPrefix(rest, "STEXT ") {
				symbol = name
			} else if strings.Contains(name, ".go:") {
				complaints += string(line) + "\n"
			}
		}
	}
	if err := sc.Err(); err != nil {
		return nil, 0, "", fmt.Errorf("read listing: %w", err)
	}
	return vs, lines, complaints, nil
}
