package lab

import (
	"slices"
	"strings"

	"carry"
)

// ScreenRow is one coin of the screening table (S1).
type ScreenRow struct {
	Coin string `json:"coin"`
	// MeanPct is the mean funding rate in percent per eight hours.
	MeanPct float64 `json:"mean_pct"`
	// N is how many settlements the window holds; Full tells whether they cover
	// it. A coin whose window is not full is listed last and never eligible.
	N    int     `json:"settlements"`
	Full bool    `json:"window_full"`
	Last float64 `json:"last_pct"` // latest settled rate, percent per settlement
}

// Rate is a settled funding rate of a coin, in order of coin and time.
type Rate struct {
	Coin      string
	At        carry.Time
	Rate      carry.SettledRate
	IntervalH float64
}

// Screen is the mean rate of every coin over the n × 8 h that end with the
// settlement at the given time, inclusive, best first: the published table of
// the original author is this with n = 100. Coins that intervals of 4, 2 or 1
// hours settle more often are scaled to eight hours by the window's length.
func Screen(rates []Rate, at carry.Time, n int) []ScreenRow {
	var rows []ScreenRow
	from := at - carry.Time(n)*8*carry.Hour
	for lo := 0; lo < len(rates); {
		hi := lo
		for hi < len(rates) && rates[hi].Coin == rates[lo].Coin {
			hi++
		}
		if row, ok := screenCoin(rates[lo:hi], from, at, n); ok {
			rows = append(rows, row)
		}
		lo = hi
	}
	slices.SortStableFunc(rows, func(a, b ScreenRow) int {
		switch {
		case a.Full != b.Full:
			if a.Full {
				return -1
			}
			return 1
		case a.MeanPct != b.MeanPct:
			if a.MeanPct > b.MeanPct {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Coin, b.Coin)
	})
	return rows
}

func screenCoin(rates []Rate, from, at carry.Time, n int) (ScreenRow, bool) {
	row := ScreenRow{Coin: rates[0].Coin}
	var sum int64
	hours := 0.0
	for i := range rates {
		if r := &rates[i]; r.At > from && r.At <= at {
			sum += int64(r.Rate)
			hours += r.IntervalH
			row.N++
			row.Last = r.Rate.Float() * 100
		}
	}
	row.Full = hours >= float64(8*n)
	if row.Full {
		row.MeanPct = float64(sum) / carry.Unit / float64(n) * 100
	} else if hours > 0 {
		row.MeanPct = float64(sum) / carry.Unit / hours * 8 * 100
	}
	return row, row.N > 0
}
