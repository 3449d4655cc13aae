package lab

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"carry"
)

// planSpec is a run of a strategy over the generated market up to a time.
func planSpec(t *testing.T, name string, seed uint64, to carry.Time, capital string) *Spec {
	t.Helper()
	open, err := Generated(12, 0.3, seed)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Strategy(name, "")
	if err != nil {
		t.Fatal(err)
	}
	s := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels(), NoBaselines: true, Open: open, To: to}
	if err := s.Set("capitalUSDT", capital); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPlanSaysWhatARunWouldOpen: the coins that a plan lets qualify are those that
// the strategy itself opens at that hour, best first, as far as there is room.
func TestPlanSaysWhatARunWouldOpen(t *testing.T) {
	qualified := 0
	for seed := uint64(1); seed <= 4; seed++ {
		p, err := MakePlan(context.Background(), planSpec(t, "funding", seed, 0, "50000"))
		if err != nil {
			t.Fatal(err)
		}
		run := planSpec(t, "funding", seed, p.At+carry.Hour, "50000")
		run.From = p.At
		opened := map[string]bool{}
		if _, err := Execute(context.Background(), run, &Observer{Command: func(pairs []carry.Pair, at carry.Time, c *carry.Command) error {
			if c.Kind == carry.CmdOrder && at == p.At {
				opened[pairs[c.Pair].Coin] = true
			}
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
		for k, c := range p.Qualify {
			if k < p.PairsN != opened[c.Coin] {
				t.Errorf("seed %d: %s is number %d of %d planned, opened: %t", seed, c.Coin, k+1, p.PairsN, opened[c.Coin])
			}
			delete(opened, c.Coin)
		}
		if len(opened) > 0 {
			t.Errorf("seed %d: the run opens %v beside the plan's", seed, opened)
		}
		qualified += len(p.Qualify)
	}
	if qualified == 0 {
		t.Error("nothing qualified in any market: the test showed nothing")
	}
}

// TestPlanCostsWhatOpeningCosts: a run that holds every coin pays for its opening
// what the plan said that it would.
func TestPlanCostsWhatOpeningCosts(t *testing.T) {
	p, err := MakePlan(context.Background(), planSpec(t, "hold", 2, carry.Time(0), "50000"))
	if err != nil {
		t.Fatal(err)
	}
	at := (p.At - 20*carry.Day).Floor(carry.Day)
	if p, err = MakePlan(context.Background(), planSpec(t, "hold", 2, at, "50000")); err != nil {
		t.Fatal(err)
	}
	if sum := p.SpotUSDT + p.FuturesUSDT + p.ReserveUSDT; math.Abs(sum-50000) > 1e-6 || math.Abs(p.SpotUSDT-32666.67) > 0.01 || math.Abs(p.FuturesUSDT-16333.33) > 0.01 {
		t.Errorf("sizes %v + %v + %v", p.SpotUSDT, p.FuturesUSDT, p.ReserveUSDT)
	}
	run := planSpec(t, "hold", 2, p.At+carry.Day, "50000")
	run.From = p.At
	out, err := Execute(context.Background(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &out.Run.Attribution
	paid, opened := -a.SpotFees-a.PerpFees-a.Slippage, out.Run.Curve.Notional[len(out.Run.Curve.Notional)-1]
	if opened < 0.8*p.SpotUSDT {
		t.Fatalf("the run opened %.0f of %.0f USDT in a day", opened, p.SpotUSDT)
	}
	t.Logf("planned %.2f USDT for %.0f, paid %.2f for %.0f", p.OpenUSDT, p.SpotUSDT, paid, opened)
	if frac := (paid / opened) / (p.OpenUSDT / p.SpotUSDT); frac < 0.8 || frac > 1.25 {
		t.Errorf("planned %.2f USDT for %.0f, paid %.2f for %.0f", p.OpenUSDT, p.SpotUSDT, paid, opened)
	}
}

// TestRises holds the ring of bars against a plain search of everything.
func TestRises(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	const n, pairs = 100, 3
	info := &carry.TapeInfo{Pairs: make([]carry.Pair, pairs), Step: carry.Hour, From: carry.Day}
	b := &carry.Block{Start: carry.Day, Step: carry.Hour}
	b.Resize(n, pairs)
	for k := range b.MarkOpen {
		b.MarkOpen[k] = 1 + rng.Float64()
		b.MarkHigh[k] = b.MarkOpen[k] * (1 + rng.Float64()/10)
		if rng.IntN(20) == 0 {
			b.MarkHigh[k], b.Perp.Open[k], b.Perp.High[k] = math.NaN(), math.NaN(), math.NaN()
		}
	}
	r := newRises(info)
	var part carry.Block
	for at := 0; at < n; at += 7 { // blocks do not matter
		b.Part(&part, at, min(at+7, n))
		r.block(&part)
	}
	for k, h := range riseHours {
		var want Rise
		for from := 0; from+h <= n; from++ {
			sum, coins := 0.0, 0
			for i := range pairs {
				base, top := b.MarkOpen[from*pairs+i], math.Inf(-1)
				if b.MarkHigh[from*pairs+i] != b.MarkHigh[from*pairs+i] {
					continue
				}
				for j := from; j < from+h; j++ {
					if x := b.MarkHigh[j*pairs+i]; x > top {
						top = x
					}
				}
				sum += top/base - 1
				coins++
				want.Single = max(want.Single, top/base-1)
			}
			if coins > 0 {
				want.Basket = max(want.Basket, sum/float64(coins))
			}
		}
		if got := r.worst[k]; math.Abs(got.Basket-want.Basket) > 1e-12 || got.Single != want.Single || want.Basket == 0 {
			t.Errorf("within %d h: %+v, want %+v", h, got, want)
		}
	}
}
