package reports

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// DaysPerYear is the year of every annual figure here: markets that never
// close have 365 days of returns.
const DaysPerYear = 365.0

// CAGR is the compound growth a year of simple returns r, perYear of them a
// year: Π(1+r)^(perYear/n) − 1. It is NaN without returns or once the equity is
// not positive, because there is no rate at which a lost account grows.
func CAGR(r []float64, perYear float64) float64 {
	if len(r) == 0 {
		return math.NaN()
	}
	growth := 1.0
	for _, x := range r {
		growth *= 1 + x
		if !(growth > 0) {
			return math.NaN()
		}
	}
	return math.Pow(growth, perYear/float64(len(r))) - 1
}

// Volatility is the sample standard deviation (n−1) × √perYear.
func Volatility(r []float64, perYear float64) float64 {
	if len(r) < 2 {
		return math.NaN()
	}
	return stat.StdDev(r, nil) * math.Sqrt(perYear)
}

// Sharpe is mean(r − rf)/sd(r) × √perYear with the sample deviation (n−1) and
// rf = (1+riskFreeFrac)^(1/perYear) − 1 a period. It supposes that returns are
// independent; where they are not it depends on the interval of sampling.
func Sharpe(r []float64, riskFreeFrac, perYear float64) float64 {
	if len(r) < 2 {
		return math.NaN()
	}
	mean, sd := stat.MeanStdDev(r, nil)
	if !(sd > 0) {
		return math.NaN()
	}
	rf := perPeriod(riskFreeFrac, perYear)
	return (mean - rf) / sd * math.Sqrt(perYear)
}

// Autocorrelation of r at lag k: Pearson's correlation of r[k:] with r[:n−k],
// each about its own mean.
func Autocorrelation(r []float64, lag int) float64 {
	if lag < 0 || lag > len(r)-2 {
		return math.NaN()
	}
	return stat.Correlation(r[lag:], r[:len(r)-lag], nil)
}

// SharpeLo is the Sharpe ratio a year from returns of q periods, estimated from
// the one-period ratio and its autocorrelations:
// η(q) = q/√(q + 2Σ(q−k)ρ_k), k = 1..q−1 (Lo 2002, eq. 20), then × √(perYear/q).
// ρ_k is the autocovariance about the whole series' mean over its variance, the
// estimator for which Lo derives the distribution.
func SharpeLo(r []float64, q int, perYear float64) float64 {
	if q < 1 || len(r) < q+2 {
		return math.NaN()
	}
	mean := stat.Mean(r, nil)
	sum := float64(q)
	for k := 1; k < q; k++ {
		var cross, square float64
		for i, x := range r {
			square += (x - mean) * (x - mean)
			if i >= k {
				cross += (x - mean) * (r[i-k] - mean)
			}
		}
		sum += 2 * float64(q-k) * cross / square
	}
	if !(sum > 0) {
		return math.NaN()
	}
	return Sharpe(r, 0, 1) * float64(q) / math.Sqrt(sum) * math.Sqrt(perYear/float64(q))
}

// perPeriod is an annual rate's equal for one of perYear periods.
func perPeriod(annualFrac, perYear float64) float64 { return math.Pow(1+annualFrac, 1/perYear) - 1 }

// Sortino is mean(r − rf)/√(Σ min(r − rf,0)²/n) × √perYear, with rf as Sharpe's.
func Sortino(r []float64, riskFreeFrac, perYear float64) float64 {
	if len(r) == 0 {
		return math.NaN()
	}
	rf := perPeriod(riskFreeFrac, perYear)
	var down float64
	for _, x := range r {
		if x < rf {
			down += (x - rf) * (x - rf)
		}
	}
	if down == 0 {
		return math.NaN()
	}
	return (stat.Mean(r, nil) - rf) / math.Sqrt(down/float64(len(r))) * math.Sqrt(perYear)
}

// Omega is the sum of gains over the sum of losses about the required return
// of a period.
func Omega(r []float64, requiredFrac, perYear float64) float64 {
	required := perPeriod(requiredFrac, perYear)
	var up, down float64
	for _, x := range r {
		if x > required {
			up += x - required
		} else {
			down += required - x
		}
	}
	if down == 0 {
		return math.NaN()
	}
	return up / down
}

// Calmar is CAGR over the depth of the worst drawdown.
func Calmar(r []float64, perYear float64) float64 {
	depth := MaxDrawdown(r)
	if depth == 0 {
		return math.NaN()
	}
	return CAGR(r, perYear) / -depth
}

// Turnover is the value traded on both legs over twice the mean hedged
// notional, a year: 2 means that the book is opened and closed once a year.
func Turnover(tradedUSDT, meanNotionalUSDT, years float64) float64 {
	if !(meanNotionalUSDT > 0) || !(years > 0) {
		return math.NaN()
	}
	return tradedUSDT / (2 * meanNotionalUSDT) / years
}

// Exposure is the mean over samples of hedged notional over equity.
func Exposure(notionalUSDT, equityUSDT []float64) float64 {
	if len(notionalUSDT) == 0 || len(notionalUSDT) != len(equityUSDT) {
		return math.NaN()
	}
	sum, n := 0.0, 0
	for i, v := range notionalUSDT {
		if equityUSDT[i] > 0 && !math.IsNaN(v) {
			sum += v / equityUSDT[i]
			n++
		}
	}
	return sum / float64(n) // NaN for a book that was never worth anything
}
