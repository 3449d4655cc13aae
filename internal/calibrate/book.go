package calibrate

import (
	"fmt"
	"path/filepath"
)

// Level is one price level of a book; Qty in base units.
type Level struct{ Price, Qty float64 }

// Book is one snapshot, both sides from the best price outward.
type Book struct {
	AtMs       int64
	Bids, Asks []Level
}

// ReadBooks reads the recorded books (top 100 levels every 5 s) of a symbol.
func ReadBooks(data, leg, symbol string) ([]Book, error) {
	name := fmt.Sprintf("book100_%s_%s_20240808.csv.gz", leg, symbol)
	t, err := openTable(filepath.Join(data, "orderbook", name), "time_ms", "side", "level", "price", "qty")
	if err != nil {
		return nil, err
	}
	var out []Book
	for t.next() {
		at := int64(t.number("time_ms"))
		if len(out) == 0 || out[len(out)-1].AtMs != at {
			out = append(out, Book{AtMs: at})
		}
		b := &out[len(out)-1]
		side := &b.Asks
		if t.text("side") == "bid" {
			side = &b.Bids
		}
		if n := int(t.number("level")); n != len(*side) && t.err == nil {
			t.err = fmt.Errorf("level %d follows level %d", n, len(*side)-1)
		}
		*side = append(*side, Level{t.number("price"), t.number("qty")})
	}
	if err := t.close(); err != nil {
		return nil, err
	}
	for i := range out {
		if b := &out[i]; len(b.Bids) == 0 || len(b.Asks) == 0 || b.Asks[0].Price <= b.Bids[0].Price {
			return nil, fmt.Errorf("%s: the book at %d is not a book", name, b.AtMs)
		}
	}
	return out, nil
}

// HalfFrac is half the quoted spread as a fraction of mid.
func (b *Book) HalfFrac() float64 {
	return (b.Asks[0].Price - b.Bids[0].Price) / (b.Asks[0].Price + b.Bids[0].Price)
}

// WalkFrac is what an order of a value (USDT) pays beyond the best price when it
// eats one side's levels: mean price over best price, as a fraction. What the
// recorded levels do not hold is filled at the last of them and short is true:
// the true cost is then higher.
func WalkFrac(side []Level, valueUSDT float64) (costFrac float64, short bool) {
	left, coins := valueUSDT, 0.0
	for _, l := range side {
		v := min(left, float64(l.Price*l.Qty))
		coins += v / l.Price
		if left -= v; left <= 0 {
			break
		}
	}
	if left > 0 {
		coins += left / side[len(side)-1].Price
	}
	cost := valueUSDT/coins/side[0].Price - 1
	if side[len(side)-1].Price < side[0].Price {
		cost = -cost
	}
	return max(cost, 0), left > 0
}
