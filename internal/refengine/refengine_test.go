package refengine_test

import (
	"strings"
	"testing"

	"carry"
	"carry/internal/book"
	"carry/internal/refengine"
)

const start = carry.Time(1_600_000_000_000)

func fixed(t *testing.T, s string) int64 {
	t.Helper()
	v, err := carry.ParseFixed(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func vipFees(carry.Time) carry.Fees {
	return carry.Fees{SpotMaker: 0.00075, SpotTaker: 0.00075, PerpMaker: 0.00018, PerpTaker: 0.00045}
}

// story is a short life of an account. Its figures were worked out with exact
// fractions (Python's fractions module), not with this program.
func story(t *testing.T) []carry.Event {
	amt := func(s string) carry.Amount { return carry.Amount(fixed(t, s)) }
	price := func(s string) carry.Price { return carry.Price(fixed(t, s)) }
	coins := func(s string) carry.Wide { return carry.WideFrom(fixed(t, s)) }
	btc := func(kind carry.EventKind, leg carry.Leg, side carry.Side, q carry.Qty, p, amount, fee, balance string) carry.Event {
		return carry.Event{Kind: kind, Leg: leg, Side: side, Wallet: carry.Wallet(leg), Qty: q, Price: price(p), Ref: price("43200"),
			Amount: amt(amount), Fee: amt(fee), Balance: amt(balance)}
	}
	mark := price("43111.87654321")
	bought := btc(carry.EvFill, carry.Spot, carry.Buy, 123, "43210.98765432", "-5314.95148149", "0", "1685.04851851")
	bought.FeeCoins, bought.Coins = coins("0.00009225"), coins("0.12290775")
	sold := btc(carry.EvFill, carry.Spot, carry.Sell, 41, "43990.11111111", "1803.59455555", "1.35269592", "2987.29037814")
	sold.Coins = coins("0.08190775")
	return []carry.Event{
		{Kind: carry.EvSnapshot, Balance: amt("7000"), Balance2: amt("3000")},
		{Kind: carry.EvRules, Rules: &carry.Rules{LiquidationFeeFrac: 0.015}},
		bought,
		btc(carry.EvFill, carry.Perp, carry.Sell, 100, "43250.12345679", "0", "1.94625556", "2998.05374444"),
		btc(carry.EvFill, carry.Perp, carry.Sell, 23, "43251.1", "0", "0.44764889", "2997.60609555"),
		{Kind: carry.EvPaid, Wallet: carry.PerpWallet, Qty: 123, Price: mark, Rate: 10000, Amount: amt("0.53027608"), Balance: amt("2998.13637163")},
		{Kind: carry.EvPaid, Wallet: carry.PerpWallet, Qty: 123, Price: mark, Rate: -7531, Amount: amt("-0.39935092"), Balance: amt("2997.73702071")},
		btc(carry.EvFill, carry.Perp, carry.Buy, 41, "44000.00000001", "-30.73745145", "0.81180001", "2966.18776925"),
		{Kind: carry.EvTransferred, Wallet: carry.SpotWallet, Amount: amt("500"), Balance: amt("1185.04851851"), Balance2: amt("3466.18776925")},
		{Kind: carry.EvTransferred, Wallet: carry.SpotWallet, Amount: amt("900000"), Code: carry.CodeNotWithdrawable},
		sold,
		// Bankrupt: the contracts lost 3833.51590288, the wallet held less.
		btc(carry.EvLiquidated, carry.Perp, carry.Buy, 82, "90000.5", "-3466.18776925", "0", "0"),
	}
}

func btcPairs() []carry.Pair { return []carry.Pair{{Coin: "BTC", Mult: 1, QtyDp: 3}} }

func TestStoryWorkedOutWithFractions(t *testing.T) {
	e := refengine.New(btcPairs(), vipFees, carry.Amount(10_000*carry.Unit))
	b := book.New(btcPairs())
	spot, mark := []carry.Price{4_311_187_654_321}, []carry.Price{4_311_187_654_321}
	for i, ev := range story(t) {
		ev.At, ev.Seq = start+carry.Time(i)*carry.Hour, uint64(i+1)
		if err := e.Check(&ev); err != nil {
			t.Errorf("reference: %v", err)
		}
		if err := b.Apply(&ev); err != nil {
			t.Errorf("book: %v", err)
		}
		equity, err := b.Equity(spot, mark)
		if err != nil || !equity.Decimal(16).Equal(e.Equity(spot, mark)) {
			t.Errorf("after event %d: equity %s by the book, %s by the reference (%v)", ev.Seq, equity.Decimal(16), e.Equity(spot, mark), err)
		}
		if r, err := b.Residual(spot, mark); err != nil || r != (carry.Wide{}) {
			t.Errorf("after event %d: residual %v, %v", ev.Seq, r, err)
		}
	}
	// The fund bore 3833.51590288 − 3466.18776925; against the mark (Ref) the
	// liquidation itself cost 0.082 × (90000.5 − 43200).
	liquidation := b.Parts(0).Liquidation
	if got := liquidation.Decimal(16).String(); got != "-3470.31286637" {
		t.Errorf("liquidation part is %s", got)
	}
}

// Every figure of every event, one step off in either direction, is refused,
// and the account stays as it was.
func TestOneStepOffIsFound(t *testing.T) {
	e := refengine.New(btcPairs(), vipFees, carry.Amount(10_000*carry.Unit))
	for i, ev := range story(t) {
		ev.At, ev.Seq = start+carry.Time(i)*carry.Hour, uint64(i+1)
		for name, bend := range bends(&ev) {
			for _, d := range []int64{-1, 1} {
				wrong := ev
				bend(&wrong, d)
				err := e.Check(&wrong)
				if err == nil {
					t.Fatalf("event %d (%s): %s off by %d went through", ev.Seq, ev.Kind, name, d)
				}
				if !strings.Contains(err.Error(), ev.Kind.String()) {
					t.Errorf("the error does not name the event: %v", err)
				}
			}
		}
		if err := e.Check(&ev); err != nil {
			t.Fatalf("after the wrong ones the right one is refused: %v", err)
		}
	}
}

// bends are the ways in which this kind of event can be wrong.
func bends(ev *carry.Event) map[string]func(*carry.Event, int64) {
	m := map[string]func(*carry.Event, int64){}
	fill := ev.Kind == carry.EvFill || ev.Kind == carry.EvLiquidated
	if fill || ev.Kind == carry.EvPaid {
		m["amount"] = func(ev *carry.Event, d int64) { ev.Amount += carry.Amount(d) }
	}
	if fill {
		m["fee"] = func(ev *carry.Event, d int64) { ev.Fee += carry.Amount(d) }
		m["fee in coins"] = func(ev *carry.Event, d int64) { ev.FeeCoins = ev.FeeCoins.Add(carry.WideFrom(d)) }
	}
	if fill && ev.Leg == carry.Spot {
		m["coins"] = func(ev *carry.Event, d int64) { ev.Coins = ev.Coins.Add(carry.WideFrom(d)) }
	}
	if fill || ev.Kind == carry.EvPaid || ev.Kind == carry.EvSnapshot || ev.Kind == carry.EvTransferred && ev.Code == carry.OK {
		m["balance"] = func(ev *carry.Event, d int64) { ev.Balance += carry.Amount(d) }
	}
	if ev.Kind == carry.EvSnapshot || ev.Kind == carry.EvTransferred && ev.Code == carry.OK {
		m["second balance"] = func(ev *carry.Event, d int64) { ev.Balance2 += carry.Amount(d) }
	}
	return m
}

// Fees follow the schedule in force when the fill happened, by leg and role.
func TestFeesAreDatedPerLegAndRole(t *testing.T) {
	change := start + carry.Day
	schedule := func(at carry.Time) carry.Fees {
		if at < change {
			return vipFees(at)
		}
		return carry.Fees{SpotMaker: 0.0001, SpotTaker: 0.0002, PerpMaker: 0.0003, PerpTaker: 0.0004}
	}
	for _, c := range []struct {
		at    carry.Time
		leg   carry.Leg
		maker bool
		bnb   bool
		fee   string // of 1 BTC at 10,000: USDT on the perpetual and with BNB, else coins
	}{
		{change - 1, carry.Perp, false, false, "4.50000000"}, {change, carry.Perp, false, false, "4.00000000"},
		{change - 1, carry.Perp, true, false, "1.80000000"}, {change, carry.Perp, true, false, "3.00000000"},
		{change - 1, carry.Spot, false, false, "0.00075000"}, {change, carry.Spot, false, false, "0.00020000"},
		{change, carry.Spot, true, false, "0.00010000"},
		{change, carry.Spot, false, true, "2.00000000"},
	} {
		e := refengine.New(btcPairs(), schedule, 0)
		e.BuyFeeInUSDT = c.bnb
		ev := carry.Event{Kind: carry.EvFill, At: c.at, Leg: c.leg, Maker: c.maker, Side: carry.Buy, Qty: 1000, Price: 10_000 * carry.Unit}
		if err := e.Complete(&ev); err != nil {
			t.Fatal(err)
		}
		got := ev.Fee.String()
		if c.leg == carry.Spot && !c.bnb {
			got = ev.FeeCoins.Decimal(8).StringFixed(8)
		}
		if got != c.fee {
			t.Errorf("%s maker %t at %s: fee %s, want %s", c.leg, c.maker, c.at, got, c.fee)
		}
	}
}

func TestWhatCanNotBeIsRefused(t *testing.T) {
	short := carry.Event{Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Sell, Qty: 1000, Price: 10_000 * carry.Unit}
	for name, bad := range map[string]carry.Event{
		"crosses":  {Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Buy, Qty: 1001, Price: 10_000 * carry.Unit},
		"closes":   {Kind: carry.EvLiquidated, Leg: carry.Perp, Side: carry.Sell, Qty: 1, Price: carry.Unit},
		"paid on":  {Kind: carry.EvPaid, Qty: 999, Price: carry.Unit, Rate: 1},
		"universe": {Kind: carry.EvFill, Pair: 1, Qty: 1, Price: 1, Side: carry.Buy},
		"capital":  {Kind: carry.EvSnapshot, Balance: 2},
		"fit":      {Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Sell, Qty: 1 << 62, Price: 1 << 62},
	} {
		e := refengine.New(btcPairs(), vipFees, 1)
		e.LiquidationFee = func(int32, carry.Time) float64 { return 0.01 }
		if err := e.Complete(&short); err != nil {
			t.Fatal(err)
		}
		if err := e.Check(&bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// What a settlement costs is the venue's choice; it can be told.
func TestSettlementsCanHaveTheirOwnFees(t *testing.T) {
	e := refengine.New(btcPairs(), vipFees, 0)
	e.SettledFees = func(code carry.Code, _ carry.Time) carry.Fees {
		if code == carry.CodeDataEnd {
			return carry.Fees{}
		}
		return carry.Fees{PerpTaker: 0.001}
	}
	for _, c := range []struct {
		code carry.Code
		fee  carry.Amount
	}{{carry.CodeDataEnd, 0}, {carry.CodeDelisted, 10 * carry.Unit}} {
		ev := carry.Event{Kind: carry.EvSettled, Code: c.code, Leg: carry.Perp, Side: carry.Sell, Qty: 1000, Price: 10_000 * carry.Unit}
		if err := e.Complete(&ev); err != nil || ev.Fee != c.fee {
			t.Errorf("%s: fee %s, want %s (%v)", c.code, ev.Fee, c.fee, err)
		}
	}
}
