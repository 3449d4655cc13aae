package book

import (
	"errors"
	"testing"

	"carry"

	"pgregory.net/rapid"
)

// Where the exchange rounds otherwise than the book, by no more than is allowed,
// its figures hold, each difference is a posting and dust, and everything is still
// explained to the last digit. One step more is an error, and so is any where
// nothing is allowed.
func TestRoundingOfTheExchangeIsDust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 3
		b, sum, posted := New(testPairs()), carry.Amount(0), carry.Amount(0)
		b.OnPosting = func(p *Posting) {
			if p.Kind == PostRounding {
				d, _ := p.Amount.Int64()
				posted += carry.Amount(d)
			}
		}
		var drift [2]carry.Amount
		for k, ev := range roundTrip() {
			ev.Seq = uint64(k + 1)
			w := carry.Wallet(ev.Leg)
			if ev.Kind == carry.EvPaid {
				w = ev.Wallet
			}
			// An opening of a short realises nothing; there is nothing to round.
			if ev.Kind == carry.EvPaid || ev.Kind == carry.EvFill && ev.Amount != 0 {
				d := carry.Amount(rapid.Int64Range(-most, most).Draw(t, "off"))
				b.Rounding = most
				for _, wrong := range [...]carry.Amount{most + 1, -most - 1} {
					bad := ev
					bad.Amount, bad.Balance = ev.Amount+wrong, ev.Balance+drift[w]+wrong
					if err := b.Apply(&bad); !errors.Is(err, ErrBooks) {
						t.Fatalf("%s off by %d went through: %v", ev.Kind, wrong, err)
					}
				}
				if d != 0 {
					b.Rounding = 0
					bad := ev
					bad.Amount, bad.Balance = ev.Amount+d, ev.Balance+drift[w]+d
					if err := b.Apply(&bad); !errors.Is(err, ErrBooks) {
						t.Fatalf("%s off by %d went through a strict book: %v", ev.Kind, d, err)
					}
					b.Rounding = most
				}
				ev.Amount += d
				drift[w] += d
				sum += d
			}
			ev.Balance += drift[w]
			if ev.Kind == carry.EvSnapshot {
				ev.Balance2 += drift[1]
			}
			if err := b.Apply(&ev); err != nil {
				t.Fatal(err)
			}
			spot, mark := make([]carry.Price, 4), make([]carry.Price, 4)
			for i := range spot {
				spot[i], mark[i] = 1_000_000_000_000, 1_000_000_000_000
			}
			if r, err := b.Residual(spot, mark); err != nil || r.Sign() != 0 {
				t.Fatalf("residual %s after %s (%v)", r.Decimal(16), ev.Kind, err)
			}
		}
		none := make([]carry.Price, 4)
		total, err := b.Total(none, none)
		if err != nil {
			t.Fatal(err)
		}
		if want := usdt16(sum); total.Dust != want || posted != sum {
			t.Fatalf("dust %s and postings %s, the exchange rounded away %s", total.Dust.Decimal(16), posted, sum)
		}
	})
}
