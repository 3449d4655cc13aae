package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"carry"
)

// Headers of the archive's files. Spot files have none, futures files only in
// newer months, and old ones were not made again.
const (
	klineHeader   = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
	fundingHeader = "calc_time,funding_interval_hours,last_funding_rate"
)

// lineMax bounds a line; the longest that was seen has 160 characters.
const lineMax = 4096

// csvLines walks lines and splits them into cells.
type csvLines struct {
	r     *bufio.Reader
	line  int
	cells [][]byte
}

func newLines(r io.Reader) *csvLines { return &csvLines{r: bufio.NewReaderSize(r, lineMax)} }

// next returns the cells of the next line, valid until the next call; nil at
// the end. The first line may be header.
func (l *csvLines) next(n int, header string) ([][]byte, error) {
	text, err := l.r.ReadSlice('\n')
	l.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, formatError("line %d is longer than %d characters", l.line, lineMax)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) == 0 {
		if err != nil {
			return nil, nil
		}
		return nil, formatError("line %d is empty", l.line)
	}
	if l.line == 1 && (text[0] < '0' || text[0] > '9') {
		if string(text) != header {
			return nil, formatError("unknown header %q", clip(text))
		}
		return l.next(n, header)
	}
	l.cells = l.cells[:0]
	for {
		i := bytes.IndexByte(text, ',')
		if i < 0 {
			l.cells = append(l.cells, text)
			break
		}
		l.cells = append(l.cells, text[:i])
		text = text[i+1:]
	}
	if len(l.cells) != n {
		return nil, formatError("line %d has %d columns, want %d", l.line, len(l.cells), n)
	}
	return l.cells, nil
}

// at adds the line to an error.
func (l *csvLines) at(err error) error {
	return fmt.Errorf("%w: line %d: %s", ErrFormat, l.line, strings.TrimPrefix(err.Error(), ErrFormat.Error()+": "))
}

// ErrTooManyRows says that a file has more rows than fit its name.
var ErrTooManyRows = fmt.Errorf("%w: more rows than the file can have", ErrFormat)

// ReadKlines appends the klines of an archive's CSV file, with or without
// header, times in ms or µs row by row, in the file's order, at most rowsMax.
func ReadKlines(dst []Kline, r io.Reader, rowsMax int) ([]Kline, error) {
	l := newLines(r)
	for {
		cells, err := l.next(klineCells, klineHeader)
		if err != nil || cells == nil {
			return dst, err
		}
		if rowsMax--; rowsMax < 0 {
			return nil, ErrTooManyRows
		}
		dst = append(dst, Kline{})
		k := &dst[len(dst)-1]
		for i, c := range cells {
			if err := k.set(i, c); err != nil {
				return nil, l.at(err)
			}
		}
		if err := k.check(); err != nil {
			return nil, l.at(err)
		}
	}
}

// ReadFunding appends the settlements of an archive's fundingRate file. They
// carry no symbol and no mark price.
func ReadFunding(dst []FundingRate, r io.Reader, rowsMax int) ([]FundingRate, error) {
	l := newLines(r)
	for {
		cells, err := l.next(3, fundingHeader)
		if err != nil || cells == nil {
			return dst, err
		}
		if rowsMax--; rowsMax < 0 {
			return nil, ErrTooManyRows
		}
		f := FundingRate{Mark: math.NaN()}
		var ok bool
		if f.At, _, ok = parseStamp(cells[0]); !ok {
			return nil, l.at(formatError("calc_time %q", clip(cells[0])))
		}
		if f.Hours, ok = parseFloat(cells[1]); !ok || f.Hours <= 0 || f.Hours > 24 || f.Hours != math.Trunc(f.Hours) {
			return nil, l.at(formatError("funding_interval_hours %q", clip(cells[1])))
		}
		rate, err := carry.ParseFixed(string(cells[2]))
		if err != nil {
			return nil, l.at(formatError("last_funding_rate: %v", err))
		}
		f.Rate = carry.SettledRate(rate)
		dst = append(dst, f)
	}
}
