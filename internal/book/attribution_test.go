package book

import (
	"math"
	"strings"
	"testing"

	"carry"
)

// roundTrip opens, holds through one settlement and closes 2 BTC, at prices
// that can be followed by hand. Fees: 0.1 % on spot, in the coin when buying.
func roundTrip() []carry.Event {
	usd := func(x float64) carry.Amount { return carry.Amount(math.Round(x * carry.Unit)) }
	price := func(x float64) carry.Price { return carry.Price(usd(x)) }
	return []carry.Event{
		{Kind: carry.EvSnapshot, Balance: usd(30_000), Balance2: usd(10_000)},
		// Buys 2 at 10,010, mid 10,000; the fee is 0.002 coins.
		{Kind: carry.EvFill, Leg: carry.Spot, Side: carry.Buy, Qty: 2000, Price: price(10_010), Ref: price(10_000), Order: 1,
			Amount: usd(-20_020), FeeCoins: carry.WideFrom(200_000), Balance: usd(9_980), Coins: carry.WideFrom(199_800_000)},
		// Shorts 2 at 10,035, mid 10,040: a premium of 40 a coin at mid.
		{Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Sell, Qty: 2000, Price: price(10_035), Ref: price(10_040), Order: 2,
			Fee: usd(8.028), Balance: usd(9_991.972)},
		// 2 × 10,050 × 0.0001 received, then 2 × 10,000 × 0.0002 paid.
		{Kind: carry.EvPaid, Wallet: carry.PerpWallet, Qty: 2000, Price: price(10_050), Rate: 10_000, Amount: usd(2.01), Balance: usd(9_993.982)},
		{Kind: carry.EvPaid, Wallet: carry.PerpWallet, Qty: 2000, Price: price(10_000), Rate: -20_000, Amount: usd(-4), Balance: usd(9_989.982)},
		// Closes the short at 11,005, mid 11,000: loses 970 a contract.
		{Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Buy, Qty: 2000, Price: price(11_005), Ref: price(11_000), Order: 3,
			Amount: usd(-1_940), Fee: usd(8.804), Balance: usd(8_041.178)},
		// Sells 1.998 at 10,985, mid 10,990.
		{Kind: carry.EvFill, Leg: carry.Spot, Side: carry.Sell, Qty: 1998, Price: price(10_985), Ref: price(10_990), Order: 4,
			Amount: usd(21_948.03), Fee: usd(21.94803), Balance: usd(31_906.08197)},
	}
}

func TestRoundTripByHand(t *testing.T) {
	b := New(testPairs())
	for _, ev := range roundTrip() {
		if err := b.Apply(&ev); err != nil {
			t.Fatal(err)
		}
	}
	if b.Holds(0) {
		t.Fatal("something is left")
	}
	none := make([]carry.Price, 4) // nothing is held, so no price is needed
	total, err := b.Total(none, none)
	if err != nil {
		t.Fatal(err)
	}
	// Spot bought at mid 2 × 10,000, sold 1.998 × 10,990; 0.002 coins of fee are
	// a fee at mid, not basis. Perp sold at mid 2 × 10,040, bought 2 × 11,000.
	want := carry.Attribution{
		FundingReceived: 2.01, FundingPaid: -4,
		Basis:    -20_000 + 20 + 1.998*10_990 + 2*10_040 - 2*11_000,
		SpotFees: -20 - 21.94803, PerpFees: -8.028 - 8.804,
		Slippage: -20 - 10 - 10 - 1.998*5,
		Total:    31_906.08197 + 8_041.178 - 40_000,
	}
	got := total.Float()
	for _, f := range []struct {
		name      string
		got, want float64
	}{
		{"funding received", got.FundingReceived, want.FundingReceived}, {"funding paid", got.FundingPaid, want.FundingPaid},
		{"basis", got.Basis, want.Basis}, {"spot fees", got.SpotFees, want.SpotFees}, {"perp fees", got.PerpFees, want.PerpFees},
		{"slippage", got.Slippage, want.Slippage}, {"liquidation", got.Liquidation, 0}, {"dust", got.Dust, 0}, {"total", got.Total, want.Total},
	} {
		if math.Abs(f.got-f.want) > 1e-9 {
			t.Errorf("%s %.10f, want %.10f", f.name, f.got, f.want)
		}
	}
}

// A trip's share is the difference of two attributions, and shares add up.
func TestDifferencesOfAttributionsAddUp(t *testing.T) {
	b := New(testPairs())
	spot, mark := carry.Price(1_000_000_000_000), carry.Price(1_004_000_000_000)
	var last, sum Attribution
	for _, ev := range roundTrip() {
		if err := b.Apply(&ev); err != nil {
			t.Fatal(err)
		}
		now, err := b.Attribution(0, spot, mark)
		if err != nil {
			t.Fatal(err)
		}
		value, err := b.Value(0, spot, mark)
		if err != nil || now.Basis != now.BasisFlow.Add(value) {
			t.Fatalf("basis %v is not flow %v + value %v (%v)", now.Basis, now.BasisFlow, value, err)
		}
		share := now.Sub(last)
		for i, v := range share.Parts.list() {
			*sum.Parts.list()[i] = sum.Parts.list()[i].Add(*v)
		}
		sum.Basis, sum.Total = sum.Basis.Add(share.Basis), sum.Total.Add(share.Total)
		last = now
	}
	if sum != last || last.Parts != b.Parts(0) {
		t.Errorf("shares add up to %+v, the whole is %+v", sum, last)
	}
}

func TestMarkTakesWhatIsHeldAndMissesNoPrice(t *testing.T) {
	b := New(testPairs())
	for _, ev := range roundTrip()[:3] {
		if err := b.Apply(&ev); err != nil {
			t.Fatal(err)
		}
	}
	nan := math.NaN()
	m := &carry.Market{SpotLast: []float64{10_000.01, nan, 1, 1}, Mark: []float64{10_040.02, nan, 1, 1}}
	if err := b.Mark(m); err != nil {
		t.Fatal(err)
	}
	spot, mark := b.Marks()
	if spot[0] != 1_000_001_000_000 || mark[0] != 1_004_002_000_000 || spot[1] != 0 || mark[2] != 0 {
		t.Errorf("marks %v %v", spot, mark)
	}
	exact, err := b.Equity(spot, mark)
	if err != nil {
		t.Fatal(err)
	}
	if judged := b.Account().Equity(m); math.Abs(usdtFloat(exact)-judged) > 1e-9 {
		t.Errorf("exact equity %v, judged %v", usdtFloat(exact), judged)
	}
	for _, bad := range []*float64{&m.SpotLast[0], &m.Mark[0]} {
		was := *bad
		*bad = nan
		if err := b.Mark(m); err == nil || !strings.Contains(err.Error(), "BTC") {
			t.Errorf("a held leg without a price: %v", err)
		}
		*bad = was
	}
	none := make([]carry.Price, 4)
	if _, err := b.Residual(none, none); err == nil {
		t.Error("a held leg was valued at nothing")
	}
	for _, ev := range roundTrip()[3:] {
		if err := b.Apply(&ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Mark(m); err != nil {
		t.Fatal(err)
	}
	if spot, mark := b.Marks(); spot[0] != 0 || mark[0] != 0 {
		t.Errorf("what was sold still has the marks %v %v", spot[0], mark[0])
	}
}

func TestPostingsTellWhyAndForWhichOrder(t *testing.T) {
	b := New(testPairs())
	var got []string
	b.OnPosting = func(p *Posting) {
		asset := "USDT"
		if p.Asset != USDT {
			asset = b.universe[p.Asset].Coin
		}
		got = append(got, strings.Join([]string{p.Wallet.String(), asset, p.Kind.String(), p.Amount.Decimal(8).String()}, " "))
	}
	for _, ev := range roundTrip()[:4] {
		if err := b.Apply(&ev); err != nil {
			t.Fatal(err)
		}
	}
	move := carry.Event{Kind: carry.EvTransferred, Wallet: carry.PerpWallet, Amount: 5, Balance: 9_980*carry.Unit + 5, Balance2: b.wallets[1] - 5}
	if err := b.Apply(&move); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"spot USDT flow 30000", "futures USDT flow 10000",
		"spot USDT trade -20020", "spot BTC trade 2", "spot BTC fee -0.002",
		"futures USDT fee -8.028", "futures USDT funding 2.01",
		"futures USDT transfer -0.00000005", "spot USDT transfer 0.00000005",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("postings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
