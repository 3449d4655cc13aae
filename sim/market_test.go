package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"carry"
)

func newMarket(t testing.TB, o MarketOptions) *Market {
	t.Helper()
	m, err := NewMarket(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// eachBlock reads a tape to its end into one reused block.
func eachBlock(t testing.TB, tape carry.Tape, visit func(b *carry.Block)) {
	t.Helper()
	var b carry.Block
	for {
		err := tape.Next(&b)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		visit(&b)
	}
}

// digest is a hash of everything the blocks hold of the pairs below n.
func digest(t testing.TB, tape carry.Tape, n int) string {
	h := sha256.New()
	var buf []byte
	eachBlock(t, tape, func(b *carry.Block) { buf = addBlock(h, buf[:0], b, n) })
	return fmt.Sprintf("%x", h.Sum(nil))[:16]
}

func addBlock(h hash.Hash, buf []byte, b *carry.Block, n int) []byte {
	put := func(v uint64) { buf = binary.LittleEndian.AppendUint64(buf, v) }
	put(uint64(b.Start))
	put(uint64(b.N))
	for _, col := range blockColumns(b) {
		for r := range b.N {
			for _, x := range col[r*b.P : r*b.P+n] {
				if x != x {
					x = math.Inf(-1) // all NaNs are the same
				}
				put(math.Float64bits(x))
			}
		}
	}
	for _, s := range b.Settled {
		if int(s.Pair) < n {
			put(uint64(s.At))
			put(uint64(s.Pair))
			put(uint64(s.Rate))
			put(uint64(s.Mark))
			put(math.Float64bits(s.IntervalH))
		}
	}
	h.Write(buf)
	return buf
}

// The default market is pinned: whoever changes it must raise marketVersion, so
// that old reports do not claim to be repeatable. Run with GOAMD64=v3 and with
// other processors this is also the proof that no machine differs.
func TestDefaultMarketIsTheSameEverywhere(t *testing.T) {
	const want = "7d32ffb34c3381e4"
	got := digest(t, newMarket(t, DefaultMarketOptions()), 20)
	if got != want {
		t.Errorf("market version %d has digest %s, pinned is %s", marketVersion, got, want)
	}
}

func TestMarketIsAFunctionOfItsOptions(t *testing.T) {
	base := MarketOptions{Coins: 6, Seed: 7, To: 1609459200000 + 100*carry.Day, From: 1609459200000}
	a, again := newMarket(t, base), newMarket(t, base)
	first := digest(t, a, 6)
	if second := digest(t, again, 6); second != first {
		t.Errorf("same options, other market: %s, %s", first, second)
	}
	a.Rewind()
	if second := digest(t, a, 6); second != first {
		t.Errorf("rewound, another market: %s, %s", first, second)
	}
	if a.Info().Hash != again.Info().Hash {
		t.Error("same options, another hash")
	}
	for name, change := range map[string]func(o *MarketOptions){
		"seed": func(o *MarketOptions) { o.Seed++ }, "from": func(o *MarketOptions) { o.From += carry.Day },
		"step": func(o *MarketOptions) { o.Step = 30 * carry.Minute },
	} {
		o := base
		change(&o)
		m := newMarket(t, o)
		if m.Info().Hash == a.Info().Hash {
			t.Errorf("another %s, same hash", name)
		}
		if digest(t, m, 6) == first {
			t.Errorf("another %s, same market", name)
		}
	}
}

// Streams by coin and concern: what one coin does has nothing to do with how
// many others are there, and the end of a run has nothing to do with its course.
func TestCoinsAndSpanDoNotDisturbEachOther(t *testing.T) {
	from := DefaultMarketOptions().From
	few := newMarket(t, MarketOptions{Coins: 4, Seed: 3, From: from, To: from + 700*carry.Day})
	many := newMarket(t, MarketOptions{Coins: 31, Seed: 3, From: from, To: from + 700*carry.Day})
	if a, b := digest(t, few, 4), digest(t, many, 4); a != b {
		t.Errorf("the first four of 31 coins differ from four coins: %s, %s", a, b)
	}
	for i, p := range few.Info().Pairs {
		if p != many.Info().Pairs[i] {
			t.Errorf("pair %d: %+v, with more coins %+v", i, p, many.Info().Pairs[i])
		}
	}
	// A whole number of weeks, so that the blocks compare.
	short := newMarket(t, MarketOptions{Coins: 14, Seed: 3, From: from, To: (from + 300*carry.Day).Floor(carry.Week)})
	long := newMarket(t, MarketOptions{Coins: 14, Seed: 3, From: from, To: from + 1500*carry.Day})
	var want []string
	eachBlock(t, short, func(b *carry.Block) {
		h := sha256.New()
		addBlock(h, nil, b, b.P)
		want = append(want, fmt.Sprintf("%x", h.Sum(nil)))
	})
	k := 0
	eachBlock(t, long, func(b *carry.Block) {
		h := sha256.New()
		addBlock(h, nil, b, b.P)
		if k < len(want) && want[k] != fmt.Sprintf("%x", h.Sum(nil)) {
			t.Fatalf("block %d at %s depends on the run's end", k, b.Start)
		}
		k++
	})
}

// Switching an event off leaves the coins that it does not concern alone.
func TestSwitches(t *testing.T) {
	o := DefaultMarketOptions()
	o.NoListings, o.NoDelistings, o.NoOutages, o.NoEpisodes = true, true, true, true
	m := newMarket(t, o)
	if len(m.Info().Ends) != 0 {
		t.Errorf("delistings are off, but %d pairs end", len(m.Info().Ends))
	}
	worst := 0.0
	eachBlock(t, m, func(b *carry.Block) {
		for _, col := range blockColumns(b) {
			for _, x := range col {
				if x != x {
					t.Fatalf("%s: a bar is missing though everything is switched off", b.Start)
				}
			}
		}
		for k := range b.Spot.Open {
			worst = max(worst, math.Abs(b.Spot.Close[k]/b.Spot.Open[k]-1))
		}
		for _, s := range b.Settled {
			if s.IntervalH != 8 {
				t.Fatalf("%s: interval %v h without stress", s.At, s.IntervalH)
			}
		}
	})
	t.Logf("largest hourly move of a coin without episodes: %.1f %%", 100*worst)
}

func TestMarketRefusesNonsense(t *testing.T) {
	from := DefaultMarketOptions().From
	for _, c := range []struct {
		o    MarketOptions
		word string
	}{
		{MarketOptions{Coins: -1}, "coins"},
		{MarketOptions{Coins: 1 << 40}, "coins"},
		{MarketOptions{Step: carry.Second}, "minutes"},
		{MarketOptions{Step: 7 * carry.Minute}, "eight hours"},
		{MarketOptions{Step: carry.Day}, "eight hours"},
		{MarketOptions{From: from, To: from}, "empty range"},
		{MarketOptions{From: from, To: from - carry.Day}, "empty range"},
		{MarketOptions{From: -carry.Day, To: from}, "1970"},
		{MarketOptions{From: from + carry.Minute, To: from + carry.Day}, "multiples of 60 minutes"},
	} {
		m, err := NewMarket(c.o)
		if err == nil || m != nil {
			t.Errorf("%+v was accepted", c.o)
			continue
		}
		if !strings.Contains(err.Error(), c.word) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %q does not say %q in one line", c.o, err, c.word)
		}
	}
}

// Blocks are calendar weeks in one reused memory, and a market of thirty years
// takes no more of it than one of a month.
func TestMarketStreamsWeeksInConstantMemory(t *testing.T) {
	from := DefaultMarketOptions().From
	m := newMarket(t, MarketOptions{Coins: 10, Seed: 1, From: from, To: from + 10950*carry.Day, Step: 4 * carry.Hour})
	var b carry.Block
	at, blocks := from, 0
	var before, after runtime.MemStats
	for {
		if blocks == 3 {
			runtime.ReadMemStats(&before)
		}
		err := m.Next(&b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Start != at || b.Step != 4*carry.Hour {
			t.Fatalf("block %d starts %s, want %s", blocks, b.Start, at)
		}
		at = b.End()
		if at != at.Floor(carry.Week) && at != m.Info().To {
			t.Fatalf("block %d ends %s, which is no week's end", blocks, at)
		}
		for k, s := range b.Settled {
			if s.At < b.Start || s.At >= b.End() {
				t.Fatalf("settlement at %s in the block from %s to %s", s.At, b.Start, b.End())
			}
			if k > 0 && (b.Settled[k-1].At > s.At || b.Settled[k-1].At == s.At && b.Settled[k-1].Pair >= s.Pair) {
				t.Fatalf("settlements of %s are not in order of time and pair", s.At)
			}
		}
		blocks++
	}
	runtime.ReadMemStats(&after)
	if at != m.Info().To {
		t.Errorf("the tape ends at %s, want %s", at, m.Info().To)
	}
	// Settled grows once more in a stress week; that is all.
	if n := after.Mallocs - before.Mallocs; n > 60 {
		t.Errorf("%d allocations in %d blocks", n, blocks-3)
	}
	if err := m.Next(&b); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v, want io.EOF again", err)
	}
}

// onGrid tells whether x is the float64 nearest to a multiple of tick.
func onGrid(x float64, tick carry.Price) bool {
	p := carry.PriceFromFloat(x)
	return p > 0 && p%tick == 0 && p.Float() == x
}

// ruleBook is the rules in force as time passes.
type ruleBook struct {
	rules []carry.Rules
	next  int
	now   []carry.Rules
}

func newRuleBook(info *carry.TapeInfo) *ruleBook {
	return &ruleBook{rules: info.Rules, now: make([]carry.Rules, len(info.Pairs))}
}

func (rb *ruleBook) roll(t carry.Time) {
	for ; rb.next < len(rb.rules) && rb.rules[rb.next].From <= t; rb.next++ {
		rb.now[rb.rules[rb.next].Pair] = rb.rules[rb.next]
	}
}

// Every bar of many markets is one an exchange could have had.
func TestBarsAreSane(t *testing.T) {
	for seed := range uint64(8) {
		step := []carry.Time{carry.Hour, 15 * carry.Minute, 8 * carry.Hour, 160 * carry.Minute}[seed%4]
		from := carry.Time(1_577_836_800_000).Floor(step)
		span := 900 * carry.Day
		if step < carry.Hour {
			span = 120 * carry.Day
		}
		m := newMarket(t, MarketOptions{Coins: 15, Seed: 100 + seed, Step: step, From: from, To: (from + span).Floor(step)})
		book := newRuleBook(m.Info())
		lastSpot, lastPerp := make([]trade, 15), make([]trade, 15)
		ends := make([]carry.Time, 15)
		for i := range ends {
			ends[i] = never
		}
		for _, e := range m.Info().Ends {
			ends[e.Pair] = e.At
		}
		eachBlock(t, m, func(b *carry.Block) {
			for r := range b.N {
				at := b.Start + carry.Time(r)*b.Step
				book.roll(at)
				for i := range b.P {
					k := r*b.P + i
					exists := at >= m.Info().Pairs[i].Listed && at < ends[i]
					if got := b.Perp.Close[k] == b.Perp.Close[k]; got != exists {
						t.Fatalf("seed %d %s coin %d: perp bar there: %t, want %t", seed, at, i, got, exists)
					}
					if !exists {
						continue
					}
					rules := &book.now[i]
					checkBar(t, &b.Perp, k, rules.Legs[carry.Perp].Tick, &lastPerp[i])
					if b.Spot.Close[k] == b.Spot.Close[k] {
						checkBar(t, &b.Spot, k, rules.Legs[carry.Spot].Tick, &lastSpot[i])
					} else {
						lastSpot[i] = trade{}
					}
					if h := b.MarkHigh[k]; !(h >= b.MarkOpen[k] && h >= b.MarkClose[k]) {
						t.Fatalf("mark %v %v %v", b.MarkOpen[k], h, b.MarkClose[k])
					}
					for _, x := range []float64{b.MarkOpen[k], b.MarkHigh[k], b.MarkClose[k]} {
						if !onGrid(x, 1) {
							t.Fatalf("mark %v is not in steps of 1e-8", x)
						}
					}
				}
			}
		})
	}
}

// trade is a leg's last close and the tick it was made on.
type trade struct {
	close float64
	tick  carry.Price
}

// checkBar holds one bar to the exchange's rules and its open to the last close,
// but for a tick.
func checkBar(t *testing.T, s *carry.Bars, k int, tick carry.Price, last *trade) {
	t.Helper()
	o, h, l, c := s.Open[k], s.High[k], s.Low[k], s.Close[k]
	if !(l > 0 && l <= min(o, c) && h >= max(o, c)) {
		t.Fatalf("open %v high %v low %v close %v", o, h, l, c)
	}
	for _, x := range []float64{o, h, l, c} {
		if !onGrid(x, tick) {
			t.Fatalf("price %.17g is not on the grid of %v", x, tick)
		}
	}
	if v := s.Volume[k]; !(v > 0) || math.IsInf(v, 0) {
		t.Fatalf("volume %v", v)
	}
	if gap := math.Abs(o - last.close); last.close > 0 && gap > 1.001*max(tick, last.tick).Float() {
		t.Fatalf("open %v after close %v, tick %v", o, last.close, tick)
	}
	*last = trade{c, tick}
}

func TestVolumesAreInLots(t *testing.T) {
	m := newMarket(t, MarketOptions{Coins: 15, Seed: 5, From: 1609459200000, To: 1609459200000 + 30*carry.Day, NoListings: true})
	eachBlock(t, m, func(b *carry.Block) {
		for k := range b.N * b.P {
			p := &m.Info().Pairs[k%b.P]
			r := &m.Info().Rules[k%b.P]
			for leg, bars := range []*carry.Bars{&b.Spot, &b.Perp} {
				v := bars.Volume[k]
				if v != v {
					continue
				}
				step := float64(r.Legs[leg].Step) / float64(p.QtyUnit())
				if n := math.Round(v / step); math.Abs(v-n*step) > 1e-9*v || n < 1 {
					t.Fatalf("%s: volume %v is not in lots of %v", p.Coin, v, step)
				}
			}
		}
	})
}

func TestInfoIsComplete(t *testing.T) {
	m := newMarket(t, MarketOptions{Coins: 200, Seed: 9})
	info := m.Info()
	if !info.Generated || info.Source != "generated market, 200 coins, seed 9" || len(info.Hash) != 64 {
		t.Errorf("generated %t, source %q, hash %q", info.Generated, info.Source, info.Hash)
	}
	w := info.Warnings
	if len(w) != 1 || w[0].Code != "generated" || !strings.Contains(w[0].Text, "GENERATED MARKET, not history") || !strings.Contains(w[0].Text, "crawl import DIR") {
		t.Errorf("warnings: %+v", w)
	}
	names := map[string]bool{}
	taken := []string{"BTC", "ETH", "BNB", "QUICK", "QNT", "QTUM", "QI", "QUASAR"}
	for _, p := range info.Pairs {
		if names[p.Coin] || slices.Contains(taken, p.Coin) || !strings.HasPrefix(p.Coin, "QU") {
			t.Errorf("coin name %q is taken", p.Coin)
		}
		names[p.Coin] = true
		if p.QtyDp < 0 || p.QtyDp > 8 {
			t.Errorf("%s: QtyDp %d", p.Coin, p.QtyDp)
		}
	}
	seen := make([]int, len(info.Pairs))
	for k, r := range info.Rules {
		if seen[r.Pair]++; seen[r.Pair] == 1 && r.From != 0 {
			t.Errorf("the first rules of %s begin %s", info.Pairs[r.Pair].Coin, r.From)
		}
		if k > 0 && (info.Rules[k-1].From > r.From || info.Rules[k-1].From == r.From && info.Rules[k-1].Pair >= r.Pair) {
			t.Errorf("rules %d are out of order", k)
		}
		for leg, f := range r.Legs {
			if f.Tick <= 0 || f.Step <= 0 || f.MinQty < f.Step || f.MaxQty <= f.MinQty || f.MaxQty%f.Step != 0 || f.MinNotional < 5*carry.Unit || f.MinNotional > 10*carry.Unit {
				t.Errorf("%s %s: %+v", info.Pairs[r.Pair].Coin, carry.Leg(leg), f)
			}
		}
	}
	if changed := len(info.Rules) - len(info.Pairs); changed < 1 {
		t.Errorf("no rules change")
	}
	for i, n := range seen {
		if n == 0 {
			t.Errorf("%s has no rules", info.Pairs[i].Coin)
		}
	}
}

// The exchange's official liquidation example puts a BTC position of 3.5 million
// into the bracket of 2.5 % with cum 16,300.
func TestBracketsFollowTheRecursion(t *testing.T) {
	btc := brackets(ladders[0])
	if b := btc[3]; b.MMR != 0.025 || b.Cum != 16_300 || b.Floor != 1e6 || b.Cap != 10e6 {
		t.Errorf("BTC's fourth bracket: %+v", b)
	}
	for n, l := range ladders {
		bs := brackets(l)
		if bs[0].Cum != 0 || bs[0].Floor != 0 || !math.IsInf(bs[len(bs)-1].Cap, 1) {
			t.Errorf("ladder %d: %+v … %+v", n, bs[0], bs[len(bs)-1])
		}
		// The margin is continuous across every step: that is what cum is for.
		for i := 1; i < len(bs); i++ {
			below := bs[i].Floor*bs[i-1].MMR - bs[i-1].Cum
			if above := carry.MaintenanceMargin(bs, bs[i].Floor); math.Abs(above-below) > 0.011 {
				t.Errorf("ladder %d jumps at %v: %v, %v", n, bs[i].Floor, below, above)
			}
		}
	}
}
