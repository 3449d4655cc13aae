package swarm

import (
	"fmt"
	"math/rand/v2"

	"carry"
	"carry/internal/exchange"
	"carry/internal/risk"
	"carry/sim"
	"carry/strategy"
	"carry/strategy/hedge"
)

// begin of every market: 2021-01-01.
const marketFrom = carry.Time(1609459200000)

// draw is everything that a seed decides.
type draw struct {
	seed    uint64
	market  sim.MarketOptions
	from    carry.Time // trading begins
	calm    carry.Time // and faults end
	rough   []rough    // what the market does beyond the generator's
	text    []string   // settings "name=value", as a person would write them
	entry   strategy.Entry
	set     strategy.Settings
	terms   hedge.Terms
	sim     sim.Options
	spread  sim.SpreadModel
	limits  risk.Limits
	faults  faults
	wishes  []wish
	wire    exchange.TradeFaults // of the whole stack
	network *network             // its links break, if set
}

// faults of the way between core and exchange, by chance of each order.
type faults struct {
	lost       float64 // it never arrives, and its answer neither
	answerLost float64 // it arrives, its outcome is found later
	busy       float64 // the exchange refuses it
	slow       float64 // the news of it are late
	late       carry.Time
	links      []span // the connection is down
	storms     []span // everything is refused
	crowd      int    // orders of somebody else
}

// span is a stretch of time.
type span struct{ from, to carry.Time }

func (s span) has(t carry.Time) bool { return s.from <= t && t < s.to }

// wish is what an operator asks for.
type wish struct {
	at   carry.Time
	code carry.Code
	pair int32
}

// dice draws.
type dice struct{ *rand.Rand }

func (r dice) chance(p float64) bool { return r.Float64() < p }

func (r dice) pick(of ...string) string { return of[r.IntN(len(of))] }

func (r dice) between(a, b float64) float64 { return a + (b-a)*r.Float64() }

// time within a span, at a whole millisecond.
func (r dice) time(from, to carry.Time) carry.Time {
	return from + carry.Time(r.Int64N(int64(to-from)))
}

// size says how large the worlds of a stage are.
type size struct {
	warmD, coinsMax int
	liveHMin        int
	liveHMax        int
}

var (
	coreSize  = size{warmD: 2, coinsMax: 4, liveHMin: 20, liveHMax: 72}
	stackSize = size{warmD: 2, coinsMax: 3, liveHMin: 10, liveHMax: 26}
)

// drawn makes a seed's world.
func drawn(seed uint64, z size) (*draw, error) {
	r := dice{rand.New(rand.NewPCG(seed, 0x7377726d))}
	d := &draw{seed: seed}
	hours := z.liveHMin + r.IntN(z.liveHMax-z.liveHMin)
	d.from = marketFrom + carry.Time(z.warmD)*carry.Day + carry.Time(r.IntN(24))*carry.Hour
	to := d.from + carry.Time(hours)*carry.Hour
	d.calm = to - 4*carry.Hour
	d.market = sim.MarketOptions{Seed: r.Uint64(), Coins: 1 + r.IntN(z.coinsMax), From: marketFrom, To: to}
	d.weather(r)
	if err := d.settings(r); err != nil {
		return nil, err
	}
	d.models(r)
	d.trouble(r)
	d.people(r)
	return d, nil
}

// weather draws leaps, halts, delistings and changes of rules.
func (d *draw) weather(r dice) {
	add := func(p float64, most int, make func() rough) {
		if !r.chance(p) {
			return
		}
		for range 1 + r.IntN(most) {
			d.rough = append(d.rough, make())
		}
	}
	at := func() carry.Time { return r.time(d.from, d.calm).Floor(carry.Hour) }
	coin := func() int { return r.IntN(d.market.Coins) }
	add(0.6, 4, func() rough { return rough{kind: leap, pair: coin(), at: at(), by: r.between(0.7, 1.45)} })
	add(0.15, 2, func() rough { return rough{kind: leap, pair: coin(), at: at(), by: r.between(1.5, 3.5)} })
	add(0.15, 2, func() rough { return rough{kind: leap, pair: coin(), at: at(), by: r.between(0.2, 0.65)} })
	add(0.3, 3, func() rough {
		t := at()
		return rough{kind: halt, pair: coin(), at: t, until: min(t+carry.Time(1+r.IntN(6))*carry.Hour, d.calm), spot: r.chance(0.6), perp: r.chance(0.5)}
	})
	add(0.3, 3, func() rough { return rough{kind: newRules, pair: coin(), at: at(), lots: carry.Qty(1 + r.IntN(20))} })
	add(0.15, 1, func() rough {
		return rough{kind: delist, pair: coin(), at: at(), notice: carry.Time(r.IntN(30)) * carry.Hour}
	})
}

// settings draws parameters until they are accepted.
func (d *draw) settings(r dice) error {
	entry, err := strategy.Find("funding", "")
	if err != nil {
		return err
	}
	d.entry = entry
	for range 100 {
		d.text = d.text[:0]
		s := entry.New()
		for _, text := range someSettings(r) {
			if err := set(s, text[0], text[1]); err != nil {
				return err
			}
			d.text = append(d.text, text[0]+"="+text[1])
		}
		if s.Validate() == nil {
			d.set = s
			return nil
		}
	}
	return fmt.Errorf("seed %d: no settings are accepted", d.seed)
}

func set(s strategy.Settings, name, value string) error {
	table := s.Table()
	for k := range table {
		if table[k].Name == name {
			return table[k].Set(value)
		}
	}
	return fmt.Errorf("there is no setting %s", name)
}

// someSettings are eager ones: a run of two days must trade.
func someSettings(r dice) [][2]string {
	target := r.between(0.5, 6)
	alarm := target * r.between(1.02, 1.5)
	reduce := alarm * r.between(1, 1.4)
	leverage := func(x float64) string { return fmt.Sprintf("%.2f", x) }
	return [][2]string{
		{"minAgeD", "0"}, {"minVolumeUSDT", "0"}, {"maxDailyVolFrac", "off"}, {"worstRateMinFrac", "off"}, {"closeMeanMaxFrac", r.pick("off", "-0.01", "0")},
		{"openMeanMinFrac", r.pick("off", "0.0001", "-0.01")}, {"screenN", r.pick("3", "4", "5")}, {"openRateMinFrac", r.pick("off", "-0.001", "0", "0.0001")},
		{"openPremiumMinFrac", r.pick("off", "-0.001", "0")}, {"negPremiumFloorFrac", r.pick("-0.05", "-0.002")},
		{"closeRateMaxFrac", r.pick("-0.002", "-0.0001", "0", "off")}, {"riseCloseFrac", r.pick("off", "0.2")},
		{"reopenAfterH", r.pick("0", "1", "5")}, {"riseTrimFrac", r.pick("off", "0.1", "0.5")}, {"topUpBelowFrac", r.pick("off", "0.75", "0.95")},
		{"coinsTargetN", r.pick("1", "2", "4")}, {"coinLimitUSDT", r.pick("auto", "300", "2000")}, {"totalLimitUSDT", r.pick("auto", "2500", "8000")},
		{"sliceUSDT", r.pick("15", "60", "200", "2000")}, {"sliceGapS", r.pick("0", "5", "60")}, {"slicesMaxN", r.pick("off", "5", "20", "1000")},
		{"maxBarVolumeFrac", r.pick("off", "0.01", "0.0005")}, {"leverageTargetX", leverage(target)}, {"leverageAlarmX", leverage(alarm)},
		{"leverageReduceX", leverage(reduce)}, {"leverageEmergencyX", r.pick("off", leverage(reduce*r.between(1.05, 1.5)))},
		{"balanceBandFrac", r.pick("off", "0.01", "0.05", "0.2")}, {"reduceMayTransfer", r.pick("true", "false")}, {"transferMinUSDT", r.pick("1", "50")},
		{"transferGapS", r.pick("10", "60", "600")}, {"reserveFrac", r.pick("0", "0.02", "0.2")}, {"legGapMaxLots", r.pick("1", "2", "5")},
		{"verifyReadsN", r.pick("1", "2", "3")}, {"verifyDelayS", r.pick("0", "5", "20")}, {"settleBlackoutS", r.pick("0", "60", "300")},
		{"closeWaitMaxH", r.pick("0", "2", "24")}, {"closePremiumMaxFrac", r.pick("0.05", "0.001", "-0.001")},
		{"foreignChange", r.pick("halt", "ignore", "adopt")},
	}
}

// models draws the exchange's and the account's terms.
func (d *draw) models(r dice) {
	h := d.set.Hedge()
	o := sim.DefaultOptions()
	capital := []float64{300, 2_000, 10_000, 10_000, 200_000}[r.IntN(5)]
	o.CapitalUSDT = carry.AmountFloor(capital)
	o.FuturesUSDT = carry.AmountFloor(capital * r.between(0.1, 0.8))
	o.Latency = sim.ConstantLatency{Ms: carry.Time([]int{1, 500, 500, 3000, 40_000}[r.IntN(5)])}
	o.TransferDelay = carry.Time([]int{0, 10, 10, 120}[r.IntN(4)]) * carry.Second
	o.Volume = sim.ShareOfVolume{Frac: []float64{0.1, 0.1, 0.01, 0.0002}[r.IntN(4)], Depth: 15 * carry.Minute}
	o.ExchangeLeverageX = h.LeverageAtExchange()
	if r.chance(0.4) {
		o.ADL = sim.CrashADL{FallFrac: 0.05, ChanceFrac: r.between(0.2, 1), Seed: r.Uint64()}
	}
	d.spread = sim.DefaultSpread
	d.sim = o
	f := o.Fees.At(d.from)
	d.terms = hedge.Terms{SpotFeeFrac: f.SpotTaker, PerpFeeFrac: f.PerpTaker, FeeInCoin: true}
	if r.chance(0.3) {
		d.limits = risk.Limits{OrderMaxUSDT: r.between(50, 3000), PairMaxUSDT: r.between(200, 5000), TotalMaxUSDT: r.between(500, 9000),
			OrdersPerMinuteN: 20 + r.IntN(100), TransferMaxUSDT: r.between(100, 5000)}
	}
}

// trouble draws the faults; each kind is left out of many runs.
func (d *draw) trouble(r dice) {
	some := func(most float64) float64 {
		if r.chance(0.5) {
			return 0
		}
		return r.between(0, most)
	}
	f := &d.faults
	f.lost, f.answerLost, f.busy, f.slow = some(0.3), some(0.5), some(0.4), some(0.5)
	f.late = carry.Time(r.between(1, 55)) * carry.Second
	spans := func(p float64, longest carry.Time) (out []span) {
		if !r.chance(p) {
			return nil
		}
		for range 1 + r.IntN(3) {
			from := r.time(d.from, d.calm)
			out = append(out, span{from, min(from+carry.Time(r.Int64N(int64(longest))), d.calm)})
		}
		return out
	}
	f.links, f.storms = spans(0.3, 20*carry.Minute), spans(0.2, carry.Hour)
	if r.chance(0.1) {
		f.crowd = 1 + r.IntN(3)
	}
	if r.chance(0.5) {
		d.sim.Transfers = sim.ShakyTransfers{FailFrac: some(0.5), UnknownFrac: some(0.8), UnknownFor: carry.Time(r.between(5, 3000)) * carry.Second, Seed: r.Uint64()}
	}
}

// people draws an operator and an owner.
func (d *draw) people(r dice) {
	ask := func(p float64, codes ...carry.Code) {
		if !r.chance(p) {
			return
		}
		at := r.time(d.from+carry.Hour, d.calm)
		for _, c := range codes {
			pair := int32(-1)
			if c == carry.CodeOperatorClose {
				pair = int32(r.IntN(d.market.Coins))
			}
			d.wishes = append(d.wishes, wish{at, c, pair})
			at = r.time(at, d.calm+1)
		}
	}
	ask(0.2, carry.CodePause, carry.CodeResume)
	ask(0.15, carry.CodeOperatorClose)
	ask(0.15, carry.CodeCloseAll)
	ask(0.15, carry.CodeKill)
	// At the end nothing is begun any more, so that everything comes to rest.
	d.wishes = append(d.wishes, wish{d.market.To - 30*carry.Minute, carry.CodePause, -1})
	if r.chance(0.25) {
		for range 1 + r.IntN(2) {
			d.sim.Flows = append(d.sim.Flows, sim.Flow{At: r.time(d.from, d.calm).Floor(carry.Hour), Amount: carry.AmountFloor(d.sim.CapitalUSDT.Float() * r.between(-0.5, 0.5))})
		}
		if len(d.sim.Flows) == 2 && d.sim.Flows[0].At > d.sim.Flows[1].At {
			d.sim.Flows[0], d.sim.Flows[1] = d.sim.Flows[1], d.sim.Flows[0]
		}
	}
}
