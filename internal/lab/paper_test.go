package lab

import (
	"context"
	"math"
	"strings"
	"testing"

	"carry"
	"carry/internal/binance"
	"carry/internal/exchange"
	"carry/internal/testenv"
)

// stall is a loopback exchange in lockstep over spec's market, for a client
// without keys.
type stall struct {
	info   *carry.TapeInfo
	server *exchange.Server
	opt    PaperOptions
}

func newStall(t *testing.T, spec *Spec) *stall {
	t.Helper()
	past, from, err := spec.open()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := exchange.NewMarketFacts(past)
	if err != nil {
		t.Fatal(err)
	}
	tape, _, err := spec.open()
	if err != nil {
		t.Fatal(err)
	}
	s := &stall{info: tape.Info()}
	trading, err := exchange.NewTrading(context.Background(), facts, tape, exchange.TradingOptions{Quotes: spec.Models.quotes(),
		Account: spec.Models.options(spec.Settings, spec.Seed), From: from, Lockstep: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.server, err = exchange.New(facts, exchange.Options{Trading: trading, Keys: map[string]string{"k": "s"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.server.Close() })
	u := s.server.URLs()
	pace := binance.NewLockstep(u.All, trading.Now())
	ws := "ws" + u.All[len("http"):]
	s.opt = PaperOptions{URLs: binance.URLs{Spot: u.All, Futures: u.All, Archive: u.Archive, Listing: u.Listing},
		Streams: binance.LiveURLs{Spot: ws, SpotAPI: ws, Futures: ws}, Pace: pace, Log: func(s string) { t.Log(s) },
		Pairs: s.info.Pairs, Brackets: map[string][]carry.Bracket{}}
	for k := range s.info.Rules {
		r := &s.info.Rules[k]
		s.opt.Brackets[s.info.Pairs[r.Pair].PerpSymbol] = r.Brackets
	}
	if s.opt.Client, err = binance.NewClient(binance.Options{URLs: s.opt.URLs, Clock: pace}); err != nil {
		t.Fatal(err)
	}
	return s
}

// backtestOf is the run that a paper session is held against.
func backtestOf(t *testing.T, spec *Spec) (said []Said, res *carry.Result) {
	t.Helper()
	out, err := Execute(context.Background(), spec, &Observer{Command: func(_ []carry.Pair, at carry.Time, c *carry.Command) error {
		said = append(said, sayingOf(at, c))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return said, out.Run
}

// public are the endpoints that a session without keys may ask.
var public = []string{"/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo", "/api/v3/klines", "/fapi/v1/klines", "/fapi/v1/markPriceKlines",
	"/fapi/v1/premiumIndexKlines", "/fapi/v1/fundingRate", "/loopback/v1/step"}

// TestPaperEqualsBacktest: with quotes of one tick and no limits on volume a paper
// session over the streams says what the backtest of the same days says, command by
// command, and its profit is the backtest's to the last digit. It asks public
// endpoints only.
func TestPaperEqualsBacktest(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a month of a market")
	}
	seeds := []uint64{3}
	if testenv.LongWanted() {
		seeds = []uint64{1, 2, 3, 4, 5}
	}
	for _, seed := range seeds {
		spec := paperSpec(t, seed, map[string]string{"spreadModel": "none", "impactModel": "none", "volumeModel": "all"})
		want, run := backtestOf(t, spec)
		s := newStall(t, spec)
		got, err := Paper(context.Background(), spec, s.opt)
		if err != nil {
			t.Fatal(err)
		}
		if what := difference(want, &Rehearsed{Result: got.Result, Said: got.Said}, run); what != "" {
			t.Fatalf("seed %d: %s", seed, strings.ReplaceAll(what, "rehearsal", "paper    "))
		}
		t.Logf("seed %d: %d commands, %d fills, %d fundings, %s USDT: equal", seed, len(got.Said), run.Counts.Fills, run.Counts.Postings, run.FinalExact)
		if run.Counts.Fills == 0 || run.Counts.Postings == 0 {
			t.Error("nothing was traded: the test showed nothing")
		}
		for path, n := range s.server.Stats().Requests {
			ok := false
			for _, p := range public {
				ok = ok || strings.HasSuffix(path, p)
			}
			if !ok {
				t.Errorf("seed %d: %s was asked %d times", seed, path, n)
			}
		}
	}
}

// paperSpec is a short run over a generated market.
func paperSpec(t *testing.T, seed uint64, set map[string]string) *Spec {
	t.Helper()
	open, err := Generated(4, 0.2, seed)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Strategy("funding", "")
	if err != nil {
		t.Fatal(err)
	}
	s := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels(), NoBaselines: true, Open: open, Seed: seed}
	set["momentS"] = "3600"
	for name, value := range set {
		if err := s.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestPaperWithTheDefaultCosts: with the default models a fill on paper is at the
// quotes of its moment, where a backtest takes the spread of the hour's beginning.
// Both round to ticks, so prices differ by less than a tick or two, and what is
// decided stays the same: when, which coin, which way and why. Sizes that follow
// from the equity differ by less than a thousandth.
func TestPaperWithTheDefaultCosts(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a month of a market")
	}
	spec := paperSpec(t, 3, map[string]string{})
	want, run := backtestOf(t, spec)
	s := newStall(t, spec)
	got, err := Paper(context.Background(), spec, s.opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d commands, backtest %d; %s USDT, backtest %s", len(got.Said), len(want), got.Result.FinalExact, run.FinalExact)
	for k := range min(len(want), len(got.Said)) {
		a, b := want[k].Command, got.Said[k].Command
		if want[k].At != got.Said[k].At || a.Kind != b.Kind || a.Pair != b.Pair || a.Side != b.Side || a.Leg != b.Leg || a.Code != b.Code {
			t.Fatalf("command %d:\n backtest %s %+v\n paper    %s %+v", k+1, want[k].At, a, got.Said[k].At, b)
		}
		if d := math.Abs(float64(a.Qty - b.Qty)); a.Kind == carry.CmdOrder && d > 1 && d/float64(a.Qty) > 0.001 {
			t.Errorf("command %d: %d of %s, the backtest %d", k+1, b.Qty, s.info.Pairs[a.Pair].Coin, a.Qty)
		}
	}
	if len(want) != len(got.Said) || math.Abs(got.Result.Final-run.Final) > 0.1 {
		t.Errorf("%d commands and %.2f USDT, the backtest %d and %.2f", len(got.Said), got.Result.Final, len(want), run.Final)
	}
}
