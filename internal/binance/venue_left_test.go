package binance

import (
	"testing"

	"carry"
	"carry/internal/binance/wire"
)

// What a fill leaves of its order depends on how the order stands: of one that
// was filled nothing, whatever a reduce-only order could not have; of one that
// expired or was canceled behind its last trade, what is canceled next. A query
// after a break of the streams finds both at once (seed 954 of the swarm).
func TestWhatAFillLeaves(t *testing.T) {
	pairs := []carry.Pair{{Coin: "AAA", SpotSymbol: "AAAUSDT", PerpSymbol: "AAAUSDT", Mult: 1, QtyDp: 6}}
	for status, left := range map[string]carry.Qty{"FILLED": 0, "PARTIALLY_FILLED": 3158, "EXPIRED": 3158, "CANCELED": 3158} {
		v := &Venue{o: VenueOptions{Pairs: pairs, Log: func(string) {}}, mirror: newMirror(pairs), flights: newFlights()}
		x := &flight{market: wire.Spot, symbol: "AAAUSDT", cmd: carry.Command{Kind: carry.CmdOrder, Leg: carry.Spot, Side: carry.Sell, Qty: 63001, Order: 17}}
		v.flights.list = append(v.flights.list, x)
		n := &wire.OrderNews{Market: wire.Spot, Side: carry.Sell, Status: status, LastQty: "0.059843", Price: 100 * carry.Unit, Quote: 5_98430000,
			Fee: "0", FeeAsset: "USDT", TradeID: 7}
		if err := v.fill(x, n); err != nil {
			t.Fatal(err)
		}
		if status != "PARTIALLY_FILLED" {
			if err := v.finish(x, status, "", 1); err != nil {
				t.Fatal(err)
			}
		}
		var fills, canceled []carry.Event
		for _, ev := range v.out {
			switch ev.Kind {
			case carry.EvFill:
				fills = append(fills, ev)
			case carry.EvCanceled:
				canceled = append(canceled, ev)
			}
		}
		if len(fills) != 1 || fills[0].Left != left {
			t.Errorf("%s: %+v, want one fill that leaves %d", status, fills, left)
		}
		if over := status == "EXPIRED" || status == "CANCELED"; over != (len(canceled) == 1) || over && canceled[0].Qty != left {
			t.Errorf("%s: canceled %+v", status, canceled)
		}
	}
}
