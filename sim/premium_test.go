package sim

import (
	"bufio"
	"compress/gzip"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"carry"
	"carry/internal/testenv"
)

// table reads the numbers of a recorded CSV file, its first line left out; an
// empty field is NaN.
func table(t *testing.T, path string) [][]float64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float64
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		var row []float64
		for _, field := range strings.Split(lines.Text(), ",") {
			x, err := strconv.ParseFloat(field, 64)
			if err != nil {
				x = math.NaN()
			}
			row = append(row, x)
		}
		out = append(out, row)
	}
	if lines.Err() != nil || len(out) < 2 {
		t.Fatalf("%s: %d lines, %v", path, len(out), lines.Err())
	}
	return out[1:]
}

// How well the rate seen just before a settlement forecasts it, from five
// sources: the two prices at the hours' ends, the premium index at the hours'
// ends, the mean of its hours' open, high, low and close, its mean over each
// hour, and over minutes, weighted as Binance does. 35 days of BTC, of which index
// and middle prices were recorded by the minute. The index jumps about within
// minutes, so that hourly bars of it, even all four prices of them, say less than
// the two prices do.
func TestPremiumAveragingError(t *testing.T) {
	dir := testenv.Shared(t) + "/data"
	minutes := table(t, dir+"/premium_1m/BTCUSDT.csv.gz")
	hours := len(minutes) / 60
	quoters := map[string]*Quoter{}
	var settled []carry.Settlement
	start := carry.Time(minutes[0][0])
	for _, r := range table(t, dir+"/funding/BTCUSDT.csv.gz") {
		at := carry.Time(r[0]).Slot()
		if at > start && at < start+carry.Time(hours)*carry.Hour {
			settled = append(settled, carry.Settlement{At: at, Rate: carry.SettledRate(carry.RateTicks(r[1])), IntervalH: 8})
		}
	}
	for _, source := range []string{"two prices", "index at the end", "index over the hour", "four prices of the index"} {
		h := newHand(1, hours)
		h.block.Start, h.info.From, h.info.To, h.block.Settled = start, start, start+carry.Time(hours)*carry.Hour, settled
		for r := range hours {
			first, last := minutes[60*r], minutes[60*r+59]
			for leg, col := range [2]int{4, 3} {
				a, b := first[col], last[col]
				h.set(r, 0, carry.Leg(leg), a, max(a, b), min(a, b), b)
			}
			switch source {
			case "index at the end":
				h.block.Premium[r] = last[3]/last[1] - 1
			case "index over the hour":
				sum := 0.0
				for _, m := range minutes[60*r : 60*r+60] {
					sum += m[3]/m[1] - 1
				}
				h.block.Premium[r] = sum / 60
			case "four prices of the index":
				hi, lo := math.Inf(-1), math.Inf(1)
				for _, m := range minutes[60*r : 60*r+60] {
					p := m[3]/m[1] - 1
					hi, lo = max(hi, p), min(lo, p)
				}
				h.block.Premium[r] = (first[3]/first[1] - 1 + hi + lo + last[3]/last[1] - 1) / 4
			}
		}
		q := NewQuoter(&h.info, QuoteModels{Spread: NoSpread{}}, start)
		q.Frames(&h.block)
		quoters[source] = q
	}
	// By the minute, weights 1, 2, 3, ... within each interval.
	var byMinute predictionSums
	for _, s := range settled {
		from := int((s.At-8*carry.Hour-start)/carry.Minute) + 1
		sum, weights := 0.0, 0.0
		for k := 0; k < 480 && from+k < len(minutes); k++ {
			if from+k < 0 {
				continue
			}
			m := minutes[from+k]
			sum += (m[3]/m[1] - 1) * float64(k+1)
			weights += float64(k + 1)
		}
		byMinute.add(carry.FundingRate(s.At, sum/weights, carry.DefaultInterest8h, 8, 0.003), s.Rate.Float())
	}
	two, end, hour := quoters["two prices"].Prediction(), quoters["index at the end"].Prediction(), quoters["index over the hour"].Prediction()
	four := quoters["four prices of the index"].Prediction()
	exact := (&Quoter{pred: byMinute}).Prediction()
	t.Logf("%d settlements, mean rate %.4f %%: mean error %.5f %% from two prices, %.5f %% from the premium index at the hours' ends, %.5f %% from the mean of their four prices, %.5f %% from its hourly means, %.5f %% by the minute",
		two.N, 100*byMinute.y/float64(byMinute.n), 100*two.MeanAbsErr, 100*end.MeanAbsErr, 100*four.MeanAbsErr, 100*hour.MeanAbsErr, 100*exact.MeanAbsErr)
	if two.N < 100 || two.MeanAbsErr > 2.5e-5 || end.MeanAbsErr > 6e-5 || four.MeanAbsErr > 4.5e-5 || four.MeanAbsErr < two.MeanAbsErr || hour.MeanAbsErr > 1.5e-5 || exact.MeanAbsErr > 1.2e-5 {
		t.Errorf("two prices %+v\nindex at the end %+v\nfour prices %+v\nover the hour %+v\nby the minute %+v", two, end, four, hour, exact)
	}
}
