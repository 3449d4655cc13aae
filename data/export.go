package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"carry"
)

// EachBar calls fn for the hourly bars of a series with from ≤ open time < to,
// in order of time; to 0 is without end. The bar is valid during the call only.
func (s *Store) EachBar(ctx context.Context, series Series, from, to carry.Time, fn func(*Bar) error) error {
	id, err := findSeries(ctx, s.r, series)
	if err != nil || id == 0 {
		return s.describeIf(err)
	}
	var b Bar
	err = eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var v, q sql.NullFloat64
		if err := rows.Scan(&b.At, &b.Open, &b.High, &b.Low, &b.Close, &v, &q); err != nil {
			return err
		}
		b.Volume, b.Quote = orNaN(v), orNaN(q)
		return fn(&b)
	}, `SELECT open_ms, open, high, low, close, volume, quote_volume FROM kline
		WHERE series_id = ? AND open_ms >= ? AND open_ms < ? ORDER BY open_ms`, id, int64(from), int64(endless(to)))
	return s.describeIf(err)
}

// EachPayment calls fn for the settlements of a perpetual with from ≤ slot < to,
// in order of time; to 0 is without end. The payment is valid during the call
// only.
func (s *Store) EachPayment(ctx context.Context, symbol string, from, to carry.Time, fn func(*Payment) error) error {
	id, err := findSeries(ctx, s.r, Series{kindFunding, symbol, 0})
	if err != nil || id == 0 {
		return s.describeIf(err)
	}
	var p Payment
	err = eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var mark, hours sql.NullFloat64
		if err := rows.Scan(&p.At, &p.Rate, &mark, &hours, &p.Special); err != nil {
			return err
		}
		p.Mark, p.Hours = orNaN(mark), orNaN(hours)
		return fn(&p)
	}, `SELECT time_ms, rate_e8, mark_price, interval_hours, rate_type = 'special' FROM funding
		WHERE series_id = ? AND slot_ms >= ? AND slot_ms < ? ORDER BY slot_ms, rate_type`, id, int64(from), int64(endless(to)))
	return s.describeIf(err)
}

func endless(to carry.Time) carry.Time {
	if to == 0 {
		return 1 << 62
	}
	return to
}

// Instrument is a coin and how long its contract lived.
type Instrument struct {
	carry.Pair
	Delivered carry.Time // 0: not settled by the exchange
	Note      string     // such as why it is not paired
}

// Instruments lists all coins that have any series, in order of coin. An empty
// store has none.
func (s *Store) Instruments(ctx context.Context) ([]Instrument, error) {
	all, err := loadInstruments(ctx, s.r)
	if err != nil {
		return nil, s.describe(err)
	}
	out := make([]Instrument, 0, len(all))
	for _, p := range all {
		i := Instrument{Pair: p.Pair, Delivered: p.delivered}
		err := s.r.QueryRowContext(ctx, `SELECT note FROM instrument WHERE coin = ?`, p.Coin).Scan(&i.Note)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, s.describe(fmt.Errorf("read note of %s: %w", p.Coin, err))
		}
		out = append(out, i)
	}
	return out, nil
}
