package data

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"strconv"
)

// dumps are the facts of a database in an order that does not depend on how
// they came in. Numbers that only count insertions, times of recording and
// the bookkeeping of the crawler are not facts.
var dumps = [...][2]string{
	{"series", `SELECT kind, symbol, step_ms FROM series ORDER BY 1, 2, 3`},
	{"kline", `SELECT s.kind, s.symbol, s.step_ms, k.open_ms, k.open, k.high, k.low, k.close, k.volume, k.quote_volume
		FROM kline k JOIN series s ON s.id = k.series_id ORDER BY 1, 2, 3, 4`},
	{"funding", `SELECT s.symbol, f.slot_ms, f.rate_type, f.time_ms, f.rate_e8, f.mark_price, f.interval_hours
		FROM funding f JOIN series s ON s.id = f.series_id ORDER BY 1, 2, 3`},
	{"instrument", `SELECT coin, spot_symbol, perp_symbol, multiplier, qty_decimals, listed_ms, delivered_ms, note FROM instrument ORDER BY 1`},
	{"rules", `SELECT leg, symbol, valid_from_ms, status, onboard_ms, delivery_ms, tick, step, min_qty, max_qty, market_step, market_max,
		min_notional, percent_up, percent_down, liquidation_fee, min_price, max_price, max_notional, min_on_market, max_on_market FROM rules ORDER BY 1, 2, 3`},
	{"bracket", `SELECT symbol, valid_from_ms, tier, floor, cap, mmr, cum, max_leverage FROM bracket ORDER BY 1, 2, 3`},
	{"funding_info", `SELECT symbol, valid_from_ms, cap, floor, interval_hours FROM funding_info ORDER BY 1, 2`},
	{"interest", `SELECT coin, valid_from_ms, rate_8h FROM interest ORDER BY 1, 2`},
	{"bill_rate", `SELECT date, rate FROM bill_rate ORDER BY 1`},
	{"life", `SELECT leg, name, symbol, from_ms, to_ms FROM life ORDER BY 1, 2`},
	{"gap", `SELECT s.kind, s.symbol, s.step_ms, g.from_ms, g.to_ms, g.missing FROM gap g JOIN series s ON s.id = g.series_id ORDER BY 1, 2, 3, 4`},
}

// Dump writes all facts as text, one per line, ordered. Two databases with the
// same dump hold the same history.
func (s *Store) Dump(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	for _, d := range dumps {
		if err := s.dumpTable(ctx, out, d[0], d[1]); err != nil {
			return s.describe(fmt.Errorf("dump %s: %w", d[0], err))
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	return nil
}

func (s *Store) dumpTable(ctx context.Context, out *bufio.Writer, name, query string) error {
	var cells []any
	var line []byte
	return eachRow(ctx, s.r, func(rows *sql.Rows) error {
		if cells == nil {
			cols, err := rows.Columns()
			if err != nil {
				return err
			}
			for range cols {
				cells = append(cells, new(any))
			}
		}
		if err := rows.Scan(cells...); err != nil {
			return err
		}
		line = append(line[:0], name...)
		for _, c := range cells {
			line = appendValue(append(line, ' '), *c.(*any))
		}
		_, err := out.Write(append(line, '\n'))
		return err
	}, query)
}

// appendValue writes a value of the database as text.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	case string:
		return append(dst, v...)
	}
	return fmt.Append(dst, v)
}
