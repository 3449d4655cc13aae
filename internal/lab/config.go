package lab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"carry"
	"carry/strategy"
)

// configMax bounds a settings file.
const configMax = 1 << 20

// Config is a settings file: a strategy and values of parameters.
type Config struct {
	Strategy, Preset string
	Values           []ConfigValue // in the file's order
}

// ConfigValue is one parameter as the file has it.
type ConfigValue struct {
	Name, Value string
	Line        int
}

// ConfigError is what is wrong with a settings file and where.
type ConfigError struct {
	Path    string
	Line    int
	Excerpt string // the line
	Err     error
}

// Error is "file:line: what", with the line below it.
func (e *ConfigError) Error() string {
	s := fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
	if e.Excerpt != "" {
		s += fmt.Sprintf("\n  %d | %s", e.Line, e.Excerpt)
	}
	return s
}

// Unwrap gives access to the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// ReadConfig reads a TOML file of flat keys: strategy, preset and parameters.
// It is strict: an unknown key, a table, an array or a date is an error.
func ReadConfig(path string) (*Config, error) {
	text, err := readSettings(path, "no settings file")
	if err != nil {
		return nil, err
	}
	return parseConfig(path, text)
}

// readSettings reads a small text file; a larger one than configMax is not what
// was meant.
func readSettings(path, not string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, configMax+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(text) > configMax {
		return nil, fmt.Errorf("%s is larger than %d bytes: that is %s", path, configMax, not)
	}
	return text, nil
}

func parseConfig(path string, text []byte) (*Config, error) {
	lines := strings.Split(string(text), "\n")
	fail := func(line int, err error) error {
		e := &ConfigError{Path: path, Line: line, Err: err}
		if line >= 1 && line <= len(lines) {
			e.Excerpt = strings.TrimRight(lines[line-1], "\r")
		}
		return e
	}
	raw := map[string]any{}
	if err := toml.NewDecoder(bytes.NewReader(text)).Decode(&raw); err != nil {
		var d *toml.DecodeError
		if errors.As(err, &d) {
			line, _ := d.Position()
			return nil, fail(line, errors.New(strings.TrimPrefix(d.Error(), "toml: ")))
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c := &Config{}
	for key, v := range raw {
		line := lineOf(lines, key)
		text, err := scalar(v)
		if err != nil {
			return nil, fail(line, fmt.Errorf("%s: %w", key, err))
		}
		switch key {
		case "strategy":
			c.Strategy = text
		case "preset":
			c.Preset = text
		default:
			c.Values = append(c.Values, ConfigValue{Name: key, Value: text, Line: line})
		}
	}
	// A map has no order; the file's lines do.
	slices.SortFunc(c.Values, func(a, b ConfigValue) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Name, b.Name)
	})
	known := ParamNames()
	known["coins"] = true
	names := []string{"strategy", "preset"}
	for n := range known {
		names = append(names, n)
	}
	for _, v := range c.Values {
		if !known[v.Name] {
			return nil, fail(v.Line, fmt.Errorf("no parameter %q; did you mean %s?", v.Name, nearest(v.Name, names)))
		}
	}
	return c, nil
}

// scalar writes a TOML value as a parameter's text.
func scalar(v any) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), nil
	}
	return "", errors.New("a parameter is a number, a text or true/false; tables and lists are not used here")
}

// lineOf is the first line that sets or opens key, 0 if none is found.
func lineOf(lines []string, key string) int {
	for i, l := range lines {
		name, _, _ := strings.Cut(l, "=")
		if strings.Trim(strings.TrimSpace(name), `"'[]`) == key {
			return i + 1
		}
	}
	return 0
}

// Apply sets the file's values; an error names file and line.
func (c *Config) Apply(path string, s *Spec) error {
	for _, v := range c.Values {
		if err := s.Set(v.Name, v.Value); err != nil {
			return &ConfigError{Path: path, Line: v.Line, Err: err}
		}
	}
	return nil
}

// WriteConfig writes a settings file with every parameter at its present value
// and what it means beside it.
func WriteConfig(w io.Writer, e strategy.Entry) error {
	fmt.Fprintf(w, "# Settings for backtest --config FILE; a flag on the command line wins.\nstrategy = %q\npreset = %q\n", e.Name, e.Preset)
	models := DefaultModels()
	for _, g := range []struct {
		title string
		table []carry.Param
	}{{"strategy", e.New().Table()}, {"simulated venue", models.Table()}} {
		fmt.Fprintf(w, "\n# --- %s ---\n", g.title)
		for k := range g.table {
			p := &g.table[k]
			v := p.String()
			if _, err := strconv.ParseFloat(v, 64); err != nil && p.Bool == nil {
				v = strconv.Quote(v)
			}
			about := p.Doc
			if r := p.Range(); r != "" {
				about += " (" + r + ")"
			}
			if _, err := fmt.Fprintf(w, "# %s\n%s = %s\n", about, p.Name, v); err != nil {
				return err
			}
		}
	}
	return nil
}
