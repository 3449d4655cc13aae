package data

import (
	"context"
	"database/sql"
	"fmt"

	"carry"
)

// MonthCoverage is how much of one calendar month of a series is stored.
type MonthCoverage struct {
	Month    carry.Time // its first moment
	Rows     int
	Expected int // by the bars' step, or the settlements' intervals
}

// SeriesCoverage is a series month by month, from its first to its last row.
type SeriesCoverage struct {
	Coin, Kind, Symbol string
	First, Last        carry.Time
	Months             []MonthCoverage
}

// Coverage counts all hourly and funding rows by month, ordered by coin and
// kind. The first and the last month are expected only from the first and to
// the last row.
func (s *Store) Coverage(ctx context.Context) ([]SeriesCoverage, error) {
	all, err := loadInstruments(ctx, s.r)
	if err != nil {
		return nil, s.describe(err)
	}
	var out []SeriesCoverage
	for i := range all {
		p := &all[i]
		for slot, kind := range slotKinds {
			if p.series[slot] == 0 {
				continue
			}
			c := SeriesCoverage{Coin: p.Coin, Kind: kind, Symbol: p.PerpSymbol}
			if slot == slotSpot {
				c.Symbol = p.SpotSymbol
			}
			if err := s.coverMonths(ctx, p.series[slot], &c); err != nil {
				return nil, s.describe(err)
			}
			if len(c.Months) > 0 {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

func (s *Store) coverMonths(ctx context.Context, id int64, c *SeriesCoverage) error {
	query := `SELECT strftime('%Y-%m', open_ms / 1000, 'unixepoch'), count(*), min(open_ms), max(open_ms), 3600000.0
		FROM kline WHERE series_id = ? GROUP BY 1 ORDER BY 1`
	if c.Kind == kindFunding {
		query = `SELECT strftime('%Y-%m', slot_ms / 1000, 'unixepoch'), count(*), min(slot_ms), max(slot_ms),
			3600000.0 * ifnull(avg(interval_hours), 8) FROM funding WHERE series_id = ? AND rate_type = 'regular' GROUP BY 1 ORDER BY 1`
	}
	var steps []float64
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var month string
		var m MonthCoverage
		var first, last carry.Time
		var step float64
		if err := rows.Scan(&month, &m.Rows, &first, &last, &step); err != nil {
			return err
		}
		var err error
		if m.Month, err = carry.ParseTime(month); err != nil {
			return err
		}
		if len(c.Months) == 0 {
			c.First = first
		}
		c.Last = last
		c.Months, steps = append(c.Months, m), append(steps, step)
		return nil
	}, query, id)
	if err != nil {
		return fmt.Errorf("count months: %w", err)
	}
	c.fillMonths(steps)
	return nil
}

// fillMonths adds the months without rows and computes what is expected.
func (c *SeriesCoverage) fillMonths(steps []float64) {
	var out []MonthCoverage
	for i := range c.Months {
		for i > 0 && nextMonth(out[len(out)-1].Month) < c.Months[i].Month {
			m := nextMonth(out[len(out)-1].Month)
			out = append(out, MonthCoverage{Month: m, Expected: int(float64(nextMonth(m)-m) / steps[i])})
		}
		m := c.Months[i]
		from, to := max(m.Month, c.First), min(nextMonth(m.Month), c.Last+carry.Time(steps[i]))
		m.Expected = max(m.Rows, int(float64(to-from)/steps[i]))
		if c.Kind == kindFunding && m.Rows+1 >= m.Expected {
			m.Expected = m.Rows // the interval may have changed within the month
		}
		out = append(out, m)
	}
	c.Months = out
}

func nextMonth(t carry.Time) carry.Time { return carry.Time(t.UTC().AddDate(0, 1, 0).UnixMilli()) }
