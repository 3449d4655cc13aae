package strategy_test

import (
	"fmt"
	"strconv"
	"time"

	"carry"
)

// trade is a fill that no order of ours asked for: coin leg side quantity.
func (w *theatre) trade(words []string, kind carry.EventKind, why carry.Code) error {
	if len(words) != 4 {
		return fmt.Errorf("want: coin leg side quantity")
	}
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	q, err := strconv.ParseFloat(words[3], 64)
	if err != nil {
		return err
	}
	ev := carry.Event{Kind: kind, Pair: int32(i), Qty: w.pairs[i].QtyFloor(q + 1e-9), Side: carry.Buy, Code: why}
	if words[1] == "perp" {
		ev.Leg = carry.Perp
	}
	if words[2] == "sell" {
		ev.Side = carry.Sell
	}
	ev.Price = carry.PriceFromFloat(w.market.SpotLast[i])
	if ev.Leg == carry.Perp {
		ev.Price = carry.PriceFromFloat(w.market.Mark[i])
	}
	ev.Ref = ev.Price
	return w.tell(ev)
}

// foreign is a trade by somebody else on our account.
func (w *theatre) foreign(words []string, _ args) error {
	return w.trade(words, carry.EvFill, carry.OK)
}

// takeAway is the exchange closing contracts: adl or liquidated, then as trade.
func (w *theatre) takeAway(words []string, _ args) error {
	c, err := code(words[0])
	if err != nil {
		return err
	}
	return w.trade(append(words[1:2:2], "perp", "buy", words[2]), carry.EvLiquidated, c)
}

// ended is the exchange settling a leg because the contract ends.
func (w *theatre) ended(words []string, _ args) error {
	return w.trade(words, carry.EvSettled, carry.CodeDelisted)
}

// settle pays a settlement of a coin at rate= and tells the rate.
func (w *theatre) settle(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	rate, err := kv.number("rate", 0.0003)
	if err != nil {
		return err
	}
	s := carry.Settlement{At: w.script.now, Pair: int32(i), Rate: carry.SettledRate(carry.RateTicks(rate)), IntervalH: w.market.IntervalH[i]}
	var evs []carry.Event
	if q := w.run.Book.Account().PerpQty[i]; q != 0 {
		evs = append(evs, carry.Event{Kind: carry.EvPaid, Pair: int32(i), Leg: carry.Perp, Wallet: carry.PerpWallet, Qty: -q, Rate: s.Rate,
			Price: carry.PriceFromFloat(w.market.Mark[i])})
	}
	return w.tell(append(evs, carry.Event{Kind: carry.EvRates, Pair: -1, Rates: []carry.Settlement{s}})...)
}

// rates tells n= settled rates of a coin without paying any, to move its mean.
func (w *theatre) rates(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	rate, err := kv.number("rate", 0)
	if err != nil {
		return err
	}
	n, err := kv.number("n", 3)
	if err != nil {
		return err
	}
	ev := carry.Event{Kind: carry.EvRates, Pair: -1}
	for k := range int(n) {
		ev.Rates = append(ev.Rates, carry.Settlement{At: w.script.now + carry.Time(k), Pair: int32(i), Rate: carry.SettledRate(carry.RateTicks(rate)), IntervalH: 8})
	}
	return w.tell(ev)
}

// operator is a person's word, for one coin or all.
func (w *theatre) operator(words []string, kv args) error {
	c, err := code(words[0])
	if err != nil {
		return err
	}
	amount, err := kv.number("amount", 0)
	if err != nil {
		return err
	}
	ev := carry.Event{Kind: carry.EvOperator, Pair: -1, Code: c, Amount: carry.AmountFloor(amount)}
	if len(words) > 1 {
		i, err := w.pair(words[1])
		if err != nil {
			return err
		}
		ev.Pair = int32(i)
	}
	return w.tell(ev)
}

func (w *theatre) link(words []string, _ args) error {
	ev := carry.Event{Kind: carry.EvLink, Pair: -1}
	if words[0] == "down" {
		ev.Code = carry.CodeHalted
	}
	return w.tell(ev)
}

// flow is a deposit (or, negative, a withdrawal): wallet amount=.
func (w *theatre) flow(words []string, kv args) error {
	x, err := kv.number("amount", 0)
	if err != nil {
		return err
	}
	ev := carry.Event{Kind: carry.EvFlow, Pair: -1, Amount: carry.AmountFloor(x)}
	if x < 0 {
		ev.Amount = -carry.AmountFloor(-x)
	}
	if words[0] == "futures" {
		ev.Wallet = carry.PerpWallet
	}
	return w.tell(ev)
}

// newRules changes a coin's rules: lot= of both legs, min= of spot, USDT,
// ends=hours from now: the contract's delivery is announced.
func (w *theatre) newRules(words []string, kv args) error {
	i, err := w.pair(words[0])
	if err != nil {
		return err
	}
	r := w.rules[i]
	if err := changeRules(&r, &w.pairs[i], kv); err != nil {
		return err
	}
	if v := kv.take("ends", ""); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			return err
		}
		r.EndsAt = w.script.now + carry.Time(d.Milliseconds())
	}
	w.rules[i] = r
	return w.tell(carry.Event{Kind: carry.EvRules, Pair: int32(i), Rules: &r})
}

func changeRules(r *carry.Rules, p *carry.Pair, kv args) error {
	lot, err := kv.number("lot", 0)
	if err != nil {
		return err
	}
	least, err := kv.number("min", 0)
	if err != nil {
		return err
	}
	for leg := range r.Legs {
		f := &r.Legs[leg]
		if lot > 0 {
			f.Step = p.QtyFloor(lot + 1e-9)
			f.MinQty = f.Step
		}
		if least > 0 {
			f.MinNotional = carry.AmountFloor(least)
		}
	}
	return nil
}
