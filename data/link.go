package data

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"carry"
)

// ratioTolerance is how far perp/spot may be from the multiplier for the two to
// be one coin; a wrong twin is off by far more (binance.md §1.4). Legs of the
// same name are one coin unless their prices differ by sameNameFactor.
const (
	ratioTolerance = 0.05
	sameNameFactor = 2
)

// instrumentRow is one row of table instrument.
type instrumentRow struct {
	coin, spot, perp  string // symbols are empty where there is none
	mult              int64
	qtyDp             int8
	listed, delivered sql.NullInt64
	note              string
}

// link derives table instrument from the series' names and the recorded rules,
// and reports coins, pairs and notes. It returns whether anything changed.
func (s *Store) link(ctx context.Context, rep *ImportReport) (bool, error) {
	changed := false
	err := s.write(ctx, func(tx *writeTx) error {
		l := linker{ctx: ctx, tx: tx}
		want, err := l.instruments()
		if err != nil {
			return err
		}
		have, err := readInstruments(ctx, tx)
		if err != nil {
			return err
		}
		for i := range want {
			w := &want[i]
			if w.spot != "" && w.perp != "" {
				rep.Pairs++
			}
			if w.note != "" {
				rep.Notes = append(rep.Notes, w.coin+": "+w.note)
			}
			if old, ok := have[w.coin]; ok && !w.delivered.Valid {
				w.delivered = old.delivered // a person may know more than the recordings
			}
			if have[w.coin] == *w {
				delete(have, w.coin)
				continue
			}
			delete(have, w.coin)
			changed = true
			if err := l.put(w); err != nil {
				return err
			}
		}
		for coin := range have { // order does not matter: all are deleted
			changed = true
			if _, err := tx.ExecContext(ctx, `DELETE FROM instrument WHERE coin = ?`, coin); err != nil {
				return fmt.Errorf("drop instrument: %w", err)
			}
		}
		rep.Coins = len(want)
		return nil
	})
	return changed, err
}

func readInstruments(ctx context.Context, q querier) (map[string]instrumentRow, error) {
	have := map[string]instrumentRow{}
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var r instrumentRow
		err := rows.Scan(&r.coin, &r.spot, &r.perp, &r.mult, &r.qtyDp, &r.listed, &r.delivered, &r.note)
		have[r.coin] = r
		return err
	}, `SELECT coin, ifnull(spot_symbol, ''), ifnull(perp_symbol, ''), multiplier, qty_decimals, listed_ms, delivered_ms, note FROM instrument`)
	if err != nil {
		return nil, fmt.Errorf("read instruments: %w", err)
	}
	return have, nil
}

// linker reads what instruments are made of within one transaction.
type linker struct {
	ctx    context.Context
	tx     *writeTx
	series map[[2]string]int64 // kind, symbol
}

func (l *linker) put(r *instrumentRow) error {
	_, err := l.tx.ExecContext(l.ctx, `INSERT OR REPLACE INTO instrument
		(coin, spot_symbol, perp_symbol, multiplier, qty_decimals, listed_ms, delivered_ms, note)
		VALUES (?, nullif(?, ''), nullif(?, ''), ?, ?, ?, ?, ?)`,
		r.coin, r.spot, r.perp, r.mult, r.qtyDp, r.listed, r.delivered, r.note)
	if err != nil {
		return fmt.Errorf("store instrument: %w", err)
	}
	return nil
}

// instruments pairs perpetuals with their spot twins; what has no twin stands
// alone. Sorted by coin.
func (l *linker) instruments() ([]instrumentRow, error) {
	list, err := listSeries(l.ctx, l.tx)
	if err != nil {
		return nil, err
	}
	l.series = map[[2]string]int64{}
	var perps, spots []string
	for _, s := range list {
		l.series[[2]string{s.kind, s.symbol}] = s.id
		switch s.kind {
		case kindPerp, kindFunding:
			perps = append(perps, s.symbol)
		case kindSpot:
			spots = append(spots, s.symbol)
		}
	}
	slices.Sort(perps)
	var rows []instrumentRow
	used := map[string]bool{}
	for _, symbol := range slices.Compact(perps) {
		r, err := l.pair(symbol)
		if err != nil {
			return nil, err
		}
		used[r.spot] = true
		rows = append(rows, r)
	}
	for _, symbol := range spots {
		if !used[symbol] {
			rows = append(rows, instrumentRow{coin: coinOf(symbol), spot: symbol, mult: 1})
		}
	}
	slices.SortFunc(rows, func(a, b instrumentRow) int { return strings.Compare(a.coin, b.coin) })
	for i := range rows {
		if i > 0 && rows[i].coin == rows[i-1].coin {
			// The spot coin of the same name is not this contract's twin.
			rows[i].coin += " (" + strings.ToLower(rows[i].side()) + ")"
		}
		if err := l.complete(&rows[i]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (r *instrumentRow) side() string {
	if r.perp != "" {
		return kindPerp
	}
	return kindSpot
}

// pair finds the spot twin of a perpetual.
func (l *linker) pair(perp string) (instrumentRow, error) {
	base := coinOf(perp)
	r := instrumentRow{coin: base, perp: perp, mult: 1}
	if l.series[[2]string{kindSpot, perp}] != 0 {
		ratio, err := l.ratio(perp, perp)
		if err != nil {
			return r, err
		}
		if ratio == 0 || ratio < sameNameFactor && ratio > 1.0/sameNameFactor {
			r.spot = perp
			return r, nil
		}
		r.note = fmt.Sprintf("not paired: %s costs %.4g times as much on perp as on spot", perp, ratio)
	}
	coin, mult := splitMultiplier(base)
	spot := symbolOf(coin)
	if mult == 1 || l.series[[2]string{kindSpot, spot}] == 0 {
		return r, nil
	}
	ratio, err := l.ratio(perp, spot)
	if err != nil {
		return r, err
	}
	if math.Abs(ratio/float64(mult)-1) <= ratioTolerance {
		r.coin, r.spot, r.mult, r.note = coin, spot, mult, ""
	} else if ratio == 0 {
		r.note = fmt.Sprintf("not paired with %s: no common hours to verify the multiplier %d", spot, mult)
	} else {
		r.note = fmt.Sprintf("not paired with %s: the price ratio is %.4g, not %d", spot, ratio, mult)
	}
	return r, nil
}

// splitMultiplier reads 1000SHIB as 1000 × SHIB and 1MBABYDOGE as 1,000,000 ×
// BABYDOGE. Whether it is meant so must be verified by price: 1INCH is a name.
func splitMultiplier(base string) (coin string, mult int64) {
	if coin, ok := strings.CutPrefix(base, "1M"); ok && coin != "" {
		return coin, 1_000_000
	}
	if rest, ok := strings.CutPrefix(base, "1000"); ok {
		coin := strings.TrimLeft(rest, "0")
		mult := int64(1000)
		for range len(rest) - len(coin) {
			mult *= 10
		}
		if coin != "" && mult <= 1_000_000_000 {
			return coin, mult
		}
	}
	return base, 1
}

// ratio is the median of perp/spot closes over up to 101 common hours; 0 when
// there are none.
func (l *linker) ratio(perp, spot string) (float64, error) {
	var ratios []float64
	err := eachRow(l.ctx, l.tx, func(rows *sql.Rows) error {
		var x float64
		err := rows.Scan(&x)
		ratios = append(ratios, x)
		return err
	}, `SELECT p.close / s.close FROM kline p JOIN kline s ON s.open_ms = p.open_ms
		WHERE p.series_id = ? AND s.series_id = ? AND s.close > 0 ORDER BY p.open_ms DESC LIMIT 101`,
		l.series[[2]string{kindPerp, perp}], l.series[[2]string{kindSpot, spot}])
	if err != nil {
		return 0, fmt.Errorf("compare prices of %s and %s: %w", perp, spot, err)
	}
	if len(ratios) == 0 {
		return 0, nil
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2], nil
}

// complete adds listing, delivery and lot decimals.
func (l *linker) complete(r *instrumentRow) error {
	err := l.tx.QueryRowContext(l.ctx, `SELECT min(at) FROM (
		SELECT min(open_ms) AS at FROM kline WHERE series_id = ? UNION ALL SELECT min(slot_ms) FROM funding WHERE series_id = ?)`,
		l.series[[2]string{kindPerp, r.perp}], l.series[[2]string{kindFunding, r.perp}]).Scan(&r.listed)
	if err != nil {
		return fmt.Errorf("find listing of %s: %w", r.coin, err)
	}
	if r.delivered, err = delivered(l.ctx, l.tx, r.perp); err != nil {
		return err
	}
	dp, recorded := 0, false
	err = eachRow(l.ctx, l.tx, func(rows *sql.Rows) error {
		var step, market float64
		if err := rows.Scan(&step, &market); err != nil {
			return err
		}
		dp, recorded = max(dp, decimals(step), decimals(market)), true
		return nil
	}, `SELECT step, market_step FROM rules WHERE leg = 'spot' AND symbol = ? OR leg = 'perp' AND symbol = ?`, r.spot, r.perp)
	if err != nil {
		return fmt.Errorf("find lots of %s: %w", r.coin, err)
	}
	if !recorded {
		dp = 8
	}
	r.qtyDp = int8(min(8, dp))
	return nil
}

// decimals is the number of decimals of x's shortest text.
func decimals(x float64) int {
	text := strconv.FormatFloat(x, 'f', -1, 64)
	if i := strings.IndexByte(text, '.'); i >= 0 {
		return len(text) - i - 1
	}
	return 0
}

// FundingRow is one settlement of any coin, with or without klines.
type FundingRow struct {
	Coin      string
	Slot      carry.Time // the settlement, rounded to the minute
	Rate      carry.SettledRate
	IntervalH float64 // hours; from the row, else from the spacing, else 8
}

// FundingRows lists the regular settlements with from ≤ Slot < to of all
// instruments that have funding, ordered by coin, then slot.
func (s *Store) FundingRows(ctx context.Context, from, to carry.Time) ([]FundingRow, error) {
	all, err := loadInstruments(ctx, s.r)
	if err != nil {
		return nil, s.describe(err)
	}
	var out []FundingRow
	var rows []settled
	for _, p := range all {
		if p.series[slotFunding] == 0 {
			continue
		}
		if rows, err = readSettled(ctx, s.r, rows, p.series[slotFunding], from, to, false); err != nil {
			return nil, s.describe(err)
		}
		for _, r := range rows {
			out = append(out, FundingRow{Coin: p.Coin, Slot: r.slot, Rate: r.rate, IntervalH: float64(r.interval) / float64(carry.Hour)})
		}
	}
	return out, nil
}
