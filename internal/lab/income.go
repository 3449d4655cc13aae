package lab

import (
	"fmt"
	"io"
	"strconv"

	"carry"

	"github.com/shopspring/decimal"
)

// Income is a session's income in the order in which it came: funding, profits of
// contracts, their fees, and each sale of coins against the lots it used up, first
// in, first out. All amounts are exact, in USDT. It says nothing about tax.
type Income struct {
	pairs []carry.Pair
	lots  [][]lot // by pair, oldest first
	lotN  int
	// Rows in order of time.
	Rows []IncomeRow
}

// lot is coins that were bought together.
type lot struct {
	n     int
	at    carry.Time
	coins decimal.Decimal
	cost  decimal.Decimal
}

// IncomeRow is one line: what came in (Gain > 0) or went out.
type IncomeRow struct {
	At   carry.Time
	Kind string // funding, contracts, contracts-fee, coins, bnb-fee
	Coin string
	// Quantity of coins or contracts; of funding what was held.
	Quantity decimal.Decimal
	// Of a sale of coins: the lot, when it was bought, its share of the cost and
	// what the sale brought after its fee.
	Lot            int
	Acquired       carry.Time
	Cost, Proceeds decimal.Decimal
	Gain           decimal.Decimal
	// Reference is the order's number, or e and the event's.
	Reference string
}

// NewIncome begins with nothing.
func NewIncome(pairs []carry.Pair) *Income {
	return &Income{pairs: pairs, lots: make([][]lot, len(pairs))}
}

// Event takes over what an event brought.
func (b *Income) Event(ev *carry.Event) error {
	ref := "e" + strconv.FormatUint(ev.Seq, 10)
	if ev.Order != 0 {
		ref = strconv.FormatUint(uint64(ev.Order), 10)
	}
	switch ev.Kind {
	case carry.EvPaid:
		b.row(ev, IncomeRow{Kind: "funding", Gain: usdtOf(ev.Amount), Reference: ref})
	case carry.EvFill, carry.EvSettled, carry.EvLiquidated:
		if ev.FeeBNB != 0 {
			worth := decimal.New(int64(ev.FeeBNB), -8).Mul(decimal.New(int64(ev.BNBPrice), -8))
			b.row(ev, IncomeRow{Kind: "bnb-fee", Gain: worth.Neg(), Reference: ref})
		}
		if ev.Leg == carry.Perp || ev.Kind == carry.EvLiquidated {
			if ev.Amount != 0 {
				b.row(ev, IncomeRow{Kind: "contracts", Gain: usdtOf(ev.Amount), Reference: ref})
			}
			if ev.Fee != 0 {
				b.row(ev, IncomeRow{Kind: "contracts-fee", Gain: usdtOf(-ev.Fee), Reference: ref})
			}
			return nil
		}
		coins := b.quantity(ev)
		if ev.Side == carry.Buy {
			b.lotN++
			b.lots[ev.Pair] = append(b.lots[ev.Pair], lot{b.lotN, ev.At, coins.Sub(ev.FeeCoins.Decimal(8)), usdtOf(ev.Fee - ev.Amount)})
			return nil
		}
		return b.sale(ev, coins, usdtOf(ev.Amount-ev.Fee), ref)
	}
	return nil
}

func usdtOf(a carry.Amount) decimal.Decimal { return decimal.New(int64(a), -8) }

func (b *Income) quantity(ev *carry.Event) decimal.Decimal {
	return decimal.New(int64(ev.Qty), -int32(b.pairs[ev.Pair].QtyDp))
}

func (b *Income) row(ev *carry.Event, r IncomeRow) {
	r.At, r.Coin, r.Quantity = ev.At, b.pairs[ev.Pair].Coin, b.quantity(ev)
	b.Rows = append(b.Rows, r)
}

// sale uses up the oldest lots. Shares are rounded to 1e-8 USDT; the last one of a
// lot and of a sale takes what is left, so that nothing is lost.
func (b *Income) sale(ev *carry.Event, coins, proceeds decimal.Decimal, ref string) error {
	left, brought := coins, proceeds
	for left.Sign() > 0 {
		lots := b.lots[ev.Pair]
		if len(lots) == 0 {
			return fmt.Errorf("income: %s %s are sold that were never bought in this journal", left, b.pairs[ev.Pair].Coin)
		}
		l := &lots[0]
		used := decimal.Min(left, l.coins)
		cost, part := l.cost, brought
		if used.LessThan(l.coins) {
			cost = l.cost.Mul(used).DivRound(l.coins, 8)
		}
		if used.LessThan(left) {
			part = brought.Mul(used).DivRound(left, 8)
		}
		b.Rows = append(b.Rows, IncomeRow{At: ev.At, Kind: "coins", Coin: b.pairs[ev.Pair].Coin, Quantity: used, Lot: l.n, Acquired: l.at, Cost: cost,
			Proceeds: part, Gain: part.Sub(cost), Reference: ref})
		l.coins, l.cost = l.coins.Sub(used), l.cost.Sub(cost)
		left, brought = left.Sub(used), brought.Sub(part)
		if l.coins.Sign() == 0 {
			b.lots[ev.Pair] = lots[1:]
		}
	}
	return nil
}

// Total of all rows, USDT.
func (b *Income) Total() decimal.Decimal {
	sum := decimal.Zero
	for k := range b.Rows {
		sum = sum.Add(b.Rows[k].Gain)
	}
	return sum
}

// Open is what the lots that are not sold yet have cost, USDT.
func (b *Income) Open() decimal.Decimal {
	sum := decimal.Zero
	for i := range b.lots {
		for k := range b.lots[i] {
			sum = sum.Add(b.lots[i][k].cost)
		}
	}
	return sum
}

// WriteRows writes the income as CSV.
func (b *Income) WriteRows(w io.Writer) error {
	if _, err := io.WriteString(w, "time_utc,kind,coin,quantity,lot,acquired_utc,cost_usdt,proceeds_usdt,gain_usdt,reference\n"); err != nil {
		return err
	}
	for k := range b.Rows {
		r := &b.Rows[k]
		lot, acquired, cost, proceeds := "", "", "", ""
		if r.Lot != 0 {
			lot, acquired, cost, proceeds = strconv.Itoa(r.Lot), r.Acquired.ISO(), r.Cost.StringFixed(8), r.Proceeds.StringFixed(8)
		}
		if _, err := fmt.Fprintf(w, "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", r.At.ISO(), r.Kind, r.Coin, r.Quantity, lot, acquired, cost, proceeds,
			r.Gain.StringFixed(8), r.Reference); err != nil {
			return err
		}
	}
	return nil
}

// WriteLots writes what is not sold yet as CSV.
func (b *Income) WriteLots(w io.Writer) error {
	if _, err := io.WriteString(w, "lot,coin,acquired_utc,quantity,cost_usdt\n"); err != nil {
		return err
	}
	for i := range b.lots {
		for _, l := range b.lots[i] {
			if _, err := fmt.Fprintf(w, "%d,%s,%s,%s,%s\n", l.n, b.pairs[i].Coin, l.at.ISO(), l.coins, l.cost.StringFixed(8)); err != nil {
				return err
			}
		}
	}
	return nil
}
