package crawl

import (
	"context"
	"errors"
	"fmt"

	"carry"
	"carry/data"
	"carry/internal/binance"
)

// errLies says that the exchange contradicts itself: it gives no rows although
// there are some.
var errLies = errors.New("the exchange contradicts itself")

// liesMax bounds how often a contradiction is asked about again, silentMax how
// often a series without a single row is.
const (
	liesMax   = 5
	silentMax = 3
)

// pages asks the exchange for what is still missing.
func (f *fetcher) pages(ctx context.Context) error {
	missing, err := f.store.Missing(ctx, f.s.Name, f.s.Want.From, f.s.Want.To)
	if err != nil {
		return err
	}
	for _, span := range missing {
		if f.s.Name.Kind == data.KindFunding {
			err = f.settlementsOf(ctx, span)
		} else {
			err = f.klinesOf(ctx, span)
		}
		if errors.Is(err, binance.ErrUnknownSymbol) {
			return f.believe(ctx, span, "") // it knows nothing at all of it
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// believed is the end of the part of a span of which the exchange's silence is
// believed.
func (f *fetcher) believed(span data.Span) carry.Time {
	end := min(span.To, f.server-settleTime)
	if step := f.s.Name.Step; step > 0 {
		end = end.Floor(step)
	}
	return end
}

// believe notes that a span holds nothing more.
func (f *fetcher) believe(ctx context.Context, span data.Span, source string) error {
	span.To = f.believed(span)
	if span.From >= span.To {
		return nil
	}
	return f.w.put(ctx, &data.Chunk{Series: f.s.Name, Source: source, Searched: span})
}

// klinesOf pages through a span by open time. Asking only from a time on makes
// holes cheap: the answer goes on behind them, which also proves them.
func (f *fetcher) klinesOf(ctx context.Context, span data.Span) error {
	kind, step := restKind[f.s.Name.Kind], f.s.Name.Step
	at := span.From
	for at < span.To {
		n := min(kind.PageRows(), int((span.To-at)/step))
		rows, from, err := f.client.Klines(ctx, f.klines, kind, f.s.Symbol, f.o.Interval, at, n)
		if err != nil {
			return err
		}
		if rows != nil {
			f.klines = rows
		}
		f.done(f.s.Name.String() + " " + at.Date())
		if len(rows) == 0 {
			again, err := f.silence(ctx, data.Span{From: at, To: span.To}, from.Source)
			if err != nil || !again {
				return err
			}
			continue
		}
		f.bars = f.bars[:0]
		for i := range rows {
			if rows[i].At < span.To {
				f.bars = append(f.bars, f.bar(&rows[i]))
			}
		}
		next := min(rows[len(rows)-1].At+step, span.To)
		chunk := &data.Chunk{Series: f.s.Name, Bars: f.bars, Source: from.Source, SHA256: from.SHA256, Searched: data.Span{From: at, To: next}}
		if err := f.w.put(ctx, chunk); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// silence decides what an empty page means: that nothing exists from there on,
// which is noted, or that the page was wrong and must be asked for again.
func (f *fetcher) silence(ctx context.Context, span data.Span, source string) (again bool, err error) {
	if f.believed(span) <= span.From {
		return false, nil // it may come yet
	}
	kind, step := restKind[f.s.Name.Kind], f.s.Name.Step
	known, any, err := f.store.LastBefore(ctx, f.s.Name, span.To)
	if err != nil {
		return false, err
	}
	// Had it been silent before, one answer confirms that it still is.
	if any && known < span.From-step {
		return false, f.believe(ctx, span, source)
	}
	last, ok, err := f.client.LastKline(ctx, kind, f.s.Symbol, f.o.Interval, span.To)
	if err != nil {
		return false, err
	}
	f.w.step(f.s.Name.String(), false)
	if ok && last.At >= span.From || any && (!ok || last.At < known) {
		return true, f.lie(ctx, span.From)
	}
	if !any && !ok && f.silent < silentMax {
		// Of a symbol that it names, the exchange gives nothing at all.
		f.silent++
		return true, f.client.Pause(ctx, f.silent)
	}
	return false, f.believe(ctx, span, source)
}

// lie counts a contradiction; too many are an error.
func (f *fetcher) lie(ctx context.Context, at carry.Time) error {
	if f.answers++; f.answers > liesMax {
		return fmt.Errorf("%s: %w: empty pages from %s on, yet it has later rows", f.s.Name, errLies, at)
	}
	return f.client.Pause(ctx, f.answers)
}

// settlementsOf pages through a span by stamp, inclusive; stamps jitter around
// the minute.
func (f *fetcher) settlementsOf(ctx context.Context, span data.Span) error {
	from := span.From
	ask := from - carry.Minute/2
	for from < span.To {
		rows, answer, err := f.client.Funding(ctx, f.rates, f.s.Symbol, ask)
		if err != nil {
			return err
		}
		if rows != nil {
			f.rates = rows
		}
		f.done(f.s.Name.String() + " " + from.Date())
		if f.paid, err = settlements(f.paid[:0], f.rates[:len(rows)], data.Span{To: 1 << 62}, data.Span{From: span.From, To: span.To}); err != nil {
			return err
		}
		chunk := &data.Chunk{Series: f.s.Name, Paid: f.paid, Source: answer.Source, SHA256: answer.SHA256}
		if len(rows) == binance.FundingPageRows {
			last := rows[len(rows)-1].At
			// A special settlement may share the slot and come on the next page.
			chunk.Searched = data.Span{From: from, To: min(last.Slot(), span.To)}
			if last.Slot() <= from {
				return fmt.Errorf("%s: %w: a full page without progress at %s", f.s.Name, errLies, last)
			}
			if err := f.w.put(ctx, chunk); err != nil {
				return err
			}
			from, ask = min(last.Slot(), span.To), last+1
			continue
		}
		again, err := f.ended(ctx, data.Span{From: from, To: span.To}, chunk, len(rows) > 0 && rows[len(rows)-1].At.Slot() >= span.To)
		if err != nil || !again {
			return err
		}
	}
	return nil
}

// ended stores the last page of a span's settlements after making sure that it
// is the last: when longer than the longest interval has passed since, the
// exchange is asked once more. beyond says that the page went on behind the span,
// which proves it.
func (f *fetcher) ended(ctx context.Context, span data.Span, chunk *data.Chunk, beyond bool) (again bool, err error) {
	if beyond {
		chunk.Searched = span
		return false, f.w.put(ctx, chunk)
	}
	end := f.believed(span)
	last, any := carry.Time(0), false
	if n := len(chunk.Paid); n > 0 {
		last, any = chunk.Paid[n-1].At.Slot(), true
	} else if last, any, err = f.store.LastBefore(ctx, f.s.Name, span.To); err != nil {
		return false, err
	}
	quiet := span.From
	if any {
		quiet = max(quiet, last)
	}
	if !any && len(chunk.Paid) == 0 && f.silent < silentMax {
		f.silent++
		return true, f.client.Pause(ctx, f.silent)
	}
	known := any && last < span.From-2*fundingHours*carry.Hour // it had ended before
	if end-quiet > fundingHours*carry.Hour+carry.Minute && !known {
		lied, err := f.probe(ctx, last, any, data.Span{From: quiet, To: end})
		if err != nil {
			return false, err
		}
		if lied {
			return true, f.lie(ctx, quiet)
		}
	}
	if n := len(chunk.Paid); n > 0 {
		end = max(end, chunk.Paid[n-1].At.Slot()+carry.Minute)
	}
	if end = min(end, span.To); end > span.From {
		chunk.Searched = data.Span{From: span.From, To: end}
	}
	if len(chunk.Paid) == 0 && chunk.Searched == (data.Span{}) {
		return false, nil
	}
	return false, f.w.put(ctx, chunk)
}

// probe asks again from the last known settlement on, which must be in the
// answer; whether anything comes after it tells if the page before was wrong.
func (f *fetcher) probe(ctx context.Context, last carry.Time, any bool, quiet data.Span) (lied bool, err error) {
	from := quiet.From
	if any {
		from = last
	}
	rows, _, err := f.client.Funding(ctx, nil, f.s.Symbol, from-carry.Minute/2)
	if err != nil {
		return false, err
	}
	f.w.step(f.s.Name.String(), false)
	seen := false
	for i := range rows {
		slot := rows[i].At.Slot()
		if slot > quiet.From && slot < quiet.To {
			return true, nil
		}
		seen = seen || slot == last
	}
	return any && !seen, nil
}
