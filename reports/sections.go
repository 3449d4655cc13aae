package reports

// section is one part of the report. fill returns nil where the run gives it
// nothing to show.
type section struct {
	id, name string
	plain    bool // stands on the first screen without a heading
	fill     func(v *view) *content
}

// contentsID is the section that links to the others; it is filled last.
const contentsID = "contents"

// sections is the report's order, the one place that knows it.
func sections() []section {
	return []section{
		{"title", "Title", true, titleSection},
		{"verdict", "Verdict", true, verdictSection},
		{"tiles", "Figures", true, tilesSection},
		{"read-first", "Read this first", true, readFirstSection},
		{contentsID, "Contents", true, contentsSection},
		{"equity", "Equity", false, equitySection},
		{"drawdown", "Drawdown", false, drawdownSection},
		{"rolling", "Last 90 days", false, rollingSection},
		{"attribution", "Where it came from", false, attributionSection},
		{"twin", "Live and backtest", false, twinSection},
		{"years", "Years", false, yearsSection},
		{"months", "Months", false, monthsSection},
		{"coins", "Coins", false, coinsSection},
		{"premium", "Premium", false, premiumSection},
		{"leverage", "Leverage", false, leverageSection},
		{"alone", "Left alone", false, aloneSection},
		{"efficiency", "Break-even", false, efficiencySection},
		{"capacity", "Capacity", false, capacitySection},
		{"bets", "Bets", false, betsSection},
		{"trips", "Trips", false, tripsSection},
		{"happenings", "Happenings", false, happeningsSection},
		{"prediction", "Prediction", false, predictionSection},
		{"risk", "Risk", false, riskSection},
		{"assumptions", "Assumptions", false, assumptionsSection},
		{"coverage", "Coverage", false, coverageSection},
		{"parameters", "Parameters", false, parametersSection},
		{"definitions", "Definitions", false, definitionsSection},
		{"manifest", "Manifest", false, manifestSection},
	}
}
