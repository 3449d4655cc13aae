package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"carry"
)

// Span is the time over which pairs have klines: the open time of the first bar
// and the end of the last bar over all pairs. ErrNoData when there is none.
func (s *Store) Span(ctx context.Context) (from, to carry.Time, err error) {
	pairs, err := loadPairs(ctx, s.r, nil)
	if err != nil {
		return 0, 0, s.describe(err)
	}
	return spanOf(ctx, s.r, pairs)
}

// spanOf is the first bar's open and the last bar's end over both legs of all
// pairs: one seek per end of each series.
func spanOf(ctx context.Context, q querier, pairs []tapePair) (from, to carry.Time, err error) {
	ends, err := seriesEnds(ctx, q)
	if err != nil {
		return 0, 0, err
	}
	for _, p := range pairs {
		for _, id := range []int64{p.series[slotSpot], p.series[slotPerp]} {
			e, ok := ends[id]
			if !ok {
				continue
			}
			if to == 0 || e.from < from {
				from = e.from
			}
			to = max(to, e.to+carry.Hour)
		}
	}
	if to == 0 {
		return 0, 0, fmt.Errorf("no coin has spot, perpetual and funding: %w", ErrNoData)
	}
	return from.Floor(carry.Hour), to, nil
}

// covers tells quickly that [from, to) lies within the pairs' data: seldom more
// than the first few series have to be looked at. false is no answer.
func covers(ctx context.Context, q querier, pairs []tapePair, from, to carry.Time) (bool, error) {
	begun, lasts := false, false
	for k := 0; k < min(len(pairs), 8); k++ {
		for _, id := range []int64{pairs[k].series[slotSpot], pairs[k].series[slotPerp]} {
			var first, last sql.NullInt64
			err := q.QueryRowContext(ctx, `SELECT (SELECT min(open_ms) FROM kline WHERE series_id = ?1), (SELECT max(open_ms) FROM kline WHERE series_id = ?1)`,
				id).Scan(&first, &last)
			if err != nil {
				return false, fmt.Errorf("read span: %w", err)
			}
			begun = begun || first.Valid && carry.Time(first.Int64) <= from
			lasts = lasts || last.Valid && carry.Time(last.Int64)+carry.Hour >= to
			if begun && lasts {
				return true, nil
			}
		}
	}
	return false, nil
}

// seriesEnds lists the open times of the first and the last bar by series;
// series without one are left out.
func seriesEnds(ctx context.Context, q querier) (map[int64]span, error) {
	ends := map[int64]span{}
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var id int64
		var first, last sql.NullInt64
		if err := rows.Scan(&id, &first, &last); err != nil {
			return err
		}
		if last.Valid {
			ends[id] = span{carry.Time(first.Int64), carry.Time(last.Int64)}
		}
		return nil
	}, `SELECT id, (SELECT min(open_ms) FROM kline WHERE series_id = id), (SELECT max(open_ms) FROM kline WHERE series_id = id)
		FROM series WHERE kind IN ('spot', 'perp')`)
	if err != nil {
		return nil, fmt.Errorf("read span: %w", err)
	}
	return ends, nil
}

// Pack brings the packed form of [from, to) up to date and returns how many
// weeks it had to pack.
func (s *Store) Pack(ctx context.Context, from, to carry.Time) (int, error) {
	stale, err := staleWeeks(ctx, s.r, from, to)
	if err != nil || len(stale) == 0 {
		return 0, s.describeIf(err)
	}
	if s.readOnly {
		return 0, fmt.Errorf("%s: %w", s.path, ErrReadOnly)
	}
	err = s.write(ctx, func(tx *writeTx) error {
		// Another process may have packed in the meantime.
		if stale, err = staleWeeks(ctx, tx, from, to); err != nil {
			return err
		}
		p, err := newWeekPacker(ctx, tx)
		if err != nil {
			return err
		}
		var w week
		for _, start := range stale {
			if err := p.pack(ctx, &w, start); err != nil {
				return errors.Join(err, p.close())
			}
			if err := w.store(tx); err != nil {
				return errors.Join(err, p.close())
			}
		}
		return p.close()
	})
	if err != nil {
		return 0, s.describe(err)
	}
	return len(stale), nil
}

func (s *Store) describeIf(err error) error {
	if err == nil {
		return nil
	}
	return s.describe(err)
}

// staleWeeks lists the weeks of [from, to) that are not packed.
func staleWeeks(ctx context.Context, q querier, from, to carry.Time) ([]carry.Time, error) {
	var stale []carry.Time
	next := from.Floor(carry.Week)
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var at carry.Time
		if err := rows.Scan(&at); err != nil {
			return err
		}
		for ; next < at; next += carry.Week {
			stale = append(stale, next)
		}
		next = at + carry.Week
		return nil
	}, `SELECT week_ms FROM block WHERE codec = ? AND week_ms >= ? AND week_ms < ? ORDER BY week_ms`,
		codecVersion, int64(next), int64(to))
	if err != nil {
		return nil, fmt.Errorf("list packed weeks: %w", err)
	}
	for ; next < to; next += carry.Week {
		stale = append(stale, next)
	}
	return stale, nil
}
