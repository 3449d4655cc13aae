package reports

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carry"
)

// inventContest is n days of a hold that earns 5 % a year and trials that add
// noise to it, the first an edge a year besides.
func inventContest(seed uint64, trials, days int, edge float64) *Contest {
	rng := rand.New(rand.NewPCG(seed, 1))
	hold := make([]float64, days)
	for i := range hold {
		hold[i] = 0.05/365 + 0.001*rng.NormFloat64()
	}
	c := &Contest{Holds: []Contestant{{No: -1, Name: "hold all", Daily: hold}}, Cash: &Contestant{No: -2, Name: "cash", Daily: make([]float64, days)}}
	for k := range trials {
		r := make([]float64, days)
		for i := range r {
			r[i] = hold[i] + 0.001*rng.NormFloat64()
			if k == 0 {
				r[i] += edge / 365
			}
		}
		c.Trials = append(c.Trials, Contestant{No: k, Name: "set " + fixedInt(uint64(k)), Daily: r})
	}
	return c
}

func TestVerdictSaysYesOnlyToAnEdge(t *testing.T) {
	without, with := 0, 0
	for seed := range uint64(12) {
		for _, edge := range []float64{0, 0.08} {
			c := inventContest(seed, 10, 1000, edge)
			j, err := Judge(c)
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Join(j.Verdict(c), " ")
			if j.Yes == strings.HasPrefix(words, "Nothing here beats holding") {
				t.Errorf("the judgement is %v, the words are %s", j.Yes, words)
			}
			if j.Yes && edge == 0 {
				without++
			}
			if j.Yes && edge > 0 {
				with++
				if j.Chosen != 0 || j.Top != 0 {
					t.Errorf("seed %d: the edge is in set 0, chosen %d, top %d", seed, j.Chosen, j.Top)
				}
			}
		}
	}
	if without > 2 || with < 11 {
		t.Errorf("yes to %d of 12 without an edge, to %d of 12 with one", without, with)
	}
}

func TestMoreTrialsDeflateMore(t *testing.T) {
	c := inventContest(3, 10, 1000, 0.03)
	last := 2.0
	for _, tried := range []int{10, 100, 10000} {
		c.Tried = tried
		j, err := Judge(c)
		if err != nil {
			t.Fatal(err)
		}
		if !(j.Deflated.DSR2014 < last) {
			t.Errorf("%d trials: deflated to %v, fewer to %v", tried, j.Deflated.DSR2014, last)
		}
		last = j.Deflated.DSR2014
	}
}

func TestNothingToJudgeIsSaid(t *testing.T) {
	for name, c := range map[string]*Contest{
		"no trial": {Holds: inventContest(1, 1, 100, 0).Holds}, "few days": inventContest(1, 2, 40, 0),
		"other days": {Holds: inventContest(1, 1, 100, 0).Holds, Trials: inventContest(1, 1, 90, 0).Trials},
	} {
		if _, err := Judge(c); !errors.Is(err, ErrContest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Trials that are the baseline itself are no winners.
	c := inventContest(1, 2, 200, 0)
	c.Trials[0].Daily, c.Trials[1].Daily = c.Holds[0].Daily, c.Holds[0].Daily
	if j, err := Judge(c); err != nil || j.Yes {
		t.Errorf("holding beats itself: %+v, %v", j, err)
	}
}

// The test does not depend on the order of the trials, nor on a trial that is
// there twice; a trial that only loses is no help to the best.
func TestSuperiorityProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := inventContest(rapid.Uint64().Draw(t, "seed"), 5, 120, rapid.Float64Range(0, 0.3).Draw(t, "edge"))
		var d [][]float64
		for _, x := range c.Trials {
			d = append(d, excessOver(x.Daily, c.Holds[0].Daily))
		}
		p := func(d [][]float64) SPA { return NewSuperiority(d, 3, 200, FixedUniform(9)).SPA(true) }
		first := p(d)
		if !(first.Lower <= first.Consistent && first.Consistent <= first.Upper) {
			t.Fatalf("p-values are out of order: %+v", first)
		}
		turned := p([][]float64{d[4], d[3], d[2], d[1], d[0], d[2]})
		if math.Abs(turned.Consistent-first.Consistent) > 1e-12 {
			t.Fatalf("order or repetition matters: %+v, %+v", first, turned)
		}
	})
}

func TestJudgedPage(t *testing.T) {
	sweep := inventSweep(2)
	c := inventContest(1, len(sweep.Net), 800, 0)
	j, err := Judge(c)
	if err != nil {
		t.Fatal(err)
	}
	sweep.Contest, sweep.Judgement = c, j
	sweep.Walk = &Walk{Kind: "rolling", Embargo: 40 * carry.Day, Start: sweep.From + 400*carry.Day, Daily: c.Trials[0].Daily[400:],
		Holds: []Contestant{{Name: "hold all", Daily: c.Holds[0].Daily[400:]}},
		Parts: []WalkPart{{InFrom: sweep.From, InTo: sweep.From + 360*carry.Day, OutFrom: sweep.From + 400*carry.Day, OutTo: sweep.From + 800*carry.Day, Name: "set 3", In: 0.1, Out: 0.02, Hold: 0.05}}}
	var b bytes.Buffer
	if err := WriteSweepHTML(&b, sweep); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nothing here beats holding", "Walk-forward", "Probability of backtest overfitting", "Plateau score", "Deflated Sharpe"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if e := sweep.Walk.Efficiency(); math.Abs(e-0.2) > 1e-12 {
		t.Errorf("efficiency %v", e)
	}
}

func TestAPlateauBeatsAPeak(t *testing.T) {
	sweep := &SweepTable{Axes: []SweepAxis{{"a", []string{"1", "2", "3", "4", "5", "6", "7"}}}, Net: []float64{0.01, 0.2, 0.01, 0.09, 0.1, 0.1, 0.09}}
	best, score := sweep.bestPlateau()
	if sweep.best() != 1 || best < 4 || score < 0.09 {
		t.Errorf("peak %d, plateau %d (%v)", sweep.best(), best, score)
	}
	// Without a grid the neighbours are the nearest values.
	for _, v := range sweep.Axes[0].Values {
		sweep.Rows = append(sweep.Rows, []string{v})
	}
	if again, _ := sweep.bestPlateau(); again < 4 {
		t.Errorf("plateau %d without a grid", again)
	}
}
