package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"carry"
)

// Kinds of series, as Series.Kind.
const (
	KindSpot    = kindSpot
	KindPerp    = kindPerp
	KindMark    = kindMark
	KindPremium = kindPremium
	KindFunding = kindFunding
)

// Series names one series of the store.
type Series struct {
	Kind   string     // one of the Kinds
	Symbol string     // as the exchange spells it, or a life's name
	Step   carry.Time // length of a bar; 0 for funding
}

// String is kind and symbol.
func (s Series) String() string { return s.Kind + " " + s.Symbol }

// Span is the time From ≤ t < To.
type Span struct{ From, To carry.Time }

// Bar is one kline. Volume (coins or contracts) and Quote (USDT) are NaN where
// the source has none.
type Bar struct {
	At                     carry.Time // open time
	Open, High, Low, Close float64
	Volume, Quote          float64
}

// Payment is one settled funding rate.
type Payment struct {
	At      carry.Time // as stamped
	Rate    carry.SettledRate
	Mark    float64 // mark price, USDT; NaN where the source has none
	Hours   float64 // since the settlement before; NaN where the source does not tell
	Special bool
}

// Chunk is what one request or file brought. It is stored as a whole or not at
// all.
type Chunk struct {
	Series Series
	Bars   []Bar     // in order of time, none for funding
	Paid   []Payment // in order of time, funding only
	Source string    // request or file; the provenance
	SHA256 string    // of what was read
	// Searched, if not empty, says that the chunk holds all that exists there.
	Searched Span
	// File is set when the rows come from an archive.
	File *ArchiveFile
	// Republished: the file replaces one that is stored, so that its values
	// replace those of rows that differ.
	Republished bool
}

// ErrConflict says that a row is stored already with other values. Nothing of
// the chunk was stored.
var ErrConflict = errors.New("differs from what is stored")

// ErrFull says that the disk is full, or that the file may not grow any more.
// What was stored before is whole.
var ErrFull = errors.New("the disk is full")

// PutReport says what became of a chunk's rows.
type PutReport struct {
	New      int // not known before
	Replaced int // with other values, of a republished file
	Filled   int // a column that was empty was filled
}

// Put stores a chunk in one transaction. The same chunk again changes nothing.
// Rows from several sources merge whatever their order: a column that one source
// lacks is filled from the other. Errors wrap ErrRefused (a row cannot be
// right), ErrConflict or ErrFull.
func (s *Store) Put(ctx context.Context, c *Chunk) (PutReport, error) {
	var rep PutReport
	if err := c.check(); err != nil {
		return rep, err
	}
	err := s.write(ctx, func(tx *writeTx) error {
		if err := tx.putRows(ctx, c, &rep); err != nil {
			return err
		}
		if c.Searched.To > c.Searched.From {
			if err := tx.search(ctx, c.Series, c.Searched); err != nil {
				return err
			}
		}
		if c.File != nil {
			return tx.putFile(ctx, c.Series, c.File)
		}
		return nil
	})
	if err != nil {
		return PutReport{}, s.describe(fullDisk(err))
	}
	return rep, nil
}

func fullDisk(err error) error {
	text := err.Error()
	// 778 is SQLite's code for a write that failed; the pure Go driver says no more
	// of a file that may not grow.
	for _, sign := range []string{"disk is full", "no space left", "file too large", "quota exceeded", "error (778)"} {
		if strings.Contains(text, sign) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	return err
}

func (tx *writeTx) putRows(ctx context.Context, c *Chunk, rep *PutReport) error {
	n := len(c.Bars) + len(c.Paid)
	if n == 0 {
		return nil
	}
	id, err := tx.series(ctx, c.Series)
	if err != nil {
		return err
	}
	st := stored{rows: n}
	if len(c.Bars) > 0 {
		st.first, st.last = c.Bars[0].At, c.Bars[n-1].At
		err = tx.mergeBars(ctx, id, c, rep)
	} else {
		st.first, st.last = c.Paid[0].At.Slot(), c.Paid[n-1].At.Slot()
		err = tx.mergePaid(ctx, id, c, rep)
	}
	if err != nil {
		return err
	}
	if rep.New+rep.Replaced+rep.Filled > 0 {
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO regap (series_id) VALUES (?)`, id); err != nil {
			return fmt.Errorf("mark gaps: %w", err)
		}
	}
	st.fresh = rep.New
	_, err = tx.provenance(ctx, &id, c.Series.Kind, &source{path: c.Source, sha: c.SHA256}, &st)
	return err
}

// series returns the id of a series of any step, made where needed.
func (tx *writeTx) series(ctx context.Context, s Series) (int64, error) {
	_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO series (kind, symbol, step_ms) VALUES (?, ?, ?)`, s.Kind, s.Symbol, int64(s.Step))
	if err != nil {
		return 0, fmt.Errorf("add series: %w", err)
	}
	return findSeries(ctx, tx, s)
}

// findSeries returns the id of a series, 0 where it is not stored.
func findSeries(ctx context.Context, q querier, s Series) (int64, error) {
	var id int64
	err := q.QueryRowContext(ctx, `SELECT id FROM series WHERE kind = ? AND symbol = ? AND step_ms = ?`, s.Kind, s.Symbol, int64(s.Step)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find series: %w", err)
	}
	return id, nil
}

// same compares values; NaN equals NaN.
func same(a, b float64) bool { return a == b || a != a && b != b }

// fills says whether b can stand where a is: equal, or a is empty.
func fills(a, b float64) bool { return a == b || a != a || b != b }

// merge returns old completed by b, and whether that is possible.
func (b *Bar) merge(old *Bar) (Bar, bool) {
	out := *old
	if b.Open != old.Open || b.High != old.High || b.Low != old.Low || b.Close != old.Close ||
		!fills(old.Volume, b.Volume) || !fills(old.Quote, b.Quote) {
		return *b, false
	}
	if math.IsNaN(out.Volume) {
		out.Volume = b.Volume
	}
	if math.IsNaN(out.Quote) {
		out.Quote = b.Quote
	}
	return out, true
}

func (tx *writeTx) mergeBars(ctx context.Context, id int64, c *Chunk, rep *PutReport) error {
	bars := c.Bars
	var fresh, change []Bar
	i := 0
	err := eachRow(ctx, tx, func(rows *sql.Rows) error {
		var old Bar
		var v, q sql.NullFloat64
		if err := rows.Scan(&old.At, &old.Open, &old.High, &old.Low, &old.Close, &v, &q); err != nil {
			return err
		}
		old.Volume, old.Quote = orNaN(v), orNaN(q)
		for i < len(bars) && bars[i].At < old.At {
			fresh = append(fresh, bars[i])
			i++
		}
		if i == len(bars) || bars[i].At != old.At {
			return nil
		}
		b, ok := bars[i].merge(&old)
		i++
		switch {
		case !ok && !c.Republished:
			return fmt.Errorf("%s: %s of %s: bar %s %w: %s, stored %s", c.Source, c.Series.Kind, c.Series.Symbol, old.At, ErrConflict, b.values(), old.values())
		case !ok:
			rep.Replaced++
			change = append(change, b)
		case !same(b.Volume, old.Volume) || !same(b.Quote, old.Quote):
			rep.Filled++
			change = append(change, b)
		}
		return nil
	}, `SELECT open_ms, open, high, low, close, volume, quote_volume FROM kline
		WHERE series_id = ? AND open_ms BETWEEN ? AND ? ORDER BY open_ms`, id, int64(bars[0].At), int64(bars[len(bars)-1].At))
	if err != nil {
		return err
	}
	if i == 0 && len(fresh) == 0 {
		fresh = bars
	} else {
		fresh = append(fresh, bars[i:]...)
	}
	rep.New = len(fresh)
	for _, b := range change {
		_, err := tx.ExecContext(ctx, `UPDATE kline SET open = ?, high = ?, low = ?, close = ?, volume = ?, quote_volume = ?
			WHERE series_id = ? AND open_ms = ?`, b.Open, b.High, b.Low, b.Close, nullable(b.Volume), nullable(b.Quote), id, int64(b.At))
		if err != nil {
			return fmt.Errorf("update klines: %w", err)
		}
	}
	return tx.insertBars(ctx, id, fresh)
}

func (tx *writeTx) insertBars(ctx context.Context, id int64, bars []Bar) error {
	if len(bars) == 0 {
		return nil
	}
	in := newInserter(tx, "kline", "series_id", "open_ms", "open", "high", "low", "close", "volume", "quote_volume")
	for i := range bars {
		b := &bars[i]
		err := in.add(ctx, id, int64(b.At), b.Open, b.High, b.Low, b.Close, nullable(b.Volume), nullable(b.Quote))
		if err != nil {
			return fmt.Errorf("insert klines: %w", err)
		}
	}
	if err := in.flush(ctx); err != nil {
		return fmt.Errorf("insert klines: %w", err)
	}
	return nil
}

func (b *Bar) values() string {
	return fmt.Sprintf("%v %v %v %v volume %v quote %v", b.Open, b.High, b.Low, b.Close, b.Volume, b.Quote)
}

// rateType is the key's word for a payment's kind.
func (p *Payment) rateType() string {
	if p.Special {
		return "special"
	}
	return "regular"
}

// merge returns old completed by p, and whether that is possible. The stamp is
// the earlier one, so that the order of sources does not matter.
func (p *Payment) merge(old *Payment) (Payment, bool) {
	if p.Rate != old.Rate || !fills(old.Mark, p.Mark) || !fills(old.Hours, p.Hours) {
		return *p, false
	}
	out := *old
	out.At = min(out.At, p.At)
	if math.IsNaN(out.Mark) {
		out.Mark = p.Mark
	}
	if math.IsNaN(out.Hours) {
		out.Hours = p.Hours
	}
	return out, true
}

func (p *Payment) equal(q *Payment) bool {
	return p.At == q.At && p.Rate == q.Rate && same(p.Mark, q.Mark) && same(p.Hours, q.Hours)
}

type paidKey struct {
	slot    carry.Time
	special bool
}

func (tx *writeTx) mergePaid(ctx context.Context, id int64, c *Chunk, rep *PutReport) error {
	have := map[paidKey]Payment{}
	first, last := c.Paid[0].At.Slot(), c.Paid[len(c.Paid)-1].At.Slot()
	err := eachRow(ctx, tx, func(rows *sql.Rows) error {
		var p Payment
		var slot carry.Time
		var mark, hours sql.NullFloat64
		if err := rows.Scan(&slot, &p.Special, &p.At, &p.Rate, &mark, &hours); err != nil {
			return err
		}
		p.Mark, p.Hours = orNaN(mark), orNaN(hours)
		have[paidKey{slot, p.Special}] = p
		return nil
	}, `SELECT slot_ms, rate_type = 'special', time_ms, rate_e8, mark_price, interval_hours FROM funding
		WHERE series_id = ? AND slot_ms BETWEEN ? AND ?`, id, int64(first), int64(last))
	if err != nil {
		return fmt.Errorf("compare funding: %w", err)
	}
	in := newInserter(tx, "funding", "series_id", "slot_ms", "rate_type", "time_ms", "rate_e8", "mark_price", "interval_hours")
	for i := range c.Paid {
		p := c.Paid[i]
		old, known := have[paidKey{p.At.Slot(), p.Special}]
		if !known {
			rep.New++
			if err := in.add(ctx, id, int64(p.At.Slot()), p.rateType(), int64(p.At), int64(p.Rate), nullable(p.Mark), nullable(p.Hours)); err != nil {
				return fmt.Errorf("insert funding: %w", err)
			}
			continue
		}
		merged, ok := p.merge(&old)
		switch {
		case !ok && !c.Republished:
			return fmt.Errorf("%s: %s: settlement %s %w: rate %s, stored %s", c.Source, c.Series, p.At.Slot(), ErrConflict,
				carry.FormatFixed(int64(p.Rate)), carry.FormatFixed(int64(old.Rate)))
		case !ok:
			rep.Replaced++
		case merged.equal(&old):
			continue
		default:
			rep.Filled++
		}
		_, err := tx.ExecContext(ctx, `UPDATE funding SET time_ms = ?, rate_e8 = ?, mark_price = ?, interval_hours = ?
			WHERE series_id = ? AND slot_ms = ? AND rate_type = ?`, int64(merged.At), int64(merged.Rate), nullable(merged.Mark), nullable(merged.Hours),
			id, int64(p.At.Slot()), p.rateType())
		if err != nil {
			return fmt.Errorf("update funding: %w", err)
		}
	}
	if err := in.flush(ctx); err != nil {
		return fmt.Errorf("insert funding: %w", err)
	}
	return nil
}

// check refuses a chunk with a row that cannot be right, whoever made it.
func (c *Chunk) check() error {
	refuse := func(at carry.Time, what string) error {
		return fmt.Errorf("%s: %s: %w: %s: %s", c.Source, c.Series, ErrRefused, at, what)
	}
	if !slices.Contains(slotKinds[:], c.Series.Kind) || c.Series.Symbol == "" || (c.Series.Kind == kindFunding) != (c.Series.Step == 0) {
		return refuse(0, "no such series")
	}
	if c.Series.Kind == kindFunding && len(c.Bars) > 0 || c.Series.Kind != kindFunding && len(c.Paid) > 0 {
		return refuse(0, "rows of another kind")
	}
	for i := range c.Bars {
		b := &c.Bars[i]
		if what := b.wrong(c.Series); what != "" {
			return refuse(b.At, what)
		}
		if i > 0 && b.At <= c.Bars[i-1].At {
			return refuse(b.At, "not in order")
		}
	}
	for i := range c.Paid {
		p := &c.Paid[i]
		if what := p.wrong(); what != "" {
			return refuse(p.At, what)
		}
		if i == 0 {
			continue
		}
		if q := &c.Paid[i-1]; p.At.Slot() < q.At.Slot() || p.At.Slot() == q.At.Slot() && p.Special == q.Special {
			return refuse(p.At, "not in order, or there twice")
		}
	}
	return nil
}

// wrong says why a bar cannot be stored; "" when it can.
func (b *Bar) wrong(s Series) string {
	prices := [...]float64{b.Open, b.High, b.Low, b.Close}
	for _, x := range prices {
		if !(math.Abs(x) <= maxPrice) || x <= 0 && s.Kind != kindPremium {
			return fmt.Sprintf("%v is not a price", x)
		}
	}
	switch {
	case b.At < firstSaneTime || b.At >= lastSaneTime:
		return "the time is not between 2017 and 2100"
	case b.At%s.Step != 0:
		return "the open time is not on the interval"
	case b.High < max(b.Open, b.Close) || b.Low > min(b.Open, b.Close):
		return "high and low do not enclose open and close"
	case b.Volume < 0 || b.Quote < 0 || math.IsInf(b.Volume, 0) || math.IsInf(b.Quote, 0):
		return "a volume is negative or infinite"
	}
	return ""
}

// wrong says why a settlement cannot be stored; "" when it can.
func (p *Payment) wrong() string {
	switch {
	case p.At < firstSaneTime || p.At >= lastSaneTime:
		return "the time is not between 2017 and 2100"
	case p.Rate > maxRate || p.Rate < -maxRate:
		return "the rate is beyond 20 % a settlement"
	case p.Mark <= 0 || p.Mark > maxPrice:
		return fmt.Sprintf("%v is not a mark price", p.Mark)
	case p.Hours <= 0 || p.Hours > 24 || !math.IsNaN(p.Hours) && float64(p.Hours*60) != math.Trunc(p.Hours*60):
		return fmt.Sprintf("%v h is not an interval", p.Hours)
	}
	return ""
}
