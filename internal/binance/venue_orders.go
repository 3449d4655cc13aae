package binance

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carry"
	"carry/internal/binance/wire"
)

// flight is an order whose end is not known yet.
type flight struct {
	cmd      carry.Command
	market   wire.Market
	symbol   string
	client   string
	sentAt   carry.Time // by the exchange's clock
	executed carry.Qty  // told to the core
	id       int64      // the exchange's number, 0 while not known
	acked    bool       // it was told that it rests
	// Of an order of an earlier session: it was sent by latest if it was sent at
	// all; unsent: it was not.
	latest   carry.Time
	unsent   bool
	lookedAt carry.Time // when it was last asked for although nothing was unclear
	// Of an order whose sending had no clear answer: it is looked for at
	// nextPoll, the polls-th time. 0: its state is known.
	nextPoll carry.Time
	polls    int
}

// flights are the orders under way and what is remembered of earlier ones.
type flights struct {
	list   []*flight // in order of sending
	byName map[string]*flight
	byID   [2]map[int64]*flight
	traded [2]map[int64]bool // trades told to the core, by the exchange's number
	ended  map[string]bool   // names of orders that are over
}

func newFlights() flights {
	f := flights{byName: map[string]*flight{}, ended: map[string]bool{}}
	for m := range f.byID {
		f.byID[m], f.traded[m] = map[int64]*flight{}, map[int64]bool{}
	}
	return f
}

// end forgets an order that is over but for its name.
func (f *flights) end(x *flight) {
	delete(f.byName, x.client)
	delete(f.byID[x.market], x.id)
	f.ended[x.client] = true
	for k := range f.list {
		if f.list[k] == x {
			f.list = append(f.list[:k], f.list[k+1:]...)
			return
		}
	}
}

// namePrefix begins every order's name.
const namePrefix = "c"

// name is an order's client id: run and counter, known before it is sent and
// never used again.
func (v *Venue) name(id carry.OrderID) string { return v.nameOf(pastName{v.token, id}) }

// nameOf is the name of an order of this or an earlier session: what is sent after
// a crash bears no name that was used before it, whatever became of the journal's
// end.
func (v *Venue) nameOf(n pastName) string { return OrderName(v.o.Run, n.token, n.id) }

// OrderName is an order's client id at the exchange: of a run, the token of its
// start (Event.ID of its snapshot) and the command's number.
func OrderName(run string, token uint32, id carry.OrderID) string {
	start := ""
	if token != 0 {
		start = tokenText(token) + "-"
	}
	return namePrefix + run + "-" + start + strconv.FormatUint(uint64(id), 10)
}

// tokenText writes a start's token in signs that make no words.
func tokenText(token uint32) string {
	const signs = "0123456789bcdfghjklmnpqrstvwxyz"
	var out []byte
	for n := token; n > 0; n /= uint32(len(signs)) {
		out = append(out, signs[n%uint32(len(signs))])
	}
	return string(out)
}

// place sends an order once. Its intent is in the journal already: the loop
// writes a command before it submits it.
func (v *Venue) place(ctx context.Context, c *carry.Command) error {
	p := &v.o.Pairs[c.Pair]
	x := &flight{cmd: *c, market: wire.Market(c.Leg), symbol: p.SpotSymbol, client: v.name(c.Order), sentAt: v.serverNow()}
	if c.Leg == carry.Perp {
		x.symbol = p.PerpSymbol
	}
	if v.flights.byName[x.client] != nil || v.flights.ended[x.client] {
		return fmt.Errorf("order %s was sent before: its number must be new", x.client)
	}
	v.flights.list = append(v.flights.list, x)
	v.flights.byName[x.client] = x
	r := &orderRequest{market: x.market, symbol: x.symbol, client: x.client, side: c.Side, qty: wire.QtyText(c.Qty, p.QtyDp), reduceOnly: c.ReduceOnly}
	if c.Limit > 0 {
		r.limit, r.life = wire.PriceText(c.Limit), c.Life
	}
	a := v.trader.order(ctx, r)
	if a.status == 200 {
		o, err := wire.DecodeOrder(a.body)
		if err == nil && o.Client == x.client && o.Symbol == x.symbol {
			v.known(x, o.ID)
			return nil
		}
	}
	verdict, code := judge(x.market, a)
	if verdict == refused {
		v.flights.end(x)
		v.emit(x.outcome(carry.EvReject, max(v.last, v.c.Now()), code, c.Qty))
		return nil
	}
	v.o.Log(fmt.Sprintf("order %s (%s %s): HTTP %d, outcome unknown; it will be looked for and not sent again", x.client, x.symbol, sideText(c.Side), a.status))
	x.nextPoll = v.c.Now() + pollAfter[0]
	v.emit(x.outcome(carry.EvAck, max(v.last, v.c.Now()), carry.CodeUnknown, c.Qty))
	return nil
}

// known notes the exchange's number of an order.
func (v *Venue) known(x *flight, id int64) {
	x.id, x.nextPoll = id, 0
	v.flights.byID[x.market][id] = x
}

// outcome is an event about the order.
func (x *flight) outcome(kind carry.EventKind, at carry.Time, code carry.Code, q carry.Qty) carry.Event {
	c := &x.cmd
	return carry.Event{Kind: kind, At: at, Pair: c.Pair, Leg: c.Leg, Side: c.Side, Order: c.Order, Qty: q, Ref: c.Ref, Code: code}
}

// serverNow is the exchange's clock.
func (v *Venue) serverNow() carry.Time { return v.c.Now() + carry.Time(v.c.offset.Load()) }

// cancel withdraws an order; an answer that it is unknown usually means that it
// was filled, which its own news tell.
func (v *Venue) cancel(ctx context.Context, c *carry.Command) error {
	k := slices.IndexFunc(v.flights.list, func(x *flight) bool { return x.cmd.Order == c.Order })
	if k < 0 {
		return nil
	}
	x := v.flights.list[k]
	if a := v.trader.cancel(ctx, x.market, x.symbol, x.client); a.status != 200 && x.nextPoll == 0 {
		x.nextPoll = v.c.Now() + pollAfter[0]
	}
	return nil
}

// Prefixes of orders that the exchange makes itself.
const (
	liquidationPrefix = "autoclose-"
	deleveragePrefix  = "adl_autoclose"
	settlementPrefix  = "settlement_autoclose-"
	dataEndPrefix     = "dataend_autoclose-" // of a loopback exchange whose recording ends
)

// orderNews takes what happened to an order. Everything comes at most once to
// the core, however often it is told.
func (v *Venue) orderNews(ctx context.Context, n *wire.OrderNews) error {
	x := v.flights.byName[n.Client]
	if x == nil && n.ID != 0 {
		x = v.flights.byID[n.Market][n.ID]
	}
	if x == nil {
		return v.otherNews(n)
	}
	if x.id == 0 {
		v.known(x, n.ID)
	}
	x.nextPoll = 0
	p := &v.o.Pairs[x.cmd.Pair]
	if n.Trade() {
		if err := v.fill(x, n); err != nil {
			return err
		}
	}
	total, err := wire.Qty(n.Executed, p.QtyDp)
	if err != nil {
		return err
	}
	switch n.Status {
	case "NEW", "PARTIALLY_FILLED":
		v.ack(x, n)
		return nil
	}
	if total > x.executed {
		return v.missed(ctx, x) // an earlier trade was not told
	}
	return v.finish(x, n.Status, n.Reason, n.At)
}

// ack tells that an order rests, once.
func (v *Venue) ack(x *flight, n *wire.OrderNews) {
	if x.cmd.Life.Rests() && !x.acked {
		x.acked = true
		v.emit(x.outcome(carry.EvAck, n.At, carry.OK, x.cmd.Qty-x.executed))
	}
}

// finish ends an order with its last status.
func (v *Venue) finish(x *flight, status, reason string, at carry.Time) error {
	left := x.cmd.Qty - x.executed
	switch status {
	case "FILLED":
		v.flights.end(x)
		return nil // what is left of a reduce-only order was never to be had
	case "REJECTED", "EXPIRED", "CANCELED", "EXPIRED_IN_MATCH":
		v.flights.end(x)
	default:
		// A word of tomorrow: until one that is known is told, nothing is.
		v.o.Log(fmt.Sprintf("order %s has the status %q, which is not known here; it is looked for until it has another", x.client, status))
		v.lookLater(x)
		return nil
	}
	if x.executed == 0 && (status == "REJECTED" || reason != "") {
		code, ok := lateReasons[reason]
		if !ok {
			code = carry.CodeFailed
		}
		v.emit(x.outcome(carry.EvReject, at, code, left))
		return nil
	}
	code := carry.CodeExpired
	switch {
	case status == "CANCELED":
		code = carry.CodeCanceled
	case x.cmd.Limit == 0:
		code = carry.CodeVolume // a market order found no more
	}
	v.emit(x.outcome(carry.EvCanceled, at, code, left))
	return nil
}

// fill tells the core of a trade, once.
func (v *Venue) fill(x *flight, n *wire.OrderNews) error {
	if v.flights.traded[n.Market][n.TradeID] {
		return nil
	}
	v.flights.traded[n.Market][n.TradeID] = true
	ev := x.outcome(carry.EvFill, n.At, carry.OK, 0)
	if err := v.tradeInto(&ev, n); err != nil {
		return err
	}
	x.executed += ev.Qty
	if n.Status != "FILLED" { // what is left of a filled reduce-only order was never to be had
		ev.Left = max(0, x.cmd.Qty-x.executed)
	}
	v.emit(ev)
	return nil
}

// tradeInto writes a trade's figures into an event.
func (v *Venue) tradeInto(ev *carry.Event, n *wire.OrderNews) error {
	p := &v.o.Pairs[ev.Pair]
	q, err := wire.Qty(n.LastQty, p.QtyDp)
	if err != nil {
		return err
	}
	fee, err := wire.Coins(n.Fee)
	if err != nil {
		return err
	}
	ev.Qty, ev.Price, ev.Maker, ev.Wallet, ev.Number = q, n.Price, n.Maker, carry.Wallet(n.Market), n.TradeID
	if ev.Ref == 0 {
		ev.Ref = n.Price
	}
	if n.Market == wire.Futures {
		ev.Amount = n.Realised
	} else {
		ev.Amount = n.Quote
		if n.Side == carry.Buy {
			ev.Amount = -n.Quote
		}
	}
	switch {
	case fee.Sign() == 0:
	case n.FeeAsset == "USDT":
		f, ok := fee.Int64()
		if !ok {
			return fmt.Errorf("fee of order %d: %w", n.ID, carry.ErrOverflow)
		}
		ev.Fee = carry.Amount(f)
	case n.FeeAsset == p.Coin && n.Market == wire.Spot:
		ev.FeeCoins = fee
	default:
		return fmt.Errorf("%w: a fee was charged in %s; switch off paying fees in BNB at the exchange", ErrSetup, n.FeeAsset)
	}
	return nil
}

// otherNews takes news of an order that is not under way: an old one of ours
// (nothing new), one that the exchange made, or somebody else's.
func (v *Venue) otherNews(n *wire.OrderNews) error {
	if v.flights.ended[n.Client] && !n.Trade() || v.flights.traded[n.Market][n.TradeID] && n.Trade() {
		return nil
	}
	i, ok := v.symbols[n.Market][n.Symbol]
	if !ok {
		return nil
	}
	ev := carry.Event{At: n.At, Pair: i, Leg: carry.Leg(n.Market), Side: n.Side}
	switch {
	case strings.HasPrefix(n.Client, liquidationPrefix):
		ev.Kind, ev.Code = carry.EvLiquidated, carry.CodeLiquidated
	case strings.HasPrefix(n.Client, deleveragePrefix):
		ev.Kind, ev.Code = carry.EvLiquidated, carry.CodeADL
	case strings.HasPrefix(n.Client, settlementPrefix):
		ev.Kind, ev.Code = carry.EvSettled, carry.CodeDelisted
	case strings.HasPrefix(n.Client, dataEndPrefix):
		ev.Kind, ev.Code = carry.EvSettled, carry.CodeDataEnd
	case n.Trade():
		return v.foreignTrade(n, i)
	default:
		v.o.Log(fmt.Sprintf("FOREIGN: order %s of %s is not of this run", n.Client, n.Symbol))
		return nil
	}
	if !n.Trade() {
		return nil
	}
	v.flights.traded[n.Market][n.TradeID] = true
	if err := v.tradeInto(&ev, n); err != nil {
		return err
	}
	v.emit(ev)
	return nil
}
