package lab

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"carry"
	"carry/reports"
)

// Parts follow one another without a hole, each learns from days that end an
// embargo before it, and an anchored one learns from the beginning.
func TestWalkPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := WalkPlan{Kind: rapid.SampledFrom([]string{"rolling", "anchored"}).Draw(t, "kind"),
			InDays: rapid.IntRange(30, 500).Draw(t, "in"), OutDays: rapid.IntRange(7, 200).Draw(t, "out")}
		days, embargo := rapid.IntRange(0, 2500).Draw(t, "days"), rapid.IntRange(0, 120).Draw(t, "embargo")
		cuts := PlanWalk(days, w, embargo)
		if (len(cuts) == 0) != (w.InDays+embargo >= days) {
			t.Fatalf("%d parts of %d days", len(cuts), days)
		}
		for k, c := range cuts {
			if c.OutFrom-c.InTo != embargo || c.OutTo <= c.OutFrom || c.InTo-c.InFrom < w.InDays {
				t.Fatalf("part %d is %+v", k, c)
			}
			if w.Kind == "anchored" && c.InFrom != 0 || w.Kind == "rolling" && c.InTo-c.InFrom != w.InDays {
				t.Fatalf("part %d learns from %+v", k, c)
			}
			if k > 0 && c.OutFrom != cuts[k-1].OutTo {
				t.Fatalf("a hole before part %d", k)
			}
		}
		if n := len(cuts); n > 0 && cuts[n-1].OutTo != days {
			t.Fatalf("the last part ends at %d of %d", cuts[n-1].OutTo, days)
		}
	})
}

func TestEmbargoIsNeverLessThanWindowAndHold(t *testing.T) {
	for _, days := range []int{0, 10, 100} {
		w := WalkPlan{EmbargoDays: days}
		if e := w.embargo(34*carry.Day, 50*carry.Hour); e < 34*carry.Day+50*carry.Hour || e < carry.Time(days)*carry.Day || e%carry.Day != 0 {
			t.Errorf("%d days asked for: %d hours", days, e/carry.Hour)
		}
	}
}

// walked is a small sweep with its walk-forward, after change to the trials.
func walked(t *testing.T, change func(*reports.Contest)) (*Board, *reports.Contest, *reports.Walk) {
	t.Helper()
	sweep := smallSweep(t, 2)
	open, err := Generated(6, 1.6, 5)
	if err != nil {
		t.Fatal(err)
	}
	base := sweep.Base
	sweep.Base = func(a, b string) (*Spec, error) {
		s, err := base(a, b)
		if err == nil {
			s.Open = open
		}
		return s, err
	}
	sweep.Axes[1].Values = sweep.Axes[1].Values[:2]
	board, err := sweep.OpenBoard(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := board.Run(context.Background(), board.Task(0, 1), nil); err != nil {
		t.Fatal(err)
	}
	trials, baselines, err := board.Collect()
	if err != nil {
		t.Fatal(err)
	}
	c, err := board.Contest(trials, baselines, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Trials) != 8 || len(c.Holds) != 3 || c.Cash == nil {
		t.Fatalf("%d trials, %d holds", len(c.Trials), len(c.Holds))
	}
	if change != nil {
		change(c)
	}
	walk, err := board.Walk(context.Background(), c, WalkPlan{Kind: "rolling", InDays: 180, OutDays: 90}, MedianHold(trials))
	if err != nil {
		t.Fatal(err)
	}
	return board, c, walk
}

// Each part out of sample is a run of its own over its days, and what comes
// after the in-sample days does not change the choice.
func TestWalkForwardRunsAnewAndDoesNotLookAhead(t *testing.T) {
	board, _, walk := walked(t, nil)
	if walk == nil || len(walk.Parts) < 2 {
		t.Fatalf("too few parts: %+v", walk)
	}
	if walk.Embargo < board.Info.WarmMs {
		t.Errorf("embargo %d days, window %d", walk.Embargo/carry.Day, board.Info.WarmMs/carry.Day)
	}
	at := 0
	for _, p := range walk.Parts {
		alone, err := board.runPart(context.Background(), p.Chosen, p.OutFrom, p.OutTo)
		if err != nil {
			t.Fatal(err)
		}
		if days := int((p.OutTo - p.OutFrom) / carry.Day); len(alone) != days {
			t.Errorf("%d returns of %d days", len(alone), days)
		}
		if !slices.Equal(alone, walk.Daily[at:at+len(alone)]) {
			t.Errorf("the part from %s is not its own run", p.OutFrom)
		}
		at += len(alone)
	}
	if at != len(walk.Daily) || len(walk.Holds[0].Daily) != at {
		t.Errorf("%d stitched days, %d of holding, %d of the parts", len(walk.Daily), len(walk.Holds[0].Daily), at)
	}
	first := walk.Parts[0]
	later := int((first.InTo - board.Info.From) / carry.Day)
	_, _, again := walked(t, func(c *reports.Contest) {
		for k := range c.Trials {
			for d := later; d < len(c.Trials[k].Daily); d++ {
				c.Trials[k].Daily[d] = -0.001 * float64((k*7+3)%8) // turns the order round
			}
		}
	})
	if again.Parts[0].Chosen != first.Chosen || again.Parts[0].In != first.In {
		t.Errorf("the first choice was trial %d and is %d when later days are others", first.Chosen, again.Parts[0].Chosen)
	}
}
