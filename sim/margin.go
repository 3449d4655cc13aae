package sim

import (
	"math"

	"carry"
)

// marginState is the futures wallet judged at one set of marks.
type marginState struct {
	balance     float64 // wallet + unrealised, USDT
	maintenance float64 // USDT
	initial     float64 // USDT, at the leverage set
}

// safe is Binance's rule: a liquidation starts when maintenance margin reaches
// the margin balance.
func (m marginState) safe() bool { return m.balance > m.maintenance }

// addMargin adds position i at a mark.
func (x *Exchange) addMargin(m *marginState, i int32, mark float64) {
	v := float64(x.acct.qtyF[i] * mark)
	m.balance += v - x.acct.costF[i]
	v = math.Abs(v)
	m.initial += v / x.leverage[i]
	m.maintenance += x.rungs[i].Margin(x.brackets[i], v)
}

// margin judges all open contracts at these marks.
func (x *Exchange) margin(mark []float64) marginState {
	m := marginState{balance: x.acct.perpUSDT.Float()}
	for _, i := range x.acct.open {
		x.addMargin(&m, i, mark[i])
	}
	return m
}

// largest is the notional above which a leverage is not allowed; +Inf where the
// brackets do not tell.
func largest(brackets []carry.Bracket, leverage float64) float64 {
	for k := len(brackets) - 1; k >= 0; k-- {
		if m := brackets[k].MaxLeverage; m == 0 || m >= leverage {
			return brackets[k].Cap
		}
	}
	if len(brackets) == 0 {
		return math.Inf(1)
	}
	return 0
}

// liquidate lets the marks go from where they are to x.high and closes shorts
// until the rest can bear it, at the marks at which margin fails on the straight
// line between: first all orders on futures go, then positions tier by tier.
func (x *Exchange) liquidate(at carry.Time) {
	if !x.opt.Isolated {
		x.liquidatePool(at)
		return
	}
	for k := 0; k < len(x.acct.open); {
		i := x.acct.open[k]
		x.liquidateOne(i, at)
		if k < len(x.acct.open) && x.acct.open[k] == i {
			k++
		}
	}
}

// liquidatePool is the cross wallet's liquidation, the largest loss first.
func (x *Exchange) liquidatePool(at carry.Time) {
	// Prices only go on: what fails after a first liquidation, whose fee the
	// others' margin pays, fails at that moment or later.
	reached := 0.0
	if len(x.acct.open) == 0 || x.poolAt(1).safe() {
		return
	}
	x.startTiers()
	for len(x.acct.open) > 0 && !x.poolAt(1).safe() {
		x.cancelAll(at, carry.CodeLiquidated, func(o *resting) bool { return o.cmd.Leg == carry.Perp })
		reached = failsAt(reached, x.poolAt)
		x.closeTier(x.next(reached), reached, at)
	}
}

// poolAt is margin at fraction f of the way, without the initial margin, which
// no liquidation asks for. It judges every position in every bar.
func (x *Exchange) poolAt(f float64) marginState {
	a := &x.acct
	m := marginState{balance: a.perpUSDT.Float()}
	for _, i := range a.open {
		v := float64(a.qtyF[i] * x.between(i, f))
		m.balance += v - a.costF[i]
		m.maintenance += x.rungs[i].Margin(x.brackets[i], math.Abs(v))
	}
	return m
}

// liquidateOne is an isolated position's.
func (x *Exchange) liquidateOne(i int32, at carry.Time) {
	reached := 0.0
	judge := func(f float64) marginState { return x.isolatedMargin(i, x.between(i, f)) }
	if judge(1).safe() {
		return
	}
	x.startTiers()
	for x.acct.qty[i] != 0 && !judge(1).safe() {
		x.cancelAll(at, carry.CodeLiquidated, func(o *resting) bool { return o.cmd.Leg == carry.Perp && o.cmd.Pair == i })
		reached = failsAt(reached, judge)
		x.closeTier(i, reached, at)
	}
}

// failsAt is the fraction of the way from lo on at which margin fails; it does at
// the end of it.
func failsAt(lo float64, judge func(float64) marginState) float64 {
	hi := 1.0
	if !judge(lo).safe() {
		return lo
	}
	for step := 0; step < 30; step++ {
		mid := (lo + hi) / 2
		if judge(mid).safe() {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
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

// closeTier takes of one short at fraction f of the way what its notional has
// above the bracket below, or all of it in the first.
func (x *Exchange) closeTier(i int32, f float64, at carry.Time) {
	mark := x.between(i, f)
	q := abs(x.acct.qty[i])
	price := x.rules[i].Legs[carry.Perp].TickUp(mark)
	q -= x.tierBelow(i, q, mark)
	fee := feeOn(notional(price, q, x.info.Pairs[i].QtyDp), feeTicks(x.rules[i].LiquidationFeeFrac))
	x.forced(i, q, price, carry.PriceFromFloat(mark), fee, at, carry.CodeLiquidated)
}

// startTiers begins a liquidation: every position may still keep what is below
// any bracket.
func (x *Exchange) startTiers() {
	for i := range x.tier {
		x.tier[i] = math.MaxInt
	}
}

// tierBelow is how many of q contracts fit below the bracket they are in, in
// lots. Brackets only go down during one liquidation: a position that grows back
// into a bracket, as the mark rises on, loses the next one too.
func (x *Exchange) tierBelow(i int32, q carry.Qty, mark float64) carry.Qty {
	pair, brackets := &x.info.Pairs[i], x.brackets[i]
	v := float64(pair.QtyFloat(q) * mark)
	k := 0
	for k+1 < len(brackets) && v >= brackets[k].Cap {
		k++
	}
	k = min(k, x.tier[i])
	x.tier[i] = k - 1
	if k <= 0 || k >= len(brackets) {
		return 0
	}
	keep := pair.QtyFloor(brackets[k].Floor / mark)
	if step := x.rules[i].Legs[carry.Perp].Step; step > 1 {
		keep -= keep % step
	}
	if keep >= q { // the cap itself
		keep = q - max(x.rules[i].Legs[carry.Perp].Step, 1)
	}
	return max(keep, 0)
}

// forced closes q contracts of position i for the exchange. What the wallet, or
// the isolated margin, cannot pay the insurance fund takes over.
func (x *Exchange) forced(i int32, q carry.Qty, price, ref carry.Price, fee carry.Amount, at carry.Time, code carry.Code) {
	side, before := carry.Buy, x.acct.qty[i]
	if before > 0 {
		side = carry.Sell
	}
	value := notional(price, q, x.info.Pairs[i].QtyDp)
	x.remember(i, at)
	bears := x.acct.perpUSDT
	if x.opt.Isolated {
		bears = x.acct.isolated[i]
	}
	amount := x.acct.trade(i, &x.info.Pairs[i], side, q, price)
	amount = max(amount, -bears)
	fee = min(fee, bears+amount)
	x.acct.perpUSDT += amount - fee
	x.isolate(i, before, value, amount-fee)
	x.emit(carry.Event{Kind: carry.EvLiquidated, At: at, Pair: i, Leg: carry.Perp, Side: side, Wallet: carry.PerpWallet, Isolated: x.opt.Isolated,
		Code: code, Qty: q, Price: price, Ref: ref, Amount: amount, Fee: fee, Balance: x.acct.perpUSDT})
}

// withdrawable is what may leave the futures wallet: not the unrealised profit,
// never below the initial margin of the open contracts and orders, and nothing
// that is isolated.
func (x *Exchange) withdrawable() carry.Amount {
	if x.opt.Isolated {
		return max(x.freeMargin(), 0)
	}
	m := x.margin(x.mark)
	held := x.lockedMargin() + x.inLimbo(carry.PerpWallet, carry.USDT).Float()
	free := m.balance - m.initial - held
	if w := x.acct.perpUSDT.Float() - held; w < free {
		free = w
	}
	return carry.AmountFloor(free)
}
