package strategy_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/refengine"
	"carry/internal/risk"
	"carry/strategy"
	"carry/strategy/hedge"
)

// theatre plays one story. Either a scripted exchange answers as the story says,
// or the simulated one trades a tape that the story writes.
type theatre struct {
	t      *testing.T
	run    *strategy.Run
	trace  *trace
	pairs  []carry.Pair
	rules  []carry.Rules
	script *script
	tape   *storyTape
	market carry.Market
	quotes storyQuotes
}

type args map[string]string

// parseArgs reads "verb word key=value ..." over several lines.
func parseArgs(lines []string) (verb string, words []string, kv args, err error) {
	kv = args{}
	for _, f := range strings.Fields(strings.Join(lines, " ")) {
		switch k, v, is := strings.Cut(f, "="); {
		case verb == "":
			verb = f
		case is:
			kv[k] = v
		default:
			words = append(words, f)
		}
	}
	return verb, words, kv, nil
}

// take removes a key; number reads it as a float, percent as one in percent.
func (a args) take(key, otherwise string) string {
	v, ok := a[key]
	delete(a, key)
	if !ok {
		return otherwise
	}
	return v
}

func (a args) number(key string, otherwise float64) (float64, error) {
	v := a.take(key, "")
	if v == "" {
		return otherwise, nil
	}
	scale := 1.0
	if strings.HasSuffix(v, "%") {
		v, scale = strings.TrimSuffix(v, "%"), 0.01
	}
	x, err := strconv.ParseFloat(v, 64)
	return x * scale, err
}

func (a args) empty() error {
	for k := range a {
		return fmt.Errorf("unknown key %q", k)
	}
	return nil
}

// do plays one command and returns what happened.
func (w *theatre) do(lines []string) (string, error) {
	verb, words, kv, err := parseArgs(lines)
	if err != nil {
		return "", err
	}
	if w.trace != nil {
		w.trace.take()
	}
	do, ok := map[string]func([]string, args) error{
		"begin": w.begin, "quote": w.quote, "look": w.look, "wait": w.wait, "fill": w.fill, "reject": w.reject, "cancel": w.cancel,
		"lost": w.lost, "transferred": w.transferred, "foreign": w.foreign, "take": w.takeAway, "settle": w.settle, "rates": w.rates,
		"operator": w.operator, "link": w.link, "rules": w.newRules, "flow": w.flow, "ended": w.ended,
		"exchange": w.exchange, "move": w.move, "gap": w.gap, "fund": w.fund, "rise": w.rise, "dry": w.dry, "delist": w.delist, "change": w.change, "play": w.play,
	}[verb]
	switch {
	case verb == "status":
		return w.status(), nil
	case verb == "refuse":
		return w.refuse(kv)
	case !ok:
		return "", fmt.Errorf("there is no command %q", verb)
	}
	if err := do(words, kv); err != nil {
		return "", err
	}
	if err := kv.empty(); err != nil {
		return "", err
	}
	return w.trace.take(), nil
}

// settings makes the strategy's settings: for a story the screen is three
// settlements long and the daily filters are off, unless it says otherwise.
func settings(kv args) (strategy.Settings, error) {
	e, err := strategy.Find(kv.take("strategy", "funding"), kv.take("preset", ""))
	if err != nil {
		return nil, err
	}
	s := e.New()
	table := s.Table()
	plain := map[string]string{"screenN": "3", "minAgeD": "0", "minVolumeUSDT": "0", "maxDailyVolFrac": "off", "reserveFrac": "0",
		"maxBarVolumeFrac": "off", "settleBlackoutS": "0", "slicesMaxN": "off", "topUpBelowFrac": "off", "riseTrimFrac": "off"}
	for k := range table {
		p := &table[k]
		v, said := kv[p.Name]
		if !said {
			v = plain[p.Name]
		}
		delete(kv, p.Name)
		if v == "" {
			continue
		}
		if err := p.Set(strings.ReplaceAll(v, "_", " ")); err != nil {
			return nil, err
		}
	}
	return s, s.Validate()
}

// refuse shows how settings that contradict each other are refused.
func (w *theatre) refuse(kv args) (string, error) {
	_, err := settings(kv)
	if err == nil {
		return "accepted\n", nil
	}
	return err.Error() + "\n", nil
}

// wire puts the loop together around a venue.
func (w *theatre) wire(s strategy.Settings, v risk.Venue) error {
	core, err := s.NewCore(w.pairs, hedge.Terms{SpotFeeFrac: 0.001, PerpFeeFrac: 0.0004, FeeInCoin: true})
	if err != nil {
		return err
	}
	desk, _ := core.(*hedge.Desk)
	w.trace = &trace{core: core, desk: desk, pairs: w.pairs, state: make([]hedge.State, len(w.pairs)), pool: "NORMAL"}
	books := book.New(w.pairs)
	w.run = &strategy.Run{Core: w.trace, Venue: v, Gate: risk.NewGate(w.pairs, risk.Limits{}), Book: books, Journal: w.trace,
		Recorder: strategy.NewRecorder(w.pairs, books)}
	return nil
}

func (w *theatre) pair(name string) (int, error) {
	for i := range w.pairs {
		if w.pairs[i].Coin == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no coin %q", name)
}

// makePairs lists coins and gives them rules: lots of 0.001, ticks of 0.01, at
// least 10 USDT on spot and 5 on the perpetual, maintenance 1 %.
func (w *theatre) makePairs(coins string) {
	for i, c := range strings.Split(coins, ",") {
		w.pairs = append(w.pairs, carry.Pair{Coin: c, SpotSymbol: c + "USDT", PerpSymbol: c + "USDT", Mult: 1, QtyDp: 3})
		f := carry.Filters{Tick: carry.Unit / 100, Step: 1, MinQty: 1}
		r := carry.Rules{Pair: int32(i), Legs: [2]carry.Filters{f, f}, LiquidationFeeFrac: 0.0125, Interest8h: carry.DefaultInterest8h,
			Brackets: []carry.Bracket{{Cap: math.Inf(1), MMR: 0.01, MaxLeverage: 50}}}
		r.Legs[carry.Spot].MinNotional, r.Legs[carry.Perp].MinNotional = 10*carry.Unit, 5*carry.Unit
		w.rules = append(w.rules, r)
	}
}

// status is what a person sees.
func (w *theatre) status() string {
	s := w.trace.desk.Status(w.trace.market)
	var b strings.Builder
	fmt.Fprintf(&b, "pool %s, used %.3f, short %.2f on %.2f, free %.2f, equity %.2f\n", s.Pool, s.Used, s.Notional, s.Margin, s.Free, s.Equity)
	for _, p := range s.Pairs {
		why := ""
		if p.Why != carry.OK {
			why = ", " + p.Why.String()
		}
		fmt.Fprintf(&b, "%s %s %.2f%s\n", p.Coin, p.State, p.Value, why)
	}
	for k, q := range s.Queue {
		if q.Skipped {
			fmt.Fprintf(&b, "queue: %s of %.2f cannot be traded\n", q.Coin, q.Value)
			continue
		}
		fmt.Fprintf(&b, "queue %d: %s rate %s premium %s value %.2f\n", k+1, q.Coin, number(q.Rate8h), number(q.ClosePremium), q.Value)
	}
	return b.String()
}

// script is a venue that answers when the story says so.
type script struct {
	now    carry.Time
	queue  []carry.Event
	way    []carry.Command
	timers []carry.Command
	ref    *refengine.Engine
	last   carry.Event
}

// Next implements risk.Venue.
func (s *script) Next(context.Context) (*carry.Event, error) {
	if len(s.queue) == 0 {
		return nil, risk.ErrWait
	}
	s.last = s.queue[0]
	s.queue = s.queue[1:]
	s.last.At = s.now
	if err := s.ref.Complete(&s.last); err != nil {
		return nil, err
	}
	return &s.last, nil
}

// Submit implements risk.Venue.
func (s *script) Submit(_ context.Context, a risk.Approved) error {
	switch c := a.Command(); c.Kind {
	case carry.CmdOrder, carry.CmdTransfer:
		s.way = append(s.way, c)
	case carry.CmdTimer:
		s.timers = append(s.timers, c)
	}
	return nil
}

// tell hands events to the loop at the present time.
func (w *theatre) tell(evs ...carry.Event) error {
	if w.script == nil {
		return errors.New("no scripted exchange: begin first")
	}
	w.script.queue = append(w.script.queue, evs...)
	_, err := w.run.Advance(context.Background())
	return err
}

// storyQuotes are bid and ask by leg and pair.
type storyQuotes struct{ bid, ask [2][]float64 }

func (q *storyQuotes) Bid(leg carry.Leg, i int) float64 { return q.bid[leg][i] }
func (q *storyQuotes) Ask(leg carry.Leg, i int) float64 { return q.ask[leg][i] }

// begin opens a scripted exchange: every coin at 100 USDT, predicted and mean
// rate 0.03 %, at 00:30 UTC.
func (w *theatre) begin(_ []string, kv args) error {
	*w = theatre{t: w.t}
	w.makePairs(kv.take("coins", "A"))
	spot, err := kv.number("spot", 10_000)
	if err != nil {
		return err
	}
	futures, err := kv.number("futures", 5_000)
	if err != nil {
		return err
	}
	mean, err := kv.number("mean", 0.0003)
	if err != nil {
		return err
	}
	at, err := carry.ParseTime(kv.take("at", "2021-05-19T00:30"))
	if err != nil {
		return err
	}
	s, err := settings(kv)
	if err != nil {
		return err
	}
	n := len(w.pairs)
	capital := carry.AmountFloor(spot) + carry.AmountFloor(futures)
	w.script = &script{now: at, ref: refengine.New(w.pairs, func(carry.Time) carry.Fees { return carry.Fees{SpotTaker: 0.001, PerpTaker: 0.0004} }, capital)}
	if err := w.wire(s, w.script); err != nil {
		return err
	}
	col := func(v float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = v
		}
		return out
	}
	w.quotes = storyQuotes{bid: [2][]float64{col(100), col(100)}, ask: [2][]float64{col(100), col(100)}}
	w.market = carry.Market{Pairs: w.pairs, Quotes: &w.quotes, SpotLast: col(100), PerpLast: col(100), Mark: col(100), SpotValue: col(1e9),
		PerpValue: col(1e9), SpotDay: col(1e9), PerpDay: col(1e9), Predicted: make([]carry.PredictedRate, n), IntervalH: col(8), Flags: make([]carry.Flags, n)}
	evs := []carry.Event{{Kind: carry.EvSnapshot, Pair: -1, Balance: carry.AmountFloor(spot), Balance2: carry.AmountFloor(futures)}}
	rates := carry.Event{Kind: carry.EvRates, Pair: -1}
	for i := range w.pairs {
		w.market.Predicted[i] = 0.0003
		w.market.Flags[i] = carry.Tradable | carry.FundingFresh | carry.Valued
		evs = append(evs, carry.Event{Kind: carry.EvRules, Pair: int32(i), Rules: &w.rules[i]})
		for k := range carry.Time(3) {
			rates.Rates = append(rates.Rates, carry.Settlement{At: at.Floor(8*carry.Hour) - (2-k)*8*carry.Hour, Pair: int32(i),
				Rate: carry.SettledRate(carry.RateTicks(mean)), IntervalH: 8})
		}
	}
	w.trace.muted = true
	if err := w.tell(append(evs, rates)...); err != nil {
		return err
	}
	w.trace.muted = false
	w.trace.out.WriteString("ok\n")
	return nil
}
