package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"carry"
	"carry/strategy"
)

// smallSweep is twelve combinations, of which four contradict themselves.
func smallSweep(t *testing.T, workers int) *Sweep {
	open, err := Generated(8, 0.5, 5)
	if err != nil {
		t.Fatal(err)
	}
	return &Sweep{Workers: workers,
		Axes: []Axis{{Name: "screenN", Values: []string{"21", "120"}}, {Name: "openRateMinFrac", Values: []string{"0", "0.0002", "-0.0001"}}, {Name: "halfSpreadFrac", Values: []string{"0.0002", "0.001"}}},
		Base: func(string, string) (*Spec, error) {
			e, err := strategy.Find("funding", "")
			if err != nil {
				return nil, err
			}
			s := &Spec{Entry: e, Settings: e.New(), Models: DefaultModels(), Open: open, Seed: 5}
			for _, text := range []string{"minAgeD=0", "minVolumeUSDT=0", "openMeanMinFrac=off", "closeRateMaxFrac=-0.0001", "closeMeanMaxFrac=off"} {
				name, value, _ := strings.Cut(text, "=")
				if err := s.Set(name, value); err != nil {
					return nil, err
				}
			}
			return s, nil
		}}
}

func TestSweepEqualsSingleRuns(t *testing.T) {
	sweep := smallSweep(t, 2)
	trials, err := sweep.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(trials) != 12 || sweep.Size() != 12 {
		t.Fatalf("%d trials of %d", len(trials), sweep.Size())
	}
	distinct := map[string]bool{}
	for i, trial := range trials {
		if want := fmt.Sprint(sweep.values(i)); trial.No != i || fmt.Sprint(trial.Values) != want {
			t.Errorf("trial %d is no %d with %v, want %s", i, trial.No, trial.Values, want)
		}
		if trial.Values[1] == "-0.0001" {
			if trial.Result != nil || !strings.Contains(trial.Err, "closeRateMaxFrac -0.0001 must be below openRateMinFrac -0.0001") {
				t.Errorf("trial %v contradicts itself and says %q", trial.Values, trial.Err)
			}
			continue
		}
		if trial.Err != "" {
			t.Fatalf("trial %v: %s", trial.Values, trial.Err)
		}
		spec, err := sweep.spec(i)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := Execute(context.Background(), spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameResult(t, fmt.Sprint(trial.Values), trial.Result, slim(alone.Run))
		distinct[trial.Result.Manifest.JournalHash] = true
	}
	if len(distinct) != 8 {
		t.Errorf("eight combinations gave %d different journals", len(distinct))
	}
}

// sameResult compares all that is written of two results.
func sameResult(t *testing.T, what string, a, b *carry.Result) {
	t.Helper()
	if a.Manifest.JournalHash != b.Manifest.JournalHash || a.FinalExact != b.FinalExact {
		t.Errorf("%s: journal %s and final %s in the sweep, %s and %s alone", what,
			a.Manifest.JournalHash, a.FinalExact, b.Manifest.JournalHash, b.FinalExact)
	}
	if x, y := asJSON(t, a), asJSON(t, b); x != y {
		t.Errorf("%s: results differ:\n%s\n%s", what, x, y)
	}
	if !reflect.DeepEqual(a.Curve.Equity, b.Curve.Equity) {
		t.Errorf("%s: equity curves differ", what)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSweepIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	var want string
	for _, workers := range []int{1, 2, 5, 0} {
		trials, err := smallSweep(t, workers).Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got := asJSON(t, trials)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%d workers: other bytes than with one", workers)
		}
	}
}

// A trial that another one shares its block with may not influence it, even by
// its failure.
func TestSweepEndsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	sweep := smallSweep(t, 2)
	calls := 0
	sweep.Workers = 1
	sweep.Done = func(int, int, carry.Time, carry.Time) {
		if calls++; calls == 3 {
			cancel()
		}
	}
	if _, err := sweep.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if calls > 4 {
		t.Errorf("went on for %d blocks", calls-3)
	}
}

func TestSweepBaselinesAreThoseOfARun(t *testing.T) {
	sweep := smallSweep(t, 1)
	got, err := sweep.Baselines(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	spec, err := sweep.Base("", "")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := Execute(context.Background(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || len(alone.Baselines) != 4 {
		t.Fatalf("%d and %d baselines", len(got), len(alone.Baselines))
	}
	for k, b := range alone.Baselines {
		if got[k].Name != b.Name || got[k].From != b.From || got[k].Final != b.Final {
			t.Errorf("%s from %s ends with %v; a run's %s from %s with %v", got[k].Name, got[k].From, got[k].Final, b.Name, b.From, b.Final)
		}
	}
}

func TestParseAxis(t *testing.T) {
	a, err := ParseAxis("openRateMinFrac=0.0001,off")
	if err != nil || a.Name != "openRateMinFrac" || fmt.Sprint(a.Values) != "[0.0001 off]" {
		t.Errorf("%v, %v", a, err)
	}
	for _, bad := range []string{"", "openRateMinFrac", "=1", "x=", "x=1,,2", "x=1,"} {
		if _, err := ParseAxis(bad); err == nil {
			t.Errorf("%q went through", bad)
		}
	}
}
