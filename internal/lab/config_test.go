package lab

import (
	"bytes"
	"strings"
	"testing"

	"carry/strategy"
)

// A settings file written by the program is read back to the same settings.
func TestConfigRoundTrip(t *testing.T) {
	for _, e := range strategy.Registry() {
		var file bytes.Buffer
		if err := WriteConfig(&file, e); err != nil {
			t.Fatal(err)
		}
		c, err := parseConfig("settings.toml", file.Bytes())
		if err != nil {
			t.Fatalf("%s/%s: %v\n%s", e.Name, e.Preset, err, file.String())
		}
		if c.Strategy != e.Name || c.Preset != e.Preset {
			t.Errorf("read back as %s/%s, want %s/%s", c.Strategy, c.Preset, e.Name, e.Preset)
		}
		spec := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels()}
		if err := c.Apply("settings.toml", spec); err != nil {
			t.Fatal(err)
		}
		want := e.New().Table()
		for k, p := range spec.Settings.Table() {
			if p.String() != want[k].String() {
				t.Errorf("%s became %s, was %s", p.Name, p.String(), want[k].String())
			}
		}
	}
}

// Every mistake names file and line, shows the line and says what to do.
func TestConfigMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"typing error", "strategy = \"funding\"\nopenRateMinFracc = 0.1\n", "s.toml:2: no parameter \"openRateMinFracc\"; did you mean openRateMinFrac?\n  2 | openRateMinFracc = 0.1"},
		{"broken syntax", "\nscreenN = = 3\n", "s.toml:2: "},
		{"a table", "[funding]\nscreenN = 3\n", "s.toml:1: funding: a parameter is a number"},
		{"a list", "coins = [\"BTC\"]\n", "s.toml:1: coins: a parameter is a number"},
		{"set twice", "screenN = 3\nscreenN = 4\n", "s.toml:2: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseConfig("s.toml", []byte(c.text))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s…", err, c.want)
			}
		})
	}
	e := strategy.Registry()[0]
	c, err := parseConfig("s.toml", []byte("# first\nscreenN = 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = c.Apply("s.toml", &Spec{Entry: e, Settings: e.New(), Models: DefaultModels()})
	if want := "s.toml:2: screenN: 2 is outside 3..1000"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// No text may crash the reader.
func FuzzConfig(f *testing.F) {
	f.Add([]byte("screenN = 3\n"))
	f.Add([]byte("[a]\nb = 1979-05-27T07:32:00Z\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := parseConfig("s.toml", text); err == nil && c == nil {
			t.Error("neither settings nor an error")
		}
	})
}
