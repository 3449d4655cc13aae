package book

import (
	"carry"
	"carry/internal/refengine"

	"pgregory.net/rapid"
)

// stream makes random but valid events. What is traded is drawn; every figure
// comes from the decimal reference, which shares no code with the book.
type stream struct {
	pairs  []carry.Pair
	prices []int64 // around which pair i trades, 1e-8 USDT
	oracle *refengine.Engine
	seq    uint64
	fees   carry.Fees
	liqFee float64
}

// testPairs span what Binance lists: BTC in thousandths, a cheap coin in whole
// coins at 1e-8 USDT, one in the finest quantum, and a multiplied contract.
func testPairs() []carry.Pair {
	return []carry.Pair{
		{Coin: "BTC", Mult: 1, QtyDp: 3}, {Coin: "PEPE", Mult: 1000, QtyDp: 0},
		{Coin: "FINE", Mult: 1, QtyDp: 8}, {Coin: "ADA", Mult: 1, QtyDp: 1},
	}
}

const testCapital = carry.Amount(50_000 * carry.Unit)

func newStream() *stream {
	s := &stream{pairs: testPairs(), prices: []int64{4_321_012_345_678, 97, 1_234_567_890_123, 31_415_926}}
	s.oracle = refengine.New(s.pairs, func(carry.Time) carry.Fees { return s.fees }, testCapital)
	s.oracle.LiquidationFee = func(int32, carry.Time) float64 { return s.liqFee }
	return s
}

// draws takes whole numbers from a property test.
type draws struct{ *rapid.T }

func (d draws) between(name string, lo, hi int64) int64 {
	return rapid.Int64Range(lo, hi).Draw(d.T, name)
}

// open is the first event.
func (s *stream) open(d draws) carry.Event {
	spot := carry.Amount(d.between("spot share", 0, int64(testCapital)))
	return s.stamp(carry.Event{Kind: carry.EvSnapshot, Balance: spot, Balance2: testCapital - spot})
}

func (s *stream) stamp(ev carry.Event) carry.Event {
	s.seq++
	ev.Seq, ev.At = s.seq, carry.Time(1_600_000_000_000)+carry.Time(s.seq)*carry.Hour
	return ev
}

// held is the pair's position in quanta.
func (s *stream) held(i int32) int64 {
	return s.oracle.Contracts(int(i)).Shift(int32(s.pairs[i].QtyDp)).IntPart()
}

// quantity is one whose value lies between nothing and some 100,000 USDT.
func (s *stream) quantity(d draws, i int32) carry.Qty {
	most := int64(1e5*carry.Unit) / s.prices[i] * s.pairs[i].QtyUnit()
	return carry.Qty(d.between("quantity", 1, most))
}

func (s *stream) trade(d draws, leg carry.Leg, side carry.Side, i int32, q carry.Qty) carry.Event {
	p := s.prices[i]
	s.fees = carry.Fees{SpotTaker: float64(d.between("spot fee", 0, 200_000)) / 1e8, PerpTaker: float64(d.between("perp fee", 0, 100_000)) / 1e8}
	s.oracle.BuyFeeInUSDT = d.between("fee in USDT", 0, 3) == 0
	return s.stamp(carry.Event{Kind: carry.EvFill, Pair: i, Leg: leg, Side: side, Wallet: carry.Wallet(leg), Qty: q, Order: carry.OrderID(s.seq),
		Price: carry.Price(d.between("price", p-p/3, p+p/3)), Ref: carry.Price(d.between("mid", p-p/3, p+p/3))})
}

func (s *stream) pair(d draws) int32 { return int32(d.between("pair", 0, int64(len(s.pairs)-1))) }

func (s *stream) spotTrade(d draws, side carry.Side) carry.Event {
	i := s.pair(d)
	return s.trade(d, carry.Spot, side, i, s.quantity(d, i))
}

// perpTrade opens, increases, reduces or closes, mostly shorts.
func (s *stream) perpTrade(d draws) carry.Event {
	i := s.pair(d)
	held, side := s.held(i), carry.Sell
	if d.between("long", 0, 4) == 0 {
		side = carry.Buy
	}
	q := s.quantity(d, i)
	if held != 0 && (held > 0) != (side > 0) {
		q = s.part(d, held)
	}
	return s.trade(d, carry.Perp, side, i, q)
}

// part is some or all of a position.
func (s *stream) part(d draws, held int64) carry.Qty {
	if held < 0 {
		held = -held
	}
	if d.between("all", 0, 1) == 1 {
		return carry.Qty(held)
	}
	return carry.Qty(d.between("part", 1, held))
}

// reduction closes some of a position; without one it is a timer.
func (s *stream) reduction(d draws, kind carry.EventKind) carry.Event {
	i := s.pair(d)
	held := s.held(i)
	if held == 0 {
		return s.stamp(carry.Event{Kind: carry.EvTimer})
	}
	side := carry.Buy
	if held > 0 {
		side = carry.Sell
	}
	ev := s.trade(d, carry.Perp, side, i, s.part(d, held))
	ev.Kind, ev.Code = kind, carry.CodeLiquidated
	s.liqFee = float64(d.between("liquidation fee", 0, 2_000_000)) / 1e8
	if kind == carry.EvLiquidated && d.between("crash", 0, 1) == 1 {
		ev.Price *= 20 // a short is bankrupt, the insurance fund steps in
	}
	return ev
}

func (s *stream) funding(d draws) carry.Event {
	i := s.pair(d)
	q := s.held(i)
	if q < 0 {
		q = -q
	}
	return s.stamp(carry.Event{Kind: carry.EvPaid, Pair: i, Wallet: carry.PerpWallet, Qty: carry.Qty(q),
		Price: carry.Price(d.between("mark", 1, 2*s.prices[i])), Rate: carry.SettledRate(d.between("rate", -3_000_000, 3_000_000))})
}

func (s *stream) cash(d draws, kind carry.EventKind) carry.Event {
	ev := carry.Event{Kind: kind, Wallet: carry.Wallet(d.between("wallet", 0, 1)), Amount: carry.Amount(d.between("sum", 0, int64(testCapital)))}
	if kind == carry.EvFlow && d.between("withdraw", 0, 1) == 1 {
		ev.Amount = -ev.Amount
	}
	if kind == carry.EvTransferred && d.between("refused", 0, 3) == 0 {
		ev.Code = carry.CodeNotWithdrawable
	}
	return s.stamp(ev)
}
