package book

import "carry"

// PostingKind is why a balance changed.
type PostingKind uint8

// Kinds of postings. Rounding (dust) is no posting of its own where the exchange
// rounds as the book does: it is inside the amounts.
const (
	PostTrade          PostingKind = iota + 1 // spot: USDT against coins
	PostFee                                   // commission, in USDT or in the coin bought
	PostFunding                               // one funding settlement
	PostRealised                              // profit or loss of contracts closed
	PostTransfer                              // between the two wallets, posted twice
	PostLiquidationFee                        // the exchange's fee for a liquidation
	PostInsurance                             // what the insurance fund took over
	PostFlow                                  // the owner's deposit or withdrawal
	PostRounding                              // what the exchange rounded otherwise; see Book.Rounding
)

var postingNames = [...]string{"none", "trade", "fee", "funding", "realised", "transfer", "liquidation-fee", "insurance", "flow", "rounding"}

// String is the kind's name in files.
func (k PostingKind) String() string { return postingNames[k] }

// Assets of postings that are not in a pair's coin.
const (
	USDT = int32(-1)
	BNB  = int32(-2) // for fees
)

// Posting is one change of one balance. The sum of all postings of a wallet and
// asset is its balance.
type Posting struct {
	At     carry.Time
	Seq    uint64 // of the event
	Wallet carry.Wallet
	Kind   PostingKind
	Asset  int32      // USDT, BNB, or the pair whose coin it is
	Pair   int32      // the pair that caused it; -1 for transfers and flows
	Amount carry.Wide // 1e-8 USDT or coins, signed
	Order  carry.OrderID
}

// post hands one posting out; balances that do not change are not mentioned.
func (b *Book) post(ev *carry.Event, kind PostingKind, wallet carry.Wallet, asset, pair int32, amount carry.Wide) {
	if b.OnPosting == nil || amount == (carry.Wide{}) {
		return
	}
	b.posting = Posting{At: ev.At, Seq: ev.Seq, Wallet: wallet, Kind: kind, Asset: asset, Pair: pair,
		Amount: amount, Order: ev.Order}
	b.OnPosting(&b.posting)
}

func (b *Book) postUSDT(ev *carry.Event, kind PostingKind, wallet carry.Wallet, pair int32, amount carry.Amount) {
	b.post(ev, kind, wallet, USDT, pair, widen(int64(amount)))
}
