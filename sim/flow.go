package sim

import "carry"

// Flow is the owner's deposit (Amount > 0) or withdrawal at a time, USDT.
type Flow struct {
	At     carry.Time
	Amount carry.Amount
}

// flows makes what the owner asked for by now. Deposits arrive in the spot
// wallet. A withdrawal is announced first, for the core to make room; it leaves
// the spot wallet as far as that is free, the rest later.
func (v *Venue) flows(at carry.Time) {
	x := v.x
	for v.nextFlow < len(x.opt.Flows) && x.opt.Flows[v.nextFlow].At <= at {
		f := &x.opt.Flows[v.nextFlow]
		v.nextFlow++
		if f.Amount > 0 {
			v.flow(f.Amount, at)
			continue
		}
		v.owed -= f.Amount
		x.emit(carry.Event{Kind: carry.EvOperator, At: at, Pair: -1, Code: carry.CodeWithdraw, Amount: -f.Amount})
	}
	if v.owed > 0 {
		if out := min(v.owed, x.freeUSDT()); out > 0 {
			v.owed -= out
			v.flow(-out, at)
		}
	}
}

func (v *Venue) flow(amount carry.Amount, at carry.Time) {
	a := &v.x.acct
	a.spotUSDT += amount
	v.x.emit(carry.Event{Kind: carry.EvFlow, At: at, Pair: -1, Wallet: carry.SpotWallet, Amount: amount, Balance: a.spotUSDT})
}
