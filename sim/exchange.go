package sim

import (
	"fmt"

	"carry"
)

// Options are the exchange's models and the account's terms.
type Options struct {
	CapitalUSDT carry.Amount // opening balance of both wallets
	// FuturesUSDT is the part of it that starts in the futures wallet.
	FuturesUSDT carry.Amount
	Fees        FeeModel
	// BNBUSDT is the part of the capital that starts as BNB for fees, half in
	// each wallet; once it is used up fees are charged without the discount. 0
	// with fees in BNB: a stock that is refilled at no cost.
	BNBUSDT carry.Amount
	// BNBPrice stands in where the tape has no BNB, USDT.
	BNBPrice carry.Price
	Impact   ImpactModel
	// ImpactHalfLife is how fast a book that we took from is refilled; 0: at once.
	ImpactHalfLife carry.Time
	Volume         VolumeModel
	Latency        LatencyModel
	// TransferDelay is how long after its submission a transfer is made: it is
	// judged and booked in both wallets at once then.
	TransferDelay carry.Time
	Transfers     TransferModel
	// ExchangeLeverageX is the leverage set at the exchange: it bounds what can
	// be opened and withdrawn, not what is used. CmdLeverage changes it by pair.
	ExchangeLeverageX float64
	// Isolated gives every short a margin of its own, notional/leverage.
	Isolated bool
	ADL      ADLModel
	// FundingWindow is within how much of a settlement a fill may still count or
	// not, whichever is worse; 0: sharp (binance.md §2.2).
	FundingWindow carry.Time
	// Moment is how often the venue shows the market within a bar while orders
	// rest, and looks whether they fill.
	Moment carry.Time
	Flows  []Flow
	// Frictionless fills at the bar's price without spread or impact, any size,
	// for comparison with naive calculations.
	Frictionless bool
}

// DefaultOptions are the conservative models a run uses unless told otherwise.
func DefaultOptions() Options {
	return Options{
		CapitalUSDT: 10_000 * carry.Unit, Fees: BinanceFees{}, Impact: DefaultImpact, ImpactHalfLife: 15 * carry.Minute, Volume: DefaultVolume,
		Latency: ConstantLatency{Ms: 500}, TransferDelay: 10 * carry.Second, Transfers: SureTransfers{}, ExchangeLeverageX: 10,
		ADL: NoADL{}, Moment: carry.Minute, BNBPrice: 300 * carry.Unit,
	}
}

// Exchange is the simulated Binance account and its matching. It is advanced by
// a Venue, bar by bar, and keeps the customer's truth.
type Exchange struct {
	info *carry.TapeInfo
	opt  Options
	acct account

	rules    []*carry.Rules
	brackets [][]carry.Bracket
	rungs    []carry.MarginRung
	leverage []float64
	mark     []float64 // at the last moment told, NaN before the first
	high     []float64 // within the part of the bar that is judged
	tier     []int     // the highest bracket that a liquidation leaves, by pair
	fees     carry.Fees
	plain    carry.Fees // the same without BNB
	feesAt   carry.Time
	// bnbPair is the pair whose price BNB has, or -1; bnbPrice the last one.
	bnbPair  int
	bnbPrice carry.Price
	// endedUntil is when a pair trades again; it may not before.
	endedUntil []carry.Time

	resting   []resting
	limbo     []limbo
	transfers uint64
	window    []window // by pair; nil with a sharp settlement
	prints    []footprints

	out []carry.Event
}

// NewExchange opens an account with the capital in its two wallets.
func NewExchange(info *carry.TapeInfo, opt Options) (*Exchange, error) {
	if opt.CapitalUSDT <= 0 {
		return nil, fmt.Errorf("capital %s is not positive", opt.CapitalUSDT)
	}
	if opt.FuturesUSDT < 0 || opt.FuturesUSDT > opt.CapitalUSDT {
		return nil, fmt.Errorf("futures wallet %s is not within the capital %s", opt.FuturesUSDT, opt.CapitalUSDT)
	}
	if b, ok := opt.Fees.(BinanceFees); opt.BNBUSDT != 0 && (!ok || !b.BNB) {
		return nil, fmt.Errorf("a stock of BNB worth %s USDT, but fees are not paid in BNB", opt.BNBUSDT)
	}
	if half := opt.BNBUSDT / 2; half < 0 || half > opt.FuturesUSDT || half > opt.CapitalUSDT-opt.FuturesUSDT {
		return nil, fmt.Errorf("half a stock of BNB worth %s USDT is more than a wallet holds", opt.BNBUSDT)
	}
	n := len(info.Pairs)
	x := &Exchange{info: info, opt: opt, acct: newAccount(n), rules: make([]*carry.Rules, n),
		brackets: make([][]carry.Bracket, n), rungs: make([]carry.MarginRung, n), leverage: make([]float64, n), mark: make([]float64, n),
		high: make([]float64, n), prints: make([]footprints, n), tier: make([]int, n), endedUntil: make([]carry.Time, n), feesAt: -1, bnbPair: -1, bnbPrice: opt.BNBPrice}
	for i := range info.Pairs {
		x.leverage[i] = opt.ExchangeLeverageX
		if info.Pairs[i].Coin == "BNB" {
			x.bnbPair = i
		}
	}
	if opt.FundingWindow > 0 {
		x.window = make([]window, n)
	}
	x.acct.spotUSDT, x.acct.perpUSDT = opt.CapitalUSDT-opt.FuturesUSDT, opt.FuturesUSDT
	return x, nil
}

// Balances are the exchange's own figures, for comparison with other books.
func (x *Exchange) Balances() (spotUSDT, perpUSDT carry.Amount, coins []carry.Wide, contracts []carry.Qty) {
	return x.acct.spotUSDT, x.acct.perpUSDT, x.acct.coins, x.acct.qty
}

// Others are the assets beside them: coins in the futures wallet and BNB for fees
// by wallet.
func (x *Exchange) Others() (perpCoins []carry.Wide, bnb [2]carry.Amount) {
	return x.acct.perpCoins, x.acct.bnb
}

// Free is what nothing holds: the spot wallet's USDT that orders and unanswered
// transfers leave, and what the futures wallet would let go.
func (x *Exchange) Free() (spotUSDT, perpUSDT carry.Amount) {
	return x.freeUSDT(), max(x.withdrawable(), 0)
}

func (x *Exchange) emit(ev carry.Event) { x.out = append(x.out, ev) }

// slot is a fresh event at the end of what is to be told, for the kinds of which
// there are many: filled in place, an event is not copied.
func (x *Exchange) slot() *carry.Event {
	n := len(x.out)
	if n == cap(x.out) {
		x.out = append(x.out, carry.Event{})
	} else {
		x.out = x.out[:n+1]
		x.out[n] = carry.Event{}
	}
	return &x.out[n]
}

// feesNow caches the schedule for a day.
func (x *Exchange) feesNow(at carry.Time) *carry.Fees {
	if day := at.Floor(carry.Day); day != x.feesAt {
		x.fees, x.feesAt = x.opt.Fees.At(day), day
		if b, ok := x.opt.Fees.(BinanceFees); ok && b.BNB {
			b.BNB = false
			x.plain = b.At(day)
		}
	}
	return &x.fees
}

// applyRules takes new rules over and announces them.
func (x *Exchange) applyRules(r *carry.Rules, at carry.Time) {
	x.rules[r.Pair] = r
	x.brackets[r.Pair], x.rungs[r.Pair] = r.Brackets, carry.MarginRung{}
	x.emit(carry.Event{Kind: carry.EvRules, At: at, Pair: r.Pair, Rules: r})
}

// pay posts one settlement on q contracts (negative: short) to the futures
// wallet: −contracts × mark × rate, a short receiving a positive rate, rounded
// down to 1e-8 (binance.md §2.2).
func (x *Exchange) pay(s *carry.Settlement, mark carry.Price, q carry.Qty, at carry.Time, code carry.Code) {
	amount := fundingOn(mark, -q, x.info.Pairs[s.Pair].QtyDp, int64(s.Rate))
	x.acct.perpUSDT += amount
	x.payIsolated(s.Pair, amount)
	size := q
	if size < 0 {
		size = -size
	}
	ev := x.slot()
	ev.Kind, ev.At, ev.Pair, ev.Leg, ev.Wallet, ev.Code = carry.EvPaid, at, s.Pair, carry.Perp, carry.PerpWallet, code
	ev.Qty, ev.Rate, ev.Price, ev.Amount, ev.Balance = size, s.Rate, mark, amount, x.acct.perpUSDT
}

// fillPrice is what a market order gets: the path's price, half a spread and
// the impact of its size away from it, on the worse side of the tick.
func (x *Exchange) fillPrice(c *carry.Command, q carry.Qty, t *touch) carry.Price {
	f, path := &x.rules[c.Pair].Legs[c.Leg], t.path
	if x.opt.Frictionless {
		return carry.PriceFromFloat(path)
	}
	value := path * x.info.Pairs[c.Pair].QtyFloat(q)
	away := t.half + conceded(x.opt.Impact, value, t.worked, t.daily, t.vol)
	if c.Side == carry.Buy {
		return f.TickUp(path * (1 + away))
	}
	p := f.TickDown(path * (1 - away))
	if p <= 0 {
		p = f.Tick
	}
	return p
}

func (x *Exchange) outcome(kind carry.EventKind, c *carry.Command, at carry.Time, code carry.Code) carry.Event {
	return carry.Event{Kind: kind, At: at, Pair: c.Pair, Leg: c.Leg, Side: c.Side, Order: c.Order, Qty: c.Qty,
		Ref: c.Ref, Code: code}
}

func (x *Exchange) reject(c *carry.Command, at carry.Time, code carry.Code) {
	x.emit(x.outcome(carry.EvReject, c, at, code))
}

// cancel tells that q of an order will not be filled.
func (x *Exchange) cancel(c *carry.Command, q carry.Qty, at carry.Time, code carry.Code) {
	ev := x.outcome(carry.EvCanceled, c, at, code)
	ev.Qty = q
	x.emit(ev)
}
