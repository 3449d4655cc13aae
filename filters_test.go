package carry

import (
	"testing"

	"pgregory.net/rapid"
)

// btcSpot is BTCUSDT in 2021: tick 0.01, lot 0.000001, no market lot of its own
// (step 0 in real data), 10 USDT least. Quanta are 1e-6.
func btcSpot() Filters {
	return Filters{Tick: Unit / 100, Step: 1, MinQty: 10, MaxQty: 9000e6, MarketStep: 0, MarketMax: 100e6,
		MinNotional: 10 * Unit, PercentUp: 5, PercentDown: 0.2}
}

func TestFiltersCheckOneRuleAtATime(t *testing.T) {
	const unit = 1_000_000
	ref := Price(50_000 * Unit)
	for _, e := range []struct {
		name       string
		q          Qty
		limit      Price
		reduceOnly bool
		change     func(f *Filters)
		want       Code
	}{
		{"a plain market order", 1000, 0, false, nil, OK},
		{"nothing", 0, 0, false, nil, CodeLot},
		{"less than nothing", -1000, 0, false, nil, CodeLot},
		{"below the least quantity", 9, 0, true, nil, CodeLot},
		{"the least quantity, reducing", 10, 0, true, nil, OK},
		{"below 10 USDT", 199, 0, false, nil, CodeNotional},
		{"exactly 10 USDT", 200, 0, false, nil, OK},
		{"below 10 USDT but reducing", 199, 0, true, nil, OK},
		{"the notional rule switched off", 10, 0, false, func(f *Filters) { f.MinNotional = 0 }, OK},
		{"above the largest notional", 1000, 0, false, func(f *Filters) { f.MaxNotional = 49 * Unit }, CodeNotional},
		{"above it, where it binds limits only", 1000, 0, false, func(f *Filters) { f.MaxNotional, f.MarketLarge = 49*Unit, true }, OK},
		{"above it with a limit", 1000, ref, false, func(f *Filters) { f.MaxNotional, f.MarketLarge = 49*Unit, true }, CodeNotional},
		{"a limit below the lowest price", 10000, ref, false, func(f *Filters) { f.MinPrice = ref + Unit }, CodeTick},
		{"over the market's largest lot", 100e6 + 1, 0, false, nil, CodeLot},
		{"over it, but with a limit", 100e6 + 1, ref, false, nil, OK},
		{"over the largest lot", 9000e6 + 1, ref, false, nil, CodeLot},
		{"no largest market lot: the common one counts", 9000e6 + 1, 0, false, func(f *Filters) { f.MarketMax = 0 }, CodeLot},
		{"no largest lot at all", 1e15, 0, false, func(f *Filters) { f.MarketMax, f.MaxQty = 0, 0 }, OK},
		{"off the market's step", 1500, 0, false, func(f *Filters) { f.MarketStep = 1000 }, CodeLot},
		{"off the market's step, but with a limit", 1500, ref, false, func(f *Filters) { f.MarketStep = 1000 }, OK},
		{"off the common step", 1500, 0, false, func(f *Filters) { f.Step = 1000 }, CodeLot},
		{"steps switched off", 1501, 0, false, func(f *Filters) { f.Step, f.MarketStep = 0, 0 }, OK},
		{"a limit off the tick", 1000, ref + 1, false, nil, CodeTick},
		{"the tick switched off", 1000, ref + 1, false, func(f *Filters) { f.Tick = 0 }, OK},
		{"a limit too high", 1000, 5*ref + Unit/100, false, nil, CodePriceBand},
		{"a limit at the upper bound", 1000, 5 * ref, false, nil, OK},
		{"a limit too low", 10000, ref/5 - Unit/100, false, nil, CodePriceBand},
		{"bounds switched off", 1000, 100 * ref, false, func(f *Filters) { f.PercentUp = 0 }, OK},
		{"a low limit makes the notional", 250, ref / 2, false, nil, CodeNotional},
	} {
		f := btcSpot()
		if e.change != nil {
			e.change(&f)
		}
		if got := f.Check(e.q, ref, e.limit, unit, e.reduceOnly); got != e.want {
			t.Errorf("%s: %s, want %s", e.name, got, e.want)
		}
	}
}

// What FloorQty returns is 0 or passes the lot rules, never more than was
// asked for and never a lot less than it could be.
func TestRoundedQuantitiesPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]Qty{0, 1, 10, 1000}).Draw(t, "step")
		f := Filters{Step: step, MarketStep: step * rapid.SampledFrom([]Qty{0, 1, 10}).Draw(t, "market step")}
		lot := f.Lot()
		f.MinQty = lot * Qty(rapid.Int64Range(0, 5).Draw(t, "least"))
		f.MaxQty = lot * Qty(rapid.SampledFrom([]int64{0, 100, 100000}).Draw(t, "most"))
		f.MarketMax = lot * Qty(rapid.SampledFrom([]int64{0, 50}).Draw(t, "market most"))
		q := Qty(rapid.Int64Range(-10, 1e6).Draw(t, "q"))
		down := f.FloorQty(q)
		most := f.MaxQty
		if f.MarketMax > 0 && (most == 0 || f.MarketMax < most) {
			most = f.MarketMax
		}
		switch {
		case down > max(q, 0):
			t.Fatalf("%d rounded down is %d", q, down)
		case down != 0 && f.Check(down, Unit, 0, 1, true) != OK:
			t.Fatalf("%d rounded down is %d and does not pass %+v", q, down, f)
		case down == 0 && q >= max(lot, f.MinQty):
			t.Fatalf("%d rounded down to nothing by %+v", q, f)
		case down != 0 && q-down >= lot && down != most:
			t.Fatalf("%d rounded down to %d, more than a lot less: %+v", q, down, f)
		}
		if q < 0 {
			return
		}
		if up := f.CeilQty(q); up < q || up-q >= lot || up%lot != 0 {
			t.Fatalf("%d rounded up is %d with lot %d", q, up, lot)
		}
	})
}

// Prices on a tick stay there although they were floats; others go to the side
// asked for.
func TestTicksRoundToTheirSide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Filters{Tick: Price(rapid.SampledFrom([]int64{0, 1, 10, 100, 1000000, 5000000, 10000000}).Draw(t, "tick"))}
		tick := max(f.Tick, 1)
		// From 2^25 USDT on, floats are too coarse to tell neighbours of 1e-8 apart.
		on := tick * Price(rapid.Int64Range(1, min(1e9, (1<<25)*Unit/int64(tick)-1)).Draw(t, "k"))
		if d, u := f.TickDown(on.Float()), f.TickUp(on.Float()); d != on || u != on {
			t.Fatalf("%s is on the tick %s and went to %s and %s", on, tick, d, u)
		}
		x := on + Price(rapid.Int64Range(0, int64(tick)-1).Draw(t, "off"))
		d, u := f.TickDown(x.Float()), f.TickUp(x.Float())
		if d != on || u < x || u-x >= tick || u%tick != 0 {
			t.Fatalf("%s with tick %s went to %s and %s", x, tick, d, u)
		}
	})
}
