package carry

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Param is one setting of a strategy or a model. One table of them gives the
// flags, the configuration file, the axes of a sweep, the documentation and the
// report's table.
type Param struct {
	Name string // camelCase, unit last: holdMaxHours, feeTakerFrac
	Doc  string // one line
	Unit string
	// Exactly one of the pointers is set; it points into the settings struct.
	Float *float64
	Int   *int
	Bool  *bool
	Text  *string
	// Min and Max bound numbers, inclusive.
	Min, Max float64
	// Off is a value outside the range that switches the rule off; NaN if the
	// rule cannot be switched off. It is written "off".
	Off float64
	// Auto is a value that means "derived"; NaN if there is none.
	Auto float64
	// Choices bound a Text.
	Choices []string
}

// NoValue marks an unset Off or Auto.
var NoValue = math.NaN()

// String is the present value as a user would write it.
func (p *Param) String() string {
	switch {
	case p.Float != nil:
		return p.formatNumber(*p.Float)
	case p.Int != nil:
		return p.formatNumber(float64(*p.Int))
	case p.Bool != nil:
		return strconv.FormatBool(*p.Bool)
	}
	return *p.Text
}

func (p *Param) formatNumber(v float64) string {
	switch v {
	case p.Off:
		return "off"
	case p.Auto:
		return "auto"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Set parses and checks a value. The error names the parameter, the value and
// what is allowed.
func (p *Param) Set(s string) error {
	switch {
	case p.Bool != nil:
		v, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%s: %q is not true or false", p.Name, s)
		}
		*p.Bool = v
		return nil
	case p.Text != nil:
		return p.setText(s)
	}
	v, err := p.parseNumber(s)
	if err != nil {
		return err
	}
	if p.Int != nil {
		if v != math.Trunc(v) {
			return fmt.Errorf("%s: %q is not a whole number", p.Name, s)
		}
		*p.Int = int(v)
		return nil
	}
	*p.Float = v
	return nil
}

func (p *Param) setText(s string) error {
	if len(p.Choices) > 0 {
		for _, c := range p.Choices {
			if c == s {
				*p.Text = s
				return nil
			}
		}
		return fmt.Errorf("%s: %q is not one of %s", p.Name, s, strings.Join(p.Choices, ", "))
	}
	*p.Text = s
	return nil
}

func (p *Param) parseNumber(s string) (float64, error) {
	switch {
	case s == "off" && !math.IsNaN(p.Off):
		return p.Off, nil
	case s == "auto" && !math.IsNaN(p.Auto):
		return p.Auto, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s: %q is not a number", p.Name, s)
	}
	if v == p.Off || v == p.Auto {
		return v, nil
	}
	if v < p.Min || v > p.Max {
		return 0, fmt.Errorf("%s: %s is outside %s", p.Name, s, p.Range())
	}
	return v, nil
}

// Range is the allowed values in words: "0..1, off".
func (p *Param) Range() string {
	switch {
	case p.Bool != nil:
		return "true, false"
	case p.Text != nil:
		return strings.Join(p.Choices, ", ")
	}
	r := strconv.FormatFloat(p.Min, 'g', -1, 64) + ".." + strconv.FormatFloat(p.Max, 'g', -1, 64)
	if !math.IsNaN(p.Off) {
		r += ", off"
	}
	if !math.IsNaN(p.Auto) {
		r += ", auto"
	}
	return r
}
