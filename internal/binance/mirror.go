package binance

import (
	"fmt"

	"carry"
	"carry/internal/binance/wire"
)

// holdings are what an account owns, by pair.
type holdings struct {
	usdt  [2]carry.Amount
	coins []carry.Wide // 1e-8
	qty   []carry.Qty
}

func newHoldings(n int) holdings {
	return holdings{coins: make([]carry.Wide, n), qty: make([]carry.Qty, n)}
}

// mirror holds two views of the account: ours, made of the fills, fundings and
// transfers that were told to the core, and the exchange's, made of what its
// balance events say. At rest they must agree.
type mirror struct {
	pairs []carry.Pair
	ours  holdings
	their holdings
	// strange is by how much the exchange's view is known to be more than ours.
	strange holdings
	// coinOf and perpOf find a pair by the exchange's names.
	coinOf, perpOf map[string]int32
}

func newMirror(pairs []carry.Pair) *mirror {
	m := &mirror{pairs: pairs, ours: newHoldings(len(pairs)), their: newHoldings(len(pairs)), strange: newHoldings(len(pairs)), coinOf: map[string]int32{}, perpOf: map[string]int32{}}
	for i := range pairs {
		m.coinOf[pairs[i].Coin], m.perpOf[pairs[i].PerpSymbol] = int32(i), int32(i)
	}
	return m
}

// take notes what a balance event says. Assets and symbols outside the universe
// are none of this run's business.
func (m *mirror) take(b *wire.BalanceNews) error {
	wallet := carry.Wallet(b.Market)
	for _, h := range b.Balances {
		w, err := wire.Coins(h.Amount)
		if err != nil {
			return err
		}
		if h.Name == "USDT" {
			v, ok := w.Int64()
			if !ok {
				return fmt.Errorf("balance of USDT %q: %w", h.Amount, carry.ErrOverflow)
			}
			m.their.usdt[wallet] = carry.Amount(v)
		} else if i, ok := m.coinOf[h.Name]; ok && b.Market == wire.Spot {
			m.their.coins[i] = w
		}
	}
	for _, h := range b.Positions {
		i, ok := m.perpOf[h.Name]
		if !ok {
			continue
		}
		q, err := wire.Qty(h.Amount, m.pairs[i].QtyDp)
		if err != nil {
			return err
		}
		m.their.qty[i] = q
	}
	return nil
}

// differs says in words where the two views disagree; "" where they do not.
func (m *mirror) differs() string {
	for w, name := range [...]string{"spot", "futures"} {
		if a, b := m.ours.usdt[w]+m.strange.usdt[w], m.their.usdt[w]; a != b {
			return fmt.Sprintf("the %s wallet holds %s USDT, by what was told %s", name, b, a)
		}
	}
	for i := range m.pairs {
		p := &m.pairs[i]
		if a, b := m.ours.coins[i].Add(m.strange.coins[i]), m.their.coins[i]; a != b {
			return fmt.Sprintf("there are %s %s, by what was told %s", b.Decimal(8), p.Coin, a.Decimal(8))
		}
		if a, b := m.ours.qty[i]+m.strange.qty[i], m.their.qty[i]; a != b {
			return fmt.Sprintf("there are %s contracts of %s, by what was told %s", wire.QtyText(b, p.QtyDp), p.PerpSymbol, wire.QtyText(a, p.QtyDp))
		}
	}
	return ""
}

// same tells whether both views agree on a pair.
func (m *mirror) same(i int) bool {
	return m.ours.coins[i].Add(m.strange.coins[i]) == m.their.coins[i] && m.ours.qty[i]+m.strange.qty[i] == m.their.qty[i]
}

// accept makes the difference that is left known.
func (m *mirror) accept() {
	for w := range m.strange.usdt {
		m.strange.usdt[w] = m.their.usdt[w] - m.ours.usdt[w]
	}
	for i := range m.pairs {
		m.strange.coins[i] = m.their.coins[i].Sub(m.ours.coins[i])
		m.strange.qty[i] = m.their.qty[i] - m.ours.qty[i]
	}
}

// coinsOf is a quantity of a pair in 1e-8 coins.
func coinsOf(p *carry.Pair, q carry.Qty) carry.Wide {
	return carry.WideMul(int64(q), carry.Pow10[8-p.QtyDp])
}

// apply books an outcome into our view and completes its balances.
func (m *mirror) apply(ev *carry.Event) {
	o := &m.ours
	switch ev.Kind {
	case carry.EvPaid:
		o.usdt[carry.PerpWallet] += ev.Amount
		ev.Balance = o.usdt[carry.PerpWallet]
	case carry.EvFlow:
		o.usdt[ev.Wallet] += ev.Amount
		ev.Balance = o.usdt[ev.Wallet]
	case carry.EvTransferred:
		if ev.Code == carry.OK {
			o.usdt[ev.Wallet] -= ev.Amount
			o.usdt[1-ev.Wallet] += ev.Amount
		}
		ev.Balance, ev.Balance2 = o.usdt[carry.SpotWallet], o.usdt[carry.PerpWallet]
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		w := carry.Wallet(ev.Leg)
		o.usdt[w] += ev.Amount - ev.Fee
		ev.Balance = o.usdt[w]
		if ev.Leg == carry.Perp {
			o.qty[ev.Pair] += carry.Qty(ev.Side) * ev.Qty
			return
		}
		coins := coinsOf(&m.pairs[ev.Pair], ev.Qty)
		if ev.Side == carry.Sell {
			coins = coins.Neg()
		}
		o.coins[ev.Pair] = o.coins[ev.Pair].Add(coins).Sub(ev.FeeCoins)
		ev.Coins = o.coins[ev.Pair]
	}
}
