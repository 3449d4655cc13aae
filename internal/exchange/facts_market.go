package exchange

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"carry"
	"carry/sim"
)

// MarketFacts serve a tape's market, usually a generated one, as if Binance had
// recorded it. What a tape has not is made up from what it has: quote volumes
// and trade counts (Kline.derive), the mark's low, the premium's extremes, the
// index (spot times coins per contract), the milliseconds of funding stamps.
type MarketFacts struct {
	step    carry.Time
	start   carry.Time
	listed  [marketCount][]Symbol
	spot    map[string]int // pair by spot symbol
	perp    map[string]int // pair by perpetual symbol
	pairs   []marketPair
	markSay carry.Time
}

// marketPair is one coin's history in columns, one value a bar from the tape's
// start, NaN where the exchange has no bar.
type marketPair struct {
	carry.Pair
	spotDp, perpDp int
	spot, perp     [5][]float64 // open, high, low, close, volume
	mark           [3][]float64 // open, high, close
	premium        []float64
	settled        []carry.Settlement
	rules          []carry.Rules
}

// fundingMarkSince is when Binance's funding rows began to tell the mark price;
// a row of 2023-10-31 has it, older ones have not (binance.md §1.4). The exact
// day is not documented.
const fundingMarkSince carry.Time = 1698710400000

// NewGeneratedFacts is the facts of sim.NewMarket(opt).
func NewGeneratedFacts(opt sim.MarketOptions) (*MarketFacts, error) {
	m, err := sim.NewMarket(opt)
	if err != nil {
		return nil, err
	}
	return NewMarketFacts(m)
}

// NewMarketFacts reads a tape to its end. It needs about 112 bytes for each
// bar of each pair. Bars must be as long as one of Binance's intervals.
func NewMarketFacts(t carry.Tape) (*MarketFacts, error) {
	info := t.Info()
	if intervalName(info.Step) == "" {
		return nil, fmt.Errorf("serve a tape: bars of %d ms are no interval of Binance's; use 1m, 1h or another of its intervals", int64(info.Step))
	}
	n := int((info.To - info.From) / info.Step)
	f := &MarketFacts{step: info.Step, start: info.From, spot: map[string]int{}, perp: map[string]int{}, markSay: fundingMarkSince}
	f.pairs = make([]marketPair, len(info.Pairs))
	for i := range f.pairs {
		f.pairs[i].reserve(info.Pairs[i], n)
	}
	for _, r := range info.Rules {
		p := &f.pairs[r.Pair]
		p.rules = append(p.rules, r)
		p.spotDp = max(p.spotDp, decimalsOf(int64(r.Legs[carry.Spot].Tick)))
		p.perpDp = max(p.perpDp, decimalsOf(int64(r.Legs[carry.Perp].Tick)))
	}
	var b carry.Block
	for {
		err := t.Next(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the tape: %w", err)
		}
		f.take(&b)
	}
	f.list(info)
	return f, nil
}

func (p *marketPair) reserve(pair carry.Pair, n int) {
	p.Pair = pair
	all := make([]float64, 14*n)
	column := func() []float64 {
		c := all[:0:n]
		all = all[n:]
		return c
	}
	for i := range p.spot {
		p.spot[i], p.perp[i] = column(), column()
	}
	for i := range p.mark {
		p.mark[i] = column()
	}
	p.premium = column()
}

// take appends a block.
func (f *MarketFacts) take(b *carry.Block) {
	for i := range f.pairs {
		p := &f.pairs[i]
		spot := [...][]float64{b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close, b.Spot.Volume}
		perp := [...][]float64{b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close, b.Perp.Volume}
		mark := [...][]float64{b.MarkOpen, b.MarkHigh, b.MarkClose}
		for r := range b.N {
			k := r*b.P + i
			for c := range spot {
				p.spot[c] = append(p.spot[c], spot[c][k])
				p.perp[c] = append(p.perp[c], perp[c][k])
			}
			for c := range mark {
				p.mark[c] = append(p.mark[c], mark[c][k])
			}
			p.premium = append(p.premium, b.Premium[k])
		}
	}
	for _, s := range b.Settled {
		f.pairs[s.Pair].settled = append(f.pairs[s.Pair].settled, s)
	}
}

// list makes the symbols; a pair lives from its first bar to its end.
func (f *MarketFacts) list(info *carry.TapeInfo) {
	ends := make([]carry.Time, len(f.pairs))
	for _, e := range info.Ends {
		if e.Delisted {
			ends[e.Pair] = e.At
		}
	}
	for i := range f.pairs {
		p := &f.pairs[i]
		f.spot[p.SpotSymbol], f.perp[p.PerpSymbol] = i, i
		s := Symbol{Name: p.SpotSymbol, Base: p.Coin, Quote: "USDT", Onboard: p.Listed, Delivery: ends[i]}
		f.listed[SpotMarket] = append(f.listed[SpotMarket], s)
		s.Name, s.Base = p.PerpSymbol, p.PerpSymbol[:len(p.PerpSymbol)-len("USDT")]
		f.listed[FuturesMarket] = append(f.listed[FuturesMarket], s)
	}
	sortSymbols(f.listed[SpotMarket])
	sortSymbols(f.listed[FuturesMarket])
}

// Step implements Facts.
func (f *MarketFacts) Step() carry.Time { return f.step }

// Symbols implements Facts.
func (f *MarketFacts) Symbols(m Market) []Symbol { return f.listed[m] }

// pair is the pair behind a series.
func (f *MarketFacts) pair(s Series) *marketPair {
	table := f.perp
	if s.Kind == SpotKlines {
		table = f.spot
	}
	i, ok := table[s.Symbol]
	if !ok {
		return nil
	}
	return &f.pairs[i]
}

// present is the column whose NaNs are the series' gaps.
func (p *marketPair) present(k Kind) []float64 {
	switch k {
	case SpotKlines, IndexKlines:
		return p.spot[3]
	case PerpKlines:
		return p.perp[3]
	case MarkKlines:
		return p.mark[2]
	}
	return p.premium
}

// Span implements Facts.
func (f *MarketFacts) Span(s Series) (first, last carry.Time, ok bool) {
	p := f.pair(s)
	if p == nil {
		return 0, 0, false
	}
	if s.Kind == FundingRates {
		if len(p.settled) == 0 {
			return 0, 0, false
		}
		return f.stamp(p, 0), f.stamp(p, len(p.settled)-1), true
	}
	col := p.present(s.Kind)
	i, j := 0, len(col)-1
	for i <= j && math.IsNaN(col[i]) {
		i++
	}
	for j >= i && math.IsNaN(col[j]) {
		j--
	}
	if i > j {
		return 0, 0, false
	}
	return f.start + carry.Time(i)*f.step, f.start + carry.Time(j)*f.step, true
}

// Klines implements Facts.
func (f *MarketFacts) Klines(s Series, from, to carry.Time, limit int) ([]Kline, error) {
	p := f.pair(s)
	if p == nil {
		return nil, nil
	}
	col := p.present(s.Kind)
	lo := max(0, int((from-f.start+f.step-1)/f.step))
	hi := min(len(col), int((to-f.start+f.step-1)/f.step))
	var bars []int
	if limit >= 0 {
		for i := lo; i < hi && (limit == 0 || len(bars) < limit); i++ {
			if !math.IsNaN(col[i]) {
				bars = append(bars, i)
			}
		}
	} else {
		for i := hi - 1; i >= lo && len(bars) < -limit; i-- {
			if !math.IsNaN(col[i]) {
				bars = append(bars, i)
			}
		}
		for i, j := 0, len(bars)-1; i < j; i, j = i+1, j-1 {
			bars[i], bars[j] = bars[j], bars[i]
		}
	}
	rows := make([]Kline, len(bars))
	for k, i := range bars {
		p.row(&rows[k], s.Kind, i)
		rows[k].At = f.start + carry.Time(i)*f.step
	}
	return rows, nil
}

// row writes bar i of a kind. The text of its prices is one allocation.
func (p *marketPair) row(k *Kline, kind Kind, i int) {
	var o, h, l, c float64
	dp := p.perpDp
	switch kind {
	case SpotKlines:
		dp = 8 // spot always writes eight decimals
		o, h, l, c = p.spot[0][i], p.spot[1][i], p.spot[2][i], p.spot[3][i]
	case PerpKlines:
		o, h, l, c = p.perp[0][i], p.perp[1][i], p.perp[2][i], p.perp[3][i]
	case MarkKlines:
		dp = 8
		o, h, c = p.mark[0][i], p.mark[1][i], p.mark[2][i]
		l = min(o, c)
	case IndexKlines:
		dp = 8
		m := float64(p.Mult)
		o, h, l, c = p.spot[0][i]*m, p.spot[1][i]*m, p.spot[2][i]*m, p.spot[3][i]*m
	case PremiumKlines:
		dp = 8
		c = p.premium[i]
		o = c
		if i > 0 && !math.IsNaN(p.premium[i-1]) {
			o = p.premium[i-1]
		}
		h, l = max(o, c), min(o, c)
	}
	var text [96]byte
	b := strconv.AppendFloat(text[:0], o, 'f', dp, 64)
	n1 := len(b)
	b = strconv.AppendFloat(b, h, 'f', dp, 64)
	n2 := len(b)
	b = strconv.AppendFloat(b, l, 'f', dp, 64)
	n3 := len(b)
	b = strconv.AppendFloat(b, c, 'f', dp, 64)
	all := string(b)
	k.Open, k.High, k.Low, k.Close = all[:n1], all[n1:n2], all[n2:n3], all[n3:]
	switch kind {
	case SpotKlines:
		k.Volume = strconv.FormatFloat(p.spot[4][i], 'f', 8, 64)
		k.derive(p.spot[4][i], o, c)
	case PerpKlines:
		k.Volume = strconv.FormatFloat(p.perp[4][i], 'f', -1, 64)
		k.derive(p.perp[4][i], o, c)
	default:
		k.Volume, k.Quote, k.TakerVolume, k.TakerQuote, k.Trades = "0", "0", "0", "0", 3600
	}
}

// stampJitter bounds the milliseconds by which a settlement is stamped late.
const stampJitter = 20

// stamp is the time of a settlement with some milliseconds, as the exchange's.
func (f *MarketFacts) stamp(p *marketPair, i int) carry.Time {
	at := p.settled[i].At
	return at + carry.Time(mix(uint64(at), p.PerpSymbol)%stampJitter)
}

// Funding implements Facts.
func (f *MarketFacts) Funding(symbol string, from, to carry.Time, limit int) ([]Funding, error) {
	p := f.pair(Series{FundingRates, symbol})
	if p == nil {
		return nil, nil
	}
	i, j := window(len(p.settled), func(k int) carry.Time { return f.stamp(p, k) }, from, to, limit)
	rows := make([]Funding, 0, j-i)
	for k := i; k < j; k++ {
		s := p.settled[k]
		row := Funding{At: f.stamp(p, k), Rate: fixed8(int64(s.Rate)), IntervalH: int(s.IntervalH)}
		if s.Mark > 0 && s.At >= f.markSay {
			row.Mark = fixed8(int64(s.Mark))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Rules implements Facts.
func (f *MarketFacts) Rules(m Market, symbol string, at carry.Time) Rules {
	kind, leg := PerpKlines, carry.Perp
	if m == SpotMarket {
		kind, leg = SpotKlines, carry.Spot
	}
	p := f.pair(Series{kind, symbol})
	if p == nil || len(p.rules) == 0 {
		return plainRules()
	}
	i := len(p.rules) - 1
	for i > 0 && p.rules[i].From > at {
		i--
	}
	r := &p.rules[i]
	l := &r.Legs[leg]
	qty := func(q carry.Qty) string {
		return strconv.FormatFloat(float64(q)/float64(p.QtyUnit()), 'f', int(p.QtyDp), 64)
	}
	out := Rules{
		Tick: fixed8(int64(l.Tick)), MinPrice: fixed8(int64(l.Tick)), MaxPrice: "1000000.00000000",
		Step: qty(l.Step), MinQty: qty(l.MinQty), MaxQty: qty(l.MaxQty),
		MarketStep: qty(l.MarketStep), MarketMin: qty(l.MinQty), MarketMax: qty(l.MarketMax),
		MinNotional: fixed8(int64(l.MinNotional)),
		PercentUp:   strconv.FormatFloat(l.PercentUp, 'f', 4, 64), PercentDown: strconv.FormatFloat(l.PercentDown, 'f', 4, 64),
		LiquidationFee: strconv.FormatFloat(r.LiquidationFeeFrac, 'f', 6, 64),
		PriceDp:        decimalsOf(int64(l.Tick)), QtyDp: int(p.QtyDp) - decimalsBelow(int64(l.Step)),
	}
	for _, b := range r.Brackets {
		top := b.Cap
		if math.IsInf(top, 1) {
			top = 1e10 // the exchange writes a number for "no end" too
		}
		out.Brackets = append(out.Brackets, Bracket{Floor: b.Floor, Cap: math.Floor(top), MMR: b.MMR, Cum: b.Cum, Leverage: int(b.MaxLeverage)})
	}
	return out
}

// FundingInfo implements Facts: symbols whose last interval is not eight hours.
// Cap and floor are 0.75 of the first bracket's margin rate (binance.md §2.1).
func (f *MarketFacts) FundingInfo(at carry.Time) []FundingInfo {
	var out []FundingInfo
	for _, s := range f.listed[FuturesMarket] {
		p := &f.pairs[f.perp[s.Name]]
		_, j := window(len(p.settled), func(k int) carry.Time { return p.settled[k].At }, 0, at+1, 0)
		if j == 0 || p.settled[j-1].IntervalH == 8 || len(p.rules) == 0 || len(p.rules[0].Brackets) == 0 {
			continue
		}
		top := strconv.FormatFloat(0.75*p.rules[0].Brackets[0].MMR, 'f', 8, 64)
		out = append(out, FundingInfo{Symbol: s.Name, Cap: top, Floor: "-" + top, IntervalH: int(p.settled[j-1].IntervalH)})
	}
	return out
}

// decimalsOf is the number of decimals of a step in units of 1e-8.
func decimalsOf(step int64) int {
	if step <= 0 {
		return 8
	}
	return 8 - decimalsBelow(step)
}

// decimalsBelow counts a number's trailing zeros.
func decimalsBelow(v int64) int {
	n := 0
	for v >= 10 && v%10 == 0 {
		v /= 10
		n++
	}
	return min(n, 8)
}

// mix is a hash of a number and a name: FNV-1a, then SplitMix64's finish. All
// chance here is such a hash, so that it does not depend on who asks first.
func mix(x uint64, name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	h ^= x * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
