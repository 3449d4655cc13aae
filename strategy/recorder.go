package strategy

import (
	"fmt"
	"math"

	"carry"
	"carry/internal/book"
)

// maxHappenings bounds the list that travels with a result; the rest is
// counted and said.
const maxHappenings = 4000

// Recorder turns a run's events into its Result. It reads the book and never
// influences a decision.
type Recorder struct {
	pairs []carry.Pair
	book  *book.Book
	rules []*carry.Rules

	res     carry.Result
	codes   map[carry.Code]int
	pairRec []pairRecord
	held    []holding // what is owned, in pair order
	years   []yearMark
	started bool
	peak    float64
	peakAt  carry.Time
	last    carry.Time
	// lastSpot and lastMark are the prices of the last cross-section, for trips
	// that end between two.
	lastSpot, lastMark []float64
	openSum            int
	// scale turns the account's value into what the opening capital became; flowed
	// is what moved since the last sample, USDT.
	scale, flowed float64
	unlisted      int
}

// pairRecord collects one pair's share of the run.
type pairRecord struct {
	trip      tripRecord
	fills     int
	trips     int
	heldHours float64
	maxValue  float64
	rateSum   float64 // settled while held, per settlement
	rateHours float64 // that these settlements cover
	flying    int     // orders on their way
	openCode  carry.Code
	closeCode carry.Code
	// cutCode and cutAt are of the last slice that took something away.
	cutCode carry.Code
	cutAt   carry.Time
}

// NewRecorder returns a recorder for a run on these books.
func NewRecorder(pairs []carry.Pair, b *book.Book) *Recorder {
	n := len(pairs)
	r := &Recorder{pairs: pairs, book: b, rules: make([]*carry.Rules, n), pairRec: make([]pairRecord, n),
		codes: make(map[carry.Code]int), lastSpot: make([]float64, n), lastMark: make([]float64, n)}
	r.res.Extremes.NearestLiquidation, r.scale = math.Inf(1), 1
	return r
}

// Expect makes room for a run of n instants.
func (r *Recorder) Expect(n int) {
	c := &r.res.Curve
	for _, s := range [...]*[]float64{&c.Equity, &c.Leverage, &c.Notional, &c.LiquidationUp} {
		*s = make([]float64, 0, n)
	}
}

// Event records what happened, after the books took it over.
func (r *Recorder) Event(ev *carry.Event) error {
	r.res.Counts.Events++
	switch ev.Kind {
	case carry.EvMarket:
		return r.market(ev)
	case carry.EvRules:
		r.rules[ev.Pair] = ev.Rules
		r.changed(ev.Pair)
	case carry.EvPaid:
		r.res.Counts.Postings++
		r.pairRec[ev.Pair].trip.settlements++
	case carry.EvRates:
		r.settled(ev)
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		r.landed(ev)
		r.changed(ev.Pair)
		return r.fill(ev)
	case carry.EvCanceled:
		r.landed(ev)
	case carry.EvReject:
		r.res.Counts.Rejects++
		r.landed(ev)
		r.happen(ev.At, ev.Pair, ev.Code, fmt.Sprintf("%s %s refused", ev.Leg, ev.Side), [3]float64{})
	case carry.EvTransferred:
		r.transferred(ev)
	case carry.EvFlow:
		r.flow(ev)
	}
	return nil
}

// settled adds the rates of what is held. They are told before anything else
// happens at their instant, so the account is still that of the settlement.
func (r *Recorder) settled(ev *carry.Event) {
	for k := range ev.Rates {
		s := &ev.Rates[k]
		if ev.Account.PerpQty[s.Pair] != 0 {
			p := &r.pairRec[s.Pair]
			p.rateSum += s.Rate.Float()
			p.rateHours += s.IntervalH
		}
	}
}

// landed takes note of an order's outcome.
func (r *Recorder) landed(ev *carry.Event) {
	if ev.Pair < 0 || ev.Order == 0 || ev.Left > 0 || ev.Code == carry.CodeUnknownOrder {
		return // no order of ours, or not the last of it
	}
	if p := &r.pairRec[ev.Pair]; p.flying > 0 {
		p.flying--
		r.changed(ev.Pair)
	}
}

func (r *Recorder) transferred(ev *carry.Event) {
	if i := ev.Asset.Pair(); i >= 0 {
		r.changed(int32(i))
	}
	if ev.Code != carry.OK {
		r.happen(ev.At, -1, ev.Code, fmt.Sprintf("transfer of %.2f USDT from %s refused", ev.Amount.Float(), ev.Wallet), [3]float64{})
		return
	}
	r.res.Counts.Transfers++
	r.happen(ev.At, -1, carry.CodeRebalance, fmt.Sprintf("%.2f USDT from %s to %s", ev.Amount.Float(), ev.Wallet, 1-ev.Wallet),
		[3]float64{ev.Amount.Float(), ev.Balance.Float(), ev.Balance2.Float()})
}

// Command records a decision; code is the gate's answer.
func (r *Recorder) Command(at carry.Time, c *carry.Command, code carry.Code) {
	r.res.Counts.Commands++
	if code != carry.OK {
		r.res.Counts.Refused++
	}
	switch c.Kind {
	case carry.CmdNote:
		r.happen(at, c.Pair, c.Code, "", c.X)
	case carry.CmdOrder:
		r.res.Counts.Orders++
		if code == carry.OK {
			r.pairRec[c.Pair].flying++
			r.changed(c.Pair)
		}
		r.ordered(at, c)
	}
}

// ordered notes the reason of an order once per pair and instant.
func (r *Recorder) ordered(at carry.Time, c *carry.Command) {
	p := &r.pairRec[c.Pair]
	opens := (c.Leg == carry.Perp) == (c.Side == carry.Sell)
	if opens {
		if p.openCode == carry.OK {
			p.openCode = c.Code
		}
		return
	}
	p.closeCode = c.Code
	if c.Leg == carry.Perp || c.Code == carry.CodeRepair {
		if !p.slices(at, c.Code) {
			return
		}
		if c.Code == carry.CodeReduceLeverage || c.Code == carry.CodeEmergency || c.Code == carry.CodeTrimRise {
			r.res.Counts.Reductions++
		}
		r.happen(at, c.Pair, c.Code, "", c.X)
	}
}

// sliceGap is the longest pause within one reduction or closing: what follows
// later is another one.
const sliceGap = 15 * carry.Minute

// slices notes a slice and tells whether it is the first of its kind.
func (p *pairRecord) slices(at carry.Time, code carry.Code) bool {
	first := code != p.cutCode || at-p.cutAt > sliceGap
	p.cutCode, p.cutAt = code, at
	return first
}

func (r *Recorder) happen(at carry.Time, pair int32, code carry.Code, text string, x [3]float64) {
	if len(r.res.Happenings) >= maxHappenings {
		r.unlisted++
		return
	}
	coin := ""
	if pair >= 0 {
		coin = r.pairs[pair].Coin
	}
	r.res.Happenings = append(r.res.Happenings, carry.Happening{At: at, Coin: coin, Code: code.String(), Text: text, X: x})
}

// market values the account at an instant.
func (r *Recorder) market(ev *carry.Event) error {
	m, a := ev.Market, ev.Account
	copy(r.lastSpot, m.SpotLast)
	copy(r.lastMark, m.Mark)
	// Hours that a session missed are samples, but it did not live them.
	if m.WarmUp && !r.started || m.Within {
		return nil
	}
	s := r.sample(m, a)
	if !r.started {
		r.begin(m, s.equity)
	}
	c := &r.res.Curve
	if r.flowed != 0 {
		r.chain(s.equity)
	}
	if r.res.Flows != nil {
		c.Account = append(c.Account, s.equity)
		s.equity *= r.scale
	}
	c.Equity = append(c.Equity, s.equity)
	c.Leverage = append(c.Leverage, s.used)
	c.Notional = append(c.Notional, s.notional)
	c.LiquidationUp = append(c.LiquidationUp, s.distance)
	if !m.WarmUp {
		r.res.Counts.Instants++
		r.openSum += s.open
	}
	r.extremes(m.At, &s)
	r.last = m.At
	if m.At%carry.Day != 0 {
		return nil
	}
	if y := m.At.Year(); y != r.years[len(r.years)-1].year && m.At > r.res.From {
		if err := r.checkBooks(m); err != nil {
			return err
		}
		r.years = append(r.years, r.mark(m.At, s.equity))
		return nil
	}
	if m.At%carry.Week != 0 {
		return nil
	}
	return r.checkBooks(m)
}

// chain ends a stretch of the return at a flow: what was earned before it counts
// on what was there before it. A flow between two samples counts from the second.
func (r *Recorder) chain(equity float64) {
	c := &r.res.Curve
	if c.Account == nil {
		c.Account = append(make([]float64, 0, cap(c.Equity)), c.Equity...)
	}
	r.scale *= (equity - r.flowed) / equity
	r.flowed = 0
}

func (r *Recorder) flow(ev *carry.Event) {
	if !r.started {
		return // opening balances
	}
	x := ev.Amount.Float()
	r.flowed += x
	r.res.Flows = append(r.res.Flows, carry.FlowRow{At: ev.At, Amount: x})
	r.happen(ev.At, -1, carry.CodeFlow, fmt.Sprintf("%.2f USDT on %s", x, ev.Wallet), [3]float64{x, ev.Balance.Float(), 0})
}

// Adjust notes what the owner wants added to the profit that is shown.
func (r *Recorder) Adjust(usdt float64, note string) {
	if usdt != 0 {
		r.res.Adjust = &carry.FlowRow{Amount: usdt, Note: note}
	}
}

func (r *Recorder) begin(m *carry.Market, equity float64) {
	r.started = true
	r.res.From, r.res.Capital = m.At, equity
	r.res.Curve.Start = m.At
	r.peak, r.peakAt = equity, m.At
	for k := range r.held {
		r.held[k].since = m.At
	}
	r.years = append(r.years, r.mark(m.At, equity))
}

func (r *Recorder) extremes(at carry.Time, s *sampled) {
	x := &r.res.Extremes
	if s.equity > r.peak {
		r.peak, r.peakAt = s.equity, at
	}
	if dd := s.equity/r.peak - 1; dd < x.MaxDrawdown {
		x.MaxDrawdown, x.MaxDrawdownAt, x.PeakAt = dd, at, r.peakAt
	}
	if s.distance < x.NearestLiquidation {
		x.NearestLiquidation, x.NearestLiquidationAt = s.distance, at
	}
	if s.used > x.MaxLeverage {
		x.MaxLeverage, x.MaxLeverageAt = s.used, at
	}
	if s.gap > x.MaxGapFrac {
		x.MaxGapFrac = s.gap
	}
	y := &r.years[len(r.years)-1]
	if s.equity > y.peak {
		y.peak = s.equity
	}
	if dd := s.equity/y.peak - 1; dd < y.worst {
		y.worst = dd
	}
}

// checkBooks demands that the attribution explains the change of equity to the
// last of 1e-16 USDT. What is wrong once stays wrong, so once a week and at the
// end finds everything; every event's balances are compared anyhow.
func (r *Recorder) checkBooks(m *carry.Market) error {
	if err := r.book.Mark(m); err != nil {
		return err
	}
	spot, mark := r.book.Marks()
	residual, err := r.book.Residual(spot, mark)
	if err != nil {
		return err
	}
	if residual.Sign() != 0 {
		return fmt.Errorf("%w: %s: %s USDT are not explained", book.ErrBooks, m.At, residual.Decimal(16))
	}
	return nil
}
