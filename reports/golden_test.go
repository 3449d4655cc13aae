package reports

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// moduleRoot walks up to the folder that holds go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the package")
		}
		dir = up
	}
}

// sharedFile is a reference file beside the project, or the test is skipped.
func sharedFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(moduleRoot(t), "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("../shared is not here: %v", err)
		}
		t.Skipf("../shared is not here: %v", err)
	}
	return path
}

func readReturns(t *testing.T, name string) []float64 {
	t.Helper()
	f, err := os.Open(sharedFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var r []float64
	for _, row := range rows[1:] {
		x, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		r = append(r, x)
	}
	return r
}

// golden holds figures that a plain script, quantstats and empyrical computed.
type golden struct {
	Plain map[string]any `json:"plain_reference"`
	Quant map[string]any `json:"quantstats"`
}

func readGolden(t *testing.T, series string) golden {
	t.Helper()
	text, err := os.ReadFile(sharedFile(t, "golden/metrics_golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(all[series], &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestMetricsEqualTheReference(t *testing.T) {
	for _, name := range []string{"returns_daily", "returns_small"} {
		t.Run(name, func(t *testing.T) {
			r := readReturns(t, "golden/"+name+".csv")
			g := readGolden(t, name)
			want := g.Plain
			if len(want) == 0 {
				t.Fatal("no reference figures for the series")
			}
			under, longest := TimeUnderWater(r)
			_, _, skew, kurtosis := moments(r)
			got := map[string]float64{
				"cagr_365":                 CAGR(r, DaysPerYear),
				"vol_365":                  Volatility(r, DaysPerYear),
				"sharpe_365":               Sharpe(r, 0, DaysPerYear),
				"sharpe_daily":             Sharpe(r, 0, 1),
				"sharpe_365_rf4pct":        Sharpe(r, 0.04, DaysPerYear),
				"sortino_365":              Sortino(r, 0, DaysPerYear),
				"omega_0":                  Omega(r, 0, DaysPerYear),
				"max_drawdown":             MaxDrawdown(r),
				"calmar_365":               Calmar(r, DaysPerYear),
				"ulcer_index_n":            Ulcer(r, false),
				"martin_ratio_365":         Martin(r, DaysPerYear),
				"pain_index":               Pain(r),
				"total_return":             CAGR(r, float64(len(r))),
				"cvar95_hist_empyrical":    WorstMean(r, 0.05),
				"sharpe_se_daily_mertens":  SampleSharpe(r).StdErr(),
				"psr_vs0":                  SampleSharpe(r).PSR(0),
				"psr_vs_1_annual":          SampleSharpe(r).PSR(1 / math.Sqrt(DaysPerYear)),
				"mintrl_vs_1_annual_95":    SampleSharpe(r).MinTRL(1/math.Sqrt(DaysPerYear), 0.95),
				"time_under_water_frac":    under,
				"longest_under_water_days": float64(longest),
				"var95_hist_linear":        ValueAtRisk(r, 0.05),
				"cvar95_mean_of_leq_var":   ConditionalVaR(r, 0.05),
				"var95_cornish_fisher":     CornishFisherVaR(r, 0.05),
				"skew_population":          skew,
				"kurtosis_population_raw":  kurtosis,
				"lo_sharpe_365_from_30d":   SharpeLo(r, 30, DaysPerYear),
				"n":                        float64(len(r)),
			}
			for key, value := range got {
				if want[key] == nil && key == "lo_sharpe_365_from_30d" {
					continue // too short a series for 30 lags
				}
				checkClose(t, key, value, want[key])
			}
			checkClose(t, "ulcer_index of quantstats", Ulcer(r, true), g.Quant["ulcer_index"])
			for key, value := range map[string]float64{
				"sortino_365_rf4pct": Sortino(r, 0.04, DaysPerYear),
				"omega_req4pct_365":  Omega(r, 0.04, DaysPerYear),
				"volatility_365":     Volatility(r, DaysPerYear),
				"sharpe_365_rf4pct":  Sharpe(r, 0.04, DaysPerYear),
				"cagr_365":           CAGR(r, DaysPerYear),
				"ulcer_index":        Ulcer(r, true),
				"longest_dd_days":    float64(longest),
			} {
				checkClose(t, "quantstats "+key, value, g.Quant[key])
			}
			for k, rho := range want["autocorr_lag1_5"].([]any) {
				checkClose(t, "autocorrelation", Autocorrelation(r, k+1), rho)
			}
		})
	}
}

func checkClose(t *testing.T, name string, got float64, want any) {
	t.Helper()
	w, ok := want.(float64)
	if !ok {
		t.Errorf("%s: the reference has no such figure", name)
		return
	}
	if !(math.Abs(got-w) <= 1e-9*math.Max(1, math.Abs(w))) {
		t.Errorf("%s = %.12g, want %.12g", name, got, w)
	}
}

func TestBlockLengthEqualsTheReference(t *testing.T) {
	text, err := os.ReadFile(sharedFile(t, "golden/overfit_golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var g map[string]json.RawMessage
	if err := json.Unmarshal(all["arch"], &g); err != nil {
		t.Fatal(err)
	}
	for series, key := range map[string]string{
		"returns_daily": "optimal_block_length_returns_daily", "benchmark_daily": "optimal_block_length_benchmark_daily",
		"s00": "optimal_block_length_trials_s00", "s05": "optimal_block_length_trials_s05",
	} {
		var want map[string]float64
		if err := json.Unmarshal(g[key], &want); err != nil {
			t.Fatal(err)
		}
		r := blockSeries(t, series)
		got := BlockLength(r)
		if circular := want["circular"] / want["stationary"]; math.Abs(circular-math.Cbrt(1.5)) > 1e-9 {
			t.Errorf("%s: the reference's circular length is %v times its stationary one", series, circular)
		}
		if w := math.Max(1, want["stationary"]); math.Abs(got-w) > 1e-6*w {
			t.Errorf("%s: block length %.6f, want %.6f", series, got, w)
		}
	}
}

func blockSeries(t *testing.T, name string) []float64 {
	t.Helper()
	switch name {
	case "s00":
		return readTrials(t)[0]
	case "s05":
		return readTrials(t)[5]
	}
	return readReturns(t, "golden/"+name+".csv")
}
