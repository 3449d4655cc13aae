package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"carry"
)

// GapClass says why rows are not there.
type GapClass string

// The classes of gaps.
const (
	GapHalt    GapClass = "exchange halt"        // the other leg traded on, for at most haltMax
	GapNone    GapClass = "none at the exchange" // it was asked for and has nothing
	GapMissing GapClass = "missing"              // not fetched, or not to be had
	gapQuery            = `SELECT from_ms, to_ms, missing FROM gap WHERE series_id = ? ORDER BY from_ms`
)

// ClassedGap is a gap with its class.
type ClassedGap struct {
	From, To carry.Time
	Rows     int
	Class    GapClass
}

// SeriesCheck is one series held against its own schedule.
type SeriesCheck struct {
	Coin, Kind, Symbol string
	First, Last        carry.Time
	Present            int
	Gaps               []ClassedGap
}

// Count is how many rows are missing of a class.
func (c *SeriesCheck) Count(class GapClass) int {
	n := 0
	for _, g := range c.Gaps {
		if g.Class == class {
			n += g.Rows
		}
	}
	return n
}

// CheckSeries lists every hourly and funding series with its classed gaps. A
// gap of one leg during which the other leg has every bar is a halt, unless it is
// longer than any that the exchange had.
func (s *Store) CheckSeries(ctx context.Context) ([]SeriesCheck, error) {
	all, err := loadInstruments(ctx, s.r)
	if err != nil {
		return nil, s.describe(err)
	}
	var out []SeriesCheck
	for i := range all {
		p := &all[i]
		for slot, kind := range slotKinds {
			id := p.series[slot]
			if id == 0 {
				continue
			}
			row := SeriesStatus{Coin: p.Coin, Kind: kind, Symbol: p.PerpSymbol}
			if slot == slotSpot {
				row.Symbol = p.SpotSymbol
			}
			ok, err := s.seriesStatus(ctx, id, &row)
			if err != nil {
				return nil, s.describe(err)
			}
			if !ok {
				continue
			}
			c := SeriesCheck{Coin: row.Coin, Kind: kind, Symbol: row.Symbol, First: row.First, Last: row.Last, Present: row.Rows}
			other := int64(0)
			switch slot {
			case slotSpot:
				other = p.series[slotPerp]
			case slotPerp:
				other = p.series[slotSpot]
			}
			if c.Gaps, err = s.classedGaps(ctx, id, other, &row); err != nil {
				return nil, s.describe(err)
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func (s *Store) classedGaps(ctx context.Context, id, other int64, row *SeriesStatus) ([]ClassedGap, error) {
	var out []ClassedGap
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		g := ClassedGap{Class: GapMissing}
		err := rows.Scan(&g.From, &g.To, &g.Rows)
		out = append(out, g)
		return err
	}, gapQuery, id)
	if err != nil {
		return nil, fmt.Errorf("list gaps: %w", err)
	}
	series := Series{row.Kind, row.Symbol, carry.Hour}
	if row.Kind == kindFunding {
		series.Step = 0
	}
	for i := range out {
		g := &out[i]
		var n int
		err := s.r.QueryRowContext(ctx, `SELECT count(*) FROM kline WHERE series_id = ? AND open_ms >= ? AND open_ms < ?`, other, int64(g.From), int64(g.To)).Scan(&n)
		if err != nil {
			return nil, fmt.Errorf("compare legs: %w", err)
		}
		if other != 0 && n == g.Rows && g.To-g.From <= haltMax {
			g.Class = GapHalt
			continue
		}
		var known bool
		err = s.r.QueryRowContext(ctx, `SELECT count(*) > 0 FROM searched WHERE kind = ? AND symbol = ? AND step_ms = ? AND from_ms <= ? AND to_ms >= ?`,
			series.Kind, series.Symbol, int64(series.Step), int64(g.From), int64(g.To)).Scan(&known)
		if err != nil {
			return nil, fmt.Errorf("read what was searched: %w", err)
		}
		if known {
			g.Class = GapNone
		}
	}
	return out, nil
}

// Oddity is a row or a pair of rows that is allowed, but hard to believe.
type Oddity struct {
	Series string
	What   string
	Count  int
	At     carry.Time // of the worst
	Worst  float64
}

// Bounds of what is believed of hourly bars.
const (
	oddJumpRatio   = 3.0 // close over the close before
	oddPremiumFrac = 0.2 // |perp / spot − 1|
)

// Oddities look for price jumps by a factor of three between consecutive bars,
// and for premiums beyond 20 % between the legs of a pair.
func (s *Store) Oddities(ctx context.Context) ([]Oddity, error) {
	all, err := loadInstruments(ctx, s.r)
	if err != nil {
		return nil, s.describe(err)
	}
	var out []Oddity
	for i := range all {
		p := &all[i]
		for _, slot := range []int{slotSpot, slotPerp, slotMark} {
			if p.series[slot] == 0 {
				continue
			}
			o := Oddity{Series: slotKinds[slot] + " " + p.Coin, What: "price jumps by 3 or more within an hour"}
			err := s.odd(ctx, &o, `SELECT count(*), open_ms, max(ratio) FROM (SELECT open_ms, max(close / prev, prev / close) AS ratio FROM
				(SELECT open_ms, close, lag(close) OVER (ORDER BY open_ms) AS prev FROM kline WHERE series_id = ?)) WHERE ratio >= ?`, p.series[slot], oddJumpRatio)
			if err != nil {
				return nil, s.describe(err)
			}
			if o.Count > 0 {
				out = append(out, o)
			}
		}
		if p.series[slotSpot] == 0 || p.series[slotPerp] == 0 {
			continue
		}
		o := Oddity{Series: "pair " + p.Coin, What: "premium beyond 20 %"}
		err := s.odd(ctx, &o, `SELECT count(*), open_ms, max(off) FROM (SELECT p.open_ms, abs(p.close / (s.close * ?) - 1) AS off
			FROM kline p JOIN kline s ON s.open_ms = p.open_ms WHERE p.series_id = ? AND s.series_id = ?) WHERE off > ?`,
			float64(p.Mult), p.series[slotPerp], p.series[slotSpot], oddPremiumFrac)
		if err != nil {
			return nil, s.describe(err)
		}
		if o.Count > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}

func (s *Store) odd(ctx context.Context, o *Oddity, query string, args ...any) error {
	var at sql.NullInt64
	var worst sql.NullFloat64
	if err := s.r.QueryRowContext(ctx, query, args...).Scan(&o.Count, &at, &worst); err != nil {
		return fmt.Errorf("look for odd prices: %w", err)
	}
	o.At, o.Worst = carry.Time(at.Int64), worst.Float64
	return nil
}

// Sound asks SQLite whether the file is whole.
func (s *Store) Sound(ctx context.Context) error {
	var answer string
	if err := s.r.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&answer); err != nil {
		return s.describe(fmt.Errorf("check database: %w", err))
	}
	if answer != "ok" {
		return fmt.Errorf("%s: %w: %s", s.path, ErrCorrupt, answer)
	}
	return nil
}

// errCompared ends the transaction of a comparison.
var errCompared = errors.New("compared")

// Compare holds a chunk against what is stored without storing it: New are rows
// that are not stored; a row with other values is ErrConflict.
func (s *Store) Compare(ctx context.Context, c *Chunk) (PutReport, error) {
	var rep PutReport
	if err := c.check(); err != nil {
		return rep, err
	}
	err := s.write(ctx, func(tx *writeTx) error {
		if err := tx.putRows(ctx, c, &rep); err != nil {
			return err
		}
		return errCompared
	})
	if errors.Is(err, errCompared) {
		err = nil
	}
	return rep, s.describeIf(err)
}

// StoredFile is a file of the archive and the series it filled.
type StoredFile struct {
	ArchiveFile
	Series Series
}

// AllArchiveFiles lists every known file of the archive, by key.
func (s *Store) AllArchiveFiles(ctx context.Context) ([]StoredFile, error) {
	var out []StoredFile
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var f StoredFile
		err := rows.Scan(&f.Key, &f.Series.Kind, &f.Series.Symbol, &f.Series.Step, &f.Stamp, &f.SHA256, &f.Quarantined, &f.Part.From, &f.Part.To, &f.Rows, &f.Note)
		out = append(out, f)
		return err
	}, `SELECT key, kind, symbol, step_ms, stamp, sha256, state = 'quarantined', from_ms, to_ms, rows, note FROM archive_file ORDER BY key, symbol`)
	if err != nil {
		return nil, s.describe(fmt.Errorf("list archive files: %w", err))
	}
	return out, nil
}
