package strategy

import (
	"regexp"
	"strings"
	"testing"

	"carry"
	"carry/strategy/hedge"
)

// Every strategy that is listed can be found, made and asked, and its settings
// are documented, within their ranges and named with their units.
func TestEveryStrategyCanBeMade(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	pairs := []carry.Pair{{Coin: "BTC", Mult: 1, QtyDp: 5}}
	for _, e := range Registry() {
		found, err := Find(e.Name, e.Preset)
		if err != nil || found.Doc != e.Doc || e.Doc == "" {
			t.Errorf("%s/%s: %v", e.Name, e.Preset, err)
		}
		s := e.New()
		if err := s.Validate(); err != nil {
			t.Errorf("%s/%s: %v", e.Name, e.Preset, err)
		}
		for _, row := range s.Table() {
			was := row.String()
			if !name.MatchString(row.Name) || row.Doc == "" || strings.Contains(row.Doc, "\n") {
				t.Errorf("%s/%s: %s: %q", e.Name, e.Preset, row.Name, row.Doc)
			}
			if err := row.Set(was); err != nil || row.String() != was {
				t.Errorf("%s/%s: %s = %s is not within its own range: %v", e.Name, e.Preset, row.Name, was, err)
			}
			if row.Text == nil && row.Set("no such value") == nil {
				t.Errorf("%s/%s: %s takes anything", e.Name, e.Preset, row.Name)
			}
		}
		core, err := s.NewCore(pairs, hedge.Terms{})
		if err != nil {
			t.Errorf("%s/%s: %v", e.Name, e.Preset, err)
			continue
		}
		ev := carry.Event{Kind: carry.EvSnapshot, Account: carry.NewAccount(1)}
		if cs := core.Step(&ev, nil); len(cs) != 0 {
			t.Errorf("%s/%s: commands at the snapshot: %+v", e.Name, e.Preset, cs)
		}
		// Settings are a value of their own each time.
		if table := s.Table(); len(table) > 0 {
			if err := table[0].Set("BTC"); err != nil || e.New().Table()[0].String() != "auto" {
				t.Errorf("%s/%s: %s is shared between runs, or %v", e.Name, e.Preset, table[0].Name, err)
			}
		}
	}
	if e, err := Find("funding", ""); err != nil || e.Preset != "default" {
		t.Errorf("without a preset: %v, %v", e, err)
	}
	for _, e := range [][2]string{{"grid", ""}, {"funding", "bold"}, {"", ""}} {
		if _, err := Find(e[0], e[1]); err == nil || !strings.Contains(err.Error(), "funding/seed") {
			t.Errorf("%v was found, or the error does not say what there is: %v", e, err)
		}
	}
}
