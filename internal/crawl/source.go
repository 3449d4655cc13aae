package crawl

import (
	"fmt"
	"path"
	"strings"
	"time"

	"carry"
	"carry/data"
	"carry/internal/binance"
)

// restKind is the kind of klines to ask for, by kind of series.
var restKind = map[string]binance.Kind{
	data.KindSpot: binance.SpotKlines, data.KindPerp: binance.PerpKlines,
	data.KindMark: binance.MarkKlines, data.KindPremium: binance.PremiumKlines,
}

// folders are the archive's folders of a kind of series, %s being monthly or
// daily (binance.md §1.5).
var folders = map[string]string{
	data.KindSpot: "data/spot/%s/klines/", data.KindPerp: "data/futures/um/%s/klines/",
	data.KindMark: "data/futures/um/%s/markPriceKlines/", data.KindPremium: "data/futures/um/%s/premiumIndexKlines/",
	data.KindFunding: "data/futures/um/%s/fundingRate/",
}

// prefix is the folder of a series' files, with a slash at its end.
func prefix(kind, period, symbol, interval string) string {
	p := fmt.Sprintf(folders[kind], period) + symbol + "/"
	if kind != data.KindFunding {
		p += interval + "/"
	}
	return p
}

// stem is what the names of a series' files begin with.
func stem(kind, symbol, interval string) string {
	if kind == data.KindFunding {
		return symbol + "-fundingRate-"
	}
	return symbol + "-" + interval + "-"
}

// fileSpan is the month or day that a file's name tells; false for files that
// are none of the series'.
func fileSpan(key, stem string) (data.Span, bool) {
	date, ok := strings.CutPrefix(path.Base(key), stem)
	if !ok {
		return data.Span{}, false
	}
	if date, ok = strings.CutSuffix(date, ".zip"); !ok {
		return data.Span{}, false
	}
	if t, err := time.Parse("2006-01", date); err == nil {
		return data.Span{From: ms(t), To: ms(t.AddDate(0, 1, 0))}, true
	}
	t, err := time.Parse("2006-01-02", date)
	return data.Span{From: ms(t), To: ms(t) + carry.Day}, err == nil
}

func ms(t time.Time) carry.Time { return carry.Time(t.UnixMilli()) }

// monthOf is the calendar month of a time.
func monthOf(t carry.Time) data.Span {
	u := t.UTC()
	first := time.Date(u.Year(), u.Month(), 1, 0, 0, 0, 0, time.UTC)
	return data.Span{From: ms(first), To: ms(first.AddDate(0, 1, 0))}
}

// cut is the part of a within b; empty where they do not meet.
func cut(a, b data.Span) data.Span {
	s := data.Span{From: max(a.From, b.From), To: min(a.To, b.To)}
	if s.From >= s.To {
		return data.Span{}
	}
	return s
}

// length is how long spans are together.
func length(spans []data.Span) carry.Time {
	var n carry.Time
	for _, s := range spans {
		n += s.To - s.From
	}
	return n
}

// meets tells whether any of the spans has a part within s.
func meets(spans []data.Span, s data.Span) bool {
	for _, p := range spans {
		if cut(p, s) != (data.Span{}) {
			return true
		}
	}
	return false
}
