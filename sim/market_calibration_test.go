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

// figures are the statistics of one coin of one market, by name.
type figures map[string]float64

// band is where the median over seeds and coins must lie for the first coin
// (which stands for BTC), the second (ETH) and all others.
type band struct {
	name      string
	published string
	lo, hi    [3]float64
}

// bands hold the published figures with room for what differs between coins and
// periods. Funding in percent a year; sources: [H] He, Manela, Ross, von Wachter
// (arXiv 2212.06888 v7) table B.1, 2020-2024; [Y] funding by year of BTC, ETH,
// ADA, XRP and LTC; [20] a study of twenty coins; [hl] He et al., half-lives; the
// rest are ranges of hourly candles of large coins, 2021-2023.
var bands = []band{
	{"mean 2021", "[Y] BTC 30.6, ETH 37.5, 39.9-48.1", [3]float64{22, 27, 30}, [3]float64{42, 50, 52}},
	{"mean 2022", "[Y] BTC 4.2, ETH 0.8, -1.0-2.9", [3]float64{1, -1, -3}, [3]float64{8, 7, 6}},
	{"mean 2023", "[Y] BTC 7.9, ETH 8.3, 7.2-9.3", [3]float64{5, 5, 4}, [3]float64{12, 13, 13}},
	{"mean", "[H] BTC 15.3, ETH 18.6, -0.1-18.4", [3]float64{11, 12, 10}, [3]float64{20, 23, 23}},
	{"dispersion", "[H] BTC 27.8, ETH 36.5, 43.8-55.8", [3]float64{22, 29, 35}, [3]float64{34, 43, 56}},
	{"at 0.01 %", "[H] BTC 41.7, ETH 41.9, 43.8-50.4", [3]float64{36, 36, 38}, [3]float64{48, 48, 52}},
	{"negative", "[Y] BTC 7-22 a year; [20] 22", [3]float64{8, 10, 12}, [3]float64{20, 23, 25}},
	{"lag 1", "[Y] .76-.82", [3]float64{0.7, 0.7, 0.65}, [3]float64{0.88, 0.88, 0.85}},
	{"lag 9", "BTC .67, ETH .57, .4-.6", [3]float64{0.35, 0.35, 0.3}, [3]float64{0.7, 0.7, 0.65}},
	{"vol", "BTC 43-86 by year, alts 70-175", [3]float64{60, 75, 90}, [3]float64{80, 105, 140}},
	{"kurtosis", "11-30, some coins above 100", [3]float64{10, 8, 7}, [3]float64{40, 40, 40}},
	{"|r| lag 1", ".20-.32", [3]float64{0.18, 0.18, 0.18}, [3]float64{0.36, 0.36, 0.36}},
	{"|r| lag 24", ".10-.24", [3]float64{0.08, 0.08, 0.08}, [3]float64{0.26, 0.26, 0.26}},
	{"|r| ~ volume", ".56-.75", [3]float64{0.5, 0.5, 0.5}, [3]float64{0.78, 0.78, 0.78}},
	{"range / vol", "1.2-1.48", [3]float64{1.2, 1.2, 1.2}, [3]float64{1.55, 1.55, 1.55}},
	{"premium lag 1", "of closes: .55-.97", [3]float64{0.6, 0.6, 0.6}, [3]float64{0.97, 0.97, 0.97}},
	{"premium lag 8", "of closes: .3-.8", [3]float64{0.3, 0.3, 0.3}, [3]float64{0.86, 0.86, 0.86}},
	{"half-life", "[hl] h: BTC 1.7, ETH 2.3, ADA 4.9", [3]float64{1.4, 1.4, 1.4}, [3]float64{5, 5, 5}},
}

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

// The market is calibrated to published figures, and this holds it there. With
// -v it prints the table.
func TestMarketIsCalibrated(t *testing.T) {
	var groups [3][]figures // BTC-like, second, others
	var table strings.Builder
	for seed := range uint64(6) {
		all := collect(t, newMarket(t, MarketOptions{Seed: seed + 1}))
		for i := range all {
			if len(all[i].rate) >= 2000 {
				groups[min(i, 2)] = append(groups[min(i, 2)], measure(&all[i]))
			}
		}
		// Published: .63 of twenty coins' levels, .77 of five large ones.
		cross := crossCorrelation(all)
		if cross < 0.4 || cross > 0.8 {
			t.Errorf("seed %d: levels of funding correlate by %.2f, want .4 to .8", seed+1, cross)
		}
		fmt.Fprintf(&table, "seed %d: mean correlation of funding levels between coins %.2f (published .63-.77)\n", seed+1, cross)
	}
	fmt.Fprintf(&table, "%-14s | %-34s | %-26s | %-26s | %s\n", "median [5 % 95 %]", "published", "first coin", "second", "others")
	for _, want := range bands {
		fmt.Fprintf(&table, "%-17s | %-34s", want.name, want.published)
		for g, group := range groups {
			var x []float64
			for _, f := range group {
				if v, ok := f[want.name]; ok {
					x = append(x, v)
				}
			}
			slices.Sort(x)
			median := x[len(x)/2]
			fmt.Fprintf(&table, " | %8.2f [%7.2f %7.2f]", median, x[len(x)/20], x[len(x)-1-len(x)/20])
			if median < want.lo[g] || median > want.hi[g] {
				t.Errorf("%s of group %d: median %.2f, want %g to %g (published: %s)", want.name, g, median, want.lo[g], want.hi[g], want.published)
			}
		}
		table.WriteByte('\n')
	}
	t.Logf("\n%s", table.String())
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
