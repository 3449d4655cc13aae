package data

import (
	"context"
	"database/sql"
	"fmt"

	"carry"
)

// ArchiveFile is what is known of a file of the archive.
type ArchiveFile struct {
	Key         string
	Stamp       string // of the listing
	SHA256      string // as published
	Quarantined bool   // refused; Note says why
	Part        Span   // of the file that was wanted
	Rows        int
	Note        string
}

// search adds a span to those in which everything was asked for; spans that
// touch become one.
func (tx *writeTx) search(ctx context.Context, s Series, add Span) error {
	var old []Span
	err := eachRow(ctx, tx, func(rows *sql.Rows) error {
		var p Span
		err := rows.Scan(&p.From, &p.To)
		old = append(old, p)
		return err
	}, `SELECT from_ms, to_ms FROM searched WHERE kind = ? AND symbol = ? AND step_ms = ? AND from_ms <= ? AND to_ms >= ?`,
		s.Kind, s.Symbol, int64(s.Step), int64(add.To), int64(add.From))
	if err != nil {
		return fmt.Errorf("read what was searched: %w", err)
	}
	if len(old) == 1 && old[0].From <= add.From && old[0].To >= add.To {
		return nil
	}
	for _, p := range old {
		add.From, add.To = min(add.From, p.From), max(add.To, p.To)
		_, err := tx.ExecContext(ctx, `DELETE FROM searched WHERE kind = ? AND symbol = ? AND step_ms = ? AND from_ms = ?`,
			s.Kind, s.Symbol, int64(s.Step), int64(p.From))
		if err != nil {
			return fmt.Errorf("join what was searched: %w", err)
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO searched (kind, symbol, step_ms, from_ms, to_ms) VALUES (?, ?, ?, ?, ?)`,
		s.Kind, s.Symbol, int64(s.Step), int64(add.From), int64(add.To))
	if err != nil {
		return fmt.Errorf("note what was searched: %w", err)
	}
	return nil
}

func (tx *writeTx) putFile(ctx context.Context, s Series, f *ArchiveFile) error {
	state := "stored"
	if f.Quarantined {
		state = "quarantined"
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO archive_file
		(key, kind, symbol, step_ms, stamp, sha256, state, from_ms, to_ms, rows, note, noted_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		f.Key, s.Kind, s.Symbol, int64(s.Step), f.Stamp, f.SHA256, state, int64(f.Part.From), int64(f.Part.To), f.Rows, f.Note, int64(tx.now))
	if err != nil {
		return fmt.Errorf("note archive file: %w", err)
	}
	return nil
}

// ArchiveFiles lists what is known of a series' files, by key.
func (s *Store) ArchiveFiles(ctx context.Context, series Series) (map[string]ArchiveFile, error) {
	out := map[string]ArchiveFile{}
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var f ArchiveFile
		err := rows.Scan(&f.Key, &f.Stamp, &f.SHA256, &f.Quarantined, &f.Part.From, &f.Part.To, &f.Rows, &f.Note)
		out[f.Key] = f
		return err
	}, `SELECT key, stamp, sha256, state = 'quarantined', from_ms, to_ms, rows, note FROM archive_file
		WHERE kind = ? AND symbol = ? AND step_ms = ?`, series.Kind, series.Symbol, int64(series.Step))
	if err != nil {
		return nil, s.describe(fmt.Errorf("list archive files: %w", err))
	}
	return out, nil
}

// Missing lists the spans of [from, to) of a series that are neither stored nor
// known not to exist, in order. For klines both ends are cut to whole bars that
// closed before to.
func (s *Store) Missing(ctx context.Context, series Series, from, to carry.Time) ([]Span, error) {
	holes, err := s.holes(ctx, series, from, to)
	if err != nil || len(holes) == 0 {
		return nil, s.describeIf(err)
	}
	var asked []Span
	err = eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var p Span
		err := rows.Scan(&p.From, &p.To)
		asked = append(asked, p)
		return err
	}, `SELECT from_ms, to_ms FROM searched WHERE kind = ? AND symbol = ? AND step_ms = ? AND to_ms > ? AND from_ms < ? ORDER BY from_ms`,
		series.Kind, series.Symbol, int64(series.Step), int64(from), int64(to))
	if err != nil {
		return nil, s.describe(fmt.Errorf("read what was searched: %w", err))
	}
	return subtract(holes, asked), nil
}

// Holes is Missing including what is known not to exist. Funding has no
// schedule to be held against: all of it is a hole.
func (s *Store) Holes(ctx context.Context, series Series, from, to carry.Time) ([]Span, error) {
	holes, err := s.holes(ctx, series, from, to)
	return holes, s.describeIf(err)
}

func (s *Store) holes(ctx context.Context, series Series, from, to carry.Time) ([]Span, error) {
	step := series.Step
	if step > 0 {
		from, to = (from + step - 1).Floor(step), to.Floor(step)
	}
	if from >= to {
		return nil, nil
	}
	whole := []Span{{from, to}}
	if step == 0 {
		return whole, nil
	}
	id, err := findSeries(ctx, s.r, series)
	if err != nil || id == 0 {
		return whole, err
	}
	var n int64
	var first, last sql.NullInt64
	err = s.r.QueryRowContext(ctx, `SELECT count(*), min(open_ms), max(open_ms) FROM kline WHERE series_id = ? AND open_ms >= ? AND open_ms < ?`,
		id, int64(from), int64(to)).Scan(&n, &first, &last)
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	if n == int64((to-from)/step) {
		return nil, nil
	}
	if n == 0 {
		return whole, nil
	}
	var out []Span
	if a := carry.Time(first.Int64); a > from {
		out = append(out, Span{from, a})
	}
	if n != (last.Int64-first.Int64)/int64(step)+1 {
		err = eachRow(ctx, s.r, func(rows *sql.Rows) error {
			var at, next carry.Time
			err := rows.Scan(&at, &next)
			out = append(out, Span{at + step, next})
			return err
		}, `SELECT open_ms, next FROM (SELECT open_ms, lead(open_ms) OVER (ORDER BY open_ms) AS next FROM kline
			WHERE series_id = ? AND open_ms >= ? AND open_ms < ?) WHERE next - open_ms > ? ORDER BY open_ms`, id, int64(from), int64(to), int64(step))
		if err != nil {
			return nil, fmt.Errorf("find holes: %w", err)
		}
	}
	if b := carry.Time(last.Int64) + step; b < to {
		out = append(out, Span{b, to})
	}
	return out, nil
}

// subtract returns what of a is not in b; both are in order and without overlap.
func subtract(a, b []Span) []Span {
	var out []Span
	for _, p := range a {
		for _, q := range b {
			if q.To <= p.From {
				continue
			}
			if q.From >= p.To {
				break
			}
			if q.From > p.From {
				out = append(out, Span{p.From, q.From})
			}
			p.From = q.To
			if p.From >= p.To {
				break
			}
		}
		if p.From < p.To {
			out = append(out, p)
		}
	}
	return out
}

// LastBefore is the open time (funding: slot) of a series' last row before t;
// false when there is none.
func (s *Store) LastBefore(ctx context.Context, series Series, t carry.Time) (carry.Time, bool, error) {
	id, err := findSeries(ctx, s.r, series)
	if err != nil || id == 0 {
		return 0, false, s.describeIf(err)
	}
	query := `SELECT max(open_ms) FROM kline WHERE series_id = ? AND open_ms < ?`
	if series.Step == 0 {
		query = `SELECT max(slot_ms) FROM funding WHERE series_id = ? AND slot_ms < ?`
	}
	var at sql.NullInt64
	if err := s.r.QueryRowContext(ctx, query, id, int64(t)).Scan(&at); err != nil {
		return 0, false, s.describe(fmt.Errorf("find last row: %w", err))
	}
	return carry.Time(at.Int64), at.Valid, nil
}

// FirstRow is the open time (funding: slot) of a series' first row; false when
// there is none.
func (s *Store) FirstRow(ctx context.Context, series Series) (carry.Time, bool, error) {
	id, err := findSeries(ctx, s.r, series)
	if err != nil || id == 0 {
		return 0, false, s.describeIf(err)
	}
	query := `SELECT min(open_ms) FROM kline WHERE series_id = ?`
	if series.Step == 0 {
		query = `SELECT min(slot_ms) FROM funding WHERE series_id = ?`
	}
	var at sql.NullInt64
	if err := s.r.QueryRowContext(ctx, query, id).Scan(&at); err != nil {
		return 0, false, s.describe(fmt.Errorf("find first row: %w", err))
	}
	return carry.Time(at.Int64), at.Valid, nil
}
