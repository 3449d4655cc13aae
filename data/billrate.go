package data

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"carry"
)

// ImportBills reads a CSV file of treasury bill rates: date,rate with the rate
// as a fraction a year, or a series of the Federal Reserve of St. Louis
// (observation_date or DATE, then e.g. DTB3) in percent, whose days without a
// figure are skipped. Rates of days that are stored already are replaced. It
// returns rows read and rows changed; a file that is wrong is refused as a whole.
func (s *Store) ImportBills(ctx context.Context, path string) (rows, changed int, err error) {
	src, err := readSource(path, nil)
	if err != nil {
		return 0, 0, err
	}
	list, err := parseBills(src)
	if err != nil {
		return 0, 0, err
	}
	err = s.write(ctx, func(tx *writeTx) error {
		for _, b := range list {
			res, err := tx.ExecContext(ctx, `INSERT INTO bill_rate (date, rate) VALUES (?1, ?2)
				ON CONFLICT (date) DO UPDATE SET rate = ?2 WHERE rate <> ?2`, b.date, b.rate)
			if err != nil {
				return fmt.Errorf("store bill rate: %w", err)
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			changed += int(n)
		}
		first, _ := carry.ParseTime(list[0].date)
		last, _ := carry.ParseTime(list[len(list)-1].date)
		_, err := tx.provenance(ctx, nil, "bill rates", src, &stored{rows: len(list), fresh: changed, first: first, last: last})
		return err
	})
	return len(list), changed, s.describeIf(err)
}

type billRow struct {
	date string
	rate float64
}

func parseBills(src *source) ([]billRow, error) {
	l := &lines{path: src.path, rest: src.text}
	head, ok, err := l.next()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &FileError{src.path, 1, "the file is empty"}
	}
	first, second, _ := strings.Cut(string(head), ",")
	scale := 1.0
	switch {
	case first == "date" && second == "rate":
	case (first == "observation_date" || first == "DATE") && second != "" && !strings.Contains(second, ","):
		scale = 100
	default:
		return nil, l.fail("unknown header %q, want date,rate (fraction a year) or observation_date,DTB3 (percent)", clip(head))
	}
	var out []billRow
	for {
		cells, err := l.cells(2)
		if err != nil {
			return nil, err
		}
		if cells == nil {
			break
		}
		date := string(cells[0])
		if _, err := carry.ParseTime(date); err != nil || len(date) != len("2006-01-02") {
			return nil, l.fail("date %q, want the form 2021-05-19", clip(cells[0]))
		}
		if n := len(out); n > 0 && date <= out[n-1].date {
			return nil, l.fail("date %s does not come after %s", date, out[n-1].date)
		}
		if scale == 100 && (len(cells[1]) == 0 || string(cells[1]) == ".") {
			continue
		}
		v, err := strconv.ParseFloat(string(cells[1]), 64)
		if err != nil || !(v > -0.1*scale && v < 0.5*scale) {
			return nil, l.fail("rate %q is not a %s a year", clip(cells[1]), map[float64]string{1: "fraction", 100: "percentage"}[scale])
		}
		out = append(out, billRow{date, v / scale})
	}
	if len(out) == 0 {
		return nil, &FileError{src.path, 1, "the file has a header but no rows"}
	}
	return out, nil
}

// BillRate is a yield that holds from a day on.
type BillRate struct {
	From carry.Time
	Frac float64 // fraction a year
}

// BillRates lists the imported yields by date; none is no error.
func (s *Store) BillRates(ctx context.Context) ([]BillRate, error) {
	var out []BillRate
	err := eachRow(ctx, s.r, func(rows *sql.Rows) error {
		var date string
		var r BillRate
		if err := rows.Scan(&date, &r.Frac); err != nil {
			return err
		}
		at, err := carry.ParseTime(date)
		if err != nil {
			return fmt.Errorf("bill rate: %w", err)
		}
		r.From = at
		out = append(out, r)
		return nil
	}, `SELECT date, rate FROM bill_rate ORDER BY date`)
	return out, s.describeIf(err)
}
