package sim_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/refengine"
	"carry/internal/risk"
	"carry/sim"
)

// gambler trades without sense: any leg, any size, either way, also what the
// account cannot bear.
type gambler struct {
	r    *rand.Rand
	id   carry.OrderID
	bold float64 // how much of the wallet a bet may be
}

func (g *gambler) bets(m *carry.Market, a *carry.Account) (out []carry.Command) {
	for range g.r.IntN(4) {
		g.id++
		i := g.r.IntN(len(m.Pairs))
		if c, odd := g.odd(m, a, i); odd {
			out = append(out, c)
			continue
		}
		if g.r.IntN(4) == 0 || m.Flags[i]&carry.Tradable != carry.Tradable {
			from := carry.Wallet(g.r.IntN(2))
			most := []carry.Amount{a.SpotUSDT, a.PerpUSDT}[from].Float()
			out = append(out, carry.Command{Kind: carry.CmdTransfer, Pair: -1, Order: g.id, Wallet: from,
				Amount: carry.AmountFloor(most * 1.1 * g.r.Float64())})
			continue
		}
		c := carry.Command{Kind: carry.CmdOrder, Pair: int32(i), Leg: carry.Leg(g.r.IntN(2)), Side: carry.Buy, Order: g.id}
		if g.r.IntN(2) == 0 {
			c.Side = carry.Sell
		}
		c.Ref = carry.PriceFromFloat(m.Mid(c.Leg, i))
		c.Qty = g.size(&c, &m.Pairs[i], a)
		if g.r.IntN(8) == 0 {
			c.Limit = c.Ref
		}
		if g.r.IntN(3) == 0 {
			c.Life = carry.GTC + carry.Life(g.r.IntN(2))
			c.Limit = carry.PriceFromFloat(m.Mid(c.Leg, i) * (1 - float64(c.Side)*0.02*(g.r.Float64()-0.2)))
		}
		c.ReduceOnly = c.Leg == carry.Perp && c.Side == carry.Buy && g.r.IntN(10) > 0
		out = append(out, c)
	}
	return out
}

// odd is a command beside orders and transfers of USDT: a cancel of something, a
// timer, another leverage, coins or BNB moved.
func (g *gambler) odd(m *carry.Market, a *carry.Account, i int) (carry.Command, bool) {
	c := carry.Command{Pair: int32(i), Leg: carry.Leg(g.r.IntN(2)), Order: g.id}
	switch g.r.IntN(12) {
	case 0:
		c.Kind, c.Order = carry.CmdCancel, g.id-carry.OrderID(g.r.IntN(6))
	case 1:
		c.Kind, c.ID, c.At = carry.CmdTimer, uint32(g.id), m.At+carry.Time(g.r.IntN(4000))*carry.Second
	case 2:
		c.Kind, c.ID = carry.CmdLeverage, uint32(g.r.IntN(30))
	case 3:
		c.Kind, c.Pair, c.Asset, c.Wallet = carry.CmdTransfer, -1, carry.CoinOf(i), carry.Wallet(g.r.IntN(2))
		have := a.SpotCoinsF[i]
		if c.Wallet == carry.PerpWallet && a.PerpCoins != nil {
			have = a.PerpCoins[i].Float() / carry.Unit
		}
		c.Qty = m.Pairs[i].QtyFloor(have * 1.1 * g.r.Float64())
	case 4:
		c.Kind, c.Pair, c.Asset, c.Wallet = carry.CmdTransfer, -1, carry.BNB, carry.Wallet(g.r.IntN(2))
		c.Amount = carry.Amount(float64(a.BNB[c.Wallet]) * 1.1 * g.r.Float64())
	default:
		return c, false
	}
	return c, true
}

// size is sometimes all there is, sometimes more, mostly a part.
func (g *gambler) size(c *carry.Command, pair *carry.Pair, a *carry.Account) carry.Qty {
	share := []float64{0.1, 0.3, 1, 1.2}[g.r.IntN(4)] * (0.5 + g.r.Float64())
	switch {
	case c.Leg == carry.Spot && c.Side == carry.Sell:
		return pair.QtyFloor(a.SpotCoinsF[c.Pair] * min(share, 1.1))
	case c.Leg == carry.Perp && c.Side == carry.Buy:
		return pair.QtyFloor(-a.PerpQtyF[c.Pair] * share)
	case c.Leg == carry.Perp:
		return pair.QtyFloor(a.PerpUSDT.Float() * g.bold * share / c.Ref.Float())
	}
	return pair.QtyFloor(a.SpotUSDT.Float() * share / c.Ref.Float())
}

// trial is one account in the real venue, watched by both other books.
type trial struct {
	venue *sim.Venue
	gate  *risk.Gate
	book  *book.Book
	ref   *refengine.Engine
	core  gambler
	rules []*carry.Rules
	// prices of the last cross-section
	spot, mark []carry.Price
	seen       map[string]int
	seq        uint64
	isolated   bool
	sent       map[carry.OrderID]*carry.Command // Qty is what is left of it
}

func newTrial(t *testing.T, info *carry.TapeInfo, seed uint64) *trial {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 99))
	o := sim.DefaultOptions()
	fees := sim.BinanceFees{VIP: r.IntN(10), BNB: r.IntN(2) == 0}
	o.Fees = fees
	o.Latency = sim.ConstantLatency{Ms: carry.Time(r.IntN(3)) * 40 * carry.Minute}
	o.TransferDelay = carry.Time(r.IntN(2)) * 50 * carry.Minute
	o.ExchangeLeverageX = []float64{3, 10, 50}[r.IntN(3)]
	o.FuturesUSDT = o.CapitalUSDT / 4 * carry.Amount(r.IntN(5))
	stock := fees.BNB && r.IntN(2) == 0 && o.FuturesUSDT > 0 && o.FuturesUSDT < o.CapitalUSDT
	if stock {
		o.BNBUSDT = carry.Amount(1+r.IntN(20)) * carry.Unit
	}
	o.Isolated = r.IntN(3) == 0
	if r.IntN(2) == 0 {
		o.Transfers = sim.ShakyTransfers{FailFrac: 0.2, UnknownFrac: 0.3, UnknownFor: carry.Time(1+r.IntN(300)) * carry.Minute, Seed: seed}
	}
	if r.IntN(2) == 0 {
		o.ADL = sim.CrashADL{FallFrac: 0.01, ChanceFrac: 0.3, Seed: seed}
	}
	o.FundingWindow = carry.Time(r.IntN(2)) * 15 * carry.Second
	o.Volume = []sim.VolumeModel{sim.AllVolume{}, sim.DefaultVolume, sim.ShareOfVolume{Frac: 0.0001, Depth: carry.Minute}}[r.IntN(3)]
	o.Moment = []carry.Time{20 * carry.Minute, 11 * carry.Minute, 50 * carry.Minute}[r.IntN(3)]
	for k := range r.IntN(4) {
		amount := carry.Amount(r.IntN(3000)-1500) * carry.Unit
		o.Flows = append(o.Flows, sim.Flow{At: info.From + carry.Time(116+6*k)*carry.Day, Amount: amount})
	}
	v, err := sim.NewVenue(info, o, info.From)
	if err != nil {
		t.Fatal(err)
	}
	n := len(info.Pairs)
	p := &trial{venue: v, gate: risk.NewGate(info.Pairs, risk.Limits{}), book: book.New(info.Pairs), rules: make([]*carry.Rules, n),
		core: gambler{r: r, bold: []float64{1, 8, 40}[r.IntN(3)]}, spot: make([]carry.Price, n), mark: make([]carry.Price, n), seen: make(map[string]int),
		sent: make(map[carry.OrderID]*carry.Command)}
	p.ref = refengine.New(info.Pairs, func(at carry.Time) carry.Fees { return fees.At(at.Floor(carry.Day)) }, o.CapitalUSDT)
	p.ref.BuyFeeInUSDT = fees.BNB && !stock
	if stock {
		p.ref.PlainFees = func(at carry.Time) carry.Fees { return sim.BinanceFees{VIP: fees.VIP}.At(at.Floor(carry.Day)) }
	}
	if o.Isolated {
		p.ref.IsolatedX = o.ExchangeLeverageX
	}
	p.isolated = o.Isolated
	return p
}

// drain hands on events until the venue waits, and checks all after each.
func (p *trial) drain(t *testing.T) {
	t.Helper()
	for {
		ev, err := p.venue.Next(context.Background())
		if errors.Is(err, risk.ErrWait) || errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		p.seq++
		ev.Seq = p.seq
		p.seen[ev.Kind.String()+" "+ev.Code.String()]++
		switch {
		case ev.FeeBNB > 0:
			p.seen["fee in BNB"]++
		case ev.Kind == carry.EvTransferred && ev.Code == carry.OK && ev.Asset != carry.USDT:
			p.seen["moved "+[]string{"BNB", "coins"}[min(ev.Asset.Pair()+1, 1)]]++
		case ev.Kind == carry.EvFill && ev.Maker:
			p.seen["made"]++
		case ev.Kind == carry.EvFill && ev.Left > 0:
			p.seen["filled in part"]++
		case ev.Isolated:
			p.seen["liquidated isolated"]++
		}
		if ev.Kind == carry.EvFill {
			p.fill(t, ev)
		}
		if err := p.book.Apply(ev); err != nil {
			t.Fatalf("the books refuse %+v: %v", ev, err)
		}
		if err := p.ref.Check(ev); err != nil {
			t.Fatal(err)
		}
		p.gate.Observe(ev)
		p.compare(t, ev)
		if ev.Kind != carry.EvMarket {
			continue
		}
		if ev.Market.Within && p.core.r.IntN(5) > 0 {
			continue
		}
		acct := p.book.Account()
		for _, c := range p.core.bets(ev.Market, acct) {
			if rules := p.rules[max(c.Pair, 0)]; c.Kind == carry.CmdOrder && rules != nil {
				c.Qty = rules.Legs[c.Leg].FloorQty(c.Qty)
				c.Limit -= c.Limit % max(rules.Legs[c.Leg].Tick, 1)
			}
			if c.Kind == carry.CmdLeverage && p.isolated {
				continue // the reference knows one leverage
			}
			if a, code := p.gate.Check(ev.At, &c, acct); code == carry.OK {
				if c.Kind == carry.CmdOrder {
					kept := c
					p.sent[c.Order] = &kept
				}
				if err := p.venue.Submit(context.Background(), a); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// fill demands that a fill is one that its order and the filters allow: within
// its quantity and limit, in whole lots and ticks, and reducing where that was
// asked for. The book does not know of it yet.
func (p *trial) fill(t *testing.T, ev *carry.Event) {
	t.Helper()
	c, f := p.sent[ev.Order], &p.rules[ev.Pair].Legs[ev.Leg]
	if c == nil || c.Pair != ev.Pair || c.Leg != ev.Leg || c.Side != ev.Side {
		t.Fatalf("a fill of no order: %+v", ev)
	}
	held := p.book.Account().PerpQty[ev.Pair]
	closes := c.ReduceOnly && ev.Qty == -held
	if c.Qty -= ev.Qty; c.Qty < 0 || ev.Left != c.Qty && !(closes && ev.Left == 0) {
		t.Fatalf("%d left of an order after %+v", c.Qty, ev)
	}
	if c.Limit > 0 && (ev.Side == carry.Buy && ev.Price > c.Limit || ev.Side == carry.Sell && ev.Price < c.Limit) {
		t.Fatalf("limit %s, filled at %s", c.Limit, ev.Price)
	}
	if ev.Qty <= 0 || ev.Qty%max(f.Step, 1) != 0 && !closes || ev.Price%max(f.Tick, 1) != 0 {
		t.Fatalf("a fill off lot %d or tick %s: %+v", f.Step, f.Tick, ev)
	}
	if c.ReduceOnly && (held >= 0 || ev.Qty > -held) {
		t.Fatalf("reduce-only bought %d of a position of %d", ev.Qty, held)
	}
}

// compare demands a residual of exactly nothing at the instant's prices, and the
// exchange's own balances wherever nothing is on its way.
func (p *trial) compare(t *testing.T, ev *carry.Event) {
	t.Helper()
	switch ev.Kind {
	case carry.EvRules:
		p.rules[ev.Pair] = ev.Rules
	case carry.EvMarket:
		for i := range p.spot {
			if ev.Market.Flags[i]&carry.Valued != 0 {
				p.spot[i], p.mark[i] = carry.PriceFromFloat(ev.Market.SpotLast[i]), carry.PriceFromFloat(ev.Market.Mark[i])
			}
		}
	}
	residual, err := p.book.Residual(p.spot, p.mark)
	if err != nil || residual != (carry.Wide{}) {
		t.Fatalf("after event %d (%s at %s) %s of 1e-16 USDT are not explained: %v", ev.Seq, ev.Kind, ev.At, residual, err)
	}
	if !p.venue.Told() {
		return
	}
	p.seen["idle"]++
	spot, perp, coins, contracts := p.venue.Exchange().Balances()
	a := p.book.Account()
	if spot != a.SpotUSDT || perp != a.PerpUSDT {
		t.Fatalf("after event %d the exchange has %s and %s, the books %s and %s", ev.Seq, spot, perp, a.SpotUSDT, a.PerpUSDT)
	}
	away, bnb := p.venue.Exchange().Others()
	if bnb != a.BNB || bnb[0] < 0 || bnb[1] < 0 {
		t.Fatalf("after event %d the exchange has BNB %v, the books %v", ev.Seq, bnb, a.BNB)
	}
	for i := range coins {
		if a.PerpCoins != nil && away[i] != a.PerpCoins[i] || away[i].Sign() < 0 {
			t.Fatalf("after event %d the coins in futures of pair %d differ", ev.Seq, i)
		}
		if coins[i] != a.SpotCoins[i] || contracts[i] != a.PerpQty[i] {
			t.Fatalf("after event %d holdings of pair %d differ", ev.Seq, i)
		}
		if coins[i].Sign() < 0 || contracts[i] > 0 {
			t.Fatalf("after event %d pair %d has %s coins and %d contracts", ev.Seq, i, coins[i], contracts[i])
		}
	}
}

// A senseless trader lives through weeks of the generated market at random
// terms: after every event the books accept what the venue says, its figures are
// those of the decimal reference to the last digit, nothing is unexplained, and
// the exchange's accounts are equal to the books'.
func TestExchangeBooksAndReferenceAgree(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(24) {
		// Late enough in the market that coins list, end and change their rules.
		m, err := sim.NewMarket(sim.MarketOptions{Seed: seed, Coins: 5, From: 1609459200000, To: 1609459200000 + 140*carry.Day})
		if err != nil {
			t.Fatal(err)
		}
		info := *m.Info()
		// One pair in three runs stops under way: for good, or over a hole.
		if seed%3 == 0 {
			end := carry.PairEnd{Pair: 1, At: info.From + 125*carry.Day, Delisted: seed%2 == 0}
			if seed%2 == 1 {
				end.Until = end.At + 3*carry.Day
			}
			info.Ends = append([]carry.PairEnd{}, end)
		} else {
			info.Ends = nil
		}
		p := newTrial(t, &info, seed)
		q := sim.NewQuoter(&info, sim.QuoteModels{Spread: sim.DefaultSpread}, info.From)
		var b carry.Block
		for {
			err := m.Next(&b)
			if errors.Is(err, io.EOF) {
				break
			}
			f := q.Frames(&b)
			if b.Start < info.From+115*carry.Day {
				continue // the quoter's means need weeks, the trader does not
			}
			p.venue.Feed(f)
			p.drain(t)
		}
		p.venue.Feed(q.Last())
		p.venue.Finish()
		p.drain(t)
		for k, n := range p.seen {
			seen[k] += n
		}
	}
	t.Log(seen)
	for _, k := range []string{"fill ok", "paid ok", "liquidated liquidated", "settled delisted", "settled data-end", "transferred ok",
		"transferred not-withdrawable", "reject insufficient-balance", "reject insufficient-margin", "reject reduce-only",
		"canceled expired", "canceled volume", "canceled liquidated", "canceled canceled", "canceled delisted", "ack ok", "reject post-only",
		"reject unknown-order", "reject leverage", "transferred unknown", "transferred failed", "liquidated adl", "paid funding-window",
		"flow ok", "operator withdraw", "fee in BNB", "moved BNB", "moved coins", "made", "filled in part", "liquidated isolated", "timer ok", "idle"} {
		if seen[k] < 3 {
			t.Errorf("%q happened %d times: the test does not test it", k, seen[k])
		}
	}
}
