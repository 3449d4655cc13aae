package carry

import (
	"fmt"
	"time"
)

// Time is a moment in milliseconds since 1970-01-01 UTC, the unit of every
// Binance time stamp. Nothing in the core reads a clock: time is a field of the
// event that is being handled.
type Time int64

// Spans of time, in Time's unit.
const (
	Second Time = 1000
	Minute Time = 60 * Second
	Hour   Time = 60 * Minute
	Day    Time = 24 * Hour
	Week   Time = 7 * Day
)

// timeLayouts are the forms ParseTime accepts, longest first.
var timeLayouts = [...]string{
	"2006-01-02T15:04:05.999Z07:00",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04",
	"2006-01-02T15Z07:00",
	"2006-01-02",
	"2006-01",
	"2006",
}

// ParseTime reads a moment written as a date (2021-05, 2021-05-19), or a date
// and time with or without seconds and zone. Without a zone it is UTC.
func ParseTime(s string) (Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return Time(t.UnixMilli()), nil
		}
	}
	return 0, fmt.Errorf("%q is not a time (write 2021-05-19 or 2021-05-19T08:00Z)", s)
}

// UTC converts to the standard library's time.
func (t Time) UTC() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String writes 2006-01-02 15:04, with seconds and milliseconds only where
// they are not zero.
func (t Time) String() string {
	switch {
	case t%Second != 0:
		return t.UTC().Format("2006-01-02 15:04:05.000")
	case t%Minute != 0:
		return t.UTC().Format("2006-01-02 15:04:05")
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// ISO writes RFC 3339 in UTC, for machine-readable output.
func (t Time) ISO() string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Date writes 2006-01-02.
func (t Time) Date() string { return t.UTC().Format("2006-01-02") }

// Year is the calendar year in UTC.
func (t Time) Year() int { return t.UTC().Year() }

// Floor returns the last multiple of step that is not after t. Steps that
// divide a day start at midnight UTC; a Week starts on Thursday, as 1970 did.
func (t Time) Floor(step Time) Time {
	r := t % step
	if r < 0 {
		r += step
	}
	return t - r
}

// Slot rounds a recorded funding stamp, which jitters by some milliseconds, to
// the minute it belongs to.
func (t Time) Slot() Time { return (t + Minute/2).Floor(Minute) }
