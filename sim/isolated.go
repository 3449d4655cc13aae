package sim

import (
	"math"

	"carry"
)

// Isolated margin. The wallet's balance is one, as Binance shows it; isolated[i]
// is the part of it that is position i's own. It is put in when contracts are
// opened, notional/leverage, takes funding, and goes back in proportion when they
// are closed. What a closing loses comes out of what it sets free, then out of
// the rest of the position's margin.

// isolate moves margin after a fill: before are the contracts held before it,
// value its notional, gain what it added to the wallet.
func (x *Exchange) isolate(i int32, before carry.Qty, value carry.Wide, gain carry.Amount) {
	if !x.opt.Isolated {
		return
	}
	now := x.acct.qty[i]
	old, size := abs(before), abs(now)
	switch {
	case size == 0:
		x.setIsolated(i, 0)
	case size > old:
		// Rounded up, at a leverage in hundredths.
		put, _ := scale(value.Neg(), 2).QuoFloor(int64(math.Floor(float64(x.leverage[i]*100)+0.5)) * carry.Unit)
		in, _ := put.Int64()
		x.setIsolated(i, x.acct.isolated[i]-carry.Amount(in))
	default:
		freed, _ := mulQty(carry.WideFrom(int64(x.acct.isolated[i])), old-size).QuoFloor(int64(old))
		out, _ := freed.Int64()
		left := x.acct.isolated[i] - carry.Amount(out)
		if short := carry.Amount(out) + gain; short < 0 {
			left = max(left+short, 0)
		}
		x.setIsolated(i, left)
	}
}

func (x *Exchange) setIsolated(i int32, v carry.Amount) {
	x.acct.isolatedSum += v - x.acct.isolated[i]
	x.acct.isolated[i] = v
}

// payIsolated lets a funding payment change the position's own margin, which
// does not fall below nothing.
func (x *Exchange) payIsolated(i int32, amount carry.Amount) {
	if x.opt.Isolated && x.acct.qty[i] != 0 {
		x.setIsolated(i, max(x.acct.isolated[i]+amount, 0))
	}
}

func abs(q carry.Qty) carry.Qty {
	if q < 0 {
		return -q
	}
	return q
}

// freeMargin is the futures wallet's USDT that is no position's own and that
// neither orders nor unanswered transfers hold.
func (x *Exchange) freeMargin() carry.Amount {
	held := x.inLimbo(carry.PerpWallet, carry.USDT)
	if m := x.lockedMargin(); m > 0 {
		held += carry.AmountFloor(m) + carry.Unit/100
	}
	return x.acct.perpUSDT - x.acct.isolatedSum - held
}

// isolatedMargin judges position i alone at a mark.
func (x *Exchange) isolatedMargin(i int32, mark float64) marginState {
	m := marginState{balance: x.acct.isolated[i].Float()}
	x.addMargin(&m, i, mark)
	return m
}
