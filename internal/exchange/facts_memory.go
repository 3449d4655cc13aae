package exchange

import (
	"fmt"

	"carry"
)

// MemoryFacts are facts held in plain slices, for tests that say exactly what
// the exchange knows. Fill it before the server starts; rows must be ascending.
type MemoryFacts struct {
	Bar     carry.Time
	Listed  [2][]Symbol // by Market, in the order of Facts.Symbols
	Rows    map[Series][]Kline
	Settled map[string][]Funding
	// Dated rules by market and symbol, ascending in From; the first holds from
	// the beginning.
	Dated    map[Market]map[string][]DatedRules
	Adjusted []FundingInfo
}

// DatedRules are rules that hold from a moment on.
type DatedRules struct {
	From carry.Time
	Rules
}

// Step implements Facts.
func (f *MemoryFacts) Step() carry.Time { return f.Bar }

// Symbols implements Facts.
func (f *MemoryFacts) Symbols(m Market) []Symbol { return f.Listed[m] }

// Span implements Facts.
func (f *MemoryFacts) Span(s Series) (first, last carry.Time, ok bool) {
	if s.Kind == FundingRates {
		rows := f.Settled[s.Symbol]
		if len(rows) == 0 {
			return 0, 0, false
		}
		return rows[0].At, rows[len(rows)-1].At, true
	}
	rows := f.Rows[s]
	if len(rows) == 0 {
		return 0, 0, false
	}
	return rows[0].At, rows[len(rows)-1].At, true
}

// Klines implements Facts.
func (f *MemoryFacts) Klines(s Series, from, to carry.Time, limit int) ([]Kline, error) {
	rows := f.Rows[s]
	i, j := window(len(rows), func(k int) carry.Time { return rows[k].At }, from, to, limit)
	return rows[i:j:j], nil
}

// Funding implements Facts.
func (f *MemoryFacts) Funding(symbol string, from, to carry.Time, limit int) ([]Funding, error) {
	rows := f.Settled[symbol]
	i, j := window(len(rows), func(k int) carry.Time { return rows[k].At }, from, to, limit)
	return rows[i:j:j], nil
}

// Rules implements Facts.
func (f *MemoryFacts) Rules(m Market, symbol string, at carry.Time) Rules {
	return rulesAt(f.Dated[m][symbol], at)
}

// FundingInfo implements Facts.
func (f *MemoryFacts) FundingInfo(carry.Time) []FundingInfo { return f.Adjusted }

// rulesAt picks the last rules that hold at a time, or the earliest.
func rulesAt(dated []DatedRules, at carry.Time) Rules {
	if len(dated) == 0 {
		return plainRules()
	}
	i := len(dated) - 1
	for i > 0 && dated[i].From > at {
		i--
	}
	return dated[i].Rules
}

// plainRules are what an instrument gets of which nothing is known.
func plainRules() Rules {
	return Rules{
		Tick: "0.00010000", MinPrice: "0.00010000", MaxPrice: "1000000.00000000",
		Step: "0.001", MinQty: "0.001", MaxQty: "9000000", MarketStep: "0.001", MarketMin: "0.001", MarketMax: "100000",
		MinNotional: "5", PercentUp: "1.1500", PercentDown: "0.8500", LiquidationFee: "0.012500", PriceDp: 4, QtyDp: 3,
		Brackets: []Bracket{{Floor: 0, Cap: 50_000, MMR: 0.01, Leverage: 50}, {Floor: 50_000, Cap: 1_000_000, MMR: 0.025, Cum: 750, Leverage: 20}},
	}
}

// TinyFacts are invented facts with every documented corner in them, hourly:
//   - AAAUSDT, spot and perpetual, 2024-11-20 to 2025-02-05: across the change
//     of spot archives to microseconds; spot pauses for five hours on
//     2024-12-10; funding every 8 h, from 2025-01-10 every 4 h, jittering, the
//     mark price missing in the first rows;
//   - BBBUSDT, perpetual and spot, 2022-05-20 to 2022-07-05 09:00: across the
//     first header rows; then delisted, and the ticker is given to another coin
//     from 2024-12-23 on, at a price a hundred times higher.
func TinyFacts() *MemoryFacts {
	f := &MemoryFacts{Bar: carry.Hour, Rows: map[Series][]Kline{}, Settled: map[string][]Funding{}, Dated: map[Market]map[string][]DatedRules{}}
	const (
		aFrom  carry.Time = 1732060800000 // 2024-11-20
		end    carry.Time = 1738713600000 // 2025-02-05
		bFrom  carry.Time = 1653004800000 // 2022-05-20
		bEnd   carry.Time = 1657011600000 // 2022-07-05 09:00
		bAgain carry.Time = 1734912000000 // 2024-12-23
		pause  carry.Time = 1733799600000 // 2024-12-10 03:00
		often  carry.Time = 1736467200000 // 2025-01-10
	)
	lives := []struct {
		symbol, base string
		from, to     carry.Time
		price        int64 // cents
	}{{"AAAUSDT", "AAA", aFrom, end, 350_00}, {"BBBUSDT", "BBB", bFrom, bEnd, 1_20}, {"BBBUSDT", "BBB", bAgain, end, 120_00}}
	for n, l := range lives {
		s := Symbol{Name: l.symbol, Base: l.base, Quote: "USDT", Onboard: l.from}
		if l.to < end {
			s.Delivery = l.to
		}
		f.Listed[SpotMarket] = append(f.Listed[SpotMarket], s)
		f.Listed[FuturesMarket] = append(f.Listed[FuturesMarket], s)
		for kind := SpotKlines; kind < FundingRates; kind++ {
			key := Series{kind, l.symbol}
			for at := l.from; at < l.to; at += f.Bar {
				if kind == SpotKlines && at >= pause && at < pause+5*carry.Hour {
					continue
				}
				f.Rows[key] = append(f.Rows[key], tinyRow(kind, at, l.price, n))
			}
		}
		every := 8
		for slot := l.from.Floor(8*carry.Hour) + 8*carry.Hour; slot < l.to; slot += carry.Time(every) * carry.Hour {
			if slot >= often {
				every = 4
			}
			row := Funding{At: slot + (slot/carry.Hour)%19, IntervalH: every, Rate: fixed8(int64(10_000 + slot/carry.Hour%7*131 - 400))}
			if slot > bEnd && slot > l.from+3*carry.Day {
				row.Mark = tinyRow(MarkKlines, slot, l.price, n).Open
			}
			f.Settled[l.symbol] = append(f.Settled[l.symbol], row)
		}
	}
	for m := SpotMarket; m < marketCount; m++ {
		sortSymbols(f.Listed[m])
		first, later := plainRules(), plainRules()
		later.Tick, later.MinNotional = "0.00100000", "10"
		f.Dated[m] = map[string][]DatedRules{"AAAUSDT": {{From: 0, Rules: first}, {From: often, Rules: later}}}
	}
	f.Adjusted = []FundingInfo{{Symbol: "AAAUSDT", Cap: "0.02000000", Floor: "-0.02000000", IntervalH: 4}}
	return f
}

// tinyRow makes up a bar by integer arithmetic on its hour.
func tinyRow(kind Kind, at carry.Time, cents int64, coin int) Kline {
	h := int64(at / carry.Hour)
	base := cents * carry.Unit / 100
	step := base / 1000
	wave := func(k int64) int64 { return (k*7919+int64(coin)*31)%41 - 20 }
	open := base + wave(h)*step + int64(kind)*step/50
	shut := base + wave(h+1)*step + int64(kind)*step/50
	if kind == PremiumKlines {
		open, shut = wave(h)*1500, wave(h+1)*1500
		step = 900
	}
	k := Kline{At: at, Open: fixed8(open), Close: fixed8(shut), High: fixed8(max(open, shut) + step), Low: fixed8(min(open, shut) - step)}
	if kind != SpotKlines && kind != PerpKlines {
		k.Volume, k.Quote, k.TakerVolume, k.TakerQuote, k.Trades = "0", "0", "0", "0", 3600
		return k
	}
	coins := 1000 + h%97
	k.Volume, k.TakerVolume = fmt.Sprintf("%d.250", coins), fmt.Sprintf("%d.125", coins/2)
	k.Quote, k.TakerQuote = fixed8(coins*(open/2+shut/2)), fixed8(coins/2*(open/2+shut/2))
	k.Trades = 40 + h%1000
	return k
}

// fixed8 writes steps of 1e-8 as decimal text with eight decimals.
func fixed8(v int64) string { return carry.FormatFixed(v) }
