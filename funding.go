package carry

// Dates on which Binance changed the funding rate's formula (binance.md §2.1).
const (
	// FundingPerInterval: from here the rate is divided by 8/N, N the hours
	// between settlements. 2025-09-18 08:01 UTC.
	FundingPerInterval Time = 1758182460000
)

// DefaultInterest8h is the interest term of the funding rate: 0.03 % a day.
const DefaultInterest8h = 0.0001

// clampHalfWidth is how far the interest term may pull the premium: 5 bp.
const clampHalfWidth = 0.0005

// FundingRate is Binance's funding rate per settlement for an average premium
// (perp/index − 1) over the interval:
//
//	F = P + clamp(I − P, −0.05 %, +0.05 %)           until 2025-09-18 08:01 UTC
//	F = [P + clamp(I − P, −0.05 %, +0.05 %)] / (8/N)  after
//
// clipped to ±capFrac where capFrac > 0. I is the interest per 8 h. So the rate
// equals the interest for every premium in [I − 5 bp, I + 5 bp].
// Source: binance.md §2.1, checked on its worked examples.
func FundingRate(at Time, premium, interest8h, intervalH, capFrac float64) float64 {
	// P + clamp(I − P, ±g) is I clamped to P ± g: without a branch, and exactly I
	// wherever the interest rules.
	f := min(max(interest8h, premium-clampHalfWidth), premium+clampHalfWidth)
	if at >= FundingPerInterval && intervalH > 0 {
		f = f * intervalH / 8
	}
	if capFrac > 0 {
		f = min(max(f, -capFrac), capFrac)
	}
	return f
}

// FairPremium is the premium at which holding the hedge earns exactly the cost
// of capital r (fraction a year), for n settlements a year: r/n − 5 bp below
// the interest term, r/n + 5 bp above it (He et al.; research.md §1c).
func FairPremium(r, n, interest8h float64) float64 {
	x := r / n
	if x < interest8h {
		return x - clampHalfWidth
	}
	return x + clampHalfWidth
}
