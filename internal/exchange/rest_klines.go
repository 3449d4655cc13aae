package exchange

import (
	"strconv"

	"carry"
)

// Limits of klines by market (binance.md §1.2).
const (
	klineDefault        = 500
	spotKlineMax        = 1000
	futuresKlineDefault = klineDefault
	futuresKlineMax     = 1500
)

// klinesOf answers a klines endpoint: rows of startTime ≤ open time ≤ endTime,
// ascending; with startTime the oldest, without it the newest; the bar that is
// under way comes last. Of a ticker that was given to another coin only the
// present one's rows are told.
func klinesOf(kind Kind) func(*Server, *query) answer {
	return func(s *Server, q *query) answer {
		name := "symbol"
		if kind == IndexKlines {
			name = "pair"
		}
		symbol, r := q.must(name)
		if r != nil {
			return r.answer()
		}
		interval, r := q.must("interval")
		if r != nil {
			return r.answer()
		}
		from, to, limit, r := q.klineWindow()
		if r != nil {
			return r.answer()
		}
		life, ok := current(s.facts.Symbols(q.market), symbol, q.now)
		if !ok {
			return invalidSymbol().answer()
		}
		if !knownInterval(interval, q.market) {
			return (&refusal{400, -1120, "Invalid interval."}).answer()
		}
		var rows []Kline
		if interval == intervalName(s.facts.Step()) { // others hold no facts: no rows
			var err error
			key := Series{kind, symbol}
			from, to = max(from, life.Onboard.Floor(s.facts.Step())), min(to, q.now+1)
			if rows, err = s.facts.Klines(key, from, to, limit); err != nil {
				return broken(err)
			}
			rows = s.faults.klines(rows, key, q)
		}
		return answer{status: 200, body: appendKlines(nil, rows, s.facts.Step(), q.now)}
	}
}

// klineWindow reads startTime, endTime and limit as the half-open range and
// signed limit of Facts.Klines.
func (q *query) klineWindow() (from, to carry.Time, limit int, r *refusal) {
	most := futuresKlineMax
	if q.market == SpotMarket {
		most = spotKlineMax
	}
	if limit, r = q.limit(klineDefault, most); r != nil {
		return 0, 0, 0, r
	}
	return q.timeWindow(limit)
}

// timeWindow reads startTime and endTime, both inclusive.
func (q *query) timeWindow(limit int) (from, to carry.Time, signed int, r *refusal) {
	from, started, r := q.moment("startTime")
	if r != nil {
		return 0, 0, 0, r
	}
	to, ended, r := q.moment("endTime")
	if r != nil {
		return 0, 0, 0, r
	}
	if !ended {
		to = q.now
	}
	if started && ended && from > to && q.market == FuturesMarket {
		return 0, 0, 0, &refusal{400, -1023, "Start time is greater than end time."}
	}
	if !started {
		limit = -limit
	}
	return from, to + 1, limit, nil
}

// appendKlines writes rows as Binance does: times and counts are numbers,
// prices and volumes strings. A bar that is not over shows only its beginning.
func appendKlines(dst []byte, rows []Kline, step, now carry.Time) []byte {
	if dst == nil {
		dst = make([]byte, 0, 2+len(rows)*170)
	}
	dst = append(dst, '[')
	for i := range rows {
		k := rows[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		if k.At+step > now {
			k.begin()
		}
		dst = append(dst, '[')
		dst = strconv.AppendInt(dst, int64(k.At), 10)
		for _, text := range [...]string{k.Open, k.High, k.Low, k.Close, k.Volume} {
			dst = appendText(dst, text)
		}
		dst = append(dst, ',')
		dst = strconv.AppendInt(dst, int64(k.At+step-1), 10)
		dst = appendText(dst, k.Quote)
		dst = append(dst, ',')
		dst = strconv.AppendInt(dst, k.Trades, 10)
		dst = appendText(dst, k.TakerVolume)
		dst = appendText(dst, k.TakerQuote)
		dst = append(dst, `,"0"]`...)
	}
	return append(dst, ']')
}

// appendText writes a comma and a quoted decimal, which needs no escapes.
func appendText(dst []byte, text string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// begin makes the bar what it is at its first trade, so that whoever stores an
// unfinished bar is found out.
func (k *Kline) begin() {
	k.High, k.Low, k.Close = k.Open, k.Open, k.Open
	k.Volume, k.Quote, k.TakerVolume, k.TakerQuote, k.Trades = "0.00000000", "0.00000000", "0.00000000", "0.00000000", 0
}
