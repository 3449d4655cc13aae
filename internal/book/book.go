package book

import (
	"carry"
)

// Book is one account's books. It is not safe for concurrent use.
type Book struct {
	// OnPosting receives every change of every balance, after the event passed
	// all checks; nil switches the ledger off. The posting is valid only during
	// the call.
	OnPosting func(*Posting)
	// Rounding is by how much a venue's amount of one fill or payment may differ
	// from the book's own, USDT in 1e-8: an exchange whose rounding is not known. The
	// venue's holds then, and the difference is dust. 0, as in every simulation: not
	// at all.
	Rounding carry.Amount

	universe []carry.Pair
	pairs    []position
	wallets  [2]carry.Amount
	flows    carry.Wide // 1e-16 USDT
	bnb      bnb
	opened   bool // a snapshot was seen
	view     *carry.Account
	posting  Posting

	spot, mark []carry.Price // remembered by Mark
}

// position is what one pair owns and what has been posted for it. Balances and
// ledger are kept apart on purpose: the identity compares them.
type position struct {
	scale int64 // 10^(8−QtyDp): 1e-8 coins per quantum
	unit  int64 // 10^(8+QtyDp): divisor of Q·P·rate to 1e-8 USDT

	coins carry.Wide // 1e-8
	away  carry.Wide // coins in the futures wallet, 1e-8
	qty   int64      // quanta of contracts, negative when short
	cost  carry.Wide // 1e-16 USDT, signed notional at entry

	ledger ledger
}

// ledger sums a pair's postings.
type ledger struct {
	Parts
	coins carry.Wide // 1e-8, bought − sold − fees
	qty   int64      // contracts bought − sold
}

// New returns empty books for a universe. Pairs are indexed as in events;
// QtyDp must be 0..8.
func New(pairs []carry.Pair) *Book {
	b := &Book{
		universe: pairs,
		pairs:    make([]position, len(pairs)),
		view:     carry.NewAccount(len(pairs)),
		spot:     make([]carry.Price, len(pairs)),
		mark:     make([]carry.Price, len(pairs)),
	}
	for i := range pairs {
		b.pairs[i].scale = carry.Pow10[8-pairs[i].QtyDp]
		b.pairs[i].unit = carry.Pow10[8+pairs[i].QtyDp]
	}
	return b
}

// Account is the live view, updated in place by Apply. Changing it does not
// change the books.
func (b *Book) Account() *carry.Account { return b.view }

// Flows is the sum of the owner's deposits minus withdrawals, the opening
// balances included, in 1e-16 USDT.
func (b *Book) Flows() carry.Wide { return b.flows }

// Apply books one event. An error wraps ErrBooks: a *Mismatch where the venue's
// figure is not the book's, otherwise an event that can not be, or a figure out
// of range (carry.ErrOverflow). After an error the books are as before the event.
func (b *Book) Apply(ev *carry.Event) error {
	switch ev.Kind {
	case carry.EvMarket, carry.EvRates, carry.EvAck, carry.EvReject, carry.EvCanceled,
		carry.EvTimer, carry.EvRules, carry.EvLink, carry.EvOperator:
		return nil
	case carry.EvSnapshot:
		return b.snapshot(ev)
	case carry.EvFlow:
		return b.flow(ev)
	case carry.EvTransferred:
		return b.transfer(ev)
	}
	if ev.Pair < 0 || int(ev.Pair) >= len(b.pairs) {
		return invalid(ev, "its pair is not of this universe")
	}
	switch ev.Kind {
	case carry.EvPaid:
		return b.funding(ev)
	case carry.EvFill, carry.EvSettled:
		if ev.Leg == carry.Spot {
			return b.spotFill(ev)
		}
		return b.perpFill(ev)
	case carry.EvLiquidated:
		return b.perpFill(ev)
	}
	return invalid(ev, "the books do not know this kind")
}

// show copies a pair's balances and the wallets into the view.
func (b *Book) show(pair int32) {
	p, v := &b.pairs[pair], b.view
	v.SpotUSDT, v.PerpUSDT = b.wallets[carry.SpotWallet], b.wallets[carry.PerpWallet]
	v.BNB = b.bnb.wallets
	v.SpotCoins[pair], v.SpotCoinsF[pair] = p.coins, float(p.coins)/1e8
	v.PerpQty[pair], v.PerpQtyF[pair] = carry.Qty(p.qty), b.universe[pair].QtyFloat(carry.Qty(p.qty))
	v.PerpCost[pair], v.PerpCostF[pair] = p.cost, float(p.cost)/1e16
	if v.PerpCoins != nil || p.away != (carry.Wide{}) {
		if v.PerpCoins == nil {
			v.PerpCoins = make([]carry.Wide, len(b.pairs))
		}
		v.PerpCoins[pair] = p.away
	}
}
