package sim

import "carry"

// deal is a fill about to be booked: q of c at price, left after it.
type deal struct {
	c     *carry.Command
	q     carry.Qty
	left  carry.Qty
	price carry.Price
	maker bool
	at    carry.Time
}

func (d *deal) event(x *Exchange) carry.Event {
	ev := x.outcome(carry.EvFill, d.c, d.at, carry.OK)
	ev.Qty, ev.Left, ev.Price, ev.Maker = d.q, d.left, d.price, d.maker
	return ev
}

// deal makes the deal, or returns why the account cannot bear it, and then
// nothing has changed.
func (x *Exchange) deal(d *deal) carry.Code {
	if d.c.Leg == carry.Spot {
		return x.dealSpot(d)
	}
	return x.dealPerp(d)
}

// rate is the commission in steps of 1e-8, with the discount for BNB where bnb.
func (x *Exchange) rate(d *deal, bnb bool) int64 {
	f := x.feesNow(d.at)
	if x.opt.BNBUSDT > 0 && !bnb {
		f = &x.plain
	}
	switch {
	case d.c.Leg == carry.Spot && d.maker:
		return feeTicks(f.SpotMaker)
	case d.c.Leg == carry.Spot:
		return feeTicks(f.SpotTaker)
	case d.maker:
		return feeTicks(f.PerpMaker)
	}
	return feeTicks(f.PerpTaker)
}

// feeInBNB charges the fee on value (1e-16 USDT) in BNB and tells whether the
// wallet had enough; what is short of it is charged as if there were none.
func (x *Exchange) feeInBNB(d *deal, w carry.Wallet, value carry.Wide, ev *carry.Event) bool {
	if x.opt.BNBUSDT == 0 {
		return false
	}
	fee := bnbFor(feeOn(value, x.rate(d, true)), x.bnbPrice)
	if fee > x.acct.bnb[w]-x.inLimbo(w, carry.BNB) {
		ev.BNB = x.acct.bnb[w]
		return false
	}
	ev.FeeBNB, ev.BNBPrice, ev.BNB = fee, x.bnbPrice, x.acct.bnb[w]-fee
	return true
}

// bnbFor is how much BNB (1e-8) is worth amount USDT at a price, rounded up.
func bnbFor(amount carry.Amount, price carry.Price) carry.Amount {
	q, _ := carry.WideMul(int64(-amount), carry.Unit).QuoFloor(int64(price))
	v, _ := q.Int64()
	return carry.Amount(-v)
}

// dealSpot books coins against USDT. A buy's fee is taken in the coin bought,
// a sale's in USDT (binance.md §2.4).
func (x *Exchange) dealSpot(d *deal) carry.Code {
	i, side := d.c.Pair, d.c.Side
	pair := &x.info.Pairs[i]
	cash := floorTo8(notional(d.price, -carry.Qty(side)*d.q, pair.QtyDp))
	coins := scale(carry.WideFrom(int64(d.q)), 8-pair.QtyDp)
	if side == carry.Sell && x.acct.coins[i].Sub(x.lockedCoinsFor(i, d)).Cmp(coins) < 0 {
		return carry.CodeInsufficient
	}
	ev := d.event(x)
	ev.Amount, ev.Wallet = cash, carry.SpotWallet
	value := carry.WideMul(int64(cash)*int64(-side), carry.Unit)
	inBNB := x.feeInBNB(d, carry.SpotWallet, value, &ev)
	rate := x.rate(d, false)
	switch {
	case inBNB:
	case side == carry.Sell, x.paysBNB() && x.opt.BNBUSDT == 0:
		ev.Fee = feeOn(value, rate)
	default:
		ev.FeeCoins = ceilCoins(coins, rate)
	}
	if side == carry.Sell {
		coins = coins.Neg()
	}
	if x.freeUSDTFor(d)+cash-ev.Fee < 0 {
		return carry.CodeInsufficient
	}
	x.acct.spotUSDT += cash - ev.Fee
	x.acct.coins[i] = x.acct.coins[i].Add(coins).Sub(ev.FeeCoins)
	x.acct.bnb[carry.SpotWallet] -= ev.FeeBNB
	ev.Balance, ev.Coins = x.acct.spotUSDT, x.acct.coins[i]
	x.emit(ev)
	return carry.OK
}

func (x *Exchange) paysBNB() bool {
	b, ok := x.opt.Fees.(BinanceFees)
	return ok && b.BNB
}

// ceilCoins is coins × rate / 1e8 rounded up to 1e-8 coins.
func ceilCoins(coins carry.Wide, rate int64) carry.Wide {
	return mulRate(coins.Neg(), rate).Neg()
}

// dealPerp changes the contracts. Reduce-only orders are cut to what is open;
// an order that would go long is refused, from flat or through zero: this system
// never does, and nothing here would liquidate it.
func (x *Exchange) dealPerp(d *deal) carry.Code {
	i := d.c.Pair
	pair := &x.info.Pairs[i]
	q, reduces, code := x.fits(d.c, d.q)
	if code != carry.OK {
		return code
	}
	if d.q = q; d.c.ReduceOnly && q == abs(x.acct.qty[i]) {
		d.left = 0 // there is nothing more to reduce
	}
	value := notional(d.price, q, pair.QtyDp)
	ev := d.event(x)
	ev.Wallet = carry.PerpWallet
	if !x.feeInBNB(d, carry.PerpWallet, value, &ev) {
		ev.Fee = feeOn(value, x.rate(d, false))
	}
	if !reduces {
		if code := x.carries(i, value, ev.Fee); code != carry.OK {
			return code
		}
	}
	before := x.acct.qty[i]
	x.remember(i, d.at)
	ev.Amount = x.acct.trade(i, pair, d.c.Side, q, d.price)
	x.acct.perpUSDT += ev.Amount - ev.Fee
	x.acct.bnb[carry.PerpWallet] -= ev.FeeBNB
	x.isolate(i, before, value, ev.Amount-ev.Fee)
	ev.Balance = x.acct.perpUSDT
	x.emit(ev)
	return carry.OK
}

// fits cuts an order of q contracts to what a reduce-only one may close, and
// tells whether it reduces.
func (x *Exchange) fits(c *carry.Command, q carry.Qty) (carry.Qty, bool, carry.Code) {
	size := x.acct.qty[c.Pair]
	reduces := size != 0 && (size < 0) == (c.Side == carry.Buy)
	if size < 0 {
		size = -size
	}
	switch {
	case !reduces && (c.ReduceOnly || c.Side == carry.Buy):
		return 0, false, carry.CodeReduceOnly
	case reduces && q > size && !c.ReduceOnly:
		return 0, true, carry.CodeReduceOnly
	case reduces && q > size:
		q = size
	}
	return q, reduces, carry.OK
}

// carries tells whether the futures wallet has the initial margin for another
// position of this value (1e-16 USDT) and its fee, and whether the leverage set
// allows the position at all.
func (x *Exchange) carries(i int32, value carry.Wide, fee carry.Amount) carry.Code {
	v := value.Float() / (carry.Unit * float64(carry.Unit))
	now := float64(x.acct.qtyF[i] * x.mark[i])
	if now != now {
		now = 0
	}
	if most := largest(x.brackets[i], x.leverage[i]); v-now > most {
		return carry.CodeLeverage
	}
	if x.opt.Isolated {
		if x.freeMargin().Float()-fee.Float() < v/x.leverage[i] {
			return carry.CodeMargin
		}
		return carry.OK
	}
	m := x.margin(x.mark)
	if m.balance-fee.Float()-x.lockedMargin() < m.initial+v/x.leverage[i] {
		return carry.CodeMargin
	}
	return carry.OK
}
