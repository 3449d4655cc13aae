package data

import (
	"context"
	"database/sql"
	"fmt"

	"carry"
)

// SeriesStatus is how much of one series is stored.
type SeriesStatus struct {
	Coin    string     `json:"coin"`
	Kind    string     `json:"kind"`
	Symbol  string     `json:"symbol"`
	First   carry.Time `json:"first_ms"`
	Last    carry.Time `json:"last_ms"` // open time of the last bar
	Rows    int        `json:"rows"`
	Missing int        `json:"missing"` // between First and Last
}

// CompleteFrac is the share of rows that are there between the first and the
// last one.
func (s *SeriesStatus) CompleteFrac() float64 {
	return float64(s.Rows) / float64(s.Rows+s.Missing)
}

// SnapshotStatus is one recording of rules or brackets.
type SnapshotStatus struct {
	Kind       string     `json:"kind"` // spot rules, perp rules, brackets
	RecordedAt carry.Time `json:"recorded_ms"`
	Symbols    int        `json:"symbols"`
}

// GapStatus is one hole in a series.
type GapStatus struct {
	Coin    string     `json:"coin"`
	Kind    string     `json:"kind"`
	From    carry.Time `json:"from_ms"`
	To      carry.Time `json:"to_ms"`
	Missing int        `json:"missing"`
	Note    string     `json:"note"`
}

// Status is what a database holds.
type Status struct {
	Path       string           `json:"path"`
	Coins      int              `json:"coins"`
	Pairs      int              `json:"pairs"` // coins with spot, perpetual and funding
	From       carry.Time       `json:"from_ms"`
	To         carry.Time       `json:"to_ms"`
	Series     []SeriesStatus   `json:"series"`
	Snapshots  []SnapshotStatus `json:"snapshots"`
	Gaps       []GapStatus      `json:"gaps"`
	WeeksStale int              `json:"weeks_to_pack"`
}

// Status counts all rows; it reads every index, not every value.
func (s *Store) Status(ctx context.Context) (*Status, error) {
	st := &Status{Path: s.path, Series: []SeriesStatus{}, Snapshots: []SnapshotStatus{}, Gaps: []GapStatus{}}
	all, err := loadInstruments(ctx, s.r)
	if err != nil {
		return nil, s.describe(err)
	}
	st.Coins = len(all)
	var pairs []tapePair
	for i := range all {
		p := &all[i]
		if len(p.lacks()) == 0 {
			pairs = append(pairs, *p)
		}
		for slot, kind := range slotKinds {
			if p.series[slot] == 0 {
				continue
			}
			row := SeriesStatus{Coin: p.Coin, Kind: kind, Symbol: p.PerpSymbol}
			if slot == slotSpot {
				row.Symbol = p.SpotSymbol
			}
			ok, err := s.seriesStatus(ctx, p.series[slot], &row)
			if err != nil {
				return nil, s.describe(err)
			}
			if ok {
				st.Series = append(st.Series, row)
			}
			if st.Gaps, err = s.gapStatus(ctx, p.series[slot], &row, st.Gaps); err != nil {
				return nil, s.describe(err)
			}
		}
	}
	st.Pairs = len(pairs)
	if st.Pairs > 0 {
		if st.From, st.To, err = spanOf(ctx, s.r, pairs); err != nil {
			return nil, s.describe(err)
		}
		stale, err := staleWeeks(ctx, s.r, st.From, st.To)
		if err != nil {
			return nil, s.describe(err)
		}
		st.WeeksStale = len(stale)
	}
	return st, s.describeIf(s.snapshots(ctx, st))
}

func (s *Store) seriesStatus(ctx context.Context, id int64, row *SeriesStatus) (bool, error) {
	table, at := "kline", "open_ms"
	if row.Kind == kindFunding {
		table, at = "funding", "slot_ms"
	}
	var first, last sql.NullInt64
	err := s.r.QueryRowContext(ctx, `SELECT min(`+at+`), max(`+at+`), count(*),
		(SELECT ifnull(sum(missing), 0) FROM gap WHERE series_id = ?1) FROM `+table+` WHERE series_id = ?1`, id).
		Scan(&first, &last, &row.Rows, &row.Missing)
	if err != nil {
		return false, fmt.Errorf("count rows: %w", err)
	}
	row.First, row.Last = carry.Time(first.Int64), carry.Time(last.Int64)
	return row.Rows > 0, nil
}

func (s *Store) gapStatus(ctx context.Context, id int64, row *SeriesStatus, dst []GapStatus) ([]GapStatus, error) {
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		g := GapStatus{Coin: row.Coin, Kind: row.Kind}
		if err := rows.Scan(&g.From, &g.To, &g.Missing, &g.Note); err != nil {
			return err
		}
		dst = append(dst, g)
		return nil
	}, `SELECT from_ms, to_ms, missing, note FROM gap WHERE series_id = ? ORDER BY from_ms`, id)
	if err != nil {
		return nil, fmt.Errorf("list gaps: %w", err)
	}
	return dst, nil
}

func (s *Store) snapshots(ctx context.Context, st *Status) error {
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var n SnapshotStatus
		if err := rows.Scan(&n.Kind, &n.RecordedAt, &n.Symbols); err != nil {
			return err
		}
		st.Snapshots = append(st.Snapshots, n)
		return nil
	}, `SELECT leg || ' rules', recorded_ms, count(*) FROM rules GROUP BY leg, recorded_ms
		UNION ALL SELECT 'brackets', recorded_ms, count(DISTINCT symbol) FROM bracket GROUP BY recorded_ms
		ORDER BY 1, 2`)
	if err != nil {
		return fmt.Errorf("list snapshots: %w", err)
	}
	return nil
}
