package data

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"

	"carry"
)

// defaultInterval is what Binance settles at unless it says otherwise.
const defaultInterval = 8 * carry.Hour

// settled is one settlement of one series.
type settled struct {
	slot     carry.Time
	rate     carry.SettledRate
	mark     carry.Price // 0 where the source has none
	interval carry.Time  // from the row, else from the spacing, else 8 h
}

// readSettled lists a series' settlements in [from, to). Special settlements of
// the same slot are added to the regular one when all is true, left out
// otherwise. dst is reused.
func readSettled(ctx context.Context, q querier, dst []settled, series int64, from, to carry.Time, all bool) ([]settled, error) {
	dst = dst[:0]
	prev := carry.Time(math.MinInt64 / 2)
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var row settled
		var mark, hours sql.NullFloat64
		if err := rows.Scan(&row.slot, &row.rate, &mark, &hours); err != nil {
			return err
		}
		if mark.Valid {
			row.mark = carry.PriceFromFloat(mark.Float64)
		}
		if n := len(dst); n > 0 && dst[n-1].slot == row.slot {
			dst[n-1].rate += row.rate
			return nil
		}
		row.interval = intervalOf(hours, row.slot-prev)
		prev = row.slot
		if row.slot >= from {
			dst = append(dst, row)
		}
		return nil
	}, `SELECT slot_ms, rate_e8, mark_price, interval_hours FROM funding
		WHERE series_id = ? AND slot_ms >= ? AND slot_ms < ? AND (rate_type = 'regular' OR ?)
		ORDER BY slot_ms, rate_type`, series, int64(from-defaultInterval), int64(to), all)
	if err != nil {
		return nil, fmt.Errorf("read funding: %w", err)
	}
	return dst, nil
}

// intervalOf is the row's own interval, else the spacing to the settlement
// before where that is a whole number of hours up to eight, else eight hours.
func intervalOf(hours sql.NullFloat64, spacing carry.Time) carry.Time {
	if hours.Valid && hours.Float64 > 0 && hours.Float64 <= 24 {
		return carry.Time(math.Floor(float64(hours.Float64*60)+0.5)) * carry.Minute
	}
	if spacing > 0 && spacing <= defaultInterval && spacing%carry.Hour == 0 {
		return spacing
	}
	return defaultInterval
}

// missedBetween is the number of settlements missing between two consecutive
// rows: a hole longer than the longer of both intervals is a gap.
func missedBetween(spacing, before, after carry.Time) int {
	iv := max(before, after)
	if iv <= 0 || spacing <= iv {
		return 0
	}
	return int((spacing+iv/2)/iv) - 1
}

// appendSettled packs a week's settlements: uint16 count, then per settlement
// varints: minutes since the one before (or the week's start), rate in 1e-8,
// mark price in 1e-8, interval in minutes.
func appendSettled(dst []byte, week carry.Time, rows []settled) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(rows)))
	at := week
	for _, r := range rows {
		dst = binary.AppendUvarint(dst, uint64((r.slot-at)/carry.Minute))
		dst = binary.AppendVarint(dst, int64(r.rate))
		dst = binary.AppendUvarint(dst, uint64(r.mark))
		dst = binary.AppendUvarint(dst, uint64(r.interval/carry.Minute))
		at = r.slot
	}
	return dst
}

// unpackSettled is the inverse of appendSettled; dst is reused.
func unpackSettled(dst []settled, seg []byte, week carry.Time) ([]settled, error) {
	dst = dst[:0]
	if len(seg) < 2 {
		return nil, errSegment
	}
	n := int(binary.LittleEndian.Uint16(seg))
	seg = seg[2:]
	at := week
	for range n {
		step, a := binary.Uvarint(seg)
		if a <= 0 || step > uint64(carry.Week/carry.Minute) {
			return nil, errSegment
		}
		rate, b := binary.Varint(seg[a:])
		if b <= 0 {
			return nil, errSegment
		}
		mark, c := binary.Uvarint(seg[a+b:])
		if c <= 0 {
			return nil, errSegment
		}
		interval, d := binary.Uvarint(seg[a+b+c:])
		if d <= 0 || interval > 24*60 {
			return nil, errSegment
		}
		seg = seg[a+b+c+d:]
		at += carry.Time(step) * carry.Minute
		if at >= week+carry.Week {
			return nil, errSegment
		}
		dst = append(dst, settled{at, carry.SettledRate(rate), carry.Price(mark), carry.Time(interval) * carry.Minute})
	}
	if len(seg) != 0 {
		return nil, errSegment
	}
	return dst, nil
}
