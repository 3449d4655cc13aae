package exchange

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"carry"
)

// publish pushes a cross-section: the bars that closed, unless it is inside a
// bar, the books, and last the array of marks, at which a client may take it as
// whole.
func (t *Trading) publish(m *carry.Market) {
	for i := range m.Pairs {
		p := &m.Pairs[i]
		publish := t.publishKline
		if m.Within {
			publish = t.publishOpenKline
		}
		publish(SpotMarket, plugSpot, p.SpotSymbol, int32(i), m)
		publish(FuturesMarket, plugMarket, p.PerpSymbol, int32(i), m)
		t.publishBook(plugSpot, carry.Spot, p.SpotSymbol, i, m)
		t.publishBook(plugPublic, carry.Perp, p.PerpSymbol, i, m)
		t.hub.market(plugMarket, strings.ToLower(p.PerpSymbol)+"@markPrice@1s", func() []byte { return t.markFrame(i, m) })
		t.hub.market(plugMarket, strings.ToLower(p.PerpSymbol)+"@markPrice", func() []byte { return t.markFrame(i, m) })
	}
	rows := make([][]byte, len(m.Pairs))
	for i := range rows {
		rows[i] = t.markFrame(i, m)
	}
	for _, name := range [...]string{"!markPrice@arr@1s", "!markPrice@arr"} {
		t.sayMarks(name, rows)
	}
	for _, tell := range t.spoilt.late {
		tell()
	}
}

// publishKline pushes the bar that closed now; a leg without a trade has none.
// Its quote volume is the one the cross-section shows.
func (t *Trading) publishKline(market Market, p plug, symbol string, i int32, m *carry.Market) {
	step := t.facts.step
	quote := m.SpotValue[i]
	cols := &t.facts.pairs[i].spot
	if market == FuturesMarket {
		quote, cols = m.PerpValue[i], &t.facts.pairs[i].perp
	}
	bar := int((m.At - step - t.facts.start) / step) // of the facts
	if !(quote > 0) || bar < 0 || bar >= len(cols[3]) || math.IsNaN(cols[3][bar]) {
		return
	}
	name := intervalName(step)
	t.say(p, strings.ToLower(symbol)+"@kline_"+name, int(i), func() []byte {
		open := m.At - step
		text := func(k int) string { return t.figure(cols[k][bar], 8) }
		return fmt.Appendf(nil, `{"e":"kline","E":%d,"s":"%s","k":{"t":%d,"T":%d,"s":"%s","i":"%s","f":1,"L":2,"o":"%s","c":"%s","h":"%s","l":"%s","v":"%s","n":2,"x":true,"q":"%s","V":"0","Q":"0","B":"0"}}`,
			int64(m.At), symbol, int64(open), int64(m.At-1), symbol, name, text(0), text(3), text(1), text(2), text(4), t.figure(quote, 8))
	})
}

// publishOpenKline pushes the bar that is under way, of which only the beginning
// and the last price are known.
func (t *Trading) publishOpenKline(market Market, p plug, symbol string, i int32, m *carry.Market) {
	last := m.SpotLast[i]
	if market == FuturesMarket {
		last = m.PerpLast[i]
	}
	if t.halted(legOf(market), i) || math.IsNaN(last) {
		return
	}
	step := t.facts.step
	name, text, open := intervalName(step), t.figure(last, 8), m.At.Floor(step)
	t.hub.market(p, strings.ToLower(symbol)+"@kline_"+name, func() []byte {
		return fmt.Appendf(nil, `{"e":"kline","E":%d,"s":"%s","k":{"t":%d,"T":%d,"s":"%s","i":"%s","f":1,"L":1,"o":"%s","c":"%s","h":"%s","l":"%s","v":"0","n":1,"x":false,"q":"0","V":"0","Q":"0","B":"0"}}`,
			int64(m.At), symbol, int64(open), int64(open+step-1), symbol, name, text, text, text, text)
	})
}

// publishBook pushes the best bid and ask. Spot's frame has no event type
// (binance.md §3.6). Sizes are not modelled: a day's value by the minute.
func (t *Trading) publishBook(p plug, leg carry.Leg, symbol string, i int, m *carry.Market) {
	bid, ask := m.Bid(leg, i), m.Ask(leg, i)
	if !(bid > 0) || !(ask > 0) {
		return
	}
	t.say(p, strings.ToLower(symbol)+"@bookTicker", i, func() []byte {
		head, size := "", "1.00000000"
		tail := ""
		if leg == carry.Perp {
			head = `"e":"bookTicker",`
			tail = fmt.Sprintf(`,"T":%d,"E":%d`, int64(m.At), int64(m.At))
		}
		return fmt.Appendf(nil, `{%s"u":%d,"s":"%s","b":"%s","B":"%s","a":"%s","A":"%s"%s}`,
			head, t.next(), symbol, t.figure(bid, 8), size, t.figure(ask, 8), size, tail)
	})
}

// markFrame is one line of the array of marks; nil before the pair has one.
func (t *Trading) markFrame(i int, m *carry.Market) []byte {
	if math.IsNaN(m.Mark[i]) {
		return nil
	}
	p := &m.Pairs[i]
	index := t.figure(m.SpotLast[i]*float64(p.Mult), 8)
	if index == "" {
		index = t.figure(m.Mark[i], 8)
	}
	rate := t.figure(float64(m.Predicted[i]), 8)
	return fmt.Appendf(nil, `{"e":"markPriceUpdate","E":%d,"s":"%s","p":"%s","ap":"%s","P":"%s","i":"%s","r":"%s","T":%d,"st":1,"ps":"%s"}`,
		int64(m.At), p.PerpSymbol, t.figure(m.Mark[i], 8), t.figure(m.Mark[i], 8), index, index, rate, int64(t.nextSettlement(i, m)), p.PerpSymbol)
}

// nextSettlement is the next multiple of the pair's interval.
func (t *Trading) nextSettlement(i int, m *carry.Market) carry.Time {
	span := carry.Time(m.IntervalH[i] * float64(carry.Hour))
	if span <= 0 {
		span = 8 * carry.Hour
	}
	return m.At.Floor(span) + span
}

// halted tells whether a leg is closed for trading in the bar that is under way,
// which exchangeInfo's status says.
func (t *Trading) halted(leg carry.Leg, i int32) bool {
	fresh := carry.SpotFresh
	if leg == carry.Perp {
		fresh = carry.PerpFresh
	}
	step := t.facts.step
	cols := &t.facts.pairs[i].spot
	if leg == carry.Perp {
		cols = &t.facts.pairs[i].perp
	}
	bar := int((t.market.At - t.facts.start) / step)
	if bar >= 0 && bar < len(cols[4]) {
		return !(cols[4][bar] > 0)
	}
	return t.market.Flags[i]&fresh == 0
}

// statusOf is a symbol's status in exchangeInfo, "" where the history half
// knows better.
func (t *Trading) statusOf(m Market, symbol string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.pairOf[m][symbol]
	if !ok {
		return ""
	}
	if status := t.stopped(m, i); status != "" {
		return status
	}
	if !t.halted(legOf(m), i) {
		return ""
	}
	if m == SpotMarket {
		return "BREAK"
	}
	return "PENDING_TRADING"
}

// tellMarks fills in the marks at which settlements were paid where the history
// has none: production tells them today.
func (t *Trading) tellMarks(rows []Funding, symbol string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.pairOf[FuturesMarket][symbol]
	if !ok {
		return
	}
	for k := range rows {
		if mark, paid := t.marks[settlementKey{i, rows[k].At.Slot()}]; paid && rows[k].Mark == "" {
			rows[k].Mark = mark.String()
		}
	}
}

// number writes a float as Binance writes figures that are no prices.
func number(x float64) string { return strconv.FormatFloat(x, 'f', 8, 64) }

// keptMarket is a cross-section whose memory is not used again for the next
// block while clients still ask about this one.
type keptMarket struct {
	m        carry.Market
	bid, ask [2][]float64
}

// Bid implements carry.Quotes.
func (k *keptMarket) Bid(leg carry.Leg, i int) float64 { return k.bid[leg][i] }

// Ask implements carry.Quotes.
func (k *keptMarket) Ask(leg carry.Leg, i int) float64 { return k.ask[leg][i] }

func (k *keptMarket) copy(m *carry.Market) *carry.Market {
	c := &k.m
	c.At, c.WarmUp, c.Within, c.BNBUSDT, c.Pairs, c.Quotes = m.At, m.WarmUp, m.Within, m.BNBUSDT, m.Pairs, k
	for _, s := range [...]struct{ to, from *[]float64 }{{&c.SpotLast, &m.SpotLast}, {&c.PerpLast, &m.PerpLast}, {&c.Mark, &m.Mark},
		{&c.SpotValue, &m.SpotValue}, {&c.PerpValue, &m.PerpValue}, {&c.IntervalH, &m.IntervalH}, {&c.SpotDay, &m.SpotDay}, {&c.PerpDay, &m.PerpDay}} {
		*s.to = append((*s.to)[:0], *s.from...)
	}
	c.Predicted, c.Flags = append(c.Predicted[:0], m.Predicted...), append(c.Flags[:0], m.Flags...)
	for leg := range k.bid {
		k.bid[leg], k.ask[leg] = k.bid[leg][:0], k.ask[leg][:0]
		for i := range m.Pairs {
			k.bid[leg] = append(k.bid[leg], m.Bid(carry.Leg(leg), i))
			k.ask[leg] = append(k.ask[leg], m.Ask(carry.Leg(leg), i))
		}
	}
	return c
}
