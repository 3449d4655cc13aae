package exchange

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"carry"
)

// archiveStart are dates from which files look different (binance.md §1.5).
const (
	headersSince carry.Time = 1654041600000 // 2022-06-01, futures klines
	microsSince  carry.Time = 1735689600000 // 2025-01-01, spot
)

// kindFolders are the archive's names of kinds.
var kindFolders = [kindCount]string{
	SpotKlines: "klines", PerpKlines: "klines", MarkKlines: "markPriceKlines", IndexKlines: "indexPriceKlines",
	PremiumKlines: "premiumIndexKlines", FundingRates: "fundingRate",
}

// leaf is a folder that holds one series' files of one period length.
type leaf struct {
	folder  string // data/spot/monthly/klines/BTCUSDT/1h/
	prefix  string // BTCUSDT-1h-
	series  Series
	monthly bool
}

// archiveFile is one zip of a leaf.
type archiveFile struct {
	*leaf
	from, to carry.Time // its period
	name     string     // BTCUSDT-1h-2021-01
}

// key is the file's key in the bucket, without a leading slash.
func (f *archiveFile) key() string { return f.folder + f.name + ".zip" }

// published is when the file appears: the next day, or the first Monday of the
// next month.
func (f *archiveFile) published() carry.Time {
	if !f.monthly {
		return f.to
	}
	t := f.to.UTC()
	return f.to + carry.Time((8-int(t.Weekday()))%7)*carry.Day
}

// archive builds and keeps the files of data.binance.vision.
type archive struct {
	facts  Facts
	faults *faultBook
	zip    packer
	leaves []leaf // in order of folder
	spans  []span // of each leaf's series

	mu    sync.Mutex
	metas map[string]meta
	cache fileCache
}

type span struct {
	first, last carry.Time
	ok          bool
}

// meta is what the listing tells of a file without opening it.
type meta struct {
	size   int
	sha256 string
	md5    string
}

func newArchive(facts Facts, book *faultBook, opt Options) *archive {
	a := &archive{facts: facts, faults: book, zip: packer{bomb: opt.BombBytes}, metas: map[string]meta{}, cache: fileCache{limit: opt.CacheBytes, files: map[string][]byte{}}}
	step := intervalName(facts.Step())
	for kind := range kindCount {
		base := "data/futures/um/"
		if kind == SpotKlines {
			base = "data/spot/"
		}
		for _, s := range latest(facts.Symbols(kind.Market()), 1<<62) {
			for _, period := range []string{"daily", "monthly"} {
				l := leaf{folder: base + period + "/" + kindFolders[kind] + "/" + s.Name + "/", series: Series{kind, s.Name}, monthly: period == "monthly"}
				if kind == FundingRates {
					if !l.monthly {
						continue
					}
					l.prefix = s.Name + "-fundingRate-"
				} else {
					l.folder += step + "/"
					l.prefix = s.Name + "-" + step + "-"
				}
				a.leaves = append(a.leaves, l)
			}
		}
	}
	sort.Slice(a.leaves, func(i, j int) bool { return a.leaves[i].folder < a.leaves[j].folder })
	a.spans = make([]span, len(a.leaves))
	for i := range a.leaves {
		first, last, ok := facts.Span(a.leaves[i].series)
		a.spans[i] = span{first, last, ok}
	}
	return a
}

// period is the month or day that holds a time.
func (l *leaf) period(at carry.Time) archiveFile {
	t := at.UTC()
	start := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	end, layout := start.AddDate(0, 0, 1), "2006-01-02"
	if l.monthly {
		start = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
		end, layout = start.AddDate(0, 1, 0), "2006-01"
	}
	return archiveFile{leaf: l, from: carry.Time(start.UnixMilli()), to: carry.Time(end.UnixMilli()), name: l.prefix + start.Format(layout)}
}

// parse finds the file of a key that ends in .zip.
func (a *archive) parse(key string) (archiveFile, bool) {
	slash := strings.LastIndexByte(key, '/') + 1
	i := sort.Search(len(a.leaves), func(i int) bool { return a.leaves[i].folder >= key[:slash] })
	if i == len(a.leaves) || a.leaves[i].folder != key[:slash] {
		return archiveFile{}, false
	}
	l := &a.leaves[i]
	date, ok := strings.CutPrefix(strings.TrimSuffix(key[slash:], ".zip"), l.prefix)
	if !ok {
		return archiveFile{}, false
	}
	layout := "2006-01-02"
	if l.monthly {
		layout = "2006-01"
	}
	t, err := time.Parse(layout, date)
	if err != nil {
		return archiveFile{}, false
	}
	f := l.period(carry.Time(t.UnixMilli()))
	return f, f.key() == key
}

// exists tells whether a file is there at a time: published, and with a row.
func (a *archive) exists(f *archiveFile, now carry.Time) (bool, error) {
	if f.published() > now {
		return false, nil
	}
	if f.series.Kind == FundingRates {
		rows, err := a.facts.Funding(f.series.Symbol, f.from, f.to, 1)
		return len(rows) > 0, err
	}
	rows, err := a.facts.Klines(f.series, f.from, f.to, 1)
	return len(rows) > 0, err
}

// get answers a request for a zip or a checksum.
func (a *archive) get(path string, now carry.Time) (answer, string) {
	key := strings.TrimPrefix(path, "/")
	zip, sum := strings.CutSuffix(key, ".CHECKSUM")
	name := "archive zip"
	if sum {
		name = "archive checksum"
	}
	f, ok := a.parse(zip)
	if !ok {
		return noSuchKey(key), "unknown"
	}
	there, err := a.exists(&f, now)
	if err != nil {
		return broken(err), name
	}
	if !there {
		return noSuchKey(key), name
	}
	body, m, err := a.file(&f, now)
	if err != nil {
		return broken(err), name
	}
	out := answer{status: 200, mime: "application/zip", body: body, modified: a.faults.modified(&f, now), etag: `"` + m.md5 + `"`}
	if sum {
		out.mime = "binary/octet-stream"
		out.body = []byte(checksumText(&f, m))
		out.etag = `"` + checksumTag(m) + `"`
		return out, name
	}
	a.faults.served(&f)
	return out, name
}

// checksumText is the content of a .CHECKSUM file.
func checksumText(f *archiveFile, m meta) string { return m.sha256 + "  " + f.name + ".zip\n" }

// checksumTag is the entity tag of a .CHECKSUM file: it changes with the zip.
func checksumTag(m meta) string { return m.md5[:28] + "5c5c" }

// noSuchKey is the bucket's answer where there is no file.
func noSuchKey(key string) answer {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>")
	xmlEscape(&b, key)
	b.WriteString("</Key></Error>")
	return answer{status: 404, mime: "application/xml", body: b.Bytes()}
}

// file is a file's content and meta, built if it is not at hand.
func (a *archive) file(f *archiveFile, now carry.Time) ([]byte, meta, error) {
	plan := a.faults.plan(f, now)
	key := f.key() + plan.version()
	a.mu.Lock()
	body, m := a.cache.get(key), a.metas[key]
	a.mu.Unlock()
	if body != nil {
		return body, m, nil
	}
	body, err := a.build(f, plan)
	if err != nil {
		return nil, meta{}, fmt.Errorf("build %s: %w", f.key(), err)
	}
	m = metaOf(body)
	a.mu.Lock()
	a.metas[key] = m
	a.cache.put(key, body)
	a.mu.Unlock()
	return body, m, nil
}

// meta is a file's meta alone.
func (a *archive) meta(f *archiveFile, now carry.Time) (meta, error) {
	plan := a.faults.plan(f, now)
	a.mu.Lock()
	m, ok := a.metas[f.key()+plan.version()]
	a.mu.Unlock()
	if ok {
		return m, nil
	}
	_, m, err := a.file(f, now)
	return m, err
}

// build makes a file from the facts.
func (a *archive) build(f *archiveFile, p filePlan) ([]byte, error) {
	var text []byte
	if f.series.Kind == FundingRates {
		rows, err := a.facts.Funding(f.series.Symbol, f.from, f.to, 0)
		if err != nil {
			return nil, err
		}
		text = fundingCSV(p.funding(rows, f.series.Symbol), p)
	} else {
		rows, err := a.facts.Klines(f.series, f.from, f.to, 0)
		if err != nil {
			return nil, err
		}
		rows = p.klines(a.afterEnd(rows, f, p), f.series)
		text = klinesCSV(rows, a.facts.Step(), f, p)
	}
	body, err := a.zip.pack(f.name+".csv", text, f.published(), p)
	if err != nil {
		return nil, err
	}
	return p.damage(body), nil
}

// afterEnd adds what real archives keep of a contract after its delivery: rows
// at a price that nobody traded, within the file's period.
func (a *archive) afterEnd(rows []Kline, f *archiveFile, p filePlan) []Kline {
	if !p.has(FaultTickerReuse) {
		return rows
	}
	delivery, step := a.faults.ghosts(f), a.facts.Step()
	out := slices.Clone(rows)
	for at := delivery; at < min(delivery+ghostRows*step, f.to); at += step {
		if at >= f.from && (len(rows) == 0 || at > rows[len(rows)-1].At) {
			out = append(out, Kline{At: at, Open: "0.0001", High: "0.0001", Low: "0.0001", Close: "0.0001", Volume: "0", Quote: "0", TakerVolume: "0", TakerQuote: "0"})
		}
	}
	return out
}

// fileCache keeps built files up to a number of bytes, the oldest goes first.
type fileCache struct {
	limit, held int
	files       map[string][]byte
	order       []string
}

func (c *fileCache) get(key string) []byte { return c.files[key] }

func (c *fileCache) put(key string, body []byte) {
	if c.files[key] != nil || len(body) > c.limit {
		return
	}
	c.files[key] = body
	c.order = append(c.order, key)
	c.held += len(body)
	for c.held > c.limit {
		c.held -= len(c.files[c.order[0]])
		delete(c.files, c.order[0])
		c.order = c.order[1:]
	}
}
