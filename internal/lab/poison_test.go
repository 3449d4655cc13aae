package lab

import (
	"math/rand/v2"
	"testing"

	"carry"
	"carry/sim"
)

// No decision may depend on what comes later: with everything after a moment
// replaced by garbage, a run decides the same up to that moment.

// poisonedFees are some fees until a moment and ruinous ones after it.
type poisonedFees struct {
	sim.FeeModel
	after carry.Time
}

func (p poisonedFees) At(t carry.Time) carry.Fees {
	f := p.FeeModel.At(t)
	if t > p.after {
		f.SpotTaker, f.PerpTaker = 0.01, 0.02
	}
	return f
}

// decide returns all commands of a run.
func decide(t *testing.T, strategy string, tape carry.Tape, st stage) *diary {
	t.Helper()
	settings := eager
	switch strategy {
	case "hold", "holdvalue":
		settings = []string{"riseTrimFrac=0.1"}
	case "null":
		settings = nil
	}
	d := &diary{}
	st.journal = d.keep
	play(t, setUp(t, strategy, tape, settings...), st)
	return d
}

// firstDifference compares what was said up to t and tells where it differs.
func firstDifference(clean, dirty *diary, t carry.Time) (int, bool) {
	a, b := clean.upTo(t), dirty.upTo(t)
	for k := range a {
		if k >= len(b) || !same(a[k], b[k]) {
			return k, true
		}
	}
	return len(a), len(a) != len(b)
}

// poisonRuns plays a tape as it is and poisoned at random moments. It returns
// how many commands were compared and in how many runs the poison was felt
// afterwards.
func poisonRuns(t *testing.T, open func() carry.Tape, strategy string, moments int, rnd *rand.Rand) (compared, felt int) {
	t.Helper()
	clean := decide(t, strategy, open(), stage{})
	info := open().Info()
	for range moments {
		// Whole hours, where nearly all decisions are made, and in between.
		at := info.From + 32*carry.Day + carry.Time(rnd.Int64N(int64(info.To-info.From-33*carry.Day)))
		if rnd.IntN(5) > 0 {
			at = at.Floor(carry.Hour)
		}
		models := DefaultModels()
		dirty := decide(t, strategy, sim.Poison(open(), at, rnd.Uint64()), stage{fees: poisonedFees{models.fees(), at}})
		if k, differs := firstDifference(clean, dirty, at); differs {
			t.Fatalf("%s poisoned after %s: decision %d differs:\n clean %s\n dirty %s", strategy, at, k, line(clean, k), line(dirty, k))
		}
		compared += len(clean.upTo(at))
		if _, differs := firstDifference(clean, dirty, info.To); differs {
			felt++
		}
	}
	return compared, felt
}

func line(d *diary, k int) any {
	if k >= len(d.said) {
		return "(nothing)"
	}
	return d.said[k]
}

func TestPoison(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	compared, felt, runs := 0, 0, 0
	for seed := range uint64(36) {
		o := smallMarket(100+seed, 6+int(seed%8), 4+int(seed%5))
		strategy := [...]string{"funding", "funding", "hold", "holdvalue"}[seed%4]
		n, f := poisonRuns(t, func() carry.Tape { return generate(t, o) }, strategy, 2, rnd)
		compared, felt, runs = compared+n, felt+f, runs+2
	}
	t.Logf("%d runs poisoned, %d commands compared, the poison was felt later in %d runs", runs, compared, felt)
	if compared < 100*runs || felt < runs*9/10 {
		t.Errorf("%d commands compared and %d of %d runs felt the poison: too little to prove anything", compared, felt, runs)
	}
}

func TestPoisonOnHistory(t *testing.T) {
	if testing.Short() {
		t.Skip("imports real history")
	}
	k := realTape(t, "2021-01-01", "2022-01-01")
	rnd := rand.New(rand.NewPCG(8, 8))
	compared, felt := poisonRuns(t, func() carry.Tape { return &replay{kept: k} }, "funding", 12, rnd)
	t.Logf("12 moments, %d commands compared, the poison was felt later in %d runs", compared, felt)
	if len(k.info.Pairs) != len(realCoins) || compared < 1000 || felt < 11 {
		t.Errorf("%d coins, %d commands compared, %d of 12 runs felt the poison", len(k.info.Pairs), compared, felt)
	}
}

// peeker is a core that knows one thing too early. It only says so in a note:
// the smallest leak there is.
type peeker struct {
	carry.Core
	knows func(now carry.Time) bool
}

func (p *peeker) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	out = p.Core.Step(ev, out)
	if ev.Kind == carry.EvMarket && !ev.Market.WarmUp && p.knows(ev.At) {
		out = append(out, carry.Command{Kind: carry.CmdNote, Pair: 0, Code: carry.CodeHold})
	}
	return out
}

// rising tells of each hour whether the first coin's perpetual will close the
// bar that is opening above where it opened.
func rising(tape *kept) map[carry.Time]bool {
	up := make(map[carry.Time]bool)
	for _, b := range tape.blocks {
		for r := range b.N {
			up[b.Start+carry.Time(r)*b.Step] = b.Perp.Close[r*b.P] > b.Perp.Open[r*b.P]
		}
	}
	return up
}

// highNext tells of each hour whether the next settlement of the first coin
// will be above the usual rate.
func highNext(tape *kept) map[carry.Time]bool {
	high := make(map[carry.Time]bool)
	last := tape.info.From
	for _, b := range tape.blocks {
		for _, s := range b.Settled {
			if s.Pair != 0 {
				continue
			}
			for ; last < s.At; last += carry.Hour {
				high[last] = s.Rate > 10_000
			}
		}
	}
	return high
}

// The proof must be able to fail: cores that look ahead are caught.
func TestPoisonCatchesAPeeker(t *testing.T) {
	for name, what := range map[string]func(*kept) map[carry.Time]bool{"next bar": rising, "next settlement": highNext} {
		caught := 0
		for seed := range uint64(12) {
			o := smallMarket(seed, 6, 4)
			at := o.From + carry.Time(50+5*seed)*carry.Day + carry.Hour
			peek := func(tape carry.Tape) *diary {
				k := keepTape(t, tape)
				facts := what(k)
				return decide(t, "funding", &replay{kept: k}, stage{core: func(c carry.Core) carry.Core {
					return &peeker{c, func(now carry.Time) bool { return facts[now] }}
				}})
			}
			clean, dirty := peek(generate(t, o)), peek(sim.Poison(generate(t, o), at, seed))
			if _, differs := firstDifference(clean, dirty, at); differs {
				caught++
			}
		}
		// A coin's toss hides half of the peeks at a single bar.
		if caught < 3 {
			t.Errorf("a core that sees the %s was caught in %d of 12 runs", name, caught)
		}
	}
}

// onlooker is a core that looks into every hour: it sets timers, rests orders
// that may or may not fill, and tells each price that it is shown.
type onlooker struct {
	carry.Core
	id carry.OrderID
}

func (o *onlooker) Step(ev *carry.Event, out []carry.Command) []carry.Command {
	out = o.Core.Step(ev, out)
	switch {
	case ev.Kind == carry.EvFill:
		return append(out, carry.Command{Kind: carry.CmdNote, Pair: ev.Pair, Code: carry.CodeHold, X: [3]float64{ev.Price.Float(), float64(ev.Qty), float64(ev.At)}})
	case ev.Kind != carry.EvMarket || ev.Market.WarmUp:
		return out
	}
	m := ev.Market
	for i := range m.Pairs {
		out = append(out, carry.Command{Kind: carry.CmdNote, Pair: int32(i), Code: carry.CodeHold, X: [3]float64{m.SpotLast[i], m.PerpLast[i], m.Mark[i]}})
	}
	if m.Within || m.At%(7*carry.Hour) != 0 || m.Flags[0]&carry.Tradable != carry.Tradable {
		return out
	}
	o.id++
	out = append(out, carry.Command{Kind: carry.CmdTimer, Pair: -1, ID: uint32(o.id), At: m.At + 23*carry.Minute})
	price := carry.PriceFromFloat(m.SpotLast[0] * 0.999)
	return append(out, carry.Command{Kind: carry.CmdOrder, Pair: 0, Side: carry.Buy, Order: 1<<40 + o.id, Life: carry.GTC, Ref: price,
		Limit: price - price%1_000_000, Qty: m.Pairs[0].QtyFloor(20/m.SpotLast[0]) / 1000 * 1000})
}

// What is shown and filled within an hour is of that hour, whatever comes after
// it.
func TestPoisonWithinTheHour(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	inside := 0
	for seed := range uint64(6) {
		o := smallMarket(500+seed, 4, 3)
		st := stage{core: func(c carry.Core) carry.Core { return &onlooker{Core: c} }}
		clean := decide(t, "null", generate(t, o), st)
		info := generate(t, o).Info()
		for range 2 {
			at := info.From + 40*carry.Day + carry.Time(rnd.Int64N(int64(info.To-info.From-45*carry.Day)))
			dirty := decide(t, "null", sim.Poison(generate(t, o), at, rnd.Uint64()), st)
			if k, differs := firstDifference(clean, dirty, at); differs {
				t.Fatalf("poisoned after %s: %d differs:\n clean %s\n dirty %s", at, k, line(clean, k), line(dirty, k))
			}
			for _, s := range clean.upTo(at) {
				if s.at%carry.Hour != 0 {
					inside++
				}
			}
			if _, differs := firstDifference(clean, dirty, info.To); !differs {
				t.Errorf("the poison after %s was not felt", at)
			}
		}
	}
	t.Logf("%d words said within hours were compared", inside)
	if inside < 5000 {
		t.Errorf("%d words said within hours: too little to prove anything", inside)
	}
}
