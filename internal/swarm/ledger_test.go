package swarm

import "carry"

// ledger is a customer's own sum of what was told: balances after each event.
type ledger struct {
	pairs []carry.Pair
	usdt  [2]carry.Amount
	coins []carry.Wide // 1e-8
	qty   []carry.Qty
}

func newLedger(pairs []carry.Pair) ledger {
	return ledger{pairs: pairs, coins: make([]carry.Wide, len(pairs)), qty: make([]carry.Qty, len(pairs))}
}

// add books an event.
func (l *ledger) add(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvSnapshot:
		l.usdt = [2]carry.Amount{ev.Balance, ev.Balance2}
	case carry.EvPaid:
		l.usdt[carry.PerpWallet] += ev.Amount
	case carry.EvFlow:
		l.usdt[ev.Wallet] += ev.Amount
	case carry.EvTransferred:
		if ev.Code == carry.OK {
			l.usdt[ev.Wallet] -= ev.Amount
			l.usdt[1-ev.Wallet] += ev.Amount
		}
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		l.usdt[ev.Leg] += ev.Amount - ev.Fee
		if ev.Leg == carry.Perp {
			l.qty[ev.Pair] += carry.Qty(ev.Side) * ev.Qty
			return
		}
		coins := carry.WideMul(int64(ev.Side)*int64(ev.Qty), carry.Pow10[8-l.pairs[ev.Pair].QtyDp])
		l.coins[ev.Pair] = l.coins[ev.Pair].Add(coins).Sub(ev.FeeCoins)
	}
}

// complete books an event and writes the balances after it into it.
func (l *ledger) complete(ev *carry.Event) {
	l.add(ev)
	switch ev.Kind {
	case carry.EvPaid:
		ev.Balance = l.usdt[carry.PerpWallet]
	case carry.EvFlow:
		ev.Balance = l.usdt[ev.Wallet]
	case carry.EvTransferred:
		ev.Balance, ev.Balance2 = l.usdt[carry.SpotWallet], l.usdt[carry.PerpWallet]
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		ev.Balance = l.usdt[ev.Leg]
		if ev.Leg == carry.Spot {
			ev.Coins = l.coins[ev.Pair]
		}
	}
}

// differs tells where an account of ours or the exchange's is not what the ledger
// says, in a word; "" where it is.
func (l *ledger) differs(spot, perp carry.Amount, coins []carry.Wide, qty []carry.Qty) string {
	if l.usdt[0] != spot || l.usdt[1] != perp {
		return "USDT " + l.usdt[0].String() + " and " + l.usdt[1].String() + ", there " + spot.String() + " and " + perp.String()
	}
	for i := range coins {
		if l.coins[i] != coins[i] || l.qty[i] != qty[i] {
			return l.pairs[i].Coin + ": " + l.coins[i].Decimal(8).String() + " coins, there " + coins[i].Decimal(8).String()
		}
	}
	return ""
}
