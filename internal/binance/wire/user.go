package wire

import "carry"

// OrderNews is what happened to an order: spot's executionReport or the
// futures' ORDER_TRADE_UPDATE.
type OrderNews struct {
	Market         Market
	Symbol, Client string
	ID             int64
	Side           carry.Side
	Execution      string // NEW, TRADE, CANCELED, EXPIRED, REJECTED, CALCULATED, ...
	Status         string // NEW, PARTIALLY_FILLED, FILLED, ...
	Reason         string // why it was refused or expired, where it is told
	// Of a trade: quantity, price, value (spot only), fee and number. Quantities
	// and fee are text in decimals of their own.
	LastQty, Executed, OrigQty string
	Price                      carry.Price
	Quote                      carry.Amount
	Fee, FeeAsset              string
	TradeID                    int64
	Realised                   carry.Amount // perpetual: profit of what was closed
	Maker                      bool
	At                         carry.Time
}

// Trade tells whether something was executed.
func (n *OrderNews) Trade() bool { return n.Execution == "TRADE" || n.Execution == "CALCULATED" }

// BalanceNews is what a wallet holds afterwards.
type BalanceNews struct {
	Market Market
	At     carry.Time
	Reason string // ORDER, FUNDING_FEE, MARGIN_TRANSFER, ...; "" on spot
	// Balances by asset, free and locked together, as text.
	Balances []Holding
	// Positions by symbol: contracts, negative for a short.
	Positions []Holding
}

// Holding is an amount of something.
type Holding struct{ Name, Amount string }

// UserEvent is one event of a user's stream: one of the pointers, or only a
// kind.
type UserEvent struct {
	Kind    string // e of the event
	Order   *OrderNews
	Balance *BalanceNews
}

// DecodeUserEvent reads an event of spot's or the futures' user stream. Kinds
// that are not known are told by name and not read.
func DecodeUserEvent(body []byte, m Market) (UserEvent, error) {
	f := readFields(body)
	ev := UserEvent{Kind: f.text("e")}
	switch ev.Kind {
	case "executionReport":
		ev.Order = f.executionReport()
	case "ORDER_TRADE_UPDATE":
		ev.Order = f.orderTradeUpdate()
	case "outboundAccountPosition":
		ev.Balance = f.spotPosition()
	case "ACCOUNT_UPDATE":
		ev.Balance = f.accountUpdate()
	}
	if f.err != nil {
		return UserEvent{}, formatError("%s: %v", clip([]byte(ev.Kind)), f.err)
	}
	return ev, nil
}

func (f *fields) side(name string) carry.Side {
	switch f.text(name) {
	case "BUY":
		return carry.Buy
	case "SELL":
		return carry.Sell
	}
	f.fail(name, f.of[name])
	return 0
}

func (f *fields) executionReport() *OrderNews {
	n := &OrderNews{Market: Spot, Symbol: f.text("s"), Client: f.text("c"), ID: f.integer("i"), Side: f.side("S"), Execution: f.text("x"),
		Status: f.text("X"), Reason: f.text("r"), LastQty: f.text("l"), Executed: f.text("z"), OrigQty: f.text("q"), Price: carry.Price(f.fixed("L")),
		Quote: carry.Amount(f.fixed("Y")), Fee: f.text("n"), TradeID: f.integer("t"), Maker: f.truth("m"), At: f.moment("T")}
	if f.has("N") {
		n.FeeAsset = f.text("N")
	}
	if name := f.of["C"]; n.Execution == "CANCELED" && len(name) > 2 {
		n.Client = f.text("C") // of the order; c is then the cancellation's own
	}
	if n.Reason == "NONE" {
		n.Reason = ""
	}
	return n
}

func (f *fields) orderTradeUpdate() *OrderNews {
	o := f.object("o")
	n := &OrderNews{Market: Futures, Symbol: o.text("s"), Client: o.text("c"), ID: o.integer("i"), Side: o.side("S"), Execution: o.text("x"),
		Status: o.text("X"), LastQty: o.text("l"), Executed: o.text("z"), OrigQty: o.text("q"), Price: carry.Price(o.fixed("L")),
		TradeID: o.integer("t"), Realised: carry.Amount(o.fixed("rp")), Maker: o.truth("m"), At: o.moment("T"), FeeAsset: "USDT", Fee: "0"}
	if o.has("n") {
		n.Fee, n.FeeAsset = o.text("n"), o.text("N")
	}
	if o.has("er") {
		n.Reason = o.text("er")
	}
	if f.err == nil {
		f.err = o.err
	}
	return n
}

func (f *fields) spotPosition() *BalanceNews {
	b := &BalanceNews{Market: Spot, At: f.moment("E")}
	for _, raw := range f.list("B") {
		row := readFields(raw)
		free, locked := row.text("f"), row.text("l")
		sum, err := addText(free, locked)
		b.Balances = append(b.Balances, Holding{row.text("a"), sum})
		if f.err == nil && (row.err != nil || err != nil) {
			f.err = formatError("balance %s", clip(raw))
		}
	}
	return b
}

// addText adds two amounts of 1e-8.
func addText(a, b string) (string, error) {
	x, err := Coins(a)
	if err != nil {
		return "", err
	}
	y, err := Coins(b)
	if err != nil {
		return "", err
	}
	return x.Add(y).Decimal(8).StringFixed(8), nil
}

func (f *fields) accountUpdate() *BalanceNews {
	a := f.object("a")
	b := &BalanceNews{Market: Futures, At: f.moment("E"), Reason: a.text("m")}
	for _, raw := range a.list("B") {
		row := readFields(raw)
		b.Balances = append(b.Balances, Holding{row.text("a"), row.text("wb")})
		if a.err == nil {
			a.err = row.err
		}
	}
	for _, raw := range a.list("P") {
		row := readFields(raw)
		b.Positions = append(b.Positions, Holding{row.text("s"), row.text("pa")})
		if side := row.text("ps"); side != "BOTH" && row.err == nil {
			row.err = formatError("a position of side %s: the account is in hedge mode", clip([]byte(side)))
		}
		if a.err == nil {
			a.err = row.err
		}
	}
	if f.err == nil {
		f.err = a.err
	}
	return b
}
