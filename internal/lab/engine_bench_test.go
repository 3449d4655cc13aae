package lab

import (
	"context"
	"errors"
	"io"
	"testing"

	"carry"
	"carry/sim"
	"carry/strategy"
)

// kept is a tape whose blocks are in memory.
type kept struct {
	info   *carry.TapeInfo
	blocks []*carry.Block
	next   int
}

func keepTape(tb testing.TB, t carry.Tape) *kept {
	k := &kept{info: t.Info()}
	for {
		b := new(carry.Block)
		err := t.Next(b)
		if errors.Is(err, io.EOF) {
			return k
		}
		if err != nil {
			tb.Fatal(err)
		}
		k.blocks = append(k.blocks, b)
	}
}

func (k *kept) Info() *carry.TapeInfo { return k.info }
func (k *kept) Next(b *carry.Block) error {
	if k.next == len(k.blocks) {
		return io.EOF
	}
	*b = *k.blocks[k.next]
	k.next++
	return nil
}

func BenchmarkEngine(b *testing.B) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed, o.NoListings, o.NoDelistings = 74, 1, true, true
	m, err := sim.NewMarket(o)
	if err != nil {
		b.Fatal(err)
	}
	tape := keepTape(b, m)
	e, _ := strategy.Find("funding", "")
	b.ResetTimer()
	b.ReportAllocs()
	bars := 0
	for range b.N {
		tape.next = 0
		s := e.New()
		spec := &Spec{Entry: e, Settings: s, Models: DefaultModels(), NoBaselines: true,
			Open: func(carry.Time, carry.Time, []string) (carry.Tape, error) { return tape, nil }}
		for _, nv := range [][2]string{{"coinsTargetN", "33"}, {"openRateMinFrac", "0.0001"}, {"openMeanMinFrac", "0.00008"}, {"closeMeanMaxFrac", "0.00004"},
			{"capitalUSDT", "600000"}, {"topUpBelowFrac", "0.95"}, {"riseTrimFrac", "0.1"}, {"reopenAfterH", "0"}, {"maxBarVolumeFrac", "0.0005"},
			{"slicesMaxN", "3"}, {"openPremiumMinFrac", "off"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}} {
			if err := spec.Set(nv[0], nv[1]); err != nil {
				b.Fatal(err)
			}
		}
		out, err := Execute(context.Background(), spec, nil)
		if err != nil {
			b.Fatal(err)
		}
		bars += out.Run.Counts.Bars
		if b.N == 1 {
			b.Logf("%+v", out.Run.Counts)
		}
	}
	b.ReportMetric(float64(bars)/b.Elapsed().Seconds()/1e6, "Mbars/s")
}

// floorSink keeps the compiler from removing the loop.
var floorSink float64

func BenchmarkFloor(b *testing.B) {
	o := sim.DefaultMarketOptions()
	o.Coins, o.Seed = 74, 1
	m, err := sim.NewMarket(o)
	if err != nil {
		b.Fatal(err)
	}
	tape := keepTape(b, m)
	b.ResetTimer()
	bars, sum := 0, 0.0
	defer func() { floorSink = sum }()
	for range b.N {
		for _, bl := range tape.blocks {
			for r := 0; r < bl.N; r++ {
				lo, hi := r*bl.P, (r+1)*bl.P
				for _, s := range [...]*carry.Bars{&bl.Spot, &bl.Perp} {
					o, h, l, c, v := s.Open[lo:hi], s.High[lo:hi], s.Low[lo:hi], s.Close[lo:hi], s.Volume[lo:hi]
					a0, a1, a2, a3, a4 := 0.0, 0.0, 0.0, 0.0, 0.0
					for i := range o {
						a0 += o[i]
						a1 += h[i]
						a2 += l[i]
						a3 += c[i]
						a4 += v[i]
					}
					sum += a0 + a1 + a2 + a3 + a4
				}
			}
			bars += 2 * bl.N * bl.P
		}
	}
	b.ReportMetric(float64(bars)/b.Elapsed().Seconds()/1e6, "Mbars/s")
}
