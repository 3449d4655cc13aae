package exchange

import (
	"strconv"
	"strings"

	"carry"
)

// spotAccount answers GET /api/v3/account.
func spotAccount(t *Trading, q *query) answer {
	spot, _, coins, _ := t.venue.Exchange().Balances()
	none, _ := q.get("omitZeroBalances")
	list := []object{{{"asset", "USDT"}, {"free", spot.String()}, {"locked", "0.00000000"}}}
	for i := range t.info.Pairs {
		if coins[i].Sign() != 0 || !strings.EqualFold(none, "true") {
			list = append(list, object{{"asset", t.info.Pairs[i].Coin}, {"free", coinText(coins[i])}, {"locked", "0.00000000"}})
		}
	}
	fees := t.opt.Account.Fees.At(q.now)
	return t.stale(SpotMarket, asJSON(object{{"makerCommission", int(fees.SpotMaker * 1e4)}, {"takerCommission", int(fees.SpotTaker * 1e4)}, {"buyerCommission", 0}, {"sellerCommission", 0},
		{"commissionRates", object{{"maker", number(fees.SpotMaker)}, {"taker", number(fees.SpotTaker)}, {"buyer", "0.00000000"}, {"seller", "0.00000000"}}},
		{"canTrade", true}, {"canWithdraw", t.opt.Permissions.Withdrawals}, {"canDeposit", true}, {"brokered", false}, {"requireSelfTradePrevention", false},
		{"preventSor", false}, {"updateTime", int64(q.now)}, {"accountType", "SPOT"}, {"balances", list}, {"permissions", []string{"SPOT"}}, {"uid", 1}}))
}

// apiRestrictions answers what the key may do.
func apiRestrictions(t *Trading, _ *query) answer {
	p := t.permissions()
	return asJSON(object{{"ipRestrict", p.IPRestrict}, {"createTime", 1577836800000}, {"enableReading", p.Reading}, {"enableWithdrawals", p.Withdrawals},
		{"enableInternalTransfer", p.InternalTransfer}, {"enableMargin", p.Margin}, {"enableFutures", p.Futures}, {"permitsUniversalTransfer", p.UniversalTransfer},
		{"enableVanillaOptions", false}, {"enableFixApiTrade", false}, {"enableFixReadOnly", false}, {"enableSpotAndMarginTrading", p.SpotAndMargin},
		{"enablePortfolioMarginTrading", false}})
}

// placeTransfer answers POST asset/transfer. It has no client id: sent twice, it
// moves twice (binance.md §2.7).
func placeTransfer(t *Trading, q *query) answer {
	kind, r := q.must("type")
	if r != nil {
		return r.answer()
	}
	wallet := carry.SpotWallet
	switch kind {
	case "MAIN_UMFUTURE":
	case "UMFUTURE_MAIN":
		wallet = carry.PerpWallet
	default:
		return (&refusal{400, -1100, "Illegal parameter: type."}).answer()
	}
	if asset, r := q.must("asset"); r != nil || asset != "USDT" {
		return (&refusal{400, -1102, "Mandatory parameter 'asset' was not sent, was empty/null, or malformed."}).answer()
	}
	text, r := q.must("amount")
	if r != nil {
		return r.answer()
	}
	v, err := carry.ParseFixed(text)
	if err != nil || v <= 0 {
		return illegal("amount", `^([0-9]{1,20})(\.[0-9]{1,8})?$`).answer()
	}
	if !t.opt.Permissions.UniversalTransfer {
		return (&refusal{401, -2015, "Invalid API-key, IP, or permissions for action."}).answer()
	}
	x := &transfer{id: t.next(), kind: kind, amount: carry.Amount(v), at: q.now, status: "PENDING"}
	return t.faults.transfer(t, x, func() answer { return t.acceptTransfer(x, wallet) })
}

func (t *Trading) acceptTransfer(x *transfer, wallet carry.Wallet) answer {
	t.transfers = append(t.transfers, x)
	if r := t.submit(&carry.Command{Kind: carry.CmdTransfer, Pair: -1, Wallet: wallet, Order: carry.OrderID(x.id), Amount: x.amount}); r != nil {
		return r.answer()
	}
	if !t.opt.Lockstep {
		t.until(func() bool { return x.status != "PENDING" })
		if x.status == "FAILED" {
			return (&refusal{400, -5013, "Asset transfer failed: insufficient balance"}).answer()
		}
	}
	return asJSON(object{{"tranId", x.id}})
}

// transferHistory answers GET asset/transfer, newest first.
func transferHistory(t *Trading, q *query) answer {
	kind, r := q.must("type")
	if r != nil {
		return r.answer()
	}
	from, _, r := q.moment("startTime")
	if r != nil {
		return r.answer()
	}
	rows := []object{}
	for i := len(t.transfers) - 1; i >= 0 && len(rows) < 100; i-- {
		if x := t.transfers[i]; x.kind == kind && x.at >= from && q.now >= x.hiddenUntil {
			status := x.status
			if q.now < x.pendingUntil {
				status = "PENDING"
			}
			rows = append(rows, object{{"asset", "USDT"}, {"amount", x.amount.String()}, {"type", x.kind}, {"status", status}, {"tranId", x.id}, {"timestamp", int64(x.at)}})
		}
	}
	return asJSON(object{{"total", len(rows)}, {"rows", rows}})
}

// futuresBalance answers GET balance.
func futuresBalance(t *Trading, q *query) answer {
	x := t.venue.Exchange()
	_, perp, _, _ := x.Balances()
	balance, _, _ := x.Margin()
	return asJSON([]object{{{"accountAlias", "loopback"}, {"asset", "USDT"}, {"balance", perp.String()}, {"crossWalletBalance", perp.String()},
		{"crossUnPnl", number(balance - perp.Float())}, {"availableBalance", x.Withdrawable().String()}, {"maxWithdrawAmount", x.Withdrawable().String()},
		{"marginAvailable", true}, {"updateTime", int64(q.now)}}})
}

// futuresAccount answers GET account, v2 and v3.
func futuresAccount(t *Trading, q *query) answer {
	x := t.venue.Exchange()
	_, perp, _, contracts := x.Balances()
	balance, maintenance, initial := x.Margin()
	profit := balance - perp.Float()
	free := x.Withdrawable().String()
	positions := []object{}
	for i := range t.info.Pairs {
		if contracts[i] == 0 && strings.HasPrefix(q.path, "/fapi/v3") {
			continue // v3 tells what is open only
		}
		p, m := &t.info.Pairs[i], t.marginOf(int32(i))
		positions = append(positions, object{{"symbol", p.PerpSymbol}, {"positionSide", "BOTH"}, {"positionAmt", qtyText(p, contracts[i])},
			{"entryPrice", t.entryPrice(int32(i))}, {"unrealizedProfit", t.unrealised(int32(i))}, {"isolatedMargin", "0.00000000"}, {"notional", number(m.notional)},
			{"isolatedWallet", "0"}, {"initialMargin", number(m.initial)}, {"maintMargin", number(m.maintenance)}, {"leverage", strconv.Itoa(t.leverageOf(p.PerpSymbol))}, {"isolated", false},
			{"updateTime", int64(q.now)}})
	}
	return t.stale(FuturesMarket, asJSON(object{{"feeTier", 0}, {"canTrade", true}, {"canDeposit", true}, {"canWithdraw", true}, {"multiAssetsMargin", false}, {"updateTime", 0},
		{"totalInitialMargin", number(initial)}, {"totalMaintMargin", number(maintenance)}, {"totalWalletBalance", perp.String()},
		{"totalUnrealizedProfit", number(profit)}, {"totalMarginBalance", number(balance)}, {"totalPositionInitialMargin", number(initial)},
		{"totalOpenOrderInitialMargin", "0.00000000"}, {"totalCrossWalletBalance", perp.String()}, {"totalCrossUnPnl", number(profit)},
		{"availableBalance", free}, {"maxWithdrawAmount", free},
		{"assets", []object{{{"asset", "USDT"}, {"walletBalance", perp.String()}, {"unrealizedProfit", number(profit)}, {"marginBalance", number(balance)},
			{"maintMargin", number(maintenance)}, {"initialMargin", number(initial)}, {"positionInitialMargin", number(initial)}, {"openOrderInitialMargin", "0.00000000"},
			{"crossWalletBalance", perp.String()}, {"crossUnPnl", number(profit)}, {"availableBalance", free}, {"maxWithdrawAmount", free}, {"updateTime", int64(q.now)}}}},
		{"positions", positions}}))
}

func (t *Trading) leverageOf(symbol string) int {
	if l, ok := t.leverage[symbol]; ok {
		return l
	}
	return int(t.opt.Account.ExchangeLeverageX)
}

// positionRisk answers GET positionRisk: v3 tells what is open only.
func positionRisk(t *Trading, q *query) answer {
	_, _, _, contracts := t.venue.Exchange().Balances()
	name, _ := q.get("symbol")
	list := []object{}
	for i := range t.info.Pairs {
		p := &t.info.Pairs[i]
		if name != "" && p.PerpSymbol != name || contracts[i] == 0 && strings.HasPrefix(q.path, "/fapi/v3") {
			continue
		}
		mark, m := "0.00000000", t.marginOf(int32(i))
		if x := t.market.Mark[i]; x == x {
			mark = number(x)
		}
		list = append(list, object{{"symbol", p.PerpSymbol}, {"positionSide", "BOTH"}, {"positionAmt", qtyText(p, contracts[i])}, {"entryPrice", t.entryPrice(int32(i))},
			{"breakEvenPrice", t.entryPrice(int32(i))}, {"markPrice", mark}, {"unRealizedProfit", t.unrealised(int32(i))}, {"liquidationPrice", number(m.liquidation)},
			{"isolatedMargin", "0"}, {"notional", number(m.notional)}, {"marginAsset", "USDT"}, {"isolatedWallet", "0"}, {"initialMargin", number(m.initial)}, {"maintMargin", number(m.maintenance)},
			{"positionInitialMargin", number(m.initial)}, {"openOrderInitialMargin", "0"}, {"adl", 1}, {"bidNotional", "0"}, {"askNotional", "0"},
			{"leverage", strconv.Itoa(t.leverageOf(p.PerpSymbol))}, {"marginType", "cross"}, {"isAutoAddMargin", "false"}, {"updateTime", int64(q.now)}})
	}
	return asJSON(list)
}

// incomeHistory answers GET income, oldest first.
func incomeHistory(t *Trading, q *query) answer {
	limit, r := q.limit(100, 1000)
	if r != nil {
		return r.answer()
	}
	from, to, signed, r := q.timeWindow(limit)
	if r != nil {
		return r.answer()
	}
	if t.opt.Lockstep {
		to += carry.Minute // time stands at the settlement's minute, and stamps are later
	}
	kind, _ := q.get("incomeType")
	name, _ := q.get("symbol")
	rows := []object{}
	for _, in := range t.spoilPayments(t.incomesSince(from)) {
		symbol := ""
		if in.pair >= 0 {
			symbol = t.symbol(FuturesMarket, in.pair)
		}
		if in.at < from || in.at >= to || kind != "" && in.kind != kind || name != "" && symbol != name {
			continue
		}
		rows = append(rows, object{{"symbol", symbol}, {"incomeType", in.kind}, {"income", in.amount.String()}, {"asset", "USDT"}, {"info", in.kind},
			{"time", int64(in.at)}, {"tranId", in.tranID}, {"tradeId", ""}})
	}
	return asJSON(cutRows(rows, signed))
}
