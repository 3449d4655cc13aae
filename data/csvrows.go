package data

import (
	"database/sql"
	"math"
	"strconv"

	"carry"
)

// Headers of the files that crawl import reads.
const (
	headerBars    = "open_time_ms,open,high,low,close,volume,quote_volume"
	headerMark    = "open_time_ms,open,high,low,close"
	headerFunding = "time_ms,rate,mark_price,interval_hours"
)

// Bounds that only a wrong unit or a damaged file breaks.
const (
	firstSaneTime = carry.Time(1483228800000) // 2017-01-01
	lastSaneTime  = carry.Time(4102444800000) // 2100-01-01
	maxPrice      = 90_000_000                // USDT; beyond, float64 cannot hold 1e-8 steps
	maxRate       = carry.Unit / 5            // 20 % a settlement; Binance's caps are at most 4 %
)

// bar is one kline as read; volume and quote are NaN where there is none.
type bar struct {
	at                     carry.Time
	open, high, low, close float64
	volume, quote          float64
	line                   int
}

// equal compares values; NaN equals NaN.
func (a *bar) equal(b *bar) bool {
	same := func(x, y float64) bool { return x == y || x != x && y != y }
	return a.at == b.at && a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close &&
		same(a.volume, b.volume) && same(a.quote, b.quote)
}

// parseBars reads a file of hourly klines. dst is reused. Spot and perpetual
// files have volumes; only the premium index may be zero or negative.
func parseBars(dst []bar, src *source, kind string) ([]bar, error) {
	l := &lines{path: src.path, rest: src.text}
	header, n := headerBars, 7
	if kind == kindMark || kind == kindPremium {
		header, n = headerMark, 5
	}
	if err := l.header(header); err != nil {
		return nil, err
	}
	dst = dst[:0]
	for {
		cells, err := l.cells(n)
		if err != nil {
			return nil, err
		}
		if cells == nil {
			break
		}
		b, err := parseBar(l, cells, kind)
		if err != nil {
			return nil, err
		}
		if k := len(dst); k > 0 && b.at <= dst[k-1].at {
			if b.at < dst[k-1].at {
				return nil, l.fail("time %s comes after %s: not in order", b.at, dst[k-1].at)
			}
			if !b.equal(&dst[k-1]) {
				return nil, l.fail("time %s is there twice with different values", b.at)
			}
			continue
		}
		dst = append(dst, b)
	}
	if len(dst) == 0 {
		return nil, &FileError{src.path, 1, "the file has a header but no rows"}
	}
	return dst, nil
}

func parseBar(l *lines, cells [][]byte, kind string) (bar, error) {
	b := bar{volume: math.NaN(), quote: math.NaN(), line: l.line}
	var err error
	if b.at, err = parseStamp(l, cells[0]); err != nil {
		return b, err
	}
	if b.at%carry.Hour != 0 {
		return b, l.fail("time %s is not on the hour", b.at)
	}
	names := [...]string{"open", "high", "low", "close"}
	for i, dst := range [...]*float64{&b.open, &b.high, &b.low, &b.close} {
		if *dst, err = parseNumber(l, names[i], cells[i+1]); err != nil {
			return b, err
		}
		if *dst <= 0 && kind != kindPremium {
			return b, l.fail("%s %q: a price must be positive", names[i], clip(cells[i+1]))
		}
		if *dst > maxPrice {
			return b, l.fail("%s %q: a price above 90 million", names[i], clip(cells[i+1]))
		}
	}
	if b.high < max(b.open, b.close) || b.low > min(b.open, b.close) {
		return b, l.fail("high %s and low %s do not enclose open %s and close %s", cells[2], cells[3], cells[1], cells[4])
	}
	if len(cells) == 5 {
		return b, nil
	}
	if b.volume, err = parseNumber(l, "volume", cells[5]); err != nil {
		return b, err
	}
	if len(cells[6]) > 0 {
		if b.quote, err = parseNumber(l, "quote_volume", cells[6]); err != nil {
			return b, err
		}
	}
	if b.volume < 0 || b.quote < 0 {
		return b, l.fail("a volume is negative")
	}
	return b, nil
}

// payment is one funding row as read.
type payment struct {
	slot, at    carry.Time
	rate        carry.SettledRate
	mark, hours sql.NullFloat64
	line        int
}

// equal compares everything but the line.
func (p payment) equal(q payment) bool {
	q.line = p.line
	return p == q
}

// parseFunding reads a file of settled funding rates. dst is reused.
func parseFunding(dst []payment, src *source) ([]payment, error) {
	l := &lines{path: src.path, rest: src.text}
	if err := l.header(headerFunding); err != nil {
		return nil, err
	}
	dst = dst[:0]
	for {
		cells, err := l.cells(4)
		if err != nil {
			return nil, err
		}
		if cells == nil {
			break
		}
		p, err := parsePayment(l, cells)
		if err != nil {
			return nil, err
		}
		if k := len(dst); k > 0 && p.slot <= dst[k-1].slot {
			if p.slot < dst[k-1].slot {
				return nil, l.fail("time %s comes after %s: not in order", p.at, dst[k-1].at)
			}
			if !p.equal(dst[k-1]) {
				return nil, l.fail("settlement %s is there twice with different values", p.slot)
			}
			continue
		}
		dst = append(dst, p)
	}
	if len(dst) == 0 {
		return nil, &FileError{src.path, 1, "the file has a header but no rows"}
	}
	return dst, nil
}

func parsePayment(l *lines, cells [][]byte) (payment, error) {
	p := payment{line: l.line}
	var err error
	if p.at, err = parseStamp(l, cells[0]); err != nil {
		return p, err
	}
	p.slot = p.at.Slot()
	rate, err := carry.ParseFixed(string(cells[1]))
	if err != nil {
		return p, l.fail("rate: %v", err)
	}
	if rate > maxRate || rate < -maxRate {
		return p, l.fail("rate %q is beyond 20 %% a settlement: a fraction is wanted, not percent", clip(cells[1]))
	}
	p.rate = carry.SettledRate(rate)
	if len(cells[2]) > 0 {
		v, err := parseNumber(l, "mark_price", cells[2])
		if err != nil {
			return p, err
		}
		if v <= 0 || v > maxPrice {
			return p, l.fail("mark_price %q is not a price", clip(cells[2]))
		}
		p.mark = sql.NullFloat64{Float64: v, Valid: true}
	}
	if len(cells[3]) > 0 {
		v, err := parseNumber(l, "interval_hours", cells[3])
		if err != nil {
			return p, err
		}
		if v <= 0 || v > 24 || v*60 != math.Trunc(v*60) {
			return p, l.fail("interval_hours %q is not an interval", clip(cells[3]))
		}
		p.hours = sql.NullFloat64{Float64: v, Valid: true}
	}
	return p, nil
}

// parseStamp reads a time in milliseconds; seconds and microseconds are named
// as what they are.
func parseStamp(l *lines, cell []byte) (carry.Time, error) {
	v, err := strconv.ParseInt(string(cell), 10, 64)
	if err != nil {
		return 0, l.fail("time %q is not a whole number of milliseconds", clip(cell))
	}
	t := carry.Time(v)
	switch {
	case t >= firstSaneTime && t < lastSaneTime:
		return t, nil
	case t >= firstSaneTime*1000 && t < lastSaneTime*1000:
		return 0, l.fail("time %d is in microseconds, want milliseconds", v)
	case t >= firstSaneTime/1000 && t < lastSaneTime/1000:
		return 0, l.fail("time %d is in seconds, want milliseconds", v)
	}
	return 0, l.fail("time %d is not between 2017 and 2100", v)
}

// parseNumber reads a finite decimal number; the float64 is the nearest one.
func parseNumber(l *lines, name string, cell []byte) (float64, error) {
	if v, ok := parseDecimal(cell); ok {
		return v, nil
	}
	for _, c := range cell {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, l.fail("%s %q is not a number", name, clip(cell))
		}
	}
	v, err := strconv.ParseFloat(string(cell), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, l.fail("%s %q is not a number", name, clip(cell))
	}
	return v, nil
}

// parseDecimal reads plain decimal text of up to fifteen digits exactly: both
// the digits and the power of ten are exact float64s, so their quotient is the
// nearest float64 (W. D. Clinger, "How to Read Floating Point Numbers
// Accurately", 1990). false: leave it to the general parser.
func parseDecimal(s []byte) (float64, bool) {
	neg := len(s) > 0 && s[0] == '-'
	if neg {
		s = s[1:]
	}
	var m uint64
	digits, dp, point := 0, 0, false
	for _, c := range s {
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		m = m*10 + uint64(c-'0')
		if digits++; digits > 18 {
			return 0, false
		}
		if point {
			dp++
		}
	}
	if digits == 0 || m >= 1<<53 || s[0] == '.' || s[len(s)-1] == '.' {
		return 0, false
	}
	v := float64(m) / pow10f[dp]
	if neg && m != 0 {
		v = -v
	}
	return v, true
}
