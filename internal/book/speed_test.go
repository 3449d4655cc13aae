package book

import (
	"testing"

	"carry"
)

// cycle is a pair of books' events that leaves the account as it was, so that
// it can be applied for ever: short and cover, buy and sell back, no fees.
func cycle(b *Book) []carry.Event {
	const q, p = 123, carry.Price(4_321_012_345_000)
	perp, spot := b.wallets[carry.PerpWallet], b.wallets[carry.SpotWallet]
	cash := carry.Amount(q * int64(p) / 1000)
	fill := carry.Event{Kind: carry.EvFill, Leg: carry.Perp, Side: carry.Sell, Qty: q, Price: p, Ref: p - 1000, Balance: perp}
	cover := fill
	cover.Side = carry.Buy
	buy := carry.Event{Kind: carry.EvFill, Side: carry.Buy, Qty: q, Price: p, Ref: p - 1000, Amount: -cash, Balance: spot - cash, Coins: carry.WideFrom(12_300_000)}
	sell := buy
	sell.Side, sell.Amount, sell.Balance, sell.Coins = carry.Sell, cash, spot, carry.Wide{}
	return []carry.Event{fill, cover, buy, sell}
}

// settlement is one funding event on the short that cycle opens first; its
// balance must be brought up to date before each use.
func settlement(short *carry.Event) carry.Event {
	return carry.Event{Kind: carry.EvPaid, Wallet: carry.PerpWallet, Qty: short.Qty, Price: short.Price, Rate: 100,
		Amount: 531_484} // ⌊0.123 × 43210.12345 × 0.000001⌋ to 1e-8
}

func opened(t testing.TB) *Book {
	b := New(testPairs())
	b.OnPosting = func(*Posting) {}
	if err := b.Apply(&carry.Event{Kind: carry.EvSnapshot, Balance: testCapital, Balance2: testCapital}); err != nil {
		t.Fatal(err)
	}
	return b
}

func apply(t testing.TB, b *Book, events []carry.Event) {
	for i := range events {
		if err := b.Apply(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestApplyDoesNotAllocate(t *testing.T) {
	b := opened(t)
	events := append(cycle(b), carry.Event{Kind: carry.EvMarket})
	if n := testing.AllocsPerRun(100, func() { apply(t, b, events) }); n != 0 {
		t.Errorf("%v allocations for %d events", n, len(events))
	}
	short := events[0]
	apply(t, b, []carry.Event{short})
	pay := settlement(&short)
	if n := testing.AllocsPerRun(100, func() {
		pay.Balance = b.wallets[carry.PerpWallet] + pay.Amount
		if err := b.Apply(&pay); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a settlement", n)
	}
	prices := []carry.Price{1, 1, 1, 1}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := b.Residual(prices, prices); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a residual", n)
	}
}

// BenchmarkFill is one fill, half of them spot, half perpetual.
func BenchmarkFill(b *testing.B) {
	k := opened(b)
	events := cycle(k)
	b.ReportAllocs()
	for i := 0; i < b.N; i += len(events) {
		apply(b, k, events)
	}
}

// BenchmarkPaid is one funding settlement.
func BenchmarkPaid(b *testing.B) {
	k := opened(b)
	short := cycle(k)[0]
	apply(b, k, []carry.Event{short})
	ev := settlement(&short)
	b.ReportAllocs()
	for range b.N {
		ev.Balance = k.wallets[carry.PerpWallet] + ev.Amount
		if err := k.Apply(&ev); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMarket is the most frequent event, which the books ignore.
func BenchmarkMarket(b *testing.B) {
	k := opened(b)
	ev := carry.Event{Kind: carry.EvMarket}
	for range b.N {
		if err := k.Apply(&ev); err != nil {
			b.Fatal(err)
		}
	}
}
