package strategy

import (
	"bytes"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// outcomes are the kinds whose figures stand in the journal.
var outcomes = []carry.EventKind{carry.EvSnapshot, carry.EvPaid, carry.EvAck, carry.EvReject, carry.EvFill, carry.EvCanceled,
	carry.EvTransferred, carry.EvLiquidated, carry.EvSettled, carry.EvFlow, carry.EvLink, carry.EvOperator}

func drawEvent(t *rapid.T, name string) carry.Event {
	n := func(field string) int64 { return rapid.Int64().Draw(t, name+" "+field) }
	return carry.Event{
		Kind: rapid.SampledFrom(outcomes).Draw(t, name+" kind"), At: carry.Time(n("at")), Pair: int32(n("pair")),
		Leg: carry.Leg(n("leg") & 1), Side: carry.Side(2*(n("side")&1) - 1), Wallet: carry.Wallet(n("wallet") & 1),
		Maker: rapid.Bool().Draw(t, name+" maker"), Code: carry.Code(n("code")), Order: carry.OrderID(n("order")),
		Qty: carry.Qty(n("qty")), Price: carry.Price(n("price")), Ref: carry.Price(n("ref")), Amount: carry.Amount(n("amount")),
		Fee: carry.Amount(n("fee")), FeeCoins: carry.Wide{Hi: n("fee hi"), Lo: uint64(n("fee lo"))}, Balance: carry.Amount(n("balance")),
		Left: carry.Qty(n("left") & 1 * n("how much")), Asset: carry.Asset(n("asset")&3 - 1), FeeBNB: carry.Amount(n("fee bnb") & 1), BNBPrice: carry.Price(n("bnb price") & 1),
		BNB: carry.Amount(n("bnb") & 1), BNB2: carry.Amount(n("bnb2") & 1), Coins2: carry.Wide{Lo: uint64(n("coins2"))},
		Balance2: carry.Amount(n("balance2")), Coins: carry.Wide{Hi: n("coins hi"), Lo: uint64(n("coins lo"))}, Rate: carry.SettledRate(n("rate")),
	}
}

func isFill(k carry.EventKind) bool { return k == carry.EvFill || k == carry.EvSettled }

// eventChanges alter one figure each.
var eventChanges = map[string]func(e *carry.Event, by int64){
	"at": func(e *carry.Event, by int64) { e.At += carry.Time(by) }, "pair": func(e *carry.Event, _ int64) { e.Pair++ },
	"leg": func(e *carry.Event, _ int64) { e.Leg = 1 - e.Leg }, "side": func(e *carry.Event, _ int64) { e.Side = -e.Side },
	"wallet": func(e *carry.Event, _ int64) { e.Wallet = 1 - e.Wallet }, "maker": func(e *carry.Event, _ int64) { e.Maker = !e.Maker },
	"code": func(e *carry.Event, _ int64) { e.Code++ }, "order": func(e *carry.Event, by int64) { e.Order += carry.OrderID(by) },
	"qty": func(e *carry.Event, by int64) { e.Qty += carry.Qty(by) }, "price": func(e *carry.Event, by int64) { e.Price += carry.Price(by) },
	"ref": func(e *carry.Event, by int64) { e.Ref += carry.Price(by) }, "amount": func(e *carry.Event, by int64) { e.Amount += carry.Amount(by) },
	"fee": func(e *carry.Event, by int64) { e.Fee += carry.Amount(by) }, "balance": func(e *carry.Event, by int64) { e.Balance += carry.Amount(by) },
	"balance2": func(e *carry.Event, by int64) { e.Balance2 += carry.Amount(by) }, "rate": func(e *carry.Event, by int64) { e.Rate += carry.SettledRate(by) },
	"left": func(e *carry.Event, by int64) { e.Left += carry.Qty(by) }, "asset": func(e *carry.Event, _ int64) { e.Asset++ },
	"fee in BNB": func(e *carry.Event, by int64) { e.FeeBNB += carry.Amount(by) }, "BNB": func(e *carry.Event, by int64) { e.BNB += carry.Amount(by) },
	"BNB2":               func(e *carry.Event, by int64) { e.BNB2 += carry.Amount(by) },
	"fee in coins, high": func(e *carry.Event, by int64) { e.FeeCoins.Hi += by }, "fee in coins, low": func(e *carry.Event, by int64) { e.FeeCoins.Lo += uint64(by) },
	"coins, high": func(e *carry.Event, by int64) { e.Coins.Hi += by }, "coins, low": func(e *carry.Event, by int64) { e.Coins.Lo += uint64(by) },
}

// Two runs with the same hash had the same outcomes: every figure of every
// outcome is in the journal, and nothing can be read in two ways.
func TestJournalHoldsEveryFigureOfAnOutcome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawEvent(t, "a")
		text := AppendEvent(nil, &a)
		by := rapid.Int64Range(1, 1<<40).Draw(t, "by")
		for name, change := range eventChanges {
			b := a
			change(&b, by)
			if !isFill(a.Kind) && (b.FeeCoins != a.FeeCoins || a.Asset <= carry.USDT && b.Coins != a.Coins) {
				continue // only fills and transfers of coins have coins
			}
			if other := AppendEvent(nil, &b); bytes.HasPrefix(other, text) || bytes.HasPrefix(text, other) {
				t.Fatalf("%s with another %s is written alike", a.Kind, name)
			}
		}
		b := drawEvent(t, "b")
		other := AppendEvent(nil, &b)
		if !bytes.Equal(text, other) && (bytes.HasPrefix(other, text) || bytes.HasPrefix(text, other)) {
			t.Fatalf("a record begins another: %v, %v", a, b)
		}
		if again := AppendEvent([]byte("x"), &a); !bytes.Equal(again[1:], text) {
			t.Fatal("the same event is written in another way")
		}
	})
}

// What the tape's hash covers is a mark in time only, and what the loop adds is
// not part of the record.
func TestJournalLeavesMarketContentsOut(t *testing.T) {
	a := carry.Event{Kind: carry.EvMarket, At: 5, Seq: 1, Market: &carry.Market{At: 5}}
	b := carry.Event{Kind: carry.EvMarket, At: 5, Seq: 2, Market: &carry.Market{At: 6}, Account: carry.NewAccount(1)}
	if !bytes.Equal(AppendEvent(nil, &a), AppendEvent(nil, &b)) {
		t.Error("a market's contents are in the journal")
	}
	b.At = 6
	if bytes.Equal(AppendEvent(nil, &a), AppendEvent(nil, &b)) {
		t.Error("a market's time is not in the journal")
	}
	for _, kind := range []carry.EventKind{carry.EvTimer, carry.EvRules} {
		x, y, z := carry.Event{Kind: kind, Pair: 1, ID: 2}, carry.Event{Kind: kind, Pair: 2, ID: 2}, carry.Event{Kind: kind, Pair: 1, ID: 3}
		if bytes.Equal(AppendEvent(nil, &x), AppendEvent(nil, &y)) || bytes.Equal(AppendEvent(nil, &x), AppendEvent(nil, &z)) {
			t.Errorf("%s: pair or number are not in the journal", kind)
		}
	}
}

func drawCommand(t *rapid.T) carry.Command {
	n := func(field string) int64 { return rapid.Int64().Draw(t, field) }
	return carry.Command{Kind: carry.CommandKind(1 + n("kind")&3), Leg: carry.Leg(n("leg") & 1), Side: carry.Side(2*(n("side")&1) - 1),
		Wallet: carry.Wallet(n("wallet") & 1), ReduceOnly: rapid.Bool().Draw(t, "reduce only"), Code: carry.Code(n("code")), Pair: int32(n("pair")),
		ID: uint32(n("id")), Order: carry.OrderID(n("order")), Qty: carry.Qty(n("qty")), Limit: carry.Price(n("limit")), Ref: carry.Price(n("ref")),
		Life: carry.Life(n("life") & 1), Show: carry.Qty(n("show") & 1), Asset: carry.Asset(n("asset")&3 - 1),
		Amount: carry.Amount(n("amount")), At: carry.Time(n("timer")), X: [3]float64{rapid.Float64().Draw(t, "x"), 1, 2}}
}

// commandChanges alter one figure each.
var commandChanges = map[string]func(c *carry.Command, by int64){
	"kind": func(c *carry.Command, _ int64) { c.Kind++ }, "leg": func(c *carry.Command, _ int64) { c.Leg = 1 - c.Leg },
	"side": func(c *carry.Command, _ int64) { c.Side = -c.Side }, "wallet": func(c *carry.Command, _ int64) { c.Wallet = 1 - c.Wallet },
	"reduce only": func(c *carry.Command, _ int64) { c.ReduceOnly = !c.ReduceOnly }, "code": func(c *carry.Command, _ int64) { c.Code++ },
	"pair": func(c *carry.Command, _ int64) { c.Pair++ }, "id": func(c *carry.Command, _ int64) { c.ID++ },
	"order": func(c *carry.Command, by int64) { c.Order += carry.OrderID(by) }, "qty": func(c *carry.Command, by int64) { c.Qty += carry.Qty(by) },
	"limit": func(c *carry.Command, by int64) { c.Limit += carry.Price(by) }, "ref": func(c *carry.Command, by int64) { c.Ref += carry.Price(by) },
	"life": func(c *carry.Command, _ int64) { c.Life++ }, "show": func(c *carry.Command, by int64) { c.Show += carry.Qty(by) },
	"asset":  func(c *carry.Command, _ int64) { c.Asset++ },
	"amount": func(c *carry.Command, by int64) { c.Amount += carry.Amount(by) }, "timer": func(c *carry.Command, by int64) { c.At += carry.Time(by) },
}

// Commands likewise; the floats behind a decision are for the reader.
func TestJournalHoldsEveryFigureOfACommand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCommand(t)
		at := carry.Time(rapid.Int64().Draw(t, "at"))
		by := rapid.Int64Range(1, 1<<40).Draw(t, "by")
		text := AppendCommand(nil, at, &c)
		for name, change := range commandChanges {
			d := c
			change(&d, by)
			if other := AppendCommand(nil, at, &d); bytes.HasPrefix(other, text) || bytes.HasPrefix(text, other) {
				t.Fatalf("a command with another %s is written alike", name)
			}
		}
		if bytes.Equal(AppendCommand(nil, at+1, &c), text) {
			t.Fatal("a command at another time is written alike")
		}
		d := c
		d.X = [3]float64{3, 4, 5}
		if !bytes.Equal(AppendCommand(nil, at, &d), text) {
			t.Fatal("the numbers behind a decision are in the journal")
		}
	})
}

// The hash is that of all records in order, however many there are and however
// often it is asked for.
func TestHashIsOfAllRecordsInOrder(t *testing.T) {
	hash := func(ask bool, from, to int) string {
		j := NewHashJournal()
		for k := from; k < to; k++ {
			ev := carry.Event{Kind: carry.EvPaid, At: carry.Time(k), Amount: carry.Amount(k * k)}
			c := carry.Command{Kind: carry.CmdOrder, Order: carry.OrderID(k)}
			if j.Event(&ev) != nil || j.Command(ev.At, &c) != nil {
				t.Fatal("the journal has an error")
			}
			if ask && k%100 == 0 {
				j.Sum()
			}
		}
		return j.Sum()
	}
	if hash(false, 0, 3000) != hash(true, 0, 3000) || hash(false, 0, 0) != NewHashJournal().Sum() {
		t.Error("asking for the hash changes it")
	}
	if hash(false, 0, 3000) == hash(false, 0, 2999) || hash(false, 1, 3000) == hash(false, 0, 3000) {
		t.Error("a missing record does not change the hash")
	}
	var none NoJournal
	if none.Event(nil) != nil || none.Command(0, nil) != nil {
		t.Error("no journal has errors")
	}
	ev, c := carry.Event{Kind: carry.EvFill, Order: 1}, carry.Command{Kind: carry.CmdOrder, Order: 1}
	j := NewHashJournal()
	if n := testing.AllocsPerRun(10_000, func() {
		_ = j.Event(&ev)
		_ = j.Command(1, &c)
	}); n > 0 {
		t.Errorf("a record allocates %v times", n)
	}
}

// BenchmarkJournal writes funding postings, the commonest outcome.
func BenchmarkJournal(b *testing.B) {
	j := NewHashJournal()
	ev := carry.Event{Kind: carry.EvPaid, At: 1621382400000, Pair: 41, Leg: carry.Perp, Wallet: carry.PerpWallet, Qty: 123_456,
		Price: 4_321_012_345_000, Amount: 5_314_840, Balance: 31_415_926_535_897, Rate: 10_000}
	b.ReportAllocs()
	for range b.N {
		if err := j.Event(&ev); err != nil {
			b.Fatal(err)
		}
	}
}
