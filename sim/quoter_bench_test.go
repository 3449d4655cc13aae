package sim

import (
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"carry"
)

// BenchmarkQuoter turns a quarter of a year of 74 coins into cross-sections.
func BenchmarkQuoter(b *testing.B) {
	o := DefaultMarketOptions()
	o.Coins, o.NoListings, o.NoDelistings = 74, true, true
	o.To = o.From + 13*carry.Week
	m, err := NewMarket(o)
	if err != nil {
		b.Fatal(err)
	}
	var blocks []*carry.Block
	for {
		block := new(carry.Block)
		if err := m.Next(block); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
		blocks = append(blocks, block)
	}
	b.ResetTimer()
	n, least := 0, time.Duration(math.MaxInt64)
	for range b.N {
		start := time.Now()
		q := NewQuoter(m.Info(), QuoteModels{Spread: DefaultSpread}, o.From)
		for range blocks {
			block := blocks[0] // one block, as warm as a reader's
			q.Frames(block)
			n += block.N * block.P
		}
		least = min(least, time.Since(start))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/pair-instant")
	// The best of all rounds says more on a machine that others use as well.
	b.ReportMetric(float64(least.Nanoseconds())*float64(b.N)/float64(n), "best-ns/pair-instant")
}
