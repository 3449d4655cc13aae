package carry

// Code is a reason: why an order was refused, a position changed or an alarm
// was raised. Journal, report and status all print the same word.
type Code uint8

// Reasons. Their order is part of the journal's format: add at the end.
const (
	OK Code = iota

	// Venue's refusals.
	CodeHalted          // the leg has no market now
	CodeInsufficient    // the wallet does not hold enough
	CodeMargin          // the futures wallet cannot carry the position
	CodeFilter          // a rule without a code of its own
	CodeReduceOnly      // a reduce-only order would not reduce
	CodeNotWithdrawable // the transfer exceeds what can be withdrawn
	CodeUnknownOrder    // nothing to cancel: done already, or never there
	CodeVolume          // the bar's volume did not suffice for all
	CodeExpired         // not filled within its time

	// Gate's refusals.
	CodeGateLimit  // over the configured limits
	CodeGateRate   // too many orders in a span
	CodeGateKilled // the kill switch is on
	CodeGateFilter // would break the exchange's filters

	// Why a pair is not opened.
	CodeNotScreened   // the screen's window is not full
	CodeMeanLow       // mean rate below openMeanMinFrac
	CodeTooNew        // minAgeD
	CodeTooWild       // maxDailyVolFrac
	CodeTooThin       // minVolumeUSDT
	CodeWorstRate     // worstRateMinFrac
	CodeNotNamed      // not among the coins asked for
	CodeRateLow       // openRateMinFrac
	CodePremiumLow    // openPremiumMinFrac
	CodePremiumFloor  // negPremiumFloorFrac
	CodeNoRoom        // limits are used up
	CodeNoCash        // waiting for cash or margin
	CodePoolAlarm     // used leverage above leverageAlarmX
	CodeReopenWait    // reopenAfterH is not over
	CodeStale         // a quote or a settlement is missing
	CodeDirection     // direction switch
	CodeNotProfitable // baseline has nothing to do

	// Why a position changes.
	CodeOpen           // all opening gates hold
	CodeTopUp          // value below topUpBelowFrac × limit
	CodeCloseRate      // predicted rate at or below closeRateMaxFrac
	CodeCloseMean      // mean below closeMeanMaxFrac
	CodeCloseUniverse  // left the universe
	CodeCloseRise      // riseCloseFrac
	CodeClosePremium   // premium to take
	CodeTrimRise       // value over limit × (1 + riseTrimFrac)
	CodeReduceLeverage // used leverage above leverageReduceX
	CodeEmergency      // used leverage above leverageEmergencyX
	CodeRebalance      // wallets towards the target ratio
	CodeRepair         // legs differ by more than the tolerance
	CodeOperatorClose  // asked by a person
	CodeHold           // baseline buys or keeps
	CodeDust           // remainder below the minimum

	// Things that happen to the account.
	CodeLiquidated // by the exchange
	CodeADL        // by the exchange, a winning short
	CodeDelisted   // contract settled by the exchange
	CodeDataEnd    // no more data: valued out at the last prices
	CodeAlarm      // used leverage above leverageAlarmX
	CodeCalm       // back at or below leverageTargetX
	CodeFundingGap // a settlement is missing
	CodeForeign    // a position that is not ours

	// What an operator asks for.
	CodePause
	CodeResume
	CodeCloseAll
	CodeKill
	CodeWithdraw // wants to take Amount out; it leaves as soon as it is free

	// More of the venue's answers.
	CodeUnknown       // the answer was lost: a later event tells what became of it
	CodeFailed        // the venue failed and nothing happened
	CodeCanceled      // canceled as asked
	CodePostOnly      // a post-only order would have taken
	CodePriceBand     // beyond the percent-price band or the market order's protection
	CodeTick          // off the price step, or below or above all prices
	CodeLot           // off the quantity step, too small or too large
	CodeNotional      // worth too little or too much
	CodeManyOrders    // too many orders are open
	CodeIceberg       // an iceberg of too many parts
	CodeDuplicate     // an order with this id is there already
	CodeThrottled     // too many requests, or the venue is overloaded; not executed
	CodeLeverage      // too large at the leverage set
	CodeNotAllowed    // key, account or symbol may not do this
	CodeClock         // the clocks differ too much; not executed
	CodeFundingWindow // charged near a settlement on the worse of two positions

	// What the desk says of a pair's or the pool's state.
	CodeKnown     // an outcome that was unknown is known now
	CodeBlocked   // one leg has no market
	CodeUnblocked // both legs trade again
	CodeRetry     // the follower of a refused leg, once more
	CodePoolHalt  // repair and reduce only
	CodeFlow      // the owner's deposit or withdrawal

	// Alarms that are no decision, and what became of alarms.
	CodeNearLiquidation // the next liquidation is nearer than it should be
	CodeDayLoss         // the day's loss is larger than it should be
	CodeStill           // nothing has happened for too long
	CodeEnded           // the session is over
	CodeRevive          // EvOperator: a kill ended with its program; a pause is left of it
	CodeRereadRules     // EvOperator: the venue is to read the rules anew
	CodeDeposit         // EvOperator: a person says that Amount is coming
	CodeAlarmTest       // asked for by a person
	CodeAlarmSent       // EvOperator: a channel took the alarm of reason ID
	CodeAlarmLost       // EvOperator: a channel did not, however often it was tried

	// CodeGateLoss: the day lost more than it may, and nothing is opened in what is
	// left of it. It is a refusal of the gate's.
	CodeGateLoss

	codeCount
)

var codeNames = [codeCount]string{
	OK:         "ok",
	CodeHalted: "halted", CodeInsufficient: "insufficient-balance", CodeMargin: "insufficient-margin",
	CodeFilter: "filter", CodeReduceOnly: "reduce-only", CodeNotWithdrawable: "not-withdrawable",
	CodeUnknownOrder: "unknown-order", CodeVolume: "volume", CodeExpired: "expired",
	CodeGateLimit: "gate-limit", CodeGateRate: "gate-rate", CodeGateKilled: "gate-killed", CodeGateFilter: "gate-filter",
	CodeNotScreened: "window-not-full", CodeMeanLow: "mean-low", CodeTooNew: "too-new", CodeTooWild: "too-wild",
	CodeTooThin: "too-thin", CodeWorstRate: "worst-rate", CodeNotNamed: "not-named", CodeRateLow: "rate-low",
	CodePremiumLow: "premium-low", CodePremiumFloor: "premium-floor", CodeNoRoom: "no-room", CodeNoCash: "no-cash",
	CodePoolAlarm: "pool-alarm", CodeReopenWait: "reopen-wait", CodeStale: "stale", CodeDirection: "direction",
	CodeNotProfitable: "nothing-to-do",
	CodeOpen:          "open", CodeTopUp: "top-up", CodeCloseRate: "close-rate", CodeCloseMean: "close-mean",
	CodeCloseUniverse: "close-universe", CodeCloseRise: "close-rise", CodeClosePremium: "close-premium",
	CodeTrimRise: "trim-rise", CodeReduceLeverage: "reduce-leverage", CodeEmergency: "emergency",
	CodeRebalance: "rebalance", CodeRepair: "repair", CodeOperatorClose: "operator-close", CodeHold: "hold",
	CodeDust: "dust", CodeLiquidated: "liquidated", CodeADL: "adl", CodeDelisted: "delisted", CodeDataEnd: "data-end",
	CodeAlarm: "alarm", CodeCalm: "calm", CodeFundingGap: "funding-gap", CodeForeign: "foreign-change",
	CodePause: "pause", CodeResume: "resume", CodeCloseAll: "close-all", CodeKill: "kill",
	CodeWithdraw: "withdraw", CodeUnknown: "unknown", CodeFailed: "failed", CodeCanceled: "canceled",
	CodePostOnly: "post-only", CodePriceBand: "price-band", CodeTick: "tick", CodeLot: "lot", CodeNotional: "notional",
	CodeManyOrders: "many-orders", CodeIceberg: "iceberg", CodeDuplicate: "duplicate", CodeThrottled: "throttled",
	CodeLeverage: "leverage", CodeNotAllowed: "not-allowed", CodeClock: "clock", CodeFundingWindow: "funding-window",
	CodeKnown: "known", CodeBlocked: "blocked", CodeUnblocked: "unblocked",
	CodeRetry: "retry", CodePoolHalt: "pool-halt", CodeFlow: "flow",
	CodeNearLiquidation: "near-liquidation", CodeDayLoss: "day-loss", CodeStill: "still", CodeEnded: "ended",
	CodeRevive: "revive", CodeRereadRules: "reread-rules", CodeDeposit: "deposit", CodeAlarmTest: "alarm-test", CodeAlarmSent: "alarm-sent", CodeAlarmLost: "alarm-lost",
	CodeGateLoss: "gate-loss",
}

// String is the reason's word.
func (c Code) String() string {
	if int(c) < len(codeNames) && codeNames[c] != "" {
		return codeNames[c]
	}
	return "code-" + string(rune('0'+c/100)) + string(rune('0'+c/10%10)) + string(rune('0'+c%10))
}
