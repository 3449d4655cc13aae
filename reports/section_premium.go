package reports

import (
	"math"
	"slices"

	"carry"
)

// strips are histograms over one common axis.
type strips struct {
	Label  string
	Strips []strip
	Ticks  []mark
}

type strip struct {
	Name, Class    string
	Bins           []bin
	Mean, MeanText string
	// Fair is where a short earns what bills do; its label stands on the side that
	// the mean leaves free.
	Fair, FairText, FairSide, FairShift string
}

type bin struct{ X, Width, Y, Height string }

const premiumBins = 48

func premiumSection(v *view) *content {
	var entry, exit []float64
	var gain []float64
	for _, t := range v.run.Trips {
		if !math.IsNaN(finite(t.EntryPremium)) {
			entry = append(entry, t.EntryPremium)
		}
		if t.Open || math.IsNaN(finite(t.ExitPremium)) || t.ExitPremium <= -1 {
			continue
		}
		exit = append(exit, t.ExitPremium)
		gain = append(gain, t.EntryPremium-t.ExitPremium)
	}
	if len(entry) == 0 {
		return nil
	}
	in, out := mean(entry), mean(exit)
	title := "It entered at a premium of " + basisPoints(in) + " on average"
	if len(exit) > 0 {
		title += " and left at " + basisPoints(out) + ": the premium " + earnedWord(mean(gain)) + " a round trip"
	}
	fair := v.fairAtEntry()
	s := premiumStrips(entry, exit, fair)
	lead := "The premium is the perpetual's price over spot's, less one, at the fills, in basis points; each trip counts once."
	if fair == fair {
		word, far := "above", in-fair
		if far < 0 {
			word, far = "below", -far
		}
		lead += " The fair premium, at which funding by Binance's formula pays just what bills pay, was " + basisPoints(fair) +
			" on average: it entered " + fixed(far*1e4, 1) + noBreak + "bp " + word + " it."
	}
	return &content{Title: title, Lead: lead,
		Parts: []part{{"hist", s}, note(count(len(entry), "entry", "entries") + ", " + count(len(exit), "exit", "exits") +
			"; the outermost bars also hold what lies beyond the 1st and 99th percentile.")}}
}

func earnedWord(x float64) string {
	if x < 0 {
		return "cost " + fixed(-x*1e4, 1) + noBreak + "bp"
	}
	return "earned " + basisPoints(x)
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func premiumStrips(entry, exit []float64, fair float64) *strips {
	all := append(slices.Clone(entry), exit...)
	slices.Sort(all)
	low, high := quantile(all, 0.01), quantile(all, 0.99)
	low, high = math.Min(low, 0), math.Max(high, 0)
	if fair == fair {
		low, high = math.Min(low, fair), math.Max(high, fair)
	}
	if !(high-low > 1e-6) {
		low, high = low-0.0005, high+0.0005
	}
	s := &strips{Label: "Distribution of the premium at entry and at exit"}
	s.Strips = append(s.Strips, histogram("At entry", "entry", entry, low, high))
	if len(exit) > 0 {
		s.Strips = append(s.Strips, histogram("At exit", "exit", exit, low, high))
	}
	if fair == fair {
		e := &s.Strips[0]
		e.Fair, e.FairText, e.FairSide, e.FairShift = percentOf(fair-low, high-low), basisPoints(fair), "fairleft", "-5"
		if fair > mean(entry) {
			e.FairSide, e.FairShift = "fairright", "5"
		}
	}
	ticks := labelTicks(valueTicks(low, high, 9), unitBP)
	for i, t := range ticks {
		label := t.Label
		if t.At == 0 {
			label = "0" + noBreak + "bp"
		}
		s.Ticks = append(s.Ticks, mark{Pos: percentOf(t.At-low, high-low), Label: label, Major: i%2 == 0 || t.At == 0})
	}
	return s
}

// histogram counts values in equal bins over [low, high]; what lies outside is
// counted in the outermost.
func histogram(name, class string, values []float64, low, high float64) strip {
	var counts [premiumBins]int
	most := 1
	for _, x := range values {
		i := int((x - low) / (high - low) * premiumBins)
		i = max(0, min(premiumBins-1, i))
		counts[i]++
		most = max(most, counts[i])
	}
	s := strip{Name: name, Class: class}
	for i, n := range counts {
		if n == 0 {
			continue
		}
		h := float64(n) / float64(most) * 70
		s.Bins = append(s.Bins, bin{X: percentOf(float64(i)+0.06, premiumBins), Width: percentOf(0.88, premiumBins), Y: pixels(100 - h), Height: pixels(h)})
	}
	if m := mean(values); m >= low && m <= high {
		s.Mean, s.MeanText = percentOf(m-low, high-low), basisPoints(m)
	}
	return s
}

const (
	worstTrips = 20
	bestTrips  = 5
)

func tripsSection(v *view) *content {
	trips := slices.Clone(v.run.Trips)
	if len(trips) == 0 {
		return &content{Title: "It opened no position", Lead: "There are no trips to show."}
	}
	slices.SortStableFunc(trips, func(a, b carry.Trip) int {
		switch {
		case a.Attribution.Total < b.Attribution.Total:
			return -1
		case a.Attribution.Total > b.Attribution.Total:
			return 1
		}
		return 0
	})
	gained := 0
	for _, t := range trips {
		if t.Attribution.Total > 0 {
			gained++
		}
	}
	w := trips[0]
	c := &content{Title: share(float64(gained)/float64(len(trips)), 0) + " of " + count(len(trips), "trip", "trips") + " gained; the worst " + madeOrLost(w.Attribution.Total) + " USDT (" + w.Coin + ", opened " + longDate(w.OpenAt) + ")",
		Lead: "A trip is one coin from flat to flat; money in USDT, after costs."}
	c.Parts = append(c.Parts, v.closings(trips).part())
	worst := trips[:min(worstTrips, len(trips))]
	c.Parts = append(c.Parts, subtitle("The worst "+fixed(float64(len(worst)), 0)), v.tripTable("Worst trips", worst).part())
	if len(trips) > worstTrips {
		best := slices.Clone(trips[len(trips)-min(bestTrips, len(trips)-worstTrips):])
		slices.Reverse(best)
		c.Parts = append(c.Parts, subtitle("The best "+fixed(float64(len(best)), 0)), v.tripTable("Best trips", best).part())
	}
	return c
}

func (v *view) tripTable(label string, trips []carry.Trip) *table {
	t := &table{Label: label, Sortable: true, Columns: []column{words("Coin"), words("Opened"), number("Days"), number("Notional"),
		number("Entry bp"), number("Exit bp"), number("Settled"), number("Funding"), number("Basis"), number("Costs"), number("Net USDT"), words("Closed by")}}
	for i := range trips {
		x := &trips[i]
		a := &x.Attribution
		days := float64(x.CloseAt-x.OpenAt) / float64(carry.Day)
		exit := figure(x.ExitPremium*1e4, signed(x.ExitPremium*1e4, 1))
		reason := x.CloseCode
		if x.Open {
			exit, reason = cell{Text: missing, Class: "num dim"}, "still open"
		}
		t.Rows = append(t.Rows, []cell{rowHead(x.Coin), cell{Text: x.OpenAt.Date(), Class: "nowrap"}, figure(days, fixed(days, 1)), figure(x.MaxNotional, fixed(x.MaxNotional, 0)),
			figure(x.EntryPremium, signed(x.EntryPremium*1e4, 1)), exit, figure(float64(x.Settlements), fixed(float64(x.Settlements), 0)),
			v.usdt(netFunding(a)), v.usdt(a.Basis), v.usdt(fees(a) + a.Slippage), v.usdt(a.Total), cell{Text: reason, Class: "nowrap"}})
	}
	return t
}

// closings sums trips by the reason for which they ended.
func (v *view) closings(trips []carry.Trip) *table {
	type group struct {
		reason     string
		n          int
		net, hours float64
	}
	var groups []group
	for i := range trips {
		reason := trips[i].CloseCode
		if trips[i].Open {
			reason = "still open"
		}
		at := slices.IndexFunc(groups, func(g group) bool { return g.reason == reason })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{reason: reason})
		}
		g := &groups[at]
		g.n++
		g.net += trips[i].Attribution.Total
		g.hours += float64(trips[i].CloseAt-trips[i].OpenAt) / float64(carry.Hour)
	}
	slices.SortStableFunc(groups, func(a, b group) int { return b.n - a.n })
	t := &table{Label: "Why trips ended", Sortable: true, Columns: []column{words("Closed by"), number("Trips"), number("Mean days"), number("Mean net USDT"), number("Net USDT")}}
	for _, g := range groups {
		n := float64(g.n)
		t.Rows = append(t.Rows, []cell{rowHead(orMissing(g.reason)), figure(n, fixed(n, 0)), figure(g.hours/24/n, fixed(g.hours/24/n, 1)), v.usdt(g.net / n), v.usdt(g.net)})
	}
	return t
}

func madeOrLost(x float64) string {
	if x < 0 {
		return "lost " + amount(-x)
	}
	return "made " + amount(x)
}
