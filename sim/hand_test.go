package sim

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"

	"carry"
	"carry/internal/risk"
)

// hand is a small market written by hand: flat prices, which a test then bends.
type hand struct {
	info  carry.TapeInfo
	block carry.Block
}

// noon is a day's start far from changes of formula and fee.
const noon carry.Time = 1621382400000 // 2021-05-19 00:00

// newHand is n coins at 100 USDT spot and perpetual for some hours, every bar
// with a volume of 10,000, marks as the perpetual, no premium index.
func newHand(n, hours int) *hand {
	h := &hand{}
	h.info = carry.TapeInfo{From: noon, To: noon + carry.Time(hours)*carry.Hour, Step: carry.Hour}
	h.block.Start, h.block.Step = noon, carry.Hour
	h.block.Resize(hours, n)
	for i := range n {
		h.info.Pairs = append(h.info.Pairs, carry.Pair{Coin: string(rune('A' + i)), Mult: 1, QtyDp: 3})
		h.info.Rules = append(h.info.Rules, handRules(int32(i)))
		for r := range hours {
			h.set(r, i, carry.Spot, 100, 100, 100, 100)
			h.set(r, i, carry.Perp, 100, 100, 100, 100)
			k := h.at(r, i)
			h.block.Spot.Volume[k], h.block.Perp.Volume[k] = 10_000, 10_000
			h.block.MarkOpen[k], h.block.MarkHigh[k], h.block.MarkClose[k] = math.NaN(), math.NaN(), math.NaN()
			h.block.Premium[k] = math.NaN()
		}
	}
	return h
}

func handRules(i int32) carry.Rules {
	f := carry.Filters{Tick: carry.Unit / 100, Step: 1, MinQty: 1, MinNotional: 5 * carry.Unit}
	return carry.Rules{Pair: i, Legs: [2]carry.Filters{f, f}, LiquidationFeeFrac: 0.0125, Interest8h: carry.DefaultInterest8h,
		Brackets: []carry.Bracket{{Cap: math.Inf(1), MMR: 0.01}}}
}

func (h *hand) at(r, i int) int { return r*h.block.P + i }

// set writes one bar.
func (h *hand) set(r, i int, leg carry.Leg, open, high, low, closing float64) {
	b, k := &h.block.Spot, h.at(r, i)
	if leg == carry.Perp {
		b = &h.block.Perp
	}
	b.Open[k], b.High[k], b.Low[k], b.Close[k] = open, high, low, closing
}

// from sets both legs flat at a price from bar r on.
func (h *hand) from(r, i int, price float64) {
	for ; r < h.block.N; r++ {
		h.set(r, i, carry.Spot, price, price, price, price)
		h.set(r, i, carry.Perp, price, price, price, price)
	}
}

// settle adds a settlement at bar r's opening, with the rate in percent.
func (h *hand) settle(r, i int, percent, hours float64) {
	h.block.Settled = append(h.block.Settled, carry.Settlement{At: h.hour(r), Pair: int32(i),
		Rate: carry.SettledRate(carry.RateTicks(percent / 100)), IntervalH: hours})
}

// hour is the opening of bar r.
func (h *hand) hour(r int) carry.Time { return h.block.Start + carry.Time(r)*h.block.Step }

// frictionless trades at the bar's price for nothing, half a second late.
func frictionless() Options {
	o := DefaultOptions()
	o.Fees, o.Impact, o.Frictionless = NoFees{}, NoImpact{}, true
	return o
}

// played is what a script saw.
type played struct {
	venue  *Venue
	quoter *Quoter
	events []carry.Event // without market, rates and rules
}

// of are the events of one kind.
func (p *played) of(kind carry.EventKind) []carry.Event {
	var out []carry.Event
	for _, ev := range p.events {
		if ev.Kind == kind {
			out = append(out, ev)
		}
	}
	return out
}

// kinds are the events' names in order, markets left out.
func (p *played) kinds() (names []string) {
	for _, ev := range p.events {
		if ev.Kind != carry.EvMarket && ev.Kind != carry.EvRules && ev.Kind != carry.EvSnapshot {
			names = append(names, ev.Kind.String())
		}
	}
	return names
}

// script answers an event with commands.
type script func(ev *carry.Event) []carry.Command

// play runs the market against a script to its end.
func (h *hand) play(t testing.TB, opt Options, spread SpreadModel, do script) *played {
	t.Helper()
	v, err := NewVenue(&h.info, opt, h.info.From)
	if err != nil {
		t.Fatal(err)
	}
	p := &played{venue: v, quoter: NewQuoter(&h.info, QuoteModels{Spread: spread}, h.info.From)}
	v.Feed(p.quoter.Frames(&h.block))
	p.drain(t, h, do)
	v.Feed(p.quoter.Last())
	v.Finish()
	p.drain(t, h, do)
	return p
}

func (p *played) drain(t testing.TB, h *hand, do script) {
	t.Helper()
	gate := risk.NewGate(h.info.Pairs, risk.Limits{})
	for i := range h.info.Rules {
		gate.Observe(&carry.Event{Kind: carry.EvRules, Pair: h.info.Rules[i].Pair, Rules: &h.info.Rules[i]})
	}
	acct := carry.NewAccount(len(h.info.Pairs))
	var last carry.Time
	for {
		ev, err := p.venue.Next(context.Background())
		if errors.Is(err, risk.ErrWait) || errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if ev.At < last {
			t.Fatalf("%s at %s comes after an event at %s", ev.Kind, ev.At, last)
		}
		last = ev.At
		kept := *ev
		kept.Market, kept.Rates, kept.Rules = nil, nil, nil
		p.events = append(p.events, kept)
		for _, c := range do(ev) {
			a, code := gate.Check(ev.At, &c, acct)
			if code != carry.OK {
				t.Fatalf("the gate refused %+v: %s", c, code)
			}
			if err := p.venue.Submit(context.Background(), a); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// order is a market order of q quanta.
func order(leg carry.Leg, side carry.Side, q carry.Qty) carry.Command {
	return carry.Command{Kind: carry.CmdOrder, Order: 1, Leg: leg, Side: side, Qty: q, Ref: 100 * carry.Unit}
}

// reduce is an order that only reduces.
func reduce(q carry.Qty) carry.Command {
	c := order(carry.Perp, carry.Buy, q)
	c.ReduceOnly = true
	return c
}

// margin moves USDT from spot into the futures wallet, or back.
func transfer(from carry.Wallet, usdt float64) carry.Command {
	return carry.Command{Kind: carry.CmdTransfer, Pair: -1, Order: 9, Wallet: from, Amount: carry.AmountFloor(usdt)}
}

// plan commands at the market events of given bars.
func (h *hand) plan(steps map[int][]carry.Command) script {
	return func(ev *carry.Event) []carry.Command {
		if ev.Kind != carry.EvMarket || ev.Market.Within {
			return nil
		}
		return steps[int((ev.At-h.block.Start)/h.block.Step)]
	}
}
