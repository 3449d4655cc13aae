package strategy_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"carry"
)

// quote changes what a coin is quoted at: spot, perp (both sides), spread (of
// both legs, a fraction), mark, rate, interval, age (of both legs), perpage,
// volume; halt=spot or perp, trade=spot or perp. It shows nothing by itself.
func (w *theatre) quote(words []string, kv args) error {
	for _, name := range words {
		i, err := w.pair(name)
		if err != nil {
			return err
		}
		spread, err := kv.number("spread", 0)
		if err != nil {
			return err
		}
		for leg, key := range [...]string{"spot", "perp"} {
			x, err := kv.number(key, w.quotes.bid[leg][i])
			if err != nil {
				return err
			}
			w.quotes.bid[leg][i], w.quotes.ask[leg][i] = x*(1-spread/2), x*(1+spread/2)
			if leg == 0 {
				w.market.SpotLast[i] = x
			} else {
				w.market.PerpLast[i], w.market.Mark[i] = x, x
			}
		}
		if err := w.quoteMore(i, kv); err != nil {
			return err
		}
	}
	w.trace.out.WriteString("ok\n")
	return nil
}

func (w *theatre) quoteMore(i int, kv args) error {
	m := &w.market
	rate, err := kv.number("rate", float64(m.Predicted[i]))
	if err != nil {
		return err
	}
	m.Predicted[i] = carry.PredictedRate(rate)
	for _, f := range [...]struct {
		key string
		to  *float64
	}{{"mark", &m.Mark[i]}, {"interval", &m.IntervalH[i]}, {"volume", &m.SpotValue[i]}, {"volume", &m.PerpValue[i]}} {
		if *f.to, err = kv.number(f.key, *f.to); err != nil {
			return err
		}
	}
	for leg, key := range [...]string{"spotage", "perpage"} {
		v := kv.take(key, "")
		if v == "" {
			continue
		}
		d, err := time.ParseDuration(v)
		if err != nil {
			return err
		}
		for l := range m.QuoteAgeMs {
			if m.QuoteAgeMs[l] == nil {
				m.QuoteAgeMs[l] = make([]int32, len(w.pairs))
			}
		}
		m.QuoteAgeMs[leg][i] = int32(d.Milliseconds())
	}
	flag := map[string]carry.Flags{"spot": carry.SpotFresh, "perp": carry.PerpFresh, "both": carry.Tradable, "funding": carry.FundingFresh}
	m.Flags[i] &^= flag[kv.take("halt", "")]
	m.Flags[i] |= flag[kv.take("trade", "")]
	return nil
}

// look shows the core the market now.
func (w *theatre) look([]string, args) error { return w.tell(w.section()) }

func (w *theatre) section() carry.Event {
	m := w.market
	m.At = w.script.now
	m.Within = m.At%carry.Hour != 0
	return carry.Event{Kind: carry.EvMarket, Pair: -1, Market: &m}
}

// wait lets time pass. Timers come back, each with a cross-section, and so does
// the end of the wait.
func (w *theatre) wait(words []string, _ args) error {
	d, err := time.ParseDuration(words[0])
	if err != nil {
		return err
	}
	s := w.script
	for end := s.now + carry.Time(d.Milliseconds()); s.now < end; {
		next, which := end, -1
		for k := range s.timers {
			if at := max(s.timers[k].At, s.now); at <= next {
				next, which = at, k
			}
		}
		s.now = next
		var evs []carry.Event
		if which >= 0 {
			evs = append(evs, carry.Event{Kind: carry.EvTimer, Pair: -1, ID: s.timers[which].ID})
			s.timers = append(s.timers[:which], s.timers[which+1:]...)
		}
		if err := w.tell(append(evs, w.section())...); err != nil {
			return err
		}
	}
	return nil
}

// pick finds orders on their way: a coin and a leg, a coin, or all.
func (w *theatre) pick(words []string) ([]carry.Command, error) {
	var picked, rest []carry.Command
	for _, c := range w.script.way {
		is := c.Kind == carry.CmdOrder
		for _, word := range words {
			if word != "all" && c.Kind == carry.CmdOrder {
				is = is && (word == w.pairs[c.Pair].Coin || word == c.Leg.String() || word == "#"+strconv.Itoa(int(c.Order)))
			}
		}
		if is {
			picked = append(picked, c)
		} else {
			rest = append(rest, c)
		}
	}
	if len(picked) == 0 {
		return nil, fmt.Errorf("no order %s is on its way", strings.Join(words, " "))
	}
	w.script.way = rest
	return picked, nil
}

func (w *theatre) outcome(c *carry.Command, kind carry.EventKind, code carry.Code) carry.Event {
	return carry.Event{Kind: kind, Pair: c.Pair, Leg: c.Leg, Side: c.Side, Order: c.Order, Qty: c.Qty, Ref: c.Ref, Code: code}
}

// fill fills orders at the quote, half a second later: all of them or part=.
func (w *theatre) fill(words []string, kv args) error {
	part, err := kv.number("part", 1)
	if err != nil {
		return err
	}
	picked, err := w.pick(words)
	if err != nil {
		return err
	}
	w.script.now += 500
	var evs []carry.Event
	for _, c := range picked {
		ev := w.outcome(&c, carry.EvFill, carry.OK)
		ev.Price = carry.PriceFromFloat(w.quotes.Bid(c.Leg, int(c.Pair)))
		if c.Side == carry.Buy {
			ev.Price = carry.PriceFromFloat(w.quotes.Ask(c.Leg, int(c.Pair)))
		}
		if q := carry.Qty(float64(c.Qty) * part); q < c.Qty {
			ev.Qty = q
			ev.Left = c.Qty - q
			c.Qty -= q
			w.script.way = append(w.script.way, c)
		}
		evs = append(evs, ev)
	}
	return w.tell(evs...)
}

func code(word string) (carry.Code, error) {
	for c := carry.Code(0); c < 200; c++ {
		if c.String() == word {
			return c, nil
		}
	}
	return 0, fmt.Errorf("no reason %q", word)
}

// answer gives orders an outcome without a fill.
func (w *theatre) answer(words []string, kind carry.EventKind, why string) error {
	c, err := code(why)
	if err != nil {
		return err
	}
	picked, err := w.pick(words)
	if err != nil {
		return err
	}
	w.script.now += 500
	for k := range picked {
		if err := w.tell(w.outcome(&picked[k], kind, c)); err != nil {
			return err
		}
	}
	if c == carry.CodeUnknown {
		w.script.way = append(w.script.way, picked...)
	}
	return nil
}

// reject refuses orders; cancel ends what is left of them; lost says that the
// answer did not come.
func (w *theatre) reject(words []string, kv args) error {
	return w.answer(words, carry.EvReject, kv.take("code", "insufficient-margin"))
}

func (w *theatre) cancel(words []string, kv args) error {
	return w.answer(words, carry.EvCanceled, kv.take("code", "volume"))
}

func (w *theatre) lost(words []string, kv args) error {
	if len(words) > 0 && words[0] == "transfer" {
		return w.answerTransfer(carry.CodeUnknown)
	}
	return w.answer(words, carry.EvAck, "unknown")
}

// transferred answers the transfer on its way, with code= if it failed.
func (w *theatre) transferred(_ []string, kv args) error {
	c, err := code(kv.take("code", "ok"))
	if err != nil {
		return err
	}
	return w.answerTransfer(c)
}

func (w *theatre) answerTransfer(why carry.Code) error {
	s := w.script
	for k, c := range s.way {
		if c.Kind == carry.CmdTransfer {
			if why != carry.CodeUnknown {
				s.way = append(s.way[:k], s.way[k+1:]...)
			}
			s.now += 2 * carry.Second
			return w.tell(carry.Event{Kind: carry.EvTransferred, Pair: -1, Wallet: c.Wallet, Order: c.Order, Amount: c.Amount, Code: why})
		}
	}
	return fmt.Errorf("no transfer is on its way")
}
