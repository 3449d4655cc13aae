package exchange

// commissionRate answers what the account pays on futures.
func commissionRate(t *Trading, q *query) answer {
	i, r := t.pairIn(q)
	if r != nil {
		return r.answer()
	}
	fees := t.opt.Account.Fees.At(q.now)
	return asJSON(object{{"symbol", t.symbol(FuturesMarket, i)}, {"makerCommissionRate", number(fees.PerpMaker)}, {"takerCommissionRate", number(fees.PerpTaker)},
		{"rpiCommissionRate", "0.00000000"}})
}

// accountCommission answers what the account pays on spot.
func accountCommission(t *Trading, q *query) answer {
	i, r := t.pairIn(q)
	if r != nil {
		return r.answer()
	}
	fees := t.opt.Account.Fees.At(q.now)
	of := func(maker, taker string) object {
		return object{{"maker", maker}, {"taker", taker}, {"buyer", "0.00000000"}, {"seller", "0.00000000"}}
	}
	nothing := of("0.00000000", "0.00000000")
	return asJSON(object{{"symbol", t.symbol(SpotMarket, i)}, {"standardCommission", of(number(fees.SpotMaker), number(fees.SpotTaker))},
		{"specialCommission", nothing}, {"taxCommission", nothing},
		{"discount", object{{"enabledForAccount", false}, {"enabledForSymbol", false}, {"discountAsset", "BNB"}, {"discount", "0.75000000"}}}})
}

// tradeFee answers the wallet's list of spot fees, of one symbol or all.
func tradeFee(t *Trading, q *query) answer {
	name, _ := q.get("symbol")
	if _, ok := t.pairOf[SpotMarket][name]; name != "" && !ok {
		return invalidSymbol().answer()
	}
	fees := t.opt.Account.Fees.At(q.now)
	list := []object{}
	for i := range t.info.Pairs {
		if symbol := t.symbol(SpotMarket, int32(i)); (name == "" || symbol == name) && t.info.Pairs[i].Listed <= q.now {
			list = append(list, object{{"symbol", symbol}, {"makerCommission", number(fees.SpotMaker)}, {"takerCommission", number(fees.SpotTaker)}})
		}
	}
	return asJSON(list)
}
