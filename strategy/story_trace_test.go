package strategy_test

import (
	"fmt"
	"strconv"
	"strings"

	"carry"
	"carry/strategy/hedge"
)

// trace writes down what passes through the loop: it is the run's journal, and
// stands between loop and core to see the states change.
type trace struct {
	core  carry.Core
	desk  *hedge.Desk // nil where the core has none
	pairs []carry.Pair
	out   strings.Builder
	// pending is a market's line, written only if something follows it.
	pending string
	quiet   bool // no line for a market on which nothing happens
	muted   bool // during the warm-up
	state   []hedge.State
	pool    string
	market  *carry.Market
}

func (t *trace) say(format string, args ...any) {
	if t.muted {
		return
	}
	if t.pending != "" {
		t.out.WriteString(t.pending)
		t.pending = ""
	}
	fmt.Fprintf(&t.out, format+"\n", args...)
}

// take returns what was said since.
func (t *trace) take() string {
	if t.pending != "" && !t.quiet {
		t.out.WriteString(t.pending)
	}
	t.pending = ""
	s := t.out.String()
	t.out.Reset()
	return s
}

// Step implements carry.Core.
func (t *trace) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	out = t.core.Step(ev, out)
	if ev.Kind == carry.EvMarket {
		m := *ev.Market
		t.market = &m
	}
	if t.desk == nil || t.muted {
		return out
	}
	if pool := t.desk.Pool(); pool != t.pool {
		t.say("    pool %s -> %s", t.pool, pool)
		t.pool = pool
	}
	for i := range t.pairs {
		if s := t.desk.State(i); s != t.state[i] {
			t.say("    %s %s -> %s", t.pairs[i].Coin, t.state[i], s)
			t.state[i] = s
		}
	}
	return out
}

// clock is a time as a story tells it: the day only at midnight.
func clock(at carry.Time) string {
	u := at.UTC()
	if at%carry.Second != 0 {
		return u.Format("15:04:05.000")
	}
	if at%carry.Day == 0 {
		return u.Format("2006-01-02 15:04:05")
	}
	return u.Format("15:04:05")
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

func trimmed(a fmt.Stringer) string {
	s := a.String()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func (t *trace) qty(pair int32, q carry.Qty) string {
	return strconv.FormatFloat(t.pairs[pair].QtyFloat(q), 'f', -1, 64)
}

// Event implements carry.Journal.
func (t *trace) Event(ev *carry.Event) error {
	at := clock(ev.At)
	if t.pending != "" && !t.quiet && !t.muted {
		t.out.WriteString(t.pending)
	}
	t.pending = ""
	coin := ""
	if ev.Pair >= 0 && int(ev.Pair) < len(t.pairs) {
		coin = t.pairs[ev.Pair].Coin
	}
	switch ev.Kind {
	case carry.EvMarket:
		t.pending = at + " market\n"
	case carry.EvSnapshot:
		t.say("%s opens with %s USDT on spot, %s in futures", at, trimmed(ev.Balance), trimmed(ev.Balance2))
	case carry.EvPaid:
		t.say("%s paid %s %s for %s contracts", at, coin, trimmed(ev.Amount), t.qty(ev.Pair, ev.Qty))
	case carry.EvRates:
		for _, s := range ev.Rates {
			t.say("%s settled %s at %s %%", at, t.pairs[s.Pair].Coin, number(s.Rate.Float()*100))
		}
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		what := ev.Kind.String()
		if ev.Code != carry.OK {
			what = ev.Code.String()
		}
		left := ""
		if ev.Left > 0 {
			left = ", left " + t.qty(ev.Pair, ev.Left)
		}
		t.say("%s %s %s%s %s %s at %s%s", at, what, order(ev.Order), coin, leg(ev.Leg, ev.Side), t.qty(ev.Pair, ev.Qty), trimmed(ev.Price), left)
	case carry.EvReject:
		t.say("%s refused %s%s %s: %s", at, order(ev.Order), coin, leg(ev.Leg, ev.Side), ev.Code)
	case carry.EvCanceled:
		t.say("%s canceled %s%s %s, rest %s: %s", at, order(ev.Order), coin, leg(ev.Leg, ev.Side), t.qty(ev.Pair, ev.Qty), ev.Code)
	case carry.EvAck:
		t.say("%s answer lost %s%s %s: %s", at, order(ev.Order), coin, leg(ev.Leg, ev.Side), ev.Code)
	case carry.EvTransferred:
		if ev.Code != carry.OK {
			t.say("%s transfer %sof %s from %s: %s", at, order(ev.Order), trimmed(ev.Amount), ev.Wallet, ev.Code)
			break
		}
		t.say("%s transferred %s%s from %s; spot %s, futures %s", at, order(ev.Order), trimmed(ev.Amount), ev.Wallet, trimmed(ev.Balance), trimmed(ev.Balance2))
	case carry.EvFlow:
		t.say("%s flow of %s on %s", at, trimmed(ev.Amount), ev.Wallet)
	case carry.EvTimer:
		t.say("%s timer", at)
	case carry.EvRules:
		t.say("%s rules of %s", at, coin)
	default:
		if coin != "" {
			coin += " "
		}
		t.say("%s %s %s%s", at, ev.Kind, coin, ev.Code)
	}
	return nil
}

func order(id carry.OrderID) string {
	if id == 0 {
		return ""
	}
	return "#" + strconv.FormatUint(uint64(id), 10) + " "
}

func leg(l carry.Leg, s carry.Side) string { return l.String() + " " + s.String() }

// Command implements carry.Journal.
func (t *trace) Command(_ carry.Time, c *carry.Command) error {
	coin := ""
	if c.Pair >= 0 && int(c.Pair) < len(t.pairs) {
		coin = t.pairs[c.Pair].Coin + " "
	}
	switch c.Kind {
	case carry.CmdOrder:
		reduce := ""
		if c.ReduceOnly {
			reduce = " reduce-only"
		}
		t.say("  > #%d %s%s %s%s: %s%s", c.Order, coin, leg(c.Leg, c.Side), t.qty(c.Pair, c.Qty), reduce, c.Code, reason(c))
	case carry.CmdTransfer:
		t.say("  > #%d transfer %s from %s: %s%s", c.Order, trimmed(c.Amount), c.Wallet, c.Code, reason(c))
	case carry.CmdTimer:
		t.say("  > wake at %s", clock(c.At))
	case carry.CmdLeverage:
		t.say("  > %sleverage %d", coin, c.ID)
	case carry.CmdCancel:
		t.say("  > cancel #%d", c.Order)
	case carry.CmdNote:
		t.say("  > %s%s%s", coin, c.Code, reason(c))
	}
	return nil
}

// reason is a decision's numbers with their names.
func reason(c *carry.Command) string {
	names := [3]string{"rate", "premium", "mean"}
	switch c.Code {
	case carry.CodeTrimRise:
		names = [3]string{"value", "limit", "mark"}
	case carry.CodeReduceLeverage, carry.CodeEmergency, carry.CodeRebalance, carry.CodeAlarm, carry.CodeCalm, carry.CodeWithdraw:
		names = [3]string{"used", "rate", "premium"}
		if c.Kind != carry.CmdOrder {
			names = [3]string{"used", "target", "usdt"}
		}
	case carry.CodeRepair, carry.CodeRetry:
		names = [3]string{"gap", "reads", ""}
	case carry.CodeUnknown, carry.CodeKnown:
		names = [3]string{"order", "seconds", "usdt"}
	case carry.CodeForeign:
		names = [3]string{"quantity", "price", "leg"}
	case carry.CodeBlocked, carry.CodeUnblocked:
		names = [3]string{"spot", "perp", ""}
	case carry.CodeDust:
		names = [3]string{"coins", "contracts", "mark"}
	}
	var b strings.Builder
	for k, n := range names {
		if n != "" && c.X[k] != 0 {
			fmt.Fprintf(&b, ", %s %s", n, number(c.X[k]))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return " (" + b.String()[2:] + ")"
}
