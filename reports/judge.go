package reports

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"carry"
)

// Contestant is one trial or baseline with its daily net returns.
type Contestant struct {
	No    int
	Name  string
	Daily []float64
}

// Contest is a sweep to be judged: all series are of the same days.
type Contest struct {
	Trials []Contestant // those that ran over the whole span
	Holds  []Contestant // what has to be beaten: the ways of holding
	Cash   *Contestant  // bills; nil if unknown
	// Tried is how many trials were ever run on these data, at least the number
	// of Trials.
	Tried int
}

// Level is the chance of a false yes that the verdict allows.
const Level = 0.05

// judgeDraws is the number of resamples behind every p-value of a judgement.
const judgeDraws = 2000

// Against is the trials' contest with one baseline.
type Against struct {
	Name         string
	SPA          SPA     // Hansen's p-values, studentised
	RealityCheck float64 // White's p-value
	Flip         float64 // SignFlip's p-value; NaN where the span is too short for it
	FlipDays     int     // length of its blocks
	Block        float64 // days, mean length of the resampled runs
	Better       []int   // StepM at Level: indices into Trials
	TStat        []float64
	Cash         bool
}

// P is the larger of the two p-values that a yes needs: resampled days alone say
// yes too often where returns are tied for weeks, turned signs alone forget the
// order of days. Without enough blocks it is 1.
func (a *Against) P() float64 {
	if math.IsNaN(a.Flip) {
		return 1
	}
	return math.Max(a.SPA.Consistent, a.Flip)
}

// Judgement is what a sweep is worth.
type Judgement struct {
	// Yes says that some trial beats every way of holding at Level, all trials
	// taken together.
	Yes bool
	// BeatsCash says the same of bills.
	BeatsCash bool
	// Chosen is the index in Trials of the trial whose smallest t-statistic
	// against the holds is the largest; Top of the one that grew most.
	Chosen, Top int
	MinT        float64 // Chosen's smallest t-statistic
	P           float64 // the largest p-value against a hold
	Against     []Against
	Winners     []int // beat every hold by StepM
	// Sharpe is of Top's returns of 30 days; Deflated judges its excess over the
	// best hold among all trials ever run.
	Sharpe    SharpeSample
	Excess    SharpeSample
	Deflated  Deflated
	Overfit   *Overfit // nil where there are too few days or trials
	Effective float64  // effective rank of the trials
	MeanCorr  float64
	Tried     int
	Days      int
}

// ErrContest says that there is nothing to judge.
var ErrContest = errors.New("nothing to judge")

// Judge tests a sweep against holding. It is a function of its input: all
// resampling is seeded.
func Judge(c *Contest) (*Judgement, error) {
	if len(c.Trials) == 0 || len(c.Holds) == 0 {
		return nil, fmt.Errorf("%w: %d trials and %d ways of holding", ErrContest, len(c.Trials), len(c.Holds))
	}
	n := len(c.Trials[0].Daily)
	for _, list := range [][]Contestant{c.Trials, c.Holds} {
		for _, x := range list {
			if len(x.Daily) != n || slices.ContainsFunc(x.Daily, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
				return nil, fmt.Errorf("%w: %s has %d days of %d, or a day without a return", ErrContest, x.Name, len(x.Daily), n)
			}
		}
	}
	if n < 60 {
		return nil, fmt.Errorf("%w: %d days are too few", ErrContest, n)
	}
	j := &Judgement{Tried: max(c.Tried, len(c.Trials)), Days: n, Yes: true, Top: topOf(c.Trials)}
	for _, h := range c.Holds {
		j.Against = append(j.Against, against(c, &h))
	}
	j.choose(len(c.Holds))
	for _, a := range j.Against {
		j.P = math.Max(j.P, a.P())
	}
	j.Yes = j.P < Level && j.MinT > 1.645
	if c.Cash != nil && len(c.Cash.Daily) == n {
		a := against(c, c.Cash)
		a.Cash = true
		j.BeatsCash = a.P() < Level
		j.Against = append(j.Against, a)
	}
	j.deflate(c)
	j.crossValidate(c)
	return j, nil
}

// topOf is the trial that grew most.
func topOf(trials []Contestant) int {
	best, most := 0, math.Inf(-1)
	for k, t := range trials {
		if g := growth(t.Daily); g > most {
			best, most = k, g
		}
	}
	return best
}

func growth(r []float64) float64 {
	g := 1.0
	for _, x := range r {
		g *= 1 + x
	}
	return g
}

func excessOver(r, base []float64) []float64 {
	out := make([]float64, len(r))
	for i, x := range r {
		out[i] = x - base[i]
	}
	return out
}

// against tests all trials against one baseline. The resampled runs are as long
// as the longer of what the median trial's and the top trial's excess asks for.
func against(c *Contest, h *Contestant) Against {
	excess := make([][]float64, len(c.Trials))
	lengths := make([]float64, len(c.Trials))
	for k, t := range c.Trials {
		excess[k] = excessOver(t.Daily, h.Daily)
		lengths[k] = BlockLength(excess[k])
	}
	top := lengths[topOf(c.Trials)]
	slices.Sort(lengths)
	block := math.Max(top, quantile(lengths, 0.5))
	s := NewSuperiority(excess, block, judgeDraws, FixedUniform(3))
	a := Against{Name: h.Name, SPA: s.SPA(true), Block: block, FlipDays: memoryDays(block)}
	a.Flip, _ = SignFlip(excess, a.FlipDays, judgeDraws, FixedUniform(4))
	_, a.RealityCheck = s.RealityCheck()
	a.Better, _ = s.StepM(Level)
	for k := range excess {
		a.TStat = append(a.TStat, s.TStat(k))
	}
	return a
}

// choose finds the trial that stands best against all holds, and those that beat
// every one of them.
func (j *Judgement) choose(holds int) {
	j.MinT = math.Inf(-1)
	for k := range j.Against[0].TStat {
		least, wins := math.Inf(1), true
		for _, a := range j.Against[:holds] {
			least = math.Min(least, a.TStat[k])
			wins = wins && slices.Contains(a.Better, k)
		}
		if least > j.MinT {
			j.MinT, j.Chosen = least, k
		}
		if wins {
			j.Winners = append(j.Winners, k)
		}
	}
}

// deflate judges the top trial's excess over the best hold by its 30-day
// returns, which are nearly independent where daily ones are not.
func (j *Judgement) deflate(c *Contest) {
	best := c.Holds[topOf(c.Holds)].Daily
	ratios := make([]float64, len(c.Trials))
	series := make([][]float64, len(c.Trials))
	for k, t := range c.Trials {
		ratios[k] = Sharpe(grouped(excessOver(t.Daily, best), 30), 0, 1)
		series[k] = t.Daily
	}
	top := c.Trials[j.Top].Daily
	j.Sharpe = SampleSharpe(grouped(top, 30))
	j.Excess = SampleSharpe(grouped(excessOver(top, best), 30))
	j.Deflated = Deflate(j.Excess, ratioSpread(ratios), float64(j.Tried))
	const most = 600 // a matrix of more has no use and takes its time
	if len(series) > most {
		series = series[:most]
	}
	j.Effective, _ = EffectiveRank(series)
	j.MeanCorr = MeanCorrelation(series)
}

// crossValidate takes as many blocks as are longer than the runs of the data,
// from 16 down to 8.
func (j *Judgement) crossValidate(c *Contest) {
	series := make([][]float64, len(c.Trials))
	for k, t := range c.Trials {
		series[k] = t.Daily
	}
	run := BlockLength(c.Trials[j.Top].Daily)
	blocks := 16
	for blocks > 8 && float64(j.Days/blocks) < run {
		blocks -= 2
	}
	if o, err := CrossValidate(series, blocks); err == nil {
		j.Overfit = o
	}
}

// Verdict is the judgement in words.
func (j *Judgement) Verdict(c *Contest) []string {
	var out []string
	worst := j.Against[0]
	for _, a := range j.Against {
		if !a.Cash && a.P() > worst.P() {
			worst = a
		}
	}
	if j.Yes {
		out = append(out, "Some set beats every way of holding, with "+share(1-j.P, 0)+" confidence for all "+
			fixedInt(uint64(len(c.Trials)))+" sets together: "+c.Trials[j.Chosen].Name+".")
	} else {
		out = append(out, j.refusal(&worst))
	}
	for _, a := range j.Against {
		if !a.Cash {
			continue
		}
		switch {
		case j.BeatsCash:
			out = append(out, "The best beats "+a.Name+" over the whole span (p"+noBreak+pText(a.P())+").")
		case j.Yes:
			out = append(out, "But nothing here beats "+a.Name+" by more than luck (p"+noBreak+pText(a.P())+").")
		default:
			out = append(out, "Nothing here beats "+a.Name+" either (p"+noBreak+pText(a.P())+").")
		}
	}
	if j.Overfit != nil {
		out = append(out, "Choosing the best of one half of the days gave a set below the median in the other half in "+share(j.Overfit.PBO, 0)+" of "+
			fixedInt(uint64(j.Overfit.Splits))+" ways to halve them (PBO).")
	}
	if !math.IsNaN(j.Deflated.DSR2014) {
		out = append(out, "The probability that the top set's lead over the best way of holding is real, after "+
			count(j.Tried, "trial", "trials")+", is "+share(j.Deflated.DSR2014, 0)+" (deflated Sharpe ratio).")
	}
	return out
}

func (j *Judgement) refusal(worst *Against) string {
	s := "Nothing here beats holding: against " + worst.Name + " "
	if math.IsNaN(worst.Flip) {
		return s + "the span is too short to tell an edge from chance."
	}
	return s + "chance alone does as well as the best of these sets in " + share(worst.P(), 0) + " of cases."
}

// WalkPart is one part of a walk-forward.
type WalkPart struct {
	InFrom, InTo, OutFrom, OutTo carry.Time
	Chosen                       int     // trial's number
	Name                         string  // its values
	In, Out                      float64 // compound a year: chosen in sample, then out of it
	Hold                         float64 // the best hold of the in-sample days, out of sample
}

// Walk is a walk-forward: choose in one span, try in the next.
type Walk struct {
	Kind    string
	Embargo carry.Time
	Parts   []WalkPart
	Start   carry.Time // of Daily
	// Daily are the stitched out-of-sample net returns; Holds those of the ways
	// of holding on the same days.
	Daily []float64
	Holds []Contestant
}

// Efficiency is the out-of-sample growth a year over the in-sample one (Pardo's
// walk-forward efficiency), by the means over the parts.
func (w *Walk) Efficiency() float64 {
	in, out := 0.0, 0.0
	for _, p := range w.Parts {
		in += p.In
		out += p.Out
	}
	if !(in > 0) {
		return math.NaN()
	}
	return out / in
}

// BestHold is the way of holding that grew most over the walk's days, a fraction a
// year; "" and −Inf without one.
func (w *Walk) BestHold() (name string, annual float64) {
	annual = math.Inf(-1)
	for _, h := range w.Holds {
		if g := CAGR(h.Daily, DaysPerYear); g > annual {
			name, annual = h.Name, g
		}
	}
	return name, annual
}

// Sentence is the walk-forward in words.
func (w *Walk) Sentence() string {
	name, best := w.BestHold()
	own := CAGR(w.Daily, DaysPerYear)
	s := "Walk-forward: the set chosen on the past alone made " + percent(own, 1) + " a year out of sample, in " + count(len(w.Parts), "part", "parts")
	if name == "" {
		return s + "."
	}
	if own > best {
		return s + "; the best way of holding, " + name + ", " + percent(best, 1) + "."
	}
	return s + ", and has NOT beaten " + name + " (" + percent(best, 1) + ")."
}

// WriteVerdict writes sentences as a paragraph for a terminal.
func WriteVerdict(w io.Writer, sentences []string) error {
	for i, l := range wrap(ascii("VERDICT: "+strings.Join(sentences, " ")), summaryWidth-2) {
		if i > 0 {
			l = "  " + l
		}
		if _, err := io.WriteString(w, strings.TrimRight(l, " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
