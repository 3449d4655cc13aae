package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"

	"carry"
	"carry/internal/risk"
	"carry/sim"
)

// TradingOptions say how the trading half behaves.
type TradingOptions struct {
	// Quotes and Account are the models of the simulated market and account.
	Quotes  sim.QuoteModels
	Account sim.Options
	// From is the first instant a client may trade on; everything before it is
	// history by the time the server answers.
	From carry.Time
	// Lockstep: time moves only by POST /loopback/v1/step, one happening at a
	// time, and every stream's reader has seen a happening before step answers.
	// Orders are acknowledged first and filled by a later step. Figures on the
	// streams are written with all their digits, so that a client can decide as
	// a simulation does. Without it Run moves time, and an order's answer tells
	// what became of it.
	Lockstep bool
	// Permissions of the API key; nil: DefaultPermissions.
	Permissions *Permissions
	// Setup is how the futures account is set up; its zero value is as this trade
	// needs it. It is told and not simulated.
	Setup *Setup
	// Faults are misbehaviour of the trading half.
	Faults TradeFaults
	// Watch, if set, is told of everything that happens at the exchange, before
	// any client is, and of the client id of the order that it happens to, "" where
	// there is none.
	Watch func(ev *carry.Event, client string)
}

// Permissions are what GET /sapi/v1/account/apiRestrictions tells of the key.
type Permissions struct {
	IPRestrict, Reading, SpotAndMargin, Futures, UniversalTransfer bool
	Withdrawals, InternalTransfer, Margin                          bool
}

// Setup are an account's modes that another trade may want.
type Setup struct{ Hedge, MultiAssets, Isolated bool }

// DefaultPermissions are what a careful owner sets for this trade.
func DefaultPermissions() Permissions {
	return Permissions{IPRestrict: true, Reading: true, SpotAndMargin: true, Futures: true, UniversalTransfer: true}
}

// Trading is the trading half: the simulated account behind Binance's orders,
// wallets and streams. It replays one tape. It is safe for concurrent use.
type Trading struct {
	mu     lock
	opt    TradingOptions
	facts  *MarketFacts
	info   *carry.TapeInfo
	tape   carry.Tape
	block  carry.Block
	quoter *sim.Quoter
	venue  *sim.Venue
	gate   *risk.Gate
	nobody *carry.Account // the gate has no limits here and looks at no account
	clock  stepClock

	market *carry.Market // the last cross-section, in memory of our own
	keep   keptMarket
	rules  []*carry.Rules
	pairOf [marketCount]map[string]int32
	ended  bool

	orders    orderBook
	transfers []*transfer
	incomes   []income
	marks     map[settlementKey]carry.Price
	leverage  map[string]int
	// rates count new orders; countdowns end with all orders cancelled.
	rates      [marketCount]orderLimits
	countdowns map[int32]carry.Time
	keys       listenKeys
	seq        int64 // of orders, trades, transfers and updates
	hub        *hub
	faults     *tradeFaultBook
	misdeeds
}

// lock is a mutex that a testing/synctest bubble sees through: it is held while
// clients read what they are sent, and who waits for it then waits for them.
type lock chan struct{}

// Lock implements sync.Locker.
func (l lock) Lock() { l <- struct{}{} }

// Unlock implements sync.Locker.
func (l lock) Unlock() { <-l }

// settlementKey is one settlement of one pair.
type settlementKey struct {
	pair int32
	at   carry.Time
}

// NewTrading opens the account over a tape and lets its warm-up pass. facts are
// the same tape's history.
func NewTrading(ctx context.Context, facts *MarketFacts, tape carry.Tape, opt TradingOptions) (*Trading, error) {
	info := tape.Info()
	if o := &opt.Account; o.BNBUSDT != 0 || len(o.Flows) > 0 || o.Isolated || o.FundingWindow != 0 {
		return nil, errors.New("the loopback exchange has no stock of BNB, no deposits, no isolated margin and no funding window yet: leave these settings at their defaults")
	}
	venue, err := sim.NewVenue(info, opt.Account, opt.From)
	if err != nil {
		return nil, err
	}
	t := &Trading{mu: make(lock, 1), opt: opt, facts: facts, info: info, tape: tape, venue: venue, quoter: sim.NewQuoter(info, opt.Quotes, opt.From),
		gate: risk.NewGate(info.Pairs, risk.Limits{}), nobody: carry.NewAccount(len(info.Pairs)), rules: make([]*carry.Rules, len(info.Pairs)),
		orders: newOrderBook(), marks: map[settlementKey]carry.Price{}, leverage: map[string]int{}, countdowns: map[int32]carry.Time{}, misdeeds: newMisdeeds(len(info.Pairs)), seq: 1_000_000, hub: newHub()}
	if opt.Permissions == nil {
		p := DefaultPermissions()
		t.opt.Permissions = &p
	}
	if opt.Setup == nil {
		t.opt.Setup = &Setup{}
	}
	if t.faults, err = newTradeFaultBook(opt.Faults); err != nil {
		return nil, err
	}
	for m := range t.rates {
		t.rates[m] = newOrderLimits(Market(m))
	}
	for m, symbols := range [marketCount]func(*carry.Pair) string{
		func(p *carry.Pair) string { return p.SpotSymbol }, func(p *carry.Pair) string { return p.PerpSymbol }} {
		t.pairOf[m] = map[string]int32{}
		for i := range info.Pairs {
			t.pairOf[m][symbols(&info.Pairs[i])] = int32(i)
		}
	}
	for t.market == nil || t.market.At < opt.From-info.Step {
		if _, err := t.step(ctx); err != nil {
			return nil, fmt.Errorf("let the warm-up pass: %w", err)
		}
		if t.ended {
			return nil, fmt.Errorf("start trading: the tape ends before %s", opt.From)
		}
	}
	return t, nil
}

// Now is where the market stands.
func (t *Trading) Now() carry.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clock.at()
}

// Exchange is the simulated account's truth, for comparison at the end. It must
// not be used while the server runs.
func (t *Trading) Exchange() *sim.Exchange { return t.venue.Exchange() }

// step lets the next thing happen and tells which; 0 after the tape's end. The
// caller holds the lock, or is alone.
func (t *Trading) step(ctx context.Context) (carry.EventKind, error) {
	for !t.ended {
		ev, err := t.venue.Next(ctx)
		switch {
		case err == nil:
			t.clock.set(ev.At)
			t.keys.expire(ev.At, t.hub)
			t.runOut(ev.At)
			t.watched(ev)
			t.happened(ev)
			return ev.Kind, nil
		case errors.Is(err, risk.ErrWait):
			if err := t.feed(); err != nil {
				return 0, err
			}
		case errors.Is(err, io.EOF):
			t.ended = true
		default:
			return 0, err
		}
	}
	return 0, nil
}

// watched tells whoever watches.
func (t *Trading) watched(ev *carry.Event) {
	if t.opt.Watch == nil {
		return
	}
	client := ""
	if o := t.orders.byID[int64(ev.Order)]; o != nil {
		client = o.client
	}
	t.opt.Watch(ev, client)
}

// feed hands the venue the next frames.
func (t *Trading) feed() error {
	err := t.tape.Next(&t.block)
	if errors.Is(err, io.EOF) {
		t.venue.Feed(t.quoter.Last())
		t.venue.Finish()
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the tape: %w", err)
	}
	t.venue.Feed(t.quoter.Frames(&t.block))
	return nil
}

// happened makes everything a client can see of one event of the simulation.
func (t *Trading) happened(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvRules:
		t.rules[ev.Pair] = ev.Rules
		t.gate.Observe(ev)
	case carry.EvMarket:
		t.market = t.keep.copy(ev.Market)
		if !t.market.WarmUp || t.market.Within {
			t.spoilMarket(t.market)
			if !t.market.Within {
				t.spoilRules(ev.At)
			}
			t.publish(t.market)
		}
	case carry.EvAck:
		t.rests(ev)
	case carry.EvPaid:
		t.paid(ev)
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		t.filled(ev)
	case carry.EvReject, carry.EvCanceled:
		t.refused(ev)
	case carry.EvTransferred:
		t.moved(ev)
	}
}

// next is a fresh number.
func (t *Trading) next() int64 {
	t.seq++
	return t.seq
}

// submit hands the simulation a command under the exchange's own number.
func (t *Trading) submit(c *carry.Command) *refusal {
	a, code := t.gate.Check(t.clock.at(), c, t.nobody)
	if code != carry.OK {
		return &refusal{400, -1013, "Filter failure: " + code.String()}
	}
	if err := t.venue.Submit(context.Background(), a); err != nil {
		return &refusal{500, -1000, "An unknown error occurred while processing the request."}
	}
	return nil
}

// until lets things happen until done, which is soon: orders and transfers are
// queued by their time. Only where time is not in lockstep.
func (t *Trading) until(done func() bool) {
	for !done() && !t.ended {
		if _, err := t.step(context.Background()); err != nil {
			return
		}
	}
}

// goOn is until in lockstep, while a client waits for an answer: what happens is
// heard by its streams, and a timer that rings is remembered.
func (t *Trading) goOn(done func() bool) {
	for !done() && !t.ended {
		kind, err := t.step(context.Background())
		if err != nil {
			return
		}
		t.woke = t.woke || kind == carry.EvTimer
		t.hub.flush(context.Background(), true)
	}
}

// symbol is a pair's symbol in a market.
func (t *Trading) symbol(m Market, pair int32) string {
	if m == SpotMarket {
		return t.info.Pairs[pair].SpotSymbol
	}
	return t.info.Pairs[pair].PerpSymbol
}

// mid is the price that slippage would be measured against; 0 without a quote.
func (t *Trading) mid(leg carry.Leg, pair int32) carry.Price {
	m := t.market.Mid(leg, int(pair))
	if !(m > 0) {
		return 0
	}
	return carry.PriceFromFloat(m)
}
