package wire

import (
	"math"
	"strconv"

	"carry"
)

// Bounds that only a wrong unit or a damaged message breaks.
const (
	firstTime = carry.Time(1483228800000) // 2017-01-01: Binance did not exist before
	lastTime  = carry.Time(4133980800000) // 2101-01-01: perpetuals "deliver" at Christmas 2100
	// microsBeyond: larger stamps are microseconds. Milliseconds reach it in
	// the year 5138, microseconds passed it in 1973.
	microsBeyond = 1e14
)

// textMax bounds a number's text: the exchange writes at most about 30 characters.
const textMax = 40

// pow10 are powers of ten that a float64 holds exactly.
var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// parseFloat returns the float64 nearest to decimal text, as strconv does.
// Plain text of up to eighteen digits below 2^53 takes a short way: digits and
// power of ten are exact, so their quotient is rounded once (W. D. Clinger, "How
// to Read Floating Point Numbers Accurately", 1990).
func parseFloat(s []byte) (float64, bool) {
	digits := s
	neg := len(s) > 0 && s[0] == '-'
	if neg {
		digits = s[1:]
	}
	var m uint64
	count, dp, point := 0, 0, false
	for _, c := range digits {
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' || count == 18 {
			return parseSlowly(s)
		}
		m = m*10 + uint64(c-'0')
		count++
		if point {
			dp++
		}
	}
	if count == 0 || m >= 1<<53 || digits[0] == '.' || digits[len(digits)-1] == '.' {
		return parseSlowly(s)
	}
	v := float64(m) / pow10[dp]
	if neg && m != 0 {
		v = -v
	}
	return v, true
}

// parseSlowly reads what is long or in scientific notation. It refuses the
// words and hexadecimal forms that strconv knows.
func parseSlowly(s []byte) (float64, bool) {
	if len(s) == 0 || len(s) > textMax {
		return 0, false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, false
	}
	if v == 0 {
		v = 0 // no negative zero
	}
	return v, true
}

// parseInt reads an integer without sign, at most eighteen digits.
func parseInt(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	var v int64
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// parseStamp reads a time in milliseconds or microseconds; rest are the
// microseconds below the millisecond.
func parseStamp(s []byte) (t carry.Time, rest int64, ok bool) {
	v, ok := parseInt(s)
	if !ok {
		return 0, 0, false
	}
	if v > microsBeyond {
		v, rest = v/1000, v%1000
	}
	t = carry.Time(v)
	return t, rest, t >= firstTime && t < lastTime
}
