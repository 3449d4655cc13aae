package lab

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"carry"
	"carry/reports"
)

// Contest lines the sweep's daily returns up for judgement: the trials that ran
// over the baselines' span, and by index in it the trials' numbers.
func (b *Board) Contest(trials, baselines []TrialRow, tried int) (*reports.Contest, error) {
	c := &reports.Contest{Tried: tried}
	for k := range baselines {
		daily, err := baselines[k].Daily()
		if err != nil {
			return nil, err
		}
		x := reports.Contestant{No: baselines[k].No, Name: baselines[k].Name, Daily: daily}
		if strings.HasPrefix(x.Name, "hold") {
			c.Holds = append(c.Holds, x)
		} else {
			c.Cash = &x
		}
	}
	if len(c.Holds) == 0 {
		return c, nil
	}
	for k := range trials {
		t := &trials[k]
		if t.Failed() || t.From != b.Info.From || t.To != b.Info.To {
			continue
		}
		daily, err := t.Daily()
		if err != nil {
			return nil, err
		}
		if len(daily) == len(c.Holds[0].Daily) && !slices.ContainsFunc(daily, math.IsNaN) {
			c.Trials = append(c.Trials, reports.Contestant{No: t.No, Name: b.Sweep.Label(t.Values), Daily: daily})
		}
	}
	return c, nil
}

// Label is a trial's values in words.
func (s *Sweep) Label(values []string) string {
	parts := make([]string, len(values))
	for k, v := range values {
		parts[k] = s.Axes[k].Name + " " + v
	}
	return strings.Join(parts, ", ")
}

// PlanWalk cuts a span of days into parts, each in-sample span ending an embargo
// before its out-of-sample one begins; indices are days from the start.
func PlanWalk(days int, w WalkPlan, embargoDays int) (parts []WalkCut) {
	for out := w.InDays + embargoDays; out < days; out += w.OutDays {
		cut := WalkCut{InFrom: 0, InTo: out - embargoDays, OutFrom: out, OutTo: min(out+w.OutDays, days)}
		if w.Kind == "rolling" {
			cut.InFrom = cut.InTo - w.InDays
		}
		if cut.OutTo-cut.OutFrom < 7 && len(parts) > 0 {
			parts[len(parts)-1].OutTo = cut.OutTo // a rest too short to be a part
			break
		}
		parts = append(parts, cut)
	}
	return parts
}

// WalkCut is a part of a walk-forward in days, ends exclusive.
type WalkCut struct{ InFrom, InTo, OutFrom, OutTo int }

// Walk chooses the trial that grew most in each in-sample span and runs it anew
// over the out-of-sample one, from cash: it pays for its opening there, and no
// position or average of the days before helps it but the warm-up that every
// run has. The baselines are cut out of their whole run. It returns nil where
// the span is too short for one part.
func (b *Board) Walk(ctx context.Context, c *reports.Contest, w WalkPlan, hold carry.Time) (*reports.Walk, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	if len(c.Trials) == 0 || len(c.Holds) == 0 {
		return nil, nil
	}
	embargo := w.embargo(b.Info.WarmMs, hold)
	cuts := PlanWalk(len(c.Holds[0].Daily), w, int(embargo/carry.Day))
	if len(cuts) == 0 {
		return nil, nil
	}
	at := func(day int) carry.Time { return b.Info.From + carry.Time(day)*carry.Day }
	out := &reports.Walk{Kind: w.Kind, Embargo: embargo, Start: at(cuts[0].OutFrom)}
	for _, h := range c.Holds {
		out.Holds = append(out.Holds, reports.Contestant{No: h.No, Name: h.Name, Daily: h.Daily[cuts[0].OutFrom:cuts[len(cuts)-1].OutTo]})
	}
	for _, cut := range cuts {
		best := grewMost(c.Trials, cut.InFrom, cut.InTo)
		held := c.Holds[grewMost(c.Holds, cut.InFrom, cut.InTo)].Daily
		t := c.Trials[best]
		daily, err := b.runPart(ctx, t.No, at(cut.OutFrom), at(cut.OutTo))
		if err != nil {
			return nil, fmt.Errorf("walk-forward from %s: %w", at(cut.OutFrom).Date(), err)
		}
		out.Parts = append(out.Parts, reports.WalkPart{InFrom: at(cut.InFrom), InTo: at(cut.InTo), OutFrom: at(cut.OutFrom), OutTo: at(cut.OutTo),
			Chosen: t.No, Name: t.Name, In: annualOf(t.Daily[cut.InFrom:cut.InTo]), Out: annualOf(daily), Hold: annualOf(held[cut.OutFrom:cut.OutTo])})
		out.Daily = append(out.Daily, daily...)
	}
	return out, nil
}

// runPart runs one trial over a part of the span alone.
func (b *Board) runPart(ctx context.Context, no int, from, to carry.Time) ([]float64, error) {
	spec, err := b.Sweep.spec(no)
	if err != nil {
		return nil, err
	}
	spec.From, spec.To, spec.NoJournal = from, to, true
	out, err := Execute(ctx, spec, nil)
	if err != nil {
		return nil, err
	}
	curve := daily(&out.Run.Curve)
	return reports.CurveReturns(&curve, curve.Step), nil
}

func grewMost(list []reports.Contestant, from, to int) int {
	best, most := 0, math.Inf(-1)
	for k := range list {
		if a := annualOf(list[k].Daily[from:to]); a > most {
			best, most = k, a
		}
	}
	return best
}

// annualOf is the compound growth a year of daily returns; −1 once all is lost.
func annualOf(r []float64) float64 {
	a := reports.CAGR(r, reports.DaysPerYear)
	if math.IsNaN(a) {
		return -1
	}
	return a
}

// WalkMeasures are the walk-forward's figures for the store.
func WalkMeasures(w *reports.Walk) []Measured {
	if w == nil {
		return nil
	}
	var out []Measured
	for k, p := range w.Parts {
		window := fmt.Sprintf("walk %d", k+1)
		out = append(out, Measured{p.Chosen, Measure{window + " in", "annual_frac", p.In}}, Measured{p.Chosen, Measure{window + " out", "annual_frac", p.Out}})
	}
	return out
}

// MedianHold is the median over the trials of their median holds.
func MedianHold(trials []TrialRow) carry.Time {
	var hours []float64
	for k := range trials {
		if h := trials[k].Value("hold_median_h"); h > 0 {
			hours = append(hours, h)
		}
	}
	if len(hours) == 0 {
		return 0
	}
	slices.Sort(hours)
	return carry.Time(hours[len(hours)/2]) * carry.Hour
}
