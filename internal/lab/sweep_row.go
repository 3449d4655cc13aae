package lab

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"carry"
	"carry/reports"
)

// TrialRow is what is kept of a trial: at most a few numbers and one return a
// day. Its JSON is a line of a chunk file, the same bytes wherever it was run.
type TrialRow struct {
	No       int        `json:"no"`             // baselines count down from −1
	Name     string     `json:"name,omitempty"` // of a baseline
	Key      string     `json:"key,omitempty"`  // hash of everything the result depends on
	Values   []string   `json:"values,omitempty"`
	Error    string     `json:"error,omitempty"` // why it failed; then there is nothing else
	From     carry.Time `json:"from_ms,omitempty"`
	To       carry.Time `json:"to_ms,omitempty"`
	Start    carry.Time `json:"start_ms,omitempty"` // of the first daily return
	Capital  float64    `json:"capital_usdt,omitempty"`
	Final    string     `json:"final_usdt,omitempty"` // exact
	Journal  string     `json:"journal_sha256,omitempty"`
	Measures []Measure  `json:"measures,omitempty"`
	// Packed are the daily net returns: float64s, little-endian, zlib.
	Packed []byte `json:"daily,omitempty"`
}

// Measure is one figure of a trial over a window: "all", or a year.
type Measure struct {
	Window string  `json:"window"`
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
}

// Failed tells whether the trial has no result.
func (r *TrialRow) Failed() bool { return r.Error != "" }

// Value is a measure over the whole span, NaN if there is none.
func (r *TrialRow) Value(name string) float64 {
	for i := range r.Measures {
		if m := &r.Measures[i]; m.Name == name && m.Window == "all" {
			return m.Value
		}
	}
	return math.NaN()
}

// Annual is the compound return a year on capital, NaN for a failed trial.
func (r *TrialRow) Annual() float64 { return r.Value("annual_frac") }

// row keeps what a trial came to.
func (t *Trial) row() TrialRow {
	row := TrialRow{No: t.No, Key: t.Key, Values: t.Values, Error: t.Err}
	if t.Result != nil {
		row.fill(t.Result, t.HoldMedian)
		row.Measures = append(row.Measures, Measure{"all", "exposure_frac", t.Exposure})
	} else if row.Error == "" {
		row.Error = "it did not run"
	}
	return row
}

// baselineRow keeps the k-th baseline.
func baselineRow(k int, r *carry.Result) TrialRow {
	row := TrialRow{No: -1 - k, Name: r.Name}
	curve := r.Curve
	if curve.Step < carry.Day {
		curve = daily(&r.Curve)
	}
	short := *r
	short.Curve = curve
	row.fill(&short, 0)
	return row
}

// fill takes the figures of a result whose curve is daily.
func (r *TrialRow) fill(res *carry.Result, hold carry.Time) {
	r.From, r.To, r.Start, r.Capital = res.From, res.To, res.Curve.Start, res.Capital
	r.Final, r.Journal = res.FinalExact, res.Manifest.JournalHash
	if r.Final == "" { // the cash baseline is reckoned, not booked
		r.Final = strconv.FormatFloat(res.Final, 'f', 8, 64)
	}
	r.Packed = packReturns(reports.CurveReturns(&res.Curve, res.Curve.Step))
	a, n := &res.Attribution, &res.Counts
	add := func(window, name string, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			r.Measures = append(r.Measures, Measure{window, name, v})
		}
	}
	for _, m := range []struct {
		name  string
		value float64
	}{
		{"annual_frac", Annual(res.Growth()-1, res.To-res.From)},
		{"max_drawdown_frac", res.Extremes.MaxDrawdown},
		{"nearest_liquidation_frac", res.Extremes.NearestLiquidation},
		{"max_leverage_x", res.Extremes.MaxLeverage},
		{"fills", float64(n.Fills)},
		{"reductions", float64(n.Reductions)},
		{"liquidations", float64(n.Liquidations)},
		{"traded_usdt", n.TradedUSDT},
		{"mean_open_pairs", n.MeanOpen},
		{"funding_usdt", a.FundingReceived + a.FundingPaid},
		{"basis_usdt", a.Basis},
		{"fees_usdt", a.SpotFees + a.PerpFees},
		{"slippage_usdt", a.Slippage},
		{"hold_median_h", float64(hold) / float64(carry.Hour)},
	} {
		add("all", m.name, m.value)
	}
	for _, y := range res.Years {
		add(strconv.Itoa(y.Year), "return_frac", y.Return)
		add(strconv.Itoa(y.Year), "max_drawdown_frac", y.MaxDrawdown)
	}
}

func packReturns(r []float64) []byte {
	raw := make([]byte, 0, 8*len(r))
	for _, x := range r {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
	}
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(raw) // into memory: it cannot fail
	w.Close()
	return slices.Clip(b.Bytes())
}

// maxDays bounds what a damaged file could make us unpack.
const maxDays = 100_000

// Daily unpacks the daily net returns.
func (r *TrialRow) Daily() ([]float64, error) {
	if len(r.Packed) == 0 {
		return nil, nil
	}
	z, err := zlib.NewReader(bytes.NewReader(r.Packed))
	if err != nil {
		return nil, fmt.Errorf("unpack the daily returns of trial %d: %w", r.No, err)
	}
	raw, err := io.ReadAll(io.LimitReader(z, 8*maxDays+1))
	if err != nil || len(raw)%8 != 0 || len(raw) > 8*maxDays {
		return nil, fmt.Errorf("the daily returns of trial %d are damaged (%d bytes, %w)", r.No, len(raw), err)
	}
	out := make([]float64, len(raw)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return out, nil
}
