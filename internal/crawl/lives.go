package crawl

import (
	"context"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/binance/wire"
)

// lives are what a symbol meant over time. Beside what the store knows, a
// perpetual whose monthly files stop for at least a whole month before the
// exchange says it was listed is a ticker that was used again. A spot symbol
// shares the lives of its perpetual. Rows that are stored already are sorted into
// the lives that are found.
func (c *Crawler) lives(ctx context.Context, leg carry.Leg, symbol string, monthly []File, perp []data.Life) ([]data.Life, error) {
	known, err := c.store.Lives(ctx, leg, symbol)
	if err != nil || len(known) > 0 {
		return known, err
	}
	whole := data.Life{Leg: leg, Name: symbol, Symbol: symbol}
	info := c.markets[leg].symbols[symbol]
	var end, begin carry.Time
	suffix := ""
	if leg == carry.Spot {
		suffix, begin = reused(perp)
		end = begin
	} else if end, begin = relisted(monthly, info.Onboard); end > 0 {
		suffix = end.Date()
	}
	if suffix != "" {
		old := data.Life{Leg: leg, Name: symbol + lifeMark + suffix, Symbol: symbol, Span: data.Span{To: end},
			Note: "an earlier coin or contract of this name", Source: "archive listing"}
		whole.Span.From, whole.Note, whole.Source = begin, "listed "+begin.Date(), old.Source
		if err := c.store.SplitLife(ctx, old, whole); err != nil {
			return nil, err
		}
		return []data.Life{old, whole}, nil
	}
	if leg == carry.Spot {
		return []data.Life{whole}, nil
	}
	if ended(info) && info.Delivery <= c.cutoff {
		whole.Span.To = info.Delivery
	} else if whole.Span.To, err = c.store.Delivered(ctx, symbol); err != nil {
		return nil, err
	}
	return []data.Life{whole}, nil
}

// lifeMark stands between a symbol and its end in the names of ended lives.
const lifeMark = "~"

// ended tells whether a contract is settled or about to be.
func ended(info wire.SymbolInfo) bool {
	return info.Status != "" && info.Status != "TRADING" && info.Status != "PENDING_TRADING" && info.Delivery > 0
}

// reused tells when the present life of a perpetual's ticker begins and how the
// one before is named; "" where there was none.
func reused(lives []data.Life) (suffix string, begin carry.Time) {
	for i := 1; i < len(lives); i++ {
		if _, name, ok := strings.Cut(lives[i-1].Name, lifeMark); ok {
			suffix, begin = name, lives[i].Span.From
		}
	}
	return suffix, begin
}

// relisted looks for the hole in a perpetual's monthly files that a second
// listing leaves: where the files before it end, and where the present life
// begins; 0 where there is none.
func relisted(monthly []File, onboard carry.Time) (end, begin carry.Time) {
	for i := 1; i < len(monthly); i++ {
		a, b := monthly[i-1].Span.To, monthly[i].Span.From
		if a < b && b == monthOf(onboard).From {
			end, begin = a, onboard.Floor(carry.Day)
		}
	}
	if n := len(monthly); n > 0 && monthly[n-1].Span.To < monthOf(onboard).From {
		return monthly[n-1].Span.To, onboard.Floor(carry.Day) // no monthly file of it yet
	}
	return end, begin
}
