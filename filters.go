package carry

import "math"

// lot is the quantity step that an order must respect; a market order obeys
// both LOT_SIZE and MARKET_LOT_SIZE, whose step 0 means "the same as LOT_SIZE".
func (f *Filters) lot(market bool) Qty {
	step := f.Step
	if market && f.MarketStep > step {
		step = f.MarketStep
	}
	if step <= 0 {
		return 1
	}
	return step
}

// FloorQty rounds q down to the lot of a market order and caps it at the
// largest one allowed; below the minimum it is 0.
func (f *Filters) FloorQty(q Qty) Qty {
	if limit := f.maxQty(); limit > 0 && q > limit {
		q = limit
	}
	q -= q % f.lot(true)
	if q < f.MinQty || q <= 0 {
		return 0
	}
	return q
}

// CeilQty rounds q up to the lot of a market order.
func (f *Filters) CeilQty(q Qty) Qty {
	step := f.lot(true)
	if r := q % step; r != 0 {
		q += step - r
	}
	return q
}

// Lot is the quantity step of a market order, in quanta.
func (f *Filters) Lot() Qty { return f.lot(true) }

func (f *Filters) maxQty() Qty {
	if f.MarketMax > 0 && (f.MaxQty == 0 || f.MarketMax < f.MaxQty) {
		return f.MarketMax
	}
	return f.MaxQty
}

// Check says whether an order of quantity q at about price ref (USDT) passes:
// OK, or the code of the rule it breaks. limit is 0 for a market order. unit is
// the pair's quanta per coin or contract. Reduce-only orders are exempt from the
// smallest notional, as on Binance's perpetuals.
func (f *Filters) Check(q Qty, ref, limit Price, unit int64, reduceOnly bool) Code {
	market := limit == 0
	if q <= 0 || q%f.lot(market) != 0 || q < f.MinQty {
		return CodeLot
	}
	most := f.MaxQty
	if market {
		most = f.maxQty()
	}
	if most > 0 && q > most {
		return CodeLot
	}
	at := ref
	if !market {
		at = limit
		if code := f.checkPrice(limit, ref); code != OK {
			return code
		}
	}
	value := at.Float() * float64(q) / float64(unit)
	small := reduceOnly || market && f.MarketSmall
	if !small && f.MinNotional > 0 && value < f.MinNotional.Float() {
		return CodeNotional
	}
	if f.MaxNotional > 0 && value > f.MaxNotional.Float() && !(market && f.MarketLarge) {
		return CodeNotional
	}
	return OK
}

// checkPrice judges a limit: the tick, the bounds, the percent-price band.
func (f *Filters) checkPrice(limit, ref Price) Code {
	switch {
	case f.Tick > 0 && limit%f.Tick != 0, limit < f.MinPrice, f.MaxPrice > 0 && limit > f.MaxPrice:
		return CodeTick
	case !f.InBand(limit, ref):
		return CodePriceBand
	}
	return OK
}

// InBand tells whether a price lies within the percent-price band around ref.
func (f *Filters) InBand(p, ref Price) bool {
	if f.PercentUp > 0 && p.Float() > float64(ref.Float()*f.PercentUp) {
		return false
	}
	return f.PercentDown <= 0 || p.Float() >= float64(ref.Float()*f.PercentDown)
}

// CheckCommand is Check for a whole order: what it shows of itself too. ref is
// the reference price of the percent-price rule.
func (f *Filters) CheckCommand(c *Command, ref Price, unit int64) Code {
	if c.Show < 0 || c.Show > 0 && (!c.Life.Rests() || c.Show > c.Qty || c.Show%f.lot(false) != 0 || c.Leg == Perp) {
		return CodeIceberg
	}
	if c.Show > 0 && f.IcebergParts > 0 && (c.Qty+c.Show-1)/c.Show > Qty(f.IcebergParts) {
		return CodeIceberg
	}
	if c.Limit == 0 && c.Life.Rests() || c.Limit < 0 {
		return CodeTick
	}
	return f.Check(c.Qty, ref, c.Limit, unit, c.ReduceOnly)
}

// TickDown rounds x down to the tick, TickUp up. A price that is on a tick up
// to a float's last bits stays there.
func (f *Filters) TickDown(x float64) Price {
	p := PriceFromFloat(x)
	if f.Tick > 1 {
		p -= p % f.Tick
	}
	return p
}

// TickUp is described at TickDown.
func (f *Filters) TickUp(x float64) Price {
	p := PriceFromFloat(x)
	if f.Tick > 1 {
		if r := p % f.Tick; r != 0 {
			p += f.Tick - r
		}
	}
	return p
}

// QtyFloor turns a judged number of coins or contracts into quanta, rounded
// down. NaN, infinite and negative figures give 0.
func (p *Pair) QtyFloor(x float64) Qty {
	x *= float64(p.QtyUnit())
	if !(x > 0) || x > 9e18 {
		return 0
	}
	return Qty(math.Floor(x))
}
