package sim

import "carry"

// resting is an order in the book.
type resting struct {
	cmd  carry.Command
	left carry.Qty
}

// find is the place of order id among the resting ones, or -1.
func (x *Exchange) find(id carry.OrderID) int {
	for k := range x.resting {
		if x.resting[k].cmd.Order == id {
			return k
		}
	}
	return -1
}

func (x *Exchange) remove(k int) { x.resting = append(x.resting[:k], x.resting[k+1:]...) }

// withdraw cancels an order as asked.
func (x *Exchange) withdraw(c *carry.Command, at carry.Time) {
	k := x.find(c.Order)
	if k < 0 {
		x.reject(c, at, carry.CodeUnknownOrder)
		return
	}
	o := x.resting[k]
	x.remove(k)
	x.cancel(&o.cmd, o.left, at, carry.CodeCanceled)
}

// cancelAll cancels the orders for which which holds, oldest first.
func (x *Exchange) cancelAll(at carry.Time, code carry.Code, which func(*resting) bool) {
	for k := 0; k < len(x.resting); {
		if o := x.resting[k]; which(&o) {
			x.remove(k)
			x.cancel(&o.cmd, o.left, at, code)
			continue
		}
		k++
	}
}

// restingOn counts a symbol's orders.
func (x *Exchange) restingOn(pair int32, leg carry.Leg) (n int) {
	for k := range x.resting {
		if c := &x.resting[k].cmd; c.Pair == pair && c.Leg == leg {
			n++
		}
	}
	return n
}

// locked is what an order holds of the spot wallet's USDT until it is filled or
// gone: the cost of what is left of a purchase.
func (x *Exchange) locked(c *carry.Command, left carry.Qty) carry.Amount {
	if c.Leg != carry.Spot || c.Side != carry.Buy {
		return 0
	}
	cost := -floorTo8(notional(c.Limit, -left, x.info.Pairs[c.Pair].QtyDp))
	if x.paysBNB() {
		// Its fee may have to come out of the same wallet.
		cost += feeOn(carry.WideMul(int64(cost), carry.Unit), feeTicks(x.fees.SpotTaker))
	}
	return cost
}

// freeUSDT is the spot wallet's USDT that nothing holds.
func (x *Exchange) freeUSDT() carry.Amount {
	free := x.acct.spotUSDT - x.inLimbo(carry.SpotWallet, carry.USDT)
	for k := range x.resting {
		free -= x.locked(&x.resting[k].cmd, x.resting[k].left)
	}
	return free
}

// freeUSDTFor is freeUSDT for a deal, whose own order's part is its own.
func (x *Exchange) freeUSDTFor(d *deal) carry.Amount {
	free := x.freeUSDT()
	if d.maker {
		free += x.locked(d.c, d.q+d.left)
	}
	return free
}

// lockedCoins is what sales and unanswered transfers hold of a coin.
func (x *Exchange) lockedCoins(i int32) (sum carry.Wide) {
	for k := range x.resting {
		if o := &x.resting[k]; o.cmd.Pair == i && o.cmd.Leg == carry.Spot && o.cmd.Side == carry.Sell {
			sum = sum.Add(x.coinsOf(int(i), o.left))
		}
	}
	if len(x.limbo) > 0 {
		sum = sum.Add(x.inLimboCoins(carry.SpotWallet, carry.CoinOf(int(i))))
	}
	return sum
}

func (x *Exchange) lockedCoinsFor(i int32, d *deal) carry.Wide {
	sum := x.lockedCoins(i)
	if d.maker {
		sum = sum.Sub(x.coinsOf(int(i), d.q+d.left))
	}
	return sum
}

// lockedMargin is the initial margin that resting openings hold, USDT.
func (x *Exchange) lockedMargin() (sum float64) {
	for k := range x.resting {
		if c := &x.resting[k].cmd; c.Leg == carry.Perp && !c.ReduceOnly {
			q := x.info.Pairs[c.Pair].QtyFloat(x.resting[k].left)
			sum += float64(q*c.Limit.Float()) / x.leverage[c.Pair]
		}
	}
	return sum
}

// affords tells whether the account may let an order rest: coins, USDT or margin
// for what is left of it.
func (x *Exchange) affords(c *carry.Command, left carry.Qty) carry.Code {
	i := c.Pair
	switch {
	case c.Leg == carry.Spot && c.Side == carry.Buy:
		if x.locked(c, left) > x.freeUSDT() {
			return carry.CodeInsufficient
		}
	case c.Leg == carry.Spot:
		if x.acct.coins[i].Sub(x.lockedCoins(i)).Cmp(x.coinsOf(int(i), left)) < 0 {
			return carry.CodeInsufficient
		}
	case c.ReduceOnly || c.Side == carry.Buy:
		_, _, code := x.fits(c, left)
		return code
	default:
		value := notional(c.Limit, left, x.info.Pairs[i].QtyDp)
		return x.carries(i, value, feeOn(value, feeTicks(x.feesNow(x.feesAt).PerpMaker)))
	}
	return carry.OK
}
