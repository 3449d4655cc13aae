package data

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"carry"
)

func TestSettlementsRestoreExactly(t *testing.T) {
	week := monday.Floor(carry.Week)
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.SliceOfNDistinct(rapid.IntRange(0, int(carry.Week/carry.Minute)-1), 0, 60, rapid.ID).Draw(t, "minutes")
		slices.Sort(minutes)
		var rows []settled
		for _, m := range minutes {
			rows = append(rows, settled{
				slot:     week + carry.Time(m)*carry.Minute,
				rate:     carry.SettledRate(rapid.Int64Range(-maxRate, maxRate).Draw(t, "rate")),
				mark:     carry.Price(rapid.Int64Range(0, maxPrice*carry.Unit).Draw(t, "mark")),
				interval: carry.Time(rapid.IntRange(1, 24*60).Draw(t, "interval")) * carry.Minute,
			})
		}
		seg := appendSettled(nil, week, rows)
		back, err := unpackSettled(nil, seg, week)
		if err != nil || !slices.Equal(back, rows) {
			t.Fatalf("%v: %+v became %+v", err, rows, back)
		}
		if _, err := unpackSettled(nil, seg[:len(seg)-1], week); err == nil {
			t.Fatal("a cut segment was accepted")
		}
		if _, err := unpackSettled(nil, append(seg, 0), week); err == nil {
			t.Fatal("a longer segment was accepted")
		}
		seg[rapid.IntRange(0, len(seg)-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		_, _ = unpackSettled(nil, seg, week) // any result but a panic
	})
}

func TestIntervalInForce(t *testing.T) {
	hours := func(h float64) sql.NullFloat64 { return sql.NullFloat64{Float64: h, Valid: true} }
	for _, c := range []struct {
		row     sql.NullFloat64
		spacing carry.Time
		want    carry.Time
	}{
		{hours(4), 8 * carry.Hour, 4 * carry.Hour}, // the row knows
		{hours(0.5), 0, 30 * carry.Minute},
		{sql.NullFloat64{}, 2 * carry.Hour, 2 * carry.Hour},
		{sql.NullFloat64{}, 8 * carry.Hour, 8 * carry.Hour},
		{sql.NullFloat64{}, 16 * carry.Hour, 8 * carry.Hour}, // a gap, not an interval
		{sql.NullFloat64{}, 90 * carry.Minute, 8 * carry.Hour},
		{sql.NullFloat64{}, 1 << 50, 8 * carry.Hour}, // the first one
	} {
		if got := intervalOf(c.row, c.spacing); got != c.want {
			t.Errorf("%+v after %d min: %d min, want %d", c.row, c.spacing/carry.Minute, got/carry.Minute, c.want/carry.Minute)
		}
	}
}

func TestMissedBetween(t *testing.T) {
	const h = carry.Hour
	for _, c := range []struct {
		spacing, before, after carry.Time
		want                   int
	}{
		{8 * h, 8 * h, 8 * h, 0}, {16 * h, 8 * h, 8 * h, 1}, {24 * h, 8 * h, 8 * h, 2}, {8*h + carry.Minute, 8 * h, 8 * h, 0},
		{8 * h, 8 * h, 4 * h, 0}, {4 * h, 8 * h, 4 * h, 0}, {8 * h, 4 * h, 4 * h, 1}, {8 * h, 4 * h, 8 * h, 0}, {5096 * h, 8 * h, 8 * h, 636},
	} {
		if got := missedBetween(c.spacing, c.before, c.after); got != c.want {
			t.Errorf("%d h between intervals %d and %d: %d missing, want %d", c.spacing/h, c.before/h, c.after/h, got, c.want)
		}
	}
}

// An interval that follows from the spacing is the same wherever weeks are cut,
// and is found again when the settlement before it, in the week before, goes.
func TestIntervalAcrossWeeks(t *testing.T) {
	dir := inventDir(t)
	border := (monday + carry.Week).Floor(carry.Week)
	text := headerFunding + "\n"
	for at := border - 10*carry.Hour; at < border+10*carry.Hour; at += 2 * carry.Hour {
		text += fmt.Sprintf("%d,0.0001,,\n", int64(at))
	}
	files(t, dir, map[string]string{"funding/1000DDDUSDT.csv.gz": text})
	s := inventStore(t, dir)
	firstOfWeek := func() float64 {
		interval := 0.0
		drain(t, openTape(t, s, TapeOptions{Coins: []string{"DDD"}}), func(b *carry.Block) {
			if b.Start == border {
				interval = b.Settled[0].IntervalH
			}
		})
		return interval
	}
	if got := firstOfWeek(); got != 2 {
		t.Errorf("interval %v h, want 2 from the spacing across the border", got)
	}
	exec(t, s, "DELETE FROM funding WHERE slot_ms = ?", int64(border-2*carry.Hour))
	if got := firstOfWeek(); got != 4 {
		t.Errorf("interval %v h after the settlement before was deleted, want 4", got)
	}
}
