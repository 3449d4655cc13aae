package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"carry"
	"carry/internal/testenv"
	"carry/strategy"
)

// another is an accepted value of p that is not its present one, as a user
// would write it and as the table then shows it.
func another(p carry.Param) string {
	switch {
	case p.Bool != nil:
		return strconv.FormatBool(!*p.Bool)
	case len(p.Choices) > 0:
		for _, c := range p.Choices {
			if c != *p.Text {
				return c
			}
		}
	case p.Text != nil:
		return "BTC"
	case p.Int != nil:
		if v := *p.Int + 1; float64(v) >= p.Min && float64(v) <= p.Max {
			return strconv.Itoa(v)
		}
		return strconv.Itoa(int(p.Min) + 2)
	}
	// Near the present value, so that it contradicts no other; rules that are off
	// or derived are set to the middle.
	v := *p.Float*1.1 + 1e-6*min(p.Max-p.Min, 1)
	if v < p.Min || v > p.Max {
		v = (p.Min + min(p.Max, 100)) / 2
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Every parameter of every strategy and of the venue has all its five uses: it
// is a flag, a key of a settings file, an axis of a sweep, a line of the page of
// parameters and a line of the report's table.
func TestEveryParameterHasItsFiveUses(t *testing.T) {
	text, err := os.ReadFile(testenv.Root(t) + "/docs/PARAMETERS.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	n := 0
	for _, e := range strategy.Registry() {
		spec := func() *Spec {
			s := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels()}
			if len(s.Settings.Table()) > 0 {
				s.Set("profitAdjustNote", "2026-01-01 of the test") // an adjustment needs its reason
			}
			return s
		}
		fresh := spec()
		for _, p := range append(fresh.Settings.Table(), fresh.Models.Table()...) {
			n++
			want := another(p)
			ways := map[string]func() (*Spec, error){
				"flag": func() (*Spec, error) {
					s := spec()
					if p.Name == "coins" {
						return s, s.Set(p.Name, want) // a flag of the commands' own, for any strategy
					}
					args := ParamFlags([]string{"--" + p.Name, want})
					if len(args) != 1 {
						return nil, fmt.Errorf("it is no flag: %q", args)
					}
					name, value, _ := strings.Cut(strings.TrimPrefix(args[0], "--set="), "=")
					return s, s.Set(name, value)
				},
				"settings file": func() (*Spec, error) {
					s, value := spec(), want
					if p.Text != nil {
						value = strconv.Quote(want)
					}
					c, err := parseConfig("s.toml", []byte(p.Name+" = "+value+"\n"))
					if err != nil {
						return nil, err
					}
					return s, c.Apply("s.toml", s)
				},
				"axis": func() (*Spec, error) {
					a, err := ParseAxis(p.Name + "=" + want)
					if err != nil {
						return nil, err
					}
					w := Sweep{Axes: []Axis{a}, Base: func(string, string) (*Spec, error) { return spec(), nil }}
					return w.spec(0)
				},
			}
			for name, way := range ways {
				s, err := way()
				if err != nil {
					t.Errorf("%s/%s: %s = %s as a %s: %v", e.Name, e.Preset, p.Name, want, name, err)
					continue
				}
				found := 0
				for _, v := range paramValues(s.Settings, s) {
					if v.Name != p.Name {
						continue
					}
					if found++; v.Value != want || v.Doc == "" {
						t.Errorf("%s/%s: %s set to %s as a %s, the report says %q (%q)", e.Name, e.Preset, p.Name, want, name, v.Value, v.Doc)
					}
				}
				if found != 1 {
					t.Errorf("%s/%s: %s is %d times in the report's table", e.Name, e.Preset, p.Name, found)
				}
			}
			if !strings.Contains(page, "| `"+p.Name+"` |") {
				t.Errorf("%s is not on the page of parameters", p.Name)
			}
		}
	}
	if n < 150 {
		t.Errorf("only %d parameters were looked at", n)
	}
}
