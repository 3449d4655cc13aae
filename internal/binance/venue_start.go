package binance

import (
	"context"
	"errors"
	"fmt"

	"carry"
	"carry/internal/binance/wire"
)

// checkAccount refuses keys that may do too much or too little, and accounts
// whose modes are not those this program is made for.
func (v *Venue) checkAccount(ctx context.Context) error {
	if v.o.Testnet {
		return nil
	}
	for _, look := range [...]func(context.Context) (string, error){v.c.KeyProblem, v.c.hedgeMode, v.c.multiAssets} {
		what, err := look(ctx)
		if err != nil {
			return err
		}
		if what != "" {
			return fmt.Errorf("%w: %s", ErrSetup, what)
		}
	}
	return nil
}

// KeyProblem says in words why a key may not be used; "" where it may. It must
// be able to read, to trade on both markets and to move money between the
// wallets, and nothing else; and it must be bound to an address.
func KeyProblem(r wire.Restrictions) string {
	switch {
	case r.Withdrawals:
		return "the key may withdraw: switch that off"
	case r.InternalTransfer:
		return "the key may move money to other accounts (internal transfer): switch that off"
	case r.Margin:
		return "the key may borrow (margin): switch that off"
	case !r.Reading:
		return "the key may not read: switch Enable Reading on"
	case !r.SpotAndMargin:
		return "the key may not trade on spot: switch Enable Spot & Margin Trading on"
	case !r.Futures:
		return "the key may not trade futures: switch Enable Futures on"
	case !r.UniversalTransfer:
		return "the key may not move money between the wallets: switch Permits Universal Transfer on"
	case !r.IPRestrict:
		return "the key may be used from any address: restrict it to this machine's"
	}
	return ""
}

// read is a signed GET without parameters.
func (v *Venue) read(ctx context.Context, h host, path string, weight int, use func([]byte) error) error {
	return v.c.read(ctx, h, path, weight, use)
}

// readBalances takes over what a wallet holds now.
func (v *Venue) readBalances(ctx context.Context, m wire.Market) error {
	b := &wire.BalanceNews{Market: m}
	if m == wire.Spot {
		if err := v.read(ctx, hostSpot, "/api/v3/account", 20, func(body []byte) error {
			a, err := wire.DecodeSpotAccount(body)
			b.Balances = a.Balances
			return err
		}); err != nil {
			return err
		}
	} else if err := v.read(ctx, hostFutures, "/fapi/v3/account", 5, func(body []byte) error {
		a, err := wire.DecodeFuturesAccount(body)
		b.Balances, b.Positions = []wire.Holding{{Name: "USDT", Amount: a.Wallet.String()}}, a.Positions
		return err
	}); err != nil {
		return err
	}
	// What is not told is not held.
	if m == wire.Spot {
		clear(v.mirror.their.coins)
	} else {
		clear(v.mirror.their.qty)
	}
	return v.mirror.take(b)
}

// snapshot reads the account and tells it. Positions are none of a new run's.
func (v *Venue) snapshot(ctx context.Context) error {
	if err := v.readAccount(ctx); err != nil {
		return err
	}
	t := &v.mirror.their
	for i := range v.o.Pairs {
		if v.o.Testnet {
			break
		}
		if t.qty[i] != 0 {
			return fmt.Errorf("%w: there are %s contracts of %s already; a new run starts without positions", ErrSetup,
				wire.QtyText(t.qty[i], v.o.Pairs[i].QtyDp), v.o.Pairs[i].PerpSymbol)
		}
		if t.coins[i].Sign() != 0 {
			return fmt.Errorf("%w: there are %s %s already; a new run starts without coins of its universe", ErrSetup, t.coins[i].Decimal(8), v.o.Pairs[i].Coin)
		}
	}
	v.mirror.ours.usdt = t.usdt
	v.mirror.accept() // on a testnet there may be coins; elsewhere nothing differs
	v.emit(carry.Event{Kind: carry.EvSnapshot, At: v.c.Now(), Pair: -1, Balance: t.usdt[carry.SpotWallet], Balance2: t.usdt[carry.PerpWallet]})
	return nil
}

// readAccount takes over what both wallets hold now.
func (v *Venue) readAccount(ctx context.Context) error {
	return errors.Join(v.readBalances(ctx, wire.Spot), v.readBalances(ctx, wire.Futures))
}

// Agrees reads the account and compares it with what was told: an error says
// where they differ.
func (v *Venue) Agrees(ctx context.Context) error {
	if err := v.readAccount(ctx); err != nil {
		return err
	}
	if what := v.mirror.differs(); what != "" {
		return fmt.Errorf("%w: %s", ErrForeign, what)
	}
	return nil
}

// history reads what came before the first cross-section after done: the bars since
// the midnight before last, for prices, premiums and the day's values, and the last
// settlements up to a time, for their intervals. Where done is not the last instant
// that has passed, the bar up to that one is kept for its cross-section.
func (v *Venue) history(ctx context.Context, done, settled carry.Time) error {
	m := &v.market
	now := v.serverNow()
	m.done = done
	from := min(m.done.Floor(carry.Day)-carry.Day, m.done-4*v.o.Step)
	back := int((m.done - from) / v.o.Step)
	rows := back
	if done < now.Floor(v.o.Step) {
		rows++
	}
	for i := range v.o.Pairs {
		p := &v.o.Pairs[i]
		for leg, k := range [...]struct {
			kind   Kind
			symbol string
		}{{SpotKlines, p.SpotSymbol}, {PerpKlines, p.PerpSymbol}} {
			list, _, err := v.c.Klines(ctx, nil, k.kind, k.symbol, v.o.Interval, from, rows)
			if err != nil && !errors.Is(err, ErrUnknownSymbol) {
				return err
			}
			m.earlier[leg] = append(m.earlier[leg][:0], list...)
		}
		v.remember(int32(i), from, back)
		if rows > back {
			v.keepBar(int32(i), done)
		}
	}
	recent, err := v.fundingSince(ctx, min(settled, now)-3*carry.Day)
	if err != nil {
		return err
	}
	for _, r := range recent {
		if i, ok := v.symbols[wire.Futures][r.Symbol]; ok && !r.Special && r.At.Slot() <= settled {
			s := carry.Settlement{At: r.At.Slot(), Pair: i, Rate: r.Rate, IntervalH: 8}
			m.noteInterval(&s)
		}
	}
	m.asked = min(now.Floor(v.o.Step), settled)
	return nil
}

// keepBar notes a pair's bar that began at a time, as if the stream had told it.
func (v *Venue) keepBar(i int32, at carry.Time) {
	m := &v.market
	for leg := range m.earlier {
		for r := range m.earlier[leg] {
			if row := &m.earlier[leg][r]; row.At == at && row.Volume > 0 {
				m.bars[leg][i] = bar{at: at, close: row.Close, value: float64(row.Volume * row.Close)}
			}
		}
	}
}

// remember runs one pair's earlier bars through the state, as if they had come
// by the stream.
func (v *Venue) remember(i int32, from carry.Time, n int) {
	m := &v.market
	for k := range n {
		at := from + carry.Time(k)*v.o.Step
		var legs [2]*wire.Kline
		for leg := range m.earlier {
			for r := range m.earlier[leg] {
				if row := &m.earlier[leg][r]; row.At == at && row.Volume > 0 {
					legs[leg] = row
					m.bars[leg][i] = bar{at: at, close: row.Close, value: float64(row.Volume * row.Close)}
				}
			}
		}
		if legs[0] != nil {
			m.spotLast[i] = legs[0].Close
			m.spotSum[i] += float64(legs[0].Volume * legs[0].Close)
		}
		if legs[1] != nil {
			m.perpLast[i] = legs[1].Close
			m.perpSum[i] += float64(legs[1].Volume * legs[1].Close)
		}
		if legs[0] != nil && legs[1] != nil {
			m.steady[i] = m.premium[i]
			m.premium[i] = float64(m.perpLast[i]*(1/m.spotLast[i])*(1/float64(v.o.Pairs[i].Mult))) - 1
			m.valued[i] = true
		}
		if (at+v.o.Step)%carry.Day == 0 {
			m.closeDay(int(i))
		}
	}
}
