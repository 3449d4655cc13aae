package strategy

import (
	"math"

	"carry"
	"carry/internal/book"
)

// tripRecord is a pair's trip from flat to flat while it lasts.
type tripRecord struct {
	open        bool
	openAt      carry.Time
	base        book.Attribution // what earlier trips had posted
	soldValue   float64          // perpetual sold to open, USDT
	soldQty     float64
	boughtValue float64 // spot bought
	boughtQty   float64
	backValue   float64 // perpetual bought back
	backQty     float64
	outValue    float64 // spot sold
	outQty      float64
	maxValue    float64
	settlements int
}

// fill updates the pair's trip and ends it when both legs are flat.
func (r *Recorder) fill(ev *carry.Event) error {
	i := ev.Pair
	p := &r.pairRec[i]
	t := &p.trip
	r.res.Counts.Fills++
	p.fills++
	pair := &r.pairs[i]
	q := pair.QtyFloat(ev.Qty)
	value := float64(q * ev.Price.Float())
	r.res.Counts.TradedUSDT += value
	if !t.open {
		t.open, t.openAt = true, ev.At
		if p.openCode == carry.OK && (ev.Leg == carry.Perp) == (ev.Side == carry.Buy) {
			p.openCode = carry.CodeDust // what a trip left has become worth an order
		}
	}
	switch {
	case ev.Leg == carry.Perp && ev.Side == carry.Sell:
		t.soldValue, t.soldQty = t.soldValue+value, t.soldQty+q
	case ev.Leg == carry.Perp:
		t.backValue, t.backQty = t.backValue+value, t.backQty+q
	case ev.Side == carry.Buy:
		t.boughtValue, t.boughtQty = t.boughtValue+value, t.boughtQty+q
	default:
		t.outValue, t.outQty = t.outValue+value, t.outQty+q
	}
	switch ev.Kind {
	case carry.EvLiquidated:
		r.res.Counts.Liquidations++
		p.closeCode = ev.Code
		r.happen(ev.At, i, ev.Code, "", [3]float64{value, ev.Price.Float(), ev.Fee.Float()})
	case carry.EvSettled:
		p.closeCode = ev.Code
		r.happen(ev.At, i, ev.Code, "", [3]float64{value, ev.Price.Float(), 0})
	}
	if ev.Account.PerpQty[i] == 0 && r.dust(i, ev.Account) {
		return r.endTrip(i, ev.At, false)
	}
	return nil
}

// dust tells whether the pair's coins are less than the smallest order.
func (r *Recorder) dust(i int32, a *carry.Account) bool {
	if a.SpotCoinsF[i] == 0 {
		return true
	}
	lot := carry.Qty(1)
	if rules := r.rules[i]; rules != nil {
		lot = max(rules.Legs[carry.Spot].Lot(), rules.Legs[carry.Spot].MinQty)
		if n := rules.Legs[carry.Spot].MinNotional.Float(); a.SpotCoinsF[i]*r.lastSpot[i] < n {
			return true
		}
	}
	return a.SpotCoinsF[i] < r.pairs[i].QtyFloat(lot)
}

func (r *Recorder) endTrip(i int32, at carry.Time, stillOpen bool) error {
	p := &r.pairRec[i]
	t := &p.trip
	now, err := r.book.Attribution(int(i), price(r.lastSpot[i]), price(r.lastMark[i]))
	if err != nil {
		return err
	}
	delta := now.Sub(t.base)
	p.trips++
	mult := float64(r.pairs[i].Mult)
	r.res.Trips = append(r.res.Trips, carry.Trip{
		Coin: r.pairs[i].Coin, OpenAt: t.openAt, CloseAt: at, Open: stillOpen, MaxNotional: t.maxValue,
		EntryPremium: premium(t.soldValue, t.soldQty*mult, t.boughtValue, t.boughtQty),
		ExitPremium:  premium(t.backValue, t.backQty*mult, t.outValue, t.outQty),
		Settlements:  t.settlements, OpenCode: p.openCode.String(), CloseCode: p.closeCode.String(),
		Attribution: delta.Float(),
	})
	*t = tripRecord{base: now}
	p.openCode, p.closeCode = carry.OK, carry.OK
	return nil
}

// premium is mean perp price / mean spot price − 1 per coin; NaN where a leg
// did not trade.
func premium(perpValue, perpCoins, spotValue, spotCoins float64) float64 {
	if perpCoins == 0 || spotCoins == 0 || spotValue == 0 {
		return math.NaN()
	}
	return perpValue/perpCoins/(spotValue/spotCoins) - 1
}

// price is a tape price for exact valuation; 0 where there is none.
func price(x float64) carry.Price {
	if !(x > 0) {
		return 0
	}
	return carry.PriceFromFloat(x)
}
