package carry

import (
	"strings"
	"testing"
)

// knobs are one setting of each kind.
func knobs() (table []Param, rate *float64, n *int, on *bool, way *string) {
	rate, n, on, way = new(float64), new(int), new(bool), new(string)
	*rate, *n, *way = 0.0001, 100, "both"
	return []Param{
		{Name: "openRateMinFrac", Float: rate, Min: -0.05, Max: 0.04, Off: -9, Auto: NoValue},
		{Name: "screenN", Int: n, Min: 3, Max: 1000, Off: NoValue, Auto: 0},
		{Name: "reduceMayTransfer", Bool: on, Off: NoValue, Auto: NoValue},
		{Name: "direction", Text: way, Choices: []string{"both", "open", "close", "hold"}, Off: NoValue, Auto: NoValue},
		{Name: "coins", Text: new(string), Off: NoValue, Auto: NoValue},
	}, rate, n, on, way
}

func TestParametersTakeWhatIsAllowed(t *testing.T) {
	table, rate, n, on, way := knobs()
	for _, e := range []struct {
		k          int
		set, shown string
	}{
		{0, "0.0002", "0.0002"}, {0, "off", "off"}, {0, "-9", "off"}, {0, "-0.05", "-0.05"}, {0, "0.04", "0.04"}, {0, "1e-4", "0.0001"},
		{1, "3", "3"}, {1, "auto", "auto"}, {1, "0", "auto"}, {1, "1e3", "1000"},
		{2, "true", "true"}, {2, "0", "false"}, {3, "hold", "hold"}, {4, "BTC,ETH", "BTC,ETH"}, {4, "", ""},
	} {
		p := &table[e.k]
		if err := p.Set(e.set); err != nil {
			t.Errorf("%s = %q: %v", p.Name, e.set, err)
			continue
		}
		if p.String() != e.shown {
			t.Errorf("%s = %q is shown as %q, want %q", p.Name, e.set, p.String(), e.shown)
		}
		// What is shown can be typed in again.
		if err := p.Set(p.String()); err != nil || p.String() != e.shown {
			t.Errorf("%s shown as %q, typed in again: %v, %q", p.Name, e.shown, err, p.String())
		}
	}
	if *rate != 0.0001 || *n != 1000 || *on || *way != "hold" {
		t.Errorf("the settings are %v %v %v %v", *rate, *n, *on, *way)
	}
}

// An error names the parameter, the value and what is allowed, and leaves the
// setting as it was.
func TestParametersRefuseTheRest(t *testing.T) {
	table, rate, n, on, way := knobs()
	for _, e := range []struct {
		k         int
		set, says string
	}{
		{0, "0.041", "outside -0.05..0.04, off"}, {0, "-8", "outside"}, {0, "much", "not a number"}, {0, "NaN", "not a number"},
		{0, "Inf", "not a number"}, {0, "auto", "not a number"}, {0, "", "not a number"}, {0, "0,1", "not a number"},
		{1, "2", "outside 3..1000, auto"}, {1, "3.5", "whole number"}, {1, "off", "not a number"},
		{2, "yes", "true or false"}, {3, "up", "both, open, close, hold"}, {3, "", "not one of"},
	} {
		p := &table[e.k]
		err := p.Set(e.set)
		if err == nil || !strings.HasPrefix(err.Error(), p.Name+": ") || !strings.Contains(err.Error(), e.says) || !strings.Contains(err.Error(), e.set) {
			t.Errorf("%s = %q: error %v, want one about %q", p.Name, e.set, err, e.says)
		}
	}
	if *rate != 0.0001 || *n != 100 || *on || *way != "both" {
		t.Errorf("a refused value was taken over: %v %v %v %v", *rate, *n, *on, *way)
	}
	for k, want := range []string{"-0.05..0.04, off", "3..1000, auto", "true, false", "both, open, close, hold", ""} {
		if got := table[k].Range(); got != want {
			t.Errorf("%s allows %q, want %q", table[k].Name, got, want)
		}
	}
}
