package crawl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/binance/wire"
)

// Problem is something that kept a series from being complete.
type Problem struct {
	Series string
	What   string
}

// Lack is what a series still misses after a crawl.
type Lack struct {
	Series string
	Spans  []data.Span
	Rows   int    // bars; 0 for funding
	Why    string // one sentence
}

// Report is what a crawl did.
type Report struct {
	Series             int
	Put                data.PutReport
	Facts              int // new rows of rules, fundingInfo and brackets
	Files, Quarantined int
	Stats              binance.Stats
	Problems           []Problem
	Lacks              []Lack
	// Absent is how many bars are known not to exist at the exchange.
	Absent int
	Notes  []string
	Took   carry.Time
}

// Complete tells whether everything that was asked for is stored.
func (r *Report) Complete() bool { return len(r.Problems) == 0 && len(r.Lacks) == 0 }

// run is one crawl under way.
type run struct {
	*Crawler
	w *writer

	mu       sync.Mutex // guards what follows
	report   Report
	problems []Problem
}

// Run does what the plan says. The report is valid beside an error: what it
// counts is stored.
func (c *Crawler) Run(ctx context.Context, p *Plan) (*Report, error) {
	start := c.client.Now()
	if err := c.store.Lean(ctx); err != nil {
		return &Report{}, err
	}
	total := 0
	for _, s := range p.Series {
		total += s.units()
	}
	r := &run{Crawler: c}
	r.report.Series = len(p.Series)
	r.report.Notes = p.Notes
	err := r.fetch(ctx, p, total)
	// What was stored gets its gaps and instruments even when it was stopped.
	fin, finErr := c.store.Finish(context.WithoutCancel(ctx))
	if finErr == nil {
		r.report.Notes = append(r.report.Notes, fin.Notes...)
	}
	if err == nil {
		err = finErr
	}
	rep := &r.report
	slices.SortFunc(r.problems, func(a, b Problem) int { return strings.Compare(a.Series+a.What, b.Series+b.What) })
	rep.Problems = r.problems
	rep.Stats = c.client.Stats()
	rep.Took = c.client.Now() - start
	if err != nil {
		return rep, err
	}
	for _, s := range p.Series {
		if err := r.lack(ctx, s); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

func (r *run) fetch(ctx context.Context, p *Plan, total int) error {
	if p.Rules {
		if err := r.rules(ctx); err != nil {
			return err
		}
	}
	r.w = newWriter(r.store, total, r.o.Progress)
	// Each market has workers of its own, so that the one with the smaller
	// budget does not keep the other waiting.
	var pools [2][]*Series
	for _, s := range p.Series {
		if len(s.Missing)+len(s.Files) > 0 {
			pools[s.leg] = append(pools[s.leg], s)
		}
	}
	err := parallel(ctx, len(pools), len(pools), func(ctx context.Context, i int) error {
		return parallel(ctx, r.o.Workers, len(pools[i]), func(ctx context.Context, k int) error {
			return r.series(ctx, pools[i][k])
		})
	})
	r.w.close()
	r.report.Put = r.w.sum
	return err
}

func (r *run) problem(s *Series, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, Problem{s.Name.String(), err.Error()})
}

func (r *run) count(add func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add(&r.report)
}

// series fetches one series: files first, then pages for what is still missing.
// An error that concerns this series alone becomes a problem of the report.
func (r *run) series(ctx context.Context, s *Series) error {
	f := &fetcher{run: r, s: s, units: s.units()}
	err := f.files(ctx)
	if err == nil && r.o.Via == Archive && s.Name.Step > 0 && len(s.Files) > 0 {
		err = f.dailyHoles(ctx)
	}
	if err == nil && s.rest {
		err = f.pages(ctx)
	}
	if f.units > 0 {
		r.w.skip(f.units)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case ofSeries(err):
		r.problem(s, err)
		return nil
	}
	return fmt.Errorf("%s: %w", s.Name, err)
}

// ofSeries tells errors that leave the other series alone.
func ofSeries(err error) bool {
	for _, kind := range []error{data.ErrConflict, data.ErrRefused, binance.ErrUnreachable, binance.ErrRefused, binance.ErrNotFound, wire.ErrFormat, errLies} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// rules stores the rules, the funding adjustments and, with keys, the brackets.
func (r *run) rules(ctx context.Context) error {
	at := r.cutoff
	for leg := range r.markets {
		m := &r.markets[leg]
		if m.info == nil {
			continue
		}
		n, err := r.store.PutExchangeInfo(ctx, carry.Leg(leg), at, m.from.Source, m.from.SHA256, m.raw)
		if err != nil {
			return err
		}
		r.report.Facts += n
		m.raw = nil
	}
	if r.markets[carry.Perp].info == nil {
		return nil
	}
	r.factsOf(ctx, "fundingInfo", func() (int, error) {
		rows, from, err := r.client.FundingInfo(ctx)
		if err != nil {
			return 0, err
		}
		list := make([]data.FundingInfo, 0, len(rows))
		for _, x := range rows {
			list = append(list, data.FundingInfo{Symbol: x.Symbol, Cap: x.Cap, Floor: x.Floor, Hours: x.Hours})
		}
		return r.store.PutFundingInfo(ctx, at, from.Source, from.SHA256, list)
	})
	if !r.client.HasKeys() {
		r.report.Notes = append(r.report.Notes, "no API key: leverage brackets were not fetched (see --key-file)")
		return ctx.Err()
	}
	r.factsOf(ctx, "leverageBracket", func() (int, error) {
		rows, from, err := r.client.Brackets(ctx)
		if err != nil {
			return 0, err
		}
		list := make([]data.Ladder, 0, len(rows))
		for _, x := range rows {
			list = append(list, data.Ladder{Symbol: x.Symbol, Brackets: x.Brackets})
		}
		return r.store.PutBrackets(ctx, at, from.Source, from.SHA256, list)
	})
	return ctx.Err()
}

// factsOf fetches one kind of facts; a failure is a problem of the report, the
// series go on.
func (r *run) factsOf(ctx context.Context, name string, fetch func() (int, error)) {
	n, err := fetch()
	if err != nil && ctx.Err() == nil {
		r.problems = append(r.problems, Problem{name, err.Error()})
	}
	r.report.Facts += n
}

// lack finds out what a series still misses, and why. Before its first row
// nothing is missed: the coin was not listed.
func (r *run) lack(ctx context.Context, s *Series) error {
	if s.Want.From >= s.Want.To {
		return nil
	}
	missing, err := r.store.Missing(ctx, s.Name, s.Want.From, s.Want.To)
	if err != nil {
		return err
	}
	holes, err := r.store.Holes(ctx, s.Name, s.Want.From, s.Want.To)
	if err != nil {
		return err
	}
	first, any, err := r.store.FirstRow(ctx, s.Name)
	if err != nil {
		return err
	}
	if any {
		missing, holes = after(missing, first), after(holes, first)
	}
	if s.rest {
		// The newest rows may not be published yet; that is not a lack.
		end := r.server - settleTime
		if s.Name.Step > 0 {
			end = end.Floor(s.Name.Step)
		}
		missing, holes = before(missing, end), before(holes, end)
	} else if missing, err = r.outsideFiles(ctx, s, missing); err != nil {
		return err
	}
	if s.Name.Step > 0 && any {
		r.report.Absent += int((length(holes) - length(missing)) / s.Name.Step)
	}
	if len(missing) == 0 {
		return nil
	}
	files, err := r.store.ArchiveFiles(ctx, s.Name)
	if err != nil {
		return err
	}
	refused := 0
	for _, f := range files {
		if f.Quarantined && meets(missing, f.Part) {
			refused++
		}
	}
	l := Lack{Series: s.Name.String(), Spans: missing, Why: r.why(s, any, refused)}
	if s.Name.Step > 0 {
		l.Rows = int(length(missing) / s.Name.Step)
	}
	r.report.Lacks = append(r.report.Lacks, l)
	return nil
}

// outsideFiles leaves out what lies within files that are stored: where nobody
// else can be asked, what they do not have does not exist.
func (r *run) outsideFiles(ctx context.Context, s *Series, missing []data.Span) ([]data.Span, error) {
	have, err := r.store.ArchiveFiles(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	for _, f := range have {
		if !f.Quarantined {
			missing = without(missing, f.Part)
		}
	}
	return missing, nil
}

// why is the reason for a lack: any tells whether the series has a row, refused
// how many of its files are in quarantine.
func (r *run) why(s *Series, any bool, refused int) string {
	for _, p := range r.problems {
		if p.Series == s.Name.String() {
			return p.What
		}
	}
	switch {
	case refused > 0 && r.o.Via == Archive:
		return fmt.Sprintf("files in quarantine: %d; --via auto asks the exchange too", refused)
	case refused > 0:
		return fmt.Sprintf("files in quarantine: %d; the exchange was asked and does not have it", refused)
	case r.o.Via == Archive:
		return "the archive has no file of it yet; --via auto asks the exchange too"
	case s.gone && r.o.Via == REST:
		return "the exchange does not name the symbol any more; --via auto looks into the archive"
	case s.gone && !any:
		return "neither the archive nor the exchange has it"
	case s.gone:
		return "the archive lacks it, and the exchange does not name the symbol any more"
	}
	return "not fetched"
}

// after is the part of spans at or after t, before that before t.
func after(spans []data.Span, t carry.Time) []data.Span {
	return clipped(spans, data.Span{From: t, To: 1 << 62})
}

func before(spans []data.Span, t carry.Time) []data.Span { return clipped(spans, data.Span{To: t}) }

func clipped(spans []data.Span, to data.Span) []data.Span {
	var out []data.Span
	for _, s := range spans {
		if p := cut(s, to); p != (data.Span{}) {
			out = append(out, p)
		}
	}
	return out
}

// without is spans less one.
func without(spans []data.Span, x data.Span) []data.Span {
	return append(clipped(spans, data.Span{To: x.From}), clipped(spans, data.Span{From: x.To, To: 1 << 62})...)
}
