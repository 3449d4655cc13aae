package carry

import "strings"

// Refusal is Binance's way of saying one of our codes: a number and a message
// of one of its two markets.
type Refusal struct {
	Market  Leg
	Number  int
	Message string
	Code    Code
}

// refusals are Binance's answers to orders, cancels and transfers (binance.md
// §3.4). The first line of a code is the one that a venue sends for it; the same
// number means different things on spot and futures, and spot's -2010 and -1013
// several, told apart by the message.
var refusals = [...]Refusal{
	{Spot, -2010, "Account has insufficient balance for requested action.", CodeInsufficient},
	{Spot, -2010, "Order would immediately match and take.", CodePostOnly},
	{Spot, -2010, "Duplicate order sent.", CodeDuplicate},
	{Spot, -2010, "Market is closed.", CodeHalted},
	{Spot, -2010, "This symbol is not permitted for this account.", CodeNotAllowed},
	{Spot, -2010, "This action is disabled on this account.", CodeNotAllowed},
	{Spot, -1013, "Filter failure: LOT_SIZE", CodeLot},
	{Spot, -1013, "Filter failure: MARKET_LOT_SIZE", CodeLot},
	{Spot, -1013, "Filter failure: PRICE_FILTER", CodeTick},
	{Spot, -1013, "Filter failure: NOTIONAL", CodeNotional},
	{Spot, -1013, "Filter failure: MIN_NOTIONAL", CodeNotional},
	{Spot, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE", CodePriceBand},
	{Spot, -1013, "Filter failure: PERCENT_PRICE", CodePriceBand},
	{Spot, -1013, "Filter failure: MAX_NUM_ORDERS", CodeManyOrders},
	{Spot, -1013, "Filter failure: ICEBERG_PARTS", CodeIceberg},
	{Spot, -1013, "Filter failure", CodeFilter},
	{Spot, -2011, "Unknown order sent.", CodeUnknownOrder},
	{Spot, -2013, "Order does not exist.", CodeUnknownOrder},
	{Spot, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", CodeUnknown},
	{Spot, -1006, "An unexpected response was received from the message bus. Execution status unknown.", CodeUnknown},
	{Spot, -1000, "An unknown error occurred while processing the request.", CodeUnknown},
	{Spot, -1001, "Internal error; unable to process your request. Please try again.", CodeUnknown},
	{Spot, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", CodeThrottled},
	{Spot, -1015, "Too many new orders.", CodeThrottled},
	{Spot, -1003, "Too much request weight used.", CodeThrottled},
	{Spot, -1021, "Timestamp for this request is outside of the recvWindow.", CodeClock},
	{Spot, -1121, "Invalid symbol.", CodeDelisted},
	{Spot, -1111, "Parameter 'quantity' has too much precision.", CodeLot},
	{Spot, -2015, "Invalid API-key, IP, or permissions for action.", CodeNotAllowed},

	{Perp, -2019, "Margin is insufficient.", CodeMargin},
	{Perp, -2018, "Balance is insufficient.", CodeInsufficient},
	{Perp, -2022, "ReduceOnly Order is rejected.", CodeReduceOnly},
	{Perp, -4118, "ReduceOnly Order Failed. Please check your existing position and open orders", CodeReduceOnly},
	{Perp, -2024, "Position is not sufficient.", CodeReduceOnly},
	{Perp, -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.", CodePostOnly},
	{Perp, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit", CodePriceBand},
	{Perp, -4016, "Price is higher than mark price multiplier cap.", CodePriceBand},
	{Perp, -4024, "Price is lower than mark price multiplier floor.", CodePriceBand},
	{Perp, -4014, "Price not increased by tick size.", CodeTick},
	{Perp, -4013, "Price less than min price.", CodeTick},
	{Perp, -4001, "Price less than 0.", CodeTick},
	{Perp, -4023, "Qty not increased by step size.", CodeLot},
	{Perp, -4003, "Quantity less than zero.", CodeLot},
	{Perp, -4004, "Quantity less than min quantity.", CodeLot},
	{Perp, -4005, "Quantity greater than max quantity.", CodeLot},
	{Perp, -1111, "Parameter 'quantity' has too much precision.", CodeLot},
	{Perp, -4164, "Order's notional must be no smaller than 20 (unless you choose reduce only).", CodeNotional},
	{Perp, -2025, "Reach max open order limit.", CodeManyOrders},
	{Perp, -4116, "ClientOrderId is duplicated.", CodeDuplicate},
	{Perp, -4115, "Client tran id is duplicated", CodeDuplicate},
	{Perp, -2027, "Exceeded the maximum allowable position at current leverage.", CodeLeverage},
	{Perp, -2028, "Leverage is smaller than permitted: insufficient margin balance", CodeLeverage},
	{Perp, -4140, "Invalid symbol status for opening position", CodeHalted},
	{Perp, -2020, "Unable to fill.", CodeVolume},
	{Perp, -5021, "Due to the order could not be filled immediately, the FOK order has been rejected.", CodeExpired},
	{Perp, -4141, "Symbol is closed.", CodeDelisted},
	{Perp, -1121, "Invalid symbol.", CodeDelisted},
	{Perp, -2023, "User in liquidation mode now.", CodeLiquidated},
	{Perp, -2011, "Unknown order sent.", CodeUnknownOrder},
	{Perp, -2013, "Order does not exist.", CodeUnknownOrder},
	{Perp, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", CodeUnknown},
	{Perp, -1006, "An unexpected response was received from the message bus. Execution status unknown.", CodeUnknown},
	{Perp, -1000, "An unknown error occurred while processing the request.", CodeUnknown},
	{Perp, -1001, "Internal error; unable to process your request. Please try again.", CodeUnknown},
	{Perp, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", CodeThrottled},
	{Perp, -1015, "Too many new orders.", CodeThrottled},
	{Perp, -1003, "Too many requests.", CodeThrottled},
	{Perp, -1021, "Timestamp for this request is outside of the recvWindow.", CodeClock},
	{Perp, -5028, "Timestamp for this request is outside of the ME recvWindow.", CodeClock},
	{Perp, -4087, "User can only place reduce only order", CodeNotAllowed},
	{Perp, -4088, "User can not place order currently", CodeNotAllowed},
	{Perp, -4400, "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.", CodeNotAllowed},
	{Perp, -4401, "Compliance restricted account permission: can only place reduceOnly order.", CodeNotAllowed},
	{Perp, -2015, "Invalid API-key, IP, or permissions for action.", CodeNotAllowed},
}

// RefusalOf is how Binance's market says code; false where it has no words for it.
func RefusalOf(market Leg, code Code) (Refusal, bool) {
	for k := range refusals {
		if refusals[k].Market == market && refusals[k].Code == code {
			return refusals[k], true
		}
	}
	return Refusal{}, false
}

// CodeOf is what an answer of Binance's market means; false for a number that is
// not known. Of several meanings of a number the message decides, by the longest
// text that it begins with; where none fits, the number's only meaning counts,
// and a number with several says CodeFilter (-1013) or nothing.
func CodeOf(market Leg, number int, message string) (Code, bool) {
	best, length, meanings := OK, -1, 0
	for k := range refusals {
		r := &refusals[k]
		if r.Market != market || r.Number != number {
			continue
		}
		if meanings == 0 || r.Code != best && length < 0 {
			meanings++
		}
		if strings.HasPrefix(message, r.Message) && len(r.Message) > length {
			best, length = r.Code, len(r.Message)
		} else if length < 0 {
			best = r.Code
		}
	}
	if length >= 0 || meanings == 1 {
		return best, true
	}
	return OK, false
}
