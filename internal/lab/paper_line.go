package lab

import (
	"math"
	"slices"

	"carry"
	"carry/internal/book"
	"carry/strategy/hedge"
)

// PaperLine is what a session says of one instant. Amounts are USDT.
type PaperLine struct {
	At       carry.Time
	Instants int
	Equity   float64
	First    float64 // equity at the session's first instant
	Funding  float64 // received less paid, since the account was opened
	Held     int     // coins
	Used     float64 // leverage
	Coins    int
	Qualify  int    // coins that may be opened now
	Best     string // the coin with the highest predicted rate among those quoted
	BestRate float64
	Settled  int // rates settled with this instant
	Filled   int // fills since the last one
	Refused  int // orders refused since the last one
}

// paperLog is a journal that makes lines.
type paperLog struct {
	sayings
	policy hedge.Policy
	books  *book.Book
	say    func(*PaperLine)
	line   PaperLine
	// instantAt is the last instant that was told, warm-up included; −1 before the
	// first.
	instantAt carry.Time
	// waits are commands without an answer, in order; set are leverages that were set.
	waits, set []carry.Command
}

// open are the commands that wait for an answer, after the leverages that hold.
func (j *paperLog) open() []carry.Command { return append(slices.Clone(j.set), j.waits...) }

// Command implements carry.Journal.
func (j *paperLog) Command(at carry.Time, c *carry.Command) error {
	switch c.Kind {
	case carry.CmdLeverage:
		j.set = append(slices.DeleteFunc(j.set, func(x carry.Command) bool { return x.Pair == c.Pair }), *c)
	case carry.CmdOrder, carry.CmdCancel, carry.CmdTransfer, carry.CmdTimer:
		j.waits = append(j.waits, *c)
	}
	return j.sayings.Command(at, c)
}

// answered takes what an event answers off the list.
func (j *paperLog) answered(ev *carry.Event) {
	switch ev.Kind {
	case carry.EvTimer:
		j.waits = slices.DeleteFunc(j.waits, func(c carry.Command) bool { return c.Kind == carry.CmdTimer && c.ID == ev.ID })
	case carry.EvFill:
		for k := range j.waits {
			if c := &j.waits[k]; c.Kind == carry.CmdOrder && c.Order == ev.Order {
				c.Qty = ev.Left
			}
		}
		j.waits = slices.DeleteFunc(j.waits, func(c carry.Command) bool { return c.Kind == carry.CmdOrder && c.Order == ev.Order && ev.Left == 0 })
	case carry.EvReject, carry.EvCanceled, carry.EvTransferred:
		if ev.Order == 0 || ev.Code == carry.CodeUnknown {
			return
		}
		j.waits = slices.DeleteFunc(j.waits, func(c carry.Command) bool {
			return c.Order == ev.Order && c.Kind != carry.CmdTimer && (ev.Code != carry.CodeUnknownOrder || c.Kind == carry.CmdCancel)
		})
	}
}

// Event implements carry.Journal.
func (j *paperLog) Event(ev *carry.Event) error {
	if err := j.sayings.Event(ev); err != nil {
		return err
	}
	if j.policy != nil {
		j.policy.Observe(ev)
	}
	j.answered(ev)
	switch ev.Kind {
	case carry.EvPaid:
		j.line.Funding += ev.Amount.Float()
	case carry.EvRates:
		j.line.Settled = len(ev.Rates)
	case carry.EvFill:
		j.line.Filled++
	case carry.EvReject:
		j.line.Refused++
	case carry.EvMarket:
		if !ev.Market.Within {
			j.instantAt = ev.At
		}
		if m := ev.Market; !m.WarmUp && !m.Within {
			j.instant(m)
		}
		j.line.Settled, j.line.Filled, j.line.Refused = 0, 0, 0
	}
	return nil
}

// instant fills the line in and says it.
func (j *paperLog) instant(m *carry.Market) {
	l, a := &j.line, j.books.Account()
	l.At, l.Equity, l.Coins = m.At, a.Equity(m), len(m.Pairs)
	if l.Instants++; l.Instants == 1 {
		l.First = l.Equity
	}
	l.Held, l.Qualify, l.Best, l.BestRate = 0, 0, "", math.Inf(-1)
	short, margin := 0.0, a.PerpUSDT.Float()
	for i := range m.Pairs {
		if q := a.PerpQtyF[i]; q != 0 {
			l.Held++
			short -= float64(q * m.Mark[i])
			margin += float64(q*m.Mark[i]) - a.PerpCostF[i]
		}
		if rate := float64(m.Rate8h(i)) / carry.Unit; m.Flags[i]&carry.Tradable == carry.Tradable && rate > l.BestRate {
			l.Best, l.BestRate = m.Pairs[i].Coin, rate
		}
		if j.policy != nil {
			var v hedge.Verdict
			if j.policy.Judge(i, m, false, &v); v.Open == carry.OK {
				l.Qualify++
			}
		}
	}
	l.Used = 0
	if short > 0 {
		l.Used = short / margin
	}
	if j.say != nil {
		j.say(l)
	}
}

// alsoTo is a journal that tells another one too, which may be nil.
func alsoTo(second, first carry.Journal) carry.Journal {
	if second == nil {
		return first
	}
	return &bothJournals{first, second}
}

// bothJournals tells two journals, the second only what the first took.
type bothJournals struct{ first, second carry.Journal }

// Event implements carry.Journal.
func (j *bothJournals) Event(ev *carry.Event) error {
	if err := j.first.Event(ev); err != nil {
		return err
	}
	return j.second.Event(ev)
}

// Command implements carry.Journal.
func (j *bothJournals) Command(at carry.Time, c *carry.Command) error {
	if err := j.first.Command(at, c); err != nil {
		return err
	}
	return j.second.Command(at, c)
}
