package crawl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"

	"carry"
	"carry/data"
	"carry/internal/binance"
)

// VerifyOptions are a verification's settings.
type VerifyOptions struct {
	// Samples is how many files of the archive are fetched again and compared:
	// checksum, content, a day of the month, and the exchange's own answer.
	Samples int
	Seed    uint64 // of the choice
}

// Sample is one file that was fetched again.
type Sample struct {
	File string
	// Checksum, Monthly, Daily and REST are "same", "differs: …" or "not there".
	Checksum, Content, Daily, REST string
}

// Failed tells whether anything about the sample differs.
func (s *Sample) Failed() bool {
	for _, what := range []string{s.Checksum, s.Content, s.Daily, s.REST} {
		if strings.HasPrefix(what, "differs") {
			return true
		}
	}
	return false
}

// Verification is what a verification found.
type Verification struct {
	Series      []data.SeriesCheck
	Oddities    []data.Oddity
	Quarantined []data.StoredFile
	Samples     []Sample
	// Unreached says why no samples could be taken; empty when they were.
	Unreached string
}

// Missing is how many rows are missing without the exchange being the reason.
func (v *Verification) Missing() int {
	n := 0
	for i := range v.Series {
		n += v.Series[i].Count(data.GapMissing)
	}
	return n
}

// Complete tells whether nothing is missing and no sample differs.
func (v *Verification) Complete() bool {
	for i := range v.Samples {
		if v.Samples[i].Failed() {
			return false
		}
	}
	return v.Missing() == 0
}

// Verify holds a store against itself and samples of it against the exchange.
// With no client, or where it cannot be reached, the store is checked alone.
func Verify(ctx context.Context, store *data.Store, client *binance.Client, o VerifyOptions) (*Verification, error) {
	v := &Verification{}
	if err := store.Sound(ctx); err != nil {
		return nil, err
	}
	var err error
	if v.Series, err = store.CheckSeries(ctx); err != nil {
		return nil, err
	}
	if v.Oddities, err = store.Oddities(ctx); err != nil {
		return nil, err
	}
	files, err := store.AllArchiveFiles(ctx)
	if err != nil {
		return nil, err
	}
	var good []data.StoredFile
	for _, f := range files {
		switch {
		case f.Quarantined:
			v.Quarantined = append(v.Quarantined, f)
		case strings.Contains(f.Key, "/monthly/"):
			good = append(good, f)
		}
	}
	if client == nil || o.Samples <= 0 {
		return v, nil
	}
	if len(good) == 0 {
		v.Unreached = "no file of the archive was stored, so there is none to fetch again"
		return v, nil
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x766572696679))
	c := &Crawler{store: store, client: client}
	for _, i := range rng.Perm(len(good))[:min(o.Samples, len(good))] {
		s, err := c.sample(ctx, &good[i], rng)
		if errors.Is(err, binance.ErrUnreachable) {
			v.Unreached = err.Error()
			return v, nil
		}
		if err != nil {
			return nil, err
		}
		v.Samples = append(v.Samples, s)
	}
	return v, nil
}

// sample fetches one month again, by all ways.
func (c *Crawler) sample(ctx context.Context, f *data.StoredFile, rng *rand.Rand) (Sample, error) {
	s := Sample{File: path.Base(f.Key), Daily: "not there", REST: "not there"}
	sum, err := c.client.Checksum(ctx, f.Key)
	if err != nil {
		return s, err
	}
	if s.Checksum = "same"; sum != f.SHA256 {
		s.Checksum = fmt.Sprintf("differs: stored %.12s…, published %.12s…; crawl fetch takes the new file", f.SHA256, sum)
	}
	symbol, _, _ := strings.Cut(f.Series.Symbol, lifeMark)
	interval := intervalName(f.Series.Step)
	span, ok := fileSpan(f.Key, stem(f.Series.Kind, symbol, interval))
	if !ok {
		return s, nil
	}
	c.o.Interval = interval
	ft := &fetcher{run: &run{Crawler: c}, s: &Series{Name: f.Series, Symbol: symbol}}
	if s.Content, err = ft.compareFile(ctx, File{Key: f.Key, Span: span, Part: f.Part}); err != nil {
		return s, err
	}
	if f.Series.Step == 0 {
		s.REST, err = ft.compareFunding(ctx, f.Part)
		return s, err
	}
	days := int((f.Part.To - f.Part.From) / carry.Day)
	if days < 1 {
		return s, nil
	}
	day := data.Span{From: (f.Part.From + carry.Time(rng.IntN(days))*carry.Day).Floor(carry.Day)}
	day.To = day.From + carry.Day
	key := prefix(f.Series.Kind, "daily", symbol, interval) + stem(f.Series.Kind, symbol, interval) + day.From.Date() + ".zip"
	if s.Daily, err = ft.compareFile(ctx, File{Key: key, Span: day, Part: cut(day, f.Part)}); err != nil {
		return s, err
	}
	s.REST, err = ft.compareKlines(ctx, cut(day, f.Part))
	return s, err
}

func intervalName(step carry.Time) string {
	for name, s := range steps {
		if s == step {
			return name
		}
	}
	return "1h"
}

// compareFile fetches a file and holds it against the store.
func (f *fetcher) compareFile(ctx context.Context, file File) (string, error) {
	chunk := &data.Chunk{Series: f.s.Name, Source: file.Key}
	err := f.read(ctx, &file, chunk)
	if errors.Is(err, binance.ErrNotFound) {
		return "not there", nil
	}
	if err != nil {
		return judged(err)
	}
	return f.compare(ctx, chunk)
}

// compareKlines asks the exchange for one day.
func (f *fetcher) compareKlines(ctx context.Context, day data.Span) (string, error) {
	n := int((day.To - day.From) / f.s.Name.Step)
	kind := restKind[f.s.Name.Kind]
	rows, from, err := f.client.Klines(ctx, nil, kind, f.s.Symbol, f.o.Interval, day.From, min(n, kind.PageRows()))
	if err != nil {
		return judged(err)
	}
	chunk := &data.Chunk{Series: f.s.Name, Source: from.Source}
	for i := range rows {
		if rows[i].At < day.To {
			chunk.Bars = append(chunk.Bars, f.bar(&rows[i]))
		}
	}
	return f.compare(ctx, chunk)
}

func (f *fetcher) compareFunding(ctx context.Context, span data.Span) (string, error) {
	rows, from, err := f.client.Funding(ctx, nil, f.s.Symbol, span.From-carry.Minute/2)
	if err != nil {
		return judged(err)
	}
	chunk := &data.Chunk{Series: f.s.Name, Source: from.Source}
	if chunk.Paid, err = settlements(nil, rows, data.Span{To: 1 << 62}, span); err != nil {
		return judged(err)
	}
	return f.compare(ctx, chunk)
}

func (f *fetcher) compare(ctx context.Context, chunk *data.Chunk) (string, error) {
	if len(chunk.Bars)+len(chunk.Paid) == 0 {
		return "not there", nil
	}
	rep, err := f.store.Compare(ctx, chunk)
	if err != nil {
		return judged(err)
	}
	if rep.New > 0 {
		return fmt.Sprintf("differs: %d rows are not stored", rep.New), nil
	}
	return "same", nil
}

// judged turns an error about content into a finding; others stay errors.
func judged(err error) (string, error) {
	switch {
	case errors.Is(err, binance.ErrUnknownSymbol):
		return "not there", nil
	case ofSeries(err) && !errors.Is(err, binance.ErrUnreachable), errors.Is(err, binance.ErrChecksum), errors.Is(err, binance.ErrArchive):
		return "differs: " + err.Error(), nil
	}
	return "", err
}
