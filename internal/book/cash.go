package book

import "carry"

// walletNames are the figures' names in a Mismatch.
var walletNames = [...]string{carry.SpotWallet: "spot USDT", carry.PerpWallet: "futures USDT"}

// setWallets commits new wallet balances.
func (b *Book) setWallets(spot, perp carry.Amount) {
	b.wallets = [2]carry.Amount{spot, perp}
	b.view.SpotUSDT, b.view.PerpUSDT = spot, perp
}

// snapshot takes the first one's balances as the owner's opening flow. A later
// one (live, after a reconnection) must find what the books hold.
func (b *Book) snapshot(ev *carry.Event) error {
	if b.opened {
		if w := [2]carry.Amount{ev.BNB, ev.BNB2}; w != b.bnb.wallets {
			return b.mismatch(ev, -1, "BNB", 8, widen(int64(b.bnb.wallets[0])), widen(int64(ev.BNB)))
		}
		if err := b.checkUSDT(ev, -1, walletNames[0], b.wallets[0], ev.Balance); err != nil {
			return err
		}
		return b.checkUSDT(ev, -1, walletNames[1], b.wallets[1], ev.Balance2)
	}
	var c calc
	spot := c.amounts(ev.Balance, -b.wallets[0])
	perp := c.amounts(ev.Balance2, -b.wallets[1])
	flows := c.add(b.flows, c.add(usdt16(spot), usdt16(perp)))
	stock := bnb{wallets: [2]carry.Amount{ev.BNB, ev.BNB2}, price: ev.BNBPrice}
	brought := stock.value(&c)
	flows, stock.flow = c.add(flows, brought), opposite(brought)
	if c.over {
		return overflowed(ev)
	}
	b.opened, b.flows, b.bnb, b.view.BNB = true, flows, stock, stock.wallets
	b.setWallets(ev.Balance, ev.Balance2)
	b.postUSDT(ev, PostFlow, carry.SpotWallet, -1, spot)
	b.postUSDT(ev, PostFlow, carry.PerpWallet, -1, perp)
	b.post(ev, PostFlow, carry.SpotWallet, BNB, -1, widen(int64(ev.BNB)))
	b.post(ev, PostFlow, carry.PerpWallet, BNB, -1, widen(int64(ev.BNB2)))
	return nil
}

// flow books the owner's deposit or withdrawal.
func (b *Book) flow(ev *carry.Event) error {
	if ev.Wallet > carry.PerpWallet {
		return invalid(ev, "there is no such wallet")
	}
	var c calc
	wallets := b.wallets
	wallets[ev.Wallet] = c.amounts(wallets[ev.Wallet], ev.Amount)
	flows := c.add(b.flows, usdt16(ev.Amount))
	if c.over {
		return overflowed(ev)
	}
	if err := b.checkUSDT(ev, -1, walletNames[ev.Wallet], wallets[ev.Wallet], ev.Balance); err != nil {
		return err
	}
	b.flows = flows
	b.setWallets(wallets[0], wallets[1])
	b.postUSDT(ev, PostFlow, ev.Wallet, -1, ev.Amount)
	return nil
}

// transfer moves USDT between the wallets. A refused one must leave them alone,
// which the next event's balances show.
func (b *Book) transfer(ev *carry.Event) error {
	if ev.Code != carry.OK {
		return nil
	}
	if ev.Asset != carry.USDT {
		return b.transferAsset(ev)
	}
	if ev.Wallet > carry.PerpWallet {
		return invalid(ev, "there is no such wallet")
	}
	if ev.Amount < 0 {
		return invalid(ev, "a transfer of less than nothing")
	}
	var c calc
	from, to := ev.Wallet, 1-ev.Wallet
	wallets := b.wallets
	wallets[from] = c.amounts(wallets[from], -ev.Amount)
	wallets[to] = c.amounts(wallets[to], ev.Amount)
	if c.over {
		return overflowed(ev)
	}
	if err := b.checkUSDT(ev, -1, walletNames[0], wallets[0], ev.Balance); err != nil {
		return err
	}
	if err := b.checkUSDT(ev, -1, walletNames[1], wallets[1], ev.Balance2); err != nil {
		return err
	}
	b.setWallets(wallets[0], wallets[1])
	b.postUSDT(ev, PostTransfer, from, -1, -ev.Amount)
	b.postUSDT(ev, PostTransfer, to, -1, ev.Amount)
	return nil
}

// funding books one settlement: −q·mark·rate, rounded toward minus infinity to
// 1e-8 USDT. A short (q < 0) receives while the rate is positive.
func (b *Book) funding(ev *carry.Event) error {
	p := &b.pairs[ev.Pair]
	charged := p.qty
	if ev.Code == carry.CodeFundingWindow && ev.Qty > 0 {
		charged = -int64(ev.Qty) // on what was held a moment before or after
	} else if held := absolute(p.qty); ev.Qty < 0 || uint64(ev.Qty) != held {
		return b.mismatch(ev, ev.Pair, "contracts", int32(b.universe[ev.Pair].QtyDp),
			carry.Wide{Lo: held}, widen(int64(ev.Qty)))
	}
	if ev.Wallet != carry.PerpWallet || ev.Price <= 0 {
		return invalid(ev, "funding needs a mark price and is paid in the futures wallet")
	}
	var c calc
	notional := c.mul(widen(charged), -int64(ev.Price))
	amount := c.amount(c.mulDiv(notional, int64(ev.Rate), p.unit))
	off := b.rounded(ev, amount)
	balance := c.amounts(c.amounts(b.wallets[carry.PerpWallet], amount), off)
	dust := c.add(p.ledger.Dust, usdt16(off))
	received, paid := p.ledger.FundingReceived, p.ledger.FundingPaid
	if amount > 0 {
		received = c.add(received, usdt16(amount))
	} else {
		paid = c.add(paid, usdt16(amount))
	}
	if c.over {
		return overflowed(ev)
	}
	if err := b.checkUSDT(ev, ev.Pair, "amount", amount+off, ev.Amount); err != nil {
		return err
	}
	if err := b.checkUSDT(ev, ev.Pair, walletNames[carry.PerpWallet], balance, ev.Balance); err != nil {
		return err
	}
	p.ledger.FundingReceived, p.ledger.FundingPaid, p.ledger.Dust = received, paid, dust
	b.setWallets(b.wallets[carry.SpotWallet], balance)
	b.postUSDT(ev, PostFunding, carry.PerpWallet, ev.Pair, amount)
	b.postUSDT(ev, PostRounding, carry.PerpWallet, ev.Pair, off)
	return nil
}
