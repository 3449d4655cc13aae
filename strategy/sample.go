package strategy

import (
	"math"

	"carry"
)

// holding is one pair that is owned, with all that valuing it takes side by
// side: a sample looks at every one at every instant.
type holding struct {
	pair             int32
	qty, cost, coins float64 // contracts, USDT, coins in both wallets
	legs             float64 // coins by which the legs differ; 0 while orders are on their way
	most             float64 // largest notional since the last change, USDT
	since            carry.Time
	brackets         []carry.Bracket
	known            bool // brackets are
	rung             carry.MarginRung
}

// changed takes pair i's account, orders and rules over after any change of
// them; what was collected in between goes to its record first.
func (r *Recorder) changed(i int32) {
	k := 0
	for k < len(r.held) && r.held[k].pair < i {
		k++
	}
	was := k < len(r.held) && r.held[k].pair == i
	if was {
		r.collect(&r.held[k])
	}
	a, p := r.book.Account(), &r.pairRec[i]
	h := holding{pair: i, qty: a.PerpQtyF[i], cost: a.PerpCostF[i], coins: a.SpotCoinsF[i], since: r.last}
	if a.PerpCoins != nil {
		h.coins += a.PerpCoins[i].Float() / carry.Unit
	}
	is := h.qty != 0 || h.coins != 0
	switch {
	case is && !was:
		r.held = append(r.held, holding{})
		copy(r.held[k+1:], r.held[k:])
	case was && !is:
		r.held = append(r.held[:k], r.held[k+1:]...)
	}
	if !is {
		return
	}
	if p.flying == 0 {
		h.legs = h.coins + float64(h.qty*float64(r.pairs[i].Mult))
	}
	if rules := r.rules[i]; rules != nil {
		h.brackets, h.known = rules.Brackets, true
	}
	r.held[k] = h
}

// collect adds what a holding saw since its last change to its pair's record.
func (r *Recorder) collect(h *holding) {
	p := &r.pairRec[h.pair]
	if h.qty != 0 {
		p.heldHours += float64(r.last-h.since) / float64(carry.Hour)
	}
	p.maxValue, p.trip.maxValue = max(p.maxValue, h.most), max(p.trip.maxValue, h.most)
	h.since, h.most = r.last, 0
}

// sampled is the account at one instant.
type sampled struct {
	equity, notional, margin, maintenance, used, distance float64
	gap                                                   float64 // between the legs at rest, fraction of equity
	open                                                  int
}

func (r *Recorder) sample(m *carry.Market, a *carry.Account) sampled {
	s := sampled{margin: a.PerpUSDT.Float()}
	coins, gap := 0.0, 0.0
	if stock := a.BNB[0] + a.BNB[1]; stock != 0 {
		coins = float64(stock.Float() * m.BNBUSDT)
	}
	for k := range r.held {
		h := &r.held[k]
		spot := m.SpotLast[h.pair]
		if d := math.Abs(float64(h.legs * spot)); d > gap {
			gap = d
		}
		if h.qty != 0 {
			v := float64(h.qty * m.Mark[h.pair])
			s.margin += v - h.cost
			v = math.Abs(v)
			s.notional += v
			s.open++
			if v > h.most {
				h.most = v
			}
			if h.known {
				s.maintenance += h.rung.Margin(h.brackets, v)
			}
		}
		if h.coins != 0 {
			coins += float64(h.coins * spot)
		}
	}
	s.equity = a.SpotUSDT.Float() + coins + s.margin
	s.gap = gap / s.equity
	s.used, s.distance = 0, math.Inf(1)
	if s.notional > 0 {
		s.used = math.Inf(1)
		if s.margin > 0 {
			s.used = s.notional / s.margin
		}
		// All marks up by u: margin − V u = maintenance (1 + u), with today's bracket.
		s.distance = (s.margin - s.maintenance) / (s.notional + s.maintenance)
	}
	return s
}
