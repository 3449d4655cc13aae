package data

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"carry"
)

// Where nothing was recorded for a coin these hold; they err on the dear side.
const (
	defaultSpotMinNotional = 10 * carry.Unit // Binance spot in 2021
	defaultPerpMinNotional = 20 * carry.Unit // text of error −4164
	defaultLiquidationFee  = 0.02            // the highest recorded for BTC, 2021
)

// defaultLadder is Binance's ladder of 2021-03-18 for contracts of at most 50x
// (binance.md §2.6): notional floor, maintenance margin rate, maximum leverage.
var defaultLadder = [...][3]float64{
	{0, 0.01, 50}, {5_000, 0.025, 20}, {25_000, 0.05, 10}, {100_000, 0.1, 5}, {250_000, 0.125, 2}, {1_000_000, 0.5, 1},
}

// ruleRow is one row of table rules.
type ruleRow struct {
	from, recorded                           carry.Time
	tick, step, minQty, maxQty               float64
	marketStep, marketMax                    float64
	minNotional, percentUp, percentDown, fee float64
	minPrice, maxPrice, maxNotional          float64
	minOnMarket, maxOnMarket                 bool
}

// ruleColumns are the table's columns behind its key and recorded_ms, in the
// order of ruleFact.values.
var ruleColumns = []string{"status", "onboard_ms", "delivery_ms", "tick", "step", "min_qty", "max_qty", "market_step", "market_max",
	"min_notional", "percent_up", "percent_down", "liquidation_fee", "min_price", "max_price", "max_notional", "min_on_market", "max_on_market"}

func (f *ruleFact) values() []any {
	r := &f.row
	return []any{f.status, int64(f.onboard), int64(f.deliver), r.tick, r.step, r.minQty, r.maxQty, r.marketStep, r.marketMax,
		r.minNotional, r.percentUp, r.percentDown, r.fee, r.minPrice, r.maxPrice, r.maxNotional, r.minOnMarket, r.maxOnMarket}
}

// ladder is all of a symbol's brackets recorded at one time.
type ladder struct {
	from, recorded carry.Time
	brackets       []carry.Bracket
}

// ruleBook holds the recorded facts by symbol, oldest first.
type ruleBook struct {
	legs     [2]map[string][]ruleRow
	brackets map[string][]ladder
	interest map[string][]interestRow
}

type interestRow struct {
	from carry.Time
	rate float64
}

// loadRuleBook reads all recorded rules and brackets.
func loadRuleBook(ctx context.Context, q querier) (*ruleBook, error) {
	b := &ruleBook{
		legs:     [2]map[string][]ruleRow{{}, {}},
		brackets: map[string][]ladder{}, interest: map[string][]interestRow{},
	}
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var leg, symbol string
		var r ruleRow
		var fee, low, high, most sql.NullFloat64
		var minOnMarket, maxOnMarket sql.NullBool
		err := rows.Scan(&leg, &symbol, &r.from, &r.recorded, &r.tick, &r.step, &r.minQty, &r.maxQty,
			&r.marketStep, &r.marketMax, &r.minNotional, &r.percentUp, &r.percentDown, &fee,
			&low, &high, &most, &minOnMarket, &maxOnMarket)
		r.fee, r.minPrice, r.maxPrice, r.maxNotional = fee.Float64, low.Float64, high.Float64, most.Float64
		r.minOnMarket, r.maxOnMarket = minOnMarket.Bool || !minOnMarket.Valid, maxOnMarket.Bool || !maxOnMarket.Valid
		i := carry.Spot
		if leg == carry.Perp.String() {
			i = carry.Perp
		}
		b.legs[i][symbol] = append(b.legs[i][symbol], r)
		return err
	}, `SELECT leg, symbol, valid_from_ms, recorded_ms, tick, step, min_qty, max_qty, market_step, market_max,
		min_notional, percent_up, percent_down, liquidation_fee, min_price, max_price, max_notional, min_on_market, max_on_market FROM rules
		WHERE symbol IN (SELECT spot_symbol FROM instrument UNION SELECT perp_symbol FROM instrument)
		ORDER BY leg, symbol, valid_from_ms`)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if err := b.loadBrackets(ctx, q); err != nil {
		return nil, err
	}
	err = eachRow(ctx, q, func(rows *sql.Rows) error {
		var coin string
		var r interestRow
		err := rows.Scan(&coin, &r.from, &r.rate)
		b.interest[coin] = append(b.interest[coin], r)
		return err
	}, `SELECT coin, valid_from_ms, rate_8h FROM interest ORDER BY coin, valid_from_ms`)
	if err != nil {
		return nil, fmt.Errorf("read interest: %w", err)
	}
	return b, nil
}

func (b *ruleBook) loadBrackets(ctx context.Context, q querier) error {
	err := eachRow(ctx, q, func(rows *sql.Rows) error {
		var symbol string
		var l ladder
		var br carry.Bracket
		var limit sql.NullFloat64
		if err := rows.Scan(&symbol, &l.from, &l.recorded, &br.Floor, &limit, &br.MMR, &br.Cum, &br.MaxLeverage); err != nil {
			return err
		}
		br.Cap = math.Inf(1)
		if limit.Valid {
			br.Cap = limit.Float64
		}
		list := b.brackets[symbol]
		if n := len(list); n == 0 || list[n-1].from != l.from {
			list = append(list, l)
		}
		last := &list[len(list)-1]
		last.brackets = append(last.brackets, br)
		b.brackets[symbol] = list
		return nil
	}, `SELECT symbol, valid_from_ms, recorded_ms, floor, cap, mmr, cum, max_leverage FROM bracket
		WHERE symbol IN (SELECT perp_symbol FROM instrument) ORDER BY symbol, valid_from_ms, tier`)
	if err != nil {
		return fmt.Errorf("read brackets: %w", err)
	}
	for _, list := range b.brackets {
		for _, l := range list {
			// The source caps the last bracket at what it lets one open; what
			// has grown beyond it is still margined at its rate.
			l.brackets[len(l.brackets)-1].Cap = math.Inf(1)
		}
	}
	return nil
}

// inForce returns the index of the last row that starts at or before at; the
// first row holds from the beginning of time. −1 when there is none.
func inForce[T any](rows []T, at carry.Time, from func(*T) carry.Time) int {
	if len(rows) == 0 {
		return -1
	}
	i := 0
	for i+1 < len(rows) && from(&rows[i+1]) <= at {
		i++
	}
	return i
}

func ruleFrom(r *ruleRow) carry.Time         { return r.from }
func ladderFrom(l *ladder) carry.Time        { return l.from }
func interestFrom(r *interestRow) carry.Time { return r.from }

// changes lists the dates at which any of a pair's facts begins, from the
// beginning of time.
func (b *ruleBook) changes(p *tapePair) []carry.Time {
	dates := []carry.Time{0}
	for leg, symbol := range [2]string{p.SpotSymbol, p.PerpSymbol} {
		for _, r := range b.legs[leg][symbol] {
			dates = append(dates, r.from)
		}
	}
	for _, l := range b.brackets[p.PerpSymbol] {
		dates = append(dates, l.from)
	}
	for _, coin := range []string{"*", p.Coin} {
		for _, r := range b.interest[coin] {
			dates = append(dates, r.from)
		}
	}
	slices.Sort(dates)
	return slices.Compact(dates)
}

// rulesOf is the pair's dated rules, oldest first; consecutive equal ones are
// joined. stepUSD is a price of the coin for default lots, 0 if unknown.
func (b *ruleBook) rulesOf(pair int, p *tapePair, price float64) ([]carry.Rules, error) {
	var out []carry.Rules
	for _, at := range b.changes(p) {
		r := carry.Rules{Pair: int32(pair), From: at, LiquidationFeeFrac: defaultLiquidationFee}
		assume := func(recorded carry.Time) {
			r.Recorded = max(r.Recorded, recorded)
			r.Assumed = r.Assumed || at < recorded
		}
		for leg, symbol := range [2]string{p.SpotSymbol, p.PerpSymbol} {
			rows := b.legs[leg][symbol]
			i := inForce(rows, at, ruleFrom)
			if i < 0 {
				r.Legs[leg] = defaultFilters(carry.Leg(leg), p, price)
				r.Assumed = true
				continue
			}
			var err error
			if r.Legs[leg], err = rows[i].filters(p.QtyDp); err != nil {
				return nil, fmt.Errorf("rules of %s %s: %w", carry.Leg(leg), symbol, err)
			}
			assume(rows[i].recorded)
			if carry.Leg(leg) == carry.Perp && rows[i].fee > 0 {
				r.LiquidationFeeFrac = rows[i].fee
			}
		}
		limitOrders(&r)
		ladders := b.brackets[p.PerpSymbol]
		if i := inForce(ladders, at, ladderFrom); i >= 0 {
			r.Brackets = ladders[i].brackets
			assume(ladders[i].recorded)
		} else {
			r.Brackets, r.Assumed = defaultBrackets(), true
		}
		r.Interest8h = b.interestOf(p.Coin, at)
		if n := len(out); n > 0 && sameRules(&out[n-1], &r) {
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

// icebergParts are how many parts Binance let an iceberg have, from when
// (binance.md §2.5).
var icebergParts = [...]struct {
	from  carry.Time
	parts int
}{{0, 10}, {1766016000000, 25}, {1770768000000, 50}, {1773273600000, 100}} // 2025-12-18, 2026-02-11, 2026-03-12

// limitOrders sets the limits that Binance has for all symbols alike: 200 open
// orders on each, and the parts of an iceberg as of the day the rules begin.
func limitOrders(r *carry.Rules) {
	for leg := range r.Legs {
		r.Legs[leg].MaxOrders = 200
	}
	for _, e := range icebergParts {
		if r.From >= e.from {
			r.Legs[carry.Spot].IcebergParts = e.parts
		}
	}
}

// recorded says whether anything but the interest was recorded for the pair,
// and whether everything was.
func (b *ruleBook) recorded(p *tapePair) (complete bool) {
	return len(b.legs[carry.Spot][p.SpotSymbol]) > 0 && len(b.legs[carry.Perp][p.PerpSymbol]) > 0 &&
		len(b.brackets[p.PerpSymbol]) > 0
}

func (b *ruleBook) interestOf(coin string, at carry.Time) float64 {
	for _, name := range []string{coin, "*"} {
		if rows := b.interest[name]; len(rows) > 0 {
			return rows[inForce(rows, at, interestFrom)].rate
		}
	}
	return carry.DefaultInterest8h
}

// sameRules compares what a run can feel.
func sameRules(a, b *carry.Rules) bool {
	return a.Legs == b.Legs && slices.Equal(a.Brackets, b.Brackets) && a.LiquidationFeeFrac == b.LiquidationFeeFrac &&
		a.Interest8h == b.Interest8h && a.Assumed == b.Assumed
}

// filters converts a recorded row into quanta of 10^-qtyDp.
func (r *ruleRow) filters(qtyDp int8) (carry.Filters, error) {
	var fixed [5]int64
	for i, f := range [...]struct {
		name string
		x    float64
	}{{"tick", r.tick}, {"min notional", r.minNotional}, {"max notional", r.maxNotional}, {"min price", r.minPrice}, {"max price", r.maxPrice}} {
		x, err := carry.ParseFixed(strconv.FormatFloat(f.x, 'f', -1, 64))
		if err != nil && i < 2 {
			return carry.Filters{}, fmt.Errorf("%s: %w", f.name, err)
		}
		if err == nil { // an upper bound that does not fit is none
			fixed[i] = x
		}
	}
	return carry.Filters{
		Tick: carry.Price(fixed[0]), Step: quanta(r.step, qtyDp, true), MinQty: quanta(r.minQty, qtyDp, true),
		MaxQty: quanta(r.maxQty, qtyDp, false), MarketStep: quanta(r.marketStep, qtyDp, true),
		MarketMax: quanta(r.marketMax, qtyDp, false), MinNotional: carry.Amount(fixed[1]),
		MaxNotional: carry.Amount(fixed[2]), MinPrice: carry.Price(fixed[3]), MaxPrice: carry.Price(fixed[4]),
		MarketSmall: !r.minOnMarket, MarketLarge: !r.maxOnMarket, PercentUp: r.percentUp, PercentDown: r.percentDown,
	}, nil
}

// quanta converts a quantity exactly, rounding what does not fit away from
// harm: minima and steps up, maxima down; what overflows is no bound.
func quanta(x float64, dp int8, up bool) carry.Qty {
	d := decimal.NewFromFloat(x).Shift(int32(dp))
	if up {
		d = d.Ceil()
	} else {
		d = d.Floor()
	}
	if !d.BigInt().IsInt64() {
		return math.MaxInt64
	}
	return carry.Qty(d.IntPart())
}

// defaultFilters are for a leg of which nothing was recorded: lots worth about
// a dollar, no tick, a cautious minimum.
func defaultFilters(leg carry.Leg, p *tapePair, price float64) carry.Filters {
	f := carry.Filters{Step: 1, MinNotional: defaultSpotMinNotional, PercentUp: 5, PercentDown: 0.2}
	if leg == carry.Perp {
		f.MinNotional, f.PercentUp, f.PercentDown = defaultPerpMinNotional, 1.05, 0.95
		price *= float64(p.Mult)
	}
	for dp := int8(0); dp < p.QtyDp; dp++ {
		if float64(price/pow10f[dp]) <= 1 && price > 0 {
			f.Step = carry.Qty(carry.Pow10[p.QtyDp-dp])
			break
		}
	}
	f.MinQty = f.Step
	return f
}

// defaultBrackets is defaultLadder with caps and cums.
func defaultBrackets() []carry.Bracket {
	out := make([]carry.Bracket, 0, len(defaultLadder))
	for _, row := range defaultLadder {
		out = append(out, carry.Bracket{Floor: row[0], MMR: row[1], MaxLeverage: row[2]})
	}
	completeBrackets(out)
	return out
}

// completeBrackets fills in caps (the next floor, +Inf at the end) and cums by
// cum_n = cum_{n−1} + floor_n × (MMR_n − MMR_{n−1}) (binance.md §2.6), rounded
// to 1e-8 USDT.
func completeBrackets(bs []carry.Bracket) {
	for i := range bs {
		bs[i].Cap = math.Inf(1)
		if i+1 < len(bs) {
			bs[i].Cap = bs[i+1].Floor
		}
		if i > 0 {
			step := float64(bs[i].Floor * float64(bs[i].MMR-bs[i-1].MMR))
			bs[i].Cum = math.Floor(float64((bs[i-1].Cum+step)*1e8)+0.5) / 1e8
		}
	}
}
