package swarm

import (
	"fmt"
	"math"

	"carry"
	"carry/strategy"
	"carry/strategy/hedge"
)

// judge watches a run from three places and demands what must hold: what happened
// at the exchange (happened), what arrives there (arrives) and what passes between
// loop and core (Step). It never looks into the client.
type judge struct {
	d     *draw
	p     hedge.Params // the settings as a person gave them
	pairs []carry.Pair
	core  carry.Core
	trace func(ev *carry.Event, said []carry.Command)

	broken []finding
	seen   map[string]int // what the run had in it
	hash   string         // of its journal

	// At the exchange.
	truth  func() (spot, perp carry.Amount, coins []carry.Wide, contracts []carry.Qty)
	theirs ledger
	rules  []*carry.Rules
	// network, if set, is what a client may not have heard through yet.
	network *network
	orders  map[carry.OrderID]*life
	forced  [2]int // liquidations, settlements and payments: happened, told

	// At the core.
	ours   ledger
	last   carry.Time
	seq    uint64
	legs   []legs
	state  operator
	moving carry.OrderID
	lost   bool // a transfer's outcome is not known
	dark   int  // orders whose outcome is not known
	market carry.Market
	minute carry.Time
	sent   int
	looks  struct {
		minute carry.Time
		n      int
	}
	limit struct{ coin, total float64 }
}

// finding is a broken invariant.
type finding struct{ rule, text string }

// life is all that is known of an order.
type life struct {
	cmd              carry.Command
	at               carry.Time
	arrived          int
	executed, told   carry.Qty // filled at the exchange, told to the core
	fills, heard     int
	over, heardOver  bool
	unknown, refused bool
}

// legs is what is known of a pair.
type legs struct {
	way     [2]carry.OrderID // on its way, by leg
	base    float64          // what they differed by when they agreed last
	bulk    float64          // coins of the largest order since then
	taken   bool             // the exchange took a leg away, or a stranger did
	foreign bool
	since   carry.Time // the legs differ, and nothing is on its way
	late    bool       // that happened too late to be answered
	dry     bool       // the last order found no more to trade with
}

// operator is what a person has asked for, as it was told.
type operator struct{ paused, killed, down, foreign bool }

func newJudge(d *draw, pairs []carry.Pair) *judge {
	j := &judge{d: d, p: *d.set.Hedge(), pairs: pairs, seen: map[string]int{}, rules: make([]*carry.Rules, len(pairs)),
		orders: map[carry.OrderID]*life{}, legs: make([]legs, len(pairs)), theirs: newLedger(pairs), ours: newLedger(pairs)}
	j.limit.coin, j.limit.total = j.p.CoinLimitUSDT, j.p.TotalLimitUSDT
	return j
}

// findingsMax keeps a hopeless run short.
const findingsMax = 20

func (j *judge) fail(rule, format string, args ...any) {
	if len(j.broken) < findingsMax {
		j.broken = append(j.broken, finding{rule, fmt.Sprintf(format, args...)})
	}
}

// happened is told of everything at the exchange, before the client is; told says
// whether its accounts are what has been told with this event.
func (j *judge) happened(ev *carry.Event, told bool) {
	j.theirs.add(ev)
	switch ev.Kind {
	case carry.EvRules:
		j.rules[ev.Pair] = ev.Rules
	case carry.EvFill:
		if o := j.orders[ev.Order]; o != nil {
			o.executed += ev.Qty
			o.fills++
			o.over = o.over || ev.Left == 0
			if o.executed > o.cmd.Qty {
				j.fail("ids", "%s: order %d of %d was executed for %d", ev.At, ev.Order, o.cmd.Qty, o.executed)
			}
			if o.heardOver {
				j.fail("fills", "%s: order %d fills after the core was told that it is over", ev.At, ev.Order)
			}
		}
	case carry.EvReject, carry.EvCanceled:
		if o := j.orders[ev.Order]; o != nil && ev.Code != carry.CodeUnknownOrder {
			o.over = true
		}
	case carry.EvPaid, carry.EvLiquidated, carry.EvSettled:
		j.forced[0]++
		if ev.Kind != carry.EvPaid {
			l := &j.legs[ev.Pair]
			l.taken, l.late = true, ev.At > j.d.market.To-2*carry.Minute
		}
	}
	if told {
		if what := j.theirs.differs(j.truth()); what != "" {
			j.fail("money", "%s: the exchange's accounts are not the sum of what happened: %s", ev.At, what)
		}
	}
}

// wished is told of what a person asks for, and of the connection, before the
// client is.
func (j *judge) wished(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvOperator:
		j.state.paused = j.state.paused || ev.Code == carry.CodePause || ev.Code == carry.CodeKill
		j.state.killed = j.state.killed || ev.Code == carry.CodeKill
	case carry.EvLink:
		j.state.down = ev.Code != carry.OK
	}
}

// arrives is told of what leaves the loop towards the exchange.
func (j *judge) arrives(c *carry.Command, at carry.Time) {
	if c.Kind != carry.CmdOrder && c.Kind != carry.CmdTransfer {
		return
	}
	if o := j.arrived(c.Order, at); o != nil && o.cmd != *c {
		j.fail("ids", "%s: %s %d is not what was said: %+v", at, c.Kind, c.Order, *c)
	}
	j.leaves(c, at)
}

// leaves holds what leaves against filters, limits and the kill switch.
func (j *judge) leaves(c *carry.Command, at carry.Time) {
	switch c.Kind {
	case carry.CmdTransfer:
		if j.state.killed {
			j.fail("kill", "%s: a transfer after the kill switch", at)
		}
	case carry.CmdOrder:
		f := &j.rules[c.Pair].Legs[c.Leg]
		unit := j.pairs[c.Pair].QtyUnit()
		if f.Check(c.Qty, c.Ref, c.Limit, unit, c.ReduceOnly) != carry.OK {
			j.fail("limits", "%s: order %d breaks the filters: %+v", at, c.Order, *c)
		}
		j.gate(c, at, c.Ref.Float()*float64(c.Qty)/float64(unit))
		if j.state.killed && opens(c) {
			j.fail("kill", "%s: order %d opens after the kill switch: %+v", at, c.Order, *c)
		}
	}
}

// arrived counts what bears a number: each at most once.
func (j *judge) arrived(id carry.OrderID, at carry.Time) *life {
	o := j.orders[id]
	if o == nil {
		j.fail("ids", "%s: number %d was never said", at, id)
		return nil
	}
	if o.arrived++; o.arrived > 1 {
		j.fail("ids", "%s: %s %d was sent %d times", at, o.cmd.Kind, id, o.arrived)
	}
	return o
}

// opens tells whether an order adds to a short or to coins.
func opens(c *carry.Command) bool {
	if c.Leg == carry.Spot {
		return c.Side == carry.Buy
	}
	return !c.ReduceOnly
}

// gate holds an order against the last limits.
func (j *judge) gate(c *carry.Command, at carry.Time, value float64) {
	if m := at.Floor(carry.Minute); m != j.minute {
		j.minute, j.sent = m, 0
	}
	j.sent++
	l := &j.d.limits
	if l.OrdersPerMinuteN > 0 && j.sent > 2*l.OrdersPerMinuteN {
		j.fail("limits", "%s: %d orders within a minute", at, j.sent)
	}
	if j.sent > 400 && j.p.SliceGapS > 0 {
		j.fail("limits", "%s: %d orders within a minute: a runaway", at, j.sent)
	}
	if l.OrderMaxUSDT > 0 && opens(c) && value > l.OrderMaxUSDT*1.000001 {
		j.fail("limits", "%s: order %d of %.2f USDT, the limit is %.2f", at, c.Order, value, l.OrderMaxUSDT)
	}
}

// Step implements carry.Core: the event passes on to the core, and both are judged.
func (j *judge) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	j.hear(ev)
	before := j.state
	from := len(out)
	out = j.core.Step(ev, out)
	if j.trace != nil {
		j.trace(ev, out[from:])
	}
	for k := range out[from:] {
		j.says(ev, &out[from+k], before)
	}
	if ev.Kind == carry.EvMarket && !ev.Market.WarmUp {
		j.agree(ev.At)
		for i := range j.pairs {
			j.compare(ev, i)
		}
	}
	return out
}

// finish demands that all is known and hedged, and that the record adds up.
func (j *judge) finish(res *carry.Result) {
	for id, o := range j.orders {
		if o.cmd.Kind != carry.CmdOrder || o.refused {
			continue
		}
		if o.at > j.d.market.To-2*carry.Minute {
			continue // its world ended too early
		}
		if !o.heardOver {
			j.fail("rest", "order %d (%s) has no known outcome at the end; it arrived %d times, at %s", id, o.cmd.Code, o.arrived, o.at)
		}
		if o.executed != o.told || o.fills != o.heard {
			j.fail("fills", "order %d was filled %d times for %d, told %d times for %d", id, o.fills, o.executed, o.heard, o.told)
		}
	}
	if j.forced[0] != j.forced[1] {
		j.fail("postings", "%d payments, liquidations and settlements happened, %d were told", j.forced[0], j.forced[1])
	}
	for i := range j.pairs {
		if l := &j.legs[i]; l.late || l.dry || l.foreign && j.p.ForeignChange != "adopt" || !j.tradable(i) {
			j.seen["pairs excused at the end"]++ // what is foreign is left alone; a halted, ended or dry market cannot be traded
			continue
		}
		if j.ours.qty[i] != 0 {
			j.seen["pairs held at the end"]++
		}
		if gap, most := j.gap(i), j.tolerance(i); math.Abs(gap) > most {
			j.fail("rest", "%s ends with legs that differ by %g coins, a lot is %g", j.pairs[i].Coin, gap, most)
		}
	}
	if res != nil && res.Residual != "0.0000000000000000" {
		j.fail("money", "profit and loss have a residual of %s", res.Residual)
	}
}

// result takes what the recorder says.
func (j *judge) result(r *strategy.Recorder) {
	res, err := r.Finish(&j.market)
	if err != nil {
		j.fail("books", "%v", err)
	}
	j.finish(res)
}
