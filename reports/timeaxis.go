package reports

import (
	"math"
	"time"

	"carry"
)

// tick is one mark of an axis. Major ticks stay where there is little room.
type tick struct {
	At    float64 // milliseconds on a time axis, otherwise the value
	Label string
	Major bool
}

// monthStart is the first moment of a month; months beyond 12 run into the
// following years.
func monthStart(year, month int) carry.Time {
	return carry.Time(time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC).UnixMilli())
}

// timeTicks are about n marks at round dates: years, quarters, months, days or
// hours, the coarser unit being named where it changes.
func timeTicks(from, to carry.Time, n int) []tick {
	span := to - from
	if span <= 0 || n < 1 {
		return nil
	}
	for _, months := range [...]int{1, 3, 6, 12, 24, 60, 120} {
		if span > 60*carry.Day && span/(carry.Time(months)*30*carry.Day) <= carry.Time(n) {
			return monthTicks(from, to, months)
		}
	}
	for _, step := range [...]carry.Time{carry.Hour, 3 * carry.Hour, 6 * carry.Hour, 12 * carry.Hour,
		carry.Day, 2 * carry.Day, 5 * carry.Day, 10 * carry.Day, 30 * carry.Day} {
		if span/step <= carry.Time(n) {
			return dayTicks(from, to, step)
		}
	}
	return nil
}

func monthTicks(from, to carry.Time, months int) []tick {
	var ticks []tick
	year := from.Year()
	for m := 1; ; m += months {
		at := monthStart(year, m)
		if at > to {
			return ticks
		}
		if at < from {
			continue
		}
		t := tick{At: float64(at), Label: at.UTC().Format("Jan")}
		if at.UTC().Month() == time.January {
			t.Label, t.Major = at.UTC().Format("2006"), true
		} else if len(ticks) == 0 {
			t.Label = at.UTC().Format("Jan 2006")
		}
		if months <= 3 && to-from < 2*365*carry.Day && at.UTC().Month() == time.July {
			t.Major = true
		}
		if to-from < 400*carry.Day {
			t.Major = t.Major || (int(at.UTC().Month())-1)%3 == 0
		}
		ticks = append(ticks, t)
	}
}

func dayTicks(from, to, step carry.Time) []tick {
	var ticks []tick
	at := from.Floor(step)
	if at < from {
		at += step
	}
	for i := 0; at <= to; at += step {
		label := at.UTC().Format("15:04")
		if at%carry.Day == 0 {
			label = at.UTC().Format("2 Jan")
		}
		if len(ticks) == 0 && at%carry.Day == 0 {
			label = at.UTC().Format("2 Jan 2006")
		}
		ticks = append(ticks, tick{At: float64(at), Label: label, Major: i%2 == 0})
		i++
	}
	return ticks
}

// valueTicks are at most n+1 marks at multiples of 1, 2, 2.5 or 5 × 10^k inside
// [low, high].
func valueTicks(low, high float64, n int) []tick {
	if !(high > low) || math.IsInf(high-low, 0) || n < 1 {
		return nil
	}
	step := niceStep((high - low) / float64(n))
	var ticks []tick
	first := math.Ceil(low/step - 1e-9)
	for i := 0; i <= 4*n; i++ {
		at := (first + float64(i)) * step
		if at > high+step*1e-9 {
			break
		}
		if math.Abs(at) < step*1e-9 {
			at = 0
		}
		ticks = append(ticks, tick{At: at, Major: true})
	}
	return ticks
}

func niceStep(atLeast float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(atLeast)))
	for _, m := range [...]float64{1, 2, 2.5, 5} {
		if unit*m >= atLeast*(1-1e-9) {
			return unit * m
		}
	}
	return unit * 10
}

// decimalsFor is how many decimals tell neighbouring ticks apart.
func decimalsFor(step float64) int {
	for dp := 0; dp < 8; dp++ {
		p := math.Pow(10, float64(dp))
		if math.Abs(step*p-math.Round(step*p)) < 1e-6*step*p {
			return dp
		}
	}
	return 8
}

// labelTicks writes the labels of value ticks in a unit: frac as %, growth and
// leverage as they are.
func labelTicks(ticks []tick, u unit) []tick {
	if len(ticks) == 0 {
		return ticks
	}
	step := math.Abs(ticks[len(ticks)-1].At)
	if len(ticks) > 1 {
		step = ticks[1].At - ticks[0].At
	}
	for i := range ticks {
		ticks[i].Label = u.tick(ticks[i].At, step)
	}
	return ticks
}

// unit is how a chart's values are written.
type unit string

// Units of charts; the script in assets/report.js knows the same words.
const (
	unitGrowth  unit = "growth"
	unitPercent unit = "percent"
	unitTimes   unit = "times"
	unitBP      unit = "bp"
)

func (u unit) tick(v, step float64) string {
	switch u {
	case unitPercent:
		return signed(v*100, decimalsFor(step*100)) + noBreak + "%"
	case unitBP:
		return signed(v*1e4, decimalsFor(step*1e4))
	case unitTimes:
		return fixed(v, decimalsFor(step)) + "×"
	}
	return fixed(v, max(1, decimalsFor(step)))
}

// value writes one reading, with a digit more than an axis needs.
func (u unit) value(v float64) string {
	switch u {
	case unitPercent:
		return percent(v, 2)
	case unitBP:
		return basisPoints(v)
	case unitTimes:
		return times(v)
	}
	return fixed(v, 3)
}
