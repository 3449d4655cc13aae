package sim

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"carry"
)

// series is what the statistics below are made of, one coin.
type series struct {
	at      []carry.Time // settlements
	rate    []float64    // fraction per settlement
	premium []float64    // hourly, of closes
	days    float64      // that rate covers
	ret     []float64    // hourly, of consecutive spot closes
	absRet  []float64
	volume  []float64 // in step with ret
	wick    float64   // sum of (high − low)/open
	bars    int
}

func collect(t testing.TB, m *Market) []series {
	t.Helper()
	n := len(m.Info().Pairs)
	out := make([]series, n)
	last := make([]float64, n)
	var b carry.Block
	for {
		err := m.Next(&b)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range b.Settled {
			out[s.Pair].at = append(out[s.Pair].at, s.At)
			out[s.Pair].rate = append(out[s.Pair].rate, s.Rate.Float())
			out[s.Pair].days += s.IntervalH / 24
		}
		for k := range b.N * b.P {
			i := k % b.P
			s, c := &out[i], b.Spot.Close[k]
			if c != c {
				continue
			}
			s.premium = append(s.premium, b.Perp.Close[k]/(c*float64(m.Info().Pairs[i].Mult))-1)
			s.wick += (b.Spot.High[k] - b.Spot.Low[k]) / b.Spot.Open[k]
			s.bars++
			if last[i] > 0 {
				s.ret = append(s.ret, c/last[i]-1)
				s.absRet = append(s.absRet, math.Abs(c/last[i]-1))
				s.volume = append(s.volume, b.Spot.Volume[k]*c)
			}
			last[i] = c
		}
	}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// moment is the k-th central moment.
func moment(x []float64, k int) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		p := 1.0
		for range k {
			p *= v - m
		}
		sum += p
	}
	return sum / float64(len(x))
}

func correlate(x, y []float64) float64 {
	mx, my, sum := mean(x), mean(y), 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / float64(len(x)) / math.Sqrt(moment(x, 2)*moment(y, 2))
}

func autocorrelate(x []float64, lag int) float64 { return correlate(x[:len(x)-lag], x[lag:]) }

func share(x []float64, is func(float64) bool) float64 {
	n := 0.0
	for _, v := range x {
		if is(v) {
			n++
		}
	}
	return n / float64(len(x))
}

// inYear is a coin's rates of one calendar year.
func (s *series) inYear(year int) []float64 {
	from := carry.Time(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	to := carry.Time(time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	i, _ := slices.BinarySearch(s.at, from)
	j, _ := slices.BinarySearch(s.at, to)
	return s.rate[i:j]
}

// figures are one group of coins over one market.
type figures map[string]float64

var figureNames = []string{"mean 2021", "mean 2022", "mean 2023", "mean", "dispersion", "at 0.01 %", "negative", "lag 1", "lag 9",
	"vol", "kurtosis", "|r| lag 1", "|r| lag 24", "|r| ~ volume", "range / vol", "premium lag 1", "premium lag 8", "half-life"}

func measure(s *series) figures {
	vol := math.Sqrt(moment(s.ret, 2))
	f := figures{
		"mean":       mean(s.rate) * float64(len(s.rate)) / s.days * 36_500,
		"dispersion": math.Sqrt(moment(s.rate, 2)) * 109_500,
		"at 0.01 %":  100 * share(s.rate, func(r float64) bool { return math.Abs(r-1e-4) < 1e-12 }),
		"negative":   100 * share(s.rate, func(r float64) bool { return r < 0 }),
		"lag 1":      autocorrelate(s.rate, 1), "lag 9": autocorrelate(s.rate, 9),
		"vol": 100 * vol * math.Sqrt(8760), "kurtosis": moment(s.ret, 4) / (vol * vol * vol * vol),
		"|r| lag 1": autocorrelate(s.absRet, 1), "|r| lag 24": autocorrelate(s.absRet, 24),
		"|r| ~ volume":  correlate(s.absRet, s.volume),
		"range / vol":   s.wick / float64(s.bars) / vol,
		"premium lag 1": autocorrelate(s.premium, 1), "premium lag 8": autocorrelate(s.premium, 8),
	}
	// An AR(1) fitted to hourly premiums over the intervals' slow level: the
	// change of the premium against its distance from the day's mean.
	f["half-life"] = halfLife(s.premium)
	for _, y := range []int{2021, 2022, 2023} {
		if r := s.inYear(y); len(r) >= 1095 {
			f[fmt.Sprintf("mean %d", y)] = mean(r) * float64(len(r)) * 100
		}
	}
	return f
}

// halfLife in hours of the premium around its centred three-day mean.
func halfLife(p []float64) float64 {
	const half = 36
	var dev []float64
	sum := 0.0
	for i, v := range p {
		sum += v
		if i >= 2*half {
			dev = append(dev, p[i-half]-sum/(2*half+1))
			sum -= p[i-2*half]
		}
	}
	return -math.Ln2 / math.Log(autocorrelate(dev, 1))
}

func TestMarketIsCalibrated(t *testing.T) {
	var groups [3][]figures // BTC-like, second, others
	var cross []float64
	for seed := range uint64(6) {
		m, err := NewMarket(MarketOptions{Seed: seed + 1})
		if err != nil {
			t.Fatal(err)
		}
		all := collect(t, m)
		for i := range all {
			if len(all[i].rate) < 2000 {
				continue
			}
			groups[min(i, 2)] = append(groups[min(i, 2)], measure(&all[i]))
		}
		cross = append(cross, crossCorrelation(all))
	}
	var table strings.Builder
	for _, name := range figureNames {
		fmt.Fprintf(&table, "\n%-14s", name)
		for _, g := range groups {
			var x []float64
			for _, f := range g {
				if v, ok := f[name]; ok {
					x = append(x, v)
				}
			}
			slices.Sort(x)
			fmt.Fprintf(&table, " | %8.2f [%7.2f %7.2f]", x[len(x)/2], x[len(x)/20], x[len(x)-1-len(x)/20])
		}
	}
	t.Logf("%s\ncross-correlation of levels %.2f", table.String(), cross)
}

// crossCorrelation is the mean correlation of settled levels between the coins
// that have every settlement.
func crossCorrelation(all []series) float64 {
	var sum, n float64
	for i := range all {
		for j := range i {
			if len(all[i].rate) == len(all[j].rate) && slices.Equal(all[i].at, all[j].at) {
				sum += correlate(all[i].rate, all[j].rate)
				n++
			}
		}
	}
	return sum / n
}

func BenchmarkMarket(b *testing.B) {
	for _, coins := range []int{20, 74} {
		b.Run(fmt.Sprint(coins), func(b *testing.B) {
			m, err := NewMarket(MarketOptions{Coins: coins, Seed: 1, NoListings: true, NoDelistings: true})
			if err != nil {
				b.Fatal(err)
			}
			var block carry.Block
			bars := 0
			b.ReportAllocs()
			for b.Loop() {
				m.Rewind()
				bars = 0
				for m.Next(&block) == nil {
					bars += 2 * block.N * block.P
				}
			}
			b.ReportMetric(float64(bars)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mbars/s")
		})
	}
}
