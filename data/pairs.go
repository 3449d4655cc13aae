package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carry"
)

// Errors about what was asked of a tape.
var (
	ErrUnknownCoin = errors.New("unknown coin")
	ErrNoLeg       = errors.New("coin cannot be traded as a pair")
	ErrEmptyRange  = errors.New("no bars in this range")
)

// Slots of tapePair.series.
const (
	slotSpot = iota
	slotPerp
	slotMark
	slotPremium
	slotFunding
	slotCount
)

var slotKinds = [slotCount]string{kindSpot, kindPerp, kindMark, kindPremium, kindFunding}

// tapePair is an instrument with the series it reads from; id 0 is none.
type tapePair struct {
	carry.Pair
	series    [slotCount]int64
	delivered carry.Time // 0: not settled by the exchange
}

// lacks names the series without which a coin is no pair.
func (p *tapePair) lacks() []string {
	var missing []string
	for _, slot := range []int{slotSpot, slotPerp, slotFunding} {
		if p.series[slot] == 0 {
			missing = append(missing, slotKinds[slot])
		}
	}
	return missing
}

// loadInstruments lists all instruments, sorted by coin.
func loadInstruments(ctx context.Context, q querier) ([]tapePair, error) {
	list, err := listSeries(ctx, q)
	if err != nil {
		return nil, err
	}
	ids := make(map[[2]string]int64, len(list))
	for _, s := range list {
		ids[[2]string{s.kind, s.symbol}] = s.id
	}
	var all []tapePair
	err = eachRow(ctx, q, func(rows *sql.Rows) error {
		var p tapePair
		var spot, perp sql.NullString
		var listed, delivered sql.NullInt64
		if err := rows.Scan(&p.Coin, &spot, &perp, &p.Mult, &p.QtyDp, &listed, &delivered); err != nil {
			return err
		}
		p.SpotSymbol, p.PerpSymbol = spot.String, perp.String
		p.Listed, p.delivered = carry.Time(listed.Int64), carry.Time(delivered.Int64)
		for slot, kind := range slotKinds {
			symbol := p.PerpSymbol
			if slot == slotSpot {
				symbol = p.SpotSymbol
			}
			p.series[slot] = ids[[2]string{kind, symbol}]
		}
		all = append(all, p)
		return nil
	}, `SELECT coin, spot_symbol, perp_symbol, multiplier, qty_decimals, listed_ms, delivered_ms
		FROM instrument ORDER BY coin`)
	if err != nil {
		return nil, fmt.Errorf("list instruments: %w", err)
	}
	return all, nil
}

// loadPairs lists the instruments that have spot, perpetual and funding, sorted
// by coin, limited to coins where any are named.
func loadPairs(ctx context.Context, q querier, coins []string) ([]tapePair, error) {
	all, err := loadInstruments(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(coins) == 0 {
		return slices.DeleteFunc(all, func(p tapePair) bool { return len(p.lacks()) > 0 }), nil
	}
	var pairs []tapePair
	for _, coin := range coins {
		coin = strings.ToUpper(strings.TrimSpace(coin))
		i, ok := slices.BinarySearchFunc(all, coin, func(p tapePair, c string) int { return strings.Compare(p.Coin, c) })
		if !ok {
			return nil, fmt.Errorf("%w %q%s", ErrUnknownCoin, coin, nearNames(coin, all))
		}
		if missing := all[i].lacks(); len(missing) > 0 {
			return nil, fmt.Errorf("%s: %w: no %s data", coin, ErrNoLeg, strings.Join(missing, " and no "))
		}
		if !slices.ContainsFunc(pairs, func(p tapePair) bool { return p.Coin == coin }) {
			pairs = append(pairs, all[i])
		}
	}
	slices.SortFunc(pairs, func(a, b tapePair) int { return strings.Compare(a.Coin, b.Coin) })
	return pairs, nil
}

// nearNames suggests up to three coins that are spelt similarly.
func nearNames(coin string, all []tapePair) string {
	type near struct {
		name string
		d    int
	}
	var found []near
	for _, p := range all {
		d := editDistance(coin, p.Coin)
		if strings.HasPrefix(coin, p.Coin) || strings.HasPrefix(p.Coin, coin) {
			d = 1 // BTCUSDT for BTC
		}
		if d <= 2 && d < len(p.Coin) {
			found = append(found, near{p.Coin, d})
		}
	}
	if len(found) == 0 {
		return ""
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.d - b.d })
	names := make([]string, 0, 3)
	for _, n := range found[:min(3, len(found))] {
		names = append(names, n.name)
	}
	return ", did you mean " + strings.Join(names, " or ") + "?"
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost = 1 + min(diag, row[j], row[j+1])
			}
			diag, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
