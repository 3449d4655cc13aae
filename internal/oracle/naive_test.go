// Package oracle works a frictionless hold of one coin out a second time, as
// plainly as can be: from a tape's raw bars and settlements and from what was
// ordered when, with decimals and nothing of the engine's code.
package oracle

import (
	"errors"
	"io"
	"math"

	"carry"

	"github.com/shopspring/decimal"
)

// trade is one order: coins bought on spot or contracts sold short. at is the
// moment of the decision.
type trade struct {
	at  carry.Time
	leg carry.Leg
	qty decimal.Decimal
}

// holding is what the naive account comes to, in USDT.
type holding struct{ funding, equity decimal.Decimal }

func dec(x float64) decimal.Decimal { return decimal.NewFromFloat(x).Round(8) }

// path is the price half a second into an hour's bar: a third of the hour leads
// from the open to the nearer extreme, in a straight line.
func path(open, high, low float64) decimal.Decimal {
	first := high
	if open-low < high-open {
		first = low
	}
	return dec(open).Add(dec(first).Sub(dec(open)).Mul(decimal.New(3, 0)).Div(decimal.New(7200, 0)))
}

// perpPath is the perpetual's price half a second into the bar: spot's times a
// premium that goes evenly from the bar's first to its last, within the
// perpetual's own high and low; its own where spot is halted.
func perpPath(spot, perp *carry.Bars, k int) decimal.Decimal {
	if !(spot.Volume[k] > 0) {
		return path(perp.Open[k], perp.High[k], perp.Low[k])
	}
	first := dec(perp.Open[k]).DivRound(dec(spot.Open[k]), 30)
	last := dec(perp.Close[k]).DivRound(dec(spot.Close[k]), 30)
	premium := first.Add(last.Sub(first).DivRound(decimal.NewFromInt(7200), 30))
	p := path(spot.Open[k], spot.High[k], spot.Low[k]).Mul(premium)
	return decimal.Max(decimal.Min(p, dec(perp.High[k])), dec(perp.Low[k]))
}

// naiveHold follows pair i of a tape. Purchases are rounded up to the leg's
// tick, sales down, cash to 1e-8 against the customer.
func naiveHold(tape carry.Tape, i int, ticks [2]decimal.Decimal, capital decimal.Decimal, orders []trade) (h holding, err error) {
	cash, coins, short, entry := capital, decimal.Zero, decimal.Zero, decimal.Zero
	spot, mark := decimal.Zero, decimal.Zero
	var b carry.Block
	for {
		if err := tape.Next(&b); errors.Is(err, io.EOF) {
			unrealised := entry.Sub(short.Mul(mark))
			return holding{h.funding, cash.Add(coins.Mul(spot)).Add(unrealised)}, nil
		} else if err != nil {
			return h, err
		}
		for r := range b.N {
			k, at := r*b.P+i, b.Start+carry.Time(r)*b.Step
			for _, s := range b.Settled {
				if s.At != at || int(s.Pair) != i || short.IsZero() {
					continue
				}
				price := mark
				if s.Mark > 0 {
					price = decimal.New(int64(s.Mark), -8)
				} else if x := b.MarkOpen[k]; !math.IsNaN(x) {
					price = dec(x)
				} else if x := b.Perp.Open[k]; !math.IsNaN(x) {
					price = dec(x)
				}
				paid := short.Mul(price).Mul(decimal.New(int64(s.Rate), -8)).RoundFloor(8)
				h.funding, cash = h.funding.Add(paid), cash.Add(paid)
			}
			for ; len(orders) > 0 && orders[0].at == at; orders = orders[1:] {
				o, price := orders[0], path(b.Spot.Open[k], b.Spot.High[k], b.Spot.Low[k])
				if o.leg == carry.Perp {
					price = perpPath(&b.Spot, &b.Perp, k)
				}
				lots := price.Round(8).Div(ticks[o.leg])
				if o.leg == carry.Spot {
					cash = cash.Sub(lots.Ceil().Mul(ticks[0]).Mul(o.qty).RoundCeil(8))
					coins = coins.Add(o.qty)
				} else {
					entry = entry.Add(lots.Floor().Mul(ticks[1]).Mul(o.qty))
					short = short.Add(o.qty)
				}
			}
			if b.Spot.Volume[k] > 0 {
				spot = dec(b.Spot.Close[k])
			}
			if b.Perp.Volume[k] > 0 {
				mark = dec(b.Perp.Close[k])
			}
			if x := b.MarkClose[k]; !math.IsNaN(x) {
				mark = dec(x)
			}
		}
	}
}
