package data

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"slices"
	"strings"

	"carry"
)

// endSlack is how much earlier than the tape a leg may stop before it counts as
// having no more data.
const endSlack = 48 * carry.Hour

// seriesSum adds up one series over the tape.
type seriesSum struct {
	present, missing, noMark int
	first, last              carry.Time
	interval                 carry.Time
	holes                    []span // of klines, longer than haltMax
}

// span is [from, to).
type span struct{ from, to carry.Time }

// hole notes missing bars between two consecutive ones.
func (s *seriesSum) hole(before, after carry.Time) {
	if after-before-carry.Hour > haltMax {
		s.holes = append(s.holes, span{before + carry.Hour, after})
	}
}

func (s *seriesSum) add(st segStat, funding bool) {
	if st.rows == 0 {
		return
	}
	switch {
	case s.present == 0:
		s.first = st.first
	case funding:
		s.missing += missedBetween(st.first-s.last, s.interval, st.firstInterval)
	default:
		s.missing += int((st.first-s.last)/carry.Hour) - 1
		s.hole(s.last, st.first)
	}
	s.present += st.rows
	s.missing += st.missing
	s.noMark += st.noMark
	s.last, s.interval = st.last, st.interval
}

// describe fills t.info: rules, ends, coverage, warnings and the hash.
func (t *TapeReader) describe() error {
	sums := make([]seriesSum, len(t.pairs)*slotCount)
	h := sha256.New()
	if err := t.sumWeeks(sums, h); err != nil {
		return err
	}
	book, err := loadRuleBook(t.ctx, t.tx)
	if err != nil {
		return err
	}
	var defaults []string
	for i := range t.pairs {
		price := 0.0
		if !book.recorded(&t.pairs[i]) {
			defaults = append(defaults, t.pairs[i].Coin)
			if price, err = t.firstPrice(i); err != nil {
				return err
			}
		}
		rules, err := book.rulesOf(i, &t.pairs[i], price)
		if err != nil {
			return err
		}
		t.info.Rules = append(t.info.Rules, rules...)
	}
	slices.SortFunc(t.info.Rules, func(a, b carry.Rules) int {
		if a.From != b.From {
			return int(min(max(a.From-b.From, -1), 1))
		}
		return int(a.Pair - b.Pair)
	})
	for i := range t.pairs {
		t.addHoles(i, sums[i*slotCount+slotSpot].holes, sums[i*slotCount+slotPerp].holes)
		if err := t.addEnd(i, sums[i*slotCount:]); err != nil {
			return err
		}
	}
	t.sortEnds()
	t.coverage(sums)
	t.warn(sums, defaults)
	t.info.Source = fmt.Sprintf("Binance history, hourly, %d coins", len(t.pairs))
	t.info.Hash = t.hash(h)
	return nil
}

// sumWeeks walks the directories of all weeks: it adds up coverage and feeds
// the hash with every segment that the tape will deliver.
func (t *TapeReader) sumWeeks(sums []seriesSum, h hash.Hash) error {
	if t.packer != nil {
		for start := t.info.From.Floor(carry.Week); start < t.info.To; start += carry.Week {
			if err := t.packer.pack(t.ctx, &t.week, start); err != nil {
				return err
			}
			if err := t.sumWeek(sums, h); err != nil {
				return err
			}
		}
		return nil
	}
	rows, err := t.tx.QueryContext(t.ctx, `SELECT week_ms, dir FROM block
		WHERE codec = ? AND week_ms >= ? AND week_ms < ? ORDER BY week_ms`,
		codecVersion, int64(t.info.From.Floor(carry.Week)), int64(t.info.To))
	if err != nil {
		return fmt.Errorf("read packed weeks: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var dir sql.RawBytes
		if err := rows.Scan(&at, &dir); err != nil {
			return fmt.Errorf("read packed weeks: %w", err)
		}
		t.week.start, t.week.bytes = carry.Time(at), nil
		if t.week.dir, err = parseDir(t.week.dir, t.week.start, dir); err != nil {
			return err
		}
		if err := t.sumWeek(sums, h); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sumWeek adds t.week. The hash takes segments in order of pair and slot, so
// that it does not depend on the order in which files were imported.
func (t *TapeReader) sumWeek(sums []seriesSum, h hash.Hash) error {
	from, end := max(t.week.start, t.info.From), min(t.week.start+carry.Week, t.info.To)
	order := make([]*dirEntry, len(sums))
	for i := range t.week.dir {
		e := &t.week.dir[i]
		if d := t.destOf(e.series); d >= 0 {
			order[d] = e
		}
	}
	var mark [12]byte
	for d, e := range order {
		if e == nil {
			continue
		}
		binary.LittleEndian.PutUint64(mark[:], uint64(t.week.start))
		binary.LittleEndian.PutUint32(mark[8:], uint32(d))
		h.Write(mark[:])
		h.Write(e.sha[:])
		st, to := e.stat, t.pairEnd(d/slotCount, end)
		if from > t.week.start || to < t.week.start+carry.Week {
			var err error
			if st, err = t.partialStat(e, d%slotCount, from, to); err != nil {
				return err
			}
		}
		sums[d].add(st, d%slotCount == slotFunding)
		if slot := d % slotCount; slot <= slotPerp && carry.Time(st.missing)*carry.Hour > haltMax {
			if _, err := t.partialStat(e, slot, from, to); err != nil {
				return err
			}
			for i := 1; i < t.seg.n; i++ {
				a, b := t.week.start+carry.Time(t.seg.row[i-1])*carry.Hour, t.week.start+carry.Time(t.seg.row[i])*carry.Hour
				if a >= from && b < to {
					sums[d].hole(a, b)
				}
			}
		}
	}
	return nil
}

// partialStat unpacks a segment, unless it has all bars of its week, to sum up
// only [from, to).
func (t *TapeReader) partialStat(e *dirEntry, slot int, from, to carry.Time) (segStat, error) {
	if slot != slotFunding && e.stat.rows == weekBars {
		return wholeStat(max(from, t.week.start), min(to, t.week.start+carry.Week)), nil
	}
	if t.week.bytes == nil {
		err := t.tx.QueryRowContext(t.ctx, `SELECT bytes FROM block WHERE week_ms = ?`, int64(t.week.start)).Scan(&t.week.bytes)
		if err != nil {
			return segStat{}, fmt.Errorf("read packed week: %w", err)
		}
	}
	seg, err := t.week.segment(e)
	if err != nil {
		return segStat{}, err
	}
	if slot == slotFunding {
		if t.paid, err = unpackSettled(t.paid, seg, t.week.start); err != nil {
			return segStat{}, err
		}
		return statSettled(t.paid, from, to), nil
	}
	if err := t.unpack.unpack(seg, formOf(slotKinds[slot]), &t.seg); err != nil {
		return segStat{}, err
	}
	return statBars(&t.seg, t.week.start, from, to), nil
}

// firstPrice is the pair's first spot price, for default lots.
func (t *TapeReader) firstPrice(pair int) (float64, error) {
	var price sql.NullFloat64
	err := t.tx.QueryRowContext(t.ctx, `SELECT (SELECT close FROM kline WHERE series_id = ? ORDER BY open_ms LIMIT 1)`,
		t.pairs[pair].series[slotSpot]).Scan(&price)
	if err != nil {
		return 0, fmt.Errorf("read first price: %w", err)
	}
	return price.Float64, nil
}

// addEnd notes a pair one of whose legs stops well before the tape does.
func (t *TapeReader) addEnd(pair int, sums []seriesSum) error {
	p := &t.pairs[pair]
	end := carry.Time(math.MaxInt64)
	for _, slot := range [...]int{slotSpot, slotPerp} {
		last, ok, err := t.lastBar(p.series[slot], &sums[slot])
		if err != nil || !ok {
			return err // not listed yet within the tape
		}
		end = min(end, last+carry.Hour)
	}
	delivered := p.delivered > 0 && p.delivered < t.info.To
	if !delivered && end >= t.info.To-endSlack {
		return nil
	}
	limit := t.pairEnd(pair, t.info.To)
	var both sql.NullInt64
	err := t.tx.QueryRowContext(t.ctx, `SELECT (SELECT a.open_ms FROM kline a JOIN kline b ON b.open_ms = a.open_ms
		WHERE a.series_id = ? AND b.series_id = ? AND a.open_ms < ? ORDER BY a.open_ms DESC LIMIT 1)`,
		p.series[slotSpot], p.series[slotPerp], int64(min(limit, end))).Scan(&both)
	if err != nil {
		return fmt.Errorf("read last common bar: %w", err)
	}
	if both.Valid {
		t.info.Ends = append(t.info.Ends, carry.PairEnd{
			Pair: int32(pair), At: carry.Time(both.Int64) + carry.Hour, Delisted: delivered})
	}
	return nil
}

// lastBar is a leg's last bar before the tape's end: nearly always one that the
// tape has, so that the table need not be searched.
func (t *TapeReader) lastBar(series int64, s *seriesSum) (carry.Time, bool, error) {
	if s.present > 0 {
		return s.last, true, nil
	}
	var last sql.NullInt64
	err := t.tx.QueryRowContext(t.ctx, `SELECT max(open_ms) FROM kline WHERE series_id = ? AND open_ms < ?`,
		series, int64(t.info.To)).Scan(&last)
	if err != nil {
		return 0, false, fmt.Errorf("read last bar: %w", err)
	}
	return carry.Time(last.Int64), last.Valid, nil
}

// haltMax is the longest hole that counts as a halt of the exchange: Binance's
// longest spot outage in the history was under eight hours.
const haltMax = 12 * carry.Hour

// addHoles notes where either leg's bars are missing for longer than any halt:
// nothing can be traded or valued there. Overlapping holes of both legs are one.
func (t *TapeReader) addHoles(pair int, spot, perp []span) {
	both := append(slices.Clone(spot), perp...)
	slices.SortFunc(both, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for _, h := range both {
		if n := len(t.info.Ends); n > 0 && t.info.Ends[n-1].Pair == int32(pair) && h.from <= t.info.Ends[n-1].Until {
			t.info.Ends[n-1].Until = max(t.info.Ends[n-1].Until, h.to)
			continue
		}
		t.info.Ends = append(t.info.Ends, carry.PairEnd{Pair: int32(pair), At: h.from, Until: h.to})
	}
}

// sortEnds puts them in the order in which a run meets them.
func (t *TapeReader) sortEnds() {
	slices.SortStableFunc(t.info.Ends, func(a, b carry.PairEnd) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Pair, b.Pair))
	})
}

func (t *TapeReader) coverage(sums []seriesSum) {
	for d, s := range sums {
		if s.present == 0 {
			continue
		}
		t.info.Coverage = append(t.info.Coverage, carry.Coverage{
			Coin: t.pairs[d/slotCount].Coin, Kind: slotKinds[d%slotCount],
			First: s.first, Last: s.last, Present: s.present, Missing: s.missing})
	}
}

// warn says in one sentence each what a reader must know about the data.
func (t *TapeReader) warn(sums []seriesSum, defaults []string) {
	add := func(code, format string, args ...any) {
		t.info.Warnings = append(t.info.Warnings, carry.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
	}
	var missing, series [slotCount]int
	var noMarks, noFunding []string
	settlements, unmarked := 0, 0
	for d, s := range sums {
		slot, coin := d%slotCount, t.pairs[d/slotCount].Coin
		missing[slot] += s.missing
		if s.missing > 0 {
			series[slot]++
		}
		if slot == slotMark && s.present == 0 {
			noMarks = append(noMarks, coin)
		}
		if slot == slotFunding {
			settlements += s.present
			unmarked += s.noMark
			if s.missing > 0 {
				noFunding = append(noFunding, coin)
			}
		}
	}
	for _, slot := range []int{slotSpot, slotPerp, slotMark} {
		if missing[slot] > 0 {
			add("data-gap", "%s: %d hours are missing in %d of %d coins.", slotKinds[slot], missing[slot], series[slot], len(t.pairs))
		}
	}
	if missing[slotFunding] > 0 {
		add("funding-gap", "%d funding settlements are missing (%s).", missing[slotFunding], nameSome(noFunding))
	}
	if len(noMarks) > 0 {
		add("mark-fallback", "The mark price is missing for %d of %d coins (%s); the perpetual's own price stands in.",
			len(noMarks), len(t.pairs), nameSome(noMarks))
	}
	if unmarked > 0 {
		add("funding-mark", "%.0f %% of the %d funding settlements carry no mark price; they are paid at the mark that stands in.",
			100*float64(unmarked)/float64(settlements), settlements)
	}
	if len(defaults) > 0 {
		add("rules-default", "Trading rules or brackets were not recorded for %d of %d coins (%s); cautious defaults stand in.",
			len(defaults), len(t.pairs), nameSome(defaults))
	}
	var ended []string
	holes := 0
	for _, e := range t.info.Ends {
		switch {
		case e.Until > 0:
			holes++
		case !e.Delisted:
			ended = append(ended, t.pairs[e.Pair].Coin)
		}
	}
	if holes > 0 {
		add("data-hole", "%d holes in the prices are longer than any halt of the exchange; what was held was valued out before and could not be opened within.", holes)
	}
	if len(ended) > 0 {
		add("data-end", "The data of %d coins end before the tape does (%s).", len(ended), nameSome(ended))
	}
}

// nameSome lists up to four names.
func nameSome(names []string) string {
	if len(names) <= 4 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
}

// hash finishes the tape's hash, which by now covers all segments, with what
// else a run can read.
func (t *TapeReader) hash(h hash.Hash) string {
	w := hashWriter{h: h}
	w.text("carry-tape")
	w.ints(codecVersion, int64(t.info.From), int64(t.info.To), int64(t.info.Step))
	for i := range t.pairs {
		p := &t.pairs[i]
		w.text(p.Coin)
		w.text(p.SpotSymbol)
		w.text(p.PerpSymbol)
		w.ints(p.Mult, int64(p.QtyDp), int64(p.Listed), int64(p.delivered))
	}
	for i := range t.info.Rules {
		r := &t.info.Rules[i]
		w.ints(int64(r.Pair), int64(r.From), int64(r.Recorded))
		for _, f := range r.Legs {
			w.ints(int64(f.Tick), int64(f.Step), int64(f.MinQty), int64(f.MaxQty), int64(f.MarketStep), int64(f.MarketMax), int64(f.MinNotional),
				int64(f.MaxNotional), int64(f.MinPrice), int64(f.MaxPrice), zeroOne(f.MarketSmall), zeroOne(f.MarketLarge))
			w.floats(f.PercentUp, f.PercentDown)
		}
		w.ints(int64(len(r.Brackets)))
		for _, b := range r.Brackets {
			w.floats(b.Floor, b.Cap, b.MMR, b.Cum, b.MaxLeverage)
		}
		w.floats(r.LiquidationFeeFrac, r.Interest8h)
	}
	for _, e := range t.info.Ends {
		w.ints(int64(e.Pair), int64(e.At), int64(e.Until), zeroOne(e.Delisted))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashWriter writes values in one unambiguous form.
type hashWriter struct {
	h   hash.Hash
	buf []byte
}

func (w *hashWriter) ints(vs ...int64) {
	w.buf = w.buf[:0]
	for _, v := range vs {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(v))
	}
	w.h.Write(w.buf)
}

func zeroOne(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

func (w *hashWriter) floats(vs ...float64) {
	w.buf = w.buf[:0]
	for _, v := range vs {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(v))
	}
	w.h.Write(w.buf)
}

func (w *hashWriter) text(s string) {
	w.ints(int64(len(s)))
	w.h.Write([]byte(s))
}
