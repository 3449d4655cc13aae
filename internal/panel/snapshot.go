package panel

import (
	"math"
	"strconv"

	"carry"
)

// Figure is a number that may be missing: NaN and infinities are null in JSON.
type Figure float64

// MarshalJSON implements json.Marshaler.
func (f Figure) MarshalJSON() ([]byte, error) {
	if v := float64(f); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(nil, v, 'g', 10, 64), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Figure) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Figure(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	*f = Figure(v)
	return err
}

// Snapshot is a session at one moment, whole and never changed afterwards.
type Snapshot struct {
	Title
	Seq uint64     `json:"seq"` // of the last event
	At  carry.Time `json:"at_ms"`
	// WallMs is when this was taken, by the machine's clock.
	WallMs  int64 `json:"wall_ms"`
	Warming bool  `json:"warming"` // windows are being filled from the past
	State   State `json:"state"`
	Money   Money `json:"money"`
	// Parts say where the change of equity came from, USDT.
	Parts carry.Attribution `json:"attribution"`
	// NextSettlement is the earliest one of a pair that is held, else of any.
	NextSettlement carry.Time  `json:"next_settlement_ms"`
	Pairs          []PairLine  `json:"pairs"`
	Queue          []QueueLine `json:"queue"`
	// Slices of openings and of everything that reduces.
	Slices [2]SliceLine `json:"slices"`
	Counts Counts       `json:"counts"`
	Curve  Curve        `json:"curve"`
	Events []EventLine  `json:"events"` // newest first
	Alarms []Alarm      `json:"alarms"` // newest first
}

// Title is what does not change within a session.
type Title struct {
	Mode     string     `json:"mode"` // REHEARSAL, PAPER, ...
	Strategy string     `json:"strategy"`
	Preset   string     `json:"preset"`
	Program  string     `json:"program"`
	Source   string     `json:"source"`
	Started  int64      `json:"started_ms"` // by the machine's clock
	Leverage Thresholds `json:"leverage"`
}

// Thresholds of used leverage; 0 where there is none.
type Thresholds struct {
	Target    Figure `json:"target"`
	Alarm     Figure `json:"alarm"`
	Reduce    Figure `json:"reduce"`
	Emergency Figure `json:"emergency"`
}

// State is what the session does and what keeps it from more.
type State struct {
	Pool      string `json:"pool"` // NORMAL, ALARM, REDUCE, EMERGENCY, HALT; "" without a desk
	Halted    bool   `json:"halted"`
	Paused    bool   `json:"paused"`
	Killed    bool   `json:"killed"`
	LinksDown int    `json:"links_down"`
	Ended     string `json:"ended,omitempty"` // why, once it is over
}

// Money is the account in USDT at the last cross-section, by the books.
type Money struct {
	Equity Figure `json:"equity"`
	Start  Figure `json:"start"`
	Flows  Figure `json:"flows"`  // deposits less withdrawals since
	Adjust Figure `json:"adjust"` // added to Profit for display
	Profit Figure `json:"profit"`
	Day    Figure `json:"day"` // change since midnight UTC, without flows
	// Spot is the spot wallet's USDT, Futures the futures wallet's without
	// unrealised profit, Margin with it, Coins what the coins are worth.
	Spot    Figure `json:"spot"`
	Futures Figure `json:"futures"`
	Margin  Figure `json:"margin"`
	Coins   Figure `json:"coins"`
	// Notional of the shorts at mark; Limit of it, CoinLimit of one coin.
	Notional    Figure `json:"notional"`
	Limit       Figure `json:"limit"`
	CoinLimit   Figure `json:"coin_limit"`
	Used        Figure `json:"used"` // leverage: Notional / Margin
	Maintenance Figure `json:"maintenance"`
	// LiquidationUp is by how much all marks may rise before the first
	// liquidation, a fraction; null without shorts.
	LiquidationUp Figure `json:"liquidation_up"`
}

// PairLine is one pair.
type PairLine struct {
	Coin  string `json:"coin"`
	State string `json:"state"`
	// Why nothing is opened, or why it is being closed.
	Why            string     `json:"why"`
	Tradable       bool       `json:"tradable"`
	Rate8h         Figure     `json:"rate8h"` // predicted, a fraction per 8 h
	IntervalH      Figure     `json:"interval_h"`
	NextSettlement carry.Time `json:"next_settlement_ms"`
	OpenPremium    Figure     `json:"open_premium"`
	ClosePremium   Figure     `json:"close_premium"`
	Spot           Figure     `json:"spot"`
	Mark           Figure     `json:"mark"`
	Contracts      Figure     `json:"contracts"` // negative when short
	Coins          Figure     `json:"coins"`
	Gap            Figure     `json:"gap"`   // coins less those that the contracts stand for
	Value          Figure     `json:"value"` // short notional at mark, USDT
	Funding        Figure     `json:"funding"`
	Profit         Figure     `json:"profit"` // all parts, USDT
	Orders         int        `json:"orders"` // on their way
}

// Held tells whether anything of the pair is owned that could be closed: a desk
// calls a pair flat of which only dust is left.
func (p *PairLine) Held() bool { return p.State != "FLAT" && (p.Contracts != 0 || p.Coins != 0) }

// QueueLine is a place in the reduction queue, the first first.
type QueueLine struct {
	Coin         string `json:"coin"`
	Rate8h       Figure `json:"rate8h"`
	ClosePremium Figure `json:"close_premium"`
	Value        Figure `json:"value"`
	Skipped      bool   `json:"skipped"` // a leg cannot be traded now
}

// SliceLine counts orders, each leg's, and the premium they meant and made.
type SliceLine struct {
	Sent    int `json:"sent"`
	Filled  int `json:"filled"`
	Partly  int `json:"partly"` // something, then the rest was given up
	Missed  int `json:"missed"` // nothing
	Refused int `json:"refused"`
	// Seen is the premium between both legs' mid prices at the decisions, Got the
	// one between the fills, weighted by value; null before both legs had fills.
	Seen Figure `json:"seen"`
	Got  Figure `json:"got"`
}

// Counts of the session.
type Counts struct {
	Events       int `json:"events"`
	Commands     int `json:"commands"`
	Instants     int `json:"instants"`
	Fills        int `json:"fills"`
	Postings     int `json:"fundings"`
	Transfers    int `json:"transfers"`
	Liquidations int `json:"liquidations"`
	Unknown      int `json:"unknown"` // outcomes that were not known at first
	LinkBreaks   int `json:"link_breaks"`
}

// Curve is the session's past, thinned out to at most curveMax points.
type Curve struct {
	At     []carry.Time `json:"at_ms"`
	Equity []Figure     `json:"equity"`
	Used   []Figure     `json:"used"`
}

// EventLine is something that happened, or was decided.
type EventLine struct {
	At   carry.Time `json:"at_ms"`
	Coin string     `json:"coin,omitempty"`
	Code string     `json:"code"`
	Text string     `json:"text"`
}
