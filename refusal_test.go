package carry

import "testing"

// What one side writes the other reads: loopback exchange and adapter share the
// table.
func TestRefusalsBothWays(t *testing.T) {
	for c := OK + 1; c < codeCount; c++ {
		for market := Spot; market <= Perp; market++ {
			r, ok := RefusalOf(market, c)
			if !ok {
				continue
			}
			if got, ok := CodeOf(market, r.Number, r.Message); !ok || got != c {
				t.Errorf("%s says %d %q for %s, which reads as %s (%t)", market, r.Number, r.Message, c, got, ok)
			}
		}
	}
	for _, c := range []Code{CodeHalted, CodeInsufficient, CodeMargin, CodeReduceOnly, CodePostOnly, CodeLot, CodeTick, CodeNotional, CodePriceBand,
		CodeUnknownOrder, CodeManyOrders, CodeUnknown, CodeDuplicate, CodeThrottled} {
		_, spot := RefusalOf(Spot, c)
		_, perp := RefusalOf(Perp, c)
		if !spot && !perp {
			t.Errorf("no market of Binance says %s", c)
		}
	}
}

// The same number on both markets, and one number with several meanings
// (binance.md §3.4).
func TestRefusalsByMarketAndMessage(t *testing.T) {
	for _, e := range []struct {
		market  Leg
		number  int
		message string
		want    Code
		known   bool
	}{
		{Spot, -2010, "Market is closed.", CodeHalted, true},
		{Spot, -2010, "Account has insufficient balance for requested action.", CodeInsufficient, true},
		{Spot, -2010, "something new", OK, false},
		{Spot, -1013, "Filter failure: LOT_SIZE", CodeLot, true},
		{Spot, -1013, "Filter failure: SOMETHING_NEW", CodeFilter, true},
		{Perp, -2022, "ReduceOnly Order is rejected.", CodeReduceOnly, true},
		{Spot, -2022, "Order cancel-replace failed.", OK, false},
		{Perp, -4164, "Order's notional must be no smaller than 100 (unless you choose reduce only).", CodeNotional, true},
		{Perp, -1111, "Parameter 'price' has too much precision.", CodeLot, true},
		{Perp, -1, "", OK, false},
	} {
		if got, ok := CodeOf(e.market, e.number, e.message); got != e.want || ok != e.known {
			t.Errorf("%s %d %q means %s (%t), want %s", e.market, e.number, e.message, got, ok, e.want)
		}
	}
}
