package carry

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTimesAsPeopleWriteThem(t *testing.T) {
	for s, want := range map[string]string{
		"2021":                          "2021-01-01T00:00:00.000Z",
		"2024-02":                       "2024-02-01T00:00:00.000Z",
		"2024-02-29":                    "2024-02-29T00:00:00.000Z", // a leap day
		"2021-05-19T08Z":                "2021-05-19T08:00:00.000Z",
		"2021-05-19 08:30":              "2021-05-19T08:30:00.000Z",
		"2021-05-19T08:30":              "2021-05-19T08:30:00.000Z",
		"2021-05-19T08:30Z":             "2021-05-19T08:30:00.000Z",
		"2021-05-19T08:30+02:00":        "2021-05-19T06:30:00.000Z",
		"2021-05-19 08:30:15":           "2021-05-19T08:30:15.000Z",
		"2021-05-19T08:30:15":           "2021-05-19T08:30:15.000Z",
		"2021-05-19T08:30:15Z":          "2021-05-19T08:30:15.000Z",
		"2021-05-19T08:30:15.018Z":      "2021-05-19T08:30:15.018Z",
		"2021-05-19T08:30:15.018+08:00": "2021-05-19T00:30:15.018Z",
	} {
		at, err := ParseTime(s)
		if err != nil || at.ISO() != want {
			t.Errorf("%q was read as %s, %v; want %s", s, at.ISO(), err, want)
		}
	}
	for _, s := range []string{"", "yesterday", "2023-02-29", "2021-13-01", "19.05.2021", "2021-05-19T25:00", "1621411200000", "2021-5-19"} {
		if at, err := ParseTime(s); err == nil || !strings.Contains(err.Error(), "write 2021-05-19") {
			t.Errorf("%q was read as %s, %v; want an error that shows how to write it", s, at, err)
		}
	}
}

func TestTimesAreWrittenAsShortAsTheyAre(t *testing.T) {
	at := day(t, "2021-05-19T08:00Z")
	for d, want := range map[Time]string{0: "2021-05-19 08:00", 15 * Second: "2021-05-19 08:00:15", 18: "2021-05-19 08:00:00.018"} {
		if got := (at + d).String(); got != want {
			t.Errorf("%d ms after is written %s, want %s", d, got, want)
		}
	}
	if at.Date() != "2021-05-19" || at.Year() != 2021 {
		t.Errorf("the day is %s of %d", at.Date(), at.Year())
	}
	if last := day(t, "2024-01-01") - 1; last.Year() != 2023 {
		t.Errorf("the last millisecond of 2023 is in %d", last.Year())
	}
	rapid.Check(t, func(t *rapid.T) {
		at := Time(rapid.Int64Range(0, 4e12).Draw(t, "at"))
		back, err := ParseTime(at.ISO())
		if err != nil || back != at {
			t.Fatalf("%s was read back as %s, %v", at.ISO(), back.ISO(), err)
		}
	})
}

// Recorded stamps come some milliseconds late (1643932800018); seconds early or
// late would still be the same settlement.
func TestSettlementStampsFindTheirSlot(t *testing.T) {
	at := day(t, "2022-02-04T00:00Z")
	for _, jitter := range []Time{0, 18, 999, 4000, 29999, -1, -30000} {
		if got := (at + jitter).Slot(); got != at {
			t.Errorf("a stamp %d ms off went to %s", jitter, got)
		}
	}
	if got := (at + 30*Second).Slot(); got != at+Minute {
		t.Errorf("half a minute late went to %s", got)
	}
}

func TestFloorIsNeverLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := Time(rapid.Int64Range(-4e12, 4e12).Draw(t, "at"))
		step := rapid.SampledFrom([]Time{Second, Minute, Hour, 8 * Hour, Day, Week}).Draw(t, "step")
		f := at.Floor(step)
		if f > at || at-f >= step || f%step != 0 {
			t.Fatalf("%s floored to %d ms is %s", at, step, f)
		}
	})
	if d := day(t, "2024-02-29T23:59Z").Floor(Day); d.Date() != "2024-02-29" {
		t.Errorf("the leap day's last minute belongs to %s", d.Date())
	}
	if w := Time(0).Floor(Week).UTC().Weekday(); w != time.Thursday {
		t.Errorf("a week starts on %s", w)
	}
}
