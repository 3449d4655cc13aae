package sim

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"

	"carry"
)

// marketVersion stands in the hash of every generated market. It goes up with
// each change of what the generator yields; a test pins the content.
const marketVersion = 1

// maxMarketCoins bounds a market so that a mistyped number is an error and not
// a machine without memory.
const maxMarketCoins = 10_000

// MarketOptions describe a generated market. Zero fields take the defaults of
// DefaultMarketOptions, except Seed, of which 0 is as good as any.
type MarketOptions struct {
	Coins    int        // pairs, 1..10000
	From, To carry.Time // open time of the first bar, end of the last
	Step     carry.Time // length of a bar: whole minutes, dividing eight hours
	Seed     uint64

	// Switches for scale tests: every coin trades from From to To, spot never
	// stops, no crash, pump or stress.
	NoListings, NoDelistings, NoOutages, NoEpisodes bool
}

// DefaultMarketOptions is twenty coins over the three years from 2021, hourly.
func DefaultMarketOptions() MarketOptions {
	return MarketOptions{
		Coins: 20,
		From:  1609459200000, // 2021-01-01
		To:    1704067200000, // 2024-01-01
		Step:  carry.Hour,
		Seed:  1,
	}
}

func (o MarketOptions) withDefaults() MarketOptions {
	d := DefaultMarketOptions()
	if o.Coins == 0 {
		o.Coins = d.Coins
	}
	if o.From == 0 && o.To == 0 {
		o.From, o.To = d.From, d.To
	}
	if o.Step == 0 {
		o.Step = d.Step
	}
	return o
}

func (o MarketOptions) validate() error {
	switch {
	case o.Coins < 1 || o.Coins > maxMarketCoins:
		return fmt.Errorf("generated market: %d coins; give 1 to %d", o.Coins, maxMarketCoins)
	case o.Step < carry.Minute || o.Step%carry.Minute != 0 || (8*carry.Hour)%o.Step != 0:
		return fmt.Errorf("generated market: a bar of %d ms; give whole minutes that divide eight hours", int64(o.Step))
	case o.From < 0:
		return fmt.Errorf("generated market: starts %s; give a time from 1970 on", o.From)
	case o.From >= o.To:
		return fmt.Errorf("generated market: empty range %s to %s; give a later end", o.From, o.To)
	case o.From%o.Step != 0 || o.To%o.Step != 0:
		return fmt.Errorf("generated market: %s to %s does not start and end on a bar; give times that are multiples of %d minutes", o.From, o.To, int64(o.Step/carry.Minute))
	}
	return nil
}

// hash covers everything the generator depends on.
func (o MarketOptions) hash() string {
	text := fmt.Sprintf("generated market v%d coins=%d from=%d to=%d step=%d seed=%d noListings=%t noDelistings=%t noOutages=%t noEpisodes=%t\n",
		marketVersion, o.Coins, int64(o.From), int64(o.To), int64(o.Step), o.Seed, o.NoListings, o.NoDelistings, o.NoOutages, o.NoEpisodes)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}

// Market is an invented market: a function of its options and of nothing else,
// bit for bit on any machine. It is a carry.Tape that never stores history: its
// state is a few hundred bytes a coin whatever the span. Coin i is the same
// however many coins there are, and a longer market begins like a shorter one.
//
// The model, all common quantities shared by the coins:
//   - a climate (bull, calm, bear) that changes every few weeks, more often to
//     what the published funding rates of that calendar year suggest;
//   - returns = beta × common factor + own part, each with GARCH(1,1) variance
//     and jumps; highs and lows from the Brownian bridge;
//   - the premium reverts with a half-life of about three hours to the fair
//     value that the exchange's clamp sets for the present demand for leverage
//     (carry.FairPremium), and the perpetual's path is the spot's path times the
//     interpolated premium;
//   - funding from that premium by carry.FundingRate (see coinState.settle);
//   - listings, delistings, spot outages, crashes, pumps and weeks of stress,
//     placed by the seed.
//
// It is calibrated to published figures (TestMarketIsCalibrated prints them).
// It is not safe for concurrent use.
type Market struct {
	opt   MarketOptions
	info  carry.TapeInfo
	lives []coinLife
	sky   climate
	coins []coinState
	waits waitTable
	at    carry.Time
}

// NewMarket makes the market of opt. The error says which option is wrong.
func NewMarket(opt MarketOptions) (*Market, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	m := &Market{opt: opt, lives: make([]coinLife, opt.Coins), coins: make([]coinState, opt.Coins)}
	for i := range m.lives {
		m.lives[i] = newCoinLife(opt, i)
	}
	m.waits.fill()
	m.describe()
	m.Rewind()
	return m, nil
}

func (m *Market) describe() {
	o := m.opt
	m.info = carry.TapeInfo{
		From: o.From, To: o.To, Step: o.Step,
		Hash: o.hash(), Generated: true,
		Source: fmt.Sprintf("generated market, %d coins, seed %d", o.Coins, o.Seed),
		Warnings: []carry.Warning{{Code: "generated",
			Text: "GENERATED MARKET, not history: its prices and rates are invented, so no figure here says what was or can be earned; for real prices: crawl import DIR"}},
	}
	var later []carry.Rules
	defer func() { sortEnds(m.info.Ends) }()
	for i := range m.lives {
		life := &m.lives[i]
		m.info.Pairs = append(m.info.Pairs, life.pair())
		if life.endsAt < o.To {
			m.info.Ends = append(m.info.Ends, carry.PairEnd{Pair: int32(i), At: life.endsAt, Delisted: true})
		}
		first, second := life.rules(int32(i), o.From)
		m.info.Rules = append(m.info.Rules, first)
		if second.From < o.To {
			later = append(later, second)
		}
	}
	sortRules(later)
	m.info.Rules = append(m.info.Rules, later...)
}

// Info describes the market; the caller must not change it.
func (m *Market) Info() *carry.TapeInfo { return &m.info }

// Rewind starts again from the first block.
func (m *Market) Rewind() {
	o := m.opt
	m.at = o.From
	m.sky = newClimate(o)
	for i := range m.coins {
		m.coins[i] = newCoinState(o, i, &m.lives[i])
	}
	// Two days without an audience: variances and premiums leave their starting
	// values and the first settlement has an interval behind it.
	w := weather{waits: &m.waits}
	for t := o.From - 2*carry.Day; t < o.From; t += o.Step {
		m.sky.next(t, &w)
		for i := range m.coins {
			c := &m.coins[i]
			c.enter(&w)
			if t == c.nextSlot {
				c.settle(t)
			}
			c.move(&w)
			if !c.hidden {
				c.sample()
			}
		}
	}
}

// Next fills b with the bars up to the next Thursday 00:00 UTC (carry.Week), or
// io.EOF after the last. Its cost is that of its bars; it allocates only while b
// grows to its largest size.
func (m *Market) Next(b *carry.Block) error {
	if m.at >= m.opt.To {
		return io.EOF
	}
	end := min(m.at.Floor(carry.Week)+carry.Week, m.opt.To)
	b.Start, b.Step = m.at, m.opt.Step
	b.Resize(int((end-m.at)/m.opt.Step), len(m.coins))
	w := weather{waits: &m.waits}
	for k := 0; m.at < end; m.at += m.opt.Step {
		m.sky.next(m.at, &w)
		m.step(&w, b, k)
		k += b.P
	}
	return nil
}

// step makes the bars of w, which stand from column index k on.
func (m *Market) step(w *weather, b *carry.Block, k int) {
	for i := range m.coins {
		c := &m.coins[i]
		c.enter(w)
		if w.at == c.nextSlot {
			m.settle(b, c, int32(i))
		}
		c.shake(w)
	}
	for i := range m.coins {
		m.coins[i].walk(w)
	}
	for i := range m.coins {
		m.coins[i].movePremium(w)
	}
	for i := range m.coins {
		c := &m.coins[i]
		if c.hidden || c.over {
			blank(b, k+i)
			continue
		}
		c.sample()
		c.write(b, k+i, w)
	}
}

// settle records the settlement of coin i at the opening of the present bar.
func (m *Market) settle(b *carry.Block, c *coinState, i int32) {
	s, ok := c.settle(m.at)
	if ok {
		s.Pair = i
		b.Settled = append(b.Settled, s)
	}
}

// blank is a bar that no exchange has.
func blank(b *carry.Block, k int) {
	nan := math.NaN()
	for _, bars := range [...]*carry.Bars{&b.Spot, &b.Perp} {
		bars.Open[k], bars.High[k], bars.Low[k], bars.Close[k], bars.Volume[k] = nan, nan, nan, nan, nan
	}
	b.MarkOpen[k], b.MarkHigh[k], b.MarkClose[k], b.Premium[k] = nan, nan, nan, nan
}
