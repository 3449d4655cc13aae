package data

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"carry"
)

// FundingInfo is one symbol's adjusted funding cap, floor and interval.
type FundingInfo struct {
	Symbol     string
	Cap, Floor float64 // fraction per settlement
	Hours      int
}

// Ladder is one symbol's brackets.
type Ladder struct {
	Symbol   string
	Brackets []carry.Bracket
}

// PutExchangeInfo stores the rules in an exchangeInfo answer as facts from at
// on. A symbol whose rules are those of its last snapshot gets no new row. It
// returns how many rows are new.
func (s *Store) PutExchangeInfo(ctx context.Context, leg carry.Leg, at carry.Time, src string, sha string, body []byte) (int, error) {
	in := &source{path: src, text: body, sha: sha}
	facts, err := parseInfo(in, -1, leg == carry.Perp)
	if err != nil {
		return 0, err
	}
	kind := kindSpotRules
	if leg == carry.Perp {
		kind = kindPerpRules
	}
	fresh := 0
	err = s.write(ctx, func(tx *writeTx) error {
		for i := range facts {
			n, err := tx.snapshot(ctx, "rules", []string{"leg", "symbol"}, []any{leg.String(), facts[i].symbol}, at, ruleColumns, facts[i].values(), true)
			if err != nil {
				return err
			}
			fresh += n
		}
		return tx.snapshotSource(ctx, kind, in, at, len(facts), fresh)
	})
	return fresh, s.describeIf(err)
}

// PutFundingInfo stores a fundingInfo answer as facts from at on, changed ones
// only. Symbols that were listed before and no longer are return to defaults.
func (s *Store) PutFundingInfo(ctx context.Context, at carry.Time, src, sha string, rows []FundingInfo) (int, error) {
	fresh := 0
	cols := []string{"cap", "floor", "interval_hours"}
	err := s.write(ctx, func(tx *writeTx) error {
		listed := map[string]bool{}
		for _, r := range rows {
			listed[r.Symbol] = true
			n, err := tx.snapshot(ctx, "funding_info", []string{"symbol"}, []any{r.Symbol}, at, cols, []any{r.Cap, r.Floor, r.Hours}, false)
			if err != nil {
				return err
			}
			fresh += n
		}
		var gone []string
		err := eachRow(ctx, tx, func(rows *sql.Rows) error {
			var symbol string
			err := rows.Scan(&symbol)
			if !listed[symbol] {
				gone = append(gone, symbol)
			}
			return err
		}, `SELECT DISTINCT symbol FROM funding_info ORDER BY symbol`)
		if err != nil {
			return fmt.Errorf("read fundingInfo: %w", err)
		}
		for _, symbol := range gone {
			n, err := tx.snapshot(ctx, "funding_info", []string{"symbol"}, []any{symbol}, at, cols, []any{nil, nil, nil}, false)
			if err != nil {
				return err
			}
			fresh += n
		}
		return tx.snapshotSource(ctx, "funding info", &source{path: src, sha: sha}, at, len(rows), fresh)
	})
	return fresh, s.describeIf(err)
}

// PutBrackets stores leverage brackets as facts from at on, changed ladders of
// USDT perpetuals only.
func (s *Store) PutBrackets(ctx context.Context, at carry.Time, src, sha string, ladders []Ladder) (int, error) {
	fresh := 0
	err := s.write(ctx, func(tx *writeTx) error {
		fresh = 0
		rows := 0
		for _, l := range ladders {
			if !isSymbol(l.Symbol) {
				continue
			}
			if err := checkLadder(l.Brackets); err != nil {
				return fmt.Errorf("%s: %w: brackets of %s: %w", src, ErrRefused, l.Symbol, err)
			}
			rows += len(l.Brackets)
			old, err := tx.ladder(ctx, l.Symbol, at)
			if err != nil {
				return err
			}
			if slices.Equal(old, l.Brackets) {
				continue
			}
			for i, b := range l.Brackets {
				n, err := tx.fact(ctx, &source{path: src}, l.Symbol, "bracket",
					[]string{"symbol", "valid_from_ms", "tier"}, []any{l.Symbol, int64(at), i + 1},
					[]string{"recorded_ms", "floor", "cap", "mmr", "cum", "max_leverage"},
					[]any{int64(at), b.Floor, b.Cap, b.MMR, b.Cum, b.MaxLeverage})
				if err != nil {
					return err
				}
				fresh += n
			}
		}
		return tx.snapshotSource(ctx, kindBrackets, &source{path: src, sha: sha}, at, rows, fresh)
	})
	return fresh, s.describeIf(err)
}

// ladder is the last ladder recorded at or before a time.
func (tx *writeTx) ladder(ctx context.Context, symbol string, at carry.Time) ([]carry.Bracket, error) {
	var out []carry.Bracket
	err := eachRow(ctx, tx, func(rows *sql.Rows) error {
		var b carry.Bracket
		var limit sql.NullFloat64
		err := rows.Scan(&b.Floor, &limit, &b.MMR, &b.Cum, &b.MaxLeverage)
		b.Cap = limit.Float64
		out = append(out, b)
		return err
	}, `SELECT floor, cap, mmr, cum, max_leverage FROM bracket WHERE symbol = ?1 AND valid_from_ms =
		(SELECT max(valid_from_ms) FROM bracket WHERE symbol = ?1 AND valid_from_ms <= ?2) ORDER BY tier`, symbol, int64(at))
	if err != nil {
		return nil, fmt.Errorf("read brackets: %w", err)
	}
	return out, nil
}

// snapshot inserts a fact (1) unless the last one at or before its time says
// the same (0). Tables and columns are constants of this package.
func (tx *writeTx) snapshot(ctx context.Context, table string, keys []string, key []any, at carry.Time, cols []string, vals []any, recorded bool) (int, error) {
	where := strings.Join(keys, " IS ? AND ") + " IS ?"
	args := append(append(append([]any{}, key...), int64(at)), vals...)
	var same bool
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT * FROM `+table+` WHERE `+where+` AND valid_from_ms <= ?
		ORDER BY valid_from_ms DESC LIMIT 1) WHERE `+strings.Join(cols, " IS ? AND ")+` IS ?`, args...).Scan(&same)
	if err != nil {
		return 0, fmt.Errorf("compare %s: %w", table, err)
	}
	if same {
		return 0, nil
	}
	all := append(append([]string{}, keys...), "valid_from_ms")
	in := append(append([]any{}, key...), int64(at))
	if recorded {
		all, in = append(all, "recorded_ms"), append(in, int64(at))
	}
	names := append(all, cols...)
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (?`+strings.Repeat(",?", len(names)-1)+`)`, append(in, vals...)...)
	if err != nil {
		return 0, fmt.Errorf("insert %s: %w", table, err)
	}
	return 1, nil
}

func (tx *writeTx) snapshotSource(ctx context.Context, kind string, src *source, at carry.Time, rows, fresh int) error {
	if fresh == 0 {
		return nil
	}
	_, err := tx.provenance(ctx, nil, kind, src, &stored{rows: rows, fresh: fresh, first: at, last: at})
	return err
}
