package swarm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carry"
	"carry/strategy"
)

// exhibit is a real bug of a trading program, brought back by a part between the
// pieces. The product's code knows nothing of it.
type exhibit struct {
	name string
	// from is its place in the catalogue of faults, or where it was seen.
	from string
	// by are the rules of which one must be broken, and be the first.
	by   string
	make func() *seams
}

// within is the number of seeds in which every bug must be caught.
const within = 100

// Sending again is caught in the whole stack as well.
func TestCanaryIsCaughtInTheStack(t *testing.T) {
	e := exhibitsOfTheWire()[0]
	seed, f, ok := e.caught(t)
	if !ok {
		t.Fatalf("%s: not caught within %d seeds", e.name, within)
	}
	t.Logf("%s: caught at seed %d by %s: %s", e.name, seed, f.rule, f.text)
}

// Sending an order again whose answer was lost is the dearest bug of all: the
// judge must see it within a hundred seeds, or it sees nothing.
func TestCanaryIsCaught(t *testing.T) {
	e := exhibits()[0]
	seed, _, ok := e.caught(t)
	if !ok || seed >= within {
		t.Fatalf("%s: not caught within %d seeds", e.name, within)
	}
	t.Logf("%s: caught at seed %d", e.name, seed)
}

// Every bug of the museum is caught within a hundred seeds, by a rule that is
// about it.
func TestMuseumIsCaught(t *testing.T) {
	list := exhibits()
	var seeds []int
	for _, e := range list {
		seed, f, ok := e.caught(t)
		if !ok {
			t.Errorf("%s (%s): not caught within %d seeds", e.name, e.from, within)
			continue
		}
		seeds = append(seeds, seed)
		t.Logf("seed %2d  %-12s %s (%s)", seed, f.rule, e.name, e.from)
		if !slices.Contains(strings.Fields(e.by), f.rule) {
			t.Errorf("%s: caught by %s, want %s: %s", e.name, f.rule, e.by, f.text)
		}
	}
	slices.Sort(seeds)
	if len(seeds) > 0 {
		t.Logf("%d of %d caught, the median at seed %d", len(seeds), len(list), seeds[len(seeds)/2])
	}
	if len(list) < 20 {
		t.Errorf("only %d bugs are in the museum", len(list))
	}
}

// caught plays seeds until a rule is broken.
func (e *exhibit) caught(t *testing.T) (seed int, f finding, ok bool) {
	t.Helper()
	for seed = range within {
		var j *judge
		if bug := e.make(); bug.wire != nil { // it lies in the way to the exchange
			j = playStack(t, uint64(seed), bug, nil)
		} else {
			var err error
			if j, err = playCore(uint64(seed), bug); err != nil {
				t.Fatalf("%s, seed %d: %v", e.name, seed, err)
			}
		}
		if len(j.broken) > 0 {
			return seed, j.broken[0], true
		}
	}
	return 0, finding{}, false
}

// exhibits is the museum; the canary is first.
func exhibits() []exhibit {
	return slices.Concat(
		[]exhibit{{"an order whose answer was lost is sent again", "N2, hummingbot#493, catalyst#317", "ids", sendsAgain(carry.EvAck)}},
		exhibitsOfOutcomes(), exhibitsOfAccounts(), exhibitsOfOrders(), exhibitsOfState(), exhibitsOfTheWire())
}

// Bugs about what became of an order.
func exhibitsOfOutcomes() []exhibit {
	return []exhibit{
		{"an unknown outcome is taken for a refusal", "X2, hummingbot#6033", "fills halt one-intent", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvAck && ev.Code == carry.CodeUnknown {
				ev.Kind, ev.Code = carry.EvReject, carry.CodeFailed
			}
			return one(ev)
		})},
		{"an order that the first query does not find counts as absent", "X4, freqtrade#4403, ccxt#1786", "fills halt one-intent", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvAck && ev.Code == carry.CodeUnknown {
				gone := *ev
				gone.Kind, gone.Code = carry.EvReject, carry.CodeExpired
				return []carry.Event{*ev, gone}
			}
			return one(ev)
		})},
		{"a fill is booked twice", "U4, QuantDinger#232, nautilus#3046", "fills", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvFill {
				return []carry.Event{*ev, *ev}
			}
			return one(ev)
		})},
		{"fills during a break of the stream, and the first after it, are lost", "U3, craysiii/binance#8", "fills books rest halt", lostInTheGap},
		{"a partial fill is taken for the end", "H3", "fills", told(func(ev *carry.Event) []carry.Event {
			ev.Left = 0
			return one(ev)
		})},
		{"what was filled before the cancel is forgotten", "H3, X17, freqtrade#5482", "fills", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvFill && ev.Left > 0 {
				return nil
			}
			return one(ev)
		})},
		{"trades are told apart by number without the symbol", "U4, bbgo f52c2a229", "fills books rest", withoutSymbol},
		{"late news bear their old time", "U7", "time", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvFill {
				ev.At -= carry.Hour
			}
			return one(ev)
		})},
		{"a refused order is sent again at once, for ever", "X3, R14, and this desk until 2026-11-28", "limits one-intent reduce-only halt ids", storming},
	}
}

// Bugs about money.
func exhibitsOfAccounts() []exhibit {
	drop := func(kinds ...carry.EventKind) func() *seams {
		return told(func(ev *carry.Event) []carry.Event {
			if slices.Contains(kinds, ev.Kind) {
				return nil
			}
			return one(ev)
		})
	}
	return []exhibit{
		{"the fee in coins is ignored", "H6, freqtrade#1084, #4710", "books", told(func(ev *carry.Event) []carry.Event {
			ev.FeeCoins = carry.Wide{}
			return one(ev)
		})},
		{"an ambiguous transfer is made again", "H9, bbgo round.go", "ids", sendsAgain(carry.EvTransferred)},
		{"a transfer on its way is taken for made", "R4, bbgo 6cebef5fb", "one-intent books", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvTransferred && ev.Code == carry.CodeUnknown {
				ev.Code = carry.OK
			}
			return one(ev)
		})},
		{"a stale balance overwrites a newer one", "X12, hummingbot#4876", "books", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvTransferred && ev.Code == carry.OK {
				ev.Amount = 0
			}
			return one(ev)
		})},
		{"a settlement is booked twice", "U11, bbgo 8f94d5866", "books postings", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvPaid {
				return []carry.Event{*ev, *ev}
			}
			return one(ev)
		})},
		{"a settlement is missed", "C5, C6, freqtrade#12583", "books postings", drop(carry.EvPaid)},
		{"a deleveraging or liquidation is not seen", "U10, T6, freqtrade#7107", "books postings", drop(carry.EvLiquidated)},
		{"a delisted contract's settlement is not seen", "M1, freqtrade#3769", "books postings", drop(carry.EvSettled)},
		{"times are microseconds where milliseconds are meant", "C9", "time", told(func(ev *carry.Event) []carry.Event {
			if ev.Kind == carry.EvPaid {
				ev.At *= 1000
			}
			return one(ev)
		})},
	}
}

// Bugs about what is ordered.
func exhibitsOfOrders() []exhibit {
	each := func(change func(c *carry.Command)) func() *seams {
		return said(func(_ *carry.Event, c *carry.Command) []carry.Command {
			if c.Kind == carry.CmdOrder {
				change(c)
			}
			return []carry.Command{*c}
		})
	}
	settings := func(change func(s strategy.Settings)) func() *seams {
		return func() *seams { return &seams{settings: change} }
	}
	return []exhibit{
		{"reduce-only is left out of closings", "H5, bbgo d44a808ee", "reduce-only", each(func(c *carry.Command) { c.ReduceOnly = false })},
		{"openings are sent reduce-only", "H5, bbgo d44a808ee", "reduce-only", each(func(c *carry.Command) { c.ReduceOnly = c.Leg == carry.Perp })},
		{"the cleanup has the wrong side", "H4, bbgo d8983c464", "reduce-only", each(func(c *carry.Command) {
			if c.Code == carry.CodeRepair {
				c.Side = -c.Side
			}
		})},
		{"a closing sells what the balance shows, not what is ours", "H15, hummingbot#4288", "reduce-only limits", each(func(c *carry.Command) {
			if c.Leg == carry.Spot && c.Side == carry.Sell {
				c.Qty *= 2
			}
		})},
		{"quantities are not cut to the lot", "D10, H1, hummingbot#5299", "limits", each(func(c *carry.Command) { c.Qty++ })},
		{"a number is used again", "X18", "ids one-intent gap", each(func(c *carry.Command) { c.Order = c.Order%8 + 1 })},
		{"whole orders instead of slices", "S6, H2, hummingbot#3831", "limits", settings(func(s strategy.Settings) { s.Hedge().SliceUSDT, s.Hedge().SlicesMaxN = 1e9, 0 })},
		{"a limit is read in another unit", "O2", "limits", settings(func(s strategy.Settings) { s.Hedge().CoinLimitUSDT, s.Hedge().TotalLimitUSDT = 0, 0 })},
		{"orders within seconds of a settlement", "C10, hummingbot#4191", "blackout", settings(func(s strategy.Settings) { s.Hedge().SettleBlackoutS = 0 })},
		{"each fill is hedged by itself, not the difference", "H7, bbgo 67383845f", "one-intent gap halt limits reduce-only blackout", byIncrement},
		{"the hedge waits for a transfer", "H8, bbgo round.go", "gap rest halt", waitsForTransfer},
		{"orders on their way are forgotten", "S16, R11, nautilus#5000", "one-intent", forgetful},
	}
}

// Bugs about what is known of the world.
func exhibitsOfState() []exhibit {
	deaf := func(to func(ev *carry.Event) bool) func() *seams {
		return func() *seams { return &seams{venue: deafTo(to)} }
	}
	return []exhibit{
		{"the kill switch does not reach the gate", "O1, Knight 2012", "kill halt", deaf(func(ev *carry.Event) bool { return ev.Kind == carry.EvOperator && ev.Code == carry.CodeKill })},
		{"a pause is not heard", "O1", "halt", deaf(func(ev *carry.Event) bool { return ev.Kind == carry.EvOperator && ev.Code == carry.CodePause })},
		{"a broken stream is not noticed", "N4, binance-connector-java#139", "halt", deaf(func(ev *carry.Event) bool { return ev.Kind == carry.EvLink })},
		{"changed rules are not read", "M3, freqtrade#5481", "limits", func() *seams {
			began := false
			return &seams{venue: deafTo(func(ev *carry.Event) bool {
				began = began || ev.Kind == carry.EvMarket && !ev.Market.WarmUp
				return began && ev.Kind == carry.EvRules && ev.Rules.EndsAt == 0
			})}
		}},
		{"a halted leg is traded", "M2", "halt", blindToHalts},
		{"the coins of a deleveraged short are kept", "U10, T6, 2025-10-10", "gap rest", coreDeafTo(carry.EvLiquidated)},
	}
}

// Bugs of what speaks to the exchange; the whole stack plays.
func exhibitsOfTheWire() []exhibit {
	return []exhibit{
		{"the client posts an order again when the answer is bad", "N2, X1, X2, catalyst#317", "ids", posts("/order", again)},
		{"the client posts a transfer again when the answer is bad", "H9", "ids", posts("/asset/transfer", again)},
		{"an order with a bad answer counts as refused", "X2, hummingbot#6033, banbot#114", "fills", posts("/order", refused)},
		{"trades made during a break are not asked for", "U3", "fills rest books postings", noTrades},
	}
}

func one(ev *carry.Event) []carry.Event { return []carry.Event{*ev} }

// told is a bug in what the client makes of an outcome.
func told(change func(ev *carry.Event) []carry.Event) func() *seams {
	return func() *seams { return &seams{told: change} }
}

// name of a bug for messages.
func (e exhibit) String() string { return fmt.Sprintf("%s (%s)", e.name, e.from) }
