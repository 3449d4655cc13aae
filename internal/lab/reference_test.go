package lab

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"carry"
	"carry/internal/refengine"
	"carry/strategy"
)

// The whole engine, all models on, against accounts that share no arithmetic
// with it: a slow decimal engine that works every event's figures out anew, and
// the double-entry books.

// auditor is a journal that checks every event as it passes.
type auditor struct {
	strategy.NoJournal
	lane   *lane
	engine *refengine.Engine
	kinds  map[string]int
	// idle counts the moments at which nothing was on its way and both books
	// were compared.
	idle       int
	info       *carry.TapeInfo
	spot, mark []carry.Price // of the last cross-section
}

func audit(s *Spec, info *carry.TapeInfo) (*auditor, stage) {
	fees := s.Models.fees()
	// The schedule is looked up by day.
	engine := refengine.New(info.Pairs, func(at carry.Time) carry.Fees { return fees.At(at.Floor(carry.Day)) }, carry.AmountFloor(s.Models.CapitalUSDT))
	engine.BuyFeeInUSDT = s.Models.BNB && s.Models.BNBStockUSDT == 0
	if s.Models.BNBStockUSDT > 0 {
		plain := s.Models
		plain.BNB = false
		engine.PlainFees = func(at carry.Time) carry.Fees { return plain.fees().At(at.Floor(carry.Day)) }
	}
	if s.Models.Margin == "isolated" {
		engine.IsolatedX = s.Settings.Hedge().LeverageAtExchange()
	}
	n := len(info.Pairs)
	a := &auditor{engine: engine, kinds: make(map[string]int), info: info, spot: make([]carry.Price, n), mark: make([]carry.Price, n)}
	return a, stage{journal: func(l *lane) carry.Journal { a.lane = l; return a }}
}

func (a *auditor) Event(ev *carry.Event) error {
	kind := ev.Kind.String()
	switch ev.Kind {
	case carry.EvFill:
		kind += " " + ev.Leg.String() + " " + ev.Side.String()
	case carry.EvSettled:
		kind += " " + ev.Code.String()
	case carry.EvTransferred:
		if ev.Code != carry.OK {
			kind += " " + ev.Code.String()
		}
	}
	if ev.FeeBNB > 0 {
		a.kinds["fee in BNB"]++
	}
	a.kinds[kind]++
	// Refusals by the gate never reached the exchange.
	if err := a.engine.Check(ev); err != nil {
		return err
	}
	if ev.Kind == carry.EvMarket {
		for i := range a.spot {
			if p := ev.Market.SpotLast[i]; p > 0 {
				a.spot[i] = carry.PriceFromFloat(p)
			}
			if p := ev.Market.Mark[i]; p > 0 {
				a.mark[i] = carry.PriceFromFloat(p)
			}
		}
	}
	if !a.lane.venue.Told() {
		return nil
	}
	a.idle++
	return a.compare(ev)
}

// compare demands that exchange, books and reference agree and that the parts
// of the profit add up to the change of equity, exactly.
func (a *auditor) compare(ev *carry.Event) error {
	if err := a.lane.compareBooks(a.info); err != nil {
		return fmt.Errorf("after event %d: %w", ev.Seq, err)
	}
	residual, err := a.lane.run.Book.Residual(a.spot, a.mark)
	if err != nil {
		return err
	}
	if residual.Sign() != 0 {
		return fmt.Errorf("after event %d (%s) at %s: residual %s", ev.Seq, ev.Kind, ev.At, residual.Decimal(16))
	}
	if ev.Kind != carry.EvMarket {
		return nil
	}
	if ev.Market.BNBUSDT > 0 { // the books take BNB's price over when they are marked
		if err := a.lane.run.Book.Mark(ev.Market); err != nil {
			return err
		}
	}
	equity, err := a.lane.run.Book.Equity(a.spot, a.mark)
	if err != nil {
		return err
	}
	stock := a.engine.BNB().Mul(decimal.New(int64(carry.PriceFromFloat(ev.Market.BNBUSDT)), -8))
	if want := a.engine.Equity(a.spot, a.mark).Add(stock); !equity.Decimal(16).Equal(want) {
		return fmt.Errorf("at %s: equity %s by the books, %s by the reference", ev.At, equity.Decimal(16), want)
	}
	return nil
}

// mustHaveSeen fails for every kind of event that did not occur often enough to
// say anything.
func (a *auditor) mustHaveSeen(t *testing.T, least map[string]int) {
	t.Helper()
	t.Logf("%d times idle; events %v", a.idle, a.kinds)
	for kind, n := range least {
		if a.kinds[kind] < n {
			t.Errorf("%d events %q; the test needs %d", a.kinds[kind], kind, n)
		}
	}
	if a.idle < 1000 {
		t.Errorf("the books were compared only %d times", a.idle)
	}
}

// reckless drives a book into liquidation.
var reckless = append([]string{"leverageTargetX=8", "leverageAlarmX=off", "leverageReduceX=off", "leverageEmergencyX=off",
	"exchangeLeverageX=20"}, eager...)

func TestReferenceEngine(t *testing.T) {
	for name, c := range map[string]struct {
		strategy string
		months   int
		settings []string
		least    map[string]int
	}{
		"funding": {"funding", 12, eager, map[string]int{
			"fill perp sell": 100, "fill perp buy": 100, "fill spot buy": 100, "fill spot sell": 100, "paid": 1000,
			"transferred": 10, "snapshot": 1, "rules": 14}},
		"bnb":          {"funding", 12, append([]string{"bnbFees=true", "vipTier=1"}, eager...), map[string]int{"fill spot buy": 100}},
		"bnb runs out": {"funding", 12, append([]string{"bnbFees=true", "bnbStockUSDT=20"}, eager...), map[string]int{"fee in BNB": 20, "fill spot buy": 100}},
		"isolated":     {"funding", 12, append([]string{"marginMode=isolated", "exchangeLeverageX=5"}, eager...), map[string]int{"fill perp sell": 100, "fill perp buy": 100}},
		"rough": {"funding", 12, append([]string{"transferModel=shaky", "transferFailFrac=0.2", "transferLostFrac=0.2", "adlModel=crash", "adlFallFrac=0.03",
			"adlChanceFrac=0.2", "fundingWindowS=15", "fillShareFrac=0.001"}, eager...), map[string]int{"fill perp sell": 100, "liquidated": 3, "transferred failed": 2, "transferred unknown": 2}},
		"liquidated": {"funding", 12, reckless, map[string]int{"liquidated": 20, "fill perp buy": 50}},
		"hold":       {"holdvalue", 33, nil, map[string]int{"fill perp sell": 20, "paid": 5000, "settled delisted": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			o := smallMarket(11, 14, c.months)
			s := setUp(t, c.strategy, generate(t, o), c.settings...)
			a, st := audit(s, generate(t, o).Info())
			play(t, s, st)
			a.mustHaveSeen(t, c.least)
		})
	}
}

func TestReferenceEngineOnHistory(t *testing.T) {
	if testing.Short() {
		t.Skip("imports real history")
	}
	k := realTape(t, "2020-12-01", "2023-03-01")
	s := setUp(t, "funding", &replay{kept: k}, eager...)
	a, st := audit(s, k.info)
	play(t, s, st)
	a.mustHaveSeen(t, map[string]int{"fill perp sell": 500, "fill spot sell": 500, "paid": 3000, "transferred": 20, "rules": 24})
}

// TestReferenceEngineFindsAnError shows that the audit can fail: a fee that is
// one step of 1e-8 off ends the run.
func TestReferenceEngineFindsAnError(t *testing.T) {
	o := smallMarket(11, 6, 3)
	s := setUp(t, "hold", generate(t, o))
	a, _ := audit(s, generate(t, o).Info())
	wrong := &offByOne{auditor: a}
	tape, from, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLane("this run", s.Entry, s.Settings, s, tape.Info(), from)
	if err != nil {
		t.Fatal(err)
	}
	a.lane, l.run.Journal = l, wrong
	if _, err := runToEnd(s, tape, from, l); err == nil {
		t.Error("a fee of 1e-8 USDT too much went through")
	}
	if !wrong.done {
		t.Error("nothing was falsified")
	}
}

// offByOne falsifies the first fee on the perpetual.
type offByOne struct {
	*auditor
	done bool
}

func (o *offByOne) Event(ev *carry.Event) error {
	if !o.done && ev.Kind == carry.EvFill && ev.Leg == carry.Perp {
		o.done = true
		wrong := *ev
		wrong.Fee++
		return o.auditor.Event(&wrong)
	}
	return o.auditor.Event(ev)
}
