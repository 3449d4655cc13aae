package carry

// Wallet is one of the account's two wallets.
type Wallet uint8

// The spot wallet holds USDT and coins; the futures wallet holds USDT, which is
// margin for all shorts together.
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
	// empty of positions in a backtest, the exchange's truth live.
	EvSnapshot EventKind = iota + 1
	// EvPaid is one funding posting: Pair, Qty (short contracts), Rate, Price
	// (mark), Amount (received > 0), Wallet = PerpWallet, Balance after.
	EvPaid
	// EvRates carries all settled rates of the instant in Rates.
	EvRates
	// EvAck: the venue accepted Order.
	EvAck
	// EvReject: the venue refused Order; Code says why.
	EvReject
	// EvFill: Pair, Leg, Side, Order, Qty, Price, Ref; Amount is the signed
	// change of the leg's USDT wallet without the fee (perp: realised profit);
	// Fee and FeeCoins what was charged; Balance and Coins after.
	EvFill
	// EvCanceled: what was left of Order (Qty) will not be filled; Code why.
	EvCanceled
	// EvTransferred: Amount moved from Wallet to the other one; Balance is the
	// spot wallet's and Balance2 the futures wallet's USDT afterwards. With
	// Code ≠ 0 nothing moved.
	EvTransferred
	// EvLiquidated: the venue closed Qty contracts of Pair at Price; Amount is
	// the realised profit, Fee the liquidation fee, Balance after.
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
	// EvOperator: a person asks for something; Code says what.
	EvOperator
	// EvMarket: the cross-section in Market; last within its instant.
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
	Code   Code

	Order OrderID
	Qty   Qty
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
	// Balance is the concerned USDT wallet after the event, by the venue's own
	// books; Coins the coin balance after a spot fill, 1e-8 coins.
	Balance  Amount
	Balance2 Amount
	Coins    Wide
	Rate     SettledRate
	ID       uint32

	Market *Market
	Rates  []Settlement
	Rules  *Rules
	// Account is the book's view, set by the loop before Step.
	Account *Account
}

// Account is what the books say is owned. Slices are indexed by pair.
type Account struct {
	SpotUSDT Amount
	PerpUSDT Amount // futures wallet without unrealised profit
	// SpotCoins in 1e-8 coins; PerpQty is negative for a short.
	SpotCoins []Wide
	PerpQty   []Qty
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

// Equity is the account's value at m's prices: USDT of both wallets, coins at
// their last spot price, shorts at mark, in USDT. A leg that was never quoted
// counts as nothing, which can only happen where nothing is held.
func (a *Account) Equity(m *Market) float64 {
	sum := a.SpotUSDT.Float() + a.PerpUSDT.Float()
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
