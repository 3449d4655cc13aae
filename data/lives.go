package data

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"carry"
)

// Life is what a symbol meant for some time. A ticker that was used again has
// several, and the ended one's series are named SYMBOL~END.
type Life struct {
	Leg    carry.Leg
	Name   string // of the series
	Symbol string // as the exchange spells it
	Span   Span   // To is 0 while it trades
	Note   string
	Source string
}

// lifeMark separates a symbol from the end of its life in a series' name.
const lifeMark = "~"

// coinOf is the coin of a series' symbol: BTC of BTCUSDT, LIT~2025-01-31 of
// LITUSDT~2025-01-31.
func coinOf(symbol string) string {
	name, life, ended := strings.Cut(symbol, lifeMark)
	name = strings.TrimSuffix(name, "USDT")
	if ended {
		return name + lifeMark + life
	}
	return name
}

// symbolOf is the inverse of coinOf.
func symbolOf(coin string) string {
	name, life, ended := strings.Cut(coin, lifeMark)
	if ended {
		return name + "USDT" + lifeMark + life
	}
	return name + "USDT"
}

// Lives lists the known lives of a symbol on one leg, oldest first; a symbol
// that was never used twice nor ended has none.
func (s *Store) Lives(ctx context.Context, leg carry.Leg, symbol string) ([]Life, error) {
	var out []Life
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		l := Life{Leg: leg, Symbol: symbol}
		var to sql.NullInt64
		err := rows.Scan(&l.Name, &l.Span.From, &to, &l.Note, &l.Source)
		l.Span.To = carry.Time(to.Int64)
		out = append(out, l)
		return err
	}, `SELECT name, from_ms, to_ms, note, source FROM life WHERE leg = ? AND symbol = ? ORDER BY from_ms`, leg.String(), symbol)
	if err != nil {
		return nil, s.describe(fmt.Errorf("read lives of %s: %w", symbol, err))
	}
	return out, nil
}

// SplitLife records that a symbol was used twice: rows before old ends, and
// files and searches that lie before, are given to the series of the old life.
// Rows between the two lives are nobody's and go.
func (s *Store) SplitLife(ctx context.Context, old, present Life) error {
	kinds := []string{kindSpot}
	if old.Leg == carry.Perp {
		kinds = []string{kindPerp, kindMark, kindPremium, kindFunding}
	}
	return s.describeIf(s.write(ctx, func(tx *writeTx) error {
		for _, l := range []Life{old, present} {
			if err := tx.putLife(ctx, l); err != nil {
				return err
			}
		}
		for _, kind := range kinds {
			if err := tx.moveSeries(ctx, kind, present.Name, old); err != nil {
				return fmt.Errorf("split %s %s: %w", kind, old.Symbol, err)
			}
			if err := tx.dropBetween(ctx, kind, present, old.Span.To); err != nil {
				return fmt.Errorf("split %s %s: %w", kind, old.Symbol, err)
			}
		}
		return nil
	}))
}

// moveSeries gives what lies before a life's end to its series.
func (tx *writeTx) moveSeries(ctx context.Context, kind, from string, l Life) error {
	var steps []carry.Time
	err := eachRow(ctx, tx, func(rows *sql.Rows) error {
		var step carry.Time
		err := rows.Scan(&step)
		steps = append(steps, step)
		return err
	}, `SELECT step_ms FROM series WHERE kind = ? AND symbol = ?`, kind, from)
	if err != nil {
		return err
	}
	for _, step := range steps {
		a, err := tx.series(ctx, Series{kind, from, step})
		if err != nil {
			return err
		}
		var any bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM kline WHERE series_id = ?1 AND open_ms < ?2)
			OR EXISTS (SELECT 1 FROM funding WHERE series_id = ?1 AND slot_ms < ?2)`, a, int64(l.Span.To)).Scan(&any); err != nil {
			return err
		}
		if !any {
			continue
		}
		b, err := tx.series(ctx, Series{kind, l.Name, step})
		if err != nil {
			return err
		}
		for _, q := range []string{`UPDATE kline SET series_id = ?2 WHERE series_id = ?1 AND open_ms < ?3`,
			`UPDATE funding SET series_id = ?2 WHERE series_id = ?1 AND slot_ms < ?3`,
			`INSERT OR IGNORE INTO regap (series_id) SELECT id FROM series WHERE id IN (?1, ?2) AND ?3 > 0`} {
			if _, err := tx.ExecContext(ctx, q, a, b, int64(l.Span.To)); err != nil {
				return err
			}
		}
	}
	for _, q := range []string{`UPDATE archive_file SET symbol = ?1 WHERE kind = ?2 AND symbol = ?3 AND to_ms <= ?4`,
		`UPDATE OR REPLACE searched SET symbol = ?1 WHERE kind = ?2 AND symbol = ?3 AND to_ms <= ?4`} {
		if _, err := tx.ExecContext(ctx, q, l.Name, kind, from, int64(l.Span.To)); err != nil {
			return err
		}
	}
	return nil
}

// dropBetween deletes a symbol's rows from the end of one life to the beginning
// of the next: archives go on after a contract was settled.
func (tx *writeTx) dropBetween(ctx context.Context, kind string, present Life, from carry.Time) error {
	for _, q := range []string{
		`DELETE FROM kline WHERE series_id IN (SELECT id FROM series WHERE kind = ? AND symbol = ?) AND open_ms >= ? AND open_ms < ?`,
		`DELETE FROM funding WHERE series_id IN (SELECT id FROM series WHERE kind = ? AND symbol = ?) AND slot_ms >= ? AND slot_ms < ?`,
	} {
		if _, err := tx.ExecContext(ctx, q, kind, present.Name, int64(from), int64(present.Span.From)); err != nil {
			return err
		}
	}
	return nil
}

// PutLife records or corrects a life.
func (s *Store) PutLife(ctx context.Context, l Life) error {
	return s.describeIf(s.write(ctx, func(tx *writeTx) error { return tx.putLife(ctx, l) }))
}

func (tx *writeTx) putLife(ctx context.Context, l Life) error {
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO life (leg, name, symbol, from_ms, to_ms, note, source)
		VALUES (?, ?, ?, ?, nullif(?, 0), ?, ?)`, l.Leg.String(), l.Name, l.Symbol, int64(l.Span.From), int64(l.Span.To), l.Note, l.Source)
	if err != nil {
		return fmt.Errorf("note life of %s: %w", l.Symbol, err)
	}
	return nil
}

// Delivered is when the exchange settled a contract according to the recorded
// rules; 0 where they do not say so.
func (s *Store) Delivered(ctx context.Context, perp string) (carry.Time, error) {
	at, err := delivered(ctx, s.r, perp)
	return carry.Time(at.Int64), s.describeIf(err)
}

// delivered takes the life's end, which a person may correct, before the latest
// recording that knows the contract.
func delivered(ctx context.Context, q querier, name string) (sql.NullInt64, error) {
	var at sql.NullInt64
	read := func(rows *sql.Rows) error { return rows.Scan(&at) }
	err := eachRow(ctx, q, read, `SELECT to_ms FROM life WHERE leg = 'perp' AND name = ?`, name)
	if err == nil && !at.Valid {
		err = eachRow(ctx, q, read, `SELECT CASE WHEN status IN ('SETTLING', 'PRE_SETTLE', 'DELIVERING', 'DELIVERED', 'PRE_DELIVERING', 'CLOSE')
			AND delivery_ms BETWEEN 1 AND recorded_ms THEN delivery_ms END
			FROM rules WHERE leg = 'perp' AND symbol = ? ORDER BY valid_from_ms DESC LIMIT 1`, name)
	}
	if err != nil {
		return at, fmt.Errorf("find delivery of %s: %w", name, err)
	}
	return at, nil
}

// StoredSymbols lists the symbols that have a series of a kind, in order.
func (s *Store) StoredSymbols(ctx context.Context, kind string) ([]string, error) {
	var out []string
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var symbol string
		err := rows.Scan(&symbol)
		out = append(out, symbol)
		return err
	}, `SELECT DISTINCT symbol FROM series WHERE kind = ? ORDER BY symbol`, kind)
	if err != nil {
		return nil, s.describe(fmt.Errorf("list series: %w", err))
	}
	return out, nil
}
