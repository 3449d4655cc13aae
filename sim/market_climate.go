package sim

import (
	"math"

	"carry"
)

const (
	hoursPerYear = 8760.0
	// perYear turns a yearly figure in percent into a fraction per 8 h.
	perYear = 1.0 / 109_500
	// factorVolYear is the common factor's annual volatility in a mean climate.
	factorVolYear = 0.52
	// climateDays is the mean number of days between two draws of the regime.
	climateDays = 14
	// swingSkew makes demand overshoot upward and seldom fall far: a swing s
	// counts as s + swingSkew·(s² − 1).
	swingSkew = 0.4
	// bearAfterCrash is how long a crash keeps the market sober.
	bearAfterCrash = 21 * carry.Day
)

// regime is the market's mood.
type regime uint8

const (
	bull regime = iota // leverage is dear: funding well above the interest term
	warm               // any premium of the clamp's range: funding exactly the interest term
	calm               // the clamp's lower edge: funding at or a little below the interest term
	bear               // nobody wants leverage: funding around zero
)

// mood holds one regime's figures.
type mood struct {
	level  float64 // demand for leverage, % a year
	amp    float64 // its slow swings, % a year
	band   float64 // half-width of indifference, per 8 h: see fairPremium
	noise  float64 // multiple of the fast premium noise
	vol    float64 // multiple of volatility
	drift  float64 // of the common factor, a year
	volume float64 // multiple of turnover
}

// moods were set by comparing 20 coins × 3 years × several seeds with the
// published figures in TestMarketIsCalibrated.
var moods = [...]mood{
	bull: {level: 66, amp: 42, band: 0.8e-4, noise: 1.4, vol: 1.42, drift: 1.4, volume: 1.6},
	warm: {level: 14, amp: 9, band: 0.7e-4, noise: 0.8, vol: 1.1, drift: 0.4, volume: 1.0},
	calm: {level: 8.2, amp: 3.8, band: 0.25e-4, noise: 0.42, vol: 0.7, drift: 0.2, volume: 0.7},
	bear: {level: 3.6, amp: 3.8, band: 0.2e-4, noise: 0.5, vol: 1.02, drift: -0.8, volume: 0.9},
}

// yearMix is how often a year's regime draws end in bull, warm and calm; the
// rest is bear. Six years from 2020, in the likeness of their published mean
// funding (BTC 17, 31, 4, 8, 12, 5 % a year), then over again.
var yearMix = [6][3]float64{{0.20, 0.55, 0.10}, {0.46, 0.40, 0.06}, {0.00, 0.10, 0.34}, {0.015, 0.10, 0.66}, {0.10, 0.35, 0.40}, {0.01, 0.15, 0.52}}

// seasonOfDay is volatility by the hour of the day, UTC: quiet at night in
// Europe, busy when America opens. Its mean square is about 1.
var seasonOfDay = [24]float64{1.10, 1.02, 0.97, 0.92, 0.88, 0.86, 0.88, 0.92, 0.96, 0.95, 0.93, 0.95,
	1.02, 1.15, 1.28, 1.24, 1.14, 1.06, 1.02, 0.98, 0.98, 1.00, 0.96, 0.98}

// weather is what all coins share during one bar.
type weather struct {
	waits       *waitTable
	at          carry.Time
	newDay      bool
	outage      bool
	factor      float64 // common return of the bar, with drift, simple
	factorVar   float64 // its variance now
	season      float64
	season2     float64
	volTarget   float64 // variance multiple the coins' own variances drift to
	demand      float64 // climate's demand for leverage, per 8 h
	swing       float64 // common slow swing × amplitude, per 8 h
	amp         float64 // amplitude, per 8 h
	band, noise float64
	// fairLow and fairSlope: see setBand.
	fairLow, fairSlope float64
	volume             float64
}

// climate makes the weather.
type climate struct {
	regimeRand, factorRand, outageRand Stream

	from, step carry.Time
	now        regime
	crashes    episodes
	noOutages  bool

	demand, amp, band, noise, vol2, volume, follow float64

	swing, swingKeep, swingNew float64
	variance                   float64
	garch                      garch
	jumpBelow                  uint64
	driftStep                  float64

	outageFrom, outageTo carry.Time
}

func newClimate(o MarketOptions) climate {
	dt := float64(o.Step) / float64(carry.Hour)
	c := climate{
		regimeRand: NewStream(o.Seed, concernRegime, 0),
		factorRand: NewStream(o.Seed, concernFactor, 0),
		outageRand: NewStream(o.Seed, concernOutage, 0),
		from:       o.From, step: o.Step,
		garch:     newGarch(dt, float64(factorVolYear*factorVolYear)/hoursPerYear),
		jumpBelow: jumpThreshold(dt),
		noOutages: o.NoOutages,
		follow:    1 - power(0.5, dt/14),
		driftStep: dt / hoursPerYear,
	}
	c.crashes = newEpisodes(o, -1, newCast(o.Seed))
	c.now = c.draw(o.From)
	m := &moods[c.now]
	c.demand, c.amp, c.band, c.noise = m.level*perYear, m.amp*perYear, m.band, m.noise
	c.vol2, c.volume = float64(m.vol*m.vol), m.volume
	c.variance = c.garch.mean * c.vol2
	c.swing = c.regimeRand.Normal()
	c.swingKeep, c.swingNew = ornstein(dt, swingHalfLifeH)
	c.nextOutage(o.From)
	return c
}

// draw picks a regime from the mix of t's year.
func (c *climate) draw(t carry.Time) regime {
	const start, year = 1577836800000, 31556952000 // 2020-01-01; a Gregorian year, ms
	y := (int64(t) - start) / year % int64(len(yearMix))
	if y < 0 {
		y += int64(len(yearMix))
	}
	mix := yearMix[y]
	u := c.regimeRand.Float64()
	for r, p := range mix {
		if u < p {
			return regime(r)
		}
		u -= p
	}
	return bear
}

// nextOutage places the next spot outage after t: about three a year, one to
// five hours.
func (c *climate) nextOutage(t carry.Time) {
	gap := carry.Time(float64(float64(c.outageRand.Exponential()*110)*float64(carry.Day))) + carry.Day
	hours := 1 + c.outageRand.Intn(5)
	c.outageFrom = (t + gap).Floor(carry.Hour).Floor(c.step)
	c.outageTo = c.outageFrom + max(carry.Time(hours)*carry.Hour, c.step)
}

// next makes the weather of the bar that opens at t.
func (c *climate) next(t carry.Time, w *weather) {
	w.at = t
	w.newDay = t%carry.Day == 0
	if w.newDay {
		c.turn(t)
	}
	if t >= c.outageTo {
		c.nextOutage(c.outageTo)
	}
	w.outage = t >= c.outageFrom && !c.noOutages

	m := &moods[c.now]
	c.demand = c.toward(c.demand, m.level*perYear)
	c.amp = c.toward(c.amp, m.amp*perYear)
	c.band = c.toward(c.band, m.band)
	c.noise = c.toward(c.noise, m.noise)
	c.vol2 = c.toward(c.vol2, m.vol*m.vol)
	c.volume = c.toward(c.volume, m.volume)
	c.swing = float64(c.swingKeep*c.swing) + float64(c.swingNew*c.regimeRand.Normal())
	w.demand, w.amp, w.noise, w.volume = c.demand, c.amp, c.noise, c.volume
	w.setBand(c.band)
	w.swing = c.amp * skewed(c.swing)

	w.season = seasonOfDay[t%carry.Day/carry.Hour]
	w.season2 = float64(w.season * w.season)
	w.volTarget = c.vol2
	u := c.factorRand.Uint64()
	sigma := math.Sqrt(c.variance)
	e := float64(sigma * normalQuantile(unit(u)))
	if u&jumpMask < c.jumpBelow {
		e += float64(jumpSigmas * sigma * c.factorRand.Normal())
	}
	w.factorVar = float64(c.variance * w.season2)
	w.factor = float64(e*w.season) + float64(m.drift*c.driftStep)
	c.variance = c.garch.after(c.variance, e, c.vol2)
}

// toward moves a figure of the old mood to that of the new one.
func (c *climate) toward(x, goal float64) float64 { return x + float64(c.follow*(float64(goal)-x)) }

// turn is midnight: perhaps the regime changes, and a crash decides it.
func (c *climate) turn(t carry.Time) {
	change := c.regimeRand.Float64() < 1.0/climateDays
	next := c.draw(t)
	c.crashes.load(t)
	if at := c.crashes.list[0].start; at <= t && t < at+bearAfterCrash {
		c.now = bear
		return
	}
	if change {
		c.now = next
	}
}

// skewed turns a symmetric swing of variance 1 into the lopsided one that demand
// for leverage has; its mean stays 0.
func skewed(s float64) float64 { return s + float64(swingSkew*(float64(s*s)-1)) }
