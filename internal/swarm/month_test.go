package swarm

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"carry"
	"carry/internal/binance"
	"carry/internal/risk"
	"carry/internal/testenv"
	"carry/sim"
)

// Thirty days of the whole client stack by the clock of a bubble: pings every
// twenty seconds on five links, listen keys kept alive, and several times a day one
// link or all of them end, or fall silent without an end, most of them while orders
// are on their way. No fill is lost, a silent link is noticed soon, and nothing of
// it stays behind: a bubble does not end before its goroutines do.
func TestThirtyDaysOfBrokenLinks(t *testing.T) {
	days := 3
	if testenv.LongWanted() {
		days = 30
	}
	before := runtime.NumGoroutine()
	d, err := drawn(3, size{warmD: 2, coinsMax: 1, liveHMin: 24 * days, liveHMax: 24*days + 1})
	if err != nil {
		t.Fatal(err)
	}
	d.stack()
	d.eager(t)
	n := &network{dice: dice{rand.New(rand.NewPCG(1, 30))}}
	d.network = n
	began := time.Now()
	j := d.play(t, &seams{wire: n.over, pace: n.pace}, nil)
	for _, f := range j.broken {
		t.Errorf("%s: %s", f.rule, f.text)
	}
	fills := 0
	for _, o := range j.orders {
		fills += o.heard
	}
	tell(t, j.seen)
	t.Logf("%d days in %s: %d links, %d ended, %d fell silent, noticed within %s; %d fills, every one told once; %d frames each way",
		days, time.Since(began).Round(time.Millisecond), n.links, n.ended, n.silent, n.slowest, fills, n.frames)
	if n.ended < days || n.silent < days || fills < 10*days || n.links < 5+days {
		t.Error("the test does not test much")
	}
	if n.slowest > 75*time.Second {
		t.Errorf("a silent link was noticed after %s", n.slowest)
	}
	for k := 0; runtime.NumGoroutine() > before && k < 100; k++ {
		time.Sleep(10 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines before, %d after", before, now)
	}
}

// eager is a market that leaps up and down and settings that trade on it every day.
func (d *draw) eager(t *testing.T) {
	t.Helper()
	d.rough = nil
	for at, up := d.from.Floor(carry.Hour)+3*carry.Hour, true; at < d.calm; at, up = at+2*carry.Hour, !up {
		h := rough{kind: leap, at: at, by: 1.2}
		if !up {
			h.by = 1 / 1.2
		}
		d.rough = append(d.rough, h)
	}
	d.limits = risk.Limits{}
	d.sim.CapitalUSDT, d.sim.FuturesUSDT, d.sim.Latency = 10_000*carry.Unit, 5_000*carry.Unit, sim.ConstantLatency{Ms: 500}
	d.wishes, d.wire.Rules = []wish{{d.market.To - 30*carry.Minute, carry.CodePause, -1}}, nil
	d.sim.ADL = nil
	d.set = d.entry.New()
	for _, s := range [][2]string{{"screenN", "3"}, {"minAgeD", "0"}, {"minVolumeUSDT", "0"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"},
		{"openMeanMinFrac", "-0.01"}, {"closeMeanMaxFrac", "off"}, {"openRateMinFrac", "-0.001"}, {"closeRateMaxFrac", "-0.002"}, {"openPremiumMinFrac", "0"},
		{"closePremiumTakeFrac", "off"}, {"riseTrimFrac", "0.1"}, {"topUpBelowFrac", "0.95"}, {"coinsTargetN", "1"}, {"reopenAfterH", "0"}, {"sliceUSDT", "200"}} {
		if err := set(d.set, s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.set.Validate(); err != nil {
		t.Fatal(err)
	}
}

// network is the way between the client and the exchange.
type network struct {
	mu     sync.Mutex
	dice   dice
	cables []*cable

	links, ended, silent, frames int
	slowest                      time.Duration
	next                         carry.Time // of a trouble
	clear                        carry.Time // when what was lost in the last one is known at the latest
}

// over lets all connections of a transport pass through the network.
func (n *network) over(t http.RoundTripper) http.RoundTripper { return &wire{t, n} }

type wire struct {
	http.RoundTripper
	n *network
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return resp, err
	}
	body, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		return resp, nil
	}
	c := &cable{ReadWriteCloser: body, n: w.n, gone: make(chan struct{})}
	w.n.mu.Lock()
	defer w.n.mu.Unlock()
	w.n.links++
	w.n.cables = append(w.n.cables, c)
	resp.Body = c
	return resp, nil
}

// cable is one link's connection.
type cable struct {
	io.ReadWriteCloser
	n      *network
	silent time.Time // since when nothing passes
	gone   chan struct{}
	once   sync.Once
}

func (c *cable) isSilent() bool {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	return !c.silent.IsZero()
}

// Read implements io.Reader. In a silent cable nothing arrives, and no end either.
func (c *cable) Read(p []byte) (int, error) {
	k, err := c.ReadWriteCloser.Read(p)
	if c.isSilent() {
		<-c.gone
		return 0, io.ErrClosedPipe
	}
	c.n.mu.Lock()
	c.n.frames++
	c.n.mu.Unlock()
	return k, err
}

// Write implements io.Writer. What is written into a silent cable is gone.
func (c *cable) Write(p []byte) (int, error) {
	if c.isSilent() {
		return len(p), nil
	}
	return c.ReadWriteCloser.Write(p)
}

// Close implements io.Closer.
func (c *cable) Close() error {
	c.once.Do(func() {
		close(c.gone)
		c.n.mu.Lock()
		defer c.n.mu.Unlock()
		if !c.silent.IsZero() {
			c.n.slowest = max(c.n.slowest, time.Since(c.silent))
		}
		for k := range c.n.cables {
			if c.n.cables[k] == c {
				c.n.cables = append(c.n.cables[:k], c.n.cables[k+1:]...)
				break
			}
		}
	})
	return c.ReadWriteCloser.Close()
}

// trouble ends one link or all, or makes one silent.
func (n *network) trouble() {
	n.mu.Lock()
	cables := append([]*cable(nil), n.cables...)
	kind := n.dice.IntN(3)
	if len(cables) == 0 {
		n.mu.Unlock()
		return
	}
	one := cables[n.dice.IntN(len(cables))]
	if kind == 0 {
		one.silent = time.Now()
		n.silent++
	} else {
		n.ended++
	}
	n.mu.Unlock()
	switch kind {
	case 1:
		one.ReadWriteCloser.Close()
	case 2:
		for _, c := range cables {
			c.ReadWriteCloser.Close()
		}
	}
}

// pace makes market time pass as fast as the bubble's: an hour is an hour of pings.
func (n *network) pace(l *binance.Lockstep) binance.Pacer {
	return &paced{Lockstep: l, n: n, began: time.Now(), from: l.Now()}
}

type paced struct {
	*binance.Lockstep
	n     *network
	began time.Time
	from  carry.Time
}

// Step implements binance.Pacer.
func (p *paced) Step(ctx context.Context, wakes []carry.Time) (woken, ended bool, err error) {
	n := p.n
	// A few times a day, and rather where something is about to happen.
	if now := p.Now(); now >= n.next && (len(wakes) > 0 || now >= n.next+4*carry.Hour) {
		n.next = now + carry.Time(n.dice.between(1, 5)*float64(carry.Hour))
		n.trouble()
		n.clear = now.Floor(carry.Hour) + 2*carry.Hour
	}
	woken, ended, err = p.Lockstep.Step(ctx, wakes)
	if err != nil {
		return woken, ended, err
	}
	wait := time.Duration(p.Now()-p.from)*time.Millisecond - time.Since(p.began)
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return woken, ended, ctx.Err()
		}
	}
	return woken, ended, nil
}
