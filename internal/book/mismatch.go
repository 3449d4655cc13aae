package book

import (
	"errors"
	"fmt"
	"math"

	"carry"
)

// ErrBooks is wrapped by every error of Apply: the venue's figures and the
// book's differ, or an event can not be what it says. The run's result is void.
var ErrBooks = errors.New("books violated")

// Mismatch is one figure on which book and venue differ. It unwraps to ErrBooks.
type Mismatch struct {
	Seq    uint64
	Kind   carry.EventKind
	Pair   int32 // -1 where the figure belongs to no pair
	Coin   string
	Figure string     // "amount", "spot USDT", "futures USDT", "coins", "contracts"
	Dp     int32      // decimals of Want and Got
	Want   carry.Wide // by the book
	Got    carry.Wide // by the venue
}

// Error names the event, the figure and both values.
func (m *Mismatch) Error() string {
	where := ""
	if m.Pair >= 0 {
		where = " of " + m.Coin
	}
	return fmt.Sprintf("books violated: event %d (%s%s): %s is %s by the book, %s by the venue", m.Seq, m.Kind,
		where, m.Figure, m.Want.Decimal(m.Dp).StringFixed(m.Dp), m.Got.Decimal(m.Dp).StringFixed(m.Dp))
}

// Unwrap makes errors.Is(err, ErrBooks) hold.
func (m *Mismatch) Unwrap() error { return ErrBooks }

// mismatch reports a figure of 10^-dp. pair is -1 where it belongs to none.
func (b *Book) mismatch(ev *carry.Event, pair int32, figure string, dp int32, want, got carry.Wide) error {
	m := &Mismatch{Seq: ev.Seq, Kind: ev.Kind, Pair: pair, Figure: figure, Dp: dp, Want: want, Got: got}
	if pair >= 0 {
		m.Coin = b.universe[pair].Coin
	}
	return m
}

// rounded is the difference of a venue's amount from the book's own, if it may be
// rounding, else 0.
func (b *Book) rounded(ev *carry.Event, own carry.Amount) carry.Amount {
	const far = math.MaxInt64 / 2 // whose difference would not fit
	if b.Rounding == 0 || own > far || own < -far || ev.Amount > far || ev.Amount < -far {
		return 0
	}
	diff := ev.Amount - own
	if diff > b.Rounding || diff < -b.Rounding {
		return 0
	}
	return diff
}

// checkUSDT compares two figures of 1e-8 USDT.
func (b *Book) checkUSDT(ev *carry.Event, pair int32, figure string, want, got carry.Amount) error {
	if want == got {
		return nil
	}
	return b.mismatch(ev, pair, figure, 8, widen(int64(want)), widen(int64(got)))
}

// invalid reports an event that no venue may send.
func invalid(ev *carry.Event, why string) error {
	return fmt.Errorf("%w: event %d (%s): %s", ErrBooks, ev.Seq, ev.Kind, why)
}

// overflowed reports a figure outside the book's range.
func overflowed(ev *carry.Event) error {
	return fmt.Errorf("%w: event %d (%s): %w", ErrBooks, ev.Seq, ev.Kind, carry.ErrOverflow)
}
