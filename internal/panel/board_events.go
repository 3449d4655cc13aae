package panel

import (
	"fmt"
	"strconv"
	"strings"

	"carry"
)

// eventsMax is how many lines are shown.
const eventsMax = 200

// ring keeps the newest lines.
type ring struct {
	lines []EventLine
	next  int
}

func (r *ring) add(l EventLine) {
	if len(r.lines) < eventsMax {
		r.lines = append(r.lines, l)
		return
	}
	r.lines[r.next] = l
	r.next = (r.next + 1) % eventsMax
}

func (r *ring) newest() []EventLine {
	n := len(r.lines)
	out := make([]EventLine, 0, n)
	for k := range n {
		out = append(out, r.lines[(r.next+n-1-k)%n])
	}
	return out
}

// tell adds a line.
func (b *Board) tell(at carry.Time, pair int32, code carry.Code, format string, args ...any) {
	b.events.add(EventLine{At: at, Coin: b.coin(pair), Code: code.String(), Text: fmt.Sprintf(format, args...)})
}

func (b *Board) coin(pair int32) string {
	if pair < 0 || int(pair) >= len(b.o.Pairs) {
		return ""
	}
	return b.o.Pairs[pair].Coin
}

// quantity of a pair in coins or contracts.
func (b *Board) quantity(pair int32, q carry.Qty) string {
	return strconv.FormatFloat(b.o.Pairs[pair].QtyFloat(q), 'f', -1, 64)
}

// cost is a price without zeros at its end.
func cost(p carry.Price) string {
	return strings.TrimSuffix(strings.TrimRight(p.String(), "0"), ".")
}

// tellEvent says in a line what happened to the account: every change of a
// position with its reason, payments, transfers, refusals, what people asked for.
func (b *Board) tellEvent(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvFill:
		code := ev.Code
		if s := b.orders[ev.Order]; s != nil {
			code = s.code
		}
		done := "bought"
		if ev.Side == carry.Sell {
			done = "sold"
		}
		b.tell(ev.At, ev.Pair, code, "%s %s %s at %s (mid %s)", done, b.quantity(ev.Pair, ev.Qty), ev.Leg, cost(ev.Price), cost(ev.Ref))
	case carry.EvReject:
		if ev.Code != carry.CodeUnknownOrder {
			b.tell(ev.At, ev.Pair, ev.Code, "%s %s of %s refused", ev.Leg, ev.Side, b.quantity(ev.Pair, ev.Qty))
		}
	case carry.EvCanceled:
		b.tell(ev.At, ev.Pair, ev.Code, "%s %s: %s not filled", ev.Leg, ev.Side, b.quantity(ev.Pair, ev.Qty))
	case carry.EvAck:
		if ev.Code != carry.OK {
			b.tell(ev.At, ev.Pair, ev.Code, "order %d: the answer was lost", ev.Order)
		}
	case carry.EvPaid:
		b.tell(ev.At, ev.Pair, carry.OK, "funding %+.4f USDT at %.4f %%", ev.Amount.Float(), ev.Rate.Float()*100)
	case carry.EvTransferred:
		if ev.Code != carry.OK {
			b.tell(ev.At, -1, ev.Code, "transfer of %.2f USDT from %s did not go through", ev.Amount.Float(), ev.Wallet)
			return
		}
		b.tell(ev.At, -1, carry.CodeRebalance, "%.2f USDT from %s to %s", ev.Amount.Float(), ev.Wallet, 1-ev.Wallet)
	case carry.EvLiquidated:
		b.tell(ev.At, ev.Pair, ev.Code, "the exchange closed %s contracts at %s", b.quantity(ev.Pair, ev.Qty), cost(ev.Price))
	case carry.EvSettled:
		b.tell(ev.At, ev.Pair, ev.Code, "%s closed by the exchange at %s", ev.Leg, cost(ev.Price))
	case carry.EvFlow:
		b.tell(ev.At, -1, carry.CodeFlow, "%+.2f USDT by the owner, %s wallet", ev.Amount.Float(), ev.Wallet)
	case carry.EvLink:
		if ev.Code != carry.OK {
			b.tell(ev.At, -1, ev.Code, "a connection is down")
			return
		}
		b.tell(ev.At, -1, carry.OK, "a connection is up")
	case carry.EvOperator:
		b.tellOperator(ev)
	}
}

func (b *Board) tellOperator(ev *carry.Event) {
	switch ev.Code {
	case carry.CodeAlarmSent:
		b.tell(ev.At, -1, ev.Code, "alarm %d (%s) was taken by its channel", ev.Order, carry.Code(ev.ID))
	case carry.CodeAlarmLost:
		b.tell(ev.At, -1, ev.Code, "alarm %d (%s) could not be sent", ev.Order, carry.Code(ev.ID))
	case carry.CodeWithdraw:
		b.tell(ev.At, -1, ev.Code, "a person wants to take %.2f USDT out", ev.Amount.Float())
	case carry.CodeDeposit:
		b.tell(ev.At, -1, ev.Code, "a person says that %.2f USDT are coming", ev.Amount.Float())
	default:
		b.tell(ev.At, ev.Pair, ev.Code, "asked for by a person")
	}
}

// tellCommand says what was decided: notes, and moves of money.
func (b *Board) tellCommand(at carry.Time, c *carry.Command) {
	if c.Kind != carry.CmdNote {
		return
	}
	switch c.Code {
	case carry.CodeKill, carry.CodePause, carry.CodeResume, carry.CodeCloseAll, carry.CodeOperatorClose, carry.CodeWithdraw, carry.CodeAlarmTest, carry.CodeRevive:
		return // the event of the same name was told
	}
	b.tell(at, c.Pair, c.Code, "%s", noteText(c))
}
