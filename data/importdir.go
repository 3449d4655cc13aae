package data

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"carry"
)

// Kinds of input beside the kinds of series.
const (
	kindSpotRules = "spot rules"
	kindPerpRules = "perp rules"
	kindBrackets  = "brackets"
)

// importOrder is the order in which kinds of files are read.
var importOrder = [...]string{kindSpotRules, kindPerpRules, kindBrackets, kindFunding, kindSpot, kindPerp, kindMark, kindPremium}

// seriesFolders are the folders of CSV files, named SYMBOL.csv or .csv.gz.
var seriesFolders = [...][2]string{
	{"funding", kindFunding}, {"spot/1h", kindSpot}, {"perp/1h", kindPerp}, {"mark/1h", kindMark}, {"premium/1h", kindPremium},
}

// ImportOptions are an import's settings.
type ImportOptions struct {
	// Progress, if set, is called before each file and once at the end of each
	// kind (with done == total and no file).
	Progress func(kind string, done, total int, file string)
}

// KindReport sums up the files of one kind.
type KindReport struct {
	Kind        string     `json:"kind"`
	Files       int        `json:"files"`
	Rows        int        `json:"rows"`
	New         int        `json:"new"` // rows not known before
	First, Last carry.Time `json:"-"`
}

// ImportReport says what an import did.
type ImportReport struct {
	Kinds []KindReport
	// Ignored are files and folders (with a slash) that are not part of the
	// layout, relative to the folder.
	Ignored []string
	// Notes are sentences about coins, such as a contract whose spot twin could
	// not be verified.
	Notes        []string
	Coins, Pairs int
	// Changed is false when everything was known already.
	Changed bool
}

// importJob is one file to read.
type importJob struct {
	kind   string
	symbol string     // of a series
	date   carry.Time // of a snapshot
	path   string
}

// ImportDir reads a folder of history (layout: docs/FORMATS.md) file by file,
// each in its own transaction. A file that is wrong in any way is refused as a
// whole with a *FileError, and the import stops there; files before it stay
// stored. Importing the same folder again changes nothing. A row whose stored
// value differs from the file's is an error. The report is valid beside an
// error.
func (s *Store) ImportDir(ctx context.Context, dir string, o ImportOptions) (*ImportReport, error) {
	jobs, ignored, err := planImport(dir)
	if err != nil {
		return nil, err
	}
	rep := &ImportReport{Ignored: ignored}
	if len(jobs) == 0 {
		return rep, fmt.Errorf("%s holds none of funding/, spot/1h/, perp/1h/, mark/1h/, exchange_info/, leverage_brackets/: %w", dir, ErrRefused)
	}
	im := importer{store: s, report: rep}
	runErr := im.run(ctx, jobs, o)
	// What was stored gets its instruments even when the import was stopped.
	linked, err := s.link(context.WithoutCancel(ctx), rep)
	rep.Changed = rep.Changed || linked
	if runErr != nil {
		return rep, s.describe(runErr)
	}
	return rep, s.describeIf(err)
}

// planImport lists the files of the layout, in import order, and what is not
// part of it.
func planImport(dir string) (jobs []importJob, ignored []string, err error) {
	// A walk does not follow its root if that is a link.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, nil, fmt.Errorf("open folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open folder: %w", err)
	}
	if !info.IsDir() {
		return nil, nil, fmt.Errorf("open folder: %s is not a folder", dir)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("list folder: %w", err)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return fmt.Errorf("list folder: %w", err)
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == "." || isLayoutFolder(rel) {
				return nil
			}
			ignored = append(ignored, rel+"/")
			return fs.SkipDir
		}
		job, ok := jobOf(rel)
		if !ok {
			ignored = append(ignored, rel)
			return nil
		}
		job.path = path
		jobs = append(jobs, job)
		return nil
	})
	rank := func(j importJob) int { return slices.Index(importOrder[:], j.kind) }
	slices.SortStableFunc(jobs, func(a, b importJob) int { return rank(a) - rank(b) })
	return jobs, ignored, err
}

// isLayoutFolder says whether a folder is or leads to one of the layout.
func isLayoutFolder(rel string) bool {
	if rel == "exchange_info" || rel == "leverage_brackets" {
		return true
	}
	for _, f := range seriesFolders {
		if f[0] == rel || strings.HasPrefix(f[0], rel+"/") {
			return true
		}
	}
	return false
}

// jobOf recognises a file of the layout by its relative name.
func jobOf(rel string) (importJob, bool) {
	folder, name := "", rel
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		folder, name = rel[:i], rel[i+1:]
	}
	switch folder {
	case "exchange_info":
		if date, ok := dated(name, "spot_"); ok {
			return importJob{kind: kindSpotRules, date: date}, true
		}
		date, ok := dated(name, "fapi_")
		return importJob{kind: kindPerpRules, date: date}, ok
	case "leverage_brackets":
		date, ok := dated(name, "brackets_")
		return importJob{kind: kindBrackets, date: date}, ok
	}
	symbol, ok := strings.CutSuffix(strings.TrimSuffix(name, ".gz"), ".csv")
	if !ok || !isSymbol(symbol) {
		return importJob{}, false
	}
	for _, f := range seriesFolders {
		if f[0] == folder {
			return importJob{kind: f[1], symbol: symbol}, true
		}
	}
	return importJob{}, false
}

// dated reads the date in prefix2006-01-02.json.
func dated(name, prefix string) (carry.Time, bool) {
	text, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	if text, ok = strings.CutSuffix(text, ".json"); !ok || len(text) != len("2006-01-02") {
		return 0, false
	}
	t, err := carry.ParseTime(text)
	return t, err == nil
}

// isSymbol says whether a name is a coin against USDT, as in BTCUSDT.
func isSymbol(s string) bool {
	coin, ok := strings.CutSuffix(s, "USDT")
	if !ok || coin == "" {
		return false
	}
	for _, r := range coin {
		if !unicode.IsDigit(r) && (!unicode.IsLetter(r) || unicode.IsLower(r)) {
			return false
		}
	}
	return true
}

// importer reads files with reused buffers.
type importer struct {
	store    *Store
	report   *ImportReport
	text     []byte
	bars     []bar
	payments []payment
}

func (im *importer) run(ctx context.Context, jobs []importJob, o ImportOptions) error {
	tell := o.Progress
	if tell == nil {
		tell = func(string, int, int, string) {}
	}
	for len(jobs) > 0 {
		kind := jobs[0].kind
		n := 0
		for n < len(jobs) && jobs[n].kind == kind {
			n++
		}
		im.report.Kinds = append(im.report.Kinds, KindReport{Kind: kind})
		sum := &im.report.Kinds[len(im.report.Kinds)-1]
		for i := range jobs[:n] {
			tell(kind, i, n, jobs[i].path)
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := im.file(ctx, &jobs[i], sum); err != nil {
				return err
			}
		}
		tell(kind, n, n, "")
		jobs = jobs[n:]
	}
	return nil
}

// file imports one file and adds it to sum.
func (im *importer) file(ctx context.Context, j *importJob, sum *KindReport) error {
	src, err := readSource(j.path, im.text)
	if err != nil {
		return err
	}
	im.text = src.text
	var st stored
	switch j.kind {
	case kindSpotRules, kindPerpRules:
		facts, err := parseInfo(src, j.date, j.kind == kindPerpRules)
		if err != nil {
			return err
		}
		st, err = im.store.storeRules(ctx, src, j.kind, facts)
		if err != nil {
			return err
		}
	case kindBrackets:
		facts, err := parseBrackets(src)
		if err != nil {
			return err
		}
		if st, err = im.store.storeBrackets(ctx, src, j.date, facts); err != nil {
			return err
		}
	case kindFunding:
		if im.payments, err = parseFunding(im.payments, src); err != nil {
			return err
		}
		if st, err = im.store.storeFunding(ctx, src, j.symbol, im.payments); err != nil {
			return err
		}
	default:
		if im.bars, err = parseBars(im.bars, src, j.kind); err != nil {
			return err
		}
		if st, err = im.store.storeBars(ctx, src, j.kind, j.symbol, im.bars); err != nil {
			return err
		}
	}
	sum.Files++
	sum.Rows += st.rows
	sum.New += st.fresh
	if sum.Files == 1 || st.first < sum.First {
		sum.First = st.first
	}
	sum.Last = max(sum.Last, st.last)
	im.report.Changed = im.report.Changed || st.changed
	return nil
}
