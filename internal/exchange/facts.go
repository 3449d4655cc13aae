package exchange

import (
	"sort"
	"strconv"

	"carry"
)

// Market is one of Binance's two markets that are served.
type Market uint8

// The markets: spot, and perpetuals margined in USDT ("um" in the archive).
const (
	SpotMarket Market = iota
	FuturesMarket
	marketCount
)

// String is the market's name in statistics.
func (m Market) String() string {
	if m == SpotMarket {
		return "spot"
	}
	return "futures"
}

// Kind is a kind of series.
type Kind uint8

// The kinds of series. All but FundingRates are klines.
const (
	SpotKlines Kind = iota
	PerpKlines
	MarkKlines
	IndexKlines
	PremiumKlines
	FundingRates
	kindCount
)

// Market is where the kind is published.
func (k Kind) Market() Market {
	if k == SpotKlines {
		return SpotMarket
	}
	return FuturesMarket
}

// Series names one series: what of which symbol.
type Series struct {
	Kind   Kind
	Symbol string
}

// Symbol is one instrument in its lifetime. A ticker that was given to another
// coin later appears twice, with lifetimes that do not overlap.
type Symbol struct {
	Name, Base, Quote string
	Onboard           carry.Time // first moment of trading
	Delivery          carry.Time // when trading ended, 0 while it goes on
}

// Kline is one bar. Prices and volumes are decimal text exactly as it goes over
// the wire; Open is the open time, the bar lasts Facts.Step.
type Kline struct {
	At                      carry.Time
	Open, High, Low, Close  string
	Volume, Quote           string // base and quote volume
	Trades                  int64
	TakerVolume, TakerQuote string
}

// Funding is one settlement: At with the exchange's own milliseconds, Rate a
// fraction of notional, Mark the mark price or "", IntervalH the hours since
// the settlement before.
type Funding struct {
	At         carry.Time
	Rate, Mark string
	IntervalH  int
}

// Bracket is one step of a leverage ladder, in USDT and fractions of notional.
type Bracket struct {
	Floor, Cap, MMR, Cum float64
	Leverage             int
}

// Rules are one instrument's trading rules at a time, as decimal text. Where
// Recorded is not empty it is Binance's own symbol object of exchangeInfo, and
// is served as it is but for its status.
type Rules struct {
	Tick, MinPrice, MaxPrice string
	Step, MinQty, MaxQty     string
	MarketStep, MarketMin    string
	MarketMax                string
	MinNotional              string
	PercentUp, PercentDown   string
	LiquidationFee           string
	PriceDp, QtyDp           int
	Brackets                 []Bracket
	Recorded                 []byte
}

// FundingInfo is a line of /fapi/v1/fundingInfo, which names only symbols whose
// cap, floor or interval differs from the default.
type FundingInfo struct {
	Symbol, Cap, Floor string
	IntervalH          int
}

// Facts are what happened in a market. Implementations are safe for concurrent
// use. Rows are ascending in time; from is inclusive, to exclusive; limit > 0
// asks for the first limit rows, limit < 0 for the last −limit, 0 for all.
type Facts interface {
	// Step is the length of a bar; it is one of Binance's intervals.
	Step() carry.Time
	// Symbols in order of (Name, Onboard).
	Symbols(m Market) []Symbol
	// Span is the time of a series' first and last row; false if it has none.
	Span(s Series) (first, last carry.Time, ok bool)
	// Klines with open time in [from, to).
	Klines(s Series, from, to carry.Time, limit int) ([]Kline, error)
	// Funding with At in [from, to).
	Funding(symbol string, from, to carry.Time, limit int) ([]Funding, error)
	// Rules that hold at a time, or the earliest known ones.
	Rules(m Market, symbol string, at carry.Time) Rules
	// FundingInfo as of a time, in order of Symbol.
	FundingInfo(at carry.Time) []FundingInfo
}

// intervals are Binance's names of bar lengths (binance.md §1.2); the month,
// which has no fixed length, is known but never served.
var intervals = [...]struct {
	name string
	step carry.Time
}{
	{"1s", carry.Second}, {"1m", carry.Minute}, {"3m", 3 * carry.Minute}, {"5m", 5 * carry.Minute},
	{"15m", 15 * carry.Minute}, {"30m", 30 * carry.Minute}, {"1h", carry.Hour}, {"2h", 2 * carry.Hour},
	{"4h", 4 * carry.Hour}, {"6h", 6 * carry.Hour}, {"8h", 8 * carry.Hour}, {"12h", 12 * carry.Hour},
	{"1d", carry.Day}, {"3d", 3 * carry.Day}, {"1w", carry.Week}, {"1M", 0},
}

// intervalName is Binance's name of a bar length, "" if it has none.
func intervalName(step carry.Time) string {
	for _, i := range intervals {
		if i.step == step {
			return i.name
		}
	}
	return ""
}

// knownInterval tells whether Binance has such an interval in a market; only
// spot has seconds.
func knownInterval(name string, m Market) bool {
	for _, i := range intervals {
		if i.name == name {
			return m == SpotMarket || name != "1s"
		}
	}
	return false
}

// current is the symbol's newest lifetime that has begun at a time.
func current(symbols []Symbol, name string, at carry.Time) (Symbol, bool) {
	i := sort.Search(len(symbols), func(i int) bool {
		s := &symbols[i]
		return s.Name > name || s.Name == name && s.Onboard > at
	})
	if i == 0 || symbols[i-1].Name != name {
		return Symbol{}, false
	}
	return symbols[i-1], true
}

// sortSymbols puts symbols in the order that Facts promises.
func sortSymbols(s []Symbol) {
	sort.SliceStable(s, func(i, j int) bool {
		if s[i].Name != s[j].Name {
			return s[i].Name < s[j].Name
		}
		return s[i].Onboard < s[j].Onboard
	})
}

// window is the range [i, j) of ascending times in [from, to), cut to limit as
// Facts describes.
func window(n int, at func(int) carry.Time, from, to carry.Time, limit int) (i, j int) {
	i = sort.Search(n, func(k int) bool { return at(k) >= from })
	j = sort.Search(n, func(k int) bool { return at(k) >= to })
	if j < i {
		j = i
	}
	switch {
	case limit > 0 && j-i > limit:
		j = i + limit
	case limit < 0 && j-i > -limit:
		i = j + limit
	}
	return i, j
}

// derived are the columns that no source of ours has: quote volume from the
// bar's middle, half of it by takers, a count of trades that is only plausible.
func (k *Kline) derive(volume, open, close float64) {
	quote := volume * (open + close) / 2
	if k.Quote == "" {
		k.Quote = strconv.FormatFloat(quote, 'f', 8, 64)
	}
	k.TakerVolume = strconv.FormatFloat(volume/2, 'f', 8, 64)
	k.TakerQuote = strconv.FormatFloat(quote/2, 'f', 8, 64)
	k.Trades = 0
	if volume > 0 {
		k.Trades = 1 + int64(min(quote/1000, 1e6))
	}
}
