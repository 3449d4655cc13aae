package data

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math"

	"carry"
)

// codecVersion is stored with every packed week; another version is packed anew.
const codecVersion = 1

// Kinds of series.
const (
	kindSpot    = "spot"
	kindPerp    = "perp"
	kindMark    = "mark"
	kindPremium = "premium"
	kindFunding = "funding"
)

// series is one row of table series.
type series struct {
	id     int64
	kind   string
	symbol string
}

// formOf is the segment form of a kind; 0 are settlements.
func formOf(kind string) int {
	switch kind {
	case kindSpot, kindPerp:
		return formBars
	case kindMark:
		return formMark
	case kindPremium:
		return formPremium
	}
	return 0
}

// segStat sums up one segment: what coverage needs without unpacking.
type segStat struct {
	rows, missing, noMark   int
	first, last             carry.Time
	firstInterval, interval carry.Time // funding: of the first and the last row
}

// dirEntry finds one segment within a week's bytes. On disk it takes dirSize
// bytes, little endian, in the order of the fields; times as minutes of the
// week.
type dirEntry struct {
	series   int64
	form     int
	stat     segStat
	off, len int
	crc      uint32
	sha      [16]byte // first half of SHA-256: tells segments apart, no signature
}

const dirSize = 64

// week is one packed week.
type week struct {
	start carry.Time
	dir   []dirEntry
	bytes []byte
}

func appendDir(dst []byte, start carry.Time, entries []dirEntry) []byte {
	le := binary.LittleEndian
	minute := func(t carry.Time) uint16 { return uint16((t - start) / carry.Minute) }
	from := len(dst)
	for i := range entries {
		e := &entries[i]
		dst = le.AppendUint32(dst, uint32(e.series))
		dst = le.AppendUint32(dst, uint32(e.form))
		dst = le.AppendUint16(dst, uint16(e.stat.rows))
		dst = le.AppendUint16(dst, uint16(e.stat.missing))
		dst = le.AppendUint16(dst, uint16(e.stat.noMark))
		dst = le.AppendUint16(dst, minute(e.stat.first))
		dst = le.AppendUint16(dst, minute(e.stat.last))
		dst = le.AppendUint16(dst, uint16(e.stat.firstInterval/carry.Minute))
		dst = le.AppendUint16(dst, uint16(e.stat.interval/carry.Minute))
		dst = le.AppendUint16(dst, 0)
		dst = le.AppendUint32(dst, uint32(e.off))
		dst = le.AppendUint32(dst, uint32(e.len))
		dst = le.AppendUint32(dst, e.crc)
		dst = le.AppendUint64(le.AppendUint32(dst, 0), 0)
		dst = append(dst, e.sha[:]...)
	}
	return le.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// parseDir is the inverse of appendDir; dst is reused.
func parseDir(dst []dirEntry, start carry.Time, b []byte) ([]dirEntry, error) {
	le := binary.LittleEndian
	dst = dst[:0]
	n := len(b) - 4
	if n < 0 || n%dirSize != 0 || le.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, fmt.Errorf("week of %s: directory: %w", start.Date(), errSegment)
	}
	at := func(p []byte) carry.Time { return start + carry.Time(le.Uint16(p))*carry.Minute }
	span := func(p []byte) carry.Time { return carry.Time(le.Uint16(p)) * carry.Minute }
	for ; n > 0; n -= dirSize {
		e := dirEntry{
			series: int64(le.Uint32(b)), form: int(le.Uint32(b[4:])),
			stat: segStat{
				rows: int(le.Uint16(b[8:])), missing: int(le.Uint16(b[10:])), noMark: int(le.Uint16(b[12:])),
				first: at(b[14:]), last: at(b[16:]), firstInterval: span(b[18:]), interval: span(b[20:]),
			},
			off: int(le.Uint32(b[24:])), len: int(le.Uint32(b[28:])), crc: le.Uint32(b[32:]),
		}
		copy(e.sha[:], b[48:64])
		dst = append(dst, e)
		b = b[dirSize:]
	}
	return dst, nil
}

// segment returns an entry's bytes after checking their CRC32C.
func (w *week) segment(e *dirEntry) ([]byte, error) {
	if e.off < 0 || e.len < 0 || e.off+e.len > len(w.bytes) {
		return nil, fmt.Errorf("week of %s: %w", w.start.Date(), errSegment)
	}
	seg := w.bytes[e.off : e.off+e.len]
	if crc32.Checksum(seg, castagnoli) != e.crc {
		return nil, fmt.Errorf("week of %s: checksum differs: %w", w.start.Date(), errSegment)
	}
	return seg, nil
}

// weekPacker packs weeks from rows through one connection or transaction.
type weekPacker struct {
	q      querier
	bars   *sql.Stmt
	series []series
	pk     packer
	seg    segBars
	paid   []settled
}

// preparer is a querier that can prepare statements.
type preparer interface {
	querier
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func newWeekPacker(ctx context.Context, q preparer) (*weekPacker, error) {
	list, err := listSeries(ctx, q)
	if err != nil {
		return nil, err
	}
	bars, err := q.PrepareContext(ctx, `SELECT open_ms, open, high, low, close, volume FROM kline
		WHERE series_id = ? AND open_ms >= ? AND open_ms < ? ORDER BY open_ms`)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return &weekPacker{q: q, bars: bars, series: list}, nil
}

func (p *weekPacker) close() error { return p.bars.Close() }

// listSeries lists hourly klines and funding, ordered by id.
func listSeries(ctx context.Context, q querier) ([]series, error) {
	var list []series
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var s series
		if err := rows.Scan(&s.id, &s.kind, &s.symbol); err != nil {
			return err
		}
		list = append(list, s)
		return nil
	}, `SELECT id, kind, symbol FROM series WHERE step_ms IN (0, ?) ORDER BY id`, int64(carry.Hour))
	if err != nil {
		return nil, fmt.Errorf("list series: %w", err)
	}
	return list, nil
}

// pack fills w with the week that begins at start, from rows.
func (p *weekPacker) pack(ctx context.Context, w *week, start carry.Time) error {
	w.start, w.dir, w.bytes = start, w.dir[:0], w.bytes[:0]
	for _, s := range p.series {
		off := len(w.bytes)
		stat, err := p.packSeries(ctx, w, s)
		if err != nil {
			return fmt.Errorf("pack %s %s, week of %s: %w", s.kind, s.symbol, start.Date(), err)
		}
		if stat.rows == 0 {
			continue
		}
		seg := w.bytes[off:]
		sum := sha256.Sum256(seg)
		w.dir = append(w.dir, dirEntry{
			series: s.id, form: formOf(s.kind), stat: stat, off: off, len: len(seg),
			crc: crc32.Checksum(seg, castagnoli), sha: [16]byte(sum[:16]),
		})
	}
	return nil
}

func (p *weekPacker) packSeries(ctx context.Context, w *week, s series) (segStat, error) {
	end := w.start + carry.Week
	var err error
	if s.kind == kindFunding {
		if p.paid, err = readSettled(ctx, p.q, p.paid, s.id, w.start, end, true); err != nil || len(p.paid) == 0 {
			return segStat{}, err
		}
		w.bytes = appendSettled(w.bytes, w.start, p.paid)
		return statSettled(p.paid, w.start, end), nil
	}
	if err := p.readBars(ctx, s.id, w.start); err != nil || p.seg.n == 0 {
		return segStat{}, err
	}
	if w.bytes, err = p.pk.pack(w.bytes, formOf(s.kind), &p.seg); err != nil {
		return segStat{}, err
	}
	return statBars(&p.seg, w.start, w.start, end), nil
}

// readBars fills p.seg with a series' bars of one week.
func (p *weekPacker) readBars(ctx context.Context, id int64, start carry.Time) error {
	p.seg.n = 0
	rows, err := p.bars.QueryContext(ctx, id, int64(start), int64(start+carry.Week))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var o, h, l, c float64
		var v sql.NullFloat64
		if err := rows.Scan(&at, &o, &h, &l, &c, &v); err != nil {
			return err
		}
		if carry.Time(at)%carry.Hour != 0 {
			return fmt.Errorf("bar at %s is not on the hour", carry.Time(at))
		}
		if !v.Valid {
			v.Float64 = math.NaN()
		}
		p.seg.add(int((carry.Time(at)-start)/carry.Hour), o, h, l, c, v.Float64)
	}
	return rows.Err()
}

// statBars sums up the bars with open times in [from, to).
func statBars(b *segBars, start, from, to carry.Time) segStat {
	var st segStat
	for _, r := range b.row[:b.n] {
		at := start + carry.Time(r)*carry.Hour
		if at < from || at >= to {
			continue
		}
		if st.rows == 0 {
			st.first = at
		}
		st.last = at
		st.rows++
	}
	if st.rows > 0 {
		st.missing = int((st.last-st.first)/carry.Hour) + 1 - st.rows
	}
	return st
}

// wholeStat is statBars of [from, to) without a bar missing.
func wholeStat(from, to carry.Time) segStat {
	if from >= to {
		return segStat{}
	}
	return segStat{rows: int((to - from) / carry.Hour), first: from, last: to - carry.Hour}
}

// statSettled sums up the settlements in [from, to).
func statSettled(rows []settled, from, to carry.Time) segStat {
	var st segStat
	for _, r := range rows {
		if r.slot < from || r.slot >= to {
			continue
		}
		if st.rows == 0 {
			st.first, st.firstInterval = r.slot, r.interval
		} else {
			st.missing += missedBetween(r.slot-st.last, st.interval, r.interval)
		}
		if r.mark == 0 {
			st.noMark++
		}
		st.last, st.interval = r.slot, r.interval
		st.rows++
	}
	return st
}

// store writes w into table block.
func (w *week) store(tx *writeTx) error {
	dir := appendDir(nil, w.start, w.dir)
	h := sha256.New()
	h.Write(dir)
	h.Write(w.bytes)
	_, err := tx.Exec(`INSERT OR REPLACE INTO block (week_ms, codec, sha256, dir, bytes) VALUES (?, ?, ?, ?, ?)`,
		int64(w.start), codecVersion, hex.EncodeToString(h.Sum(nil)), dir, nonNil(w.bytes))
	if err != nil {
		return fmt.Errorf("store packed week: %w", err)
	}
	return nil
}

// nonNil keeps an empty blob from becoming NULL.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
