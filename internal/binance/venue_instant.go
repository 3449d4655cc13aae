package binance

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"

	"carry"
	"carry/internal/binance/wire"
)

// settleDelay is how long after a bar's end the cross-section waits for what is
// published with it, and patience how long it waits for a settlement's rows:
// nothing is decided meanwhile, but a run that gave up would be over.
const (
	settleDelay = 2 * carry.Second
	patience    = 5 * carry.Minute
)

// lateReads is how often settlements are asked for in lockstep until they count as
// missing.
const lateReads = 5

// ratesPatience is how long rates that are due are waited for. Without them coins
// are held to be without funding and are closed, which is dearer than a late hour.
const ratesPatience = 2 * carry.Minute

// settleDelay is settleDelay, and at a loopback exchange that runs fast at least the
// tenth of a second that streams need to come.
func (v *Venue) settleDelay() carry.Time {
	return max(settleDelay, carry.Time(v.o.Speed*float64(carry.Second)/10))
}

// cutIfDue cuts the cross-section that is due: what was settled, the rules and
// the market of one instant, in the order in which a simulation tells them.
func (v *Venue) cutIfDue(ctx context.Context, now carry.Time) error {
	m := &v.market
	at := m.cutAt
	if v.wantsInside() {
		c := m.inside()
		v.emit(carry.Event{Kind: carry.EvMarket, At: c.At, Pair: -1, Market: c})
		return nil
	}
	if at == 0 || v.o.Pace == nil && v.serverNow() < max(at+v.settleDelay(), m.askNext) {
		return nil
	}
	ready, err := v.readSettled(ctx, at)
	if v.o.Pace == nil {
		// The histories are dear to ask: ever more seldom.
		m.askNext = v.serverNow() + max(settleDelay, (v.serverNow()-at)/4)
	}
	// In lockstep time stands while one waits: what is late is asked for again.
	for tries := 1; err == nil && !ready && v.o.Pace != nil && tries < lateReads; tries++ {
		ready, err = v.readSettled(ctx, at)
	}
	if err != nil {
		return err
	}
	if !ready && v.o.Pace == nil && v.serverNow() < at+patience {
		return nil
	}
	if !ready {
		return fmt.Errorf("%w: the histories of rates and payments do not tell what was paid at %s", ErrForeign, at)
	}
	if err := v.hearLater(ctx, at); err != nil {
		return err
	}
	if err := v.readRules(ctx, at); err != nil {
		return err
	}
	if len(v.flights.list) == 0 && len(v.moves) == 0 && len(v.later) == 0 {
		if err := v.reconcile(ctx, at); err != nil {
			return err
		}
	}
	m.cutAt, m.done, m.askNext = 0, at, 0
	v.emit(carry.Event{Kind: carry.EvMarket, At: at, Pair: -1, Market: m.cross(at, v.o.Step)})
	return v.hearLater(ctx, math.MaxInt64)
}

// hearLater hears what happened to contracts after they were charged funding, up
// to a time. It waits until the payments are booked, which are on what was held
// before: a contract that is delisted at a settlement is paid for first.
func (v *Venue) hearLater(ctx context.Context, until carry.Time) error {
	for len(v.later) > 0 && v.later[0].At <= until {
		n := v.later[0]
		v.later = v.later[1:]
		if err := v.orderNews(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// readSettled asks for the rates settled since the last instant, tells what was
// paid on each pair and then all rates. It is not ready while the account's
// stream told of payments that the history does not have yet.
func (v *Venue) readSettled(ctx context.Context, at carry.Time) (ready bool, err error) {
	m := &v.market
	if m.settled, err = v.settledBetween(ctx, m.asked, at); err != nil {
		return false, err
	}
	// What was paid is asked for whatever the account's stream told of it: its
	// events may have been lost.
	var paid []wire.Income
	if v.feesPaid > 0 || v.awaitsPayment(nil) {
		if paid, err = v.fundingIncome(ctx, m.asked); err != nil {
			return false, err
		}
		if len(paid) < v.feesPaid || v.awaitsPayment(paid) || v.unrated(paid, at) {
			return false, nil
		}
	} else if v.awaitsRates(at) {
		return false, nil
	}
	m.asked = at
	if len(m.settled) > 0 {
		v.tellSettled(at, paid)
	}
	v.payments()
	return true, nil
}

// settledBetween are the rates settled after a time and up to another, by time and
// pair.
func (v *Venue) settledBetween(ctx context.Context, after, until carry.Time) ([]carry.Settlement, error) {
	rows, err := v.fundingSince(ctx, after)
	if err != nil {
		return nil, err
	}
	var out []carry.Settlement
	for _, r := range rows {
		slot := r.At.Slot()
		if i, ok := v.symbols[wire.Futures][r.Symbol]; ok && slot > after && slot <= until && !r.Special {
			s := carry.Settlement{At: slot, Pair: i, Rate: r.Rate, IntervalH: 8}
			if r.Mark == r.Mark {
				s.Mark = carry.PriceFromFloat(r.Mark)
			}
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b carry.Settlement) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Pair, b.Pair))
	})
	return out, nil
}

// awaitsPayment tells whether a settled rate on something held has no payment
// among these. A rate of nothing may be paid without a line.
func (v *Venue) awaitsPayment(paid []wire.Income) bool {
	for k := range v.market.settled {
		s := &v.market.settled[k]
		if s.Rate != 0 && v.mirror.ours.qty[s.Pair] != 0 && v.paymentOf(s, paid) == nil {
			return true
		}
	}
	return false
}

// unrated tells whether something was paid of which no rate is told yet.
func (v *Venue) unrated(paid []wire.Income, at carry.Time) bool {
	for k := range paid {
		i, ok := v.symbols[wire.Futures][paid[k].Symbol]
		if slot := paid[k].At.Slot(); ok && slot <= at && !slices.ContainsFunc(v.market.settled, func(s carry.Settlement) bool { return s.Pair == i && s.At == slot }) {
			return true
		}
	}
	return false
}

// awaitsRates tells whether rates are due by the schedule and none has come. They
// are waited for a few times: that a contract is settled less often from now on, or
// not at all, looks the same.
func (v *Venue) awaitsRates(at carry.Time) bool {
	m := &v.market
	if len(m.settled) > 0 || m.waited == at {
		return false
	}
	for i := range v.o.Pairs {
		if m.nextSlot[i] == at && m.trading[carry.Perp][i] {
			m.looked++
			if v.o.Pace != nil && m.looked >= lateReads-1 || v.o.Pace == nil && v.serverNow() >= at+ratesPatience {
				m.waited, m.looked = at, 0
			}
			return true
		}
	}
	return false
}

// paymentOf is the income line of a settlement; nil where there is none.
func (v *Venue) paymentOf(s *carry.Settlement, paid []wire.Income) *wire.Income {
	for k := range paid {
		if in := &paid[k]; in.Symbol == v.o.Pairs[s.Pair].PerpSymbol && in.At.Slot() == s.At {
			return in
		}
	}
	return nil
}

// tellSettled tells payments and rates, and when the next ones are due.
func (v *Venue) tellSettled(at carry.Time, paid []wire.Income) {
	m := &v.market
	for k := range m.settled {
		s := &m.settled[k]
		m.noteInterval(s)
		q := v.mirror.ours.qty[s.Pair]
		if q == 0 {
			continue
		}
		amount, number := carry.Amount(0), int64(0)
		if in := v.paymentOf(s, paid); in != nil {
			amount, number = in.Amount, in.TranID
		}
		if v.paid[number] {
			continue // told before a crash, its rate was not
		}
		v.emit(carry.Event{Kind: carry.EvPaid, At: s.At, Pair: s.Pair, Leg: carry.Perp, Wallet: carry.PerpWallet, Qty: max(q, -q), Rate: s.Rate,
			Price: s.Mark, Amount: amount, Number: number})
	}
	clear(v.paid)
	v.payments()
	v.emit(carry.Event{Kind: carry.EvRates, At: at, Pair: -1, Rates: m.settled})
}

// payments forgets what the stream told of payments: they are booked.
func (v *Venue) payments() {
	v.feesPaid = 0
	clear(v.feesSeen)
}

// unpaid tells whether contracts were charged funding that is not booked yet. What
// happened to them afterwards is told afterwards.
func (v *Venue) unpaid(m wire.Market) bool { return m == wire.Futures && v.feesPaid > 0 }

// awaits tells whether a contract's news come after a settlement that was not asked
// for yet, whether the stream told of its payment or lost it.
func (v *Venue) awaits(n *wire.OrderNews) bool {
	i, ok := v.symbols[n.Market][n.Symbol]
	if !ok || n.Market != wire.Futures || v.mirror.ours.qty[i] == 0 {
		return false
	}
	slot := v.market.nextSlot[i]
	return slot > v.market.asked && n.At >= slot
}

// noteInterval takes a settlement's interval from the spacing to the one before,
// where that is a whole number of hours up to eight, else eight hours.
func (m *marketState) noteInterval(s *carry.Settlement) {
	i := s.Pair
	before := m.nextSlot[i] - carry.Time(m.interval[i]*float64(carry.Hour))
	if spacing := s.At - before; m.nextSlot[i] != 0 && spacing > 0 && spacing <= 8*carry.Hour && spacing%carry.Hour == 0 {
		s.IntervalH = float64(spacing / carry.Hour)
	}
	m.interval[i] = s.IntervalH
	m.nextSlot[i] = s.At + carry.Time(float64(s.IntervalH*float64(carry.Hour)))
}

// fundingSince asks for all symbols' settlements after a time.
func (v *Venue) fundingSince(ctx context.Context, after carry.Time) ([]wire.FundingRate, error) {
	return pages(after+carry.Minute, func(from carry.Time) (rows []wire.FundingRate, err error) {
		q := url.Values{"startTime": {ms(from)}, "limit": {strconv.Itoa(pageRows)}}
		r := &request{host: hostFutures, path: "/fapi/v1/fundingRate", query: q.Encode(), weight: 1, limiter: v.c.bucket, bodyMax: restBodyMax}
		err = v.c.get(ctx, r, func(body []byte) (err error) {
			if err := notAnError(r, body); err != nil {
				return err
			}
			rows, err = wire.DecodeFundingRates(nil, body)
			return err
		})
		return rows, err
	}, func(r *wire.FundingRate) (carry.Time, string) { return r.At, r.Symbol + ms(r.At) })
}

// fundingIncome reads what was paid since a time.
func (v *Venue) fundingIncome(ctx context.Context, after carry.Time) ([]wire.Income, error) {
	return pages(after+carry.Minute, func(from carry.Time) (rows []wire.Income, err error) {
		q := url.Values{"incomeType": {"FUNDING_FEE"}, "startTime": {ms(from)}, "limit": {strconv.Itoa(pageRows)}}
		r := v.c.signed(hostFutures, "/fapi/v1/income", q.Encode(), 30)
		err = v.c.get(ctx, r, func(body []byte) (err error) {
			if err := notAnError(r, body); err != nil {
				return err
			}
			rows, err = wire.DecodeIncome(body)
			return err
		})
		return rows, err
	}, func(in *wire.Income) (carry.Time, string) { return in.At, in.Symbol + ms(carry.Time(in.TranID)) })
}

// pageRows is how many rows one answer of such a history holds at most.
const pageRows = 1000

// pages reads rows from a time on, page by page. Several rows may be of one time,
// so a page begins at the last row's; key tells rows apart.
func pages[T any](from carry.Time, read func(from carry.Time) ([]T, error), key func(*T) (carry.Time, string)) (out []T, err error) {
	seen := map[string]bool{}
	for {
		rows, err := read(from)
		if err != nil {
			return nil, err
		}
		fresh := false
		for k := range rows {
			at, name := key(&rows[k])
			from = max(from, at)
			if !seen[name] {
				seen[name], fresh = true, true
				out = append(out, rows[k])
			}
		}
		if len(rows) < pageRows || !fresh {
			return out, nil
		}
	}
}

// readRules asks for the rules of all symbols and whether they trade; what
// changed is told.
func (v *Venue) readRules(ctx context.Context, at carry.Time) error {
	var found [2]map[string]wire.SymbolRules
	for _, market := range [...]wire.Market{wire.Spot, wire.Futures} {
		_, raw, _, err := v.c.ExchangeInfo(ctx, market)
		if err != nil {
			return err
		}
		if found[market], err = wire.DecodeRules(raw, market); err != nil {
			return err
		}
	}
	var ladders []wire.Ladder
	if v.c.HasKeys() { // brackets are told to customers only
		var err error
		if ladders, _, err = v.c.Brackets(ctx); err != nil {
			return err
		}
	}
	bySymbol := map[string][]carry.Bracket{}
	for _, l := range ladders {
		bySymbol[l.Symbol] = l.Brackets
	}
	for i := range v.o.Pairs {
		p := &v.o.Pairs[i]
		spot, ok1 := found[wire.Spot][p.SpotSymbol]
		perp, ok2 := found[wire.Futures][p.PerpSymbol]
		v.market.trading[carry.Spot][i], v.market.trading[carry.Perp][i] = ok1 && spot.Status == "TRADING", ok2 && perp.Status == "TRADING"
		if !ok1 || !ok2 {
			continue // not listed (any more): nothing can be ordered
		}
		r, err := rulesOf(int32(i), p, &spot, &perp, bySymbol[p.PerpSymbol])
		if err != nil {
			return err
		}
		if old := v.market.rules[i]; old != nil && sameRules(old, r) {
			continue
		}
		r.From, r.Recorded = at, at
		v.market.rules[i] = r
		v.emit(carry.Event{Kind: carry.EvRules, At: at, Pair: int32(i), Rules: r})
	}
	return nil
}

// rulesOf makes a pair's rules from what both markets publish.
func rulesOf(i int32, p *carry.Pair, spot, perp *wire.SymbolRules, ladder []carry.Bracket) (*carry.Rules, error) {
	r := &carry.Rules{Pair: i, LiquidationFeeFrac: perp.LiquidationFee, Interest8h: carry.DefaultInterest8h, Brackets: slices.Clone(ladder)}
	if n := len(r.Brackets); n > 0 {
		// What has grown beyond the last bracket is still margined at its rate.
		r.Brackets[n-1].Cap = math.Inf(1)
	}
	for leg, s := range [...]*wire.SymbolRules{spot, perp} {
		f := &r.Legs[leg]
		f.Tick, f.MinNotional, f.PercentUp, f.PercentDown = carry.Price(s.Tick), carry.Amount(s.MinNotional), s.PercentUp, s.PercentDown
		f.MaxNotional, f.MinPrice, f.MaxPrice = carry.Amount(s.MaxNotional), carry.Price(s.MinPrice), carry.Price(s.MaxPrice)
		f.MarketSmall, f.MarketLarge = s.MarketSmall, s.MarketLarge
		for _, q := range [...]struct {
			to   *carry.Qty
			text string
			up   bool
		}{{&f.Step, s.Step, true}, {&f.MinQty, s.MinQty, true}, {&f.MaxQty, s.MaxQty, false}, {&f.MarketStep, s.MarketStep, true}, {&f.MarketMax, s.MarketMax, false}} {
			var err error
			if *q.to, err = wire.Quanta(q.text, p.QtyDp, q.up); err != nil {
				return nil, fmt.Errorf("rules of %s: %w", s.Symbol, err)
			}
		}
	}
	return r, nil
}

// sameRules compares what a core can feel.
func sameRules(a, b *carry.Rules) bool {
	return a.Legs == b.Legs && slices.Equal(a.Brackets, b.Brackets) && a.LiquidationFeeFrac == b.LiquidationFeeFrac && a.Interest8h == b.Interest8h
}
