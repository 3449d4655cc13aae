package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"

	"carry"
)

// TapeOptions choose what a tape delivers.
type TapeOptions struct {
	// From and To bound the bars' open times, From inclusive, To exclusive,
	// both floored to the hour and cut to what the data hold; 0 is everything.
	// A warm-up is the caller's business: it is part of the range.
	From, To carry.Time
	// Coins limits the pairs; empty is every coin that has spot, perpetual and
	// funding.
	Coins []string
	// FromRows reads table rows and packs them in memory instead of reading the
	// packed form: slower, the same blocks and the same hash.
	FromRows bool
}

// TapeReader is a carry.Tape over a Store. It reads from one snapshot of the
// database, so that writers cannot change a running backtest, and holds no more
// than one week of bars. It is not safe for concurrent use; Close it.
type TapeReader struct {
	ctx   context.Context
	tx    *sql.Tx
	pairs []tapePair
	info  carry.TapeInfo
	// inMemory is set where the packed form cannot be brought up to date.
	inMemory bool
	at       carry.Time // open time of the next block's first bar

	// dest maps a series' id to pair × slotCount + slot, −1 for none.
	dest []int32
	// Exactly one of rows (packed form) and packer (from rows) is set.
	rows   *sql.Rows
	packer *weekPacker

	week   week
	unpack unpacker
	seg    segBars
	paid   []settled
	sorted []carry.Settlement
	counts [weekBars + 1]int32
}

// OpenTape brings the packed form up to date, opens a snapshot of the database
// and describes it. ctx ends the tape when it is cancelled. Errors wrap
// ErrUnknownCoin, ErrNoLeg, ErrEmptyRange or ErrNoData where they are about
// what was asked.
func OpenTape(ctx context.Context, s *Store, o TapeOptions) (*TapeReader, error) {
	t := &TapeReader{ctx: ctx}
	err := t.begin(s, o)
	if err == nil && !o.FromRows {
		err = t.pack(s, o)
	}
	if err == nil {
		err = t.open(o.FromRows || t.inMemory)
	}
	if err != nil {
		return nil, errors.Join(s.describe(err), t.Close())
	}
	return t, nil
}

// begin opens a snapshot and finds pairs and span in it.
func (t *TapeReader) begin(s *Store, o TapeOptions) error {
	var err error
	if t.tx, err = s.r.BeginTx(t.ctx, nil); err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	if t.pairs, err = loadPairs(t.ctx, t.tx, o.Coins); err != nil {
		return err
	}
	t.info.From, t.info.To, err = tapeSpan(t.ctx, t.tx, t.pairs, o)
	return err
}

// pack brings the packed form up to date; where it had to be changed the
// snapshot is taken anew.
func (t *TapeReader) pack(s *Store, o TapeOptions) error {
	stale, err := staleWeeks(t.ctx, t.tx, t.info.From, t.info.To)
	if err != nil || len(stale) == 0 {
		return err
	}
	from, to := t.info.From, t.info.To
	if s.readOnly {
		err = ErrReadOnly
	} else if err = t.tx.Rollback(); err == nil {
		_, err = s.Pack(t.ctx, from, to)
		if again := t.begin(s, o); again != nil {
			return again
		}
	}
	if errors.Is(err, ErrReadOnly) {
		t.inMemory = true
		t.info.Warnings = append(t.info.Warnings, carry.Warning{Code: "read-only-database",
			Text: "The database cannot be written, so rows were packed in memory: slower, same result."})
		return nil
	}
	return err
}

// tapeSpan is the range that the options ask for, cut to the data.
func tapeSpan(ctx context.Context, q querier, pairs []tapePair, o TapeOptions) (from, to carry.Time, err error) {
	from, to = o.From.Floor(carry.Hour), o.To.Floor(carry.Hour)
	if 0 < from && from < to {
		if inside, err := covers(ctx, q, pairs, from, to); inside || err != nil {
			return from, to, err
		}
	}
	first, last, err := spanOf(ctx, q, pairs)
	if err != nil {
		return 0, 0, err
	}
	from = max(from, first)
	if to == 0 {
		to = last
	}
	to = min(to, last)
	if from >= to {
		return 0, 0, fmt.Errorf("%w: the data hold %s to %s", ErrEmptyRange, first, last)
	}
	return from, to, nil
}

func (t *TapeReader) open(inMemory bool) error {
	var err error
	t.info.Step = carry.Hour
	t.at = t.info.From
	var maxID int64
	for _, p := range t.pairs {
		t.info.Pairs = append(t.info.Pairs, p.Pair)
		for _, id := range p.series {
			maxID = max(maxID, id)
		}
	}
	t.dest = make([]int32, maxID+1)
	for i := range t.dest {
		t.dest[i] = -1
	}
	for i, p := range t.pairs {
		for slot, id := range p.series {
			if id != 0 {
				t.dest[id] = int32(i*slotCount + slot)
			}
		}
	}
	if inMemory {
		if t.packer, err = newWeekPacker(t.ctx, t.tx); err != nil {
			return err
		}
		// Only the pairs' series are needed.
		kept := t.packer.series[:0]
		for _, s := range t.packer.series {
			if t.destOf(s.id) >= 0 {
				kept = append(kept, s)
			}
		}
		t.packer.series = kept
	}
	if err := t.describe(); err != nil {
		return err
	}
	if inMemory {
		return nil
	}
	t.rows, err = t.tx.QueryContext(t.ctx, `SELECT week_ms, dir, bytes FROM block
		WHERE codec = ? AND week_ms >= ? AND week_ms < ? ORDER BY week_ms`,
		codecVersion, int64(t.info.From.Floor(carry.Week)), int64(t.info.To))
	if err != nil {
		return fmt.Errorf("read packed weeks: %w", err)
	}
	return nil
}

// destOf is where a series goes, −1 for nowhere.
func (t *TapeReader) destOf(id int64) int32 {
	if id < 0 || id >= int64(len(t.dest)) {
		return -1
	}
	return t.dest[id]
}

// Info implements carry.Tape.
func (t *TapeReader) Info() *carry.TapeInfo { return &t.info }

// Close ends the snapshot.
func (t *TapeReader) Close() error {
	var errs []error
	if t.rows != nil {
		errs = append(errs, t.rows.Close())
	}
	if t.packer != nil {
		errs = append(errs, t.packer.close())
	}
	if t.tx != nil {
		if err := t.tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Next implements carry.Tape: it fills b with the rest of the current week, cut
// to the tape's range, and returns io.EOF after the last one.
func (t *TapeReader) Next(b *carry.Block) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if t.at >= t.info.To {
		return io.EOF
	}
	start := t.at.Floor(carry.Week)
	if err := t.load(start); err != nil {
		return err
	}
	end := min(start+carry.Week, t.info.To)
	b.Start, b.Step = t.at, carry.Hour
	if cap(b.Premium) == 0 {
		b.Resize(weekBars, len(t.pairs)) // at once, however short the first week is
	}
	b.Resize(int((end-t.at)/carry.Hour), len(t.pairs))
	if err := t.decode(b, end); err != nil {
		return err
	}
	t.at = end
	return nil
}

// load brings the week that begins at start into t.week.
func (t *TapeReader) load(start carry.Time) error {
	if t.packer != nil {
		return t.packer.pack(t.ctx, &t.week, start)
	}
	if !t.rows.Next() {
		if err := t.rows.Err(); err != nil {
			return fmt.Errorf("read packed weeks: %w", err)
		}
		return fmt.Errorf("packed week of %s is missing", start.Date())
	}
	var at int64
	var dir, bytes sql.RawBytes
	if err := t.rows.Scan(&at, &dir, &bytes); err != nil {
		return fmt.Errorf("read packed weeks: %w", err)
	}
	if carry.Time(at) != start {
		return fmt.Errorf("packed week of %s is missing", start.Date())
	}
	var err error
	t.week.start, t.week.bytes = start, bytes // valid until the next Next
	t.week.dir, err = parseDir(t.week.dir, start, dir)
	return err
}

// columns are a block's columns of one slot, by column of segBars.
func columns(b *carry.Block, slot int) [5][]float64 {
	switch slot {
	case slotSpot:
		return [5][]float64{b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close, b.Spot.Volume}
	case slotPerp:
		return [5][]float64{b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close, b.Perp.Volume}
	case slotMark:
		return [5][]float64{colOpen: b.MarkOpen, colHigh: b.MarkHigh, colClose: b.MarkClose}
	}
	return [5][]float64{colClose: b.Premium}
}

// decode unpacks t.week into b; bars outside [b.Start, end) and after a pair's
// delivery are left out.
func (t *TapeReader) decode(b *carry.Block, end carry.Time) error {
	var whole [slotCount]int
	for i := range t.week.dir {
		e := &t.week.dir[i]
		if d := t.destOf(e.series); d >= 0 && e.stat.rows == weekBars && t.pairEnd(int(d)/slotCount, end) == end {
			whole[d%slotCount]++
		}
	}
	for slot := range slotFunding {
		if whole[slot] == b.P && b.N == weekBars {
			continue
		}
		cols := columns(b, slot)
		for _, c := range formCols[formOf(slotKinds[slot])] {
			fillNaN(cols[c])
		}
	}
	t.paid = t.paid[:0]
	unsorted := t.sorted[:0]
	for i := range t.week.dir {
		e := &t.week.dir[i]
		d := t.destOf(e.series)
		if d < 0 {
			continue
		}
		seg, err := t.week.segment(e)
		if err != nil {
			return err
		}
		pair, slot := int(d)/slotCount, int(d)%slotCount
		to := t.pairEnd(pair, end)
		if slot == slotFunding {
			if unsorted, err = t.addSettled(unsorted, seg, pair, b.Start, to); err != nil {
				return err
			}
			continue
		}
		form := formOf(slotKinds[slot])
		if err := t.unpack.unpack(seg, form, &t.seg); err != nil {
			return fmt.Errorf("week of %s, %s %s: %w", t.week.start.Date(), t.pairs[pair].Coin, slotKinds[slot], err)
		}
		cols := columns(b, slot)
		for _, c := range formCols[form] {
			t.seg.scatter(cols[c], c, pair, b.P, int((b.Start-t.week.start)/carry.Hour), int((to-t.week.start)/carry.Hour))
		}
	}
	t.sorted = unsorted
	t.sortSettled(b)
	return nil
}

// pairEnd is where a pair's data end within a block that ends at end.
func (t *TapeReader) pairEnd(pair int, end carry.Time) carry.Time {
	if d := t.pairs[pair].delivered; d > 0 && d < end {
		return d.Floor(carry.Hour)
	}
	return end
}

// scatter writes a column's bars of rows [from, to) into a time-major block
// column whose first instant is row from.
func (b *segBars) scatter(dst []float64, col, pair, pairs, from, to int) {
	src := b.col[col][:b.n]
	if b.full && from == 0 && to >= weekBars {
		at := pair
		for _, x := range src {
			dst[at] = x
			at += pairs
		}
		return
	}
	for i, x := range src {
		if r := int(b.row[i]); r >= from && r < to {
			dst[(r-from)*pairs+pair] = x
		}
	}
}

// fillNaN fills by doubling copies, which runs at memory speed.
func fillNaN(dst []float64) {
	if len(dst) == 0 {
		return
	}
	dst[0] = math.NaN()
	for n := 1; n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// addSettled appends a pair's settlements in [from, to).
func (t *TapeReader) addSettled(dst []carry.Settlement, seg []byte, pair int, from, to carry.Time) ([]carry.Settlement, error) {
	var err error
	if t.paid, err = unpackSettled(t.paid, seg, t.week.start); err != nil {
		return dst, fmt.Errorf("week of %s, %s funding: %w", t.week.start.Date(), t.pairs[pair].Coin, err)
	}
	for _, r := range t.paid {
		if r.slot < from || r.slot >= to {
			continue
		}
		dst = append(dst, carry.Settlement{At: r.slot, Pair: int32(pair), Rate: r.rate, Mark: r.mark,
			IntervalH: float64(r.interval) / float64(carry.Hour)})
	}
	return dst, nil
}

// sortSettled moves t.sorted into b.Settled in order of (At, Pair): a counting
// sort by hour, then an insertion sort for the rare ones off the hour or out of
// pair order.
func (t *TapeReader) sortSettled(b *carry.Block) {
	clear(t.counts[:])
	hour := func(s *carry.Settlement) int { return int((s.At - t.week.start) / carry.Hour) }
	for i := range t.sorted {
		t.counts[hour(&t.sorted[i])+1]++
	}
	for i := 1; i < len(t.counts); i++ {
		t.counts[i] += t.counts[i-1]
	}
	n := len(t.sorted)
	if cap(b.Settled) < n {
		b.Settled = make([]carry.Settlement, n, 2*n)
	}
	b.Settled = b.Settled[:n]
	for i := range t.sorted {
		h := hour(&t.sorted[i])
		b.Settled[t.counts[h]] = t.sorted[i]
		t.counts[h]++
	}
	for i := 1; i < n; i++ {
		s := b.Settled[i]
		j := i
		for ; j > 0 && (b.Settled[j-1].At > s.At || b.Settled[j-1].At == s.At && b.Settled[j-1].Pair > s.Pair); j-- {
			b.Settled[j] = b.Settled[j-1]
		}
		b.Settled[j] = s
	}
}
