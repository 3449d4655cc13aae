package book

import "carry"

// bnb is the account's stock of BNB for fees. It belongs to no pair: what its
// price does is Basis of the account, what is used up is a fee of the pair.
type bnb struct {
	wallets [2]carry.Amount // 1e-8 BNB
	flow    carry.Wide      // 1e-16 USDT: what was used, less what the owner brought, at the prices then
	price   carry.Price     // the last one known
}

func (s *bnb) total(c *calc) int64 { return int64(c.amounts(s.wallets[0], s.wallets[1])) }

// value is the stock at its last price, 1e-16 USDT.
func (s *bnb) value(c *calc) carry.Wide { return c.mul(widen(s.total(c)), int64(s.price)) }

// feeBNB is what a fill's fee in BNB is worth, 1e-16 USDT, and the stock after it.
func (b *Book) feeBNB(c *calc, ev *carry.Event, w carry.Wallet) (worth carry.Wide, after bnb) {
	after = b.bnb
	if ev.FeeBNB == 0 {
		return worth, after
	}
	worth = c.mul(widen(int64(ev.FeeBNB)), int64(ev.BNBPrice))
	after.wallets[w] = c.amounts(after.wallets[w], -ev.FeeBNB)
	after.flow = c.add(after.flow, worth)
	after.price = ev.BNBPrice
	return worth, after
}

// checkBNB holds the venue's stock against the book's where the event tells it.
func (b *Book) checkBNB(ev *carry.Event, want carry.Amount) error {
	if ev.FeeBNB == 0 {
		return nil
	}
	if ev.FeeBNB < 0 || ev.BNBPrice <= 0 {
		return invalid(ev, "a fee in BNB needs a quantity and a price")
	}
	if want != ev.BNB {
		return b.mismatch(ev, ev.Pair, "BNB", 8, widen(int64(want)), widen(int64(ev.BNB)))
	}
	return nil
}

// transferAsset moves BNB or a pair's coins between the wallets.
func (b *Book) transferAsset(ev *carry.Event) error {
	if ev.Wallet > carry.PerpWallet {
		return invalid(ev, "there is no such wallet")
	}
	if ev.Asset == carry.BNB {
		return b.transferBNB(ev)
	}
	i := ev.Asset.Pair()
	if i < 0 || i >= len(b.pairs) {
		return invalid(ev, "its asset is not of this universe")
	}
	if ev.Qty <= 0 {
		return invalid(ev, "a transfer of nothing")
	}
	var c calc
	p := &b.pairs[i]
	moved := c.mul(widen(int64(ev.Qty)), p.scale)
	if ev.Wallet == carry.PerpWallet {
		moved = opposite(moved)
	}
	coins, away := c.sub(p.coins, moved), c.add(p.away, moved)
	if c.over {
		return overflowed(ev)
	}
	if coins != ev.Coins {
		return b.mismatch(ev, int32(i), "coins", 8, coins, ev.Coins)
	}
	if away != ev.Coins2 {
		return b.mismatch(ev, int32(i), "coins in futures", 8, away, ev.Coins2)
	}
	p.coins, p.away = coins, away
	b.show(int32(i))
	b.post(ev, PostTransfer, carry.SpotWallet, int32(i), int32(i), opposite(moved))
	b.post(ev, PostTransfer, carry.PerpWallet, int32(i), int32(i), moved)
	return nil
}

func (b *Book) transferBNB(ev *carry.Event) error {
	if ev.Amount <= 0 {
		return invalid(ev, "a transfer of nothing")
	}
	var c calc
	w := b.bnb.wallets
	w[ev.Wallet] = c.amounts(w[ev.Wallet], -ev.Amount)
	w[1-ev.Wallet] = c.amounts(w[1-ev.Wallet], ev.Amount)
	if c.over {
		return overflowed(ev)
	}
	if w != [2]carry.Amount{ev.BNB, ev.BNB2} {
		return b.mismatch(ev, -1, "BNB", 8, widen(int64(w[0])), widen(int64(ev.BNB)))
	}
	b.bnb.wallets = w
	b.view.BNB = w
	b.post(ev, PostTransfer, ev.Wallet, BNB, -1, widen(int64(-ev.Amount)))
	b.post(ev, PostTransfer, 1-ev.Wallet, BNB, -1, widen(int64(ev.Amount)))
	return nil
}
