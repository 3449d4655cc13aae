package carry

// Wallet is one of the account's two wallets.
type Wallet uint8

// The spot wallet holds USDT and coins; the futures wallet holds USDT, which is
// margin for all shorts together (cross) or divided among them (isolated). Coins
// may lie in the futures wallet, where they are no margin.
const (
	SpotWallet Wallet = iota
	PerpWallet
)

// String is the wallet's name in files.
func (w Wallet) String() string {
	if w == SpotWallet {
		return "spot"
	}
	return "futures"
}

// Asset is what a wallet holds: USDT, BNB for fees, or a pair's coin. BNB for
// fees is kept apart from BNB that a pair holds.
type Asset int32

// The assets that are no pair's coin; CoinOf has the others.
const (
	USDT Asset = 0
	BNB  Asset = -1
)

// CoinOf is the asset of a pair's coin.
func CoinOf(pair int) Asset { return Asset(pair + 1) }

// Pair is the pair whose coin the asset is, or -1.
func (a Asset) Pair() int {
	if a <= 0 {
		return -1
	}
	return int(a) - 1
}

// Side of an order or a fill.
type Side int8

// The sides; their values are the sign of the position they build.
const (
	Buy  Side = 1
	Sell Side = -1
)

// String is the side's name in files.
func (s Side) String() string {
	if s == Buy {
		return "buy"
	}
	return "sell"
}

// OrderID counts a run's orders and transfers from 1. With the run's id it is
// the client order id, so no two runs share one.
type OrderID uint64

// EventKind tells which fields of an Event have a meaning.
type EventKind uint8

// Kinds of events, in the order in which they happen within one instant.
const (
	// EvSnapshot is always the first event: the account as the venue sees it,
	// empty of positions in a backtest, the exchange's truth live. Another one
	// says that the run goes on after a crash: its balances are those of the
	// books, and what happened meanwhile follows. ID tells one start from another
	// in the names of orders.
	EvSnapshot EventKind = iota + 1
	// EvPaid is one funding posting: Pair, Qty (short contracts), Rate, Price
	// (mark), Amount (received > 0), Wallet = PerpWallet, Balance after.
	EvPaid
	// EvRates carries all settled rates of the instant in Rates.
	EvRates
	// EvAck: the venue accepted Order, which rests with Qty. With CodeUnknown the
	// answer was lost: the order may be there, filled or absent, and a later
	// EvAck, EvFill, EvReject or EvCanceled of it tells. Orders that do not rest
	// are not acknowledged.
	EvAck
	// EvReject: the venue refused Order; Code says why. With CodeUnknownOrder it
	// answers a cancel, and Order's own outcome is told elsewhere.
	EvReject
	// EvFill: Pair, Leg, Side, Order, Qty, Price, Ref; Amount is the signed
	// change of the leg's USDT wallet without the fee (perp: realised profit);
	// Fee, FeeCoins and FeeBNB what was charged; Balance, Coins and BNB after.
	// Left is what of the order may still be filled: with 0 it is done.
	EvFill
	// EvCanceled: what was left of Order (Qty) will not be filled; Code why
	// (CodeCanceled as asked, CodeVolume, CodePriceBand, CodeExpired, ...).
	EvCanceled
	// EvTransferred: Amount moved from Wallet to the other one; Balance is the
	// spot wallet's and Balance2 the futures wallet's USDT afterwards. Of another
	// Asset Qty (coin) or Amount (BNB) moved, and Coins, Coins2 or BNB, BNB2 are
	// the balances. With Code ≠ 0 nothing moved; after CodeUnknown, which locks
	// the sum, another one of the same Order tells what became of it.
	EvTransferred
	// EvLiquidated: the venue closed Qty contracts of Pair at Price, not always
	// all of them; Amount is the realised profit, Fee the liquidation fee,
	// Balance after. Code is CodeLiquidated, or CodeADL where a short that was
	// winning was taken away.
	EvLiquidated
	// EvSettled: the venue closed what was left of both or one leg because the
	// pair ended; fields as in EvFill, Code CodeDelisted or CodeDataEnd.
	EvSettled
	// EvFlow: the owner's deposit (Amount > 0) or withdrawal; Wallet, Balance.
	EvFlow
	// EvTimer: a Timer command comes back; ID tells which.
	EvTimer
	// EvRules: Pair's rules changed to Rules.
	EvRules
	// EvLink: the venue's connection went down (Code ≠ 0) or came back.
	EvLink
	// EvOperator: a person asks for something; Code says what (Amount of it, of
	// Pair or of all, -1). A receipt for an alarm (CodeAlarmSent, CodeAlarmLost)
	// has the alarm's reason as ID, its number in Order, and asks for nothing.
	EvOperator
	// EvMarket: the cross-section in Market; last within its instant. Within a
	// bar (Market.Within) it follows whatever happened then.
	EvMarket
)

var eventNames = [...]string{"none", "snapshot", "paid", "rates", "ack", "reject", "fill", "canceled",
	"transferred", "liquidated", "settled", "flow", "timer", "rules", "link", "operator", "market"}

// String is the kind's name in files.
func (k EventKind) String() string { return eventNames[k] }

// Event is something that happened. It is flat so that a run is one contiguous
// stream; Kind says which fields count. Events are read-only for a core and
// valid only during the Step that receives them.
type Event struct {
	Kind EventKind
	At   Time
	Seq  uint64 // position in the run, from 1, set by the loop

	Pair   int32
	Leg    Leg
	Side   Side
	Wallet Wallet
	Maker  bool
	// Isolated: the liquidated position had a margin of its own, so the insurance
	// fund may have paid although the wallet is not empty.
	Isolated bool
	Code     Code

	Order OrderID
	Asset Asset // of a transfer
	Qty   Qty
	Left  Qty
	Price Price
	// Ref is the mid price at the decision, copied from the order; slippage is
	// measured against it. Liquidations and settlements carry the venue's mark.
	Ref Price
	// Amount is the wallet movement without fee.
	Amount Amount
	// Fee is charged in USDT on top of Amount (positive: paid).
	Fee Amount
	// FeeCoins is charged in the coin bought, 1e-8 coins (positive: paid).
	FeeCoins Wide
	// FeeBNB is charged in BNB instead, in 1e-8 (positive: paid), from the leg's
	// wallet and worth BNBPrice, USDT, then.
	FeeBNB   Amount
	BNBPrice Price
	// Balance is the concerned USDT wallet after the event, by the venue's own
	// books; Coins the coin balance after a spot fill, 1e-8 coins.
	Balance  Amount
	Balance2 Amount
	Coins    Wide
	Coins2   Wide // in the futures wallet
	// BNB is the concerned wallet's BNB for fees after the event, 1e-8; where
	// both wallets are told it is spot's and BNB2 the futures wallet's.
	BNB, BNB2 Amount
	Rate      SettledRate
	ID        uint32
	// Number is the exchange's own of the trade, transfer or payment; 0 where there
	// is none, as in a simulation. After a crash it tells what was told already.
	Number int64

	Market *Market
	Rates  []Settlement
	Rules  *Rules
	// Account is the book's view, set by the loop before Step.
	Account *Account
}

// Account is what the books say is owned. Slices are indexed by pair.
type Account struct {
	SpotUSDT Amount
	PerpUSDT Amount    // futures wallet without unrealised profit
	BNB      [2]Amount // for fees, by wallet, 1e-8
	// SpotCoins in 1e-8 coins; PerpQty is negative for a short.
	SpotCoins []Wide
	PerpQty   []Qty
	// PerpCoins are coins in the futures wallet, which are no margin; nil until
	// there are any.
	PerpCoins []Wide
	// PerpCost is the signed notional at entry of the open contracts, exact in
	// 1e-16 USDT: unrealised profit = PerpQty × mark − PerpCost.
	PerpCost []Wide
	// Floats of the same, for judging: coins, contracts and USDT.
	SpotCoinsF, PerpQtyF, PerpCostF []float64
}

// NewAccount returns an empty account for n pairs.
func NewAccount(n int) *Account {
	return &Account{
		SpotCoins: make([]Wide, n), PerpQty: make([]Qty, n), PerpCost: make([]Wide, n),
		SpotCoinsF: make([]float64, n), PerpQtyF: make([]float64, n), PerpCostF: make([]float64, n),
	}
}

// Equity is the account's value at m's prices: USDT and BNB of both wallets,
// coins at their last spot price, shorts at mark, in USDT. A leg that was never quoted
// counts as nothing, which can only happen where nothing is held.
func (a *Account) Equity(m *Market) float64 {
	sum := a.SpotUSDT.Float() + a.PerpUSDT.Float()
	if b := a.BNB[SpotWallet] + a.BNB[PerpWallet]; b != 0 {
		sum += float64(b.Float() * m.BNBUSDT)
	}
	for i := range a.PerpCoins {
		if c := a.PerpCoins[i]; c != (Wide{}) {
			sum += float64(c.Float() / Unit * m.SpotLast[i])
		}
	}
	for i := range a.PerpQtyF {
		if c := a.SpotCoinsF[i]; c != 0 {
			sum += float64(c * m.SpotLast[i])
		}
		if q := a.PerpQtyF[i]; q != 0 {
			sum += float64(q*m.Mark[i]) - a.PerpCostF[i]
		}
	}
	return sum
}
