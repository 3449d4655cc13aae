package data

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"carry"
)

// A journal's record is a version, then the fields of an event or a command as
// varints in a fixed order, floats as their eight bytes. Large records (markets)
// are compressed.
const (
	journalPlain      = 1
	journalCompressed = 2
	compressFrom      = 600 // bytes
)

// errRecord says that a record cannot be read.
var errRecord = errors.New("a record of the journal is damaged")

// recordWriter writes fields.
type recordWriter struct{ b []byte }

func (w *recordWriter) int(v int64) { w.b = binary.AppendVarint(w.b, v) }
func (w *recordWriter) float(v float64) {
	w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v))
}
func (w *recordWriter) wide(v carry.Wide) {
	w.int(v.Hi)
	w.b = binary.AppendUvarint(w.b, v.Lo)
}

func (w *recordWriter) truth(v bool) {
	if v {
		w.int(1)
	} else {
		w.int(0)
	}
}

// recordReader reads them back. The first thing that does not fit stays as bad.
type recordReader struct {
	b   []byte
	bad bool
}

func (r *recordReader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *recordReader) wide() carry.Wide {
	w := carry.Wide{Hi: r.int()}
	lo, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return w
	}
	r.b, w.Lo = r.b[n:], lo
	return w
}

func (r *recordReader) float() float64 {
	if len(r.b) < 8 {
		r.bad, r.b = true, nil
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(r.b))
	r.b = r.b[8:]
	return v
}

func (r *recordReader) truth() bool { return r.int() != 0 }

// count is the length of a list of things of at least one byte.
func (r *recordReader) count() int {
	n := r.int()
	if n < 0 || n > int64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

// packEvent writes an event whole, the market too.
func packEvent(ev *carry.Event) []byte {
	w := &recordWriter{}
	for _, v := range eventInts(ev) {
		w.int(v)
	}
	w.truth(ev.Maker)
	w.truth(ev.Isolated)
	w.wide(ev.FeeCoins)
	w.wide(ev.Coins)
	w.wide(ev.Coins2)
	w.truth(ev.Market != nil)
	if ev.Market != nil {
		w.market(ev.Market)
	}
	w.int(int64(len(ev.Rates)))
	for k := range ev.Rates {
		s := &ev.Rates[k]
		w.int(int64(s.At))
		w.int(int64(s.Pair))
		w.int(int64(s.Rate))
		w.int(int64(s.Mark))
		w.float(s.IntervalH)
	}
	w.truth(ev.Rules != nil)
	if ev.Rules != nil {
		w.rules(ev.Rules)
	}
	return squeeze(w.b)
}

// eventInts are an event's whole numbers in the order of the format.
func eventInts(ev *carry.Event) [25]int64 {
	return [...]int64{int64(ev.Kind), int64(ev.At), int64(ev.Seq), int64(ev.Pair), int64(ev.Leg), int64(ev.Side), int64(ev.Wallet), int64(ev.Code),
		int64(ev.Order), int64(ev.Asset), int64(ev.Qty), int64(ev.Left), int64(ev.Price), int64(ev.Ref), int64(ev.Amount), int64(ev.Fee),
		int64(ev.FeeBNB), int64(ev.BNBPrice), int64(ev.Balance), int64(ev.Balance2), int64(ev.BNB), int64(ev.BNB2), int64(ev.Rate), int64(ev.ID), ev.Number}
}

// unpackEvent reads what packEvent wrote. pairs are the universe.
func unpackEvent(raw []byte, pairs []carry.Pair) (*carry.Event, error) {
	body, err := unsqueeze(raw)
	if err != nil {
		return nil, err
	}
	r := &recordReader{b: body}
	var v [25]int64
	for k := range v {
		v[k] = r.int()
	}
	ev := &carry.Event{Kind: carry.EventKind(v[0]), At: carry.Time(v[1]), Seq: uint64(v[2]), Pair: int32(v[3]), Leg: carry.Leg(v[4]), Side: carry.Side(v[5]),
		Wallet: carry.Wallet(v[6]), Code: carry.Code(v[7]), Order: carry.OrderID(v[8]), Asset: carry.Asset(v[9]), Qty: carry.Qty(v[10]), Left: carry.Qty(v[11]),
		Price: carry.Price(v[12]), Ref: carry.Price(v[13]), Amount: carry.Amount(v[14]), Fee: carry.Amount(v[15]), FeeBNB: carry.Amount(v[16]),
		BNBPrice: carry.Price(v[17]), Balance: carry.Amount(v[18]), Balance2: carry.Amount(v[19]), BNB: carry.Amount(v[20]), BNB2: carry.Amount(v[21]),
		Rate: carry.SettledRate(v[22]), ID: uint32(v[23]), Number: v[24]}
	ev.Maker, ev.Isolated = r.truth(), r.truth()
	ev.FeeCoins, ev.Coins, ev.Coins2 = r.wide(), r.wide(), r.wide()
	if r.truth() {
		ev.Market = r.market(pairs)
	}
	for range r.count() {
		ev.Rates = append(ev.Rates, carry.Settlement{At: carry.Time(r.int()), Pair: int32(r.int()), Rate: carry.SettledRate(r.int()), Mark: carry.Price(r.int()), IntervalH: r.float()})
	}
	if r.truth() {
		ev.Rules = r.rules()
	}
	if r.bad || len(r.b) > 0 || ev.Pair < -1 || int(ev.Pair) >= len(pairs) {
		return nil, errRecord
	}
	return ev, nil
}

// keptQuotes are a market's quotes as they were recorded.
type keptQuotes struct{ bid, ask [2][]float64 }

// Bid implements carry.Quotes.
func (q *keptQuotes) Bid(leg carry.Leg, i int) float64 { return q.bid[leg][i] }

// Ask implements carry.Quotes.
func (q *keptQuotes) Ask(leg carry.Leg, i int) float64 { return q.ask[leg][i] }

// marketColumns are a market's columns of floats in the order of the format.
func marketColumns(m *carry.Market) [8]*[]float64 {
	return [...]*[]float64{&m.SpotLast, &m.PerpLast, &m.Mark, &m.SpotValue, &m.PerpValue, &m.SpotDay, &m.PerpDay, &m.IntervalH}
}

func (w *recordWriter) market(m *carry.Market) {
	w.int(int64(m.At))
	w.truth(m.WarmUp)
	w.truth(m.Within)
	w.float(m.BNBUSDT)
	w.int(int64(len(m.Pairs)))
	for _, col := range marketColumns(m) {
		w.truth(len(*col) > 0)
		for _, v := range *col {
			w.float(v)
		}
	}
	for _, ages := range m.QuoteAgeMs {
		w.truth(ages != nil)
		for _, ms := range ages {
			w.int(int64(ms))
		}
	}
	for i := range m.Pairs {
		w.float(float64(m.Predicted[i]))
		w.int(int64(m.Flags[i]))
		for _, leg := range [...]carry.Leg{carry.Spot, carry.Perp} {
			w.float(m.Bid(leg, i))
			w.float(m.Ask(leg, i))
		}
	}
}

func (r *recordReader) market(pairs []carry.Pair) *carry.Market {
	q := &keptQuotes{}
	m := &carry.Market{At: carry.Time(r.int()), WarmUp: r.truth(), Within: r.truth(), BNBUSDT: r.float(), Pairs: pairs, Quotes: q}
	if n := r.int(); int(n) != len(pairs) {
		r.bad = true
		return m
	}
	for _, col := range marketColumns(m) {
		if !r.truth() {
			continue
		}
		for range pairs {
			*col = append(*col, r.float())
		}
	}
	for leg := range m.QuoteAgeMs {
		if !r.truth() {
			continue
		}
		for range pairs {
			m.QuoteAgeMs[leg] = append(m.QuoteAgeMs[leg], int32(r.int()))
		}
	}
	for range pairs {
		m.Predicted = append(m.Predicted, carry.PredictedRate(r.float()))
		m.Flags = append(m.Flags, carry.Flags(r.int()))
		for leg := range q.bid {
			q.bid[leg] = append(q.bid[leg], r.float())
			q.ask[leg] = append(q.ask[leg], r.float())
		}
	}
	return m
}

func (w *recordWriter) rules(x *carry.Rules) {
	w.int(int64(x.Pair))
	w.int(int64(x.From))
	w.int(int64(x.Recorded))
	w.truth(x.Assumed)
	w.int(int64(x.EndsAt))
	for leg := range x.Legs {
		f := &x.Legs[leg]
		for _, v := range [...]int64{int64(f.Tick), int64(f.Step), int64(f.MinQty), int64(f.MaxQty), int64(f.MarketStep), int64(f.MarketMax), int64(f.MinNotional),
			int64(f.MaxNotional), int64(f.MinPrice), int64(f.MaxPrice), int64(f.MaxOrders), int64(f.IcebergParts)} {
			w.int(v)
		}
		w.truth(f.MarketSmall)
		w.truth(f.MarketLarge)
		w.float(f.PercentUp)
		w.float(f.PercentDown)
	}
	w.int(int64(len(x.Brackets)))
	for _, b := range x.Brackets {
		for _, v := range [...]float64{b.Floor, b.Cap, b.MMR, b.Cum, b.MaxLeverage} {
			w.float(v)
		}
	}
	w.float(x.LiquidationFeeFrac)
	w.float(x.Interest8h)
}

func (r *recordReader) rules() *carry.Rules {
	x := &carry.Rules{Pair: int32(r.int()), From: carry.Time(r.int()), Recorded: carry.Time(r.int()), Assumed: r.truth(), EndsAt: carry.Time(r.int())}
	for leg := range x.Legs {
		f := &x.Legs[leg]
		f.Tick, f.Step, f.MinQty, f.MaxQty, f.MarketStep = carry.Price(r.int()), carry.Qty(r.int()), carry.Qty(r.int()), carry.Qty(r.int()), carry.Qty(r.int())
		f.MarketMax, f.MinNotional, f.MaxNotional = carry.Qty(r.int()), carry.Amount(r.int()), carry.Amount(r.int())
		f.MinPrice, f.MaxPrice, f.MaxOrders, f.IcebergParts = carry.Price(r.int()), carry.Price(r.int()), int(r.int()), int(r.int())
		f.MarketSmall, f.MarketLarge, f.PercentUp, f.PercentDown = r.truth(), r.truth(), r.float(), r.float()
	}
	for range r.count() {
		x.Brackets = append(x.Brackets, carry.Bracket{Floor: r.float(), Cap: r.float(), MMR: r.float(), Cum: r.float(), MaxLeverage: r.float()})
	}
	x.LiquidationFeeFrac, x.Interest8h = r.float(), r.float()
	return x
}

// packCommand writes a command and when it was said.
func packCommand(at carry.Time, c *carry.Command) []byte {
	w := &recordWriter{}
	w.int(int64(at))
	for _, v := range [...]int64{int64(c.Kind), int64(c.Leg), int64(c.Side), int64(c.Wallet), int64(c.Life), int64(c.Code), int64(c.Pair), int64(c.Asset),
		int64(c.ID), int64(c.Order), int64(c.Qty), int64(c.Show), int64(c.Limit), int64(c.Ref), int64(c.Amount), int64(c.At)} {
		w.int(v)
	}
	w.truth(c.ReduceOnly)
	for _, x := range c.X {
		w.float(x)
	}
	return squeeze(w.b)
}

// unpackCommand reads what packCommand wrote.
func unpackCommand(raw []byte) (at carry.Time, c carry.Command, err error) {
	body, err := unsqueeze(raw)
	if err != nil {
		return 0, c, err
	}
	r := &recordReader{b: body}
	at = carry.Time(r.int())
	var v [16]int64
	for k := range v {
		v[k] = r.int()
	}
	c = carry.Command{Kind: carry.CommandKind(v[0]), Leg: carry.Leg(v[1]), Side: carry.Side(v[2]), Wallet: carry.Wallet(v[3]), Life: carry.Life(v[4]),
		Code: carry.Code(v[5]), Pair: int32(v[6]), Asset: carry.Asset(v[7]), ID: uint32(v[8]), Order: carry.OrderID(v[9]), Qty: carry.Qty(v[10]),
		Show: carry.Qty(v[11]), Limit: carry.Price(v[12]), Ref: carry.Price(v[13]), Amount: carry.Amount(v[14]), At: carry.Time(v[15])}
	c.ReduceOnly = r.truth()
	for k := range c.X {
		c.X[k] = r.float()
	}
	if r.bad || len(r.b) > 0 {
		return 0, c, errRecord
	}
	return at, c, nil
}

// squeeze compresses what is large.
func squeeze(b []byte) []byte {
	if len(b) < compressFrom {
		return append([]byte{journalPlain}, b...)
	}
	var out bytes.Buffer
	out.WriteByte(journalCompressed)
	z, err := flate.NewWriter(&out, flate.BestSpeed)
	if err == nil {
		if _, err = z.Write(b); err == nil {
			err = z.Close()
		}
	}
	if err != nil { // a buffer takes everything
		return append([]byte{journalPlain}, b...)
	}
	return out.Bytes()
}

// recordMax bounds an unpacked record: ten thousand pairs.
const recordMax = 4 << 20

func unsqueeze(raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return nil, errRecord
	}
	switch raw[0] {
	case journalPlain:
		return raw[1:], nil
	case journalCompressed:
		b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw[1:])), recordMax+1))
		if err != nil || len(b) > recordMax {
			return nil, errRecord
		}
		return b, nil
	}
	return nil, fmt.Errorf("%w: form %d is not known", errRecord, raw[0])
}
