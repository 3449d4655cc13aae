package lab

import (
	"strings"
	"testing"

	"carry/sim"
)

func modelsWith(t *testing.T, settings ...string) *Models {
	t.Helper()
	m := DefaultModels()
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		done := false
		for _, p := range m.Table() {
			if p.Name == name {
				if err := p.Set(value); err != nil {
					t.Fatal(err)
				}
				done = true
			}
		}
		if !done {
			t.Fatalf("no setting %s", name)
		}
	}
	return &m
}

// Every choice of a cost model leads to that model and to no other.
func TestCostChoicesAreTheModels(t *testing.T) {
	root := sim.SquareRootImpact{Factor: 3, MaxFrac: sim.DefaultImpact.MaxFrac}
	volume := sim.DefaultSpread
	volume.AtReferenceFrac = 0.0004
	for settings, want := range map[string]struct {
		spread sim.SpreadModel
		impact sim.ImpactModel
	}{
		"spreadModel=none impactModel=none":                                          {sim.NoSpread{}, sim.NoImpact{}},
		"spreadModel=fixed halfSpreadFrac=0.0004 impactModel=fixed impactFrac=0.001": {sim.FixedSpread{Frac: 0.0004}, sim.FixedImpact{Frac: 0.001}},
		"spreadModel=volume halfSpreadFrac=0.0004 impactModel=sqrt impactFactor=3":   {volume, root},
		"spreadModel=calibrated impactModel=calibrated":                              {sim.CalibratedSpread, sim.CalibratedImpact},
		"spreadModel=pessimistic impactModel=pessimistic":                            {sim.PessimisticSpread, sim.PessimisticImpact},
		"impactModel=dearer impactFactor=3":                                          {sim.DefaultSpread, sim.DearerImpact{A: root, B: sim.CalibratedImpact}},
		"spreadModel=calibrated impactModel=calibrated costScaleX=2": {sim.ScaledSpread{Of: sim.CalibratedSpread, TimesX: 2},
			sim.ScaledImpact{Of: sim.CalibratedImpact, TimesX: 2}},
		"spreadModel=none impactModel=none costScaleX=0.5": {sim.ScaledSpread{Of: sim.NoSpread{}, TimesX: 0.5}, sim.ScaledImpact{Of: sim.NoImpact{}, TimesX: 0.5}},
	} {
		m := modelsWith(t, strings.Fields(settings)...)
		if got := m.quotes().Spread; got != want.spread {
			t.Errorf("%s: spread is %s, want %s", settings, got, want.spread)
		}
		if got := m.impact(); got != want.impact {
			t.Errorf("%s: impact is %s, want %s", settings, got, want.impact)
		}
	}
}
