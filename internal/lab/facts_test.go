package lab

import (
	"math"
	"testing"

	"carry"
	"carry/sim"
)

// aloneByHand follows one equal-weight book at a time from its start through all
// bars and tells when its shorts were liquidated, 0 if never: the wallet holds
// 1/L of the notional sold, and is lost where what is left of it falls below the
// maintenance margin.
func aloneByHand(k *kept, start carry.Time, leverage, mmr float64) carry.Time {
	p := len(k.info.Pairs)
	base, last := make([]float64, p), make([]float64, p)
	begun := false
	for _, b := range k.blocks {
		for r := range b.N {
			at := b.Start + carry.Time(r)*b.Step
			if at < start {
				continue
			}
			short, owed, n := 0.0, 0.0, 0
			for i := range p {
				c := r*p + i
				if !begun {
					if base[i] = math.NaN(); !math.IsNaN(b.Spot.Open[c]) && !math.IsNaN(b.MarkOpen[c]) {
						base[i], last[i] = b.MarkOpen[c], b.MarkOpen[c]
					}
				}
				if math.IsNaN(base[i]) {
					continue
				}
				n++
				price := b.MarkHigh[c]
				if math.IsNaN(price) {
					price = last[i]
				}
				short += price / base[i] // of one USDT sold of each
				owed += price/base[i] - 1
				if !math.IsNaN(b.MarkClose[c]) {
					last[i] = b.MarkClose[c]
				}
			}
			begun = true
			if n > 0 && float64(n)/leverage-owed <= mmr*short {
				return at
			}
		}
	}
	return 0
}

// The books that are left alone in the report are those of a hand's reckoning,
// and a coin's daily funding is the sum of its settlements.
func TestLeftAloneIsWhatAHandReckons(t *testing.T) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.To, o.NoOutages = 6, o.From+500*carry.Day, true
	m, err := sim.NewMarket(o)
	if err != nil {
		t.Fatal(err)
	}
	tape := keepTape(t, m)
	for _, b := range tape.blocks { // marks everywhere, so that both read the same
		for i, x := range b.MarkOpen {
			if math.IsNaN(x) {
				b.MarkOpen[i], b.MarkHigh[i], b.MarkClose[i] = b.Perp.Open[i], b.Perp.High[i], b.Perp.Close[i]
			}
		}
	}
	spec := setUp(t, "funding", tape, "leverageTargetX=2.4")
	f := NewFacts(spec)
	from := o.From + 20*carry.Day
	for _, b := range tape.blocks {
		f.Block(tape.info, from, b)
	}
	got := f.Report()
	var want [len(aloneDays)]struct{ starts, lost int }
	for at := from; at < tape.info.To; at += aloneEvery * carry.Day {
		end := aloneByHand(tape, at, 2.4, f.mmr)
		for k, d := range aloneDays {
			over := at + carry.Time(d)*carry.Day
			if over > tape.info.To {
				continue
			}
			want[k].starts++
			if end != 0 && end < over {
				want[k].lost++
			}
		}
	}
	for k, row := range got.Alone {
		if row.Starts != want[k].starts || row.Liquidated != want[k].lost {
			t.Errorf("within %d days %d of %d, by hand %d of %d", row.Days, row.Liquidated, row.Starts, want[k].lost, want[k].starts)
		}
	}
	if want[1].lost == 0 || want[1].lost == want[1].starts {
		t.Errorf("%d of %d: the market tests nothing", want[1].lost, want[1].starts)
	}
	sums := map[int32]float64{}
	for _, b := range tape.blocks {
		for _, s := range b.Settled {
			if s.At >= from {
				sums[s.Pair] += s.Rate.Float()
			}
		}
	}
	for i, days := range got.Funding {
		sum := 0.0
		for _, x := range days {
			if x == x {
				sum += x
			}
		}
		if math.Abs(sum-sums[int32(i)]) > 1e-12 {
			t.Errorf("%s: %v by days, %v by settlements", got.Coins[i], sum, sums[int32(i)])
		}
	}
}
