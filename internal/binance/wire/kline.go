package wire

import "carry"

// Kline is one bar. Volume is in coins (spot) or contracts (perpetual),
// QuoteVolume in USDT; both are zero on mark price and premium index bars,
// where Binance has none.
type Kline struct {
	At                     carry.Time // open time
	CloseAt                carry.Time // last millisecond of the bar
	Open, High, Low, Close float64
	Volume, QuoteVolume    float64
}

// klineCells is the number of columns of a kline in REST answers and archives:
// open time, open, high, low, close, volume, close time, quote volume, number of
// trades, two taker volumes and one to ignore.
const klineCells = 12

// set fills column i from its text.
func (k *Kline) set(i int, text []byte) error {
	var ok bool
	switch i {
	case 0:
		var rest int64
		if k.At, rest, ok = parseStamp(text); ok && rest != 0 {
			return formatError("open time %s is not a whole millisecond", clip(text))
		}
	case 6:
		k.CloseAt, _, ok = parseStamp(text)
	case 8:
		_, ok = parseInt(text)
	default:
		var v float64
		v, ok = parseFloat(text)
		if dst := k.column(i); dst != nil {
			*dst = v
		}
	}
	if !ok {
		return formatError("%s %q", klineColumns[i], clip(text))
	}
	return nil
}

var klineColumns = [klineCells]string{"open_time", "open", "high", "low", "close", "volume", "close_time",
	"quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"}

func (k *Kline) column(i int) *float64 {
	switch i {
	case 1:
		return &k.Open
	case 2:
		return &k.High
	case 3:
		return &k.Low
	case 4:
		return &k.Close
	case 5:
		return &k.Volume
	case 7:
		return &k.QuoteVolume
	}
	return nil // read for its form only
}

// check refuses a bar that contradicts itself.
func (k *Kline) check() error {
	switch {
	case k.CloseAt < k.At:
		return formatError("the bar of %s closes at %s", k.At, k.CloseAt)
	case k.High < max(k.Open, k.Close) || k.Low > min(k.Open, k.Close):
		return formatError("the bar of %s: high %v and low %v do not enclose open %v and close %v", k.At, k.High, k.Low, k.Open, k.Close)
	case k.Volume < 0 || k.QuoteVolume < 0:
		return formatError("the bar of %s has a negative volume", k.At)
	}
	return nil
}

// DecodeKlines reads the answer of /api/v3/klines, /fapi/v1/klines,
// /fapi/v1/markPriceKlines or /fapi/v1/premiumIndexKlines: an array of arrays
// of twelve cells, times and the number of trades as JSON numbers, the rest as
// text. dst is reused. Rows must ascend by open time.
func DecodeKlines(dst []Kline, body []byte) ([]Kline, error) {
	dst = dst[:0]
	s := scanner{body: body}
	if err := s.want('['); err != nil {
		return nil, err
	}
	if s.skip(']') {
		return dst, s.end()
	}
	for {
		var k Kline
		if err := s.kline(&k); err != nil {
			return nil, err
		}
		if n := len(dst); n > 0 && k.At <= dst[n-1].At {
			return nil, formatError("the bar of %s comes after the one of %s", k.At, dst[n-1].At)
		}
		dst = append(dst, k)
		if s.skip(']') {
			return dst, s.end()
		}
		if err := s.want(','); err != nil {
			return nil, err
		}
	}
}

// scanner walks the few forms of JSON that klines use. A general decoder would
// make a value of every cell.
type scanner struct {
	body []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) skip(c byte) bool {
	s.space()
	if s.at < len(s.body) && s.body[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) want(c byte) error {
	if s.skip(c) {
		return nil
	}
	if s.at == len(s.body) {
		return formatError("the answer ends where %q is expected", c)
	}
	return formatError("%q where %q is expected", clip(s.body[s.at:]), c)
}

func (s *scanner) end() error {
	if s.space(); s.at < len(s.body) {
		return formatError("%q after the end", clip(s.body[s.at:]))
	}
	return nil
}

// kline reads one inner array.
func (s *scanner) kline(k *Kline) error {
	if err := s.want('['); err != nil {
		return err
	}
	for i := range klineCells {
		if i > 0 {
			if err := s.want(','); err != nil {
				return err
			}
		}
		cell, err := s.cell(i == 0 || i == 6 || i == 8)
		if err != nil {
			return err
		}
		if err := k.set(i, cell); err != nil {
			return err
		}
	}
	if err := s.want(']'); err != nil {
		return err
	}
	return k.check()
}

// cell reads a JSON number, or the inside of a string. Escapes do not occur in
// numbers written as text; one makes the text unreadable later.
func (s *scanner) cell(number bool) ([]byte, error) {
	if !number {
		if err := s.want('"'); err != nil {
			return nil, err
		}
	}
	s.space()
	from := s.at
	for s.at < len(s.body) {
		c := s.body[s.at]
		if c == '"' || number && (c < '0' || c > '9') {
			break
		}
		s.at++
	}
	text := s.body[from:s.at]
	if number {
		if len(text) > 1 && text[0] == '0' {
			return nil, formatError("number %q", clip(text))
		}
		return text, nil
	}
	return text, s.want('"')
}
