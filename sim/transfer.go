package sim

import (
	"fmt"

	"carry"
)

// TransferModel tells what becomes of the n-th transfer of a run.
type TransferModel interface {
	Fate(n uint64) TransferFate
	String() string
}

// TransferFate is what becomes of one transfer when it reaches the exchange.
type TransferFate struct {
	Fails bool
	// Unknown > 0: the answer is lost, and what became of it shows so much later.
	Unknown carry.Time
}

// SureTransfers never fail.
type SureTransfers struct{}

// Fate is success.
func (SureTransfers) Fate(uint64) TransferFate { return TransferFate{} }

// String names the model.
func (SureTransfers) String() string { return "always succeed" }

// ShakyTransfers fail, and lose their answer, by chance.
type ShakyTransfers struct {
	FailFrac, UnknownFrac float64
	UnknownFor            carry.Time
	Seed                  uint64
}

// Fate is drawn from a stream of its own for every transfer.
func (s ShakyTransfers) Fate(n uint64) TransferFate {
	r := NewStream(s.Seed, concernTransfer, n)
	f := TransferFate{Fails: r.Float64() < s.FailFrac}
	if r.Float64() < s.UnknownFrac {
		f.Unknown = s.UnknownFor
	}
	return f
}

// String names the model with its figures.
func (s ShakyTransfers) String() string {
	return fmt.Sprintf("%g fail, %g are unknown for %s", s.FailFrac, s.UnknownFrac, spanText(s.UnknownFor))
}

// limbo is a transfer whose answer was lost: its sum is locked until it shows.
type limbo struct {
	cmd   carry.Command
	fails bool
}

// transfer handles a transfer that reaches the exchange and returns how long
// its outcome stays unknown, 0 if it is told.
func (x *Exchange) transfer(c *carry.Command, at carry.Time) carry.Time {
	fate := x.opt.Transfers.Fate(x.transfers)
	x.transfers++
	if fate.Unknown > 0 && x.movable(c) {
		x.limbo = append(x.limbo, limbo{cmd: *c, fails: fate.Fails})
		x.emit(x.transferred(c, at, carry.CodeUnknown))
		return fate.Unknown
	}
	x.move(c, at, fate.Fails)
	return 0
}

// reveal tells what became of a transfer whose answer was lost.
func (x *Exchange) reveal(c *carry.Command, at carry.Time) {
	for k := range x.limbo {
		if x.limbo[k].cmd.Order == c.Order {
			fails := x.limbo[k].fails
			x.limbo = append(x.limbo[:k], x.limbo[k+1:]...)
			x.move(c, at, fails)
			return
		}
	}
}

func (x *Exchange) transferred(c *carry.Command, at carry.Time, code carry.Code) carry.Event {
	ev := carry.Event{Kind: carry.EvTransferred, At: at, Pair: -1, Wallet: c.Wallet, Order: c.Order, Asset: c.Asset,
		Amount: c.Amount, Qty: c.Qty, Code: code, Balance: x.acct.spotUSDT, Balance2: x.acct.perpUSDT}
	switch i := c.Asset.Pair(); {
	case i >= 0:
		ev.Pair = int32(i)
		ev.Coins, ev.Coins2 = x.acct.coins[i], x.acct.perpCoins[i]
	case c.Asset == carry.BNB:
		ev.BNB, ev.BNB2 = x.acct.bnb[carry.SpotWallet], x.acct.bnb[carry.PerpWallet]
	}
	return ev
}

// move books a transfer in both wallets at once, or says why not.
func (x *Exchange) move(c *carry.Command, at carry.Time, fails bool) {
	code := carry.OK
	switch {
	case !x.movable(c):
		code = carry.CodeNotWithdrawable
	case fails:
		code = carry.CodeFailed
	default:
		x.book(c)
	}
	x.emit(x.transferred(c, at, code))
}

// movable tells whether the wallet can let the sum go. Available is not
// withdrawable: margin in use stays, and so does what orders and unanswered
// transfers hold.
func (x *Exchange) movable(c *carry.Command) bool {
	switch i := c.Asset.Pair(); {
	case i >= len(x.info.Pairs) || c.Asset < carry.BNB:
		return false
	case i >= 0:
		have := x.acct.coins[i].Sub(x.lockedCoins(int32(i)))
		if c.Wallet == carry.PerpWallet {
			have = x.acct.perpCoins[i].Sub(x.inLimboCoins(c.Wallet, c.Asset))
		}
		return c.Qty > 0 && have.Cmp(x.coinsOf(i, c.Qty)) >= 0
	case c.Asset == carry.BNB:
		return c.Amount > 0 && c.Amount <= x.acct.bnb[c.Wallet]-x.inLimbo(c.Wallet, carry.BNB)
	case c.Wallet == carry.PerpWallet:
		return c.Amount <= x.withdrawable()
	}
	return c.Amount <= x.freeUSDT()
}

func (x *Exchange) coinsOf(i int, q carry.Qty) carry.Wide {
	return scale(carry.WideFrom(int64(q)), 8-x.info.Pairs[i].QtyDp)
}

// book moves the sum.
func (x *Exchange) book(c *carry.Command) {
	a := &x.acct
	sign := carry.Amount(1)
	if c.Wallet == carry.PerpWallet {
		sign = -1
	}
	switch i := c.Asset.Pair(); {
	case i >= 0:
		coins := x.coinsOf(i, c.Qty)
		if sign < 0 {
			coins = coins.Neg()
		}
		a.coins[i], a.perpCoins[i] = a.coins[i].Sub(coins), a.perpCoins[i].Add(coins)
	case c.Asset == carry.BNB:
		a.bnb[carry.SpotWallet] -= sign * c.Amount
		a.bnb[carry.PerpWallet] += sign * c.Amount
	default:
		a.spotUSDT -= sign * c.Amount
		a.perpUSDT += sign * c.Amount
	}
}

// inLimbo is how much of USDT or BNB unanswered transfers hold in a wallet.
func (x *Exchange) inLimbo(w carry.Wallet, asset carry.Asset) (sum carry.Amount) {
	for k := range x.limbo {
		if c := &x.limbo[k].cmd; c.Wallet == w && c.Asset == asset {
			sum += c.Amount
		}
	}
	return sum
}

func (x *Exchange) inLimboCoins(w carry.Wallet, asset carry.Asset) (sum carry.Wide) {
	for k := range x.limbo {
		if c := &x.limbo[k].cmd; c.Wallet == w && c.Asset == asset {
			sum = sum.Add(x.coinsOf(asset.Pair(), c.Qty))
		}
	}
	return sum
}
