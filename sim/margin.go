package sim

import (
	"math"

	"carry"
)

// marginState is the futures wallet judged at one set of marks.
type marginState struct {
	balance     float64 // wallet + unrealised, USDT
	maintenance float64 // USDT
	notional    float64 // USDT, of all shorts
}

// safe is Binance's rule: a liquidation starts when maintenance margin reaches
// the margin balance.
func (m marginState) safe() bool { return m.balance > m.maintenance }

// margin judges all open contracts at these marks.
func (x *Exchange) margin(mark []float64) marginState {
	m := marginState{balance: x.acct.perpUSDT.Float()}
	for _, i := range x.acct.open {
		v := float64(x.acct.qtyF[i] * mark[i])
		m.balance += v - x.acct.costF[i]
		v = math.Abs(v)
		m.notional += v
		m.maintenance += x.rungs[i].Margin(x.brackets[i], v)
	}
	return m
}

// adverse is pair i's mark when it is worst for a short within bar k of b: the
// mark's high, or the perpetual's own where no mark is known, whose wicks are
// longer. All pairs are judged at their highs together, which is worse
// than what can have happened.
func (x *Exchange) adverse(b *carry.Block, k int, i int32) float64 {
	h := b.MarkHigh[k]
	if h != h {
		h = b.Perp.High[k]
	}
	if last := x.mark[i]; h != h || h < last {
		return last
	}
	return h
}

// liquidate runs the bar's adverse extreme over the account and closes shorts
// until the rest can bear it, the largest loss first, at the marks at which the
// wallet fails on the straight line from the bar's start to the extreme.
func (x *Exchange) liquidate(b *carry.Block, base int, at carry.Time) {
	if len(x.acct.open) == 0 {
		return
	}
	for _, i := range x.acct.open {
		x.high[i] = x.adverse(b, base+int(i), i)
	}
	// Prices only go on: what fails after a first liquidation, whose fee the
	// others' margin pays, fails at that moment or later.
	reached := 0.0
	for len(x.acct.open) > 0 && !x.marginAt(1).safe() {
		lo, hi := reached, 1.0
		if !x.marginAt(lo).safe() {
			hi = lo
		}
		for step := 0; step < 30 && hi > lo; step++ {
			mid := (lo + hi) / 2
			if x.marginAt(mid).safe() {
				lo = mid
			} else {
				hi = mid
			}
		}
		x.closeNext(hi, at)
		reached = hi
	}
}

func (x *Exchange) marginAt(f float64) marginState {
	for _, i := range x.acct.open {
		x.there[i] = x.between(i, f)
	}
	return x.margin(x.there)
}

func (x *Exchange) between(i int32, f float64) float64 {
	return x.mark[i] + float64((x.high[i]-x.mark[i])*f)
}

// next is the short to be closed at fraction f of the way: the one with the
// largest loss; but where the wallet cannot pay that and others show a profit,
// the largest profit, so that the insurance fund pays only what nothing else
// can.
func (x *Exchange) next(f float64) int32 {
	worst, best, loss, profit := x.acct.open[0], int32(-1), math.Inf(-1), 0.0
	for _, i := range x.acct.open {
		l := x.acct.costF[i] - float64(x.acct.qtyF[i]*x.between(i, f))
		if l > loss {
			worst, loss = i, l
		}
		if -l > profit {
			best, profit = i, -l
		}
	}
	if best >= 0 && loss > x.acct.perpUSDT.Float() {
		return best
	}
	return worst
}

// closeNext takes one short at fraction f of the way.
func (x *Exchange) closeNext(f float64, at carry.Time) {
	i := x.next(f)
	pair := &x.info.Pairs[i]
	q, side := -x.acct.qty[i], carry.Buy
	if q < 0 {
		q, side = -q, carry.Sell
	}
	price := x.rules[i].Legs[carry.Perp].TickUp(x.between(i, f))
	ref := carry.PriceFromFloat(x.between(i, f))
	fee := feeOn(notional(price, q, pair.QtyDp), feeTicks(x.rules[i].LiquidationFeeFrac))
	amount := x.acct.trade(i, pair, side, q, price)
	// The insurance fund takes over what the wallet cannot pay.
	if left := x.acct.perpUSDT + amount; left < 0 {
		amount -= left
	}
	if left := x.acct.perpUSDT + amount; fee > left {
		fee = left
	}
	x.acct.perpUSDT += amount - fee
	x.emit(carry.Event{Kind: carry.EvLiquidated, At: at, Pair: i, Leg: carry.Perp, Side: side, Wallet: carry.PerpWallet,
		Code: carry.CodeLiquidated, Qty: q, Price: price, Ref: ref, Amount: amount, Fee: fee, Balance: x.acct.perpUSDT})
}

// withdrawable is what may leave the futures wallet: not the unrealised profit,
// and never below the initial margin of the open contracts.
func (x *Exchange) withdrawable() carry.Amount {
	m := x.margin(x.mark)
	free := m.balance - m.notional/x.opt.ExchangeLeverageX
	if w := x.acct.perpUSDT.Float(); w < free {
		free = w
	}
	return carry.AmountFloor(free)
}
