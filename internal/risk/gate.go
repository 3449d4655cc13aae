package risk

import (
	"math"

	"carry"
)

// Limits bound what may leave, whatever a strategy asks for. A zero switches a
// limit off.
type Limits struct {
	OrderMaxUSDT     float64 // value of a single order
	PairMaxUSDT      float64 // short notional of a pair after the order
	TotalMaxUSDT     float64 // short notional of all pairs after the order
	OrdersPerMinuteN int
	TransferMaxUSDT  float64
}

// Gate checks every command against filters, limits and the kill switch. It
// learns rules and prices from the events that pass through the loop.
type Gate struct {
	limits Limits
	pairs  []carry.Pair
	rules  []*carry.Rules
	market *carry.Market
	killed bool

	windowFrom  carry.Time
	windowCount int
}

// NewGate returns a gate for these pairs.
func NewGate(pairs []carry.Pair, limits Limits) *Gate {
	return &Gate{limits: limits, pairs: pairs, rules: make([]*carry.Rules, len(pairs))}
}

// Observe lets the gate see an event before the core does.
func (g *Gate) Observe(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvMarket:
		g.market = ev.Market
	case carry.EvRules:
		g.rules[ev.Pair] = ev.Rules
	case carry.EvOperator:
		if ev.Code == carry.CodeKill {
			g.killed = true
		}
	}
}

// Kill closes the gate for everything that would increase exposure, until the
// program ends.
func (g *Gate) Kill() { g.killed = true }

// Killed tells whether the kill switch is on.
func (g *Gate) Killed() bool { return g.killed }

// Check returns the approval, or the reason for refusing. acct is the book's
// view at this moment.
func (g *Gate) Check(at carry.Time, c *carry.Command, acct *carry.Account) (Approved, carry.Code) {
	switch c.Kind {
	case carry.CmdOrder:
		if code := g.checkOrder(at, c, acct); code != carry.OK {
			return Approved{}, code
		}
	case carry.CmdTransfer:
		if g.killed || c.Amount <= 0 {
			return Approved{}, g.killCode()
		}
		if m := g.limits.TransferMaxUSDT; m > 0 && c.Amount.Float() > m {
			return Approved{}, carry.CodeGateLimit
		}
	}
	return Approved{cmd: *c, ok: true}, carry.OK
}

func (g *Gate) killCode() carry.Code {
	if g.killed {
		return carry.CodeGateKilled
	}
	return carry.CodeGateLimit
}

func (g *Gate) checkOrder(at carry.Time, c *carry.Command, acct *carry.Account) carry.Code {
	if c.Pair < 0 || int(c.Pair) >= len(g.pairs) || c.Ref <= 0 {
		return carry.CodeGateFilter
	}
	pair, rules := &g.pairs[c.Pair], g.rules[c.Pair]
	if rules == nil {
		return carry.CodeGateFilter
	}
	opens := g.opens(c, acct)
	if g.killed && opens {
		return carry.CodeGateKilled
	}
	if rules.Legs[c.Leg].Check(c.Qty, c.Ref, c.Limit, pair.QtyUnit(), c.ReduceOnly) != carry.OK {
		return carry.CodeGateFilter
	}
	if opens {
		if code := g.checkLimits(c, pair, acct); code != carry.OK {
			return code
		}
	}
	return g.countOrder(at)
}

// opens tells whether the order would add exposure: a short on the perpetual or
// coins on spot.
func (g *Gate) opens(c *carry.Command, acct *carry.Account) bool {
	if c.Leg == carry.Spot {
		return c.Side == carry.Buy
	}
	return !c.ReduceOnly
}

func (g *Gate) checkLimits(c *carry.Command, pair *carry.Pair, acct *carry.Account) carry.Code {
	value := float64(c.Ref.Float() * pair.QtyFloat(c.Qty))
	if m := g.limits.OrderMaxUSDT; m > 0 && value > m {
		return carry.CodeGateLimit
	}
	if c.Leg != carry.Perp || g.market == nil {
		return carry.OK
	}
	if m := g.limits.PairMaxUSDT; m > 0 && g.notional(int(c.Pair), acct)+value > m {
		return carry.CodeGateLimit
	}
	if m := g.limits.TotalMaxUSDT; m > 0 {
		total := value
		for i := range g.pairs {
			total += g.notional(i, acct)
		}
		if total > m {
			return carry.CodeGateLimit
		}
	}
	return carry.OK
}

func (g *Gate) notional(i int, acct *carry.Account) float64 {
	q := acct.PerpQtyF[i]
	if q == 0 {
		return 0
	}
	return math.Abs(q * g.market.Mark[i])
}

func (g *Gate) countOrder(at carry.Time) carry.Code {
	if g.limits.OrdersPerMinuteN == 0 {
		return carry.OK
	}
	if at-g.windowFrom >= carry.Minute {
		g.windowFrom, g.windowCount = at, 0
	}
	if g.windowCount >= g.limits.OrdersPerMinuteN {
		return carry.CodeGateRate
	}
	g.windowCount++
	return carry.OK
}
