package risk

import (
	"fmt"
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
	// CapitalMaxUSDT bounds what may be at work: on each leg no more than
	// CapitalMaxUSDT × LeverageX/(LeverageX + 1), which leaves the rest for the
	// shorts' margin. LeverageX is the leverage that the book aims at.
	CapitalMaxUSDT, LeverageX float64
	// DayLossMaxFrac stops openings for the rest of a UTC day once equity fell by
	// more than this share of what it was when the day began.
	DayLossMaxFrac float64
}

// legMax is how much CapitalMaxUSDT allows on one leg; 0: any.
func (l *Limits) legMax() float64 { return l.CapitalMaxUSDT * l.LeverageX / (l.LeverageX + 1) }

// Validate refuses limits that contradict each other.
func (l *Limits) Validate() error {
	if l.CapitalMaxUSDT != 0 && !(l.CapitalMaxUSDT > 0 && l.LeverageX > 0) {
		return fmt.Errorf("a capital of at most %g USDT at a leverage of %g is no limit", l.CapitalMaxUSDT, l.LeverageX)
	}
	if l.DayLossMaxFrac != 0 && !(l.DayLossMaxFrac > 0 && l.DayLossMaxFrac < 1) {
		return fmt.Errorf("a day's loss of at most %g of equity is no limit", l.DayLossMaxFrac)
	}
	return nil
}

// Gate checks every command against filters, limits and the kill switch. It
// learns rules and prices from the events that pass through the loop.
type Gate struct {
	limits Limits
	pairs  []carry.Pair
	rules  []*carry.Rules
	// mark are the last cross-section's prices, 0 before the first. They are
	// copied: a market's memory is used again.
	mark   []float64
	spot   []float64 // the same of the coins
	flying []flight
	killed bool
	day    dayLoss

	windowFrom  carry.Time
	windowCount int
}

// flight is an order that would add exposure and whose outcome is not known.
type flight struct {
	order carry.OrderID
	pair  int32
	leg   carry.Leg
	left  carry.Qty
	value float64 // USDT of one quantum
}

// NewGate returns a gate for these pairs.
func NewGate(pairs []carry.Pair, limits Limits) *Gate {
	return &Gate{limits: limits, pairs: pairs, rules: make([]*carry.Rules, len(pairs)), mark: make([]float64, len(pairs)), spot: make([]float64, len(pairs))}
}

// bounded tells whether notionals matter at all.
func (g *Gate) bounded() bool {
	return g.limits.PairMaxUSDT > 0 || g.limits.TotalMaxUSDT > 0 || g.limits.CapitalMaxUSDT > 0
}

// Observe lets the gate see an event before the core does.
func (g *Gate) Observe(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvMarket:
		if g.bounded() {
			copy(g.mark, ev.Market.Mark)
			copy(g.spot, ev.Market.SpotLast)
		}
		if g.limits.DayLossMaxFrac > 0 && !ev.Market.WarmUp {
			g.day.see(ev.At, ev.Account.Equity(ev.Market), g.limits.DayLossMaxFrac)
		}
	case carry.EvFlow:
		g.day.flow(ev.Amount.Float())
	case carry.EvFill, carry.EvReject, carry.EvCanceled:
		g.landed(ev)
	case carry.EvRules:
		g.rules[ev.Pair] = ev.Rules
	case carry.EvOperator:
		switch ev.Code {
		case carry.CodeKill:
			g.killed = true
		case carry.CodeRevive:
			g.killed = false
		}
	}
}

// landed takes what an outcome tells of an order off the list.
func (g *Gate) landed(ev *carry.Event) {
	for k := range g.flying {
		f := &g.flying[k]
		if f.order != ev.Order {
			continue
		}
		if ev.Code == carry.CodeUnknownOrder {
			return // a cancel's answer
		}
		if f.left -= ev.Qty; f.left <= 0 || ev.Kind != carry.EvFill {
			g.flying = append(g.flying[:k], g.flying[k+1:]...)
		}
		return
	}
}

// Kill closes the gate for everything that would increase exposure, until the
// program ends; a session that goes on after that begins with CodeRevive.
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
		if g.killed || c.Asset.Pair() < 0 && c.Amount <= 0 || c.Asset.Pair() >= 0 && c.Qty <= 0 {
			return Approved{}, g.killCode()
		}
		// What another asset is worth is not known here, so a limit in USDT lets
		// none of it pass.
		if m := g.limits.TransferMaxUSDT; m > 0 && (c.Asset != carry.USDT || c.Amount.Float() > m) {
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
	if opens && g.day.stopped(at) {
		return carry.CodeGateLoss
	}
	if rules.Legs[c.Leg].CheckCommand(c, c.Ref, pair.QtyUnit()) != carry.OK {
		return carry.CodeGateFilter
	}
	value := float64(c.Ref.Float() * pair.QtyFloat(c.Qty))
	if opens {
		if code := g.checkLimits(c, value, acct); code != carry.OK {
			return code
		}
	}
	if code := g.countOrder(at); code != carry.OK {
		return code
	}
	if opens && g.bounded() {
		g.flying = append(g.flying, flight{c.Order, c.Pair, c.Leg, c.Qty, value / float64(c.Qty)})
	}
	return carry.OK
}

// opens tells whether the order would add exposure: a short on the perpetual or
// coins on spot.
func (g *Gate) opens(c *carry.Command, acct *carry.Account) bool {
	if c.Leg == carry.Spot {
		return c.Side == carry.Buy
	}
	return !c.ReduceOnly
}

// checkLimits holds an opening of this value, USDT, against the limits; what is
// on its way counts as held.
func (g *Gate) checkLimits(c *carry.Command, value float64, acct *carry.Account) carry.Code {
	if m := g.limits.OrderMaxUSDT; m > 0 && value > m {
		return carry.CodeGateLimit
	}
	if m := g.limits.legMax(); m > 0 && value+g.total(c.Leg, acct) > m {
		return carry.CodeGateLimit
	}
	if c.Leg != carry.Perp {
		return carry.OK
	}
	if m := g.limits.PairMaxUSDT; m > 0 && g.notional(int(c.Pair), acct)+value > m {
		return carry.CodeGateLimit
	}
	if m := g.limits.TotalMaxUSDT; m > 0 && value+g.total(carry.Perp, acct) > m {
		return carry.CodeGateLimit
	}
	return carry.OK
}

// total is what all pairs have of a leg, held and on its way, USDT.
func (g *Gate) total(leg carry.Leg, acct *carry.Account) (sum float64) {
	for i := range g.pairs {
		if leg == carry.Perp {
			sum += g.notional(i, acct)
			continue
		}
		if c := acct.SpotCoinsF[i]; c != 0 {
			sum += float64(c * g.spot[i])
		}
		sum += g.onItsWay(i, leg)
	}
	return sum
}

// notional is pair i's value at mark, held and on its way.
func (g *Gate) notional(i int, acct *carry.Account) float64 {
	sum := 0.0
	if q := acct.PerpQtyF[i]; q != 0 {
		sum = math.Abs(float64(q * g.mark[i]))
	}
	return sum + g.onItsWay(i, carry.Perp)
}

func (g *Gate) onItsWay(i int, leg carry.Leg) (sum float64) {
	for k := range g.flying {
		if f := &g.flying[k]; int(f.pair) == i && f.leg == leg {
			sum += float64(float64(f.left) * f.value)
		}
	}
	return sum
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
