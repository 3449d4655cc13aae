package sim

import "math"

const (
	// jumpMask takes the bits of a draw that its normal variate does not use.
	jumpMask = 1<<12 - 1
	// jumpsPerHour and jumpSigmas: a jump about every 1.4 weeks, four standard
	// deviations wide, on top of the hour's own return.
	jumpsPerHour = 1.0 / 240
	jumpSigmas   = 4.0
	// maxVarianceRatio bounds a clustered variance against its mean.
	maxVarianceRatio = 60.0
)

// jumpThreshold is the number of the 4096 values of the spare bits that mean a
// jump within a bar of dt hours.
func jumpThreshold(dt float64) uint64 {
	return uint64(float64(dt*jumpsPerHour*(jumpMask+1)) + 0.5)
}

// garch is the variance of a GARCH(1,1) process per bar:
//
//	v' = omega·climate + alpha·e² + beta·v
//
// with alpha + beta = 0.985 an hour, that is a half-life of 46 hours.
type garch struct{ omega, alpha, beta, mean float64 }

func newGarch(dt, varHour float64) garch {
	persist := power(0.985, dt)
	g := garch{alpha: min(0.075*power(dt, 0.5), 0.4*persist), mean: varHour * dt}
	g.beta = persist - g.alpha
	g.omega = float64((1 - persist) * g.mean)
	return g
}

// after is the variance after a shock e. Shocks count up to five standard
// deviations, so that one jump does not rule a week.
func (g *garch) after(v, e, climate float64) float64 {
	e2 := min(float64(e*e), float64(25*v))
	next := float64(g.omega*climate) + float64(g.alpha*e2) + float64(g.beta*v)
	return min(next, float64(maxVarianceRatio*g.mean))
}

// ornstein returns the factors of x' = keep·x + fresh·ε for a process of
// variance 1 with the given half-life, ε of variance 1.
func ornstein(dt, halfLifeH float64) (keep, fresh float64) {
	keep = power(0.5, dt/halfLifeH)
	return keep, math.Sqrt(1 - float64(keep*keep))
}

// waitTable is the quantile function of the exponential distribution at 256
// points. Highs and lows need two such variates a bar, and a straight line
// between the points is as good as a logarithm there.
type waitTable struct{ q [256]float64 }

func (w *waitTable) fill() {
	for i := range 256 {
		w.q[i] = -ln(1 - float64(i)/256)
	}
}

// at is the exponential variate of mean 1 for 32 random bits: linear within a
// 256th, the logarithm itself in the last one.
func (w *waitTable) at(u uint32) float64 {
	i := u >> 24
	if i == 255 {
		return -ln((float64(1<<32-uint64(u)) - 0.5) * (1.0 / (1 << 32)))
	}
	return w.q[i] + float64((w.q[i+1]-w.q[i])*(float64(u&0xffffff)*(1.0/(1<<24))))
}
