package crawl

import (
	"context"

	"carry"
	"carry/data"
)

// lives are what a symbol meant over time. Beside what the store knows, a
// perpetual whose monthly files stop for at least a whole month before the
// exchange says it was listed is a ticker that was used again.
func (c *Crawler) lives(ctx context.Context, leg carry.Leg, symbol string, monthly []File) ([]data.Life, error) {
	known, err := c.store.Lives(ctx, leg, symbol)
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		return known, nil
	}
	whole := data.Life{Leg: leg, Name: symbol, Symbol: symbol}
	if leg == carry.Spot {
		return []data.Life{whole}, nil
	}
	info, ok := c.markets[leg].symbols[symbol]
	if end := lastBeforeHole(monthly, info.Onboard); ok && end > 0 {
		old := data.Life{Leg: leg, Name: symbol + "~" + end.Date(), Symbol: symbol, Span: data.Span{To: end},
			Note: "an earlier contract of this name", Source: "archive listing and onboardDate"}
		whole.Span.From = end
		whole.Note, whole.Source = "listed "+info.Onboard.Date(), old.Source
		for _, l := range []data.Life{old, whole} {
			if err := c.store.PutLife(ctx, l); err != nil {
				return nil, err
			}
		}
		return []data.Life{old, whole}, nil
	}
	if ok && info.Status != "TRADING" && info.Status != "PENDING_TRADING" && info.Delivery > 0 && info.Delivery <= c.cutoff {
		whole.Span.To = info.Delivery
	} else if whole.Span.To, err = c.store.Delivered(ctx, symbol); err != nil {
		return nil, err
	}
	return []data.Life{whole}, nil
}

// lastBeforeHole is the end of the files before the last hole of at least a
// month that ends in the month of the listing; 0 where there is none.
func lastBeforeHole(monthly []File, onboard carry.Time) carry.Time {
	if onboard <= 0 {
		return 0
	}
	month := monthOf(onboard)
	for i := 1; i < len(monthly); i++ {
		if monthly[i].Span.From >= month.From && monthly[i-1].Span.To < month.From {
			return monthly[i-1].Span.To
		}
	}
	if n := len(monthly); n > 0 && monthly[n-1].Span.To < month.From {
		return monthly[n-1].Span.To // listed again, no monthly file of it yet
	}
	return 0
}
