package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"carry"
	"carry/internal/binance"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/strategy"
)

// CycleOptions are the settings of an order cycle.
type CycleOptions struct {
	URLs    binance.URLs
	Streams binance.LiveURLs
	Keys    *binance.Keys
	Speed   float64 // of a loopback exchange; 0: real time
	Coin    string
	USDT    float64 // value of each leg
	// Timeout bounds the whole; what is open then stays and is said.
	Timeout time.Duration
	// Say is told of every step.
	Say func(text string)
	Log func(text string)
}

// ErrCycle says that an order cycle did not come round.
var ErrCycle = errors.New("the order cycle did not come round")

// Cycle buys a coin and sells its contract, both at the market, sees both fills on
// the account's streams, and closes both again: through the adapter, gate and books
// of every session. It is for testnets, whose accounts come with coins: those that
// lie there are left alone.
func Cycle(ctx context.Context, o CycleOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	c, err := exchangeClient(ctx, binance.Options{URLs: o.URLs, Keys: o.Keys, Log: o.Log}, o.Speed)
	if err != nil {
		return err
	}
	pairs, err := c.Universe(ctx, []string{o.Coin})
	if err != nil {
		return err
	}
	v, err := binance.NewVenue(binance.VenueOptions{Pairs: pairs, Step: paperStep, Interval: barName(paperStep), Run: runName(time.Now()), Streams: o.Streams,
		Client: c, Speed: o.Speed, Testnet: true, Log: o.Log})
	if err != nil {
		return err
	}
	defer v.Close()
	if err := v.Start(ctx); err != nil {
		return err
	}
	core := &cycler{pair: &pairs[0], usdt: o.USDT, say: o.Say}
	books := book.New(pairs)
	run := &strategy.Run{Core: core, Venue: &cycleVenue{v, core}, Gate: risk.NewGate(pairs, risk.Limits{OrderMaxUSDT: 2 * o.USDT, OrdersPerMinuteN: 10}),
		Book: books, Journal: strategy.NoJournal{}}
	if _, err := run.Advance(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w within %s", ErrCycle, o.Timeout)
		}
		return core.left(err)
	}
	if core.failed != "" {
		return core.left(fmt.Errorf("%w: %s", ErrCycle, core.failed))
	}
	if err := v.Agrees(ctx); err != nil {
		return err
	}
	o.Say(fmt.Sprintf("closed again; it cost %s USDT; our books and the exchange's account agree", (core.before - books.Account().SpotUSDT - books.Account().PerpUSDT).String()))
	return nil
}

// cycleVenue ends when the cycle is over.
type cycleVenue struct {
	*binance.Venue
	core *cycler
}

// Next implements risk.Venue.
func (v *cycleVenue) Next(ctx context.Context) (*carry.Event, error) {
	if v.core.stage == cycleOver {
		return nil, io.EOF
	}
	return v.Venue.Next(ctx)
}

// Stages of an order cycle.
const (
	cycleWaits = iota // for rules and quotes
	cycleOpens
	cycleCloses
	cycleOver
)

// cycler is the core of an order cycle.
type cycler struct {
	pair   *carry.Pair
	usdt   float64
	say    func(string)
	rules  *carry.Rules
	stage  int
	before carry.Amount // of both wallets
	open   int          // orders on their way
	order  carry.OrderID
	timer  uint32
	ref    [2]carry.Price
	filled [2]carry.Qty // bought and sold
	coins  carry.Wide   // bought less fees
	gone   [2]carry.Qty // closed
	failed string
}

// Step implements carry.Core.
func (c *cycler) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	switch ev.Kind {
	case carry.EvSnapshot:
		c.before = ev.Balance + ev.Balance2
	case carry.EvRules:
		if c.rules = ev.Rules; c.stage == cycleWaits && c.timer == 0 {
			return c.wake(ev.At, out)
		}
	case carry.EvMarket:
		if c.stage == cycleWaits && c.rules != nil {
			return c.begin(ev, out)
		}
	case carry.EvFill:
		c.fill(ev)
		return c.ended(ev, ev.Left == 0, out)
	case carry.EvReject, carry.EvCanceled:
		c.failed = fmt.Sprintf("the %s %s of %s was refused: %s", ev.Leg, ev.Side, c.pair.Coin, ev.Code)
		return c.ended(ev, true, out)
	}
	return out
}

// wake asks for the market in a second.
func (c *cycler) wake(at carry.Time, out []carry.Command) []carry.Command {
	c.timer++
	return append(out, carry.Command{Kind: carry.CmdTimer, Pair: -1, ID: c.timer, At: at + carry.Second})
}

// begin opens both legs with whole lots of both markets, worth enough for either.
func (c *cycler) begin(ev *carry.Event, out []carry.Command) []carry.Command {
	m := ev.Market
	lot := carry.Qty(1)
	for leg := range c.ref {
		mid := m.Mid(carry.Leg(leg), 0)
		if !(mid > 0) {
			return c.wake(ev.At, out)
		}
		c.ref[leg] = carry.PriceFromFloat(mid)
		lot = max(lot, c.rules.Legs[leg].Step, c.rules.Legs[leg].MarketStep)
	}
	q := c.pair.QtyFloor(c.usdt / c.ref[carry.Perp].Float())
	q -= q % lot
	if q <= 0 {
		c.failed, c.stage = fmt.Sprintf("%g USDT are less than one lot of %s", c.usdt, c.pair.Coin), cycleOver
		return out
	}
	c.stage = cycleOpens
	out = c.send(out, carry.Spot, carry.Buy, q, false)
	return c.send(out, carry.Perp, carry.Sell, q, false)
}

func (c *cycler) send(out []carry.Command, leg carry.Leg, side carry.Side, q carry.Qty, reduce bool) []carry.Command {
	c.order++
	c.open++
	return append(out, carry.Command{Kind: carry.CmdOrder, Leg: leg, Side: side, Qty: q, Ref: c.ref[leg], ReduceOnly: reduce, Order: c.order})
}

func (c *cycler) fill(ev *carry.Event) {
	if c.stage == cycleOpens {
		c.filled[ev.Leg] += ev.Qty
		if ev.Leg == carry.Spot {
			bought := carry.WideMul(int64(ev.Qty), carry.Pow10[8-c.pair.QtyDp])
			c.coins = c.coins.Add(bought).Sub(ev.FeeCoins)
		}
	} else {
		c.gone[ev.Leg] += ev.Qty
	}
	word := "bought"
	if ev.Side == carry.Sell {
		word = "sold"
	}
	c.say(fmt.Sprintf("%s %s %g %s at %s", ev.Leg, word, c.pair.QtyFloat(ev.Qty), c.pair.Coin, ev.Price))
}

// ended goes on when nothing is on its way any more.
func (c *cycler) ended(ev *carry.Event, last bool, out []carry.Command) []carry.Command {
	if last {
		c.open--
	}
	if c.open > 0 {
		return out
	}
	if c.stage == cycleCloses {
		c.stage = cycleOver
		return out
	}
	c.stage = cycleCloses
	if q := c.filled[carry.Perp]; q > 0 {
		out = c.send(out, carry.Perp, carry.Buy, q, true)
	}
	if q := c.sellable(); q > 0 {
		out = c.send(out, carry.Spot, carry.Sell, q, false)
	}
	if c.open == 0 {
		c.stage = cycleOver
	}
	return out
}

// sellable are the coins bought, less the fee, in whole lots.
func (c *cycler) sellable() carry.Qty {
	w, _ := c.coins.QuoFloor(carry.Pow10[8-c.pair.QtyDp])
	q, _ := w.Int64()
	step := max(c.rules.Legs[carry.Spot].Step, c.rules.Legs[carry.Spot].MarketStep, 1)
	return carry.Qty(q) - carry.Qty(q)%step
}

// left adds to an error what stays open.
func (c *cycler) left(err error) error {
	perp, spot := c.filled[carry.Perp]-c.gone[carry.Perp], c.sellableLeft()
	if perp == 0 && spot == 0 {
		return err
	}
	return fmt.Errorf("%w; %g contracts short and %g coins bought are still open: close them by hand", err, c.pair.QtyFloat(perp), c.pair.QtyFloat(spot))
}

func (c *cycler) sellableLeft() carry.Qty {
	if c.rules == nil {
		return 0
	}
	return c.sellable() - c.gone[carry.Spot]
}
