package lab

import (
	"math"

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
}

// Event implements carry.Journal.
func (j *paperLog) Event(ev *carry.Event) error {
	if err := j.sayings.Event(ev); err != nil {
		return err
	}
	if j.policy != nil {
		j.policy.Observe(ev)
	}
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
