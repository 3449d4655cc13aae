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
		if at := c.tradedUntil(ctx, symbol, monthly, end); at > 0 {
			end = at
		}
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
	if whole.Span.To, err = c.delivery(ctx, symbol, info, monthly); err != nil {
		return nil, err
	}
	return []data.Life{whole}, nil
}

// delivery is when a contract was settled: as the exchange says, as it was
// recorded, or, of one that the exchange does not name, where trading ended in
// the archive, which is noted. 0: not yet, or not known.
func (c *Crawler) delivery(ctx context.Context, symbol string, info wire.SymbolInfo, monthly []File) (carry.Time, error) {
	if ended(info) && info.Delivery <= c.cutoff {
		return info.Delivery, nil
	}
	at, err := c.store.Delivered(ctx, symbol)
	if err != nil || at > 0 || info.Symbol != "" || c.o.Via == REST {
		return at, err
	}
	series := data.Series{Kind: data.KindPerp, Symbol: symbol, Step: c.step}
	have, err := c.store.ArchiveFiles(ctx, series)
	if n := len(monthly); err != nil || n == 0 || have[monthly[n-1].Key].Stamp == monthly[n-1].Stamp {
		return 0, err // its last file was looked at before it was stored
	}
	if at = c.tradedUntil(ctx, symbol, monthly, 1<<62); at == 0 {
		return 0, nil
	}
	return at, c.store.PutLife(ctx, data.Life{Leg: carry.Perp, Name: symbol, Symbol: symbol, Span: data.Span{To: at},
		Note: "nobody traded it from then on", Source: "archive"})
}

// tradedUntil looks for the end of trading in a perpetual's monthly files that
// end by a time, last one first: archives go on behind a settlement with bars at
// one price that nobody traded (binance.md §1.4). 0 where the last bar was
// traded, and for files of other series, which tell nothing of trades.
func (c *Crawler) tradedUntil(ctx context.Context, symbol string, monthly []File, by carry.Time) carry.Time {
	if len(monthly) == 0 || !strings.HasPrefix(monthly[0].Key, prefix(data.KindPerp, "monthly", symbol, c.o.Interval)) {
		return 0
	}
	series := data.Series{Kind: data.KindPerp, Symbol: symbol, Step: c.step}
	f := &fetcher{run: &run{Crawler: c}, s: &Series{Name: series, Symbol: symbol}}
	var end carry.Time
	for i := len(monthly) - 1; i >= 0; i-- {
		file := monthly[i]
		if file.Span.To > by {
			continue
		}
		file.Part = file.Span
		chunk := &data.Chunk{Series: series, Source: file.Key}
		if err := f.read(ctx, &file, chunk); err != nil {
			return end // the fetch says what is wrong with the file
		}
		n := len(chunk.Bars)
		for n > 0 && untraded(&chunk.Bars[n-1]) {
			n--
			end = chunk.Bars[n].At
		}
		if n > 0 {
			return end
		}
	}
	return end
}

// untraded tells a bar at a single price without volume.
func untraded(b *data.Bar) bool {
	return b.Volume == 0 && b.Open == b.High && b.Open == b.Low && b.Open == b.Close
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
