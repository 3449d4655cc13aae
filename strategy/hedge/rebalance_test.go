package hedge

import (
	"math"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// moved is what rebalancing would send: positive from spot to futures.
func moved(d *Desk, s survey) float64 {
	d.out = nil
	d.rebalance(&s)
	switch {
	case len(d.out) == 0:
		return 0
	case d.out[0].Wallet == carry.SpotWallet:
		return d.out[0].Amount.Float()
	}
	return -d.out[0].Amount.Float()
}

// strategy.md's formulas on round figures. C = B + F − V/L.
func TestRebalancing(t *testing.T) {
	for _, e := range []struct {
		name          string
		v, f, b, room float64
		want          float64
	}{
		// C = 90,000: capital for 60,000 more notional, which needs 30,000 of margin.
		{"all in spot", 0, 0, 90_000, 1e9, 30_000},
		{"all in futures", 0, 90_000, 0, 1e9, -60_000},
		{"at the ratio", 60_000, 30_000, 0, 1e9, 0},
		{"limits leave room for 30,000 only", 0, 0, 90_000, 30_000, 15_000},
		{"no room at all", 60_000, 30_000, 20_000, 0, 0},
		// C = 10,000 + 20,000 − 30,000 = 0.
		{"just enough", 60_000, 20_000, 10_000, 1e9, 10_000},
		// C < 0: everything free goes to futures, then reduction follows.
		{"not enough", 60_000, 10_000, 5_000, 1e9, 5_000},
		{"not enough, and a spot wallet below the reserve", 60_000, 10_000, -500, 1e9, 0},
		{"below the band of 5 % of 100,000", 0, 27_000, 63_000, 1e9, 0},
		{"above the band", 0, 24_900, 65_100, 1e9, 5_100},
		{"alarm: also below the band", 60_000, 22_000, 2_000, 1e9, 2_000},
		// The surplus that no limit lets be used stays in futures, where it makes the
		// shorts safer: nothing is taken out that no purchase needs.
		{"surplus in futures", 60_000, 50_000, 0, 0, 0},
		{"surplus in futures, some room", 60_000, 70_000, 2_000, 12_000, -10_000},
	} {
		p := bare()
		p.BalanceBandFrac = 0.05
		s := newStage(t, 1, p, 0, 100_000)
		got := moved(s.desk, survey{notional: e.v, margin: e.f, free: e.b, equity: 100_000, used: usedLeverage(e.v, e.f), total: e.v + e.room})
		about(t, e.name, got, e.want, 0.011)
	}
}

// Whatever the state: never more than a wallet has, never out of futures below
// the target leverage or beyond the wallet, and afterwards the ratio is nearer.
func TestRebalancingIsSafe(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := bare()
		p.BalanceBandFrac = rapid.SampledFrom([]float64{0.001, 0.05, 1}).Draw(rt, "band")
		p.LeverageTargetX = rapid.Float64Range(0.5, 4).Draw(rt, "l")
		p.LeverageAlarmX = p.LeverageTargetX * 1.2
		wallet := rapid.Float64Range(0, 1e5).Draw(rt, "wallet")
		sv := survey{notional: rapid.Float64Range(0, 1e5).Draw(rt, "v"), free: rapid.Float64Range(-1e3, 1e5).Draw(rt, "b")}
		sv.margin = wallet + rapid.Float64Range(-5e4, 5e4).Draw(rt, "unrealised")
		sv.equity = max(1, sv.free+sv.margin+sv.notional)
		sv.used = usedLeverage(sv.notional, sv.margin)
		sv.total = sv.notional + rapid.Float64Range(-1e4, 1e5).Draw(rt, "room")
		s := newStage(t, 1, p, 0, wallet)
		s.desk.acct = s.book.Account()
		got := moved(s.desk, sv)
		switch {
		case got > max(sv.free, 0)+0.01:
			rt.Fatalf("%v goes out of %v free", got, sv.free)
		case got < 0 && -got > s.book.Account().PerpUSDT.Float()+0.01:
			rt.Fatalf("%v goes out of a wallet of %v", -got, wallet)
		case got < 0 && usedLeverage(sv.notional, sv.margin+got) > p.LeverageTargetX*1.0001:
			rt.Fatalf("after %v went out %v is used", -got, usedLeverage(sv.notional, sv.margin+got))
		case got != 0 && math.Abs(got) < p.TransferMinUSDT:
			rt.Fatalf("a transfer of %v", got)
		}
	})
}

// One transfer at a time, with a pause between two, none while orders are on
// their way, and none at all without a ratio.
func TestOneTransferAtATime(t *testing.T) {
	p := bare()
	p.BalanceBandFrac, p.TransferGapS, p.TotalLimitUSDT = 0.05, 7200, 60_000
	s := newStage(t, 1, p, 90_000, 0)
	s.keeps(0)
	first := transfers(s.cycle())
	if len(first) != 1 || first[0].Code != carry.CodeRebalance {
		t.Fatalf("transfers: %+v", first)
	}
	if cs := s.after(10 * carry.Hour); len(cs) != 0 {
		t.Errorf("while the first is on its way: %+v", cs)
	}
	s.land(first[0], carry.CodeNotWithdrawable)
	if cs := s.cycle(); len(transfers(cs)) != 1 {
		t.Errorf("after a refusal long ago: %+v", cs)
	}
	s.land(s.way[0], carry.CodeNotWithdrawable)
	if cs := s.cycle(); len(cs) != 0 {
		t.Errorf("within two hours of the last: %+v", cs)
	}
	s.desk.inFlight = 1
	if cs := s.after(3 * carry.Hour); len(cs) != 0 {
		t.Errorf("while an order is on its way: %+v", cs)
	}
	s.desk.inFlight, s.desk.p.BalanceBandFrac = 0, 0
	if cs := s.after(3 * carry.Hour); len(cs) != 0 {
		t.Errorf("without a rebalancing ratio: %+v", cs)
	}
}

// From all in one wallet, either one, to a full book at the target: transfers
// and openings find their way together.
func TestFromAnEmptyWallet(t *testing.T) {
	for _, e := range [][2]float64{{30_000, 0}, {0, 30_000}} {
		p := Defaults()
		p.MaxBarVolumeFrac, p.CoinsTargetN = 0, 4
		s := newStage(t, 4, p, e[0], e[1])
		for i := range 4 {
			s.wants(i, 1)
		}
		for range 6 {
			s.drive()
		}
		total := s.short(0) + s.short(1) + s.short(2) + s.short(3)
		if total < 18_500 || total > 19_700 {
			t.Errorf("from %v and %v: %v is short, want about 19,600", e[0], e[1], total)
		}
		if used := s.used(); used > 2.05 || used < 1.8 {
			t.Errorf("from %v and %v: leverage %v", e[0], e[1], used)
		}
	}
}
