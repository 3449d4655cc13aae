package refengine

import (
	"errors"
	"fmt"

	"carry"

	"github.com/shopspring/decimal"
)

// The rules, one function each. floor8 and ceil8 round against the customer to
// the eight decimals of the exchange's accounts.

func floor8(d decimal.Decimal) decimal.Decimal { return d.RoundFloor(8) }

func ceil8(d decimal.Decimal) decimal.Decimal { return d.RoundCeil(8) }

// floorQuo8 is n/d rounded down to eight decimals, of the exact quotient, d > 0.
func floorQuo8(n, d decimal.Decimal) decimal.Decimal {
	q, rest := n.QuoRem(d, 8) // toward zero
	if rest.IsNegative() {
		q = q.Sub(decimal.New(1, -8))
	}
	return q
}

// rate8 is a fee rate on the grid of 1e-8.
func rate8(frac float64) decimal.Decimal { return decimal.NewFromFloat(frac).Round(8) }

func (e *Engine) quantity(ev *carry.Event) decimal.Decimal {
	return decimal.New(int64(ev.Qty), -int32(e.pairs[ev.Pair].QtyDp))
}

// feeRate is the commission of the fill's leg and kind at its time.
func (e *Engine) feeRate(ev *carry.Event) decimal.Decimal {
	fees := e.feesAt
	if ev.Kind == carry.EvSettled && e.SettledFees != nil {
		fees = func(at carry.Time) carry.Fees { return e.SettledFees(ev.Code, at) }
	}
	f := fees(ev.At)
	if e.PlainFees != nil && ev.FeeBNB == 0 {
		f = e.PlainFees(ev.At)
	}
	switch {
	case ev.Leg == carry.Spot && ev.Maker:
		return rate8(f.SpotMaker)
	case ev.Leg == carry.Spot:
		return rate8(f.SpotTaker)
	case ev.Maker:
		return rate8(f.PerpMaker)
	}
	return rate8(f.PerpTaker)
}

// snapshot opens the account: the split between the wallets is the event's,
// their sum must be the capital. A later snapshot must find both as they are.
func (e *Engine) snapshot(ev *carry.Event, s *state) (figures, error) {
	if !s.opened {
		s.wallets = [2]decimal.Decimal{steps(int64(ev.Balance)), steps(int64(ev.Balance2))}
		s.bnb = [2]decimal.Decimal{steps(int64(ev.BNB)), steps(int64(ev.BNB2))}
		stock := s.bnb[0].Add(s.bnb[1]).Mul(steps(int64(ev.BNBPrice)))
		s.flows, s.opened = s.wallets[0].Add(s.wallets[1]), true
		// A stock of BNB is bought in whole steps of 1e-8.
		missing := e.capital.Sub(s.flows).Sub(stock)
		if e.PlainFees != nil && !missing.IsNegative() && missing.LessThan(decimal.New(1, -4)) {
			s.flows = s.flows.Add(stock)
			return figures{balance: s.wallets[0], balance2: s.wallets[1], bnb: s.bnb[0], bnb2: s.bnb[1]}, nil
		}
		if !s.flows.Equal(e.capital) {
			return figures{}, fmt.Errorf("wallets hold %s, the capital is %s", s.flows, e.capital)
		}
	}
	return figures{balance: s.wallets[0], balance2: s.wallets[1], bnb: s.bnb[0], bnb2: s.bnb[1]}, nil
}

func flow(ev *carry.Event, s *state) figures {
	amount := steps(int64(ev.Amount))
	s.wallets[ev.Wallet] = s.wallets[ev.Wallet].Add(amount)
	s.flows = s.flows.Add(amount)
	return figures{amount: amount, balance: s.wallets[ev.Wallet]}
}

// transfer moves USDT, BNB or coins between the wallets.
func (e *Engine) transfer(ev *carry.Event, s *state, h *holding) figures {
	from, to := ev.Wallet, carry.PerpWallet-ev.Wallet
	amount := steps(int64(ev.Amount))
	switch i := ev.Asset.Pair(); {
	case i >= 0:
		q := decimal.New(int64(ev.Qty), -int32(e.pairs[i].QtyDp))
		if from == carry.PerpWallet {
			q = q.Neg()
		}
		h.coins, h.away = h.coins.Sub(q), h.away.Add(q)
		return figures{amount: amount, balance: s.wallets[0], balance2: s.wallets[1], coins: h.coins, coins2: h.away}
	case ev.Asset == carry.BNB:
		s.bnb[from], s.bnb[to] = s.bnb[from].Sub(amount), s.bnb[to].Add(amount)
		return figures{amount: amount, balance: s.wallets[0], balance2: s.wallets[1], bnb: s.bnb[0], bnb2: s.bnb[1]}
	}
	s.wallets[from] = s.wallets[from].Sub(amount)
	s.wallets[to] = s.wallets[to].Add(amount)
	return figures{amount: amount, balance: s.wallets[carry.SpotWallet], balance2: s.wallets[carry.PerpWallet]}
}

// funding pays −position × mark × rate.
func (e *Engine) funding(ev *carry.Event, s *state, h *holding) (figures, error) {
	charged := h.contracts
	if q := e.quantity(ev); ev.Code == carry.CodeFundingWindow {
		charged = q.Neg()
	} else if !h.contracts.Abs().Equal(q) {
		return figures{}, fmt.Errorf("paid on %s contracts, the position is %s", q, h.contracts)
	}
	amount := floor8(charged.Neg().Mul(steps(int64(ev.Price))).Mul(steps(int64(ev.Rate))))
	w := &s.wallets[carry.PerpWallet]
	*w = w.Add(amount)
	if e.IsolatedX > 0 && !h.contracts.IsZero() {
		h.margin = atLeast0(h.margin.Add(amount))
	}
	return figures{amount: amount, balance: *w}, nil
}

func atLeast0(d decimal.Decimal) decimal.Decimal {
	if d.IsNegative() {
		return decimal.Decimal{}
	}
	return d
}

// inBNB is a fee of so much USDT in BNB, rounded up.
func inBNB(fee decimal.Decimal, price carry.Price) decimal.Decimal {
	q, rest := fee.QuoRem(steps(int64(price)), 8)
	if !rest.IsZero() {
		q = q.Add(decimal.New(1, -8))
	}
	return q
}

// spotFill moves cash, rounded down; the fee is a share of what is received
// (coins when buying, USDT when selling) or of the cash paid, rounded up.
func (e *Engine) spotFill(ev *carry.Event, s *state, h *holding) figures {
	var f figures
	q, rate := e.quantity(ev), e.feeRate(ev)
	value := q.Mul(steps(int64(ev.Price)))
	switch {
	case ev.FeeBNB != 0:
		cash := floor8(value.Mul(decimal.New(-int64(ev.Side), 0)))
		f.amount = cash
		f.feeBNB = inBNB(ceil8(cash.Abs().Mul(rate)), ev.BNBPrice)
		s.bnb[carry.SpotWallet] = s.bnb[carry.SpotWallet].Sub(f.feeBNB)
		f.bnb = s.bnb[carry.SpotWallet]
		h.coins = h.coins.Add(q.Mul(decimal.New(int64(ev.Side), 0)))
	case ev.Side == carry.Sell:
		f.amount = floor8(value)
		f.fee = ceil8(f.amount.Mul(rate))
		h.coins = h.coins.Sub(q)
	case e.BuyFeeInUSDT:
		f.amount = floor8(value.Neg())
		f.fee = ceil8(f.amount.Neg().Mul(rate))
		h.coins = h.coins.Add(q)
	default:
		f.amount = floor8(value.Neg())
		f.feeCoins = ceil8(q.Mul(rate))
		h.coins = h.coins.Add(q).Sub(f.feeCoins)
	}
	w := &s.wallets[carry.SpotWallet]
	*w = w.Add(f.amount).Sub(f.fee)
	f.balance, f.coins = *w, h.coins
	return f
}

// perpFill changes the position; the fee is a share of the notional.
func (e *Engine) perpFill(ev *carry.Event, s *state, h *holding) (figures, error) {
	before := h.contracts
	amount, err := e.trade(ev, h)
	if err != nil {
		return figures{}, err
	}
	f := figures{amount: amount}
	value := e.quantity(ev).Mul(steps(int64(ev.Price)))
	f.fee = ceil8(value.Mul(e.feeRate(ev)))
	if ev.FeeBNB != 0 {
		f.fee, f.feeBNB = decimal.Decimal{}, inBNB(f.fee, ev.BNBPrice)
		s.bnb[carry.PerpWallet] = s.bnb[carry.PerpWallet].Sub(f.feeBNB)
		f.bnb = s.bnb[carry.PerpWallet]
	}
	w := &s.wallets[carry.PerpWallet]
	*w = w.Add(amount).Sub(f.fee)
	e.isolate(h, before, value, amount.Sub(f.fee))
	f.balance = *w
	return f, nil
}

// isolate moves an isolated position's margin: notional/leverage comes in when
// contracts are opened; when they are closed it goes in proportion, and what the
// closing lost beyond that comes out of the rest.
func (e *Engine) isolate(h *holding, before, value, gain decimal.Decimal) {
	if e.IsolatedX == 0 {
		return
	}
	old, now := before.Abs(), h.contracts.Abs()
	if now.GreaterThan(old) {
		in := value.Div(decimal.NewFromFloat(e.IsolatedX))
		h.margin = h.margin.Add(ceil8(in))
		return
	}
	free := floorQuo8(h.margin.Mul(old.Sub(now)), old)
	h.margin = h.margin.Sub(free)
	if lost := free.Add(gain); lost.IsNegative() {
		h.margin = atLeast0(h.margin.Add(lost))
	}
	if now.IsZero() {
		h.margin = decimal.Decimal{}
	}
}

// trade realises −cost × q/|position| − value of what is closed, rounded down.
// What the rounding kept stays in the cost of the rest and ends with it.
func (e *Engine) trade(ev *carry.Event, h *holding) (decimal.Decimal, error) {
	q := e.quantity(ev)
	signed := q.Mul(decimal.New(int64(ev.Side), 0))
	value := signed.Mul(steps(int64(ev.Price)))
	old := h.contracts
	h.contracts = old.Add(signed)
	if old.IsZero() || old.Sign() == signed.Sign() {
		h.cost = h.cost.Add(value)
		return decimal.Decimal{}, nil
	}
	size := old.Abs()
	if q.GreaterThan(size) {
		return decimal.Decimal{}, errors.New("the fill crosses through zero")
	}
	realised := floorQuo8(h.cost.Neg().Mul(q).Sub(value.Mul(size)), size)
	h.cost = h.cost.Add(value).Add(realised)
	if h.contracts.IsZero() {
		h.cost = decimal.Decimal{}
	}
	return realised, nil
}

// liquidation closes contracts for a fee on their notional. The insurance fund
// bears what the wallet can not: it neither ends below zero nor pays a fee it
// does not have.
func (e *Engine) liquidation(ev *carry.Event, s *state, h *holding) (figures, error) {
	var frac float64
	switch told := e.rules[ev.Pair]; {
	case e.LiquidationFee != nil:
		frac = e.LiquidationFee(ev.Pair, ev.At)
	case told != nil:
		frac = *told
	default:
		return figures{}, errors.New("no rules with the liquidation fee came before; set LiquidationFee")
	}
	if h.contracts.Sign()*int(ev.Side) >= 0 {
		return figures{}, errors.New("a liquidation that closes nothing")
	}
	rate := rate8(frac)
	if ev.Code == carry.CodeADL {
		rate = rate8(e.feesAt(ev.At).PerpTaker)
	}
	before, bears := h.contracts, s.wallets[carry.PerpWallet]
	if e.IsolatedX > 0 {
		bears = h.margin
	}
	amount, err := e.trade(ev, h)
	if err != nil {
		return figures{}, err
	}
	value := e.quantity(ev).Mul(steps(int64(ev.Price)))
	fee := ceil8(value.Mul(rate))
	if left := bears.Add(amount); left.IsNegative() {
		amount = amount.Sub(left)
	}
	if left := bears.Add(amount); fee.GreaterThan(left) {
		fee = left
	}
	w := &s.wallets[carry.PerpWallet]
	*w = w.Add(amount).Sub(fee)
	e.isolate(h, before, value, amount.Sub(fee))
	return figures{amount: amount, fee: fee, balance: *w}, nil
}
