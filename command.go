package carry

// CommandKind tells which fields of a Command have a meaning.
type CommandKind uint8

// Kinds of commands.
const (
	// CmdOrder: Pair, Leg, Side, Qty, Ref; Limit 0 is a market order,
	// otherwise immediate-or-cancel at Limit. ReduceOnly on the perpetual.
	CmdOrder CommandKind = iota + 1
	// CmdCancel: Order.
	CmdCancel
	// CmdTransfer: Amount USDT from Wallet to the other one.
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

// Command is something a core wants done. Code and X carry the reason and its
// numbers into the journal, the report and the status page.
type Command struct {
	Kind       CommandKind
	Leg        Leg
	Side       Side
	Wallet     Wallet
	ReduceOnly bool
	Code       Code
	Pair       int32
	ID         uint32
	Order      OrderID // unique within the run, given by the core
	Qty        Qty
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
