package docstest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const parametersIntro = `# Parameters

Made by the program; do not edit by hand. ` + "`go test ./internal/docstest -update`" + `
writes it, and a test holds it against what ` + "`backtest params --markdown`" + ` prints.

Every parameter is a flag (` + "`--openRateMinFrac=0.0002`" + `), a setting
(` + "`--set openRateMinFrac=0.0002`" + `) and an axis of a sweep
(` + "`--axis openRateMinFrac=0.0001,0.0002`" + `).

The unit stands last in the name: ` + "`Frac`" + ` is a fraction of 1 (0.0001 is 0.01 %),
` + "`USDT`" + ` money, ` + "`D`, `H` and `S`" + ` days, hours and seconds, ` + "`Ms`" + ` milliseconds, ` + "`X`" + ` a
multiple, ` + "`N`" + ` a number. Rates are per 8 hours, whatever the coin's interval.
` + "`off`" + ` switches a rule off; ` + "`auto`" + ` lets the program work the value out. S1 to S20
are the numbers of the strategy's features.
`

// param is one line of backtest params --json.
type param struct{ Group, Name, Value string }

func TestParametersPageIsWhatTheProgramKnows(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	d := newDesk(t)
	var b strings.Builder
	b.WriteString(parametersIntro)
	venue := ""
	for _, s := range []struct{ name, says string }{
		{"funding", "The strategy of this project: the coins with high funding rates, best first."},
		{"hold", "A baseline: every coin once, equal weight, quantity kept."},
		{"holdvalue", "A baseline: as `hold`, but values are refilled once a month."},
	} {
		table, models, ok := strings.Cut(d.print(t, "backtest params --markdown --strategy "+s.name), "\n## venue\n")
		if !ok {
			t.Fatalf("no table of the venue for %s", s.name)
		}
		if venue != "" && venue != models {
			t.Errorf("the venue's table depends on the strategy %s", s.name)
		}
		venue = models
		table = strings.TrimPrefix(strings.TrimSpace(table), "## strategy")
		fmt.Fprintf(&b, "\n## %s\n\n%s\n%s\n", s.name, s.says, table)
		if s.name == "funding" {
			d.seed(t, &b)
		}
	}
	fmt.Fprintf(&b, "\n`null` does nothing and has no parameters. `cash` is computed, not run.\n")
	fmt.Fprintf(&b, "\n## venue\n\nThe simulated exchange, the same for every strategy.\n\n%s\n", strings.TrimSpace(venue))
	file := filepath.Join(d.root, "docs", "PARAMETERS.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != b.String() {
		t.Errorf("docs/PARAMETERS.md is not what the program knows: go test ./internal/docstest -update\n%s",
			firstDifference(strings.Split(string(text), "\n"), strings.Split(b.String(), "\n")))
	}
}

// seed lists what the preset of the original author sets otherwise.
func (d *desk) seed(t *testing.T, b *strings.Builder) {
	fmt.Fprintf(b, "\n### The preset seed\n\n`--preset seed` takes the original author's numbers where they are known:\n\n| name | seed | default |\n|---|---|---|\n")
	def, seed := d.params(t, "default"), d.params(t, "seed")
	for i := range def {
		if def[i].Value != seed[i].Value {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", seed[i].Name, seed[i].Value, def[i].Value)
		}
	}
}

func (d *desk) params(t *testing.T, preset string) []param {
	t.Helper()
	var out []param
	if err := json.Unmarshal([]byte(d.print(t, "backtest params --json --preset "+preset)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// print is a command's output; it must succeed.
func (d *desk) print(t *testing.T, command string) string {
	t.Helper()
	out, code := d.run(t, d.bare, command)
	if code != 0 {
		t.Fatalf("%s: exit %d\n%s", command, code, out)
	}
	return out
}
