package panel

import (
	"fmt"
	"math"
	"slices"

	"carry"
)

// Level is how urgent an alarm is.
type Level uint8

// The levels.
const (
	Info Level = iota
	Warn
	Urgent
)

var levelNames = [...]string{"info", "warning", "urgent"}

// String is the level's word.
func (l Level) String() string { return levelNames[l] }

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) error {
	i := slices.Index(levelNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no level of an alarm", text)
	}
	*l = Level(i)
	return nil
}

// Alarm is something a person should know of now. It follows from an event or a
// note of the journal, or from the board's own limits; the journal has a receipt
// for each channel that took it.
type Alarm struct {
	N     int        `json:"n"` // counted from 1 within a session
	At    carry.Time `json:"at_ms"`
	Level Level      `json:"level"`
	Code  carry.Code `json:"-"`
	Word  string     `json:"code"` // Code's
	Coin  string     `json:"coin,omitempty"`
	Text  string     `json:"text"`
	// Sent and Lost are the channels that took it and those that did not.
	Sent []string `json:"sent,omitempty"`
	Lost []string `json:"lost,omitempty"`
}

// Line is the alarm as one line of text.
func (a *Alarm) Line() string {
	coin := ""
	if a.Coin != "" {
		coin = a.Coin + ": "
	}
	return fmt.Sprintf("%s %s %s%s (%s)", a.At, a.Level, coin, a.Text, a.Word)
}

// alarmsMax is how many alarms are listed.
const alarmsMax = 100

// AlarmLimits are what the board judges by itself; 0 switches one off.
type AlarmLimits struct {
	// NearLiquidationFrac: all marks may rise by less than this before the first
	// liquidation.
	NearLiquidationFrac float64
	// DayLossFrac of the equity at midnight UTC was lost since.
	DayLossFrac float64
	// LinkDownS is how long, in market seconds, a connection may be down.
	LinkDownS float64
}

// DefaultAlarmLimits are those of a session whose owner said nothing.
func DefaultAlarmLimits() AlarmLimits {
	return AlarmLimits{NearLiquidationFrac: 0.15, DayLossFrac: 0.02, LinkDownS: 60}
}

// alarmWatch is what the board remembers to raise an alarm once.
type alarmWatch struct {
	near, loss, link bool
	downSince        carry.Time
}

// raise lists an alarm and hands it on.
func (b *Board) raise(a Alarm) {
	a.Word = a.Code.String()
	b.mu.Lock()
	b.raised++
	a.N = b.raised
	b.alarms = append(b.alarms, a)
	if len(b.alarms) > alarmsMax {
		b.alarms = append(b.alarms[:0], b.alarms[len(b.alarms)-alarmsMax:]...)
	}
	b.mu.Unlock()
	if b.o.Raise != nil && !b.silent {
		b.o.Raise(a)
	}
}

// Delivered notes what a channel made of an alarm.
func (b *Board) Delivered(n int, channel string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.alarms {
		if a := &b.alarms[k]; a.N == n {
			if ok {
				a.Sent = append(slices.Clip(a.Sent), channel)
			} else {
				a.Lost = append(slices.Clip(a.Lost), channel)
			}
		}
	}
}

// newestFirst is a copy in reverse order.
func newestFirst(list []Alarm) []Alarm {
	out := append([]Alarm{}, list...)
	slices.Reverse(out)
	return out
}

// alarmOfEvent raises what an event alone tells.
func (b *Board) alarmOfEvent(ev *carry.Event) {
	a := Alarm{At: ev.At, Code: ev.Code, Coin: b.coin(ev.Pair)}
	switch ev.Kind {
	case carry.EvLiquidated:
		a.Level, a.Text = Urgent, fmt.Sprintf("the exchange closed %s contracts at %s", b.quantity(ev.Pair, ev.Qty), cost(ev.Price))
	case carry.EvSettled:
		a.Level, a.Text = Warn, fmt.Sprintf("the pair ended: %s was closed at %s", ev.Leg, cost(ev.Price))
	case carry.EvTransferred:
		if ev.Code == carry.OK || ev.Code == carry.CodeUnknown {
			return // an unknown one has a note
		}
		a.Level, a.Text = Warn, fmt.Sprintf("a transfer of %.2f USDT from %s did not go through", ev.Amount.Float(), ev.Wallet)
	case carry.EvReject:
		switch ev.Code {
		case carry.CodeNotAllowed, carry.CodeClock, carry.CodeThrottled, carry.CodeMargin, carry.CodeInsufficient, carry.CodeGateLimit, carry.CodeGateRate:
		default:
			return // what the desk expects to happen
		}
		a.Level, a.Text = Warn, fmt.Sprintf("an order to %s %s was refused", ev.Side, ev.Leg)
	case carry.EvFlow:
		if !b.started {
			return
		}
		a.Level, a.Code, a.Text = Info, carry.CodeFlow, fmt.Sprintf("%+.2f USDT by the owner", ev.Amount.Float())
	case carry.EvOperator:
		if !b.alarmOfOperator(ev, &a) {
			return
		}
	default:
		b.watchLinks(ev)
		return
	}
	b.raise(a)
}

func (b *Board) alarmOfOperator(ev *carry.Event, a *Alarm) bool {
	switch ev.Code {
	case carry.CodeKill:
		a.Level, a.Text = Urgent, "killed: nothing is opened, moved or closed by rule"
	case carry.CodePause:
		a.Level, a.Text = Warn, "paused: nothing is opened or closed by rule"
	case carry.CodeResume:
		a.Level, a.Text = Info, "resumed"
	case carry.CodeRevive:
		a.Level, a.Text = Warn, "started anew after a kill: paused until a person resumes"
	case carry.CodeCloseAll, carry.CodeOperatorClose:
		a.Level, a.Text = Warn, "everything is being closed"
		if a.Coin != "" {
			a.Text = "is being closed"
		}
	case carry.CodeWithdraw:
		a.Level, a.Text = Info, fmt.Sprintf("%.2f USDT are being freed for a withdrawal", ev.Amount.Float())
	case carry.CodeDeposit:
		a.Level, a.Text = Info, fmt.Sprintf("%.2f USDT are said to be coming", ev.Amount.Float())
	case carry.CodeAlarmTest:
		a.Level, a.Text = Info, "a test: this alarm arrived"
	default:
		return false
	}
	return true
}

// alarmOfNote raises what the strategy thought worth a note.
func (b *Board) alarmOfNote(at carry.Time, c *carry.Command) {
	if c.Kind != carry.CmdNote {
		return
	}
	level := Warn
	switch c.Code {
	case carry.CodeReduceLeverage, carry.CodeEmergency, carry.CodeForeign:
		level = Urgent
	case carry.CodeAlarm, carry.CodeBlocked, carry.CodeUnknown, carry.CodePoolHalt, carry.CodeFundingGap:
	case carry.CodeCalm, carry.CodeUnblocked, carry.CodeKnown:
		level = Info
	default:
		return
	}
	b.raise(Alarm{At: at, Level: level, Code: c.Code, Coin: b.coin(c.Pair), Text: noteText(c)})
}

// noteText puts a note's reason and numbers into words.
func noteText(c *carry.Command) string {
	x := c.X
	switch c.Code {
	case carry.CodeAlarm:
		return fmt.Sprintf("used leverage %s, the alarm; nothing is opened until it is back at %.2f", times(x[0]), x[1])
	case carry.CodeReduceLeverage:
		return fmt.Sprintf("used leverage %s: both legs are being reduced to %.2f", times(x[0]), x[1])
	case carry.CodeEmergency:
		return fmt.Sprintf("used leverage %s, an emergency: the largest pairs are being cut to %.2f", times(x[0]), x[1])
	case carry.CodeCalm:
		return fmt.Sprintf("used leverage is back at %s", times(x[0]))
	case carry.CodeForeign:
		if c.Pair < 0 {
			return fmt.Sprintf("%+.2f USDT came or went that are not ours", x[0])
		}
		return fmt.Sprintf("a trade that is not ours: %s of it at %g", plain(x[0]), x[1])
	case carry.CodeBlocked:
		return "one leg has no market; nothing is traded on one leg alone"
	case carry.CodeUnblocked:
		return "both legs trade again"
	case carry.CodeUnknown:
		if c.Pair < 0 {
			return fmt.Sprintf("what became of a transfer of %.2f USDT is not known; nothing is opened until it is", x[2])
		}
		return fmt.Sprintf("what became of order %.0f is not known; the pair is frozen until it is", x[0])
	case carry.CodeKnown:
		return "what was unknown is known now"
	case carry.CodeDust:
		return fmt.Sprintf("%s coins and %s contracts are too little to be traded", plain(x[0]), plain(x[1]))
	}
	return fmt.Sprintf("%s %s %s", plain(x[0]), plain(x[1]), plain(x[2]))
}

// times is a leverage in words.
func times(x float64) string {
	if math.IsInf(x, 1) {
		return "without bound"
	}
	return fmt.Sprintf("%.2f", x)
}

func plain(x float64) string { return fmt.Sprintf("%.6g", x) }

// watchLinks raises an alarm for connections that stay down.
func (b *Board) watchLinks(ev *carry.Event) {
	w, down := &b.watch, b.now.State.LinksDown > 0
	switch {
	case !down:
		if w.link {
			b.raise(Alarm{At: ev.At, Level: Info, Code: carry.CodeCalm, Text: "all connections are up again"})
		}
		w.link, w.downSince = false, 0
	case w.downSince == 0:
		w.downSince = ev.At
	case !w.link && b.o.Limits.LinkDownS > 0 && float64(ev.At-w.downSince) > b.o.Limits.LinkDownS*float64(carry.Second):
		w.link = true
		b.raise(Alarm{At: ev.At, Level: Warn, Code: carry.CodeStale, Text: fmt.Sprintf("%d connections have been down since %s", b.now.State.LinksDown, w.downSince)})
	}
}

// watchFigures raises what the figures of a cross-section tell. An alarm rings
// again only after all was well by half as much again.
func (b *Board) watchFigures(at carry.Time) {
	w, l, y := &b.watch, b.o.Limits, &b.now.Money
	up := float64(y.LiquidationUp)
	switch {
	case l.NearLiquidationFrac == 0:
	case !w.near && up < l.NearLiquidationFrac:
		w.near = true
		b.raise(Alarm{At: at, Level: Urgent, Code: carry.CodeNearLiquidation,
			Text: fmt.Sprintf("a rise of all prices by %.1f %% would liquidate the first short", up*100)})
	case w.near && !(up < 1.5*l.NearLiquidationFrac):
		w.near = false
	}
	loss := -float64(y.Day) / b.dayFrom
	switch {
	case l.DayLossFrac == 0 || b.dayFrom <= 0:
	case !w.loss && loss > l.DayLossFrac:
		w.loss = true
		b.raise(Alarm{At: at, Level: Urgent, Code: carry.CodeDayLoss, Text: fmt.Sprintf("%.2f USDT lost since midnight UTC, %.1f %%", -float64(y.Day), loss*100)})
	case w.loss && loss < l.DayLossFrac/2:
		w.loss = false
	}
}
