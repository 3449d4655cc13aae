package data

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"carry"
)

// replaceGaps rewrites a series' gaps.
func replaceGaps(ctx context.Context, tx *writeTx, id int64, gaps []gap) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM gap WHERE series_id = ?`, id); err != nil {
		return fmt.Errorf("clear gaps: %w", err)
	}
	in := newInserter(tx, "gap", "series_id", "from_ms", "to_ms", "missing", "note")
	for _, g := range gaps {
		if err := in.add(ctx, id, int64(g.from), int64(g.to), g.missing, g.note); err != nil {
			return fmt.Errorf("note gap: %w", err)
		}
	}
	if err := in.flush(ctx); err != nil {
		return fmt.Errorf("note gap: %w", err)
	}
	return nil
}

// gap is a hole within a series.
type gap struct {
	from, to carry.Time
	missing  int
	note     string
}

// findBarGaps notes holes between consecutive bars.
func findBarGaps(ctx context.Context, tx *writeTx, id int64, step carry.Time) error {
	var gaps []gap
	err := eachRow(ctx, tx, func(rows *sql.Rows) error {
		var at, next carry.Time
		if err := rows.Scan(&at, &next); err != nil {
			return err
		}
		gaps = append(gaps, gap{at + step, next, int((next-at)/step) - 1, "no bars"})
		return nil
	}, `SELECT open_ms, next FROM (SELECT open_ms, lead(open_ms) OVER (ORDER BY open_ms) AS next FROM kline WHERE series_id = ?)
		WHERE next - open_ms > ?`, id, int64(step))
	if err != nil {
		return fmt.Errorf("find gaps: %w", err)
	}
	return replaceGaps(ctx, tx, id, gaps)
}

// findFundingGaps notes holes that are longer than the interval in force.
func findFundingGaps(ctx context.Context, tx *writeTx, id int64) error {
	rows, err := readSettled(ctx, tx, nil, id, 0, math.MaxInt64, true)
	if err != nil {
		return err
	}
	var gaps []gap
	for i := 1; i < len(rows); i++ {
		a, b := rows[i-1], rows[i]
		if n := missedBetween(b.slot-a.slot, a.interval, b.interval); n > 0 {
			gaps = append(gaps, gap{a.slot + a.interval, b.slot, n, "no settlements"})
		}
	}
	return replaceGaps(ctx, tx, id, gaps)
}
