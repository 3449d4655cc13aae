package book

import (
	"fmt"

	"carry"
)

// Parts are a pair's postings by cause, exact, in 1e-16 USDT; costs are
// negative. Every figure is below 2^125 in size, so two may be subtracted
// without a check (for a year's or a trip's share).
type Parts struct {
	FundingReceived, FundingPaid carry.Wide
	SpotFees, PerpFees           carry.Wide
	Slippage                     carry.Wide // against the mid at the decision
	Liquidation                  carry.Wide // fee, price against mark, less what the insurance fund bore
	Dust                         carry.Wide // rounding to 1e-8 against us
	BasisFlow                    carry.Wide // what both legs' trades paid or would have paid at mid: −Σσ·R·Q
}

// list names the fields once, for sums and differences.
func (p *Parts) list() [8]*carry.Wide {
	return [...]*carry.Wide{&p.FundingReceived, &p.FundingPaid, &p.SpotFees, &p.PerpFees,
		&p.Slippage, &p.Liquidation, &p.Dust, &p.BasisFlow}
}

// Sub is p − q, part by part.
func (p Parts) Sub(q Parts) Parts {
	theirs := q.list()
	for i, v := range p.list() {
		*v = minus(*v, *theirs[i])
	}
	return p
}

// Attribution is Parts with the open legs valued, in 1e-16 USDT.
type Attribution struct {
	Parts
	// Basis is BasisFlow plus the open legs' value: entry − exit of both legs at
	// mid for what was closed, mark-to-market for the rest.
	Basis carry.Wide
	// Total is the sum of all parts, with Basis instead of BasisFlow.
	Total carry.Wide
}

// Sub is a − b, part by part.
func (a Attribution) Sub(b Attribution) Attribution {
	return Attribution{Parts: a.Parts.Sub(b.Parts), Basis: minus(a.Basis, b.Basis), Total: minus(a.Total, b.Total)}
}

// Float is the attribution in USDT.
func (a *Attribution) Float() carry.Attribution {
	return carry.Attribution{
		FundingReceived: usdtFloat(a.FundingReceived), FundingPaid: usdtFloat(a.FundingPaid),
		Basis: usdtFloat(a.Basis), SpotFees: usdtFloat(a.SpotFees), PerpFees: usdtFloat(a.PerpFees),
		Slippage: usdtFloat(a.Slippage), Liquidation: usdtFloat(a.Liquidation), Dust: usdtFloat(a.Dust),
		Total: usdtFloat(a.Total),
	}
}

func usdtFloat(w carry.Wide) float64 { return float(w) / 1e16 }

// Parts are the pair's postings so far.
func (b *Book) Parts(pair int) Parts { return b.pairs[pair].ledger.Parts }

// Holds tells whether the pair has coins or contracts.
func (b *Book) Holds(pair int) bool {
	p := &b.pairs[pair]
	return p.coins != (carry.Wide{}) || p.away != (carry.Wide{}) || p.qty != 0
}

// Value is what the pair's ledger holds, coins at spot and contracts at mark,
// in 1e-16 USDT, so that Basis = BasisFlow + Value. A price counts only where
// its leg is held; it is then an error if it is not positive.
func (b *Book) Value(pair int, spot, mark carry.Price) (carry.Wide, error) {
	var c calc
	p := &b.pairs[pair]
	v, err := b.legs(&c, pair, p.ledger.coins, p.ledger.qty, spot, mark)
	return v, b.priced(&c, err)
}

// legs values coins and contracts.
func (b *Book) legs(c *calc, pair int, coins carry.Wide, qty int64, spot, mark carry.Price) (carry.Wide, error) {
	var v carry.Wide
	if coins != (carry.Wide{}) {
		if spot <= 0 {
			return v, fmt.Errorf("value %s: coins are held but there is no spot price", b.universe[pair].Coin)
		}
		v = c.mul(coins, int64(spot))
	}
	if qty != 0 {
		if mark <= 0 {
			return v, fmt.Errorf("value %s: contracts are held but there is no mark price", b.universe[pair].Coin)
		}
		v = c.add(v, c.mul(c.mul(widen(qty), b.pairs[pair].scale), int64(mark)))
	}
	return v, nil
}

func (b *Book) priced(c *calc, err error) error {
	if err == nil && c.over {
		return fmt.Errorf("value the account: %w", carry.ErrOverflow)
	}
	return err
}

// Attribution is the pair's parts with its open legs at these prices.
func (b *Book) Attribution(pair int, spot, mark carry.Price) (Attribution, error) {
	var c calc
	a, err := b.attribution(&c, pair, spot, mark)
	return a, b.priced(&c, err)
}

func (b *Book) attribution(c *calc, pair int, spot, mark carry.Price) (Attribution, error) {
	l := &b.pairs[pair].ledger
	value, err := b.legs(c, pair, l.coins, l.qty, spot, mark)
	a := Attribution{Parts: l.Parts, Basis: c.add(l.BasisFlow, value)}
	a.Total = value
	for _, v := range a.Parts.list() {
		a.Total = c.add(a.Total, *v)
	}
	return a, err
}

// Total is the sum of all pairs' attributions. Prices are indexed by pair; only
// those of held legs count.
func (b *Book) Total(spot, mark []carry.Price) (Attribution, error) {
	var c calc
	sum, err := b.total(&c, spot, mark)
	return sum, b.priced(&c, err)
}

func (b *Book) total(c *calc, spot, mark []carry.Price) (sum Attribution, err error) {
	mine := sum.Parts.list()
	for i := range b.pairs {
		a, err := b.attribution(c, i, spot[i], mark[i])
		if err != nil {
			return sum, err
		}
		for k, v := range a.Parts.list() {
			*mine[k] = c.add(*mine[k], *v)
		}
		sum.Basis = c.add(sum.Basis, a.Basis)
		sum.Total = c.add(sum.Total, a.Total)
	}
	stock := c.add(b.bnb.flow, b.bnb.value(c))
	sum.Basis, sum.Total = c.add(sum.Basis, stock), c.add(sum.Total, stock)
	return sum, nil
}

// Equity is both wallets, coins at spot and the contracts' profit at mark
// (q·mark − cost), from the balances, in 1e-16 USDT.
func (b *Book) Equity(spot, mark []carry.Price) (carry.Wide, error) {
	var c calc
	sum, err := b.equity(&c, spot, mark)
	return sum, b.priced(&c, err)
}

func (b *Book) equity(c *calc, spot, mark []carry.Price) (carry.Wide, error) {
	sum := c.add(usdt16(b.wallets[carry.SpotWallet]), usdt16(b.wallets[carry.PerpWallet]))
	for i := range b.pairs {
		p := &b.pairs[i]
		coins := p.coins
		if p.away != (carry.Wide{}) {
			coins = c.add(coins, p.away)
		}
		v, err := b.legs(c, i, coins, p.qty, spot[i], mark[i])
		if err != nil {
			return sum, err
		}
		sum = c.add(sum, c.sub(v, p.cost))
	}
	return c.add(sum, b.bnb.value(c)), nil
}

// Residual is what the attribution does not explain of the change of equity:
// (Equity − Flows) − Total, in 1e-16 USDT. It is 0 after every event, at any
// prices (doc.go); anything else is a bug of this package.
func (b *Book) Residual(spot, mark []carry.Price) (carry.Wide, error) {
	var c calc
	equity, err := b.equity(&c, spot, mark)
	if err != nil {
		return carry.Wide{}, err
	}
	parts, err := b.total(&c, spot, mark)
	residual := c.sub(c.sub(equity, b.flows), parts.Total)
	return residual, b.priced(&c, err)
}

// Mark remembers the cross-section's prices of what is held, last spot price
// and mark, for Marks. It is not called by Apply: most instants are never
// valued exactly. A held leg without a price is an error.
func (b *Book) Mark(m *carry.Market) error {
	if m.BNBUSDT > 0 {
		b.bnb.price = carry.PriceFromFloat(m.BNBUSDT)
	}
	for i := range b.pairs {
		p := &b.pairs[i]
		b.spot[i], b.mark[i] = 0, 0
		if p.coins != (carry.Wide{}) || p.away != (carry.Wide{}) {
			if !(m.SpotLast[i] > 0) {
				return fmt.Errorf("mark %s: coins are held but there is no spot price", b.universe[i].Coin)
			}
			b.spot[i] = carry.PriceFromFloat(m.SpotLast[i])
		}
		if p.qty != 0 {
			if !(m.Mark[i] > 0) {
				return fmt.Errorf("mark %s: contracts are held but there is no mark price", b.universe[i].Coin)
			}
			b.mark[i] = carry.PriceFromFloat(m.Mark[i])
		}
	}
	return nil
}

// Marks are the prices of the last Mark, indexed by pair, 0 for what was not
// held. They are overwritten by the next Mark.
func (b *Book) Marks() (spot, mark []carry.Price) { return b.spot, b.mark }
