package sim

import (
	"math"
	"slices"

	"carry"
)

// Poison is t with everything after at replaced by garbage that is still a
// formally valid market: bars that open at or after at (prices, volumes, which
// bars exist at all), settlements after at (those exactly at at stay), rules that
// begin after at, ends and listings after at. A run whose decisions up to at
// differ between t and its poisoned twin has looked ahead. The garbage is a
// function of seed.
func Poison(t carry.Tape, at carry.Time, seed uint64) carry.Tape {
	p := &poisoned{tape: t, at: at, rand: NewStream(seed, concernPoison, uint64(at))}
	p.describe()
	return p
}

type poisoned struct {
	tape carry.Tape
	at   carry.Time
	rand Stream
	info carry.TapeInfo
	// base are the last closes before at, by leg, that garbage starts from; tick
	// the coarsest price step of all rules; dead are the pairs whose data had ended by then.
	base [2][]float64
	tick [2][]carry.Price
	dead []bool
	ends []carry.Time
}

func (p *poisoned) Info() *carry.TapeInfo { return &p.info }

func (p *poisoned) describe() {
	p.info = *p.tape.Info()
	in := &p.info
	n := len(in.Pairs)
	in.Hash = "poisoned-" + in.Hash
	in.Coverage = nil
	in.Pairs = slices.Clone(in.Pairs)
	p.base = [2][]float64{make([]float64, n), make([]float64, n)}
	p.tick = [2][]carry.Price{make([]carry.Price, n), make([]carry.Price, n)}
	p.dead, p.ends = make([]bool, n), make([]carry.Time, n)
	for i := range n {
		p.base[0][i], p.base[1][i], p.tick[0][i], p.tick[1][i], p.ends[i] = 1, 1, 1, 1, never
		if in.Pairs[i].Listed > p.at {
			in.Pairs[i].Listed = p.at + carry.Time(1+p.rand.Intn(60*24))*carry.Hour
		}
	}
	p.poisonEnds()
	in.Rules = slices.Clone(in.Rules)
	for i := range in.Rules {
		r := &in.Rules[i]
		for leg := range r.Legs {
			p.tick[leg][r.Pair] = max(p.tick[leg][r.Pair], r.Legs[leg].Tick)
		}
		if r.From > p.at {
			p.poisonRules(r)
		}
	}
	sortRules(in.Rules)
}

// poisonEnds keeps the ends up to at, drops the later ones and ends about every
// fifth other pair somewhere later.
func (p *poisoned) poisonEnds() {
	in := &p.info
	var ends []carry.PairEnd
	for _, e := range in.Ends {
		if e.At <= p.at {
			ends = append(ends, e)
			p.dead[e.Pair] = p.dead[e.Pair] || e.Until == 0 || e.Until > p.at
		}
	}
	bars := int((in.To - p.at) / in.Step)
	for i := range p.dead {
		if p.dead[i] || bars < 2 || p.rand.Intn(5) != 0 {
			continue
		}
		p.ends[i] = p.at.Floor(in.Step) + in.Step*carry.Time(1+p.rand.Intn(bars-1))
		ends = append(ends, carry.PairEnd{Pair: int32(i), At: p.ends[i], Delisted: p.rand.Intn(2) == 0})
	}
	sortEnds(ends)
	in.Ends = ends
}

// poisonRules makes other rules of the same grids that begin at another time
// after at.
func (p *poisoned) poisonRules(r *carry.Rules) {
	r.From = p.at + carry.Time(1+p.rand.Intn(90*24))*carry.Hour
	r.Recorded = r.From
	r.LiquidationFeeFrac = p.rand.Between(0.005, 0.03)
	r.Interest8h = p.rand.Between(0, 0.0003)
	r.Brackets = brackets(ladders[p.rand.Intn(len(ladders))])
	for leg := range r.Legs {
		r.Legs[leg].MinNotional = carry.Amount(1+p.rand.Intn(50)) * carry.Unit
		r.Legs[leg].MaxQty = max(r.Legs[leg].MaxQty/carry.Qty(1+p.rand.Intn(4)), r.Legs[leg].Step)
	}
}

// Next reads the block and replaces what is after at.
func (p *poisoned) Next(b *carry.Block) error {
	if err := p.tape.Next(b); err != nil {
		return err
	}
	for r := range b.N {
		open := b.Start + carry.Time(r)*b.Step
		for i := range b.P {
			if k := r*b.P + i; open >= p.at {
				spot, perp := b.Spot.Volume[k] > 0, b.Perp.Volume[k] > 0
				p.bar(b, k, i, open)
				if open == p.at {
					p.keepHalts(b, k, i, spot, perp)
				}
			} else {
				p.remember(b, k, i)
			}
		}
	}
	p.settlements(b)
	return nil
}

func (p *poisoned) remember(b *carry.Block, k, i int) {
	if c := b.Spot.Close[k]; c == c {
		p.base[0][i] = c
	}
	if c := b.Perp.Close[k]; c == c {
		p.base[1][i] = c
	}
}

// keepHalts leaves it as it is whether a leg is open for trading at the cut
// itself: an exchange tells its status, so that is known by then. What trades
// there is garbage.
func (p *poisoned) keepHalts(b *carry.Block, k, i int, spot, perp bool) {
	for leg, open := range [...]bool{spot, perp} {
		bars := [...]*carry.Bars{&b.Spot, &b.Perp}[leg]
		if !open {
			bars.Volume[k] = 0
			continue
		}
		if !(bars.Volume[k] > 0) {
			q := p.price(carry.Leg(leg), i)
			bars.Open[k], bars.High[k], bars.Low[k], bars.Close[k], bars.Volume[k] = q, q, q, q, 1
		}
	}
}

// bar replaces both legs' bar and the mark.
func (p *poisoned) bar(b *carry.Block, k, i int, open carry.Time) {
	blank(b, k)
	if p.dead[i] || open >= p.ends[i] {
		return
	}
	for leg, bars := range [...]*carry.Bars{&b.Spot, &b.Perp} {
		if p.rand.Intn(10) == 0 {
			continue
		}
		var q [4]float64
		for j := range q {
			q[j] = p.price(carry.Leg(leg), i)
		}
		bars.Open[k], bars.Close[k] = q[0], q[1]
		bars.High[k] = max(q[0], q[1], q[2], q[3])
		bars.Low[k] = min(q[0], q[1], q[2], q[3])
		bars.Volume[k] = math.Floor(p.rand.Between(0, 1e6))
	}
	if p.rand.Intn(3) != 0 {
		for _, col := range [...][]float64{b.MarkOpen, b.MarkClose} {
			col[k] = p.price(carry.Perp, i)
		}
		b.MarkHigh[k] = max(b.MarkOpen[k], b.MarkClose[k])
		b.Premium[k] = p.rand.Between(-0.05, 0.05)
	}
}

// price is garbage around a pair's last price, on the coarsest of its grids.
func (p *poisoned) price(leg carry.Leg, i int) float64 {
	tick := p.tick[leg][i]
	x := float64(p.base[leg][i] * p.rand.Between(0.3, 3))
	n := max(carry.Price(math.Floor(float64(x*carry.Unit)/float64(tick)+0.5)), 1)
	return (n * tick).Float()
}

// settlements keeps those up to at and invents the block's later ones: on whole
// hours and bars, at random, of random pairs.
func (p *poisoned) settlements(b *carry.Block) {
	kept := 0
	for kept < len(b.Settled) && b.Settled[kept].At <= p.at {
		kept++
	}
	b.Settled = b.Settled[:kept]
	for t := b.Start; t < b.End(); t += b.Step {
		if t <= p.at || t%carry.Hour != 0 || p.rand.Intn(4) != 0 {
			continue
		}
		for i := range b.P {
			if p.dead[i] || t >= p.ends[i] || p.rand.Intn(3) == 0 {
				continue
			}
			b.Settled = append(b.Settled, carry.Settlement{
				At: t, Pair: int32(i), IntervalH: float64(int(1) << p.rand.Intn(4)),
				Rate: carry.SettledRate(p.rand.Intn(4_000_000) - 2_000_000),
				Mark: carry.PriceFromFloat(p.price(carry.Perp, i)),
			})
		}
	}
}
