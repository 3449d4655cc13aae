package lab

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"carry"
	"carry/sim"
)

// What may not change a decision: the order of the coins, a coin that is never
// traded, the unit in which a coin is priced.

// telling is a command as a sentence without ids, order and prices, which the
// changes of these tests may touch.
func (s said) telling(pairs []carry.Pair) string {
	coin := ""
	if s.Pair >= 0 {
		coin = pairs[s.Pair].Coin
	}
	return fmt.Sprintf("%s %s %s %s %s %s %d quanta, %s from %s", s.at, s.Kind, coin, s.Leg, s.Side, s.Code, s.Qty, s.Amount, s.Wallet)
}

// tell lists a run's decisions as sentences, those of one instant in
// alphabetical order.
func tell(d *diary, pairs []carry.Pair) []string {
	out := make([]string, len(d.said))
	for lo := 0; lo < len(d.said); {
		hi := lo
		for hi < len(d.said) && d.said[hi].at == d.said[lo].at {
			out[hi] = d.said[hi].telling(pairs)
			hi++
		}
		slices.Sort(out[lo:hi])
		lo = hi
	}
	return out
}

// mustTellTheSame compares decisions and the equity they led to.
func mustTellTheSame(t *testing.T, what string, want, got []string) {
	t.Helper()
	if len(want) < 30 {
		t.Fatalf("%s: only %d decisions to compare", what, len(want))
	}
	for k := range want {
		if k >= len(got) || want[k] != got[k] {
			after := "(nothing)"
			if k < len(got) {
				after = got[k]
			}
			t.Fatalf("%s: decision %d of %d was\n %s\nand is\n %s", what, k, len(want), want[k], after)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d decisions, then %d", what, len(want), len(got))
	}
}

func decisions(t *testing.T, strategy string, tape carry.Tape, settings ...string) (*diary, *carry.Result) {
	t.Helper()
	d := &diary{}
	res := play(t, setUp(t, strategy, tape, settings...), stage{journal: d.keep})
	return d, res
}

func TestPermutedCoins(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for seed := range uint64(12) {
		o := smallMarket(200+seed, 14, 6)
		plain := generate(t, o)
		for _, name := range []string{"funding", "hold"} {
			settings := eager
			if name == "hold" {
				// All coins of a hold rank alike, and the first in the list is served
				// first: only where there is enough for all is the order nothing.
				settings = []string{"riseTrimFrac=0.1", "coinLimitUSDT=200"}
			}
			a, ra := decisions(t, name, generate(t, o), settings...)
			mixed := sim.Permute(generate(t, o), rnd.Perm(o.Coins))
			b, rb := decisions(t, name, mixed, settings...)
			what := fmt.Sprintf("seed %d, %s", seed, name)
			mustTellTheSame(t, what, tell(a, plain.Info().Pairs), tell(b, mixed.Info().Pairs))
			if ra.FinalExact != rb.FinalExact {
				t.Errorf("%s: ended with %s, and with %s", what, ra.FinalExact, rb.FinalExact)
			}
		}
	}
}

func TestUntradedCoin(t *testing.T) {
	for seed := range uint64(12) {
		// Coin i of a generated market is the same however many coins there are.
		o := smallMarket(300+seed, 9, 6)
		few := generate(t, o)
		o.Coins = 10
		more := generate(t, o)
		names := make([]string, 0, 9)
		for _, p := range few.Info().Pairs {
			names = append(names, p.Coin)
		}
		for _, name := range []string{"funding", "hold"} {
			settings := []string{"coins=" + strings.Join(names, ",")}
			if name == "funding" {
				settings = append(settings, eager...)
			}
			a, ra := decisions(t, name, generate(t, smallMarket(300+seed, 9, 6)), settings...)
			b, rb := decisions(t, name, generate(t, o), settings...)
			what := fmt.Sprintf("seed %d, %s", seed, name)
			mustTellTheSame(t, what, tell(a, few.Info().Pairs), tell(b, more.Info().Pairs))
			if ra.FinalExact != rb.FinalExact {
				t.Errorf("%s: ended with %s, and with %s", what, ra.FinalExact, rb.FinalExact)
			}
		}
	}
}

// A coin priced in tens, thousands or tenths of the usual unit, with its ticks
// and lots, is the same investment to the last decimal. Fees are paid in BNB,
// because one taken in coins is rounded to 1e-8 coins whatever a coin is worth.
//
// Two roundings do know the unit: a fill's price is rounded to 1e-8 USDT before
// it goes to its tick, so a fill in some hundreds lands on the neighbouring tick,
// and the size of a repair is floored from a float. From there on two runs are
// different histories; until then they must agree.
func TestScaledPrice(t *testing.T) {
	whole, parted := 0, 0
	settings := append([]string{"bnbFees=true"}, eager...)
	for seed := range uint64(16) {
		o := smallMarket(400+seed, 6, 5)
		pairs := generate(t, o).Info().Pairs
		a, ra := decisions(t, "funding", generate(t, o), settings...)
		for _, pow10 := range []int{-1, 1, 3} {
			pair := int(seed) % o.Coins
			tape, err := sim.Scale(generate(t, o), pair, pow10)
			if err != nil || pow10 < 0 && !divisible(t, o, pair) {
				continue // the coin's quanta or prices leave their eight decimals
			}
			b, rb := decisions(t, "funding", tape, settings...)
			what := fmt.Sprintf("seed %d, %s × 10^%d", seed, pairs[pair].Coin, pow10)
			want, got := tell(a, pairs), tell(b, pairs)
			if at := partingOfWays(a, b, int32(pair), pow10); at < o.To {
				parted++
				mustTellTheSame(t, what, want[:len(a.upTo(at))], got[:len(b.upTo(at))])
				continue
			}
			whole++
			mustTellTheSame(t, what, want, got)
			if ra.FinalExact != rb.FinalExact {
				t.Errorf("%s: ended with %s, and with %s", what, ra.FinalExact, rb.FinalExact)
			}
		}
	}
	t.Logf("%d runs the same to the end, %d up to a rounding", whole, parted)
	if whole < 12 || parted > whole {
		t.Errorf("%d runs the same to the end, %d up to a rounding", whole, parted)
	}
}

// partingOfWays is the moment up to which two runs of a differently scaled coin
// must agree.
func partingOfWays(a, b *diary, pair int32, pow10 int) carry.Time {
	at := carry.Time(math.MaxInt64)
	for k := range min(len(a.fills), len(b.fills)) {
		x, y := &a.fills[k], &b.fills[k]
		small, big := int64(x.Price), int64(y.Price)
		if pow10 < 0 {
			small, big = big, small
		}
		// Further off than a tick can be is no rounding.
		if off := math.Abs(float64(big - small*carry.Pow10[max(pow10, -pow10)])); x.Pair == pair && y.Pair == pair && off > 0 && off < 1e-3*float64(big) {
			at = x.At - 1
			break
		}
	}
	for k := range min(len(a.said), len(b.said)) {
		x, y := &a.said[k], &b.said[k]
		if x.at < at && x.Pair == pair && x.Code == carry.CodeRepair && y.Code == carry.CodeRepair && x.Qty != y.Qty {
			return x.at - 1
		}
	}
	return at
}

// divisible tells whether all of a pair's prices can be divided by ten.
func divisible(t *testing.T, o sim.MarketOptions, pair int) bool {
	tape, err := sim.Scale(generate(t, o), pair, -1)
	var b carry.Block
	for err == nil {
		err = tape.Next(&b)
	}
	return err.Error() == "EOF"
}

// More fees never earn more. Only a book that trades the same whatever it costs
// can promise that: a small hold that nothing trims.
func TestMoreFeeNeverEarnsMore(t *testing.T) {
	for seed := range uint64(10) {
		o := smallMarket(500+seed, 8, 6)
		var finals []float64
		var fills []int
		for _, times := range []float64{0, 1, 2} {
			s := setUp(t, "hold", generate(t, o), "totalLimitUSDT=2000", "coinLimitUSDT=250", "riseTrimFrac=off",
				"leverageAlarmX=1000", "leverageReduceX=1000", "leverageEmergencyX=2000")
			res := play(t, s, stage{fees: sim.FixedFees{SpotTaker: 0.001 * times, PerpTaker: 0.0005 * times}})
			finals, fills = append(finals, res.Final), append(fills, res.Counts.Fills)
		}
		if !(finals[0] > finals[1] && finals[1] > finals[2]) {
			t.Errorf("seed %d: with fees × 0, 1, 2 it ended with %.4f (%d fills)", seed, finals, fills)
		}
		if fills[0] < 8 || fills[0] != fills[2] {
			t.Errorf("seed %d: fills %d", seed, fills)
		}
	}
}

// A run that ends earlier decided the same until then: nothing looks at where
// the data stop.
func TestCutRun(t *testing.T) {
	for seed := range uint64(6) {
		k := keepTape(t, generate(t, smallMarket(300+seed, 8, 5)))
		at := len(k.blocks) * int(3+seed) / 9
		cut := &kept{info: k.info, blocks: k.blocks[:at]}
		last := k.blocks[at-1]
		short := *cut
		info := *k.info
		info.To = last.Start + carry.Time(last.N)*last.Step
		short.info = &info
		whole, part := decide(t, "funding", &replay{kept: k}, stage{}), decide(t, "funding", &replay{kept: &short}, stage{})
		if n, differs := firstDifference(whole, part, info.To-1); differs || n < 50 {
			t.Errorf("seed %d cut at %s: decision %d differs:\n whole %s\n part  %s", seed, info.To, n, line(whole, n), line(part, n))
		}
	}
}
