package reports

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// SharpeSample is what the judgement of a Sharpe ratio needs: the ratio a
// period (not a year), the number of periods, population skewness and raw
// kurtosis (3 for a normal distribution; excess kurtosis here is the well-known
// mistake), and for the form of 2025 the lag-one autocorrelation.
type SharpeSample struct {
	SR       float64
	N        int
	Skew     float64
	Kurtosis float64
	Rho      float64
}

// SampleSharpe measures a series of returns. Rho is left at 0: independence.
func SampleSharpe(r []float64) SharpeSample {
	if len(r) < 2 {
		return SharpeSample{SR: math.NaN(), N: len(r), Skew: math.NaN(), Kurtosis: math.NaN()}
	}
	_, _, skew, kurtosis := moments(r)
	return SharpeSample{SR: Sharpe(r, 0, 1), N: len(r), Skew: skew, Kurtosis: kurtosis}
}

// spread2012 is the variance of one observation's worth of the Sharpe ratio at
// the estimate: 1 − γ3·SR + (γ4−1)/4·SR² (Lo 2002, Mertens 2002).
func (s SharpeSample) spread2012() float64 {
	return 1 - s.Skew*s.SR + (s.Kurtosis-1)/4*s.SR*s.SR
}

// StdErr is the standard error of the ratio a period, with divisor n−1.
func (s SharpeSample) StdErr() float64 { return math.Sqrt(s.spread2012() / float64(s.N-1)) }

// PSR is the probability that the true ratio exceeds sr0 (a period): the
// probabilistic Sharpe ratio of Bailey and López de Prado 2012.
func (s SharpeSample) PSR(sr0 float64) float64 {
	return distuv.UnitNormal.CDF((s.SR - sr0) / s.StdErr())
}

// MinTRL is the number of periods after which PSR(sr0) would reach confidence,
// with the same moments (minimum track record length, 2012).
func (s SharpeSample) MinTRL(sr0, confidence float64) float64 {
	if !(s.SR > sr0) {
		return math.Inf(1)
	}
	z := distuv.UnitNormal.Quantile(confidence) / (s.SR - sr0)
	return 1 + s.spread2012()*z*z
}

// variance2025 is the variance of the estimate where the true ratio is sr, with
// factors for autocorrelated returns: [a − b·γ3·SR + c·(γ4−1)/4·SR²]/n, López de
// Prado, Lipton and Zoonekynd 2025 (SSRN 5520741).
func (s SharpeSample) variance2025(sr float64) float64 {
	q := s.Rho
	a := 1 + 2*q/(1-q)
	b := 1 + q/(1-q) + q*q/(1-q*q)
	c := 1 + 2*q*q/(1-q*q)
	return (a - b*s.Skew*sr + c*(s.Kurtosis-1)/4*sr*sr) / float64(s.N)
}

// StdErr2025 is the standard error of the form of 2025 where the truth is sr.
func (s SharpeSample) StdErr2025(sr float64) float64 { return math.Sqrt(s.variance2025(sr)) }

// PSR2025 is the probabilistic Sharpe ratio of 2025: the variance is taken
// under the hypothesis sr0, not at the estimate.
func (s SharpeSample) PSR2025(sr0 float64) float64 {
	return distuv.UnitNormal.CDF((s.SR - sr0) / s.StdErr2025(sr0))
}

// MinTRL2025 is the track record length of the form of 2025.
func (s SharpeSample) MinTRL2025(sr0, confidence float64) float64 {
	if !(s.SR > sr0) {
		return math.Inf(1)
	}
	z := distuv.UnitNormal.Quantile(confidence) / (s.SR - sr0)
	return s.variance2025(sr0) * float64(s.N) * z * z
}

// MissRate is β: how often a test of sr0 at significance alpha overlooks a true
// ratio of sr1. The power is 1 − β.
func (s SharpeSample) MissRate(sr0, sr1, alpha float64) float64 {
	critical := sr0 + distuv.UnitNormal.Quantile(1-alpha)*s.StdErr2025(sr0)
	return distuv.UnitNormal.CDF((critical - sr1) / s.StdErr2025(sr1))
}

// PlannedFDR is the share of false discoveries among those that a test of
// significance alpha and miss rate beta makes, where a share good of all
// strategies is good.
func PlannedFDR(good, alpha, beta float64) float64 {
	return alpha * (1 - good) / (alpha*(1-good) + (1-beta)*good)
}

// ObservedFDR is the probability that sr0 is the truth and not sr1, having seen
// this ratio or a larger one, where a share good of all strategies has sr1.
func (s SharpeSample) ObservedFDR(sr0, sr1, good float64) float64 {
	p := 1 - s.PSR2025(sr0)
	power := 1 - distuv.UnitNormal.CDF((s.SR-sr1)/s.StdErr2025(sr1))
	return p * (1 - good) / (p*(1-good) + power*good)
}

// ExpectedMax is the expected largest of n independent standard normal values,
// by quadrature of ∫ x·n·φ(x)·Φ(x)^(n−1) dx.
func ExpectedMax(n float64) float64 { return maxMoment(n, 1) }

// VarianceMax is the variance of that largest value.
func VarianceMax(n float64) float64 {
	m := maxMoment(n, 1)
	return maxMoment(n, 2) - m*m
}

func maxMoment(n float64, power int) float64 {
	if !(n >= 1) {
		return math.NaN()
	}
	unit := distuv.UnitNormal
	return quad.Fixed(func(x float64) float64 {
		y := unit.Prob(x) * n * math.Pow(unit.CDF(x), n-1)
		for range power {
			y *= x
		}
		return y
	}, -12, 12, 400, quad.Legendre{}, 0)
}

// eulerGamma is the Euler–Mascheroni constant.
const eulerGamma = 0.57721566490153286061

// ExpectedMaxApprox is the approximation that the papers of 2014 print:
// (1−γ)·z(1−1/n) + γ·z(1−1/(n·e)).
func ExpectedMaxApprox(n float64) float64 {
	z := distuv.UnitNormal.Quantile
	return (1-eulerGamma)*z(1-1/n) + eulerGamma*z(1-1/(n*math.E))
}

// MinBTL is the number of periods of history needed so that the best of n
// worthless trials is not expected to show a ratio of sr a period (minimum
// backtest length, Bailey and others 2014), and the paper's simpler upper bound.
func MinBTL(n, sr float64) (length, bound float64) {
	m := ExpectedMaxApprox(n)
	return m * m / (sr * sr), 2 * math.Log(n) / (sr * sr)
}

// Deflated is the best of several trials judged as what it is, the best.
type Deflated struct {
	// Hurdle is the ratio a period that the best of Trials worthless trials is
	// expected to show: √(variance of the trials' ratios) × E[max].
	Hurdle float64
	// Trials is the number counted, which may be an effective one.
	Trials float64
	// DSR2014 is PSR(Hurdle) of Bailey and López de Prado; DSR2025 the form of
	// 2025; DSR2025K the same with the variance of a maximum, × Var[max].
	DSR2014, DSR2025, DSR2025K float64
}

// Deflate judges the selected trial's ratio among n trials whose ratios a period
// have the sample standard deviation spread.
func Deflate(s SharpeSample, spread, n float64) Deflated {
	return deflateAt(s, math.Max(0, spread*expectedMaxOf(n)), n)
}

func deflateAt(s SharpeSample, hurdle, n float64) Deflated {
	d := Deflated{Hurdle: hurdle, Trials: n, DSR2014: s.PSR(hurdle), DSR2025: s.PSR2025(hurdle)}
	d.DSR2025K = distuv.UnitNormal.CDF((s.SR - hurdle) / math.Sqrt(s.variance2025(hurdle)*VarianceMax(n)))
	return d
}

// expectedMaxOf is exact; a single trial has no maximum to be deflated by.
func expectedMaxOf(n float64) float64 {
	if !(n > 1) {
		return 0
	}
	return ExpectedMax(n)
}

// ratioSpread is the sample standard deviation of the finite ratios.
func ratioSpread(ratios []float64) float64 {
	var known []float64
	for _, x := range ratios {
		if !math.IsNaN(x) {
			known = append(known, x)
		}
	}
	if len(known) < 2 {
		return 0
	}
	return stat.StdDev(known, nil)
}
