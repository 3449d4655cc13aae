package strategy_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the stories print into their files; look at the diff before committing")

// story is one file of testdata/story: a title, the rows it shows, then commands,
// each followed by ---- and the whole trace of what happened.
type story struct {
	title []string // comment lines at the top
	rows  []string
	steps []step
}

type step struct {
	comment []string
	command []string // lines; the first word is the command
	want    string
}

// parseStory reads a story file.
func parseStory(text string) (*story, error) {
	s := &story{}
	var cur step
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for k := 0; k < len(lines); k++ {
		line := lines[k]
		switch {
		case strings.HasPrefix(line, "# rows:"):
			s.rows = append(s.rows, strings.Fields(strings.TrimPrefix(line, "# rows:"))...)
			s.title = append(s.title, line)
		case strings.HasPrefix(line, "#"):
			if len(s.steps) == 0 && len(cur.command) == 0 && len(cur.comment) == 0 && (k == 0 || lines[k-1] != "") {
				s.title = append(s.title, line)
			} else {
				cur.comment = append(cur.comment, line)
			}
		case line == "":
			if len(cur.command) > 0 {
				return nil, fmt.Errorf("line %d: a command without ----", k+1)
			}
		case line == "----":
			if len(cur.command) == 0 {
				return nil, fmt.Errorf("line %d: ---- without a command", k+1)
			}
			from := k + 1
			for k++; k < len(lines) && lines[k] != ""; k++ {
			}
			if k > from {
				cur.want = strings.Join(lines[from:k], "\n") + "\n"
			}
			s.steps = append(s.steps, cur)
			cur = step{}
		default:
			cur.command = append(cur.command, line)
		}
	}
	if len(cur.command) > 0 {
		return nil, fmt.Errorf("the last command has no ----")
	}
	return s, nil
}

// text writes the story with what was printed.
func (s *story) text(got []string) []byte {
	var b bytes.Buffer
	for _, l := range s.title {
		fmt.Fprintln(&b, l)
	}
	for k, st := range s.steps {
		fmt.Fprintln(&b)
		for _, l := range st.comment {
			fmt.Fprintln(&b, l)
		}
		for _, l := range st.command {
			fmt.Fprintln(&b, l)
		}
		fmt.Fprintf(&b, "----\n%s", got[k])
	}
	return b.Bytes()
}

func storyFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "story", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	return files
}

func readStory(t *testing.T, file string) *story {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseStory(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// TestStories plays every story through the real loop, gate and books and holds
// what happens against the file. With -rewrite the files are written instead.
func TestStories(t *testing.T) {
	for _, file := range storyFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readStory(t, file)
			w := &theatre{t: t}
			got := make([]string, len(s.steps))
			for k, st := range s.steps {
				out, err := w.do(st.command)
				if err != nil {
					t.Fatalf("%s: %s: %v\nso far:\n%s", file, st.command[0], err, s.text(got))
				}
				if out == "" {
					out = "nothing\n"
				}
				if got[k] = out; out != st.want && !*rewrite {
					t.Fatalf("%s: %s\nwas\n%s\nis\n%s\nif that is right: go test ./strategy -run TestStories -rewrite", file, strings.Join(st.command, "\n"), st.want, out)
				}
			}
			if *rewrite {
				if err := os.WriteFile(file, s.text(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestStoriesTellEverything demands every row of the strategy and of its state
// machine, and the extremes, in at least one story.
func TestStoriesTellEverything(t *testing.T) {
	told := map[string]string{}
	for _, file := range storyFiles(t) {
		for _, r := range readStory(t, file).rows {
			told[r] = file
			if !slices.Contains(storyRows[:], r) {
				t.Errorf("%s: there is no row %s", file, r)
			}
		}
	}
	for _, r := range storyRows {
		if told[r] == "" {
			t.Errorf("no story tells %s", r)
		}
	}
	t.Logf("%d rows in %d stories", len(storyRows), len(storyFiles(t)))
}

// storyRows are the features of the strategy (S23 and S24 are pages of results,
// not stories), the rows of the state machine as state/condition, the pool's
// changes, and the extremes.
var storyRows = [...]string{
	"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14", "S15", "S16", "S17", "S18", "S19", "S20", "S21", "S22",
	"FLAT/gates", "FLAT/not-eligible",
	"OPENING/filled", "OPENING/slice-done", "OPENING/gate-fails", "OPENING/close-trigger",
	"HELD/close-now", "HELD/patient-close", "HELD/patience-dropped", "HELD/rise", "HELD/queue", "HELD/top-up", "HELD/settlement",
	"REDUCING/done", "REDUCING/close-trigger",
	"CLOSING/slice", "CLOSING/dust",
	"any/refused", "any/partial", "any/adl", "any/liquidated", "any/gap", "REPAIR/agree",
	"any/unknown", "FROZEN/known", "any/halted", "BLOCKED/margin-first", "BLOCKED/trades",
	"pool/alarm", "pool/reduce", "pool/emergency", "pool/normal", "pool/halt",
	"close/rate", "close/delisting", "close/operator", "close/premium-take", "close/mean", "close/universe", "close/rise",
	"extreme/futures-empty", "extreme/spot-empty", "extreme/rate", "extreme/delisted", "extreme/spot-halted", "extreme/precision",
	"extreme/one-leg", "extreme/transfer-unknown", "extreme/foreign",
	"H1", "H3", "H8", "H9", "H11", "H12", "H15", "H17", "T1", "M1", "M2", "M3", "M5", "U4", "U7", "U8", "U10",
}
