package panel

import (
	"math"
	"slices"
	"time"

	"carry"
)

// curveMax is how many points of the past are kept; every second one is dropped
// when there are more.
const curveMax = 720

// cross keeps what every cross-section adds: where the session and the day began,
// the curve, and what alarms are raised by.
func (b *Board) cross(m *carry.Market) {
	if m.WarmUp || m.Within {
		return
	}
	n := &b.now
	n.Counts.Instants++
	b.value(m)
	equity := float64(n.Money.Equity)
	if !b.started {
		b.started, n.Money.Start = true, Figure(equity)
		b.day, b.dayFrom = m.At.Floor(carry.Day), equity
	}
	if day := m.At.Floor(carry.Day); day != b.day {
		b.day, b.dayFrom = day, equity
	}
	b.gains()
	b.curve(m.At)
	b.watchFigures(m.At)
}

// gains are what was earned since the session and the day began.
func (b *Board) gains() {
	y := &b.now.Money
	y.Adjust = Figure(b.o.Adjust)
	y.Profit = y.Equity - y.Start - y.Flows + y.Adjust
	y.Day = y.Equity - Figure(b.dayFrom)
}

func (b *Board) curve(at carry.Time) {
	n := &b.now
	if (n.Counts.Instants-1)%b.stride != 0 {
		return
	}
	c := &n.Curve
	c.At, c.Equity, c.Used = append(c.At, at), append(c.Equity, n.Money.Equity), append(c.Used, n.Money.Used)
	if len(c.At) <= curveMax {
		return
	}
	k := 0
	for i := 0; i < len(c.At); i += 2 {
		c.At[k], c.Equity[k], c.Used[k] = c.At[i], c.Equity[i], c.Used[i]
		k++
	}
	c.At, c.Equity, c.Used = c.At[:k], c.Equity[:k], c.Used[:k]
	b.stride *= 2
}

func (c Curve) clone() Curve {
	return Curve{slices.Clone(c.At), slices.Clone(c.Equity), slices.Clone(c.Used)}
}

// value puts the account's figures at m's prices down.
func (b *Board) value(m *carry.Market) {
	a, n := b.o.Book.Account(), &b.now
	y := &n.Money
	coins, notional, margin, maintenance := 0.0, 0.0, a.PerpUSDT.Float(), 0.0
	for i := range b.o.Pairs {
		c := a.SpotCoinsF[i]
		if a.PerpCoins != nil {
			c += a.PerpCoins[i].Float() / carry.Unit
		}
		if c != 0 {
			coins += float64(c * m.SpotLast[i])
		}
		q := a.PerpQtyF[i]
		if q == 0 {
			continue
		}
		v := float64(q * m.Mark[i])
		margin += v - a.PerpCostF[i]
		v = math.Abs(v)
		notional += v
		if b.rules[i] != nil {
			maintenance += b.rung[i].Margin(b.rules[i].Brackets, v)
		}
	}
	if stock := a.BNB[carry.SpotWallet] + a.BNB[carry.PerpWallet]; stock != 0 {
		coins += float64(stock.Float() * m.BNBUSDT)
	}
	used, up := 0.0, math.NaN()
	if notional > 0 {
		used = math.Inf(1)
		if margin > 0 {
			used = notional / margin
		}
		// All marks up by u: margin − V u = maintenance (1 + u), with today's bracket.
		up = (margin - maintenance) / (notional + maintenance)
	}
	y.Spot, y.Futures, y.Margin, y.Coins = Figure(a.SpotUSDT.Float()), Figure(a.PerpUSDT.Float()), Figure(margin), Figure(coins)
	y.Equity = y.Spot + y.Coins + y.Margin
	y.Notional, y.Maintenance, y.Used, y.LiquidationUp = Figure(notional), Figure(maintenance), Figure(used), Figure(up)
}

// take makes a picture of everything at the cross-section under way.
func (b *Board) take() {
	m, n := b.market, &b.now
	b.taken = time.Now()
	b.value(m)
	b.gains()
	n.Pairs = make([]PairLine, len(b.o.Pairs))
	for i := range n.Pairs {
		n.Pairs[i] = b.pair(i, m)
	}
	b.parts(m)
	if b.o.Desk != nil {
		b.desk(m)
	}
	n.NextSettlement = nextOf(n.Pairs)
	b.publish()
}

// desk takes over what the desk says of itself.
func (b *Board) desk(m *carry.Market) {
	n, s := &b.now, b.o.Desk(m)
	n.State.Pool, n.State.Halted, n.State.Paused, n.State.Killed = s.Pool, s.Halted, s.Paused, s.Killed
	n.Money.Limit, n.Money.CoinLimit = Figure(s.Total), Figure(s.Coin)
	for i := range s.Pairs {
		p := &n.Pairs[i]
		p.State = s.Pairs[i].State.String()
		if why := s.Pairs[i].Why; why != carry.OK {
			p.Why = why.String()
		}
	}
	n.Queue = make([]QueueLine, 0, len(s.Queue))
	for _, q := range s.Queue {
		n.Queue = append(n.Queue, QueueLine{Coin: q.Coin, Rate8h: Figure(q.Rate8h), ClosePremium: Figure(q.ClosePremium), Value: Figure(q.Value), Skipped: q.Skipped})
	}
}

func (b *Board) pair(i int, m *carry.Market) PairLine {
	a, pair := b.o.Book.Account(), &b.o.Pairs[i]
	p := PairLine{Coin: pair.Coin, Tradable: m.Flags[i]&carry.Tradable == carry.Tradable, IntervalH: Figure(m.IntervalH[i]), Spot: Figure(m.SpotLast[i]),
		Mark: Figure(m.Mark[i]), Contracts: Figure(a.PerpQtyF[i]), Coins: Figure(a.SpotCoinsF[i])}
	p.Rate8h = Figure(math.NaN())
	if h := m.IntervalH[i]; h > 0 {
		p.Rate8h = Figure(float64(m.Predicted[i]) * 8 / h)
		span := carry.Time(h * float64(carry.Hour))
		p.NextSettlement = m.At.Floor(span) + span
	}
	p.OpenPremium, p.ClosePremium = Figure(m.OpenPremium(i)), Figure(m.ClosePremium(i))
	if p.Contracts != 0 || p.Coins != 0 {
		p.Value = Figure(math.Abs(a.PerpQtyF[i] * m.Mark[i]))
		p.Gap = Figure(a.SpotCoinsF[i] + float64(a.PerpQtyF[i]*float64(pair.Mult)))
	}
	p.Orders = b.traded[i].way
	return p
}

// nextOf is the earliest settlement of what is held, else of all.
func nextOf(pairs []PairLine) carry.Time {
	var held, all carry.Time
	for i := range pairs {
		at := pairs[i].NextSettlement
		if at == 0 {
			continue
		}
		if all == 0 || at < all {
			all = at
		}
		if pairs[i].Held() && (held == 0 || at < held) {
			held = at
		}
	}
	if held != 0 {
		return held
	}
	return all
}

// parts explains the profit so far, in all and by pair. Where a held leg has no
// price there is nothing to explain it with.
func (b *Board) parts(m *carry.Market) {
	spot, mark := make([]carry.Price, len(b.o.Pairs)), make([]carry.Price, len(b.o.Pairs))
	for i := range spot {
		if m.SpotLast[i] > 0 {
			spot[i] = carry.PriceFromFloat(m.SpotLast[i])
		}
		if m.Mark[i] > 0 {
			mark[i] = carry.PriceFromFloat(m.Mark[i])
		}
		if a, err := b.o.Book.Attribution(i, spot[i], mark[i]); err == nil {
			f := a.Float()
			b.now.Pairs[i].Funding, b.now.Pairs[i].Profit = Figure(f.FundingReceived+f.FundingPaid), Figure(f.Total)
		}
	}
	if sum, err := b.o.Book.Total(spot, mark); err == nil {
		b.now.Parts = sum.Float()
	}
}
