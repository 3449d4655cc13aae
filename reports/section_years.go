package reports

import (
	"math"
	"strconv"

	"carry"
)

func yearsSection(v *view) *content {
	if len(v.run.Years) == 0 {
		return nil
	}
	t := &table{Label: "Return by year", Columns: []column{words("Year"), number(v.run.Name)}}
	for _, b := range v.base {
		t.Columns = append(t.Columns, number(b.Name))
	}
	t.Columns = append(t.Columns, number("Worst fall"), number("Funding"), number("Basis"), number("Fees"), number("Slippage"), number("Other"), number("Net USDT"))
	for i := range v.run.Years {
		t.Rows = append(t.Rows, v.yearRow(&v.run.Years[i]))
	}
	t.Foot = [][]cell{v.yearsFoot()}
	c := &content{Title: yearsTitle(v.run.Years), Lead: "Return on all capital over the year or the part of it that the run covers, then what made it, in USDT."}
	c.Parts = append(c.Parts, t.part())
	if partYears(v.run.Years) {
		c.Parts = append(c.Parts, note("Years marked with dates are not whole; their returns are over the part, not annualised."))
	}
	return c
}

func (v *view) yearRow(y *carry.YearRow) []cell {
	row := []cell{rowHead(yearName(y)), own(y.Return)}
	for _, b := range v.base {
		row = append(row, figure(yearReturn(b, y.Year), percent(yearReturn(b, y.Year), 1)))
	}
	a := &y.Attribution
	row = append(row, figure(y.MaxDrawdown, percent(y.MaxDrawdown, 1)))
	return append(row, v.usdt(netFunding(a)), v.usdt(a.Basis), v.usdt(fees(a)), v.usdt(a.Slippage), v.usdt(others(a)), v.usdt(a.Total))
}

// yearsFoot is the whole run: yearly returns, and what made them in total.
func (v *view) yearsFoot() []cell {
	title, of := "A year, compound", func(m *Metrics) float64 { return m.Annual }
	if v.tooShort {
		title, of = "Whole run", func(m *Metrics) float64 { return m.Total }
	}
	row := []cell{rowHead(title), own(of(&v.m))}
	for i := range v.base {
		row = append(row, figure(0, percent(of(&v.baseM[i]), 1)))
	}
	a := &v.run.Attribution
	row = append(row, figure(0, percent(v.m.Fall.Depth, 1)))
	return append(row, v.usdt(netFunding(a)), v.usdt(a.Basis), v.usdt(fees(a)), v.usdt(a.Slippage), v.usdt(others(a)), v.usdt(a.Total))
}

func own(frac float64) cell {
	c := figure(frac, percent(frac, 1))
	c.Class += " own"
	return c
}

// usdt is a cell of signed USDT: whole ones where the capital makes cents noise.
func (v *view) usdt(x float64) cell {
	dp := 2
	if v.run.Capital >= 10000 {
		dp = 0
	}
	return figure(x, signed(x, dp))
}

func yearName(y *carry.YearRow) string {
	name := strconv.Itoa(y.Year)
	if y.From <= monthStart(y.Year, 1) && y.To >= monthStart(y.Year+1, 1)-carry.Hour {
		return name
	}
	if y.From > monthStart(y.Year, 1) {
		name += " from " + y.From.UTC().Format("2 Jan")
	}
	if y.To < monthStart(y.Year+1, 1)-carry.Hour {
		name += " to " + y.To.UTC().Format("2 Jan")
	}
	return name
}

func partYears(years []carry.YearRow) bool {
	for i := range years {
		if yearName(&years[i]) != strconv.Itoa(years[i].Year) {
			return true
		}
	}
	return false
}

func yearReturn(r *carry.Result, year int) float64 {
	for _, y := range r.Years {
		if y.Year == year {
			return y.Return
		}
	}
	return math.NaN()
}

func yearsTitle(years []carry.YearRow) string {
	best, worst := 0, 0
	for i, y := range years {
		if y.Return > years[best].Return {
			best = i
		}
		if y.Return < years[worst].Return {
			worst = i
		}
	}
	b, w := &years[best], &years[worst]
	if best == worst {
		return strconv.Itoa(b.Year) + " returned " + percent(b.Return, 1)
	}
	return "The best year, " + strconv.Itoa(b.Year) + ", returned " + percent(b.Return, 1) + "; " + extremeWord(w.Return) + ", " + strconv.Itoa(w.Year) + ", " + percent(w.Return, 1)
}

func monthsSection(v *view) *content {
	months := MonthlyReturns(v.run)
	if len(months) == 0 {
		return nil
	}
	t := &table{Label: "Return by month", Class: "heat", Columns: []column{words("Year")}}
	for m := 1; m <= 12; m++ {
		t.Columns = append(t.Columns, words(monthStart(2000, m).UTC().Format("Jan")))
	}
	t.Columns = append(t.Columns, number("Year"))
	most, gained, worst := 0.0, 0, 0
	for i, m := range months {
		most = math.Max(most, math.Abs(finiteOr(m.Return, 0)))
		if m.Return > 0 {
			gained++
		}
		if m.Return < months[worst].Return {
			worst = i
		}
	}
	rows := map[int][]cell{}
	for year := months[0].Year; year <= months[len(months)-1].Year; year++ {
		row := make([]cell, 14)
		row[0] = rowHead(strconv.Itoa(year))
		r := yearReturn(v.run, year)
		row[13] = cell{Text: percent(r, 1), Class: "sum"}
		rows[year] = row
		t.Rows = append(t.Rows, row)
	}
	for _, m := range months {
		c := cell{Text: signed(m.Return*100, 1), Class: heatClass(m.Return, most)}
		if m.Partial {
			c.Text, c.Help = c.Text+"*", "part of the month"
		}
		rows[m.Year][m.Month] = c
	}
	w := months[worst]
	return &content{Title: strconv.Itoa(gained) + " of " + count(len(months), "month", "months") + " gained; " + extremeWord(w.Return) + " was " +
		monthOf(monthStart(w.Year, w.Month)) + " (" + percent(w.Return, 1) + ")",
		Lead: "Net return in percent; blue gained, orange lost. * is a part of a month.", Parts: []part{t.part()}}
}

// heatClass is one of five shades of gain or loss, relative to the largest.
func heatClass(v, most float64) string {
	if math.IsNaN(v) || v == 0 || !(most > 0) {
		return ""
	}
	level := strconv.Itoa(min(heatLevels, 1+int(math.Abs(v)/most*heatLevels*0.9999)))
	if v < 0 {
		return "n" + level
	}
	return "p" + level
}

// extremeWord names the smallest of a set: not "worst" where all gained.
func extremeWord(smallest float64) string {
	if smallest > 0 {
		return "the weakest"
	}
	return "the worst"
}
