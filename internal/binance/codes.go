package binance

import (
	"carry"
	"carry/internal/binance/wire"
)

// verdict is what an error's code says about an order or transfer that was
// sent.
type verdict uint8

const (
	// refused: nothing was executed and nothing will be.
	refused verdict = iota + 1
	// unknown: it may be executed. It is never sent again.
	unknown
)

// judge says what an answer means that is not the expected one, by the root's
// table of refusals. Conservative: whatever does not prove that nothing was
// executed leaves it open; a name that is there already says that an earlier
// order of it lives.
func judge(m wire.Market, a *attempt) (verdict, carry.Code) {
	if a.held {
		return refused, carry.CodeThrottled
	}
	if a.status == 0 {
		if a.written {
			return unknown, 0
		}
		return refused, carry.CodeFailed // it never left this machine
	}
	body, told := wire.DecodeError(a.body)
	if told && body.Code == codeTransferFailed {
		return refused, carry.CodeNotWithdrawable
	}
	if told {
		switch code, ok := carry.CodeOf(carry.Leg(m), body.Code, body.Msg); {
		case !ok:
		case code == carry.CodeUnknown || code == carry.CodeDuplicate:
			return unknown, 0
		default:
			return refused, code
		}
	}
	switch {
	case a.status == 429 || a.status == 418 || a.status == 403 || a.status == 451:
		return refused, carry.CodeThrottled // the edge turned it away
	case a.status >= 500, a.status == 408, a.status < 400, !told:
		return unknown, 0
	}
	return refused, carry.CodeFailed
}

// codeTransferFailed is the wallet's "insufficient balance".
const codeTransferFailed = -5013

// lateReasons are how events word a refusal after the acknowledgement.
var lateReasons = map[string]carry.Code{
	"INSUFFICIENT_BALANCES": carry.CodeInsufficient, "INSUFFICIENT_BALANCE": carry.CodeInsufficient, "MARKET_CLOSED": carry.CodeHalted,
	"MARGIN_NOT_SUFFICIENT": carry.CodeMargin, "REDUCE_ONLY_REJECT": carry.CodeReduceOnly, "POST_ONLY": carry.CodePostOnly,
	"GTX_ORDER_REJECT": carry.CodePostOnly, "LOT": carry.CodeLot, "NOTIONAL": carry.CodeNotional, "TICK": carry.CodeTick,
	"PRICE_BAND": carry.CodePriceBand, "MANY_ORDERS": carry.CodeManyOrders, "LEVERAGE": carry.CodeLeverage,
}
