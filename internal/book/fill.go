package book

import "carry"

// worth is a fill's signed value for us in 1e-16 USDT: what it would move if
// nothing were rounded and no fee charged.
type worth struct {
	exact carry.Wide // −σPQs
	atRef carry.Wide // −σRQs
	slip  carry.Wide // −σ(P−R)Qs
}

func (c *calc) worth(ev *carry.Event, scale int64) worth {
	signed := -int64(ev.Side) * int64(ev.Qty)
	quanta := c.mul(widen(signed), scale)
	var w worth
	w.exact = c.mul(quanta, int64(ev.Price))
	if ev.Ref == ev.Price {
		w.atRef = w.exact
		return w
	}
	w.atRef = c.mul(quanta, int64(ev.Ref))
	w.slip = c.sub(w.exact, w.atRef)
	return w
}

// checkFill refuses what no fill can be.
func checkFill(ev *carry.Event) error {
	switch {
	case ev.Side != carry.Buy && ev.Side != carry.Sell:
		return invalid(ev, "it has no side")
	case ev.Qty <= 0 || ev.Price <= 0:
		return invalid(ev, "it needs a quantity and a price")
	case ev.Ref <= 0:
		return invalid(ev, "it needs the reference price of its order")
	case ev.Fee < 0 || ev.FeeCoins.Hi < 0:
		return invalid(ev, "a fee below nothing")
	case ev.Leg > carry.Perp:
		return invalid(ev, "there is no such leg")
	}
	return nil
}

// spotFill books coins against USDT.
func (b *Book) spotFill(ev *carry.Event) error {
	if err := checkFill(ev); err != nil {
		return err
	}
	var c calc
	p := &b.pairs[ev.Pair]
	w := c.worth(ev, p.scale)
	amount := c.toUSDT8(w.exact)
	feeCoins := c.keep(ev.FeeCoins)
	feeAtRef := c.mul(feeCoins, int64(ev.Ref))
	fee := usdt16(ev.Fee)

	traded := c.mul(widen(int64(ev.Side)*int64(ev.Qty)), p.scale)
	change := c.sub(traded, feeCoins)
	coins := c.add(p.coins, change)
	off := b.rounded(ev, amount)
	usdt := c.amounts(c.amounts(c.amounts(b.wallets[carry.SpotWallet], amount), off), -ev.Fee)

	inBNB, stock := b.feeBNB(&c, ev, carry.SpotWallet)

	l := p.ledger
	l.Slippage = c.add(l.Slippage, w.slip)
	l.SpotFees = c.sub(c.sub(c.sub(l.SpotFees, fee), feeAtRef), inBNB)
	l.BasisFlow = c.add(c.add(l.BasisFlow, w.atRef), feeAtRef)
	l.Dust = c.add(l.Dust, c.add(c.sub(usdt16(amount), w.exact), usdt16(off)))
	l.coins = c.add(l.coins, change)
	if c.over {
		return overflowed(ev)
	}
	if err := b.checkUSDT(ev, ev.Pair, "amount", amount+off, ev.Amount); err != nil {
		return err
	}
	if err := b.checkUSDT(ev, ev.Pair, walletNames[carry.SpotWallet], usdt, ev.Balance); err != nil {
		return err
	}
	if coins != ev.Coins {
		return b.mismatch(ev, ev.Pair, "coins", 8, coins, ev.Coins)
	}
	if err := b.checkBNB(ev, stock.wallets[carry.SpotWallet]); err != nil {
		return err
	}
	p.coins, p.ledger, b.bnb = coins, l, stock
	b.wallets[carry.SpotWallet] = usdt
	b.show(ev.Pair)
	if b.OnPosting != nil {
		b.postUSDT(ev, PostTrade, carry.SpotWallet, ev.Pair, amount)
		b.postUSDT(ev, PostRounding, carry.SpotWallet, ev.Pair, off)
		b.postUSDT(ev, PostFee, carry.SpotWallet, ev.Pair, -ev.Fee)
		b.post(ev, PostTrade, carry.SpotWallet, ev.Pair, ev.Pair, traded)
		b.post(ev, PostFee, carry.SpotWallet, ev.Pair, ev.Pair, opposite(feeCoins))
		b.post(ev, PostFee, carry.SpotWallet, BNB, ev.Pair, widen(int64(-ev.FeeBNB)))
	}
	return nil
}

// closing is what a perpetual fill does to the position.
type closing struct {
	qty      int64
	cost     carry.Wide
	realised carry.Amount
	dust     carry.Wide
}

// position applies a fill worth exact to p: it opens, increases or reduces. The
// realised profit is ⌊−C·Q/|q| − σPQs⌋ to 1e-8 USDT (doc.go).
func (c *calc) position(ev *carry.Event, p *position, exact carry.Wide) (closing, bool) {
	side, qty := int64(ev.Side), int64(ev.Qty)
	n := closing{qty: int64(c.amounts(carry.Amount(p.qty), carry.Amount(side*qty))), cost: c.sub(p.cost, exact)}
	if p.qty == 0 || (p.qty > 0) == (side > 0) {
		return n, true
	}
	if absolute(p.qty) < uint64(qty) {
		return n, false
	}
	released := opposite(p.cost)
	if n.qty != 0 {
		released = c.mulDiv(released, qty, int64(absolute(p.qty)))
	}
	n.realised = c.toUSDT8(c.add(released, exact))
	n.cost = c.add(n.cost, usdt16(n.realised))
	if n.qty == 0 {
		n.dust, n.cost = n.cost, carry.Wide{}
	}
	return n, true
}

// perpFill books a fill, settlement or liquidation of the perpetual.
func (b *Book) perpFill(ev *carry.Event) error {
	if err := checkFill(ev); err != nil {
		return err
	}
	p := &b.pairs[ev.Pair]
	liquidated := ev.Kind == carry.EvLiquidated
	if liquidated && (p.qty == 0 || (p.qty > 0) == (ev.Side > 0)) {
		return invalid(ev, "a liquidation that closes nothing")
	}
	if ev.FeeCoins != (carry.Wide{}) {
		return invalid(ev, "a perpetual's fee is charged in USDT")
	}
	var c calc
	w := c.worth(ev, p.scale)
	n, ok := c.position(ev, p, w.exact)
	if !ok {
		return invalid(ev, "it crosses through zero; close and open are two fills")
	}
	insured := carry.Amount(0)
	if liquidated && (ev.Balance == 0 || ev.Isolated) && ev.Amount > n.realised {
		// The wallet, or the margin of an isolated position, was used up and the
		// insurance fund took the rest: only then may the venue credit more than
		// the contracts realised.
		insured = c.amounts(ev.Amount, -n.realised)
	}
	amount := c.amounts(n.realised, insured)
	off := b.rounded(ev, amount)
	usdt := c.amounts(c.amounts(c.amounts(b.wallets[carry.PerpWallet], amount), off), -ev.Fee)

	inBNB, stock := b.feeBNB(&c, ev, carry.PerpWallet)

	l := p.ledger
	if liquidated {
		l.Liquidation = c.add(c.add(l.Liquidation, w.slip), c.sub(usdt16(insured), usdt16(ev.Fee)))
	} else {
		l.Slippage = c.add(l.Slippage, w.slip)
		l.PerpFees = c.sub(c.sub(l.PerpFees, usdt16(ev.Fee)), inBNB)
	}
	l.BasisFlow = c.add(l.BasisFlow, w.atRef)
	l.Dust = c.add(l.Dust, c.add(n.dust, usdt16(off)))
	l.qty = int64(c.amounts(carry.Amount(l.qty), carry.Amount(int64(ev.Side)*int64(ev.Qty))))
	if c.over {
		return overflowed(ev)
	}
	if err := b.checkUSDT(ev, ev.Pair, "amount", amount+off, ev.Amount); err != nil {
		return err
	}
	if err := b.checkUSDT(ev, ev.Pair, walletNames[carry.PerpWallet], usdt, ev.Balance); err != nil {
		return err
	}
	if err := b.checkBNB(ev, stock.wallets[carry.PerpWallet]); err != nil {
		return err
	}
	p.qty, p.cost, p.ledger, b.bnb = n.qty, n.cost, l, stock
	b.wallets[carry.PerpWallet] = usdt
	b.show(ev.Pair)
	if b.OnPosting != nil {
		fee := PostFee
		if liquidated {
			fee = PostLiquidationFee
		}
		b.postUSDT(ev, PostRealised, carry.PerpWallet, ev.Pair, n.realised)
		b.postUSDT(ev, PostRounding, carry.PerpWallet, ev.Pair, off)
		b.postUSDT(ev, fee, carry.PerpWallet, ev.Pair, -ev.Fee)
		b.post(ev, PostFee, carry.PerpWallet, BNB, ev.Pair, widen(int64(-ev.FeeBNB)))
		b.postUSDT(ev, PostInsurance, carry.PerpWallet, ev.Pair, insured)
	}
	return nil
}
