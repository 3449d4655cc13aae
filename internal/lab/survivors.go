package lab

import (
	"fmt"
	"strings"

	"carry"
)

// survivorLane is the same strategy on the coins that still trade at the end of
// the data, which nobody can have known at its start: what it makes more than the
// run is what a history without delisted coins would flatter by. It is nil where
// no coin was delisted, or the coins were named.
func (s *Spec) survivorLane(info *carry.TapeInfo, from carry.Time) (*lane, error) {
	gone := make(map[int32]bool)
	for _, e := range info.Ends {
		if e.Delisted && e.Until == 0 && e.At < info.To {
			gone[e.Pair] = true
		}
	}
	settings := s.Entry.New()
	theirs := settings.Table()
	found := false
	for _, p := range s.Settings.Table() {
		if p.Name == "coins" {
			found = p.Text != nil && *p.Text == "auto"
		}
		if err := set(theirs, p.Name, p.String()); err != nil {
			return nil, err
		}
	}
	if !found || len(gone) == 0 || len(gone) == len(info.Pairs) {
		return nil, nil
	}
	var alive []string
	for i := range info.Pairs {
		if !gone[int32(i)] {
			alive = append(alive, info.Pairs[i].Coin)
		}
	}
	if err := set(theirs, "coins", strings.Join(alive, ",")); err != nil {
		return nil, err
	}
	return newLane("survivors", s.Entry, settings, s, info, from)
}

// noteSurvivors puts the number on the run's first screen.
func noteSurvivors(run, survivors *carry.Result, info *carry.TapeInfo) {
	b := &carry.SurvivorBias{Coins: len(info.Pairs)}
	for _, p := range survivors.Params {
		if p.Name == "coins" {
			b.Survivors = strings.Count(p.Value, ",") + 1
		}
	}
	b.Annual = Annual(survivors.Growth()-1, survivors.To-survivors.From)
	b.Bias = b.Annual - Annual(run.Growth()-1, run.To-run.From)
	run.Survivors = b
	word := "flatter"
	if b.Bias < 0 {
		word = "understate"
	}
	run.Warnings = append([]carry.Warning{{Code: "survivor-bias", Text: fmt.Sprintf(
		"%d of %d coins were delisted within the data. The %d survivors alone make %+.1f %% a year: leaving the others out would %s by %+.2f %% a year.",
		b.Coins-b.Survivors, b.Coins, b.Survivors, 100*b.Annual, word, 100*b.Bias)}}, run.Warnings...)
}
