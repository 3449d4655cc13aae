package carry

// CommandKind tells which fields of a Command have a meaning.
type CommandKind uint8

// Kinds of commands.
const (
	// CmdOrder: Pair, Leg, Side, Qty, Ref, Life; Limit 0 is a market order.
	// ReduceOnly on the perpetual. Show > 0 makes an iceberg of a resting order.
	CmdOrder CommandKind = iota + 1
	// CmdCancel: Order, Pair and Leg of the order to be canceled. The answer is
	// EvCanceled, or EvReject with CodeUnknownOrder where nothing is left of it,
	// which says nothing about fills: they were told or will be.
	CmdCancel
	// CmdTransfer: Amount USDT from Wallet to the other one; with another Asset
	// Qty of it (a pair's coin, in the pair's quanta) or Amount of it (BNB, 1e-8).
	CmdTransfer
	// CmdLeverage: sets the exchange's leverage of Pair to ID.
	CmdLeverage
	// CmdTimer: an EvTimer with the same ID at At.
	CmdTimer
	// CmdNote: a decision worth telling that is no order: Pair or -1, Code, X.
	CmdNote
)

var commandNames = [...]string{"none", "order", "cancel", "transfer", "leverage", "timer", "note"}

// String is the kind's name in files.
func (k CommandKind) String() string { return commandNames[k] }

// Life is how long an order lives.
type Life uint8

// The lives of an order. A market order (Limit 0) is always IOC.
const (
	// IOC fills at once what it can, within its limit; the rest is canceled.
	IOC Life = iota
	// GTC fills what it can and rests at its limit until filled or canceled.
	GTC
	// PostOnly only rests: refused where it would take (Binance's LIMIT_MAKER
	// and GTX).
	PostOnly
	// FOK fills all of it at once, within its limit, or nothing.
	FOK
)

var lifeNames = [...]string{"ioc", "gtc", "post-only", "fok"}

// String is the life's name in files.
func (l Life) String() string { return lifeNames[l] }

// Rests tells whether the order may stay in the book.
func (l Life) Rests() bool { return l == GTC || l == PostOnly }

// Command is something a core wants done. Code and X carry the reason and its
// numbers into the journal, the report and the status page.
type Command struct {
	Kind       CommandKind
	Leg        Leg
	Side       Side
	Wallet     Wallet
	Life       Life
	ReduceOnly bool
	Code       Code
	Pair       int32
	Asset      Asset // of a transfer
	ID         uint32
	Order      OrderID // unique within the run, given by the core
	Qty        Qty
	Show       Qty // visible part of an iceberg; 0: all of it
	Limit      Price
	Ref        Price // mid price at the decision
	Amount     Amount
	At         Time
	// X are the numbers behind the decision; their meaning follows from Code:
	// openings and closings: rate per 8 h, premium, mean rate; leverage and
	// transfers: used leverage, target, shortfall in USDT.
	X [3]float64
}

// Core decides. Step receives one event and appends its commands to out, which
// it returns. It must be pure: no clock, no randomness, no goroutine, no I/O,
// no iteration over a map, nothing global. Whatever it needs to know arrives in
// an event; whatever it wants done leaves as a command; what became of it
// arrives in later events.
type Core interface {
	Step(ev *Event, out []Command) []Command
}

// Journal records a run's outcomes and commands in order. Live, Event and
// Command return only after the record is durable.
type Journal interface {
	Event(ev *Event) error
	Command(at Time, c *Command) error
}
