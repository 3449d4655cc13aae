package crawl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"carry"
	"carry/data"
	"carry/internal/binance"
	"carry/internal/binance/wire"
)

// Crawler fetches into one store.
type Crawler struct {
	store  *data.Store
	client *binance.Client
	o      Options
	step   carry.Time

	markets [2]market // by leg
	server  carry.Time
	cutoff  carry.Time // nothing at or after it is fetched

	notesMu sync.Mutex
	notes   []string
}

// New checks the options.
func New(store *data.Store, client *binance.Client, o Options) (*Crawler, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	return &Crawler{store: store, client: client, o: o, step: steps[o.Interval]}, nil
}

// settleTime is how long the exchange may take to publish what has happened.
// That something is missing is not believed of times later than that.
const settleTime = 10 * carry.Minute

// Beginnings of Binance's markets: nothing is looked for before.
const (
	spotBegin = carry.Time(1501545600000) // 2017-08-01
	perpBegin = carry.Time(1567296000000) // 2019-09-01
)

// dailyReach is how far back daily files are looked for when there is no
// monthly one yet: those come on the first Monday of the next month.
const dailyReach = 62 * carry.Day

// Series is one series of a plan.
type Series struct {
	Name    data.Series
	Symbol  string // as the exchange spells it
	Want    data.Span
	Missing []data.Span
	Files   []File

	leg  carry.Leg
	rest bool // the exchange can be asked for it
	gone bool // the exchange does not name it any more
}

// File is a file of the archive that is to be fetched.
type File struct {
	Key         string
	Span, Part  data.Span // what it covers, and what is wanted of it
	Stamp       string
	Bytes       int64
	Republished bool
}

// Plan is what a crawl will do.
type Plan struct {
	Coins  int
	Cutoff carry.Time
	Series []*Series
	Rules  bool
	Notes  []string
	// SpotLimit and FuturesLimit are the weights that may be spent a minute.
	SpotLimit, FuturesLimit int
}

// Plan finds out what is missing and where to get it. It stores nothing but
// lives of symbols that were used twice.
func (c *Crawler) Plan(ctx context.Context) (*Plan, error) {
	c.notes = nil
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	c.cutoff = c.o.Now
	if c.cutoff == 0 {
		c.cutoff = c.client.Now()
	}
	if c.server != 0 {
		c.cutoff = min(c.cutoff, c.server)
	} else {
		c.server = c.cutoff
	}
	coins, err := c.coins(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{Coins: len(coins), Cutoff: c.cutoff, Rules: c.o.wants(KindRules) && c.o.Via != Archive,
		SpotLimit: c.client.Limit(wire.Spot), FuturesLimit: c.client.Limit(wire.Futures)}
	if p.Series, err = c.planAll(ctx, coins); err != nil {
		return nil, err
	}
	p.Notes = c.notes
	return p, nil
}

// planAll plans the coins with several workers, in order of kind and symbol.
func (c *Crawler) planAll(ctx context.Context, coins []coin) ([]*Series, error) {
	lists := make([][]*Series, len(coins))
	err := parallel(ctx, c.o.Workers, len(coins), func(ctx context.Context, i int) error {
		var err error
		lists[i], err = c.planCoin(ctx, coins[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	out := slices.Concat(lists...)
	rank := func(s *Series) int { return slices.Index(AllKinds[:], s.Name.Kind) }
	slices.SortStableFunc(out, func(a, b *Series) int { return rank(a) - rank(b) })
	return out, nil
}

// seriesKinds are the kinds of series, those of the perpetual first: they tell
// whether a ticker was used twice.
var seriesKinds = [...]string{data.KindPerp, data.KindFunding, data.KindMark, data.KindPremium, data.KindSpot}

func (c *Crawler) planCoin(ctx context.Context, k coin) ([]*Series, error) {
	var out []*Series
	var perp []data.Life
	for _, kind := range seriesKinds {
		symbol, leg := k.perp, carry.Perp
		if kind == data.KindSpot {
			symbol, leg = k.spot, carry.Spot
		}
		if symbol == "" || !c.o.wants(kind) {
			continue
		}
		var monthly []File
		if c.o.Via != REST {
			var err error
			if monthly, err = c.files(ctx, kind, "monthly", symbol, ""); err != nil && !c.spared(ctx, leg, symbol, err) {
				return nil, err
			}
		}
		lives, err := c.lives(ctx, leg, symbol, monthly, perp)
		if err != nil {
			return nil, err
		}
		if leg == carry.Perp {
			perp = lives
		}
		for _, l := range lives {
			s := &Series{Name: data.Series{Kind: kind, Symbol: l.Name, Step: c.step}, Symbol: symbol, leg: leg}
			if kind == data.KindFunding {
				s.Name.Step = 0
			}
			if err := c.planSeries(ctx, s, l, monthly); err != nil {
				return nil, fmt.Errorf("plan %s: %w", s.Name, err)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// spared tells whether a listing that failed can be done without, because the
// exchange itself can be asked. It is noted.
func (c *Crawler) spared(ctx context.Context, leg carry.Leg, symbol string, err error) bool {
	_, known := c.markets[leg].symbols[symbol]
	if c.o.Via != Auto || !known || ctx.Err() != nil || !ofSeries(err) {
		return false
	}
	c.note(fmt.Sprintf("%v: asking the exchange instead", err))
	return true
}

func (c *Crawler) note(text string) {
	c.notesMu.Lock()
	defer c.notesMu.Unlock()
	c.notes = append(c.notes, text)
}

// planSeries fills in what is wanted of a series, what is missing of it, and
// the files to fetch.
func (c *Crawler) planSeries(ctx context.Context, s *Series, l data.Life, monthly []File) error {
	_, known := c.markets[s.leg].symbols[s.Symbol]
	s.rest = c.o.Via != Archive && known && l.Name == s.Symbol
	s.gone = !known
	s.Want = c.want(s, l, monthly)
	var err error
	if s.Want.From >= s.Want.To {
		return nil
	}
	if s.Missing, err = c.store.Missing(ctx, s.Name, s.Want.From, s.Want.To); err != nil {
		return err
	}
	if c.o.Via == REST {
		return nil
	}
	have, err := c.store.ArchiveFiles(ctx, s.Name)
	if err != nil {
		return err
	}
	s.Files = needed(monthly, have, s.Missing, s.Want)
	if s.Name.Kind == data.KindFunding || c.step > carry.Day {
		return nil
	}
	days := c.daySpans(s, monthly)
	if len(days) == 0 {
		return nil
	}
	daily, err := c.files(ctx, s.Name.Kind, "daily", s.Symbol, days[0].From.Date())
	if err != nil && !c.spared(ctx, s.leg, s.Symbol, err) {
		return err
	}
	s.Files = append(s.Files, needed(daily, have, days, s.Want)...)
	return nil
}

// want is the time for which a series is to be complete. Its end is that of
// the contract where that is known, else of the archive's files where the
// exchange has nothing more to say.
func (c *Crawler) want(s *Series, l data.Life, monthly []File) data.Span {
	w := data.Span{From: c.o.From, To: c.cutoff}
	if c.o.To != 0 {
		w.To = min(w.To, c.o.To)
	}
	w.From = max(w.From, l.Span.From)
	if l.Span.To > 0 {
		w.To = min(w.To, l.Span.To)
	}
	begin := perpBegin
	if s.leg == carry.Spot {
		begin = spotBegin
	}
	w.From = max(w.From, begin)
	monthly = within(monthly, w)
	// A file of the month in which the next life begins is not of this one.
	if n := len(monthly); n > 1 && strings.Contains(l.Name, lifeMark) && monthly[n-1].Span.To > w.To && monthly[n-2].Span.To < monthly[n-1].Span.From {
		monthly = monthly[:n-1]
	}
	if n := len(monthly); n > 0 {
		if c.o.From == 0 {
			w.From = max(w.From, monthly[0].Span.From)
		}
		last := monthly[n-1].Span.To
		over := last < c.cutoff-dailyReach || strings.Contains(l.Name, lifeMark)
		if !s.rest && (over || c.o.To == 0 && c.o.Via == Archive && s.Name.Kind == data.KindFunding) {
			w.To = min(w.To, last)
		}
	}
	if s.Name.Step > 0 {
		w.From, w.To = (w.From + s.Name.Step - 1).Floor(s.Name.Step), w.To.Floor(s.Name.Step)
	}
	return w
}

// within are the files that have a part in a span.
func within(files []File, s data.Span) []File {
	var out []File
	for _, f := range files {
		if cut(f.Span, s) != (data.Span{}) {
			out = append(out, f)
		}
	}
	return out
}

// daySpans are the missing days that ended and that no monthly file covers.
func (c *Crawler) daySpans(s *Series, monthly []File) []data.Span {
	from := c.cutoff - dailyReach
	if n := len(monthly); n > 0 {
		from = max(from, monthly[n-1].Span.To)
	}
	reach := data.Span{From: from, To: c.cutoff.Floor(carry.Day)}
	var out []data.Span
	for _, m := range s.Missing {
		if p := cut(m, reach); p != (data.Span{}) {
			out = append(out, p)
		}
	}
	return out
}

// files lists a series' files with their checksums beside them, by time. With
// after, a date, only those of that day and later.
func (c *Crawler) files(ctx context.Context, kind, period, symbol, after string) ([]File, error) {
	dir, name := prefix(kind, period, symbol, c.o.Interval), stem(kind, symbol, c.o.Interval)
	marker := ""
	if after != "" {
		marker = dir + name + after // no key is this short: the day itself comes after it
	}
	objects, _, err := c.client.List(ctx, dir, marker)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, o := range objects {
		sums[o.Key] = o.ETag
	}
	var out []File
	for _, o := range objects {
		span, ok := fileSpan(o.Key, name)
		sum, checked := sums[o.Key+".CHECKSUM"]
		if ok && checked {
			out = append(out, File{Key: o.Key, Span: span, Stamp: o.ETag + " " + sum, Bytes: o.Size})
		}
	}
	slices.SortFunc(out, func(a, b File) int { return int((a.Span.From - b.Span.From) / carry.Hour) })
	return out, nil
}

// needed chooses the files to fetch: those that hold something missing, and
// those that were published again since they were stored.
func needed(all []File, have map[string]data.ArchiveFile, missing []data.Span, want data.Span) []File {
	var out []File
	for _, f := range all {
		f.Part = cut(f.Span, want)
		if f.Part == (data.Span{}) {
			continue
		}
		old, known := have[f.Key]
		switch {
		case !known:
			if !meets(missing, f.Part) {
				continue
			}
		case old.Stamp != f.Stamp:
			f.Republished = !old.Quarantined
			f.Part.From = min(f.Part.From, max(old.Part.From, f.Span.From))
			f.Part.To = max(f.Part.To, min(old.Part.To, f.Span.To))
		case old.Quarantined, old.Part.From <= f.Part.From && old.Part.To >= f.Part.To:
			continue
		}
		out = append(out, f)
	}
	return out
}
