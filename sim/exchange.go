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
	Impact      ImpactModel
	Latency     LatencyModel
	// TransferDelay is how long after its submission a transfer is made: it is
	// judged and booked in both wallets at once then.
	TransferDelay carry.Time
	// ExchangeLeverageX is the leverage set at the exchange: it bounds what can
	// be opened and withdrawn, not what is used.
	ExchangeLeverageX float64
	// Frictionless fills at the bar's price without spread or impact, for
	// comparison with naive calculations.
	Frictionless bool
}

// DefaultOptions are the conservative models a run uses unless told otherwise.
func DefaultOptions() Options {
	return Options{
		CapitalUSDT: 10_000 * carry.Unit, Fees: BinanceFees{}, Impact: DefaultImpact,
		Latency: ConstantLatency{Ms: 500}, TransferDelay: 10 * carry.Second, ExchangeLeverageX: 10,
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
	mark     []float64 // of closed bars, NaN before the first
	high     []float64 // within the bar that is judged
	there    []float64 // on the way from mark to high
	fees     carry.Fees
	feesAt   carry.Time
	// endedUntil is when a pair trades again; it may not before.
	endedUntil []carry.Time

	out []carry.Event
}

// NewExchange opens an account with the capital in its two wallets.
func NewExchange(info *carry.TapeInfo, opt Options) (*Exchange, error) {
	if opt.CapitalUSDT <= 0 {
		return nil, fmt.Errorf("capital %s is not positive", opt.CapitalUSDT)
	}
	n := len(info.Pairs)
	x := &Exchange{info: info, opt: opt, acct: newAccount(n), rules: make([]*carry.Rules, n),
		brackets: make([][]carry.Bracket, n), rungs: make([]carry.MarginRung, n), mark: make([]float64, n),
		high: make([]float64, n), there: make([]float64, n), endedUntil: make([]carry.Time, n), feesAt: -1}
	if opt.FuturesUSDT < 0 || opt.FuturesUSDT > opt.CapitalUSDT {
		return nil, fmt.Errorf("futures wallet %s is not within the capital %s", opt.FuturesUSDT, opt.CapitalUSDT)
	}
	x.acct.spotUSDT, x.acct.perpUSDT = opt.CapitalUSDT-opt.FuturesUSDT, opt.FuturesUSDT
	return x, nil
}

// Balances are the exchange's own figures, for comparison with other books.
func (x *Exchange) Balances() (spotUSDT, perpUSDT carry.Amount, coins []carry.Wide, contracts []carry.Qty) {
	return x.acct.spotUSDT, x.acct.perpUSDT, x.acct.coins, x.acct.qty
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
	}
	return &x.fees
}

// applyRules takes new rules over and announces them.
func (x *Exchange) applyRules(r *carry.Rules, at carry.Time) {
	x.rules[r.Pair] = r
	x.brackets[r.Pair], x.rungs[r.Pair] = r.Brackets, carry.MarginRung{}
	x.emit(carry.Event{Kind: carry.EvRules, At: at, Pair: r.Pair, Rules: r})
}

// pay posts one settlement to the futures wallet: −contracts × mark × rate, a
// short receiving a positive rate, rounded down to 1e-8 (binance.md §2.2).
func (x *Exchange) pay(s *carry.Settlement, mark carry.Price) {
	q := x.acct.qty[s.Pair]
	pair := &x.info.Pairs[s.Pair]
	amount := fundingOn(mark, -q, pair.QtyDp, int64(s.Rate))
	x.acct.perpUSDT += amount
	size := q
	if size < 0 {
		size = -size
	}
	ev := x.slot()
	ev.Kind, ev.At, ev.Pair, ev.Leg, ev.Wallet = carry.EvPaid, s.At, s.Pair, carry.Perp, carry.PerpWallet
	ev.Qty, ev.Rate, ev.Price, ev.Amount, ev.Balance = size, s.Rate, mark, amount, x.acct.perpUSDT
}

// fillPrice is what a market order gets: the path's price, half a spread and
// the impact of its size away from it, on the worse side of the tick.
func (x *Exchange) fillPrice(c *carry.Command, path, half, daily, vol float64) carry.Price {
	f := &x.rules[c.Pair].Legs[c.Leg]
	if x.opt.Frictionless {
		return carry.PriceFromFloat(path)
	}
	value := path * x.info.Pairs[c.Pair].QtyFloat(c.Qty)
	away := half + x.opt.Impact.ImpactFrac(value, daily, vol)
	if c.Side == carry.Buy {
		return f.TickUp(path * (1 + away))
	}
	p := f.TickDown(path * (1 - away))
	if p <= 0 {
		p = f.Tick
	}
	return p
}

// fill executes an order at a price, or refuses it.
func (x *Exchange) fill(c *carry.Command, price carry.Price, at carry.Time) {
	if c.Limit > 0 && ((c.Side == carry.Buy && price > c.Limit) || (c.Side == carry.Sell && price < c.Limit)) {
		x.emit(x.outcome(carry.EvCanceled, c, at, carry.CodeExpired))
		return
	}
	if c.Leg == carry.Spot {
		x.fillSpot(c, price, at)
	} else {
		x.fillPerp(c, price, at)
	}
}

func (x *Exchange) outcome(kind carry.EventKind, c *carry.Command, at carry.Time, code carry.Code) carry.Event {
	return carry.Event{Kind: kind, At: at, Pair: c.Pair, Leg: c.Leg, Side: c.Side, Order: c.Order, Qty: c.Qty,
		Ref: c.Ref, Code: code}
}

func (x *Exchange) reject(c *carry.Command, at carry.Time, code carry.Code) {
	x.emit(x.outcome(carry.EvReject, c, at, code))
}

// fillSpot books coins against USDT. A buy's fee is taken in the coin bought,
// a sale's in USDT (binance.md §2.4).
func (x *Exchange) fillSpot(c *carry.Command, price carry.Price, at carry.Time) {
	pair := &x.info.Pairs[c.Pair]
	rate := feeTicks(x.feesNow(at).SpotTaker)
	cash := floorTo8(notional(price, -carry.Qty(c.Side)*c.Qty, pair.QtyDp))
	coins := scale(carry.WideFrom(int64(c.Qty)), 8-pair.QtyDp)
	ev := x.outcome(carry.EvFill, c, at, carry.OK)
	ev.Price, ev.Amount, ev.Wallet = price, cash, carry.SpotWallet
	switch {
	case c.Side == carry.Sell:
		if x.acct.coins[c.Pair].Cmp(coins) < 0 {
			x.reject(c, at, carry.CodeInsufficient)
			return
		}
		ev.Fee = feeOn(carry.WideMul(int64(cash), carry.Unit), rate)
		coins = coins.Neg()
	case x.paysBNB():
		ev.Fee = feeOn(carry.WideMul(int64(-cash), carry.Unit), rate)
	default:
		ev.FeeCoins = ceilCoins(coins, rate)
		coins = coins.Sub(ev.FeeCoins)
	}
	if x.acct.spotUSDT+cash-ev.Fee < 0 {
		x.reject(c, at, carry.CodeInsufficient)
		return
	}
	x.acct.spotUSDT += cash - ev.Fee
	x.acct.coins[c.Pair] = x.acct.coins[c.Pair].Add(coins)
	ev.Balance, ev.Coins = x.acct.spotUSDT, x.acct.coins[c.Pair]
	x.emit(ev)
}

func (x *Exchange) paysBNB() bool {
	b, ok := x.opt.Fees.(BinanceFees)
	return ok && b.BNB
}

// ceilCoins is coins × rate / 1e8 rounded up to 1e-8 coins.
func ceilCoins(coins carry.Wide, rate int64) carry.Wide {
	return mulRate(coins.Neg(), rate).Neg()
}

// fillPerp changes the contracts. Reduce-only orders are cut to what is open;
// an order that would go long is refused, from flat or through zero: this system
// never does, and nothing here would liquidate it.
func (x *Exchange) fillPerp(c *carry.Command, price carry.Price, at carry.Time) {
	pair := &x.info.Pairs[c.Pair]
	held := x.acct.qty[c.Pair]
	q := c.Qty
	reduces := held != 0 && (held < 0) == (c.Side == carry.Buy)
	size := held
	if size < 0 {
		size = -size
	}
	if !reduces && (c.ReduceOnly || c.Side == carry.Buy) {
		x.reject(c, at, carry.CodeReduceOnly)
		return
	}
	if reduces && q > size {
		if !c.ReduceOnly {
			x.reject(c, at, carry.CodeReduceOnly)
			return
		}
		q = size
	}
	value := notional(price, q, pair.QtyDp)
	fee := feeOn(value, feeTicks(x.feesNow(at).PerpTaker))
	if !reduces && !x.carries(value, fee) {
		x.reject(c, at, carry.CodeMargin)
		return
	}
	ev := x.outcome(carry.EvFill, c, at, carry.OK)
	ev.Qty, ev.Price, ev.Wallet, ev.Fee = q, price, carry.PerpWallet, fee
	ev.Amount = x.acct.trade(c.Pair, pair, c.Side, q, price)
	x.acct.perpUSDT += ev.Amount - ev.Fee
	ev.Balance = x.acct.perpUSDT
	x.emit(ev)
}

// carries tells whether the futures wallet has the initial margin for another
// position of this value (1e-16 USDT) and its fee.
func (x *Exchange) carries(value carry.Wide, fee carry.Amount) bool {
	m := x.margin(x.mark)
	v := value.Float() / (carry.Unit * float64(carry.Unit))
	return m.balance-fee.Float() >= (m.notional+v)/x.opt.ExchangeLeverageX
}

// transfer moves USDT between the wallets, or says why not. Available is not
// withdrawable: margin in use stays.
func (x *Exchange) transfer(c *carry.Command, at carry.Time) {
	ev := carry.Event{Kind: carry.EvTransferred, At: at, Pair: -1, Wallet: c.Wallet, Order: c.Order, Amount: c.Amount}
	limit := x.acct.spotUSDT
	if c.Wallet == carry.PerpWallet {
		limit = x.withdrawable()
	}
	switch {
	case c.Amount > limit:
		ev.Code = carry.CodeNotWithdrawable
	case c.Wallet == carry.SpotWallet:
		x.acct.spotUSDT -= c.Amount
		x.acct.perpUSDT += c.Amount
	default:
		x.acct.perpUSDT -= c.Amount
		x.acct.spotUSDT += c.Amount
	}
	ev.Balance, ev.Balance2 = x.acct.spotUSDT, x.acct.perpUSDT
	x.emit(ev)
}
