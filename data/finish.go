package data

import (
	"context"
	"database/sql"
	"fmt"

	"carry"
)

// FinishReport is what Finish found.
type FinishReport struct {
	Notes        []string // about coins, such as a contract whose spot twin could not be verified
	Coins, Pairs int
}

// Finish brings what follows from rows up to date after chunks were put: gaps
// of the series that changed, and the table of instruments. An interrupted crawl
// catches up with the next call.
func (s *Store) Finish(ctx context.Context) (*FinishReport, error) {
	type stale struct {
		id   int64
		kind string
		step carry.Time
	}
	var list []stale
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var x stale
		err := rows.Scan(&x.id, &x.kind, &x.step)
		list = append(list, x)
		return err
	}, `SELECT id, kind, step_ms FROM series WHERE id IN (SELECT series_id FROM regap) ORDER BY id`)
	if err != nil {
		return nil, s.describe(fmt.Errorf("list changed series: %w", err))
	}
	for _, x := range list {
		err := s.write(ctx, func(tx *writeTx) error {
			find := func() error { return findBarGaps(ctx, tx, x.id, x.step) }
			if x.kind == kindFunding {
				find = func() error { return findFundingGaps(ctx, tx, x.id) }
			}
			if err := find(); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `DELETE FROM regap WHERE series_id = ?`, x.id)
			return err
		})
		if err != nil {
			return nil, s.describe(fullDisk(err))
		}
	}
	var rep ImportReport
	if _, err := s.link(ctx, &rep); err != nil {
		return nil, s.describe(fullDisk(err))
	}
	return &FinishReport{Notes: rep.Notes, Coins: rep.Coins, Pairs: rep.Pairs}, nil
}

// Lean makes the writer keep 4 MB of pages instead of 16: a crawl appends to one
// series after another and does not come back to old pages, so that its memory
// need not grow with the database.
func (s *Store) Lean(ctx context.Context) error {
	_, err := s.w.ExecContext(ctx, `PRAGMA cache_size = -4000`)
	if err != nil {
		return s.describe(fmt.Errorf("set cache size: %w", err))
	}
	return nil
}
