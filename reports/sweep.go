package reports

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"carry"
)

// SweepTable is a grid of runs over one or more parameters.
type SweepTable struct {
	Title string // what was swept; may be empty
	Axes  []SweepAxis
	// Net is the net yearly return on capital as a fraction, row-major with the
	// last axis fastest; NaN for a run that failed.
	Net []float64
	// Rows are each run's values where they are no grid over the axes; else nil.
	Rows [][]string
	// Contest and Judgement are set where the sweep could be judged, Walk where
	// there was a walk-forward.
	Contest   *Contest
	Judgement *Judgement
	Walk      *Walk
	// Columns are further figures of each run for the table, in Net's order.
	Columns   []SweepColumn
	Baselines []SweepBaseline
	From, To  carry.Time
	Generated bool
	Source    string
	Command   string // repeats the sweep
}

// SweepAxis is one parameter and the values it took.
type SweepAxis struct {
	Name   string
	Values []string
}

// SweepColumn is one more figure of every run.
type SweepColumn struct {
	Name    string
	Percent bool // a fraction to be printed as percent
	Values  []float64
}

// decimals are none where all figures are whole.
func (c *SweepColumn) decimals() int {
	for _, x := range c.Values {
		if !math.IsNaN(x) && x != math.Trunc(x) {
			return 2
		}
	}
	return 0
}

// SweepBaseline is what a run without these parameters made.
type SweepBaseline struct {
	Name string
	Net  float64 // fraction a year on capital
}

// ErrSweepShape says that a sweep's figures do not fit its axes.
var ErrSweepShape = errors.New("the sweep's figures do not fit its axes")

// check holds the sizes against one another.
func (t *SweepTable) check() error {
	n := 1
	for _, a := range t.Axes {
		n *= len(a.Values)
	}
	if t.Rows != nil {
		n = len(t.Rows)
	}
	if len(t.Axes) == 0 || n == 0 || len(t.Net) != n {
		return fmt.Errorf("%w: %d axes of %d combinations, %d results", ErrSweepShape, len(t.Axes), n, len(t.Net))
	}
	for _, c := range t.Columns {
		if len(c.Values) != n {
			return fmt.Errorf("%w: column %q has %d results of %d", ErrSweepShape, c.Name, len(c.Values), n)
		}
	}
	return nil
}

// values are the parameters' values of combination i.
func (t *SweepTable) values(i int) []string {
	if t.Rows != nil {
		return t.Rows[i]
	}
	out := make([]string, len(t.Axes))
	for k := len(t.Axes) - 1; k >= 0; k-- {
		n := len(t.Axes[k].Values)
		out[k] = t.Axes[k].Values[i%n]
		i /= n
	}
	return out
}

// best is the combination with the largest net return, or −1.
func (t *SweepTable) best() int {
	best := -1
	for i, x := range t.Net {
		if !math.IsNaN(x) && (best < 0 || x > t.Net[best]) {
			best = i
		}
	}
	return best
}

// bar is the baseline to beat: the best one.
func (t *SweepTable) bar() (SweepBaseline, bool) {
	best := SweepBaseline{Net: math.NaN()}
	for _, b := range t.Baselines {
		if !math.IsNaN(b.Net) && !(b.Net <= best.Net) {
			best = b
		}
	}
	return best, !math.IsNaN(best.Net)
}

// Verdict is the sweep in words: how many combinations beat which baseline.
func (t *SweepTable) Verdict() []string {
	var out []string
	total, failed := len(t.Net), 0
	for _, x := range t.Net {
		if math.IsNaN(x) {
			failed++
		}
	}
	if t.Judgement != nil {
		out = append(out, t.Judgement.Verdict(t.Contest)...)
	} else if hurdle, ok := t.bar(); ok {
		best := t.best()
		if best < 0 || !(t.Net[best] > hurdle.Net) {
			out = append(out, "Nothing here beats "+hurdle.Name+" ("+percent(hurdle.Net, 1)+" a year).")
		}
	}
	for _, b := range t.Baselines {
		n := 0
		for _, x := range t.Net {
			if x > b.Net {
				n++
			}
		}
		out = append(out, fixedInt(uint64(n))+" of "+count(total, "combination", "combinations")+" beat "+b.Name+" ("+percent(b.Net, 1)+" a year).")
	}
	if best := t.best(); best >= 0 {
		out = append(out, "The best made "+percent(t.Net[best], 1)+" a year ("+t.name(best)+"); the best of "+
			fixed(float64(total), 0)+" tries is flattered by having been chosen.")
	}
	if best, score := t.bestPlateau(); best >= 0 && best != t.best() {
		out = append(out, "With its neighbours taken into account, "+t.name(best)+" stands best ("+percent(score, 1)+" a year is the median around it).")
	}
	if failed > 0 {
		out = append(out, fixedInt(uint64(failed))+" failed.")
	}
	return out
}

func (t *SweepTable) name(i int) string {
	s := ""
	for k, v := range t.values(i) {
		if k > 0 {
			s += ", "
		}
		s += t.Axes[k].Name + " " + v
	}
	return s
}

// WriteSweepHTML writes a sweep's page: the verdict, a heat map for two axes or
// bars for one, and a sortable table of all combinations.
func WriteSweepHTML(w io.Writer, t *SweepTable) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("write sweep: %w", err)
	}
	title := t.Title
	if title == "" {
		title = "Parameter sweep"
	}
	h := head{Title: title, Generated: t.Generated, Lines: []string{longDate(t.From) + " – " + longDate(t.To) + " · " +
		count(len(t.Net), "combination", "combinations") + " · " + orMissing(t.Source)}}
	p := page{Title: title, Foot: "repeat with: " + orMissing(t.Command)}
	var add adder = func(id, name string, plain bool, c content) {
		p.Sections = append(p.Sections, filled{ID: id, Name: name, Plain: plain, content: c})
	}
	add("title", "", true, content{Parts: []part{{"head", h}}})
	add("verdict", "", true, content{Parts: []part{{"verdict", t.Verdict()}}})
	t.addPictures(add)
	t.addJudgement(add)
	all := t.list()
	add("table", "All combinations", false, content{Title: t.listTitle(), Lead: "Press a heading to sort.", Parts: []part{all.part()}})
	return writePage(w, &p)
}

// bars draws a sweep over one axis.
func (t *SweepTable) bars() []bar {
	low, high := 0.0, 0.0
	each := func(f func(name string, x float64, base bool)) {
		for i, x := range t.Net {
			f(t.Axes[0].Values[i], x, false)
		}
		for _, b := range t.Baselines {
			f(b.Name, b.Net, true)
		}
	}
	each(func(_ string, x float64, _ bool) {
		low, high = math.Min(low, finiteOr(x, 0)), math.Max(high, finiteOr(x, 0))
	})
	if high == low {
		high = low + 1
	}
	var out []bar
	each(func(name string, x float64, base bool) {
		b := bar{Label: name, Class: "gain", Value: percent(x, 2), X: percentOf(math.Min(finiteOr(x, 0), 0)-low, high-low),
			Width: percentOf(math.Abs(finiteOr(x, 0)), high-low)}
		switch {
		case base:
			b.Class = "total"
		case x < 0:
			b.Class = "loss"
		case math.IsNaN(x):
			b.Value = "failed"
		}
		out = append(out, b)
	})
	return out
}

// netSpan is the span of finite results.
func (t *SweepTable) netSpan() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, x := range t.Net {
		if !math.IsNaN(finite(x)) {
			low, high = math.Min(low, x), math.Max(high, x)
		}
	}
	return low, high
}

// shade is x's step of the viridis table.
func shade(x, low, high float64) int {
	if !(high > low) {
		return len(viridis) / 2
	}
	return max(0, min(len(viridis)-1, int((x-low)/(high-low)*float64(len(viridis)))))
}

// grid is the heat map of the first two axes, the first down, the second across;
// values are by combination. Where there are more axes a cell is the median over
// them.
func (t *SweepTable) grid(label string, values []float64) *table {
	out := &table{Label: label, Class: "heat", Caption: "↓ " + t.Axes[0].Name + "  → " + t.Axes[1].Name, Columns: []column{words("")}}
	for _, x := range t.Axes[1].Values {
		out.Columns = append(out.Columns, words(x))
	}
	low, high := t.netSpan()
	hurdle, ok := t.bar()
	n := len(t.Axes[1].Values)
	deep := len(values) / (n * len(t.Axes[0].Values))
	for r, name := range t.Axes[0].Values {
		row := []cell{rowHead(name)}
		for c := range n {
			x := medianOf(values[(r*n+c)*deep : (r*n+c+1)*deep])
			cl := cell{Text: signed(x*100, 1), Class: "v" + strconv.Itoa(shade(x, low, high))}
			if math.IsNaN(finite(x)) {
				cl = cell{Text: "failed", Class: "dim"}
			} else if ok && x > hurdle.Net {
				cl.Class += " ruled"
			}
			row = append(row, cl)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func (t *SweepTable) listTitle() string {
	if n := len(t.Net) + len(t.Baselines); n > listMost {
		return "The best " + fixedInt(listMost) + " of " + fixedInt(uint64(n)) + " combinations and baselines; sweep.csv has all"
	}
	return "All combinations and baselines"
}

// list is every combination, best first, with the baselines among them.
func (t *SweepTable) list() *table {
	out := &table{Label: "All combinations", Sortable: true}
	for _, a := range t.Axes {
		out.Columns = append(out.Columns, number(a.Name))
	}
	out.Columns = append(out.Columns, number("Net a year"), column{Title: "Plateau", Number: true, Help: "median of it and its neighbours"})
	plateau := t.plateaus()
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, number(c.Name))
	}
	type ranked struct {
		net   float64
		cells []cell
	}
	var rows []ranked
	for i, x := range t.Net {
		var cells []cell
		for _, v := range t.values(i) {
			cells = append(cells, cell{Text: v, Class: "num", Sort: v})
		}
		cells = append(cells, figure(x, failedOr(x)), figure(plateau[i], percent(plateau[i], 2)))
		for _, c := range t.Columns {
			s := fixed(c.Values[i], c.decimals())
			if c.Percent {
				s = percent(c.Values[i], 1)
			}
			cells = append(cells, figure(c.Values[i], s))
		}
		rows = append(rows, ranked{x, cells})
	}
	for _, b := range t.Baselines {
		cells := []cell{{Text: b.Name, Class: "own nowrap"}}
		for len(cells) < len(t.Axes) {
			cells = append(cells, cell{Class: "own"})
		}
		c := figure(b.Net, percent(b.Net, 2))
		c.Class += " own"
		cells = append(cells, c, cell{Class: "own"})
		for range t.Columns {
			cells = append(cells, cell{Class: "own"})
		}
		rows = append(rows, ranked{b.Net, cells})
	}
	slices.SortStableFunc(rows, func(a, b ranked) int {
		switch {
		case a.net > b.net, math.IsNaN(b.net) && !math.IsNaN(a.net):
			return -1
		case a.net < b.net, math.IsNaN(a.net) && !math.IsNaN(b.net):
			return 1
		}
		return 0
	})
	for _, r := range rows[:min(len(rows), listMost)] {
		out.Rows = append(out.Rows, r.cells)
	}
	return out
}

// listMost bounds the page's table; sweep.csv has every row.
const listMost = 500

func failedOr(x float64) string {
	if math.IsNaN(x) {
		return "failed"
	}
	return percent(x, 2)
}
