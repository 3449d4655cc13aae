package reports

import (
	"math"
	"slices"

	"carry"
)

// MarketFacts are what the report says about the market that a run saw, beyond
// what its own trades show.
type MarketFacts struct {
	Coins []string
	// Funding[k] are coin k's settled rates summed by day, NaN on days without.
	Funding [][]float64
	// Alone are the fates of books that nobody looks after.
	Alone     []AloneRow
	LeverageX float64 // at which they were opened
	// EveryDays is the distance between their starts.
	EveryDays int
}

// AloneRow is the fate of equal-weight books opened at regular times and then
// left alone: no transfer, no reduction.
type AloneRow struct {
	Days       int // watched
	Starts     int // books that could be watched as long
	Liquidated int
}

// CapacityPoint is the run repeated with another capital.
type CapacityPoint struct {
	CapitalUSDT float64
	Annual      float64
	Exposure    float64 // mean hedged notional over equity
	Cost        float64 // fees and slippage a year over capital, positive
	Slippage    float64 // the part of it that is slippage
	Err         string
}

// aloneSection tells how often a book without a keeper is liquidated.
func aloneSection(v *view) *content {
	f := v.doc.Facts
	if f == nil || len(f.Alone) == 0 {
		return nil
	}
	t := &table{Label: "Books left alone", Columns: []column{words("Watched for"), number("Starts"), number("Liquidated"), number("Share"), {Title: "95 % interval", Number: true, Help: "Wilson's"}}}
	title := ""
	for _, r := range f.Alone {
		if r.Starts == 0 {
			continue
		}
		low, high := wilson(r.Liquidated, r.Starts)
		frac := float64(r.Liquidated) / float64(r.Starts)
		t.Rows = append(t.Rows, []cell{rowHead(count(r.Days, "day", "days")), figure(float64(r.Starts), fixed(float64(r.Starts), 0)),
			figure(float64(r.Liquidated), fixed(float64(r.Liquidated), 0)), figure(frac, share(frac, 0)), {Text: share(low, 0) + " to " + share(high, 0), Class: "num"}})
		if title == "" || r.Days <= 90 {
			title = "Left alone at " + times(f.LeverageX) + ", a book was liquidated within " + count(r.Days, "day", "days") + " in " + share(frac, 0) + " of starts"
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &content{Title: title, Lead: "Equal-weight books of all tradable coins, opened every " + count(f.EveryDays, "day", "days") +
		" and never touched again: no transfer between the wallets, no reduction. The run itself is looked after every hour.",
		Parts: []part{t.part(), note("Starts overlap, so the interval is narrower than the truth. Liquidated means that the basket's highest marks of one hour exceed what the futures wallet can bear.")}}
}

// wilson is the 95 % score interval of a share (Wilson 1927).
func wilson(k, n int) (low, high float64) {
	const z = 1.959963984540054
	m, p := float64(n), float64(k)/float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return math.Max(0, mid-half), math.Min(1, mid+half)
}

// betsSection tells how many independent bets the coins are.
func betsSection(v *view) *content {
	f := v.doc.Facts
	if f == nil || len(f.Funding) < 2 {
		return nil
	}
	var held [][]float64
	var names []string
	for k, name := range f.Coins {
		for i := range v.run.Coins {
			if c := &v.run.Coins[i]; c.Coin == name && c.HeldHours > 0 {
				held, names = append(held, f.Funding[k]), append(names, name)
			}
		}
	}
	if len(held) < 2 {
		return nil
	}
	rank, first, mean := pairwiseRank(held)
	if math.IsNaN(rank) {
		return nil
	}
	return &content{Title: count(len(names), "coin", "coins") + " were worth " + fixed(rank, 1) + " independent bets",
		Lead: "Daily funding of the coins that were held moves together: the mean correlation is " + fixed(mean, 2) + ", and one common factor explains " +
			share(first, 0) + " of it. Spreading over many coins helps against one coin's accident, not against a year without funding."}
}

// pairwiseRank is the effective rank, the first factor's share and the mean
// correlation of series with holes; pairs of fewer than 60 common days count as
// uncorrelated.
func pairwiseRank(series [][]float64) (rank, first, mean float64) {
	n := len(series)
	c := make([][]float64, n)
	sum := 0.0
	for i := range n {
		c[i] = make([]float64, n)
		c[i][i] = 1
		for j := range i {
			r := commonCorrelation(series[i], series[j])
			c[i][j], c[j][i] = r, r
			sum += r
		}
	}
	rank, first = rankOf(c)
	return rank, first, sum / (float64(n) * float64(n-1) / 2)
}

func commonCorrelation(a, b []float64) float64 {
	var n, x, y, xx, yy, xy float64
	for i := range min(len(a), len(b)) {
		if math.IsNaN(a[i]) || math.IsNaN(b[i]) {
			continue
		}
		n++
		x += a[i]
		y += b[i]
		xx += a[i] * a[i]
		yy += b[i] * b[i]
		xy += a[i] * b[i]
	}
	vx, vy := xx-x*x/n, yy-y*y/n
	if n < 60 || !(vx > 0) || !(vy > 0) {
		return 0
	}
	return (xy - x*y/n) / math.Sqrt(vx*vy)
}

// efficiencySection sets funding against costs: how long a trip must be held,
// and how much of the funding that was there the run took.
func efficiencySection(v *view) *content {
	var held, needed []float64
	never := 0
	for i := range v.run.Trips {
		t := &v.run.Trips[i]
		hours := float64(t.CloseAt-t.OpenAt) / float64(carry.Hour)
		if t.Open || hours <= 0 {
			continue
		}
		held = append(held, hours)
		cost := -(fees(&t.Attribution) + t.Attribution.Slippage + t.Attribution.Basis)
		perHour := netFunding(&t.Attribution) / hours
		switch {
		case cost <= 0:
			needed = append(needed, 0)
		case perHour <= 0:
			never++
			needed = append(needed, math.Inf(1))
		default:
			needed = append(needed, cost/perHour)
		}
	}
	var pairs []pair
	title := ""
	if len(held) > 0 {
		need, had := middle(needed), middle(held)
		title = "Half of the trips needed " + hoursWords(need) + " of funding to earn their costs back; half were held longer than " + hoursWords(had)
		paid := 0
		for i := range held {
			if held[i] >= needed[i] {
				paid++
			}
		}
		pairs = append(pairs, pair{Name: "Break-even hours, median", Text: hoursWords(need) + " (fees, slippage and change of premium over the funding an hour)"},
			pair{Name: "Held, median", Text: hoursWords(had)},
			pair{Name: "Closed trips that earned their costs back", Text: fixedInt(uint64(paid)) + " of " + fixedInt(uint64(len(held)))},
			pair{Name: "Trips whose funding was not positive", Text: fixedInt(uint64(never))})
	}
	for i, b := range v.base {
		if f := netFunding(&b.Attribution); f > 0 && b.Capital > 0 && v.run.Capital > 0 && v.baseM[i].Days > 0 {
			ratio := netFunding(&v.run.Attribution) / v.run.Capital / (f / b.Capital)
			pairs = append(pairs, pair{Name: "Capture ratio against " + b.Name, Text: share(ratio, 0) + ": net funding on capital over what " + b.Name + " received"})
			if title == "" {
				title = "It took " + share(ratio, 0) + " of the funding that " + b.Name + " received"
			}
		}
	}
	if x := v.m.Exposure; !math.IsNaN(x) {
		pairs = append(pairs, pair{Name: "Exposure", Text: share(x, 0) + " of equity was hedged notional, on average over time"})
	}
	if x := v.m.Turnover; !math.IsNaN(x) {
		pairs = append(pairs, pair{Name: "Turnover", Text: fixed(x, 1) + " times a year (both legs' traded value over twice the mean notional)"})
	}
	if len(pairs) == 0 {
		return nil
	}
	if title == "" {
		title = "How the capital was used"
	}
	return &content{Title: title, Lead: "What it costs to be in the trade, and how much of what there was it took.", Parts: []part{{"pairs", pairs}}}
}

func hoursWords(h float64) string {
	if math.IsInf(h, 0) || math.IsNaN(h) {
		return "forever"
	}
	return spanWords(carry.Time(h * float64(carry.Hour)).Floor(carry.Hour))
}

// middle is the median; infinite values sort last.
func middle(v []float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	return sorted[len(sorted)/2]
}

// capacitySection is the net return against the capital.
func capacitySection(v *view) *content {
	points := v.doc.Capacity
	if len(points) < 2 {
		return nil
	}
	t := &table{Label: "Capacity", Columns: []column{number("Capital, USDT"), number("Net a year"), {Title: "Hedged", Number: true, Help: "mean notional over equity"},
		{Title: "Costs a year", Number: true, Help: "fees and slippage over capital"}, number("Slippage a year")}}
	var names []string
	var values []float64
	for _, p := range points {
		if p.Err != "" {
			t.Rows = append(t.Rows, []cell{figure(p.CapitalUSDT, amount(p.CapitalUSDT)), {Text: "failed: " + p.Err}, {}, {}, {}})
			continue
		}
		t.Rows = append(t.Rows, []cell{figure(p.CapitalUSDT, amount(p.CapitalUSDT)), figure(p.Annual, percent(p.Annual, 2)), figure(p.Exposure, share(p.Exposure, 0)),
			figure(p.Cost, share(p.Cost, 2)), figure(p.Slippage, share(p.Slippage, 2))})
		names, values = append(names, amount(p.CapitalUSDT)), append(values, p.Annual)
	}
	if len(values) < 2 {
		return nil
	}
	title := "With " + names[0] + " USDT it made " + percent(values[0], 1) + " a year, with " + names[len(names)-1] + " " + percent(values[len(values)-1], 1)
	return &content{Title: title, Lead: "The same run with other capital: larger orders move the price more and find less volume. Costs are the run's own models.",
		Parts: []part{{"bars", plainBars(names, values)}, t.part()}}
}
