package lab

import (
	"context"
	"encoding/json"

	"carry"
	"carry/internal/sweepdb"
)

// Store merges a finished sweep into the SQLite file at path and returns how
// many different trials the file's ledger knows on these data, this sweep's
// included.
func (b *Board) Store(ctx context.Context, path string, trials, baselines []TrialRow, walk []Measured, now carry.Time) (tried int, err error) {
	db, err := sweepdb.Open(path)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	i := &b.Info
	sweep := &sweepdb.Sweep{ID: i.ID, Name: i.Name, Plan: string(i.Plan), Tape: i.Tape, Program: i.Program, Source: i.Source,
		Trials: i.Size, From: i.From, To: i.To}
	rows := make([]sweepdb.Trial, 0, len(trials)+len(baselines))
	for _, list := range [][]TrialRow{baselines, trials} {
		for k := range list {
			row, err := b.Sweep.stored(&list[k])
			if err != nil {
				return 0, err
			}
			for _, m := range walk {
				if m.No == row.No {
					row.Metrics = append(row.Metrics, sweepdb.Metric{Window: m.Window, Name: m.Name, Value: m.Value})
				}
			}
			rows = append(rows, row)
		}
	}
	if err := db.Save(ctx, sweep, rows, now); err != nil {
		return 0, err
	}
	return db.Tried(ctx, i.Tape)
}

// Measured is a figure of one trial that was found after it ran.
type Measured struct {
	No int
	Measure
}

// stored is a row as the store has it.
func (s *Sweep) stored(r *TrialRow) (sweepdb.Trial, error) {
	t := sweepdb.Trial{No: r.No, Name: r.Name, Key: r.Key, State: "complete", Error: r.Error, From: r.From, To: r.To,
		Final: r.Final, Journal: r.Journal, Start: r.Start, Step: carry.Day, Daily: r.Packed}
	switch {
	case r.No < 0:
		t.State = "baseline"
	case r.Failed():
		t.State = "failed"
	}
	params := map[string]string{} // encoded in the order of the names
	for k, v := range r.Values {
		params[s.Axes[k].Name] = v
	}
	text, err := json.Marshal(params)
	if err != nil {
		return t, err
	}
	t.Params = string(text)
	daily, err := r.Daily()
	if err != nil {
		return t, err
	}
	t.Days = len(daily)
	for _, m := range r.Measures {
		t.Metrics = append(t.Metrics, sweepdb.Metric{Window: m.Window, Name: m.Name, Value: m.Value})
	}
	return t, nil
}
