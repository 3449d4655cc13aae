package crawl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/binance/wire"
)

// fetcher fetches one series; its buffers are reused from file to file.
type fetcher struct {
	*run
	s       *Series
	units   int // files and pages foreseen and not done yet
	klines  []wire.Kline
	rates   []wire.FundingRate
	bars    []data.Bar
	paid    []data.Payment
	answers int // empty answers that turned out wrong
	silent  int // empty answers of a series that has no row yet
}

// done counts a file or page.
func (f *fetcher) done(what string) {
	f.w.step(what, f.units > 0)
	f.units--
}

// files fetches the plan's files. A file that is wrong in any way is refused
// as a whole, noted in the quarantine and left to REST.
func (f *fetcher) files(ctx context.Context) error {
	for i := range f.s.Files {
		if err := f.file(ctx, &f.s.Files[i]); err != nil {
			return err
		}
		f.done(path.Base(f.s.Files[i].Key))
	}
	return nil
}

func (f *fetcher) file(ctx context.Context, file *File) error {
	known := &data.ArchiveFile{Key: file.Key, Stamp: file.Stamp, Part: file.Part}
	chunk := &data.Chunk{Series: f.s.Name, Source: file.Key, File: known, Republished: file.Republished}
	err := f.read(ctx, file, chunk)
	if err == nil {
		known.SHA256 = chunk.SHA256
		known.Rows = len(chunk.Bars) + len(chunk.Paid)
		if file.Republished {
			known.Note = "published again"
		}
		if err = f.w.put(ctx, chunk); err == nil {
			f.count(func(r *Report) { r.Files++ })
			return nil
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, kind := range []error{binance.ErrChecksum, binance.ErrArchive, binance.ErrNotFound, wire.ErrFormat, data.ErrRefused} {
		if errors.Is(err, kind) {
			return f.quarantine(ctx, known, err)
		}
	}
	if f.s.rest && errors.Is(err, binance.ErrUnreachable) {
		f.problem(f.s, fmt.Errorf("%w; asking the exchange instead", err))
		return nil
	}
	return err
}

// quarantine notes a refused file.
func (f *fetcher) quarantine(ctx context.Context, known *data.ArchiveFile, why error) error {
	known.Quarantined, known.Note = true, why.Error()
	f.count(func(r *Report) {
		r.Quarantined++
		r.Notes = append(r.Notes, "quarantined: "+why.Error())
	})
	return f.w.put(ctx, &data.Chunk{Series: f.s.Name, Source: known.Key, File: known})
}

// read downloads, verifies and reads a file into chunk.
func (f *fetcher) read(ctx context.Context, file *File, chunk *data.Chunk) error {
	sum, err := f.client.Checksum(ctx, file.Key)
	if err != nil {
		return err
	}
	body, err := f.client.Zip(ctx, file.Key, sum)
	if err != nil {
		return err
	}
	chunk.SHA256 = sum
	return f.parse(file, body, chunk)
}

// parse reads a verified file into chunk.
func (f *fetcher) parse(file *File, body []byte, chunk *data.Chunk) error {
	in, err := binance.OpenZip(file.Key, body)
	if err != nil {
		return err
	}
	defer in.Close()
	step := f.s.Name.Step
	if step == 0 {
		step = carry.Hour / 4 // no settlements come closer
	}
	rowsMax := 2*int((file.Span.To-file.Span.From)/step) + 2 // each may be there twice
	named := func(err error) error { return fmt.Errorf("%s: %w", path.Base(file.Key), err) }
	if f.s.Name.Kind == data.KindFunding {
		if f.rates, err = wire.ReadFunding(f.rates[:0], in, rowsMax); err != nil {
			return named(err)
		}
		if err := f.fileFunding(file, chunk); err != nil {
			return named(err)
		}
		return nil
	}
	if f.klines, err = wire.ReadKlines(f.klines[:0], in, rowsMax); err != nil {
		return named(err)
	}
	if chunk.Bars, err = f.ordered(file); err != nil {
		return named(err)
	}
	return nil
}

// ordered are a file's bars in order and once each, cut to what is wanted.
// Rows outside the file's month or day show that it is another file.
func (f *fetcher) ordered(file *File) ([]data.Bar, error) {
	if !slices.IsSortedFunc(f.klines, byTime) {
		slices.SortStableFunc(f.klines, byTime)
	}
	f.bars = f.bars[:0]
	for i := range f.klines {
		k := &f.klines[i]
		if k.At < file.Span.From || k.At >= file.Span.To {
			return nil, fmt.Errorf("%w: a bar of %s", wire.ErrFormat, k.At)
		}
		if i > 0 && k.At == f.klines[i-1].At {
			if *k != f.klines[i-1] {
				return nil, fmt.Errorf("%w: the bar of %s is there twice with different values", wire.ErrFormat, k.At)
			}
			continue
		}
		if k.At >= file.Part.From && k.At < file.Part.To {
			f.bars = append(f.bars, f.bar(k))
		}
	}
	return f.bars, nil
}

func byTime(a, b wire.Kline) int { return int(a.At - b.At) }

// bar is a kline as the store keeps it: mark prices and premiums have no volume.
func (f *fetcher) bar(k *wire.Kline) data.Bar {
	b := data.Bar{At: k.At, Open: k.Open, High: k.High, Low: k.Low, Close: k.Close, Volume: k.Volume, Quote: k.QuoteVolume}
	if f.s.Name.Kind == data.KindMark || f.s.Name.Kind == data.KindPremium {
		b.Volume, b.Quote = math.NaN(), math.NaN()
	}
	return b
}

// fileFunding fills a chunk from a funding file. When the file has a settlement
// for every interval of its month, there is nothing to ask the exchange for.
func (f *fetcher) fileFunding(file *File, chunk *data.Chunk) error {
	var err error
	if f.paid, err = settlements(f.paid[:0], f.rates, file.Span, file.Part); err != nil {
		return err
	}
	chunk.Paid = f.paid
	if whole(f.rates, file.Span) {
		chunk.Searched = file.Part
	}
	return nil
}

// settlements are rates in order and once each, within part. A row outside span
// is an error.
func settlements(dst []data.Payment, rates []wire.FundingRate, span, part data.Span) ([]data.Payment, error) {
	slices.SortStableFunc(rates, func(a, b wire.FundingRate) int { return int(a.At - b.At) })
	for i := range rates {
		r := &rates[i]
		slot := r.At.Slot()
		if slot < span.From || slot >= span.To {
			return nil, fmt.Errorf("%w: a settlement of %s", wire.ErrFormat, r.At)
		}
		if slot < part.From || slot >= part.To {
			continue
		}
		p := data.Payment{At: r.At, Rate: r.Rate, Mark: r.Mark, Hours: r.Hours, Special: r.Special}
		if twin := twinOf(dst, &p); twin != nil {
			if twin.Rate != p.Rate {
				return nil, fmt.Errorf("%w: the settlement of %s is there twice with different rates", wire.ErrFormat, slot)
			}
			continue
		}
		dst = append(dst, p)
	}
	return dst, nil
}

// twinOf finds a payment of the same slot and kind among the last ones.
func twinOf(list []data.Payment, p *data.Payment) *data.Payment {
	for i := len(list) - 1; i >= 0 && list[i].At.Slot() == p.At.Slot(); i-- {
		if list[i].Special == p.Special {
			return &list[i]
		}
	}
	return nil
}

// whole tells whether rates fill a month without a hole, by the intervals that
// they carry.
func whole(rates []wire.FundingRate, month data.Span) bool {
	at := month.From
	for i := range rates {
		step := carry.Time(rates[i].Hours) * carry.Hour
		if slot := rates[i].At.Slot(); slot-at > step || i == 0 && slot-at >= step {
			return false
		}
		at = rates[i].At.Slot()
	}
	return len(rates) > 0 && month.To-at <= carry.Time(rates[len(rates)-1].Hours)*carry.Hour
}

// dailyHoles looks for the days that a monthly file lacks among the daily ones.
func (f *fetcher) dailyHoles(ctx context.Context) error {
	missing, err := f.store.Missing(ctx, f.s.Name, f.s.Want.From, f.s.Want.To)
	if err != nil {
		return err
	}
	first, any, err := f.store.FirstRow(ctx, f.s.Name)
	if err != nil || !any {
		return err
	}
	if missing = after(missing, first); len(missing) == 0 {
		return nil
	}
	have, err := f.store.ArchiveFiles(ctx, f.s.Name)
	if err != nil {
		return err
	}
	daily, err := f.Crawler.files(ctx, f.s.Name.Kind, "daily", f.s.Symbol, missing[0].From.Date())
	if err != nil {
		return err
	}
	for _, file := range needed(daily, have, missing, f.s.Want) {
		if err := f.file(ctx, &file); err != nil {
			return err
		}
		f.done(path.Base(file.Key))
	}
	return nil
}
