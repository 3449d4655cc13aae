package hold

import (
	"strings"
	"testing"

	"carry"
	"carry/strategy/hedge"
)

// newPolicy is the policy inside a core for three coins, all trading.
func newPolicy(t *testing.T, change func(p *Params)) (*policy, *carry.Market, *carry.Account) {
	t.Helper()
	pairs := []carry.Pair{{Coin: "BTC", Mult: 1}, {Coin: "ETH", Mult: 1}, {Coin: "SOL", Mult: 1}}
	p := Defaults()
	change(&p)
	pol, err := choose(pairs, p)
	if err != nil {
		t.Fatal(err)
	}
	all := carry.Tradable | carry.Valued
	m := &carry.Market{Pairs: pairs, Quotes: flat{}, Flags: []carry.Flags{all, all, all}}
	return pol, m, carry.NewAccount(3)
}

// flat quotes everything at 100.
type flat struct{}

func (flat) Bid(carry.Leg, int) float64 { return 100 }
func (flat) Ask(carry.Leg, int) float64 { return 100 }

func show(pol *policy, m *carry.Market, a *carry.Account, at string) {
	m.At, _ = carry.ParseTime(at)
	pol.Observe(&carry.Event{Kind: carry.EvMarket, At: m.At, Market: m, Account: a})
}

func judge(pol *policy, m *carry.Market, i int, held bool) (v hedge.Verdict) {
	pol.Judge(i, m, held, &v)
	return v
}

// Every coin is wanted once: bought when it can be, kept whatever happens, and
// never bought again after it was reduced or liquidated.
func TestEveryCoinOnce(t *testing.T) {
	pol, m, a := newPolicy(t, func(*Params) {})
	show(pol, m, a, "2021-05-19")
	if v := judge(pol, m, 0, false); v.Open != carry.OK || v.Why != carry.CodeHold || v.Close != carry.OK {
		t.Errorf("at first: %+v", v)
	}
	a.PerpQty[0] = -5
	for _, held := range []bool{true, true, false} {
		show(pol, m, a, "2021-06-01")
		if v := judge(pol, m, 0, held); v.Close != carry.OK || (!held && v.Open != carry.CodeNotProfitable) {
			t.Errorf("later, held %t: %+v", held, v)
		}
	}
	if v := judge(pol, m, 1, false); v.Open != carry.OK {
		t.Errorf("another coin: %+v", v)
	}
	m.Flags[1] &^= carry.SpotFresh
	if v := judge(pol, m, 1, false); v.Open != carry.CodeStale {
		t.Errorf("a halted coin: %+v", v)
	}
}

// An opening of which only the coins came through is no position yet: when the
// coins are sold again it is tried anew.
func TestHalfAnOpeningIsNotEnough(t *testing.T) {
	pol, m, a := newPolicy(t, func(*Params) {})
	show(pol, m, a, "2021-05-19")
	judge(pol, m, 0, true) // coins, no contracts
	if v := judge(pol, m, 0, false); v.Open != carry.OK {
		t.Errorf("after a half opening: %+v", v)
	}
}

// holdvalue refills once a month, hold never.
func TestMonthlyRefill(t *testing.T) {
	for _, keep := range []bool{true, false} {
		pol, m, a := newPolicy(t, func(p *Params) { p.KeepValue = keep })
		a.PerpQty[0] = -5
		show(pol, m, a, "2021-05-19")
		judge(pol, m, 0, true)
		for _, e := range []struct {
			at   string
			want bool
		}{{"2021-05-19T01:00", false}, {"2021-05-31T23:00", false}, {"2021-06-01T00:00", keep}, {"2021-06-01T01:00", false}, {"2021-06-30", false}, {"2021-07-01T00:00", keep}} {
			show(pol, m, a, e.at)
			if got := judge(pol, m, 0, true).Open == carry.OK; got != e.want {
				t.Errorf("keeping value %t, %s: refills %t", keep, e.at, got)
			}
		}
	}
}

// The total is spread over the coins that trade by now, named ones only.
func TestSpread(t *testing.T) {
	pol, m, a := newPolicy(t, func(*Params) {})
	m.Flags[2] = 0 // not yet listed
	show(pol, m, a, "2021-05-19")
	if pol.Spread() != 2 {
		t.Errorf("two of three trade, spread over %d", pol.Spread())
	}
	m.Flags[2] = carry.Valued
	show(pol, m, a, "2021-05-20")
	if pol.Spread() != 3 {
		t.Errorf("three of three trade, spread over %d", pol.Spread())
	}
	pol, m, a = newPolicy(t, func(p *Params) { p.Coins = "BTC,SOL" })
	show(pol, m, a, "2021-05-19")
	if v := judge(pol, m, 1, false); pol.Spread() != 2 || v.Open != carry.CodeNotNamed || !pol.Dormant()[1] || pol.Dormant()[0] {
		t.Errorf("only BTC and SOL: spread over %d, ETH %s", pol.Spread(), v.Open)
	}
}

func TestSettingsOfHold(t *testing.T) {
	pairs := []carry.Pair{{Coin: "BTC", Mult: 1}}
	p := Defaults()
	p.Coins = "DOGE,XRP"
	if _, err := New(pairs, p, hedge.Terms{}); err == nil || !strings.Contains(err.Error(), "DOGE") {
		t.Errorf("coins that are not there gave %v", err)
	}
	p = Defaults()
	p.LeverageAlarmX = 1
	if _, err := New(pairs, p, hedge.Terms{}); err == nil {
		t.Error("an alarm below the target was accepted")
	}
	if core, err := New(pairs, Defaults(), hedge.Terms{}); err != nil || core == nil {
		t.Errorf("the defaults gave %v", err)
	}
	for _, row := range p.Table() {
		if was := row.String(); row.Doc == "" || (row.Name != "leverageAlarmX" && row.Set(was) != nil) {
			t.Errorf("%s = %s is undocumented or outside its range", row.Name, was)
		}
	}
}
