package sim

import (
	"math"

	"carry"
)

// episodeWindow is the span within which the seed places each kind of event
// once, counted from the market's start.
const episodeWindow = 3 * 365 * carry.Day

// never is after the end of any market.
const never carry.Time = math.MaxInt64

// coinLife is what a coin is: everything about it that does not change from bar
// to bar. It depends on seed, index and From only.
type coinLife struct {
	index int
	// price is the first spot price, USDT per coin.
	price float64
	mult  int64
	// volYear is the annual volatility in a mean year, betaF the exposure to the
	// common factor, ownVarHour the variance per hour of what is left.
	volYear, beta, ownVarHour float64
	// noise is the fast premium noise's standard deviation as a fraction in a
	// mean climate; sens and own weigh the common and the own demand for
	// leverage; tilt is its permanent part, per 8 h.
	noise, sens, own, tilt, lead float64
	// print is the largest deviation of a last trade from the mark, fraction.
	print float64
	// valueHour is the usual spot turnover, USDT per hour; perpRatio the
	// perpetual's multiple of it.
	valueHour, perpRatio float64
	ladder               int

	spotTickDp, perpTickDp, spotLotDp, perpLotDp int8

	listedAt, endsAt, rulesAt carry.Time
}

// cast names the coins to which the seed gives the parts that a market of twelve
// coins or more is sure to have.
type cast struct{ pump, delisted, late, stress, rules int }

func newCast(seed uint64) cast {
	s := NewStream(seed, concernLife, 1<<32)
	var p [9]int
	for i := range p {
		p[i] = 3 + i
	}
	for i := len(p) - 1; i > 0; i-- {
		j := s.Intn(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return cast{pump: p[0], delisted: p[1], late: p[2], stress: p[3], rules: p[4]}
}

// thousandCoin is the index of the coin that trades in contracts of 1000.
const thousandCoin = 13

func newCoinLife(o MarketOptions, i int) coinLife {
	s := NewStream(o.Seed, concernProfile, uint64(i))
	l := coinLife{index: i, mult: 1}
	switch i {
	case 0:
		l.price, l.volYear, l.beta = s.Between(20_000, 40_000), s.Between(0.57, 0.63), 1
		l.noise, l.sens, l.own, l.lead = 1.3e-4, 0.80, 0.30, 0.010
	case 1:
		l.price, l.volYear, l.beta = s.Between(700, 2500), s.Between(0.73, 0.82), 1.15
		l.noise, l.sens, l.own, l.lead = 1.5e-4, 1.0, 0.45, 0.012
	default:
		l.price = exp(s.Between(-3.5, 4.6)) // 0.03 to 100 USDT
		l.volYear, l.beta = s.Between(0.88, 1.2), s.Between(0.95, 1.3)
		l.noise, l.sens, l.own, l.lead = s.Between(1.5e-4, 2.6e-4), s.Between(0.9, 1.25), s.Between(0.4, 0.8), s.Between(0.008, 0.02)
		l.tilt = float64(s.Normal() * 0.015e-4)
		l.ladder = 1 + s.Intn(2)
	}
	l.print = float64(2 * l.noise)
	if i == thousandCoin {
		l.mult, l.price = 1000, s.Between(2e-4, 8e-4)
	}
	ownYear2 := float64(l.volYear*l.volYear) - float64(l.beta*l.beta*factorVolYear*factorVolYear)
	l.ownVarHour = ownYear2 / hoursPerYear
	rank := float64(i + 1)
	l.valueHour = float64(9e7*exp(s.Between(-0.4, 0.4))) / power(rank, 1.25)
	l.perpRatio = s.Between(1.8, 3.5)
	l.grids()
	l.schedule(o, i)
	return l
}

// grids derives ticks and lots from the first price as exchanges do: about five
// significant digits in a price, lots worth some cents to some dollars.
func (l *coinLife) grids() {
	digits := int8(math.Floor(ln(l.price) / math.Ln10))
	l.spotTickDp = clampDp(4-digits, 2, 8)
	perpDigits := int8(math.Floor(ln(l.price*float64(l.mult)) / math.Ln10))
	l.perpTickDp = clampDp(4-perpDigits, 1, 7)
	l.perpLotDp = clampDp(perpDigits+1, 0, 3)
	l.spotLotDp = clampDp(digits+2, 0, 6)
}

func clampDp(v, lo, hi int8) int8 { return max(lo, min(hi, v)) }

// schedule places listing, delisting and the change of rules.
func (l *coinLife) schedule(o MarketOptions, i int) {
	s := NewStream(o.Seed, concernLife, uint64(i))
	roles := newCast(o.Seed)
	window := float64(episodeWindow)
	place := func(a, b float64) carry.Time { return o.From + carry.Time(float64(window*s.Between(a, b))) }
	age := carry.Time(float64(float64(carry.Day) * s.Between(120, 900)))
	l.listedAt = (o.From - age).Floor(carry.Day) + 7*carry.Hour
	l.endsAt, l.rulesAt = never, never

	late, dies, rules := s.Float64(), s.Float64(), s.Float64()
	listing := place(0.03, 0.55).Floor(carry.Day) + 7*carry.Hour
	ending := place(0.6, 0.97).Floor(carry.Day) + 9*carry.Hour
	changing := place(0.3, 0.7).Floor(carry.Day) + 6*carry.Hour
	if !o.NoListings && i >= 3 && (i == roles.late || (late < 0.25 && i != roles.pump && i != roles.delisted && i != roles.stress)) {
		l.listedAt = listing.Floor(o.Step)
	}
	if !o.NoDelistings && i >= 3 && (i == roles.delisted || (dies < 0.07 && i != roles.pump && i != roles.stress && i != roles.late)) {
		l.endsAt = ending.Floor(o.Step)
	}
	if i == roles.rules || rules < 0.15 {
		l.rulesAt = changing
	}
}

// coinName makes up a ticker for index i: QU, a vowel, a consonant, o or u. No
// coin is called so; from the 79th on a number follows.
func coinName(i int) string {
	const vowels, consonants, ends = "aei", "bdfgklmnprsvz", "ou"
	const n = len(vowels) * len(consonants) * len(ends)
	k := i % n * 31 % n // 31 shares no factor with 78
	name := []byte{'Q', 'U', vowels[k%3] - 32, consonants[k/3%13] - 32, ends[k/39] - 32}
	if i >= n {
		name = appendInt(name, i/n+1)
	}
	return string(name)
}

func appendInt(dst []byte, v int) []byte {
	if v >= 10 {
		dst = appendInt(dst, v/10)
	}
	return append(dst, byte('0'+v%10))
}
