package funding

import (
	"strings"
	"testing"

	"carry"
	"carry/strategy/hedge"
)

// set applies "name=value".
func set(t testing.TB, p *Params, settings ...string) {
	t.Helper()
	table := p.Table()
next:
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		for k := range table {
			if table[k].Name == name {
				if err := table[k].Set(value); err != nil {
					t.Fatal(err)
				}
				continue next
			}
		}
		t.Fatalf("there is no parameter %s", name)
	}
}

// Settings under which opening and closing rules could be true at once are
// refused, and the message names both.
func TestContradictionsAreRefused(t *testing.T) {
	for _, e := range []struct {
		settings string
		words    string // "" if fine
	}{
		{"", ""},
		{"closeRateMaxFrac=0.0001 openRateMinFrac=0.0001", "closeRateMaxFrac openRateMinFrac"},
		{"closeRateMaxFrac=0.0002 openRateMinFrac=0.0001", "closeRateMaxFrac openRateMinFrac"},
		{"closeRateMaxFrac=0.00009 openRateMinFrac=0.0001", ""},
		{"closeRateMaxFrac=0.01 openRateMinFrac=off", ""}, // closing rules win then
		{"closeRateMaxFrac=off openRateMinFrac=-0.05", ""},
		{"closeMeanMaxFrac=0.0001 openMeanMinFrac=0.0001", "closeMeanMaxFrac openMeanMinFrac"},
		{"closeMeanMaxFrac=0.0002 openMeanMinFrac=0.0001", "closeMeanMaxFrac openMeanMinFrac"},
		{"closeMeanMaxFrac=off openMeanMinFrac=-0.01", ""},
		{"closePremiumTakeFrac=-0.01", ""},
		{"closePremiumTakeFrac=-0.01 openPremiumMinFrac=-0.01 negPremiumFloorFrac=-0.05", "closePremiumTakeFrac opening"},
		{"closePremiumTakeFrac=-0.01 openPremiumMinFrac=off", ""}, // the floor of S9 is above it
		{"closePremiumTakeFrac=-0.01 openPremiumMinFrac=off negPremiumFloorFrac=-0.02", "closePremiumTakeFrac opening"},
		{"closePremiumTakeFrac=-0.01 openPremiumMinFrac=off negPremiumFloorFrac=off", "closePremiumTakeFrac negPremiumFloorFrac"},
		{"leverageAlarmX=2", "leverageAlarmX leverageTargetX"},
		{"leverageAlarmX=3.1", "leverageReduceX leverageAlarmX"},
		{"leverageAlarmX=3", ""},
		{"leverageEmergencyX=3", "leverageEmergencyX leverageReduceX"},
		{"coinLimitUSDT=1000 totalLimitUSDT=999", "coinLimitUSDT totalLimitUSDT"},
		{"coinLimitUSDT=1000 totalLimitUSDT=auto", ""},
	} {
		p := Defaults()
		set(t, &p, strings.Fields(e.settings)...)
		err := p.Validate()
		if (err == nil) != (e.words == "") {
			t.Errorf("%q: %v", e.settings, err)
			continue
		}
		for _, w := range strings.Fields(e.words) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %v does not name %s", e.settings, err, w)
			}
		}
		if core, errNew := New(nil, p, hedge.Terms{}); (errNew == nil) != (err == nil) || (core == nil) != (err != nil) {
			t.Errorf("%q: a core is made although %v", e.settings, err)
		}
	}
}

// The presets pass their own table: every value within its range, every setting
// documented once.
func TestPresetsAreWithinTheirTable(t *testing.T) {
	for name, p := range map[string]Params{"default": Defaults(), "seed": Seed()} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := map[string]bool{}
		for _, row := range p.Table() {
			if seen[row.Name] || row.Doc == "" || (row.Float != nil && row.Unit == "" && !strings.HasSuffix(row.Name, "N")) {
				t.Errorf("%s: %s stands twice or lacks a word or a unit", name, row.Name)
			}
			seen[row.Name] = true
			was := row.String()
			if err := row.Set(was); err != nil || row.String() != was {
				t.Errorf("%s: %s = %s is outside its own range: %v", name, row.Name, was, err)
			}
		}
	}
	s := Seed()
	// What the original says: 0.02 % to open, −0.2 % to close, 100 settlements,
	// thirty coins, twice leveraged.
	if s.OpenMeanMin != 0.0002 || s.OpenRateMin != 0.0002 || s.CloseRateMax != -0.002 || s.ScreenN != 100 || s.CoinsTargetN != 30 || s.LeverageTargetX != 2 || s.CloseMeanMax != off {
		t.Errorf("the seed is %+v", s)
	}
}

func TestCoinsAskedForByName(t *testing.T) {
	pairs := []carry.Pair{{Coin: "BTC"}, {Coin: "ETH"}, {Coin: "SOL"}}
	p := Defaults()
	for coins, want := range map[string][3]bool{"auto": {true, true, true}, "": {true, true, true}, "ETH": {false, true, false}, "SOL,BTC": {true, false, true}} {
		p.Coins = coins
		pol, err := NewPolicy(pairs, p)
		if err != nil {
			t.Fatal(err)
		}
		for i := range pairs {
			if pol.coins[i].named != want[i] {
				t.Errorf("coins %q: %s is allowed: %t", coins, pairs[i].Coin, pol.coins[i].named)
			}
		}
	}
	p.Coins = "BTC,DOGE"
	if _, err := NewPolicy(pairs, p); err == nil || !strings.Contains(err.Error(), "DOGE") {
		t.Errorf("a coin that is not there gave %v", err)
	}
}
