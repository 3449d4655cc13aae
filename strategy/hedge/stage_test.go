package hedge

import (
	"math"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/refengine"
)

// puppet is a policy that says what a test tells it to.
type puppet struct {
	says   []Verdict
	asleep []bool
	// fussy wants to be asked about every pair; otherwise it is calm about those
	// that it would not close.
	fussy  bool
	calm   []bool
	spread int
}

func (p *puppet) Observe(*carry.Event) {}

func (p *puppet) Judge(i int, _ *carry.Market, _ bool, v *Verdict) {
	only := v.CloseOnly
	*v = p.says[i]
	v.CloseOnly = only
	if v.Close != carry.OK {
		v.Open = v.Close
	}
}

func (p *puppet) Dormant() []bool { return p.asleep }
func (p *puppet) Spread() int     { return p.spread }

func (p *puppet) Calm() []bool {
	if p.fussy {
		return nil
	}
	p.calm = p.calm[:0]
	for i := range p.says {
		p.calm = append(p.calm, p.says[i].Close == carry.OK)
	}
	return p.calm
}

// prices are quotes by leg and pair.
type prices struct{ bid, ask [2][]float64 }

func (q *prices) Bid(leg carry.Leg, i int) float64 { return q.bid[leg][i] }
func (q *prices) Ask(leg carry.Leg, i int) float64 { return q.ask[leg][i] }

// stage is a desk with its puppet, books and a market of coins at 100 USDT.
// Orders stay on their way until the test lets them land.
type stage struct {
	t      *testing.T
	pairs  []carry.Pair
	book   *book.Book
	ref    *refengine.Engine
	desk   *Desk
	policy *puppet
	quotes prices
	market carry.Market
	at     carry.Time
	way    []carry.Command // orders and transfers whose outcome is not known
	said   []carry.Command // of the last event
	timer  carry.Command   // asked for last
}

// bare are parameters without any limit that a test does not set itself.
func bare() Params {
	p := Defaults()
	p.MaxBarVolumeFrac, p.ReserveFrac, p.ReopenAfterH, p.BalanceBandFrac, p.RiseTrimFrac = 0, 0, 0, 0, 0
	p.SliceUSDT, p.SlicesMaxN = 10, 0
	p.VerifyReadsN, p.SettleBlackoutS, p.ForeignChange = 1, 0, "adopt"
	return p
}

// newStage opens with USDT in both wallets.
func newStage(t *testing.T, n int, p Params, spot, futures float64) *stage {
	t.Helper()
	s := &stage{t: t, at: 1621382400000, policy: &puppet{says: make([]Verdict, n), asleep: make([]bool, n)}}
	col := func(v float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = v
		}
		return out
	}
	for i := range n {
		s.pairs = append(s.pairs, carry.Pair{Coin: string(rune('A' + i)), Mult: 1, QtyDp: 3})
		s.policy.says[i].Open = carry.CodeNotScreened
	}
	s.quotes = prices{bid: [2][]float64{col(100), col(100)}, ask: [2][]float64{col(100), col(100)}}
	s.market = carry.Market{Pairs: s.pairs, Quotes: &s.quotes, SpotLast: col(100), PerpLast: col(100), Mark: col(100), SpotValue: col(1e9),
		PerpValue: col(1e9), Predicted: make([]carry.PredictedRate, n), IntervalH: col(8), Flags: make([]carry.Flags, n)}
	s.book = book.New(s.pairs)
	capital := carry.AmountFloor(spot) + carry.AmountFloor(futures)
	s.ref = refengine.New(s.pairs, func(carry.Time) carry.Fees { return carry.Fees{SpotTaker: 0.001, PerpTaker: 0.0005} }, capital)
	s.desk = New(s.pairs, p, Terms{SpotFeeFrac: 0.001, PerpFeeFrac: 0.0005, FeeInCoin: true}, s.policy)
	s.tell(carry.Event{Kind: carry.EvSnapshot, Pair: -1, Balance: carry.AmountFloor(spot), Balance2: carry.AmountFloor(futures)})
	for i := range n {
		s.market.Flags[i] = carry.Tradable | carry.FundingFresh | carry.Valued
		s.rules(i, func(*carry.Rules) {})
	}
	return s
}

// rules announces lots of 0.001, at least 10 USDT on spot and 5 on the
// perpetual, as changed by the test.
func (s *stage) rules(i int, change func(r *carry.Rules)) {
	f := carry.Filters{Tick: carry.Unit / 100, Step: 1, MinQty: 1}
	r := carry.Rules{Pair: int32(i), Legs: [2]carry.Filters{f, f}}
	r.Legs[carry.Spot].MinNotional, r.Legs[carry.Perp].MinNotional = 10*carry.Unit, 5*carry.Unit
	change(&r)
	s.tell(carry.Event{Kind: carry.EvRules, Pair: int32(i), Rules: &r})
}

// tell hands one event to books and desk, as the loop does.
func (s *stage) tell(ev carry.Event) {
	s.t.Helper()
	ev.At = s.at
	if err := s.ref.Complete(&ev); err != nil {
		s.t.Fatal(err)
	}
	ev.Account = s.book.Account()
	if err := s.book.Apply(&ev); err != nil {
		s.t.Fatal(err)
	}
	s.said = s.desk.Step(&ev, nil)
	for _, c := range s.said {
		if c.Kind == carry.CmdOrder || c.Kind == carry.CmdTransfer {
			s.way = append(s.way, c)
		}
		if c.Kind == carry.CmdTimer {
			s.timer = c
		}
		if c.Kind == carry.CmdOrder {
			f := &s.desk.rules[c.Pair].Legs[c.Leg]
			if f.Check(c.Qty, c.Ref, c.Limit, s.pairs[c.Pair].QtyUnit(), c.ReduceOnly) != carry.OK {
				s.t.Errorf("an order that breaks the rules: %+v", c)
			}
			if (c.Leg == carry.Perp && c.Side == carry.Buy) != c.ReduceOnly {
				s.t.Errorf("reduce-only is %t: %+v", c.ReduceOnly, c)
			}
		}
	}
}

// hold gives the account a hedge of q coins at 100, without the desk's doing.
func (s *stage) hold(i int, q float64) { s.legs(i, q, q) }

// legs gives it coins and contracts, as near as the fee in coins allows.
func (s *stage) legs(i int, coins, contracts float64) {
	s.t.Helper()
	f := func(leg carry.Leg, side carry.Side, q float64) {
		if q >= 0.001 {
			s.tell(carry.Event{Kind: carry.EvFill, Pair: int32(i), Leg: leg, Side: side, Qty: carry.Qty(math.Round(q * 1000)),
				Price: 100 * carry.Unit, Ref: 100 * carry.Unit})
		}
	}
	f(carry.Perp, carry.Sell, contracts)
	f(carry.Spot, carry.Buy, coins/0.999+0.0005)
}

// price moves both legs of a coin.
func (s *stage) price(i int, x float64) { s.quote(i, x, x) }

// quote sets spot and perpetual, without a spread.
func (s *stage) quote(i int, spot, perp float64) {
	s.quotes.bid[0][i], s.quotes.ask[0][i], s.market.SpotLast[i] = spot, spot, spot
	s.quotes.bid[1][i], s.quotes.ask[1][i], s.market.PerpLast[i], s.market.Mark[i] = perp, perp, perp, perp
}

// cycle lets an hour pass and shows the market; it returns what is commanded.
func (s *stage) cycle() []carry.Command { return s.after(carry.Hour) }

func (s *stage) after(d carry.Time) []carry.Command {
	s.t.Helper()
	s.at += d
	m := s.market
	m.At = s.at
	s.tell(carry.Event{Kind: carry.EvMarket, Pair: -1, Market: &m})
	return acts(s.said)
}

// acts are the commands that move something, and the pool's notes.
func acts(cs []carry.Command) (out []carry.Command) {
	for _, c := range cs {
		if c.Kind == carry.CmdOrder || c.Kind == carry.CmdTransfer || (c.Kind == carry.CmdNote && c.Pair < 0 && c.Code != carry.CodeUnknown) {
			out = append(out, c)
		}
	}
	return out
}

// soon lets a few seconds pass.
func (s *stage) soon() []carry.Command { return s.after(5 * carry.Second) }

// drive lets time pass up to the hour's end; everything lands at once, and timers
// bring cross-sections within the hour.
func (s *stage) drive() {
	s.t.Helper()
	end := s.at.Floor(carry.Hour) + carry.Hour
	for n := 0; ; n++ {
		s.settle()
		next := end
		if s.timer.At > s.at {
			next = min(end, s.timer.At)
		}
		s.after(next - s.at)
		if n > 1000 {
			s.t.Fatal("an hour does not end")
		}
		if s.at == end {
			return
		}
	}
}

// land gives one command its outcome: filled at the quote or made, or refused.
func (s *stage) land(c carry.Command, code carry.Code) {
	s.t.Helper()
	for k := range s.way {
		if s.way[k].Order == c.Order {
			s.way = append(s.way[:k], s.way[k+1:]...)
			break
		}
	}
	ev := carry.Event{Kind: carry.EvFill, Pair: c.Pair, Leg: c.Leg, Side: c.Side, Order: c.Order, Qty: c.Qty, Ref: c.Ref, Code: code,
		Wallet: c.Wallet, Amount: c.Amount}
	switch {
	case c.Kind == carry.CmdTransfer:
		ev.Kind = carry.EvTransferred
	case code == carry.CodeVolume:
		ev.Kind = carry.EvCanceled
	case code != carry.OK:
		ev.Kind = carry.EvReject
	case c.Side == carry.Buy:
		ev.Price = carry.PriceFromFloat(s.quotes.Ask(c.Leg, int(c.Pair)))
	default:
		ev.Price = carry.PriceFromFloat(s.quotes.Bid(c.Leg, int(c.Pair)))
	}
	s.tell(ev)
}

// settle lets everything on its way land well, orders before transfers, also
// what is commanded meanwhile.
func (s *stage) settle() {
	s.t.Helper()
	for range 50 {
		if len(s.way) == 0 {
			return
		}
		next := s.way[0]
		for _, c := range s.way {
			if c.Kind == carry.CmdOrder {
				next = c
				break
			}
		}
		s.land(next, carry.OK)
	}
	s.t.Fatalf("there is no end of commands: %+v", s.way)
}

// orders are those of a pair among what was said.
func orders(cs []carry.Command, pair int32) (out []carry.Command) {
	for _, c := range cs {
		if c.Kind == carry.CmdOrder && c.Pair == pair {
			out = append(out, c)
		}
	}
	return out
}

func transfers(cs []carry.Command) (out []carry.Command) {
	for _, c := range cs {
		if c.Kind == carry.CmdTransfer {
			out = append(out, c)
		}
	}
	return out
}

// short is a pair's notional at mark, and used the leverage.
func (s *stage) short(i int) float64 { return -s.book.Account().PerpQtyF[i] * s.market.Mark[i] }

func (s *stage) used() float64 {
	a := s.book.Account()
	v, f := 0.0, a.PerpUSDT.Float()
	for i := range s.pairs {
		v += s.short(i)
		f -= s.short(i) + a.PerpCostF[i]
	}
	return usedLeverage(v, f)
}

// gap is coins less contracts.
func (s *stage) gap(i int) float64 {
	a := s.book.Account()
	return a.SpotCoinsF[i] + a.PerpQtyF[i]*float64(s.pairs[i].Mult)
}

// wants makes a coin welcome with a rank.
func (s *stage) wants(i int, rank float64) {
	s.policy.says[i] = Verdict{Why: carry.CodeOpen, Rank: rank}
}

// leaves makes the policy want to close a coin.
func (s *stage) leaves(i int, code carry.Code, patient bool) {
	s.policy.says[i] = Verdict{Close: code, Patient: patient}
}

// keeps makes it content with what is held.
func (s *stage) keeps(i int) { s.policy.says[i] = Verdict{Open: carry.CodeRateLow} }

func about(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.4f, want %.4f ± %g", what, got, want, tolerance)
	}
}
