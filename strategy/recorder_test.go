package strategy

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/refengine"
)

// tale tells a recorder a life of two coins, event by event; amounts and
// balances come from the reference engine.
type tale struct {
	t      *testing.T
	pairs  []carry.Pair
	book   *book.Book
	ref    *refengine.Engine
	rec    *Recorder
	market carry.Market
	at     carry.Time
	order  carry.OrderID
}

func moment(t *testing.T, s string) carry.Time {
	t.Helper()
	at, err := carry.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// newTale opens with 10,000 USDT, half in each wallet, at 100 USDT a coin.
func newTale(t *testing.T, from string) *tale {
	s := &tale{t: t, at: moment(t, from), pairs: []carry.Pair{{Coin: "A", Mult: 1, QtyDp: 2}, {Coin: "B", Mult: 1000, QtyDp: 2}}}
	s.book = book.New(s.pairs)
	s.ref = refengine.New(s.pairs, func(carry.Time) carry.Fees { return carry.Fees{SpotTaker: 0.001, PerpTaker: 0.0005} }, 10_000*carry.Unit)
	s.rec = NewRecorder(s.pairs, s.book)
	s.market = carry.Market{SpotLast: []float64{100, 0.1}, Mark: []float64{100, 100}}
	s.tell(carry.Event{Kind: carry.EvSnapshot, Pair: -1, Balance: 5_000 * carry.Unit, Balance2: 5_000 * carry.Unit})
	f := carry.Filters{Tick: carry.Unit / 100, Step: 1, MinQty: 1, MinNotional: 5 * carry.Unit}
	for i := range s.pairs {
		s.tell(carry.Event{Kind: carry.EvRules, Pair: int32(i), Rules: &carry.Rules{Pair: int32(i), Legs: [2]carry.Filters{f, f}, LiquidationFeeFrac: 0.01}})
	}
	s.instant(0)
	return s
}

func (s *tale) tell(ev carry.Event) {
	s.t.Helper()
	ev.At = s.at
	if err := s.ref.Complete(&ev); err != nil {
		s.t.Fatal(err)
	}
	ev.Account = s.book.Account()
	if err := s.book.Apply(&ev); err != nil {
		s.t.Fatal(err)
	}
	if err := s.rec.Event(&ev); err != nil {
		s.t.Fatal(err)
	}
}

// instant lets some time pass and shows the market.
func (s *tale) instant(after carry.Time) {
	s.t.Helper()
	s.at = (s.at + after).Floor(30 * carry.Minute)
	m := s.market
	m.At = s.at
	s.tell(carry.Event{Kind: carry.EvMarket, Pair: -1, Market: &m})
}

// hours passes some at these prices of coin A.
func (s *tale) hours(n int, spot, mark float64) {
	s.t.Helper()
	s.market.SpotLast[0], s.market.Mark[0] = spot, mark
	for range n {
		s.instant(carry.Hour)
	}
}

// ask records an order of q quanta for a reason, and lets it fill half a second
// later at a price, unless that is 0.
func (s *tale) ask(pair int32, leg carry.Leg, side carry.Side, q carry.Qty, price float64, code carry.Code) {
	s.t.Helper()
	s.order++
	ref := carry.PriceFromFloat(s.market.SpotLast[pair])
	if leg == carry.Perp {
		ref = carry.PriceFromFloat(s.market.Mark[pair])
	}
	c := carry.Command{Kind: carry.CmdOrder, Pair: pair, Leg: leg, Side: side, Qty: q, Order: s.order, Ref: ref, Code: code}
	s.rec.Command(s.at, &c, carry.OK)
	s.at += 500
	ev := carry.Event{Kind: carry.EvFill, Pair: pair, Leg: leg, Side: side, Qty: q, Order: s.order, Ref: ref, Price: carry.PriceFromFloat(price)}
	if price == 0 {
		ev.Kind, ev.Code = carry.EvReject, carry.CodeHalted
	}
	s.tell(ev)
	s.at -= 500
}

// settle pays a rate, in percent, at mark 100 for an interval.
func (s *tale) settle(pair int32, percent, hours float64) {
	s.t.Helper()
	rate := carry.SettledRate(carry.RateTicks(percent / 100))
	if q := s.book.Account().PerpQty[pair]; q != 0 {
		s.tell(carry.Event{Kind: carry.EvPaid, Pair: pair, Leg: carry.Perp, Wallet: carry.PerpWallet, Qty: -q, Rate: rate, Price: 100 * carry.Unit})
	}
	s.tell(carry.Event{Kind: carry.EvRates, Pair: -1, Rates: []carry.Settlement{{At: s.at, Pair: pair, Rate: rate, IntervalH: hours}}})
}

func (s *tale) finish() *carry.Result {
	s.t.Helper()
	m := s.market
	m.At = s.at
	res, err := s.rec.Finish(&m)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.HasPrefix(res.Residual, "0.") || strings.Trim(res.Residual, "0.") != "" {
		s.t.Errorf("the residual is %s", res.Residual)
	}
	return res
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// A coin's trip lasts from flat to flat: what it sold and bought for, what it
// was paid, what it cost and why it began and ended.
func TestTripsGoFromFlatToFlat(t *testing.T) {
	s := newTale(t, "2021-05-19")
	s.hours(1, 100, 100)
	s.ask(0, carry.Perp, carry.Sell, 1000, 101, carry.CodeOpen) // 10 coins
	s.ask(0, carry.Spot, carry.Buy, 1010, 100, carry.CodeOpen)  // 10.0899 after the fee
	s.hours(3, 100, 100)
	s.settle(0, 0.10, 4)
	s.hours(4, 110, 110)
	s.settle(0, -0.02, 4)
	opened := moment(t, "2021-05-19T01:00:00.500Z")
	s.ask(0, carry.Perp, carry.Buy, 1000, 110, carry.CodeCloseRate)
	s.ask(0, carry.Spot, carry.Sell, 1008, 110.2, carry.CodeCloseRate)
	closed := s.at + 500
	s.hours(2, 110, 110)
	s.ask(0, carry.Perp, carry.Sell, 500, 110, carry.CodeOpen)
	s.hours(1, 110, 110)
	res := s.finish()

	if len(res.Trips) != 2 {
		t.Fatalf("%d trips: %+v", len(res.Trips), res.Trips)
	}
	a, b := res.Trips[0], res.Trips[1]
	if a.Coin != "A" || a.OpenAt != opened || a.CloseAt != closed || a.Open || a.OpenCode != "open" || a.CloseCode != "close-rate" || a.Settlements != 2 {
		t.Errorf("the first trip is %+v", a)
	}
	near(t, "entry premium", a.EntryPremium, 0.01)
	near(t, "exit premium", a.ExitPremium, 110/110.2-1)
	near(t, "largest notional", a.MaxNotional, 1100)
	near(t, "funding received", a.Attribution.FundingReceived, 1)
	near(t, "funding paid", a.Attribution.FundingPaid, -0.2)
	near(t, "perpetual's fees", a.Attribution.PerpFees, -(1010+1100)*0.0005)
	near(t, "spot's fees", a.Attribution.SpotFees, -(1010*0.001)-10.08*110.2*0.001)
	// Against the mid at each decision: 101 for 100, 110.2 for 110; none the other times.
	near(t, "slippage", a.Attribution.Slippage, 10*1+10.08*0.2)
	if !b.Open || b.OpenAt != closed+2*carry.Hour || b.CloseAt != res.To || b.CloseCode != "ok" || !math.IsNaN(b.EntryPremium) || !math.IsNaN(b.ExitPremium) {
		t.Errorf("the second trip is %+v", b)
	}
	near(t, "the second trip's fees", b.Attribution.PerpFees, -550*0.0005)

	c := res.Coins[0]
	if len(res.Coins) != 1 || c.Trips != 2 || c.Fills != 5 {
		t.Errorf("coins: %+v", res.Coins)
	}
	near(t, "hours held", c.HeldHours, 8)
	// 0.10 % and −0.02 % for four hours each.
	near(t, "mean rate per 8 h", c.MeanRate8h, 0.0008)
	n := res.Counts
	if n.Postings != 2 || n.Orders != 5 || n.Fills != 5 || n.Rejects != 0 || n.Commands != 5 || n.Instants != 12 {
		t.Errorf("counts: %+v", n)
	}
	near(t, "traded", n.TradedUSDT, 1010+1010+1100+10.08*110.2+550)
	near(t, "mean open pairs", n.MeanOpen, 8.0/12)
}

// Bars need not be hours: half-hourly instants hold half an hour each.
func TestHoldingTimeIsThatOfTheClock(t *testing.T) {
	s := newTale(t, "2021-05-19")
	s.instant(30 * carry.Minute)
	s.ask(0, carry.Perp, carry.Sell, 1000, 100, carry.CodeOpen)
	s.ask(0, carry.Spot, carry.Buy, 1001, 100, carry.CodeOpen)
	for range 6 {
		s.instant(30 * carry.Minute)
	}
	res := s.finish()
	near(t, "hours held", res.Coins[0].HeldHours, 3)
	if res.Curve.Step != 30*carry.Minute || res.Curve.At(len(res.Curve.Equity)-1) != res.To {
		t.Errorf("the curve's step is %d ms", res.Curve.Step)
	}
}

// Years, or the parts of them that the run covers, add up to the whole, and
// their returns chain to the total.
func TestYearsAddUp(t *testing.T) {
	s := newTale(t, "2020-12-30")
	s.ask(0, carry.Perp, carry.Sell, 1000, 100, carry.CodeOpen)
	s.ask(0, carry.Spot, carry.Buy, 1001, 100, carry.CodeOpen)
	for k := range 24 * 400 {
		price := 100 + 20*math.Sin(float64(k)/50)
		s.hours(1, price, math.Floor(price*110)/110)
		if s.at%(8*carry.Hour) == 0 {
			s.settle(0, 0.01*float64(k%5-1), 8)
		}
	}
	s.hours(1, 100, 100)
	res := s.finish()
	if len(res.Years) != 3 || res.Years[0].Year != 2020 || res.Years[2].Year != 2022 {
		t.Fatalf("years: %+v", res.Years)
	}
	sum, chain, worst := carry.Attribution{}, 1.0, 0.0
	last := res.From
	for k, y := range res.Years {
		if y.From != last || (k > 0 && y.From != moment(t, fmt.Sprint(y.Year))) {
			t.Errorf("%d begins %s, the year before ended %s", y.Year, y.From, last)
		}
		last = y.To
		sum.FundingReceived += y.Attribution.FundingReceived
		sum.FundingPaid += y.Attribution.FundingPaid
		sum.Basis += y.Attribution.Basis
		sum.SpotFees += y.Attribution.SpotFees
		sum.PerpFees += y.Attribution.PerpFees
		sum.Total += y.Attribution.Total
		chain *= 1 + y.Return
		worst = min(worst, y.MaxDrawdown)
		near(t, fmt.Sprintf("funding of %d by coin", y.Year), res.Coins[0].FundingByYear[k], y.Attribution.FundingReceived+y.Attribution.FundingPaid)
	}
	if last != res.To {
		t.Errorf("the last year ends %s, the run %s", last, res.To)
	}
	a := res.Attribution
	for name, pair := range map[string][2]float64{"funding received": {sum.FundingReceived, a.FundingReceived}, "funding paid": {sum.FundingPaid, a.FundingPaid},
		"basis": {sum.Basis, a.Basis}, "spot fees": {sum.SpotFees, a.SpotFees}, "fees": {sum.PerpFees, a.PerpFees}, "total": {sum.Total, a.Total}} {
		near(t, name+" over the years", pair[0], pair[1])
	}
	near(t, "chained return", chain, res.Final/res.Capital)
	near(t, "total", a.Total, res.Final-res.Capital)
	if worst < res.Extremes.MaxDrawdown-1e-12 || res.Extremes.MaxDrawdown >= 0 {
		t.Errorf("a year's drawdown %v is worse than the run's %v", worst, res.Extremes.MaxDrawdown)
	}
}

// A run that ends at midnight on New Year has no empty year behind it.
func TestNoEmptyYear(t *testing.T) {
	s := newTale(t, "2020-12-31")
	s.ask(0, carry.Perp, carry.Sell, 1000, 100, carry.CodeOpen)
	s.hours(24, 100, 100)
	res := s.finish()
	if len(res.Years) != 1 || res.Years[0].Year != 2020 || res.Years[0].To != moment(t, "2021") || len(res.Coins[0].FundingByYear) != 1 {
		t.Errorf("years: %+v, coins: %+v", res.Years, res.Coins)
	}
}

// Drawdown, used leverage and the distance to liquidation are those of the
// worst instants, and the gap between the legs counts only at rest.
func TestExtremes(t *testing.T) {
	s := newTale(t, "2021-05-19")
	s.hours(1, 100, 100)
	s.ask(0, carry.Perp, carry.Sell, 4000, 100, carry.CodeOpen) // 4000 USDT on 5000 of margin
	s.ask(0, carry.Spot, carry.Buy, 4005, 100, carry.CodeOpen)  // leaves 40.00995
	s.hours(1, 100, 100)
	s.hours(1, 140, 150) // the premium costs 40 × 10
	s.hours(1, 100, 100)
	s.ask(0, carry.Spot, carry.Sell, 1000, 100, carry.CodeTrimRise)
	s.ask(0, carry.Perp, carry.Buy, 1000, 0, carry.CodeTrimRise) // the other leg is halted
	s.hours(1, 100, 100)
	s.ask(0, carry.Perp, carry.Buy, 1000, 100, carry.CodeRepair)
	s.hours(1, 100, 100)
	res := s.finish()
	x := res.Extremes
	crash := moment(t, "2021-05-19T03:00")
	wallet := 5000 - 4000*0.0005
	near(t, "leverage", x.MaxLeverage, 6000/(wallet-2000))
	// Without brackets maintenance is 2.5 %: margin − V·u = 0.025·V·(1 + u).
	near(t, "distance", x.NearestLiquidation, ((wallet-2000)/6000-0.025)/1.025)
	if x.MaxLeverageAt != crash || x.NearestLiquidationAt != crash || x.MaxDrawdownAt != crash || x.PeakAt != moment(t, "2021-05-19") {
		t.Errorf("extremes at %s, %s, %s, peak %s", x.MaxLeverageAt, x.NearestLiquidationAt, x.MaxDrawdownAt, x.PeakAt)
	}
	fees := 4000*0.0005 + 40.05*100 - 40.00995*100
	near(t, "drawdown", x.MaxDrawdown, -(400-0.00995*40+fees)/10_000)
	// 30.00995 coins against 40 contracts for an hour, at 100 USDT.
	after := 10_000 - fees - 1000*0.001
	near(t, "gap between the legs", x.MaxGapFrac, (40-30.00995)*100/after)
	if res.Counts.Rejects != 1 || res.Counts.Reductions != 1 {
		t.Errorf("counts: %+v", res.Counts)
	}
}

// While an order is on its way its pair's legs are not compared.
func TestGapsCountOnlyAtRest(t *testing.T) {
	s := newTale(t, "2021-05-19")
	late := carry.Command{Kind: carry.CmdOrder, Pair: 0, Leg: carry.Perp, Side: carry.Sell, Qty: 1000, Order: 77, Ref: 100 * carry.Unit, Code: carry.CodeOpen}
	s.rec.Command(s.at, &late, carry.OK)
	s.ask(0, carry.Spot, carry.Buy, 1001, 100, carry.CodeOpen)
	s.hours(3, 100, 100)
	s.tell(carry.Event{Kind: carry.EvFill, Pair: 0, Leg: carry.Perp, Side: carry.Sell, Qty: 1000, Order: 77, Ref: 100 * carry.Unit, Price: 100 * carry.Unit})
	s.hours(1, 100, 100)
	if got := s.finish().Extremes.MaxGapFrac; got > 1e-6 {
		t.Errorf("the largest gap at rest is %v", got)
	}
}

// A liquidation and a delisting end a trip with their own words, and are listed.
func TestTheExchangesOwnEndings(t *testing.T) {
	s := newTale(t, "2021-05-19")
	s.hours(1, 100, 100)
	s.ask(0, carry.Perp, carry.Sell, 1000, 100, carry.CodeOpen)
	s.hours(1, 100, 160)
	s.tell(carry.Event{Kind: carry.EvLiquidated, Pair: 0, Leg: carry.Perp, Side: carry.Buy, Code: carry.CodeLiquidated, Qty: 1000, Price: 160 * carry.Unit, Ref: 160 * carry.Unit})
	s.hours(1, 100, 100)
	s.ask(1, carry.Perp, carry.Sell, 100, 100, carry.CodeOpen) // a thousand coins
	s.ask(1, carry.Spot, carry.Buy, 100_000, 0.1, carry.CodeOpen)
	s.hours(1, 100, 100)
	s.tell(carry.Event{Kind: carry.EvSettled, Pair: 1, Leg: carry.Perp, Side: carry.Buy, Code: carry.CodeDelisted, Qty: 100, Price: 90 * carry.Unit, Ref: 90 * carry.Unit})
	s.tell(carry.Event{Kind: carry.EvSettled, Pair: 1, Leg: carry.Spot, Side: carry.Sell, Code: carry.CodeDelisted, Qty: 99_900, Price: carry.Unit * 9 / 100, Ref: carry.Unit * 9 / 100})
	s.hours(1, 100, 100)
	res := s.finish()
	if len(res.Trips) != 2 || res.Trips[0].CloseCode != "liquidated" || res.Trips[1].CloseCode != "delisted" || res.Trips[1].Open {
		t.Fatalf("trips: %+v", res.Trips)
	}
	near(t, "the liquidation's cost", res.Trips[0].Attribution.Liquidation, -16)
	near(t, "premium of a multiplied contract", res.Trips[1].EntryPremium, 0)
	near(t, "its exit premium", res.Trips[1].ExitPremium, 0)
	var said []string
	for _, h := range res.Happenings {
		said = append(said, h.Coin+" "+h.Code)
	}
	if got := strings.Join(said, ", "); got != "A liquidated, B delisted, B delisted" || res.Counts.Liquidations != 1 {
		t.Errorf("happenings: %s", got)
	}
}

// The list of happenings is bounded, and says so.
func TestHappeningsAreCutWithAWord(t *testing.T) {
	s := newTale(t, "2021-05-19")
	for k := range maxHappenings + 7 {
		s.rec.Command(s.at, &carry.Command{Kind: carry.CmdNote, Pair: int32(k%3) - 1, Code: carry.CodeAlarm, X: [3]float64{1, 2, 3}}, carry.OK)
	}
	s.hours(1, 100, 100)
	res := s.finish()
	if len(res.Happenings) != maxHappenings || len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0].Text, "7 further") {
		t.Errorf("%d happenings, warnings %+v", len(res.Happenings), res.Warnings)
	}
}

// Refused commands and transfers are counted where they belong.
func TestRefusalsAndTransfersAreCounted(t *testing.T) {
	s := newTale(t, "2021-05-19")
	c := carry.Command{Kind: carry.CmdOrder, Pair: 0, Leg: carry.Spot, Side: carry.Buy, Code: carry.CodeOpen}
	s.rec.Command(s.at, &c, carry.CodeGateLimit)
	s.tell(carry.Event{Kind: carry.EvTransferred, Pair: -1, Wallet: carry.SpotWallet, Amount: 100 * carry.Unit})
	s.tell(carry.Event{Kind: carry.EvTransferred, Pair: -1, Wallet: carry.PerpWallet, Amount: 1e6 * carry.Unit, Code: carry.CodeNotWithdrawable})
	s.hours(1, 100, 100)
	res := s.finish()
	if n := res.Counts; n.Refused != 1 || n.Transfers != 1 || n.Orders != 1 || n.Commands != 1 {
		t.Errorf("counts: %+v", n)
	}
	if h := res.Happenings; len(h) != 2 || !strings.Contains(h[0].Text, "100.00 USDT from spot to futures") || h[1].Code != "not-withdrawable" {
		t.Errorf("happenings: %+v", h)
	}
}

// Nothing seen is an error, and warm-up instants are not part of the run.
func TestARunNeedsAnInstant(t *testing.T) {
	pairs := []carry.Pair{{Coin: "A", Mult: 1}}
	b := book.New(pairs)
	rec := NewRecorder(pairs, b)
	m := carry.Market{At: 5, WarmUp: true, SpotLast: []float64{1}, Mark: []float64{1}}
	if err := rec.Event(&carry.Event{Kind: carry.EvMarket, At: 5, Market: &m, Account: b.Account()}); err != nil {
		t.Fatal(err)
	}
	if _, err := rec.Finish(&m); err == nil {
		t.Error("a run of warm-up only has a result")
	}
}
