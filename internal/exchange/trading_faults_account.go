package exchange

import (
	"context"
	"strconv"

	"github.com/coder/websocket"

	"carry"
)

// Kinds of faults of the account.
const (
	hedgeMode        TradeFaultKind = "account-hedge-mode"
	multiAssetsMode  TradeFaultKind = "account-multi-assets"
	keyWithdraws     TradeFaultKind = "key-may-withdraw"
	keyAnywhere      TradeFaultKind = "key-from-anywhere"
	keyCannotTrade   TradeFaultKind = "key-may-not-trade"
	keyLost          TradeFaultKind = "key-lost"
	foreignTrade     TradeFaultKind = "foreign-trade"
	foreignPerpTrade TradeFaultKind = "foreign-perp-trade"
	foreignOrder     TradeFaultKind = "foreign-order"
	foreignTransfer  TradeFaultKind = "foreign-transfer"
	forcedADL        TradeFaultKind = "forced-adl"
	forcedLiquidate  TradeFaultKind = "forced-liquidation"
	balancesStale    TradeFaultKind = "balances-stale"
	positionsStale   TradeFaultKind = "positions-stale"
	leverageChanged  TradeFaultKind = "leverage-changed"
	leverageBusy     TradeFaultKind = "leverage-busy"
)

// accountFaults are what may happen to the account and its key.
var accountFaults = [...]tradeFault{
	{kind: hedgeMode, ids: "X11 T4", comes: "the account is in hedge mode at the start", right: RightRefuses, nth: 1, prob: 1},
	{kind: multiAssetsMode, ids: "T4", comes: "the account is in multi-assets mode at the start", right: RightRefuses, nth: 1, prob: 1},
	{kind: keyWithdraws, ids: "X21", comes: "the key may withdraw", right: RightRefuses, nth: 1, prob: 1},
	{kind: keyAnywhere, ids: "X21", comes: "the key is bound to no address", right: RightRefuses, nth: 1, prob: 1},
	{kind: keyCannotTrade, ids: "X21", comes: "the key may not trade futures", right: RightRefuses, nth: 1, prob: 1},
	{kind: keyLost, ids: "X21", comes: "the key loses all permissions in the middle: -2015 for good", right: RightStops, nth: 300, prob: 1, times: 1},
	{kind: foreignTrade, ids: "U8 H15", comes: "somebody buys coins of the universe", right: RightHalts, nth: 200, prob: 1, times: 1},
	{kind: foreignPerpTrade, ids: "U8", comes: "somebody sells contracts of the universe", right: RightHalts, nth: 200, prob: 1, times: 1},
	{kind: foreignOrder, ids: "U8", comes: "somebody leaves an order in the book", right: RightHalts, nth: 1200, prob: 1, times: 1},
	{kind: foreignTransfer, ids: "U8 T3", comes: "somebody moves USDT between the wallets", right: RightHalts, nth: 200, prob: 1, times: 1},
	{kind: forcedADL, ids: "U10 T6", comes: "a short is auto-deleveraged", right: RightHedged, nth: 100, prob: 0.05, times: 4},
	{kind: forcedLiquidate, ids: "U10 T5", comes: "a short is liquidated", right: RightHedged, nth: 100, prob: 0.05, times: 4},
	{kind: balancesStale, ids: "X12 N12", comes: "after a break, the spot account of the start is read once", right: RightEqual, nth: 100, prob: 0.02, times: 3},
	{kind: positionsStale, ids: "X12 N12", comes: "after a break, the futures account of the start is read once", right: RightEqual, nth: 100, prob: 0.02, times: 3},
	{kind: leverageBusy, ids: "X3 T4", comes: "leverage is not set: 503 with -1008", right: RightEqual, nth: 1, prob: 1, times: 3},
	{kind: leverageChanged, ids: "T4", comes: "somebody sets a contract's leverage to 1", right: RightEqual, nth: 100, prob: 1, times: 1},
}

// meddle does to the account what is due, after a happening was told.
func (t *Trading) meddle(ctx context.Context) {
	var kinds []TradeFaultKind
	if _, _, _, contracts := t.venue.Exchange().Balances(); t.anyShort(contracts) >= 0 {
		kinds = []TradeFaultKind{forcedADL, forcedLiquidate, foreignTrade, foreignPerpTrade, foreignOrder, foreignTransfer, balancesStale, positionsStale, leverageChanged}
	}
	switch kind := t.faults.pick(kinds...); kind {
	case forcedADL:
		t.force("adl_autoclose-")
	case forcedLiquidate:
		t.force("autoclose-")
	case foreignTrade:
		t.somebody(SpotMarket, carry.Buy, carry.IOC)
	case foreignPerpTrade:
		t.somebody(FuturesMarket, carry.Sell, carry.IOC)
	case foreignOrder:
		t.somebody(SpotMarket, carry.Buy, carry.GTC)
	case foreignTransfer:
		// That it may be refused changes nothing.
		t.acceptTransfer(&transfer{id: t.next(), kind: "MAIN_UMFUTURE", amount: 11 * carry.Unit, at: t.clock.at(), status: "PENDING"}, carry.SpotWallet)
	case balancesStale, positionsStale:
		m, p := SpotMarket, plugSpotAPI
		if kind == positionsStale {
			m, p = FuturesMarket, plugPrivate
		}
		t.staleReads[m] = 1
		t.hub.closeAll(websocket.StatusGoingAway, "a fault", func(k *socket) bool { return k.plug == p })
	case leverageChanged:
		t.leverage[t.info.Pairs[0].PerpSymbol] = 1
	}
}

// anyShort is a pair with contracts, −1 for none.
func (t *Trading) anyShort(contracts []carry.Qty) int {
	for i, q := range contracts {
		if q < 0 && t.market.Mark[i] > 0 {
			return i
		}
	}
	return -1
}

// force closes a short as the exchange itself would.
func (t *Trading) force(prefix string) {
	_, _, _, contracts := t.venue.Exchange().Balances()
	i := t.anyShort(contracts)
	o := &order{id: t.next(), market: FuturesMarket, pair: int32(i), side: carry.Buy, kind: "LIMIT", tif: "IOC", qty: -contracts[i], status: "NEW",
		created: t.clock.at(), updated: t.clock.at(), reduceOnly: true, ours: true}
	o.client = prefix + strconv.FormatInt(o.id, 10)
	t.orders.add(o)
	// An order that the market does not take is told as such.
	_ = t.send(o)
}

// somebody trades on the account by hand.
func (t *Trading) somebody(m Market, side carry.Side, life carry.Life) {
	i := t.faults.which(foreignTrade, len(t.info.Pairs))
	p, f := &t.info.Pairs[i], &t.rules[i].Legs[legOf(m)]
	ref := t.mid(legOf(m), int32(i)).Float()
	if ref <= 0 {
		return
	}
	o := &order{id: t.next(), market: m, pair: int32(i), side: side, kind: "MARKET", tif: "GTC", status: "NEW", life: life, created: t.clock.at(), updated: t.clock.at()}
	o.qty = p.QtyFloor(200 / ref)
	o.qty -= o.qty % f.Lot()
	o.client = "web_" + strconv.FormatInt(o.id, 10)
	if life == carry.GTC {
		o.kind, o.limit = "LIMIT", f.TickDown(ref*0.9)
	}
	t.accept(o)
}

// spoilSettings decides what the start is told of account and key.
func (t *Trading) spoilSettings(kind TradeFaultKind) bool { return t.faults.pick(kind) != "" }

// permissions are the key's, as a fault wants them.
func (t *Trading) permissions() Permissions {
	p := *t.opt.Permissions
	p.Withdrawals = p.Withdrawals || t.spoilSettings(keyWithdraws)
	p.IPRestrict = p.IPRestrict && !t.spoilSettings(keyAnywhere)
	p.Futures = p.Futures && !t.spoilSettings(keyCannotTrade)
	return p
}

// stale answers with the first answer of its kind, where a fault wants it so.
func (t *Trading) stale(m Market, a answer) answer {
	if t.firstRead[m] == nil {
		t.firstRead[m] = a.body
	}
	if t.staleReads[m] > 0 {
		t.staleReads[m]--
		a.body = t.firstRead[m]
	}
	return a
}

// locked tells whether the key has lost its permissions.
func (t *Trading) locked() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keyGone = t.keyGone || t.faults.pick(keyLost) != ""
	return t.keyGone
}

// misdeeds are what faults have begun and not ended.
type misdeeds struct {
	asked          *transfer // that a fault is about to hit
	late           []func()  // what is told after the next happening
	told           [marketCount][][]byte
	woke           bool // a timer rang while an order waited for its fill
	spoilt         spoiledMarket
	changed        changedRules
	stopUntil      [marketCount]carry.Time
	keyGone        bool
	staleReads     [marketCount]int
	firstRead      [marketCount][]byte
	spoiltRates    map[carry.Time]*spoiltSlot
	spoiltPayments map[carry.Time]*spoiltSlot
}

func newMisdeeds(n int) misdeeds {
	return misdeeds{changed: newChangedRules(n), spoiltRates: map[carry.Time]*spoiltSlot{}, spoiltPayments: map[carry.Time]*spoiltSlot{}}
}
