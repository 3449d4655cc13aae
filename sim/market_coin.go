package sim

import (
	"math"

	"carry"
)

const (
	// swingHalfLifeH is that of the slow swings in demand for leverage,
	// premiumHalfLifeH that of the basis (published: BTC 1.7 to 4.5 h, ETH 2.3,
	// ADA 4.9).
	swingHalfLifeH   = 44.0
	premiumHalfLifeH = 2.2
	// anchorPerYear pulls a price back towards its first one, so that a market
	// of any length stays within its ticks.
	anchorPerYear = 0.4
	// neutralDemand is the demand at which all coins are alike, % a year.
	neutralDemand = 7.5
)

// coinState is what changes from bar to bar, and the constants of the loop.
type coinState struct {
	// What every bar reads or writes stands first, so that it shares cache lines.
	wake, nextSlot             carry.Time // when enter, when settle have work
	hidden, over               bool       // before the listing, after the end
	active                     bool       // an episode runs
	priceRand, rangeRand       Stream
	premiumRand, volumeRand    Stream
	garch                      garch
	jumpBelow                  uint64
	variance                   float64
	sigmaMeanInv               float64 // 1 / usual standard deviation of a bar's return
	beta, beta2, drift         float64
	pull                       float64 // share of the way to the fair premium within a bar
	noise, lead                float64
	swing, keep, fresh         float64 // the coin's own slow swing
	sens, own, spread, demand  float64 // see movePremium
	perSlot                    float64 // 8-hour demands to those of the present interval
	spotScale, perpScale       float64 // 1/tick
	markScale, mult            float64
	spotLot, perpLot           float64 // 1/lot
	valueBar, perpRatio, print float64

	// The present bar, before rounding. Premiums include episodes.
	open, high, low, close    float64
	shock, ret, extra         float64 // returns without and with episodes; an episode's premium
	total, ratio              float64 // variance; volatility against the usual one
	premium                   float64 // without episodes
	premiumOpen, premiumClose float64
	printOpen, printClose     float64 // what the last trade is off the mark, fraction
	// The running interval's average premium.
	premiumSum, weightSum, weight float64

	life      *coinLife
	episodes  episodes
	step      carry.Time
	dt        float64 // hours
	intervalH int64
	cap       float64
}

func newCoinState(o MarketOptions, i int, life *coinLife) coinState {
	dt := float64(o.Step) / float64(carry.Hour)
	index := uint64(i)
	c := coinState{
		life:        life,
		priceRand:   NewStream(o.Seed, concernPrice, index),
		rangeRand:   NewStream(o.Seed, concernRange, index),
		premiumRand: NewStream(o.Seed, concernPremium, index),
		volumeRand:  NewStream(o.Seed, concernVolume, index),
		wake:        0, intervalH: 8, perSlot: 1, step: o.Step, dt: dt,
		episodes:  newEpisodes(o, i, newCast(o.Seed)),
		garch:     newGarch(dt, life.ownVarHour),
		jumpBelow: jumpThreshold(dt),
		beta:      life.beta, beta2: float64(life.beta * life.beta),
		pull: 1 - power(0.5, dt/premiumHalfLifeH), lead: life.lead,
		sens: life.sens, own: life.own, spread: life.sens - 0.8,
		open: life.price, close: life.price,
		mult: float64(life.mult), valueBar: life.valueHour * dt, perpRatio: life.perpRatio, print: life.print,
	}
	c.wake = min(o.From-2*carry.Day, 0)
	c.nextSlot = (o.From - 2*carry.Day).Floor(8*carry.Hour) + 8*carry.Hour
	c.variance = c.garch.mean
	c.sigmaMeanInv = 1 / math.Sqrt(float64(life.volYear*life.volYear)/hoursPerYear*dt)
	_, fresh := ornstein(dt, premiumHalfLifeH)
	c.noise = float64(life.noise * fresh)
	c.keep, c.fresh = ornstein(dt, swingHalfLifeH)
	c.swing = c.premiumRand.Normal()
	c.demand = life.tilt - float64(c.spread*(neutralDemand*perYear))
	c.premium = -4e-4
	c.premiumClose = c.premium
	c.setRules(0, life.ladder)
	c.spotLot, c.perpLot = float64(carry.Pow10[life.spotLotDp]), float64(carry.Pow10[life.perpLotDp])
	return c
}

// setRules takes the price grids and the funding cap of the rules in force.
func (c *coinState) setRules(finer int8, ladder int) {
	c.spotScale = float64(carry.Pow10[c.life.tickDp(carry.Spot, finer)])
	perpDp := c.life.tickDp(carry.Perp, finer)
	c.perpScale = float64(carry.Pow10[perpDp])
	c.markScale = float64(carry.Pow10[min(perpDp+1, 8)])
	c.cap = float64(0.75 * ladders[ladder][0].mmr)
}

// enter prepares the coin for the bar of w.
func (c *coinState) enter(w *weather) {
	if w.at >= c.wake {
		c.manage(w.at)
	}
	if w.newDay {
		vol := c.life.volYear
		perYear := float64(0.5*float64(vol*vol)) - float64(anchorPerYear*ln(c.close/c.life.price))
		c.drift = perYear * c.dt / hoursPerYear
	}
}

// manage looks at everything in the coin's life that is due at t and finds out
// when it must look again.
func (c *coinState) manage(t carry.Time) {
	l := c.life
	c.hidden, c.over = t < l.listedAt, t >= l.endsAt
	if t >= l.rulesAt {
		c.setRules(1, laterLadder)
	}
	e := &c.episodes
	if e.load(t) {
		for i := range e.list {
			// A coin about to be delisted has no adventures beyond its end.
			e.list[i].end = min(e.list[i].end, l.endsAt)
		}
	}
	c.active = false
	c.wake = never
	due := [...]carry.Time{l.listedAt, l.endsAt, l.rulesAt, e.from + carry.Time(e.window+1)*episodeWindow,
		e.list[0].start, e.list[0].end, e.list[1].start, e.list[1].end}
	for _, d := range due {
		if d > t {
			c.wake = min(c.wake, d)
		}
	}
	for i := range e.list {
		c.active = c.active || (e.list[i].start <= t && t < e.list[i].end)
	}
}

// adventure is the running episodes' log price change within the bar at t and
// their addition to the premium at its end.
func (c *coinState) adventure(t carry.Time) (logPrice, premium float64) {
	for i := range c.episodes.list {
		e := &c.episodes.list[i]
		if t < e.start || t >= e.end {
			continue
		}
		h := hours(e.start, t)
		before, _ := e.shape(h)
		after, p := e.shape(h + c.dt)
		logPrice += after - before
		premium += p
	}
	return logPrice, premium
}

// move makes the bar of w. Market.Next runs its parts coin after coin instead:
// short chains of arithmetic that do not wait for one another are faster.
func (c *coinState) move(w *weather) {
	c.shake(w)
	c.walk(w)
	c.movePremium(w)
}

// shake draws the bar's return before any episode and the variance behind it.
func (c *coinState) shake(w *weather) {
	u := c.priceRand.Uint64()
	sigma := math.Sqrt(c.variance)
	e := float64(sigma * normalQuantile(unit(u)))
	if u&jumpMask < c.jumpBelow {
		e += float64(jumpSigmas * sigma * c.priceRand.Normal())
	}
	c.shock = float64(c.beta*w.factor) + float64(e*w.season)
	c.total = float64(c.beta2*w.factorVar) + float64(c.variance*w.season2)
	c.ratio = math.Sqrt(c.total) * c.sigmaMeanInv
	c.variance = c.garch.after(c.variance, e, w.volTarget)
}

// walk makes the spot path. Its extremes are those of a Brownian bridge from 0
// to ret: P(max > m) = exp(−2 m (m − ret) / variance), solved for m; likewise
// the minimum.
func (c *coinState) walk(w *weather) {
	ret := bound(c.shock+c.drift, -0.5, 1)
	c.extra = 0
	if c.active {
		logPrice, premium := c.adventure(w.at)
		ret = float64((1+ret)*exp(logPrice)) - 1
		c.extra = premium
	}
	v := c.rangeRand.Uint64()
	r2, twice := float64(ret*ret), 2*c.total
	up := math.Sqrt(r2 + float64(twice*w.waits.at(uint32(v>>32))))
	down := math.Sqrt(r2 + float64(twice*w.waits.at(uint32(v))))
	c.ret = ret
	c.open = c.close
	c.high = c.open * (1 + float64(0.5*(ret+up)))
	c.low = c.open * (1 + bound(float64(0.5*(ret-down)), -0.9, 0))
	c.close = c.open * (1 + ret)
}

// bound is x within lo..hi.
func bound(x, lo, hi float64) float64 {
	if x < lo {
		return lo
	}
	if x > hi {
		return hi
	}
	return x
}

// movePremium pulls the premium towards its fair value, adds noise that grows
// with volatility, and lets the perpetual run ahead of spot a little.
func (c *coinState) movePremium(w *weather) {
	u := c.premiumRand.Uint64()
	// Sums of uniforms are normal enough for steps of a slow average.
	slow := float64((float64(u>>48) - 32767.5) * (3.4641016151377544 / 65536))
	fast := float64((float64(u&0xffff+u>>16&0xffff+u>>32&0xffff) - 98302.5) * (2.0 / 65536))
	c.swing = float64(c.keep*c.swing) + float64(c.fresh*slow)
	demand := w.demand + float64(c.spread*w.demand) + c.demand + float64(c.sens*w.swing) + float64(c.own*w.amp*skewed(c.swing))
	scale := float64(c.noise*w.noise) * (0.4 + float64(0.6*bound(c.ratio, 0, 5)))
	c.premium += float64(c.pull*(w.fair(demand*c.perSlot)-c.premium)) + float64(scale*fast) + float64(c.lead*c.shock)
	p := bound(c.premium+c.extra, -0.25, 0.15)
	c.premiumOpen = c.premiumClose
	// The premium index has eight decimals; the offset makes truncation round.
	c.premiumClose = float64(int64(float64(p*1e8)+(1e9+0.5))-1e9) / 1e8
}
