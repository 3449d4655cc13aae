package binance

import (
	"fmt"
	"slices"
	"strings"

	"carry"
	"carry/internal/binance/wire"
)

// pairsOf matches the symbols of both markets.
func pairsOf(info [2]*wire.ExchangeInfo, rules [2]map[string]wire.SymbolRules, coins []string) ([]carry.Pair, error) {
	spot := map[string]wire.SymbolInfo{}
	for _, s := range info[wire.Spot].Symbols {
		if s.Quote == "USDT" && s.Status == "TRADING" {
			spot[s.Base] = s
		}
	}
	var pairs []carry.Pair
	for _, f := range info[wire.Futures].Symbols {
		s, ok := spot[f.Base]
		if !ok || !f.Perpetual || f.Quote != "USDT" || f.Status != "TRADING" || len(coins) > 0 && !slices.Contains(coins, f.Base) {
			continue
		}
		a, ok1 := rules[wire.Spot][s.Symbol]
		b, ok2 := rules[wire.Futures][f.Symbol]
		if !ok1 || !ok2 {
			continue
		}
		p := carry.Pair{Coin: f.Base, SpotSymbol: s.Symbol, PerpSymbol: f.Symbol, Mult: 1, Listed: f.Onboard,
			QtyDp: max(decimals(a.Step), decimals(b.Step), decimals(b.MarketStep))}
		if p.QtyDp > 8 {
			return nil, fmt.Errorf("%w: %s has quantities finer than 1e-8", wire.ErrFormat, p.Coin)
		}
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b carry.Pair) int { return strings.Compare(a.Coin, b.Coin) })
	for _, name := range coins {
		if !slices.ContainsFunc(pairs, func(p carry.Pair) bool { return p.Coin == name }) {
			return nil, fmt.Errorf("%w: %s does not trade on both spot and USDT futures now", ErrUnknownSymbol, name)
		}
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("%w: nothing trades on both spot and USDT futures", ErrUnknownSymbol)
	}
	return pairs, nil
}

// decimals is how many digits behind the point a step needs.
func decimals(step string) int8 {
	_, frac, _ := strings.Cut(step, ".")
	return int8(min(len(strings.TrimRight(frac, "0")), 9))
}
