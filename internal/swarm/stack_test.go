package swarm

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"carry"
	"carry/internal/exchange"
	"carry/internal/lab"
	"carry/internal/risk"
	"carry/sim"
)

// playStack makes a seed's run through the whole stack.
func playStack(t *testing.T, seed uint64, bug *seams, trace func(*carry.Event, []carry.Command)) (j *judge) {
	t.Helper()
	d, err := drawn(seed, stackSize)
	if err != nil {
		t.Fatal(err)
	}
	d.stack()
	if bug == nil {
		bug = &seams{}
		if n := d.network; n != nil { // links that break by themselves, by the clock
			bug.wire, bug.pace = n.over, n.pace
			defer func() { j.seen["links ended"], j.seen["links silent"] = n.ended, n.silent }()
		}
	}
	return d.play(t, bug, trace)
}

// play makes a run through the adapter of Binance, HTTP and WebSockets over pipes
// and the loopback exchange, in a bubble of false time, which does not end before
// every goroutine of it has.
func (d *draw) play(t *testing.T, bug *seams, trace func(*carry.Event, []carry.Command)) *judge {
	t.Helper()
	tape, err := d.roughMarket()
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(d, tape.Info().Pairs)
	j.trace = trace
	if bug.settings != nil {
		bug.settings(d.set)
	}
	j.network = d.network
	synctest.Test(t, func(t *testing.T) {
		// False time: what waits for ever ends.
		ctx, cancel := context.WithTimeout(context.Background(), d.market.To.UTC().Sub(d.from.UTC())+24*time.Hour)
		defer cancel()
		done, err := lab.Rehearse(ctx, d.spec(), lab.RehearseOptions{Faults: d.wire, Stage: j.stage(bug), Log: j.log})
		if err != nil {
			j.fail("books", "%v", err)
			return
		}
		for kind, n := range done.Faults {
			j.seen["fault "+string(kind)] += n
		}
		j.finish(done.Result)
	})
	j.seen["events"] += int(j.seq)
	return j
}

// wireKinds are the faults of the wire that the judge's rules know; those of
// exchange.TradeFaultTable that came later want allowances first, for what a client
// cannot know yet. All of them are tried one at a time in make rehearse.
func wireKinds() []exchange.TradeFaultKind {
	return []exchange.TradeFaultKind{exchange.OrderLost, exchange.OrderAnswerLost, exchange.OrderUnknown, exchange.OrderBusy, exchange.OrderTimeout,
		exchange.OrderTimeoutLost, exchange.OrderHidden, exchange.OrderEmpty, exchange.OrderPage, exchange.OrderClock, exchange.TransferLost,
		exchange.TransferAnswerLost, exchange.EventTwice, exchange.StreamsDrop, exchange.ListenKeyGone}
}

// stack draws what the whole stack's world has beyond the core's: faults of the
// wire. What the loopback exchange does not know is left out.
func (d *draw) stack() {
	r := dice{rand.New(rand.NewPCG(d.seed, 0x737461636b))}
	d.sim.Flows, d.faults = nil, faults{}
	kinds := wireKinds()
	d.wire.Seed = r.Uint64()
	if r.chance(0.1) {
		d.network = &network{dice: dice{rand.New(rand.NewPCG(d.seed, 0x6e6574))}}
	}
	if r.chance(0.1) {
		return
	}
	for range 1 + r.IntN(5) {
		d.wire.Rules = append(d.wire.Rules, exchange.TradeFaultRule{Kind: kinds[r.IntN(len(kinds))], Nth: 1 + r.IntN(4), Prob: r.between(0.05, 1), Times: 1 + r.IntN(6)})
	}
}

// spec is the run as lab makes it.
func (d *draw) spec() *lab.Spec {
	m := lab.DefaultModels()
	m.CapitalUSDT = d.sim.CapitalUSDT.Float()
	m.FuturesFrac = d.sim.FuturesUSDT.Float() / m.CapitalUSDT
	m.LatencyMs = int(d.sim.Latency.Order(0))
	m.TransferDelayS = int(d.sim.TransferDelay / carry.Second)
	m.FillShareFrac = d.sim.Volume.(sim.ShareOfVolume).Frac
	if a, ok := d.sim.ADL.(sim.CrashADL); ok {
		m.ADL, m.ADLFall, m.ADLShare = "crash", a.FallFrac, a.ChanceFrac
	}
	return &lab.Spec{Entry: d.entry, Settings: d.set, Models: m, From: d.from, NoBaselines: true, Seed: d.seed,
		Open: func(carry.Time, carry.Time, []string) (carry.Tape, error) { return d.roughMarket() }}
}

// stage puts the judge, and a bug, between the pieces.
func (j *judge) stage(bug *seams) lab.Stage {
	return lab.Stage{
		Pipes: exchange.NewPipes(), Limits: j.d.limits,
		Watch: func(ev *carry.Event, client string) {
			e := *ev
			e.Order = numberOf(client)
			j.happened(&e, false)
		},
		Wire: func(t http.RoundTripper) http.RoundTripper {
			t = &doorkeeper{RoundTripper: t, judge: j}
			if bug.wire != nil {
				t = bug.wire(t)
			}
			return t
		},
		Venue: func(v risk.Venue) risk.Venue {
			v = &operated{Venue: v, judge: j, wishes: j.d.wishes}
			if bug.venue != nil {
				v = bug.venue(v)
			}
			return v
		},
		Core: func(c carry.Core) carry.Core {
			if j.core = c; bug.core != nil {
				j.core = bug.core(c)
			}
			return j
		},
		Pace:  bug.pace,
		Begin: func(_ *carry.Account, truth lab.Truth) { j.truth = truth.Balances },
	}
}

func (j *judge) log(text string) {
	if strings.Contains(text, "loopback-secret") || strings.Contains(text, "signature") {
		j.fail("secrets", "in the log: %s", text)
	}
}

// numberOf is the core's number in a client order id; 0 for one that is not ours.
func numberOf(client string) carry.OrderID {
	_, text, ok := strings.Cut(client, "-")
	n, err := strconv.ParseUint(text, 10, 64)
	if !ok || err != nil || !strings.HasPrefix(client, "crhrsl-") {
		return 0
	}
	return carry.OrderID(n)
}

// doorkeeper sees every request that goes out.
type doorkeeper struct {
	http.RoundTripper
	judge *judge
	moved int
}

// RoundTrip implements http.RoundTripper.
func (k *doorkeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	q, err := parameters(r)
	if err != nil {
		return nil, err
	}
	j := k.judge
	switch {
	case r.Method != http.MethodPost:
	case strings.HasSuffix(r.URL.Path, "/v3/order"), strings.HasSuffix(r.URL.Path, "/v1/order"):
		id := numberOf(q.Get("newClientOrderId"))
		if o := j.arrived(id, j.last); o != nil {
			p := &j.pairs[o.cmd.Pair]
			symbol, side := p.SpotSymbol, "BUY"
			if o.cmd.Leg == carry.Perp {
				symbol = p.PerpSymbol
			}
			if o.cmd.Side == carry.Sell {
				side = "SELL"
			}
			if q.Get("symbol") != symbol || q.Get("side") != side || (q.Get("reduceOnly") == "true") != o.cmd.ReduceOnly {
				j.fail("ids", "%s: order %d went out as %v, said was %+v", j.last, id, q, o.cmd)
			}
		}
	case strings.HasSuffix(r.URL.Path, "/asset/transfer"):
		said := 0
		for _, o := range j.orders {
			if o.cmd.Kind == carry.CmdTransfer && !o.refused {
				said++
			}
		}
		if k.moved++; k.moved > said {
			j.fail("ids", "%s: %d transfers went out, %d were said", j.last, k.moved, said)
		}
	}
	return k.RoundTripper.RoundTrip(r)
}

// parameters of a request, of its address and its body.
func parameters(r *http.Request) (url.Values, error) {
	q := r.URL.Query()
	if r.Body == nil {
		return q, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("a body that is no form: %w", err)
	}
	for k, v := range form {
		q[k] = append(q[k], v...)
	}
	return q, nil
}

// operated is a venue with a person beside it.
type operated struct {
	risk.Venue
	judge  *judge
	wishes []wish
	ahead  *carry.Event
	copied carry.Event
}

// Next implements risk.Venue.
func (v *operated) Next(ctx context.Context) (*carry.Event, error) {
	ev := v.ahead
	if ev == nil {
		var err error
		if ev, err = v.Venue.Next(ctx); err != nil {
			return nil, err
		}
	}
	for k, w := range v.wishes {
		if w.at <= ev.At {
			v.wishes = append(v.wishes[:k:k], v.wishes[k+1:]...)
			v.ahead = ev
			v.copied = carry.Event{Kind: carry.EvOperator, At: ev.At, Pair: w.pair, Code: w.code}
			if w.code != carry.CodeResume {
				v.judge.wished(&v.copied)
			}
			return &v.copied, nil
		}
	}
	v.ahead = nil
	return ev, nil
}

// Submit implements risk.Venue.
func (v *operated) Submit(ctx context.Context, a risk.Approved) error {
	c := a.Command()
	v.judge.leaves(&c, v.judge.last)
	return v.Venue.Submit(ctx, a)
}
