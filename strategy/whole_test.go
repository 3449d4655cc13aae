package strategy_test

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/risk"
	"carry/sim"
	"carry/strategy"
	"carry/strategy/hedge"
)

// tally is a journal that counts what passes.
type tally struct {
	events   map[carry.EventKind]int
	commands map[carry.CommandKind]int
	last     carry.Time
	perp     map[int32]carry.Qty
	fills    map[int32]int
}

func newTally() *tally {
	return &tally{events: map[carry.EventKind]int{}, commands: map[carry.CommandKind]int{}, perp: map[int32]carry.Qty{}, fills: map[int32]int{}}
}

func (y *tally) Event(ev *carry.Event) error {
	if ev.At < y.last {
		return errors.New("time ran backward at " + ev.At.String())
	}
	y.last = ev.At
	y.events[ev.Kind]++
	if ev.Kind == carry.EvFill || ev.Kind == carry.EvSettled || ev.Kind == carry.EvLiquidated {
		y.fills[ev.Pair]++
		if ev.Leg == carry.Perp {
			y.perp[ev.Pair] += carry.Qty(ev.Side) * ev.Qty
		}
	}
	return nil
}

func (y *tally) Command(_ carry.Time, c *carry.Command) error {
	y.commands[c.Kind]++
	return nil
}

// world is a generated market for one strategy.
type world struct {
	name     string
	seed     uint64
	settings map[string]string
	latency  carry.Time
	capital  carry.Amount
	guard    *guard // may watch the core
}

// live runs the strategy to the market's end and returns its result.
func (w *world) live(t *testing.T) (*carry.Result, *tally, []carry.Pair) {
	t.Helper()
	from := carry.Time(1609459200000)
	m, err := sim.NewMarket(sim.MarketOptions{Seed: w.seed, Coins: 6, From: from, To: from + 430*carry.Day})
	if err != nil {
		t.Fatal(err)
	}
	e, err := strategy.Find(w.name, "")
	if err != nil {
		t.Fatal(err)
	}
	s := e.New()
	table := s.Table()
	for k := range table {
		if v, ok := w.settings[table[k].Name]; ok {
			if err := table[k].Set(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	info := m.Info()
	core, err := s.NewCore(info.Pairs, hedge.Terms{SpotFeeFrac: 0.001, PerpFeeFrac: 0.0004, FeeInCoin: true})
	if err != nil {
		t.Fatal(err)
	}
	start := from + 40*carry.Day
	o := sim.DefaultOptions()
	if w.capital > 0 {
		o.CapitalUSDT = w.capital
	}
	if w.latency > 0 {
		o.Latency = sim.ConstantLatency{Ms: w.latency}
	}
	venue, err := sim.NewVenue(info, o, start)
	if err != nil {
		t.Fatal(err)
	}
	books, y := book.New(info.Pairs), newTally()
	run := &strategy.Run{Core: core, Venue: venue, Gate: risk.NewGate(info.Pairs, risk.Limits{}), Book: books, Journal: y,
		Recorder: strategy.NewRecorder(info.Pairs, books)}
	if w.guard != nil {
		w.guard.core, run.Core = core, w.guard
	}
	q := sim.NewQuoter(info, sim.QuoteModels{Spread: sim.DefaultSpread}, start)
	var b carry.Block
	for {
		if err := m.Next(&b); errors.Is(err, io.EOF) {
			break
		}
		venue.Feed(q.Frames(&b))
		if done, err := run.Advance(context.Background()); done || err != nil {
			t.Fatalf("%s, seed %d: %t, %v", w.name, w.seed, done, err)
		}
	}
	f := q.Last()
	venue.Feed(f)
	venue.Finish()
	if done, err := run.Advance(context.Background()); !done || err != nil {
		t.Fatalf("%s, seed %d: %t, %v", w.name, w.seed, done, err)
	}
	res, err := run.Recorder.Finish(&f.Markets[0])
	if err != nil {
		t.Fatal(err)
	}
	return res, y, info.Pairs
}

func parts(a *carry.Attribution) []float64 {
	return []float64{a.FundingReceived, a.FundingPaid, a.Basis, a.SpotFees, a.PerpFees, a.Slippage, a.Liquidation, a.Dust, a.Interest, a.Total}
}

// However a strategy trades, its result adds up: the coins to the whole, the
// years to the whole, the parts to the change of equity; trips of a coin follow
// one another; and the counts are those of what passed through the journal.
func TestResultsAddUp(t *testing.T) {
	eager := map[string]string{"openRateMinFrac": "0", "openMeanMinFrac": "0", "closeMeanMaxFrac": "off", "minAgeD": "3", "minVolumeUSDT": "0",
		"screenN": "21", "reopenAfterH": "1", "openPremiumMinFrac": "-0.001", "closeRateMaxFrac": "-0.0001", "riseTrimFrac": "0.1", "coinsTargetN": "4"}
	trips, fills := 0, 0
	for seed := range uint64(3) {
		for _, name := range []string{"funding", "hold", "holdvalue", "null"} {
			var settings map[string]string
			if name == "funding" {
				settings = eager
			}
			w := world{name: name, seed: seed, settings: settings}
			res, y, pairs := w.live(t)
			checkSums(t, name, res)
			checkTrips(t, name, res, y, pairs)
			n := res.Counts
			if n.Postings != y.events[carry.EvPaid] || n.Orders != y.commands[carry.CmdOrder] || n.Instants != 390*24+1 ||
				n.Fills != y.events[carry.EvFill]+y.events[carry.EvSettled]+y.events[carry.EvLiquidated] || n.Liquidations != y.events[carry.EvLiquidated] {
				t.Errorf("%s, seed %d: counts %+v, the journal has %v and %v", name, seed, n, y.events, y.commands)
			}
			trips, fills = trips+len(res.Trips), fills+n.Fills
			if name == "null" && (n.Commands != 0 || res.Final != res.Capital || res.Attribution.Total != 0) {
				t.Errorf("doing nothing gave %v of %v with %d commands", res.Final, res.Capital, n.Commands)
			}
		}
	}
	t.Logf("%d trips, %d fills", trips, fills)
	if trips < 30 || fills < 300 {
		t.Errorf("only %d trips and %d fills: the test does not test much", trips, fills)
	}
}

func checkSums(t *testing.T, name string, res *carry.Result) {
	t.Helper()
	near := func(what string, a, b float64) {
		if math.Abs(a-b) > 1e-6 {
			t.Errorf("%s: %s is %v here and %v there", name, what, a, b)
		}
	}
	whole := parts(&res.Attribution)
	coins, years := make([]float64, len(whole)), make([]float64, len(whole))
	for i := range res.Coins {
		for k, v := range parts(&res.Coins[i].Attribution) {
			coins[k] += v
		}
	}
	for i := range res.Years {
		funding := 0.0
		for _, c := range res.Coins {
			funding += c.FundingByYear[i]
		}
		a := &res.Years[i].Attribution
		near("the coins' funding of a year", funding, a.FundingReceived+a.FundingPaid)
		for k, v := range parts(a) {
			years[k] += v
		}
	}
	for k, v := range whole {
		near("a part over coins", coins[k], v)
		near("a part over years", years[k], v)
	}
	sum := 0.0
	for _, v := range whole[:len(whole)-1] {
		sum += v
	}
	near("the sum of parts", sum, res.Attribution.Total)
	near("the change of equity", res.Final-res.Capital, res.Attribution.Total)
	near("the curve's ends", res.Curve.Equity[len(res.Curve.Equity)-1]-res.Curve.Equity[0], res.Attribution.Total)
	if res.Residual != "0.0000000000000000" {
		t.Errorf("%s: residual %s", name, res.Residual)
	}
}

func checkTrips(t *testing.T, name string, res *carry.Result, y *tally, pairs []carry.Pair) {
	t.Helper()
	last, count, open := map[string]carry.Time{}, map[string]int{}, map[string]bool{}
	for _, trip := range res.Trips {
		if trip.OpenAt < last[trip.Coin] || trip.CloseAt < trip.OpenAt || trip.OpenAt < res.From || trip.CloseAt > res.To || open[trip.Coin] {
			t.Errorf("%s: a trip of %s from %s to %s (open: %t) after one to %s", name, trip.Coin, trip.OpenAt, trip.CloseAt, trip.Open, last[trip.Coin])
		}
		last[trip.Coin], open[trip.Coin] = trip.CloseAt, trip.Open
		count[trip.Coin]++
		if trip.OpenCode == "ok" || (!trip.Open && trip.CloseCode == "ok") {
			t.Errorf("%s: a trip of %s without a reason: %q, %q", name, trip.Coin, trip.OpenCode, trip.CloseCode)
		}
	}
	coins := map[string]carry.CoinRow{}
	for _, c := range res.Coins {
		coins[c.Coin] = c
	}
	for i, p := range pairs {
		c := coins[p.Coin]
		if c.Trips != count[p.Coin] || c.Fills != y.fills[int32(i)] {
			t.Errorf("%s: %s has %d trips and %d fills, listed are %d and %d", name, p.Coin, c.Trips, c.Fills, count[p.Coin], y.fills[int32(i)])
		}
		if held := y.perp[int32(i)] != 0; held && !open[p.Coin] {
			t.Errorf("%s: %s is held at the end but has no open trip", name, p.Coin)
		}
	}
}
