package reports

import (
	"slices"
	"strings"

	"carry"
)

// pair is one entry of a list of names and texts.
type pair struct {
	Name, Text string
	Code       bool
}

func assumptionsSection(v *view) *content {
	b := box{Title: "What the run took for granted"}
	if len(v.run.Assumptions) > 0 {
		b.Lists = append(b.Lists, boxList{"Assumptions", v.run.Assumptions})
	}
	if len(v.run.NotIncluded) > 0 {
		b.Lists = append(b.Lists, boxList{"Not in the numbers", v.run.NotIncluded})
	}
	if len(b.Lists) == 0 {
		return nil
	}
	return &content{Parts: []part{{"box", b}}}
}

func coverageSection(v *view) *content {
	if len(v.run.Coverage) == 0 {
		return nil
	}
	t := &table{Label: "Coverage of the data", Sortable: true, Summary: "Show " + count(len(v.run.Coverage), "series", "series"),
		Columns: []column{words("Coin"), words("Series"), words("First"), words("Last"), number("Present"), number("Missing"), number("Complete")}}
	missingRows, present := 0, 0
	for _, c := range v.run.Coverage {
		whole := float64(c.Present + c.Missing)
		frac := finiteOr(float64(c.Present)/whole, 0)
		t.Rows = append(t.Rows, []cell{rowHead(c.Coin), plain(c.Kind), plain(c.First.Date()), plain(c.Last.Date()),
			figure(float64(c.Present), fixed(float64(c.Present), 0)), figure(float64(c.Missing), fixed(float64(c.Missing), 0)), figure(frac, share(frac, 2))})
		missingRows += c.Missing
		present += c.Present
	}
	title := "No row is missing inside any series"
	if missingRows > 0 {
		title = fixed(float64(missingRows), 0) + " of " + fixed(float64(missingRows+present), 0) + " rows are missing"
	}
	return &content{Title: title, Lead: "Missing counts gaps between the first and the last row of a series.", Parts: []part{t.part()}}
}

func parametersSection(v *view) *content {
	if len(v.run.Params) == 0 {
		return nil
	}
	t := &table{Label: "Parameters", Sortable: true, Columns: []column{words("Group"), words("Parameter"), number("Value"), number("Default"), words("Meaning")}}
	changed := 0
	for _, p := range v.run.Params {
		value := cell{Text: p.Value, Class: "num", Sort: p.Value}
		if p.Value != p.Default {
			value.Class += " own"
			changed++
		}
		t.Rows = append(t.Rows, []cell{plain(p.Group), rowHead(p.Name), value, {Text: p.Default, Class: "num dim", Sort: p.Default}, plain(p.Doc)})
	}
	title := "All parameters are at their defaults"
	if changed > 0 {
		title = count(changed, "parameter differs", "parameters differ") + " from the default"
	}
	return &content{Title: title, Parts: []part{t.part()}}
}

func definitionsSection(*view) *content {
	return &content{Title: "How every number is made", Lead: "A year has 365 days. Returns are simple and on all capital, idle cash included.",
		Parts: []part{{"pairs", definitions()}}}
}

// definitions are the exact meanings of the figures printed; the functions in
// stats*.go carry the same formulas.
func definitions() []pair {
	return []pair{
		{Name: "Net a year", Text: "(equity at the end / capital) ^ (365 days / span) − 1, after all costs that the run models."},
		{Name: "95 % interval", Text: "Percentiles 2.5 and 97.5 of the yearly return over 2 000 stationary bootstraps of the daily returns (Politis and Romano 1994; mean block by Politis and White), with a fixed seed. It says how much the choice of days matters, not what another market would do."},
		{Name: "Volatility", Text: "Sample standard deviation (n − 1) of daily returns × √365."},
		{Name: "Sharpe", Text: "Mean / sample standard deviation × √(periods a year), without subtracting a riskless rate, from returns over 8 h, 1, 7 and 30 days counted from the start; an incomplete last period is left out."},
		{Name: "Sharpe, Lo-adjusted", Text: "Daily Sharpe × q / √(q + 2 Σ (q − k) ρk) × √(365 / q), k = 1 … q − 1, q = 30 (Lo 2002)."},
		{Name: "Sortino", Text: "Mean daily return / √(mean of min(r, 0)²) × √365."},
		{Name: "Omega", Text: "Sum of daily gains / sum of daily losses."},
		{Name: "Drawdown", Text: "Equity / highest equity so far − 1 at every sample; the starting capital counts as a peak."},
		{Name: "Calmar", Text: "Net a year / depth of the worst drawdown."},
		{Name: "Under water", Text: "Days that end below the highest daily equity so far."},
		{Name: "Ulcer index", Text: "√(Σ drawdown² / n) of daily drawdowns (Martin); beside it with n − 1."},
		{Name: "VaR, CVaR", Text: "The 5 % quantile of daily returns, interpolated between observed ones, and the mean of the returns at or below it."},
		{Name: "Intervals of the tiles", Text: "Percentiles 2.5 and 97.5 of the figure over 1 000 stationary bootstraps of the daily returns, mean block by Politis and White, fixed seed. A worst drawdown of resampled days tends to be deeper than the one that happened to happen."},
		{Name: "PSR", Text: "Probability that the true Sharpe ratio of 30-day returns is above 0, given length, skewness and raw kurtosis (Bailey and López de Prado 2012)."},
		{Name: "Exposure", Text: "Hedged notional at mark / equity, mean over all samples."},
		{Name: "Turnover", Text: "Traded value of both legs / (2 × mean hedged notional), a year."},
		{Name: "Break-even hours", Text: "(fees + slippage + fall of the premium's value) / funding an hour, trip by trip, closed trips only."},
		{Name: "Capture ratio", Text: "Net funding on capital / the same of a way of holding."},
		{Name: "Independent bets", Text: "exp of the entropy of the eigenvalues of the correlation matrix of the held coins' daily funding (effective rank)."},
		{Name: "Last regime", Text: "The verdict's “since”: the time after the most profitable year, or the last 365 days where less than 90 days follow it."},
		{Name: "Funding", Text: "Settled payments on the shorts: notional at mark × rate, received less paid."},
		{Name: "Basis", Text: "Change of both legs' value at mid and mark: premium at entry less premium at exit, or at the last mark."},
		{Name: "Slippage", Text: "Fill price against the mid price when the order was decided, half the spread included."},
		{Name: "Premium", Text: "Perpetual's price / spot's price − 1; at fills it is weighted by quantity. 1 bp is 0.01 %."},
		{Name: "Mean rate", Text: "Mean of settled funding rates while the coin was held, scaled to 8 hours."},
		{Name: "Used leverage", Text: "Value of all shorts at mark / margin balance of the futures wallet."},
		{Name: "Distance to liquidation", Text: "The equal rise of all marks at which the futures wallet would no longer cover maintenance margin."},
		{Name: "Residual", Text: "Change of equity that the parts do not explain, from exact decimal books. Anything but zero is a fault."},
	}
}

func manifestSection(v *view) *content {
	m := &v.run.Manifest
	generated := "no"
	if m.Generated {
		generated = "yes: not history"
	}
	pairs := []pair{
		{Name: "Program", Text: orMissing(m.Program), Code: true}, {Name: "Go", Text: orMissing(m.GoVersion), Code: true},
		{Name: "Tape, SHA-256", Text: orMissing(m.TapeHash), Code: true}, {Name: "Parameters, SHA-256", Text: orMissing(m.ParamsHash), Code: true},
		{Name: "Seed", Text: fixedInt(m.Seed), Code: true}, {Name: "Journal, SHA-256", Text: orMissing(m.JournalHash), Code: true},
		{Name: "Source", Text: orMissing(m.Source)}, {Name: "Generated market", Text: generated},
		{Name: "Equity at the end, exact", Text: orMissing(v.run.FinalExact) + " USDT"}, {Name: "Residual, exact", Text: orMissing(v.run.Residual) + " USDT"},
		{Name: "Repeat with", Text: orMissing(m.Command), Code: true},
	}
	return &content{Title: "The same program, tape, parameters and seed give the same journal hash", Parts: []part{{"pairs", pairs}}}
}

// residualOpen tells whether the books leave something unexplained.
func residualOpen(r *carry.Result) bool {
	return r.Residual != "" && slices.ContainsFunc([]rune(r.Residual), func(c rune) bool { return strings.ContainsRune("123456789", c) })
}
