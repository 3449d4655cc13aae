package sim

import "carry"

// EntryCost is the signed notional at entry of pair i's open contracts, in
// 1e-16 USDT: unrealised profit = contracts × mark − EntryCost.
func (x *Exchange) EntryCost(i int32) carry.Wide { return x.acct.cost[i] }

// Withdrawable is what may leave the futures wallet now.
func (x *Exchange) Withdrawable() carry.Amount { return max(0, x.withdrawable()) }

// Margin is the futures wallet judged at the marks of the last cross-section:
// balance with unrealised profit, maintenance and initial margin, USDT.
func (x *Exchange) Margin() (balance, maintenance, initial float64) {
	m := x.margin(x.mark)
	return m.balance, m.maintenance, m.initial
}
