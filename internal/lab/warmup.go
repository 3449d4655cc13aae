package lab

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"carry"
	"carry/internal/binance"
	"carry/internal/binance/wire"
	"carry/sim"
)

// warmUpFrom reads what fills a strategy's windows from the exchange's history
// and makes cross-sections of it with the quoter that a backtest uses. The
// venue it returns tells them and then waits; nothing is traded on it.
func warmUpFrom(ctx context.Context, c *binance.Client, info *carry.TapeInfo, quotes sim.QuoteModels, from carry.Time) (*sim.Venue, error) {
	past := &carry.TapeInfo{Pairs: info.Pairs, From: info.From, To: from, Step: info.Step}
	h := &pastReader{c: c, interval: barName(info.Step), until: from, settledUntil: from}
	b, err := h.read(ctx, past)
	if err != nil {
		return nil, err
	}
	o := sim.DefaultOptions()
	warm, err := sim.NewVenue(past, o, from)
	if err != nil {
		return nil, err
	}
	warm.Feed(sim.NewQuoter(past, quotes, from).Frames(b))
	return warm, nil
}

// blockOf are a block's columns.
func blockOf(b *carry.Block) [14][]float64 {
	return [...][]float64{b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close, b.Spot.Volume,
		b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close, b.Perp.Volume, b.MarkOpen, b.MarkHigh, b.MarkClose, b.Premium}
}

// pastReader fills a block from REST.
type pastReader struct {
	c        *binance.Client
	b        *carry.Block
	interval string
	// until is the end of the bars that are read, settledUntil that of settlements;
	// both are exclusive.
	until, settledUntil carry.Time
	// closed: the last bar is over, and all of it is known.
	closed bool
	rows   []wire.Kline
}

// read fills a block with the bars of a span.
func (h *pastReader) read(ctx context.Context, span *carry.TapeInfo) (*carry.Block, error) {
	h.b = &carry.Block{Start: span.From, Step: span.Step}
	h.b.Resize(int((span.To-span.From)/span.Step), len(span.Pairs))
	for _, col := range blockOf(h.b) {
		for k := range col {
			col[k] = math.NaN()
		}
	}
	for i := range span.Pairs {
		if err := h.pair(ctx, int32(i), &span.Pairs[i]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(h.b.Settled, func(x, y carry.Settlement) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Pair, y.Pair))
	})
	return h.b, nil
}

func (h *pastReader) pair(ctx context.Context, i int32, p *carry.Pair) error {
	b := h.b
	for _, s := range [...]struct {
		kind   binance.Kind
		symbol string
		cols   [5][]float64
	}{
		{binance.SpotKlines, p.SpotSymbol, [5][]float64{b.Spot.Open, b.Spot.High, b.Spot.Low, b.Spot.Close, b.Spot.Volume}},
		{binance.PerpKlines, p.PerpSymbol, [5][]float64{b.Perp.Open, b.Perp.High, b.Perp.Low, b.Perp.Close, b.Perp.Volume}},
		{binance.MarkKlines, p.PerpSymbol, [5][]float64{b.MarkOpen, b.MarkHigh, nil, b.MarkClose, nil}},
		{binance.PremiumKlines, p.PerpSymbol, [5][]float64{nil, nil, nil, b.Premium, nil}},
	} {
		if err := h.series(ctx, i, s.kind, s.symbol, s.cols); err != nil {
			return err
		}
	}
	return h.settled(ctx, i, p.PerpSymbol)
}

// series reads one series page by page.
func (h *pastReader) series(ctx context.Context, i int32, k binance.Kind, symbol string, cols [5][]float64) error {
	for at := h.b.Start; at < h.until; {
		n := k.PageRows()
		rows, _, err := h.c.Klines(ctx, h.rows, k, symbol, h.interval, at, n)
		if errors.Is(err, binance.ErrUnknownSymbol) {
			return nil // not listed yet
		}
		if err != nil {
			return err
		}
		h.rows = rows
		for r := range rows {
			row := &rows[r]
			if row.At >= h.until {
				return nil
			}
			at = row.At + h.b.Step
			open := !h.closed && row.At+h.b.Step >= h.until // the bar under way: its end is not known
			volume := row.Volume
			if open {
				volume = 1
			}
			values := [5]float64{row.Open, row.High, row.Low, row.Close, volume}
			place := int((row.At-h.b.Start)/h.b.Step)*h.b.P + int(i)
			for c := range cols {
				if cols[c] != nil {
					cols[c][place] = values[c]
				}
			}
		}
		if len(rows) < n {
			return nil
		}
	}
	return nil
}

// settled reads a contract's settlements; the interval is the spacing to the one
// before where that is a whole number of hours up to eight, else eight hours.
func (h *pastReader) settled(ctx context.Context, i int32, symbol string) error {
	before := carry.Time(0)
	for from := h.b.Start - 8*carry.Hour; ; {
		rows, _, err := h.c.Funding(ctx, nil, symbol, from)
		if errors.Is(err, binance.ErrUnknownSymbol) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range rows {
			from = r.At + 1
			at := r.At.Slot()
			if r.Special || at >= h.settledUntil {
				continue
			}
			s := carry.Settlement{At: at, Pair: i, Rate: r.Rate, IntervalH: 8}
			if d := at - before; before != 0 && d > 0 && d <= 8*carry.Hour && d%carry.Hour == 0 {
				s.IntervalH = float64(d / carry.Hour)
			}
			before = at
			if r.Mark == r.Mark {
				s.Mark = carry.PriceFromFloat(r.Mark)
			}
			if at >= h.b.Start {
				h.b.Settled = append(h.b.Settled, s)
			}
		}
		if len(rows) < binance.FundingPageRows {
			return nil
		}
	}
}
