package docstest

import (
	"fmt"
	"strings"
)

// block is a piece of a document that the program writes.
type block struct {
	line    int  // of its first line of content, from 1
	real    bool // needs the recorded history
	exit    int  // expected exit code of the last command
	command string
	steps   []step // of a session
	// from and to bound the content's lines, to exclusive.
	from, to int
}

// step is one command of a session with the output the document shows.
type step struct {
	command string // continues on lines that start with >
	output  string
}

// A session is a fenced block of commands and what they print:
//
//	<!-- run real exit=3 -->
//	```console
//	$ backtest screen
//	...
//	```
//
// A table is what one command prints, as Markdown:
//
//	<!-- table real: sqlite3 -markdown carry.db "select ..." -->
//	...
//	<!-- end -->
const (
	runMark   = "<!-- run"
	tableMark = "<!-- table"
	endMark   = "<!-- end -->"
	fence     = "```"
	markClose = "-->"
)

// parse finds the blocks of a document in order.
func parse(lines []string) ([]block, error) {
	var out []block
	for i := 0; i < len(lines); i++ {
		var b block
		var err error
		switch {
		case strings.HasPrefix(lines[i], runMark):
			b, err = parseSession(lines, i)
		case strings.HasPrefix(lines[i], tableMark):
			b, err = parseTable(lines, i)
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		b.line = b.from + 1
		out = append(out, b)
		i = b.to
	}
	return out, nil
}

func parseSession(lines []string, at int) (b block, err error) {
	options, ok := strings.CutSuffix(strings.TrimPrefix(lines[at], runMark), markClose)
	if !ok || at+1 >= len(lines) || !strings.HasPrefix(lines[at+1], fence) {
		return b, fmt.Errorf("a run mark stands on one line, and a fenced block follows it")
	}
	for _, o := range strings.Fields(options) {
		if n, err := fmt.Sscanf(o, "exit=%d", &b.exit); n == 1 && err == nil {
			continue
		}
		if o != "real" {
			return b, fmt.Errorf("unknown option %q", o)
		}
		b.real = true
	}
	b.from = at + 2
	if b.to, err = find(lines, b.from, fence); err != nil {
		return b, err
	}
	b.steps = steps(lines[b.from:b.to])
	if len(b.steps) == 0 {
		return b, fmt.Errorf("no line of the block starts with $")
	}
	return b, nil
}

func parseTable(lines []string, at int) (b block, err error) {
	options, command, ok := strings.Cut(strings.TrimPrefix(lines[at], tableMark), ":")
	end, err := find(lines, at, markClose)
	if !ok || err != nil {
		return b, fmt.Errorf("a table mark is %s: COMMAND %s", tableMark, markClose)
	}
	more := append([]string{command}, lines[at+1:end+1]...)
	b.command = strings.TrimSpace(strings.TrimSuffix(strings.Join(more, "\n"), markClose))
	if end == at {
		b.command = strings.TrimSpace(strings.TrimSuffix(command, markClose))
	}
	b.real = strings.TrimSpace(options) == "real"
	b.from = end + 1
	b.to, err = find(lines, b.from, endMark)
	return b, err
}

// find is the first line from i on that starts or ends with a text.
func find(lines []string, i int, text string) (int, error) {
	for ; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], text) || strings.HasSuffix(lines[i], text) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no %q closes this", text)
}

// steps splits a session at its prompts.
func steps(lines []string) []step {
	var out []step
	for i := 0; i < len(lines); i++ {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			if len(out) > 0 {
				out[len(out)-1].output += lines[i] + "\n"
			}
			continue
		}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "> ") {
			i++
			command += "\n" + strings.TrimPrefix(lines[i], "> ")
		}
		out = append(out, step{command: command})
	}
	return out
}

// session writes steps as they stand in a document.
func session(all []step) []string {
	var out []string
	for _, s := range all {
		out = append(out, strings.Split("$ "+strings.ReplaceAll(s.command, "\n", "\n> "), "\n")...)
		if s.output != "" {
			out = append(out, strings.Split(strings.TrimSuffix(s.output, "\n"), "\n")...)
		}
	}
	return out
}
