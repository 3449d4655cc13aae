package data

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"carry"
)

// stored says what became of a file.
type stored struct {
	rows, fresh int // in the file, and of them not known before
	first, last carry.Time
	changed     bool
}

// rowsPerInsert is how many rows one INSERT carries: fewer calls, within
// SQLite's limit of bound values.
const rowsPerInsert = 100

// inserter collects rows and inserts them in batches.
type inserter struct {
	tx      *writeTx
	head    string
	columns int
	batch   *sql.Stmt
	args    []any
}

func newInserter(tx *writeTx, table string, columns ...string) *inserter {
	return &inserter{tx: tx, columns: len(columns),
		head: "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "}
}

func (in *inserter) values(rows int) string {
	row := "(?" + strings.Repeat(",?", in.columns-1) + ")"
	return in.head + row + strings.Repeat(","+row, rows-1)
}

func (in *inserter) add(ctx context.Context, args ...any) error {
	in.args = append(in.args, args...)
	if len(in.args) < rowsPerInsert*in.columns {
		return nil
	}
	var err error
	if in.batch == nil {
		if in.batch, err = in.tx.PrepareContext(ctx, in.values(rowsPerInsert)); err != nil {
			return err
		}
	}
	_, err = in.batch.ExecContext(ctx, in.args...)
	in.args = in.args[:0]
	return err
}

// flush inserts what is left.
func (in *inserter) flush(ctx context.Context) error {
	if in.batch != nil {
		if err := in.batch.Close(); err != nil {
			return err
		}
	}
	if len(in.args) == 0 {
		return nil
	}
	_, err := in.tx.ExecContext(ctx, in.values(len(in.args)/in.columns), in.args...)
	return err
}

// ensureSeries returns the id of a series, which is created where needed.
func ensureSeries(ctx context.Context, tx *writeTx, kind, symbol string) (int64, error) {
	step := carry.Hour
	if kind == kindFunding {
		step = 0
	}
	_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO series (kind, symbol, step_ms) VALUES (?, ?, ?)`, kind, symbol, int64(step))
	if err != nil {
		return 0, fmt.Errorf("add series: %w", err)
	}
	var id int64
	err = tx.QueryRowContext(ctx, `SELECT id FROM series WHERE kind = ? AND symbol = ? AND step_ms = ?`, kind, symbol, int64(step)).Scan(&id)
	return id, err
}

// nullable writes NaN as NULL.
func nullable(x float64) any {
	if math.IsNaN(x) {
		return nil
	}
	return x
}

// storeBars adds the bars that are not stored yet; a stored bar with other
// values is an error.
func (s *Store) storeBars(ctx context.Context, src *source, kind, symbol string, bars []bar) (stored, error) {
	st := stored{rows: len(bars), first: bars[0].at, last: bars[len(bars)-1].at}
	err := s.write(ctx, func(tx *writeTx) error {
		id, err := ensureSeries(ctx, tx, kind, symbol)
		if err != nil {
			return err
		}
		fresh, err := newBars(ctx, tx, src, id, bars)
		if err != nil {
			return err
		}
		in := newInserter(tx, "kline", "series_id", "open_ms", "open", "high", "low", "close", "volume", "quote_volume")
		for _, b := range fresh {
			err := in.add(ctx, id, int64(b.at), b.open, b.high, b.low, b.close, nullable(b.volume), nullable(b.quote))
			if err != nil {
				return fmt.Errorf("insert klines: %w", err)
			}
		}
		if err := in.flush(ctx); err != nil {
			return fmt.Errorf("insert klines: %w", err)
		}
		st.fresh = len(fresh)
		if st.fresh > 0 {
			if err := findBarGaps(ctx, tx, id, carry.Hour); err != nil {
				return err
			}
		}
		st.changed, err = tx.provenance(ctx, &id, kind, src, &st)
		return err
	})
	return st, err
}

// newBars compares bars with what is stored and returns those that are not.
func newBars(ctx context.Context, q querier, src *source, id int64, bars []bar) ([]bar, error) {
	var fresh []bar
	i := 0
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var old bar
		var v, quote sql.NullFloat64
		if err := rows.Scan(&old.at, &old.open, &old.high, &old.low, &old.close, &v, &quote); err != nil {
			return err
		}
		old.volume, old.quote = orNaN(v), orNaN(quote)
		for i < len(bars) && bars[i].at < old.at {
			fresh = append(fresh, bars[i])
			i++
		}
		if i == len(bars) || bars[i].at != old.at {
			return nil
		}
		if !bars[i].equal(&old) {
			return &FileError{src.path, bars[i].line, fmt.Sprintf("bar %s differs from the one stored: %s, stored %s",
				old.at, bars[i].values(), old.values())}
		}
		i++
		return nil
	}, `SELECT open_ms, open, high, low, close, volume, quote_volume FROM kline
		WHERE series_id = ? AND open_ms BETWEEN ? AND ? ORDER BY open_ms`, id, int64(bars[0].at), int64(bars[len(bars)-1].at))
	if err != nil {
		return nil, err
	}
	return append(fresh, bars[i:]...), nil
}

func (a *bar) values() string {
	return fmt.Sprintf("%v %v %v %v volume %v quote %v", a.open, a.high, a.low, a.close, a.volume, a.quote)
}

func orNaN(v sql.NullFloat64) float64 {
	if v.Valid {
		return v.Float64
	}
	return math.NaN()
}

// storeFunding adds the settlements that are not stored yet; a stored one with
// other values is an error.
func (s *Store) storeFunding(ctx context.Context, src *source, symbol string, rows []payment) (stored, error) {
	st := stored{rows: len(rows), first: rows[0].slot, last: rows[len(rows)-1].slot}
	err := s.write(ctx, func(tx *writeTx) error {
		id, err := ensureSeries(ctx, tx, kindFunding, symbol)
		if err != nil {
			return err
		}
		fresh, err := newPayments(ctx, tx, src, id, rows)
		if err != nil {
			return err
		}
		in := newInserter(tx, "funding", "series_id", "slot_ms", "time_ms", "rate_e8", "mark_price", "interval_hours")
		for _, p := range fresh {
			if err := in.add(ctx, id, int64(p.slot), int64(p.at), int64(p.rate), p.mark, p.hours); err != nil {
				return fmt.Errorf("insert funding: %w", err)
			}
		}
		if err := in.flush(ctx); err != nil {
			return fmt.Errorf("insert funding: %w", err)
		}
		st.fresh = len(fresh)
		if st.fresh > 0 {
			if err := findFundingGaps(ctx, tx, id); err != nil {
				return err
			}
		}
		st.changed, err = tx.provenance(ctx, &id, kindFunding, src, &st)
		return err
	})
	return st, err
}

// newPayments compares settlements with what is stored and returns those that
// are not.
func newPayments(ctx context.Context, q querier, src *source, id int64, list []payment) ([]payment, error) {
	var fresh []payment
	i := 0
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var old payment
		if err := rows.Scan(&old.slot, &old.at, &old.rate, &old.mark, &old.hours); err != nil {
			return err
		}
		for i < len(list) && list[i].slot < old.slot {
			fresh = append(fresh, list[i])
			i++
		}
		if i == len(list) || list[i].slot != old.slot {
			return nil
		}
		if !list[i].equal(old) {
			return &FileError{src.path, list[i].line, fmt.Sprintf("settlement %s differs from the one stored: rate %s, stored %s",
				old.slot, carry.FormatFixed(int64(list[i].rate)), carry.FormatFixed(int64(old.rate)))}
		}
		i++
		return nil
	}, `SELECT slot_ms, time_ms, rate_e8, mark_price, interval_hours FROM funding
		WHERE series_id = ? AND rate_type = 'regular' AND slot_ms BETWEEN ? AND ? ORDER BY slot_ms`,
		id, int64(list[0].slot), int64(list[len(list)-1].slot))
	if err != nil {
		return nil, err
	}
	return append(fresh, list[i:]...), nil
}

// provenance notes where rows came from, once per content of a source; false
// when it was noted before and nothing is new.
func (tx *writeTx) provenance(ctx context.Context, series *int64, kind string, src *source, st *stored) (bool, error) {
	if st.fresh == 0 {
		var known bool
		err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM provenance WHERE kind = ? AND series_id IS ? AND sha256 = ?`,
			kind, series, src.sha).Scan(&known)
		if err != nil || known {
			return false, err
		}
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO provenance (series_id, kind, source, sha256, rows, new_rows, first_ms, last_ms, imported_ms)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, source, sha256) DO UPDATE
		SET new_rows = new_rows + excluded.new_rows, imported_ms = excluded.imported_ms WHERE excluded.new_rows > 0`,
		series, kind, src.path, src.sha, st.rows, st.fresh, int64(st.first), int64(st.last), int64(tx.now))
	if err != nil {
		return false, fmt.Errorf("note provenance: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// storeRules adds a snapshot of trading rules; a stored one with other values
// is an error.
func (s *Store) storeRules(ctx context.Context, src *source, kind string, facts []ruleFact) (stored, error) {
	at := facts[0].row.recorded
	st := stored{rows: len(facts), first: at, last: at}
	leg := carry.Spot
	if kind == kindPerpRules {
		leg = carry.Perp
	}
	err := s.write(ctx, func(tx *writeTx) error {
		for i := range facts {
			f := &facts[i]
			if err := tx.fillBounds(ctx, leg, f); err != nil {
				return err
			}
			fresh, err := tx.fact(ctx, src, f.symbol, "rules",
				[]string{"leg", "symbol", "valid_from_ms"}, []any{leg.String(), f.symbol, int64(f.row.from)},
				append([]string{"recorded_ms"}, ruleColumns...), append([]any{int64(at)}, f.values()...))
			if err != nil {
				return err
			}
			st.fresh += fresh
		}
		var err error
		st.changed, err = tx.provenance(ctx, nil, kind, src, &st)
		return err
	})
	return st, err
}

// fillBounds sets what versions before 0003_bounds.sql did not read of a snapshot.
func (tx *writeTx) fillBounds(ctx context.Context, leg carry.Leg, f *ruleFact) error {
	r := &f.row
	_, err := tx.ExecContext(ctx, `UPDATE rules SET min_price = ?, max_price = ?, max_notional = ?, min_on_market = ?, max_on_market = ?
		WHERE leg = ? AND symbol = ? AND valid_from_ms = ? AND max_on_market IS NULL`,
		r.minPrice, r.maxPrice, r.maxNotional, r.minOnMarket, r.maxOnMarket, leg.String(), f.symbol, int64(r.from))
	if err != nil {
		return fmt.Errorf("fill bounds of %s: %w", f.symbol, err)
	}
	return nil
}

// storeBrackets adds a snapshot of bracket ladders; a stored one with other
// values is an error.
func (s *Store) storeBrackets(ctx context.Context, src *source, at carry.Time, facts []ladderFact) (stored, error) {
	st := stored{first: at, last: at}
	err := s.write(ctx, func(tx *writeTx) error {
		for _, f := range facts {
			for i, b := range f.brackets {
				limit := any(b.Cap)
				if math.IsInf(b.Cap, 1) {
					limit = nil
				}
				fresh, err := tx.fact(ctx, src, f.symbol, "bracket",
					[]string{"symbol", "valid_from_ms", "tier"}, []any{f.symbol, int64(at), i + 1},
					[]string{"recorded_ms", "floor", "cap", "mmr", "cum", "max_leverage"},
					[]any{int64(at), b.Floor, limit, b.MMR, b.Cum, b.MaxLeverage})
				if err != nil {
					return err
				}
				st.rows++
				st.fresh += fresh
			}
		}
		var err error
		st.changed, err = tx.provenance(ctx, nil, kindBrackets, src, &st)
		return err
	})
	return st, err
}

// fact inserts one dated fact (1) or finds the same one stored (0).
func (tx *writeTx) fact(ctx context.Context, src *source, symbol, table string, keys []string, key []any, cols []string, vals []any) (int, error) {
	all := append(append([]any{}, key...), vals...)
	marks := "?" + strings.Repeat(",?", len(all)-1)
	res, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO `+table+` (`+strings.Join(append(append([]string{}, keys...), cols...), ", ")+
		`) VALUES (`+marks+`)`, all...)
	if err != nil {
		return 0, fmt.Errorf("insert %s: %w", table, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return int(n), err
	}
	var same bool
	err = tx.QueryRowContext(ctx, `SELECT count(*) = 1 FROM `+table+` WHERE `+strings.Join(append(append([]string{}, keys...), cols...), " IS ? AND ")+
		` IS ?`, all...).Scan(&same)
	if err != nil {
		return 0, fmt.Errorf("compare %s: %w", table, err)
	}
	if !same {
		return 0, &FileError{src.path, 0, fmt.Sprintf("%s of %s differ from the ones stored for the same date", table, symbol)}
	}
	return 0, nil
}
