package exchange

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"carry"
)

// csvFolders are where a folder of recorded history keeps its series.
var csvFolders = [...]struct {
	kind   Kind
	folder string
}{
	{SpotKlines, "spot/1h"}, {PerpKlines, "perp/1h"}, {MarkKlines, "mark/1h"}, {FundingRates, "funding"},
}

// FolderFacts serve recorded history from a folder of gzipped CSV files:
// {spot,perp,mark}/1h/SYMBOL.csv.gz with open_time_ms,open,high,low,close
// [,volume,quote_volume], funding/SYMBOL.csv.gz with
// time_ms,rate,mark_price,interval_hours, exchange_info/{spot,fapi}_DATE.json
// and leverage_brackets/brackets_DATE.json. Text goes over the wire as it
// stands in the files; columns that they lack are derived. Files stay in memory:
// about 4 MB for each symbol, series and five years of hours.
type FolderFacts struct {
	dir      string
	listed   [marketCount][]Symbol
	files    map[Series]*csvFile
	rules    [marketCount]map[string][]DatedRules
	brackets map[string][]datedBrackets
}

type csvFile struct {
	path string
	once sync.Once
	err  error
	text string
	// at and line are the rows' times and where their text begins.
	at   []carry.Time
	line []uint32
}

// NewFolderFacts reads a folder, or of it only the named symbols.
func NewFolderFacts(dir string, only ...string) (*FolderFacts, error) {
	f := &FolderFacts{dir: dir, files: map[Series]*csvFile{}, brackets: map[string][]datedBrackets{}}
	for _, c := range csvFolders {
		paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(c.folder), "*.csv.gz"))
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", dir, err)
		}
		for _, p := range paths {
			symbol := strings.TrimSuffix(filepath.Base(p), ".csv.gz")
			if len(only) == 0 || slices.Contains(only, symbol) {
				f.files[Series{c.kind, symbol}] = &csvFile{path: p}
			}
		}
	}
	if len(f.files) == 0 {
		return nil, fmt.Errorf("no such series under %s: give a folder with spot/1h, perp/1h or funding", dir)
	}
	if err := f.readRules(); err != nil {
		return nil, err
	}
	return f, f.list()
}

// list makes the symbols. Dates of exchangeInfo count where they are possible;
// a first row before the onboard date (old recordings tell a placeholder, and
// trading began earlier) moves it.
func (f *FolderFacts) list() error {
	for m, kinds := range [marketCount][]Kind{{SpotKlines}, {PerpKlines, MarkKlines, FundingRates}} {
		seen := map[string]bool{}
		for s := range f.files {
			for _, k := range kinds {
				if s.Kind != k || seen[s.Symbol] {
					continue
				}
				seen[s.Symbol] = true
				f.listed[m] = append(f.listed[m], Symbol{Name: s.Symbol, Base: strings.TrimSuffix(s.Symbol, "USDT"), Quote: "USDT"})
			}
		}
		for i := range f.listed[m] {
			if err := f.date(&f.listed[m][i], Market(m), kinds); err != nil {
				return err
			}
		}
		sortSymbols(f.listed[m])
	}
	return nil
}

// date sets a symbol's lifetime.
func (f *FolderFacts) date(s *Symbol, m Market, kinds []Kind) error {
	if dated := f.rules[m][s.Name]; len(dated) > 0 {
		var r recordedSymbol
		if err := json.Unmarshal(dated[len(dated)-1].Recorded, &r); err != nil {
			return fmt.Errorf("exchange info of %s: %w", s.Name, err)
		}
		s.Onboard = r.Onboard
		if r.Status == "SETTLING" {
			s.Delivery = r.Delivery
		}
	}
	first, last := carry.Time(0), carry.Time(0)
	for _, k := range kinds {
		c := f.files[Series{k, s.Name}]
		if c == nil {
			continue
		}
		a, b, err := c.ends()
		if err != nil {
			return err
		}
		if first == 0 || a < first {
			first = a
		}
		last = max(last, b)
	}
	if s.Onboard == 0 || s.Onboard > first {
		s.Onboard = first
	}
	if s.Delivery != 0 && s.Delivery <= last {
		s.Delivery = 0 // recorded rows prove that it went on
	}
	return nil
}

// ends reads a file's first and last time.
func (c *csvFile) ends() (first, last carry.Time, err error) {
	if err := c.load(); err != nil {
		return 0, 0, err
	}
	if len(c.at) == 0 {
		return 0, 0, nil
	}
	return c.at[0], c.at[len(c.at)-1], nil
}

func (c *csvFile) load() error {
	c.once.Do(func() { c.err = c.read() })
	return c.err
}

func (c *csvFile) read() error {
	file, err := os.Open(c.path)
	if err != nil {
		return fmt.Errorf("open recorded series: %w", err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", c.path, err)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(z, 1<<30)); err != nil {
		return fmt.Errorf("unpack %s: %w", c.path, err)
	}
	c.text = text.String()
	start := strings.IndexByte(c.text, '\n') + 1 // the header
	for start > 0 && start < len(c.text) {
		end := start + strings.IndexByte(c.text[start:], '\n')
		if end < start {
			end = len(c.text)
		}
		comma := strings.IndexByte(c.text[start:end], ',')
		if comma < 0 {
			return fmt.Errorf("%s, row %d: no columns", c.path, len(c.at)+2)
		}
		at, err := strconv.ParseInt(c.text[start:start+comma], 10, 64)
		if err != nil {
			return fmt.Errorf("%s, row %d: %w", c.path, len(c.at)+2, err)
		}
		c.at, c.line = append(c.at, carry.Time(at)), append(c.line, uint32(start))
		start = end + 1
	}
	return nil
}

// fields splits row i; rest collects what a short row lacks as "".
func (c *csvFile) fields(i int, out []string) {
	line := c.text[c.line[i]:]
	if n := strings.IndexByte(line, '\n'); n >= 0 {
		line = line[:n]
	}
	for k := range out {
		out[k], line, _ = strings.Cut(line, ",")
	}
}

// Step implements Facts.
func (f *FolderFacts) Step() carry.Time { return carry.Hour }

// Symbols implements Facts.
func (f *FolderFacts) Symbols(m Market) []Symbol { return f.listed[m] }

// Span implements Facts.
func (f *FolderFacts) Span(s Series) (first, last carry.Time, ok bool) {
	c := f.files[s]
	if c == nil || c.load() != nil || len(c.at) == 0 {
		return 0, 0, false
	}
	return c.at[0], c.at[len(c.at)-1], true
}

// rows finds a range of a series' file.
func (f *FolderFacts) rows(s Series, from, to carry.Time, limit int) (c *csvFile, i, j int, err error) {
	c = f.files[s]
	if c == nil {
		return nil, 0, 0, nil
	}
	if err := c.load(); err != nil {
		return nil, 0, 0, err
	}
	i, j = window(len(c.at), func(k int) carry.Time { return c.at[k] }, from, to, limit)
	return c, i, j, nil
}

// Klines implements Facts.
func (f *FolderFacts) Klines(s Series, from, to carry.Time, limit int) ([]Kline, error) {
	c, i, j, err := f.rows(s, from, to, limit)
	if err != nil || c == nil {
		return nil, err
	}
	rows := make([]Kline, j-i)
	var cell [7]string
	for n := range rows {
		c.fields(i+n, cell[:])
		k := &rows[n]
		*k = Kline{At: c.at[i+n], Open: cell[1], High: cell[2], Low: cell[3], Close: cell[4], Volume: cell[5], Quote: cell[6]}
		if s.Kind == MarkKlines {
			k.Volume, k.Quote, k.TakerVolume, k.TakerQuote, k.Trades = "0", "0", "0", "0", 3600
			continue
		}
		if err := k.deriveText(); err != nil {
			return nil, fmt.Errorf("%s at %s: %w", c.path, k.At, err)
		}
	}
	return rows, nil
}

// deriveText is derive from the row's own text.
func (k *Kline) deriveText() error {
	v, err1 := strconv.ParseFloat(k.Volume, 64)
	o, err2 := strconv.ParseFloat(k.Open, 64)
	c, err3 := strconv.ParseFloat(k.Close, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	k.derive(v, o, c)
	return nil
}

// Funding implements Facts. Where the file does not tell the interval it is the
// distance to the row before, if that is whole hours, else 8.
func (f *FolderFacts) Funding(symbol string, from, to carry.Time, limit int) ([]Funding, error) {
	c, i, j, err := f.rows(Series{FundingRates, symbol}, from, to, limit)
	if err != nil || c == nil {
		return nil, err
	}
	rows := make([]Funding, j-i)
	var cell [4]string
	for n := range rows {
		c.fields(i+n, cell[:])
		rows[n] = Funding{At: c.at[i+n], Rate: cell[1], Mark: cell[2], IntervalH: 8}
		if h, err := strconv.Atoi(cell[3]); err == nil {
			rows[n].IntervalH = h
		} else if i+n > 0 {
			if d := (c.at[i+n].Slot() - c.at[i+n-1].Slot()) / carry.Hour; d >= 1 && d < 8 {
				rows[n].IntervalH = int(d)
			}
		}
	}
	return rows, nil
}

// Rules implements Facts.
func (f *FolderFacts) Rules(m Market, symbol string, at carry.Time) Rules {
	r := rulesAt(f.rules[m][symbol], at)
	dated := f.brackets[symbol]
	if m == SpotMarket || len(dated) == 0 {
		return r
	}
	i := len(dated) - 1
	for i > 0 && dated[i].from > at {
		i--
	}
	r.Brackets = dated[i].brackets
	return r
}

// FundingInfo implements Facts: symbols whose last interval is not eight
// hours. Caps were not recorded; ±2 % is a placeholder.
func (f *FolderFacts) FundingInfo(at carry.Time) []FundingInfo {
	var out []FundingInfo
	for _, s := range f.listed[FuturesMarket] {
		rows, err := f.Funding(s.Name, 0, at+1, -1)
		if err == nil && len(rows) == 1 && rows[0].IntervalH != 8 {
			out = append(out, FundingInfo{Symbol: s.Name, Cap: "0.02000000", Floor: "-0.02000000", IntervalH: rows[0].IntervalH})
		}
	}
	return out
}

// datedFiles lists prefix_DATE.json of a folder in order of date.
func datedFiles(dir, prefix string) ([]string, []carry.Time, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list rules: %w", err)
	}
	var paths []string
	var dates []carry.Time
	for _, e := range entries { // in order of name, which is the date's
		date, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".json"), prefix+"_")
		if !ok {
			continue
		}
		at, err := carry.ParseTime(date)
		if err != nil {
			return nil, nil, fmt.Errorf("date of %s: %w", e.Name(), err)
		}
		paths, dates = append(paths, filepath.Join(dir, e.Name())), append(dates, at)
	}
	return paths, dates, nil
}

// readJSON decodes a file.
func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read rules: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read rules %s: %w", path, err)
	}
	return nil
}

// sortedKeys are a map's keys in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
