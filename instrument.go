package carry

import "math"

// Leg is one of a pair's two instruments.
type Leg uint8

// The two legs of a pair.
const (
	Spot Leg = iota
	Perp
)

// String is the leg's name in logs and files.
func (l Leg) String() string {
	if l == Spot {
		return "spot"
	}
	return "perp"
}

// Other is the opposite leg.
func (l Leg) Other() Leg { return 1 - l }

// Pair is a coin that trades on spot and as a USDT perpetual. What can change
// over time (filters, brackets, fees) is not here but in dated Rules.
type Pair struct {
	Coin       string // BTC
	SpotSymbol string // BTCUSDT
	PerpSymbol string // BTCUSDT, 1000SHIBUSDT
	// Mult is the number of coins in one contract: 1, or 1000 for 1000SHIB.
	Mult int64
	// QtyDp: one Qty is 10^-QtyDp coins (spot) or contracts (perp); 0..8.
	QtyDp int8
	// Listed is when the perpetual first traded or was first funded, whichever
	// is known; the age filter counts from here.
	Listed Time
}

// QtyUnit is the number of quanta in one coin or contract.
func (p *Pair) QtyUnit() int64 { return Pow10[p.QtyDp] }

// QtyFloat is q in coins (spot) or contracts (perp).
func (p *Pair) QtyFloat(q Qty) float64 { return float64(q) / float64(p.QtyUnit()) }

// Filters are one instrument's trading rules. A zero switches that rule off,
// as in Binance's own messages.
type Filters struct {
	Tick        Price  // price step
	Step        Qty    // quantity step, in the pair's quanta
	MinQty      Qty    //
	MaxQty      Qty    //
	MarketStep  Qty    // step of market orders; 0 means Step
	MarketMax   Qty    // 0 means MaxQty
	MinNotional Amount // smallest order value; the perpetual exempts reduce-only orders
	MaxNotional Amount // largest order value
	// MarketSmall is true where MinNotional does not bind market orders
	// (applyMinToMarket false), MarketLarge where MaxNotional does not.
	MarketSmall, MarketLarge bool
	// MinPrice and MaxPrice bound a limit; 0 is no bound.
	MinPrice, MaxPrice Price
	// PercentUp and PercentDown bound an order's price as multiples of the
	// reference price (spot: 5-minute mean; perp: mark). A market order fills
	// within them and no further.
	PercentUp, PercentDown float64
	// MaxOrders is how many orders may rest on the symbol, IcebergParts in how
	// many parts an iceberg may show itself.
	MaxOrders, IcebergParts int
}

// Bracket is one step of a perpetual's maintenance-margin ladder.
//
// Maintenance margin of notional N in the bracket is N × MMR − Cum, with
// cum_n = cum_{n−1} + floor_n × (MMR_n − MMR_{n−1}) (binance.md §2.6).
type Bracket struct {
	Floor       float64 // notional, USDT, inclusive
	Cap         float64 // notional, USDT, exclusive; the last one's is +Inf
	MMR         float64 // maintenance margin rate, fraction of notional
	Cum         float64 // USDT
	MaxLeverage float64 // 0 where the source does not tell
}

// Rules are what holds for one pair from a moment on: both legs' filters, the
// bracket ladder, the liquidation fee and the interest term of the funding
// rate.
type Rules struct {
	Pair int32
	// From is when the rules start to hold in a run. The earliest known rules
	// of a pair hold from the beginning of time and are then Assumed.
	From Time
	// Recorded is when the facts were seen; 0 where nothing was recorded and
	// the figures are this program's conservative defaults.
	Recorded Time
	Assumed  bool
	// EndsAt is the announced delivery of the contract; 0 while none is.
	EndsAt Time

	Legs               [2]Filters
	Brackets           []Bracket
	LiquidationFeeFrac float64
	Interest8h         float64 // interest term per 8 h, usually 0.0001
}

// MaintenanceMargin is the margin below which a position of this notional
// (USDT, ≥ 0) is liquidated. Without brackets it is 2.5 % of notional.
func MaintenanceMargin(brackets []Bracket, notional float64) float64 {
	if len(brackets) == 0 {
		return float64(notional * 0.025)
	}
	i := 0
	for i+1 < len(brackets) && notional >= brackets[i].Cap {
		i++
	}
	return float64(notional*brackets[i].MMR) - brackets[i].Cum
}

// MarginRung remembers on which rung of a ladder a position stood, since the
// next look nearly always finds it there. It belongs to one ladder and starts
// as its zero value, which is on no rung.
type MarginRung struct{ from, to, mmr, cum float64 }

// Margin is MaintenanceMargin(brackets, notional).
func (r *MarginRung) Margin(brackets []Bracket, notional float64) float64 {
	if !(notional >= r.from && notional < r.to) {
		r.find(brackets, notional)
	}
	return float64(notional*r.mmr) - r.cum
}

func (r *MarginRung) find(brackets []Bracket, notional float64) {
	*r = MarginRung{to: math.Inf(1), mmr: 0.025}
	for i := range brackets {
		b := &brackets[i]
		*r = MarginRung{from: r.from, to: math.Inf(1), mmr: b.MMR, cum: b.Cum}
		if i+1 == len(brackets) {
			return
		}
		if !(notional >= b.Cap) {
			r.to = b.Cap
			return
		}
		r.from = max(r.from, b.Cap)
	}
}

// Fees are the commission rates of one account tier from a moment on, as
// fractions of traded value.
type Fees struct {
	From                 Time
	SpotMaker, SpotTaker float64
	PerpMaker, PerpTaker float64
	Note                 string // where the figures come from
}
